//! Walking a file frame by frame.
//!
//! A file may end anywhere and any byte of it may be wrong. This is the only place that decides which: a frame that
//! the file ends in is a cut; anything else that does not fit is an error. Nothing is allocated before its length
//! was checked against what is left of the file and against what is ever written.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use zstd::bulk::Decompressor;

use crate::error::{LogError, Structure};
use crate::format::{FRAME_HEAD_LEN, FrameHead, FrameKind, TRAILER_LEN, Trailer};

/// Where a file that was cut off ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// After a whole frame, or the header.
    AfterFrame,
    /// Inside a frame.
    InFrame,
    /// After the index, inside what locates it. Every event is there.
    InTrailer,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AfterFrame => "the file ends after a whole frame, without an index",
            Self::InFrame => "the file ends inside a frame",
            Self::InTrailer => "the file ends inside its trailer",
        })
    }
}

/// What is found at a place where a frame may begin.
#[derive(Debug)]
pub(crate) enum Found {
    Frame {
        offset: u64,
        head: FrameHead,
    },
    /// The end of a finished log.
    End,
    /// The end of a log that was cut off.
    Cut {
        offset: u64,
        reason: Cut,
    },
}

/// A file, and the place where the next frame begins.
pub(crate) struct Frames<S> {
    source: S,
    len: u64,
    place: u64,
    /// The index frame, once it was passed.
    index: Option<u64>,
    /// What the last frame held; they come in the order of [`FrameKind::stage`].
    last: FrameKind,
}

impl<S: Read + Seek> Frames<S> {
    /// The frames of `source`, which has `len` bytes, from `place` on.
    pub(crate) fn new(source: S, len: u64, place: u64) -> Self {
        Self { source, len, place, index: None, last: FrameKind::Image }
    }

    /// Reads the head of the next frame. Its payload is then read with [`Frames::payload`] or skipped.
    pub(crate) fn next(&mut self) -> Result<Found, LogError> {
        let offset = self.place;
        let left = self.len.saturating_sub(offset);
        if let Some(index) = self.index {
            return self.trailer(index, left);
        }
        if left == 0 {
            return Ok(Found::Cut { offset, reason: Cut::AfterFrame });
        }
        if left < FRAME_HEAD_LEN as u64 {
            return Ok(Found::Cut { offset, reason: Cut::InFrame });
        }
        let mut bytes = [0; FRAME_HEAD_LEN];
        read_at(&mut self.source, offset, &mut bytes)?;
        let head = FrameHead::from_bytes(&bytes, offset)?;
        if head.kind.stage() < self.last.stage() {
            let detail = "images come first, then events and keyframes, then the index";
            return Err(LogError::Misplaced { offset, kind: head.kind, detail });
        }
        if left < head.frame_len() {
            return Ok(Found::Cut { offset, reason: Cut::InFrame });
        }
        self.last = head.kind;
        if head.kind == FrameKind::Index {
            self.index = Some(offset);
        }
        self.place = offset + head.frame_len();
        Ok(Found::Frame { offset, head })
    }

    fn trailer(&mut self, index: u64, left: u64) -> Result<Found, LogError> {
        let offset = self.place;
        if left < TRAILER_LEN as u64 {
            return Ok(Found::Cut { offset, reason: Cut::InTrailer });
        }
        let mut bytes = [0; TRAILER_LEN];
        read_at(&mut self.source, offset, &mut bytes)?;
        let trailer = Trailer::from_bytes(&bytes, offset)?;
        if trailer.index != index {
            let detail = format!("it is at {index}, the trailer says {}", trailer.index);
            return Err(LogError::Index { offset, detail });
        }
        if left > TRAILER_LEN as u64 {
            return Err(LogError::TrailingData { offset: offset + TRAILER_LEN as u64 });
        }
        Ok(Found::End)
    }

    /// The payload of the frame at `offset`, whose head was read, decompressed.
    pub(crate) fn payload(&mut self, offset: u64, head: FrameHead) -> Result<Vec<u8>, LogError> {
        decompress(offset, head, &self.stored(offset, head)?)
    }

    /// The payload as it is in the file, and as it was written.
    pub(crate) fn stored(&mut self, offset: u64, head: FrameHead) -> Result<Vec<u8>, LogError> {
        // Both lengths were checked when the head was read, and the file has as many bytes.
        let mut stored = vec![0; head.stored_len as usize];
        read_at(&mut self.source, offset + FRAME_HEAD_LEN as u64, &mut stored)?;
        if crc32fast::hash(&stored) == head.crc {
            Ok(stored)
        } else {
            Err(LogError::Checksum { offset, part: Structure::Frame })
        }
    }
}

/// The payload of the frame at `offset`.
pub(crate) fn decompress(offset: u64, head: FrameHead, stored: &[u8]) -> Result<Vec<u8>, LogError> {
    let decompressed = Decompressor::new()
        .and_then(|mut decompressor| decompressor.decompress(stored, head.raw_len as usize));
    let detail = match decompressed {
        Ok(raw) if raw.len() == head.raw_len as usize => return Ok(raw),
        Ok(raw) => format!("{} bytes instead of {}", raw.len(), head.raw_len),
        Err(error) => error.to_string(),
    };
    Err(LogError::Decompress { offset, detail })
}

/// Fills `bytes` from `offset` on.
pub(crate) fn read_at(
    source: &mut (impl Read + Seek),
    offset: u64,
    bytes: &mut [u8],
) -> Result<(), LogError> {
    source
        .seek(SeekFrom::Start(offset))
        .and_then(|_| source.read_exact(bytes))
        .map_err(|source| LogError::Io { offset, source })
}
