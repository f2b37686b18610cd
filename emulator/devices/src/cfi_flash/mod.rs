//! Flash memory with Intel's command set: where firmware lives, and where it keeps its settings.
//!
//! Firmware is executed from here, so reads must cost no more than reads of RAM: the contents are a read-only region of
//! physical memory, and the device is asked only while a command has made reads mean something else. What the bank
//! does is saved here; what it holds is saved, shared and digested with all other memory.
//!
//! Two 16-bit chips side by side, sectors of 256 KiB, as on the usual `virt` machine. Commands take no time. Blocks can be
//! locked and unlocked, to no effect. Programming clears bits and never sets them, as flash does. A bank into which
//! the board loads nothing holds zeros, as it does there.

mod command;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{RestoreError, SaveState, Saved};

pub use self::command::CfiFlashState;
use self::command::{Effect, Program, View};
use crate::{AccessError, Device, DeviceCx};

/// A bank whose size the query table cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a flash bank of {0:#x} bytes: a power of two from 0x80000 up to 0x400000000 is possible")]
pub struct SizeError(pub u64);

/// A bank of flash on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CfiFlash {
    base: u64,
    len: u64,
    state: CfiFlashState,
}

impl CfiFlash {
    /// A bank at physical address `base`, where the board has a read-only region of `len` bytes of memory for it.
    pub fn new(base: u64, len: u64) -> Result<Self, SizeError> {
        let sectors = len / spec::SECTOR;
        if !len.is_power_of_two() || !(2..=0x1_0000).contains(&sectors) {
            return Err(SizeError(len));
        }
        Ok(Self { base, len, state: CfiFlashState::default() })
    }

    /// What a chip shows at an index, in a view other than the contents.
    fn chip_word(&self, index: u64) -> u16 {
        match self.state.view {
            View::Array => 0,
            View::Status => self.state.status.into(),
            View::Identifier => match index % (spec::SECTOR / 4) {
                0 => spec::MANUFACTURER,
                1 => spec::DEVICE,
                // At 2: whether the block is locked.
                _ => 0,
            },
            View::Query => {
                let table = spec::query(self.len / spec::CHIPS);
                usize::try_from(index)
                    .ok()
                    .and_then(|index| table.get(index))
                    .copied()
                    .map_or(0, u16::from)
            }
        }
    }

    fn bank_word(&self, offset: u64) -> u64 {
        let word = u64::from(self.chip_word(offset / 4));
        word << 16 | word
    }

    fn apply(&self, cx: &mut DeviceCx<'_>, effect: Effect) -> Result<(), AccessError> {
        match effect {
            Effect::None => Ok(()),
            Effect::Erase(sector) => {
                let erased = vec![0xff; spec::SECTOR as usize];
                cx.mem.write_bytes(self.base + sector, &erased).map_err(|_| AccessError::Abort)
            }
            Effect::Program(programs) => {
                programs.iter().try_for_each(|program| self.program(cx, program))
            }
        }
    }

    fn program(&self, cx: &mut DeviceCx<'_>, program: &Program) -> Result<(), AccessError> {
        let (address, size) = (self.base + program.offset, usize::from(program.size));
        let mut bytes = [0; 4];
        cx.mem.read_bytes(address, &mut bytes[..size]).map_err(|_| AccessError::Abort)?;
        for (byte, new) in bytes.iter_mut().zip(program.value.to_le_bytes()) {
            *byte &= new;
        }
        cx.mem.write_bytes(address, &bytes[..size]).map_err(|_| AccessError::Abort)
    }

    /// An access inside the bank that is aligned to its size.
    fn check(&self, offset: u64, size: u8) -> Result<(), AccessError> {
        let fits = matches!(size, 1 | 2 | 4 | 8)
            && offset.is_multiple_of(size.into())
            && offset < self.len;
        if fits { Ok(()) } else { Err(AccessError::Abort) }
    }
}

impl Device for CfiFlash {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        self.check(offset, size)?;
        if self.state.view == View::Array {
            let mut bytes = [0; 8];
            cx.mem
                .read_bytes(self.base + offset, &mut bytes[..size.into()])
                .map_err(|_| AccessError::Abort)?;
            return Ok(u64::from_le_bytes(bytes));
        }
        if size == 8 {
            return Ok(self.bank_word(offset) | self.bank_word(offset + 4) << 32);
        }
        let mask = (1 << (u32::from(size) * 8)) - 1;
        Ok(self.bank_word(offset) >> (offset % 4 * 8) & mask)
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        self.check(offset, size)?;
        let was_array = self.state.view == View::Array;
        // The bank is 32 bits wide: a wider access is two cycles.
        let cycles = if size == 8 { &[0, 4][..] } else { &[0] };
        for at in cycles {
            let value = (value >> (at * 8)) as u32;
            let program = Program { offset: offset + at, size: size.min(4), value };
            let effect = self.state.write(program);
            self.apply(cx, effect)?;
        }
        let is_array = self.state.view == View::Array;
        if was_array != is_array {
            cx.mem.set_direct_read(self.base, is_array);
        }
        Ok(())
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.state = CfiFlashState::default();
        cx.mem.set_direct_read(self.base, true);
    }
}

impl SaveState for CfiFlash {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, CfiFlashState::VERSION, &self.state);
    }

    /// Takes the state back. Whether reads go to the contents is saved with the memory.
    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: CfiFlashState = from.get(name, CfiFlashState::VERSION)?;
        let damaged = |detail| RestoreError::Damaged { part: name.to_owned(), detail };
        state.check(self.len).map_err(damaged)?;
        self.state = state;
        Ok(())
    }
}
