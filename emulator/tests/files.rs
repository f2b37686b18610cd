//! Files that a guest opens through semihosting: what is recorded with them replays without them being what they were.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the machine")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;

use common::{guest, run, words};

/// Catches a run that changes the user's folder, one whose files are not in a bundled log, and a replay that takes files
/// that have changed meanwhile for those that were recorded.
#[test]
fn a_folder_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("in/below")).unwrap();
    fs::write(path("in/input.txt"), "the first line\nthe second line\n").unwrap();
    fs::write(path("in/below/other.txt"), "below\n").unwrap();
    for (log, bundle) in [("a.log", false), ("b.log", true)] {
        let mut command = words(["record", "--no-input", "--kernel"]);
        command.arg(guest("semihosting-files"));
        command.arg("--semihosting-folder").arg(path("in"));
        command.arg("--semihosting-out").arg(path("out")).arg("-o").arg(path(log));
        if bundle {
            command.arg("--bundle");
        }
        let ran = run(&mut command).with_status(0);
        assert!(ran.out.ends_with(b"tmp-007\n"));
    }
    assert_eq!(fs::read_to_string(path("in/input.txt")).unwrap().len(), 31);
    assert_eq!(fs::read_to_string(path("out/renamed")).unwrap(), "XY23456789abc");
    assert_eq!(fs::read_to_string(path("out/left-open")).unwrap(), "kept");
    assert!(!path("out/results").exists());

    let replay = |log: &str| {
        let mut command = words(["replay", "-q", "--semihosting-folder"]);
        command.arg(path("in")).arg("--kernel").arg(guest("semihosting-files")).arg(path(log));
        run(&mut command)
    };
    replay("a.log").with_status(0);
    fs::write(path("in/input.txt"), "the first line\nthe SECOND line\n").unwrap();
    let ran = replay("a.log").with_status(2);
    assert!(ran.err.contains("input.txt"), "{}", ran.err);
    fs::remove_file(path("in/input.txt")).unwrap();
    let ran = replay("a.log").with_status(2);
    assert!(ran.err.contains("input.txt"), "{}", ran.err);
    run(words(["replay", "-q"]).arg(path("b.log"))).with_status(0);
}
