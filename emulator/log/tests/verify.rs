//! Verification: what only a check of everything finds.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

mod samples;

use lockstep_core::{Level, Moment, Saved, StateDigest};
use lockstep_log::{
    Cut, Ending, FrameEncoder, FrameKind, KeyframeState, LogError, PageBytes, PageChange, Reader,
    encode, verify,
};

fn bundle() -> Vec<u8> {
    let mut header = samples::header();
    header.bundled = true;
    let images = [samples::KERNEL.to_vec(), samples::BIOS.to_vec()];
    encode(&header, &images, &samples::long_run(100)).unwrap()
}

/// Catches a check that refuses a good log, or that checks nothing of it.
#[test]
fn a_good_log_is_good() {
    let found = verify(&mut Reader::from_bytes(bundle()).unwrap()).unwrap();
    assert_eq!(found.ending, Ending::Complete);
    assert_eq!(found.images, 2);
    assert_eq!(found.events, samples::long_run(100).len() as u64);
    assert!(found.frames > 5);
}

/// Catches a cut that is an error, and one that is not reported.
#[test]
fn a_cut_log_is_good_as_far_as_it_goes() {
    let bytes = bundle();
    for len in (1000..bytes.len()).step_by(101) {
        let found = verify(&mut Reader::from_bytes(bytes[..len].to_vec()).unwrap()).unwrap();
        assert!(matches!(found.ending, Ending::Truncated { .. }));
        assert_eq!(found.images, 2);
    }
    // Inside the image, which comes first.
    let start = Reader::from_bytes(bytes.clone()).unwrap().index().unwrap().frames[0].offset;
    let cut = bytes[..start as usize + 10].to_vec();
    let found = verify(&mut Reader::from_bytes(cut).unwrap()).unwrap();
    assert_eq!((found.images, found.events), (0, 0));
    let ending = Ending::Truncated { offset: start, at: None, reason: Cut::InFrame };
    assert_eq!(found.ending, ending);
}

/// The log of `ours`, with the index of `theirs`.
fn with_foreign_index(ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    let index = |bytes: &[u8]| {
        let place = bytes.len() - 12;
        u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap()) as usize
    };
    let mut bytes = ours[..index(ours)].to_vec();
    bytes.extend(&theirs[index(theirs)..theirs.len() - 20]);
    let start = bytes.len();
    bytes.extend(b"LOCKEND\n");
    bytes.extend((index(ours) as u64).to_le_bytes());
    let crc = crc32fast::hash(&bytes[start..]);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// Catches an index that nobody compares with the frames: all checksums are right here.
#[test]
fn the_index_must_agree_with_the_frames() {
    let header = samples::header();
    let ours = encode(&header, &[], &samples::long_run(100)).unwrap();
    let mut events = samples::long_run(100);
    // Another count of a kind, and nothing else.
    events.remove(3);
    let theirs = encode(&header, &[], &events).unwrap();
    let same = with_foreign_index(&ours, &ours);
    assert!(same == ours);
    let forged = with_foreign_index(&ours, &theirs);
    let mut reader = Reader::from_bytes(forged).unwrap();
    assert_eq!(reader.events().filter(Result::is_err).count(), 0);
    let error = verify(&mut reader).unwrap_err();
    assert!(matches!(error, LogError::Index { .. }), "{error}");
}

/// A log without an index that ends with a keyframe of `pages` pages of zeros.
fn with_keyframe(pages: u64) -> Vec<u8> {
    let (mut encoder, mut bytes) = FrameEncoder::new(&samples::header()).unwrap();
    for event in &samples::long_run(10) {
        bytes.extend(encoder.push(event).unwrap().unwrap_or_default());
    }
    let digest = StateDigest(7);
    let state = KeyframeState { digest, layout: vec![(9, true)], pages, saved: Saved::default() };
    let zeros = (0..pages).map(|page| PageChange { page, bytes: PageBytes::Zeros });
    encoder.keyframe(Moment::at(u64::MAX), &state, zeros).unwrap();
    bytes.extend(encoder.finish().unwrap());
    let place = bytes.len() - 12;
    let index = u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap());
    bytes.truncate(index as usize);
    bytes
}

/// A frame like one whose head begins at `start`, with another payload.
fn frame_like(bytes: &[u8], start: usize, raw: &[u8]) -> Vec<u8> {
    let payload = zstd::bulk::compress(raw, 3).unwrap();
    let mut head = bytes[start..start + 36].to_vec();
    head[4..8].copy_from_slice(&(raw.len() as u32).to_le_bytes());
    head[8..12].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[12..16].copy_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    [head, payload].concat()
}

/// Catches a keyframe whose pages are divided into other frames than a writer's: one frame too many, which has nothing in it and
/// which a comparison of pairs leaves out; and a page that has a frame to itself.
#[test]
fn a_keyframe_has_the_frames_of_a_writer() {
    let good = with_keyframe(3);
    let mut reader = Reader::from_bytes(good.clone()).unwrap();
    let frames = reader.index().unwrap().frames;
    let pages = frames.last().unwrap();
    assert_eq!(pages.kind, FrameKind::Pages);
    assert_eq!(verify(&mut reader).unwrap().keyframes, 1);
    let start = pages.offset as usize;
    let empty = [&good[..], &frame_like(&good, start, &[])].concat();
    // A page of zeros is its number and a byte.
    let page = |number: u64| [&number.to_le_bytes()[..], &[0]].concat();
    let two = frame_like(&good, start, &[page(0), page(1)].concat());
    let third = frame_like(&good, start, &page(2));
    let divided = [&good[..start], &two, &third].concat();
    for (forged, offset) in [(empty, good.len()), (divided, start)] {
        let error = verify(&mut Reader::from_bytes(forged).unwrap()).unwrap_err();
        let LogError::Decode { offset: at, .. } = error else { panic!("{error}") };
        assert_eq!(at, offset as u64, "{error}");
        assert!(error.to_string().contains("as it would be written"), "{error}");
    }
}

/// Catches events that the level in the header rules out.
#[test]
fn the_level_is_kept() {
    let full = encode(&samples::header(), &[], &samples::events()).unwrap();
    let mut header = samples::header();
    header.level = Level::Events;
    let (_, mut forged) = FrameEncoder::new(&header).unwrap();
    let start = Reader::from_bytes(full.clone()).unwrap().index().unwrap().frames[0].offset;
    forged.extend(&full[start as usize..]);
    // The index moved with the header; without it the log counts as cut off.
    forged.truncate(forged.len() - 1);
    let error = verify(&mut Reader::from_bytes(forged).unwrap()).unwrap_err();
    assert!(matches!(error, LogError::Decode { .. }), "{error}");
    assert!(error.to_string().contains("exception in a log of level events"), "{error}");
}

/// Catches a walk that does not end, or a seek that fails, on a log with no events.
#[test]
fn an_empty_log_is_good() {
    let bytes = encode(&samples::header(), &[], []).unwrap();
    let mut reader = Reader::from_bytes(bytes).unwrap();
    assert_eq!(verify(&mut reader).unwrap().events, 0);
    assert!(reader.events_from(Moment::at(7)).unwrap().next().is_none());
}
