//! Meanings against formulas that were written independently, where there is no other emulator to compare with.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use common::asm::{lda, memory, operate, pal};
use common::{CODE, DATA, KSEG, Machine};
use lockstep_alpha::{fpcr, function, reg, summary};
use lockstep_testing::Random;

const ROUNDS: usize = 3000;
/// Where all entry points lead.
const HANDLER: u64 = KSEG + 0x9000;

fn machine() -> Machine {
    let mut machine = Machine::new(CODE);
    machine.cx.cpu.sys.entries = [HANDLER; 6];
    machine
}

/// What a floating-point operation did.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Done {
    value: u64,
    /// Exceptions in FPCR, from bit 0.
    recorded: u64,
    /// The summary and the register mask of its trap.
    trap: Option<(u64, u64)>,
}

impl Machine {
    /// Runs `operation f1, f2, f3` with FPCR.
    fn float(&mut self, opcode: u32, function: u32, a: u64, b: u64, control: u64) -> Done {
        // With F31 for the first operand, as operations on one have it.
        let fa =
            if matches!(function & 0xf, 0xa..=0xf) || function & 0x3f == 0x1e { 31 } else { 1 };
        self.cx.cpu.vregs[1] = a.into();
        self.cx.cpu.vregs[2] = b.into();
        self.cx.cpu.vregs[3] = 0x5555;
        self.cx.cpu.sys.fpcr = control;
        let went_on = self.step(operate(opcode, function, fa, 2, 3));
        let trap = (!went_on).then(|| (self.cx.cpu.regs[16], self.cx.cpu.regs[17]));
        if trap.is_some() {
            assert_eq!(self.cx.cpu.pc, HANDLER);
            self.step(pal(function::RTI));
            assert_eq!(self.cx.cpu.pc, CODE + 4, "a trap comes after its instruction");
        }
        let recorded = self.cx.cpu.sys.fpcr >> fpcr::EXCEPTIONS_SHIFT & 0x3f;
        Done { value: self.cx.cpu.vregs[3] as u64, recorded, trap }
    }
}

/// A G floating number in the middle of the range, so that nothing overflows.
fn middle(random: &mut Random) -> u64 {
    let exponent = 1025 - 100 + random.below(200);
    random.below(2) << 63 | exponent << 52 | random.next() & ((1 << 52) - 1)
}

/// Catches VAX arithmetic that rounds wrongly or has the exponent off: G floating against the host's doubles, which
/// have the same fraction and a quarter of the value, and round the same unless the exact result is halfway.
#[test]
fn vax_arithmetic() {
    let (mut m, mut random) = (machine(), Random::new(1));
    for _ in 0..ROUNDS {
        let (a, b) = (middle(&mut random), middle(&mut random));
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        let cases = [(0x0a0, x + y), (0x0a1, x - y), (0x0a2, x * y / 4.0), (0x0a3, x / y * 4.0)];
        for (function, expected) in cases {
            let done = m.float(0x15, function, a, b, 0);
            // Halfway the host goes to even, and this away from zero.
            let off = done.value.wrapping_sub(expected.to_bits());
            assert!(
                off == 0 || off == 1 && function < 0x0a2,
                "{function:#x} {a:#x} {b:#x} {done:x?}"
            );
            assert_eq!((done.recorded, done.trap), (0, None));
        }
        let root = m.float(0x14, 0x0aa, 0, b & !(1 << 63), 0);
        assert_eq!(root.value, (y.abs().sqrt() * 2.0).to_bits());
        let less = m.float(0x15, 0x0a6, a, b, 0).value;
        assert_eq!(less, if x < y { 0x4000 << 48 } else { 0 });
        let integer = m.float(0x15, 0x02f, 0, b, 0).value as i64;
        if y.abs() < 2f64.powi(60) {
            assert_eq!(integer, (y / 4.0).trunc() as i64, "CVTGQ/C {b:#x}");
        }
        let long = i64::from(random.word() as i32);
        let from = m.float(0x15, 0x0be, 0, long as u64, 0).value;
        assert_eq!(from, if long == 0 { 0 } else { (long as f64 * 4.0).to_bits() });
    }
}

/// Catches ties that go to even, chopping that rounds, and the ends of the F and G ranges.
#[test]
fn vax_rounding_and_ranges() {
    let mut m = machine();
    let one = 1025 << 52;
    let half_place = (1025 - 53) << 52;
    assert_eq!(m.float(0x15, 0x0a0, one, half_place, 0).value, one + 1, "a tie goes up");
    assert_eq!(m.float(0x15, 0x020, one, half_place, 0).value, one, "/C chops");
    assert_eq!(
        m.float(0x15, 0x0a0, 1 << 63 | one, 1 << 63 | half_place, 0).value,
        1 << 63 | (one + 1)
    );
    let (largest, smallest) = (u64::MAX >> 1, 1 << 52);
    let overflow = m.float(0x15, 0x0a2, largest, largest, 0);
    assert_eq!(overflow.trap, Some((summary::OVERFLOW, 1 << 35)));
    let underflow = m.float(0x15, 0x0a2, smallest, smallest, 0);
    assert_eq!(underflow, Done { value: 0, recorded: 8, trap: None });
    let trapped = m.float(0x15, 0x1a2, smallest, smallest, 0);
    assert_eq!(trapped.trap, Some((summary::UNDERFLOW, 1 << 35)));
    // The largest F floating number, doubled.
    let largest_f = 1151 << 52 | 0x7f_ffff << 29;
    assert_eq!(
        m.float(0x15, 0x080, largest_f, largest_f, 0).trap,
        Some((summary::OVERFLOW, 1 << 35))
    );
    assert_eq!(m.float(0x15, 0x0a0, largest_f, largest_f, 0).trap, None, "in G it fits");
    let by_zero = m.float(0x15, 0x0a3, one, 0, 0);
    assert_eq!(by_zero.trap, Some((summary::DIVIDE_BY_ZERO, 1 << 35)));
    let reserved = m.float(0x15, 0x0a0, 1 << 63 | 5, one, 0);
    assert_eq!(reserved.trap, Some((summary::INVALID, 1 << 35)));
    assert_eq!(
        m.float(0x15, 0x0a0, 5, one, 0).value,
        one,
        "a fraction without an exponent is zero"
    );
    assert_eq!(m.float(0x15, 0x0af, 0, one | 1 << 51, 0).value, 2, "CVTGQ of 1.5 rounds away");
    // 1.0 in D floating has exponent 129 in eight bits, and three fraction bits more.
    assert_eq!(m.float(0x15, 0x09e, 0, 129 << 55, 0).value, one, "CVTDG");
    assert_eq!(m.float(0x15, 0x0ad, 0, one | 1, 0).value, 129 << 55 | 8, "CVTGD");
    assert_eq!(m.float(0x15, 0x0ac, 0, one | 1 << 28, 0).value, one | 1 << 29, "CVTGF rounds");
}

/// Catches F and G floating that is stored or loaded in the wrong order, and ITOFF that exchanges words.
#[test]
fn vax_in_memory() {
    let mut m = machine();
    m.cx.cpu.regs[1] = DATA;
    // 1.0 and -2.5, as the VAX Architecture Reference Manual has them.
    for (register, f, g) in [
        (1025u64 << 52, 0x0000_4080u32, 0x0000_0000_0000_4010u64),
        (1 << 63 | 1026 << 52 | 1 << 50, 0x0000_c120, 0x0000_0000_0000_c024),
    ] {
        m.write(DATA, &f.to_le_bytes());
        m.step(memory(0x20, 3, 0, 1));
        assert_eq!(m.cx.cpu.vregs[3] as u64, register, "LDF");
        m.step(memory(0x24, 3, 8, 1));
        assert_eq!(m.quadword(DATA + 8) as u32, f, "STF");
        m.write(DATA, &g.to_le_bytes());
        m.step(memory(0x21, 4, 0, 1));
        assert_eq!(m.cx.cpu.vregs[4] as u64, register, "LDG");
        m.step(memory(0x25, 4, 8, 1));
        assert_eq!(m.quadword(DATA + 8), g, "STG");
        m.cx.cpu.regs[2] = f.rotate_left(16).into();
        m.step(operate(0x14, 0x014, 2, 31, 5));
        assert_eq!(m.cx.cpu.vregs[5] as u64, register, "ITOFF");
    }
}

const ONE: u64 = 0x3ff << 52;
const LEAST: u64 = 1 << 52;
const DENORMAL: u64 = 1;
const HALF: u64 = 0x3fe << 52;

/// Catches an operand that traps although it must not, or does not although it must; with the completion bit, without
/// anything in FPCR for a denormal one, and nothing computed.
#[test]
fn operands_that_trap() {
    let mut m = machine();
    let invalid = |completion: u64| Some((summary::INVALID | completion, 1 << 35));
    let unchanged = 0x5555;
    let done = m.float(0x16, 0x0a0, ONE, DENORMAL, 0);
    assert_eq!(done, Done { value: unchanged, recorded: 0, trap: invalid(0) });
    let done = m.float(0x16, 0x5a0, ONE, DENORMAL, 0);
    assert_eq!(done, Done { value: unchanged, recorded: 0, trap: invalid(1) });
    // As zero, but only with /S.
    let done = m.float(0x16, 0x5a0, ONE, DENORMAL, fpcr::DNZ);
    assert_eq!(done, Done { value: ONE, recorded: 0, trap: None });
    let done = m.float(0x16, 0x0a0, ONE, DENORMAL, fpcr::DNZ);
    assert_eq!(done.trap, invalid(0));
    for special in [0x7ff << 52, 0xfff8 << 48, 0x7ff << 52 | 1] {
        let done = m.float(0x16, 0x0a0, special, ONE, 0);
        assert_eq!(done, Done { value: unchanged, recorded: 1, trap: invalid(0) });
    }
    let done = m.float(0x16, 0x5a0, 0x7ff << 52, ONE, 0);
    assert_eq!(done, Done { value: 0x7ff << 52, recorded: 0, trap: None });
    // Comparisons take infinities.
    assert_eq!(m.float(0x16, 0x0a6, ONE, 0x7ff << 52, 0).value, 0x4000 << 48);
    // Of two NaNs the second, quiet; a signalling one is invalid, and the trap can be disabled.
    let (first, second) = (0x7ff8 << 48 | 0xf, 0x7ff0 << 48 | 1);
    let done = m.float(0x16, 0x5a0, first, second, fpcr::INVD);
    assert_eq!(done, Done { value: 0x7ff8 << 48 | 1, recorded: 1, trap: None });
    let done = m.float(0x16, 0x5a1, 0x7ff << 52, 0x7ff << 52, fpcr::INVD);
    assert_eq!(done.value, 0xfff8 << 48, "the canonical NaN");
}

/// Catches a denormal result, which a 21264 leaves to software: without /U zero; with /U a trap; unless FPCR says that zero
/// will do, and then only with /S.
#[test]
fn results_that_underflow() {
    let mut m = machine();
    let both = fpcr::UNFD | fpcr::UNDZ;
    let recorded = 0x18;
    for (function, control, trap) in [
        (0x0a2, 0, None),
        (0x1a2, 0, Some(summary::UNDERFLOW)),
        (0x1a2, both, Some(summary::UNDERFLOW)),
        (0x5a2, 0, Some(summary::UNDERFLOW | 1)),
        (0x5a2, fpcr::UNFD, Some(summary::UNDERFLOW | 1)),
        (0x5a2, both, None),
        (0x7a2, both, Some(summary::INEXACT | 1)),
        (0x7a2, both | fpcr::INED, None),
    ] {
        let done = m.float(0x16, function, LEAST | 1 << 63, HALF, control);
        let trap = trap.map(|summary| (summary, 1 << 35));
        assert_eq!(done, Done { value: 0, recorded, trap }, "{function:#x} {control:#x}");
    }
}

/// Catches a trap that FPCR disables and that comes all the same, or one that it cannot disable.
#[test]
fn traps_that_are_disabled() {
    let mut m = machine();
    let large = 0x7fe << 52;
    for (function, a, b, disable, summary, value) in [
        (0x5a2, large, large, fpcr::OVFD, summary::OVERFLOW, 0x7ffu64 << 52),
        (0x5a3, ONE, 1 << 63, fpcr::DZED, summary::DIVIDE_BY_ZERO, 0xfff << 52),
        (0x5a3, 0, 0, fpcr::INVD, summary::INVALID, 0xfff8 << 48),
        (0x7a3, ONE, 0x4008 << 48, fpcr::INED, summary::INEXACT, (1.0f64 / 3.0).to_bits()),
    ] {
        // The normal dynamic mode does not matter to instructions that name their own.
        let disabled = m.float(0x16, function, a, b, disable);
        assert_eq!((disabled.value, disabled.trap), (value, None), "{function:#x}");
        let enabled = m.float(0x16, function, a, b, 0);
        assert_eq!(enabled.trap, Some((summary | 1, 1 << 35)), "{function:#x}");
        // Only with /S.
        if function != 0x7a3 {
            let plain = m.float(0x16, function & 0xff, a, b, disable);
            assert_eq!(plain.trap, Some((summary, 1 << 35)), "{function:#x}");
        }
    }
    // Integer overflow has no disable.
    let done = m.float(0x16, 0x5af, 0, 0x43f0 << 48, u64::MAX >> 1);
    assert_eq!(done.trap, Some((summary::INTEGER_OVERFLOW | 1, 1 << 35)));
}

/// Catches a summary bit that is stored and not computed, and reserved bits that can be written.
#[test]
fn control_register() {
    let mut m = machine();
    m.cx.cpu.vregs[4] = u128::from(u64::MAX);
    m.step(operate(0x17, 0x024, 4, 4, 4));
    m.step(operate(0x17, 0x025, 5, 5, 5));
    assert_eq!(m.cx.cpu.vregs[5] as u64, 0xffff << 48);
    m.cx.cpu.vregs[4] = u128::from(fpcr::SUM | fpcr::DNZ);
    m.step(operate(0x17, 0x024, 4, 4, 4));
    m.step(operate(0x17, 0x025, 5, 5, 5));
    assert_eq!(m.cx.cpu.vregs[5] as u64, fpcr::DNZ);
}

/// Catches an integer overflow whose result is not put, whose register is not named, or that is not noticed.
#[test]
fn integer_overflow() {
    let (mut m, mut random) = (machine(), Random::new(2));
    for _ in 0..ROUNDS {
        let (a, b) = (random.value() as i64, random.value() as i64);
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        let (long_a, long_b) = (i128::from(a as i32), i128::from(b as i32));
        for (opcode, function, exact, bits) in [
            (0x10, 0x60, wide_a + wide_b, 64),
            (0x10, 0x69, wide_a - wide_b, 64),
            (0x13, 0x60, wide_a * wide_b, 64),
            (0x10, 0x40, long_a + long_b, 32),
            (0x10, 0x49, long_a - long_b, 32),
            (0x13, 0x40, long_a * long_b, 32),
        ] {
            let result =
                if bits == 64 { i128::from(exact as i64) } else { i128::from(exact as i32) };
            m.cx.cpu.regs[1] = a as u64;
            m.cx.cpu.regs[2] = b as u64;
            let went_on = m.step(operate(opcode, function, 1, 2, 3));
            assert_eq!(m.cx.cpu.regs[3], result as u64, "{opcode:#x} {function:#x} {a:#x} {b:#x}");
            assert_eq!(went_on, result == exact);
            if !went_on {
                assert_eq!(m.cx.cpu.regs[16..18], [summary::INTEGER_OVERFLOW, 1 << 3]);
                m.step(pal(function::RTI));
            }
        }
    }
}

/// Catches a conditional store that stores without a lock, with another's, or twice.
#[test]
fn locks() {
    let mut m = machine();
    let store = |m: &mut Machine, opcode: u32, place: i32, value: u64| {
        m.cx.cpu.regs[2] = value;
        assert!(m.step(memory(opcode, 2, place, 1)));
        m.cx.cpu.regs[2]
    };
    m.cx.cpu.regs[1] = DATA;
    assert_eq!(store(&mut m, 0x2f, 0, 7), 0, "without a lock");
    m.step(memory(0x2b, 3, 0, 1));
    assert_eq!(store(&mut m, 0x2f, 8, 8), 1, "in the same 16 bytes");
    assert_eq!(store(&mut m, 0x2f, 0, 9), 0, "a second time");
    m.step(memory(0x2a, 3, 0, 1));
    assert_eq!(store(&mut m, 0x2e, 16, 10), 0, "elsewhere");
    m.step(memory(0x2a, 3, 0, 1));
    m.step(pal(function::BPT));
    m.step(pal(function::RTI));
    assert_eq!(store(&mut m, 0x2e, 0, 11), 0, "after a trap");
    assert_eq!([m.quadword(DATA), m.quadword(DATA + 8)], [0, 8]);
}

/// Catches a counter that does not follow virtual time, loses its offset, or identifies another processor.
#[test]
fn counters_and_identity() {
    let mut m = machine();
    m.cx.cpu.sys.cycle_offset = 0x1234;
    (0..250).for_each(|_| assert!(m.step(lda(31, 0, 31))));
    m.step(operate(0x18, 0, 4, 31, 0) | 0xc000);
    // 250 instructions of 4 ns at 250 MHz.
    assert_eq!(m.cx.cpu.regs[4], 0x1234 << 32 | 250);
    m.cx.cpu.regs[2] = u64::MAX;
    m.step(operate(0x11, 0x61, 31, 2, 4));
    assert_eq!(m.cx.cpu.regs[4], !0x307, "AMASK");
    m.step(0x47e0_3d84);
    assert_eq!(m.cx.cpu.regs[4], 2, "IMPLVER");
    for (word, before, after) in [(0xf000, 0, 1), (0xe000, 1, 0)] {
        assert_eq!(m.cx.cpu.regs[usize::from(reg::INTR)], before);
        m.step(0x18 << 26 | 5 << 21 | word);
        assert_eq!(m.cx.cpu.regs[5], before);
        assert_eq!(m.cx.cpu.regs[usize::from(reg::INTR)], after);
    }
    m.step(lda(31, 5, 31));
    assert_eq!(m.cx.cpu.regs[31], 0, "R31 stays zero");
}
