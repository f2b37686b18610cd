//! Shrinks the schedule of the one trial that the environment selects. `cargo xtask shrink` starts it.

use std::process::ExitCode;

use harness::emulator;
use harness::golden::Goldens;
use harness::runner::Runner;
use harness::selection::Selection;
use harness::shrink::shrink;
use harness::suite::repository;
use harness::trial::Trial;

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
    harness::owner::end_with_owner();
    let selection = Selection::from_environment()?;
    let root = repository();
    let trial = Trial::only(&root, &selection)?;
    let emulator = emulator::find(&root)?;
    let folder = root.join("target/lockstep-shrunk").join(trial.name());
    let runner =
        Runner { target: folder.clone(), goldens: Goldens::in_folder(root.join("golden")), root };
    let shrunk = shrink(&runner, &trial, emulator, &folder).map_err(|error| error.to_string())?;
    Ok(shrunk.to_string())
}
