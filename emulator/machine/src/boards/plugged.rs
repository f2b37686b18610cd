//! The virtio devices of a machine, whatever bus they are on: disks first, in the order in which they were given, then what
//! the board's options ask for.

use std::sync::Arc;

use lockstep_devices::virtio::VirtioDevice;
use lockstep_devices::virtio::block::{Block, Disk};
use lockstep_devices::virtio::console::Console;
use lockstep_devices::virtio::entropy::Entropy;
use lockstep_devices::virtio::net::Net;
use lockstep_log::{ImageRole, IoMode, MachineRecord};
use lockstep_memory::PhysMem;

use crate::{BuildError, Images};

/// The devices of a machine with room for so many disks.
pub(super) fn devices(
    record: &MachineRecord,
    images: &Images,
    mem: &mut PhysMem,
    most_disks: usize,
) -> Result<Vec<Box<dyn VirtioDevice>>, BuildError> {
    let live = record.io == IoMode::Live;
    let mut devices: Vec<Box<dyn VirtioDevice>> = Vec::new();
    for (number, (image, bytes)) in images.all(ImageRole::Disk).enumerate() {
        if number == most_disks {
            let detail = format!("board {} has room for {most_disks} disks", record.board);
            return Err(BuildError::image(image, detail));
        }
        let disk = Disk::new(mem, Arc::clone(bytes))
            .map_err(|error| BuildError::image(image, error.to_string()))?;
        devices.push(Box::new(Block::new(disk, number as u16, live)));
    }
    if has(record, "console") {
        devices.push(Box::new(Console::new(0)));
    }
    if has(record, "entropy") {
        devices.push(Box::new(Entropy::new(record.seed)));
    }
    if has(record, "net") {
        devices.push(Box::new(Net::default()));
    }
    Ok(devices)
}

/// Whether an option asks for a virtio device.
pub(super) fn has(record: &MachineRecord, option: &str) -> bool {
    record.options.get(option).is_some_and(|value| value == "virtio")
}

/// The console port of the board's serial port. What is typed goes to port 0.
pub(super) fn serial_port(record: &MachineRecord) -> u8 {
    if has(record, "console") { 1 } else { 0 }
}
