//! The transport on a PCI bus: a function with one range of memory, which capabilities describe.
//!
//! Devices are modern ones. The interrupt is the function's pin: there is no MSI-X, and drivers do without. Rings are
//! at physical addresses, as for every virtio device that does not offer to use an IOMMU; the host bridge's windows
//! are not for them.

#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use super::mmio::{half, with_half};
use super::{Queue, Virtio, VirtioDevice};
use crate::pci::{Bar, ConfigSpace, Identity, PciFunction, Space};
use crate::{AccessError, DeviceCx};

const NAME: &str = "virtio-pci";

/// What a transport remembers beside the device's settings, and its saved form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionState {
    device_features: u32,
    driver_features: u32,
    queue: u16,
}

impl FunctionState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A virtio device as a PCI function.
pub struct VirtioPci {
    config: ConfigSpace,
    virtio: Virtio,
    state: FunctionState,
    /// Where the capability for configuration cycles is.
    window: u64,
}

/// The class of a kind of device (PCI Code and ID Assignment, revision 1.11).
const fn class(id: u32) -> u32 {
    match id {
        1 => 0x02_0000,
        2 => 0x01_8000,
        3 => 0x07_8000,
        _ => 0xff_0000,
    }
}

/// A capability's body: type, range, and what follows.
fn capability(kind: u8, offset: u64, len: u64, rest: &[u8]) -> Vec<u8> {
    let size = 16 + rest.len() as u8;
    let mut body = vec![size, kind, spec::BAR as u8, 0, 0, 0];
    body.extend((offset as u32).to_le_bytes());
    body.extend((len as u32).to_le_bytes());
    body.extend(rest);
    body
}

impl VirtioPci {
    /// A function at the board's `place` with a device in it.
    #[must_use]
    pub fn new(place: u16, device: Box<dyn VirtioDevice>) -> Self {
        let virtio = Virtio::new(place, device);
        let mut bars = [None; 6];
        bars[spec::BAR] = Some(Bar { space: Space::Memory, size: spec::BAR_SIZE });
        let mut config = ConfigSpace::new(Identity {
            vendor: spec::VENDOR,
            device: spec::DEVICE + virtio.id() as u16,
            class: class(virtio.id()),
            revision: spec::REVISION,
            subsystem: spec::SUBSYSTEM,
            pin: 1,
            bars,
        });
        let multiplier = (spec::NOTIFY_MULTIPLIER as u32).to_le_bytes();
        for (kind, offset, rest) in [
            (spec::CAP_COMMON, spec::COMMON, &[][..]),
            (spec::CAP_NOTIFY, spec::NOTIFY, &multiplier),
            (spec::CAP_ISR, spec::ISR, &[]),
            (spec::CAP_DEVICE, spec::DEVICE_CONFIG, &[]),
        ] {
            config.add_capability(spec::CAPABILITY, &capability(kind, offset, spec::PART, rest));
        }
        let body = capability(spec::CAP_PCI, 0, 0, &[0; 4]);
        let window = config.add_capability(spec::CAPABILITY, &body);
        config.allow_writes(window + spec::PCI_BAR, &[0xff]);
        config.allow_writes(window + spec::PCI_OFFSET, &[0xff; 8]);
        Self { config, virtio, state: FunctionState::default(), window }
    }

    fn isr(&self) -> u8 {
        let used = if self.virtio.used() == 0 { 0 } else { spec::ISR_USED };
        used | if self.virtio.config_changed() { spec::ISR_CONFIG } else { 0 }
    }

    /// Reading the interrupt status acknowledges it.
    fn take_isr(&mut self) -> u8 {
        let isr = self.isr();
        self.virtio.acknowledge_used();
        self.virtio.acknowledge_config();
        isr
    }

    /// A register of the common configuration, and its width. `None` where there is none.
    fn common(&self, offset: u64) -> Option<(u32, u8)> {
        let queue = self.virtio.queue(self.state.queue.into());
        let address =
            |field: fn(&Queue) -> u64| (half(queue.map_or(0, field), (offset >> 2 & 1) as u32), 4);
        Some(match offset {
            spec::DEVICE_FEATURE_SELECT => (self.state.device_features, 4),
            spec::DEVICE_FEATURE => (half(self.virtio.offered(), self.state.device_features), 4),
            spec::DRIVER_FEATURE_SELECT => (self.state.driver_features, 4),
            spec::DRIVER_FEATURE => (half(self.virtio.accepted(), self.state.driver_features), 4),
            spec::CONFIG_MSIX_VECTOR | spec::QUEUE_MSIX_VECTOR => (spec::NO_VECTOR, 2),
            spec::NUM_QUEUES => {
                let queues = (0..).take_while(|queue| self.virtio.queue(*queue).is_some());
                (queues.count() as u32, 2)
            }
            spec::DEVICE_STATUS => (self.virtio.status().into(), 1),
            // No device changes its configuration.
            spec::CONFIG_GENERATION => (0, 1),
            spec::QUEUE_SELECT => (self.state.queue.into(), 2),
            spec::QUEUE_SIZE => (queue.map_or(0, |queue| queue.size).into(), 2),
            spec::QUEUE_ENABLE => (queue.is_some_and(Queue::is_ready).into(), 2),
            spec::QUEUE_NOTIFY_OFF => (self.state.queue.into(), 2),
            0x20 | 0x24 => address(|queue| queue.descriptors),
            0x28 | 0x2c => address(|queue| queue.driver),
            0x30 | 0x34 => address(|queue| queue.device),
            _ => return None,
        })
    }

    /// Writes a register that [`VirtioPci::common`] has.
    fn write_common(&mut self, cx: &mut DeviceCx<'_>, offset: u64, value: u32) {
        let queue = u32::from(self.state.queue);
        let set_half = |address: &mut u64| {
            *address = with_half(*address, (offset >> 2 & 1) as u32, value);
        };
        match offset {
            spec::DEVICE_FEATURE_SELECT => self.state.device_features = value,
            spec::DRIVER_FEATURE_SELECT => self.state.driver_features = value,
            spec::DRIVER_FEATURE => {
                let accepted = self.virtio.accepted();
                self.virtio.accept(with_half(accepted, self.state.driver_features, value));
            }
            spec::DEVICE_STATUS => self.virtio.set_status(cx, value as u8),
            spec::QUEUE_SELECT => self.state.queue = value as u16,
            // A driver may only enable a queue; it takes it away with a reset.
            spec::QUEUE_ENABLE if value == 1 => self.virtio.set_queue_ready(cx, queue, true),
            spec::QUEUE_SIZE | 0x20.. => {
                if let Some(ring) = self.virtio.queue_setup(queue) {
                    match offset & !7 {
                        spec::QUEUE_DESC => set_half(&mut ring.descriptors),
                        spec::QUEUE_DRIVER => set_half(&mut ring.driver),
                        spec::QUEUE_DEVICE => set_half(&mut ring.device),
                        _ => ring.size = value as u16,
                    }
                }
            }
            // Read-only.
            _ => {}
        }
    }

    /// The access that the capability for configuration cycles describes, if it describes one.
    fn window_access(&self) -> Option<(u64, u8)> {
        let field = |offset: u64, size: u8| self.config.read(self.window + offset, size);
        let (offset, len) = (field(spec::PCI_OFFSET, 4), field(spec::PCI_LENGTH, 4));
        let good = field(spec::PCI_BAR, 1) == spec::BAR as u64 && matches!(len, 1 | 2 | 4);
        (good && offset.is_multiple_of(len) && offset < spec::BAR_SIZE.into())
            .then_some((offset, len as u8))
    }
}

impl PciFunction for VirtioPci {
    fn config(&self) -> &ConfigSpace {
        &self.config
    }

    fn config_mut(&mut self) -> &mut ConfigSpace {
        &mut self.config
    }

    fn config_read(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        if offset == self.window + spec::PCI_DATA
            && let Some((offset, size)) = self.window_access()
        {
            return self.bar_read(cx, spec::BAR, offset, size);
        }
        Ok(self.config.read(offset, size))
    }

    fn config_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        if offset == self.window + spec::PCI_DATA
            && let Some((offset, size)) = self.window_access()
        {
            return self.bar_write(cx, spec::BAR, offset, size, value);
        }
        self.config.write(offset, size, value);
        Ok(())
    }

    fn bar_read(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        _bar: usize,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        let inside = offset % spec::PART;
        match offset - inside {
            spec::COMMON => match self.common(inside) {
                Some((value, width)) if width == size => Ok(value.into()),
                _ => Err(AccessError::unimplemented_read(NAME, offset, size)),
            },
            // One byte; the rest of the range is not there.
            spec::ISR if inside == 0 => Ok(self.take_isr().into()),
            spec::DEVICE_CONFIG => {
                let mut bytes = [0; 8];
                self.virtio.read_config(inside, &mut bytes[..usize::from(size).min(8)]);
                Ok(u64::from_le_bytes(bytes))
            }
            _ => Ok(0),
        }
    }

    fn bar_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        _bar: usize,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let inside = offset % spec::PART;
        match offset - inside {
            spec::COMMON => match self.common(inside) {
                Some((_, width)) if width == size => self.write_common(cx, inside, value as u32),
                _ => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
            },
            // The place says which queue; the value repeats it.
            spec::NOTIFY => self.virtio.notify(cx, (inside / spec::NOTIFY_MULTIPLIER) as u32),
            spec::DEVICE_CONFIG => {
                let bytes = value.to_le_bytes();
                self.virtio.write_config(cx, inside, &bytes[..usize::from(size).min(8)]);
            }
            _ => {}
        }
        Ok(())
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, number: u32) {
        self.virtio.due(cx, number);
    }

    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.virtio.input(cx, input);
    }

    fn interrupt(&mut self) -> bool {
        let pending = self.isr() != 0;
        self.config.drive_pin(pending)
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.config.reset();
        self.state = FunctionState::default();
        self.virtio.reset(cx);
    }
}

impl SaveState for VirtioPci {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, FunctionState::VERSION, &self.state);
        self.config.save(&format!("{name}.pci"), to);
        self.virtio.save(&format!("{name}.virtio"), to);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, FunctionState::VERSION)?;
        self.config.restore(&format!("{name}.pci"), from)?;
        self.virtio.restore(&format!("{name}.virtio"), from)
    }
}
