//! `cargo xtask fault-table`: how soon each fault is caught.
//!
//! A program of the harness does the work; this builds it, and the emulator with the faults.

use std::num::NonZeroU64;

use clap::Args;

use crate::process;
use crate::replay_tests::{self, build, build_emulator};

/// How much.
#[derive(Args)]
pub(crate) struct Options {
    /// Searches for each fault, each from another first seed.
    #[arg(long, value_name = "N", default_value = "10")]
    searches: NonZeroU64,
    /// Seeds with which each scenario runs without its fault.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    clean: u64,
    /// Only these faults. May be given several times.
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
}

/// Why the table is not as it must be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Build(#[from] replay_tests::Error),
    #[error("the harness could not be run: {0}")]
    Start(std::io::Error),
    #[error("there is no table: the reason is above")]
    NoTable,
    #[error("a fault was not caught in each search, or something was found without one")]
    NotGood,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let root = crate::root();
    let emulator = build_emulator(root, true)?;
    let arguments =
        ["build", "--package", "harness", "--features", "faults", "--bin", "fault-table"];
    let program = build(root, "fault-table", &arguments)?;
    let numbers = [options.searches.to_string(), options.clean.to_string()];
    let program = duct::cmd(program, numbers.iter().chain(&options.fault))
        .dir(root.join("harness"))
        .env("CARGO_MANIFEST_DIR", root.join("harness"))
        .env("LOCKSTEP_BIN", emulator)
        .unchecked();
    let (program, _alive) = process::owned(&program).map_err(Error::Start)?;
    let output = program.run().map_err(Error::Start)?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(Error::NotGood),
        _ => Err(Error::NoTable),
    }
}
