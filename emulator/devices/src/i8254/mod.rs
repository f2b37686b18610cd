//! The timer of ISA machines: three counters of an 82C54.
//!
//! Counters are functions of virtual time: what they show and put out is computed when somebody looks. The calendar
//! knows only the next change of counter 0's output, and only while the board says that its interrupt is wanted.
//!
//! Choices: counter 0 and 1 always count, counter 2 while port B says so; a count takes effect when it is written,
//! without the clock cycle that the chip takes to load it, and in modes 2 and 3 it does not wait for the period's end.

mod counter;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{EntryId, Owner, RestoreError, SaveState, Saved, VirtualTime};
use serde::{Deserialize, Serialize};

use self::counter::Counter;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "i8254";

/// Everything about the timer that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8254State {
    counters: [Counter; 3],
    port_b: u8,
    /// The output of counter 0 is wanted.
    wanted: bool,
}

impl I8254State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// The timer on the bus, with port B behind its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I8254 {
    place: u16,
    state: I8254State,
}

impl I8254 {
    /// A timer at the board's `place`.
    #[must_use]
    pub fn new(place: u16) -> Self {
        let counters = [true, true, false].map(Counter::new);
        Self { place, state: I8254State { counters, port_b: 0, wanted: false } }
    }

    /// The output of counter 0, which is IRQ 0.
    #[must_use]
    pub fn output(&self, now: VirtualTime) -> bool {
        self.state.counters[0].output(now)
    }

    /// Whether somebody waits for counter 0: its interrupt is not masked. Arms the calendar accordingly.
    pub fn want_output(&mut self, cx: &mut DeviceCx<'_>, wanted: bool) {
        if wanted != self.state.wanted {
            self.state.wanted = wanted;
            self.arm(cx);
        }
    }

    const fn entry(&self) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number: spec::OUTPUT_ENTRY }
    }

    fn arm(&self, cx: &mut DeviceCx<'_>) {
        let change = self.state.counters[0].next_change(cx.bp.now());
        match change.filter(|_| self.state.wanted) {
            Some(time) => cx.bp.arm(self.entry(), time),
            None => cx.bp.cancel(self.entry()),
        }
    }

    fn port_b(&self, now: VirtualTime) -> u8 {
        let refresh = now.as_ns() / spec::REFRESH_NS % 2 == 1;
        let out = self.state.counters[2].output(now);
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        self.state.port_b | bit(refresh, spec::PORT_B_REFRESH) | bit(out, spec::PORT_B_OUT)
    }

    fn control(&mut self, now: VirtualTime, value: u8) {
        if value >> 6 != spec::READ_BACK {
            self.state.counters[usize::from(value >> 6)].control(now, value & 0x3f);
            return;
        }
        for (number, counter) in self.state.counters.iter_mut().enumerate() {
            if value & 2 << number != 0 {
                counter.latch(now, value & spec::NO_COUNT == 0, value & spec::NO_STATUS == 0);
            }
        }
    }
}

impl Device for I8254 {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let now = cx.bp.now();
        Ok(u64::from(match (offset, size) {
            (0..spec::COUNTERS, 1) => self.state.counters[offset as usize].read(now),
            // Write-only: the bus floats.
            (spec::CONTROL, 1) => 0xff,
            (spec::PORT_B, 1) => self.port_b(now),
            _ => return Err(AccessError::unimplemented_read(NAME, offset, size)),
        }))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let (now, byte) = (cx.bp.now(), value as u8);
        match (offset, size) {
            (0..spec::COUNTERS, 1) => self.state.counters[offset as usize].write(now, byte),
            (spec::CONTROL, 1) => self.control(now, byte),
            (spec::PORT_B, 1) => {
                self.state.port_b = byte & spec::PORT_B_MASK;
                self.state.counters[2].set_gate(now, byte & spec::PORT_B_GATE != 0);
            }
            _ => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
        }
        self.arm(cx);
        Ok(())
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, _number: u32) {
        self.arm(cx);
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        cx.bp.cancel(self.entry());
        *self = Self::new(self.place);
    }
}

impl SaveState for I8254 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, I8254State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, I8254State::VERSION)?;
        Ok(())
    }
}
