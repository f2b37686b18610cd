//! The date: Arm's PL031 real-time clock.
//!
//! A guest that could read the host's date would be another run every second. The clock starts at a date that is part
//! of the machine's configuration and advances with virtual time.
//!
//! The match interrupt is the only thing in it that happens later. Whether the match has come is computed from the time
//! whenever somebody looks; a calendar entry is armed only while the interrupt is let through, so that a clock nobody
//! waits for keeps no idle machine alive.
//!
//! The clock runs from the start, and `RTCCR` reads as started whatever is written, as on the usual `virt` machine.

#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{EntryId, Owner, RestoreError, SaveState, Saved, VirtualTime};
use serde::{Deserialize, Serialize};

use crate::registers::{Lane, primecell_id};
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "pl031";

/// Everything about the clock that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pl031State {
    /// The date that RTCLR was set to, and the virtual time at which that was.
    set: u32,
    set_at: VirtualTime,
    match_value: u32,
    /// When the clock next shows the match value.
    match_at: VirtualTime,
    unmasked: bool,
    raised: bool,
}

impl Pl031State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn new(start: u32) -> Self {
        let mut state = Self {
            set: start,
            set_at: VirtualTime::ZERO,
            match_value: 0,
            match_at: VirtualTime::NEVER,
            unmasked: false,
            raised: false,
        };
        state.match_at = state.next_match(VirtualTime::ZERO);
        state
    }

    fn date(&self, now: VirtualTime) -> u32 {
        self.set.wrapping_add(((now - self.set_at) / spec::TICK_NS) as u32)
    }

    /// The tick at which the clock first shows the match value. When it is showing it, that tick has been.
    fn next_match(&self, now: VirtualTime) -> VirtualTime {
        let passed = (now - self.set_at) / spec::TICK_NS;
        let ticks = self.match_value.wrapping_sub(self.date(now));
        self.set_at + (passed + u64::from(ticks)).saturating_mul(spec::TICK_NS)
    }

    /// Raises the interrupt when the match has come. The next one is a round of the counter later.
    fn settle(&mut self, now: VirtualTime) {
        if self.match_at <= now {
            self.raised = true;
            self.match_at = self.match_at + (1 << 32) * spec::TICK_NS;
        }
    }
}

/// The clock on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pl031 {
    place: u16,
    start: u32,
    state: Pl031State,
}

impl Pl031 {
    /// A clock at the board's `place` that shows `start` (seconds since 1970) when the machine starts.
    #[must_use]
    pub fn new(place: u16, start: u32) -> Self {
        Self { place, start, state: Pl031State::new(start) }
    }

    const fn entry(&self) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number: spec::MATCH_ENTRY }
    }

    /// Arms the calendar when somebody waits for the match, and only then.
    fn arm(&self, cx: &mut DeviceCx<'_>) {
        if self.state.unmasked && !self.state.raised {
            cx.bp.arm(self.entry(), self.state.match_at);
        } else {
            cx.bp.cancel(self.entry());
        }
    }
}

impl Device for Pl031 {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let lane = Lane::new(offset, size)?;
        let now = cx.bp.now();
        self.state.settle(now);
        let state = &self.state;
        let word = match lane.register {
            spec::DR => state.date(now),
            spec::MR => state.match_value,
            spec::LR => state.set,
            spec::CR => 1,
            spec::IMSC => state.unmasked.into(),
            spec::RIS => state.raised.into(),
            spec::MIS => (state.raised && state.unmasked).into(),
            // Write-only.
            spec::ICR => 0,
            register => primecell_id(spec::PERIPHERAL_ID, register)
                .ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))?,
        };
        Ok(lane.extract(word))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let lane = Lane::new(offset, size)?;
        let word = lane.value(value)?;
        let now = cx.bp.now();
        self.state.settle(now);
        let state = &mut self.state;
        match lane.register {
            spec::MR => {
                state.match_value = word;
                state.match_at = state.next_match(now);
            }
            spec::LR => {
                (state.set, state.set_at) = (word, now);
                state.match_at = state.next_match(now);
            }
            spec::IMSC => state.unmasked = word & 1 != 0,
            spec::ICR => state.raised &= word & 1 == 0,
            spec::DR | spec::CR | spec::RIS | spec::MIS => {}
            register => {
                primecell_id(spec::PERIPHERAL_ID, register)
                    .ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))?;
            }
        }
        self.state.settle(now);
        self.arm(cx);
        Ok(())
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, _number: u32) {
        self.state.settle(cx.bp.now());
        self.arm(cx);
    }

    fn interrupt(&self) -> bool {
        self.state.raised && self.state.unmasked
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        cx.bp.cancel(self.entry());
        self.state = Pl031State::new(self.start);
    }
}

impl SaveState for Pl031 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Pl031State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, Pl031State::VERSION)?;
        Ok(())
    }
}
