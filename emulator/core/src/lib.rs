//! What every layer of the emulator agrees on.
//!
//! A run is a pure function of a machine's configuration and its input log. For that to hold, everything that
//! can make two runs differ has to pass through a few narrow places, and this crate is those places:
//!
//! * [`Moment`]: when something happened, exactly, in retired instructions and event ordinals;
//! * [`Clock`] and [`Calendar`]: virtual time, and the only way to do something later;
//! * [`Input`] and [`Door`]: the only way in for anything from outside;
//! * [`Event`] and [`Journal`]: the only way in which what happened is told, by one writer;
//! * [`Saved`] and [`SaveState`]: how state is saved and restored without any side effect;
//! * [`Rng`]: chance, always from a seed that is written down.
//!
//! Nothing here knows a guest architecture, a host thread or a file.

mod backplane;
mod calendar;
mod digest;
mod event;
#[cfg(feature = "faults")]
pub mod faults;
mod input;
mod journal;
mod moment;
mod save;
mod seeds;
mod time;
mod worker;

pub use backplane::{Backplane, HostRead, Output};
pub use calendar::{Calendar, EntryId, Owner};
pub use digest::{StateDigest, chain};
pub use event::{
    Event, EventKind, ExitCode, InterruptClass, Level, ParseLevelError, StopReason, VcpuId, What,
};
pub use input::{Door, Input, NoDoor, Offer};
pub use journal::{Journal, JournalState, NoObserver, Observer, Verdict};
pub use moment::{Moment, ParseMomentError};
pub use save::{Part, RestoreError, SaveState, Saved};
pub use seeds::{Rng, Use};
pub use time::{Clock, ClockState, DEFAULT_NS_PER_INSN, VirtualTime};
pub use worker::{Done, Job, Worker};
