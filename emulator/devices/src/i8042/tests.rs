use super::*;
use crate::testing::{Bench, assert_round_trip};

fn get(controller: &mut I8042, port: u64) -> u8 {
    controller.read(&mut Bench::new().cx(), port, 1).unwrap() as u8
}

fn put(controller: &mut I8042, port: u64, value: u8) {
    controller.write(&mut Bench::new().cx(), port, 1, value.into()).unwrap();
}

fn ask(controller: &mut I8042, command: u8) -> u8 {
    put(controller, spec::COMMAND, command);
    assert_eq!(get(controller, spec::COMMAND) & spec::STATUS_OBF, 1, "{command:#x}");
    get(controller, spec::DATA)
}

/// Catches answers that make a driver give up on the controller.
#[test]
fn the_controller_answers() {
    let mut controller = I8042::default();
    assert_eq!(get(&mut controller, spec::COMMAND), 0x14);
    let answers = [(0xaa, 0x55), (0x20, 0x74), (0xab, 0), (0xa9, 0), (0xa4, 0xf1), (0xd0, 3)];
    for (command, answer) in answers {
        assert_eq!(ask(&mut controller, command), answer, "{command:#x}");
    }
    put(&mut controller, spec::COMMAND, 0xa7);
    put(&mut controller, spec::COMMAND, 0xae);
    assert_eq!(ask(&mut controller, 0x20), 0x64);
    put(&mut controller, spec::COMMAND, 0x60);
    put(&mut controller, spec::DATA, 0x47);
    assert_eq!(ask(&mut controller, 0x20), 0x47);
    assert_eq!(get(&mut controller, spec::COMMAND), 0x1c);
    let pulse = controller.write(&mut Bench::new().cx(), spec::COMMAND, 1, 0xfe);
    assert!(matches!(pulse, Err(AccessError::Unimplemented { .. })));
}

/// Catches a missing device that a driver waits for, and interrupts at the wrong input.
#[test]
fn missing_devices_time_out() {
    let mut controller = I8042::default();
    put(&mut controller, spec::COMMAND, 0x60);
    put(&mut controller, spec::DATA, 0x47);
    put(&mut controller, spec::DATA, 0xf2);
    assert_eq!(controller.interrupts(), [true, false]);
    assert_eq!(get(&mut controller, spec::COMMAND), 0x55);
    assert_eq!(get(&mut controller, spec::DATA), 0xfe);
    put(&mut controller, spec::COMMAND, 0xd4);
    put(&mut controller, spec::DATA, 0xf2);
    assert_eq!(controller.interrupts(), [false, true]);
    assert_eq!(get(&mut controller, spec::COMMAND), 0x75);
    assert_eq!(get(&mut controller, spec::DATA), 0xfe);
    put(&mut controller, spec::COMMAND, 0xd3);
    put(&mut controller, spec::DATA, 0x5a);
    assert_eq!(get(&mut controller, spec::COMMAND) & 0x61, 0x21);
    assert_eq!(get(&mut controller, spec::DATA), 0x5a);
    assert_eq!(controller.interrupts(), [false, false]);
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saved_whole_and_reset_whole() {
    let mut controller = I8042::default();
    for (port, value) in [(4, 0x65), (0, 9), (4, 0xd1), (0, 0xdf), (0, 1), (4, 0xd3)] {
        put(&mut controller, port, value);
    }
    assert_round_trip(&controller, I8042::default());
    let mut bench = Bench::new();
    controller.reset(&mut bench.cx());
    assert_eq!(controller, I8042::default());
    assert!(controller.read(&mut bench.cx(), 1, 1).is_err());
}
