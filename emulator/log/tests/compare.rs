//! Two logs side by side, and a log beside a run.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

mod samples;

use lockstep_core::{Event, Level, Moment, StateDigest, VcpuId, What};
use lockstep_log::{
    CONTEXT, Checker, Diff, Difference, Divergence, Ending, Header, LogError, Reader, diff, encode,
};

fn compare(left: (&Header, &[Event]), right: (&Header, &[Event])) -> Diff {
    let open = |(header, events)| Reader::from_bytes(encode(header, &[], events).unwrap()).unwrap();
    diff(&mut open(left), &mut open(right)).unwrap()
}

fn first_difference(expected: &[Event], actual: &[Event]) -> Box<Divergence> {
    let header = samples::header();
    compare((&header, expected), (&header, actual)).divergence.unwrap()
}

/// Catches a difference found where there is none.
#[test]
fn a_log_is_the_same_as_itself() {
    let (header, events) = (samples::header(), samples::long_run(50));
    let same = compare((&header, &events), (&header, &events));
    assert!(same.is_same_run() && same.headers.is_empty());
    assert_eq!(same.compared, events.len() as u64);
    assert_eq!(same.expected_ending, Some(Ending::Complete));
    assert_eq!(same.actual_ending, Some(Ending::Complete));
}

/// Catches an edit that is overlooked or reported late, as another kind of difference, or without its neighbours.
#[test]
fn any_edit_is_found_where_it_is() {
    let events = samples::long_run(30);
    for place in 0..events.len() {
        let at = events[place].at;
        let mut changed = events.clone();
        changed[place].vcpu = VcpuId(9);
        let found = first_difference(&events, &changed);
        assert!(matches!(found.difference, Difference::Mismatch { .. }));
        assert_eq!(found.at, at);
        assert_eq!(found.before, events[place.saturating_sub(CONTEXT)..place]);
        let after = &events[place + 1..events.len().min(place + 1 + CONTEXT)];
        assert_eq!(found.expected_after, after);
        assert_eq!(found.actual_after, after);

        let mut shorter = events.clone();
        shorter.remove(place);
        let found = first_difference(&events, &shorter);
        assert!(matches!(found.difference, Difference::Missing { .. }), "{found}");
        assert_eq!((found.at, found.difference.expected()), (at, Some(&events[place])));
        assert_eq!(found.difference.actual(), events.get(place + 1));
        let found = first_difference(&shorter, &events);
        assert!(matches!(found.difference, Difference::Unexpected { .. }), "{found}");
        assert_eq!((found.at, found.difference.actual()), (at, Some(&events[place])));
    }
}

/// Catches a thin and a full log of one run that are said to differ.
#[test]
fn levels_compare_by_what_they_share() {
    let events = samples::events();
    let header = |level| Header { level, ..samples::header() };
    for thin in Level::ALL {
        let same = compare((&header(thin), &events), (&header(Level::Full), &events));
        assert!(same.is_same_run(), "{same}");
        assert_eq!(same.level, thin);
        assert!(compare((&header(Level::Full), &events), (&header(thin), &events)).is_same_run());
    }
}

/// Catches a machine that differs and is not mentioned.
#[test]
fn headers_are_compared() {
    let mut other = samples::header();
    other.machine.memory *= 2;
    let events = samples::events();
    let found = compare((&samples::header(), &events), (&other, &events));
    assert!(!found.is_same_run() && found.divergence.is_none());
    assert!(found.to_string().contains("memory: 536870912 / 1073741824"), "{found}");
}

/// Catches a log that was cut off being taken for a run that ended early.
#[test]
fn a_cut_is_no_difference() {
    let (header, events) = (samples::header(), samples::long_run(60));
    let bytes = encode(&header, &[], &events).unwrap();
    let cut = bytes[..bytes.len() - 200].to_vec();
    let open = |bytes: &Vec<u8>| Reader::from_bytes(bytes.clone()).unwrap();
    for found in [
        diff(&mut open(&bytes), &mut open(&cut)).unwrap(),
        diff(&mut open(&cut), &mut open(&bytes)).unwrap(),
    ] {
        assert!(found.is_same_run(), "{found}");
        assert!(found.to_string().contains("cut off"), "{found}");
        assert!(found.compared > 0 && found.compared < events.len() as u64);
    }
}

/// A log of these events that is read without a file.
fn log(events: &[Event]) -> impl Iterator<Item = Result<Event, LogError>> {
    events.iter().cloned().map(Ok)
}

/// Catches a replay that cannot say what it waits for, or that goes past an event without noticing.
#[test]
fn a_replay_is_checked_as_it_goes() {
    let events = samples::long_run(2);
    let mut checker = Checker::new(log(&events), Level::Full);
    for event in &events[..5] {
        assert_eq!(checker.passed(event.at).unwrap(), None);
        assert_eq!(checker.check(event).unwrap(), None);
    }
    assert_eq!(checker.checked(), 5);
    assert_eq!(checker.awaited().unwrap(), Some(&events[5]));
    let late = Moment::at(events[5].at.retired + 1);
    let found = checker.passed(late).unwrap().unwrap();
    assert_eq!((found.at, found.difference.expected()), (events[5].at, Some(&events[5])));

    let mut checker = Checker::new(log(&events), Level::Full);
    let found = checker.stuck(Moment::START, VcpuId(0), "every vCPU waits").unwrap();
    assert_eq!(found.difference.expected(), Some(&events[0]));
    assert!(found.to_string().contains("no progress towards warp: every vCPU waits"), "{found}");

    let mut checker = Checker::new(log(&[]), Level::Full);
    let found = checker.check(&events[0]).unwrap().unwrap();
    assert!(found.to_string().contains("warp after the end of the log"), "{found}");
}

/// Catches a message from which nobody could tell what happened.
#[test]
fn a_divergence_reads_well() {
    let events = samples::long_run(1);
    let mut changed = events.clone();
    let interrupt =
        changed.iter_mut().find(|it| matches!(it.what, What::Interrupt { .. })).unwrap();
    if let What::Interrupt { pc, .. } = &mut interrupt.what {
        *pc += 4;
    }
    let found = first_difference(&events, &changed);
    assert_eq!(found.pc, Some(0x4008_0004));
    let expected = "\
divergence at 0.2 on cpu0, virtual time 0.000004000s, pc 0x40080004: another interrupt
    both      0.000004000s             0.0  cpu0  warp to=4000ns
    both      0.000004000s             0.1  cpu0  due cpu0:0 armed-for=4000ns
  > expected  0.000004000s             0.2  cpu0  interrupt irq pc=0x40080000
    expected  0.000004040s            10.0  cpu0  console-out port=0 \"l\"
    expected  0.000004120s            30.0  cpu0  console-out port=0 \"i\"
    expected  0.000004200s            50.0  cpu0  console-out port=0 \"n\"
    expected  0.000004280s            70.0  cpu0  console-out port=0 \"e\"
    expected  0.000004360s            90.0  cpu0  console-out port=0 \" \"
  > actual    0.000004000s             0.2  cpu0  interrupt irq pc=0x40080004
    actual    0.000004040s            10.0  cpu0  console-out port=0 \"l\"
    actual    0.000004120s            30.0  cpu0  console-out port=0 \"i\"
    actual    0.000004200s            50.0  cpu0  console-out port=0 \"n\"
    actual    0.000004280s            70.0  cpu0  console-out port=0 \"e\"
    actual    0.000004360s            90.0  cpu0  console-out port=0 \" \"
";
    assert_eq!(found.to_string(), expected);

    let mut changed = events.clone();
    let digest = changed.iter_mut().find(|it| matches!(it.what, What::Digest { .. })).unwrap();
    if let What::Digest { state, .. } = &mut digest.what {
        *state = StateDigest(3);
    }
    let text = first_difference(&events, &changed).to_string();
    assert!(text.contains("digests: the state of the machine differs, the events agree"), "{text}");
}
