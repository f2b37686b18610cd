use super::*;
use crate::testing::{Bench, assert_round_trip};

fn get(bench: &mut Bench, timer: &mut I8254, port: u64) -> u8 {
    timer.read(&mut bench.cx(), port, 1).unwrap() as u8
}

fn put(bench: &mut Bench, timer: &mut I8254, port: u64, value: u8) {
    timer.write(&mut bench.cx(), port, 1, value.into()).unwrap();
}

/// The nanosecond by which so many ticks have passed.
fn ticks(count: u64) -> u64 {
    (count * 1_000_000_000).div_ceil(spec::HERTZ)
}

fn at(bench: &mut Bench, timer: &mut I8254, tick: u64) {
    bench.run_until(timer, ticks(tick));
}

/// Catches the calibration loop of Linux, which counts 65535 down in counter 2 and watches port B, at the wrong length.
#[test]
fn one_shot_with_gate() {
    let (mut bench, mut timer) = (Bench::new(), I8254::new(1));
    put(&mut bench, &mut timer, spec::PORT_B, 1);
    for (port, value) in [(spec::CONTROL, 0xb0), (2, 0xff), (2, 0xff)] {
        put(&mut bench, &mut timer, port, value);
    }
    at(&mut bench, &mut timer, 65_534);
    assert_eq!(get(&mut bench, &mut timer, spec::PORT_B) & 0x2f, 1);
    put(&mut bench, &mut timer, spec::CONTROL, 0x80);
    assert_eq!([get(&mut bench, &mut timer, 2), get(&mut bench, &mut timer, 2)], [1, 0]);
    at(&mut bench, &mut timer, 65_535);
    assert_eq!(get(&mut bench, &mut timer, spec::PORT_B) & 0x2f, 0x21);
    put(&mut bench, &mut timer, spec::PORT_B, 0);
    let count = get(&mut bench, &mut timer, 2);
    at(&mut bench, &mut timer, 65_900);
    get(&mut bench, &mut timer, 2);
    assert_eq!(get(&mut bench, &mut timer, 2), count, "the gate stops it");
}

/// Catches a rate generator and a square wave whose edges drift, or that keep an idle machine going for nobody.
#[test]
fn periodic_outputs() {
    for (mode, first, second) in [(0x34, 999, 1000), (0x36, 500, 1000)] {
        let (mut bench, mut timer) = (Bench::new(), I8254::new(1));
        for (port, value) in [(spec::CONTROL, mode), (0, 0xe8), (0, 0x03)] {
            put(&mut bench, &mut timer, port, value);
        }
        assert_eq!(bench.bp.calendar.next(), None);
        timer.want_output(&mut bench.cx(), true);
        for (tick, level) in
            [(first, false), (second, true), (first + 1000, false), (second + 1000, true)]
        {
            let (time, _) = bench.bp.calendar.next().unwrap();
            assert_eq!(time.as_ns(), ticks(tick), "mode {mode:#x}");
            assert_eq!(timer.output(VirtualTime::from_ns(time.as_ns() - 1)), !level);
            bench.run_until(&mut timer, time.as_ns());
            assert_eq!(timer.output(bench.bp.now()), level);
        }
        timer.want_output(&mut bench.cx(), false);
        assert_eq!(bench.bp.calendar.next(), None);
    }
}

/// Catches strobes and one-shots with another polarity, BCD counts read as binary, and the read-back command.
#[test]
fn other_modes_and_read_back() {
    let (mut bench, mut timer) = (Bench::new(), I8254::new(1));
    for (port, value) in [(spec::CONTROL, 0x39), (0, 0x00), (0, 0x10)] {
        put(&mut bench, &mut timer, port, value);
    }
    at(&mut bench, &mut timer, 1);
    assert_eq!([get(&mut bench, &mut timer, 0), get(&mut bench, &mut timer, 0)], [0x99, 0x09]);
    at(&mut bench, &mut timer, 1000);
    assert!(!timer.output(bench.bp.now()));
    put(&mut bench, &mut timer, spec::CONTROL, 0xc2);
    at(&mut bench, &mut timer, 1001);
    assert!(timer.output(bench.bp.now()));
    let latched = [0; 3].map(|_| get(&mut bench, &mut timer, 0));
    assert_eq!(latched, [0x39, 0, 0], "status, then count, of tick 1000");
    for (port, value) in [(spec::CONTROL, 0x92), (2, 4)] {
        put(&mut bench, &mut timer, port, value);
    }
    let out = |bench: &Bench, timer: &I8254| timer.state.counters[2].output(bench.bp.now());
    assert!(out(&bench, &timer));
    put(&mut bench, &mut timer, spec::PORT_B, 1);
    assert!(!out(&bench, &timer), "a one-shot waits for its trigger");
    at(&mut bench, &mut timer, 1006);
    assert!(out(&bench, &timer));
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut timer) = (Bench::new(), I8254::new(1));
    for (port, value) in [(spec::CONTROL, 0x34), (0, 1), (spec::PORT_B, 3)] {
        put(&mut bench, &mut timer, port, value);
    }
    timer.want_output(&mut bench.cx(), true);
    put(&mut bench, &mut timer, 0, 2);
    put(&mut bench, &mut timer, spec::CONTROL, 0xc2);
    assert_round_trip(&timer, I8254::new(1));
    timer.reset(&mut bench.cx());
    assert_eq!((timer.clone(), bench.bp.calendar.next()), (I8254::new(1), None));
    assert!(timer.read(&mut bench.cx(), 5, 1).is_err());
    assert!(timer.write(&mut bench.cx(), 0, 2, 0).is_err());
}
