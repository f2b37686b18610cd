//! The Alpha board's part: a loop, and the boot of Linux to its power off where that has been fetched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Error, QEMU_RECORD, Report, Timed, count_instructions, ratios};

const QEMU: &str = "qemu-system-alpha";
const QEMU_MACHINE: &[&str] = &[
    "-M",
    "clipper",
    "-vga",
    "none",
    "-net",
    "none",
    "-display",
    "none",
    "-monitor",
    "none",
    "-serial",
    "file:/dev/null",
];

/// A guest that is timed.
struct Guest {
    name: &'static str,
    kernel: PathBuf,
    initrd: Option<PathBuf>,
}

/// Where the replay is among a round's commands.
const REPLAY: usize = 2;

/// Times every guest that is here, and says how.
pub(super) fn run(
    root: &Path,
    lockstep: &Path,
    folder: &Path,
    runs: u32,
    with_linux: bool,
) -> Result<(), Error> {
    let has_qemu = Timed::new("version", QEMU, &["--version"]).run(&[]).is_ok();
    let linux = root.join("guests/linux-alpha");
    let guests = [
        Guest {
            name: "a-loop",
            kernel: root.join("scenarios/alpha/guests/loop.elf"),
            initrd: None,
        },
        Guest {
            name: "a-linux",
            kernel: linux.join("vmlinux"),
            initrd: Some(linux.join("initrd.gz")),
        },
    ];
    let mut report = Report::default();
    let wanted = |guest: &&Guest| guest.kernel.is_file() && (with_linux || guest.initrd.is_none());
    for guest in guests.iter().filter(wanted) {
        let commands = guest.commands(lockstep, has_qemu, folder);
        let instructions = count_instructions(&commands[0])?;
        let mut times = vec![Vec::new(); commands.len()];
        for round in 1..=runs {
            eprintln!("{}: round {round} of {runs}", guest.name);
            for step in 0..commands.len() {
                // A replay finds the recording of this round, or of the one before.
                let place = if round % 2 == 1 { step } else { commands.len() - 1 - step };
                times[place].push(commands[place].time()?);
            }
        }
        guest.report(&mut report, instructions, times);
        for command in &commands {
            println!("{:<8} {:<12} {}", guest.name, command.name, command.line());
        }
    }
    println!("{}", report.0);
    Ok(())
}

impl Guest {
    /// The images and the command line, as both emulators take them.
    fn images(&self) -> Vec<OsString> {
        let mut words = vec!["-kernel".into(), self.kernel.clone().into()];
        if let Some(initrd) = &self.initrd {
            words.extend(["-initrd".into(), initrd.clone().into()]);
            words.extend(["-append".into(), "console=ttyS0 quiet".into()]);
        }
        words
    }

    fn commands(&self, lockstep: &Path, has_qemu: bool, folder: &Path) -> Vec<Timed> {
        let log = folder.join(format!("{}.log", self.name));
        // Our options have one dash more.
        let ours = |timed: Timed, words: &[OsString]| {
            words.iter().fold(timed, |timed, word| match word.to_str() {
                Some(option) if option.starts_with('-') => timed.with(format!("-{option}")),
                _ => timed.with(word),
            })
        };
        let words = self.images();
        let run = Timed::new("run", lockstep, &["run", "--no-input", "-M", "clipper"]);
        let record = Timed::new("record", lockstep, &["record", "--no-input", "-M", "clipper"]);
        // The command line, which comes last, is in the log.
        let files = &words[..words.len().min(4)];
        let mut all = vec![
            ours(run, &words),
            ours(record.with("--output").with(&log), &words),
            ours(Timed::new("replay", lockstep, &["replay"]).with(&log), files),
        ];
        if has_qemu {
            let recording = folder.join(format!("{}.qemu", self.name));
            let recording = format!("shift=5,rr=record,rrfile={}", recording.display());
            for (name, icount) in [("QEMU run", "shift=5"), ("QEMU record", recording.as_str())] {
                let timed = Timed::new(name, QEMU, QEMU_MACHINE).with("-icount").with(icount);
                all.push(words.iter().fold(timed, Timed::with));
            }
        }
        all
    }

    /// The lines of all boards, and the replay's.
    fn report(&self, report: &mut Report, instructions: u64, mut times: Vec<Vec<f64>>) {
        let replay = times.remove(REPLAY);
        report.add(self.name, instructions, &times);
        report.line(self.name, "replay", "s", &replay);
        if let Some(record) = times.get(QEMU_RECORD) {
            report.line(self.name, "replay / QEMU record", "ratio", &ratios(&replay, record));
        }
    }
}
