//! What the tests of the whole program share: the program, its guests, recordings in memory, and a watch over time.
//!
//! Nothing here waits for a time to pass: tests wait for what must happen, and a watchdog ends those for which it
//! never does.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that fails panics")]

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use lockstep_core::{Event, Level, Moment, NoDoor, Output};
use lockstep_log::{Ending, Header, ImageRole, LogError, MachineRecord, Reader};
use lockstep_machine::{
    Goal, Images, Outputs, Pause, Recording, Replay, ReplayEnd, ReplayError, Script, ScriptDoor,
};
use rustix::process::{Pid, Signal, kill_process};

pub(crate) mod debugger;

/// Longer than anything here takes on a busy machine; what takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(900);

/// The program.
///
/// Signals mean to it what they mean at a terminal: whoever started the tests may have them ignored, and what is
/// ignored is inherited.
pub(crate) fn lockstep() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,QUIT,TERM", env!("CARGO_BIN_EXE_lockstep")]);
    command
}

/// The program with these words.
pub(crate) fn words<S: AsRef<OsStr>>(list: impl IntoIterator<Item = S>) -> Command {
    let mut command = lockstep();
    command.args(list);
    command
}

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` after a signal.
    pub(crate) status: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    /// Catches crashes, whatever else a test looks at.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

/// Runs a command with nothing on its standard input.
pub(crate) fn run(command: &mut Command) -> Ran {
    finish(start(command.stdin(Stdio::null())))
}

/// Runs a command with `input` in a pipe, which is then closed.
pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = start(command.stdin(Stdio::piped()));
    // Less than a pipe holds, so this does not wait for the reader.
    assert!(input.len() < 4096);
    child.stdin.take().unwrap().write_all(input).unwrap();
    finish(child)
}

/// Starts a command whose output is read later.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a process to end, but not for ever.
pub(crate) fn finish(child: Child) -> Ran {
    let pid = pid(&child);
    let watch = Watchdog::new(move || {
        let _ = kill_process(pid, Signal::KILL);
    });
    let output = child.wait_with_output().unwrap();
    assert!(!watch.fired(), "hung: {}", String::from_utf8_lossy(&output.stderr));
    Ran {
        status: output.status.code(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Does something when its owner takes too long.
pub(crate) struct Watchdog {
    done: Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Watchdog {
    pub(crate) fn new(bite: impl FnOnce() + Send + 'static) -> Self {
        let (done, waits) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let late = waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            if late {
                bite();
            }
            late
        });
        Self { done, thread }
    }

    /// Ends this test process when what happens in it hangs.
    pub(crate) fn over_this_process(what: &'static str) -> Self {
        Self::new(move || {
            eprintln!("{what}: no end after {PATIENCE:?}");
            std::process::abort();
        })
    }

    /// Ends the watch; says whether it was too late.
    pub(crate) fn fired(self) -> bool {
        drop(self.done);
        self.thread.join().unwrap()
    }
}

/// A small guest's image.
pub(crate) fn guest(name: &str) -> PathBuf {
    guests().join(format!("{name}.elf"))
}

pub(crate) fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/aarch64/guests")
}

/// What a small guest must print.
pub(crate) fn expected(name: &str) -> Vec<u8> {
    std::fs::read(guests().join(format!("{name}.expected"))).unwrap()
}

/// U-Boot, if it was fetched.
pub(crate) fn u_boot() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/u-boot/u-boot.bin");
    path.is_file().then_some(path)
}

/// Console text without the carriage returns that the guests send before line feeds.
pub(crate) fn without_returns(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte != b'\r').collect()
}

/// A guest that writes to its console for ever, every few hundred instructions.
pub(crate) fn endless_guest() -> Vec<u8> {
    let instructions: [u32; 8] = [
        0xd2a1_2000, // movz x0, #0x900, lsl #16: the UART
        0x5280_0c21, // movz w1, #'a'
        0xb900_0001, // str w1, [x0]
        0x1100_0421, // add w1, w1, #1
        0xd280_1902, // movz x2, #200
        0xf100_0442, // subs x2, x2, #1
        0x54ff_ffe1, // b.ne to the instruction before
        0x17ff_fffb, // b to the str
    ];
    instructions.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A small machine that takes little time to build.
pub(crate) fn small_machine() -> MachineRecord {
    let board = "virt".to_owned();
    let mut record = MachineRecord { board, memory: 8 << 20, ..MachineRecord::default() };
    lockstep_machine::check(&mut record).unwrap();
    record
}

/// The images of a machine with a kernel and nothing else.
pub(crate) fn kernel(name: &str, bytes: Vec<u8>) -> Images {
    let mut images = Images::default();
    images.add(ImageRole::Kernel, name, bytes);
    images
}

/// The images of a machine that runs a small guest.
pub(crate) fn guest_images(name: &str) -> Images {
    kernel(&format!("{name}.elf"), std::fs::read(guest(name)).unwrap())
}

/// Records a whole run, in memory.
pub(crate) fn record(machine: &MachineRecord, images: &Images, level: Level) -> Vec<u8> {
    let header = Header {
        creator: "test".to_owned(),
        level,
        machine: machine.clone(),
        images: images.records(),
        bundled: false,
    };
    let mut built = lockstep_machine::build(machine, images).unwrap();
    let script = Script::parse(&machine.script).unwrap();
    built.set_door(Box::new(ScriptDoor::new(script, Box::new(NoDoor), None)));
    let (sender, chunks) = mpsc::channel();
    let recording = Recording::begin(&mut *built, &header, images, Box::new(sender)).unwrap();
    let pause = built.run(Goal::End);
    recording.finish(&mut *built).unwrap();
    assert!(matches!(pause, Pause::Ended(_)), "{pause:?}");
    chunks.iter().flatten().collect()
}

/// A replay in memory: how it ended, and where.
pub(crate) fn replay(log: Vec<u8>, images: &Images) -> Result<(ReplayEnd, Moment), ReplayError> {
    let mut replay = Replay::new(Reader::from_bytes(log)?, images)?;
    let end = replay.run()?;
    let moment = replay.machine().moment();
    Ok((end, moment))
}

/// Header, events and ending of a log.
pub(crate) fn read_log(log: &[u8]) -> Result<(Header, Vec<Event>, Ending), LogError> {
    let mut reader = Reader::from_bytes(log.to_vec())?;
    let header = reader.header().clone();
    let mut iterator = reader.events();
    let events: Vec<Event> = iterator.by_ref().collect::<Result<_, _>>()?;
    let ending = iterator.ending().unwrap();
    Ok((header, events, ending))
}

/// Keeps what the guest writes.
pub(crate) struct Keep(pub(crate) Sender<u8>);

impl Outputs for Keep {
    fn take(&mut self, outputs: &[Output]) {
        for output in outputs {
            if let Output::Console { byte, .. } = output {
                let _ = self.0.send(*byte);
            }
        }
    }
}
