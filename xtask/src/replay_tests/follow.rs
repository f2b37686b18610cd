//! Reading the harness's report while it is written.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use serde::Deserialize;

/// A line of the report.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Line {
    Plan(Plan),
    Trial(Trial),
}

/// What will be run.
#[derive(Debug, Deserialize)]
pub(super) struct Plan {
    pub(super) trials: usize,
    pub(super) not_fetched: Vec<NotFetched>,
    #[serde(default)]
    pub(super) not_tried: Vec<NotTried>,
}

/// A trial that this host cannot run.
#[derive(Debug, Deserialize)]
pub(super) struct NotTried {
    pub(super) trial: String,
    pub(super) reason: String,
}

/// A scenario that cannot run until somebody fetches its guest.
#[derive(Debug, Deserialize)]
pub(super) struct NotFetched {
    pub(super) scenario: String,
    pub(super) command: String,
}

/// What came of a trial.
#[derive(Debug, Deserialize)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) scenario: String,
    /// Of one configuration there should be one log.
    pub(super) configuration: String,
    pub(super) repeatable: bool,
    pub(super) passed: bool,
    /// How many recordings passed, with all that is done after each.
    #[serde(default)]
    pub(super) repeats: u64,
    #[serde(default)]
    pub(super) seed: u64,
    /// Digests of the recordings.
    pub(super) logs: Vec<String>,
    /// Digests of their schedules, if somebody took note of them.
    #[serde(default)]
    pub(super) schedules: Vec<String>,
    pub(super) seconds: f64,
    pub(super) failure: Option<String>,
    /// What was not tried, and why.
    #[serde(default)]
    pub(super) note: Option<String>,
}

/// Gives each line to `take` as soon as it is there, until the program has ended and all are read.
pub(super) fn lines(
    report: &Path,
    running: &duct::Handle,
    mut take: impl FnMut(Line),
) -> io::Result<ExitStatus> {
    let mut report = BufReader::new(File::open(report)?);
    let mut text = String::new();
    loop {
        let ended = running.wait_timeout(Duration::from_millis(100))?.map(|output| output.status);
        // A line may be there in part; then the rest is added to it the next time.
        while report.read_line(&mut text)? > 0 && text.ends_with('\n') {
            take(serde_json::from_str(&text).map_err(io::Error::other)?);
            text.clear();
        }
        if let Some(status) = ended {
            return Ok(status);
        }
    }
}
