//! The date, the RAM that keeps its contents, and on many machines the interval timer: Motorola's MC146818.
//!
//! A guest that could read the host's date would be another run every second. The clock starts at a date that is part
//! of the machine's configuration and advances with virtual time. Whether a flag of register C is up is computed
//! when somebody looks; calendar entries are armed only while an interrupt is let through.
//!
//! Machines that take their interval timer from here count the periodic interrupt's edges and never read register C;
//! so the board is told of each edge, by the entry that is due, and not only of the level.
//!
//! Choices:
//!
//! * Firmware has run: the divider counts and the rate is 1024 Hz.
//! * All time bases mean the same: the crystal is whatever the divider was set for.
//! * Daylight saving by the rule of 1967 is not implemented, and says so.

mod date;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{EntryId, Owner, RestoreError, SaveState, Saved, VirtualTime};
use serde::{Deserialize, Serialize};

use self::date::Fields;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "mc146818";
const SECOND: i64 = 1_000_000_000;

/// Everything about the clock that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mc146818State {
    index: u8,
    /// All registers by number; those of the time are only used while it stands still.
    registers: Vec<u8>,
    /// The virtual time in nanoseconds at which the divider began to count.
    divider_from: i64,
    /// The date at the divider's second `date_second`.
    date: i64,
    date_second: i64,
    weekday: u8,
    /// How far the flags of register C have been brought.
    settled: VirtualTime,
}

impl Mc146818State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn new(start: i64) -> Self {
        let mut registers = vec![0; spec::REGISTERS];
        registers[usize::from(spec::A)] = spec::A_START;
        registers[usize::from(spec::B)] = spec::B_24_HOURS;
        registers[spec::CENTURY] = date::century(start);
        Self {
            index: 0,
            registers,
            divider_from: 0,
            date: start,
            date_second: 0,
            weekday: 0,
            settled: VirtualTime::ZERO,
        }
    }

    fn register(&self, number: u8) -> u8 {
        self.registers[usize::from(number)]
    }

    fn divider_reset(&self) -> bool {
        self.register(spec::A) & spec::A_DIVIDER_RESET == spec::A_DIVIDER_RESET
    }

    /// Whether the time stands still.
    fn held(&self) -> bool {
        self.register(spec::B) & spec::B_SET != 0 || self.divider_reset()
    }

    /// Nanoseconds since the divider began to count.
    fn divider(&self, now: VirtualTime) -> i64 {
        now.as_ns() as i64 - self.divider_from
    }

    fn date(&self, now: VirtualTime) -> i64 {
        self.date + self.divider(now).div_euclid(SECOND) - self.date_second
    }

    fn fields(&self, now: VirtualTime) -> Fields {
        date::to_fields(self.date(now), self.weekday, self.register(spec::B))
    }

    fn updating(&self, now: VirtualTime) -> bool {
        let left = SECOND - self.divider(now).rem_euclid(SECOND);
        !self.held() && left <= spec::UPDATE_NS as i64
    }

    /// Crystal cycles between two edges of the periodic interrupt, if there are any.
    fn period(&self) -> Option<u64> {
        let rate = self.register(spec::A) & spec::A_RATE;
        match rate {
            _ if self.divider_reset() => None,
            0 => None,
            1 | 2 => Some(64 << rate),
            _ => Some(1 << (rate - 1)),
        }
    }

    /// How many edges of the periodic interrupt there have been.
    fn edges(&self, now: VirtualTime, period: u64) -> i128 {
        let cycles = i128::from(self.divider(now)) * i128::from(spec::CRYSTAL);
        cycles.div_euclid(i128::from(SECOND) * i128::from(period))
    }

    fn next_edge(&self, now: VirtualTime) -> Option<VirtualTime> {
        let period = self.period()?;
        let cycles = (self.edges(now, period) + 1) * i128::from(period);
        let ns = (cycles * i128::from(SECOND) + i128::from(spec::CRYSTAL) - 1)
            / i128::from(spec::CRYSTAL)
            + i128::from(self.divider_from);
        Some(VirtualTime::from_ns(ns as u64))
    }

    fn next_second(&self, now: VirtualTime) -> VirtualTime {
        let left = SECOND - self.divider(now).rem_euclid(SECOND);
        now + left as u64
    }

    fn alarm_matches(&self, date: i64) -> bool {
        let fields = date::to_fields(date, 0, self.register(spec::B));
        let any = |alarm: u8| alarm & spec::ALARM_ANY == spec::ALARM_ANY;
        spec::ALARMS.iter().zip(fields).all(|(number, field)| {
            let alarm = self.register(*number);
            any(alarm) || alarm == field
        })
    }

    /// Raises the flags of everything that has happened since it was last called.
    fn settle(&mut self, now: VirtualTime) {
        let mut flags = 0;
        if let Some(period) = self.period()
            && self.edges(now, period) > self.edges(self.settled, period)
        {
            flags |= spec::C_PF;
        }
        let (before, date) = (self.date(self.settled), self.date(now));
        if !self.held() && date > before {
            flags |= spec::C_UF;
            // After a day every alarm has matched that ever does.
            let first = before.max(date - 86_400) + 1;
            if (first..=date).any(|date| self.alarm_matches(date)) {
                flags |= spec::C_AF;
            }
        }
        self.registers[usize::from(spec::C)] |= flags;
        self.settled = now;
    }

    fn interrupts(&self) -> u8 {
        const FLAGS: u8 = spec::C_PF | spec::C_AF | spec::C_UF;
        self.register(spec::C) & self.register(spec::B) & FLAGS
    }

    fn read(&mut self, now: VirtualTime) -> u8 {
        let number = self.index;
        match number {
            spec::SECONDS | spec::MINUTES | spec::HOURS | spec::WEEKDAY..=spec::YEAR
                if !self.held() =>
            {
                self.fields(now)[field_of(number)]
            }
            spec::A if self.updating(now) => self.register(spec::A) | spec::A_UIP,
            spec::C => {
                let request = if self.interrupts() != 0 { spec::C_IRQF } else { 0 };
                std::mem::take(&mut self.registers[usize::from(spec::C)]) | request
            }
            spec::D => spec::D_VALID,
            number => self.register(number),
        }
    }

    /// Writes the register that is selected.
    fn write(&mut self, now: VirtualTime, value: u8) {
        let number = self.index;
        match number {
            spec::C | spec::D => {}
            spec::SECONDS | spec::MINUTES | spec::HOURS | spec::WEEKDAY..=spec::YEAR
                if !self.held() =>
            {
                let mut fields = self.fields(now);
                fields[field_of(number)] = value;
                self.set_fields(now, fields);
            }
            spec::A | spec::B => self.control(now, number, value),
            number => self.registers[usize::from(number)] = value,
        }
    }

    /// Writes register A or B, with which the time may stop or go on.
    fn control(&mut self, now: VirtualTime, number: u8, value: u8) {
        let (held, reset) = (self.held(), self.divider_reset());
        let fields = self.fields(now);
        let kept = if number == spec::A { !spec::A_UIP } else { 0xff };
        self.registers[usize::from(number)] = value & kept;
        if number == spec::B && value & spec::B_SET != 0 {
            // Setting the time ends what an update would have told.
            self.registers[usize::from(spec::B)] &= !spec::B_UIE;
        }
        if !held && self.held() {
            for (index, field) in fields.into_iter().enumerate() {
                self.registers[usize::from(register_of(index))] = field;
            }
        }
        if reset && !self.divider_reset() {
            self.divider_from = now.as_ns() as i64 - spec::AFTER_RESET_NS;
        }
        if held && !self.held() {
            let fields = std::array::from_fn(|index| self.register(register_of(index)));
            self.set_fields(now, fields);
        }
    }

    fn set_fields(&mut self, now: VirtualTime, fields: Fields) {
        (self.date, self.weekday) = date::from_fields(fields, self.register(spec::B), self.date);
        self.date_second = self.divider(now).div_euclid(SECOND);
    }
}

/// The place in [`Fields`] of a register of the time.
const fn field_of(register: u8) -> usize {
    match register {
        spec::SECONDS | spec::MINUTES | spec::HOURS => register as usize / 2,
        _ => register as usize - 3,
    }
}

/// The register of a place in [`Fields`].
const fn register_of(field: usize) -> u8 {
    if field < 3 { field as u8 * 2 } else { field as u8 + 3 }
}

/// The clock on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mc146818 {
    place: u16,
    start: i64,
    state: Mc146818State,
}

impl Mc146818 {
    /// A clock at the board's `place` that shows `start` (seconds since 1970) when the machine starts.
    #[must_use]
    pub fn new(place: u16, start: i64) -> Self {
        Self { place, start, state: Mc146818State::new(start) }
    }

    const fn entry(&self, number: u32) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number }
    }

    /// Arms the calendar for what is let through, and only for that.
    fn arm(&self, cx: &mut DeviceCx<'_>) {
        let now = cx.bp.now();
        let lets = self.state.register(spec::B);
        let edge = self.state.next_edge(now).filter(|_| lets & spec::B_PIE != 0);
        let second = lets & (spec::B_AIE | spec::B_UIE) != 0 && !self.state.held();
        let second = second.then(|| self.state.next_second(now));
        for (number, time) in [(spec::PERIODIC_ENTRY, edge), (spec::SECOND_ENTRY, second)] {
            match time {
                Some(time) => cx.bp.arm(self.entry(number), time),
                None => cx.bp.cancel(self.entry(number)),
            }
        }
    }
}

impl Device for Mc146818 {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let now = cx.bp.now();
        self.state.settle(now);
        match (offset, size) {
            // Write-only: the bus floats.
            (spec::INDEX, 1) => Ok(0xff),
            (spec::DATA, 1) => Ok(self.state.read(now).into()),
            _ => Err(AccessError::unimplemented_read(NAME, offset, size)),
        }
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let now = cx.bp.now();
        self.state.settle(now);
        match (offset, size) {
            (spec::INDEX, 1) => self.state.index = value as u8 & 0x7f,
            (spec::DATA, 1) => {
                let daylight = value as u8 & spec::B_DAYLIGHT != 0;
                if self.state.index == spec::B && daylight {
                    return Err(AccessError::unimplemented_write(NAME, offset, size, value));
                }
                self.state.write(now, value as u8);
                self.arm(cx);
            }
            _ => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
        }
        Ok(())
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, _number: u32) {
        self.state.settle(cx.bp.now());
        self.arm(cx);
    }

    fn interrupt(&self) -> bool {
        self.state.interrupts() != 0
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        cx.bp.cancel(self.entry(spec::PERIODIC_ENTRY));
        cx.bp.cancel(self.entry(spec::SECOND_ENTRY));
        self.state = Mc146818State::new(self.start);
    }
}

impl SaveState for Mc146818 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Mc146818State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: Mc146818State = from.get(name, Mc146818State::VERSION)?;
        if state.registers.len() != spec::REGISTERS {
            let detail = format!("{} registers", state.registers.len());
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        Ok(())
    }
}
