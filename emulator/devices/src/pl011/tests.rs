use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};

fn ready() -> (Bench, Pl011) {
    let (mut bench, mut uart) = (Bench::new(), Pl011::new(3));
    bench.write(&mut uart, spec::LCR_H, 0x70);
    bench.write(&mut uart, spec::CR, 0x301);
    (bench, uart)
}

fn drain(bench: &mut Bench, uart: &mut Pl011) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bench.read(uart, spec::FR) & u64::from(spec::FR_RXFE) == 0 {
        bytes.push(bench.read(uart, spec::DR) as u8);
    }
    bytes
}

/// Catches output that depends on being enabled, that goes to another port, or that takes time.
#[test]
fn output_leaves_at_once() {
    let (mut bench, mut uart) = (Bench::new(), Pl011::new(3));
    bench.write(&mut uart, spec::DR, 0x141);
    uart.write(&mut bench.cx(), spec::DR, 1, 0x42).unwrap();
    assert_eq!(bench.console(), b"AB");
    assert_eq!(bench.bp.outputs[0], lockstep_core::Output::Console { port: 3, byte: 0x41 });
    assert_eq!(bench.read(&mut uart, spec::FR) & 0xff, 0x97);
    assert_eq!(bench.read(&mut uart, spec::RIS), spec::INT_TX.into());
}

/// Catches typed bytes that are lost or reordered when there are more than the FIFO holds.
#[test]
fn nothing_typed_is_lost() {
    let (mut bench, mut uart) = ready();
    let typed: Vec<u8> = (0..=255).cycle().take(1000).collect();
    uart.receive(&mut bench.cx(), &typed[..300]);
    uart.receive(&mut bench.cx(), &typed[300..]);
    assert_ne!(bench.read(&mut uart, spec::FR) & u64::from(spec::FR_RXFF), 0);
    assert_eq!(drain(&mut bench, &mut uart), typed);
    assert_eq!(uart.unread(), 0);
}

/// Catches bytes typed early that are dropped while firmware configures the port, or shown to it while it is off.
#[test]
fn typing_ahead_survives_configuration() {
    let (mut bench, mut uart) = (Bench::new(), Pl011::new(0));
    uart.receive(&mut bench.cx(), b"version\n");
    bench.write(&mut uart, spec::CR, 0);
    bench.write(&mut uart, spec::LCR_H, 0x70);
    assert_ne!(bench.read(&mut uart, spec::FR) & u64::from(spec::FR_RXFE), 0);
    bench.write(&mut uart, spec::CR, 0x301);
    assert_eq!(drain(&mut bench, &mut uart), b"version\n");
}

/// Catches an interrupt that stays when everything is read, that is not raised again by a refill, or that ignores the
/// mask; and a machine that is not told to look.
#[test]
fn receive_interrupts_follow_the_fifo() {
    let (mut bench, mut uart) = ready();
    uart.receive(&mut bench.cx(), b"x");
    assert!(!uart.interrupt() && !bench.bp.attention);
    bench.write(&mut uart, spec::IMSC, spec::INT_RX.into());
    assert!(uart.interrupt());
    bench.read(&mut uart, spec::DR);
    assert!(!uart.interrupt());
    assert_eq!(bench.read(&mut uart, spec::RIS), 0);
    uart.receive(&mut bench.cx(), &[b'y'; 17]);
    assert!(uart.interrupt() && bench.bp.attention);
    assert_eq!(bench.read(&mut uart, spec::MIS), spec::INT_RX.into());
    bench.write(&mut uart, spec::ICR, 0x7ff);
    assert!(!uart.interrupt());
    bench.read(&mut uart, spec::DR);
    assert!(uart.interrupt(), "the byte that moved up is a new arrival");
}

/// Catches loopback that reaches the outside, mixes with what is typed, or hides an overrun.
#[test]
fn loopback_stays_inside() {
    let (mut bench, mut uart) = ready();
    bench.write(&mut uart, spec::CR, 0x301 | u64::from(spec::CR_LBE | spec::CR_RTS));
    assert_eq!(bench.read(&mut uart, spec::FR) & 0x107, spec::FR_CTS.into());
    assert_eq!(bench.read(&mut uart, spec::RIS), u64::from(spec::INT_DSR | spec::INT_DCD));
    uart.receive(&mut bench.cx(), b"typed");
    for byte in 0..17 {
        bench.write(&mut uart, spec::DR, byte);
    }
    assert!(bench.console().is_empty());
    assert_ne!(bench.read(&mut uart, spec::RIS) & u64::from(spec::INT_OE), 0);
    assert_eq!(bench.read(&mut uart, spec::RSR_ECR), spec::RSR_OVERRUN.into());
    bench.write(&mut uart, spec::RSR_ECR, 0);
    assert_eq!(bench.read(&mut uart, spec::RSR_ECR), 0);
    assert_eq!(drain(&mut bench, &mut uart), (0..16).collect::<Vec<u8>>());
    bench.write(&mut uart, spec::DR, 7);
    assert_eq!(bench.read(&mut uart, spec::DR), 7 | u64::from(spec::DR_OVERRUN));
    bench.write(&mut uart, spec::CR, 0x301);
    assert_eq!(drain(&mut bench, &mut uart), b"typed");
}

/// Catches reset values and identification that keep a driver from finding the port, and bits that do not exist.
#[test]
fn registers_are_as_documented() {
    let (mut bench, mut uart) = (Bench::new(), Pl011::new(0));
    let reset = [(spec::CR, 0x300), (spec::IFLS, 0x12), (spec::FR, 0x97), (spec::RIS, 0)];
    for (register, value) in reset {
        assert_eq!(bench.read(&mut uart, register), value, "at {register:#x}");
    }
    let id: Vec<u64> = (0..8).map(|n| bench.read(&mut uart, 0xfe0 + n * 4)).collect();
    assert_eq!(id, [0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1]);
    let kept = [
        (spec::ILPR, 0xff),
        (spec::IBRD, 0xffff),
        (spec::FBRD, 0x3f),
        (spec::LCR_H, 0xff),
        (spec::CR, 0xff87),
        (spec::IFLS, 0x3f),
        (spec::IMSC, 0x7ff),
        (spec::DMACR, 7),
    ];
    for (register, value) in kept {
        bench.write(&mut uart, register, 0xffff_ffff);
        assert_eq!(bench.read(&mut uart, register), value, "at {register:#x}");
        assert_eq!(uart.read(&mut bench.cx(), register, 2).unwrap(), value & 0xffff);
        assert_eq!(uart.read(&mut bench.cx(), register, 1).unwrap(), value & 0xff);
    }
    assert_loud(&mut uart, &mut bench, 0x80);
    assert_eq!(uart.read(&mut bench.cx(), spec::DR, 8), Err(AccessError::Abort));
}

/// Catches state that a snapshot forgets, that a reset leaves, or that is accepted damaged.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut uart) = ready();
    bench.write(&mut uart, spec::IMSC, 0x50);
    bench.write(&mut uart, spec::IBRD, 13);
    bench.write(&mut uart, spec::DR, 13);
    uart.receive(&mut bench.cx(), &[9; 50]);
    assert_round_trip(&uart, Pl011::new(3));
    let mut saved = Saved::default();
    saved.put("uart", Pl011State::VERSION, &(vec![0u16; 17], "", false, 0u8, [0u16; 9]));
    let damaged = Pl011::new(3).restore("uart", &saved);
    let detail = "17 characters in the FIFO".to_owned();
    assert_eq!(damaged, Err(RestoreError::Damaged { part: "uart".to_owned(), detail }));
    uart.reset(&mut bench.cx());
    assert_eq!(uart, Pl011::new(3));
}
