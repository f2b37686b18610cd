//! One counter as a function of time: nothing happens in it between two accesses.

use lockstep_core::VirtualTime;
use serde::{Deserialize, Serialize};

use super::spec;

/// Everything about a counter that can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    /// The low six bits of the control word: how to read and write, mode, BCD.
    control: u8,
    /// The count that was written, 0 for the largest.
    count: u16,
    /// A count has been written since the control word.
    loaded: bool,
    gate: bool,
    /// Since when it counts; `None` while it does not.
    since: Option<VirtualTime>,
    /// Ticks counted before that.
    carried: u64,
    /// The low byte of a count whose high byte has not come yet.
    half: Option<u8>,
    /// Bytes that reads give first: a latched status and count.
    latched: Vec<u8>,
    /// The next read gives the high byte.
    high: bool,
}

impl Counter {
    pub(super) fn new(gate: bool) -> Self {
        Self {
            control: 0x30,
            count: 0,
            loaded: false,
            gate,
            since: None,
            carried: 0,
            half: None,
            latched: Vec::new(),
            high: false,
        }
    }

    fn mode(&self) -> u8 {
        match self.control >> 1 & 7 {
            // The top bit counts for modes 4 and 5 only.
            mode @ 6.. => mode - 4,
            mode => mode,
        }
    }

    fn modulus(&self) -> u64 {
        if self.control & 1 != 0 { 10_000 } else { 0x1_0000 }
    }

    /// The count that was written, as a number.
    fn period(&self) -> u64 {
        let count = u64::from(self.count);
        let count = match self.control & 1 {
            0 => count,
            _ => (0..4).rev().fold(0, |sum, digit| sum * 10 + (count >> (digit * 4) & 15)),
        };
        if count == 0 { self.modulus() } else { count }
    }

    /// Ticks since the count was loaded.
    fn elapsed(&self, now: VirtualTime) -> u64 {
        let counted = self.since.map_or(0, |since| {
            (u128::from(now - since) * u128::from(spec::HERTZ) / 1_000_000_000) as u64
        });
        self.carried + counted
    }

    /// Whether the gate's rising edge, and not the count alone, starts it.
    fn triggered(&self) -> bool {
        matches!(self.mode(), 1 | 5)
    }

    fn started(&self) -> bool {
        self.loaded && (self.since.is_some() || self.carried > 0)
    }

    /// The output.
    pub(super) fn output(&self, now: VirtualTime) -> bool {
        let (elapsed, period) = (self.elapsed(now), self.period());
        match self.mode() {
            0 => self.loaded && elapsed >= period,
            1 => !self.started() || elapsed >= period,
            2 => !self.started() || !self.gate || elapsed % period != period - 1,
            3 => !self.started() || !self.gate || elapsed % period < period.div_ceil(2),
            _ => !self.started() || elapsed != period,
        }
    }

    /// When the output changes next.
    pub(super) fn next_change(&self, now: VirtualTime) -> Option<VirtualTime> {
        let since = self.since.filter(|_| self.loaded)?;
        let (elapsed, period) = (self.elapsed(now), self.period());
        let phase = elapsed % period;
        let ticks = match self.mode() {
            0 | 1 => period.checked_sub(elapsed)?,
            2 if phase < period - 1 => period - 1 - phase,
            3 if phase < period.div_ceil(2) => period.div_ceil(2) - phase,
            2 | 3 => period - phase,
            _ if elapsed < period => period - elapsed,
            _ => (period + 1).checked_sub(elapsed)?,
        };
        let tick = u128::from(elapsed - self.carried + ticks.max(1));
        (ticks > 0).then(|| since + (tick * 1_000_000_000).div_ceil(u128::from(spec::HERTZ)) as u64)
    }

    /// What the counting element shows.
    fn value(&self, now: VirtualTime) -> u16 {
        let (elapsed, period, modulus) = (self.elapsed(now), self.period(), self.modulus());
        let value = match self.mode() {
            2 => period - elapsed % period,
            3 => {
                let half =
                    if elapsed % period < period.div_ceil(2) { 0 } else { period.div_ceil(2) };
                (period & !1).wrapping_sub(2 * (elapsed % period - half))
            }
            _ => (period % modulus + modulus - elapsed % modulus) % modulus,
        } % modulus;
        match self.control & 1 {
            0 => value as u16,
            _ => (0..4).fold(0, |bcd, digit| {
                bcd | ((value / 10_u64.pow(digit) % 10) as u16) << (digit * 4)
            }),
        }
    }

    /// The control word for this counter, without its number.
    pub(super) fn control(&mut self, now: VirtualTime, control: u8) {
        if control & 0x30 == 0 {
            self.latch(now, true, false);
        } else {
            *self = Self { control, ..Self::new(self.gate) };
        }
    }

    /// Keeps the count or the status for the next reads, unless there is something kept already.
    pub(super) fn latch(&mut self, now: VirtualTime, count: bool, status: bool) {
        if !self.latched.is_empty() {
            return;
        }
        if status {
            let unloaded = u8::from(!self.loaded) << 6;
            self.latched.push(u8::from(self.output(now)) << 7 | unloaded | self.control);
        }
        if count {
            let [low, high] = self.value(now).to_le_bytes();
            match self.control >> 4 {
                1 => self.latched.push(low),
                2 => self.latched.push(high),
                _ => self.latched.extend([low, high]),
            }
        }
    }

    pub(super) fn read(&mut self, now: VirtualTime) -> u8 {
        if !self.latched.is_empty() {
            return self.latched.remove(0);
        }
        let [low, high] = self.value(now).to_le_bytes();
        match self.control >> 4 {
            1 => low,
            2 => high,
            _ => {
                self.high = !self.high;
                if self.high { low } else { high }
            }
        }
    }

    pub(super) fn write(&mut self, now: VirtualTime, byte: u8) {
        let count = match (self.control >> 4, self.half.take()) {
            (1, _) => u16::from(byte),
            (2, _) => u16::from(byte) << 8,
            (_, Some(low)) => u16::from_le_bytes([low, byte]),
            (_, None) => {
                self.half = Some(byte);
                // The first byte stops a one-shot count.
                if self.mode() == 0 {
                    (self.loaded, self.since, self.carried) = (false, None, 0);
                }
                return;
            }
        };
        self.count = count;
        self.loaded = true;
        if !self.triggered() {
            self.carried = 0;
            self.since = self.gate.then_some(now);
        }
    }

    pub(super) fn set_gate(&mut self, now: VirtualTime, gate: bool) {
        if gate == std::mem::replace(&mut self.gate, gate) || !self.loaded {
            return;
        }
        match (self.mode(), gate) {
            (0 | 4, true) => self.since = Some(now),
            (0 | 4, false) => {
                self.carried = self.elapsed(now);
                self.since = None;
            }
            // A rising edge starts from the beginning.
            (_, true) => {
                self.carried = 0;
                self.since = Some(now);
            }
            (2 | 3, false) => {
                self.carried = self.elapsed(now);
                self.since = None;
            }
            (_, false) => {}
        }
    }
}
