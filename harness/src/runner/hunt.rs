//! Hunting a fault: one seed after the other, until it is caught.
//!
//! A scenario with a `fault` passes when the fault, switched on, is given away in the way that it says, by one of its seeds; and when
//! without it no seed gives anything away. From a seed derive the guest's random numbers and the schedule of each process.

use std::fs;
use std::io;
use std::path::Path;

use super::Runner;
use super::attempt::{Attempt, Done};
use crate::failure::Failure;
use crate::load::Running;
use crate::schema::{Engine, Load, Scenario, Schedule};
use crate::trial::Trial;

/// A fault that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catch {
    /// By this seed.
    pub seed: u64,
    /// After so many that did not.
    pub missed: u64,
    /// What gave it away.
    pub text: String,
}

/// A hunt that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HuntError {
    /// It is still at large.
    #[error("not caught by any of {0} seeds")]
    NotCaught(u64),
    /// Something was found, but not what was expected.
    #[error("seed {seed}: {failure}")]
    Unexpected {
        /// By this seed.
        seed: u64,
        /// What was found.
        failure: Box<Failure>,
    },
    /// The host failed us.
    #[error("host: {0}")]
    Host(#[from] io::Error),
}

impl Runner {
    /// Runs a scenario with its fault on, until a seed catches it.
    ///
    /// # Errors
    /// See [`HuntError`].
    pub fn hunt(
        &self,
        trial: &Trial,
        scenario: &Scenario,
        seeds: &[u64],
        emulator: &Path,
    ) -> Result<Catch, HuntError> {
        for (missed, &seed) in (0..).zip(seeds) {
            let hunted = Trial { seed, fault: scenario.fault.clone(), ..trial.clone() };
            let Err(failure) = self.one(&hunted, scenario, emulator)? else { continue };
            let text = failure.to_string();
            let expected = failure.gives_away() == scenario.expect.caught
                && scenario.expect.says.as_ref().is_none_or(|says| text.contains(says.as_str()));
            return if expected {
                Ok(Catch { seed, missed, text })
            } else {
                Err(HuntError::Unexpected { seed, failure: Box::new(failure) })
            };
        }
        Err(HuntError::NotCaught(seeds.len() as u64))
    }

    /// Runs it without the fault, in the same way.
    ///
    /// # Errors
    /// The first seed that finds something.
    pub fn hunt_for_nothing(
        &self,
        trial: &Trial,
        scenario: &Scenario,
        seeds: &[u64],
        emulator: &Path,
    ) -> Result<(), HuntError> {
        for &seed in seeds {
            let clean = Trial { seed, fault: None, ..trial.clone() };
            if let Err(failure) = self.one(&clean, scenario, emulator)? {
                return Err(HuntError::Unexpected { seed, failure: Box::new(failure) });
            }
        }
        Ok(())
    }

    fn one(
        &self,
        trial: &Trial,
        scenario: &Scenario,
        emulator: &Path,
    ) -> io::Result<Result<(), Failure>> {
        let work = self.target.join("lockstep-trials");
        fs::create_dir_all(&work)?;
        let folder = tempfile::Builder::new().prefix("hunt-").tempdir_in(&work)?;
        let (folder, done) = (folder.path(), &mut Done::default());
        let load = &Running::start(&trial.load, trial.seed, folder)?;
        let attempt = Attempt { runner: self, trial, scenario, folder, emulator, load, done };
        Ok({ attempt }.run().map(|_| ()))
    }
}

impl Trial {
    /// What a hunt runs.
    #[must_use]
    pub fn hunted(entry: std::sync::Arc<crate::catalog::Entry>, engine: Engine) -> Self {
        let (load, schedule, seed) = (Load::default(), Schedule::Random, 0);
        Self { entry, board: None, engine, load, schedule, seed, fault: None }
    }
}
