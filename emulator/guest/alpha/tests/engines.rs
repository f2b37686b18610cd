//! Random sequences of valid instructions, each row of the table among them, on both engines.
//!
//! Guests use the instructions that compilers like. Here every row gets operands and addresses that nobody would choose,
//! branches go round in circles, PALcode is called at random, and the engines must leave the same processor and memory
//! behind.
//!
//! `LOCKSTEP_SEQUENCES` says how many (default 400), or `LOCKSTEP_SECONDS` how long; `LOCKSTEP_SEED` from where.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(clippy::disallowed_macros, reason = "a test says when it cannot run")]

mod common;

use common::asm::{ldq, literal, pal, stq};
use common::{CODE, DATA, KSEG, Machine, PCB, STACK};
use lockstep_alpha::{Alpha, function, reg, row_of, rows};
use lockstep_cpu::{Cx, PowerState};
use lockstep_jit::{Hotness, Jit};
use lockstep_testing::{Random, compare, sequences};

/// Instructions in a sequence.
const LENGTH: u64 = 24;
/// Goes on behind the instruction that faulted.
const SKIPPING: u64 = KSEG + 0x9000;
/// Goes on where the frame says.
const RETURNING: u64 = KSEG + 0x9100;
const TABLES: u64 = 0x40_0000;
/// Where the page with the code is mapped, too: for user mode.
const USER: u64 = 0x10_0000_0000;

/// Near zero, near a power of two, an address that works, one that hardly does, a float, or anything.
fn value(random: &mut Random) -> u64 {
    let near = random.below(4);
    match random.below(9) {
        0 => near.wrapping_sub(2),
        1 => (1u64 << random.below(64)).wrapping_add(near).wrapping_sub(2),
        2 => random.next(),
        3 => CODE + random.below(LENGTH) * 4,
        4 => DATA + 0x1000 - random.below(16),
        5 => [KSEG + common::RAM_LEN, USER + 0x1ff8, PCB, KSEG][near as usize] - random.below(8),
        6 => random.float(52, 11),
        _ => DATA + random.below(0x200) * 8,
    }
}

/// An instruction of a row; branches mostly stay in the sequence, and displacements are small.
fn word(random: &mut Random, row: usize, at: u64) -> u32 {
    let row = &rows()[row];
    loop {
        let mut word = row.value() | random.word() & !row.mask();
        match row.opcode {
            0 => {
                let functions = [0x3b, function::RTI, function::RETSYS, function::CALLSYS];
                let number = match random.below(4) {
                    0 => functions[random.below(4) as usize],
                    1 => random.below(0x40) as u32,
                    _ => 0x80 + random.below(0x40) as u32,
                };
                word = if number == function::HALT { function::IMB } else { number };
            }
            0x30.. => {
                let by = (random.below(LENGTH) as u32).wrapping_sub(at as u32 + 1);
                word = word & !0x1f_ffff | by & 0x1f_ffff;
            }
            0x0a..=0x0f | 0x20..=0x2f if random.below(4) > 0 => word &= !0xfc07,
            _ => {}
        }
        for fixed in [
            word,
            word | 31 << 21,
            word | 31 << 16,
            (word & !(0x3ff << 16)) | ((word & 31) * 0x21_0000),
        ] {
            if row.covers(fixed) {
                return fixed;
            }
        }
    }
}

/// What both engines start from.
struct Start {
    words: Vec<u32>,
    regs: Vec<u64>,
    floats: Vec<u64>,
    data: Vec<u8>,
    user: bool,
    counts: Vec<u64>,
}

impl Start {
    fn new(random: &mut Random, first: usize) -> Self {
        let count = rows().len() as u64;
        let words = (0..LENGTH).map(|at| {
            let row = if at == 0 { first % count as usize } else { random.below(count) as usize };
            word(random, row, at)
        });
        Self {
            words: words.collect(),
            regs: (0..30).map(|_| value(random)).collect(),
            floats: (0..31).map(|_| value(random)).collect(),
            data: (0..0x1100).map(|_| random.next() as u8).collect(),
            user: random.below(4) == 0,
            counts: (0..12).map(|_| 1 + random.below(60)).collect(),
        }
    }

    fn machine(&self) -> Cx<Alpha> {
        let mut m = Machine::new(CODE);
        let bytes =
            |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
        m.write(CODE, &bytes(&self.words));
        m.write(DATA, &self.data);
        let skip = [ldq(16, 8, 30), literal(0x10, 0x20, 16, 4, 16), stq(16, 8, 30)];
        m.write(SKIPPING, &bytes(&skip));
        m.write(SKIPPING + 12, &bytes(&[pal(function::RTI)]));
        m.write(RETURNING, &bytes(&[pal(function::RTI)]));
        // Three levels of tables, and a page of code for everybody.
        let entry = |physical: u64| ((physical >> 13) << 32 | 0x3301).to_le_bytes();
        m.write(KSEG + TABLES + (USER >> 33) * 8, &entry(TABLES + 0x2000));
        m.write(KSEG + TABLES + 0x2000, &entry(TABLES + 0x4000));
        m.write(KSEG + TABLES + 0x4000, &entry(CODE - KSEG));
        let cpu = &mut m.cx.cpu;
        cpu.regs[..30].copy_from_slice(&self.regs);
        for (register, value) in cpu.vregs.iter_mut().zip(&self.floats) {
            *register = (*value).into();
        }
        let [skip, back] = [SKIPPING, RETURNING];
        cpu.sys.entries = [skip, back, skip, back, back, back];
        cpu.sys.ptbr = TABLES >> 13;
        cpu.sys.usp = DATA;
        if self.user {
            cpu.regs[usize::from(reg::SP)] = STACK - 48;
            m.write(STACK - 40, &USER.to_le_bytes());
            m.step(pal(function::RETSYS));
            m.write(CODE, &bytes(&self.words));
        }
        m.cx.powers = vec![PowerState::Running];
        m.cx.mem.forget_code();
        m.cx
    }
}

/// Catches a difference in any instruction's result, trap, or effect on memory and TLB.
#[test]
fn sequences_leave_the_same_state() {
    if Jit::<Alpha>::new(Hotness::Now).is_none() {
        println!("SKIPPED: this host has no compiling engine");
        return;
    }
    let all = rows().iter().map(|row| row.name).collect();
    sequences(400, &all, |seed| {
        let start = Start::new(&mut Random::new(seed), seed as usize);
        let mut jit = Jit::new(Hotness::Now).unwrap();
        compare(
            || start.machine(),
            &mut jit,
            &start.counts,
            || format!("seed {seed}, words {:08x?}", start.words),
        );
        start.words.iter().map(|word| row_of(*word).unwrap().name).collect()
    });
}
