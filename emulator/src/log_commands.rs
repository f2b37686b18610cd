//! `lockstep log`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use lockstep_core::Event;
#[cfg(not(feature = "faults"))]
use lockstep_log::dump;
use lockstep_log::{RenderLimits, diff, render, stat, verify};

use crate::args::{FaultArgs, LogCommand};
use crate::failure::{Failure, Status};
use crate::replay::{bad_log, open};

pub(crate) fn run(command: LogCommand) -> Result<Status, Failure> {
    let status = match command {
        LogCommand::Dump { logs, faults } => dump_all(&logs, &faults),
        LogCommand::Stat { logs } => each(&logs, |path, out| {
            let stat = stat(&mut open(path)?).map_err(|error| bad_log(path, error))?;
            Ok(writeln!(out, "{stat}")?)
        }),
        LogCommand::Verify { logs } => each(&logs, |path, out| {
            let good = verify(&mut open(path)?).map_err(|error| bad_log(path, error))?;
            write!(out, "good: {} frames, {} events, ", good.frames, good.events)?;
            if good.keyframes > 0 {
                write!(out, "{} keyframes, ", good.keyframes)?;
            }
            Ok(writeln!(out, "{} images, {}", good.images, good.ending)?)
        }),
        LogCommand::Render { log } => render_one(&log),
        LogCommand::Diff { expected, actual } => diff_two(&expected, &actual),
        LogCommand::Bisect(args) => crate::bisect::run(&args),
    };
    match status {
        // Whoever reads has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Ok(Status::Good)
        }
        status => status,
    }
}

/// Does something with each log; with several, their names come first.
fn each(
    logs: &[PathBuf],
    act: impl Fn(&Path, &mut dyn Write) -> Result<(), Failure>,
) -> Result<Status, Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in logs {
        if logs.len() > 1 {
            write!(out, "{}: ", path.display())?;
        }
        act(path, &mut out)?;
    }
    out.flush()?;
    Ok(Status::Good)
}

fn dump_all(logs: &[PathBuf], faults: &FaultArgs) -> Result<Status, Failure> {
    #[cfg(not(feature = "faults"))]
    crate::faults::refuse(faults)?;
    #[cfg(feature = "faults")]
    let dump = crate::faults::dump(faults)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in logs {
        let mut log = open(path)?;
        let ended = dump(&mut log, &mut out);
        out.flush()?;
        ended.map_err(|error| Failure::of_dump(&path.display().to_string(), error))?;
    }
    Ok(Status::Good)
}

fn render_one(path: &Path) -> Result<Status, Failure> {
    let mut log = open(path)?;
    let header = log.header().clone();
    let events: Result<Vec<Event>, _> = log.events().collect();
    let events = events.map_err(|error| bad_log(path, error))?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", render(&header, &events, &RenderLimits::default()))?;
    Ok(Status::Good)
}

fn diff_two(expected: &Path, actual: &Path) -> Result<Status, Failure> {
    let diff = diff(&mut open(expected)?, &mut open(actual)?)?;
    print!("{diff}");
    Ok(if diff.is_same_run() { Status::Good } else { Status::Divergence })
}
