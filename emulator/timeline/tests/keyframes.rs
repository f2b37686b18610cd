//! Keyframes: they change no run, lead to the same states, and are held to them.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use common::{Numbers, Recorded, record, record_keeping, with};
use lockstep_core::{Level, Moment, StateDigest};
use lockstep_log::{
    Ending, FrameEncoder, KeyframeState, PageChange, Reader, StoredKeyframe, encode, verify,
};
use lockstep_machine::{EngineChoice, Replay, ReplayEnd};
use lockstep_timeline::{Stop, TimelineError};

const EVERY: u64 = 2_000;

fn kept(name: &'static str) -> Recorded {
    let script = r#"after "echo: ready" type "a\nhello\npoll\nx y z\nirq\nagain\nquit\n""#;
    let script = if name == "echo" { script } else { "" };
    record_keeping(name, Level::Events, script, NonZeroU64::new(EVERY))
}

fn keyframes(log: &[u8]) -> Vec<StoredKeyframe> {
    Reader::from_bytes(log.to_vec()).unwrap().keyframes().unwrap()
}

fn replay(recorded: &Recorded) -> ReplayEnd {
    let reader = Reader::from_bytes(recorded.log.clone()).unwrap();
    Replay::new(reader, &recorded.images).unwrap().run().unwrap()
}

/// Catches keyframes that change what happens, that are not where they should be, or that differ from recording to recording.
#[test]
fn they_change_nothing() {
    for name in ["timer", "echo", "smp", "self-modifying"] {
        let (plain, kept_log) = (record(name, Level::Events), kept(name));
        assert_eq!(plain.events(), kept_log.events(), "{name}");
        assert!(kept(name).log == kept_log.log, "{name}");
        let found = keyframes(&kept_log.log);
        assert!(!found.is_empty(), "{name} is too short");
        for (place, keyframe) in found.iter().enumerate() {
            assert_eq!(keyframe.at().retired, (place as u64 + 1) * EVERY, "{name}");
        }
        // Without them, it is the other log.
        let reader = Reader::from_bytes(kept_log.log.clone()).unwrap();
        assert!(encode(reader.header(), &[], &kept_log.events()).unwrap() == plain.log, "{name}");
        let verified = verify(&mut Reader::from_bytes(kept_log.log.clone()).unwrap()).unwrap();
        assert_eq!(verified.keyframes, found.len());
        assert!(matches!(replay(&kept_log), ReplayEnd::Complete(_)), "{name}");
    }
}

/// Catches a state that lacks something, pages that are applied to the wrong base, and a timeline that runs all the way in
/// spite of keyframes.
#[test]
fn seeks_begin_at_them() {
    let engines = [EngineChoice::Interp, EngineChoice::Auto];
    for (name, engine) in
        ["timer", "echo", "smp", "self-modifying"].into_iter().zip(engines.into_iter().cycle())
    {
        let recorded = kept(name);
        let all: Vec<Moment> = keyframes(&recorded.log).iter().map(StoredKeyframe::at).collect();
        let mut timeline = recorded.timeline(with(engine));
        let mut numbers = Numbers(11);
        let end = timeline.end().retired;
        timeline.seek(Moment::NEVER).unwrap();
        let made = timeline.checkpoints().moments;
        let late = all.last().unwrap();
        assert!(
            made.iter().all(|at| *at == timeline.start() || at > late || all.contains(at)),
            "{name}: {made:?}"
        );
        let counts: BTreeSet<u64> = (0..10).map(|_| numbers.below(end)).collect();
        for (count, expected) in counts.iter().zip(recorded.straight(&counts)).rev() {
            let mut fresh = recorded.timeline(with(engine));
            for timeline in [&mut timeline, &mut fresh] {
                timeline.seek(Moment { retired: *count, ordinal: u32::MAX }).unwrap();
                assert_eq!((timeline.moment(), timeline.digest()), expected, "{name} {count}");
            }
        }
        // With little memory the keyframes are read again and again.
        let options = lockstep_timeline::Options { checkpoint_memory: 0, ..with(engine) };
        let mut timeline = recorded.timeline(options);
        for at in [all[all.len() - 1], all[0]] {
            assert_eq!(timeline.seek(at).unwrap(), Stop::Moment);
            assert_eq!(timeline.moment(), at, "{name}");
        }
    }
}

/// The same log, with its keyframes changed.
fn forge(
    recorded: &Recorded,
    change: impl Fn(&mut KeyframeState, &mut Vec<PageChange>),
) -> Recorded {
    let reader = Reader::from_bytes(recorded.log.clone()).unwrap();
    let (mut encoder, mut log) = FrameEncoder::new(reader.header()).unwrap();
    for keyframe in keyframes(&recorded.log) {
        let mut state = keyframe.state().unwrap();
        let mut pages = Vec::new();
        keyframe.for_each_page(|page| pages.push(page)).unwrap();
        change(&mut state, &mut pages);
        encoder.keyframe(keyframe.at(), &state, pages.into_iter()).unwrap();
    }
    for event in recorded.events() {
        log.extend(encoder.push(&event).unwrap().unwrap_or_default());
    }
    log.extend(encoder.finish().unwrap());
    Recorded { log, ..recorded.clone() }
}

/// Catches a keyframe that is believed: by a replay, which comes past it, and by a timeline, which begins there.
#[test]
fn a_wrong_state_is_noticed() {
    let recorded = kept("timer");
    let same = forge(&recorded, |_, _| {});
    assert!(matches!(replay(&same), ReplayEnd::Complete(_)));
    let other_digest = forge(&recorded, |state, _| state.digest = StateDigest(5));
    let other_page = forge(&recorded, |state, pages| {
        pages.pop();
        state.pages = pages.len() as u64;
    });
    let ReplayEnd::Diverged(found) = replay(&other_digest) else { panic!() };
    assert_eq!(found.at.retired, EVERY);
    assert!(found.to_string().contains("the state of the machine differs"), "{found}");
    let other_layout = forge(&recorded, |state, _| state.layout[0].0 += 1);
    let no_parts = forge(&recorded, |state, _| state.saved = Default::default());
    for (forged, why) in [
        (other_digest, "is not the state that its digest is of"),
        (other_page, "is not the state that its digest is of"),
        (other_layout, "memory that the machine does not have"),
        (no_parts, "no state for"),
    ] {
        let mut timeline = forged.timeline(with(EngineChoice::Interp));
        let error = timeline.seek(timeline.end()).unwrap_err();
        assert!(matches!(error, TimelineError::Keyframe(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        // It is still somewhere, and goes where it needs no keyframe.
        let before = Moment { retired: EVERY - 1, ordinal: u32::MAX };
        assert_eq!(timeline.seek(before).unwrap(), Stop::Moment);
        let straight = recorded.straight(&BTreeSet::from([EVERY - 1]));
        assert_eq!((timeline.moment(), timeline.digest()), straight[0]);
    }
}

/// Catches a cut inside a keyframe that takes more than that keyframe, and damage there that takes a replay or goes unnoticed.
#[test]
fn cuts_and_damage() {
    let recorded = kept("timer");
    let found = keyframes(&recorded.log);
    let first = found[0].offset() as usize;
    let (mut truncated, mut damaged) = (recorded.clone(), recorded.clone());
    for len in (first..recorded.log.len()).step_by(recorded.log.len() / 40) {
        truncated.log = recorded.log[..len].to_vec();
        let mut reader = Reader::from_bytes(truncated.log.clone()).unwrap();
        let whole = reader.keyframes().unwrap().len();
        let verified = verify(&mut reader).unwrap();
        assert!(whole <= found.len() && verified.keyframes == whole);
        assert!(matches!(verified.ending, Ending::Truncated { .. }));
        assert!(!matches!(replay(&truncated), ReplayEnd::Diverged(_)));
        let mut timeline = truncated.timeline(with(EngineChoice::Interp));
        timeline.seek(Moment::NEVER).unwrap();
    }
    damaged.log[first + 100] ^= 1;
    let mut reader = Reader::from_bytes(damaged.log.clone()).unwrap();
    let error = verify(&mut reader).unwrap_err();
    assert_eq!(error.offset(), first as u64, "{error}");
    assert!(matches!(replay(&damaged), ReplayEnd::Complete(_)));
}
