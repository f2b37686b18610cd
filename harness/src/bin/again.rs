//! Runs the one trial that the environment selects as often as the argument says, and compares how it fails. `cargo xtask again`
//! starts it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use harness::emulator;
use harness::golden::Goldens;
use harness::runner::{Outcome, Runner};
use harness::selection::Selection;
use harness::suite::repository;
use harness::trial::Trial;

fn main() -> ExitCode {
    harness::answer(run())
}

/// Says whether all runs failed in the same way.
fn run() -> Result<bool, String> {
    harness::owner::end_with_owner();
    let times = std::env::args().nth(1).and_then(|word| word.parse().ok());
    let times: u32 = times.ok_or("say how often")?;
    let selection = Selection::from_environment()?;
    let root = repository();
    let trial = Trial::only(&root, &selection)?;
    let emulator = emulator::find(&root)?;
    let runner = Runner {
        target: root.join("target"),
        goldens: Goldens::in_folder(root.join("golden")),
        root,
    };
    let (mut failures, mut schedules) = (Tally::default(), Tally::default());
    let (mut passed, mut others) = (0, 0);
    for _ in 0..times {
        let outcome = runner.run(&trial, || Ok(emulator.to_owned()));
        let Outcome { failure, schedules: digests, caught, .. } =
            outcome.map_err(|error| error.to_string())?;
        let has_schedule = !digests.is_empty();
        schedules.add(digests.join(" "));
        match failure {
            None => passed += 1,
            Some(failure) => {
                // A host that cannot run it fails alike each time, too.
                others += u32::from(!has_schedule || trial.fault.is_some() && !caught);
                // It has the schedules of the other processes, too.
                failures.add(failure);
            }
        }
    }
    println!("{}: {times} runs, {passed} passed", trial.name());
    if passed == times {
        return Err("no run failed: there is nothing to compare; is it the right seed?".to_owned());
    }
    println!("different failures: {}", failures.0.len());
    failures.print();
    println!("different schedules of the recordings: {}", schedules.0.len());
    schedules.print();
    if others > 0 {
        println!("runs that are not what is looked for, or have no schedule: {others}");
    }
    Ok(passed + others == 0 && failures.0.len() == 1 && schedules.0.len() == 1)
}

/// How often there was what.
#[derive(Default)]
struct Tally(BTreeMap<String, u32>);

impl Tally {
    fn add(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    fn print(&self) {
        for (what, times) in &self.0 {
            println!("  {times} times: {}", what.trim_end().replace('\n', "\n    "));
        }
    }
}
