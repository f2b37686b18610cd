//! What needs no arithmetic: bitwise operations, moves of whole registers, constants.
//!
//! Compilers use these everywhere, so they are said in the engine's own operations, on halves of registers.

use lockstep_cpu::{Emit, Width};

use super::check;
use crate::decode::Word;
use crate::{Aarch64, Insn, flags, reg};

const W64: Width = Width::W64;

/// Ones where a lane of this size has bits in a doubleword.
fn lane_mask(i: &Insn) -> u64 {
    u64::MAX >> (64 - (8 << (i.aux & 7)))
}

fn is_full(i: &Insn) -> bool {
    i.aux >> 4 & 1 == 1
}

/// Both halves of the destination from the halves of the destination and the sources; the upper half is zero when the
/// operation is on one half.
fn halves<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    step: impl Fn(&mut E, E::V, E::V, E::V) -> E::V,
) -> Result<(), E::Exit> {
    check(e)?;
    for half in 0..2 {
        let value = if half == 0 || is_full(i) {
            let (d, n, m) = (e.vget(i.rd, half), e.vget(i.rn, half), e.vget(i.rm, half));
            step(e, d, n, m)
        } else {
            e.imm(0)
        };
        e.vput(i.rd, half, value);
    }
    Ok(())
}

/// AND.
pub(crate) fn and<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, m| e.and(W64, n, m))
}

/// BIC.
pub(crate) fn bic<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, m| {
        let m = e.not(W64, m);
        e.and(W64, n, m)
    })
}

/// ORR.
pub(crate) fn orr<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, m| e.or(W64, n, m))
}

/// ORN.
pub(crate) fn orn<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, m| {
        let m = e.not(W64, m);
        e.or(W64, n, m)
    })
}

/// EOR.
pub(crate) fn eor<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, m| e.xor(W64, n, m))
}

/// NOT.
pub(crate) fn not<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, _, n, _| e.not(W64, n))
}

/// Bits of `a` where `mask` has ones, else of `b`.
fn choose<E: Emit<Aarch64>>(e: &mut E, mask: E::V, a: E::V, b: E::V) -> E::V {
    let unlike = e.xor(W64, a, b);
    let taken = e.and(W64, unlike, mask);
    e.xor(W64, taken, b)
}

/// BSL.
pub(crate) fn bsl<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, d, n, m| choose(e, d, n, m))
}

/// BIT.
pub(crate) fn bit<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, d, n, m| choose(e, m, n, d))
}

/// BIF.
pub(crate) fn bif<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    halves(e, i, |e, d, n, m| choose(e, m, d, n))
}

fn put_low<E: Emit<Aarch64>>(e: &mut E, i: &Insn, low: E::V) {
    let zero = e.imm(0);
    e.vput(i.rd, 0, low);
    e.vput(i.rd, 1, zero);
}

fn low_lane<E: Emit<Aarch64>>(e: &mut E, i: &Insn, register: u8) -> E::V {
    let (value, mask) = (e.vget(register, 0), e.imm(lane_mask(i)));
    e.and(W64, value, mask)
}

/// FMOV between scalars.
pub(crate) fn copy<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = low_lane(e, i, i.rn);
    put_low(e, i, value);
    Ok(())
}

/// FCSEL.
pub(crate) fn select<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let (a, b) = (low_lane(e, i, i.rn), low_lane(e, i, i.rm));
    let holds = flags::holds(e, Word(i.imm as u32).bits(12, 4) as u8);
    let value = e.select(holds, a, b);
    put_low(e, i, value);
    Ok(())
}

/// Whether the lane is the upper half of a register (`FMOV Vd.D[1], Xn`).
fn is_upper(i: &Insn) -> bool {
    i.imm >> 22 & 3 == 2
}

/// FMOV to a general register.
pub(crate) fn to_general<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = if is_upper(i) { e.vget(i.rn, 1) } else { low_lane(e, i, i.rn) };
    e.put(if i.rd == reg::ZR { reg::SINK } else { i.rd }, value);
    Ok(())
}

/// FMOV from a general register.
pub(crate) fn from_general<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let (value, mask) = (e.get(i.rn), e.imm(lane_mask(i)));
    let value = e.and(W64, value, mask);
    if is_upper(i) {
        e.vput(i.rd, 1, value);
    } else {
        put_low(e, i, value);
    }
    Ok(())
}

/// The 8-bit constant of FMOV as a half.
pub(crate) fn half_bits(imm8: u32) -> u16 {
    let (sign, b, rest) = (imm8 >> 7, imm8 >> 6 & 1, imm8 & 0x3f);
    (sign << 15 | (b ^ 1) << 14 | (b * 3) << 12 | rest << 6) as u16
}

/// The 8-bit constant of FMOV as a single.
pub(crate) fn single_constant(imm8: u32) -> u32 {
    let (sign, b, rest) = (imm8 >> 7, imm8 >> 6 & 1, imm8 & 0x3f);
    sign << 31 | (b ^ 1) << 30 | (b * 0x1f) << 25 | rest << 19
}

/// The 8-bit constant of FMOV as a double.
pub(crate) fn double_constant(imm8: u32) -> u64 {
    let (sign, b, rest) = (u64::from(imm8 >> 7), u64::from(imm8 >> 6 & 1), u64::from(imm8 & 0x3f));
    sign << 63 | (b ^ 1) << 62 | (b * 0xff) << 54 | rest << 48
}

/// The doubleword of which both halves consist (section C2.2.3): the 8 bits of the encoding, `cmode`, and whether the
/// result is inverted or another kind.
pub(crate) fn expanded(w: Word) -> u64 {
    let imm8 = w.bits(16, 3) << 5 | w.bits(5, 5);
    let (cmode, op) = (w.bits(12, 4), w.bit(29));
    let word = |value: u32| u64::from(value) << 32 | u64::from(value);
    let value = match cmode {
        0..=7 => word(imm8 << (cmode / 2 * 8)),
        8..=11 => {
            let half = imm8 << (cmode / 2 % 2 * 8);
            word(half << 16 | half)
        }
        12 => word(imm8 << 8 | 0xff),
        13 => word(imm8 << 16 | 0xffff),
        14 if op => {
            return (0..8).filter(|k| imm8 >> k & 1 == 1).fold(0, |all, k| all | 0xff << (8 * k));
        }
        14 => word(imm8 * 0x0101_0101),
        _ if op => return double_constant(imm8),
        _ => word(single_constant(imm8)),
    };
    if op { !value } else { value }
}

/// MOVI, MVNI and FMOV of a vector.
pub(crate) fn constant<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let value = expanded(Word(i.imm as u32));
    halves(e, i, |e, _, _, _| e.imm(value))
}

/// FMOV of a vector of halves.
pub(crate) fn half_constant<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let w = Word(i.imm as u32);
    let half = half_bits(w.bits(16, 3) << 5 | w.bits(5, 5));
    halves(e, i, |e, _, _, _| e.imm(u64::from(half) * 0x0001_0001_0001_0001))
}

/// ORR of a constant.
pub(crate) fn constant_orr<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let value = expanded(Word(i.imm as u32));
    halves(e, i, |e, d, _, _| {
        let value = e.imm(value);
        e.or(W64, d, value)
    })
}

/// BIC of a constant, which comes inverted.
pub(crate) fn constant_bic<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let value = expanded(Word(i.imm as u32));
    halves(e, i, |e, d, _, _| {
        let value = e.imm(value);
        e.and(W64, d, value)
    })
}

/// FMOV of a constant to a scalar.
pub(crate) fn scalar_constant<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let imm8 = Word(i.imm as u32).bits(13, 8);
    let value = match i.aux & 7 {
        3 => double_constant(imm8),
        2 => single_constant(imm8).into(),
        _ => half_bits(imm8).into(),
    };
    let value = e.imm(value);
    put_low(e, i, value);
    Ok(())
}
