//! Random sequences of vector instructions, each row of them in turn, on both engines.
//!
//! Operands and sizes are what nobody would choose; what is refused is skipped by the program's handler. The engines must leave the
//! same processor and storage behind. `LOCKSTEP_SEQUENCES` says how many (default 150), `LOCKSTEP_SEED` from where.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a test is told how much to try, and prints what it did"
)]

use common::Machine;
use lockstep_cpu::{Cx, Engine, Interpreter};
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{Row, S390x, disassemble, rows};
use lockstep_testing::Random;

mod common;

const CODE: u64 = 0x2_0000;
const HANDLER: u64 = 0x1_0000;
/// Close to the end of a page: operands cross it.
const DATA: u64 = 0x3_0fc0;
/// Instructions in a sequence.
const LENGTH: usize = 24;
/// Instructions to run: the sequence goes round.
const STRIDES: [u64; 4] = [1, 30, 7, 60];

fn set_nibble(bytes: &mut [u8; 6], place: usize, value: u8) {
    let byte = &mut bytes[place / 2];
    *byte = if place.is_multiple_of(2) { *byte & 0x0f | value << 4 } else { *byte & 0xf0 | value };
}

/// An instruction of a row, whose storage is based on register 12, without an index, and which changes none of 8 to 15.
fn insn(random: &mut Random, row: &Row) -> [u8; 6] {
    let mut bytes = [0; 6];
    bytes.iter_mut().for_each(|byte| *byte = random.next() as u8);
    (bytes[0], bytes[5]) = (row.first, row.second);
    let names = |name: &str| row.operands().split([',', '/']).any(|operand| operand == name);
    if random.below(4) > 0 {
        for place in [5, 6, 7, 8] {
            if names(&format!("n{place}")) {
                set_nibble(&mut bytes, place, random.below(5) as u8);
            }
        }
    }
    if names("x") || names("s") || names("xv") {
        set_nibble(&mut bytes, 4, if random.below(4) == 0 { 0 } else { 12 });
        set_nibble(&mut bytes, 5, 0);
    }
    if names("x") {
        set_nibble(&mut bytes, 3, 0);
    }
    if names("r1") {
        set_nibble(&mut bytes, 2, random.below(8) as u8);
    }
    bytes
}

/// A machine about to run a sequence.
fn machine(code: &[[u8; 6]], random: &mut Random) -> Cx<S390x> {
    let mut cx = Machine::new(CODE).cx;
    let mut put = |at: u64, bytes: &[u8]| cx.mem.write_bytes(at, bytes).unwrap();
    put(CODE, code.as_flattened());
    let back = (code.len() as u16 * 3).wrapping_neg().to_be_bytes();
    put(CODE + 6 * code.len() as u64, &[0xa7, 0xf4, back[0], back[1]]);
    put(0x1d0, &0x0000_0001_8000_0000u64.to_be_bytes());
    put(0x1d8, &HANDLER.to_be_bytes());
    // lpswe 0x150: what was refused is behind.
    put(HANDLER, &[0xb2, 0xb2, 0x01, 0x50]);
    let data: Vec<u8> = (0..0x200).flat_map(|_| random.value().to_be_bytes()).collect();
    put(DATA - 0x100, &data);
    let cpu = &mut cx.cpu;
    cpu.regs[..12].iter_mut().for_each(|register| *register = random.value());
    cpu.regs[12] = DATA;
    for register in &mut cpu.vregs {
        *register = u128::from(random.value()) << 64 | u128::from(random.value());
    }
    cpu.sys.cr[0] |= 0x6_0000;
    cpu.sys.fpc = (random.below(32) as u32) << 27 | random.below(4) as u32;
    lockstep_s390x::psw::derive(cpu);
    cx
}

fn run(engine: &mut dyn Engine<S390x>, cx: &mut Cx<S390x>, count: u64) {
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        let left = end - cx.bp.retired;
        assert!(engine.run(cx, left).is_none());
    }
}

/// Runs a sequence on both engines, in strides, and compares all state after each.
fn compare(seed: u64, rows: &[&Row]) {
    let mut random = Random::new(seed);
    let code: Vec<_> = (0..LENGTH as u64)
        .map(|k| {
            let row = if k == 0 { seed } else { random.next() } % rows.len() as u64;
            insn(&mut random, rows[row as usize])
        })
        .collect();
    let fresh = || machine(&code, &mut Random::new(!seed));
    let (mut expected, mut actual) = (fresh(), fresh());
    let mut interpreter = Interpreter::default();
    let mut jit = Jit::new(Hotness::Now).unwrap();
    for count in STRIDES {
        run(&mut interpreter, &mut expected, count);
        run(&mut jit, &mut actual, count);
        let text = || code.iter().map(|insn| disassemble(insn, 0) + "\n").collect::<String>();
        assert_eq!(expected.cpu.pc, actual.cpu.pc, "seed {seed}\n{}", text());
        assert_eq!(expected.cpu.regs[..24], actual.cpu.regs[..24], "seed {seed}\n{}", text());
        assert_eq!(expected.cpu.vregs, actual.cpu.vregs, "seed {seed}\n{}", text());
        assert!(expected.cpu.state() == actual.cpu.state(), "seed {seed}\n{}", text());
        assert_eq!(expected.mem.digest(), actual.mem.digest(), "seed {seed}\n{}", text());
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Catches a vector instruction that compiled code does in another way: a lane, a store over a page boundary, a refusal.
#[test]
fn vector_sequences_leave_the_same_state() {
    if Jit::<S390x>::new(Hotness::Now).is_none() {
        println!("SKIPPED: this host has no compiling engine");
        return;
    }
    let rows: Vec<_> = rows().iter().filter(|row| row.is_vector()).collect();
    let (first, count) = (setting("LOCKSTEP_SEED", 1), setting("LOCKSTEP_SEQUENCES", 150));
    for seed in first..first + count {
        compare(seed, &rows);
    }
    println!("{count} sequences, seeds from {first}, of {} rows", rows.len());
}
