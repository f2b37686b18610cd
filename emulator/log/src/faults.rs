//! Faults of the dump.

use std::io::{Read, Seek, Write};

use lockstep_core::{Event, EventKind};

use crate::dump::dump_with;
use crate::{DumpError, Ending, EventLine, Reader};

/// [`dump`](crate::dump) with a list of the kinds of events of its own, as tools outside the emulator have it: made when there was no
/// `vcpu-off` yet, and never looked at since. What comes behind that has the name of its neighbour.
///
/// # Errors
/// As for [`dump`](crate::dump).
pub fn drifted_dump<S: Read + Seek>(
    reader: &mut Reader<S>,
    out: &mut impl Write,
) -> Result<Ending, DumpError> {
    dump_with(reader, out, drifted_line)
}

fn drifted_line(event: &Event) -> String {
    let line = EventLine(event).to_string();
    let kind = event.what.kind();
    let mut known = EventKind::ALL.into_iter().filter(|known| *known != EventKind::VcpuOff);
    let number = EventKind::ALL.into_iter().position(|other| other == kind);
    match number.and_then(|number| known.nth(number)) {
        Some(taken_for) => line.replacen(kind.name(), taken_for.name(), 1),
        None => line.replacen(kind.name(), "unknown", 1),
    }
}
