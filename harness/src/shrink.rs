//! Making a schedule that fails as small as it can be.
//!
//! A seed that fails has dozens of preemptions, of which one or two matter. This takes out as many as it can while the trial still
//! fails in the same way, and what is left says which steps of which threads must not be swapped.
//!
//! The schedules of all processes of a trial are shrunk together, for many a failure is a difference between two of them.
//! While lines are taken out, those that do not fit any more are passed over; what a process then really did is in
//! the schedule that it writes, and that is what goes on. So the result is exact, and fits.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lockstep_host::schedule::{Preemption, Schedule as Saved, ScheduleError};

use crate::runner::Runner;
use crate::schema::Schedule;
use crate::trial::Trial;

/// Takes out as many items as possible. `fails` says which of the items it was given were there when it still failed, or
/// nothing if it did not. No single item of the result can be taken out.
///
/// This is delta debugging's `ddmin` (Zeller and Hildebrandt, 2002).
pub fn ddmin<T: Clone, E>(
    items: Vec<T>,
    mut fails: impl FnMut(&[T]) -> Result<Option<Vec<T>>, E>,
) -> Result<Vec<T>, E> {
    if let Some(none) = fails(&[])? {
        return Ok(none);
    }
    let (mut items, mut parts) = (items, 2);
    while items.len() >= 2 {
        parts = parts.min(items.len());
        let mut smaller = None;
        for candidate in candidates(&items, parts) {
            if let Some(left) = fails(&candidate.items)? {
                smaller = Some((left, candidate.parts));
                break;
            }
        }
        match smaller {
            Some((left, next)) => (items, parts) = (left, next),
            None if parts == items.len() => break,
            None => parts *= 2,
        }
    }
    Ok(items)
}

struct Candidate<T> {
    items: Vec<T>,
    /// Into how many parts it is cut next, if it fails.
    parts: usize,
}

/// Each part alone, then all without each part.
fn candidates<T: Clone>(items: &[T], parts: usize) -> Vec<Candidate<T>> {
    let bounds: Vec<_> = (0..=parts).map(|part| part * items.len() / parts).collect();
    let cuts = bounds.windows(2).map(|bounds| bounds[0]..bounds[1]);
    let alone = cuts.clone().map(|cut| Candidate { items: items[cut].to_vec(), parts: 2 });
    let without = cuts.map(|cut| {
        let items = [&items[..cut.start], &items[cut.end..]].concat();
        Candidate { items, parts: (parts - 1).max(2) }
    });
    // Of two parts, one alone is all without the other.
    if parts == 2 { alone.collect() } else { alone.chain(without).collect() }
}

/// Why nothing was shrunk.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// There is nothing to shrink.
    #[error("{0} passes: there is no failure to shrink")]
    Passes(String),
    /// No schedule was in control.
    #[error("the failure left no schedule: choose one with --schedule random or pct:depth=D")]
    NoSchedule,
    /// The end of it does not fail.
    #[error("what is left passes: {0} depends on more than the schedule")]
    Unsteady(String),
    /// A schedule cannot be read.
    #[error("{0}: {1}")]
    Broken(PathBuf, ScheduleError),
    /// The host failed us.
    #[error("host: {0}")]
    Host(#[from] io::Error),
}

/// The schedules of a trial's processes, by file name.
type Schedules = BTreeMap<String, Saved>;

/// A preemption of one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    process: String,
    preemption: Preemption,
}

/// The extension of saved schedules.
const EXTENSION: &str = "schedule";

fn read(folder: &Path) -> Result<Schedules, ShrinkError> {
    let mut schedules = Schedules::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let schedule = fs::read_to_string(&path)?.parse();
            let schedule = schedule.map_err(|error| ShrinkError::Broken(path, error))?;
            schedules.insert(name, schedule);
        }
    }
    Ok(schedules)
}

fn write(folder: &Path, schedules: &Schedules) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    schedules.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text.to_string()))
}

fn items(schedules: &Schedules) -> Vec<Item> {
    let of = |(process, schedule): (&String, &Saved)| {
        let items = schedule.preemptions.iter();
        items.map(|it| Item { process: process.clone(), preemption: *it }).collect::<Vec<_>>()
    };
    schedules.iter().flat_map(of).collect()
}

/// The same processes with these preemptions only. What does not fit any more is passed over.
fn only(schedules: &Schedules, items: &[Item]) -> Schedules {
    let cut = |(process, schedule): (&String, &Saved)| {
        let own = items.iter().filter(|item| item.process == *process);
        let mut preemptions: Vec<_> = own.map(|item| item.preemption).collect();
        preemptions.sort_unstable();
        let schedule = Saved { preemptions, pass_over: true, ..schedule.clone() };
        (process.clone(), schedule)
    };
    schedules.iter().map(cut).collect()
}

/// What became of a schedule.
#[derive(Debug)]
pub struct Shrunk {
    /// Preemptions in the beginning.
    pub before: usize,
    /// Trials that were run.
    pub runs: usize,
    /// The failure, as a text for people.
    pub failure: String,
    /// Where the schedules are that are left.
    pub folder: PathBuf,
    /// The command that runs them.
    pub command: String,
    /// What they do, in words.
    pub swaps: Vec<String>,
}

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, runs, failure, folder, command, swaps } = self;
        writeln!(f, "preemptions: {before} before, {} after; {runs} trials", swaps.len())?;
        for swap in swaps {
            writeln!(f, "  {swap}")?;
        }
        writeln!(f, "reproduced: {}", failure.trim_end())?;
        writeln!(f, "schedules: {}\nagain: {command}", folder.display())
    }
}

/// Runs a trial again and again.
struct Shrinking<'a> {
    runner: Runner,
    trial: &'a Trial,
    emulator: &'a Path,
    runs: usize,
}

/// A failure, and what the processes really did.
struct Failed {
    text: String,
    schedules: Schedules,
}

impl Shrinking<'_> {
    /// Runs the trial with a schedule.
    fn run(&mut self, schedule: Schedule) -> Result<Option<Failed>, ShrinkError> {
        self.runs += 1;
        let trial = Trial { schedule, ..self.trial.clone() };
        let outcome = self.runner.run(&trial, || Ok(self.emulator.to_owned()))?;
        let Some(text) = outcome.failure else { return Ok(None) };
        let kept = self.runner.target.join("lockstep-failures").join(trial.name());
        let schedules = if kept.is_dir() { read(&kept)? } else { Schedules::new() };
        Ok(Some(Failed { text: text.replace(&trial.name(), &self.trial.name()), schedules }))
    }

    fn run_saved(
        &mut self,
        folder: &Path,
        schedules: &Schedules,
    ) -> Result<Option<Failed>, ShrinkError> {
        write(folder, schedules)?;
        self.run(Schedule::Replay(folder.to_owned()))
    }
}

/// Which failure it is, whatever the numbers in it.
fn kind(failure: &str) -> String {
    let line = failure.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Shrinks the schedule with which a trial fails. Works in `folder`, and leaves the result there.
///
/// # Errors
/// The trial passes, or no schedule was in control.
pub fn shrink(
    runner: &Runner,
    trial: &Trial,
    emulator: &Path,
    folder: &Path,
) -> Result<Shrunk, ShrinkError> {
    let runner = Runner { target: folder.join("work"), ..runner.clone() };
    let mut shrinking = Shrinking { runner, trial, emulator, runs: 0 };
    let first = shrinking.run(trial.schedule.clone())?;
    let first = first.ok_or_else(|| ShrinkError::Passes(trial.name()))?;
    if first.schedules.is_empty() {
        return Err(ShrinkError::NoSchedule);
    }
    let (before, expected) = (items(&first.schedules), kind(&first.text));
    let (tried, mut smallest) = (folder.join("tried"), first.schedules.clone());
    let mut fails = |kept: &[Item]| -> Result<Option<Vec<Item>>, ShrinkError> {
        let candidate = only(&smallest, kept);
        let failed = shrinking.run_saved(&tried, &candidate)?;
        let Some(failed) = failed.filter(|failed| kind(&failed.text) == expected) else {
            return Ok(None);
        };
        // A process that the failure left out stays as it was.
        let mut done = candidate;
        done.extend(failed.schedules);
        let left = items(&done);
        // Lines that were passed over may have made room for others; that is no smaller.
        if left.len() > kept.len() {
            return Ok(None);
        }
        smallest = done;
        Ok(Some(left))
    };
    let left = ddmin(before.clone(), &mut fails)?;
    let mut result = only(&smallest, &left);
    result.values_mut().for_each(|schedule| schedule.pass_over = false);
    let place = folder.join("shrunk");
    let again = shrinking.run_saved(&place, &result)?;
    let again = again.filter(|failed| kind(&failed.text) == expected);
    let again = again.ok_or_else(|| ShrinkError::Unsteady(trial.name()))?;
    let shown = place.strip_prefix(&shrinking.runner.root).unwrap_or(&place).to_owned();
    let replayed = Trial { schedule: Schedule::Replay(shown), ..trial.clone() };
    Ok(Shrunk {
        before: before.len(),
        runs: shrinking.runs,
        failure: headline(&again.text),
        command: replayed.command(),
        swaps: left.iter().map(|item| in_words(&result, item)).collect(),
        folder: place,
    })
}

fn in_words(schedules: &Schedules, item: &Item) -> String {
    let name = item.process.trim_end_matches(EXTENSION).trim_end_matches('.');
    let words = schedules.get(&item.process).map(|schedule| schedule.in_words(&item.preemption));
    format!("{name}: {}", words.unwrap_or_default())
}

/// The beginning of a failure: what it is, and what differs.
fn headline(text: &str) -> String {
    const LINES: usize = 16;
    let mut shown = String::new();
    for line in text.lines().take(LINES) {
        let _ = writeln!(shown, "{line}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(items: u32, needed: &[u32]) -> (Vec<u32>, usize) {
        let mut runs = 0;
        let result = ddmin((0..items).collect(), |kept| {
            runs += 1;
            let fails = needed.iter().all(|item| kept.contains(item));
            Ok::<_, ()>(fails.then(|| kept.to_vec()))
        });
        (result.expect("no error"), runs)
    }

    /// Catches items that are left although they are not needed, needed ones that are lost, and a search that tries all.
    #[test]
    fn what_is_needed_is_left() {
        for needed in [&[][..], &[5], &[0, 99], &[17, 18, 19], &[3, 50, 51, 98]] {
            let (left, runs) = shrunk(100, needed);
            assert_eq!(left, needed);
            assert!(runs < 150, "{runs} runs for {needed:?}");
        }
        assert_eq!(shrunk(1, &[0]).0, [0]);
        assert!(shrunk(0, &[]).0.is_empty());
    }

    /// Catches shrinking that goes on with what it asked for, and not with what was done.
    #[test]
    fn what_was_passed_over_is_gone() {
        let mut asked = Vec::new();
        let result = ddmin((0..16).collect(), |kept| {
            asked.push(kept.len());
            // Odd ones never fit.
            let done: Vec<u32> = kept.iter().copied().filter(|item| item % 2 == 0).collect();
            Ok::<_, ()>(done.contains(&4).then_some(done))
        });
        assert_eq!(result, Ok(vec![4]));
        assert!(asked.len() < 10, "{asked:?}");
    }

    /// Catches an error in the middle that is taken for a schedule that passes.
    #[test]
    fn an_error_ends_it() {
        let result = ddmin(vec![1, 2, 3], |kept| match kept.len() {
            0 => Ok(None),
            _ => Err("the disk is full"),
        });
        assert_eq!(result, Err("the disk is full"));
    }

    /// Catches failures that are mixed up, and one that is taken for another because of a number.
    #[test]
    fn numbers_do_not_make_a_failure() {
        let first = "x/seed-7: recording 2 differs from recording 1:\nline 5";
        assert_eq!(kind(first), kind("x/seed-7: recording 3 differs from recording 1:\nline 9"));
        assert_ne!(kind(first), kind("x/seed-7: recording 1 ended with status 3"));
    }

    /// Catches a schedule whose lines end up in another process, or out of order.
    #[test]
    fn processes_keep_their_own() {
        let schedule = |text: &str| -> Saved {
            let head = "lockstep schedule 1\nthread 0 machine\nthread 1 log-writer\n";
            format!("{head}{text}end\n").parse().expect("well formed")
        };
        let line = |step: u64| {
            format!("step {step}: thread 0 (machine) at send -> thread 1 (log-writer) at begin\n")
        };
        let one = schedule(&[line(3), line(4), line(9)].concat());
        let two = schedule(&line(4));
        let schedules =
            Schedules::from([("one.schedule".to_owned(), one), ("two.schedule".to_owned(), two)]);
        let all = items(&schedules);
        assert_eq!(all.len(), 4);
        let cut = only(&schedules, &[all[3].clone(), all[2].clone(), all[0].clone()]);
        let steps = |name: &str| -> Vec<u64> {
            cut[name].preemptions.iter().map(|preemption| preemption.step).collect()
        };
        assert_eq!((steps("one.schedule"), steps("two.schedule")), (vec![3, 9], vec![4]));
        assert_eq!(
            in_words(&schedules, &all[3]),
            "two: thread log-writer's `begin` at step 4 went before thread machine's `send`"
        );
    }
}
