//! Shifts, rotations, and the instructions that rotate and then insert or combine selected bits.
//!
//! The amount of a shift is the low six bits of the second-operand address.

use lockstep_cpu::{Binary, Cx, Emit, Exit};

use crate::integer::{check_even, put_pair_of_words, put_signed, words_of_pair};
use crate::ops::*;
use crate::{Insn, S390x, reg};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

#[inline(always)]
fn amount<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    if i.b2 == reg::ZERO {
        return e.imm(i.d2 as u64 & 63);
    }
    let place = based(e, i.b2, i.d2);
    masked(e, place, 63)
}

/// SHIFT LEFT and RIGHT SINGLE LOGICAL. Words are shifted among zeros, because amounts go up to 63.
pub(crate) fn logical<E: Emit<S390x>, V: View, const LEFT: bool, A: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (value, amount) = (A::value(e, i)?, amount(e, i));
    let value = if V::BITS == 32 { e.zext32(value) } else { value };
    let op = if LEFT { Binary::Shl } else { Binary::Shr };
    let result = e.binary(op, W64, value, amount);
    V::put(e, i.r1, result);
    Ok(())
}

/// SHIFT RIGHT SINGLE.
pub(crate) fn right_arithmetic<E: Emit<S390x>, V: View, A: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (value, amount) = (A::value(e, i)?, amount(e, i));
    let value = if V::BITS == 32 { e.sext32(value) } else { value };
    let result = e.sar(W64, value, amount);
    let cc = cc::sign(e, V::WIDTH, result);
    V::put(e, i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// The result of a left shift that leaves the sign alone, for a value whose sign is in bit 63, and whether a bit unlike the
/// sign was lost.
#[inline(always)]
fn shift_left<E: Emit<S390x>>(e: &mut E, value: E::V, amount: E::V) -> (E::V, E::V) {
    let shifted = e.shl(W64, value, amount);
    let magnitude = masked(e, shifted, u64::MAX >> 1);
    let sign = masked(e, value, 1 << 63);
    let result = e.or(W64, sign, magnitude);
    // Nothing is lost if shifting back, with the sign, gives the value.
    let back = e.sar(W64, shifted, amount);
    let lost = e.ne(W64, back, value);
    (result, lost)
}

/// SHIFT LEFT SINGLE.
pub(crate) fn left_arithmetic<E: Emit<S390x>, V: View, A: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (value, amount) = (A::value(e, i)?, amount(e, i));
    if V::BITS == 64 {
        let (result, lost) = shift_left(e, value, amount);
        return put_signed::<E, V>(e, i.r1, result, lost);
    }
    let half = e.imm(32);
    let top = e.shl(W64, value, half);
    let (result, lost) = shift_left(e, top, amount);
    let result = e.shr(W64, result, half);
    put_signed::<E, V>(e, i.r1, result, lost)
}

/// SHIFT LEFT and RIGHT DOUBLE LOGICAL.
pub(crate) fn double_logical<E: Emit<S390x>, const LEFT: bool>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (value, amount) = (words_of_pair(e, i.r1), amount(e, i));
    let op = if LEFT { Binary::Shl } else { Binary::Shr };
    let result = e.binary(op, W64, value, amount);
    put_pair_of_words(e, i.r1, result);
    Ok(())
}

/// SHIFT RIGHT DOUBLE.
pub(crate) fn double_right_arithmetic<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (value, amount) = (words_of_pair(e, i.r1), amount(e, i));
    let result = e.sar(W64, value, amount);
    let cc = cc::sign(e, W64, result);
    put_pair_of_words(e, i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// SHIFT LEFT DOUBLE.
pub(crate) fn double_left_arithmetic<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (value, amount) = (words_of_pair(e, i.r1), amount(e, i));
    let (result, lost) = shift_left(e, value, amount);
    let wanted = e.get(reg::TRAP_OVERFLOW);
    let traps = e.and(W64, lost, wanted);
    e.when(traps, |e| {
        let r1 = e.imm(i.r1.into());
        e.call(double_overflowed, [r1, result, r1]).map(|_| ())
    })?;
    let (sign, three) = (cc::sign(e, W64, result), e.imm(3));
    let cc = e.select(lost, three, sign);
    put_pair_of_words(e, i.r1, result);
    cc::put(e, cc);
    Ok(())
}

fn double_overflowed(cx: &mut Cx<S390x>, [r1, result, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let r1 = r1 as usize & 14;
    let regs = &mut cx.cpu.regs;
    regs[r1] = W::set(regs[r1], result >> 32);
    regs[r1 | 1] = W::set(regs[r1 | 1], result);
    regs[usize::from(reg::CC)] = 3;
    Err(crate::exceptions::program(crate::exceptions::code::FIXED_OVERFLOW))
}

/// ROTATE LEFT SINGLE LOGICAL.
pub(crate) fn rotate<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let (value, amount) = (e.get(i.r3), amount(e, i));
    let right = e.neg(W64, amount);
    let result = e.ror(V::WIDTH, value, right);
    V::put(e, i.r1, result);
    Ok(())
}

/// Ones from bit `first` to bit `last`, counted from the left and around.
const fn between(first: u8, last: u8) -> u64 {
    let (first, last) = (first & 63, last & 63);
    let (after_first, up_to_last) = (u64::MAX >> first, u64::MAX << (63 - last));
    if first <= last { after_first & up_to_last } else { after_first | up_to_last }
}

/// The second operand, rotated left by the last field of the instruction.
#[inline(always)]
fn rotated<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    let (value, right) = (e.get(i.r2), e.imm((64 - (i.imm as u64 & 63)) & 63));
    e.ror(W64, value, right)
}

/// ROTATE THEN INSERT SELECTED BITS. The first bit of the second field asks for zeros elsewhere.
pub(crate) fn insert_selected<E: Emit<S390x>, const CODE: bool>(e: &mut E, i: &Insn) -> Done<E> {
    insert_within(e, i, between(i.m3, i.m4), u64::MAX, CODE);
    Ok(())
}

/// ROTATE THEN INSERT SELECTED BITS HIGH.
pub(crate) fn insert_selected_high<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    insert_within(e, i, half_selection(i) << 32, !0xffff_ffff, false);
    Ok(())
}

/// ROTATE THEN INSERT SELECTED BITS LOW.
pub(crate) fn insert_selected_low<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    insert_within(e, i, half_selection(i), 0xffff_ffff, false);
    Ok(())
}

/// Bits of a half: numbers from 0 to 31, around within the half.
const fn half_selection(i: &Insn) -> u64 {
    let (first, last) = (i.m3 & 31, i.m4 & 31);
    let (after_first, up_to_last) = (u32::MAX >> first, u32::MAX << (31 - last));
    let bits = if first <= last { after_first & up_to_last } else { after_first | up_to_last };
    bits as u64
}

#[inline(always)]
fn insert_within<E: Emit<S390x>>(e: &mut E, i: &Insn, selected: u64, within: u64, code: bool) {
    let rotated = rotated(e, i);
    let new = masked(e, rotated, selected);
    let kept = if i.m4 & 0x80 != 0 { !within } else { !selected };
    let result = if kept == 0 {
        new
    } else {
        let old = e.get(i.r1);
        let old = masked(e, old, kept);
        e.or(W64, old, new)
    };
    e.put(i.r1, result);
    if code {
        let cc = cc::sign(e, W64, result);
        cc::put(e, cc);
    }
}

/// ROTATE THEN AND, OR, EXCLUSIVE OR SELECTED BITS. The first bit of the first field asks for the condition code alone.
pub(crate) fn combine_selected<E: Emit<S390x>, const OP: u8>(e: &mut E, i: &Insn) -> Done<E> {
    let selected = between(i.m3, i.m4);
    let (old, rotated) = (e.get(i.r1), rotated(e, i));
    let op = bitwise(OP);
    let operand = if op == Binary::And {
        let ones = e.imm(!selected);
        e.or(W64, rotated, ones)
    } else {
        masked(e, rotated, selected)
    };
    let result = e.binary(op, W64, old, operand);
    let bits = masked(e, result, selected);
    let cc = cc::nonzero(e, W64, bits);
    if i.m3 & 0x80 == 0 {
        e.put(i.r1, result);
    }
    cc::put(e, cc);
    Ok(())
}
