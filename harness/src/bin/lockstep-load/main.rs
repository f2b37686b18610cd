//! `lockstep-load KIND --owner PID [--folder FOLDER]`: keeps the host busy until it is killed.
//!
//! The harness starts this beside a trial. It is a program of its own because a test program has a test framework's
//! main function, and because load that shares a process with the harness would stop the harness. It needs nothing but a
//! Linux kernel.

mod cpu;
mod fork;
mod fsync;
mod memory;
mod switch;
mod timer;

use std::io;
use std::path::PathBuf;
use std::process::{ExitCode, exit};
use std::thread;
use std::time::Duration;

/// What this program can be asked for.
struct Wish {
    kind: String,
    /// The process that this is for: when it is gone, so is this.
    owner: u32,
    folder: PathBuf,
}

const USAGE: &str =
    "usage: lockstep-load cpu|switch|timer|memory|fsync|fork --owner PID [--folder FOLDER]";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        // What the loads start in their turn.
        Some(fork::CHILD) => return ExitCode::SUCCESS,
        Some(switch::CHILD) => return ended(switch::echo()),
        _ => {}
    }
    let Some(wish) = wish(&words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let owner = wish.owner;
    thread::spawn(move || end_with(owner));
    ended(match wish.kind.as_str() {
        "cpu" => cpu::run(),
        "switch" => switch::run(),
        "timer" => timer::run(),
        "memory" => memory::run(),
        "fsync" => fsync::run(&wish.folder),
        "fork" => fork::run(),
        other => {
            eprintln!("there is no load `{other}`\n{USAGE}");
            return ExitCode::from(2);
        }
    })
}

fn ended(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lockstep-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wish(words: &[String]) -> Option<Wish> {
    let (kind, mut rest) = words.split_first()?;
    let (mut owner, mut folder) = (None, std::env::temp_dir());
    while let [name, value, more @ ..] = rest {
        match name.as_str() {
            "--owner" => owner = Some(value.parse().ok()?),
            "--folder" => folder = value.into(),
            _ => return None,
        }
        rest = more;
    }
    rest.is_empty().then_some(())?;
    Some(Wish { kind: kind.clone(), owner: owner?, folder })
}

/// The harness kills its loads, and has a reaper that kills them if it is killed itself. This is for the moment between the start of
/// a load and the reaper's hearing of it.
fn end_with(owner: u32) {
    while std::os::unix::process::parent_id() == owner {
        thread::sleep(Duration::from_millis(200));
    }
    exit(0);
}
