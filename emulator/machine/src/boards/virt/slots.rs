//! The slots for virtio devices, and what is plugged into them.

use lockstep_core::{Input, SaveState};
use lockstep_devices::Device;
use lockstep_devices::virtio::mmio::{EmptySlot, Slot};
use lockstep_log::MachineRecord;
use lockstep_memory::{DeviceCx, PhysMem};

use super::super::plugged;
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
    uart_port: u8,
}

impl Slots {
    pub(super) fn new(
        record: &MachineRecord,
        images: &Images,
        mem: &mut PhysMem,
    ) -> Result<Self, BuildError> {
        let devices = plugged::devices(record, images, mem, MOST_DISKS)?;
        let slots = devices.into_iter().enumerate();
        let slots = slots.map(|(slot, device)| Slot::new((FIRST + slot) as u16, device)).collect();
        Ok(Self { empty: EmptySlot, slots, uart_port: plugged::serial_port(record) })
    }

    /// The console port of the UART. What is typed goes to port 0.
    pub(super) const fn uart_port(&self) -> u8 {
        self.uart_port
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
