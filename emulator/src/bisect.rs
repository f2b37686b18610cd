//! `lockstep log bisect`.

use std::io::Write;
use std::path::Path;

use lockstep_host::side_by_side;
use lockstep_timeline::{Bisection, FirstDifference, OpenError, Options, Timeline, bisect};

use crate::args::BisectArgs;
use crate::failure::{Failure, Status};
use crate::replay::{bad_log, find_images, open};

pub(crate) fn run(args: &BisectArgs) -> Result<Status, Failure> {
    let first = &args.recording.log;
    let second = args.other.as_deref().unwrap_or(first);
    let mut a = timeline(args, first)?;
    let mut b = timeline(args, second)?;
    let found = bisect(&mut a, &mut b).map_err(|error| Failure::Internal(error.to_string()))?;
    let mut out = std::io::stdout().lock();
    match &found {
        Bisection::Same => {
            writeln!(out, "the same to the end, {}", a.end())?;
            return Ok(Status::Good);
        }
        Bisection::FromTheStart(parts) => {
            writeln!(out, "different from the start, in: {}", parts.join(", "))?;
        }
        Bisection::Diverged { first: is_first, agreed, divergence } => {
            let path = if *is_first { first } else { second };
            writeln!(out, "{}: the replay differs from its recording", path.display())?;
            if let Some(agreed) = agreed {
                writeln!(out, "the state last agreed at {agreed}")?;
            }
            write!(out, "{divergence}")?;
        }
        Bisection::At(difference) => show(&mut out, difference)?,
    }
    Ok(Status::Divergence)
}

fn timeline(args: &BisectArgs, path: &Path) -> Result<Timeline, Failure> {
    let mut log = open(path)?;
    let recording = crate::args::RecordingArgs { log: path.to_owned(), ..args.recording.clone() };
    let images = find_images(&recording, &mut log)?;
    let engine = args.engine.into();
    let options = Options { engine, side_by_side: Some(side_by_side), ..Options::default() };
    Timeline::open(log, images, options).map_err(|error| match error {
        OpenError::Log(error) => bad_log(path, error),
        error => Failure::Open(error),
    })
}

fn show(out: &mut impl Write, difference: &FirstDifference) -> std::io::Result<()> {
    let FirstDifference { at, vcpu, pc, instruction, after, registers, parts } = difference;
    let text = instruction.as_ref().map_or("(cannot be fetched)", |insn| &insn.text);
    writeln!(out, "the same up to {at}; the instruction there makes the first difference:")?;
    writeln!(out, "  {vcpu}  {pc:#x}  {text}")?;
    writeln!(out, "after it:")?;
    writeln!(out, "  {:<20} {:>20} {:>20}", "moment", after[0].to_string(), after[1].to_string())?;
    for (name, a, b) in registers {
        writeln!(out, "  {name:<20} {a:>#20x} {b:>#20x}")?;
    }
    writeln!(out, "  parts that differ: {}", parts.join(", "))
}
