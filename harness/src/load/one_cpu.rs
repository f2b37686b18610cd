//! Processes that share one core: whatever two of them do at the same time elsewhere, here one of them waits.

use std::io;

use lockstep_core::{Rng, Use};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that processes may use.
#[derive(Clone, Debug, Default)]
pub struct Cores(Option<CpuSet>);

impl Cores {
    /// One of those that we may use. Trials that run at the same time have one each, if their seeds differ.
    pub(super) fn one(seed: u64) -> io::Result<Self> {
        let ours = sched_getaffinity(None)?;
        let cores: Vec<_> = (0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core)).collect();
        let chosen = Rng::new(seed, Use::Load).below(cores.len() as u64) as usize;
        let mut one = CpuSet::new();
        one.set(*cores.get(chosen).ok_or_else(|| io::Error::other("this host has no core"))?);
        Ok(Self(Some(one)))
    }

    /// Does something that starts processes, which then have these cores: they inherit them from the thread that starts them.
    /// (To set them afterwards would be too late for threads that are there already.)
    pub fn start<T>(&self, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(cores) = &self.0 else { return start() };
        let before = sched_getaffinity(None)?;
        sched_setaffinity(None, cores)?;
        let started = start();
        sched_setaffinity(None, &before)?;
        started
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn allowed(status: &str) -> &str {
        let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        line.unwrap_or_default().trim()
    }

    /// Catches a pin that comes too late for the process, and one that stays on the thread that set it.
    #[test]
    fn a_process_starts_on_one_core_and_we_stay_where_we_are() {
        let before = fs::read_to_string("/proc/thread-self/status").unwrap();
        let cores = Cores::one(1).unwrap();
        let program = duct::cmd!("cat", "/proc/self/status").stdout_capture();
        let output = cores.start(|| program.start()).unwrap();
        let output = String::from_utf8_lossy(&output.wait().unwrap().stdout).into_owned();
        assert!(allowed(&output).parse::<u32>().is_ok(), "{}", allowed(&output));
        let after = fs::read_to_string("/proc/thread-self/status").unwrap();
        assert_eq!(allowed(&before), allowed(&after));
    }
}
