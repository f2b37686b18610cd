//! The writer of recordings.
//!
//! The machine must not wait for a disk, and a recording must be worth something however the run ends: killed, out of
//! disk, out of memory. So a thread of its own appends finished chunks, each with its own write and no buffer in
//! between: what it has written is in the host's hands and survives the process. If a chunk cannot be written
//! whole, the file is cut back to the last one that was.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::channel::{Receiver, Sender};
use crate::file::FileError;
use crate::schedule::{Baton, Site};
use crate::thread::{JoinHandle, Panicked};
use crate::{SpawnError, signals};

/// The file takes no more. [`FileSink::finish`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file takes no more")]
pub struct SinkFailed;

/// Why a sink could not be made, or not everything was written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The file could not be created.
    #[error(transparent)]
    Create(#[from] FileError),
    /// The file could not be written to its end; its first `kept` bytes are whole chunks.
    #[error("{error}; its first {kept} bytes are kept")]
    Write {
        /// What was wrong.
        #[source]
        error: FileError,
        /// How much was written.
        kept: u64,
    },
    /// There was no thread to write it.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The writer failed by a fault of its own.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// A file that was written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its length.
    pub bytes: u64,
    /// In how many chunks.
    pub chunks: u64,
}

/// Appends chunks to a file, in order, on a thread of its own.
pub struct FileSink {
    chunks: Sender<Vec<u8>>,
    failed: Arc<AtomicBool>,
    writer: JoinHandle<Result<Written, SinkError>>,
}

/// Chunks under way to the writer before the machine has to wait.
const BOUND: usize = 16;

impl FileSink {
    /// Creates the file, or empties the one that is there.
    ///
    /// # Errors
    /// It cannot be created, for instance because it is a folder.
    pub fn create(baton: &Baton, path: &Path) -> Result<Self, SinkError> {
        // A write past the allowed file size is to be an error like any other, not the end of the process.
        let error = |error| FileError::new("create", path, error);
        signals::survive_file_size_limit().map_err(error)?;
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let file = file.map_err(error)?;
        let (chunks, received) = baton.channel(BOUND);
        let failed = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            baton: baton.clone(),
            path: path.to_owned(),
            file,
            written: Written { bytes: 0, chunks: 0 },
            failed: Arc::clone(&failed),
        };
        let writer = baton.spawn("log-writer", move || writer.run(&received))?;
        Ok(Self { chunks, failed, writer })
    }

    /// Hands over the next chunk. Waits, in wall time only, while the disk is far behind.
    ///
    /// # Errors
    /// An earlier chunk could not be written; this one is dropped.
    pub fn push(&self, chunk: Vec<u8>) -> Result<(), SinkFailed> {
        if self.has_failed() {
            return Err(SinkFailed);
        }
        self.chunks.send(chunk).map_err(|_| SinkFailed)
    }

    /// Whether a chunk could not be written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Waits until everything is written and on the disk.
    ///
    /// # Errors
    /// Not everything could be written. What the error says was kept is intact.
    pub fn finish(self) -> Result<Written, SinkError> {
        drop(self.chunks);
        self.writer.join()?
    }
}

struct Writer {
    baton: Baton,
    path: PathBuf,
    file: File,
    written: Written,
    failed: Arc<AtomicBool>,
}

impl Writer {
    fn run(mut self, chunks: &Receiver<Vec<u8>>) -> Result<Written, SinkError> {
        while let Ok(chunk) = chunks.recv() {
            let file = &mut self.file;
            self.baton.yield_point(Site::FileWrite);
            let result = self.baton.outside(Site::FileWrite, || file.write_all(&chunk));
            match result {
                Ok(()) => {
                    self.written.bytes += chunk.len() as u64;
                    self.written.chunks += 1;
                }
                Err(error) => return Err(self.give_up(error)),
            }
        }
        // Some file systems find out only now that they have no room.
        match self.file.metadata() {
            Ok(about) if about.is_file() => {
                let file = &self.file;
                let result = self.baton.outside(Site::FileWrite, || file.sync_data());
                result.map_err(|error| self.give_up(error))?;
            }
            _ => {}
        }
        Ok(self.written)
    }

    /// Cuts the file back to its last whole chunk. The receiver goes with this thread, so nobody waits for it.
    fn give_up(&mut self, error: io::Error) -> SinkError {
        self.failed.store(true, Ordering::Relaxed);
        let kept = self.written.bytes;
        // What is not a plain file cannot be cut; a reader of recordings copes with a partial chunk at the end.
        let _ = self.file.set_len(kept).and_then(|()| self.file.seek(SeekFrom::Start(kept)));
        SinkError::Write { error: FileError::new("write", &self.path, error), kept }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Catches chunks that are lost, doubled or out of order, and leftovers of the file that was there before.
    #[test]
    fn chunks_are_written_in_order_over_an_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        fs::write(&path, vec![0xff; 100_000]).expect("written");
        let sink = FileSink::create(&Baton::os(), &path).expect("created");
        let mut expected = Vec::new();
        for n in 0..200_u8 {
            let chunk = vec![n; usize::from(n)];
            expected.extend_from_slice(&chunk);
            sink.push(chunk).expect("taken");
        }
        let written = sink.finish().expect("written");
        assert_eq!(written, Written { bytes: expected.len() as u64, chunks: 200 });
        assert_eq!(fs::read(&path).expect("read"), expected);
    }

    /// Catches a buffer between a chunk and the host: what a kill would lose.
    #[test]
    fn a_chunk_is_in_the_file_before_the_next_comes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let baton = Baton::os();
        let sink = FileSink::create(&baton, &path).expect("created");
        for n in 1..=5 {
            sink.push(vec![7; 10]).expect("taken");
            let start = std::time::Instant::now();
            while fs::metadata(&path).expect("there").len() < n * 10 {
                assert!(start.elapsed().as_secs() < 10, "chunk {n} is held back");
                baton.sleep(std::time::Duration::from_millis(1));
            }
        }
        sink.finish().expect("written");
    }

    /// Catches a full disk that goes unnoticed, that hangs the machine, or whose error does not say which file.
    #[test]
    fn a_full_disk_is_reported() {
        for baton in [Baton::os(), Baton::random(3)] {
            let sink = FileSink::create(&baton, Path::new("/dev/full")).expect("opened");
            while sink.push(vec![7; 1000]).is_ok() {}
            assert!(sink.has_failed());
            let error = sink.finish().expect_err("no room").to_string();
            let expected = "cannot write '/dev/full': No space left on device (os error 28); \
                            its first 0 bytes are kept";
            assert_eq!(error, expected);
        }
    }

    /// Catches a full disk that is seen only with the next chunk, when there is none.
    #[test]
    fn a_full_disk_at_the_last_chunk_is_reported() {
        let sink = FileSink::create(&Baton::os(), Path::new("/dev/full")).expect("opened");
        sink.push(vec![7]).expect("taken");
        assert!(matches!(sink.finish(), Err(SinkError::Write { kept: 0, .. })));
    }

    /// Catches errors that leave the user guessing.
    #[test]
    fn what_cannot_be_created_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = |path: &Path| match FileSink::create(&Baton::os(), path) {
            Ok(_) => panic!("created {}", path.display()),
            Err(error) => error.to_string(),
        };
        let name = folder.path().display();
        assert_eq!(error(folder.path()), format!("cannot create '{name}': it is a folder"));
        let inside = folder.path().join("missing/log");
        let text = format!("cannot create '{name}/missing/log': no such file or folder");
        assert_eq!(error(&inside), text);
    }
}
