//! All trials, as a test framework wants them.
//!
//! Each trial is one test, with libtest's command line: so filters, lists, nextest's partitions, retries and JUnit files
//! work without our doing. Whether a trial can run is decided when it is listed: one that finds out while it runs
//! that it cannot would count as passed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial as Test};

use crate::catalog::{self, Entry, fetch_command};
use crate::emulator;
use crate::golden::Goldens;
use crate::load;
use crate::owner;
use crate::report::{Line, NotFetched, NotTried, Report};
use crate::runner::{Outcome, Runner};
use crate::selection::Selection;
use crate::trial::Trial;

/// The root of the repository: of the one that is there when the tests run, which nextest's archives may move.
#[must_use]
pub fn repository() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").to_owned();
    let harness = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| built()));
    harness.parent().map_or(harness.clone(), Path::to_owned)
}

/// Runs or lists the trials that the environment and the arguments select.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let suite = match Suite::from_environment() {
        Ok(suite) => suite,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if !arguments.list {
        owner::end_with_owner();
        suite.announce();
    }
    libtest_mimic::run(arguments, suite.tests()).exit_code()
}

struct Suite {
    runner: Arc<Runner>,
    report: Report,
    trials: Vec<Trial>,
    broken: Vec<Arc<Entry>>,
    not_fetched: Vec<NotFetched>,
    not_tried: Vec<NotTried>,
    /// Whether a trial has failed after which none is begun.
    over: Option<Arc<AtomicBool>>,
}

impl Suite {
    fn from_environment() -> Result<Self, String> {
        let selection = Selection::from_environment()?;
        let root = repository();
        let entries = catalog::read(&root).map_err(|error| error.to_string())?;
        let runner = Runner {
            target: target(&root),
            goldens: Goldens::in_folder(root.join("golden")),
            root,
        };
        let mut suite = Self {
            runner: Arc::new(runner),
            report: Report::from_environment(),
            trials: Vec::new(),
            broken: Vec::new(),
            not_fetched: Vec::new(),
            not_tried: Vec::new(),
            over: selection.until_failure.then(Arc::default),
        };
        for entry in entries {
            if selection.wants(entry.arch(), &entry.name) {
                suite.add(Arc::new(entry), &selection);
            }
        }
        if let Some(partition) = &selection.partition {
            let mut place = 0..;
            suite.trials.retain(|trial| partition.has(place.next().unwrap_or(0), &trial.name()));
        }
        for trial in &suite.trials {
            if let Some(reason) = load::impossible(&trial.load) {
                suite.not_tried.push(NotTried { trial: trial.name(), reason });
            }
        }
        Ok(suite)
    }

    fn add(&mut self, entry: Arc<Entry>, selection: &Selection) {
        let Ok(scenario) = &entry.scenario else {
            self.broken.push(entry);
            return;
        };
        let missing = entry.not_fetched(&self.runner.root);
        if !missing.is_empty() {
            let (scenario, command) = (entry.name.clone(), fetch_command(&missing));
            self.not_fetched.push(NotFetched { scenario, command });
        }
        self.trials.extend(Trial::all(&entry, scenario, selection));
    }

    /// Says before the first trial what will be missing from the results.
    fn announce(&self) {
        for NotFetched { scenario, command } in &self.not_fetched {
            eprintln!("not fetched: {scenario}; run `{command}`");
        }
        for NotTried { trial, reason } in &self.not_tried {
            eprintln!("not tried: {trial}: {reason}");
        }
        let trials = self.trials.iter().filter(|trial| self.is_possible(trial)).count();
        let trials = trials + self.broken.len();
        let (not_fetched, not_tried) = (&self.not_fetched, &self.not_tried);
        let plan = Line::Plan { trials, not_fetched, not_tried };
        if let Err(error) = self.report.line(&plan) {
            eprintln!("warning: LOCKSTEP_REPORT: {error}");
        }
    }

    fn is_possible(&self, trial: &Trial) -> bool {
        !self.not_fetched.iter().any(|missing| missing.scenario == trial.entry.name)
            && load::impossible(&trial.load).is_none()
    }

    fn tests(self) -> Vec<Test> {
        let mut tests: Vec<_> =
            self.broken.iter().map(|entry| broken(entry, &self.report)).collect();
        for trial in &self.trials {
            let ignored = !self.is_possible(trial);
            let (trial, runner) = (trial.clone(), Arc::clone(&self.runner));
            let (report, over) = (self.report.clone(), self.over.clone());
            let test = Test::test(trial.name(), move || {
                if over.as_ref().is_some_and(|over| over.load(Ordering::SeqCst)) {
                    return Ok(());
                }
                let result = run_one(&runner, &report, &trial);
                if let (Some(over), Err(_)) = (over, &result) {
                    over.store(true, Ordering::SeqCst);
                }
                result
            });
            tests.push(test.with_ignored_flag(ignored));
        }
        tests
    }
}

/// A scenario that cannot be read is a trial that fails.
fn broken(entry: &Arc<Entry>, report: &Report) -> Test {
    let (entry, report) = (Arc::clone(entry), report.clone());
    Test::test(format!("{}/scenario", entry.name), move || {
        let Err(error) = &entry.scenario else { return Ok(()) };
        let text = error.report();
        report.broken(&entry.name, &text)?;
        Err(format!("\n{text}").into())
    })
}

fn run_one(runner: &Runner, report: &Report, trial: &Trial) -> Result<(), Failed> {
    let start = Instant::now();
    let find = || emulator::find(&runner.root).map(Path::to_owned);
    // What the host refuses is told as all failures are.
    let refused = |error: io::Error| format!("{}: {error}", trial.name());
    let outcome = runner
        .run(trial, find)
        .unwrap_or_else(|error| Outcome { failure: Some(refused(error)), ..Outcome::default() });
    report.trial(trial, &outcome, start.elapsed())?;
    outcome.failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// The folder for what is made while testing.
fn target(root: &Path) -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let path = root.join(chosen.unwrap_or_else(|| "target".into()));
    io::Result::unwrap_or(std::path::absolute(&path), path)
}
