//! Meanings against formulas that were written independently, and what a faulting instruction must leave alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use common::{CODE, DATA, Machine, RAM};
use lockstep_aarch64::{flags, reg};
use lockstep_testing::Random;

const ROUNDS: usize = 2000;
/// Where there is neither memory nor a device.
const NOTHING: u64 = 0x2000_0000;

fn machine() -> Machine {
    Machine::new(CODE)
}

impl Machine {
    /// Runs `op x0, x1, x2` and gives X0.
    fn binary(&mut self, word: u32, a: u64, b: u64) -> u64 {
        self.cx.cpu.regs[1] = a;
        self.cx.cpu.regs[2] = b;
        assert!(self.step(word | 2 << 16 | 1 << 5), "{word:#x} faults");
        self.cx.cpu.regs[0]
    }

    fn nzcv(&self) -> u32 {
        flags::nzcv(&self.cx.cpu.regs) >> 28
    }
}

/// NZCV of a sum of three, by arithmetic that is wide enough not to wrap.
fn sum_flags(a: u64, b: u64, carry: u64, bits: u32) -> (u64, u32) {
    let mask = u128::MAX >> (128 - bits);
    let (wide_a, wide_b) = (u128::from(a) & mask, u128::from(b) & mask);
    let unsigned = wide_a + wide_b + u128::from(carry);
    let signed = |v: u128| (v << (128 - bits)) as i128 >> (128 - bits);
    let exact = signed(wide_a) + signed(wide_b) + i128::from(carry);
    let result = unsigned & mask;
    let n = u32::from(result >> (bits - 1) == 1);
    let (z, c) = (u32::from(result == 0), u32::from(unsigned > mask));
    let v = u32::from(exact != signed(result));
    (result as u64, n << 3 | z << 2 | c << 1 | v)
}

/// Catches a wrong carry or overflow in any of the eight sums that set flags.
#[test]
fn sums_and_flags() {
    let (mut m, mut random) = (machine(), Random::new(1));
    for _ in 0..ROUNDS {
        let (a, b, carry) = (random.value(), random.value(), random.below(2));
        for (sf, bits) in [(0, 32), (1 << 31, 64)] {
            let cases = [
                (0x2b00_0000, b, 0),
                (0x6b00_0000, !b, 1),
                (0x3a00_0000, b, carry),
                (0x7a00_0000, !b, carry),
            ];
            for (word, second, carry_in) in cases {
                flags::set_nzcv(&mut m.cx.cpu.regs, (carry as u32) << 29);
                let result = m.binary(word | sf, a, b);
                let expected = sum_flags(a, second, carry_in, bits);
                assert_eq!((result, m.nzcv()), expected, "{word:#x} {a:#x} {b:#x} {carry}");
            }
        }
    }
}

/// Catches a condition that is tested wrongly, for all flags.
#[test]
fn conditions() {
    let mut m = machine();
    for nzcv in 0..16u32 {
        let [n, z, c, v] = [8, 4, 2, 1].map(|bit| nzcv & bit != 0);
        let positive = [z, c, n, v, c && !z, n == v, n == v && !z, true];
        for condition in 0..16u32 {
            let holds = positive[condition as usize / 2] ^ (condition % 2 == 1 && condition < 14);
            flags::set_nzcv(&mut m.cx.cpu.regs, nzcv << 28);
            m.step(0x5400_0040 | condition); // b.cond +8
            let target = if holds { CODE + 8 } else { CODE + 4 };
            assert_eq!(m.cx.cpu.pc, target, "b.cond {condition} with {nzcv:#x}");
            m.cx.cpu.regs[1] = 7;
            m.step(0x9a9f_0020 | condition << 12); // csel x0, x1, xzr, cond
            assert_eq!(m.cx.cpu.regs[0], if holds { 7 } else { 0 });
            m.step(0xfa40_082f | condition << 12); // ccmp x1, #0, #15, cond
            assert_eq!(m.nzcv(), if holds { 2 } else { 15 });
        }
    }
}

/// Catches a bitmask immediate that is expanded wrongly, or an encoding too many or too few: there are 5334.
#[test]
fn bitmask_immediates() {
    let mut m = machine();
    let mut masks = std::collections::BTreeSet::new();
    for fields in 0..1u32 << 13 {
        let (n, immr, imms) = (fields >> 12, fields >> 6 & 63, fields & 63);
        let word = 0xb200_03e0 | n << 22 | immr << 16 | imms << 10; // orr x0, xzr, #mask
        if !m.step(word) {
            continue;
        }
        let mask = m.cx.cpu.regs[0];
        // A mask is a rotated run of ones, repeated: between neighbours there is one rise per element.
        let rises = (mask & !mask.rotate_left(1)).count_ones();
        assert!(rises.is_power_of_two() && mask.rotate_right(64 / rises) == mask, "{mask:#x}");
        assert_eq!(mask.count_ones() / rises, (imms & (64 / rises - 1)) + 1);
        let run = u64::MAX >> (64 - mask.count_ones() / rises);
        assert_eq!(mask.rotate_left(immr) & run, run, "{mask:#x} is not rotated by {immr}");
        masks.insert(mask);
    }
    assert_eq!(masks.len(), 5334);
}

/// Catches SBFM, BFM, UBFM and EXTR that differ from moving bit by bit.
#[test]
fn bitfields() {
    let (mut m, mut random) = (machine(), Random::new(2));
    for _ in 0..ROUNDS {
        let (wide, source, old) = (random.below(2), random.value(), random.value());
        let width = 32 << wide;
        let (r, s) = (random.below(width), random.below(width));
        let bit = |v: u64, place: u64| v >> place & 1;
        // Bits 0..=s-r of the result come from r..=s, or bits of 0..=s go to the top.
        let (from, to, len) = if s >= r { (r, 0, s - r + 1) } else { (0, width - r, s + 1) };
        let mask = (u64::MAX >> (64 - len)) << to;
        let field = (0..len).fold(0, |all, k| all | bit(source, from + k) << (to + k));
        let cut = u64::MAX >> (64 - width);
        let above = if bit(source, s) == 1 { !0 << (to + len - 1) } else { 0 };
        let cases = [(0, (field | above) & cut), (1, field | old & !mask & cut), (2, field)];
        for (opc, expected) in cases {
            let common = (wide as u32) << 31 | 0x1300_0020 | (wide as u32) << 22;
            m.cx.cpu.regs[0] = old;
            m.cx.cpu.regs[1] = source;
            m.step(common | opc << 29 | (r as u32) << 16 | (s as u32) << 10);
            assert_eq!(m.cx.cpu.regs[0], expected, "{opc} {r} {s} {source:#x} {old:#x}");
        }
        let extr = (wide as u32) << 31 | 0x1380_0000 | (wide as u32) << 22 | (s as u32) << 10;
        let both = u128::from(old & cut) << width | u128::from(source & cut);
        assert_eq!(m.binary(extr, old, source), (both >> s) as u64 & cut);
    }
}

/// Catches division corners, shifts beyond the width, and products that lose their upper half.
#[test]
fn division_shifts_products() {
    let (mut m, mut random) = (machine(), Random::new(3));
    let edge = i64::MIN as u64;
    let pairs = [(5, 0), (edge, u64::MAX), (edge, 1), (0, 0)];
    for round in 0..ROUNDS {
        let random_pair = (random.value(), random.value());
        let (a, b) = pairs.get(round).copied().unwrap_or(random_pair);
        let (sa, sb) = (a as i64, b as i64);
        let (wa, wb) = (a as i32, b as i32);
        let w = |v: i32| u64::from(v as u32);
        let zero_or =
            |zero: bool, quotient: fn(i64, i64) -> i64| if zero { 0 } else { quotient(sa, sb) };
        assert_eq!(m.binary(0x9ac0_0c00, a, b), zero_or(b == 0, i64::wrapping_div) as u64);
        assert_eq!(m.binary(0x9ac0_0800, a, b), a.checked_div(b).unwrap_or(0));
        let quotient = if wb == 0 { 0 } else { wa.wrapping_div(wb) };
        assert_eq!(m.binary(0x1ac0_0c00, a, b), w(quotient));
        assert_eq!(m.binary(0x9ac0_2000, a, b), a << (b % 64));
        assert_eq!(m.binary(0x1ac0_2800, a, b), w(wa >> (b % 32)));
        assert_eq!(m.binary(0x1ac0_2c00, a, b), u64::from((a as u32).rotate_right(b as u32 % 32)));
        assert_eq!(m.binary(0x9b40_7c00, a, b), ((i128::from(sa) * i128::from(sb)) >> 64) as u64);
        assert_eq!(m.binary(0x9bc0_7c00, a, b), ((u128::from(a) * u128::from(b)) >> 64) as u64);
        m.cx.cpu.regs[3] = !a;
        let product = a.wrapping_mul(b);
        assert_eq!(m.binary(0x9b00_0c00, a, b), (!a).wrapping_add(product));
        assert_eq!(m.binary(0x9b00_8c00, a, b), (!a).wrapping_sub(product));
        let long = i64::from(wa) * i64::from(wb);
        assert_eq!(m.binary(0x9b20_0c00, a, b), (!a).wrapping_add(long as u64));
        let long = u64::from(a as u32) * u64::from(b as u32);
        assert_eq!(m.binary(0x9ba0_8c00, a, b), (!a).wrapping_sub(long));
    }
}

/// Catches a polynomial, a byte order or a size: check values of "123456789" are published for both.
#[test]
fn checksums() {
    let mut m = machine();
    for (castagnoli, check) in [(0, 0xcbf4_3926), (1 << 12, 0xe306_9283)] {
        let text = b"123456789";
        let head = u64::from_le_bytes(text[..8].try_into().unwrap());
        let byte = |m: &mut Machine, sum, value: u8| {
            m.binary(0x1ac0_4000 | castagnoli, sum, u64::from(value) | 0xff00)
        };
        let by_bytes = text.iter().fold(0xffff_ffff, |sum, value| byte(&mut m, sum, *value));
        assert_eq!(by_bytes as u32 ^ u32::MAX, check);
        let sum = m.binary(0x9ac0_4c00 | castagnoli, 0xffff_ffff, head);
        assert_eq!(byte(&mut m, sum, text[8]), by_bytes);
        let sum = m.binary(0x1ac0_4800 | castagnoli, 0xffff_ffff, head);
        let sum = m.binary(0x1ac0_4400 | castagnoli, sum, head >> 32);
        let sum = m.binary(0x1ac0_4400 | castagnoli, sum, head >> 48);
        assert_eq!(byte(&mut m, sum, text[8]), by_bytes);
    }
}

/// Catches a link register that is set before the target is read, or to the wrong place.
#[test]
fn calls_and_returns() {
    let mut m = machine();
    m.step(0x9400_0010); // bl +64
    assert_eq!((m.cx.cpu.pc, m.cx.cpu.regs[30]), (CODE + 64, CODE + 4));
    m.cx.cpu.regs[30] = DATA;
    m.step(0xd63f_03c0); // blr x30
    assert_eq!((m.cx.cpu.pc, m.cx.cpu.regs[30]), (DATA, CODE + 4));
    m.step(0xd65f_03c0); // ret
    assert_eq!(m.cx.cpu.pc, CODE + 4);
    m.cx.cpu.regs[3] = RAM;
    m.step(0xd61f_0060); // br x3
    assert_eq!(m.cx.cpu.pc, RAM);
}

/// Catches a fault after which a register, or the base, has changed already.
#[test]
fn faults_change_nothing() {
    // At the end of memory, the second half of a pair is outside.
    let end = RAM + common::RAM_LEN;
    let cases = [
        (0xf840_8c20, NOTHING, "ldr x0, [x1, #8]!"),
        (0xf800_8420, NOTHING, "str x0, [x1], #8"),
        (0xa8c1_0820, end - 8, "ldp x0, x2, [x1], #16"),
        (0xa981_0820, NOTHING, "stp x0, x2, [x1, #16]!"),
        (0xc87f_0820, DATA + 8, "ldxp x0, x2, [x1]"),
        (0xc85f_7c20, DATA + 4, "ldxr x0, [x1]"),
        (0xc803_7c20, DATA + 4, "stxr w3, x0, [x1]"),
        (0x88df_fc20, DATA + 2, "ldar w0, [x1]"),
        (0xf820_0022, DATA + 4, "ldadd x0, x2, [x1]"),
        (0x4820_7c22, DATA + 8, "casp x0, x1, x2, x3, [x1]"),
    ];
    for (word, base, text) in cases {
        let mut m = machine();
        for number in 0..4 {
            m.cx.cpu.regs[number] = 0x1111 * number as u64;
        }
        m.cx.cpu.regs[1] = base;
        let before = m.cx.cpu.regs;
        assert!(!m.step(word), "{text} does not fault");
        assert_eq!(m.cx.cpu.regs[..31], before[..31], "{text}");
    }
}

/// Catches a wrong S-box, row or column: the first round of the example in FIPS 197, appendix B, and its inverse.
#[test]
fn aes_round() {
    let mut m = machine();
    m.cx.cpu.regs[1] = 3 << 20;
    assert!(m.step(0xd518_1041)); // msr cpacr_el1, x1
    let state = 0x3243_f6a8_885a_308d_3131_98a2_e037_0734_u128.swap_bytes();
    let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.swap_bytes();
    (m.cx.cpu.vregs[0], m.cx.cpu.vregs[1]) = (state, key);
    let mut run = |word| {
        assert!(m.step(word));
        m.cx.cpu.vregs[0].swap_bytes()
    };
    assert_eq!(run(0x4e28_4820), 0xd4bf_5d30_e0b4_52ae_b841_11f1_1e27_98e5); // aese v0, v1
    assert_eq!(run(0x4e28_6800), 0x0466_81e5_e0cb_199a_48f8_d37a_2806_264c); // aesmc v0, v0
    assert_eq!(run(0x4e28_7800), 0xd4bf_5d30_e0b4_52ae_b841_11f1_1e27_98e5); // aesimc v0, v0
    assert_eq!(run(0x4e28_5840), (state ^ key).swap_bytes()); // aesd v0, v2
}

/// Catches a vector load that faults after a register or the base has changed, and sixteen bytes that a device serves in
/// halves: with the MMU off, everything is a device, and insists on alignment.
#[test]
fn vector_faults_change_nothing() {
    let end = RAM + common::RAM_LEN;
    let cases = [
        (0x3cc1_0c20, NOTHING, "ldr q0, [x1, #16]!"),
        (0xacc1_0820, end - 16, "ldp q0, q2, [x1], #32"),
        (0x4cdf_0020, end - 48, "ld4 {v0.16b-v3.16b}, [x1], #64"),
        (0x4dff_e420, end - 4, "ld4r {v0.8h-v3.8h}, [x1], #8"),
        (0x3dc0_0020, DATA + 8, "ldr q0, [x1]"),
        (0x3d80_0020, DATA + 8, "str q0, [x1]"),
        (0x3cc0_1020, DATA + 7, "ldur q0, [x1, #1]"),
    ];
    for (word, base, text) in cases {
        let mut m = machine();
        m.cx.cpu.regs[1] = 3 << 20;
        assert!(m.step(0xd518_1041)); // msr cpacr_el1, x1
        for (number, v) in m.cx.cpu.vregs.iter_mut().enumerate() {
            *v = 0x1111 * number as u128;
        }
        m.cx.cpu.regs[1] = base;
        let before = (m.cx.cpu.vregs, m.bytes(DATA, 32));
        assert!(!m.step(word), "{text} does not fault");
        assert_eq!((m.cx.cpu.vregs, m.bytes(DATA, 32)), before, "{text}");
        assert_eq!(m.cx.cpu.regs[1], base, "{text}");
    }
}

/// Catches an exclusive store that succeeds without its load, twice, elsewhere or in another size.
#[test]
fn exclusive_monitor() {
    const LDXR: u32 = 0xc85f_7c20; // ldxr x0, [x1]
    const STXR: u32 = 0xc802_7c23; // stxr w2, x3, [x1]
    const STXR_W: u32 = 0x8802_7c23; // stxr w2, w3, [x1]
    let mut m = machine();
    let store = |m: &mut Machine, word, base, value| {
        (m.cx.cpu.regs[1], m.cx.cpu.regs[3]) = (base, value);
        assert!(m.step(word));
        (m.cx.cpu.regs[2], m.doubleword(base))
    };
    assert_eq!(store(&mut m, STXR, DATA, 5), (1, 0));
    assert!(m.step(LDXR));
    assert_eq!(store(&mut m, STXR, DATA, 6), (0, 6));
    assert_eq!(store(&mut m, STXR, DATA, 7), (1, 6));
    assert!(m.step(LDXR));
    assert_eq!(store(&mut m, STXR_W, DATA, 8), (1, 6));
    assert!(m.step(LDXR));
    assert_eq!(store(&mut m, STXR, DATA + 8, 9), (1, 0));
    assert_eq!(m.cx.cpu.regs[usize::from(reg::MONITOR)], 0);
}

/// Catches a result that reaches the zero register, and a stack pointer that is taken for it.
#[test]
fn register_31() {
    let mut m = machine();
    m.cx.cpu.regs[1] = 0x123;
    assert!(m.step(0x8b01_003f)); // add xzr, x1, x1
    assert!(m.step(0xaa1f_03e0)); // mov x0, xzr
    assert_eq!(m.cx.cpu.regs[0], 0);
    assert!(m.step(0x9100_403f)); // add sp, x1, #16
    assert_eq!(m.cx.cpu.regs[usize::from(reg::SP)], 0x133);
    assert!(m.step(0xcb21_63e0)); // sub x0, sp, x1
    assert_eq!(m.cx.cpu.regs[0], 0x10);
}
