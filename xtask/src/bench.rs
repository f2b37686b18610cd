//! `cargo xtask bench`: how fast the machines run, and what recording costs.
//!
//! On a computer that others use too, the time of a process drifts by more than what is to be measured. So whole
//! processes are timed, in rounds that run every command once, every other round in reverse order, since what ran before
//! leaves its traces in caches. A ratio is taken within a round; what is reported of times and ratios alike is the
//! smallest, the median and the largest.

mod time_travel;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::replay_tests;

mod alpha;
mod linux;
mod summary;

use summary::Summary;

/// The guests that are timed; all run without input and switch the machine off.
const GUESTS: [&str; 7] = ["loop", "compute", "crc", "sort", "matrix", "bytecode", "chase"];
const FOLDER: &str = "scenarios/aarch64/guests";
const QEMU: &str = "qemu-system-aarch64";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds; each runs every command once.
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The QEMU to compare with [default: qemu-system-aarch64, where it is installed]
    #[arg(long, value_name = "QEMU-BINARY")]
    against: Option<PathBuf>,
    /// Leave out the boot of Linux, which is timed where its kernel has been fetched.
    #[arg(long)]
    no_linux: bool,
    /// Measure this lockstep instead of building one.
    #[arg(long, value_name = "FILE")]
    lockstep: Option<PathBuf>,
    /// Time the guests of this architecture only.
    #[arg(long, value_parser = ["aarch64", "alpha"])]
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
    if arguments.time_travel.time_travel {
        println!("{}", circumstances(None));
        return arguments.time_travel.run(&lockstep, root, &folder);
    }
    let qemu = find_qemu(arguments.against.as_deref())?;
    println!("{}", circumstances(qemu.as_ref()));
    let wanted = |arch| arguments.arch.as_deref().is_none_or(|only| only == arch);
    if wanted("aarch64") {
        run_aarch64(arguments, root, &lockstep, qemu.as_ref(), &folder)?;
    }
    if wanted("alpha") {
        alpha::run(root, &lockstep, &folder, arguments.runs, !arguments.no_linux)?;
    }
    Ok(())
}

/// Times the small guests, and the boot of Linux where that has been fetched.
fn run_aarch64(
    arguments: &Arguments,
    root: &Path,
    lockstep: &Path,
    qemu: Option<&Qemu>,
    folder: &Path,
) -> Result<(), Error> {
    let mut report = Report::default();
    let mut summary = Summary::default();
    let mut shown = String::new();
    for guest in GUESTS {
        let image = root.join(FOLDER).join(format!("{guest}.elf"));
        let commands = commands(lockstep, qemu, guest, &image, folder);
        let instructions = count_instructions(&commands[0])?;
        let mut times = vec![Vec::new(); commands.len()];
        for round in 1..=arguments.runs {
            eprintln!("{guest}: round {round} of {}", arguments.runs);
            for step in 0..commands.len() {
                let place = if round % 2 == 1 { step } else { commands.len() - 1 - step };
                times[place].push(commands[place].time()?);
            }
        }
        report.add(guest, instructions, &times);
        summary.add(guest, &times);
        for command in &commands {
            let _ = writeln!(shown, "{guest:<8} {:<12} {}", command.name, command.line());
        }
    }
    println!("{}\n{shown}", report.0);
    println!(
        "Ratios and percentages are within a round. A ratio below 1: lockstep took less time.\n"
    );
    println!("{summary}");
    if !arguments.no_linux {
        linux::run(root, lockstep, qemu, folder, arguments.runs.min(3))?;
    }
    Ok(())
}

/// What the figures depend on beside the commands.
fn circumstances(qemu: Option<&Qemu>) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    let against = match qemu {
        Some(qemu) => qemu.version.clone(),
        None => format!("{QEMU} is not installed, so there is nothing to compare with"),
    };
    format!("{cores} cores, load average {load} before the first run; {against}\n")
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

/// Runs and records without QEMU and, where there is one, with it, in the order of the places below.
fn commands(
    lockstep: &Path,
    qemu: Option<&Qemu>,
    guest: &str,
    image: &Path,
    folder: &Path,
) -> Vec<Timed> {
    let log = folder.join(format!("{guest}.log"));
    let mut all = vec![
        Timed::new("run", lockstep, &["run", "--no-input", "--kernel"]).with(image),
        Timed::new("record", lockstep, &["record", "--no-input", "--output"])
            .with(&log)
            .with("--kernel")
            .with(image),
    ];
    if let Some(Qemu { program, .. }) = qemu {
        let recording = folder.join(format!("{guest}.qemu"));
        let recording = format!("shift=5,rr=record,rrfile={}", recording.display());
        for (name, icount) in [("QEMU run", "shift=5"), ("QEMU record", recording.as_str())] {
            let machine = Timed::new(name, program, QEMU_MACHINE);
            let machine = machine.with("-icount").with(icount);
            all.push(machine.with("-kernel").with(image));
        }
    }
    all
}

const RUN: usize = 0;
const RECORD: usize = 1;
const QEMU_RUN: usize = 2;
const QEMU_RECORD: usize = 3;

const QEMU_MACHINE: &[&str] = &[
    "-M",
    "virt,gic-version=3",
    "-cpu",
    "neoverse-n1",
    "-m",
    "512M",
    "-display",
    "none",
    "-monitor",
    "none",
    "-nic",
    "none",
    "-serial",
    "file:/dev/null",
];

/// A QEMU that is there.
struct Qemu {
    program: OsString,
    version: String,
}

/// The QEMU that was asked for, or the usual one if there is one.
fn find_qemu(wanted: Option<&Path>) -> Result<Option<Qemu>, Error> {
    let program = wanted.map_or_else(|| QEMU.into(), |path| path.as_os_str().to_owned());
    match Timed::new("version", &program, &["--version"]).run(&[]) {
        Ok(text) => {
            let version = text.lines().next().unwrap_or_default().to_owned();
            Ok(Some(Qemu { program, version }))
        }
        Err(Error::Start { .. }) if wanted.is_none() => Ok(None),
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
        Self(format!("{guest:<8} {measure:<21} {unit:<5} {min:>9} {median:>9} {max:>9}\n"))
    }
}

impl Report {
    /// Adds the lines of a guest; `times` are those of its commands, round by round.
    fn add(&mut self, guest: &str, instructions: u64, times: &[Vec<f64>]) {
        let mips = |seconds: &f64| instructions as f64 / seconds.max(1e-9) / 1e6;
        let speeds: Vec<f64> = times[RUN].iter().map(mips).collect();
        let _ = writeln!(self.0, "{guest:<8} {:<21} {:<5} {instructions:>29}", "instructions", "");
        self.line(guest, "run", "MIPS", &speeds);
        self.line(guest, "run", "s", &times[RUN]);
        self.line(guest, "record", "s", &times[RECORD]);
        let cost = ratios(&times[RECORD], &times[RUN]);
        let cost: Vec<f64> = cost.iter().map(|ratio| (ratio - 1.0) * 100.0).collect();
        self.line(guest, "record over run", "%", &cost);
        if let (Some(run), Some(record)) = (times.get(QEMU_RUN), times.get(QEMU_RECORD)) {
            self.line(guest, "QEMU run", "s", run);
            self.line(guest, "QEMU record", "s", record);
            self.line(guest, "run / QEMU run", "ratio", &ratios(&times[RUN], run));
            self.line(guest, "record / QEMU record", "ratio", &ratios(&times[RECORD], record));
        }
    }

    fn line(&mut self, guest: &str, measure: &str, unit: &str, values: &[f64]) {
        let [min, median, max] = summary(values);
        let numbers = format!("{min:>9.3} {median:>9.3} {max:>9.3}");
        let _ = writeln!(self.0, "{guest:<8} {measure:<21} {unit:<5} {numbers}");
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
        let times = [vec![1.0, 2.0], vec![1.1, 2.2], vec![2.0, 1.0], vec![1.0, 1.0]];
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
