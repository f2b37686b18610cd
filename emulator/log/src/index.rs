//! Where the frames are.
//!
//! Going to a moment in a long log must not mean reading all of it. A finished log ends with a list of its frames
//! and their first moments; a log that was cut off has none, and its frame heads are walked instead.

use lockstep_core::{EventKind, Moment};
use serde::{Deserialize, Serialize};

use crate::format::FrameKind;

/// A frame of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// What it holds.
    pub kind: FrameKind,
    /// Where it begins in the file.
    pub offset: u64,
    /// The moment of its first event, or of the keyframe it belongs to; [`Moment::START`] when it holds an image.
    pub first: Moment,
    /// How many events it holds.
    pub events: u32,
}

/// The frames of a log, and what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The frames, without the index itself.
    pub frames: Vec<IndexEntry>,
    /// The number of events of each kind, in the order of [`EventKind::ALL`]. Empty when the index was made by
    /// walking the frame heads, which do not say.
    pub counts: Vec<u64>,
    /// The moment of the last event, if the log has events and they were counted.
    pub last: Option<Moment>,
}

/// Kinds of events that are always counted. Later ones are when there are such events, so that a kind more changes no log
/// without it.
const FIRST_KINDS: usize = 14;

#[derive(Serialize, Deserialize)]
struct WireIndex {
    frames: Vec<(u8, u64, u64, u32, u32)>,
    counts: Vec<u64>,
    last: Option<Moment>,
}

impl Index {
    /// The frame in which to look for the first event that is not before `at`.
    #[must_use]
    pub fn frame_for(&self, at: Moment) -> Option<&IndexEntry> {
        let events = || self.frames.iter().filter(|entry| entry.kind == FrameKind::Events);
        events().take_while(|entry| entry.first <= at).last().or_else(|| events().next())
    }

    pub(crate) fn count(&mut self, kind: EventKind) {
        let Some(place) = EventKind::ALL.iter().position(|it| *it == kind) else { return };
        let len = self.counts.len().max(FIRST_KINDS).max(place + 1);
        self.counts.resize(len, 0);
        self.counts[place] += 1;
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut before = 0;
        let frames = self.frames.iter().map(|entry| {
            let distance = entry.offset.wrapping_sub(before);
            before = entry.offset;
            let Moment { retired, ordinal } = entry.first;
            (entry.kind.number(), distance, retired, ordinal, entry.events)
        });
        let frames = frames.collect();
        let wire = WireIndex { frames, counts: self.counts.clone(), last: self.last };
        postcard::to_allocvec(&wire).map_err(|error| error.to_string())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (wire, rest) =
            postcard::take_from_bytes::<WireIndex>(bytes).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err("something follows the index".to_owned());
        }
        let mut before = 0u64;
        let mut frames = Vec::with_capacity(wire.frames.len());
        for (kind, distance, retired, ordinal, events) in wire.frames {
            let kind = FrameKind::from_number(kind).ok_or("unknown kind of frame")?;
            let offset = before.checked_add(distance).ok_or("impossible offset")?;
            before = offset;
            frames.push(IndexEntry { kind, offset, first: Moment { retired, ordinal }, events });
        }
        Ok(Self { frames, counts: wire.counts, last: wire.last })
    }
}
