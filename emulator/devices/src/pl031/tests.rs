use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};

const START: u32 = 1_700_000_000;
const SECOND: u64 = spec::TICK_NS;

fn ready() -> (Bench, Pl031) {
    (Bench::new(), Pl031::new(6, START))
}

/// Catches a date that comes from anywhere but the configuration and virtual time, and rounding up.
#[test]
fn date_follows_virtual_time() {
    let (mut bench, mut rtc) = ready();
    assert_eq!(bench.read(&mut rtc, spec::DR), START.into());
    bench.run_until(&mut rtc, 3 * SECOND - 4);
    assert_eq!(bench.read(&mut rtc, spec::DR), u64::from(START) + 2);
    bench.write(&mut rtc, spec::LR, 500);
    bench.run_until(&mut rtc, 4 * SECOND - 8);
    assert_eq!(bench.read(&mut rtc, spec::DR), 500);
    bench.run_until(&mut rtc, 4 * SECOND);
    assert_eq!(bench.read(&mut rtc, spec::DR), 501);
}

/// Catches an alarm that comes early, late, twice, or that is forgotten when the date is set.
#[test]
fn alarm_comes_at_its_second() {
    let (mut bench, mut rtc) = ready();
    bench.write(&mut rtc, spec::IMSC, 1);
    bench.write(&mut rtc, spec::MR, u64::from(START) + 10);
    bench.run_until(&mut rtc, 10 * SECOND - 4);
    assert!(!rtc.interrupt());
    bench.write(&mut rtc, spec::LR, u64::from(START) + 8);
    bench.run_until(&mut rtc, 12 * SECOND - 8);
    assert!(!rtc.interrupt());
    bench.run_until(&mut rtc, 12 * SECOND - 4);
    assert!(rtc.interrupt());
    assert_eq!(bench.read(&mut rtc, spec::MIS), 1);
    assert_eq!(bench.bp.calendar.next(), None);
    bench.write(&mut rtc, spec::ICR, 1);
    assert!(!rtc.interrupt());
    bench.run_until(&mut rtc, 13 * SECOND);
    assert_eq!(bench.read(&mut rtc, spec::RIS), 0);
    bench.write(&mut rtc, spec::MR, 1);
    bench.write(&mut rtc, spec::MR, u64::from(START) + 11);
    assert!(rtc.interrupt(), "the clock shows the match value already");
}

/// Catches an alarm nobody waits for that keeps an idle machine alive, or that is not seen because nobody waited.
#[test]
fn masked_alarm_is_computed_when_looked_at() {
    let (mut bench, mut rtc) = ready();
    bench.write(&mut rtc, spec::MR, u64::from(START) + 2);
    assert_eq!(bench.bp.calendar.next(), None);
    bench.run_until(&mut rtc, 5 * SECOND);
    assert_eq!(bench.read(&mut rtc, spec::RIS), 1);
    assert!(!rtc.interrupt());
    bench.write(&mut rtc, spec::IMSC, 1);
    assert!(rtc.interrupt());
}

/// Catches identification by which Linux would not bind, and a clock that reads as stopped.
#[test]
fn registers_are_as_documented() {
    let (mut bench, mut rtc) = ready();
    bench.write(&mut rtc, spec::CR, 0);
    assert_eq!(bench.read(&mut rtc, spec::CR), 1);
    assert_eq!(bench.read(&mut rtc, 0xfe0), 0x31);
    assert_eq!(bench.read(&mut rtc, 0xff0), 0x0d);
    assert_loud(&mut rtc, &mut bench, 0x20);
}

/// Catches state that a snapshot forgets or a reset leaves, the calendar included.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut rtc) = ready();
    bench.run_until(&mut rtc, SECOND);
    bench.write(&mut rtc, spec::LR, 77);
    bench.write(&mut rtc, spec::MR, 80);
    bench.write(&mut rtc, spec::IMSC, 1);
    assert!(bench.bp.calendar.next().is_some());
    assert_round_trip(&rtc, Pl031::new(6, START));
    rtc.reset(&mut bench.cx());
    assert_eq!(rtc, Pl031::new(6, START));
    assert_eq!(bench.bp.calendar.next(), None);
}
