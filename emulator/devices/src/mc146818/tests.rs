use super::*;
use crate::testing::{Bench, assert_round_trip};

/// 2026-02-28 23:59:58.
const START: i64 = 1_772_323_198;

fn get(bench: &mut Bench, rtc: &mut Mc146818, register: u8) -> u8 {
    rtc.write(&mut bench.cx(), spec::INDEX, 1, register.into()).unwrap();
    rtc.read(&mut bench.cx(), spec::DATA, 1).unwrap() as u8
}

fn put(bench: &mut Bench, rtc: &mut Mc146818, register: u8, value: u8) {
    rtc.write(&mut bench.cx(), spec::INDEX, 1, register.into()).unwrap();
    rtc.write(&mut bench.cx(), spec::DATA, 1, value.into()).unwrap();
}

fn date(bench: &mut Bench, rtc: &mut Mc146818) -> [u8; 7] {
    [0, 2, 4, 6, 7, 8, 9].map(|register| get(bench, rtc, register))
}

/// Catches a date that does not follow virtual time, and an update that is not announced.
#[test]
fn the_date_goes_on() {
    let (mut bench, mut rtc) = (Bench::new(), Mc146818::new(1, START));
    assert_eq!(date(&mut bench, &mut rtc), [0x58, 0x59, 0x23, 7, 0x28, 0x02, 0x26]);
    assert_eq!(get(&mut bench, &mut rtc, spec::A), 0x26);
    bench.run_until(&mut rtc, 997_800_000);
    assert_eq!(get(&mut bench, &mut rtc, spec::A), 0xa6);
    bench.run_until(&mut rtc, 2_000_000_000);
    assert_eq!(date(&mut bench, &mut rtc), [0, 0, 0, 1, 0x01, 0x03, 0x26]);
    assert_eq!(get(&mut bench, &mut rtc, spec::C), 0x70, "midnight is where the alarm stands");
    assert_eq!(get(&mut bench, &mut rtc, spec::C), 0);
    assert_eq!(get(&mut bench, &mut rtc, spec::D), 0x80);
    assert_eq!(get(&mut bench, &mut rtc, 0x32), 0x20);
}

/// Catches a time that runs while it is set, and a mode that changes the date.
#[test]
fn setting_the_time() {
    let (mut bench, mut rtc) = (Bench::new(), Mc146818::new(1, START));
    put(&mut bench, &mut rtc, spec::B, spec::B_SET | spec::B_24_HOURS | spec::B_BINARY);
    for (register, value) in [(0, 59), (2, 59), (4, 23), (6, 4), (7, 31), (8, 12), (9, 99)] {
        put(&mut bench, &mut rtc, register, value);
    }
    bench.run_until(&mut rtc, 5_000_000_000);
    assert_eq!(get(&mut bench, &mut rtc, 0), 59);
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS);
    // The bytes are read in the mode in which the clock goes on: BCD, so that 59 is not a second. It counts on.
    put(&mut bench, &mut rtc, spec::B, spec::B_SET | spec::B_24_HOURS);
    for (register, value) in
        [(0, 0x59), (2, 0x59), (4, 0x23), (6, 4), (7, 0x31), (8, 0x12), (9, 0x99)]
    {
        put(&mut bench, &mut rtc, register, value);
    }
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS);
    bench.run_until(&mut rtc, 6_000_000_000);
    assert_eq!(date(&mut bench, &mut rtc), [0, 0, 0, 5, 0x01, 0x01, 0x00]);
}

/// Catches ticks at the wrong rate, ticks that stop when nobody reads register C, and ticks nobody asked for.
#[test]
fn periodic_ticks() {
    let (mut bench, mut rtc) = (Bench::new(), Mc146818::new(1, START));
    assert_eq!(bench.bp.calendar.next(), None);
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS | spec::B_PIE);
    let mut ticks = 0;
    while let Some((time, _)) = bench.bp.calendar.next() {
        if time.as_ns() > 1_000_000_000 {
            break;
        }
        ticks += 1;
        bench.run_until(&mut rtc, time.as_ns());
    }
    assert_eq!(ticks, 1024);
    assert!(rtc.interrupt());
    assert_eq!(get(&mut bench, &mut rtc, spec::C), 0xd0);
    assert!(!rtc.interrupt());
    put(&mut bench, &mut rtc, spec::A, 0x2f);
    let next = bench.bp.calendar.next().unwrap().0;
    assert_eq!(next.as_ns(), 1_500_000_000);
    put(&mut bench, &mut rtc, spec::A, 0x20);
    assert_eq!(bench.bp.calendar.next(), None);
}

/// Catches an alarm at the wrong second, or one that any field keeps from matching.
#[test]
fn alarms() {
    let (mut bench, mut rtc) = (Bench::new(), Mc146818::new(1, START));
    for (register, value) in [(1, 0x01), (3, 0xc0), (5, 0xff)] {
        put(&mut bench, &mut rtc, register, value);
    }
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS | spec::B_AIE);
    bench.run_until(&mut rtc, 2_999_999_999);
    assert!(!rtc.interrupt());
    bench.run_until(&mut rtc, 3_000_000_000);
    assert!(rtc.interrupt());
    assert_eq!(get(&mut bench, &mut rtc, spec::C) & 0xa0, 0xa0);
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS | spec::B_UIE);
    bench.run_until(&mut rtc, 4_000_000_000);
    assert!(rtc.interrupt());
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut rtc) = (Bench::new(), Mc146818::new(1, START));
    put(&mut bench, &mut rtc, 0x40, 0x5a);
    put(&mut bench, &mut rtc, spec::A, 0x70);
    put(&mut bench, &mut rtc, spec::B, spec::B_24_HOURS | spec::B_PIE);
    bench.run_until(&mut rtc, 700_000_000);
    put(&mut bench, &mut rtc, spec::A, 0x26);
    assert_eq!(get(&mut bench, &mut rtc, 0), 0x58);
    bench.run_until(&mut rtc, 1_200_000_000);
    assert_eq!(get(&mut bench, &mut rtc, 0), 0x59, "half a second after the divider's reset");
    assert_round_trip(&rtc, Mc146818::new(1, START));
    let mut saved = Saved::default();
    saved.put("rtc", Mc146818State::VERSION, &(0u8, vec![0u8; 3], [0u8; 32]));
    assert!(matches!(rtc.restore("rtc", &saved), Err(RestoreError::Damaged { .. })));
    rtc.reset(&mut bench.cx());
    assert_eq!((rtc.clone(), bench.bp.calendar.next()), (Mc146818::new(1, START), None));
    assert!(rtc.write(&mut bench.cx(), 2, 1, 0).is_err());
    rtc.write(&mut bench.cx(), spec::INDEX, 1, spec::B.into()).unwrap();
    assert!(rtc.write(&mut bench.cx(), spec::DATA, 1, 3).is_err(), "daylight saving");
}
