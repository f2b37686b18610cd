//! `cargo xtask bench`: how fast the machines run, and what recording costs.
//!
//! On a computer that others use too, the time of a process drifts by more than what is to be measured. So whole
//! processes are timed, in rounds that run every command once, every other round in reverse order, since what ran before
//! leaves its traces in caches. A ratio is taken within a round; what is reported of times and ratios alike is the
//! smallest, the median and the largest.

mod boards;
mod memory;
mod summary;
mod time_travel;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::replay_tests;
use boards::{BOARDS, Board, Guest, QEMU_RECORD, QEMU_RUN, RECORD, REPLAY, RUN};
use summary::Summary;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds; each runs every command once.
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The QEMU to compare with [default: qemu-system-ARCH, where it is installed]
    #[arg(long, value_name = "QEMU-BINARY", requires = "arch")]
    against: Option<PathBuf>,
    /// Leave out the boot of Linux, which is timed where its kernel has been fetched.
    #[arg(long)]
    no_linux: bool,
    /// Measure this lockstep instead of building one.
    #[arg(long, value_name = "FILE")]
    lockstep: Option<PathBuf>,
    /// Time the guests of this architecture only.
    #[arg(long, value_parser = BOARDS.map(|board| board.arch))]
    arch: Option<String>,
    #[command(flatten)]
    time_travel: time_travel::TimeTravel,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Build(#[from] replay_tests::Error),
    #[error("`{command}` could not be run: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` failed:\n{output}")]
    Failed { command: String, output: String },
    #[error("`{0}` printed no count of instructions")]
    NoCount(String),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let root = crate::root();
    let lockstep = match &arguments.lockstep {
        Some(path) => path.clone(),
        None => {
            replay_tests::build(root, "lockstep", &["build", "--release", "--package", "lockstep"])?
        }
    };
    let folder = target(root).join("bench");
    fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    println!("{}", circumstances());
    if arguments.time_travel.time_travel {
        return arguments.time_travel.run(&lockstep, root, &folder);
    }
    let wanted = |board: &&Board| arguments.arch.as_deref().is_none_or(|arch| arch == board.arch);
    let mut bench =
        Bench { root: root.to_owned(), lockstep, folder, runs: arguments.runs, ..Bench::default() };
    for board in BOARDS.iter().filter(wanted) {
        bench.board(board, arguments.against.as_deref(), !arguments.no_linux)?;
    }
    println!("{}\n{}", bench.report.0, bench.shown);
    println!(
        "Ratios and percentages are within a round. A ratio below 1: lockstep took less time.\n"
    );
    if !bench.summary.is_empty() {
        println!("{}", bench.summary);
    }
    Ok(())
}

/// A measurement, and what it has found so far.
#[derive(Default)]
struct Bench {
    root: PathBuf,
    lockstep: PathBuf,
    folder: PathBuf,
    runs: u32,
    report: Report,
    summary: Summary,
    /// The commands that were timed.
    shown: String,
}

impl Bench {
    /// Times the small guests of a board, and the boot of Linux where that has been fetched.
    fn board(&mut self, board: &Board, qemu: Option<&Path>, linux: bool) -> Result<(), Error> {
        let qemu = find_qemu(board, qemu)?;
        for name in board.guests {
            let guest = board.small(&self.root, name);
            let (_, times) = self.guest(board, &guest, qemu.as_ref())?;
            self.summary.add(&guest.label, &times);
        }
        if !linux {
            return Ok(());
        }
        let Some(guest) = board.linux(&self.root) else {
            println!("linux-{0}: not fetched (`cargo xtask guests fetch linux-{0}`)", board.arch);
            return Ok(());
        };
        let (commands, _) = self.guest(board, &guest, qemu.as_ref())?;
        for (place, emulator) in [(RECORD, "log"), (QEMU_RECORD, "qemu")] {
            let Some(command) = commands.get(place) else { break };
            let path = boards::recording(&guest, &self.folder, emulator);
            let bytes = fs::metadata(&path).map_err(|source| Error::File { path, source })?.len();
            let name = command.name;
            self.report.number(&guest.label, &format!("{name}, log"), "bytes", bytes);
            let peak = memory::peak(command)?;
            self.report.number(&guest.label, &format!("{name}, memory"), "MB", peak);
        }
        Ok(())
    }

    /// Times the commands of a guest, and reports them.
    fn guest(
        &mut self,
        board: &Board,
        guest: &Guest,
        qemu: Option<&OsString>,
    ) -> Result<(Vec<Timed>, Vec<Vec<f64>>), Error> {
        let commands = board.commands(guest, &self.lockstep, qemu, &self.folder);
        let instructions = count_instructions(&commands[RUN])?;
        let mut times = vec![Vec::new(); commands.len()];
        for round in 1..=self.runs {
            eprintln!("{}: round {round} of {}", guest.label, self.runs);
            for step in 0..commands.len() {
                // A replay finds the recording of this round, or of the one before.
                let place = if round % 2 == 1 { step } else { commands.len() - 1 - step };
                times[place].push(commands[place].time()?);
            }
        }
        self.report.add(&guest.label, instructions, &times);
        for command in &commands {
            let _ =
                writeln!(self.shown, "{:<16} {:<12} {}", guest.label, command.name, command.line());
        }
        Ok((commands, times))
    }
}

/// What the figures depend on beside the commands.
fn circumstances() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    format!("{cores} cores, load average {load} before the first run\n")
}

/// A command that is timed.
struct Timed {
    name: &'static str,
    /// Looked for on the PATH if it is a bare name, as a shell does.
    program: OsString,
    arguments: Vec<OsString>,
}

impl Timed {
    fn new(name: &'static str, program: impl Into<OsString>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(OsString::from).collect();
        Self { name, program: program.into(), arguments }
    }

    /// With one more argument.
    fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.program.as_os_str())
            .chain(self.arguments.iter().map(OsString::as_os_str));
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    /// Runs the command with more arguments; gives all that it printed.
    fn run(&self, more: &[&str]) -> Result<String, Error> {
        let arguments = self.arguments.iter().cloned().chain(more.iter().map(OsString::from));
        let result = duct::cmd(&self.program, arguments)
            .stdin_null()
            .stderr_to_stdout()
            .stdout_capture()
            .unchecked()
            .run();
        let output = result.map_err(|source| Error::Start { command: self.line(), source })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(Error::Failed { command: self.line(), output: text.trim_end().to_owned() })
    }

    /// Seconds from the start of the process to its end.
    fn time(&self) -> Result<f64, Error> {
        let start = Instant::now();
        self.run(&[])?;
        Ok(start.elapsed().as_secs_f64())
    }
}

/// The QEMU that was asked for, or the usual one if there is one. Says which.
fn find_qemu(board: &Board, wanted: Option<&Path>) -> Result<Option<OsString>, Error> {
    let program = wanted.map_or_else(|| board.qemu.into(), |path| path.as_os_str().to_owned());
    match Timed::new("version", &program, &["--version"]).run(&[]) {
        Ok(text) => {
            println!("{}: {}", board.arch, text.lines().next().unwrap_or_default());
            Ok(Some(program))
        }
        Err(Error::Start { .. }) if wanted.is_none() => {
            println!("{}: {} is not installed: nothing to compare with", board.arch, board.qemu);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Instructions that the guest takes, from the command that runs it. Files are in the host's cache afterwards.
fn count_instructions(run: &Timed) -> Result<u64, Error> {
    let printed = run.run(&["--stats"])?;
    instructions_in(&printed).ok_or_else(|| Error::NoCount(run.line()))
}

fn instructions_in(printed: &str) -> Option<u64> {
    let line = printed.lines().find_map(|line| line.strip_prefix("instructions "))?;
    line.trim().parse().ok()
}

/// The target folder: this program is in it, two levels down.
fn target(root: &Path) -> PathBuf {
    let own = std::env::current_exe().ok();
    let folder = own.as_deref().and_then(|path| path.ancestors().nth(2)).map(Path::to_path_buf);
    folder.unwrap_or_else(|| root.join("target"))
}

/// The table.
struct Report(String);

impl Default for Report {
    fn default() -> Self {
        let heads = ("guest", "measure", "unit", "min", "median", "max");
        let (guest, measure, unit, min, median, max) = heads;
        Self(format!("{guest:<16} {measure:<21} {unit:<5} {min:>9} {median:>9} {max:>9}\n"))
    }
}

impl Report {
    /// Adds the lines of a guest; `times` are those of its commands, round by round.
    fn add(&mut self, guest: &str, instructions: u64, times: &[Vec<f64>]) {
        let mips = |seconds: &f64| instructions as f64 / seconds.max(1e-9) / 1e6;
        let speeds: Vec<f64> = times[RUN].iter().map(mips).collect();
        self.number(guest, "instructions", "", instructions);
        self.line(guest, "run", "MIPS", &speeds);
        for (place, name) in [(RUN, "run"), (RECORD, "record"), (REPLAY, "replay")] {
            self.line(guest, name, "s", &times[place]);
        }
        let cost = ratios(&times[RECORD], &times[RUN]);
        let cost: Vec<f64> = cost.iter().map(|ratio| (ratio - 1.0) * 100.0).collect();
        self.line(guest, "record over run", "%", &cost);
        if let (Some(run), Some(record)) = (times.get(QEMU_RUN), times.get(QEMU_RECORD)) {
            self.line(guest, "QEMU run", "s", run);
            self.line(guest, "QEMU record", "s", record);
            self.line(guest, "run / QEMU run", "ratio", &ratios(&times[RUN], run));
            self.line(guest, "record / QEMU record", "ratio", &ratios(&times[RECORD], record));
            self.line(guest, "replay / QEMU record", "ratio", &ratios(&times[REPLAY], record));
        }
    }

    /// What is the same each time.
    fn number(&mut self, guest: &str, measure: &str, unit: &str, value: u64) {
        let _ = writeln!(self.0, "{guest:<16} {measure:<21} {unit:<5} {value:>29}");
    }

    fn line(&mut self, guest: &str, measure: &str, unit: &str, values: &[f64]) {
        let [min, median, max] = summary(values);
        let numbers = format!("{min:>9.3} {median:>9.3} {max:>9.3}");
        let _ = writeln!(self.0, "{guest:<16} {measure:<21} {unit:<5} {numbers}");
    }
}

/// The ratio of each pair.
fn ratios(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a / b.max(1e-9)).collect()
}

/// The smallest, the median and the largest value.
fn summary(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let last = sorted.len().saturating_sub(1);
    [at(0), f64::midpoint(at(last / 2), at(sorted.len() / 2)), at(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a median of unsorted values, and one that is off for an even number of them.
    #[test]
    fn medians() {
        let same = |values: &[f64], expected: [f64; 3]| {
            assert_eq!(summary(values).map(f64::to_bits), expected.map(f64::to_bits));
        };
        same(&[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]);
        same(&[4.0, 1.0, 2.0, 3.0], [1.0, 2.5, 4.0]);
        same(&[5.0], [5.0, 5.0, 5.0]);
    }

    /// Catches ratios between medians instead of within rounds, and speeds in other units.
    #[test]
    fn ratios_are_within_a_round() {
        let mut report = Report::default();
        let times = [[1.0, 2.0], [1.1, 2.2], [1.0, 1.0], [2.0, 1.0], [1.0, 1.0]].map(Vec::from);
        report.add("loop", 200_000_000, &times);
        let lines: Vec<Vec<&str>> =
            report.0.lines().map(|line| line.split_whitespace().collect()).collect();
        let line = |start: &str| {
            let start: Vec<&str> = start.split(' ').collect();
            let found = lines.iter().find(|line| line.starts_with(&start)).expect("a line");
            found[start.len()..].to_vec()
        };
        assert_eq!(line("loop run MIPS"), ["100.000", "150.000", "200.000"]);
        assert_eq!(line("loop record over run %"), ["10.000", "10.000", "10.000"]);
        assert_eq!(line("loop run / QEMU run ratio"), ["0.500", "1.250", "2.000"]);
    }

    /// Catches a change of what `--stats` prints.
    #[test]
    fn counts_are_read() {
        let printed = "hello\ninstructions            200000538\nvirtual time  1s\n";
        assert_eq!(instructions_in(printed), Some(200_000_538));
        assert_eq!(instructions_in("instructions many\n"), None);
    }

    /// Catches a failed run that is counted as a fast one.
    #[test]
    fn a_failed_run_is_an_error() {
        let command = Timed::new("run", "sh", &["-c", "echo reason >&2; exit 4"]);
        let error = command.time().expect_err("it exits with 4").to_string();
        assert!(error.contains("sh -c") && error.ends_with("reason"), "{error}");
    }
}
