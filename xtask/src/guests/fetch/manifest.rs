//! What was fetched, written beside it: one `key value` a line.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::guests::Error;

const NAME: &str = "manifest";

/// Where the files in a folder came from. Digests are BLAKE3 in hexadecimal,
/// as in the header of an event log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) packages: Vec<Package>,
    /// Names and digests.
    pub(super) files: Vec<(String, String)>,
}

/// A package from which there are files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) digest: String,
}

/// What is in a guest's folder.
pub(super) enum State {
    /// Nothing that has a manifest.
    Absent,
    /// A manifest that its files, or itself, do not match, and how.
    Damaged(String),
    /// Everything as it was fetched.
    Intact(Manifest),
}

pub(super) fn state(folder: &Path) -> State {
    let Ok(text) = fs::read_to_string(folder.join(NAME)) else {
        return State::Absent;
    };
    let Some(manifest) = Manifest::parse(&text) else {
        return State::Damaged("the manifest cannot be read".to_owned());
    };
    for (name, expected) in &manifest.files {
        match digest(&folder.join(name)) {
            Ok(actual) if actual == *expected => {}
            Ok(_) => return State::Damaged(format!("{name} has changed")),
            Err(error) => return State::Damaged(error.to_string()),
        }
    }
    State::Intact(manifest)
}

pub(super) fn digest(path: &Path) -> Result<String, Error> {
    let content = fs::read(path).map_err(Error::file(path))?;
    Ok(blake3::hash(&content).to_hex().to_string())
}

impl Manifest {
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        fs::write(&path, self.render()).map_err(Error::file(&path))
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for Package { name, version, architecture, digest } in &self.packages {
            text.push_str(&format!(
                "package {name}\nversion {version}\narchitecture {architecture}\npackage-blake3 {digest}\n"
            ));
        }
        for (name, digest) in &self.files {
            text.push_str(&format!("file {digest} {name}\n"));
        }
        text
    }

    /// `None` for what [`render`](Self::render) could not have made.
    fn parse(text: &str) -> Option<Self> {
        let mut manifest = Manifest::default();
        for line in text.lines() {
            let (key, value) = line.split_once(' ')?;
            let value = value.to_owned();
            if key == "package" {
                manifest.packages.push(Package { name: value, ..Package::default() });
                continue;
            }
            let package = manifest.packages.last_mut()?;
            match key {
                "version" => package.version = value,
                "architecture" => package.architecture = value,
                "package-blake3" => package.digest = value,
                "file" => {
                    let (digest, name) = value.split_once(' ')?;
                    manifest.files.push((name.to_owned(), digest.to_owned()));
                }
                _ => return None,
            }
        }
        (manifest.render() == text && !manifest.files.is_empty()).then_some(manifest)
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, package) in self.packages.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", package.name, package.version)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, Package, State, digest, state};
    use std::fs;
    use std::path::Path;

    fn example(folder: &Path) -> Manifest {
        fs::write(folder.join("a.bin"), "content").expect("a file");
        let package = |name: &str| Package {
            name: name.to_owned(),
            version: "1:2.3-4".to_owned(),
            architecture: "all".to_owned(),
            digest: "00".to_owned(),
        };
        Manifest {
            packages: vec![package("p"), package("q")],
            files: vec![("a.bin".to_owned(), digest(&folder.join("a.bin")).expect("readable"))],
        }
    }

    #[test]
    fn what_is_written_is_read_and_verified() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(state(folder.path()), State::Absent));
        let manifest = example(folder.path());
        manifest.write(folder.path()).expect("writable");
        assert!(matches!(state(folder.path()), State::Intact(found) if found == manifest));

        fs::write(folder.path().join("a.bin"), "Content").expect("a file");
        assert!(matches!(state(folder.path()), State::Damaged(_)));
        fs::remove_file(folder.path().join("a.bin")).expect("it is there");
        assert!(matches!(state(folder.path()), State::Damaged(_)));
    }

    #[test]
    fn a_cut_or_foreign_manifest_is_damaged() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = example(folder.path()).render();
        for end in 0..text.len() {
            assert_eq!(Manifest::parse(&text[..end]), None, "cut at {end}");
        }
        assert_eq!(Manifest::parse("surprise yes\n"), None);
    }
}
