//! The scenarios that there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::schema::{self, Image, Scenario, ScenarioError};

/// A scenario and where it comes from.
#[derive(Debug)]
pub struct Entry {
    /// Its path below `scenarios/` without the extension: `aarch64/hello`.
    pub name: String,
    /// The folder that paths in it are relative to.
    pub folder: PathBuf,
    /// What it says, or why it says nothing.
    pub scenario: Result<Scenario, Box<ScenarioError>>,
}

impl Entry {
    /// The architecture: the first part of the name.
    #[must_use]
    pub fn arch(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The guests of others that it needs and that are not here.
    #[must_use]
    pub fn not_fetched(&self, root: &Path) -> Vec<String> {
        let Ok(scenario) = &self.scenario else { return Vec::new() };
        let files = scenario.guest.files();
        let mut missing: Vec<_> = files
            .filter(|image| !image.path(&self.folder, root).is_file())
            .filter_map(Image::fetched_guest)
            .collect();
        missing.dedup();
        missing
    }
}

/// The command that fetches guests.
#[must_use]
pub fn fetch_command(guests: &[String]) -> String {
    format!("cargo xtask guests fetch {}", guests.join(" "))
}

/// Reads all scenarios of the repository at `root`, in the order of their names. Folders named `guests` hold none.
pub fn read(root: &Path) -> io::Result<Vec<Entry>> {
    let top = root.join("scenarios");
    let mut entries = Vec::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        let named = |error: io::Error| io::Error::other(format!("{}: {error}", folder.display()));
        for item in fs::read_dir(&folder).map_err(named)? {
            let path = item?.path();
            if path.is_dir() {
                if !path.ends_with("guests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                entries.push(read_one(&path, &top, root)?);
            }
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn read_one(file: &Path, top: &Path, root: &Path) -> io::Result<Entry> {
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(named)?;
    let name = file.strip_prefix(top).unwrap_or(file).with_extension("");
    Ok(Entry {
        name: name.to_string_lossy().into_owned(),
        folder: file.parent().unwrap_or(root).to_owned(),
        scenario: schema::parse(file, &text, root),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::repository;

    /// A scenario that was renamed leaves a golden log that nothing compares with any more.
    #[test]
    fn every_golden_log_has_a_scenario() {
        let root = repository();
        let names: Vec<_> = read(&root).unwrap().into_iter().map(|entry| entry.name).collect();
        let mut folders = vec![root.join("golden")];
        while let Some(folder) = folders.pop() {
            let Ok(items) = fs::read_dir(&folder) else { continue };
            for path in items.map(|item| item.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(root.join("golden")).unwrap().to_string_lossy();
                let stem = name.split('.').next().unwrap_or_default();
                assert!(names.iter().any(|known| known == stem), "golden/{name} has no scenario");
            }
        }
    }

    /// `cargo test` also shows these as failed trials; this one is quick and needs no emulator.
    #[test]
    fn every_scenario_is_one() {
        for entry in read(&repository()).unwrap() {
            if let Err(error) = entry.scenario {
                panic!("{}", error.report());
            }
        }
    }
}
