//! Developer tasks, run as `cargo xtask TASK`.
//!
//! This file only chooses: each task has a file of its own. The tasks depend on
//! none of our crates, so that they build in seconds in a fresh clone.

mod again;
mod bench;
mod fault_table;
mod guests;
mod history;
#[cfg(test)]
mod layers;
mod one_trial;
mod process;
mod replay_tests;
mod scenario;
mod shrink;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks of Lockstep")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run a seed that fails many times under load, and compare the failures.
    Again(again::Options),
    /// Measure the interpreter, what recording costs, and the ratio to QEMU.
    Bench(bench::Arguments),
    /// Say how soon each fault is caught, and whether anything is caught without one.
    FaultTable(fault_table::Options),
    /// Build the small guests, or fetch real ones.
    #[command(subcommand)]
    Guests(guests::Command),
    /// Show what earlier runs of the scenarios found, and what has changed since.
    History(history::Options),
    /// Record and replay all scenarios, and judge what comes out.
    ReplayTests(replay_tests::Options),
    /// Write a new scenario, or the schema of scenarios.
    #[command(subcommand)]
    Scenario(scenario::Command),
    /// Take out of a schedule that fails what it does not need to fail.
    Shrink(shrink::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Again(options) => again::run(&options).map_err(|error| error.to_string()),
        Task::Bench(arguments) => bench::run(&arguments).map_err(|error| error.to_string()),
        Task::FaultTable(options) => fault_table::run(&options).map_err(|error| error.to_string()),
        Task::Guests(command) => guests::run(&command).map_err(|error| error.to_string()),
        Task::History(options) => history::run(&options).map_err(|error| error.to_string()),
        Task::ReplayTests(options) => {
            replay_tests::run(&options).map_err(|error| error.to_string())
        }
        Task::Scenario(command) => scenario::run(&command).map_err(|error| error.to_string()),
        Task::Shrink(options) => shrink::run(&options).map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
