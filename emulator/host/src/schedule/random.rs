//! A seeded schedule: at every point at which another thread could go, one of those that can is drawn, each with the
//! same chance.

use lockstep_core::{Rng, Use};

use super::ThreadId;
use super::control::{Choice, Step};
use super::trouble::Misfit;

/// The policy.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    rng: Rng,
}

impl Random {
    /// A schedule whose choices come from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, rng: Rng::new(seed, Use::Schedule) }
    }
}

impl Choice for Random {
    fn name(&self) -> String {
        format!("random, seed {}", self.seed)
    }

    fn choose(&mut self, step: &Step<'_>) -> Result<ThreadId, Misfit> {
        let all = step.ready.len() + step.timed.len();
        // A choice of one draws nothing, so threads that have nothing to decide do not shift the others' choices.
        let nth = if all == 1 { 0 } else { self.rng.below(all as u64) as usize };
        Ok(step.ready.iter().chain(step.timed).nth(nth).copied().unwrap_or(step.asks))
    }
}
