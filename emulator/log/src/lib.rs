//! The event log: format, writer, reader, dump and diff.
//!
//! A recording is worth what can be said about it afterwards: that it is whole, that two of them are the same, and
//! where they are not. The log of a run is a pure function of the run, down to the byte, so comparing recordings
//! is comparing files; and it can be read after a crash, so that the run that crashed can be replayed.
//!
//! Nothing here opens a file or waits for one: [`FrameEncoder`] gives bytes to append, [`Reader`] takes anything that
//! can be read and sought.

mod diff;
mod divergence;
mod dump;
mod encode;
mod error;
#[cfg(feature = "faults")]
pub mod faults;
mod fold;
mod format;
mod frames;
mod header;
mod header_text;
mod index;
mod keyframe;
mod parse;
mod read;
mod render;
mod report;
mod stat;
mod text;
mod verify;
mod wire;

// The samples name this crate as a test outside it does.
#[cfg(test)]
extern crate self as lockstep_log;
#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
mod samples;

pub use diff::{Diff, DiffError, diff};
pub use divergence::{CONTEXT, Checker, Difference, Divergence, Line, Side};
pub use dump::{DumpError, EventLine, dump};
pub use encode::{FrameEncoder, encode};
pub use error::{EncodeError, ImageMismatch, LogError, Structure};
pub use format::{FormatVersion, FrameKind};
pub use frames::Cut;
pub use header::{Header, ImageDigest, ImageRecord, ImageRole, IoMode, MachineRecord};
pub use header_text::HeaderDifference;
pub use index::{Index, IndexEntry};
pub use keyframe::{KeyframeState, PAGE, PageBytes, PageChange, StoredKeyframe};
pub use parse::{parse_dump, parse_event};
pub use read::{Ending, Events, Reader};
pub use render::{RenderLimits, render};
pub use report::{DivergenceReport, ReportLine};
pub use stat::{FrameStat, Stat, stat};
pub use text::{ParseError, quote, unquote};
pub use verify::{Verified, verify};
