//! Wall time.
//!
//! No guest sees it. It measures runs, gives the date that a run is *told* to start at, and holds an interactive
//! run back so that a guest's second does not pass in a tenth of ours.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lockstep_core::VirtualTime;

use crate::ChannelDoor;
use crate::schedule::Baton;

/// Seconds since 1970-01-01 00:00 UTC, now; negative before.
#[must_use]
pub fn date_now() -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()),
    }
}

/// Nanoseconds since this was first asked.
#[must_use]
pub fn ticks() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Measures how long something took.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How far virtual time may be behind before the difference is forgotten.
const FORGIVEN: Duration = Duration::from_millis(200);

/// Keeps virtual time from running ahead of wall time. Changes nothing that a guest can see.
///
/// A machine that was slower than wall time is not made up for: after a stall, the guest goes on at normal speed
/// instead of rushing.
#[derive(Debug)]
pub struct Pacer {
    /// A pair of times that were the same moment.
    wall: Instant,
    guest: VirtualTime,
}

impl Pacer {
    /// Paces a machine whose virtual time is `guest` now.
    #[must_use]
    pub fn start(guest: VirtualTime) -> Self {
        Self { wall: Instant::now(), guest }
    }

    /// How long to wait before the machine may be at `guest`.
    #[must_use]
    pub fn ahead(&mut self, guest: VirtualTime) -> Duration {
        let virtually = Duration::from_nanos(guest.as_ns().saturating_sub(self.guest.as_ns()));
        let really = self.wall.elapsed();
        if really > virtually + FORGIVEN {
            *self = Self::start(guest);
        }
        virtually.saturating_sub(really)
    }

    /// Waits until the machine may be at `guest`.
    pub fn pace(&mut self, guest: VirtualTime, baton: &Baton) {
        let ahead = self.ahead(guest);
        if !ahead.is_zero() {
            baton.sleep(ahead);
        }
    }

    /// Waits until the machine may be at `guest`, or there is an input at `door`. For an idle machine, so that a
    /// key is not left waiting for the guest's next timer. Says whether there is an input.
    pub fn pace_or_input(&mut self, guest: VirtualTime, door: &ChannelDoor) -> bool {
        let ahead = self.ahead(guest);
        !ahead.is_zero() && door.wait_ready(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> VirtualTime {
        VirtualTime::from_ns(ms * 1_000_000)
    }

    /// Catches a pacer that does not hold the machine back.
    #[test]
    fn virtual_time_waits_for_wall_time() {
        let baton = Baton::os();
        let watch = Stopwatch::start();
        let mut pacer = Pacer::start(ms(1000));
        for step in 1..=5 {
            pacer.pace(ms(1000 + step * 10), &baton);
            assert!(watch.elapsed() >= Duration::from_millis(step * 10), "step {step}");
        }
    }

    /// Catches a key that waits for an idle guest's next timer, and an idle guest that does not wait for it.
    #[test]
    fn an_input_ends_an_idle_wait() {
        let (sender, receiver) = Baton::os().channel(1);
        let door = ChannelDoor::new(receiver, 1);
        let mut pacer = Pacer::start(ms(0));
        let watch = Stopwatch::start();
        assert!(!pacer.pace_or_input(ms(30), &door));
        assert!(watch.elapsed() >= Duration::from_millis(30));
        sender.send(lockstep_core::Input::PowerKey).expect("room");
        assert!(pacer.pace_or_input(ms(1_000_000), &door));
    }

    /// Catches a guest that rushes after a stall.
    #[test]
    fn a_stall_is_not_made_up_for() {
        let mut pacer = Pacer::start(ms(0));
        pacer.wall = pacer.wall.checked_sub(Duration::from_secs(10)).expect("a host up for 10 s");
        assert_eq!(pacer.ahead(ms(1)), Duration::ZERO);
        assert!(pacer.ahead(ms(5001)) > Duration::from_millis(4500));
    }

    /// Catches a date that is off by an era.
    #[test]
    fn the_date_is_this_century() {
        assert!((1_700_000_000..4_102_444_800).contains(&date_now()));
    }
}
