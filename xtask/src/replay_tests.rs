//! `cargo xtask replay-tests`: record and replay all scenarios, and judge them.
//!
//! The trials are those that `cargo test -p harness` runs. What this adds is for people: it builds first and shows
//! it, it has options instead of environment variables, and it ends with a table. The harness's test program does the work; it
//! is started with a selection in its environment, and appends a line of JSON for each trial to a
//! file that is read here while it grows.

mod follow;
mod progress;
mod search;
pub(crate) mod statistics;
mod table;

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::{history, process};
use follow::Line;
use progress::Progress;
use search::Search;
use table::Table;

/// Which trials, and how.
#[derive(Args)]
pub(crate) struct Options {
    /// Only scenarios of this architecture.
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// Only scenarios that this matches, like `aarch64/u-boot*`.
    #[arg(long, value_name = "GLOB")]
    scenario: Option<String>,
    /// Only this board of scenarios that have several.
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,
    /// With this engine, whatever the scenario says.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Under this load, whatever the scenario says.
    #[arg(long, value_name = "LOAD")]
    load: Option<String>,
    /// With this schedule of the emulator's threads, whatever the scenario says.
    #[arg(long, value_name = "SCHEDULE")]
    schedule: Option<String>,
    /// With this seed, whatever the scenario says.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// With these seeds; the end is not part of the range.
    #[arg(long, value_name = "A..B")]
    seeds: Option<String>,
    /// Recordings in each trial [default: 2].
    #[arg(long, value_name = "N")]
    repeat: Option<NonZeroU32>,
    /// Only this share of the trials: `slice:3/16`, or `hash:3/16` by their names.
    #[arg(long, value_name = "PARTITION")]
    partition: Option<String>,
    /// Begin no trial any more when one has failed, and say what it was.
    #[arg(long)]
    until_failure: bool,
    /// With this fault in the emulator, which is built with the feature `faults`: look for a seed that catches it.
    #[arg(long, value_name = "FAULT", conflicts_with = "bless")]
    fault: Option<String>,
    /// Accept the logs that come out as the golden ones.
    #[arg(long)]
    bless: bool,
    /// Only say which trials there are.
    #[arg(long)]
    list: bool,
    /// Trials at the same time [default: one for each core].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroU32>,
}

/// Why the trials did not all pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` could not be run: {1}")]
    Start(String, io::Error),
    #[error("`{0}` failed")]
    Build(String),
    #[error("{0}: {1}")]
    Report(PathBuf, io::Error),
    #[error("no trial matches; `--list` shows which there are")]
    NothingMatches,
    #[error("nothing could be run: fetch the guests that are missing")]
    NothingFetched,
    #[error("{0}")]
    Failed(Failures),
    #[error("not caught: {0}")]
    NotCaught(String),
    #[error("{0}: {1}")]
    Copy(PathBuf, io::Error),
    #[error(transparent)]
    History(#[from] history::Error),
    #[error("LOCKSTEP_BIN: there is no file {0}")]
    NoEmulator(PathBuf),
    /// The test program's own words for what is wrong with the selection.
    #[error("{0}")]
    Refused(String),
    #[error("the test program ended with {0} after {1} of {2} trials:\n{3}")]
    Died(String, usize, usize, String),
}

/// How many of what went wrong.
#[derive(Debug)]
pub(crate) struct Failures {
    trials: usize,
    disagreements: usize,
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trials failed: {}", self.trials)?;
        if self.disagreements > 0 {
            write!(f, "; configurations with several logs: {}", self.disagreements)?;
        }
        Ok(())
    }
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let root = crate::root();
    let emulator = build_emulator(root, options.fault.is_some())?;
    let mut tests = vec!["test", "--no-run", "--package", "harness", "--test", "scenarios"];
    if options.fault.is_some() {
        // They move over recordings themselves, with the fault.
        tests.extend(["--features", "faults"]);
    }
    let tests = build(root, "scenarios", &tests)?;
    let program = options.program(&tests, &emulator, root);
    if options.list { list(&program, &tests) } else { follow_trials(options, &program, root) }
}

/// The emulator that trials run: the one that `LOCKSTEP_BIN` names, or one built for it, for a trial with a fault in another way.
pub(crate) fn build_emulator(root: &Path, faulty: bool) -> Result<PathBuf, Error> {
    match std::env::var_os("LOCKSTEP_BIN") {
        Some(program) if Path::new(&program).is_file() => {
            Ok(std::path::absolute(&program).unwrap_or_else(|_| program.into()))
        }
        Some(program) => Err(Error::NoEmulator(program.into())),
        None if faulty => build_with_faults(root),
        None => build(root, "lockstep", &["build", "--release", "--package", "lockstep"]),
    }
}

/// An emulator that can be told to do what is wrong. It goes by another name, so that the next task finds the one without.
fn build_with_faults(root: &Path) -> Result<PathBuf, Error> {
    let built = build(
        root,
        "lockstep",
        &["build", "--release", "--package", "lockstep", "--features", "faults"],
    )?;
    let kept = built.with_file_name("lockstep-faults");
    // A program that runs cannot be written, but replaced.
    let new = built.with_file_name("lockstep-faults.new");
    let copied = fs::copy(&built, &new).and_then(|_| fs::rename(&new, &kept));
    copied.map_err(|error| Error::Copy(kept.clone(), error))?;
    Ok(kept)
}

/// What cargo says about a program that it built.
#[derive(Deserialize)]
struct Built {
    executable: Option<PathBuf>,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds a program with cargo, which shows what it does; gives where it is. (Tests come with the package's other programs.)
pub(crate) fn build(root: &Path, name: &str, arguments: &[&str]) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let shown = format!("cargo {}", arguments.join(" "));
    let mut arguments = arguments.to_vec();
    arguments.push("--message-format=json-render-diagnostics");
    let output = duct::cmd(cargo, &arguments).dir(root).stdin_null().stdout_capture().unchecked();
    let output = output.run().map_err(|error| Error::Start(shown.clone(), error))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Built>(line).ok());
    let mut programs =
        built.filter(|built| built.target.name == name).filter_map(|built| built.executable);
    match programs.next_back() {
        Some(program) if output.status.success() => Ok(program),
        _ => Err(Error::Build(shown)),
    }
}

impl Options {
    /// The test program with the selection in its environment.
    fn program(&self, tests: &Path, emulator: &Path, root: &Path) -> duct::Expression {
        let mut arguments = vec!["--logfile".to_owned(), "/dev/null".to_owned()];
        if self.list {
            arguments = vec!["--list".to_owned()];
        }
        arguments.extend(self.jobs.map(|jobs| format!("--test-threads={jobs}")));
        let seeds = self.seed.map(|seed| seed.to_string()).or_else(|| self.seeds.clone());
        let variables = [
            ("ARCH", self.arch.clone()),
            ("SCENARIO", self.scenario.clone()),
            ("BOARD", self.board.clone()),
            ("ENGINE", self.engine.clone()),
            ("LOAD", self.load.clone()),
            ("SCHEDULE", self.schedule.clone()),
            ("SEEDS", seeds),
            ("PARTITION", self.partition.clone()),
            ("FAULT", self.fault.clone()),
            ("UNTIL", self.searches().then(|| "failure".to_owned())),
            ("REPEAT", self.repeat.map(|repeat| repeat.to_string())),
        ];
        let mut program = duct::cmd(tests, arguments)
            .dir(root.join("harness"))
            .env("CARGO_MANIFEST_DIR", root.join("harness"))
            .env("LOCKSTEP_BIN", emulator)
            .env("INSTA_UPDATE", if self.bless { "always" } else { "no" })
            .env("INSTA_OUTPUT", "none")
            .unchecked();
        for (name, value) in variables {
            let name = format!("LOCKSTEP_{name}");
            program = match value {
                Some(value) => program.env(name, value),
                None => program.env_remove(name),
            };
        }
        program
    }

    /// Whether a failure is what is looked for.
    fn searches(&self) -> bool {
        self.until_failure || self.fault.is_some()
    }
}

fn list(program: &duct::Expression, tests: &Path) -> Result<(), Error> {
    let start = |error| Error::Start(tests.display().to_string(), error);
    let output = program.stdin_null().stdout_capture().run().map_err(start)?;
    if !output.status.success() {
        return Err(Error::Build("the test program with --list".to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    for name in &names {
        println!("{name}");
    }
    if names.is_empty() { Err(Error::NothingMatches) } else { Ok(()) }
}

/// Why the test program did not begin, if it says so.
fn refusal(status: Option<i32>, said: &str) -> Option<&str> {
    said.trim_end().strip_prefix("error: ").filter(|_| status == Some(2))
}

fn follow_trials(options: &Options, program: &duct::Expression, root: &Path) -> Result<(), Error> {
    let target = root.join("target");
    let failed = |error| Error::Report(target.clone(), error);
    // Of its own: several may run at the same time.
    let folder = tempfile::Builder::new().prefix("replay-tests-").tempdir_in(&target);
    let folder = folder.map_err(failed)?;
    let (report, output) = (folder.path().join("report.json"), folder.path().join("output.txt"));
    for path in [&report, &output] {
        fs::write(path, "").map_err(failed)?;
    }
    let program = program.env("LOCKSTEP_REPORT", &report).stdout_null().stderr_path(&output);
    let (program, _alive) = process::owned(&program).map_err(failed)?;
    let running = program.start().map_err(|error| Error::Start("harness".to_owned(), error))?;
    let mut progress = Progress::new(io::stderr().is_terminal());
    let mut table = Table::default();
    let mut search = Search::default();
    let status = follow::lines(&report, &running, |line| match line {
        Line::Plan(plan) => {
            progress.plan(plan.trials);
            table.plan(plan);
        }
        Line::Trial(trial) => {
            progress.trial(&trial);
            search.trial(&trial);
            table.trial(trial);
        }
    });
    let status = status.map_err(failed)?;
    progress.finish();
    let is_over = options.searches() && search.has_found();
    if (table.done() < table.planned() && !is_over) || !table.has_plan() {
        let said = fs::read_to_string(&output).unwrap_or_default();
        if let Some(reason) = refusal(status.code(), &said).filter(|_| !table.has_plan()) {
            return Err(Error::Refused(reason.to_owned()));
        }
        let (done, planned) = (table.done(), table.planned());
        return Err(Error::Died(status.to_string(), done, planned, said.trim_end().to_owned()));
    }
    print!("{table}");
    history::add(root, &history::Run::now(root, table.summary()))?;
    if table.planned() > 0 && options.searches() {
        println!("{}", search.verdict(options.fault.as_deref()));
        if let Some(fault) = &options.fault {
            let tried = search.tried();
            let missed = || Error::NotCaught(format!("{fault} in {tried} trials"));
            return search.has_caught().then_some(()).ok_or_else(missed);
        }
    }
    let failures = Failures { trials: table.failed(), disagreements: table.disagreements() };
    match table.planned() {
        0 if table.is_missing_guests() => Err(Error::NothingFetched),
        0 => Err(Error::NothingMatches),
        _ if failures.trials + failures.disagreements > 0 => Err(Error::Failed(failures)),
        _ if !status.success() => Err(Error::Build(format!("the test program ({status})"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    /// Catches a program that died and is taken for one that refused its options.
    #[test]
    fn only_what_is_refused_is_told_in_its_own_words() {
        assert_eq!(refusal(Some(2), "error: there is no share 4\n"), Some("there is no share 4"));
        assert_eq!(refusal(Some(101), "error: no memory\n"), None);
        assert_eq!(refusal(Some(2), "killed\n"), None);
    }
}
