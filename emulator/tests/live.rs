//! People at the console: nothing is scripted, and every recording replays all the same.
//!
//! Input comes from a terminal, typed by hand as far as the program can tell, from a pipe, or not at all.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{
    PATIENCE, Ran, endless_guest, expected, finish, guest, guests, lockstep, read_log, run,
    run_with_input, start, u_boot, without_returns, words,
};
use lockstep_core::EventKind;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

/// A recording on a terminal of its own.
fn on_terminal(command: Command) -> PtySession {
    spawn_command(command, Some(PATIENCE.as_millis() as u64)).unwrap()
}

fn record(log: &Path) -> Command {
    let mut command = words(["record", "-o"]);
    command.arg(log);
    command
}

fn replay(log: &Path) -> Ran {
    run(words(["replay", "--images"]).arg(guests()).arg(log))
}

/// Types like somebody: a key at a time, or a few when they are fast, with pauses of their own.
fn type_like_a_person(session: &mut PtySession, random: &mut ChaCha8Rng, text: &str) {
    let mut left = text;
    while !left.is_empty() {
        let keys = 1 + random.next_u64() as usize % 3;
        let (now, later) = left.split_at(keys.min(left.len()));
        session.send(now).unwrap();
        session.flush().unwrap();
        std::thread::sleep(Duration::from_micros(random.next_u64() % 2_000));
        left = later;
    }
}

/// Waits for the end, and gives the exit status. Takes the session, whose reader spins once the terminal is gone.
fn status(mut session: PtySession) -> i32 {
    session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, status) => status,
        other => panic!("{other:?}"),
    }
}

/// How many inputs a log has.
fn inputs(log: &Path) -> usize {
    let (_, events, _) = read_log(&fs::read(log).unwrap()).unwrap();
    events.iter().filter(|event| event.what.kind() == EventKind::Input).count()
}

/// Catches a live input that is given at another moment in the replay, keys that are lost or in another order, and a
/// terminal that changes what is typed.
#[test]
fn the_echo_guest_typed_to_live() {
    const RUNS: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let typed = fs::read_to_string(guests().join("echo.input")).unwrap();
    let mut good = 0;
    let mut different = std::collections::BTreeSet::new();
    for seed in 0..RUNS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut command = record(&log);
        command.arg("-k").arg(guest("echo"));
        let mut session = on_terminal(command);
        session.exp_string("echo: ready").unwrap();
        for (number, line) in typed.lines().enumerate() {
            type_like_a_person(&mut session, &mut random, line);
            // Sent to the guest as it is: a raw terminal makes nothing of it.
            type_like_a_person(&mut session, &mut random, "\n");
            // Some lines are typed while the guest still answers.
            if number % 3 == 0 {
                session.exp_string(&format!("echo: {}: ", number + 1)).unwrap();
            }
        }
        assert_eq!(status(session), 0);
        let ran = replay(&log).with_status(0);
        assert_eq!(ran.err, "lockstep: replayed to the end (power-off), no divergence\n");
        assert!(without_returns(&ran.out) == expected("echo"), "{:?}", ran.out);
        assert!(inputs(&log) >= typed.lines().count());
        different.insert(fs::read(&log).unwrap());
        good += 1;
    }
    println!(
        "echo typed live: {good} of {RUNS} replayed without divergence ({} different recordings)",
        different.len()
    );
}

/// Catches the same with a real guest, which asks for input in ways of its own. Without U-Boot, says that nothing was
/// tried.
#[test]
fn u_boot_typed_live_if_it_was_fetched() {
    const RUNS: u64 = 20;
    let Some(image) = u_boot() else {
        println!(
            "u-boot typed live: NOT TRIED, guests/u-boot/u-boot.bin is not there \
             (cargo xtask guests fetch u-boot)"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let typist = |seeds: std::ops::Range<u64>| {
        let log = folder.path().join(format!("log-{}", seeds.start));
        seeds.map(|seed| u_boot_session(&image, &log, seed)).sum::<u64>()
    };
    // Two at a time: it is the slowest test here.
    let good = std::thread::scope(|scope| {
        let other = scope.spawn(|| typist(0..RUNS / 2));
        typist(RUNS / 2..RUNS) + other.join().unwrap()
    });
    println!("u-boot typed live: {good} of {RUNS} replayed without divergence");
    assert_eq!(good, RUNS);
}

/// One session with U-Boot, and its replay.
fn u_boot_session(image: &Path, log: &Path, seed: u64) -> u64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut command = record(log);
    command.arg("--bios").arg(image);
    let mut session = on_terminal(command);
    session.exp_string("Hit any key to stop autoboot").unwrap();
    type_like_a_person(&mut session, &mut random, " ");
    session.exp_string("=> ").unwrap();
    let commands =
        [("version", "U-Boot 20"), ("bdinfo", "relocaddr"), ("md 40000000 4", "40000000: ")];
    for (typed, answer) in commands {
        type_like_a_person(&mut session, &mut random, typed);
        type_like_a_person(&mut session, &mut random, "\r");
        // The next one is typed without waiting for the prompt.
        session.exp_string(answer).unwrap();
    }
    type_like_a_person(&mut session, &mut random, "poweroff\r");
    assert_eq!(status(session), 0);
    let mut command = words(["replay", "-q", "--bios"]);
    let ran = run(command.arg(image).arg(log)).with_status(0);
    assert_eq!(ran.err, "lockstep: replayed to the end (power-off), no divergence\n");
    1
}

/// Catches an escape key that does not end the run in good order, or that reaches the guest.
#[test]
fn the_escape_key_stops_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    fs::write(folder.path().join("endless.bin"), endless_guest()).unwrap();
    let mut command = record(&log);
    command.arg("-k").arg(folder.path().join("endless.bin"));
    let mut session = on_terminal(command);
    session.exp_string("abcdefg").unwrap();
    session.send("\x01x").unwrap();
    session.flush().unwrap();
    assert_eq!(status(session), 4);
    let ran = run(words(["log", "verify"]).arg(&log)).with_status(0);
    assert!(ran.out.ends_with(b", complete\n"));
    let ran = run(words(["replay", "-q"]).arg(&log)).with_status(0);
    let end = "lockstep: replayed to the end (stopped by the user), no divergence\n";
    assert_eq!(ran.err, end);
    assert_eq!(inputs(&log), 1);
}

/// Catches keys of a terminal's driver (Ctrl-C, Ctrl-D) that end the run and not reach the guest.
#[test]
fn control_keys_are_for_the_guest() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = record(&log);
    command.arg("-k").arg(guest("echo"));
    let mut session = on_terminal(command);
    session.exp_string("echo: ready").unwrap();
    session.send("\x03\x04\x1a\x1c\x01\x01\n").unwrap();
    session.flush().unwrap();
    session.exp_string("echo: 1: 5 bytes").unwrap();
    session.send("quit\n").unwrap();
    session.flush().unwrap();
    assert_eq!(status(session), 0);
    replay(&log).with_status(0);
}

/// Catches input in a pipe that is lost when the pipe is closed, or taken for commands to the emulator.
#[test]
fn input_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let input = fs::read(guests().join("echo.input")).unwrap();
    let ran = run_with_input(record(&log).arg("-k").arg(guest("echo")), &input).with_status(0);
    assert!(without_returns(&ran.out) == expected("echo"));
    assert_eq!(ran.err, "");
    let ran = replay(&log).with_status(0);
    assert!(without_returns(&ran.out) == expected("echo"));
    // Ctrl-A in a pipe is a byte like any.
    let ran = run_with_input(record(&log).arg("-k").arg(guest("echo")), b"\x01x\nquit\n");
    let ran = ran.with_status(0);
    assert!(String::from_utf8(ran.out).unwrap().contains("echo: 1: 2 bytes"));
    replay(&log).with_status(0);
}

/// Catches a pipe of which only what is there at first is read.
#[test]
fn input_from_a_slow_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = record(&log);
    command.arg("-k").arg(guest("echo")).stdin(Stdio::piped());
    let mut child = start(&mut command);
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    let mut wait_for = |pattern: &str| {
        while !String::from_utf8_lossy(&seen).contains(pattern) {
            let mut byte = [0];
            output.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
    };
    wait_for("ready");
    for number in 1..4 {
        input.write_all(b"again\n").unwrap();
        wait_for(&format!("echo: {number}: 5 bytes"));
    }
    input.write_all(b"quit\n").unwrap();
    wait_for("echo: 4 lines");
    finish(child).with_status(0);
    replay(&log).with_status(0);
}

/// Catches an idle guest that is waited for although nobody can type any more, and a recording of that which does not
/// replay.
#[test]
fn an_idle_guest_without_input_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    for no_input in [false, true] {
        for input in [&b""[..], b"one line\n"] {
            let mut command = record(&log);
            command.arg("-k").arg(guest("echo"));
            if no_input {
                command.arg("--no-input");
            }
            let ran = run_with_input(&mut command, input).with_status(4);
            let start = "lockstep: the run ended: dead machine: nothing can wake it; \
                         cpu0 Waiting at pc 0x";
            assert!(ran.err.starts_with(start), "{}", ran.err);
            let ran = replay(&log).with_status(0);
            let start = "lockstep: replayed to the end (dead machine: nothing can wake it; cpu0";
            assert!(ran.err.starts_with(start), "{}", ran.err);
        }
    }
    let mut command = lockstep();
    let ran = run(command.args(["run", "-k"]).arg(guest("echo"))).with_status(4);
    assert!(ran.err.contains("dead machine"), "{}", ran.err);
}
