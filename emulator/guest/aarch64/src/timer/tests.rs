use lockstep_core::VcpuId;
use lockstep_cpu::Guest;

use super::*;
use crate::registers::rows::at;
use crate::testing::*;

const CTL: u16 = at(3, 3, 14, 3, 1);
const CVAL: u16 = at(3, 3, 14, 3, 2);
const TVAL: u16 = at(3, 3, 14, 3, 0);
const COUNT: u16 = at(3, 3, 14, 0, 2);

fn armed(cx: &Cx<Aarch64>) -> Vec<(u32, u64)> {
    let place = |(id, time): (EntryId, VirtualTime)| {
        assert_eq!(id.owner, Owner::Vcpu(VcpuId(0)));
        (id.number, time.as_ns())
    };
    cx.bp.calendar.entries().into_iter().map(place).collect()
}

fn line(notes: &Shared, ppi: u32) -> Option<bool> {
    notes.lock().unwrap().ppis.iter().rev().find(|(which, _)| *which == ppi).map(|(_, on)| *on)
}

/// Catches an entry a nanosecond early or late, an interrupt that does not come, and one that does not go.
#[test]
fn fires_when_the_count_gets_there() {
    let (mut cx, notes) = machine_of(1);
    at_ns(&mut cx, 1601);
    assert_eq!(read_sys(&mut cx, COUNT).unwrap(), 100);
    write_sys(&mut cx, CVAL, 200).unwrap();
    assert_eq!(armed(&cx), []);
    write_sys(&mut cx, CTL, 1).unwrap();
    assert_eq!(armed(&cx), [(1, 3200)]);
    at_ns(&mut cx, 3199);
    assert_eq!(read_sys(&mut cx, CTL).unwrap(), 1);
    at_ns(&mut cx, 3200);
    assert_eq!(read_sys(&mut cx, CTL).unwrap(), 5);
    assert_eq!(line(&notes, 27), Some(false));
    assert!(cx.bp.calendar.take_due(cx.bp.now()).is_some());
    Aarch64::due(&mut cx, 1);
    assert_eq!((line(&notes, 27), armed(&cx)), (Some(true), vec![]));
    // Masked: the status stays, the line goes.
    write_sys(&mut cx, CTL, 3).unwrap();
    assert_eq!((line(&notes, 27), read_sys(&mut cx, CTL).unwrap()), (Some(false), 7));
    cx.bp.attention = false;
    write_sys(&mut cx, CTL, 1).unwrap();
    assert_eq!(line(&notes, 27), Some(true));
    assert!(cx.bp.attention, "the run loop has to look at the line");
    write_sys(&mut cx, CVAL, 300).unwrap();
    assert_eq!((line(&notes, 27), armed(&cx)), (Some(false), vec![(1, 4800)]));
    write_sys(&mut cx, CTL, 0).unwrap();
    assert_eq!(armed(&cx), []);
    assert!(cx.bp.attention, "the run loop has to look at the calendar");
}

/// Catches timers that share an entry or an interrupt.
#[test]
fn two_timers() {
    let (mut cx, notes) = machine_of(1);
    write_sys(&mut cx, at(3, 3, 14, 2, 2), 50).unwrap();
    write_sys(&mut cx, at(3, 3, 14, 2, 1), 1).unwrap();
    write_sys(&mut cx, CVAL, 60).unwrap();
    write_sys(&mut cx, CTL, 1).unwrap();
    assert_eq!(armed(&cx), [(0, 800), (1, 960)]);
    at_ns(&mut cx, 800);
    Aarch64::due(&mut cx, 0);
    assert_eq!((line(&notes, 30), line(&notes, 27)), (Some(true), Some(false)));
}

/// Catches TVAL that is not signed, or not relative to now.
#[test]
fn distances() {
    let (mut cx, notes) = machine_of(1);
    at_ns(&mut cx, 1600);
    write_sys(&mut cx, CTL, 1).unwrap();
    write_sys(&mut cx, TVAL, 40).unwrap();
    assert_eq!(read_sys(&mut cx, CVAL).unwrap(), 140);
    assert_eq!((read_sys(&mut cx, TVAL).unwrap(), armed(&cx)), (40, vec![(1, 2240)]));
    write_sys(&mut cx, TVAL, 0xffff_fff6).unwrap();
    assert_eq!(read_sys(&mut cx, CVAL).unwrap(), 90);
    assert_eq!(read_sys(&mut cx, TVAL).unwrap(), 0xffff_fff6);
    assert_eq!((line(&notes, 27), armed(&cx)), (Some(true), vec![]));
}

/// Catches an overflow of a compare value that no run reaches.
#[test]
fn beyond_reach() {
    let (mut cx, notes) = machine_of(1);
    write_sys(&mut cx, CTL, 1).unwrap();
    for value in [u64::MAX, u64::MAX / 16 + 1] {
        write_sys(&mut cx, CVAL, value).unwrap();
        assert_eq!((line(&notes, 27), armed(&cx)), (Some(false), vec![]));
    }
    write_sys(&mut cx, CVAL, u64::MAX / 16).unwrap();
    assert_eq!(armed(&cx), [(1, !15)]);
}

/// Catches EL0 that reads counters or sets timers which CNTKCTL_EL1 keeps from it.
#[test]
fn user_access() {
    let mut cx = machine();
    go_to(&mut cx, 0);
    let trap = |result: Result<u64, lockstep_cpu::Exit<Aarch64>>| class_of(fault(result));
    for encoding in [COUNT, CTL, CVAL, TVAL, at(3, 3, 14, 0, 0), at(3, 3, 14, 0, 1)] {
        assert_eq!(trap(read_sys(&mut cx, encoding)), 0x18);
    }
    cx.cpu.sys.cntkctl = cntkctl::EL0VCTEN;
    assert!(read_sys(&mut cx, COUNT).is_ok());
    assert_eq!(read_sys(&mut cx, at(3, 3, 14, 0, 0)).unwrap(), FREQUENCY);
    assert_eq!(class_of(fault(write_sys(&mut cx, at(3, 3, 14, 0, 0), 1))), 0);
    assert_eq!(trap(read_sys(&mut cx, at(3, 3, 14, 0, 1))), 0x18);
    assert_eq!(trap(read_sys(&mut cx, CTL)), 0x18);
    cx.cpu.sys.cntkctl = cntkctl::EL0VTEN;
    assert!(write_sys(&mut cx, CTL, 1).is_ok());
    assert_eq!(trap(read_sys(&mut cx, at(3, 3, 14, 2, 1))), 0x18);
}

/// Catches an event stream with a wrong period or phase, or one that runs while nobody waits.
#[test]
fn event_stream() {
    let mut cx = machine();
    at_ns(&mut cx, 16 * 20);
    for (direction, next) in [(0, 24), (cntkctl::EVNTDIR, 32)] {
        write_sys(&mut cx, at(3, 0, 14, 1, 0), cntkctl::EVNTEN | direction | 3 << 4).unwrap();
        cx.cpu.power = PowerState::Running;
        arm_event_stream(&mut cx);
        assert_eq!(armed(&cx), []);
        cx.cpu.power = PowerState::WaitingForEvent;
        arm_event_stream(&mut cx);
        assert_eq!(armed(&cx), [(EVENT_STREAM, 16 * next)]);
        let id = entry(&cx, EVENT_STREAM);
        cx.bp.cancel(id);
    }
    assert!(!Aarch64::wakes(&cx.cpu));
    Aarch64::due(&mut cx, EVENT_STREAM);
    assert!(Aarch64::wakes(&cx.cpu));
}

/// Catches a processor that goes off and leaves an interrupt or an entry behind.
#[test]
fn off_takes_the_timers_along() {
    let (mut cx, notes) = machine_of(1);
    write_sys(&mut cx, CTL, 1).unwrap();
    write_sys(&mut cx, at(3, 3, 14, 2, 2), 50).unwrap();
    write_sys(&mut cx, at(3, 3, 14, 2, 1), 1).unwrap();
    assert_eq!((line(&notes, 27), armed(&cx)), (Some(true), vec![(0, 800)]));
    power_off(&mut cx);
    assert_eq!((line(&notes, 27), armed(&cx)), (Some(false), vec![]));
}
