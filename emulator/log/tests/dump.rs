//! The dump against the format.
//!
//! `golden-dump.txt` is reviewed by people: change it by hand when a dump form changes on purpose.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

mod samples;

use lockstep_core::EventKind;
use lockstep_log::{Ending, EventLine, Reader, dump, encode, parse_dump, parse_event};

const GOLDEN: &str = include_str!("golden-dump.txt");

fn dumped(bytes: Vec<u8>) -> String {
    let mut text = Vec::new();
    assert_eq!(dump(&mut Reader::from_bytes(bytes).unwrap(), &mut text).unwrap(), Ending::Complete);
    String::from_utf8(text).unwrap()
}

/// Catches a dump that changed without anybody having looked at it.
#[test]
fn looks_as_agreed() {
    let text = dumped(encode(&samples::header(), &[], &samples::events()).unwrap());
    for (ours, golden) in text.lines().zip(GOLDEN.lines()) {
        assert_eq!(ours, golden);
    }
    assert_eq!(text, GOLDEN);
}

/// Catches a new kind of event that has no example.
#[test]
fn every_kind_has_a_golden_example() {
    let (_, events) = parse_dump(GOLDEN).unwrap();
    for kind in EventKind::ALL {
        let example = events.iter().find(|event| event.what.kind() == kind);
        assert!(example.is_some(), "golden-dump.txt has no '{}'", kind.name());
    }
}

/// Catches a dump that leaves something out: what is parsed back must encode to the same bytes.
#[test]
fn dump_parse_encode_gives_the_same_log() {
    for events in [samples::events(), samples::long_run(40), Vec::new()] {
        let bytes = encode(&samples::header(), &[], &events).unwrap();
        let (header, parsed) = parse_dump(&dumped(bytes.clone())).unwrap();
        assert_eq!(header, samples::header());
        assert_eq!(parsed, events);
        assert!(encode(&header, &[], &parsed).unwrap() == bytes);
    }
}

/// Catches a parser that does not say where a dump is wrong.
#[test]
fn errors_name_the_line() {
    let wrong = GOLDEN.replace("to=1000000ns", "to=1000000");
    let line = GOLDEN.lines().position(|line| line.contains("to=1000000ns")).unwrap() + 1;
    assert_eq!(parse_dump(&wrong).unwrap_err().line, line);
    let wrong = GOLDEN.replace("\nseed ", "\nsprout ");
    let line = GOLDEN.lines().position(|line| line.starts_with("seed ")).unwrap() + 1;
    assert_eq!(parse_dump(&wrong).unwrap_err().line, line);
    assert!(parse_dump("").is_err());
    for event in samples::events() {
        assert_eq!(parse_event(&EventLine(&event).to_string()), Ok(event));
    }
}
