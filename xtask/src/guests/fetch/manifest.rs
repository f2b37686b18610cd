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
    pub(super) package: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) package_digest: String,
    /// Names and digests.
    pub(super) files: Vec<(String, String)>,
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
        let mut text = format!(
            "package {}\nversion {}\narchitecture {}\npackage-blake3 {}\n",
            self.package, self.version, self.architecture, self.package_digest
        );
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
            match key {
                "package" => manifest.package = value.to_owned(),
                "version" => manifest.version = value.to_owned(),
                "architecture" => manifest.architecture = value.to_owned(),
                "package-blake3" => manifest.package_digest = value.to_owned(),
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
        write!(f, "{} {}", self.package, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, State, digest, state};
    use std::fs;
    use std::path::Path;

    fn example(folder: &Path) -> Manifest {
        fs::write(folder.join("a.bin"), "content").expect("a file");
        Manifest {
            package: "p".to_owned(),
            version: "1:2.3-4".to_owned(),
            architecture: "all".to_owned(),
            package_digest: "00".to_owned(),
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
