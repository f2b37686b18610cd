//! What can be wrong with a log, or with what is to be written to one.
//!
//! A developer who is told "invalid log" has to guess whether the disk, the copy or the emulator is to blame. Every
//! error here says what is wrong and names the offset of the structure it is in.

use std::fmt;

use lockstep_core::Moment;

use crate::format::{FormatVersion, FrameKind};
use crate::header::{ImageDigest, ImageRole};
use crate::text::ParseError;

/// A structure of the file that has a length or a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// Magic, version, and the header's length.
    Preface,
    /// The header.
    Header,
    /// The head of a frame.
    FrameHead,
    /// The payload of a frame.
    Frame,
    /// The end of a finished log.
    Trailer,
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Preface => "preface",
            Self::Header => "header",
            Self::FrameHead => "frame head",
            Self::Frame => "frame",
            Self::Trailer => "trailer",
        })
    }
}

/// A log cannot be read, or not beyond some offset.
///
/// A file that merely ends early is not an error: see [`Ending::Truncated`](crate::Ending::Truncated).
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages say they are")]
pub enum LogError {
    /// The host could not read the file.
    #[error("at offset {offset}: cannot read the log: {source}")]
    Io { offset: u64, source: std::io::Error },
    /// The file does not begin like a log.
    #[error("at offset {offset}: not a Lockstep log")]
    NotALog { offset: u64 },
    /// The log has a version that this build does not read.
    #[error(
        "at offset {offset}: the log has format version {found}; this build reads version {}",
        FormatVersion::CURRENT
    )]
    UnknownVersion { offset: u64, found: FormatVersion },
    /// The file ends before its first frame could begin.
    #[error("at offset {offset}: the log ends inside its header; nothing was recorded")]
    HeaderCut { offset: u64 },
    /// The bytes are not those that were written.
    #[error("at offset {offset}: the {part} is damaged: its checksum is wrong")]
    Checksum { offset: u64, part: Structure },
    /// A length is beyond what is ever written.
    #[error("at offset {offset}: the {part} claims {len} bytes; at most {limit} are possible")]
    TooLarge { offset: u64, part: Structure, len: u64, limit: u64 },
    /// The header does not say what a header says.
    #[error("at offset {offset}: the header makes no sense: {source}")]
    Header { offset: u64, source: ParseError },
    /// A frame was expected.
    #[error("at offset {offset}: there is no frame here")]
    NotAFrame { offset: u64 },
    /// A frame is where it cannot be.
    #[error("at offset {offset}: misplaced {kind} frame: {detail}")]
    Misplaced { offset: u64, kind: FrameKind, detail: &'static str },
    /// A frame's payload does not decompress to what its head says.
    #[error("at offset {offset}: the frame does not decompress: {detail}")]
    Decompress { offset: u64, detail: String },
    /// A frame's payload does not decode.
    #[error("at offset {offset}: item {item} of the frame makes no sense: {detail}")]
    Decode { offset: u64, item: u32, detail: String },
    /// An event is not later than the one before it.
    #[error("at offset {offset}: event {at} follows event {previous}")]
    OutOfOrder { offset: u64, previous: Moment, at: Moment },
    /// The index is not what the frames say.
    #[error("at offset {offset}: the index disagrees with the frames: {detail}")]
    Index { offset: u64, detail: String },
    /// The file goes on after its end.
    #[error("at offset {offset}: there is something after the end of the log")]
    TrailingData { offset: u64 },
    /// A bundled image is not the one that the header names.
    #[error("at offset {offset}: wrong {}", .source)]
    Image { offset: u64, source: Box<ImageMismatch> },
    /// The log was asked for images that it does not hold.
    #[error("at offset {offset}: the log holds no images: it was not recorded as a bundle")]
    NotABundle { offset: u64 },
    /// The log ends inside its bundled images.
    #[error("at offset {offset}: the log ends inside its bundled images")]
    ImagesCut { offset: u64 },
}

impl LogError {
    /// Where in the file the structure begins that is wrong.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Io { offset, .. }
            | Self::NotALog { offset }
            | Self::UnknownVersion { offset, .. }
            | Self::HeaderCut { offset }
            | Self::Checksum { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::Header { offset, .. }
            | Self::NotAFrame { offset }
            | Self::Misplaced { offset, .. }
            | Self::Decompress { offset, .. }
            | Self::Decode { offset, .. }
            | Self::OutOfOrder { offset, .. }
            | Self::Index { offset, .. }
            | Self::TrailingData { offset }
            | Self::Image { offset, .. }
            | Self::NotABundle { offset }
            | Self::ImagesCut { offset } => *offset,
        }
    }

    pub(crate) fn too_large(offset: u64, part: Structure, len: u32, limit: u32) -> Self {
        Self::TooLarge { offset, part, len: len.into(), limit: limit.into() }
    }
}

/// An image is not the one that was recorded with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{role} image: recorded with '{name}', {len} bytes, {expected}; this is {found_len} bytes, {found}"
)]
#[expect(missing_docs, reason = "the fields are what the message says they are")]
pub struct ImageMismatch {
    pub role: ImageRole,
    pub name: String,
    pub len: u64,
    pub expected: ImageDigest,
    pub found_len: u64,
    pub found: ImageDigest,
}

/// Something cannot be written to a log.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages say they are")]
pub enum EncodeError {
    /// The header, an event or the index is longer than a reader would accept.
    #[error("the {what} has {len} bytes; a log takes at most {limit}")]
    TooLarge { what: &'static str, len: usize, limit: usize },
    /// An event is not later than the one before it.
    #[error("event {at} was written after event {previous}")]
    OutOfOrder { previous: Moment, at: Moment },
    /// A bundled image is not the one that the header names.
    #[error("wrong {0}")]
    Image(Box<ImageMismatch>),
    /// More images than the header names, or images in a log that is not a bundle.
    #[error("the header does not announce another bundled image")]
    UnannouncedImage,
    /// Events before all the images that the header announces.
    #[error("{0} bundled images are still missing")]
    MissingImages(usize),
    /// Compression failed, which takes a lack of memory.
    #[error("cannot compress: {0}")]
    Compress(#[source] std::io::Error),
    /// Encoding failed, which takes a type that has no encoding.
    #[error("cannot encode: {0}")]
    Encode(String),
}
