//! What a schedule was.
//!
//! A long run has millions of steps. What makes it this one and no other is few: the steps in which another thread
//! went than usual, and where the world came in. Those are kept whole, of all steps a digest, and of the last ones
//! every detail, for whoever wants to see what the threads did around a failure.

use std::collections::VecDeque;
use std::fmt;

use super::control::Step;
use super::saved::{Arrival, Preemption, Schedule};
use super::{Site, ThreadId};

/// Steps that are kept in full.
const KEPT: usize = 10_000;

/// A step, as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its number, from 0.
    pub number: u64,
    /// Who was there.
    pub asks: ThreadId,
    /// What it was about to do.
    pub site: Site,
    /// Who could have gone: bit N for thread N. Threads from 64 on are not shown.
    pub could: u64,
    /// Who went.
    pub chosen: ThreadId,
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, asks, site, could, chosen } = self;
        write!(f, "step {number}: {asks} at {site}, of")?;
        for thread in (0..64).filter(|thread| could >> thread & 1 == 1) {
            write!(f, " {thread}")?;
        }
        write!(f, " goes {chosen}")
    }
}

/// A running digest: FNV-1a with 64 bits. Who wants two schedules with one digest can have them; chance does not.
#[derive(Clone, Copy, Debug)]
struct Digest(u64);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.add(&number.to_le_bytes());
    }

    fn threads(&mut self, threads: &[ThreadId]) {
        self.add(&[threads.len() as u8]);
        for thread in threads {
            self.add(&thread.number().to_le_bytes());
        }
    }
}

/// What has happened so far.
#[derive(Debug)]
pub(super) struct Trace {
    steps: u64,
    digest: Digest,
    preemptions: Vec<Preemption>,
    arrivals: Vec<Arrival>,
    last: VecDeque<Chosen>,
}

impl Default for Trace {
    fn default() -> Self {
        let digest = Digest(0xcbf2_9ce4_8422_2325);
        let (preemptions, arrivals) = (Vec::new(), Vec::new());
        Self { steps: 0, digest, preemptions, arrivals, last: VecDeque::new() }
    }
}

impl Trace {
    /// How many steps there were, and so the number of the next.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn created(&mut self, name: &str) {
        self.digest.add(b"thread");
        self.digest.number(name.len() as u64);
        self.digest.add(name.as_bytes());
    }

    pub(super) fn arrived(&mut self, thread: ThreadId, site: Site) {
        self.digest.add(b"back");
        self.digest.number(self.steps);
        self.digest.threads(&[thread]);
        self.arrivals.push(Arrival { step: self.steps, thread, site });
    }

    /// `chosen` goes, and what it does is `next`.
    pub(super) fn step(&mut self, step: &Step<'_>, chosen: ThreadId, next: Site) {
        let Step { number, asks, site, ready, timed, .. } = *step;
        self.digest.add(&[site as u8]);
        self.digest.threads(&[asks, chosen]);
        self.digest.threads(ready);
        self.digest.threads(timed);
        if chosen != step.usual() {
            self.preemptions.push(Preemption { step: number, asks, site, chosen, next });
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        let bit = |thread: &ThreadId| 1_u64.checked_shl(thread.number()).unwrap_or(0);
        let could = ready.iter().chain(timed).map(bit).fold(0, |all, bit| all | bit);
        self.last.push_back(Chosen { number, asks, site, could, chosen });
        self.steps += 1;
    }

    pub(super) fn taken(&self, policy: String, threads: Vec<String>) -> Taken {
        let schedule = Schedule {
            policy,
            steps: self.steps,
            digest: self.digest.0,
            threads,
            preemptions: self.preemptions.clone(),
            arrivals: self.arrivals.clone(),
            pass_over: false,
        };
        Taken { schedule, last: self.last.iter().copied().collect() }
    }
}

/// A schedule that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it takes to take it again.
    pub schedule: Schedule,
    /// Its last steps; all, if they are few.
    pub last: Vec<Chosen>,
}

impl Taken {
    /// The line that tells of it: digest, steps, preemptions.
    #[must_use]
    pub fn summary(&self) -> String {
        let Schedule { digest, steps, preemptions, .. } = &self.schedule;
        format!("schedule: {digest:016x}, {steps} steps, {} preemptions", preemptions.len())
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedule, last } = self;
        writeln!(f, "{schedule}\n# The last {} steps:", last.len())?;
        last.iter().try_for_each(|step| writeln!(f, "# {step}"))
    }
}
