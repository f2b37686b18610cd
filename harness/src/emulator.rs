//! Finding the `lockstep` program.
//!
//! Trials run the program that users run, in its release form. `LOCKSTEP_BIN` names one that is there; without it, it
//! is built: cargo test knows only its own package's programs, and a fresh clone has to work. (The outer cargo
//! holds no lock while tests run, and cargo's own lock puts builds of several test processes in order.)

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

/// The program. It is built once in a process, at most.
pub fn find(root: &Path) -> Result<&'static Path, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match std::env::var_os("LOCKSTEP_BIN") {
        Some(path) if Path::new(&path).is_file() => Ok(path.into()),
        Some(path) => Err(format!("LOCKSTEP_BIN: there is no file {}", path.display())),
        None => build(root),
    });
    found.as_deref().map_err(Clone::clone)
}

/// What cargo says about a program that it built.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["build", "--release", "--package", "lockstep", "--message-format=json-render-diagnostics"];
    let output = duct::cmd(cargo, arguments)
        .dir(root)
        .stdin_null()
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .map_err(|error| format!("cargo could not be run: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo {}` failed:\n{complaint}", arguments.join(" ")));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable)
        .next_back()
        .ok_or_else(|| "cargo built no program".to_owned())
}
