//! Random sequences of vector instructions, each row of them in turn, on both engines.
//!
//! Operands and sizes are what nobody would choose; what is refused is skipped by the program's handler. The engines must leave the
//! same processor and storage behind. `LOCKSTEP_SEQUENCES` says how many (default 150), or `LOCKSTEP_SECONDS` how
//! long; `LOCKSTEP_SEED` from where.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(clippy::disallowed_macros, reason = "a test says when it cannot run")]

use common::Machine;
use lockstep_cpu::Cx;
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{Row, S390x, decode, disassemble, rows};
use lockstep_testing::{Random, compare, sequences};

mod common;

const CODE: u64 = 0x2_0000;
const HANDLER: u64 = 0x1_0000;
/// Close to the end of a page: operands cross it.
const DATA: u64 = 0x3_0fc0;
/// Instructions in a sequence.
const LENGTH: u64 = 24;
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

/// The code of a sequence.
fn code(seed: u64, rows: &[&Row]) -> Vec<[u8; 6]> {
    let mut random = Random::new(seed);
    let row = |place: u64, random: &mut Random| match place {
        0 => seed % rows.len() as u64,
        _ => random.below(rows.len() as u64),
    };
    (0..LENGTH)
        .map(|place| {
            let row = row(place, &mut random);
            insn(&mut random, rows[row as usize])
        })
        .collect()
}

/// Catches a vector instruction that compiled code does in another way: a lane, a store over a page boundary, a refusal.
#[test]
fn vector_sequences_leave_the_same_state() {
    if Jit::<S390x>::new(Hotness::Now).is_none() {
        println!("SKIPPED: this host has no compiling engine");
        return;
    }
    let rows: Vec<_> = rows().iter().filter(|row| row.is_vector()).collect();
    let all = rows.iter().map(|row| row.name).collect();
    sequences(150, &all, |seed| {
        let code = code(seed, &rows);
        let mut jit = Jit::new(Hotness::Now).unwrap();
        compare(
            || machine(&code, &mut Random::new(!seed)),
            &mut jit,
            &STRIDES,
            || {
                let text = code.iter().map(|insn| disassemble(insn, 0) + "\n").collect::<String>();
                format!("seed {seed}\n{text}")
            },
        );
        let row = |insn: &[u8; 6]| lockstep_s390x::rows()[usize::from(decode(insn).row)].name;
        code.iter().map(row).collect()
    });
}
