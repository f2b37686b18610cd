//! `cargo xtask bench --time-travel`: how fast one moves over a recording.
//!
//! Measured inside one process, by the example `time-travel` of the emulator's package, since what is to be known is what
//! a debugger waits for.

use std::path::{Path, PathBuf};

use super::{Error, Timed};
use crate::replay_tests;

/// The guest that is recorded when there is no recording to measure.
const GUEST: &str = "scenarios/aarch64/guests/compute.elf";

/// Which recording to measure.
#[derive(clap::Args)]
pub(crate) struct TimeTravel {
    /// Measure how fast one moves over a recording
    #[arg(long)]
    pub(crate) time_travel: bool,
    /// This recording, in place of one of a small guest
    #[arg(long, value_name = "LOG", requires = "time_travel", requires = "kernel")]
    recording: Option<PathBuf>,
    /// The recording's kernel
    #[arg(long, value_name = "FILE", requires = "recording")]
    kernel: Option<PathBuf>,
    /// The recording's initial RAM disk
    #[arg(long, value_name = "FILE", requires = "recording")]
    initrd: Option<PathBuf>,
}

impl TimeTravel {
    pub(super) fn run(&self, lockstep: &Path, root: &Path, folder: &Path) -> Result<(), Error> {
        let build = ["build", "--release", "--package", "lockstep", "--example", "time-travel"];
        let program = replay_tests::build(root, "time-travel", &build)?;
        let (log, kernel) = match (&self.recording, &self.kernel) {
            (Some(log), Some(kernel)) => (log.clone(), kernel.clone()),
            _ => {
                let kernel = root.join(GUEST);
                let log = folder.join("time-travel.log");
                let record = ["record", "--no-input", "--engine", "auto", "--output"];
                let record = Timed::new("record", lockstep, &record).with(&log);
                record.with("--kernel").with(&kernel).run(&[])?;
                (log, kernel)
            }
        };
        let mut command = Timed::new("time travel", program, &[]).with(log).with(kernel);
        if let Some(initrd) = &self.initrd {
            command = command.with(initrd);
        }
        println!("{}\n{}", command.run(&[])?, command.line());
        Ok(())
    }
}
