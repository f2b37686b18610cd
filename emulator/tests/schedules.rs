//! The emulator's own threads, in orders that the operating system would rarely pick.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{Ran, guest, run, words};

/// Seeds to try; `LOCKSTEP_SEQUENCES` for more.
fn seeds() -> u64 {
    std::env::var("LOCKSTEP_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// Records `name` in `folder` with more words.
fn record(folder: &Path, name: &str, more: &str) -> Ran {
    let mut command = words(["record", "-m", "128M", "-o", "log", "-k"]);
    command.arg(guest(name)).args(more.split_whitespace()).current_dir(folder);
    run(&mut command)
}

/// The line that tells of the schedule.
#[track_caller]
fn summary(ran: &Ran) -> String {
    let mut lines = ran.err.lines().filter(|line| line.starts_with("schedule: "));
    let line = lines.next().expect("a schedule").to_owned();
    assert_eq!(lines.next(), None);
    line
}

/// Catches a log that depends on who goes first, and a seed that does not say who does: also where another thread compiles,
/// and the machine looks now and then whether it is done.
#[test]
fn a_seed_is_a_schedule_and_every_schedule_has_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = || fs::read(folder.path().join("log")).unwrap();
    for (name, engine) in [("hello", "auto"), ("crc", "auto"), ("flood", "interp"), ("smp", "jit")]
    {
        record(folder.path(), name, "").with_status(0);
        let expected = log();
        let mut digests = BTreeSet::new();
        for seed in 0..seeds() {
            for policy in ["random", "pct:depth=3"] {
                let words = format!("--engine {engine} --schedule {policy} --schedule-seed {seed}");
                let first = summary(&record(folder.path(), name, &words).with_status(0));
                assert!(log() == expected, "{name} {words}");
                let second = summary(&record(folder.path(), name, &words).with_status(0));
                assert_eq!(second, first, "{name} {words}");
                digests.insert(first);
            }
        }
        assert!(digests.len() > 5, "{name}: {digests:?}");
    }
}

/// Catches a saved schedule that is another when it is taken again, in a recording and in a replay.
#[test]
fn a_saved_schedule_is_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let words = "--schedule random --schedule-seed 5 --schedule-trace a";
    let first = summary(&record(folder.path(), "crc", words).with_status(0));
    let ran = record(folder.path(), "crc", "--schedule replay:a --schedule-trace b");
    assert_eq!(summary(&ran.with_status(0)), first);
    assert_eq!(read("a"), read("b"));
    let replay = |words: &str| {
        let mut command = common::words(["replay", "log", "-k"]);
        command.arg(guest("crc")).args(words.split(' ')).current_dir(folder.path());
        summary(&run(&mut command).with_status(0))
    };
    let first = replay("--schedule pct:depth=4 --schedule-seed 9 --schedule-trace c");
    assert_eq!(replay("--schedule replay:c"), first);
}

/// Catches a failed run whose schedule is lost.
#[test]
fn a_run_that_fails_leaves_its_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--limit 10 --schedule random --schedule-trace a";
    summary(&record(folder.path(), "crc", words).with_status(4));
    assert!(fs::read_to_string(folder.path().join("a")).unwrap().contains("\nend\n"));
}

/// Catches a schedule that is taken for another one, or as far as it goes.
#[test]
fn what_cannot_be_a_schedule_here_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &str| record(folder.path(), "hello", words).with_status(2).err;
    let contains = |words: &str, text: &str| {
        let err = said(words);
        assert!(err.contains(text), "{words}: {err}");
    };
    contains("--schedule fair", "write os, random, pct:depth=D or replay:FILE");
    contains("--schedule pct", "write pct:depth=D");
    contains("--schedule pct:depth=0", "pct needs depth=D, from 1 to 1000");
    contains("--schedule pct:depth=2,steps=0", "pct's steps=N is a number from 1");
    contains("--schedule-trace a", "the operating system's schedule cannot be seen");
    contains("--schedule replay:none", "cannot read 'none': no such file or folder");
    contains(
        "--schedule random --schedule-trace no/where",
        "cannot write 'no/where': no such file or folder",
    );
    let words = "--schedule random --schedule-seed 3 --schedule-trace a";
    record(folder.path(), "hello", words).with_status(0);
    let text = fs::read_to_string(folder.path().join("a")).unwrap();
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(folder.path().join("edited"), text.replacen(from, to, 1)).unwrap();
    };
    edit("digest ", "digest x");
    contains("--schedule replay:edited", "edited: line 4: `x");
    edit(
        "\nend\n",
        "\nstep 99999: thread 0 (machine) at join -> thread 1 (log-writer) at begin\nend\n",
    );
    contains("--schedule replay:edited", "it goes on at step 99999, the run had ");
    edit("thread 1 log-writer\n", "thread 1 someone\n");
    let edited = fs::read_to_string(folder.path().join("edited")).unwrap();
    let edited = edited.replace("(log-writer)", "(someone)");
    fs::write(folder.path().join("edited"), edited).unwrap();
    contains("--schedule replay:edited", "its thread 1 is someone, the run's is log-writer");
}
