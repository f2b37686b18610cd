//! What is plugged into the slots for virtio devices: disks first, in the order in which they were given, then what the
//! board's options ask for.

use lockstep_core::{Input, SaveState};
use lockstep_devices::Device;
use lockstep_devices::virtio::VirtioDevice;
use lockstep_devices::virtio::block::{Block, Disk};
use lockstep_devices::virtio::console::Console;
use lockstep_devices::virtio::entropy::Entropy;
use lockstep_devices::virtio::mmio::{EmptySlot, Slot};
use lockstep_devices::virtio::net::Net;
use lockstep_log::{ImageRole, IoMode, MachineRecord};
use lockstep_memory::{DeviceCx, PhysMem};

use super::map;
use crate::{BuildError, Images};

/// Disks at most, so that there is a slot for everything else.
const MOST_DISKS: usize = 16;
/// The place of the first slot with a device: after that of the empty ones.
const FIRST: usize = 7;

/// The slots.
pub(super) struct Slots {
    /// All empty ones: they are alike.
    empty: EmptySlot,
    /// Those with a device, from the first slot on.
    slots: Vec<Slot>,
    has_console: bool,
}

impl Slots {
    pub(super) fn new(
        record: &MachineRecord,
        images: &Images,
        mem: &mut PhysMem,
    ) -> Result<Self, BuildError> {
        let live = record.io == IoMode::Live;
        let mut devices: Vec<Box<dyn VirtioDevice>> = Vec::new();
        for (number, (image, bytes)) in images.all(ImageRole::Disk).enumerate() {
            if number == MOST_DISKS {
                let detail = format!("board virt has room for {MOST_DISKS} disks");
                return Err(BuildError::image(image, detail));
            }
            let disk = Disk::new(mem, std::sync::Arc::clone(bytes))
                .map_err(|error| BuildError::image(image, error.to_string()))?;
            devices.push(Box::new(Block::new(disk, number as u16, live)));
        }
        let has = |option: &str| record.options.get(option).is_some_and(|value| value == "virtio");
        if has("console") {
            devices.push(Box::new(Console::new(0)));
        }
        if has("entropy") {
            devices.push(Box::new(Entropy::new(record.seed)));
        }
        if has("net") {
            devices.push(Box::new(Net::default()));
        }
        let slots = devices.into_iter().enumerate();
        let slots = slots.map(|(slot, device)| Slot::new((FIRST + slot) as u16, device)).collect();
        Ok(Self { empty: EmptySlot, slots, has_console: has("console") })
    }

    /// The console port of the UART. What is typed goes to port 0.
    pub(super) const fn uart_port(&self) -> u8 {
        if self.has_console { 1 } else { 0 }
    }

    /// The place of what is in a slot, counted from that of the empty ones.
    pub(super) fn place(&self, slot: usize) -> usize {
        if slot < self.slots.len() { slot + 1 } else { 0 }
    }

    /// The device at a place, counted likewise.
    pub(super) fn device(&mut self, place: usize) -> Option<&mut dyn Device> {
        match place.checked_sub(1) {
            None => Some(&mut self.empty),
            Some(slot) => self.slots.get_mut(slot).map(|slot| -> &mut dyn Device { slot }),
        }
    }

    /// The shared interrupts of the slots, and their levels.
    pub(super) fn interrupts(&self) -> impl Iterator<Item = (u32, bool)> {
        (map::spi::VIRTIO..).zip(self.slots.iter().map(Device::interrupt))
    }

    /// Everything with state, in the order of places.
    pub(super) fn parts(&self) -> impl Iterator<Item = (String, &dyn SaveState)> {
        let slots = self.slots.iter().enumerate();
        let slots =
            slots.map(|(slot, it)| -> (String, &dyn SaveState) { (format!("virtio{slot}"), it) });
        std::iter::once(("virtio".to_owned(), &self.empty as &dyn SaveState)).chain(slots)
    }

    /// Something came from outside: each device takes what is its own.
    pub(super) fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.slots.iter_mut().for_each(|slot| slot.input(cx, input));
    }
}
