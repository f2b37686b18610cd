//! The logs that people have reviewed.
//!
//! That all recordings are alike does not say that they are right. So the log of each scenario is rendered as a page, somebody
//! reads it once, and from then on it must not change. One page serves all engines, loads, schedules and seeds: that they
//! agree is the test.
//!
//! The files are insta's, so `cargo insta review` works on them; `cargo xtask replay-tests --bless` accepts what came out.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lockstep_log::{Diff, Reader, RenderLimits, diff, render};

use crate::failure::first_difference;

/// Where goldens are.
#[derive(Clone, Debug)]
pub struct Goldens {
    folder: PathBuf,
}

impl Goldens {
    /// Those in a folder.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether the reviewed page of this name is of other images than `page`.
    #[must_use]
    pub fn is_of_other_images(&self, name: &str, page: &str) -> bool {
        let reviewed = fs::read_to_string(self.folder.join(format!("{name}.snap")));
        let images = |page: &str| -> Vec<String> {
            page.lines().filter(|line| line.starts_with("image ")).map(str::to_owned).collect()
        };
        reviewed.is_ok_and(|reviewed| images(content(&reviewed)) != images(page))
    }

    /// Compares a page with the reviewed one of this name (`aarch64/hello`); says where they differ first.
    pub fn check(&self, name: &str, description: &str, page: &str) -> Result<(), String> {
        let (folder, stem) = match name.rsplit_once('/') {
            Some((folder, stem)) => (self.folder.join(folder), stem),
            None => (self.folder.clone(), name),
        };
        let file = folder.join(format!("{stem}.snap"));
        let reviewed = fs::read_to_string(&file).ok();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(description);
        let outcome = settings.bind(|| {
            // The assertion reports by panicking; what it would say, we say with more context.
            catch_unwind(AssertUnwindSafe(|| insta::assert_snapshot!(stem, page)))
        });
        outcome.map_err(|_| match reviewed.as_deref().map(content) {
            None => format!("there is no golden log {} yet\n", file.display()),
            Some(reviewed) => first_difference("golden", reviewed, "this run", page),
        })?;
        agrees_with_others(&file, page)
    }
}

/// The page in a snapshot file: what follows its head.
fn content(snapshot: &str) -> &str {
    let after_head = snapshot.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    after_head.map_or(snapshot, |(_, content)| content)
}

/// When results are being accepted, each of two trials that disagree would be.
fn agrees_with_others(file: &Path, page: &str) -> Result<(), String> {
    static PAGES: Mutex<Option<HashMap<PathBuf, String>>> = Mutex::new(None);
    let mut pages = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let pages = pages.get_or_insert_default();
    let first = pages.entry(file.to_owned()).or_insert_with(|| page.to_owned());
    if first == page {
        return Ok(());
    }
    Err(first_difference("another trial of the scenario", first, "this run", page))
}

/// Renders a log for review.
pub fn page(log: &Path) -> io::Result<String> {
    let mut reader = open(log)?;
    let header = reader.header().clone();
    let mut failed = None;
    let events = reader.events().map_while(|event| event.map_err(|e| failed = Some(e)).ok());
    let page = render(&header, events, &RenderLimits::default());
    match failed {
        None => Ok(page),
        Some(error) => Err(io::Error::other(format!("{}: {error}", log.display()))),
    }
}

/// How two logs compare.
pub fn compare(first: &Path, second: &Path) -> io::Result<Diff> {
    diff(&mut open(first)?, &mut open(second)?).map_err(io::Error::other)
}

fn open(log: &Path) -> io::Result<Reader<BufReader<File>>> {
    let named = |error: String| io::Error::other(format!("{}: {error}", log.display()));
    let file = File::open(log).map_err(|error| named(error.to_string()))?;
    Reader::open(BufReader::new(file)).map_err(|error| named(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_log_is_found_below_its_architecture() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("aarch64")).unwrap();
        let file = folder.path().join("aarch64/hello.snap");
        fs::write(&file, "---\nsource: harness/src/golden.rs\n---\none\ntwo\n").unwrap();
        let goldens = Goldens::in_folder(folder.path().to_owned());
        goldens.check("aarch64/hello", "says hello", "one\ntwo\n").unwrap();
        let error = goldens.check("aarch64/other", "", "one\n").unwrap_err();
        assert!(error.starts_with("there is no golden log"), "{error}");
    }

    /// Catches a golden log that is held against another version of a guest, or not held against the same one.
    #[test]
    fn images_are_compared_by_their_digests() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.snap");
        fs::write(file, "---\nsource: x\n---\ncpu a\nimage bios 7 bytes ab\nevents\n").unwrap();
        let goldens = Goldens::in_folder(folder.path().to_owned());
        assert!(!goldens.is_of_other_images("x", "cpu b\nimage bios 7 bytes ab\n"));
        assert!(goldens.is_of_other_images("x", "cpu a\nimage bios 7 bytes ac\n"));
        assert!(!goldens.is_of_other_images("none", "image bios 7 bytes ac\n"));
    }

    /// Without this, blessing would keep the last of several logs.
    #[test]
    fn trials_that_disagree_cannot_all_be_accepted() {
        let file = Path::new("no file, but a name");
        agrees_with_others(file, "one\n").unwrap();
        agrees_with_others(file, "one\n").unwrap();
        let error = agrees_with_others(file, "two\n").unwrap_err();
        assert!(error.contains("another trial of the scenario"), "{error}");
    }

    #[test]
    fn a_golden_that_differs_fails() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.snap");
        fs::write(&file, "---\nsource: harness/src/golden.rs\n---\none\ntwo\nthree\n").unwrap();
        let goldens = Goldens::in_folder(folder.path().to_owned());
        let error = goldens.check("x", "", "one\n2\nthree\n").unwrap_err();
        assert_eq!(
            error,
            "first difference in line 2:\n  golden:\n      1  one\n    > 2  two\n      3  three\n  \
             this run:\n      1  one\n    > 2  2\n      3  three\n"
        );
    }
}
