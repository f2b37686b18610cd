//! From events to the bytes of a log.
//!
//! The machine's thread must not wait for a disk, and the same run must give the same file. So the encoder does no
//! I/O (it hands out finished frames for somebody else to append, in order), and where it ends a frame depends on
//! the events alone: never on time, on how fast the disk is, or on who asks.

use lockstep_core::{Event, Level, Moment, What};
use zstd::bulk::Compressor;

use crate::error::EncodeError;
use crate::format::{
    FormatVersion, FrameHead, FrameKind, IMAGE_CHUNK, MAX_EVENT, MAX_HEADER, Preface, Trailer,
};
use crate::header::{Header, ImageRecord};
use crate::index::{Index, IndexEntry};
use crate::keyframe::{KeyframeState, PageChange, PageWriter};
use crate::wire;

/// A frame of events ends when it has this many bytes.
const FULL: usize = 64 << 10;
/// A frame of events ends at a digest when it has this many bytes, so that a crash loses little,
const ENOUGH: usize = 4 << 10;
/// or this many digests, so that it loses little of a quiet run either.
const ENOUGH_DIGESTS: u32 = 16;
/// Part of the format, in that another level gives other files.
const COMPRESSION_LEVEL: i32 = 3;

/// Turns events into frames.
///
/// Append the bytes that it gives to a file, in the order in which it gives them.
pub struct FrameEncoder {
    level: Level,
    missing_images: Vec<ImageRecord>,
    compressor: Compressor<'static>,
    frame: Growing,
    offset: u64,
    index: Index,
    /// Frames of keyframes that wait for the events before them.
    held: Vec<Sealed>,
}

/// A compressed frame that has no place yet.
struct Sealed {
    head: FrameHead,
    stored: Vec<u8>,
}

/// The frame of events that is being filled.
#[derive(Default)]
struct Growing {
    wire: wire::Encoder,
    bytes: Vec<u8>,
    first: Moment,
    events: u32,
    digests: u32,
}

impl FrameEncoder {
    /// An encoder, and the bytes that a log with this header begins with.
    pub fn new(header: &Header) -> Result<(Self, Vec<u8>), EncodeError> {
        let text = header.to_text().into_bytes();
        let limit = MAX_HEADER as usize;
        let header_len = u32::try_from(text.len())
            .ok()
            .filter(|len| *len <= MAX_HEADER)
            .ok_or(EncodeError::TooLarge { what: "header", len: text.len(), limit })?;
        let header_crc = crc32fast::hash(&text);
        let preface = Preface { version: FormatVersion::CURRENT, header_len, header_crc };
        let mut bytes = preface.to_bytes();
        bytes.extend(text);
        let mut missing_images = if header.bundled { header.images.clone() } else { Vec::new() };
        missing_images.reverse();
        let encoder = Self {
            level: header.level,
            missing_images,
            compressor: Compressor::new(COMPRESSION_LEVEL).map_err(EncodeError::Compress)?,
            frame: Growing::default(),
            offset: bytes.len() as u64,
            index: Index::default(),
            held: Vec::new(),
        };
        Ok((encoder, bytes))
    }

    /// Bundles the next of the images that the header names. All come before the first event.
    pub fn image(&mut self, image: &[u8]) -> Result<Vec<Vec<u8>>, EncodeError> {
        let record = self.missing_images.last().ok_or(EncodeError::UnannouncedImage)?;
        record.check(image).map_err(EncodeError::Image)?;
        self.missing_images.pop();
        let chunks = image.chunks(IMAGE_CHUNK);
        chunks.map(|chunk| self.seal(FrameKind::Image, chunk, Moment::START, 0)).collect()
    }

    /// Takes an event; gives the frame that it completes, if it completes one. An event above the recording's level
    /// is left out.
    ///
    /// After an error the encoder is as it was before.
    pub fn push(&mut self, event: &Event) -> Result<Option<Vec<u8>>, EncodeError> {
        if event.what.kind().level() > self.level {
            return Ok(None);
        }
        if !self.missing_images.is_empty() {
            return Err(EncodeError::MissingImages(self.missing_images.len()));
        }
        if let Some(previous) = self.index.last.filter(|last| *last >= event.at) {
            return Err(EncodeError::OutOfOrder { previous, at: event.at });
        }
        self.frame.push(event)?;
        self.index.last = Some(event.at);
        self.index.count(event.what.kind());
        if self.frame.is_full(event) { self.cut().map(Some) } else { Ok(None) }
    }

    /// The last bytes of the log: its last frame, the index, and the trailer.
    pub fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        if !self.missing_images.is_empty() {
            return Err(EncodeError::MissingImages(self.missing_images.len()));
        }
        let mut bytes = if self.frame.events > 0 { self.cut()? } else { self.release() };
        let trailer = Trailer { index: self.offset };
        let index = self.index.to_bytes().map_err(EncodeError::Encode)?;
        bytes.extend(self.seal(FrameKind::Index, &index, Moment::START, 0)?);
        bytes.extend(trailer.to_bytes());
        Ok(bytes)
    }

    /// Takes a keyframe: the state of the machine at a moment, with the pages of its memory that have changed since the
    /// keyframe before, or since the machine was built. It is written behind the events before it, whose frames are the same
    /// as without it.
    pub fn keyframe(
        &mut self,
        at: Moment,
        state: &KeyframeState,
        pages: impl Iterator<Item = PageChange>,
    ) -> Result<(), EncodeError> {
        let state = state.to_bytes().map_err(EncodeError::Encode)?;
        let mut frames = vec![self.compress(FrameKind::Keyframe, &state, at, 0)?];
        let mut writer = PageWriter::default();
        for page in pages {
            if let Some(raw) = writer.push(&page) {
                frames.push(self.compress(FrameKind::Pages, &raw, at, 0)?);
            }
        }
        if let Some(raw) = writer.finish() {
            frames.push(self.compress(FrameKind::Pages, &raw, at, 0)?);
        }
        self.held.extend(frames);
        Ok(())
    }

    /// Ends the frame of events.
    fn cut(&mut self) -> Result<Vec<u8>, EncodeError> {
        let frame = std::mem::take(&mut self.frame);
        let mut bytes = self.seal(FrameKind::Events, &frame.bytes, frame.first, frame.events)?;
        bytes.extend(self.release());
        Ok(bytes)
    }

    /// The frames that were held back.
    fn release(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held).into_iter().flat_map(|frame| self.place(frame)).collect()
    }

    /// Compresses a payload and puts a head before it.
    fn seal(
        &mut self,
        kind: FrameKind,
        raw: &[u8],
        first: Moment,
        events: u32,
    ) -> Result<Vec<u8>, EncodeError> {
        self.compress(kind, raw, first, events).map(|frame| self.place(frame))
    }

    fn compress(
        &mut self,
        kind: FrameKind,
        raw: &[u8],
        first: Moment,
        events: u32,
    ) -> Result<Sealed, EncodeError> {
        let limit = kind.max_raw() as usize;
        let too_large = |len| EncodeError::TooLarge { what: kind.name(), len, limit };
        if raw.len() > limit {
            return Err(too_large(raw.len()));
        }
        let stored = self.compressor.compress(raw).map_err(EncodeError::Compress)?;
        let head = FrameHead {
            kind,
            raw_len: u32::try_from(raw.len()).map_err(|_| too_large(raw.len()))?,
            stored_len: u32::try_from(stored.len()).map_err(|_| too_large(stored.len()))?,
            crc: crc32fast::hash(&stored),
            events,
            first,
        };
        Ok(Sealed { head, stored })
    }

    /// The next frame of the file.
    fn place(&mut self, Sealed { head, stored }: Sealed) -> Vec<u8> {
        let FrameHead { kind, first, events, .. } = head;
        if kind != FrameKind::Index {
            self.index.frames.push(IndexEntry { kind, offset: self.offset, first, events });
        }
        self.offset += head.frame_len();
        let mut bytes = head.to_bytes();
        bytes.extend(stored);
        bytes
    }
}

impl Growing {
    fn push(&mut self, event: &Event) -> Result<(), EncodeError> {
        let (len, wire) = (self.bytes.len(), self.wire.clone());
        self.wire.event(event, &mut self.bytes).map_err(EncodeError::Encode)?;
        let grown = self.bytes.len() - len;
        if grown > MAX_EVENT {
            self.bytes.truncate(len);
            self.wire = wire;
            return Err(EncodeError::TooLarge { what: "event", len: grown, limit: MAX_EVENT });
        }
        if self.events == 0 {
            self.first = event.at;
        }
        self.events += 1;
        self.digests += u32::from(matches!(event.what, What::Digest { .. }));
        Ok(())
    }

    /// Whether the frame ends with `event`, its last.
    fn is_full(&self, event: &Event) -> bool {
        let digest = matches!(event.what, What::Digest { .. });
        let len = self.bytes.len();
        len >= FULL || digest && (len >= ENOUGH || self.digests >= ENOUGH_DIGESTS)
    }
}

/// A whole log at once, from events that are all there. `images` are bundled when the header says so.
pub fn encode<'a>(
    header: &Header,
    images: &[Vec<u8>],
    events: impl IntoIterator<Item = &'a Event>,
) -> Result<Vec<u8>, EncodeError> {
    let (mut encoder, mut bytes) = FrameEncoder::new(header)?;
    for image in images {
        bytes.extend(encoder.image(image)?.concat());
    }
    for event in events {
        bytes.extend(encoder.push(event)?.unwrap_or_default());
    }
    bytes.extend(encoder.finish()?);
    Ok(bytes)
}
