use lockstep_core::SaveState;
use lockstep_memory::RegionKind;

use super::*;
use crate::testing::{Bench, assert_round_trip};

const SCCB: u64 = 0x8000;

fn sclp() -> Sclp {
    Sclp::new(SclpConfig {
        memory: 512 << 20,
        cpus: 2,
        loadparm: *b"LINUX   ",
        ascii_port: Some(0),
        operator_port: Some(1),
    })
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.mem.add_region(0, 1 << 20, RegionKind::Ram);
    bench
}

/// Makes a call with a block of `length` bytes that has `body` behind its header; gives the block afterwards.
fn call(bench: &mut Bench, sclp: &mut Sclp, command: u32, length: u16, body: &[u8]) -> Vec<u8> {
    let mut block = vec![0; usize::from(length)];
    block[..2].copy_from_slice(&length.to_be_bytes());
    block[spec::HEADER..][..body.len()].copy_from_slice(body);
    bench.mem.write_bytes(SCCB, &block).unwrap();
    assert_eq!(sclp.call(&mut bench.cx(), command, SCCB), Ok(Call::Accepted));
    assert_eq!(sclp.take_signal() & !spec::SIGNAL_EVENTS, SCCB as u32);
    bench.mem.read_bytes(SCCB, &mut block).unwrap();
    block
}

fn code(block: &[u8]) -> u16 {
    u16::from_be_bytes([block[spec::RESPONSE], block[spec::RESPONSE + 1]])
}

fn set_masks(bench: &mut Bench, sclp: &mut Sclp, receives: u32, sends: u32) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 4];
    body.extend(receives.to_be_bytes());
    body.extend(sends.to_be_bytes());
    call(bench, sclp, spec::WRITE_EVENT_MASK, 28, &body)
}

/// Catches a memory size or a processor that a program would not find.
#[test]
fn tells_memory_and_processors() {
    let (mut bench, mut sclp) = (bench(), sclp());
    let block = call(&mut bench, &mut sclp, spec::READ_SCP_INFO, 4096, &[]);
    assert_eq!(code(&block), response::READ_DONE);
    let increments = u64::from(u16::from_be_bytes([block[8], block[9]]));
    assert_eq!(increments * u64::from(block[10]), 512);
    assert_eq!(block[16..20], [0, 2, 0, 144]);
    assert_eq!(block[144 + 16], 1);
    assert_eq!(block[24..32], *b"LINUX   ".map(ebcdic::from_latin).as_slice());
    let short = call(&mut bench, &mut sclp, spec::READ_SCP_INFO, 100, &[]);
    assert_eq!(code(&short), response::TOO_SHORT);
}

/// Catches a wrong mask order, and a type that is promised but not handled.
#[test]
fn masks_are_exchanged() {
    let (mut bench, mut sclp) = (bench(), sclp());
    let block = set_masks(&mut bench, &mut sclp, u32::MAX, u32::MAX);
    assert_eq!(code(&block), response::DONE);
    let takes = u32::from_be_bytes(block[20..24].try_into().unwrap());
    let gives = u32::from_be_bytes(block[24..28].try_into().unwrap());
    assert_eq!(takes, 0x4020_0040);
    assert_eq!(gives, 0x8000_0048);
}

/// Catches a console that loses bytes or shows them in the wrong code, and a message whose lengths lead out of it.
#[test]
fn both_consoles_print() {
    let (mut bench, mut sclp) = (bench(), sclp());
    set_masks(&mut bench, &mut sclp, 0, u32::MAX);
    let ascii = [0, 8, spec::event::ASCII, 0, 0, 0, b'h', b'i'];
    let block = call(&mut bench, &mut sclp, spec::WRITE_EVENT_DATA, 16, &ascii);
    assert_eq!((code(&block), block[8 + 3]), (response::DONE, spec::event::ACCEPTED));
    let mut message = vec![0, 30, spec::event::MESSAGE, 0, 0, 0, 0, 24, 0, 1];
    message.extend(*b"\xd4\xc4\xc2\x40\0\0\0\x01");
    message.extend([0, 12, 0, 4, 0x10, 0, 0, 0, 0, 0, 0xc8, 0x89]);
    let block = call(&mut bench, &mut sclp, spec::WRITE_EVENT_DATA, 38, &message);
    assert_eq!(code(&block), response::DONE);
    assert_eq!(bench.console(), b"hiHi\n");
    message[7] = 200;
    let block = call(&mut bench, &mut sclp, spec::WRITE_EVENT_DATA, 38, &message);
    assert_eq!(code(&block), response::SYNTAX);
    message[1] = 200;
    let block = call(&mut bench, &mut sclp, spec::WRITE_EVENT_DATA, 38, &message);
    assert_eq!(code(&block), response::INCONSISTENT_LENGTHS);
}

/// Catches a key that is lost, delivered twice, or announced to a program that does not take it.
#[test]
fn keys_arrive_once() {
    let (mut bench, mut sclp) = (bench(), sclp());
    sclp.receive(&mut bench.cx(), b"abc");
    assert!(!sclp.signals());
    set_masks(&mut bench, &mut sclp, spec::event::bit(spec::event::ASCII), 0);
    sclp.receive(&mut bench.cx(), b"d");
    assert_eq!(sclp.take_signal(), spec::SIGNAL_EVENTS);
    let block = call(&mut bench, &mut sclp, spec::READ_EVENT_DATA, 4096, &[]);
    assert_eq!(code(&block), response::DONE);
    assert_eq!(block[8..19], *b"\0\x0b\x1a\0\0\0\0abcd");
    let block = call(&mut bench, &mut sclp, spec::READ_EVENT_DATA, 4096, &[]);
    assert_eq!(code(&block), response::NO_EVENTS);
}

/// Catches a command before its line is complete, and one in the wrong form.
#[test]
fn lines_become_commands() {
    let (mut bench, mut sclp) = (bench(), sclp());
    set_masks(&mut bench, &mut sclp, spec::event::bit(spec::event::COMMAND), 0);
    sclp.receive(&mut bench.cx(), b"l");
    assert!(!sclp.signals());
    sclp.receive(&mut bench.cx(), b"s\n");
    assert!(sclp.signals());
    sclp.take_signal();
    let block = call(&mut bench, &mut sclp, spec::READ_EVENT_DATA, 4096, &[]);
    let expected = [
        0, 24, 1, 0, 0, 0, 0, 18, 0x13, 0x10, 0, 14, 0x12, 0x12, 0, 10, 0x13, 0x20, 6, 0x31, 4,
        0x30, 0x93, 0xa2,
    ];
    assert_eq!(block[8..32], expected);
}

/// Catches an interruption that is lost when the last one has not been taken, and a block that overwrites the low core.
#[test]
fn busy_and_impossible_calls() {
    let (mut bench, mut sclp) = (bench(), sclp());
    bench.mem.write_bytes(SCCB, &[0, 8, 0, 0, 0, 0, 0, 0]).unwrap();
    let mut call = |address| sclp.call(&mut bench.cx(), 0x1234_5678, address);
    for address in [0x1000, SCCB + 4, 1 << 31] {
        assert_eq!(call(address), Err(CallFault::Specification), "{address:#x}");
    }
    assert_eq!(call(0x20_0000), Err(CallFault::Addressing));
    assert_eq!(call(SCCB), Ok(Call::Accepted));
    assert_eq!(call(SCCB), Ok(Call::Busy));
    assert_eq!(bench.mem.read(SCCB + 6), Some(response::INVALID_COMMAND.to_be_bytes()));
}

/// Catches state that a snapshot forgets or a reset leaves.
#[test]
fn saves_all_and_resets_all() {
    let (mut bench, mut busy) = (bench(), sclp());
    set_masks(&mut bench, &mut busy, u32::MAX, u32::MAX);
    busy.receive(&mut bench.cx(), b"typed");
    busy.press_power_key(&mut bench.cx());
    assert_round_trip(&busy, sclp());
    busy.reset();
    assert_eq!(busy, sclp());
    let _: &dyn SaveState = &busy;
}
