//! Hunting a fault: one seed after the other, until it is caught.
//!
//! A scenario with a `fault` passes when the fault, switched on, is given away in the way that it says, by one of its seeds; and when
//! without it no seed gives anything away. Seeds decide the schedules of the emulator's threads, and the guest's random numbers.

use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use super::Runner;
use super::attempt::Done;
use super::gives_away;
use crate::failure::Failure;
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
            let trial = Trial { fault: scenario.fault.clone(), seed, ..trial.clone() };
            let Err(failure) = self.one(&trial, scenario, emulator)? else { continue };
            return if gives_away(&trial, scenario, &failure) {
                Ok(Catch { seed, missed, text: failure.to_string() })
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
            let trial = Trial { fault: None, seed, ..trial.clone() };
            if let Err(failure) = self.one(&trial, scenario, emulator)? {
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
        let find = || Ok(emulator.to_owned());
        let attempt = self.attempt(trial, scenario, folder.path(), find, &mut Done::default());
        Ok(attempt.map(|_| ()))
    }
}

impl Trial {
    /// What a hunt runs.
    #[must_use]
    pub fn hunted(entry: std::sync::Arc<crate::catalog::Entry>, engine: Engine) -> Self {
        let (load, schedule) = (Load::default(), Schedule::Random);
        let recordings = entry.scenario.as_ref().map_or(NonZeroU32::MIN, |it| it.repeat);
        Self { entry, board: None, engine, load, schedule, seed: 0, fault: None, recordings }
    }
}
