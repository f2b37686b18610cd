//! The user's terminal in raw mode, and back again.
//!
//! In raw mode every key goes to the guest, Ctrl-C included. A terminal that is left so is useless to its user, so
//! there is one record of how it was found, and every way out of the process uses it: the end of the run, a panic
//! (before its message is printed, so that it can be read), and signals (see [`crate::signals`]).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, Once};

use rustix::process::getpgrp;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

use crate::schedule::lock;

struct Raw {
    terminal: OwnedFd,
    found: Termios,
    raw: Termios,
}

/// The terminal that is in raw mode, if one is. There is one per process: it belongs to the process, as signals do.
static RAW: Mutex<Option<Raw>> = Mutex::new(None);

/// Keeps the terminal in raw mode; restores it when dropped.
#[derive(Debug)]
#[must_use = "the terminal is restored when this is dropped"]
pub struct RawMode(());

impl RawMode {
    /// Puts `terminal` into raw mode; `None` if it is no terminal.
    ///
    /// # Errors
    /// The host refused, or the terminal is in raw mode already.
    pub fn enter(terminal: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        if !isatty(terminal) {
            return Ok(None);
        }
        let mut slot = lock(&RAW);
        if slot.is_some() {
            let text = "the terminal is used by another console of this process";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        let found = tcgetattr(terminal)?;
        let mut raw = found.clone();
        raw.make_raw();
        let terminal = terminal.try_clone_to_owned()?;
        // At once, not after discarding what was typed ahead: that is for the guest.
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        *slot = Some(Raw { terminal, found, raw });
        drop(slot);
        restore_before_panic_messages();
        Ok(Some(Self(())))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was found. Does nothing if it is not in raw mode.
pub fn restore() {
    if let Some(raw) = lock(&RAW).take() {
        // Nobody is left to tell of a failure: the terminal is gone.
        let _ = tcsetattr(&raw.terminal, OptionalActions::Now, &raw.found);
    }
}

/// Puts the terminal into raw mode again after the process was stopped and continued in the foreground: a shell
/// sets it up for itself in between.
pub(crate) fn reenter() {
    if let Some(raw) = &*lock(&RAW) {
        // In the background, touching the terminal would stop the process again.
        if tcgetpgrp(raw.terminal.as_fd()).is_ok_and(|group| group == getpgrp()) {
            let _ = tcsetattr(&raw.terminal, OptionalActions::Now, &raw.raw);
        }
    }
}

fn restore_before_panic_messages() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            print(panic);
        }));
    });
}
