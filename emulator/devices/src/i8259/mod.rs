//! The interrupt controllers of ISA machines: two 8259As, the slave at input 2 of the master.
//!
//! Inputs 0 to 15 are the machine's IRQ numbers. The board drives them and asks whether the pair interrupts; whoever
//! takes the interrupt runs an acknowledge cycle, which gives the vector.
//!
//! Choices: the vectors' mode is the 8086's (an ICW4 that says otherwise is refused), and the edge/level registers of ISA
//! bridges are here, because they belong to the inputs.

mod chip;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use self::chip::Chip;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "i8259";

/// Everything about the pair that can change, and its saved form: master, slave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8259State {
    chips: [Chip; 2],
}

impl I8259State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// The pair on the bus, at the windows of [`spec`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct I8259 {
    state: I8259State,
}

impl I8259 {
    /// Does what firmware does: vectors are the IRQ numbers, everything is masked.
    #[must_use]
    pub fn initialized() -> Self {
        let mut pair = Self::default();
        for (chip, base) in pair.state.chips.iter_mut().zip([0, 8]) {
            for (port, value) in [(0, 0x11), (1, base), (1, spec::CASCADE), (1, 1), (1, 0xff)] {
                // These are all words that a chip takes.
                let _ = chip.write(port, value);
            }
        }
        pair
    }

    /// Drives the input of an IRQ (0 to 15; 2 is the slave's).
    pub fn set_line(&mut self, irq: u8, level: bool) {
        if irq >= 8 {
            self.state.chips[1].set_line(irq - 8, level);
        } else if irq != spec::CASCADE {
            self.state.chips[0].set_line(irq, level);
        }
        self.drive_cascade();
    }

    fn drive_cascade(&mut self) {
        let level = self.state.chips[1].pending(None).is_some();
        self.state.chips[0].set_line(spec::CASCADE, level);
    }

    /// Whether an IRQ is masked.
    #[must_use]
    pub fn masked(&self, irq: u8) -> bool {
        self.state.chips[usize::from(irq >= 8)].masked(irq % 8)
    }

    /// An acknowledge cycle: the vector of the interrupt that was asked for, or a spurious one.
    pub fn acknowledge(&mut self) -> u8 {
        let [master, slave] = &mut self.state.chips;
        let Some(input) = master.pending(Some(spec::CASCADE)) else {
            return master.vector(spec::SPURIOUS);
        };
        master.acknowledge(input);
        let vector = if input != spec::CASCADE {
            master.vector(input)
        } else if let Some(input) = slave.pending(None) {
            slave.acknowledge(input);
            slave.vector(input)
        } else {
            slave.vector(spec::SPURIOUS)
        };
        self.drive_cascade();
        vector
    }
}

impl Device for I8259 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let value = match (offset, size) {
            (0 | 1, 1) => self.state.chips[0].read(offset, Some(spec::CASCADE)),
            (0x10 | 0x11, 1) => self.state.chips[1].read(offset - spec::SLAVE, None),
            (0x20 | 0x21, 1) => self.state.chips[(offset - spec::ELCR) as usize].elcr,
            _ => return Err(AccessError::unimplemented_read(NAME, offset, size)),
        };
        // A poll acknowledges.
        self.drive_cascade();
        Ok(value.into())
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let byte = value as u8;
        let [master, slave] = &mut self.state.chips;
        let done = match (offset, size) {
            (0 | 1, 1) => master.write(offset, byte),
            (0x10 | 0x11, 1) => slave.write(offset - spec::SLAVE, byte),
            (0x20 | 0x21, 1) => {
                let chip = (offset - spec::ELCR) as usize;
                self.state.chips[chip].elcr = byte & spec::ELCR_MASK[chip];
                Some(())
            }
            _ => None,
        };
        self.drive_cascade();
        done.ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))
    }

    fn interrupt(&self) -> bool {
        self.state.chips[0].pending(Some(spec::CASCADE)).is_some()
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::initialized();
    }
}

impl SaveState for I8259 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, I8259State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, I8259State::VERSION)?;
        Ok(())
    }
}
