//! One 8259A as a state machine.

use serde::{Deserialize, Serialize};

use super::spec;

/// Everything about a chip that can change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chip {
    lines: u8,
    irr: u8,
    isr: u8,
    imr: u8,
    /// Which initialization command word is awaited, if any.
    awaits: u8,
    icw1: u8,
    base: u8,
    icw4: u8,
    /// The input with the highest priority.
    first: u8,
    read_isr: bool,
    polled: bool,
    special_mask: bool,
    rotate_on_aeoi: bool,
    pub(super) elcr: u8,
}

impl Chip {
    /// Drives an input.
    pub(super) fn set_line(&mut self, input: u8, level: bool) {
        let bit = 1 << input;
        let rose = level && self.lines & bit == 0;
        if level {
            self.lines |= bit;
        } else {
            self.lines &= !bit;
        }
        // An input that falls before it is acknowledged is forgotten, edge or level.
        if !level {
            self.irr &= !bit;
        } else if rose || self.by_level() & bit != 0 {
            self.irr |= bit;
        }
    }

    fn by_level(&self) -> u8 {
        if self.icw1 & spec::ICW1_LEVEL != 0 { 0xff } else { self.elcr }
    }

    /// The inputs of a set from the highest priority to the lowest.
    fn by_priority(&self, set: u8) -> impl Iterator<Item = u8> + use<> {
        let first = self.first;
        (0..8).map(move |step| (first + step) % 8).filter(move |input| set & 1 << input != 0)
    }

    /// The input whose interrupt is asked for. `slave_again` holds where the cascade input may interrupt itself.
    pub(super) fn pending(&self, cascade: Option<u8>) -> Option<u8> {
        if self.awaits != 0 {
            return None;
        }
        let input = self.by_priority(self.irr & !self.imr).next()?;
        let blocking = if self.special_mask { self.isr & !self.imr } else { self.isr };
        let busy = self.by_priority(blocking).next();
        let rank = |input: u8| input.wrapping_sub(self.first) % 8;
        let nested = self.icw4 & spec::ICW4_SFNM != 0 && cascade == Some(input);
        match busy {
            Some(busy) if rank(busy) < rank(input) => None,
            Some(busy) if busy == input && !nested => None,
            _ => Some(input),
        }
    }

    /// Takes an input's interrupt, as the acknowledge cycle does.
    pub(super) fn acknowledge(&mut self, input: u8) {
        let bit = 1 << input;
        if self.by_level() & bit == 0 {
            self.irr &= !bit;
        }
        if self.icw4 & spec::ICW4_AEOI == 0 {
            self.isr |= bit;
        } else if self.rotate_on_aeoi {
            self.first = (input + 1) % 8;
        }
    }

    pub(super) fn vector(&self, input: u8) -> u8 {
        self.base | input
    }

    pub(super) fn masked(&self, input: u8) -> bool {
        self.imr & 1 << input != 0
    }

    pub(super) fn read(&mut self, port: u64, cascade: Option<u8>) -> u8 {
        if std::mem::take(&mut self.polled) {
            return match self.pending(cascade) {
                Some(input) => {
                    self.acknowledge(input);
                    0x80 | input
                }
                None => 0,
            };
        }
        match port {
            spec::COMMAND if self.read_isr => self.isr,
            spec::COMMAND => self.irr,
            _ => self.imr,
        }
    }

    /// Writes a port. `None` for what no Alpha, PC or Arm can mean: the 8080's mode.
    pub(super) fn write(&mut self, port: u64, value: u8) -> Option<()> {
        match (port, self.awaits) {
            (spec::COMMAND, _) if value & spec::ICW1 != 0 => self.initialize(value),
            (spec::COMMAND, _) if value & spec::OCW3 != 0 => self.mode(value),
            (spec::COMMAND, _) => self.end(value),
            (_, 0) => self.imr = value,
            (_, 2) => {
                self.base = value & spec::ICW2_BASE;
                self.awaits =
                    if self.icw1 & spec::ICW1_SINGLE == 0 { 3 } else { self.after_icw3() };
            }
            // Where the slave is, is wired.
            (_, 3) => self.awaits = self.after_icw3(),
            _ => {
                self.awaits = 0;
                self.icw4 = value;
                return (value & spec::ICW4_8086 != 0).then_some(());
            }
        }
        Some(())
    }

    fn after_icw3(&self) -> u8 {
        if self.icw1 & spec::ICW1_IC4 != 0 { 4 } else { 0 }
    }

    fn initialize(&mut self, value: u8) {
        let (lines, elcr) = (self.lines, self.elcr);
        *self = Self { lines, elcr, icw1: value, awaits: 2, ..Self::default() };
        // An edge that has passed is not seen again; a level is.
        self.irr = lines & self.by_level();
    }

    fn mode(&mut self, value: u8) {
        if value & spec::OCW3_READ != 0 {
            self.read_isr = value & 1 != 0;
        }
        self.polled |= value & spec::OCW3_POLL != 0;
        if value & spec::OCW3_SET_SPECIAL != 0 {
            self.special_mask = value & spec::OCW3_SPECIAL != 0;
        }
    }

    /// OCW2: ends of interrupts and rotation of priorities.
    fn end(&mut self, value: u8) {
        let named = value & 7;
        match value >> 5 {
            0 => self.rotate_on_aeoi = false,
            4 => self.rotate_on_aeoi = true,
            // Not specific: the busy input with the highest priority.
            command @ (1 | 5) => {
                let busy = if self.special_mask { self.isr & !self.imr } else { self.isr };
                if let Some(input) = self.by_priority(busy).next() {
                    self.isr &= !(1 << input);
                    if command == 5 {
                        self.first = (input + 1) % 8;
                    }
                }
            }
            3 => self.isr &= !(1 << named),
            6 => self.first = (named + 1) % 8,
            7 => {
                self.isr &= !(1 << named);
                self.first = (named + 1) % 8;
            }
            // No operation.
            _ => {}
        }
    }
}
