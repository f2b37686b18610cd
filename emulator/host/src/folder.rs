//! A folder of files that a guest may open, and one for those that it writes.
//!
//! What the guest opens has to be the same when its run is replayed, so the folder is read as a whole before the run begins, and
//! never written. What the guest writes is collected while it runs, and put into another folder when the run has ended: how
//! long the host takes for it is then nobody's concern.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::file::{FileError, Problem, read_file, write_file};
use crate::schedule::lock;

/// Files in a folder at most.
const MOST_FILES: usize = 4096;
/// Folders in one another at most.
const DEEPEST: usize = 16;

/// Reads all files in a folder and in those below it, `limit` bytes at most altogether. Gives each with its path in the folder,
/// parts separated by `/`, in the order of these paths. Links to folders are not followed.
///
/// # Errors
/// Something cannot be read, is named in another way than in UTF-8, or is too large or too much.
pub fn read_folder(path: &Path, limit: u64) -> Result<Vec<(String, Vec<u8>)>, FileError> {
    let mut files = Vec::new();
    let mut left = limit;
    read_below(path, "", DEEPEST, &mut left, &mut files)?;
    files.sort();
    Ok(files)
}

fn read_below(
    path: &Path,
    above: &str,
    depth: usize,
    left: &mut u64,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), FileError> {
    let wrong = |path: &Path, text: &str| {
        FileError::new("read", path, Problem::Host(io::Error::other(text.to_owned())))
    };
    let failed = |error: io::Error| FileError::new("read", path, error);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| wrong(&path, "its name is not UTF-8"))?;
        let name = format!("{above}{name}");
        if entry.file_type().map_err(failed)?.is_dir() {
            let depth = depth.checked_sub(1).ok_or_else(|| wrong(&path, "too deep"))?;
            read_below(&path, &format!("{name}/"), depth, left, files)?;
        } else if std::fs::metadata(&path).is_ok_and(|about| about.is_file()) {
            if files.len() == MOST_FILES {
                return Err(wrong(&path, "too many files in this folder"));
            }
            let bytes = read_file(&path, *left)?;
            *left -= bytes.len() as u64;
            files.push((name, bytes));
        }
    }
    Ok(())
}

/// Files that a guest has written, for a folder. Clones are the same.
#[derive(Clone, Debug)]
pub struct FolderOut {
    folder: PathBuf,
    files: Arc<Mutex<BTreeMap<String, Option<Vec<u8>>>>>,
}

impl FolderOut {
    /// For this folder, which is made if it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(folder: &Path) -> Result<Self, FileError> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| FileError::new("create", folder, error))?;
        Ok(Self { folder: folder.to_owned(), files: Arc::default() })
    }

    /// The guest has written a file, or removed it.
    pub fn note(&self, name: &str, contents: Option<Vec<u8>>) {
        lock(&self.files).insert(name.to_owned(), contents);
    }

    /// Writes the files. What the guest has removed again is not there.
    ///
    /// # Errors
    /// One cannot be written, or its name leads out of the folder.
    pub fn finish(&self) -> Result<(), FileError> {
        for (name, contents) in std::mem::take(&mut *lock(&self.files)) {
            let Some(contents) = contents else { continue };
            let path = self.folder.join(&name);
            let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
            if !Path::new(&name).components().all(plain) {
                let outside = io::Error::other("its name leads out of the folder");
                return Err(FileError::new("write", &path, Problem::Host(outside)));
            }
            if let Some(above) = path.parent() {
                let made = std::fs::create_dir_all(above);
                made.map_err(|error| FileError::new("create", above, error))?;
            }
            write_file(&path, &contents)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Catches files that are left out, names that depend on the order in which the host lists them, and a limit that
    /// holds for each file and not for all.
    #[test]
    fn reads_what_is_below() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("b/c")).expect("made");
        for (name, text) in [("z", "1"), ("b/c/y", "22"), ("b/a", "333")] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b/round")).expect("linked");
        let files = read_folder(folder.path(), 6).expect("readable");
        let names: Vec<_> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect();
        assert_eq!(names, [("b/a", 3), ("b/c/y", 2), ("z", 1)]);
        let error = read_folder(folder.path(), 5).expect_err("too much");
        assert!(error.to_string().contains("it is larger than"), "{error}");
    }

    /// Catches a file that lands outside, and one that was removed and is there.
    #[test]
    fn writes_below_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = FolderOut::create(&folder.path().join("out")).expect("made");
        out.note("a/b", Some(vec![1]));
        out.note("gone", Some(vec![2]));
        out.note("gone", None);
        out.finish().expect("written");
        assert_eq!(fs::read(folder.path().join("out/a/b")).expect("there"), [1]);
        assert!(!folder.path().join("out/gone").exists());
        out.note("../b", Some(vec![1]));
        out.finish().expect_err("outside");
        assert!(!folder.path().join("b").exists());
    }
}
