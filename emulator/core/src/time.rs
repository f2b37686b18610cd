//! Virtual time.
//!
//! A guest that could see the host's clock would never run the same way twice. Its time is therefore computed:
//! nanoseconds are retired instructions times a constant, plus the time that was skipped while every vCPU was
//! idle. Integers only, so that no rounding depends on the host.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Nanoseconds of virtual time since the machine started.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct VirtualTime(u64);

impl VirtualTime {
    /// The time at which every machine starts.
    pub const ZERO: Self = Self(0);
    /// Later than any time that a run reaches (584 years).
    pub const NEVER: Self = Self(u64::MAX);

    /// `ns` nanoseconds after the start.
    #[must_use]
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_ns(self) -> u64 {
        self.0
    }
}

/// Later by some nanoseconds, stopping at [`VirtualTime::NEVER`].
impl Add<u64> for VirtualTime {
    type Output = Self;
    fn add(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }
}

/// Nanoseconds between two times; zero when the right one is later.
impl Sub for VirtualTime {
    type Output = u64;
    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        f.pad(&text)
    }
}

/// Nanoseconds that one instruction takes unless the machine is configured otherwise.
pub const DEFAULT_NS_PER_INSN: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// Turns counts of retired instructions into virtual time and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    ns_per_insn: NonZeroU32,
    warped: u64,
}

/// What a snapshot keeps of a [`Clock`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Nanoseconds skipped while idle.
    pub warped: u64,
}

impl Clock {
    /// A clock that advances by `ns_per_insn` with every instruction.
    #[must_use]
    pub const fn new(ns_per_insn: NonZeroU32) -> Self {
        Self { ns_per_insn, warped: 0 }
    }

    /// The time before the instruction after the first `retired` ones.
    #[must_use]
    pub const fn time_at(&self, retired: u64) -> VirtualTime {
        VirtualTime(
            retired.saturating_mul(self.ns_per_insn.get() as u64).saturating_add(self.warped),
        )
    }

    /// How many instructions after the first `retired` ones the clock first shows `time` or later.
    #[must_use]
    pub const fn insns_until(&self, retired: u64, time: VirtualTime) -> u64 {
        time.0.saturating_sub(self.time_at(retired).0).div_ceil(self.ns_per_insn.get() as u64)
    }

    /// Skips ahead so that the clock shows `time` at `retired`; going back is not possible and does nothing.
    pub const fn warp_to(&mut self, retired: u64, time: VirtualTime) {
        let now = self.time_at(retired).0;
        if time.0 > now {
            self.warped = self.warped.saturating_add(time.0 - now);
        }
    }

    /// The state to save.
    #[must_use]
    pub const fn state(&self) -> ClockState {
        ClockState { warped: self.warped }
    }

    /// Takes a saved state back.
    pub const fn set_state(&mut self, state: ClockState) {
        self.warped = state.warped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a rounding down, which would stop the machine one instruction before a timer is due.
    #[test]
    fn counts_up_to_the_first_instruction_not_before_the_time() {
        let clock = Clock::new(DEFAULT_NS_PER_INSN);
        assert_eq!(clock.insns_until(0, VirtualTime::from_ns(9)), 3);
        assert_eq!(clock.insns_until(0, VirtualTime::from_ns(8)), 2);
        assert_eq!(clock.insns_until(100, VirtualTime::from_ns(8)), 0);
    }

    /// Catches a warp that forgets the time already passed, or that goes back.
    #[test]
    fn warps_forward_only() {
        let mut clock = Clock::new(DEFAULT_NS_PER_INSN);
        clock.warp_to(10, VirtualTime::from_ns(1000));
        assert_eq!(clock.time_at(10).as_ns(), 1000);
        assert_eq!(clock.time_at(11).as_ns(), 1004);
        clock.warp_to(11, VirtualTime::from_ns(500));
        assert_eq!(clock.time_at(11).as_ns(), 1004);
    }

    /// Catches an overflow at the far end.
    #[test]
    fn saturates() {
        let clock = Clock::new(DEFAULT_NS_PER_INSN);
        assert_eq!(clock.time_at(u64::MAX), VirtualTime::NEVER);
        assert_eq!(VirtualTime::NEVER + 1, VirtualTime::NEVER);
    }
}
