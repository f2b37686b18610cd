//! Whether a log is in every respect what a writer would have written.
//!
//! Reading a log checks what it reads. This reads everything, and also what nobody needs to read it: that the index
//! and the frames agree, that images are the ones that were named, that there is only one way to write each frame.

use std::io::{Read, Seek};

use lockstep_core::{Event, Level};

use crate::error::LogError;
use crate::format::{FrameHead, FrameKind, IMAGE_CHUNK};
use crate::frames::Found;
use crate::index::{Index, IndexEntry};
use crate::keyframe::StoredKeyframe;
use crate::read::{Ending, Reader};
use crate::wire;

/// What was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Frames, the index included.
    pub frames: u64,
    /// Events.
    pub events: u64,
    /// Bundled images.
    pub images: usize,
    /// Keyframes.
    pub keyframes: usize,
    /// How the log ends.
    pub ending: Ending,
}

/// Checks all of a log. One that was cut off can be good as far as it goes.
pub fn verify<S: Read + Seek>(reader: &mut Reader<S>) -> Result<Verified, LogError> {
    let mut index = Index::default();
    let ending = verify_events(reader, &mut index)?;
    let frames = verify_frames(reader, &mut index)?;
    let images = verify_images(reader, &index, ending)?;
    let keyframes = reader.keyframes()?;
    keyframes.iter().try_for_each(StoredKeyframe::verify)?;
    let keyframes = keyframes.len();
    if ending == Ending::Complete {
        let stored = reader.stored_index()?.unwrap_or_default();
        if let Some(detail) = disagreement(&stored, &index) {
            return Err(LogError::Index { offset: frames.last_offset, detail });
        }
    }
    let events = index.counts.iter().sum();
    Ok(Verified { frames: frames.count, events, images, keyframes, ending })
}

/// Checks what the iterator over the events checks, and counts them.
fn verify_events<S: Read + Seek>(
    reader: &mut Reader<S>,
    index: &mut Index,
) -> Result<Ending, LogError> {
    let mut events = reader.events();
    for event in events.by_ref() {
        let event = event?;
        index.count(event.what.kind());
        index.last = Some(event.at);
    }
    Ok(events.ending().unwrap_or(Ending::Complete))
}

struct FramesFound {
    count: u64,
    last_offset: u64,
}

/// Checks that each frame of events is as it would be written, and lists the frames.
fn verify_frames<S: Read + Seek>(
    reader: &mut Reader<S>,
    index: &mut Index,
) -> Result<FramesFound, LogError> {
    let level = reader.header().level;
    let mut frames = reader.frames();
    let mut found = FramesFound { count: 0, last_offset: 0 };
    while let Found::Frame { offset, head } = frames.next()? {
        let FrameHead { kind, first, events, .. } = head;
        found.count += 1;
        found.last_offset = offset;
        if kind == FrameKind::Events {
            let raw = frames.payload(offset, head)?;
            verify_payload(&raw, head, level).map_err(|(item, detail)| LogError::Decode {
                offset,
                item,
                detail,
            })?;
        }
        if kind != FrameKind::Index {
            index.frames.push(IndexEntry { kind, offset, first, events });
        }
    }
    Ok(found)
}

/// Checks that events encode to what they were decoded from, and belong to the level.
fn verify_payload(raw: &[u8], head: FrameHead, level: Level) -> Result<(), (u32, String)> {
    let mut rest = raw;
    let mut decoder = wire::Decoder::new(head.first);
    let mut encoder = wire::Encoder::default();
    for item in 0..head.events {
        let wrong = |detail: String| (item, detail);
        let before = rest;
        let mut again = Vec::new();
        let event: Event = decoder.event(&mut rest).map_err(wrong)?;
        encoder.event(&event, &mut again).map_err(wrong)?;
        if event.what.kind().level() > level {
            return Err(wrong(format!("{} in a log of level {level}", event.what.kind().name())));
        }
        if again != before[..before.len() - rest.len()] {
            return Err(wrong("it is not encoded as it would be written".to_owned()));
        }
    }
    Ok(())
}

/// Checks the bundled images, as far as they are there.
fn verify_images<S: Read + Seek>(
    reader: &mut Reader<S>,
    index: &Index,
    ending: Ending,
) -> Result<usize, LogError> {
    let mut left: Vec<_> =
        index.frames.iter().filter(|frame| frame.kind == FrameKind::Image).collect();
    let mut whole = 0;
    if reader.header().bundled {
        for place in 0..reader.header().images.len() {
            let chunks = reader.header().images[place].len.div_ceil(IMAGE_CHUNK as u64);
            match reader.image(place) {
                Err(LogError::ImagesCut { .. }) if ending != Ending::Complete => return Ok(whole),
                result => result?,
            };
            left.drain(..left.len().min(usize::try_from(chunks).unwrap_or(usize::MAX)));
            whole += 1;
        }
    }
    match left.first() {
        Some(frame) => {
            let detail = "the header announces no image here";
            Err(LogError::Misplaced { offset: frame.offset, kind: frame.kind, detail })
        }
        None => Ok(whole),
    }
}

/// How a stored index differs from the frames.
fn disagreement(stored: &Index, found: &Index) -> Option<String> {
    let frames = stored.frames.iter().zip(&found.frames);
    if let Some((stored, found)) = frames.clone().find(|(stored, found)| stored != found) {
        return Some(format!("it has {stored:?} for {found:?}"));
    }
    if stored.frames.len() != found.frames.len() {
        return Some(format!("it has {} frames of {}", stored.frames.len(), found.frames.len()));
    }
    (stored != found).then(|| "it counts the events otherwise".to_owned())
}
