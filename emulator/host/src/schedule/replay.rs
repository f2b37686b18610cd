//! A saved schedule, taken again.
//!
//! Where the file has a line for a step, that is what happens; elsewhere what usually does. A line that does not fit
//! ends the run: from there on it would be some other schedule. Unless the file says that such lines are passed over.

use super::ThreadId;
use super::control::{Arrivals, Choice, Step};
use super::saved::{Arrival, Preemption, Schedule, named};
use super::trouble::Misfit;

/// The policy.
#[derive(Debug)]
pub struct Replay {
    schedule: Schedule,
    /// Lines that are done with.
    preempted: usize,
}

impl Replay {
    /// The schedule `schedule`.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, preempted: 0 }
    }

    fn named(&self, thread: ThreadId) -> String {
        named(thread, self.schedule.threads.get(thread.index()).map_or("", String::as_str))
    }

    fn check(&self, line: &Preemption, step: &Step<'_>) -> Result<(), Misfit> {
        if (line.asks, line.site) != (step.asks, step.site) {
            return Err(Misfit::OtherStep {
                step: step.number,
                expected: format!("{} at {}", self.named(line.asks), line.site),
                found: format!("{} at {}", self.named(step.asks), step.site),
            });
        }
        if !step.can_go(line.chosen) {
            let name = self.schedule.threads.get(line.chosen.index()).cloned();
            let (thread, name) = (line.chosen, name.unwrap_or_default());
            return Err(Misfit::NotReady { step: step.number, thread, name });
        }
        Ok(())
    }
}

impl Choice for Replay {
    fn name(&self) -> String {
        // What is taken is the same schedule, whoever takes it.
        self.schedule.policy.clone()
    }

    fn created(&mut self, thread: ThreadId, name: &str) -> Result<(), Misfit> {
        match self.schedule.threads.get(thread.index()) {
            Some(expected) if expected != name && !self.schedule.pass_over => {
                let (expected, found) = (expected.clone(), name.to_owned());
                Err(Misfit::OtherThread { thread, expected, found })
            }
            _ => Ok(()),
        }
    }

    fn arrivals(&self, step: u64) -> Arrivals {
        if self.schedule.pass_over {
            return Arrivals::AsTheyCome;
        }
        let arrivals = &self.schedule.arrivals;
        let first = arrivals.partition_point(|arrival| arrival.step < step);
        if first == arrivals.len() {
            return Arrivals::WhenNobodyGoes;
        }
        let now = arrivals[first..].iter().take_while(|arrival| arrival.step == step);
        Arrivals::These(now.map(|Arrival { thread, .. }| *thread).collect())
    }

    fn choose(&mut self, step: &Step<'_>) -> Result<ThreadId, Misfit> {
        while let Some(line) = self.schedule.preemptions.get(self.preempted) {
            if line.step > step.number {
                break;
            }
            self.preempted += 1;
            match self.check(line, step) {
                Ok(()) => return Ok(line.chosen),
                Err(_) if self.schedule.pass_over => {}
                Err(misfit) => return Err(misfit),
            }
        }
        Ok(step.usual())
    }

    fn finish(&self, steps: u64) -> Result<(), Misfit> {
        match self.schedule.preemptions.get(self.preempted) {
            Some(line) if !self.schedule.pass_over => {
                Err(Misfit::NotReached { step: line.step, steps })
            }
            _ => Ok(()),
        }
    }
}
