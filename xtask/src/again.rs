//! `cargo xtask again`: a seed that fails, many times, on a busy host. It must fail in the same way each time.

use std::num::NonZeroU32;

use clap::Args;

use crate::one_trial::{Error, OneTrial};

/// Which trial, and how often.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    trial: OneTrial,
    /// How often.
    #[arg(long, value_name = "N", default_value = "50")]
    times: NonZeroU32,
    /// Under this load.
    #[arg(long, value_name = "LOAD", default_value = "cpu")]
    load: String,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let times = [options.times.to_string()];
    options.trial.run("again", &options.load, &times, "not the same failure each time")
}
