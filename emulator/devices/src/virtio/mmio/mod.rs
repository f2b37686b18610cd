//! Virtio devices as registers in memory.
//!
//! Boards of the `virt` kind have 32 slots in their device tree, and drivers probe all of them. A slot holds a device
//! ([`Slot`]) or nothing ([`EmptySlot`]).
//!
//! Slots speak the modern layout (version 2). The usual `virt` machine speaks the legacy one unless it is told not to;
//! U-Boot and Linux know both, and only the modern one lets a driver negotiate everything.

mod empty;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

pub use self::empty::EmptySlot;
use super::{Queue, Virtio, VirtioDevice};
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "virtio-mmio";

/// What a transport remembers beside the device's settings, and its saved form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    device_features: u32,
    driver_features: u32,
    queue: u32,
}

impl SlotState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A slot with a device.
pub struct Slot {
    virtio: Virtio,
    state: SlotState,
}

/// The halves of `value` by selector; nothing beyond.
pub(super) const fn half(value: u64, selector: u32) -> u32 {
    match selector {
        0 => value as u32,
        1 => (value >> 32) as u32,
        _ => 0,
    }
}

/// `value` with one of its halves replaced.
pub(super) const fn with_half(value: u64, selector: u32, half: u32) -> u64 {
    match selector {
        0 => value >> 32 << 32 | half as u64,
        1 => value & 0xffff_ffff | (half as u64) << 32,
        _ => value,
    }
}

impl Slot {
    /// A slot at the board's `place`, with a device in it.
    #[must_use]
    pub fn new(place: u16, device: Box<dyn VirtioDevice>) -> Self {
        Self { virtio: Virtio::new(place, device), state: SlotState::default() }
    }

    /// Something came from outside.
    pub fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.virtio.input(cx, input);
    }

    fn interrupt_status(&self) -> u32 {
        let used = if self.virtio.used() == 0 { 0 } else { spec::INTERRUPT_USED };
        used | if self.virtio.config_changed() { spec::INTERRUPT_CONFIG } else { 0 }
    }

    fn read_register(&self, offset: u64) -> Result<u32, AccessError> {
        let queue = self.virtio.queue(self.state.queue);
        Ok(match offset {
            spec::MAGIC_VALUE => spec::MAGIC,
            spec::VERSION => spec::VERSION_MODERN,
            spec::DEVICE_ID => self.virtio.id(),
            spec::VENDOR_ID => spec::VENDOR,
            spec::DEVICE_FEATURES => half(self.virtio.offered(), self.state.device_features),
            spec::QUEUE_NUM_MAX => self.virtio.queue_max(self.state.queue).unwrap_or(0).into(),
            spec::QUEUE_READY => queue.is_some_and(Queue::is_ready).into(),
            spec::INTERRUPT_STATUS => self.interrupt_status(),
            spec::STATUS => self.virtio.status().into(),
            spec::SHM_FIRST..=spec::SHM_LAST => u32::MAX,
            // No device changes its configuration.
            spec::CONFIG_GENERATION => 0,
            // Write-only.
            spec::DEVICE_FEATURES_SEL
            | spec::DRIVER_FEATURES
            | spec::DRIVER_FEATURES_SEL
            | spec::QUEUE_SEL
            | spec::QUEUE_NUM
            | spec::QUEUE_NOTIFY
            | spec::INTERRUPT_ACK
            | spec::QUEUE_DESC_LOW..=spec::QUEUE_DESC_HIGH
            | spec::QUEUE_DRIVER_LOW..=spec::QUEUE_DRIVER_HIGH
            | spec::QUEUE_DEVICE_LOW..=spec::QUEUE_DEVICE_HIGH
            | spec::SHM_SEL => 0,
            _ => return Err(AccessError::unimplemented_read(NAME, offset, 4)),
        })
    }

    fn write_register(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        value: u32,
    ) -> Result<(), AccessError> {
        match offset {
            spec::DEVICE_FEATURES_SEL => self.state.device_features = value,
            spec::DRIVER_FEATURES_SEL => self.state.driver_features = value,
            spec::DRIVER_FEATURES => {
                let accepted = self.virtio.accepted();
                self.virtio.accept(with_half(accepted, self.state.driver_features, value));
            }
            spec::QUEUE_SEL => self.state.queue = value,
            // A size beyond 16 bits is none that a queue can have: it is refused when the queue is made ready.
            spec::QUEUE_NUM => self.set_up(|queue| queue.size = value.try_into().unwrap_or(0)),
            spec::QUEUE_READY => {
                self.virtio.set_queue_ready(cx, self.state.queue, value & 1 != 0);
            }
            spec::QUEUE_NOTIFY => self.virtio.notify(cx, value),
            spec::INTERRUPT_ACK => {
                if value & spec::INTERRUPT_USED != 0 {
                    self.virtio.acknowledge_used();
                }
                if value & spec::INTERRUPT_CONFIG != 0 {
                    self.virtio.acknowledge_config();
                }
            }
            spec::STATUS => self.virtio.set_status(cx, value as u8),
            spec::QUEUE_DESC_LOW | spec::QUEUE_DESC_HIGH => {
                self.set_address(|queue| &mut queue.descriptors, offset, value);
            }
            spec::QUEUE_DRIVER_LOW | spec::QUEUE_DRIVER_HIGH => {
                self.set_address(|queue| &mut queue.driver, offset, value);
            }
            spec::QUEUE_DEVICE_LOW | spec::QUEUE_DEVICE_HIGH => {
                self.set_address(|queue| &mut queue.device, offset, value);
            }
            spec::SHM_SEL => {}
            // Read-only.
            spec::MAGIC_VALUE..=spec::DEVICE_FEATURES
            | spec::QUEUE_NUM_MAX
            | spec::INTERRUPT_STATUS
            | spec::SHM_FIRST..=spec::SHM_LAST
            | spec::CONFIG_GENERATION => {}
            _ => return Err(AccessError::unimplemented_write(NAME, offset, 4, value.into())),
        }
        Ok(())
    }

    fn set_up(&mut self, act: impl FnOnce(&mut Queue)) {
        if let Some(queue) = self.virtio.queue_setup(self.state.queue) {
            act(queue);
        }
    }

    /// Sets half of an address; the register's offset says which.
    fn set_address(&mut self, field: impl FnOnce(&mut Queue) -> &mut u64, offset: u64, value: u32) {
        let selector = (offset >> 2 & 1) as u32;
        self.set_up(|queue| {
            let address = field(queue);
            *address = with_half(*address, selector, value);
        });
    }
}

/// An access to the configuration space: 1, 2 or 4 bytes, aligned. Registers take 4.
fn check(offset: u64, size: u8) -> Result<(), AccessError> {
    let width = if offset < spec::CONFIG { size == 4 } else { matches!(size, 1 | 2 | 4) };
    if width && offset.is_multiple_of(size.into()) { Ok(()) } else { Err(AccessError::Abort) }
}

impl Device for Slot {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        check(offset, size)?;
        if offset < spec::CONFIG {
            return self.read_register(offset).map(u64::from);
        }
        let mut bytes = [0; 8];
        self.virtio.read_config(offset - spec::CONFIG, &mut bytes[..size.into()]);
        Ok(u64::from_le_bytes(bytes))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        check(offset, size)?;
        if offset < spec::CONFIG {
            return self.write_register(cx, offset, value as u32);
        }
        let bytes = value.to_le_bytes();
        self.virtio.write_config(cx, offset - spec::CONFIG, &bytes[..size.into()]);
        Ok(())
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, number: u32) {
        self.virtio.due(cx, number);
    }

    fn interrupt(&self) -> bool {
        self.interrupt_status() != 0
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.state = SlotState::default();
        self.virtio.reset(cx);
    }
}

impl SaveState for Slot {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, SlotState::VERSION, &self.state);
        self.virtio.save(&format!("{name}.virtio"), to);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, SlotState::VERSION)?;
        self.virtio.restore(&format!("{name}.virtio"), from)
    }
}
