//! Reading disks when the host's completions count.
//!
//! With modelled I/O a disk read takes a modelled time and needs nobody. With live I/O it completes when the host has
//! done it: a thread reads the bytes from the file, and the answer comes through the machine's door like anything from
//! outside. A replay has the image and not the file, so the answer says only whether the host got the same bytes: a
//! file that cannot be read any more, or was changed meanwhile, is an error that the guest sees.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_core::{HostRead, Input};

use crate::channel::{Sender, Urgent};
use crate::schedule::Baton;
use crate::thread::{JoinHandle, Panicked, SpawnError};

/// Requests under way to the thread before the machine has to wait.
const BOUND: usize = 256;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// A disk's file, and the image that was read from it.
#[derive(Clone, Debug)]
pub struct DiskFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it held when the machine was built.
    pub image: Arc<Vec<u8>>,
}

/// The thread that reads the machine's disks.
pub struct HostDisks {
    requests: Sender<HostRead>,
    thread: JoinHandle<()>,
}

impl HostDisks {
    /// Starts the thread; it answers through `answers`.
    ///
    /// # Errors
    /// The host has no more threads to give.
    pub fn start(
        baton: &Baton,
        files: Vec<DiskFile>,
        answers: Urgent<Input>,
    ) -> Result<Self, SpawnError> {
        let (requests, receiver) = baton.channel::<HostRead>(BOUND);
        let thread = baton.spawn("disks", move || {
            while let Ok(HostRead { device, request, disk, offset, len }) = receiver.recv() {
                let file = files.get(usize::from(disk));
                let good = file.is_some_and(|file| file.read(offset, len).unwrap_or(false));
                if answers.send(Input::HostRead { device, request, good }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { requests, thread })
    }

    /// Asks for a part of a disk.
    pub fn read(&self, read: HostRead) {
        // The thread ends only after this is dropped; a panic of it is told by `finish`.
        let _ = self.requests.send(read);
    }

    /// Ends the thread.
    ///
    /// # Errors
    /// It panicked.
    pub fn finish(self) -> Result<(), Panicked> {
        drop(self.requests);
        self.thread.join()
    }
}

impl DiskFile {
    /// Reads a part, and says whether it is that of the image.
    fn read(&self, offset: u64, len: u64) -> io::Result<bool> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        let Some(image) = self.image.get(start..end) else { return Ok(false) };
        let file = File::open(&self.path)?;
        let mut piece = vec![0; PIECE.min(image.len())];
        let mut place = offset;
        for expected in image.chunks(PIECE) {
            let read = &mut piece[..expected.len()];
            file.read_exact_at(read, place)?;
            if read != expected {
                return Ok(false);
            }
            place += expected.len() as u64;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches an answer without a look at the file, and a changed or missing file that is taken for the image.
    #[test]
    fn answers_say_whether_the_file_is_still_the_image() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("disk");
        let image: Vec<u8> = (0..600_000u32).map(|place| (place / 7) as u8).collect();
        std::fs::write(&path, &image).expect("written");
        let baton = Baton::os();
        let (sender, receiver) = baton.channel(1);
        let file = DiskFile { path: path.clone(), image: Arc::new(image.clone()) };
        let disks = HostDisks::start(&baton, vec![file], sender.urgent()).expect("started");
        let ask = |request, disk, offset, len| {
            disks.read(HostRead { device: 7, request, disk, offset, len });
            receiver.recv().expect("answered")
        };
        let answer = |request, good| Input::HostRead { device: 7, request, good };
        assert_eq!(ask(1, 0, 512, 599_000), answer(1, true));
        assert_eq!(ask(2, 0, 512, 600_000), answer(2, false));
        assert_eq!(ask(3, 1, 0, 512), answer(3, false));
        let mut changed = image;
        changed[300_000] ^= 1;
        std::fs::write(&path, &changed).expect("written");
        assert_eq!(ask(4, 0, 0, 512), answer(4, true));
        assert_eq!(ask(5, 0, 299_520, 1024), answer(5, false));
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(ask(6, 0, 0, 512), answer(6, false));
        disks.finish().expect("no panic");
    }
}
