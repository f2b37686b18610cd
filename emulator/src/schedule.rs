//! `--schedule`: who decides which of the emulator's threads goes next.

use std::io::Write;
use std::path::{Path, PathBuf};

use lockstep_host::schedule::{OnTrouble, Schedule, Taken, Trouble};
use lockstep_host::schedule::{pct::Pct, random::Random, replay::Replay};
use lockstep_host::{Baton, FileError, read_file, terminal};

use crate::args::ScheduleArgs;
use crate::failure::{Failure, Status};

/// Saved schedules hold a line for each thing that is unusual in them.
const SCHEDULE_LIMIT: u64 = 1 << 30;
/// A bug takes so many things in a certain order at most.
const DEEPEST: u32 = 1000;

/// A policy, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyName {
    Os,
    Random,
    Pct { depth: u32, steps: Option<u64> },
    Replay(PathBuf),
}

impl std::str::FromStr for PolicyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').unwrap_or((text, "")) {
            ("os", "") => Ok(Self::Os),
            ("random", "") => Ok(Self::Random),
            ("pct", options) => pct(options),
            ("replay", file) if !file.is_empty() => Ok(Self::Replay(file.into())),
            _ => Err("write os, random, pct:depth=D or replay:FILE".to_owned()),
        }
    }
}

fn pct(options: &str) -> Result<PolicyName, String> {
    let (mut depth, mut steps) = (None, None);
    for option in options.split(',') {
        match option.split_once('=') {
            Some(("depth", value)) => {
                depth = value.parse().ok().filter(|d| (1..=DEEPEST).contains(d));
            }
            Some(("steps", value)) => steps = Some(value.parse().ok().filter(|steps| *steps > 0)),
            _ => {
                return Err(format!(
                    "there is no `{option}`: write pct:depth=D or pct:depth=D,steps=N"
                ));
            }
        }
    }
    match (depth, steps) {
        (Some(depth), None) => Ok(PolicyName::Pct { depth, steps: None }),
        (Some(depth), Some(Some(steps))) => Ok(PolicyName::Pct { depth, steps: Some(steps) }),
        (None, _) => Err(format!("pct needs depth=D, from 1 to {DEEPEST}")),
        (_, Some(None)) => Err("pct's steps=N is a number from 1".to_owned()),
    }
}

/// Does `act` with its threads under the schedule that the user wants, and tells what that was.
pub(crate) fn scheduled(
    args: &ScheduleArgs,
    act: impl FnOnce(&Baton) -> Result<Status, Failure>,
) -> Result<Status, Failure> {
    let trace = args.schedule_trace.clone();
    let seed = args.schedule_seed;
    let told = trace.clone();
    let on_trouble: OnTrouble =
        Box::new(move |trouble, taken| end(trouble, taken, told.as_deref()));
    let baton = match &args.schedule {
        PolicyName::Os if trace.is_some() => {
            let text = "--schedule-trace: the operating system's schedule cannot be seen; \
                        choose another with --schedule random, pct:depth=D or replay:FILE";
            return Err(Failure::Usage(text.to_owned()));
        }
        PolicyName::Os => Baton::os(),
        PolicyName::Random => Baton::controlled_or(Random::new(seed), on_trouble),
        PolicyName::Pct { depth, steps } => {
            Baton::controlled_or(Pct::new(*depth, *steps, seed), on_trouble)
        }
        PolicyName::Replay(path) => Baton::controlled_or(Replay::new(read(path)?), on_trouble),
    };
    let result = act(&baton);
    let Some(taken) = baton.taken() else { return result };
    let written = tell(&taken, trace.as_deref());
    let status = result?;
    written?;
    baton.finish().map_err(|misfit| Failure::Schedule(misfit.into()))?;
    Ok(status)
}

fn read(path: &Path) -> Result<Schedule, Failure> {
    let bytes = read_file(path, SCHEDULE_LIMIT)?;
    let shown = path.display();
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Usage(format!("{shown}: not a schedule: not UTF-8")))?;
    text.parse().map_err(|error| Failure::Usage(format!("{shown}: {error}")))
}

/// One line for people, and everything in the file that they named.
fn tell(taken: &Taken, trace: Option<&Path>) -> Result<(), Failure> {
    eprintln!("{}", taken.summary());
    let Some(path) = trace else { return Ok(()) };
    let write = || write!(std::fs::File::create(path)?, "{taken}");
    let error = |error: std::io::Error| FileError {
        attempt: "write",
        path: path.to_owned(),
        problem: error.into(),
    };
    Ok(write().map_err(error)?)
}

/// The threads cannot go on, so nobody is left who could end the run in good order.
fn end(trouble: &Trouble, taken: &Taken, trace: Option<&Path>) {
    terminal::restore();
    let failure = Failure::Schedule(trouble.clone());
    crate::report(&failure);
    if let Err(failure) = tell(taken, trace) {
        crate::report(&failure);
    }
    std::process::exit(Status::from(&failure) as i32);
}
