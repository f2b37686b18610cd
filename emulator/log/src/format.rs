//! The bytes of a log that are not events: magic, version, frame heads, trailer.
//!
//! A log must be readable after a crash, a full disk or a flipped bit, and must tell these apart. So every structure
//! with a length carries a checksum of that length too: a damaged length is seen as damage, and only a file that
//! really ends early is seen as cut off. All numbers are little-endian.
//!
//! ```text
//! preface   magic[8] version[4] header length[4] header crc[4] preface crc[4]
//! header    text, see the module `header`
//! frame     head[40] zstd-compressed payload        any number: images, then events and keyframes
//! frame     the index
//! trailer   magic[8] offset of the index frame[8] crc[4]
//! ```
//!
//! The preface has this form in every version of the format, so that any version can name the version it met.

use std::fmt;

use lockstep_core::Moment;

use crate::error::{LogError, Structure};

/// What a log begins with.
pub(crate) const MAGIC: [u8; 8] = *b"LOCKSTEP";
/// What a finished log ends with, before the place of the index.
pub(crate) const TRAILER_MAGIC: [u8; 8] = *b"LOCKEND\n";

/// Bytes before the header.
pub(crate) const PREFACE_LEN: usize = 24;
/// Bytes of a frame before its payload.
pub(crate) const FRAME_HEAD_LEN: usize = 40;
/// Bytes after the index.
pub(crate) const TRAILER_LEN: usize = 20;

/// The longest header that is written or read.
pub(crate) const MAX_HEADER: u32 = 16 << 20;
/// The largest event, encoded.
pub(crate) const MAX_EVENT: usize = 1 << 20;
/// Bytes of an image in one frame; only an image's last frame holds fewer.
pub(crate) const IMAGE_CHUNK: usize = 1 << 20;

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion(u32);

impl FormatVersion {
    /// The version that this build writes, and the only one that it reads.
    pub const CURRENT: Self = Self(1);

    /// The version with that number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number in the file.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// A piece of a bundled image.
    Image,
    /// Events.
    Events,
    /// Where the other frames are.
    Index,
    /// A saved machine, but for its memory.
    Keyframe,
    /// Pages of memory that belong to the keyframe before.
    Pages,
}

impl FrameKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Image, Self::Events, Self::Index, Self::Keyframe, Self::Pages];

    /// The name in statistics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Events => "events",
            Self::Index => "index",
            Self::Keyframe => "keyframe",
            Self::Pages => "pages",
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Image => 1,
            Self::Events => 2,
            Self::Index => 3,
            Self::Keyframe => 4,
            Self::Pages => 5,
        }
    }

    /// Where in a log the kind is: all frames with a lower number come before those with a higher one.
    pub(crate) const fn stage(self) -> u8 {
        match self {
            Self::Image => 0,
            Self::Events | Self::Keyframe | Self::Pages => 1,
            Self::Index => 2,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The longest payload before compression: what a reader may be made to allocate.
    pub(crate) const fn max_raw(self) -> u32 {
        match self {
            Self::Image => IMAGE_CHUNK as u32,
            Self::Events => 2 * MAX_EVENT as u32,
            Self::Index => 64 << 20,
            Self::Keyframe => 64 << 20,
            Self::Pages => 2 << 20,
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preface {
    pub(crate) version: FormatVersion,
    pub(crate) header_len: u32,
    pub(crate) header_crc: u32,
}

impl Preface {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.version.number().to_le_bytes());
        bytes.extend(self.header_len.to_le_bytes());
        bytes.extend(self.header_crc.to_le_bytes());
        seal(bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8; PREFACE_LEN]) -> Result<Self, LogError> {
        if bytes[..8] != MAGIC {
            return Err(LogError::NotALog { offset: 0 });
        }
        unseal(bytes, 0, Structure::Preface)?;
        let version = FormatVersion(u32_at(bytes, 8));
        if version != FormatVersion::CURRENT {
            return Err(LogError::UnknownVersion { offset: 8, found: version });
        }
        let header_len = u32_at(bytes, 12);
        if header_len > MAX_HEADER {
            return Err(LogError::too_large(12, Structure::Header, header_len, MAX_HEADER));
        }
        Ok(Self { version, header_len, header_crc: u32_at(bytes, 16) })
    }
}

/// What a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) kind: FrameKind,
    /// Bytes of the payload before compression.
    pub(crate) raw_len: u32,
    /// Bytes of the payload in the file.
    pub(crate) stored_len: u32,
    /// Checksum of the payload in the file.
    pub(crate) crc: u32,
    /// Number of events.
    pub(crate) events: u32,
    /// The moment of the first event, or of the keyframe.
    pub(crate) first: Moment,
}

impl FrameHead {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAME_HEAD_LEN);
        bytes.extend(b"FRM");
        bytes.push(self.kind.number());
        bytes.extend(self.raw_len.to_le_bytes());
        bytes.extend(self.stored_len.to_le_bytes());
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(self.events.to_le_bytes());
        bytes.extend(self.first.ordinal.to_le_bytes());
        bytes.extend(self.first.retired.to_le_bytes());
        bytes.extend([0; 4]);
        seal(bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8; FRAME_HEAD_LEN], offset: u64) -> Result<Self, LogError> {
        unseal(bytes, offset, Structure::FrameHead)?;
        let kind = FrameKind::from_number(bytes[3])
            .filter(|_| bytes[..3] == *b"FRM" && bytes[32..36] == [0; 4])
            .ok_or(LogError::NotAFrame { offset })?;
        let head = Self {
            kind,
            raw_len: u32_at(bytes, 4),
            stored_len: u32_at(bytes, 8),
            crc: u32_at(bytes, 12),
            events: u32_at(bytes, 16),
            first: Moment { ordinal: u32_at(bytes, 20), retired: u64_at(bytes, 24) },
        };
        let max_raw = kind.max_raw();
        if head.raw_len > max_raw {
            return Err(LogError::too_large(offset, Structure::Frame, head.raw_len, max_raw));
        }
        // Compression may add a little, never more than this.
        let max_stored = max_raw + max_raw / 128 + 1024;
        if head.stored_len > max_stored {
            return Err(LogError::too_large(offset, Structure::Frame, head.stored_len, max_stored));
        }
        Ok(head)
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_len(self) -> u64 {
        FRAME_HEAD_LEN as u64 + u64::from(self.stored_len)
    }
}

/// What a finished file ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) index: u64,
}

impl Trailer {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = TRAILER_MAGIC.to_vec();
        bytes.extend(self.index.to_le_bytes());
        seal(bytes)
    }

    pub(crate) fn from_bytes(bytes: &[u8; TRAILER_LEN], offset: u64) -> Result<Self, LogError> {
        unseal(bytes, offset, Structure::Trailer)?;
        if bytes[..8] != TRAILER_MAGIC {
            return Err(LogError::NotAFrame { offset });
        }
        Ok(Self { index: u64_at(bytes, 8) })
    }
}

/// Adds the checksum of what is there.
fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// Checks what [`seal`] added.
fn unseal(bytes: &[u8], offset: u64, part: Structure) -> Result<(), LogError> {
    let body = bytes.len() - 4;
    if crc32fast::hash(&bytes[..body]) == u32_at(bytes, body) {
        Ok(())
    } else {
        Err(LogError::Checksum { offset, part })
    }
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[place..place + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8], place: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[place..place + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a field that is written at one place and read at another.
    #[test]
    fn structures_round_trip() {
        let preface =
            Preface { version: FormatVersion::CURRENT, header_len: 0x1_0203, header_crc: 4 };
        let bytes = preface.to_bytes().try_into().unwrap();
        assert_eq!(Preface::from_bytes(&bytes).unwrap(), preface);

        let head = FrameHead {
            kind: FrameKind::Events,
            raw_len: 0x1_0203,
            stored_len: 0x4_0506,
            crc: 0x0708_090a,
            events: 0x0b0c,
            first: Moment { retired: u64::MAX - 5, ordinal: 0x0d0e },
        };
        let bytes = head.to_bytes().try_into().unwrap();
        assert_eq!(FrameHead::from_bytes(&bytes, 0).unwrap(), head);

        let trailer = Trailer { index: 0x0102_0304_0506 };
        let bytes = trailer.to_bytes().try_into().unwrap();
        assert_eq!(Trailer::from_bytes(&bytes, 0).unwrap(), trailer);
    }

    /// Catches a reader that trusts a length or a version because its checksum is right.
    #[test]
    fn well_formed_nonsense_is_refused() {
        let preface = Preface { version: FormatVersion(9), header_len: 1, header_crc: 0 };
        let bytes = preface.to_bytes().try_into().unwrap();
        let error = Preface::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, LogError::UnknownVersion { offset: 8, .. }), "{error}");

        let preface = Preface { version: FormatVersion(1), header_len: u32::MAX, header_crc: 0 };
        let bytes = preface.to_bytes().try_into().unwrap();
        let error = Preface::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, LogError::TooLarge { .. }), "{error}");

        for (raw_len, stored_len) in [(u32::MAX, 1), (1, u32::MAX)] {
            let first = Moment::START;
            let kind = FrameKind::Index;
            let head = FrameHead { kind, raw_len, stored_len, crc: 0, events: 0, first };
            let error = FrameHead::from_bytes(&head.to_bytes().try_into().unwrap(), 7).unwrap_err();
            assert!(matches!(error, LogError::TooLarge { offset: 7, .. }), "{error}");
        }
    }
}
