//! `lockstep run` and `lockstep record`.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;
use std::sync::Arc;

use lockstep_core::{DEFAULT_NS_PER_INSN, StopReason};
use lockstep_host::{
    Baton, DiskFile, FileSink, FolderOut, Stopwatch, WorkThread, date_now, fresh_seed, read_file,
    read_folder, ticks,
};
use lockstep_log::{Header, ImageRole, IoMode};
use lockstep_machine::{
    Goal, Images, Machine, MachineRecord, Pause, Recording, Script, ScriptDoor, build, check,
    parse_machine, parse_memory, parse_time,
};

use crate::args::{Engine, MachineArgs, RecordArgs, RunArgs, RunOptions};
use crate::failure::{Failure, Status};
use crate::faults::Switched;
use crate::front::{Effects, Front, ToFile};
use crate::stats::print_stats;

/// Images are read whole; nothing that a board can hold is larger.
pub(crate) const IMAGE_LIMIT: u64 = 4 << 30;
/// A script is typed by people.
const SCRIPT_LIMIT: u64 = 1 << 20;

/// A machine and what it was made from.
struct Setup {
    record: MachineRecord,
    images: Images,
    script: Script,
    machine: Box<dyn Machine>,
    effects: Effects,
}

fn set_up(args: &MachineArgs, run: &RunOptions) -> Result<Setup, Failure> {
    let (board, mut options) = parse_machine(&args.machine)?;
    if args.semihosting {
        options.insert("semihosting".to_owned(), "on".to_owned());
    }
    if args.semihosting_folder.is_some() {
        options.insert("semihosting".to_owned(), "files".to_owned());
    }
    let (script, text) = read_script(run.script.as_deref())?;
    let mut record = MachineRecord {
        board,
        options,
        cpu: args.cpu.clone().unwrap_or_default(),
        memory: args.memory.as_deref().map_or(Ok(0), parse_memory)?,
        vcpus: args.cpus,
        ns_per_insn: NonZeroU32::new(args.ns_per_insn).unwrap_or(DEFAULT_NS_PER_INSN),
        seed: parse_or(&args.seed, "random", "seed", fresh_seed)?,
        start_date: parse_or(&args.date, "now", "date", || date_now().max(0) as u64)?,
        digest_interval: args.digest_every,
        io: args.io,
        append: args.append.clone(),
        script: text,
        ..MachineRecord::default()
    };
    check(&mut record)?;
    let mut images = Images::default();
    let files = [
        (ImageRole::Kernel, &args.kernel),
        (ImageRole::Initrd, &args.initrd),
        (ImageRole::Bios, &args.bios),
    ];
    for (role, path) in files {
        if let Some(path) = path {
            images.add(role, &file_name(path), read_file(path, IMAGE_LIMIT)?);
        }
    }
    for path in &args.disk {
        images.add(ImageRole::Disk, &file_name(path), read_file(path, IMAGE_LIMIT)?);
    }
    if let Some(folder) = &args.semihosting_folder {
        for (name, bytes) in read_folder(folder, IMAGE_LIMIT)? {
            images.add(ImageRole::File, &name, bytes);
        }
    }
    if let Some(path) = &args.from {
        images.add(ImageRole::Prefix, &file_name(path), read_file(path, IMAGE_LIMIT)?);
    }
    let mut machine = build(&record, &images)?;
    machine.set_engine(run.engine.into())?;
    let disks = if args.io == IoMode::Live { disk_files(args, &images) } else { Vec::new() };
    let files = args.semihosting_out.as_deref().map(FolderOut::create).transpose()?;
    Ok(Setup { record, images, script, machine, effects: Effects { disks, files } })
}

/// What the host reads when completions are its own.
fn disk_files(args: &MachineArgs, images: &Images) -> Vec<DiskFile> {
    let disks = args.disk.iter().zip(images.all(ImageRole::Disk));
    disks.map(|(path, (_, image))| DiskFile { path: path.clone(), image: image.clone() }).collect()
}

fn parse_or(
    text: &str,
    word: &str,
    what: &str,
    fresh: impl FnOnce() -> u64,
) -> Result<u64, Failure> {
    if text == word {
        return Ok(fresh());
    }
    let wrong = |_| Failure::Usage(format!("--{what} '{text}': write a number, or '{word}'"));
    text.parse().map_err(wrong)
}

fn read_script(path: Option<&Path>) -> Result<(Script, String), Failure> {
    let Some(path) = path else { return Ok((Script::default(), String::new())) };
    let shown = path.display().to_string();
    let text = String::from_utf8(read_file(path, SCRIPT_LIMIT)?)
        .map_err(|_| Failure::Usage(format!("{shown}: not UTF-8")))?;
    let script = Script::parse(&text).map_err(|error| Failure::Script { path: shown, error })?;
    Ok((script, text))
}

/// The last part of a path: what a log says of an image, so that it says nothing of the host.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Runs a machine to its end, with the user at its console.
fn drive(
    setup: &mut Setup,
    run: &RunOptions,
    baton: &Baton,
    faults: &Switched,
    go: impl FnOnce(&mut dyn Machine) -> Pause,
) -> Result<Pause, Failure> {
    let (front, door, outputs) =
        Front::connect(baton, !run.no_input, std::mem::take(&mut setup.effects), faults)?;
    assist(&mut *setup.machine, run.engine, run.stats, baton)?;
    let script = std::mem::take(&mut setup.script);
    setup.machine.set_door(Box::new(ScriptDoor::new(script, door, run.limit)));
    setup.machine.set_outputs(outputs);
    let watch = Stopwatch::start();
    let pause = go(&mut *setup.machine);
    let seconds = watch.elapsed().as_secs_f64();
    setup.machine.set_outputs(Box::new(()));
    setup.machine.set_door(crate::front::nobody());
    front.finish()?;
    if run.stats {
        print_stats(&*setup.machine, seconds);
    }
    Ok(pause)
}

/// Gives an engine that compiles a thread to do it on, and one whose times will be shown a clock.
pub(crate) fn assist(
    machine: &mut dyn Machine,
    engine: Engine,
    stats: bool,
    baton: &Baton,
) -> Result<(), Failure> {
    if matches!(engine, Engine::Jit | Engine::Auto) {
        let worker = WorkThread::start(baton, "compiler")
            .map_err(|error| Failure::Internal(error.to_string()))?;
        machine.set_worker(Box::new(worker));
    }
    if stats {
        machine.set_ticks(ticks);
    }
    Ok(())
}

fn report(reason: &StopReason) -> Status {
    let status = Status::of(reason);
    if status != Status::Good {
        eprintln!("lockstep: the run ended: {reason}");
    }
    status
}

pub(crate) fn run(args: &RunArgs, baton: &Baton) -> Result<Status, Failure> {
    let mut setup = set_up(&args.machine, &args.run)?;
    let faults = Switched::new(&args.run.faults, baton)?;
    faults.switch_on(&mut *setup.machine);
    match drive(&mut setup, &args.run, baton, &faults, |machine| machine.run(Goal::End))? {
        Pause::Ended(reason) => Ok(report(&reason)),
        pause => Err(Failure::Internal(format!("the machine paused: {pause:?}"))),
    }
}

pub(crate) fn record(args: &RecordArgs, baton: &Baton) -> Result<Status, Failure> {
    refuse_overwriting(args)?;
    let keyframes =
        args.keyframes.as_deref().map(|text| keyframe_interval(text, args)).transpose()?;
    let mut setup = set_up(&args.machine, &args.run)?;
    let header = Header {
        creator: concat!("lockstep ", env!("CARGO_PKG_VERSION")).to_owned(),
        level: args.level,
        machine: setup.record.clone(),
        images: setup.images.records(),
        bundled: args.bundle,
    };
    let faults = Switched::new(&args.run.faults, baton)?;
    faults.switch_on(&mut *setup.machine);
    let file = Arc::new(FileSink::create(baton, &args.output)?);
    let sink = Box::new(ToFile(Arc::clone(&file)));
    let mut recording = Recording::begin(&mut *setup.machine, &header, &setup.images, sink)?;
    if keyframes.is_some() || setup.script.keeps_states() {
        recording = recording.with_keyframes(&mut *setup.machine, keyframes);
    }
    let pause = drive(&mut setup, &args.run, baton, &faults, |machine| recording.run(machine));
    // The file first: when it failed, everything else followed from that.
    let finished = recording.finish(&mut *setup.machine);
    if let Some(file) = Arc::into_inner(file) {
        file.finish()?;
    }
    finished?;
    match pause? {
        Pause::Ended(reason) => Ok(report(&reason)),
        pause => Err(Failure::Internal(format!("the machine paused: {pause:?}"))),
    }
}

/// The shortest time between two keyframes: more of them would be a log of nothing else.
const SHORTEST_INTERVAL: u64 = 1_000_000;

/// The instructions that a vCPU executes in a time.
fn keyframe_interval(text: &str, args: &RecordArgs) -> Result<NonZeroU64, Failure> {
    let usage = |detail| Failure::Usage(format!("--keyframes: {detail}"));
    let ns = parse_time(text).map_err(usage)?;
    if ns < SHORTEST_INTERVAL {
        return Err(usage(format!("'{text}' is too short: write at least 1ms")));
    }
    let insns = ns / u64::from(args.machine.ns_per_insn.max(1));
    Ok(NonZeroU64::new(insns).unwrap_or(NonZeroU64::MIN))
}

/// A log must not take the place of what it is recorded from.
fn refuse_overwriting(args: &RecordArgs) -> Result<(), Failure> {
    let Ok(output) = args.output.canonicalize() else { return Ok(()) };
    let machine = &args.machine;
    let inputs = [&machine.kernel, &machine.initrd, &machine.bios, &machine.from, &args.run.script];
    for input in inputs.into_iter().flatten().chain(&machine.disk) {
        if input.canonicalize().is_ok_and(|input| input == output) {
            let path = input.display();
            return Err(Failure::Usage(format!("{path}: would be overwritten by the recording")));
        }
    }
    Ok(())
}
