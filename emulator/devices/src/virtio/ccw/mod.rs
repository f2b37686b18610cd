//! Virtio devices behind a subchannel.
//!
//! Settings are made by channel commands. That something was used is told through bits in the guest's memory and an
//! interruption: of the subchannel, or, which is what drivers prefer, of an adapter.

#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use self::spec::command;
use super::{Virtio, VirtioDevice};
use crate::DeviceCx;
use crate::css::spec::SENSE_COMMAND_REJECT;
use crate::css::{CcwDevice, Data, Identity, Rejected, Signals};

/// Where a driver wants to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Indicators {
    /// It has not said.
    #[default]
    None,
    /// Bits at an address, and an interruption of the subchannel.
    Subchannel(u64),
    /// Bits from a number on, a summary byte, and an interruption of an adapter.
    Adapter { summary: u64, bits: u64, first: u64, isc: u8 },
}

/// What a transport remembers beside the device's settings, and its saved form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    revision: u16,
    queues: Indicators,
    config: Option<u64>,
}

const VERSION: u16 = 1;

/// A device behind a subchannel.
pub struct VirtioCcw {
    virtio: Virtio,
    state: State,
}

const REJECT: Rejected = Rejected::Sense(SENSE_COMMAND_REJECT);

/// The bytes that a command brings, all of them.
fn fetch<const N: usize>(cx: &DeviceCx<'_>, data: &mut Data) -> Result<[u8; N], Rejected> {
    let mut bytes = [0; N];
    if data.fetch(cx.mem, &mut bytes)? == N { Ok(bytes) } else { Err(REJECT) }
}

fn doubleword(bytes: &[u8], at: usize) -> u64 {
    bytes.iter().skip(at).take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.iter().skip(at).take(2).fold(0, |value, byte| value << 8 | u16::from(*byte))
}

/// Sets bits of a byte in memory; false when there is none.
fn set_bits(cx: &mut DeviceCx<'_>, address: u64, bits: u8) -> bool {
    let Some([byte]) = cx.mem.read::<1>(address) else { return false };
    cx.mem.write_bytes(address, &[byte | bits]).is_ok()
}

impl VirtioCcw {
    /// `device` with calendar entries of the board's `place`.
    #[must_use]
    pub fn new(place: u16, device: Box<dyn VirtioDevice>) -> Self {
        Self { virtio: Virtio::new(place, device), state: State::default() }
    }

    fn read_features(&self, cx: &mut DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        // The features come little-endian; the index behind them says which 32.
        let block: [u8; 5] = fetch(cx, data)?;
        let features = match block[4] {
            index @ (0 | 1) => (self.virtio.offered() >> (32 * index)) as u32,
            _ => 0,
        };
        data.rewind();
        data.store(cx.mem, &features.to_le_bytes())?;
        data.finish();
        Ok(())
    }

    fn write_features(&mut self, cx: &DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let [b0, b1, b2, b3, index] = fetch(cx, data)?;
        let features = u64::from(u32::from_le_bytes([b0, b1, b2, b3]));
        let accepted = self.virtio.accepted();
        match index {
            0 => self.virtio.accept(accepted >> 32 << 32 | features),
            1 => self.virtio.accept(accepted & 0xffff_ffff | features << 32),
            _ if features == 0 => {}
            _ => return Err(REJECT),
        }
        Ok(())
    }

    fn set_queue(&mut self, cx: &mut DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let block: [u8; spec::QUEUE_BLOCK] = fetch(cx, data)?;
        let (number, size) = (u32::from(half(&block, 12)), half(&block, 14));
        let descriptors = doubleword(&block, 0);
        if self.virtio.queue_max(number).is_none() {
            return Err(REJECT);
        }
        self.virtio.set_queue_ready(cx, number, false);
        if descriptors == 0 {
            return Ok(());
        }
        let Some(queue) = self.virtio.queue_setup(number) else { return Err(REJECT) };
        queue.size = size;
        queue.descriptors = descriptors;
        queue.driver = doubleword(&block, 16);
        queue.device = doubleword(&block, 24);
        self.virtio.set_queue_ready(cx, number, true);
        Ok(())
    }

    fn read_queue(&self, cx: &mut DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        if data.left() < 4 {
            return Err(REJECT);
        }
        let block: [u8; 2] = fetch(cx, data)?;
        let most = self.virtio.queue_max(half(&block, 0).into()).unwrap_or(0);
        data.store(cx.mem, &most.to_be_bytes())?;
        Ok(())
    }

    fn read_config(&self, cx: &mut DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let mut bytes = [0; spec::CONFIG];
        let len = bytes.len().min(data.left() as usize);
        self.virtio.read_config(0, &mut bytes[..len]);
        data.store(cx.mem, &bytes[..len])?;
        Ok(())
    }

    fn write_config(&mut self, cx: &mut DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let mut bytes = [0; spec::CONFIG];
        let len = data.fetch(cx.mem, &mut bytes)?;
        self.virtio.write_config(cx, 0, &bytes[..len]);
        Ok(())
    }

    fn set_revision(&mut self, cx: &DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let block: [u8; 4] = fetch(cx, data)?;
        let revision = half(&block, 0);
        if self.state.revision != 0 || !spec::REVISIONS.contains(&revision) {
            return Err(REJECT);
        }
        self.state.revision = revision;
        Ok(())
    }

    fn set_adapter(&mut self, cx: &DeviceCx<'_>, data: &mut Data) -> Result<(), Rejected> {
        let block: [u8; spec::ADAPTER_BLOCK] = fetch(cx, data)?;
        let (summary, bits) = (doubleword(&block, 0), doubleword(&block, 8));
        let first = doubleword(&block, 16);
        // A number that leads past any memory is none that an indicator has.
        if block[24] > 7 || first >> 40 != 0 {
            return Err(REJECT);
        }
        self.state.queues = Indicators::Adapter { summary, bits, first, isc: block[24] };
        Ok(())
    }

    /// Tells the driver what it has not been told.
    fn tell(&mut self, cx: &mut DeviceCx<'_>, signals: &mut Signals) {
        let used = self.virtio.used();
        if used != 0 && self.tell_used(cx, used, signals) {
            self.virtio.acknowledge_used();
        }
        if self.virtio.config_changed()
            && let Some(address) = self.state.config
        {
            // Bit 0 of a doubleword.
            signals.attention |= set_bits(cx, address + 7, 1);
            self.virtio.acknowledge_config();
        }
    }

    /// Says that queues have used something; false when nobody wants to know yet.
    fn tell_used(&self, cx: &mut DeviceCx<'_>, used: u64, signals: &mut Signals) -> bool {
        let queues = (0..64u64).filter(|queue| used >> queue & 1 != 0);
        match self.state.queues {
            Indicators::None => return false,
            Indicators::Subchannel(address) => {
                for queue in queues {
                    let byte = address.wrapping_add(7 - queue / 8);
                    signals.attention |= set_bits(cx, byte, 1 << (queue % 8));
                }
            }
            Indicators::Adapter { summary, bits, first, isc } => {
                for queue in queues {
                    let bit = first + queue;
                    set_bits(cx, bits.wrapping_add(bit / 8), 0x80 >> (bit % 8));
                }
                if set_bits(cx, summary, 1) {
                    signals.adapter(isc);
                }
            }
        }
        true
    }
}

impl CcwDevice for VirtioCcw {
    fn identity(&self) -> Identity {
        // The model is a byte; no kind of device has a larger number here.
        Identity { control_unit: (spec::CONTROL_UNIT, self.virtio.id() as u8), device: (0, 0) }
    }

    fn command(
        &mut self,
        cx: &mut DeviceCx<'_>,
        code: u8,
        data: &mut Data,
        signals: &mut Signals,
    ) -> Result<(), Rejected> {
        match code {
            command::SET_REVISION => self.set_revision(cx, data)?,
            command::RESET => {
                self.virtio.reset(cx);
                self.state = State { revision: self.state.revision, ..State::default() };
            }
            command::READ_FEATURES => self.read_features(cx, data)?,
            command::WRITE_FEATURES => self.write_features(cx, data)?,
            command::READ_CONFIG => self.read_config(cx, data)?,
            command::WRITE_CONFIG => self.write_config(cx, data)?,
            command::READ_STATUS if self.state.revision >= 2 => {
                data.store(cx.mem, &[self.virtio.status()])?;
            }
            command::WRITE_STATUS => {
                let [status] = fetch(cx, data)?;
                self.virtio.set_status(cx, status);
                // A status that the device refused is told as a rejected command, too.
                if status & !self.virtio.status() != 0 {
                    return Err(REJECT);
                }
            }
            command::SET_QUEUE => self.set_queue(cx, data)?,
            command::READ_QUEUE => self.read_queue(cx, data)?,
            command::SET_INDICATORS => {
                self.state.queues = Indicators::Subchannel(u64::from_be_bytes(fetch(cx, data)?));
            }
            command::SET_CONFIG_INDICATORS => {
                self.state.config = Some(u64::from_be_bytes(fetch(cx, data)?));
            }
            command::SET_ADAPTER_INDICATORS => self.set_adapter(cx, data)?,
            _ => return Err(REJECT),
        }
        self.tell(cx, signals);
        Ok(())
    }

    /// A revision holds until the subchannel is disabled (section 4.3.2.1).
    fn disabled(&mut self) {
        self.state.revision = 0;
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, number: u32, signals: &mut Signals) {
        self.virtio.due(cx, number);
        self.tell(cx, signals);
    }

    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input, signals: &mut Signals) {
        self.virtio.input(cx, input);
        self.tell(cx, signals);
    }

    fn notify(&mut self, cx: &mut DeviceCx<'_>, queue: u64, signals: &mut Signals) -> Option<u64> {
        let queue = u32::try_from(queue).ok().filter(|q| self.virtio.queue_max(*q).is_some())?;
        self.virtio.notify(cx, queue);
        self.tell(cx, signals);
        Some(0)
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.virtio.reset(cx);
        self.state = State::default();
    }

    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, VERSION, &self.state);
        self.virtio.save(&format!("{name}.virtio"), to);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, VERSION)?;
        self.virtio.restore(&format!("{name}.virtio"), from)
    }
}
