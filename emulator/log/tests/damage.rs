//! Logs that were cut off, or changed.
//!
//! A log is most wanted after something went wrong. These tests cut a recording at every byte and flip bits of it,
//! and hold that each result is what was recorded up to a point that is named.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]
#![allow(clippy::disallowed_macros, reason = "the counts are what these tests show")]

mod samples;

use lockstep_core::Event;
use lockstep_log::{Cut, Ending, FrameKind, LogError, Reader, encode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A small recording of several frames, with its images in it.
fn small() -> (Vec<u8>, Vec<Event>) {
    let mut header = samples::header();
    header.bundled = true;
    let events = samples::long_run(100);
    let images = [samples::KERNEL.to_vec(), samples::BIOS.to_vec()];
    (encode(&header, &images, &events).unwrap(), events)
}

fn is_events(kind: FrameKind) -> bool {
    kind == FrameKind::Events
}

/// All events up to the end or the first error, and which of them it was.
fn read(bytes: Vec<u8>) -> (Vec<Event>, Result<Ending, LogError>) {
    let mut reader = match Reader::from_bytes(bytes) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut events = reader.events();
    let mut list = Vec::new();
    for event in events.by_ref() {
        match event {
            Ok(event) => list.push(event),
            Err(error) => return (list, Err(error)),
        }
    }
    let ending = events.ending().expect("the events ended without an error");
    (list, Ok(ending))
}

/// Catches a cut that is taken for damage, that loses a whole frame, that panics, or that goes unnoticed.
#[test]
fn cut_at_every_byte() {
    let (bytes, events) = small();
    let mut reader = Reader::from_bytes(bytes.clone()).unwrap();
    let index = reader.index().unwrap();
    let header_end = index.frames[0].offset;
    // Each frame ends where the next begins, the last where the index begins, which the trailer says.
    let place = bytes.len() - 12;
    let index_at = u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap());
    let begins = index.frames.iter().skip(1).map(|frame| frame.offset);
    let ends: Vec<u64> = begins.chain([index_at]).collect();
    assert!(index.frames.iter().filter(|frame| is_events(frame.kind)).count() >= 5);

    let (mut opened, mut at_boundary, mut refused) = (0, 0, 0);
    for len in 0..bytes.len() {
        let (found, ending) = read(bytes[..len].to_vec());
        let len = len as u64;
        match ending {
            Err(LogError::HeaderCut { offset }) if len < header_end => {
                assert_eq!(offset, len);
                refused += 1;
            }
            Ok(Ending::Truncated { offset, at, reason }) => {
                let whole = ends.iter().filter(|end| **end <= len).count();
                let kept: u32 = index.frames[..whole].iter().map(|frame| frame.events).sum();
                assert_eq!(found.len(), kept as usize, "cut at {len}");
                assert_eq!(found, events[..found.len()], "cut at {len}");
                assert_eq!(at, found.last().map(|event| event.at), "cut at {len}");
                assert!(offset <= len, "cut at {len}");
                assert_eq!(reason == Cut::AfterFrame, offset == len && len <= index_at);
                opened += 1;
                at_boundary += u32::from(reason == Cut::AfterFrame);
            }
            other => panic!("cut at {len}: {other:?}"),
        }
    }
    println!(
        "cut at {} bytes: {opened} opened to their last whole frame ({at_boundary} of them between \
         frames), {refused} ended inside the header and said so",
        bytes.len()
    );
    assert_eq!(opened + refused, bytes.len());
}

/// Catches a flipped bit that goes unnoticed, is taken for a cut, is blamed on a later part of the file, changes an
/// event before it is noticed, or ends in a panic.
#[test]
fn flipped_bits() {
    const FLIPS: u32 = 10_000;
    let (bytes, events) = small();
    let mut random = ChaCha8Rng::seed_from_u64(0x10c6);
    let mut offsets = std::collections::BTreeSet::new();
    for _ in 0..FLIPS {
        let bit = random.next_u64() as usize % (bytes.len() * 8);
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (found, ending) = read(damaged);
        let error = ending.expect_err("a flipped bit went unnoticed");
        assert!(error.offset() <= bit as u64 / 8, "bit {bit}: {error}");
        assert!(error.to_string().contains(&format!("at offset {}:", error.offset())));
        assert_eq!(found, events[..found.len()], "bit {bit}");
        offsets.insert(error.offset());
    }
    println!(
        "{FLIPS} single-bit flips in {} bytes: {FLIPS} typed errors, at {} different offsets",
        bytes.len(),
        offsets.len()
    );
}

/// Catches a reader that trusts bytes whose checksums are right: lengths, moments, and what decodes to no event.
#[test]
fn garbage_with_good_checksums() {
    let (bytes, _) = small();
    let mut reader = Reader::from_bytes(bytes.clone()).unwrap();
    let frame = reader.index().unwrap().frames.last().copied().unwrap();
    let start = frame.offset as usize;
    let stored = u32::from_le_bytes(bytes[start + 8..start + 12].try_into().unwrap()) as usize;
    let (head, end) = (&bytes[start..start + 36], start + 40 + stored);
    let payload = &bytes[start + 40..end];
    let raw = zstd::bulk::decompress(payload, 1 << 20).unwrap();

    let mut random = ChaCha8Rng::seed_from_u64(0x6a5b);
    let mut draw = |below: usize| random.next_u64() as usize % below;
    let mut errors = [0; 3];
    for round in 0..3000 {
        let (mut head, mut payload, mut raw) = (head.to_vec(), payload.to_vec(), raw.clone());
        match round % 3 {
            // A number of the head, a byte of the compressed payload, or one of the events themselves.
            0 => head[4 + draw(28)] = draw(256) as u8,
            1 => {
                let place = draw(payload.len());
                payload[place] = draw(256) as u8;
            }
            _ => {
                let place = draw(raw.len());
                raw[place] = draw(256) as u8;
                payload = zstd::bulk::compress(&raw, 3).unwrap();
                head[8..12].copy_from_slice(&(payload.len() as u32).to_le_bytes());
            }
        }
        head[12..16].copy_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        let (_, ending) = read([&bytes[..start], &head, &payload].concat());
        errors[round % 3] += u32::from(ending.is_err());
    }
    let [heads, payloads, events] = errors;
    println!(
        "1000 each under good checksums: {heads} wrong heads, {payloads} wrong payloads and {events} \
         wrong events were typed errors, the others read as other events; no panic"
    );
    assert!(heads > 300 && payloads > 300 && events > 300);
}

/// Catches the two that chance does not find: a frame that is longer or shorter than it says, and a moment beyond
/// the last possible one.
#[test]
fn impossible_lengths_and_moments() {
    let header = samples::header();
    let at = |retired| Event {
        at: lockstep_core::Moment::at(retired),
        vcpu: lockstep_core::VcpuId(0),
        what: lockstep_core::What::VcpuOff,
    };
    let bytes = encode(&header, &[], &[at(0), at(u64::MAX)]).unwrap();
    let start = Reader::from_bytes(bytes.clone()).unwrap().index().unwrap().frames[0].offset;
    for (place, value) in [(4, 1u32), (4, 1000), (16, 1), (16, 3), (24, 5)] {
        let mut forged = bytes.clone();
        let head = &mut forged[start as usize..start as usize + 40];
        // The raw length, the number of events, or the first moment: 5 before 5 + u64::MAX.
        head[place..place + 4].copy_from_slice(&value.to_le_bytes());
        let crc = crc32fast::hash(&head[..36]);
        head[36..].copy_from_slice(&crc.to_le_bytes());
        let error = read(forged).1.unwrap_err();
        assert_eq!(error.offset(), start);
        let expected = if place == 4 { "decompress" } else { "makes no sense" };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// Catches an index that is needed, or that is believed when it is wrong: without it the events are the same, and a
/// seek finds the same ones.
#[test]
fn seeks_with_and_without_an_index() {
    let (bytes, events) = small();
    let index = Reader::from_bytes(bytes.clone()).unwrap().index().unwrap();
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 1);
    let mut whole = Reader::from_bytes(bytes).unwrap();
    let mut cut = Reader::from_bytes(cut).unwrap();
    assert_eq!(cut.index().unwrap().frames, index.frames);
    // Around the ends of frames, and at others.
    let mut places: Vec<usize> = (0..events.len()).step_by(37).collect();
    let mut begins = 0;
    for frame in index.frames.iter().filter(|frame| is_events(frame.kind)) {
        places.extend([begins.max(1) - 1, begins, begins + 1]);
        begins += frame.events as usize;
    }
    for place in places {
        let at = events[place].at;
        for reader in [&mut whole, &mut cut] {
            let rest: Result<Vec<_>, _> = reader.events_from(at).unwrap().collect();
            assert_eq!(rest.unwrap(), events[place..]);
        }
    }
}

/// Catches a bundle that gives back another image than it was given, or one whose digest is not compared.
#[test]
fn bundled_images() {
    let mut header = samples::header();
    // Two whole frames and a bit, of something that does not compress.
    let mut large = vec![0; (2 << 20) + 17];
    ChaCha8Rng::seed_from_u64(1).fill_bytes(&mut large);
    header.images[0] = lockstep_log::ImageRecord::of(header.images[0].role, "Image", &large);
    header.bundled = true;
    let images = [large, samples::BIOS.to_vec()];
    let bytes = encode(&header, &images, &samples::events()).unwrap();
    let mut reader = Reader::from_bytes(bytes).unwrap();
    for (place, image) in images.iter().enumerate() {
        assert!(reader.image(place).unwrap() == *image);
    }
    assert!(matches!(reader.image(2), Err(LogError::NotABundle { .. })));

    // The same frames under a header that names another image: the checksums are right, the digest is not.
    let honest = encode(&header, &images, []).unwrap();
    let honest_frames =
        Reader::from_bytes(honest.clone()).unwrap().index().unwrap().frames[0].offset;
    header.images[0].digest.0[5] ^= 1;
    header.bundled = false;
    let mut forged = encode(&header, &[], []).unwrap();
    let text = header.to_text().replace("bundled false", "bundled true");
    forged.truncate(24);
    forged[12..16].copy_from_slice(&(text.len() as u32).to_le_bytes());
    forged[16..20].copy_from_slice(&crc32fast::hash(text.as_bytes()).to_le_bytes());
    let crc = crc32fast::hash(&forged[..20]);
    forged[20..24].copy_from_slice(&crc.to_le_bytes());
    forged.extend(text.as_bytes());
    let start = forged.len() as u64;
    forged.extend(&honest[honest_frames as usize..]);
    let error = Reader::from_bytes(forged).unwrap().image(0).unwrap_err();
    assert!(matches!(error, LogError::Image { offset, .. } if offset == start), "{error}");
}
