//! Developer tasks, run as `cargo xtask TASK`.
//!
//! This file only chooses: each task has a file of its own. The tasks depend on
//! none of our crates, so that they build in seconds in a fresh clone.

mod bench;
mod guests;
mod history;
#[cfg(test)]
mod layers;
mod process;
mod replay_tests;
mod scenario;

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
    /// Measure the interpreter, what recording costs, and the ratio to QEMU.
    Bench(bench::Arguments),
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
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Bench(arguments) => bench::run(&arguments).map_err(|error| error.to_string()),
        Task::Guests(command) => guests::run(&command).map_err(|error| error.to_string()),
        Task::History(options) => history::run(&options).map_err(|error| error.to_string()),
        Task::ReplayTests(options) => {
            replay_tests::run(&options).map_err(|error| error.to_string())
        }
        Task::Scenario(command) => scenario::run(&command).map_err(|error| error.to_string()),
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
