//! Signals that ask the emulator to end.
//!
//! A recording that is ended by Ctrl-C or by a CI job's time limit should be a whole recording. So the first request
//! becomes an [`Input::Stop`] at the machine's door, which ends the run in good order; a second one, or one when
//! nothing runs, ends the process at once. Either way the terminal is left as it was found.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use lockstep_core::Input;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::SpawnError;
use crate::channel::Urgent;
use crate::schedule::{Baton, lock};
use crate::terminal;

/// Signals could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// The host refused.
    #[error("cannot handle signals: {0}")]
    Host(#[from] io::Error),
    /// There was no thread to wait for them.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

/// Where a request to stop goes, while there is a run that can be stopped.
type Target = Arc<Mutex<Option<Urgent<Input>>>>;

/// While this lives, SIGINT, SIGTERM and SIGHUP stop the run instead of the process.
#[must_use = "signals go back to ending the process when this is dropped"]
pub struct StopOnSignal {
    target: Target,
}

impl StopOnSignal {
    /// Turns the first request to end into [`Input::Stop`]. Later runs of one process take turns: the last one
    /// started is the one that is stopped.
    ///
    /// # Errors
    /// The host refused.
    pub fn install(baton: &Baton, stop: Urgent<Input>) -> Result<Self, SignalError> {
        let target = target(baton)?;
        *lock(&target) = Some(stop);
        Ok(Self { target })
    }
}

impl Drop for StopOnSignal {
    fn drop(&mut self) {
        *lock(&self.target) = None;
    }
}

/// The target of the one thread that waits for signals; signals belong to the process, and so does the thread.
fn target(baton: &Baton) -> Result<Target, SignalError> {
    static TARGET: Mutex<Option<Target>> = Mutex::new(None);
    let mut installed = lock(&TARGET);
    if let Some(target) = &*installed {
        return Ok(Arc::clone(target));
    }
    // What the user had ignored, as `nohup` and shells' background jobs do, stays ignored.
    let ignored = ignored_signals();
    let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT];
    let signals = Signals::new(wanted.iter().filter(|&&signal| ignored >> (signal - 1) & 1 == 0))?;
    let target = Target::default();
    let shared = Arc::clone(&target);
    baton.spawn_outside("signals", move || serve(signals, &shared))?;
    *installed = Some(Arc::clone(&target));
    Ok(target)
}

/// The signals that the process ignores, bit 0 for signal 1; none where the host does not tell.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn serve(mut signals: Signals, target: &Target) {
    for signal in signals.forever() {
        match signal {
            SIGCONT => terminal::reenter(),
            // Asks for an end without any care.
            SIGQUIT => die(signal),
            _ => {
                // Taken, so that the second request finds nothing to stop.
                let stop = lock(target).take();
                if stop.is_none_or(|stop| stop.send(Input::Stop).is_err()) {
                    die(signal);
                }
            }
        }
    }
}

/// Ends the process as the signal would have, so that whoever waits for it sees why.
fn die(signal: i32) {
    terminal::restore();
    // For the signals served here this does not come back.
    let _ = emulate_default_handler(signal);
}

/// Leaves Ctrl-C to whoever else is in the foreground, for as long as the process lives. A program started later
/// gets it as ever.
///
/// # Errors
/// The host refused.
pub fn leave_interrupts_to_children() -> io::Result<()> {
    // A handler, unlike ignoring the signal, is not inherited.
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

/// Makes a write past the allowed file size an error instead of the end of the process.
pub(crate) fn survive_file_size_limit() -> io::Result<()> {
    static DONE: OnceLock<()> = OnceLock::new();
    if DONE.get().is_none() {
        // A handler that only notes the signal; the write then fails by itself.
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        let _ = DONE.set(());
    }
    Ok(())
}
