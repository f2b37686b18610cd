//! Keyframes: saved machines inside a log.
//!
//! Whoever opens a long recording at a late moment would have to run all of it first. A keyframe is the state that the run
//! had at a moment, so that one can begin there. Most of it is memory, and most of that has not changed since the keyframe before: only pages that
//! differ are written, as what differs. So a keyframe needs all those before it, and the first one needs the machine as it was
//! built, which costs a small part of what running costs.
//!
//! A frame of the kind `keyframe` holds everything but memory; frames of the kind `pages` follow it.

use std::io::{Read, Seek};

use lockstep_core::{Moment, Saved, StateDigest};
use serde::{Deserialize, Serialize};

use crate::error::LogError;
use crate::format::{FrameHead, FrameKind};
use crate::frames::{Found, Frames, decompress};

/// Bytes in a page.
pub const PAGE: usize = 4096;
/// A frame of pages ends when it has this many bytes.
const FULL: usize = 1 << 20;

/// A keyframe but for its memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyframeState {
    /// The digest of the machine's whole state, memory included.
    pub digest: StateDigest,
    /// How many pages each region of memory has, and whether reads of it go straight to them.
    pub layout: Vec<(u64, bool)>,
    /// How many pages have changed.
    pub pages: u64,
    /// The machine's parts.
    pub saved: Saved,
}

impl KeyframeState {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        postcard::to_allocvec(self).map_err(|error| error.to_string())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        match postcard::take_from_bytes(bytes) {
            Ok((state, [])) => Ok(state),
            Ok(_) => Err("bytes after the state".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What has become of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageBytes {
    /// It is all zeros.
    Zeros,
    /// These are its bytes.
    Whole(Box<[u8; PAGE]>),
    /// These have to be added, without carry, to the bytes that it had: zeros where nothing has changed.
    Changed(Box<[u8; PAGE]>),
}

/// A page that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageChange {
    /// Its number, counted through all regions.
    pub page: u64,
    /// What it has become.
    pub bytes: PageBytes,
}

impl PageChange {
    /// The change from one page to another, in the form that compresses better.
    #[must_use]
    pub fn between(page: u64, old: &[u8; PAGE], new: &[u8; PAGE]) -> Self {
        if new.iter().all(|byte| *byte == 0) {
            return Self { page, bytes: PageBytes::Zeros };
        }
        let same = old.iter().zip(new).filter(|(old, new)| old == new).count();
        if same < PAGE / 2 || old.iter().all(|byte| *byte == 0) {
            return Self { page, bytes: PageBytes::Whole(Box::new(*new)) };
        }
        let mut changed = Box::new(*new);
        changed.iter_mut().zip(old).for_each(|(new, old)| *new ^= old);
        Self { page, bytes: PageBytes::Changed(changed) }
    }

    /// Makes this change to a page.
    pub fn apply(&self, page: &mut [u8; PAGE]) {
        match &self.bytes {
            PageBytes::Zeros => page.fill(0),
            PageBytes::Whole(bytes) => *page = **bytes,
            PageBytes::Changed(bytes) => {
                page.iter_mut().zip(bytes.iter()).for_each(|(old, change)| *old ^= change);
            }
        }
    }

    const fn form(&self) -> u8 {
        match self.bytes {
            PageBytes::Zeros => 0,
            PageBytes::Whole(_) => 1,
            PageBytes::Changed(_) => 2,
        }
    }
}

/// Fills frames of pages.
#[derive(Default)]
pub(crate) struct PageWriter {
    raw: Vec<u8>,
}

impl PageWriter {
    /// Takes a page; gives the payload that it completes, if it completes one.
    pub(crate) fn push(&mut self, change: &PageChange) -> Option<Vec<u8>> {
        self.raw.extend(change.page.to_le_bytes());
        self.raw.push(change.form());
        match &change.bytes {
            PageBytes::Zeros => {}
            PageBytes::Whole(bytes) | PageBytes::Changed(bytes) => self.raw.extend(&bytes[..]),
        }
        (self.raw.len() >= FULL).then(|| std::mem::take(&mut self.raw))
    }

    /// The last payload.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        (!self.raw.is_empty()).then_some(self.raw)
    }
}

/// The next page of a frame, which is removed from `rest`.
fn take_page(rest: &mut &[u8]) -> Result<PageChange, &'static str> {
    let (page, form) = match rest.split_first_chunk::<8>() {
        Some((page, [form, after @ ..])) => {
            *rest = after;
            (u64::from_le_bytes(*page), *form)
        }
        _ => return Err("the frame ends inside a page"),
    };
    let mut bytes = || match rest.split_first_chunk::<PAGE>() {
        Some((bytes, after)) => {
            *rest = after;
            Ok(Box::new(*bytes))
        }
        None => Err("the frame ends inside a page"),
    };
    let bytes = match form {
        0 => PageBytes::Zeros,
        1 => PageBytes::Whole(bytes()?),
        2 => PageBytes::Changed(bytes()?),
        _ => return Err("a page has an unknown form"),
    };
    Ok(PageChange { page, bytes })
}

/// A frame in memory, as it is in the file.
#[derive(Clone, Debug)]
struct Stored {
    offset: u64,
    head: FrameHead,
    bytes: Vec<u8>,
}

impl Stored {
    fn raw(&self) -> Result<Vec<u8>, LogError> {
        decompress(self.offset, self.head, &self.bytes)
    }
}

/// A keyframe in memory, compressed as in the file.
#[derive(Clone, Debug)]
pub struct StoredKeyframe {
    state: Stored,
    pages: Vec<Stored>,
}

impl StoredKeyframe {
    /// The moment whose state it is.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.state.head.first
    }

    /// Where in the file it begins.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.state.offset
    }

    /// Everything but memory.
    pub fn state(&self) -> Result<KeyframeState, LogError> {
        let offset = self.state.offset;
        KeyframeState::from_bytes(&self.state.raw()?).map_err(|detail| LogError::Decode {
            offset,
            item: 0,
            detail,
        })
    }

    /// Calls `each` for all pages that have changed, in order.
    pub fn for_each_page(&self, each: impl FnMut(PageChange)) -> Result<(), LogError> {
        let (found, wanted) = (self.walk(each)?, self.state()?.pages);
        if found == wanted {
            return Ok(());
        }
        let detail = format!("the keyframe has {found} of {wanted} pages");
        Err(LogError::Decode { offset: self.offset(), item: 0, detail })
    }

    /// Whether there are fewer pages than there should be.
    fn is_short(&self) -> Result<bool, LogError> {
        Ok(self.walk(|_| {})? < self.state()?.pages)
    }

    /// Calls `each` for the pages that are there, and counts them.
    fn walk(&self, mut each: impl FnMut(PageChange)) -> Result<u64, LogError> {
        let (mut found, mut next) = (0, 0);
        for frame in &self.pages {
            let offset = frame.offset;
            let wrong =
                |item, detail: &str| LogError::Decode { offset, item, detail: detail.to_owned() };
            let raw = frame.raw()?;
            let mut rest = &raw[..];
            let mut item = 0;
            while !rest.is_empty() {
                let page = take_page(&mut rest).map_err(|detail| wrong(item, detail))?;
                if page.page < next || page.page == u64::MAX {
                    return Err(wrong(item, "the pages are not in order"));
                }
                next = page.page + 1;
                found += 1;
                item += 1;
                each(page);
            }
        }
        Ok(found)
    }

    /// Checks that this is what a writer would have written.
    pub(crate) fn verify(&self) -> Result<(), LogError> {
        let unlike = |offset| {
            let detail = "it is not encoded as it would be written".to_owned();
            LogError::Decode { offset, item: 0, detail }
        };
        let detail = |detail| LogError::Decode { offset: self.offset(), item: 0, detail };
        if self.state.raw()? != self.state()?.to_bytes().map_err(detail)? {
            return Err(unlike(self.offset()));
        }
        let mut writer = PageWriter::default();
        let mut payloads = Vec::new();
        self.for_each_page(|page| payloads.extend(writer.push(&page)))?;
        payloads.extend(writer.finish());
        // A frame too many has no payload. There are none too few, as its pages would be missing.
        for (place, frame) in self.pages.iter().enumerate() {
            if payloads.get(place) != Some(&frame.raw()?) {
                return Err(unlike(frame.offset));
            }
        }
        Ok(())
    }
}

/// All keyframes of a log, without the last one if the file ends in it.
pub(crate) fn read<S: Read + Seek>(
    frames: &mut Frames<S>,
) -> Result<Vec<StoredKeyframe>, LogError> {
    let mut found: Vec<StoredKeyframe> = Vec::new();
    loop {
        let (offset, head) = match frames.next()? {
            Found::Frame { offset, head } => (offset, head),
            Found::End => return Ok(found),
            Found::Cut { .. } => {
                if found.last().map_or(Ok(false), StoredKeyframe::is_short)? {
                    found.pop();
                }
                return Ok(found);
            }
        };
        let misplaced = |detail| Err(LogError::Misplaced { offset, kind: head.kind, detail });
        let mut stored = || Ok(Stored { offset, head, bytes: frames.stored(offset, head)? });
        match (head.kind, found.last_mut()) {
            (FrameKind::Keyframe, Some(last)) if last.at() >= head.first => {
                return misplaced("keyframes are in the order of their moments");
            }
            (FrameKind::Keyframe, _) => {
                found.push(StoredKeyframe { state: stored()?, pages: Vec::new() });
            }
            (FrameKind::Pages, Some(last)) if last.at() == head.first => {
                last.pages.push(stored()?);
            }
            (FrameKind::Pages, _) => return misplaced("its keyframe is not before it"),
            _ => {}
        }
    }
}
