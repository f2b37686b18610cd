//! Recordings that do not end well: the process is killed or asked to stop, the disk is full, the file cannot be.
//!
//! What a crash leaves is what a user needs most. Whatever was handed to the host by then must replay.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{
    PATIENCE, Ran, endless_guest, finish, guest, guests, lockstep, pid, run, start, words,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustix::process::{Signal, kill_process};

/// `lockstep record` of a guest that never ends, in `folder`, to `log`. Frames come every few milliseconds.
fn record_endless(folder: &Path) -> Command {
    fs::write(folder.join("endless.bin"), endless_guest()).unwrap();
    let mut command = lockstep();
    command
        .current_dir(folder)
        .args(["record", "-o", "log", "-m", "16M", "-k", "endless.bin", "--no-input"])
        .args(["--digest-every", "20000"]);
    command
}

fn replay(log: &Path) -> Ran {
    run(words(["replay", "-q", "--images"]).arg(guests()).arg(log))
}

/// Waits until a file has `len` bytes.
fn wait_for_length(path: &Path, len: u64, child: &mut Child) {
    let start = std::time::Instant::now();
    while fs::metadata(path).map_or(0, |about| about.len()) < len {
        assert!(start.elapsed() < PATIENCE, "the recording does not grow");
        assert!(child.try_wait().unwrap().is_none(), "the recording ended");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Catches events that a kill takes away although their frame was finished, and a log that it makes unusable.
#[test]
fn kill_at_random_moments() {
    const KILLS: u32 = 50;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut random = ChaCha8Rng::seed_from_u64(0x0009_c111);
    let (mut replayed, mut nothing) = (0, 0);
    for kill in 0..KILLS {
        let _ = fs::remove_file(&log);
        let mut command = record_endless(folder.path());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Most of them once the file has a random length, so that a busy host moves no kill to the start of the run; some
        // while the process starts.
        if kill % 5 != 0 {
            wait_for_length(&log, random.next_u64() % 60_000, &mut child);
        }
        std::thread::sleep(Duration::from_micros(random.next_u64() % 8_000));
        kill_process(pid(&child), Signal::KILL).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));

        let len = fs::metadata(&log).map_or(0, |about| about.len());
        if len == 0 {
            nothing += 1;
            continue;
        }
        let ran = replay(&log).with_status(0);
        assert!(ran.err.contains("no divergence; the recording is cut off: "), "{}", ran.err);
        let verified = run(words(["log", "verify"]).arg(&log)).with_status(0);
        assert!(String::from_utf8_lossy(&verified.out).contains("cut off"));
        replayed += 1;
    }
    println!(
        "kill -9 at {KILLS} random moments: {replayed} replayed up to their end, {nothing} killed \
         before anything was written; 0 panics"
    );
    assert!(replayed >= KILLS * 4 / 5);
}

/// Catches a full disk that goes unnoticed until the guest is done (this one never is), an error that does not say
/// which file, and a recording that is lost with it.
#[test]
fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let command = record_endless(folder.path());
    let program = command.get_program().to_owned();
    let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    // The unit is 512 bytes or a kilobyte; either is far less than this guest would write.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 40 && exec \"$0\" \"$@\""]).arg(program).args(words);
    let ran = run(limited.current_dir(folder.path()).stdin(Stdio::null())).with_status(3);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(
        ran.err.starts_with("lockstep: recording stopped: cannot write 'log': "),
        "{}",
        ran.err
    );
    let kept = fs::metadata(&log).unwrap().len();
    assert!(ran.err.contains(&format!("its first {kept} bytes are kept")), "{}", ran.err);
    assert!(kept > 10_000, "{kept}");
    println!("disk full: {}", ran.err.trim());
    let ran = replay(&log).with_status(0);
    assert!(ran.err.contains("cut off: the file ends after a whole frame"), "{}", ran.err);
    println!("what was kept: {}", ran.err.trim());

    let mut command = lockstep();
    command.args(["record", "-o", "/dev/full", "--no-input", "-m", "16M", "-k"]);
    let ran = run(command.arg(folder.path().join("endless.bin")).args(["--digest-every", "20000"]))
        .with_status(3);
    let error = "lockstep: recording stopped: cannot write '/dev/full': \
                 No space left on device (os error 28); its first 0 bytes are kept\n";
    assert_eq!(ran.err, error);
}

/// Catches a log that is begun where it cannot be, or that takes the place of what is recorded.
#[test]
fn impossible_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::copy(guest("hello"), path("hello.elf")).unwrap();
    fs::write(path("script"), "at 5 stop\n").unwrap();
    fs::create_dir(path("dir")).unwrap();
    std::os::unix::fs::symlink("hello.elf", path("link")).unwrap();
    let table = [
        ("dir", "lockstep: cannot create 'dir': it is a folder\n"),
        ("missing/log", "lockstep: cannot create 'missing/log': no such file or folder\n"),
        ("hello.elf", "lockstep: hello.elf: would be overwritten by the recording\n"),
        ("dir/../hello.elf", "lockstep: hello.elf: would be overwritten by the recording\n"),
        ("link", "lockstep: hello.elf: would be overwritten by the recording\n"),
        ("script", "lockstep: script: would be overwritten by the recording\n"),
    ];
    for (output, error) in table {
        let mut command = words(["record", "-k", "hello.elf", "--script", "script", "-o", output]);
        let ran = run(command.current_dir(folder.path())).with_status(2);
        assert_eq!(ran.err, error);
        assert_eq!(ran.out, b"");
    }
    assert_eq!(fs::read(path("hello.elf")).unwrap(), fs::read(guest("hello")).unwrap());
    assert_eq!(fs::read(path("script")).unwrap(), b"at 5 stop\n");
}

/// Catches a recording that a request to stop leaves without its end, or that does not stop at all.
#[test]
fn a_signal_ends_a_recording_in_good_order() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start(record_endless(folder.path()).stdin(Stdio::null()));
        // Something was written, so the run is under way.
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        kill_process(pid(&child), signal).unwrap();
        let drain = std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let ran = finish(child).with_status(4);
        drain.join().unwrap().unwrap();
        assert_eq!(ran.err, "lockstep: the run ended: stopped by the user\n");
        let log = folder.path().join("log");
        let ran = run(words(["log", "verify"]).arg(&log)).with_status(0);
        let out = String::from_utf8(ran.out).unwrap();
        assert!(out.starts_with("good: ") && out.ends_with(", complete\n"), "{out}");
        let ran = replay(&log).with_status(0);
        let end = "lockstep: replayed to the end (stopped by the user), no divergence\n";
        assert_eq!(ran.err, end);
    }
}
