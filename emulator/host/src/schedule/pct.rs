//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, 2010).
//!
//! Every thread has a priority, drawn when it is created, and the highest that can go does. At a few steps drawn in
//! advance, the change points, the thread that is there falls below all others. A bug that needs `depth` things to
//! happen in a certain order is met with a chance of at least `1 / (threads * steps ^ (depth - 1))` per seed: far more
//! often than by choices that are all independent, which rarely keep a thread away for long.
//!
//! The chance holds for change points drawn from as many steps as the run has. How many that will be is known to those
//! who ran it before, and can be said; otherwise each order of magnitude gets the same share of the change points.

use lockstep_core::{Rng, Use};

use super::ThreadId;
use super::control::{Choice, Step};
use super::trouble::Misfit;

/// Without a number of steps, change points are below 2 to this power.
const MAGNITUDES: u64 = 16;

/// The policy.
#[derive(Debug)]
pub struct Pct {
    seed: u64,
    depth: u32,
    steps: Option<u64>,
    rng: Rng,
    /// Of each thread; positive until it falls.
    priorities: Vec<i64>,
    /// The steps at which somebody falls, and how far.
    changes: Vec<(u64, i64)>,
    /// The lowest priority of a thread that went for too long.
    floor: i64,
}

impl Pct {
    /// A schedule that looks for bugs of `depth` (at least 1) in a run of about `steps`, drawn from `seed`.
    #[must_use]
    pub fn new(depth: u32, steps: Option<u64>, seed: u64) -> Self {
        let mut rng = Rng::new(seed, Use::Schedule);
        let mut point = || match steps {
            Some(steps) => rng.below(steps),
            None => {
                let magnitude = 1 << rng.below(MAGNITUDES);
                magnitude + rng.below(magnitude)
            }
        };
        let changes = (1..depth).map(|nth| (point(), -i64::from(nth))).collect();
        let floor = -i64::from(depth);
        Self { seed, depth, steps, rng, priorities: Vec::new(), changes, floor }
    }

    fn fall(&mut self, thread: ThreadId, to: i64) {
        if let Some(priority) = self.priorities.get_mut(thread.index()) {
            *priority = to;
        }
    }
}

impl Choice for Pct {
    fn name(&self) -> String {
        let steps = self.steps.map_or_else(String::new, |steps| format!(",steps={steps}"));
        format!("pct:depth={}{steps}, seed {}", self.depth, self.seed)
    }

    fn created(&mut self, _thread: ThreadId, _name: &str) -> Result<(), Misfit> {
        // So many that two threads never get the same.
        self.priorities.push((self.rng.next_u64() >> 1) as i64);
        Ok(())
    }

    fn choose(&mut self, step: &Step<'_>) -> Result<ThreadId, Misfit> {
        let due = |change: &&(u64, i64)| change.0 == step.number;
        let fall = self.changes.iter().filter(due).map(|(_, to)| *to).min();
        if let Some(to) = fall {
            self.fall(step.asks, to);
        }
        if step.turn_of.is_some() {
            self.floor -= 1;
            self.fall(step.asks, self.floor);
        }
        let priority = |thread: &&ThreadId| self.priorities.get(thread.index());
        // Time passes for those who wait when nobody else can go.
        let highest = step.ready.iter().max_by_key(priority).or(step.timed.first());
        let highest = if step.turn_of.is_some() && step.ready == [step.asks] {
            step.turn_of.as_ref()
        } else {
            highest
        };
        Ok(highest.copied().unwrap_or(step.asks))
    }
}
