//! The files that a guest may open: those of one folder.
//!
//! What is in a file of the host is not in the log. So the folder is read before the run begins, and its files are images like
//! kernels and disks: identified in the log, and at hand for a replay. The guest changes them in memory. What it has written
//! comes out as an output, which whoever runs the machine may put somewhere, and nothing in the machine depends on that.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::Output;
use serde::{Deserialize, Serialize};

use super::errno;

/// Bytes in changed files at most.
const MOST_BYTES: usize = 256 << 20;
/// Files that a guest may make or remove at most.
const MOST_CHANGED: usize = 4096;
/// The files as they were when the run began, by their names in the folder, with `/` between parts.
pub type Folder = BTreeMap<String, Arc<Vec<u8>>>;

/// What the guest has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changes {
    /// What is in files that were written; nothing in those that were removed.
    files: BTreeMap<String, Option<Vec<u8>>>,
    /// Written, and not given out yet.
    fresh: Vec<String>,
}

/// How a file was opened, by the modes of fopen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mode {
    pub(super) read: bool,
    pub(super) write: bool,
    append: bool,
    create: bool,
    truncate: bool,
}

impl Mode {
    /// `r`, `r+`, `w`, `w+`, `a`, `a+`, each with `b` after it, which changes nothing.
    pub(super) const fn from_number(number: u64) -> Self {
        let (kind, plus) = (number / 4, number / 2 % 2 == 1);
        Self {
            read: kind == 0 || plus,
            write: kind != 0 || plus,
            append: kind == 2,
            create: kind != 0,
            truncate: kind == 1,
        }
    }
}

/// A file that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) name: String,
    pub(super) mode: Mode,
    /// Where the next byte is read or written.
    pub(super) at: u64,
}

/// The folder and what became of it.
pub(super) struct Files<'a> {
    pub(super) folder: Option<&'a Folder>,
    pub(super) changes: &'a mut Changes,
}

/// A name as the folder has it. Nothing outside the folder has a name.
///
/// # Errors
/// The value of errno.
pub(super) fn name_of(bytes: &[u8]) -> Result<String, u64> {
    let text = std::str::from_utf8(bytes).map_err(|_| errno::EINVAL)?;
    // Names with a colon in front are the debugger's own.
    if text.starts_with(['/', ':']) || text.contains('\0') {
        return Err(errno::EACCES);
    }
    let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    match parts.as_slice() {
        [] => Err(errno::ENOENT),
        parts if parts.contains(&"..") => Err(errno::EACCES),
        parts => Ok(parts.join("/")),
    }
}

impl Files<'_> {
    /// What is in a file.
    pub(super) fn contents(&self, name: &str) -> Option<&[u8]> {
        match self.changes.files.get(name) {
            Some(changed) => changed.as_deref(),
            None => self.folder?.get(name).map(|bytes| bytes.as_slice()),
        }
    }

    fn is_folder(&self, name: &str) -> bool {
        let inside = |other: &String| {
            other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
                && self.contents(other).is_some()
        };
        let initial = self.folder.into_iter().flat_map(|folder| folder.keys());
        initial.chain(self.changes.files.keys()).any(inside)
    }

    /// Opens a file, or makes one.
    pub(super) fn open(&mut self, name: String, mode: Mode) -> Result<Open, u64> {
        if self.folder.is_none() {
            return Err(errno::EACCES);
        }
        if self.is_folder(&name) {
            return Err(errno::EISDIR);
        }
        match self.contents(&name) {
            None if !mode.create => return Err(errno::ENOENT),
            Some(bytes) if !mode.truncate || bytes.is_empty() => {}
            _ => self.put(&name, Some(Vec::new()))?,
        }
        Ok(Open { name, mode, at: 0 })
    }

    /// Writes at the place where the file stands, or at its end if it was opened so, and moves on. What lies between the
    /// end and that place becomes zeros.
    pub(super) fn write(&mut self, open: &mut Open, bytes: &[u8]) -> Result<(), u64> {
        let len = self.contents(&open.name).map_or(0, <[u8]>::len);
        let at = if open.mode.append { len } else { open.at as usize };
        let changed = self.changes.files.iter().filter(|(name, _)| **name != open.name);
        let others: usize =
            changed.filter_map(|(_, contents)| contents.as_ref()).map(Vec::len).sum();
        let room = MOST_BYTES.saturating_sub(others);
        let end =
            at.checked_add(bytes.len()).filter(|end| len.max(*end) <= room).ok_or(errno::ENOSPC)?;
        if !matches!(self.changes.files.get(&open.name), Some(Some(_))) {
            let contents = self.contents(&open.name).unwrap_or_default().to_vec();
            self.put(&open.name, Some(contents))?;
        }
        if let Some(Some(contents)) = self.changes.files.get_mut(&open.name) {
            overwrite(contents, at, end, bytes);
        }
        self.note(&open.name);
        open.at = end as u64;
        Ok(())
    }

    /// Removes a file.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), u64> {
        self.contents(name).ok_or(self.missing())?;
        self.put(name, None)
    }

    /// Gives a file another name, over whatever has it.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), u64> {
        let contents = self.contents(from).ok_or(self.missing())?.to_vec();
        if self.is_folder(to) {
            return Err(errno::EISDIR);
        }
        if from != to {
            self.put(to, Some(contents))?;
            self.put(from, None)?;
        }
        Ok(())
    }

    /// What was written or removed and has not been given out.
    pub(super) fn take_fresh(&mut self) -> Vec<Output> {
        let output = |name: String| {
            let contents = self.changes.files.get(&name).cloned().flatten();
            Output::File { name, contents }
        };
        std::mem::take(&mut self.changes.fresh).into_iter().map(output).collect()
    }

    const fn missing(&self) -> u64 {
        if self.folder.is_some() { errno::ENOENT } else { errno::EACCES }
    }

    fn put(&mut self, name: &str, contents: Option<Vec<u8>>) -> Result<(), u64> {
        let files = &mut self.changes.files;
        if files.len() >= MOST_CHANGED && !files.contains_key(name) {
            return Err(errno::ENOSPC);
        }
        files.insert(name.to_owned(), contents);
        self.note(name);
        Ok(())
    }

    fn note(&mut self, name: &str) {
        if !self.changes.fresh.iter().any(|fresh| fresh == name) {
            self.changes.fresh.push(name.to_owned());
        }
    }
}

/// Puts bytes over what is there, up to a place that may be behind the end.
fn overwrite(contents: &mut Vec<u8>, at: usize, end: usize, bytes: &[u8]) {
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[at..end].copy_from_slice(bytes);
}
