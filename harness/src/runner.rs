//! Running a trial: record, replay, compare.
//!
//! Everything happens in a folder of the trial's own. Of a trial that passes nothing remains; of one that fails, all: the
//! logs, the consoles, what was said, and the command that runs it again.

mod attempt;
#[cfg(feature = "faults")]
pub mod hunt;
mod prefix;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::fetch_command;
use crate::failure::Failure;
use crate::golden::Goldens;
use crate::load::Running;
use crate::page::Page;
use crate::schema::Scenario;
use crate::trial::Trial;
use attempt::{Attempt, DIVERGENCE, Done};

/// What all trials of a run have in common.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The repository.
    pub root: PathBuf,
    /// Where trials work, and where what failed is kept.
    pub target: PathBuf,
    /// The reviewed logs.
    pub goldens: Goldens,
}

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The digest of each recording.
    pub logs: Vec<String>,
    /// The digest of each recording's schedule, if somebody took note of it.
    pub schedules: Vec<String>,
    /// How many recordings passed, with all that is done after each.
    pub passed: u32,
    /// What went wrong, as a text for people.
    pub failure: Option<String>,
    /// Whether the failure is what gives away the trial's fault.
    pub caught: bool,
    /// What was not tried, and why.
    pub note: Option<String>,
}

impl Runner {
    /// Runs a trial with the emulator that `find` finds.
    pub fn run(
        &self,
        trial: &Trial,
        find: impl FnOnce() -> Result<PathBuf, String>,
    ) -> io::Result<Outcome> {
        let scenario = match &trial.entry.scenario {
            Ok(scenario) => scenario,
            Err(error) => {
                return Ok(Outcome { failure: Some(error.report()), ..Outcome::default() });
            }
        };
        let work = self.target.join("lockstep-trials");
        fs::create_dir_all(&work).map_err(|error| named(&work, &error))?;
        let folder = tempfile::Builder::new().prefix("trial-").tempdir_in(&work)?;
        let mut done = Done::default();
        let result = self.attempt(trial, scenario, folder.path(), find, &mut done);
        let Done { logs, schedules, passed } = done;
        let caught = result.as_ref().is_err_and(|failure| gives_away(trial, scenario, failure));
        let (failure, note) = match result {
            Ok(note) => (None, note),
            Err(failure) => {
                let kept = self.keep(trial, &failure, folder);
                // Where there is no room for it, it is a failure all the same.
                let told = |error| format!("{}: {failure}\n  not kept: {error}", trial.name());
                (Some(kept.unwrap_or_else(told)), None)
            }
        };
        Ok(Outcome { logs, schedules, passed, failure, caught, note })
    }

    fn attempt(
        &self,
        trial: &Trial,
        scenario: &Scenario,
        folder: &Path,
        find: impl FnOnce() -> Result<PathBuf, String>,
        done: &mut Done,
    ) -> Result<Option<String>, Failure> {
        let missing = trial.entry.not_fetched(&self.root);
        if !missing.is_empty() {
            return Err(Failure::NotFetched(fetch_command(&missing)));
        }
        let emulator = find().map_err(Failure::NoEmulator)?;
        let load = Running::start(&trial.load, trial.seed, folder)?;
        let emulator = &emulator;
        Attempt { runner: self, trial, scenario, folder, emulator, load: &load, done }.run()
    }

    /// Keeps what a failed trial leaves behind, and tells all about it.
    fn keep(
        &self,
        trial: &Trial,
        failure: &Failure,
        folder: tempfile::TempDir,
    ) -> io::Result<String> {
        let place = self.target.join("lockstep-failures").join(trial.name());
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        let parent = place.parent().unwrap_or(&place);
        fs::create_dir_all(parent).map_err(|error| named(parent, &error))?;
        let (from, to) = (folder.keep(), place.to_string_lossy().into_owned());
        fs::rename(&from, &place)?;
        // Paths in the texts are those of the folder that is now elsewhere.
        let failure = failure.to_string().replace(&*from.to_string_lossy(), &to);
        let schedules: String = attempt::schedules(&place)?
            .iter()
            .map(|(name, digest)| format!("  schedule: {digest} {name}\n"))
            .collect();
        let text = format!(
            "{}: {}\n  seed: {}\n{schedules}  kept: {to}\n  again: {}",
            trial.name(),
            failure.trim_end(),
            trial.seed,
            trial.command(),
        );
        fs::write(place.join("failure.txt"), format!("{text}\n"))?;
        let page = self.page(trial, &failure, &place, &text);
        fs::write(place.join("failure.html"), page.html())?;
        Ok(text)
    }

    fn page(&self, trial: &Trial, failure: &str, place: &Path, text: &str) -> Page {
        // What is not there or cannot be read is not shown; everything is in the text, too.
        let report = fs::read(place.join(DIVERGENCE)).ok();
        let divergence = report.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Page {
            title: trial.name(),
            failure: failure.lines().next().unwrap_or_default().to_owned(),
            facts: vec![("seed", trial.seed.to_string()), ("kept", place.display().to_string())],
            command: trial.command(),
            divergence,
            schedules: attempt::lanes(place),
            text: text.to_owned(),
        }
    }
}

/// An error of the host, with the place that it is about.
fn named(place: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", place.display()))
}

/// Whether a failure gives away the trial's fault: in the way that the scenario says, if it is there for that fault.
fn gives_away(trial: &Trial, scenario: &Scenario, failure: &Failure) -> bool {
    let expect = &scenario.expect;
    match &trial.fault {
        None => false,
        fault if *fault != scenario.fault => failure.gives_away().is_some(),
        _ => {
            let says = |text: &String| failure.to_string().contains(text.as_str());
            failure.gives_away() == expect.caught && expect.says.as_ref().is_none_or(says)
        }
    }
}
