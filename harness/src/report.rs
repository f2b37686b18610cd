//! What other programs are told about a run, while it goes on.
//!
//! `LOCKSTEP_REPORT` names a file to which a line of JSON is appended for the plan and for each trial that is done.
//! (Standard output belongs to the test framework's own format.) Each line is written at once, so that
//! several processes can share the file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::runner::Outcome;
use crate::trial::Trial;

/// Where the lines go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report(Option<PathBuf>);

/// A line.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Line<'a> {
    /// What will be run.
    Plan { trials: usize, not_fetched: &'a [NotFetched], not_tried: &'a [NotTried] },
    /// What came of a trial.
    Trial {
        name: String,
        scenario: &'a str,
        /// Recordings of one configuration should be the same file.
        configuration: String,
        repeatable: bool,
        passed: bool,
        /// How many recordings passed, with all that is done after each.
        repeats: u32,
        seed: u64,
        /// Digests of the recordings.
        logs: &'a [String],
        /// Digests of their schedules.
        schedules: &'a [String],
        seconds: f64,
        failure: Option<&'a str>,
        /// What was not tried, and why.
        note: Option<&'a str>,
    },
}

/// A scenario that cannot run until somebody fetches its guest.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NotFetched {
    pub(crate) scenario: String,
    pub(crate) command: String,
}

/// A trial that this host cannot run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NotTried {
    pub(crate) trial: String,
    pub(crate) reason: String,
}

impl Report {
    /// To the file that the environment names.
    pub(crate) fn from_environment() -> Self {
        Self(std::env::var_os("LOCKSTEP_REPORT").map(PathBuf::from))
    }

    pub(crate) fn line(&self, line: &Line<'_>) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
    }

    pub(crate) fn trial(&self, trial: &Trial, outcome: &Outcome, time: Duration) -> io::Result<()> {
        self.line(&Line::Trial {
            name: trial.name(),
            scenario: &trial.entry.name,
            configuration: trial.configuration(),
            repeatable: trial.entry.scenario.as_ref().is_ok_and(|s| s.expect.repeatable),
            passed: outcome.failure.is_none(),
            repeats: outcome.passed,
            seed: trial.seed,
            logs: &outcome.logs,
            schedules: &outcome.schedules,
            seconds: time.as_secs_f64(),
            failure: outcome.failure.as_deref(),
            note: outcome.note.as_deref(),
        })
    }

    /// A scenario that cannot be read.
    pub(crate) fn broken(&self, scenario: &str, failure: &str) -> io::Result<()> {
        self.line(&Line::Trial {
            name: format!("{scenario}/scenario"),
            scenario,
            configuration: scenario.to_owned(),
            repeatable: true,
            passed: false,
            repeats: 0,
            seed: 0,
            logs: &[],
            schedules: &[],
            seconds: 0.0,
            failure: Some(failure),
            note: None,
        })
    }
}
