//! Programs of the harness that work on one trial.
//!
//! They are told which by the environment, as the tests are; this builds them and the emulator, and has options instead.

use std::num::NonZeroU32;
use std::path::Path;

use clap::Args;

use crate::process;
use crate::replay_tests::{self, build, build_emulator};

/// Which trial.
#[derive(Args)]
pub(crate) struct OneTrial {
    /// The scenario, like `aarch64/timer`.
    #[arg(long, value_name = "NAME")]
    scenario: String,
    /// With this fault in the emulator, which is built with the feature `faults`.
    #[arg(long, value_name = "FAULT")]
    fault: Option<String>,
    /// The seed that fails.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The schedule that fails: `random`, `pct:depth=D`, or a saved one: a file, or the folder of a failure.
    #[arg(long, value_name = "SCHEDULE|FILE", default_value = "random")]
    schedule: String,
    /// The board, of scenarios that have several.
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,
    /// With this engine [default: the scenario's first].
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Recordings in each trial [default: 2].
    #[arg(long, value_name = "N")]
    repeat: Option<NonZeroU32>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Build(#[from] replay_tests::Error),
    #[error("the harness could not be run: {0}")]
    Start(std::io::Error),
    #[error("{0}")]
    No(&'static str),
    #[error("there is no answer: the reason is above")]
    NoAnswer,
}

impl OneTrial {
    /// Runs a program of the harness on it, under a load. `no` is what it means when that says no.
    pub(crate) fn run(
        &self,
        program: &str,
        load: &str,
        arguments: &[String],
        no: &'static str,
    ) -> Result<(), Error> {
        let root = crate::root();
        let emulator = build_emulator(root, self.fault.is_some())?;
        let mut build_it = vec!["build", "--package", "harness", "--bins"];
        if self.fault.is_some() {
            // It moves over recordings itself, with the fault.
            build_it.extend(["--features", "faults"]);
        }
        let program = build(root, program, &build_it)?;
        let mut command = duct::cmd(program, arguments)
            .dir(root.join("harness"))
            .env("CARGO_MANIFEST_DIR", root.join("harness"))
            .env("LOCKSTEP_BIN", emulator)
            .env("INSTA_UPDATE", "no")
            .env("INSTA_OUTPUT", "none")
            .unchecked();
        for (name, value) in self.variables(load) {
            let name = format!("LOCKSTEP_{name}");
            command = match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let (command, _alive) = process::owned(&command).map_err(Error::Start)?;
        let output = command.run().map_err(Error::Start)?;
        match output.status.code() {
            Some(0) => Ok(()),
            Some(1) => Err(Error::No(no)),
            _ => Err(Error::NoAnswer),
        }
    }

    fn variables(&self, load: &str) -> [(&'static str, Option<String>); 11] {
        [
            ("ARCH", None),
            ("SCENARIO", Some(self.scenario.clone())),
            ("BOARD", self.board.clone()),
            ("ENGINE", self.engine.clone()),
            ("LOAD", Some(load.to_owned())),
            ("SCHEDULE", Some(schedule(&self.schedule))),
            ("SEEDS", Some(self.seed.to_string())),
            ("PARTITION", None),
            ("FAULT", self.fault.clone()),
            ("UNTIL", None),
            ("REPEAT", self.repeat.map(|repeat| repeat.to_string())),
        ]
    }
}

/// A file is a schedule, too. Elsewhere than here it has to be named in full.
fn schedule(text: &str) -> String {
    let file = text.strip_prefix("replay:").unwrap_or(text);
    match std::path::absolute(file) {
        Ok(path) if Path::new(file).exists() => format!("replay:{}", path.display()),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::schedule;

    /// Catches a file that is taken for a policy, and a path that the harness would look for elsewhere.
    #[test]
    fn files_are_schedules() {
        let here = std::env::current_dir().expect("somewhere");
        let expected = format!("replay:{}", here.join("Cargo.toml").display());
        assert_eq!(schedule("Cargo.toml"), expected);
        assert_eq!(schedule("replay:Cargo.toml"), expected);
        assert_eq!(schedule("pct:depth=3"), "pct:depth=3");
        assert_eq!(schedule("random"), "random");
    }
}
