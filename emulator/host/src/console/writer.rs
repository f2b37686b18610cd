//! From the machine to the user.
//!
//! The host may take a part of what it is given, or nothing for a long time, or never again. None of that may reach
//! the guest, whose console takes every byte at once; so all of it ends here.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::ConsoleOutcome;
use crate::channel::Receiver;
use crate::schedule::{Baton, Site};

pub(super) struct Writer {
    baton: Baton,
    to: OwnedFd,
    outcome: ConsoleOutcome,
    #[cfg(feature = "faults")]
    page: crate::faults::OnePage,
}

impl Writer {
    pub(super) fn new(baton: Baton, to: OwnedFd) -> Self {
        Self {
            baton,
            to,
            outcome: ConsoleOutcome::default(),
            #[cfg(feature = "faults")]
            page: crate::faults::OnePage::default(),
        }
    }

    /// What the machine can give before it has to know that the reader is slow.
    #[cfg(feature = "faults")]
    pub(super) fn page(&self) -> crate::faults::OnePage {
        self.page.clone()
    }

    /// Writes until the machine has no more. When nothing can be written any more, goes on taking: a guest does not
    /// stop because its reader did.
    pub(super) fn run(mut self, outputs: &Receiver<Vec<u8>>) -> ConsoleOutcome {
        while let Ok(bytes) = outputs.recv() {
            // Once for all: how many writes it takes is the reader's choice.
            self.baton.yield_point(Site::ConsoleWrite);
            let mut left = &bytes[..];
            while !left.is_empty() && self.outcome.error.is_none() {
                let to = &self.to;
                match self.baton.outside(Site::ConsoleWrite, || write_some(to, left)) {
                    Ok(count) => {
                        self.outcome.written += count as u64;
                        left = &left[count..];
                    }
                    Err(error) => self.outcome.error = Some(error.into()),
                }
            }
            self.outcome.discarded += left.len() as u64;
            #[cfg(feature = "faults")]
            self.page.read(bytes.len());
        }
        self.outcome
    }
}

/// Writes at least one byte, waiting until that is possible.
fn write_some(to: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    loop {
        match rustix::io::write(to.as_fd(), bytes) {
            Ok(0) => return Err(Errno::IO),
            // Whoever shares the terminal or pipe with us may have made it non-blocking.
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(to, PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            },
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
