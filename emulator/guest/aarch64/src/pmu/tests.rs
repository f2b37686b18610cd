use lockstep_core::VirtualTime;

use super::*;
use crate::registers::rows::at;
use crate::testing::{Shared, go_to, machine_of, read_sys, write_sys};

const PMCR: u16 = at(3, 3, 9, 12, 0);
const ENABLE: u16 = at(3, 3, 9, 12, 1);
const OVERFLOWED: u16 = at(3, 3, 9, 12, 3);
const INCREMENT: u16 = at(3, 3, 9, 12, 4);
const INTERRUPTS: u16 = at(3, 0, 9, 14, 1);
const CYCLE_FILTER: u16 = at(3, 3, 14, 15, 7);

fn counter(n: u16) -> u16 {
    at(3, 3, 14, 8, n)
}

fn kind(n: u16) -> u16 {
    at(3, 3, 14, 12, n)
}

/// A processor whose first counters count these, from these values; instructions take 4 ns.
fn counting(counters: &[(u64, u64)]) -> (Cx<Aarch64>, Shared) {
    let (mut cx, notes) = machine_of(1);
    for (n, (event, value)) in (0..).zip(counters) {
        write_sys(&mut cx, kind(n), *event).unwrap();
        write_sys(&mut cx, counter(n), *value).unwrap();
    }
    write_sys(&mut cx, INTERRUPTS, ALL).unwrap();
    write_sys(&mut cx, ENABLE, ALL).unwrap();
    write_sys(&mut cx, PMCR, E).unwrap();
    (cx, notes)
}

fn next(cx: &Cx<Aarch64>) -> Option<VirtualTime> {
    cx.bp.calendar.next().map(|(time, _)| time)
}

fn ns(count: u64) -> Option<VirtualTime> {
    Some(VirtualTime::from_ns(count))
}

/// Lets instructions retire, without running any, and what is due then happen.
fn retire(cx: &mut Cx<Aarch64>, count: u64) {
    cx.bp.retired += count;
    while cx.bp.calendar.take_due(cx.bp.now()).is_some() {
        due(cx);
    }
}

/// Catches counts that are off by one, an overflow that is early or late by an instruction, and an interrupt that stays
/// or does not come.
#[test]
fn overflows_at_its_instruction() {
    let (mut cx, notes) = counting(&[(event::INST_RETIRED, 0xffff_ff00), (event::CPU_CYCLES, 7)]);
    assert_eq!(next(&cx), ns(0x100 * 4));
    retire(&mut cx, 0xff);
    let counts = |cx: &mut Cx<Aarch64>| [0, 1].map(|n| read(cx, |pmu| pmu.count(n)));
    assert_eq!(counts(&mut cx), [0xffff_ffff, 7 + 0xff * 4]);
    assert_eq!(read(&mut cx, Pmu::cycles), 0xff * 4);
    assert!(notes.lock().unwrap().ppis.is_empty());
    retire(&mut cx, 1);
    assert_eq!(notes.lock().unwrap().ppis, [(PPI, true)]);
    assert_eq!(read(&mut cx, Pmu::overflowed), 1);
    write(&mut cx, |pmu| pmu.clear_overflowed(1));
    assert_eq!(notes.lock().unwrap().ppis, [(PPI, true), (PPI, false)]);
    write(&mut cx, |pmu| pmu.set_cycles(!9));
    assert_eq!(next(&cx), ns(0x100 * 4 + 10));
    write(&mut cx, |pmu| pmu.disable(CYCLES | 1));
    retire(&mut cx, 1000);
    assert_eq!(counts(&mut cx), [0, 7 + 0x100 * 4 + 4000]);
    assert_eq!(read(&mut cx, Pmu::overflowed), 0);
}

/// Catches increments of counters that count something else, and a chain that does not carry.
#[test]
fn increments_and_chains() {
    let (mut cx, _) = counting(&[(event::SW_INCR, !0), (event::CHAIN, 4), (event::CPU_CYCLES, 0)]);
    write_sys(&mut cx, INCREMENT, 0b111).unwrap();
    let counts: Vec<u64> = (0..3).map(|n| read_sys(&mut cx, counter(n)).unwrap()).collect();
    assert_eq!(counts, [0, 5, 0]);
    assert_eq!(read_sys(&mut cx, OVERFLOWED).unwrap(), 1);
    write_sys(&mut cx, PMCR, E | P).unwrap();
    assert_eq!(read_sys(&mut cx, counter(1)).unwrap(), 0);
    assert_eq!(read_sys(&mut cx, PMCR).unwrap(), 6 << 11 | LC | E);
}

/// Catches counters that count at the wrong exception level, or in another processor's turn, or a calendar that wakes a
/// processor which waits for instructions that do not come.
#[test]
fn only_where_and_while_it_runs() {
    let (mut cx, _) = counting(&[(event::INST_RETIRED | NOT_EL1, 0), (event::INST_RETIRED, 0)]);
    write_sys(&mut cx, CYCLE_FILTER, NOT_EL0).unwrap();
    retire(&mut cx, 10);
    cx.bp.retired -= 1;
    around(&mut cx, (event::EXC_RETURN, true), |cx| go_to(cx, 0));
    cx.bp.retired += 1;
    retire(&mut cx, 5);
    let read = |cx: &mut Cx<Aarch64>, n| read(cx, |pmu| pmu.count(n));
    assert_eq!((read(&mut cx, 0), read(&mut cx, 1)), (5, 15));
    assert_eq!(super::read(&mut cx, Pmu::cycles), 40);
    stops(&mut cx);
    let deadline = next(&cx);
    assert_eq!(deadline, None);
    retire(&mut cx, 100);
    resumes(&mut cx);
    retire(&mut cx, 1);
    assert_eq!((read(&mut cx, 0), read(&mut cx, 1)), (6, 16));
}
