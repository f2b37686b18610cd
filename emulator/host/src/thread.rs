//! Threads whose end is never lost.
//!
//! A host thread that panics must not leave the machine waiting for it, nor let a run pass as good: whoever
//! joins it gets the panic as a value.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::schedule::{self, Baton, Site, ThreadId, WaitPoint, lock};

/// A thread panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal error: the {thread} thread panicked: {message}")]
pub struct Panicked {
    /// The thread's name.
    pub thread: String,
    /// What it said.
    pub message: String,
}

/// The host could not start a thread.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the {thread} thread: {error}")]
pub struct SpawnError {
    thread: String,
    #[source]
    error: std::io::Error,
}

struct End<T> {
    value: Mutex<Option<Result<T, Panicked>>>,
    reached: WaitPoint,
}

/// A started thread. Dropping the handle lets the thread go on alone.
pub struct JoinHandle<T> {
    baton: Baton,
    end: Arc<End<T>>,
    thread: thread::JoinHandle<()>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end.
    ///
    /// # Errors
    /// The thread panicked.
    pub fn join(self) -> Result<T, Panicked> {
        self.baton.yield_point(Site::Join);
        let value = loop {
            let ticket = {
                let mut value = lock(&self.end.value);
                if let Some(value) = value.take() {
                    break value;
                }
                self.end.reached.ticket()
            };
            self.baton.wait(Site::Join, &self.end.reached, ticket, None);
        };
        // Nothing is left for the thread to do but to leave; it cannot panic any more. The baton is kept meanwhile, for
        // how long this takes is the host's choice.
        let _ = self.thread.join();
        value
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        lock(&self.end.value).is_some()
    }
}

/// Runs jobs side by side, one of them here, and comes back when the last has ended. No schedule controls them, because
/// they share nothing: in which order they are done cannot be seen. A job for which the host has no thread is dropped.
///
/// # Panics
/// A job did.
pub fn side_by_side(mut jobs: Vec<Box<dyn FnOnce() + Send + '_>>) {
    let mine = jobs.pop();
    thread::scope(|scope| {
        for job in jobs {
            // Whoever waits for its answer sees that there is none.
            let _ = thread::Builder::new().name("scan".to_owned()).spawn_scoped(scope, job);
        }
        if let Some(job) = mine {
            job();
        }
    });
}

impl Baton {
    /// Starts a thread.
    ///
    /// # Errors
    /// The host has no more threads to give.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, SpawnError> {
        let id = self.policy().create(name);
        let started = self.start(name, id, act);
        match &started {
            Ok(_) => self.yield_point(Site::Spawn),
            Err(_) => self.policy().end(id),
        }
        started
    }

    /// Starts a thread that no schedule controls, because all it does is to hand on what comes from outside and it
    /// must get through even when nobody else does.
    pub(crate) fn spawn_outside<T: Send + 'static>(
        &self,
        name: &str,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, SpawnError> {
        self.start(name, ThreadId::OUTSIDE, act)
    }

    fn start<T: Send + 'static>(
        &self,
        name: &str,
        id: ThreadId,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, SpawnError> {
        let end = Arc::new(End {
            value: Mutex::new(None),
            reached: self.wait_point(format!("the end of {name}")),
        });
        let (baton, shared, thread_name) = (self.clone(), Arc::clone(&end), name.to_owned());
        let body = move || {
            schedule::set_current(id);
            let scheduled = id != ThreadId::OUTSIDE;
            if scheduled {
                baton.policy().begin(id);
            }
            // Unwind safety: nothing of the closure is looked at after a panic.
            let value = catch_unwind(AssertUnwindSafe(act))
                .map_err(|panic| Panicked { thread: thread_name, message: message_of(&*panic) });
            *lock(&shared.value) = Some(value);
            baton.wake(&shared.reached);
            if scheduled {
                baton.policy().end(id);
            }
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map_err(|error| SpawnError { thread: name.to_owned(), error })?;
        Ok(JoinHandle { baton: self.clone(), end, thread })
    }
}

/// What a panic said, as far as it can be told.
#[must_use]
pub fn message_of(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "(no message)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a result that is lost on the way.
    #[test]
    fn join_gives_the_value() {
        let thread = Baton::os().spawn("adder", || 2 + 2).expect("started");
        assert_eq!(thread.join(), Ok(4));
    }

    /// Catches a panic that is swallowed, that takes the process with it, or that leaves the joiner waiting.
    #[test]
    fn a_panic_is_reported() {
        for baton in [Baton::os(), Baton::random(1)] {
            let number = 7;
            let thread = baton.spawn("faulty", move || assert!(number != 7, "number {number}"));
            let panicked = thread.expect("started").join().expect_err("it panicked");
            assert_eq!(
                panicked.to_string(),
                "internal error: the faulty thread panicked: number 7"
            );
        }
    }

    /// Catches a thread that keeps a channel open after its panic, so that the other side waits for ever.
    #[test]
    fn a_panic_closes_the_threads_channels() {
        let baton = Baton::os();
        let (sender, receiver) = baton.channel::<u8>(1);
        let thread = baton.spawn("faulty", move || {
            let _kept = sender;
            panic!("on purpose");
        });
        assert!(receiver.recv().is_err());
        assert!(thread.expect("started").join().is_err());
    }
}
