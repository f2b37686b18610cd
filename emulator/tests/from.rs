//! Recordings that begin where another one has a keyframe.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::{Ran, guest, run, words};

/// The guest has drawn its first random bytes here, and is about to draw others.
const BEGINNING: &str = "after \"32 bytes: \" keyframe\n";

struct Stage(tempfile::TempDir);

impl Stage {
    /// A folder with two recordings of seed 1: one that goes on to its end, and one that stops where the keyframe is.
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        fs::write(stage.path("whole.txt"), BEGINNING).unwrap();
        fs::write(stage.path("prefix.txt"), BEGINNING.to_owned() + "at 0 stop\n").unwrap();
        let script = |name: &str| ["--script".into(), stage.path(name).into_os_string()];
        stage.record("whole.log", "1").args(script("whole.txt")).run().with_status(0);
        stage.record("prefix.log", "1").args(script("prefix.txt")).run().with_status(4);
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn record(&self, log: &str, seed: &str) -> Command {
        let mut command = words(["record", "--no-input", "-M", "virt,entropy=virtio"]);
        command.args(["--seed", seed, "-k"]).arg(guest("virtio-entropy"));
        command.arg("-o").arg(self.path(log));
        command
    }

    fn record_from(&self, prefix: &str, log: &str, seed: &str) -> Command {
        let mut command = self.record(log, seed);
        command.arg("--from").arg(self.path(prefix));
        command
    }

    fn replay(&self, log: &str) -> Command {
        let mut command = words(["replay", "-k"]);
        command.arg(guest("virtio-entropy")).arg(self.path(log));
        command
    }

    /// The events of a log, as lines.
    fn events(&self, log: &str) -> Vec<String> {
        let dump = run(words(["log", "dump"]).arg(self.path(log))).with_status(0);
        let text = String::from_utf8(dump.out).unwrap();
        let (_, events) = text.split_once("\n\n").unwrap_or(("", &text));
        events.lines().map(str::to_owned).collect()
    }
}

trait RunIt {
    fn run(&mut self) -> Ran;
}

impl RunIt for Command {
    fn run(&mut self) -> Ran {
        run(self)
    }
}

/// Catches a machine that is not what it was when its prefix stopped: every event, and every digest of events and state, must be
/// that of the run which never stopped.
#[test]
fn it_goes_on_as_if_it_had_never_stopped() {
    let stage = Stage::new();
    stage.record_from("prefix.log", "on.log", "1").run().with_status(0);
    let whole = stage.events("whole.log");
    let keyframe = whole.iter().position(|line| line.contains("input keyframe")).unwrap();
    let on: Vec<_> = stage.events("on.log");
    let begins = on.iter().position(|line| *line == whole[keyframe + 1]).unwrap();
    assert!(whole.len() > keyframe + 10);
    assert_eq!(on[begins..], whole[keyframe + 1..]);
    stage.replay("on.log").run().with_status(0);
    stage.replay("prefix.log").run().with_status(0);
    stage.replay("whole.log").run().with_status(0);
}

/// Catches seeds that make no difference, or make one that does not repeat, and logs that do not replay with their seed.
#[test]
fn each_seed_has_a_run_of_its_own() {
    let stage = Stage::new();
    let console =
        |log: &str, seed: &str| stage.record_from("prefix.log", log, seed).run().with_status(0).out;
    let first = console("2.log", "2");
    assert_eq!(console("2-again.log", "2"), first);
    assert_eq!(
        fs::read(stage.path("2.log")).unwrap(),
        fs::read(stage.path("2-again.log")).unwrap()
    );
    assert_ne!(console("3.log", "3"), first);
    let replayed = stage.replay("2.log").run().with_status(0);
    assert_eq!(replayed.out, first);
    run(words(["log", "verify"]).arg(stage.path("2.log"))).with_status(0);
    // With all that it needs in the log.
    stage.record_from("prefix.log", "bundled.log", "2").arg("--bundle").run().with_status(0);
    fs::remove_file(stage.path("prefix.log")).unwrap();
    assert_eq!(run(words(["replay"]).arg(stage.path("bundled.log"))).with_status(0).out, first);
}

/// Catches a prefix that is missed without a word, that is taken although it is another, or that does not fit.
#[test]
fn what_is_missing_or_wrong_is_named() {
    let stage = Stage::new();
    let says = |command: &mut Command, part: &str| {
        let ran = run(command).with_status(2);
        assert!(ran.err.contains(part), "expected {part}\n{}", ran.err);
    };
    stage.record_from("prefix.log", "2.log", "2").run().with_status(0);
    let more = |option: &[&str]| {
        let mut command = stage.record_from("prefix.log", "x.log", "2");
        command.args(option);
        command
    };
    says(&mut more(&["-m", "64M"]), "prefix.log: it is of a machine with another memory size");
    says(&mut more(&["--append", "x"]), "another command line: \"\", here \"x\"");
    fs::write(stage.path("disk"), [0; 4096]).unwrap();
    let disk = stage.path("disk");
    says(
        &mut more(&["--disk", disk.to_str().unwrap()]),
        "with no such image, and here is disk disk",
    );
    says(&mut stage.record_from("2.log", "x.log", "2"), "the recording has a prefix itself");
    stage.record("plain.log", "1").run().with_status(0);
    says(&mut stage.record_from("plain.log", "x.log", "2"), "has no keyframe to begin at");
    says(&mut stage.record_from("none.log", "x.log", "2"), "none.log");
    let mut damaged = fs::read(stage.path("prefix.log")).unwrap();
    let last = damaged.len() - 200;
    damaged[last] ^= 1;
    fs::write(stage.path("damaged.log"), &damaged).unwrap();
    says(&mut stage.record_from("damaged.log", "x.log", "2"), "prefix image damaged.log: ");
    // A replay finds it beside the log, and where it is told.
    fs::create_dir(stage.path("elsewhere")).unwrap();
    fs::rename(stage.path("prefix.log"), stage.path("elsewhere/prefix.log")).unwrap();
    says(&mut stage.replay("2.log"), "the prefix image 'prefix.log' (blake3 ");
    says(&mut stage.replay("2.log"), "--from LOG");
    let from = |name: &str| {
        let mut command = stage.replay("2.log");
        command.arg("--from").arg(stage.path(name));
        command
    };
    from("elsewhere/prefix.log").run().with_status(0);
    says(&mut from("damaged.log"), "prefix image: recorded with 'prefix.log'");
}
