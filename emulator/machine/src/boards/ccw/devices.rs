//! What is behind the subchannels.
//!
//! Each device has a place of its own on the board, behind that of the channel subsystem, for its calendar entries and for
//! what it logs.

use lockstep_devices::css::{CcwDevice, Css};
use lockstep_devices::virtio::ccw::VirtioCcw;
use lockstep_log::MachineRecord;
use lockstep_memory::PhysMem;

use crate::boards::plugged;
use crate::{BuildError, Images};

/// Disks at most.
const MOST_DISKS: usize = 16;

/// The channel subsystem at `place`, with devices at the places behind it.
pub(super) fn make(
    place: u16,
    record: &MachineRecord,
    images: &Images,
    mem: &mut PhysMem,
) -> Result<Css, BuildError> {
    let devices = plugged::devices(record, images, mem, MOST_DISKS)?;
    let behind = devices.into_iter().enumerate().map(|(number, device)| {
        let ccw: Box<dyn CcwDevice> = Box::new(VirtioCcw::new(place + 1 + number as u16, device));
        (number as u16, ccw)
    });
    Ok(Css::new(place, behind.collect()))
}
