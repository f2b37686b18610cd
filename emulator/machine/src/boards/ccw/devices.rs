//! What is behind the subchannels: disks first, in the order in which they were given, then what the board's options ask for.
//!
//! Each device has a place of its own on the board, behind that of the channel subsystem, for its calendar entries and for
//! what it logs.

use lockstep_devices::css::{CcwDevice, Css};
use lockstep_devices::virtio::VirtioDevice;
use lockstep_devices::virtio::block::{Block, Disk};
use lockstep_devices::virtio::ccw::VirtioCcw;
use lockstep_devices::virtio::console::Console;
use lockstep_devices::virtio::entropy::Entropy;
use lockstep_devices::virtio::net::Net;
use lockstep_log::{ImageRole, IoMode, MachineRecord};
use lockstep_memory::PhysMem;

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
    let live = record.io == IoMode::Live;
    let mut devices: Vec<Box<dyn VirtioDevice>> = Vec::new();
    for (number, (image, bytes)) in images.all(ImageRole::Disk).enumerate() {
        if number == MOST_DISKS {
            let detail = format!("board ccw has room for {MOST_DISKS} disks");
            return Err(BuildError::image(image, detail));
        }
        let disk = Disk::new(mem, std::sync::Arc::clone(bytes))
            .map_err(|error| BuildError::image(image, error.to_string()))?;
        devices.push(Box::new(Block::new(disk, number as u16, live)));
    }
    let has = |option: &str| record.options.get(option).is_some_and(|value| value == "virtio");
    if has("terminal") {
        devices.push(Box::new(Console::new(super::platform::TERMINAL_PORT)));
    }
    if has("entropy") {
        devices.push(Box::new(Entropy::new(record.seed)));
    }
    if has("net") {
        devices.push(Box::new(Net::default()));
    }
    let behind = devices.into_iter().enumerate().map(|(number, device)| {
        let ccw: Box<dyn CcwDevice> = Box::new(VirtioCcw::new(place + 1 + number as u16, device));
        (number as u16, ccw)
    });
    Ok(Css::new(place, behind.collect()))
}
