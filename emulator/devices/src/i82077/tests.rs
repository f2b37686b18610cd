use super::*;
use crate::testing::{Bench, assert_round_trip};

fn get(controller: &mut I82077, port: u64) -> u8 {
    controller.read(&mut Bench::new().cx(), port, 1).unwrap() as u8
}

fn put(controller: &mut I82077, port: u64, value: u8) {
    controller.write(&mut Bench::new().cx(), port, 1, value.into()).unwrap();
}

/// Sends a command and takes its whole result, as drivers do.
fn ask(controller: &mut I82077, command: &[u8]) -> Vec<u8> {
    for byte in command {
        assert_eq!(get(controller, spec::MSR_DSR) & 0xc0, spec::MSR_RQM);
        put(controller, spec::FIFO, *byte);
    }
    let mut result = Vec::new();
    while get(controller, spec::MSR_DSR) & spec::MSR_DIO != 0 {
        result.push(get(controller, spec::FIFO));
    }
    assert_eq!(get(controller, spec::MSR_DSR), spec::MSR_RQM);
    result
}

fn ready() -> I82077 {
    let mut controller = I82077::default();
    put(&mut controller, spec::DOR, 0x0c);
    controller
}

/// Catches a reset that nobody is told of: drivers wait three seconds for it.
#[test]
fn reset_interrupts_for_every_drive() {
    let mut controller = ready();
    assert!(controller.interrupt());
    for drive in 0..4 {
        assert_eq!(ask(&mut controller, &[8]), [0xc0 | drive, 0]);
    }
    assert!(!controller.interrupt());
    assert_eq!(ask(&mut controller, &[8]), [0x80]);
    put(&mut controller, spec::MSR_DSR, 0x80);
    assert!(controller.interrupt());
    put(&mut controller, spec::DOR, 0x08);
    assert_eq!((get(&mut controller, spec::MSR_DSR), controller.interrupt()), (0, false));
}

/// Catches answers by which Linux takes it for another chip, or for none.
#[test]
fn is_an_82077aa() {
    let mut controller = ready();
    assert_eq!(ask(&mut controller, &[0x13, 0, 0x1a, 5]), []);
    assert_eq!(ask(&mut controller, &[3, 0xdf, 2]), []);
    assert_eq!(ask(&mut controller, &[0x12, 4]), []);
    assert_eq!(ask(&mut controller, &[0x0e]), [0, 0, 0, 0, 0xdf, 2, 0, 4, 0x1a, 5]);
    assert_eq!(ask(&mut controller, &[0x94]), [0x10]);
    assert_eq!(ask(&mut controller, &[0x14]), [0]);
    assert_eq!(ask(&mut controller, &[0x10]), [0x90]);
    assert_eq!(ask(&mut controller, &[0x18]), [0x80]);
}

/// Catches a seek that ends elsewhere, and a command for sectors that never ends.
#[test]
fn there_is_no_disk() {
    let mut controller = ready();
    (0..4).for_each(|_| drop(ask(&mut controller, &[8])));
    assert_eq!(ask(&mut controller, &[0x0f, 1, 40]), []);
    assert!(controller.interrupt());
    assert_eq!(ask(&mut controller, &[8]), [0x21, 40]);
    assert_eq!(ask(&mut controller, &[0x8f, 1, 30]), []);
    assert_eq!(ask(&mut controller, &[8]), [0x21, 10]);
    assert_eq!(ask(&mut controller, &[7, 0]), []);
    assert_eq!(ask(&mut controller, &[8]), [0x70, 0]);
    let read = ask(&mut controller, &[0xe6, 0, 0, 0, 1, 2, 18, 27, 255]);
    assert_eq!(read, [0x40, 1, 0, 0, 0, 0, 0]);
    assert_eq!(ask(&mut controller, &[0x4a, 2]).len(), 7);
    assert_eq!(ask(&mut controller, &[0x4d, 2, 2, 18, 27, 0]).len(), 7);
    assert_eq!(ask(&mut controller, &[4, 1]), [0x29]);
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saved_whole_and_reset_whole() {
    let mut controller = ready();
    put(&mut controller, spec::TDR, 2);
    put(&mut controller, spec::FIFO, 0x13);
    assert_round_trip(&controller, I82077::default());
    let mut bench = Bench::new();
    controller.reset(&mut bench.cx());
    assert_eq!(controller, I82077::default());
    assert!(controller.read(&mut bench.cx(), 6, 1).is_err());
    assert!(controller.write(&mut bench.cx(), 2, 2, 0).is_err());
}
