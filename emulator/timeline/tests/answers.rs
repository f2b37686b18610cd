//! What a timeline says about recordings that are not what they should be, or not the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use common::{record, record_with, with};
use lockstep_core::{EventKind, Level, Moment, What};
use lockstep_log::{Difference, Ending, Reader, encode};
use lockstep_machine::EngineChoice;
use lockstep_timeline::{Bisection, Conditions, EventCondition, Stop, bisect};

/// Catches a difference that is missed or found elsewhere, and a timeline that cannot be used any more after it.
#[test]
fn divergences_end_a_move_and_nothing_else() {
    let mut recorded = record("timer", Level::Events);
    let mut events = recorded.events();
    let place = events.iter().rposition(|event| event.what.kind() == EventKind::Interrupt).unwrap();
    let What::Interrupt { pc, .. } = &mut events[place].what else { panic!() };
    *pc += 4;
    let header = Reader::from_bytes(recorded.log.clone()).unwrap().header().clone();
    recorded.log = encode(&header, &[], &events).unwrap();
    let mut timeline = recorded.timeline(with(EngineChoice::Auto));
    for _ in 0..2 {
        let Stop::Diverged(found) = timeline.resume().unwrap() else { panic!() };
        assert_eq!(found.at, events[place].at);
        assert!(matches!(found.difference, Difference::Mismatch { .. }));
        assert_eq!(found.before.last(), Some(&events[place - 1]));
        assert!(!found.expected_after.is_empty());
    }
    assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment);
    assert!(timeline.moment() < events[place].at);
    assert!(matches!(timeline.seek(Moment::NEVER).unwrap(), Stop::Diverged(_)));
    assert_eq!(timeline.seek(Moment::at(10)).unwrap(), Stop::Moment);
}

/// Catches a recording that was cut off being run past its end, or taken for a divergence.
#[test]
fn cut_recordings_end_where_they_end() {
    let mut recorded = record("tlb-churn", Level::Full);
    let whole = recorded.timeline(with(EngineChoice::Auto)).end();
    recorded.log.truncate(recorded.log.len() / 2);
    let mut timeline = recorded.timeline(with(EngineChoice::Auto));
    assert!(matches!(timeline.ending(), Ending::Truncated { .. }));
    assert!(timeline.end() < whole);
    assert_eq!(timeline.resume().unwrap(), Stop::EndOfHistory);
    let end = timeline.moment();
    assert!(end.retired <= timeline.end().retired);
    assert_eq!(timeline.step().unwrap(), Stop::EndOfHistory);
    assert_eq!(timeline.resume().unwrap(), Stop::EndOfHistory);
    assert_eq!(timeline.moment(), end);
    assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment);
    assert_eq!(timeline.seek(Moment::NEVER).unwrap(), Stop::EndOfHistory);
    assert_eq!(timeline.moment(), end);
}

/// Catches a timer that fires twice, or never, when one goes back to where it is armed, due, or just past.
#[test]
fn timers_fire_once_wherever_one_comes_from() {
    for level in Level::ALL {
        let recorded = record("timer", level);
        let mut timeline = recorded.timeline(with(EngineChoice::Auto));
        let due = vec![EventCondition::Kind(EventKind::Due)];
        timeline.set_conditions(Conditions { events: due, ..Conditions::default() });
        let Stop::Event(event) = timeline.resume().unwrap() else { panic!() };
        for ordinal in 0..=event.at.ordinal + 1 {
            timeline.seek(Moment { ordinal, ..event.at }).unwrap();
            timeline.reverse_step().unwrap();
            timeline.seek(Moment { ordinal, ..event.at }).unwrap();
        }
        // Whatever fires too often or not at all is a difference to the recording.
        timeline.set_conditions(Conditions::default());
        assert_eq!(timeline.resume().unwrap(), Stop::EndOfHistory);
    }
}

/// Catches an instruction that is named although the runs differ earlier or later.
#[test]
fn the_first_differing_instruction() {
    let script = |text: &str| format!("after \"echo: ready\" type \"a\\n{text}\\nquit\\n\"");
    let a = record_with("echo", Level::Events, &script("hello"));
    let b = record_with("echo", Level::Events, &script("hexlo"));
    let open = |recorded: &common::Recorded| recorded.timeline(with(EngineChoice::Auto));
    assert_eq!(bisect(&mut open(&a), &mut open(&a)).unwrap(), Bisection::Same);
    let (mut left, mut right) = (open(&a), open(&b));
    let Bisection::At(found) = bisect(&mut left, &mut right).unwrap() else { panic!() };
    for timeline in [&mut left, &mut right] {
        timeline.seek(found.at).unwrap();
    }
    assert_eq!((left.moment(), left.digest()), (right.moment(), right.digest()));
    assert!(found.instruction.is_some() && !found.parts.is_empty());
    left.step().unwrap();
    right.step().unwrap();
    assert_ne!((left.moment(), left.digest()), (right.moment(), right.digest()));
}
