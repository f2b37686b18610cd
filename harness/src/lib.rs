//! Scenarios: what they say, how they run, how what came out is judged.
//!
//! An emulator that promises the same log every time has to be held to it on every machine, under load, with every engine.
//! This crate turns the files under `scenarios/` into trials ([`suite`]), runs each in processes of its own
//! ([`runner`]), compares what comes out with what must ([`golden`]), and says what differs first and how to see it
//! again ([`Failure`]). `cargo test`, `cargo nextest` and `cargo xtask replay-tests` all run these trials.

pub mod catalog;
pub mod emulator;
mod failure;
pub mod gdb;
pub mod golden;
pub mod load;
pub mod owner;
pub mod page;
pub mod partition;
pub mod process;
mod reaper;
mod report;
pub mod runner;
pub mod schema;
pub mod selection;
pub mod shrink;
pub mod suite;
pub mod travel;
pub mod trial;

use std::process::ExitCode;

pub use failure::Failure;

/// How a program of this crate ends that was asked whether something is so: 0 for yes, 1 for no, 2 where it cannot say.
#[must_use]
pub fn answer(outcome: Result<bool, String>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
