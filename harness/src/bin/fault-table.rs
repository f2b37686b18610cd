//! How soon each fault is caught, and whether anything is caught without one. `cargo xtask fault-table` starts it.
//!
//! For each fault, searches begin at seeds far from each other, and go on until one catches it; then the same scenario runs without the
//! fault. Rows are printed as they are done. The arguments are the number of searches, the number of seeds without the fault, and names
//! of faults, if not all are wanted.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use harness::catalog::{self, Entry};
use harness::emulator;
use harness::golden::Goldens;
use harness::runner::Runner;
use harness::schema::{Engine, Scenario};
use harness::suite::repository;
use harness::trial::Trial;
use lockstep_core::faults::Fault;

/// From one search's first seed to the next one's: more than any scenario has.
const APART: u64 = 10_000;

fn main() -> ExitCode {
    harness::answer(run())
}

/// What is asked for.
struct Wanted {
    searches: u64,
    clean: u64,
    faults: Vec<Fault>,
}

impl Wanted {
    fn from_arguments() -> Result<Self, String> {
        let mut words = std::env::args().skip(1);
        let mut number = |what: &str| {
            let word = words.next().ok_or_else(|| format!("the number of {what} is missing"))?;
            word.parse().map_err(|_| format!("`{word}` is not a number of {what}"))
        };
        let (searches, clean) = (number("searches")?, number("seeds without a fault")?);
        let faults: Result<Vec<Fault>, _> = words.map(|word| word.parse()).collect();
        let mut faults = faults.map_err(|error| error.to_string())?;
        if faults.is_empty() {
            faults = Fault::ALL.to_vec();
        }
        Ok(Self { searches, clean, faults })
    }
}

fn run() -> Result<bool, String> {
    harness::owner::end_with_owner();
    let wanted = Wanted::from_arguments()?;
    let root = repository();
    let emulator = emulator::find(&root)?;
    let runner = Runner {
        target: root.join("target"),
        goldens: Goldens::in_folder(root.join("golden")),
        root,
    };
    let entries = catalog::read(&runner.root).map_err(|error| error.to_string())?;
    let entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
    println!(
        "{:<30} {:>6} {:>5} {:>11} {:>13}  caught by seeds",
        "fault", "median", "most", "not caught", "without it"
    );
    let mut good = true;
    for fault in &wanted.faults {
        let is_its = |entry: &&Arc<Entry>| {
            entry.scenario.as_ref().is_ok_and(|s| s.fault.as_deref() == Some(fault.name()))
        };
        let entry = entries.iter().find(is_its).ok_or(format!("no scenario has {fault}"))?;
        let row = Row::of(&runner, entry, &wanted, emulator)?;
        println!("{row}");
        row.errors.iter().for_each(|error| println!("    {error}"));
        good &= row.missed == 0 && row.errors.is_empty();
    }
    Ok(good)
}

/// What came of one fault.
struct Row {
    fault: String,
    /// Of each search, how many seeds were tried, and the last of them, which caught it.
    tried: Vec<(u64, u64)>,
    /// Searches that did not catch it.
    missed: usize,
    /// Seeds without the fault, and how many of them gave something away.
    clean: (u64, usize),
    errors: Vec<String>,
}

impl Row {
    fn of(
        runner: &Runner,
        entry: &Arc<Entry>,
        wanted: &Wanted,
        emulator: &Path,
    ) -> Result<Self, String> {
        let scenario: &Scenario = entry.scenario.as_ref().map_err(|error| error.report())?;
        let trial = Trial::hunted(Arc::clone(entry), Engine::Interp);
        let errors = Mutex::new(Vec::new());
        let note =
            |error: String| errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
        let tried = Mutex::new(Vec::new());
        let missed = AtomicUsize::new(0);
        side_by_side(wanted.searches, |search| {
            let first = search * APART;
            let seeds: Vec<u64> = scenario.axes.seeds.0.iter().map(|seed| first + seed).collect();
            match runner.hunt(&trial, scenario, &seeds, emulator) {
                Ok(caught) => {
                    tried
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((caught.missed + 1, caught.seed));
                }
                Err(error) => {
                    missed.fetch_add(1, Ordering::Relaxed);
                    note(format!("from seed {first}: {error}"));
                }
            }
        });
        let found = AtomicUsize::new(0);
        side_by_side(wanted.clean, |seed| {
            if let Err(error) = runner.hunt_for_nothing(&trial, scenario, &[seed], emulator) {
                found.fetch_add(1, Ordering::Relaxed);
                note(format!("without it: {error}"));
            }
        });
        let mut tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
        tried.sort_unstable();
        Ok(Self {
            fault: scenario.fault.clone().unwrap_or_default(),
            tried,
            missed: missed.into_inner(),
            clean: (wanted.clean, found.into_inner()),
            errors: errors.into_inner().unwrap_or_else(PoisonError::into_inner),
        })
    }

    /// Of an even number, the mean of the two in the middle.
    fn median(&self) -> Option<f64> {
        let last = self.tried.len().checked_sub(1)?;
        Some((self.tried[last / 2].0 + self.tried[last.div_ceil(2)].0) as f64 / 2.0)
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seeds: Vec<_> = self.tried.iter().map(|(_, seed)| seed.to_string()).collect();
        let most = self.tried.last().map_or("-".to_owned(), |(tried, _)| tried.to_string());
        let clean = format!("{} of {}", self.clean.1, self.clean.0);
        let median = self.median().map_or("-".to_owned(), |median| format!("{median:.1}"));
        let (fault, missed) = (&self.fault, self.missed);
        write!(f, "{fault:<30} {median:>6} {most:>5} {missed:>11} {clean:>13}  {}", seeds.join(" "))
    }
}

/// Does something for each number below `count`, on all cores.
fn side_by_side(count: u64, act: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    act(number);
                }
            });
        }
    });
}
