//! From the bytes of a log to its events.
//!
//! A log may be larger than memory, may have been cut off by a crash, and comes from outside: it is read frame by
//! frame, every byte that is used was checked, and what cannot be right is an error that names its offset.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use lockstep_core::{Event, Moment};

use crate::error::{LogError, Structure};
use crate::format::{
    FRAME_HEAD_LEN, FormatVersion, FrameKind, IMAGE_CHUNK, PREFACE_LEN, Preface, TRAILER_LEN,
    Trailer,
};
use crate::frames::{Cut, Found, Frames, read_at};
use crate::header::{Header, ImageRecord};
use crate::index::{Index, IndexEntry};
use crate::keyframe::{self, StoredKeyframe};
use crate::wire;

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was finished.
    Complete,
    /// It was cut off: what was recorded up to there can be used.
    Truncated {
        /// Where the last whole frame ends.
        offset: u64,
        /// The last event that is there, if there is one.
        at: Option<Moment>,
        /// What is missing.
        reason: Cut,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Truncated { offset, at: None, reason } => {
                write!(f, "cut off: {reason}; usable up to offset {offset}, no events")
            }
            Self::Truncated { offset, at: Some(at), reason } => {
                write!(f, "cut off: {reason}; usable up to offset {offset}, event {at}")
            }
        }
    }
}

/// A log that was opened: its header is known and good.
pub struct Reader<S> {
    source: S,
    len: u64,
    header: Header,
    /// Where the first frame begins.
    frames: u64,
}

impl Reader<std::io::Cursor<Vec<u8>>> {
    /// Opens a log that is in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, LogError> {
        Self::open(std::io::Cursor::new(bytes))
    }
}

impl<S: Read + Seek> Reader<S> {
    /// Opens a log. Reads the header, and nothing else.
    pub fn open(mut source: S) -> Result<Self, LogError> {
        let len =
            source.seek(SeekFrom::End(0)).map_err(|source| LogError::Io { offset: 0, source })?;
        let mut preface = [0; PREFACE_LEN];
        let frames = PREFACE_LEN as u64;
        if len < frames {
            return Err(short_file(&mut source, len)?);
        }
        read_at(&mut source, 0, &mut preface)?;
        let preface = Preface::from_bytes(&preface)?;
        let offset = frames;
        let frames = offset + u64::from(preface.header_len);
        if len < frames {
            return Err(LogError::HeaderCut { offset: len });
        }
        let mut text = vec![0; preface.header_len as usize];
        read_at(&mut source, offset, &mut text)?;
        if crc32fast::hash(&text) != preface.header_crc {
            return Err(LogError::Checksum { offset, part: Structure::Header });
        }
        let header = header(&text).map_err(|source| LogError::Header { offset, source })?;
        Ok(Self { source, len, header, frames })
    }

    /// The format version of the log.
    #[must_use]
    pub const fn version(&self) -> FormatVersion {
        // No other version opens.
        FormatVersion::CURRENT
    }

    /// What the log says about the machine.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file has no bytes; never true of a log.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The events from the first on.
    pub fn events(&mut self) -> Events<&mut S> {
        Events::new(Frames::new(&mut self.source, self.len, self.frames), Moment::START)
    }

    /// The events from the first on, for somebody who keeps them.
    #[must_use]
    pub fn into_events(self) -> Events<S> {
        Events::new(Frames::new(self.source, self.len, self.frames), Moment::START)
    }

    /// The events that are not before `at`, without reading those long before it.
    pub fn events_from(&mut self, at: Moment) -> Result<Events<&mut S>, LogError> {
        let place = self.index()?.frame_for(at).map_or(self.frames, |entry| entry.offset);
        Ok(Events::new(Frames::new(&mut self.source, self.len, place), at))
    }

    /// Where the frames are: from the index, or by walking them if the log was cut off.
    pub fn index(&mut self) -> Result<Index, LogError> {
        match self.stored_index()? {
            Some(index) => Ok(index),
            None => self.walk(),
        }
    }

    /// The index that the log ends with, if it does.
    pub(crate) fn stored_index(&mut self) -> Result<Option<Index>, LogError> {
        let least = self.frames + (FRAME_HEAD_LEN + TRAILER_LEN) as u64;
        let Some(offset) = self.len.checked_sub(TRAILER_LEN as u64).filter(|_| self.len >= least)
        else {
            return Ok(None);
        };
        let mut bytes = [0; TRAILER_LEN];
        read_at(&mut self.source, offset, &mut bytes)?;
        // A log that was cut off ends with anything; so whatever is no trailer means that there is none.
        let Ok(trailer) = Trailer::from_bytes(&bytes, offset) else { return Ok(None) };
        if !(self.frames..offset).contains(&trailer.index) {
            let detail = format!("it cannot be at {}", trailer.index);
            return Err(LogError::Index { offset, detail });
        }
        let mut frames = Frames::new(&mut self.source, self.len, trailer.index);
        match frames.next()? {
            Found::Frame { offset, head } if head.kind == FrameKind::Index => {
                let raw = frames.payload(offset, head)?;
                let index = Index::from_bytes(&raw);
                index.map(Some).map_err(|detail| LogError::Decode { offset, item: 0, detail })
            }
            _ => Err(LogError::Index { offset, detail: "it is not where the trailer says".into() }),
        }
    }

    /// An index made from the frame heads.
    fn walk(&mut self) -> Result<Index, LogError> {
        let mut frames = Frames::new(&mut self.source, self.len, self.frames);
        let mut index = Index::default();
        while let Found::Frame { offset, head } = frames.next()? {
            if head.kind != FrameKind::Index {
                let (kind, first, events) = (head.kind, head.first, head.events);
                index.frames.push(IndexEntry { kind, offset, first, events });
            }
        }
        Ok(index)
    }

    /// The bundled image with that place in the header's list, compared with its digest there.
    pub fn image(&mut self, place: usize) -> Result<Vec<u8>, LogError> {
        let absent = LogError::NotABundle { offset: self.frames };
        if !self.header.bundled {
            return Err(absent);
        }
        let chunks = |image: &ImageRecord| image.len.div_ceil(IMAGE_CHUNK as u64);
        let record = self.header.images.get(place).ok_or(absent)?;
        let before: u64 = self.header.images.iter().take(place).map(chunks).sum();
        let mut frames = Frames::new(&mut self.source, self.len, self.frames);
        for _ in 0..before {
            image_frame(&mut frames)?;
        }
        let mut bytes = Vec::new();
        let mut start = None;
        for _ in 0..chunks(record) {
            let (offset, head) = image_frame(&mut frames)?;
            let left = record.len - bytes.len() as u64;
            if u64::from(head.raw_len) != left.min(IMAGE_CHUNK as u64) {
                let detail = "it does not continue the image before it";
                return Err(LogError::Misplaced { offset, kind: head.kind, detail });
            }
            start.get_or_insert(offset);
            bytes.extend(frames.payload(offset, head)?);
        }
        let offset = start.unwrap_or(self.frames);
        record.check(&bytes).map_err(|source| LogError::Image { offset, source })?;
        Ok(bytes)
    }

    /// The keyframes, in order; the last one only if all of it is there.
    pub fn keyframes(&mut self) -> Result<Vec<StoredKeyframe>, LogError> {
        keyframe::read(&mut self.frames())
    }

    pub(crate) fn frames(&mut self) -> Frames<&mut S> {
        Frames::new(&mut self.source, self.len, self.frames)
    }
}

/// The next frame, which must hold a piece of an image.
fn image_frame<S: Read + Seek>(
    frames: &mut Frames<S>,
) -> Result<(u64, crate::format::FrameHead), LogError> {
    match frames.next()? {
        Found::Frame { offset, head } if head.kind == FrameKind::Image => Ok((offset, head)),
        Found::Frame { offset, head } => {
            let detail = "a bundled image should be here";
            Err(LogError::Misplaced { offset, kind: head.kind, detail })
        }
        Found::Cut { offset, .. } => Err(LogError::ImagesCut { offset }),
        Found::End => Err(LogError::ImagesCut { offset: 0 }),
    }
}

/// What is wrong with a file that is shorter than any log.
fn short_file(source: &mut (impl Read + Seek), len: u64) -> Result<LogError, LogError> {
    let mut magic = [0; 8];
    let there = usize::try_from(len).unwrap_or(8).min(8);
    read_at(source, 0, &mut magic[..there])?;
    if magic[..there] == crate::format::MAGIC[..there] {
        Ok(LogError::HeaderCut { offset: len })
    } else {
        Ok(LogError::NotALog { offset: 0 })
    }
}

fn header(text: &[u8]) -> Result<Header, crate::text::ParseError> {
    let text =
        std::str::from_utf8(text).map_err(|_| crate::text::ParseError::new(0, "not UTF-8"))?;
    Header::from_text(text)
}

/// The events of a log, in order. After the last, [`Events::ending`] says how the log ends.
///
/// Gives an error at most once, and nothing after it.
pub struct Events<S> {
    frames: Frames<S>,
    /// Earlier events are left out.
    from: Moment,
    frame: Option<Open>,
    last: Option<Moment>,
    ending: Option<Ending>,
    failed: bool,
}

/// The frame that is being read.
struct Open {
    offset: u64,
    bytes: Vec<u8>,
    used: usize,
    decoder: wire::Decoder,
    item: u32,
    events: u32,
}

impl<S: Read + Seek> Events<S> {
    fn new(frames: Frames<S>, from: Moment) -> Self {
        Self { frames, from, frame: None, last: None, ending: None, failed: false }
    }

    /// How the log ends; known when there are no more events.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The next event, whether or not it is early enough to be left out.
    fn advance(&mut self) -> Result<Option<Event>, LogError> {
        loop {
            if let Some(frame) = &mut self.frame {
                if let Some(event) = frame.next(self.last)? {
                    self.last = Some(event.at);
                    return Ok(Some(event));
                }
                self.frame = None;
            }
            match self.frames.next()? {
                // For whoever goes backward; as large as memory.
                Found::Frame { head, .. }
                    if matches!(head.kind, FrameKind::Keyframe | FrameKind::Pages) => {}
                Found::Frame { offset, head } => {
                    // Also those that hold no events, so that damage does not go unnoticed.
                    let bytes = self.frames.payload(offset, head)?;
                    if head.kind == FrameKind::Events {
                        let decoder = wire::Decoder::new(head.first);
                        let events = head.events;
                        self.frame =
                            Some(Open { offset, bytes, used: 0, decoder, item: 0, events });
                    }
                }
                Found::End => {
                    self.ending = Some(Ending::Complete);
                    return Ok(None);
                }
                Found::Cut { offset, reason } => {
                    self.ending = Some(Ending::Truncated { offset, at: self.last, reason });
                    return Ok(None);
                }
            }
        }
    }
}

impl Open {
    /// The next event of this frame, which must be later than `last`.
    fn next(&mut self, last: Option<Moment>) -> Result<Option<Event>, LogError> {
        let (offset, item) = (self.offset, self.item);
        let mut rest = &self.bytes[self.used..];
        if item == self.events {
            let end = if rest.is_empty() { Ok(None) } else { Err("bytes after the last event") };
            let wrong = |detail: &str| LogError::Decode { offset, item, detail: detail.to_owned() };
            return end.map_err(wrong);
        }
        let event = self.decoder.event(&mut rest);
        let event = event.map_err(|detail| LogError::Decode { offset, item, detail })?;
        if let Some(previous) = last.filter(|last| *last >= event.at) {
            return Err(LogError::OutOfOrder { offset, previous, at: event.at });
        }
        self.used = self.bytes.len() - rest.len();
        self.item += 1;
        Ok(Some(event))
    }
}

impl<S: Read + Seek> Iterator for Events<S> {
    type Item = Result<Event, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed && self.ending.is_none() {
            match self.advance() {
                Ok(Some(event)) if event.at < self.from => {}
                Ok(event) => return event.map(Ok),
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
