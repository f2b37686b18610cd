//! The steps of one trial.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lockstep_core::{Rng, Use};
use lockstep_host::read_folder;
use lockstep_host::schedule::Schedule as SavedSchedule;
use lockstep_log::{DivergenceReport, ImageRole, encode, parse_dump};
use lockstep_machine::Images;

use super::{Runner, prefix};
use crate::failure::{Evidence, Failure, first_difference, tail};
use crate::gdb::Gdb;
use crate::golden;
use crate::load::Running;
use crate::page::Lanes;
use crate::process::{Ended, Run};
use crate::schema::{
    Disk, Exit, Io, Keep, Move, Scenario, Schedule, Step, Typing, pattern, script_text,
};
use crate::travel::{Library, RealGdb, travel};
use crate::trial::Trial;

/// The file in a trial's folder that says where two runs part.
pub(super) const DIVERGENCE: &str = "divergence.json";

/// Bytes in a guest's files at most.
const FILES_LIMIT: u64 = 1 << 30;

/// A trial that is running.
pub(super) struct Attempt<'a> {
    pub(super) runner: &'a Runner,
    pub(super) trial: &'a Trial,
    pub(super) scenario: &'a Scenario,
    pub(super) folder: &'a Path,
    pub(super) emulator: &'a Path,
    /// What keeps the host busy meanwhile.
    pub(super) load: &'a Running,
    /// What has been done so far.
    pub(super) done: &'a mut Done,
}

impl Attempt<'_> {
    /// Gives a note when something was not tried.
    pub(super) fn run(&mut self) -> Result<Option<String>, Failure> {
        let script = self.folder.join("script.txt");
        fs::write(script, script_text(&self.scenario.script))?;
        self.make_disks()?;
        self.find_prefix()?;
        let disks = self.disk_digests()?;
        let mut not_tried = None;
        for recording in 1..=self.trial.recordings.get() {
            for (index, step) in self.scenario.steps.iter().enumerate() {
                match step {
                    Step::Record(keep) => self.record(recording, keep)?,
                    Step::Replay => self.replay(recording, index)?,
                    Step::Dump => self.dump(recording)?,
                    // All recordings that are the same file are moved over alike.
                    Step::Debug(_) if recording > 1 && self.scenario.expect.repeatable => {}
                    Step::Debug(moves) => not_tried = self.debug(recording, index, moves)?,
                }
            }
            self.done.passed += 1;
            if self.scenario.expect.repeatable && recording > 1 {
                // It is the same file as the first.
                fs::remove_file(self.log(recording))?;
            }
        }
        let changed = |(before, after): (&blake3::Hash, &blake3::Hash)| before != after;
        if let Some(disk) = disks.iter().zip(&self.disk_digests()?).position(changed) {
            let path = self.disk(disk).display().to_string();
            return Err(Failure::DiskChanged { disk, path });
        }
        let not_compared = if self.scenario.expect.golden { self.check_golden()? } else { None };
        let notes: Vec<String> = not_tried.into_iter().chain(not_compared).collect();
        Ok((!notes.is_empty()).then(|| notes.join("; ")))
    }

    /// The file of a disk.
    pub(super) fn disk(&self, number: usize) -> PathBuf {
        match self.scenario.guest.disks.get(number) {
            Some(Disk::Image(image)) => image.path(&self.trial.entry.folder, &self.runner.root),
            _ => self.folder.join(format!("disk-{number}.img")),
        }
    }

    /// The folder of the files that the guest can open.
    pub(super) fn files(&self) -> Option<PathBuf> {
        self.scenario.guest.files.as_ref().map(|folder| self.trial.entry.folder.join(folder))
    }

    /// Makes the disks whose contents are the trial's own.
    fn make_disks(&self) -> io::Result<()> {
        for (number, disk) in self.scenario.guest.disks.iter().enumerate() {
            if let Disk::Pattern(size) = disk {
                fs::write(self.disk(number), pattern(size.bytes()))?;
            }
        }
        Ok(())
    }

    fn disk_digests(&self) -> io::Result<Vec<blake3::Hash>> {
        let numbers = 0..self.scenario.guest.disks.len();
        numbers.map(|number| Ok(blake3::hash(&fs::read(self.disk(number))?))).collect()
    }

    fn log(&self, recording: u32) -> PathBuf {
        self.folder.join(format!("recording-{recording}.log"))
    }

    fn record(&mut self, recording: u32, keep: &Keep) -> Result<(), Failure> {
        let what = format!("recording {recording}");
        let log = self.log(recording);
        let mut arguments = vec![OsString::from("record"), "-o".into(), (&log).into()];
        if let Some(time) = &keep.keyframes {
            arguments.extend(["--keyframes".into(), time.to_string().into()]);
        }
        self.machine_options(&mut arguments);
        self.fault_option(&mut arguments);
        let place = Place { recording, step: 0 };
        self.schedule_options(place, &mut arguments)?;
        let mut run = self.process(&place.name(), arguments);
        if self.types_live() {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let steps = self.scenario.script.iter();
            run.typed = steps.map(|step| (text(&step.after), text(&step.text))).collect();
        }
        let expected = self.scenario.expect.exit.status();
        let ended = self.finish(&run, &what, expected);
        self.note_schedule(place)?;
        ended?;
        let no_log = |error| io::Error::other(format!("{what} left no log: {error}"));
        let bytes = fs::read(&log).map_err(no_log)?;
        self.done.logs.push(digest(&bytes));
        self.check_message(&run, &what)?;
        self.check_console(&run, &what)?;
        if self.scenario.expect.repeatable && recording > 1 && bytes != fs::read(self.log(1))? {
            let found = golden::compare(&self.log(1), &log)?;
            if let Some(divergence) = &found.divergence {
                let report = DivergenceReport::from(&**divergence);
                fs::write(
                    self.folder.join(DIVERGENCE),
                    serde_json::to_vec_pretty(&report).map_err(io::Error::from)?,
                )?;
            }
            let difference = found.to_string();
            return Err(Failure::LogsDiffer { recording, difference });
        }
        Ok(())
    }

    fn replay(&self, recording: u32, step: usize) -> Result<(), Failure> {
        let log = self.log(recording);
        let engine = self.trial.engine.name();
        let mut arguments: Vec<OsString> =
            vec!["replay".into(), log.into(), "--engine".into(), engine.into()];
        arguments.extend(["--report".into(), self.folder.join(DIVERGENCE).into()]);
        self.image_options(&mut arguments);
        self.fault_option(&mut arguments);
        let place = Place { recording, step };
        self.schedule_options(place, &mut arguments)?;
        let run = self.process(&place.name(), arguments);
        let what = format!("replay of recording {recording}");
        // A replay that reaches the end of its log did what it had to, however the recording ended.
        self.finish(&run, &what, 0)?;
        let recorded = fs::read(self.folder.join(format!("recording-{recording}.console")))?;
        same_text("recorded", &recorded, "replayed", &fs::read(&run.stdout)?)
            .map_err(|difference| Failure::Console { what, difference })
    }

    /// Dumps a log, and makes it from the dump again.
    fn dump(&self, recording: u32) -> Result<(), Failure> {
        let log = self.log(recording);
        let mut arguments: Vec<OsString> = vec!["log".into(), "dump".into(), (&log).into()];
        self.fault_option(&mut arguments);
        let run = self.process(&format!("dump-{recording}"), arguments);
        let what = format!("dump of recording {recording}");
        self.finish(&run, &what, 0)?;
        let text = String::from_utf8_lossy(&fs::read(&run.stdout)?).into_owned();
        let wrong = |message: String| Failure::Dump { what: what.clone(), message };
        let (header, events) = parse_dump(&text).map_err(|error| wrong(error.to_string()))?;
        let again = encode(&header, &[], &events).map_err(|error| wrong(error.to_string()))?;
        if again == fs::read(&log)? {
            Ok(())
        } else {
            Err(wrong("what it says encodes to another log".to_owned()))
        }
    }

    /// Moves over a recording: through the library, and with a real gdb where there is one. Both are held to the same. Gives a
    /// note when gdb was not tried.
    fn debug(
        &self,
        recording: u32,
        step: usize,
        moves: &[Move],
    ) -> Result<Option<String>, Failure> {
        let what = format!("steps[{step}] on recording {recording}");
        let wrong = |message: String| Failure::Travel { what: what.clone(), message };
        let mut images = Images::default();
        for (key, image) in self.scenario.guest.images() {
            let path = image.path(&self.trial.entry.folder, &self.runner.root);
            let role = key.parse().map_err(wrong)?;
            images.add(role, &path.to_string_lossy(), fs::read(&path)?);
        }
        if let Some(folder) = self.files() {
            let files = read_folder(&folder, FILES_LIMIT);
            for (name, bytes) in files.map_err(|error| wrong(error.to_string()))? {
                images.add(ImageRole::File, &name, bytes);
            }
        }
        if self.scenario.from.is_some() {
            images.add(ImageRole::Prefix, prefix::NAME, fs::read(self.prefix())?);
        }
        let (log, engine) = (fs::read(self.log(recording))?, self.trial.engine);
        let timeout = self.scenario.timeout.duration();
        let library = Library::open(log, images, engine, timeout);
        let mut library = library.map_err(|error| wrong(error.to_string()))?;
        #[cfg(feature = "faults")]
        if let Some(fault) = &self.trial.fault {
            let seed = Place { recording, step }.schedule_seed(self.trial.seed);
            library.switch_on(fault, seed).map_err(wrong)?;
            travel(&mut library, moves).map_err(|error| wrong(error.to_string()))?;
            return Ok(Some(
                "gdb was not tried: what it is told is what the library finds".to_owned(),
            ));
        }
        travel(&mut library, moves).map_err(|error| wrong(error.to_string()))?;
        if self.scenario.machine.cpus.is_some_and(|cpus| cpus > 1) {
            return Ok(Some("gdb was not tried: it steps threads, not machines".to_owned()));
        }
        if !Gdb::is_installed() {
            return Ok(Some("gdb was not tried: gdb-multiarch is not installed".to_owned()));
        }
        self.debug_with_gdb(recording, moves, &mut library).map_err(wrong)?;
        Ok(None)
    }

    fn debug_with_gdb(
        &self,
        recording: u32,
        moves: &[Move],
        library: &mut Library,
    ) -> Result<(), String> {
        let engine = self.trial.engine.name();
        let mut arguments: Vec<OsString> =
            vec!["debug".into(), self.log(recording).into(), "--engine".into(), engine.into()];
        self.image_options(&mut arguments);
        let mut gdb = RealGdb::attach(self.emulator, &arguments, self.folder, library)?;
        travel(&mut gdb, moves).map_err(|error| {
            let screen = tail(gdb.transcript().as_bytes());
            format!("with gdb: {error}\n  gdb's screen, its end:\n{screen}")
        })
    }

    pub(super) fn process(&self, name: &str, arguments: Vec<OsString>) -> Run {
        Run {
            program: self.emulator.to_owned(),
            arguments,
            stdout: self.folder.join(format!("{name}.console")),
            stderr: self.folder.join(format!("{name}.stderr")),
            timeout: self.scenario.timeout.duration(),
            typed: Vec::new(),
            disturbance: self.load.disturbance().clone(),
        }
    }

    /// Who decides which thread goes next. Each process has a seed of its own for that, which follows from the trial's and
    /// from the process's place: recordings of one trial see the same guest and different schedules.
    fn schedule_options(&self, place: Place, arguments: &mut Vec<OsString>) -> Result<(), Failure> {
        let schedule = match &self.trial.schedule {
            Schedule::Os => return Ok(()),
            Schedule::Replay(file) => match self.saved_schedule(file, place)? {
                Some(file) => Schedule::Replay(file),
                None => return Ok(()),
            },
            seeded => seeded.clone(),
        };
        arguments.extend(["--schedule".into(), schedule.to_string().into()]);
        if schedule.is_seeded() {
            let seed = place.schedule_seed(self.trial.seed).to_string();
            arguments.extend(["--schedule-seed".into(), seed.into()]);
        }
        arguments.extend(["--schedule-trace".into(), self.trace(place).into()]);
        Ok(())
    }

    /// The saved schedule of a process: a file is that of recordings, a folder has one for each process that had one.
    fn saved_schedule(&self, file: &Path, place: Place) -> Result<Option<PathBuf>, Failure> {
        let path = self.runner.root.join(file);
        if path.is_dir() {
            let own = path.join(place.trace_name());
            return Ok(own.is_file().then_some(own));
        }
        if path.is_file() {
            return Ok((place.step == 0).then_some(path));
        }
        Err(io::Error::other(format!("there is no schedule {}", path.display())).into())
    }

    fn trace(&self, place: Place) -> PathBuf {
        self.folder.join(place.trace_name())
    }

    /// Keeps the digest of the schedule that a recording had.
    fn note_schedule(&mut self, place: Place) -> io::Result<()> {
        let path = self.trace(place);
        if path.is_file() {
            self.done.schedules.push(schedule_digest(&path)?);
        }
        Ok(())
    }

    /// The machine on the command line.
    fn machine_options(&self, arguments: &mut Vec<OsString>) {
        self.hardware_options(arguments);
        let record = &self.scenario.record;
        let mut option = |name: &str, value: Option<OsString>| {
            if let Some(value) = value {
                arguments.extend([name.into(), value]);
            }
        };
        let text = |value: &dyn ToString| Some(OsString::from(value.to_string()));
        if !self.scenario.script.is_empty() && !self.types_live() {
            option("--script", Some(self.folder.join("script.txt").into()));
        }
        option("--seed", text(&self.trial.seed));
        option("--engine", text(&self.trial.engine));
        option("--level", record.level.and_then(|level| text(&level)));
        option("--digest-every", record.digest_every.and_then(|n| text(&n)));
        option("--limit", record.limit.and_then(|n| text(&n)));
        self.image_options(arguments);
    }

    /// What cannot be another for recordings that begin at the same state.
    pub(super) fn hardware_options(&self, arguments: &mut Vec<OsString>) {
        let Scenario { machine, guest, record, .. } = self.scenario;
        let mut option = |name: &str, value: Option<OsString>| {
            if let Some(value) = value {
                arguments.extend([name.into(), value]);
            }
        };
        let text = |value: &dyn ToString| Some(OsString::from(value.to_string()));
        option("--machine", self.trial.board.as_ref().or(machine.board.as_ref()).map(Into::into));
        option("--cpu", machine.cpu.as_ref().map(Into::into));
        option("--memory", machine.memory.as_ref().and_then(|size| text(size)));
        option("--cpus", machine.cpus.as_ref().and_then(|cpus| text(cpus)));
        option("--append", guest.append.as_ref().map(Into::into));
        option("--ns-per-insn", record.ns_per_insn.and_then(|n| text(&n)));
        option("--io", Some(record.io).filter(|io| *io == Io::Live).and_then(|io| text(&io)));
    }

    /// What the emulator is to do wrong.
    fn fault_option(&self, arguments: &mut Vec<OsString>) {
        arguments
            .extend(self.trial.fault.iter().flat_map(|fault| ["--fault".into(), fault.into()]));
    }

    /// The images: a log names them, and does not say where they are.
    fn image_options(&self, arguments: &mut Vec<OsString>) {
        self.guest_options(arguments);
        if self.scenario.from.is_some() {
            arguments.extend(["--from".into(), self.prefix().into()]);
        }
    }

    /// Those that the guest is made of.
    pub(super) fn guest_options(&self, arguments: &mut Vec<OsString>) {
        for (key, image) in self.scenario.guest.images() {
            let path = image.path(&self.trial.entry.folder, &self.runner.root);
            arguments.extend([format!("--{key}").into(), path.into()]);
        }
        if let Some(folder) = self.files() {
            arguments.extend(["--semihosting-folder".into(), folder.into()]);
        }
        for number in 0..self.scenario.guest.disks.len() {
            arguments.extend(["--disk".into(), self.disk(number).into()]);
        }
    }

    /// Whether the script is for somebody at the console, and not for the machine.
    fn types_live(&self) -> bool {
        self.scenario.record.typing == Typing::Live
    }

    /// Runs a process, which has to end with this status.
    pub(super) fn finish(&self, run: &Run, what: &str, expected: i32) -> Result<(), Failure> {
        let (what, ended) = (what.to_owned(), run.run()?);
        match ended {
            Ended::Exited(code) if code == expected => Ok(()),
            Ended::TimedOut => {
                let timeout = self.scenario.timeout.to_string();
                let awaited = self.awaited(&fs::read(&run.stdout)?);
                Err(Failure::TimedOut { what, timeout, awaited, evidence: evidence(run)? })
            }
            _ => Err(Failure::Ended { what, ended, expected, evidence: evidence(run)? }),
        }
    }

    /// What a process that was killed was still waiting for, as far as its console tells.
    fn awaited(&self, console: &[u8]) -> String {
        let patterns: Vec<_> =
            self.scenario.script.iter().filter_map(|step| step.after.as_deref()).collect();
        if let Err((index, pattern)) = find_in_order(console, &patterns) {
            return format!(
                "the guest has not printed {pattern:?}, the text {} of {} that the script waits for",
                index + 1,
                patterns.len(),
            );
        }
        match self.scenario.expect.exit {
            Exit::PowerOff => "the guest has not switched the machine off".to_owned(),
            Exit::Stopped => "nothing has stopped the machine".to_owned(),
        }
    }

    fn check_message(&self, run: &Run, what: &str) -> Result<(), Failure> {
        let Some(message) = &self.scenario.expect.message else { return Ok(()) };
        if String::from_utf8_lossy(&fs::read(&run.stderr)?).contains(message.as_str()) {
            return Ok(());
        }
        let (what, message) = (what.to_owned(), message.clone());
        Err(Failure::Silent { what, message, evidence: evidence(run)? })
    }

    fn check_console(&self, run: &Run, what: &str) -> Result<(), Failure> {
        let Some(expected) = &self.scenario.expect.console else { return Ok(()) };
        let console = fs::read(&run.stdout)?;
        let wrong = |difference| Failure::Console { what: what.to_owned(), difference };
        let texts: Vec<_> = expected.contains.iter().map(String::as_str).collect();
        find_in_order(&console, &texts).map_err(|(index, text)| {
            let after = if index == 0 { "" } else { " after the texts before it" };
            wrong(format!("{text:?} is missing{after}\n  console, its end:\n{}", tail(&console)))
        })?;
        match &expected.equals {
            None => Ok(()),
            Some(file) => {
                let expected = fs::read(self.trial.entry.folder.join(file))?;
                same_text("expected", &expected, "printed", &console).map_err(wrong)
            }
        }
    }

    /// Compares with the golden log. Versions of fetched guests move on: with another one than the golden log's, what
    /// is expected of the console and of repetition still holds, and the golden log does not.
    fn check_golden(&self) -> Result<Option<String>, Failure> {
        let page = golden::page(&self.log(1))?;
        let name = self.trial.variant('.');
        let goldens = &self.runner.goldens;
        let fetched = self.scenario.guest.fetched();
        let blessing = std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always");
        if !fetched.is_empty() && !blessing && goldens.is_of_other_images(&name, &page) {
            let guests = fetched.join(" and ");
            return Ok(Some(format!(
                "golden log not compared: it is of another version of {guests}"
            )));
        }
        let outcome = goldens.check(&name, &self.scenario.description, &page);
        outcome.map(|()| None).map_err(|difference| {
            let note = "to accept it, after reading: add `--bless`".to_owned();
            Failure::Golden { difference, note }
        })
    }
}

/// What has been done so far in a trial.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The digests of the recordings.
    pub(super) logs: Vec<String>,
    /// The digests of the schedules of the recordings, if somebody took note of them.
    pub(super) schedules: Vec<String>,
    /// How many recordings are done with all that is done after each.
    pub(super) passed: u32,
}

/// Where in a trial a process is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Which recording it makes, or works with.
    recording: u32,
    /// Which step of the scenario it does.
    step: usize,
}

impl Place {
    fn name(self) -> String {
        match self {
            Self { recording, step: 0 } => format!("recording-{recording}"),
            Self { recording, step } => format!("replay-{recording}-{step}"),
        }
    }

    fn trace_name(self) -> String {
        format!("{}.{TRACE}", self.name())
    }

    /// The place's word in the stream of the trial's seed.
    fn schedule_seed(self, seed: u64) -> u64 {
        let mut rng = Rng::new(seed, Use::Schedule);
        let place = u128::from(self.recording) << 16 | self.step as u128 & 0xffff;
        rng.seek(2 * place);
        rng.next_u64()
    }
}

/// The extension of saved schedules.
const TRACE: &str = "schedule";

/// The saved schedules in a trial's folder, with their digests.
pub(super) fn schedules(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        if path.extension().is_some_and(|extension| extension == TRACE) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, schedule_digest(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// The threads' lanes of the last processes of a trial whose schedules were saved: these failed, or differ from the one before.
pub(super) fn lanes(folder: &Path) -> Vec<Lanes> {
    const SHOWN: usize = 2;
    let names = schedules(folder).unwrap_or_default();
    let last = names.iter().skip(names.len().saturating_sub(SHOWN));
    let read = |name: &String| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        Some(Lanes::from_saved(name.trim_end_matches(".schedule"), &text))
    };
    last.filter_map(|(name, _)| read(name)).collect()
}

/// The digest of a saved schedule: of all its steps, not only of those that are written down.
fn schedule_digest(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path)?.parse::<SavedSchedule>() {
        Ok(schedule) => Ok(format!("{:016x}", schedule.digest)),
        Err(error) => Ok(format!("not readable ({error})")),
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

fn evidence(run: &Run) -> Result<Box<Evidence>, Failure> {
    Ok(Box::new(Evidence {
        command: run.command_line(),
        stderr: tail(&fs::read(&run.stderr)?),
        console: tail(&fs::read(&run.stdout)?),
    }))
}

/// Looks for texts one after the other; gives the first that is missing.
fn find_in_order<'a>(mut bytes: &[u8], texts: &[&'a str]) -> Result<(), (usize, &'a str)> {
    for (index, text) in texts.iter().enumerate() {
        let found = bytes.windows(text.len().max(1)).position(|window| window == text.as_bytes());
        match found {
            Some(at) => bytes = &bytes[at + text.len()..],
            None if text.is_empty() => {}
            None => return Err((index, text)),
        }
    }
    Ok(())
}

fn same_text(
    expected_name: &str,
    expected: &[u8],
    actual_name: &str,
    actual: &[u8],
) -> Result<(), String> {
    if expected == actual {
        return Ok(());
    }
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Err(first_difference(expected_name, &text(expected), actual_name, &text(actual)))
}
