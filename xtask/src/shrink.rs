//! `cargo xtask shrink`: the fewest swapped steps with which a scenario still fails.

use clap::Args;

use crate::one_trial::{Error, OneTrial};

/// Which trial.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    trial: OneTrial,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    options.trial.run("shrink", "none", &[], "not shrunk")
}
