use super::*;
use crate::testing::{Bench, assert_round_trip};

const MASTER: u64 = spec::MASTER;
const SLAVE: u64 = spec::SLAVE;

fn put(pair: &mut I8259, offset: u64, value: u64) {
    pair.write(&mut Bench::new().cx(), offset, 1, value).unwrap();
}

fn get(pair: &mut I8259, offset: u64) -> u64 {
    pair.read(&mut Bench::new().cx(), offset, 1).unwrap()
}

fn ready() -> I8259 {
    let mut pair = I8259::initialized();
    put(&mut pair, MASTER + spec::MASK, 0);
    put(&mut pair, SLAVE + spec::MASK, 0);
    pair
}

/// Catches vectors from the wrong chip, an interrupt acknowledged twice, and one that lower ones interrupt.
#[test]
fn nesting_and_cascade() {
    let mut pair = ready();
    pair.set_line(4, true);
    assert!(pair.interrupt());
    assert_eq!(pair.acknowledge(), 4);
    assert!(!pair.interrupt());
    pair.set_line(6, true);
    assert!(!pair.interrupt(), "6 is below 4, which is busy");
    pair.set_line(12, true);
    assert_eq!(pair.acknowledge(), 12);
    put(&mut pair, MASTER, 0x0b);
    assert_eq!(get(&mut pair, MASTER), 0x14);
    put(&mut pair, SLAVE, 0x0a);
    assert_eq!(get(&mut pair, SLAVE), 0, "an edge is taken once");
    for chip in [SLAVE, MASTER, MASTER] {
        put(&mut pair, chip, 0x20);
    }
    assert_eq!(pair.acknowledge(), 6);
}

/// Catches masks that let through or lose an edge, and spurious interrupts with a real vector.
#[test]
fn masks_and_spurious_interrupts() {
    let mut pair = I8259::initialized();
    assert!(pair.masked(9));
    pair.set_line(9, true);
    assert!(!pair.interrupt());
    assert_eq!(pair.acknowledge(), 7);
    put(&mut pair, SLAVE + spec::MASK, 0xfd);
    put(&mut pair, MASTER + spec::MASK, 0xfb);
    assert!(pair.interrupt() && !pair.masked(9));
    pair.set_line(9, false);
    assert!(!pair.interrupt());
    pair.set_line(9, true);
    assert_eq!(pair.acknowledge(), 9);
    assert_eq!(get(&mut pair, SLAVE + spec::MASK), 0xfd);
}

/// Catches level-sensitive inputs that are forgotten once acknowledged, and edges that repeat.
#[test]
fn levels_ask_again() {
    let mut pair = ready();
    put(&mut pair, spec::ELCR, 0xff);
    put(&mut pair, spec::ELCR + 1, 0xff);
    assert_eq!((get(&mut pair, spec::ELCR), get(&mut pair, spec::ELCR + 1)), (0xf8, 0xde));
    for (irq, again) in [(5, true), (1, false), (11, true), (13, false)] {
        pair.set_line(irq, true);
        assert_eq!(pair.acknowledge(), irq);
        put(&mut pair, SLAVE, 0x20);
        put(&mut pair, MASTER, 0x20);
        assert_eq!(pair.interrupt(), again, "irq {irq}");
        pair.set_line(irq, false);
        assert!(!pair.interrupt());
    }
}

/// Catches the end of interrupt with rotation, which Linux on Alpha uses for every interrupt, and special masks.
#[test]
fn rotation_and_special_mask() {
    let mut pair = ready();
    pair.set_line(3, true);
    assert_eq!(pair.acknowledge(), 3);
    put(&mut pair, MASTER, 0xe3);
    pair.set_line(1, true);
    pair.set_line(4, true);
    assert_eq!(pair.acknowledge(), 4, "4 follows 3, which is now the last");
    put(&mut pair, MASTER, 0x68);
    put(&mut pair, MASTER + spec::MASK, 0x10);
    assert_eq!(pair.acknowledge(), 1, "4 is masked, and so does not block");
    put(&mut pair, MASTER, 0x0e);
    assert_eq!(get(&mut pair, MASTER), 0, "a poll finds nothing");
}

/// Catches automatic ends that leave an input busy, and modes that cannot be meant.
#[test]
fn initialization() {
    let mut pair = ready();
    put(&mut pair, MASTER, 0x11);
    pair.set_line(0, true);
    assert!(!pair.interrupt());
    for word in [0x47, 4, 3] {
        put(&mut pair, MASTER + spec::MASK, word);
    }
    assert_eq!(pair.acknowledge(), 0x40);
    put(&mut pair, MASTER, 0x0b);
    assert_eq!(get(&mut pair, MASTER), 0);
    put(&mut pair, MASTER, 0x11);
    put(&mut pair, MASTER + spec::MASK, 0);
    put(&mut pair, MASTER + spec::MASK, 0);
    let mcs80 = pair.write(&mut Bench::new().cx(), MASTER + spec::MASK, 1, 0);
    assert!(matches!(mcs80, Err(AccessError::Unimplemented { .. })));
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saved_whole_and_reset_whole() {
    let mut pair = ready();
    pair.set_line(10, true);
    pair.set_line(3, true);
    pair.acknowledge();
    put(&mut pair, spec::ELCR + 1, 4);
    assert_round_trip(&pair, I8259::initialized());
    let mut bench = Bench::new();
    pair.reset(&mut bench.cx());
    assert_eq!(pair, I8259::initialized());
    assert!(pair.read(&mut bench.cx(), 2, 1).is_err());
    assert!(pair.read(&mut bench.cx(), 0, 2).is_err());
}
