//! A log as text, one line an event.
//!
//! A dump is what people read when something is wrong, so it must not be wrong itself. A dump tool that is not tested
//! against the format falls behind it; this one is parsed back, and what was parsed must encode to the log that was
//! dumped. (Virtual time is not in it: events have moments, and times follow from those.)

use std::fmt;
use std::io::{Read, Seek, Write};

use lockstep_core::{Event, Input, StopReason, What};

use crate::error::LogError;
use crate::format::FormatVersion;
use crate::read::{Ending, Reader};
use crate::text::quote;

/// The word that a dump begins with, before the format version.
pub(crate) const TITLE: &str = "lockstep-log";
/// The line between header and events.
pub(crate) const EVENTS: &str = "events";

/// An event as a line of a dump.
#[derive(Clone, Copy, Debug)]
pub struct EventLine<'a>(pub &'a Event);

impl fmt::Display for EventLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { at, vcpu, what } = self.0;
        write!(f, "{at:>14}  {vcpu}  {}", WhatText(what))
    }
}

/// What happened, without when and where.
pub(crate) struct WhatText<'a>(pub(crate) &'a What);

impl fmt::Display for WhatText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().name())?;
        match self.0 {
            What::Input(input) => write_input(f, input),
            What::ConsoleOut { port, byte } => write!(f, " port={port} {}", quote(&[*byte])),
            What::Due { id, armed_for } => write!(f, " {id} armed-for={}ns", armed_for.as_ns()),
            What::Warp { to } => write!(f, " to={}ns", to.as_ns()),
            What::Interrupt { class, pc } => write!(f, " {class} pc={pc:#x}"),
            What::Switch { from } => write!(f, " from={from}"),
            What::VcpuOn { entry } => write!(f, " entry={entry:#x}"),
            What::VcpuOff | What::MachineReset => Ok(()),
            What::Completion { device, request, status } => {
                write!(f, " device={device} request={request} status={status:#x}")
            }
            What::Exception { class, syndrome, address, pc } => write!(
                f,
                " class={class:#x} syndrome={syndrome:#x} address={address:#x} pc={pc:#x}"
            ),
            What::TlbFill { page, frame, attributes } => {
                write!(f, " page={page:#x} frame={frame:#x} attributes={attributes:#x}")
            }
            What::Digest { events, state } => write!(f, " events={events:016x} state={state}"),
            What::Stop(reason) => write_stop(f, reason),
            What::DeviceFault { device, report } => {
                write!(f, " device={device} {}", quote(report.as_bytes()))
            }
        }
    }
}

fn write_input(f: &mut fmt::Formatter<'_>, input: &Input) -> fmt::Result {
    match input {
        Input::Console { port, bytes } => write!(f, " console port={port} {}", quote(bytes)),
        Input::PowerKey => f.write_str(" power-key"),
        Input::Reset => f.write_str(" reset"),
        Input::TimePasses { to } => write!(f, " time-passes to={}ns", to.as_ns()),
        Input::Stop => f.write_str(" stop"),
        Input::HostRead { device, request, good } => {
            write!(f, " host-read device={device} request={request} good={good}")
        }
        Input::Keyframe => f.write_str(" keyframe"),
    }
}

fn write_stop(f: &mut fmt::Formatter<'_>, reason: &StopReason) -> fmt::Result {
    match reason {
        StopReason::PowerOff => f.write_str(" power-off"),
        StopReason::Reset => f.write_str(" reset"),
        StopReason::GuestExit(status) => write!(f, " guest-exit {status}"),
        StopReason::Requested => f.write_str(" requested"),
        StopReason::Dead(report) => write!(f, " dead {}", quote(report.as_bytes())),
        StopReason::Unimplemented(report) => {
            write!(f, " unimplemented {}", quote(report.as_bytes()))
        }
    }
}

/// A dump was not finished.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The log cannot be read further.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The dump cannot be written.
    #[error("cannot write the dump: {0}")]
    Output(#[from] std::io::Error),
}

/// Writes a log as text; what was read before an error is written. How the log ends is a comment at the end.
pub fn dump<S: Read + Seek>(
    reader: &mut Reader<S>,
    out: &mut impl Write,
) -> Result<Ending, DumpError> {
    dump_with(reader, out, |event| EventLine(event).to_string())
}

/// Writes a log with a text for each event.
pub(crate) fn dump_with<S: Read + Seek>(
    reader: &mut Reader<S>,
    out: &mut impl Write,
    line: impl Fn(&Event) -> String,
) -> Result<Ending, DumpError> {
    write!(out, "{TITLE} {}\n{}{EVENTS}\n", FormatVersion::CURRENT, reader.header().to_text())?;
    let mut events = reader.events();
    for event in events.by_ref() {
        writeln!(out, "{}", line(&event?))?;
    }
    // The iterator ended without an error, so it knows.
    let ending = events.ending().unwrap_or(Ending::Complete);
    writeln!(out, "# {ending}")?;
    Ok(ending)
}
