use super::*;
use crate::testing::{Bench, assert_round_trip};

fn get(bench: &mut Bench, uart: &mut Ns16550, port: u64) -> u8 {
    uart.read(&mut bench.cx(), port, 1).unwrap() as u8
}

fn put(bench: &mut Bench, uart: &mut Ns16550, port: u64, value: u8) {
    uart.write(&mut bench.cx(), port, 1, value.into()).unwrap();
}

fn ready() -> (Bench, Ns16550) {
    let (mut bench, mut uart) = (Bench::new(), Ns16550::new(2));
    put(&mut bench, &mut uart, spec::LCR, 3);
    put(&mut bench, &mut uart, spec::IIR_FCR, 0x81);
    put(&mut bench, &mut uart, spec::MCR, 0x0b);
    (bench, uart)
}

fn drain(bench: &mut Bench, uart: &mut Ns16550) -> Vec<u8> {
    let mut bytes = Vec::new();
    while get(bench, uart, spec::LSR) & spec::LSR_DR != 0 {
        bytes.push(get(bench, uart, spec::DATA));
    }
    bytes
}

/// Catches output that goes into the divisor latch or to another port, and an LSR that keeps a driver waiting.
#[test]
fn output_leaves_at_once() {
    let (mut bench, mut uart) = ready();
    put(&mut bench, &mut uart, spec::DATA, b'A');
    put(&mut bench, &mut uart, spec::LCR, 0x83);
    put(&mut bench, &mut uart, spec::DATA, 12);
    put(&mut bench, &mut uart, spec::IER, 1);
    assert_eq!(get(&mut bench, &mut uart, spec::DATA), 12);
    assert_eq!(get(&mut bench, &mut uart, spec::IER), 1);
    put(&mut bench, &mut uart, spec::LCR, 3);
    assert_eq!(get(&mut bench, &mut uart, spec::IER), 0);
    assert_eq!(bench.console(), b"A");
    assert_eq!(bench.bp.outputs[0], lockstep_core::Output::Console { port: 2, byte: b'A' });
    assert_eq!(get(&mut bench, &mut uart, spec::LSR), 0x60);
}

/// Catches typed bytes that are lost, and the wrong one of the two receive interrupts.
#[test]
fn receiving_by_trigger_and_timeout() {
    let (mut bench, mut uart) = ready();
    put(&mut bench, &mut uart, spec::IER, spec::IER_RDA);
    let typed: Vec<u8> = (0..100).collect();
    uart.receive(&mut bench.cx(), &typed[..7]);
    assert!(uart.interrupt() && bench.bp.attention);
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0xcc, "below the level of 8: timeout");
    uart.receive(&mut bench.cx(), &typed[7..]);
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0xc4);
    assert_eq!(drain(&mut bench, &mut uart), typed);
    assert!(!uart.interrupt());
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0xc1);
    put(&mut bench, &mut uart, spec::IIR_FCR, 0);
    uart.receive(&mut bench.cx(), b"xy");
    assert_eq!(
        get(&mut bench, &mut uart, spec::IIR_FCR),
        0x04,
        "without FIFOs there is no timeout"
    );
    assert_eq!(drain(&mut bench, &mut uart), b"xy");
    assert_eq!(uart.unread(), 0);
}

/// Catches a transmitter interrupt that never comes, never goes, or passes without Out 2: drivers stop writing, or
/// are interrupted for ever.
#[test]
fn transmitter_interrupt_is_told_once() {
    let (mut bench, mut uart) = ready();
    put(&mut bench, &mut uart, spec::IIR_FCR, 0);
    put(&mut bench, &mut uart, spec::IER, spec::IER_THRE);
    assert!(uart.interrupt());
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0x02);
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0x01);
    assert!(!uart.interrupt());
    put(&mut bench, &mut uart, spec::DATA, b'x');
    assert!(uart.interrupt());
    put(&mut bench, &mut uart, spec::MCR, 0x03);
    assert!(!uart.interrupt());
    put(&mut bench, &mut uart, spec::MCR, 0x0b);
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0x02);
    put(&mut bench, &mut uart, spec::IER, 0);
    put(&mut bench, &mut uart, spec::IER, spec::IER_THRE);
    assert!(uart.interrupt(), "enabling raises it again");
}

/// Catches a FIFO of the wrong depth, which is how drivers tell the types apart, and loopback that leaks.
#[test]
fn loopback_stays_inside() {
    let (mut bench, mut uart) = ready();
    put(&mut bench, &mut uart, spec::IER, spec::IER_RLS);
    put(&mut bench, &mut uart, spec::MCR, spec::MCR_LOOP | spec::MCR_RTS | spec::MCR_OUT2);
    uart.receive(&mut bench.cx(), b"typed");
    for byte in 0..=16 {
        put(&mut bench, &mut uart, spec::DATA, byte);
    }
    assert!(bench.console().is_empty());
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0xc6);
    assert_eq!(get(&mut bench, &mut uart, spec::LSR), 0x63);
    assert_eq!(get(&mut bench, &mut uart, spec::LSR), 0x61);
    assert_eq!(drain(&mut bench, &mut uart), (0..16).collect::<Vec<u8>>());
    put(&mut bench, &mut uart, spec::LCR, 0x43);
    assert_eq!(get(&mut bench, &mut uart, spec::LSR), 0xf1, "a break");
    assert_eq!(drain(&mut bench, &mut uart), [0]);
    put(&mut bench, &mut uart, spec::IIR_FCR, 0);
    put(&mut bench, &mut uart, spec::DATA, 1);
    put(&mut bench, &mut uart, spec::DATA, 2);
    assert_eq!(get(&mut bench, &mut uart, spec::LSR), 0x63);
    assert_eq!(drain(&mut bench, &mut uart), [2]);
    put(&mut bench, &mut uart, spec::MCR, 0);
    assert_eq!(drain(&mut bench, &mut uart), b"typed");
}

/// Catches modem status that does not follow the outputs in loopback: Linux tests exactly this to find a port.
#[test]
fn modem_status() {
    let (mut bench, mut uart) = ready();
    assert_eq!(get(&mut bench, &mut uart, spec::MSR), 0xb0);
    put(&mut bench, &mut uart, spec::MCR, spec::MCR_LOOP | 0x0a);
    assert_eq!(get(&mut bench, &mut uart, spec::MSR), 0x92);
    assert_eq!(get(&mut bench, &mut uart, spec::MSR), 0x90);
    put(&mut bench, &mut uart, spec::IER, spec::IER_MSI);
    put(&mut bench, &mut uart, spec::MCR, spec::MCR_LOOP | 0x0c);
    put(&mut bench, &mut uart, spec::MCR, spec::MCR_LOOP | 0x08);
    assert!(uart.interrupt());
    assert_eq!(get(&mut bench, &mut uart, spec::IIR_FCR), 0xc0);
    assert_eq!(get(&mut bench, &mut uart, spec::MSR), 0x85, "CTS fell, RI rose and fell");
    assert!(!uart.interrupt());
}

/// Catches state that a snapshot forgets, that a reset leaves, or that is accepted damaged; and accesses that the UART
/// does not have.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut uart) = ready();
    put(&mut bench, &mut uart, spec::SCR, 0x5a);
    assert_eq!(get(&mut bench, &mut uart, spec::SCR), 0x5a);
    uart.receive(&mut bench.cx(), &[9; 50]);
    assert_round_trip(&uart, Ns16550::new(2));
    let mut saved = Saved::default();
    saved.put("uart", Ns16550State::VERSION, &(vec![0u16; 17], [0u8; 32]));
    assert!(matches!(Ns16550::new(2).restore("uart", &saved), Err(RestoreError::Damaged { .. })));
    uart.reset(&mut bench.cx());
    assert_eq!(uart, Ns16550::new(2));
    assert!(uart.read(&mut bench.cx(), 8, 1).is_err());
    assert!(uart.write(&mut bench.cx(), 0, 4, 0).is_err());
}
