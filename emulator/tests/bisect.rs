//! `lockstep log bisect`, as a user runs it.

#![allow(clippy::disallowed_methods, reason = "a test writes the script that it records with")]

mod common;

use std::fs;

use common::{run, words};

/// The folder of the guests.
const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/aarch64/guests");

/// Catches an instruction that is not named, a difference without registers, and equal runs that are told apart.
#[test]
fn two_runs_part_at_an_instruction() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = |name: &str, typed: &str| {
        let path = folder.path().join(name);
        let script = folder.path().join("script");
        fs::write(&script, format!("after \"echo: ready\" type \"a\\n{typed}\\nquit\\n\"\n"))
            .expect("written");
        let log = path.to_str().expect("a name").to_owned();
        let kernel = format!("{GUESTS}/echo.elf");
        let script = script.to_str().expect("a name").to_owned();
        run(&mut words(["record", "-o", &log, "--kernel", &kernel, "--script", &script]))
            .with_status(0);
        log
    };
    let (a, again) = (record("a.log", "hello"), record("again.log", "hello"));
    let b = record("b.log", "hexlo");
    let same = run(&mut words(["log", "bisect", &a, &again, "--images", GUESTS])).with_status(0);
    assert!(String::from_utf8_lossy(&same.out).starts_with("the same to the end"));
    let alone = run(&mut words(["log", "bisect", &a, "--images", GUESTS])).with_status(0);
    assert!(String::from_utf8_lossy(&alone.out).starts_with("the same to the end"));
    let found = run(&mut words(["log", "bisect", &a, &b, "--images", GUESTS])).with_status(1);
    let text = String::from_utf8_lossy(&found.out);
    assert!(text.contains("makes the first difference") && text.contains("cpu0  0x"), "{text}");
    assert!(text.contains("parts that differ"), "{text}");
    let missing = run(&mut words(["log", "bisect", &a, "nothing.log", "--images", GUESTS]));
    assert!(missing.with_status(2).err.contains("nothing.log"));
}
