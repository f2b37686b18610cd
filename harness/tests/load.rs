//! Loads that are there while they are wanted, do what they are for, and end with whoever wanted them.
//!
//! These are tests of the package and not of the library because only then cargo builds `lockstep-load` first.

#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use harness::load::Running;
use harness::process::{Ended, Run};
use harness::schema::{Hog, Load};

/// The processes of these groups, zombies aside: (process, group).
fn processes(groups: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for item in fs::read_dir("/proc").unwrap().flatten() {
        let id = item.file_name().to_string_lossy().into_owned();
        let Ok(stat) = fs::read_to_string(item.path().join("stat")) else { continue };
        // The name in parentheses may hold anything; after it come state, parent and group.
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<_> = rest.split(' ').collect();
        let is_alive = fields[0] != "Z";
        if is_alive && groups.iter().any(|group| group == fields[2]) {
            found.push((id, fields[2].to_owned()));
        }
    }
    found
}

fn ids(load: &Running) -> Vec<String> {
    load.groups().iter().map(|group| group.id().to_string()).collect()
}

fn start(load: &str, folder: &Path) -> Running {
    Running::start(&Load::parse(load).unwrap(), 1, folder).unwrap()
}

/// Waits until something is so, and says whether it became so.
fn becomes(so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    so()
}

/// Processor time of a process and of its children that have ended, in ticks.
fn ticks(id: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ')).into_iter().flatten();
    fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// How often a process gave up the processor to wait for something.
fn waits(id: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// Catches a load that ends at once, sleeps, or survives its owner, for each kind.
#[test]
fn every_load_works_and_ends_with_its_owner() {
    for hog in Hog::ALL {
        let folder = tempfile::tempdir().unwrap();
        let load = start(&format!("{hog}:1", hog = hog.name()), folder.path());
        let ids = ids(&load);
        assert_eq!(ids.len(), 1);
        let busy = || ticks(&ids[0]) > 0 || waits(&ids[0]) > 100;
        assert!(becomes(busy), "{} does nothing", hog.name());
        drop(load);
        assert!(becomes(|| processes(&ids).is_empty()), "{} goes on", hog.name());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{} leaves a file", hog.name());
    }
}

#[test]
fn a_load_is_one_process_for_each_core_unless_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cores = thread::available_parallelism().unwrap().get();
    assert_eq!(start("cpu", folder.path()).groups().len(), cores);
    assert_eq!(start("cpu:3+fsync:1", folder.path()).groups().len(), 4);
    assert_eq!(start("none", folder.path()).groups().len(), 0);
    assert_eq!(start("one-cpu", folder.path()).groups().len(), 1);
}

fn counting(load: &Running, folder: &Path, timeout: Duration) -> (Run, Ended) {
    let run = Run {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done".into()],
        stdout: folder.join("out"),
        stderr: folder.join("err"),
        timeout,
        typed: Vec::new(),
        disturbance: load.disturbance().clone(),
    };
    let ended = run.run().unwrap();
    (run, ended)
}

/// Catches pulses that never come, that are never over, and a process that is killed while it is stopped and stays.
#[test]
fn pulses_stop_a_process_and_let_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let time = |load: &str, timeout: Duration| {
        let (load, start) = (start(load, folder.path()), Instant::now());
        (counting(&load, folder.path(), timeout).1, start.elapsed())
    };
    let (ended, plain) = time("none", Duration::from_secs(60));
    assert_eq!(ended, Ended::Exited(0));
    let (ended, pulsed) = time("pulse:20", Duration::from_secs(60));
    assert_eq!(ended, Ended::Exited(0));
    assert!(pulsed > plain, "{pulsed:?} with pulses, {plain:?} without");
    let (ended, _) = time("pulse:1000", Duration::from_millis(50));
    assert_eq!(ended, Ended::TimedOut);
}

/// What needs a program that is not there must not look as if it had been tried.
#[test]
fn stress_ng_is_possible_only_where_it_is_installed() {
    let load = Load::parse("cpu+stress-ng:--vm 1").unwrap();
    let installed = Command::new("stress-ng").arg("--version").output().is_ok();
    assert_eq!(harness::load::impossible(&load).is_none(), installed);
    assert_eq!(harness::load::impossible(&Load::parse("cpu").unwrap()), None);
}

/// Everything at once.
const MIXED: &str = "cpu:1+switch:1+timer:1+memory:1+fsync:1+fork:1+pulse";

/// The processes that have this in their environment, zombies aside: all that somebody started who has it.
fn marked(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in fs::read_dir("/proc").unwrap().flatten() {
        // A zombie has no environment any more, nor has what ends meanwhile.
        let environment = fs::read(item.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            found.push(item.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// Not a test, but what the next one kills.
#[test]
#[ignore = "waits for the test that starts it"]
fn waiting_to_be_killed() {
    if std::env::var_os("LOCKSTEP_TEST_VICTIM").is_some() {
        harness::owner::end_with_owner();
        let folder = tempfile::tempdir().unwrap();
        let load = start(MIXED, folder.path());
        println!("\nprocesses {}", ids(&load).join(" "));
        counting(&load, folder.path(), Duration::from_secs(60));
        thread::sleep(Duration::from_secs(60));
    }
}

/// Starts what is to be killed, and waits until all of its processes are there. The mark is in the environment of each.
fn victim(name: &str) -> (Child, String) {
    let id = format!("{}-{name}", std::process::id());
    let mark = format!("LOCKSTEP_TEST_VICTIM={id}");
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["waiting_to_be_killed", "--exact", "--ignored", "--nocapture"])
        .env("LOCKSTEP_TEST_VICTIM", &id)
        .env("LOCKSTEP_OWNED", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find_map(|line| line.strip_prefix("processes ").map(str::to_owned));
    let line = line.expect("the victim tells its processes");
    let groups: Vec<_> = line.split(' ').map(str::to_owned).collect();
    assert_eq!(groups.len(), 6);
    // The switch load has a second process.
    assert!(becomes(|| processes(&groups).len() >= 7), "{:?}", processes(&groups));
    // The victim itself, the reaper, and what is run under the load.
    assert!(becomes(|| marked(&mark).len() >= 10), "{:?}", marked(&mark));
    (victim, mark)
}

/// Without the reaper the load would outlive a harness that is killed, and so would an emulator that is stopped just then. Counts all
/// processes that there are, whatever they are: those of the load, what is run under it, and the reaper.
#[test]
fn nothing_outlives_an_owner_that_is_killed() {
    let (mut victim, mark) = victim("nothing-outlives");
    let before = marked(&mark).len();
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(becomes(|| marked(&mark).is_empty()), "left: {:?}", marked(&mark));
    println!("{before} processes before the harness was killed, {} after", marked(&mark).len());
}

/// Catches a harness that goes on when the xtask that started it was killed: all that it sees of that is the end of a pipe.
#[test]
fn nothing_outlives_an_xtask_that_is_killed() {
    let (mut victim, mark) = victim("no-owner");
    assert!(victim.try_wait().unwrap().is_none());
    drop(victim.stdin.take());
    assert!(becomes(|| marked(&mark).is_empty()), "left: {:?}", marked(&mark));
    assert!(!victim.wait().unwrap().success());
}
