//! Other work for the host.
//!
//! What a run is must not depend on when the host's scheduler runs it. On an idle machine it is hard to notice that it does;
//! so trials are also run while something else wants every core.

use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use crate::process::Group;
use crate::schema;

/// Load that goes on until it is dropped.
#[derive(Debug)]
pub struct Running(Vec<Group>);

impl Running {
    /// Starts a load; its processes are there when this returns.
    pub fn start(load: schema::Load) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let processes = match load {
            schema::Load::None => 0,
            schema::Load::Cpu => cores,
        };
        let hog = duct::cmd!("sh", "-c", "while :; do :; done", "lockstep-load");
        let hog = hog.stdin_null().stdout_null().stderr_null();
        (0..processes).map(|_| Group::start(&hog)).collect::<io::Result<_>>().map(Self)
    }

    /// The processes' groups.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::tests::{ends, is_running};
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    fn ids(load: &Running) -> Vec<String> {
        load.groups().iter().map(|group| group.id().to_string()).collect()
    }

    #[test]
    fn a_load_ends_with_its_owner() {
        let load = Running::start(schema::Load::Cpu).unwrap();
        let ids = ids(&load);
        assert_eq!(ids.len(), available_parallelism().unwrap().get());
        assert!(ids.iter().all(|id| is_running(id)));
        drop(load);
        assert!(!ids.iter().any(|id| is_running(id)));
        assert!(Running::start(schema::Load::None).unwrap().groups().is_empty());
    }

    /// Not a test, but what the next one kills.
    #[test]
    #[ignore = "waits for the test that starts it"]
    fn waiting_to_be_killed() {
        if std::env::var_os("LOCKSTEP_TEST_VICTIM").is_some() {
            let load = Running::start(schema::Load::Cpu).unwrap();
            println!("\nprocesses {}", ids(&load).join(" "));
            std::thread::sleep(Duration::from_secs(60));
        }
    }

    /// Without the reaper the load would outlive a harness that is killed.
    #[test]
    fn a_load_ends_even_if_its_owner_is_killed() {
        let name = "load::tests::waiting_to_be_killed";
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--ignored", "--nocapture"])
            .env("LOCKSTEP_TEST_VICTIM", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find_map(|line| line.strip_prefix("processes ").map(str::to_owned));
        let line = line.expect("the victim tells its processes");
        let ids: Vec<_> = line.split(' ').collect();
        assert!(ids.iter().all(|id| is_running(id)));
        victim.kill().unwrap();
        victim.wait().unwrap();
        assert!(ids.iter().all(|id| ends(id)), "the load goes on");
    }
}
