//! `cargo xtask history`: what earlier runs of the trials found, and what has changed since.
//!
//! A scenario that fails once in a thousand times looks the same in one run as one that never does. So each run of
//! `cargo xtask replay-tests` leaves a line in `target/lockstep-history.jsonl`: small, appended to, and of no use to anything
//! but this. Lines are versioned; what cannot be read (a line cut off, another version) is passed over with a note.

mod compare;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::{Deserialize, Serialize};

/// What to show.
#[derive(Args)]
pub(crate) struct Options {
    /// Compare two runs by their numbers in the list; with one number, that run with the last one; without any, the last run
    /// with the one before it.
    #[arg(long, num_args = 0..=2, value_name = "RUN")]
    compare: Option<Vec<usize>>,
    /// Runs to list.
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: usize,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} has no runs; `cargo xtask replay-tests` adds one")]
    None(PathBuf),
    #[error("there are no two runs to compare in {0}; `cargo xtask replay-tests` adds one")]
    NotTwo(PathBuf),
    #[error("there is no run {0}: the last one is {1}")]
    NoSuchRun(usize, usize),
}

/// The version of the lines that are written.
const VERSION: u32 = 1;

/// One run of the trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    version: u32,
    /// Seconds since 1970.
    time: u64,
    /// What was checked out, if git knows.
    commit: Option<String>,
    /// The options, as they were given.
    options: String,
    pub(crate) scenarios: BTreeMap<String, Scenario>,
}

/// What came of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scenario {
    /// Recordings, with what is done after each.
    pub(crate) runs: u64,
    /// How many of them failed.
    pub(crate) failures: u64,
    /// Different logs of the configuration that had most.
    pub(crate) distinct_logs: usize,
    pub(crate) seconds: f64,
    /// A digest of the names of the boards and seeds that were tried.
    pub(crate) configurations: String,
    /// A digest of their logs.
    pub(crate) logs: String,
}

impl Run {
    /// A run that has just been made.
    pub(crate) fn now(root: &Path, scenarios: BTreeMap<String, Scenario>) -> Self {
        let git = duct::cmd!("git", "rev-parse", "--short", "HEAD").dir(root);
        let commit = git.stderr_null().stdin_null().read().ok();
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let options: Vec<_> = std::env::args().skip(2).collect();
        Self { version: VERSION, time, commit, options: options.join(" "), scenarios }
    }

    fn title(&self) -> String {
        let commit = self.commit.as_deref().unwrap_or("-");
        format!("{} {commit} {}", date(self.time), self.options).trim_end().to_owned()
    }
}

fn path(root: &Path) -> PathBuf {
    root.join("target/lockstep-history.jsonl")
}

/// Adds a run to those that there are.
pub(crate) fn add(root: &Path, run: &Run) -> Result<(), Error> {
    let path = path(root);
    let add = || {
        // After a line that was cut off, a new one begins.
        let before = fs::read(&path).unwrap_or_default();
        let mut line = String::new();
        if before.last().is_some_and(|byte| *byte != b'\n') {
            line.push('\n');
        }
        line.push_str(&serde_json::to_string(run)?);
        line.push('\n');
        OpenOptions::new().append(true).create(true).open(&path)?.write_all(line.as_bytes())
    };
    add().map_err(|error| Error::File(path.clone(), error))
}

/// The runs in a text, and notes on what is no run.
fn parse(text: &str) -> (Vec<Run>, Vec<String>) {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let (mut runs, mut notes) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let note = match serde_json::from_str::<Versioned>(line) {
            Ok(Versioned { version }) if version != VERSION => {
                format!("is of version {version}, not {VERSION}")
            }
            Err(error) => format!("is no run: {error}"),
            Ok(_) => match serde_json::from_str(line) {
                Ok(run) => {
                    runs.push(run);
                    continue;
                }
                Err(error) => format!("is no run: {error}"),
            },
        };
        notes.push(format!("line {} {note}", index + 1));
    }
    (runs, notes)
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let path = path(crate::root());
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::File(path, error)),
    };
    let (runs, notes) = parse(&text);
    for note in notes {
        eprintln!("note: {}: {note}; passed over", path.display());
    }
    let last = runs.len();
    let Some(wanted) = &options.compare else {
        if runs.is_empty() {
            return Err(Error::None(path));
        }
        for (index, run) in runs.iter().enumerate().skip(last.saturating_sub(options.last)) {
            let sum = |of: fn(&Scenario) -> u64| run.scenarios.values().map(of).sum::<u64>();
            let (all, failures) = (sum(|row| row.runs), sum(|row| row.failures));
            println!("{:>4}  {}: {failures} of {all} failed", index + 1, run.title());
        }
        return Ok(());
    };
    if last < 2 {
        return Err(Error::NotTwo(path));
    }
    let find = |number: usize| match number.checked_sub(1).and_then(|index| runs.get(index)) {
        Some(run) => Ok(run),
        None => Err(Error::NoSuchRun(number, last)),
    };
    let (before, after) = match **wanted {
        [] => (last - 1, last),
        [one] => (one, last),
        [one, other, ..] => (one, other),
    };
    print!("{}", compare::Comparison { before: find(before)?, after: find(after)? });
    Ok(())
}

/// A time as people write it, in UTC. (The calendar in days since 1 March of the year 0: leap days come last.)
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + next;
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(failures: u64) -> Run {
        let row = Scenario { runs: 10, failures, distinct_logs: 1, ..Scenario::default() };
        let scenarios = [("aarch64/hello".to_owned(), row)].into();
        Run { version: VERSION, time: 0, commit: None, options: String::new(), scenarios }
    }

    /// A history that one broken line makes useless would be deleted by the first who meets it.
    #[test]
    fn broken_lines_are_passed_over_with_a_note() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        let file = path(folder.path());
        add(folder.path(), &run(0)).unwrap();
        let whole = fs::read_to_string(&file).unwrap();
        let other = whole.replace("\"version\":1", "\"version\":7");
        fs::write(&file, format!("{whole}{other}not json\n{}", &whole[..40])).unwrap();
        add(folder.path(), &run(2)).unwrap();
        let (runs, notes) = parse(&fs::read_to_string(&file).unwrap());
        assert_eq!(runs, [run(0), run(2)]);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert_eq!(notes[0], "line 2 is of version 7, not 1");
        assert!(notes[1].starts_with("line 3 is no run") && notes[2].starts_with("line 4 is no"));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (1_735_689_599, "2024-12-31 23:59"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }
}
