//! What can be wrong with a schedule.

use std::fmt;
use std::sync::Arc;

use super::{Site, ThreadId};

/// A saved schedule does not fit the run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The run has other threads.
    #[error(
        "the schedule does not fit the run: its thread {thread} is {expected}, the run's is {found}"
    )]
    OtherThread {
        /// Which.
        thread: ThreadId,
        /// Its name in the schedule.
        expected: String,
        /// Its name in the run.
        found: String,
    },
    /// Something else happens in a step.
    #[error(
        "the schedule does not fit the run: in step {step} it has {expected}, the run has {found}"
    )]
    OtherStep {
        /// Which.
        step: u64,
        /// Who asks where, in the schedule.
        expected: String,
        /// And in the run.
        found: String,
    },
    /// The thread that should go cannot.
    #[error(
        "the schedule does not fit the run: in step {step}, thread {thread} ({name}) cannot go"
    )]
    NotReady {
        /// In which step.
        step: u64,
        /// Which.
        thread: ThreadId,
        /// Its name.
        name: String,
    },
    /// The thread that should come back from the world is not there.
    #[error(
        "the schedule does not fit the run: before step {step}, thread {thread} ({name}) is not out"
    )]
    NotOut {
        /// Before which step.
        step: u64,
        /// Which.
        thread: ThreadId,
        /// Its name.
        name: String,
    },
    /// The run ended too early.
    #[error(
        "the schedule does not fit the run: it goes on at step {step}, the run had {steps} steps"
    )]
    NotReached {
        /// The first step that did not come.
        step: u64,
        /// How many there were.
        steps: u64,
    },
}

/// A thread that waits for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which.
    pub thread: ThreadId,
    /// Its name.
    pub name: String,
    /// Where.
    pub site: Site,
    /// For what; `None` for nothing but time.
    pub awaited: Option<Arc<str>>,
}

/// Why a schedule cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Every thread waits for another.
    Deadlock(Vec<Stuck>),
    /// What should come cannot.
    Misfit(Misfit),
}

impl From<Misfit> for Trouble {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misfit(misfit) => write!(f, "{misfit}"),
            Self::Deadlock(stuck) => {
                write!(f, "deadlock: no thread can go on")?;
                for Stuck { thread, name, site, awaited } in stuck {
                    let awaited = awaited.as_deref().unwrap_or("time");
                    write!(f, "\n  thread {thread} ({name}) waits at {site} for {awaited}")?;
                }
                Ok(())
            }
        }
    }
}
