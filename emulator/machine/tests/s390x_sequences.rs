//! Random sequences of s390x instructions, each row of the table among them, on both engines: the counterpart of
//! `sequences.rs` for big-endian instructions of several lengths, which may be jumped into.
//!
//! Half of the sequences run with translation, in which the page after the data is missing, read-only or another address of
//! the code; half of them in problem state; some in the short addressing modes, and some with program-event
//! recording. A program interruption is answered by a
//! handler that goes on behind the instruction.
//!
//! `LOCKSTEP_SEQUENCES` says how many (default: one for each row of the table), or `LOCKSTEP_SECONDS` how long; `LOCKSTEP_SEED`
//! from where.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_cpu::{Cx, Guest};
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{S390x, decode, psw, reg, rows};
use lockstep_testing::{Random, compare, sequences};

#[path = "../../guest/s390x/tests/common/mod.rs"]
mod common;

const CODE: u64 = 0x2_0000;
const DATA: u64 = 0x4_0000;
const HANDLER: u64 = 0x1_0000;
const SEGMENTS: u64 = 0x8_0000;
const PAGES: u64 = 0x9_0000;
/// Instructions in a sequence.
const LENGTH: u64 = 24;
/// Page-table entries: not there, and not to be stored into.
const INVALID: u64 = 0x400;
const PROTECTED: u64 = 0x200;

/// STG %r14,0x200; CLI 0x8f,0x10; JL over: LLGC %r14,0x8d; AG %r14,0x158; STG %r14,0x158; here: LG %r14,0x200; LPSWE 0x150. What
/// nullifies leaves the PSW at the instruction.
const SKIP: &[u8] = &[
    0xe3, 0xe0, 0x02, 0x00, 0x00, 0x24, 0x95, 0x10, 0x00, 0x8f, 0xa7, 0x44, 0x00, 0x0b, 0xe3, 0xe0,
    0x00, 0x8d, 0x00, 0x90, 0xe3, 0xe0, 0x01, 0x58, 0x00, 0x08, 0xe3, 0xe0, 0x01, 0x58, 0x00, 0x24,
    0xe3, 0xe0, 0x02, 0x00, 0x00, 0x04, 0xb2, 0xb2, 0x01, 0x50,
];

/// An encoding of a row; relative operands lead into the sequence or near it.
fn encoding(random: &mut Random, number: usize) -> Vec<u8> {
    let row = &rows()[number];
    let mut bytes = random.next().to_be_bytes();
    bytes[0] = row.first;
    match row.first {
        0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => bytes[1] = row.second,
        0xa5 | 0xa7 | 0xc0 | 0xc2 | 0xc4 | 0xc6 | 0xc8 | 0xcc => {
            bytes[1] = bytes[1] & 0xf0 | row.second;
        }
        0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => bytes[5] = row.second,
        _ => {}
    }
    let len = S390x::length([bytes[0], bytes[1]]);
    if row.operands().contains('j') {
        let offset = random.below(0x40) as i64 - 0x20;
        let data = (DATA - CODE) as i64 / 2 + random.below(0x400) as i64;
        let is_data = matches!(row.first, 0xc4 | 0xc6) || row.name == "larl";
        if is_data {
            bytes[2..6].copy_from_slice(&(data as i32).to_be_bytes());
        } else if matches!(row.first, 0xc0 | 0xcc) {
            bytes[2..6].copy_from_slice(&(offset as i32).to_be_bytes());
        } else {
            bytes[2..4].copy_from_slice(&(offset as i16).to_be_bytes());
        }
    } else if len >= 4 && random.below(4) != 0 {
        // Displacements of a page at most.
        match row.first {
            0xe3 | 0xeb => bytes[4] = 0,
            _ => bytes[2] &= 0xf7,
        }
    }
    bytes[..len].to_vec()
}

/// What both engines start from.
struct Start {
    code: Vec<u8>,
    regs: Vec<u64>,
    vregs: Vec<u128>,
    data: Vec<u8>,
    mask: u64,
    cr0: u64,
    /// Control register 9: the events of program-event recording, in the whole of storage.
    events: u64,
    /// The page-table entry of the page after the data.
    next_page: u64,
    counts: Vec<u64>,
}

/// Near zero, near a power of two, an address that works, one that hardly does, or anything.
fn register(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => random.value(),
        1 => CODE + random.below(LENGTH) * 4,
        2 => DATA + 0x1000 - random.below(16),
        3 => random.below(0x100),
        4 => DATA + random.below(0x1000),
        _ => DATA + random.below(0x100) * 8,
    }
}

impl Start {
    fn new(random: &mut Random, first: usize) -> Self {
        let count = rows().len();
        let code = (0..LENGTH)
            .flat_map(|place| {
                let any = random.below(count as u64) as usize;
                encoding(random, if place == 0 { first % count } else { any })
            })
            .collect();
        let regs = (0..16).map(|_| register(random)).collect();
        let vregs =
            (0..32).map(|_| u128::from(random.float(52, 11)) << 64 | u128::from(random.value()));
        let vregs = vregs.collect();
        let data = (0..0x1100).map(|_| random.next() as u8).collect();
        let mode = match random.below(8) {
            0 => 0,
            1 => psw::BA,
            _ => psw::EA | psw::BA,
        };
        let translated = if random.below(2) == 0 { psw::DAT } else { 0 };
        let problem = if random.below(2) == 0 { psw::PROBLEM } else { 0 };
        let overflow = if random.below(2) == 0 { psw::FIXED_OVERFLOW } else { 0 };
        let (recording, events) = match random.below(8) {
            0 => (psw::PER, (random.next() & 0xeb) << 24),
            _ => (0, 0),
        };
        let mask = mode | translated | problem | overflow | recording;
        // Floating point, execution protection, enhanced DAT, low-address protection.
        let cr0 = if random.below(8) == 0 { 0 } else { 1 << 18 }
            | 1 << 43
            | random.below(2) << 23
            | random.below(2) << 28;
        let next_page = [INVALID, (DATA + 0x1000) | PROTECTED, CODE, DATA + 0x1000];
        let next_page = next_page[random.below(4) as usize];
        let counts = (0..12).map(|_| 1 + random.below(60)).collect();
        Self { code, regs, vregs, data, mask, cr0, events, next_page, counts }
    }

    fn machine(&self) -> Cx<S390x> {
        let mut cx = Machine::new(CODE).cx;
        let mem = &mut cx.mem;
        mem.write_bytes(CODE, &self.code).unwrap();
        mem.write_bytes(DATA, &self.data).unwrap();
        mem.write_bytes(HANDLER, SKIP).unwrap();
        let mut put = |at: u64, value: u64| mem.write_bytes(at, &value.to_be_bytes()).unwrap();
        // New PSWs: program, supervisor call; a disabled wait for the rest is what zeros are not.
        for class in [0x1c0, 0x1d0] {
            put(class, psw::EA | psw::BA);
            put(class + 8, HANDLER);
        }
        // A supervisor call goes on by its own old PSW.
        put(0x1c8, HANDLER + 0x100);
        for page in 0..256 {
            let at = page * 0x1000;
            put(PAGES + page * 8, if at == DATA + 0x1000 { self.next_page } else { at });
        }
        for segment in 0..2048 {
            put(SEGMENTS + segment * 8, if segment == 0 { PAGES } else { 0x20 });
        }
        mem.write_bytes(HANDLER + 0x100, &[0xb2, 0xb2, 0x01, 0x40]).unwrap();
        mem.forget_code();
        let cpu = &mut cx.cpu;
        cpu.regs[..16].copy_from_slice(&self.regs);
        cpu.vregs.copy_from_slice(&self.vregs);
        cpu.sys.cr[0] = self.cr0;
        (cpu.sys.cr[9], cpu.sys.cr[11]) = (self.events, u64::MAX);
        for number in [1, 7, 13] {
            cpu.sys.cr[number] = SEGMENTS | 3;
        }
        cpu.regs[usize::from(reg::CC)] = 0;
        psw::set(cpu, self.mask, CODE);
        cx
    }
}

/// The rows whose instructions begin where the sequence's do.
fn rows_in(code: &[u8]) -> Vec<&'static str> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 1 < code.len() {
        let len = S390x::length([code[at], code[at + 1]]);
        let row = decode(&code[at..(at + len).min(code.len())]).row;
        found.extend(rows().get(usize::from(row)).map(|row| row.name));
        at += len;
    }
    found
}

/// Catches a difference between the engines in any instruction's result, condition code, interruption, or effect on storage,
/// keys and TLB.
#[test]
fn s390x_sequences_leave_the_same_state() {
    let all = rows().iter().map(|row| row.name).collect();
    sequences(rows().len() as u64, &all, |seed| {
        let start = Start::new(&mut Random::new(seed), seed as usize);
        let mut jit = Jit::new(Hotness::Now).unwrap();
        compare(
            || start.machine(),
            &mut jit,
            &start.counts,
            || format!("seed {seed}, code {:02x?}", start.code),
        );
        rows_in(&start.code)
    });
}
