//! What a log is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{Read, Seek};

use lockstep_core::{EventKind, Moment, VcpuId, What};

use crate::error::LogError;
use crate::format::{FormatVersion, FrameKind};
use crate::frames::Found;
use crate::read::{Ending, Reader};

/// The frames of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameStat {
    /// How many.
    pub frames: u64,
    /// Bytes in the file, heads included.
    pub stored: u64,
    /// Bytes before compression.
    pub raw: u64,
}

/// Counts and sizes of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The format version.
    pub version: FormatVersion,
    /// Bytes of the file.
    pub len: u64,
    /// The frames by what they hold.
    pub frames: BTreeMap<FrameKind, FrameStat>,
    /// The number of events of each kind that occurs.
    pub counts: BTreeMap<EventKind, u64>,
    /// The moment of the first event.
    pub first: Option<Moment>,
    /// The moment of the last event.
    pub last: Option<Moment>,
    /// Bytes that the guest wrote to each console port.
    pub console: BTreeMap<u8, u64>,
    /// The vCPUs that events name.
    pub vcpus: BTreeSet<VcpuId>,
    /// How the log ends.
    pub ending: Ending,
}

/// Reads a log for its counts and sizes.
pub fn stat<S: Read + Seek>(reader: &mut Reader<S>) -> Result<Stat, LogError> {
    let mut stat = Stat {
        version: reader.version(),
        len: reader.len(),
        frames: BTreeMap::new(),
        counts: BTreeMap::new(),
        first: None,
        last: None,
        console: BTreeMap::new(),
        vcpus: BTreeSet::new(),
        ending: Ending::Complete,
    };
    let mut frames = reader.frames();
    while let Found::Frame { head, .. } = frames.next()? {
        let kind = stat.frames.entry(head.kind).or_default();
        kind.frames += 1;
        kind.stored += head.frame_len();
        kind.raw += u64::from(head.raw_len);
    }
    let mut events = reader.events();
    for event in events.by_ref() {
        let event = event?;
        *stat.counts.entry(event.what.kind()).or_default() += 1;
        stat.first.get_or_insert(event.at);
        stat.last = Some(event.at);
        stat.vcpus.insert(event.vcpu);
        if let What::ConsoleOut { port, .. } = event.what {
            *stat.console.entry(port).or_default() += 1;
        }
    }
    stat.ending = events.ending().unwrap_or(Ending::Complete);
    Ok(stat)
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "format version {}, {} bytes, {}", self.version, self.len, self.ending)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            let vcpus: Vec<_> = self.vcpus.iter().map(ToString::to_string).collect();
            writeln!(f, "events from {first} to {last} on {}", vcpus.join(", "))?;
        }
        for (kind, count) in &self.counts {
            writeln!(f, "  {:<14} {count:>12}", kind.name())?;
        }
        for (port, bytes) in &self.console {
            writeln!(f, "console port {port}: {bytes} bytes")?;
        }
        for (kind, FrameStat { frames, stored, raw }) in &self.frames {
            writeln!(f, "{kind} frames: {frames}, {stored} bytes, {raw} uncompressed")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{encode, samples};

    /// Catches a count that misses events, and sizes that do not add up to the file.
    #[test]
    fn adds_up() {
        let (header, events) = (samples::header(), samples::long_run(50));
        let bytes = encode(&header, &[], &events).unwrap();
        let stat = stat(&mut Reader::from_bytes(bytes.clone()).unwrap()).unwrap();
        assert_eq!(stat.counts.values().sum::<u64>(), events.len() as u64);
        assert_eq!(stat.counts[&EventKind::Interrupt], 50);
        assert_eq!(
            stat.console[&0],
            (0..50).map(|line| format!("line {line}\n").len() as u64).sum()
        );
        assert_eq!(stat.first, Some(events[0].at));
        assert_eq!(stat.last, events.last().map(|event| event.at));
        let frames: u64 = stat.frames.values().map(|frames| frames.stored).sum();
        assert_eq!(frames + (24 + header.to_text().len() + 20) as u64, bytes.len() as u64);
        assert!(stat.to_string().contains("console port 0: 390 bytes"), "{stat}");
    }
}
