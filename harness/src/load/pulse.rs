//! The emulator, stopped and continued at random: all its threads stand still between any two instructions of theirs, and
//! find all of their deadlines missed.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use lockstep_core::{Rng, Use};
use rustix::process::Signal;

use crate::process::Group;

/// How a process is stopped and continued.
#[derive(Clone, Debug)]
pub struct Pulses {
    /// The longest stop, and the longest time between two.
    longest: Duration,
    seed: u64,
}

impl Pulses {
    /// Pulses of at most so many milliseconds.
    pub(super) fn new(milliseconds: u32, seed: u64) -> Self {
        Self { longest: Duration::from_millis(u64::from(milliseconds)), seed }
    }

    /// Stops and continues the group's leader while `wait` waits for it.
    pub fn during<T>(&self, group: &Group, wait: impl FnOnce() -> T) -> T {
        let (running, over) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || self.pulse(group, &over));
            let result = wait();
            drop(running);
            result
        })
    }

    fn pulse(&self, group: &Group, over: &Receiver<()>) {
        let mut rng = Rng::new(self.seed, Use::Load);
        let nanoseconds = u64::try_from(self.longest.as_nanos()).unwrap_or(u64::MAX);
        let mut passes = || {
            let time = Duration::from_nanos(rng.below(nanoseconds));
            over.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
        };
        while passes() && group.signal(Signal::STOP).is_ok() {
            let goes_on = passes();
            if group.signal(Signal::CONT).is_err() || !goes_on {
                return;
            }
        }
    }
}
