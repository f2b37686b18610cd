//! What a driver sees of the function.

use lockstep_memory::RegionKind;

use super::*;
use crate::testing::Bench;
use crate::virtio::console::Console;

const RAM: u64 = 0;

fn function() -> (Bench, VirtioPci) {
    let mut bench = Bench::new();
    bench.mem.add_region(RAM, 1 << 20, RegionKind::Ram);
    (bench, VirtioPci::new(6, Box::new(Console::new(0))))
}

fn get(bench: &mut Bench, function: &mut VirtioPci, offset: u64, size: u8) -> u64 {
    function.bar_read(&mut bench.cx(), spec::BAR, offset, size).unwrap()
}

fn put(bench: &mut Bench, function: &mut VirtioPci, offset: u64, size: u8, value: u64) {
    function.bar_write(&mut bench.cx(), spec::BAR, offset, size, value).unwrap();
}

/// Sets the console up, as a driver does, and shows a character.
fn drive(bench: &mut Bench, function: &mut VirtioPci) {
    put(bench, function, spec::DEVICE_STATUS, 1, 3);
    put(bench, function, spec::DRIVER_FEATURE_SELECT, 4, 1);
    put(bench, function, spec::DRIVER_FEATURE, 4, 1);
    put(bench, function, spec::DEVICE_STATUS, 1, 11);
    assert_eq!(get(bench, function, spec::DEVICE_STATUS, 1), 11);
    put(bench, function, spec::QUEUE_SELECT, 2, 1);
    put(bench, function, spec::QUEUE_SIZE, 2, 4);
    let parts = [(spec::QUEUE_DESC, 0), (spec::QUEUE_DRIVER, 0x100), (spec::QUEUE_DEVICE, 0x200)];
    for (register, address) in parts {
        put(bench, function, register, 4, RAM + address);
        put(bench, function, register + 4, 4, 0);
        assert_eq!(get(bench, function, register, 4), RAM + address);
    }
    put(bench, function, spec::QUEUE_ENABLE, 2, 1);
    assert_eq!(get(bench, function, spec::QUEUE_ENABLE, 2), 1);
    put(bench, function, spec::DEVICE_STATUS, 1, 15);
    let descriptor = [&(RAM + 0x300).to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 4]].concat();
    bench.mem.write_bytes(RAM, &descriptor).unwrap();
    bench.mem.write_bytes(RAM + 0x102, &1u16.to_le_bytes()).unwrap();
    bench.mem.write_bytes(RAM + 0x300, b"x").unwrap();
    let off = get(bench, function, spec::QUEUE_NOTIFY_OFF, 2);
    put(bench, function, spec::NOTIFY + off * spec::NOTIFY_MULTIPLIER, 2, 1);
}

/// Catches a register at another place, an interrupt that cannot be acknowledged, and a reset that keeps the status.
#[test]
fn a_driver_gets_through() {
    let (mut bench, mut function) = function();
    assert_eq!(function.config.read(0, 4), 0x1043_1af4);
    assert_eq!(get(&mut bench, &mut function, spec::NUM_QUEUES, 2), 2);
    assert_eq!(get(&mut bench, &mut function, spec::QUEUE_SIZE, 2), 64);
    assert_eq!(get(&mut bench, &mut function, spec::DEVICE_FEATURE, 4), 3 << 28 | 4);
    put(&mut bench, &mut function, spec::CONFIG_MSIX_VECTOR, 2, 0);
    assert_eq!(get(&mut bench, &mut function, spec::CONFIG_MSIX_VECTOR, 2), 0xffff);
    drive(&mut bench, &mut function);
    assert_eq!(bench.console(), b"x");
    assert!(function.interrupt());
    assert_eq!(function.config.read(6, 2), 0x18);
    assert_eq!(get(&mut bench, &mut function, spec::ISR, 1), 1);
    assert!(!function.interrupt());
    put(&mut bench, &mut function, spec::NOTIFY + 0x40, 2, 1);
    assert_eq!(get(&mut bench, &mut function, spec::ISR, 1), 2);
    put(&mut bench, &mut function, spec::DEVICE_STATUS, 1, 0);
    assert_eq!(get(&mut bench, &mut function, spec::DEVICE_STATUS, 1), 0);
    put(&mut bench, &mut function, spec::QUEUE_SELECT, 2, 2);
    assert_eq!(get(&mut bench, &mut function, spec::QUEUE_SIZE, 2), 0);
    assert!(function.bar_read(&mut bench.cx(), 0, spec::DEVICE_FEATURE, 2).is_err());
    assert!(function.bar_write(&mut bench.cx(), 0, 0x38, 4, 0).is_err());
}

/// Catches capabilities that do not lead a driver to the registers, and configuration cycles that do not.
#[test]
fn capabilities_describe_the_range() {
    let (mut bench, mut function) = function();
    let mut found = Vec::new();
    let mut at = function.config.read(0x34, 1);
    while at != 0 {
        let field = |offset: u64, size: u8| function.config.read(at + offset, size);
        assert_eq!(field(0, 1), 9);
        found.push((field(3, 1) as u8, field(8, 4)));
        if field(3, 1) as u8 == spec::CAP_NOTIFY {
            assert_eq!((field(2, 1), field(16, 4)), (20, 4));
        }
        at = field(1, 1);
    }
    assert_eq!(found, [(1, 0), (2, 0x3000), (3, 0x1000), (4, 0x2000), (5, 0)]);
    let window = function.window;
    for (offset, value) in [(spec::PCI_OFFSET, spec::NUM_QUEUES), (spec::PCI_LENGTH, 2)] {
        function.config_write(&mut bench.cx(), window + offset, 4, value).unwrap();
    }
    assert_eq!(function.config_read(&mut bench.cx(), window + spec::PCI_DATA, 4), Ok(2));
}

/// Catches selectors or settings that a snapshot forgets, and a reset that keeps some.
#[test]
fn everything_is_saved_and_reset() {
    let (mut bench, mut busy) = function();
    drive(&mut bench, &mut busy);
    busy.config_write(&mut bench.cx(), 0x10, 4, 0x1234_4000).unwrap();
    let saved = |function: &VirtioPci| {
        let mut saved = Saved::default();
        function.save("part", &mut saved);
        saved
    };
    let (state, (_, mut fresh)) = (saved(&busy), function());
    assert_ne!(saved(&fresh), state);
    fresh.restore("part", &state).unwrap();
    assert_eq!(saved(&fresh), state);
    fresh.reset(&mut bench.cx());
    assert_eq!(saved(&fresh), saved(&function().1));
}
