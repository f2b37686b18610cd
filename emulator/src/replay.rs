//! `lockstep replay`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use lockstep_debug::Symbols;
use lockstep_host::{Baton, FileError, Problem, Stopwatch, read_file, write_file};
use lockstep_log::{
    Divergence, DivergenceReport, Header, ImageRecord, ImageRole, LogError, Reader,
};
use lockstep_machine::{Images, Machine, Replay, ReplayEnd, ReplayError};

use crate::args::{RecordingArgs, ReplayArgs};
use crate::debug::symbols_of;
use crate::failure::{Failure, Status};
use crate::faults::Switched;
use crate::front::{Effects, Front};
use crate::run::{IMAGE_LIMIT, assist, file_name};
use crate::stats::print_stats;

pub(crate) type LogFile = BufReader<File>;

/// Opens a log.
pub(crate) fn open(path: &Path) -> Result<Reader<LogFile>, Failure> {
    let wrong = |problem| FileError { attempt: "read", path: path.to_owned(), problem };
    let file = File::open(path).map_err(|error| wrong(error.into()))?;
    if file.metadata().is_ok_and(|data| data.is_dir()) {
        return Err(wrong(Problem::Folder).into());
    }
    Reader::open(BufReader::new(file)).map_err(|error| bad_log(path, error))
}

/// A log that cannot be read.
pub(crate) fn bad_log(path: &Path, error: LogError) -> Failure {
    Failure::Log { path: path.display().to_string(), error }
}

pub(crate) fn replay(args: &ReplayArgs, baton: &Baton) -> Result<Status, Failure> {
    let path = &args.recording.log;
    let mut log = open(path)?;
    let images = find_images(&args.recording, &mut log)?;
    let mut replay = Replay::new(log, &images).map_err(|error| in_log(path, error))?;
    replay.set_engine(args.engine.into())?;
    // Signals kill a replay: nothing is lost by that. Its console is only shown.
    let faults = Switched::new(&args.faults, baton)?.replaying();
    faults.switch_on(replay.machine());
    assist(replay.machine(), args.engine, args.stats, baton)?;
    let front = if args.quiet {
        None
    } else {
        Some(Front::connect(baton, false, Effects::default(), &faults)?)
    };
    let front = front.map(|(front, _door, outputs)| {
        replay.set_outputs(outputs);
        front
    });
    let watch = Stopwatch::start();
    let end = replay.run();
    let seconds = watch.elapsed().as_secs_f64();
    replay.set_outputs(Box::new(()));
    if let Some(front) = front {
        front.finish()?;
    }
    if args.stats {
        print_stats(replay.machine(), seconds);
    }
    match end.map_err(|error| in_log(path, error))? {
        ReplayEnd::Complete(reason) => {
            eprintln!("lockstep: replayed to the end ({reason}), no divergence");
            Ok(Status::Good)
        }
        ReplayEnd::Truncated(ending) => {
            let at = replay.machine().moment();
            eprintln!("lockstep: replayed to {at}, no divergence; the recording is {ending}");
            Ok(Status::Good)
        }
        ReplayEnd::Diverged(divergence) => {
            show(&divergence, replay.machine(), &symbols_of(&images), args.report.as_deref())?;
            Ok(Status::Divergence)
        }
    }
}

/// Tells people about a divergence, and other programs if they want to know.
fn show(
    divergence: &Divergence,
    machine: &mut dyn Machine,
    symbols: &Symbols,
    report: Option<&Path>,
) -> Result<(), Failure> {
    eprintln!("lockstep: {divergence}");
    let (next, next_pc) = machine.position();
    let (vcpu, pc) = divergence.pc.map_or((next, next_pc), |pc| (divergence.vcpu, pc));
    let instruction = machine.disassemble_at(vcpu, pc).map(|insn| insn.text);
    if let Some(insn) = &instruction {
        eprintln!("the instruction there, on {vcpu}: {}  {insn}", symbols.show(pc));
    }
    let Some(path) = report else { return Ok(()) };
    let report = DivergenceReport {
        pc: Some(pc),
        symbol: symbols.lookup(pc).map(|(name, offset)| format!("{name}+{offset}")),
        instruction,
        ..DivergenceReport::from(divergence)
    };
    let mut text = serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?;
    text.push('\n');
    write_file(path, text.as_bytes())?;
    Ok(())
}

fn in_log(path: &Path, error: ReplayError) -> Failure {
    match error {
        ReplayError::Log(error) => bad_log(path, error),
        error @ ReplayError::Build(_) => Failure::Replay(error),
    }
}

/// The images that were recorded: from the log, from where the user says, or from beside the log.
pub(crate) fn find_images(
    args: &RecordingArgs,
    log: &mut Reader<LogFile>,
) -> Result<Images, Failure> {
    let header = log.header().clone();
    let mut images = Images::default();
    for (place, record) in header.images.iter().enumerate() {
        let bytes = match path_of(args, &header, record)? {
            Some(path) => read_file(&path, IMAGE_LIMIT)?,
            None => log.image(place).map_err(|error| bad_log(&args.log, error))?,
        };
        if !args.allow_other_images {
            record.check(&bytes).map_err(|mismatch| {
                let hint = "--allow-other-images replays with it all the same";
                Failure::Usage(format!("{mismatch}; {hint}"))
            })?;
        }
        images.add(record.role, &record.name, bytes);
    }
    if let Some(path) = args.disk.get(images.all(ImageRole::Disk).count()) {
        let path = path.display();
        return Err(Failure::Usage(format!("--disk {path}: the recording has no such disk")));
    }
    Ok(images)
}

/// Where an image is; `None` when it is in the log.
pub(crate) fn path_of(
    args: &RecordingArgs,
    header: &Header,
    record: &ImageRecord,
) -> Result<Option<PathBuf>, Failure> {
    let given = match record.role {
        ImageRole::Kernel => args.kernel.clone(),
        ImageRole::Initrd => args.initrd.clone(),
        ImageRole::Bios => args.bios.clone(),
        ImageRole::Disk => {
            let mut disks = header.images.iter().filter(|image| image.role == ImageRole::Disk);
            disks.position(|disk| disk == record).and_then(|number| args.disk.get(number).cloned())
        }
        ImageRole::File => {
            let name = plain(&record.name)?;
            args.semihosting_folder.as_ref().map(|folder| folder.join(name))
        }
        ImageRole::Prefix => args.from.clone(),
        ImageRole::DeviceTree => None,
    };
    match given.as_ref() {
        Some(path) => Ok(Some(path.clone())),
        None if header.bundled => Ok(None),
        None => look_for(args, record).map(Some),
    }
}

/// A path in a folder, which leads nowhere else.
fn plain(name: &str) -> Result<&str, Failure> {
    let parts = || Path::new(name).components();
    let inside = parts().all(|part| matches!(part, Component::Normal(_)));
    if inside && parts().next().is_some() {
        return Ok(name);
    }
    Err(Failure::Usage(format!("the recording names a file '{name}', which is in no folder")))
}

fn look_for(args: &RecordingArgs, record: &ImageRecord) -> Result<PathBuf, Failure> {
    // The name comes from the log: only a plain one may be joined to a folder.
    let name = match record.role {
        ImageRole::File => plain(&record.name)?.to_owned(),
        _ => file_name(Path::new(&record.name)),
    };
    let beside = args.log.parent().map(Path::to_path_buf);
    let folders = [args.images.clone(), beside, Some(PathBuf::from("."))];
    let mut places = folders.into_iter().flatten().map(|folder| folder.join(&name));
    places.find(|path| !name.is_empty() && path.is_file()).ok_or_else(|| {
        let option = match record.role {
            ImageRole::Kernel => "--kernel FILE",
            ImageRole::Initrd => "--initrd FILE",
            ImageRole::Bios => "--bios FILE",
            ImageRole::Disk => "--disk FILE",
            ImageRole::File => "--semihosting-folder DIR",
            ImageRole::Prefix => "--from LOG",
            ImageRole::DeviceTree => "--images DIR",
        };
        let (role, digest) = (record.role, record.digest.short());
        Failure::Usage(format!(
            "the {role} image '{name}' (blake3 {digest}...) is not beside the log; say where it is \
             with {option} or --images DIR"
        ))
    })
}
