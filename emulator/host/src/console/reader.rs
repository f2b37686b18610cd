//! From the user to the machine.

use std::cell::RefCell;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use lockstep_core::Input;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::escape::{Action, Escape};
use crate::channel::{Disconnected, Sender, Urgent};
use crate::schedule::{Baton, Site};

/// How much is read at once, and so the size of the largest input.
const PIECE: usize = 1024;

pub(super) struct Reader {
    pub(super) baton: Baton,
    pub(super) port: u8,
    /// Only for a terminal: in a pipe, every byte is for the guest.
    pub(super) escape: Option<Escape>,
    pub(super) from: OwnedFd,
    /// Becomes ready when the console is finished.
    pub(super) quitting: OwnedFd,
    pub(super) inputs: Sender<Input>,
    pub(super) stop: Urgent<Input>,
}

impl Reader {
    /// Reads until there is no more, or nobody wants it. An end of input is only that: the run goes on.
    pub(super) fn run(mut self) {
        let mut buffer = [0; PIECE];
        loop {
            let (from, quitting) = (&self.from, &self.quitting);
            let piece = RefCell::new(&mut buffer);
            let read = self.baton.outside_unless(
                Site::ConsoleRead,
                || read(from, quitting, *piece.borrow_mut(), Wait::Not),
                || read(from, quitting, *piece.borrow_mut(), Wait::ForKeys),
            );
            // A terminal that went away is an end of input as well; its SIGHUP stops the run.
            let Some(Ok(count @ 1..)) = read else { return };
            if self.hand_on(&buffer[..count]).is_err() {
                return;
            }
        }
    }

    fn hand_on(&mut self, bytes: &[u8]) -> Result<(), Disconnected> {
        let Some(escape) = &mut self.escape else { return self.send_typed(bytes.to_vec()) };
        for action in escape.feed(bytes) {
            match action {
                Action::Type(bytes) => self.send_typed(bytes)?,
                Action::PowerKey => self.send(Input::PowerKey)?,
                Action::Reset => self.send(Input::Reset)?,
                Action::Stop => self.stop.send(Input::Stop).map_err(|_| Disconnected)?,
                Action::Help => self.show_help(),
            }
        }
        Ok(())
    }

    fn send_typed(&self, bytes: Vec<u8>) -> Result<(), Disconnected> {
        self.send(Input::Console { port: self.port, bytes })
    }

    fn send(&self, input: Input) -> Result<(), Disconnected> {
        self.inputs.send(input).map_err(|_| Disconnected)
    }

    /// To standard error: it is not the guest's output.
    fn show_help(&self) {
        if let Some(escape) = &self.escape {
            let text = escape.help();
            let write = || io::stderr().write_all(text.as_bytes());
            // Help that cannot be shown is no reason to end.
            let _ = self.baton.outside(Site::ConsoleWrite, write);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Not,
    ForKeys,
}

/// Reads what there is, and 0 at the end of input. Nothing if there is nothing yet and it is not to be waited for, or when
/// the console is finished.
fn read(
    from: &OwnedFd,
    quitting: &OwnedFd,
    buffer: &mut [u8],
    wait: Wait,
) -> Option<Result<usize, Errno>> {
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    let limit = (wait == Wait::Not).then_some(&now);
    loop {
        let mut ready = [PollFd::new(from, PollFlags::IN), PollFd::new(quitting, PollFlags::IN)];
        match poll(&mut ready, limit) {
            Err(Errno::INTR) => continue,
            Err(error) => return Some(Err(error)),
            Ok(_) => {}
        }
        if !ready[1].revents().is_empty() {
            return None;
        }
        if ready[0].revents().is_empty() {
            match wait {
                Wait::Not => return None,
                Wait::ForKeys => continue,
            }
        }
        match rustix::io::read(from.as_fd(), &mut *buffer) {
            // Whoever shares the terminal or pipe with us may have made it non-blocking, or taken what there was.
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if wait == Wait::ForKeys => {}
            Err(Errno::AGAIN) => return None,
            result => return Some(result),
        }
    }
}
