//! What can go wrong, other than in the guest.

use lockstep_core::RestoreError;
use lockstep_log::LogError;
use lockstep_machine::{BuildError, InspectError, NoJitError};

/// A recording over which one cannot move.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The recorded machine cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The engine asked for does not exist here.
    #[error(transparent)]
    Engine(#[from] NoJitError),
    /// The machine, just built, cannot be used.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

/// A move that failed. The timeline is still somewhere, and can be asked to go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// A checkpoint does not fit the machine: an error in this program.
    #[error("a checkpoint cannot be restored: {0}")]
    Restore(#[from] RestoreError),
    /// One of the recording's keyframes is not what it should be.
    #[error("a keyframe cannot be used: {0}")]
    Keyframe(String),
    /// A second machine could not be built: an error in this program, for the first one was.
    #[error("a second machine cannot be built: {0}")]
    Rebuild(String),
    /// The debugger's write was refused.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// A job was not done.
    #[error("the host could not start a thread")]
    Worker,
}
