//! What can go wrong, and the exit status that says which kind it was.

use std::process::ExitCode;

use lockstep_core::StopReason;
use lockstep_debug::SymbolsError;
use lockstep_host::schedule::Trouble;
use lockstep_host::{ConsoleError, FileError, ListenError, Panicked, SinkError};
use lockstep_log::{DiffError, DumpError, EncodeError, LogError};
use lockstep_machine::{BuildError, ConfigError, NoJitError, ReplayError, ScriptError};
use lockstep_timeline::OpenError;

/// How a command ended. The numbers are part of the interface: `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The guest switched the machine off, or what was to be shown was shown.
    Good = 0,
    /// A divergence, or two logs that differ.
    Divergence = 1,
    /// Something that the user gave cannot be used.
    BadInput = 2,
    /// The emulator's or the host's fault.
    Internal = 3,
    /// The run ended otherwise than by power-off.
    EndedOtherwise = 4,
}

impl Status {
    /// The status of a run.
    pub(crate) fn of(reason: &StopReason) -> Self {
        match reason {
            StopReason::PowerOff | StopReason::GuestExit(0) => Self::Good,
            _ => Self::EndedOtherwise,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    NoJit(#[from] NoJitError),
    #[error("{path}: {error}")]
    Script { path: String, error: ScriptError },
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {error}")]
    Log { path: String, error: LogError },
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("{path}: {error}")]
    Symbols { path: String, error: SymbolsError },
    #[error(transparent)]
    Diff(#[from] DiffError),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Schedule(Trouble),
    #[error("recording stopped: {0}")]
    Sink(#[source] SinkError),
    #[error("recording: {0}")]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
    #[error("{0}")]
    Internal(String),
}

impl From<&Failure> for Status {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Config(_)
            | Failure::NoJit(_)
            | Failure::Script { .. }
            | Failure::Build(_)
            | Failure::File(_)
            | Failure::Log { .. }
            | Failure::Replay(_)
            | Failure::Open(_)
            | Failure::Listen(_)
            | Failure::Symbols { .. }
            | Failure::Diff(_)
            | Failure::Schedule(Trouble::Misfit(_))
            | Failure::Usage(_) => Self::BadInput,
            _ => Self::Internal,
        }
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        match error {
            // Nothing has begun: a file that the user named cannot be used.
            SinkError::Create(error) => Self::File(error),
            error => Self::Sink(error),
        }
    }
}

impl Failure {
    /// The failure of a dump of the log at `path`.
    pub(crate) fn of_dump(path: &str, error: DumpError) -> Self {
        match error {
            DumpError::Log(error) => Self::Log { path: path.to_owned(), error },
            DumpError::Output(error) => Self::Output(error),
        }
    }
}
