//! Moving over a recording, forwards and backwards.
//!
//! A recording tells how to get from one moment to every later one. Going back is restoring an earlier state and going
//! forward from there, so that everything about going back is a matter of having the right states at hand: see
//! [`Timeline`].
//!
//! # Positions
//!
//! A machine can be looked at between two of its acts. The usual *position* is before an instruction: everything that
//! happens at its count before it has happened (due timers, inputs, an idle warp, a switch, the interrupt that is taken),
//! and the program counter is that of the instruction that is next. There is one such position for every count of retired
//! instructions from 0 to the last, and stepping goes from one to the next.
//!
//! [`Timeline::seek`] can also stop between the acts at a count. Such a position is named by its [`Moment`], whose ordinal is
//! the number of events that have happened at that count. Where an act makes several events, there is no position between
//! them; the position after the act is taken. Acts that make no event have no position of their own either: where several
//! have the same moment, the last one is meant, which may be the position before the instruction. Events that the instruction itself makes come after the position before it.
//!
//! From one position before an instruction to the next, one *transition* happens: the instruction, and then what happens
//! before the next one. A watchpoint or an event belongs to a transition. Going forward the timeline stops after that
//! transition, going backward it stops before it; a breakpoint stops at the position of its instruction both ways.
//!
//! [`Moment`]: lockstep_core::Moment

mod bisect;
mod conditions;
mod error;
mod history;
mod options;
mod runner;
mod scan;
mod stop;
mod store;
mod timeline;
mod track;

pub use bisect::{Bisection, FirstDifference, bisect};
pub use conditions::{Conditions, EventCondition};
pub use error::{OpenError, TimelineError};
pub use options::{Job, Options, SideBySide};
pub use stop::{Checkpoints, Stop};
pub use timeline::Timeline;
