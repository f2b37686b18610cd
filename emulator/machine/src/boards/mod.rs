//! The boards: which there are, and how one is built.

mod ccw;
pub(crate) mod clipper;
mod plugged;
pub(crate) mod virt;

use lockstep_log::MachineRecord;

use crate::{BuildError, Images, Machine};

/// An option of a board.
#[derive(Clone, Copy, Debug)]
pub struct BoardOption {
    /// Its name, as in `gic=3`.
    pub name: &'static str,
    /// The values that it can have, the default first. One that is off by default is something that may be there.
    pub values: &'static [&'static str],
    /// What it decides.
    pub about: &'static str,
}

/// What a user may want to know of a board.
#[derive(Clone, Copy, Debug)]
pub struct BoardInfo {
    /// Its name.
    pub name: &'static str,
    /// The guest architecture.
    pub arch: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its options.
    pub options: &'static [BoardOption],
    /// Its processors, the default first.
    pub cpus: &'static [&'static str],
    /// How many vCPUs it can have.
    pub most_vcpus: u16,
    /// Bytes of RAM, unless told otherwise.
    pub default_memory: u64,
    /// Bytes of RAM at most.
    pub most_memory: u64,
}

/// Every board.
pub const BOARDS: &[BoardInfo] = &[virt::INFO, clipper::INFO, ccw::INFO];

/// Builds the machine that a record describes. The images must be the board's kind; whether they are those of a
/// recording is checked by whoever has the recording. With a prefix among them, the machine is where that ends.
pub fn build(record: &MachineRecord, images: &Images) -> Result<Box<dyn Machine>, BuildError> {
    let mut record = record.clone();
    crate::check(&mut record)?;
    let mut machine = build_from_power_on(&record, images)?;
    crate::prefix::enter(&mut *machine, &record, images)?;
    Ok(machine)
}

/// The same, where it is switched on.
pub(crate) fn build_from_power_on(
    record: &MachineRecord,
    images: &Images,
) -> Result<Box<dyn Machine>, BuildError> {
    let mut record = record.clone();
    crate::check(&mut record)?;
    // `check` has found the board among BOARDS.
    match record.board.as_str() {
        "clipper" => clipper::build(&record, images),
        "ccw" => ccw::build(&record, images),
        _ => virt::build(&record, images),
    }
}
