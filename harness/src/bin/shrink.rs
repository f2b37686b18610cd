//! Shrinks the schedule of the one trial that the environment selects. `cargo xtask shrink` starts it.

use std::path::Path;
use std::process::ExitCode;

use harness::golden::Goldens;
use harness::runner::Runner;
use harness::selection::Selection;
use harness::shrink::shrink;
use harness::suite::repository;
use harness::trial::Trial;
use harness::{catalog, emulator};

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let selection = Selection::from_environment()?;
    let root = repository();
    let trial = the_trial(&root, &selection)?;
    let emulator = emulator::find(&root)?;
    let folder = root.join("target/lockstep-shrunk").join(trial.name());
    let runner = Runner {
        target: folder.clone(),
        goldens: Goldens::in_folder(root.join("golden")),
        recordings: selection.recordings(),
        root,
    };
    let shrunk = shrink(&runner, &trial, emulator, &folder).map_err(|error| error.to_string())?;
    Ok(shrunk.to_string())
}

/// The trial. Of several engines, boards or loads that a scenario has, the first.
fn the_trial(root: &Path, selection: &Selection) -> Result<Trial, String> {
    let entries = catalog::read(root).map_err(|error| error.to_string())?;
    let mut wanted = entries.into_iter().filter(|entry| selection.wants(entry.arch(), &entry.name));
    let entry = wanted.next().ok_or("there is no such scenario")?;
    if let Some(other) = wanted.next() {
        return Err(format!("choose one: {} or {}", entry.name, other.name));
    }
    let entry = std::sync::Arc::new(entry);
    let scenario = entry.scenario.as_ref().map_err(|error| error.report())?;
    let trial = Trial::all(&entry, scenario, selection).into_iter().next();
    trial.ok_or_else(|| format!("{} has no such trial", entry.name))
}
