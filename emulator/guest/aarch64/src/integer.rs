//! Data processing: sums, bitwise operations, moves, bitfields, multiplication, division, checksums (section C6).
//!
//! Meanings get register numbers that already distinguish SP, XZR as a source and XZR as a destination, and immediates
//! that are ready to use, so none of them tests an operand.

use lockstep_cpu::{Cx, Emit, Exit, Unary, Width};

use crate::ops::{Extension, Logical, Plain, Polynomial, Sum, View};
use crate::{Aarch64, Insn, flags, reg};

const W64: Width = Width::W64;

/// ADR.
pub(crate) fn adr<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let pc = e.pc();
    let result = e.add_imm(W64, pc, i.imm);
    e.put(i.rd, result);
    Ok(())
}

/// ADRP.
pub(crate) fn adrp<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (pc, mask) = (e.pc(), e.imm(!0xfff));
    let page = e.and(W64, pc, mask);
    let result = e.add_imm(W64, page, i.imm);
    e.put(i.rd, result);
    Ok(())
}

/// MOVZ and MOVN: the decoder has worked out the constant.
pub(crate) fn constant<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let value = e.imm(i.imm as u64);
    e.put(i.rd, value);
    Ok(())
}

/// MOVK. In a W register the upper half is cleared, as by every write to one.
pub(crate) fn movk<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (old, mask) = (e.get(i.rn), e.imm(!(0xffff << i.amount)));
    let kept = e.and(W64, old, mask);
    let new = e.imm(i.imm as u64);
    let result = e.or(R::WIDTH, kept, new);
    e.put(i.rd, result);
    Ok(())
}

/// Sum or difference of two values, into `rd`, with flags when the operation sets them.
#[inline(always)]
fn put_sum<E: Emit<Aarch64>, R: View, O: Sum>(e: &mut E, i: &Insn, a: E::V, b: E::V) {
    let result = if O::SUBTRACT { e.sub(R::WIDTH, a, b) } else { e.add(R::WIDTH, a, b) };
    if O::FLAGS {
        set_flags::<E, R, O>(e, a, b, result);
    }
    e.put(i.rd, result);
}

/// The flags of a sum or difference.
#[inline(always)]
pub(crate) fn set_flags<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    a: E::V,
    b: E::V,
    result: E::V,
) {
    if O::SUBTRACT {
        flags::set_difference::<E, R>(e, (a, b, result));
    } else {
        flags::set_sum::<E, R>(e, (a, b, result), None);
    }
}

/// ADD, ADDS, SUB, SUBS (immediate).
pub(crate) fn sum_imm<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, b) = (e.get(i.rn), e.imm(i.imm as u64));
    put_sum::<E, R, O>(e, i, a, b);
    Ok(())
}

/// ADD, ADDS, SUB, SUBS (shifted register).
pub(crate) fn sum_shifted<E: Emit<Aarch64>, R: View, O: Sum, S: Plain>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let a = e.get(i.rn);
    let b = shifted::<E, R, S>(e, i);
    put_sum::<E, R, O>(e, i, a, b);
    Ok(())
}

#[inline(always)]
fn shifted<E: Emit<Aarch64>, R: View, S: Plain>(e: &mut E, i: &Insn) -> E::V {
    let (value, amount) = (e.get(i.rm), e.imm(u64::from(i.amount)));
    e.binary(S::OP, R::WIDTH, value, amount)
}

/// ADD, ADDS, SUB, SUBS (extended register).
pub(crate) fn sum_extended<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let a = e.get(i.rn);
    let b = extended(e, i);
    put_sum::<E, R, O>(e, i, a, b);
    Ok(())
}

/// `rm`, extended as `aux` (the field "option") says and shifted left by `amount`.
#[inline(always)]
pub(crate) fn extended<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> E::V {
    let value = e.get(i.rm);
    let value = match i.aux {
        0 => mask(e, value, 0xff),
        1 => mask(e, value, 0xffff),
        2 => e.zext32(value),
        4 => e.unary(Unary::Sext8, W64, value),
        5 => e.unary(Unary::Sext16, W64, value),
        6 => e.sext32(value),
        _ => value,
    };
    let amount = e.imm(u64::from(i.amount));
    e.shl(W64, value, amount)
}

#[inline(always)]
fn mask<E: Emit<Aarch64>>(e: &mut E, value: E::V, mask: u64) -> E::V {
    let mask = e.imm(mask);
    e.and(W64, value, mask)
}

/// ADC, ADCS, SBC, SBCS: a difference adds the complement.
pub(crate) fn sum_carry<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, mut b, carry) = (e.get(i.rn), e.get(i.rm), e.get(reg::C));
    if O::SUBTRACT {
        b = e.not(W64, b);
    }
    let sum = e.add(R::WIDTH, a, b);
    let result = e.add(R::WIDTH, sum, carry);
    if O::FLAGS {
        // At most one of the two additions carries.
        let first = e.ult(R::WIDTH, sum, a);
        let second = e.ult(R::WIDTH, result, sum);
        let out = e.or(W64, first, second);
        flags::set_sum::<E, R>(e, (a, b, result), Some(out));
    }
    e.put(i.rd, result);
    Ok(())
}

#[inline(always)]
fn put_logical<E: Emit<Aarch64>, R: View, O: Logical>(e: &mut E, i: &Insn, b: E::V) {
    let a = e.get(i.rn);
    let b = if O::INVERT { e.not(R::WIDTH, b) } else { b };
    let result = e.binary(O::OP, R::WIDTH, a, b);
    if O::FLAGS {
        flags::set_logical::<E, R>(e, result);
    }
    e.put(i.rd, result);
}

/// AND, ORR, EOR, ANDS (immediate).
pub(crate) fn logical_imm<E: Emit<Aarch64>, R: View, O: Logical>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let b = e.imm(i.imm as u64);
    put_logical::<E, R, O>(e, i, b);
    Ok(())
}

/// AND, BIC, ORR, ORN, EOR, EON, ANDS, BICS (shifted register).
pub(crate) fn logical_shifted<E: Emit<Aarch64>, R: View, O: Logical, S: Plain>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let b = shifted::<E, R, S>(e, i);
    put_logical::<E, R, O>(e, i, b);
    Ok(())
}

/// SBFM and UBFM: left by `amount`, which drops what is above the field, then right by `aux`, with or without sign.
pub(crate) fn bitfield<E: Emit<Aarch64>, R: View, S: Plain>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (value, left) = (e.get(i.rn), e.imm(u64::from(i.amount)));
    let top = e.shl(R::WIDTH, value, left);
    let right = e.imm(u64::from(i.aux));
    let result = e.binary(S::OP, R::WIDTH, top, right);
    e.put(i.rd, result);
    Ok(())
}

/// BFM: rotated right by `amount`, the bits in `imm` replace those of the destination.
pub(crate) fn bfm<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (value, amount) = (e.get(i.rn), e.imm(u64::from(i.amount)));
    let rotated = e.ror(R::WIDTH, value, amount);
    let new = mask(e, rotated, i.imm as u64);
    let old = e.get(i.rm);
    let kept = mask(e, old, !i.imm as u64);
    let result = e.or(R::WIDTH, kept, new);
    e.put(i.rd, result);
    Ok(())
}

/// EXTR. The upper part is shifted in two steps, because a distance of 0 needs a shift by the whole width.
pub(crate) fn extr<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (high, low, one) = (e.get(i.rn), e.get(i.rm), e.imm(1));
    let left = e.imm(u64::from(R::WIDTH.bits() as u8 - 1 - i.amount));
    let right = e.imm(u64::from(i.amount));
    let high = e.shl(R::WIDTH, high, one);
    let high = e.shl(R::WIDTH, high, left);
    let low = e.shr(R::WIDTH, low, right);
    let result = e.or(R::WIDTH, high, low);
    e.put(i.rd, result);
    Ok(())
}

#[inline(always)]
fn put_unary<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn, op: Unary) -> Result<(), E::Exit> {
    let value = e.get(i.rn);
    let result = e.unary(op, R::WIDTH, value);
    e.put(i.rd, result);
    Ok(())
}

/// RBIT.
pub(crate) fn rbit<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    put_unary::<E, R>(e, i, Unary::ReverseBits)
}

/// REV.
pub(crate) fn rev<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    put_unary::<E, R>(e, i, Unary::ReverseBytes)
}

/// CLZ.
pub(crate) fn clz<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    put_unary::<E, R>(e, i, Unary::Clz)
}

/// CLS: zeros in front of the first bit that differs from the one below; the lowest bit stops the count.
pub(crate) fn cls<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (value, one) = (e.get(i.rn), e.imm(1));
    let doubled = e.shl(R::WIDTH, value, one);
    let changes = e.xor(R::WIDTH, value, doubled);
    let changes = e.or(R::WIDTH, changes, one);
    let result = e.unary(Unary::Clz, R::WIDTH, changes);
    e.put(i.rd, result);
    Ok(())
}

/// REV16.
pub(crate) fn rev16<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    const LOW_BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    let (value, eight) = (e.get(i.rn), e.imm(8));
    let up = mask(e, value, LOW_BYTES);
    let up = e.shl(R::WIDTH, up, eight);
    let down = e.shr(R::WIDTH, value, eight);
    let down = mask(e, down, LOW_BYTES);
    let result = e.or(R::WIDTH, up, down);
    e.put(i.rd, result);
    Ok(())
}

/// REV32: all bytes reversed, then the words swapped back.
pub(crate) fn rev32<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (value, half) = (e.get(i.rn), e.imm(32));
    let reversed = e.unary(Unary::ReverseBytes, W64, value);
    let result = e.ror(W64, reversed, half);
    e.put(i.rd, result);
    Ok(())
}

/// UDIV, SDIV, LSLV, LSRV, ASRV, RORV, SMULH, UMULH: engines define shifts, zero divisors and overflow as Arm does.
pub(crate) fn two_sources<E: Emit<Aarch64>, R: View, O: Plain>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, b) = (e.get(i.rn), e.get(i.rm));
    let result = e.binary(O::OP, R::WIDTH, a, b);
    e.put(i.rd, result);
    Ok(())
}

/// MADD and MSUB.
pub(crate) fn multiply<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, b, c) = (e.get(i.rn), e.get(i.rm), e.get(i.ra));
    let product = e.mul(R::WIDTH, a, b);
    put_sum::<E, R, O>(e, i, c, product);
    Ok(())
}

/// SMADDL, SMSUBL, UMADDL, UMSUBL.
pub(crate) fn multiply_long<E: Emit<Aarch64>, S: Extension, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, b, c) = (e.get(i.rn), e.get(i.rm), e.get(i.ra));
    let mut widen = |v| if S::SIGNED { e.sext32(v) } else { e.zext32(v) };
    let (a, b) = (widen(a), widen(b));
    let product = e.mul(W64, a, b);
    put_sum::<E, crate::ops::X, O>(e, i, c, product);
    Ok(())
}

/// CRC32 and CRC32C of the low `BYTES` bytes.
pub(crate) fn crc32<E: Emit<Aarch64>, P: Polynomial, const BYTES: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let args = [e.get(i.rn), e.get(i.rm), e.imm(BYTES)];
    let result = e.call(checksum::<P>, args)?;
    e.put(i.rd, result);
    Ok(())
}

/// Adds the low bytes of a value to a checksum.
fn checksum<P: Polynomial>(
    _cx: &mut Cx<Aarch64>,
    [sum, value, bytes]: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    let mut sum = sum as u32;
    for byte in &value.to_le_bytes()[..bytes as usize % 9] {
        sum = sum >> 8 ^ Remainders::<P>::OF_BYTE[usize::from(sum as u8 ^ byte)];
    }
    Ok(u64::from(sum))
}

struct Remainders<P>(std::marker::PhantomData<P>);

impl<P: Polynomial> Remainders<P> {
    /// What each byte leaves after division by the polynomial.
    const OF_BYTE: &'static [u32; 256] = &{
        let mut all = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut rest = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                rest = rest >> 1 ^ if rest & 1 == 1 { P::REVERSED } else { 0 };
                bit += 1;
            }
            all[byte] = rest;
            byte += 1;
        }
        all
    };
}
