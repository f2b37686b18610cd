//! The contract, from outside: a run is a function of its configuration and inputs.
//!
//! Every recording here is made by a process of its own, so that whatever differs between two processes (addresses, hash
//! seeds, timing) differs.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{Ran, expected, guest, guests, read_log, run, without_returns, words};
use lockstep_core::{Event, EventKind};
use lockstep_log::{Reader, dump, encode, parse_dump};

/// The guests, with how many vCPUs each wants.
const GUESTS: [(&str, &str); 8] = [
    ("hello", "1"),
    ("timer", "1"),
    ("echo", "1"),
    ("flood", "1"),
    ("exceptions", "1"),
    ("tlb-churn", "1"),
    ("self-modifying", "1"),
    ("smp", "2"),
];

/// A script that types the lines of `echo.input`, each when the guest has answered the one before.
fn echo_script(folder: &Path) -> std::path::PathBuf {
    let input = fs::read_to_string(guests().join("echo.input")).unwrap();
    let mut script = String::from("# the lines of echo.input\n");
    for (number, line) in input.lines().enumerate() {
        let pattern = if number == 0 { "ready".to_owned() } else { format!("echo: {number}: ") };
        writeln!(script, "after \"{pattern}\" delay 100us type \"{line}\\n\"").unwrap();
    }
    let path = folder.join("script");
    fs::write(&path, script).unwrap();
    path
}

fn record(name: &str, vcpus: &str, machine: &str, level: &str, log: &Path) -> Ran {
    let mut command = words(["record", "--no-input", "--cpus", vcpus, "-M", machine]);
    command.args(["--level", level, "-k"]).arg(guest(name)).arg("-o").arg(log);
    if name == "echo" {
        command.arg("--script").arg(echo_script(log.parent().unwrap()));
    }
    run(&mut command)
}

/// Catches anything of the host that gets into a run, a replay that does other than the recording, and a guest that is
/// told wrong.
#[test]
fn recordings_repeat_and_replay() {
    let folder = tempfile::tempdir().unwrap();
    let (mut recordings, mut distinct) = (0, 0);
    for (name, vcpus) in GUESTS {
        for machine in ["virt,gic=2", "virt,gic=3"] {
            let log = folder.path().join(format!("{name}.log"));
            let mut first = None;
            for _ in 0..3 {
                let ran = record(name, vcpus, machine, "full", &log).with_status(0);
                assert!(without_returns(&ran.out) == expected(name), "{name}: console");
                let bytes = fs::read(&log).unwrap();
                let first = first.get_or_insert_with(|| {
                    distinct += 1;
                    bytes.clone()
                });
                assert!(*first == bytes, "{name} on {machine}: the recordings differ");
                recordings += 1;
            }
            let ran = run(words(["replay", "--images"]).arg(guests()).arg(&log)).with_status(0);
            assert_eq!(ran.err, "lockstep: replayed to the end (power-off), no divergence\n");
            assert!(without_returns(&ran.out) == expected(name), "{name}: console of the replay");
        }
    }
    println!(
        "{recordings} recordings of {} guests with 2 interrupt controllers: {distinct} distinct \
         logs, all replayed",
        GUESTS.len()
    );
    assert_eq!(distinct * 3, recordings);
}

fn digests(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| event.what.kind() == EventKind::Digest).collect()
}

/// Catches a recording level that changes the run, or the events that the digests cover.
#[test]
fn levels_do_not_change_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for (name, vcpus) in GUESTS {
        let logs = ["inputs", "events", "full"].map(|level| {
            let log = folder.path().join(level);
            record(name, vcpus, "virt", level, &log).with_status(0);
            read_log(&fs::read(&log).unwrap()).unwrap().1
        });
        assert!(!digests(&logs[0]).is_empty(), "{name}");
        // With their moments: what a level leaves out keeps its number.
        for log in &logs[1..] {
            assert_eq!(digests(&logs[0]), digests(log), "{name}");
        }
    }
}

/// Catches a dump that leaves something out, or that its parser understands otherwise.
#[test]
fn a_dump_of_a_recording_encodes_to_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    for (name, vcpus) in GUESTS {
        let log = folder.path().join("log");
        record(name, vcpus, "virt", "full", &log).with_status(0);
        let bytes = fs::read(&log).unwrap();
        let text = run(words(["log", "dump"]).arg(&log)).with_status(0).out;
        let (header, events) = parse_dump(std::str::from_utf8(&text).unwrap()).unwrap();
        assert!(encode(&header, &[], &events).unwrap() == bytes, "{name}: encoded again");
        let mut in_process = Vec::new();
        dump(&mut Reader::from_bytes(bytes).unwrap(), &mut in_process).unwrap();
        assert!(in_process == text, "{name}: the command dumps otherwise than the library");
    }
}
