//! What a driver sees of the registers.

use super::{Slot, spec};
use crate::testing::{Bench, assert_loud};
use crate::virtio::console::Console;
use crate::{AccessError, Device};
use lockstep_core::{SaveState, Saved};
use lockstep_memory::RegionKind;

const RAM: u64 = 0x4000_0000;

fn slot() -> (Bench, Slot) {
    let mut bench = Bench::new();
    bench.mem.add_region(RAM, 1 << 20, RegionKind::Ram);
    (bench, Slot::new(6, Box::new(Console::new(0))))
}

/// Sets the console up, as a driver does, and shows a character.
fn drive(bench: &mut Bench, slot: &mut Slot) {
    bench.write(slot, spec::STATUS, 3);
    bench.write(slot, spec::DRIVER_FEATURES_SEL, 1);
    bench.write(slot, spec::DRIVER_FEATURES, 1);
    bench.write(slot, spec::STATUS, 11);
    assert_eq!(bench.read(slot, spec::STATUS), 11);
    bench.write(slot, spec::QUEUE_SEL, 1);
    assert_eq!(bench.read(slot, spec::QUEUE_NUM_MAX), 64);
    bench.write(slot, spec::QUEUE_NUM, 4);
    let addresses = [spec::QUEUE_DESC_LOW, spec::QUEUE_DRIVER_LOW, spec::QUEUE_DEVICE_LOW];
    for (register, address) in addresses.into_iter().zip([RAM, RAM + 0x100, RAM + 0x200]) {
        bench.write(slot, register, address & 0xffff_ffff);
        bench.write(slot, register + 4, address >> 32);
    }
    bench.write(slot, spec::QUEUE_READY, 1);
    assert_eq!(bench.read(slot, spec::QUEUE_READY), 1);
    bench.write(slot, spec::STATUS, 15);
    let descriptor = [&(RAM + 0x300).to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 4]].concat();
    bench.mem.write_bytes(RAM, &descriptor).unwrap();
    bench.mem.write_bytes(RAM + 0x102, &1u16.to_le_bytes()).unwrap();
    bench.mem.write_bytes(RAM + 0x300, b"x").unwrap();
    bench.write(slot, spec::QUEUE_NOTIFY, 1);
}

/// Catches a register at another place, halves that are swapped, and an interrupt that cannot be acknowledged.
#[test]
fn a_driver_gets_through() {
    let (mut bench, mut slot) = slot();
    assert_eq!(bench.read(&mut slot, spec::MAGIC_VALUE), 0x7472_6976);
    assert_eq!(bench.read(&mut slot, spec::DEVICE_ID), 3);
    assert_eq!(bench.read(&mut slot, spec::DEVICE_FEATURES), 3 << 28 | 4);
    bench.write(&mut slot, spec::DEVICE_FEATURES_SEL, 1);
    assert_eq!(bench.read(&mut slot, spec::DEVICE_FEATURES), 1);
    bench.write(&mut slot, spec::DEVICE_FEATURES_SEL, 2);
    assert_eq!(bench.read(&mut slot, spec::DEVICE_FEATURES), 0);
    drive(&mut bench, &mut slot);
    assert_eq!(bench.console(), b"x");
    assert_eq!((slot.interrupt(), bench.read(&mut slot, spec::INTERRUPT_STATUS)), (true, 1));
    bench.write(&mut slot, spec::INTERRUPT_ACK, 1);
    assert!(!slot.interrupt());
    bench.write(&mut slot, spec::QUEUE_NOTIFY, 9);
    assert_eq!(bench.read(&mut slot, spec::INTERRUPT_STATUS), 2);
    assert_eq!(bench.read(&mut slot, spec::STATUS), 15 | 64);
    bench.write(&mut slot, spec::STATUS, 0);
    assert_eq!((bench.read(&mut slot, spec::STATUS), slot.interrupt()), (0, false));
    bench.write(&mut slot, spec::QUEUE_SEL, 2);
    assert_eq!(bench.read(&mut slot, spec::QUEUE_NUM_MAX), 0);
}

/// Catches a width that the specification does not have, and registers that are made up.
#[test]
fn other_accesses_are_refused() {
    let (mut bench, mut slot) = slot();
    for (offset, size) in [(0, 1), (0, 8), (2, 4), (spec::CONFIG, 8), (spec::CONFIG + 1, 2)] {
        assert_eq!(slot.read(&mut bench.cx(), offset, size), Err(AccessError::Abort));
        assert_eq!(slot.write(&mut bench.cx(), offset, size, 0), Err(AccessError::Abort));
    }
    assert_loud(&mut slot, &mut bench, 0x0c0);
    assert_eq!(slot.read(&mut bench.cx(), spec::WINDOW - 1, 1), Ok(0));
    slot.write(&mut bench.cx(), spec::CONFIG + 8, 4, b'!'.into()).unwrap();
    assert_eq!(bench.console(), b"!");
}

/// Catches selectors or settings that a snapshot forgets, and a reset that keeps some.
#[test]
fn everything_is_saved_and_reset() {
    let (mut bench, mut busy) = slot();
    let saved = |slot: &Slot| {
        let mut saved = Saved::default();
        slot.save("slot", &mut saved);
        saved
    };
    let fresh = saved(&busy);
    drive(&mut bench, &mut busy);
    bench.write(&mut busy, spec::DEVICE_FEATURES_SEL, 1);
    assert_ne!(saved(&busy), fresh);
    let (_, mut other) = slot();
    other.restore("slot", &saved(&busy)).unwrap();
    assert_eq!(saved(&other), saved(&busy));
    busy.reset(&mut bench.cx());
    assert_eq!(saved(&busy), fresh);
}
