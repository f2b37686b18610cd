//! Recordings that were cut off or changed, given to a replay.
//!
//! Reading damaged logs is tested beside the format. Here they go the whole way, into a machine: a recording that lost its
//! end is replayed up to there, and damage is named with its offset, whatever bit it hit.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;

use common::{Watchdog, guest_images, guests, read_log, record, replay, run, small_machine, words};
use lockstep_core::{Event, Level};
use lockstep_log::{Ending, Reader};
use lockstep_machine::{Images, ReplayEnd, ReplayError};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A recording of some thousand bytes, in several frames, that replays in a millisecond.
fn small() -> (Vec<u8>, Images) {
    let mut machine = small_machine();
    machine.digest_interval = 13;
    let images = guest_images("hello");
    let log = record(&machine, &images, Level::Full);
    let frames = Reader::from_bytes(log.clone()).unwrap().index().unwrap().frames;
    assert!(frames.len() >= 5, "{} frames", frames.len());
    (log, images)
}

/// How much memory this process has ever asked for.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Nothing here may make the process ask for more than this.
const MOST_KIB: u64 = 1 << 20;

/// What a log that was cut is expected to replay to: the events of the frames that are whole.
fn kept(events: &[Event], frames: &[(u64, u32)], len: u64) -> usize {
    let whole = frames.iter().take_while(|(end, _)| *end <= len);
    let count: usize = whole.map(|(_, events)| *events as usize).sum();
    assert!(count <= events.len());
    count
}

/// Catches a replay of a cut recording that stops before its last whole frame, runs past it, calls it damaged or
/// complete, panics or hangs.
#[test]
fn cut_at_every_byte() {
    let watch = Watchdog::over_this_process("cut_at_every_byte");
    let (log, images) = small();
    let (_, events, ending) = read_log(&log).unwrap();
    assert_eq!(ending, Ending::Complete);
    let frames = Reader::from_bytes(log.clone()).unwrap().index().unwrap().frames;
    let first_frame = frames[0].offset;
    // A frame ends where the next begins; where the last one ends, the trailer says.
    let place = log.len() - 12;
    let index = u64::from_le_bytes(log[place..place + 8].try_into().unwrap());
    let ends = frames.iter().skip(1).map(|frame| frame.offset).chain([index]);
    let frames: Vec<(u64, u32)> = ends.zip(frames.iter().map(|frame| frame.events)).collect();

    let (mut replayed, mut refused) = (0, 0);
    for len in 0..log.len() {
        let events = &events[..kept(&events, &frames, len as u64)];
        match replay(log[..len].to_vec(), &images) {
            Err(ReplayError::Log(error)) => {
                assert!((len as u64) < first_frame, "cut at {len}: {error}");
                assert!(error.offset() <= len as u64, "cut at {len}: {error}");
                refused += 1;
            }
            Ok((ReplayEnd::Truncated(Ending::Truncated { at, offset, .. }), moment)) => {
                assert_eq!(at, events.last().map(|event| event.at), "cut at {len}");
                assert!(offset <= len as u64, "cut at {len}: {offset}");
                let last = at.map_or(0, |at| at.retired);
                assert!((last..=last + 1).contains(&moment.retired), "cut at {len}: {moment}");
                replayed += 1;
            }
            // The end of the run is there; only the index is not.
            Ok((ReplayEnd::Complete(_), _)) if len as u64 >= index => replayed += 1,
            other => panic!("cut at {len}: {other:?}"),
        }
    }
    println!(
        "cut at {} bytes: {replayed} replayed to their last whole frame, {refused} typed errors; \
         0 panics",
        log.len()
    );
    assert_eq!(refused as u64, first_frame);
    assert!(peak_kib() < MOST_KIB, "{} KiB", peak_kib());
    watch.fired();
}

/// Catches a flipped bit that a replay does not notice, blames on a later byte, or answers with a panic, a hang or a
/// gigantic allocation.
#[test]
fn flipped_bits() {
    const FLIPS: u32 = 10_000;
    let watch = Watchdog::over_this_process("flipped_bits");
    let (log, images) = small();
    let mut random = ChaCha8Rng::seed_from_u64(0x0f11_95ed);
    let (mut errors, mut replayed, mut diverged) = (0, 0, 0);
    let mut offsets = std::collections::BTreeSet::new();
    for _ in 0..FLIPS {
        let bit = random.next_u64() as usize % (log.len() * 8);
        let mut damaged = log.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match replay(damaged, &images) {
            Err(ReplayError::Log(error)) => {
                assert!(error.offset() <= bit as u64 / 8, "bit {bit}: {error}");
                offsets.insert(error.offset());
                errors += 1;
            }
            Ok((ReplayEnd::Truncated(_), _)) => replayed += 1,
            Ok((ReplayEnd::Diverged(_), _)) => diverged += 1,
            other => panic!("bit {bit} of byte {}: {other:?}", bit / 8),
        }
    }
    println!(
        "{FLIPS} single-bit flips in {} bytes: {replayed} replayed to their last whole frame, \
         {errors} typed errors at {} offsets, {diverged} divergences; 0 panics",
        log.len(),
        offsets.len()
    );
    // Every byte is covered by a checksum, so it takes no luck to notice.
    assert_eq!(errors, FLIPS);
    assert!(peak_kib() < MOST_KIB, "{} KiB", peak_kib());
    watch.fired();
}

/// Catches a command line that treats damage otherwise than the library: its status, its words, what it prints.
#[test]
fn damage_on_the_command_line() {
    let (log, _) = small();
    let first_frame = Reader::from_bytes(log.clone()).unwrap().index().unwrap().frames[0].offset;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut replayed, mut refused) = (0, 0);
    for round in 0..60 {
        let mut damaged = log.clone();
        let place = random.next_u64() as usize % log.len();
        if round % 2 == 0 {
            damaged.truncate(place);
        } else {
            damaged[place] ^= 1 << (random.next_u64() % 8);
        }
        fs::write(&path, &damaged).unwrap();
        let ran = run(words(["replay"]).arg(&path).arg("--images").arg(guests()));
        if round % 2 == 0 && place as u64 >= first_frame {
            let ran = ran.with_status(0);
            let end = ran.err.contains("no divergence; the recording is cut off: ")
                || ran.err.contains("replayed to the end (power-off), no divergence");
            assert!(end, "{}", ran.err);
            replayed += 1;
        } else {
            let ran = ran.with_status(2);
            let start = format!("lockstep: {}: at offset ", path.display());
            assert!(ran.err.starts_with(&start), "{}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
            refused += 1;
        }
    }
    println!("damaged on the command line: {replayed} replayed, {refused} typed errors; 0 panics");
    assert!(replayed > 0 && refused > 0);
}
