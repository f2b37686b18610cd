//! The `lockstep` command line.
//!
//! This crate parses words, opens files and wires threads to a machine; what a machine does is decided in the layers
//! below, and what a failure means to a script is decided in [`failure`].

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the command line opens files and prints; no machine does (see emulator/clippy.toml)"
)]

mod args;
mod bisect;
mod debug;
mod failure;
mod faults;
mod front;
mod log_commands;
mod machines;
mod replay;
mod run;
mod schedule;
mod stats;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use failure::{Failure, Status};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Run(options) => {
            schedule::scheduled(&options.run.schedule, |baton| run::run(&options, baton))
        }
        Command::Record(options) => {
            schedule::scheduled(&options.run.schedule, |baton| run::record(&options, baton))
        }
        Command::Replay(options) => {
            schedule::scheduled(&options.schedule, |baton| replay::replay(&options, baton))
        }
        Command::Debug(options) => {
            schedule::scheduled(&options.schedule, |baton| debug::debug(&options, baton))
        }
        Command::Log(command) => log_commands::run(command),
        Command::Machines => machines::list(),
    };
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            report(&failure);
            Status::from(&failure).into()
        }
    }
}

/// Says what went wrong, and the causes that this does not say already.
fn report(failure: &Failure) {
    let mut said = failure.to_string();
    eprintln!("lockstep: {said}");
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            eprintln!("  because {text}");
            said = text;
        }
        cause = error.source();
    }
}
