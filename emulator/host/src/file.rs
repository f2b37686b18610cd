//! Reading files, with errors that a user can act on.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What was wrong with a file.
#[derive(Debug)]
pub enum Problem {
    /// There is none of that name, or a folder on the way to it is missing.
    Missing,
    /// It is a folder.
    Folder,
    /// The user may not.
    Permission,
    /// It is larger than it may be.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The disk, the quota or the allowed file size is used up.
    NoSpace(io::Error),
    /// Something else that the host said.
    Host(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::IsADirectory => Self::Folder,
            io::ErrorKind::PermissionDenied => Self::Permission,
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::NoSpace(error),
            _ => Self::Host(error),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such file or folder"),
            Self::Folder => f.write_str("it is a folder"),
            Self::Permission => f.write_str("permission denied"),
            Self::TooLarge { limit } => write!(f, "it is larger than {limit} bytes"),
            Self::NoSpace(error) | Self::Host(error) => write!(f, "{error}"),
        }
    }
}

/// A file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempt} '{}': {problem}", path.display())]
pub struct FileError {
    /// What was tried: a verb.
    pub attempt: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// What was wrong.
    pub problem: Problem,
}

impl FileError {
    pub(crate) fn new(attempt: &'static str, path: &Path, problem: impl Into<Problem>) -> Self {
        Self { attempt, path: path.to_owned(), problem: problem.into() }
    }
}

/// Writes a whole file, in place of what was there.
///
/// # Errors
/// It cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    std::fs::write(path, bytes).map_err(|error| FileError::new("write", path, error))
}

/// Reads a whole file of at most `limit` bytes. Pipes will do.
///
/// # Errors
/// It cannot be read, or is larger; then no more than `limit` bytes of memory were used to find out.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let error = |problem: Problem| FileError::new("read", path, problem);
    let host = |problem: io::Error| error(problem.into());
    let file = File::open(path).map_err(host)?;
    let about = file.metadata().map_err(host)?;
    if about.is_dir() {
        return Err(error(Problem::Folder));
    }
    if about.len() > limit {
        return Err(error(Problem::TooLarge { limit }));
    }
    // Its length is a hint only: a pipe has none, and a file can grow while it is read.
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(about.len() as usize).map_err(|e| host(e.into()))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(host)?;
    if bytes.len() as u64 > limit {
        return Err(error(Problem::TooLarge { limit }));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Catches a limit that is off by one, in either direction.
    #[test]
    fn reads_up_to_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image");
        fs::write(&path, [7; 10]).expect("written");
        assert_eq!(read_file(&path, 10).expect("fits"), [7; 10]);
        let error = read_file(&path, 9).expect_err("too large");
        let text = format!("cannot read '{}': it is larger than 9 bytes", path.display());
        assert_eq!(error.to_string(), text);
    }

    /// Catches endless reading of what has no length to look at first: a pipe, or a device.
    #[test]
    fn an_endless_file_is_read_no_further_than_its_limit() {
        let (mut reader, mut writer) = io::pipe().expect("a pipe");
        writer.write_all(&[7; 100]).expect("room");
        drop(writer);
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        let error = read_file(&path, 10).expect_err("too large");
        assert!(matches!(error.problem, Problem::TooLarge { limit: 10 }), "{error}");
        let mut left = Vec::new();
        reader.read_to_end(&mut left).expect("read");
        assert_eq!(left.len(), 89, "bytes left in the pipe");
    }

    /// Catches errors that do not name the file, or that leave the user to read errno.
    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = |path: &Path| read_file(path, 10).expect_err("unreadable").to_string();
        let name = |path: &Path| path.display().to_string();
        let missing = folder.path().join("missing");
        assert_eq!(
            error(&missing),
            format!("cannot read '{}': no such file or folder", name(&missing))
        );
        assert_eq!(
            error(folder.path()),
            format!("cannot read '{}': it is a folder", name(folder.path()))
        );
        let secret = folder.path().join("secret");
        fs::write(&secret, "x").expect("written");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("set");
        // Root may read everything.
        if File::open(&secret).is_err() {
            assert_eq!(
                error(&secret),
                format!("cannot read '{}': permission denied", name(&secret))
            );
        }
    }
}
