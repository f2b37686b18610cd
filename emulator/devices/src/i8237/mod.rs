//! The DMA controllers of ISA machines: two 8237As and the page registers.
//!
//! Nothing on these boards asks for ISA DMA, but systems set the controllers up. So all registers are here and behave, and
//! a request that software makes itself, which would have to move bytes, is refused with a report.

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use crate::{AccessError, Device, DeviceCx};

pub mod spec;

const NAME: &str = "i8237";

/// Everything about a controller that can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Controller {
    /// Base and current address and count of each channel: what was written, and what a transfer would change.
    base: [[u16; 2]; 4],
    current: [[u16; 2]; 4],
    modes: [u8; 4],
    command: u8,
    mask: u8,
    /// The next byte of a 16-bit register is its high one.
    high: bool,
}

impl Default for Controller {
    fn default() -> Self {
        let (base, current) = ([[0; 2]; 4], [[0; 2]; 4]);
        Self { base, current, modes: [0; 4], command: 0, mask: 15, high: false }
    }
}

impl Controller {
    fn read(&mut self, register: u64) -> Option<u8> {
        Some(match register {
            0..8 => {
                let value = self.current[register as usize / 2][register as usize % 2];
                self.high = !self.high;
                value.to_le_bytes()[usize::from(!self.high)]
            }
            // No channel has reached its count or asks, and there is nothing temporary.
            spec::COMMAND | spec::CLEAR => 0,
            spec::MASK_ALL => self.mask | 0xf0,
            _ => return None,
        })
    }

    /// Writes a register; `None` for a request to transfer.
    fn write(&mut self, register: u64, value: u8) -> Option<()> {
        let channel = usize::from(value & 3);
        match register {
            0..8 => {
                let (channel, which) = (register as usize / 2, register as usize % 2);
                let [low, high] = self.base[channel][which].to_le_bytes();
                let bytes = if self.high { [low, value] } else { [value, high] };
                self.base[channel][which] = u16::from_le_bytes(bytes);
                self.current[channel][which] = self.base[channel][which];
                self.high = !self.high;
            }
            spec::COMMAND if value & spec::COMMAND_MEMORY != 0 => return None,
            spec::COMMAND => self.command = value,
            spec::REQUEST if value & 4 != 0 => return None,
            spec::REQUEST => {}
            spec::MASK_ONE if value & 4 != 0 => self.mask |= 1 << channel,
            spec::MASK_ONE => self.mask &= !(1 << channel),
            spec::MODE => self.modes[channel] = value & 0xfc,
            spec::CLEAR_POINTER => self.high = false,
            spec::CLEAR => *self = Self { base: self.base, modes: self.modes, ..Self::default() },
            spec::CLEAR_MASK => self.mask = 0,
            _ => self.mask = value & 15,
        }
        Some(())
    }
}

/// Everything about the pair that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8237State {
    controllers: [Controller; 2],
    pages: [u8; spec::PAGE_COUNT as usize],
}

impl I8237State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// The pair on the bus, at the windows of [`spec`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct I8237 {
    state: I8237State,
}

/// What an offset of the window means.
enum Register {
    Controller(usize, u64),
    Page(usize),
}

fn register(offset: u64, size: u8) -> Option<Register> {
    match (offset, size) {
        (0..0x10, 1) => Some(Register::Controller(0, offset)),
        (0x20..0x30, 1) => Some(Register::Page((offset - spec::PAGES) as usize)),
        // An odd port is the even one below it.
        (0x40..0x60, 1) => Some(Register::Controller(1, (offset - spec::SECOND) / 2)),
        _ => None,
    }
}

impl Device for I8237 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let value = match register(offset, size) {
            Some(Register::Controller(number, register)) => {
                self.state.controllers[number].read(register)
            }
            Some(Register::Page(number)) => Some(self.state.pages[number]),
            None => None,
        };
        value.map(u64::from).ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let done = match register(offset, size) {
            Some(Register::Controller(number, register)) => {
                self.state.controllers[number].write(register, value as u8)
            }
            Some(Register::Page(number)) => {
                self.state.pages[number] = value as u8;
                Some(())
            }
            None => None,
        };
        done.ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::default();
    }
}

impl SaveState for I8237 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, I8237State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, I8237State::VERSION)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, assert_round_trip};

    fn put(dma: &mut I8237, offset: u64, value: u64) {
        dma.write(&mut Bench::new().cx(), offset, 1, value).unwrap();
    }

    fn get(dma: &mut I8237, offset: u64) -> u64 {
        dma.read(&mut Bench::new().cx(), offset, 1).unwrap()
    }

    /// Catches a byte pointer that is not shared or not cleared, and a second controller at the wrong ports.
    #[test]
    fn registers_keep_what_is_written() {
        let mut dma = I8237::default();
        for (offset, value) in [(13, 0), (4, 0x34), (4, 0x12), (5, 0xff), (12, 0), (0x21, 0x77)] {
            put(&mut dma, offset, value);
        }
        assert_eq!([get(&mut dma, 4), get(&mut dma, 4), get(&mut dma, 0x21)], [0x34, 0x12, 0x77]);
        for (offset, value) in [(0x5a, 0), (0x56, 0xc0), (0x54, 0), (0x44, 0x55)] {
            put(&mut dma, offset, value);
        }
        assert_eq!(get(&mut dma, 0x5e), 0xfe, "channel 4 is not masked");
        assert_eq!(get(&mut dma, 15), 0xff);
        assert_eq!(get(&mut dma, 8), 0);
        put(&mut dma, 15, 0xfa);
        assert_eq!(get(&mut dma, 15), 0xfa);
        assert_round_trip(&dma, I8237::default());
    }

    /// Catches a transfer that is silently not made.
    #[test]
    fn transfers_are_refused() {
        let (mut bench, mut dma) = (Bench::new(), I8237::default());
        for (offset, value) in [(9, 4), (8, 1)] {
            let done = dma.write(&mut bench.cx(), offset, 1, value);
            assert!(matches!(done, Err(AccessError::Unimplemented { .. })));
        }
        assert!(dma.read(&mut bench.cx(), 0x10, 1).is_err());
        put(&mut dma, 0, 9);
        dma.reset(&mut bench.cx());
        assert_eq!(dma, I8237::default());
    }
}
