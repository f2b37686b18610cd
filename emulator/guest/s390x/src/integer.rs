//! Arithmetic, bitwise operations and comparisons of general registers, with operands from wherever.
//!
//! Meanings are generic over the width and place of the result ([`View`]) and the sources of their operands ([`Source`]), so a
//! line of the table names its combination. Operands are fetched before anything is put, and an overflow that interrupts
//! leaves by a helper that puts result and condition code first.

use lockstep_cpu::{Cx, Emit, Exit, Reg, Unary};

use crate::exceptions::{code, data, dxc, program};
use crate::ops::*;
use crate::{Exception, Insn, Program, S390x, branch, reg};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// Loads, with whatever extension the source makes.
pub(crate) fn load<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    V::put(e, i.r1, value);
    Ok(())
}

/// LOAD AND TEST.
pub(crate) fn load_test<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    let cc = cc::sign(e, V::WIDTH, value);
    V::put(e, i.r1, value);
    cc::put(e, cc);
    Ok(())
}

/// LOAD AND TRAP: a zero is loaded, and then interrupts.
pub(crate) fn load_trap<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    let zero = e.imm(0);
    let is_zero = e.eq(V::WIDTH, value, zero);
    e.when(is_zero, |e| {
        let (r1, kept) = (e.imm(i.r1.into()), e.imm(V::set(!0, 0)));
        e.call(trap_loaded, [r1, kept, zero]).map(|_| ())
    })?;
    V::put(e, i.r1, value);
    Ok(())
}

fn trap_loaded(cx: &mut Cx<S390x>, [r1, kept, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    cx.cpu.regs[r1 as usize & 15] &= kept;
    Err(data(dxc::COMPARE_AND_TRAP))
}

/// LOAD LOGICAL IMMEDIATE of a word.
pub(crate) fn load_immediate<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let value = e.imm(u64::from(i.imm as u32) << SHIFT);
    e.put(i.r1, value);
    Ok(())
}

/// LOAD LOGICAL IMMEDIATE of a halfword.
pub(crate) fn load_half_immediate<E: Emit<S390x>, const SHIFT: u32>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let value = e.imm(u64::from(i.imm as u16) << SHIFT);
    e.put(i.r1, value);
    Ok(())
}

/// INSERT IMMEDIATE of a halfword.
pub(crate) fn insert_half<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let (old, new) = (e.get(i.r1), e.imm(u64::from(i.imm as u16) << SHIFT));
    let kept = masked(e, old, !(0xffff << SHIFT));
    let result = e.or(W64, kept, new);
    e.put(i.r1, result);
    Ok(())
}

/// LOAD ON CONDITION from a register or immediate.
pub(crate) fn load_on_condition<E: Emit<S390x>, V: View, S: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let value = S::value(e, i)?;
    let old = V::get(e, i.r1);
    let holds = branch::holds(e, i.m3);
    let result = e.select(holds, value, old);
    V::put(e, i.r1, result);
    Ok(())
}

/// LA.
pub(crate) fn load_address<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let place = address(e, i);
    put_address(e, i.r1, place);
    Ok(())
}

/// LARL.
pub(crate) fn load_address_relative<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let place = relative(e, i.imm * 2);
    put_address(e, i.r1, place);
    Ok(())
}

/// Leaves by a fixed-point overflow if there is one and the program mask says so: with the result put and condition code 3.
#[inline(always)]
pub(crate) fn trap_overflow<E: Emit<S390x>, V: View>(
    e: &mut E,
    r1: Reg,
    result: E::V,
    overflow: E::V,
) -> Done<E> {
    let wanted = e.get(reg::TRAP_OVERFLOW);
    let traps = e.and(W64, overflow, wanted);
    e.when(traps, |e| {
        let (register, kept) = (e.imm(r1.into()), e.imm(V::set(!0, 0)));
        let distance = e.imm(V::set(0, 1).trailing_zeros().into());
        let new = e.shl(W64, result, distance);
        e.call(overflowed, [register, new, kept]).map(|_| ())
    })
}

fn overflowed(cx: &mut Cx<S390x>, [register, result, kept]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let register = &mut cx.cpu.regs[register as usize & 15];
    *register = *register & kept | result & !kept;
    cx.cpu.regs[usize::from(reg::CC)] = 3;
    Err(program(code::FIXED_OVERFLOW))
}

/// Puts a signed result with its condition code: 3 on overflow.
#[inline(always)]
pub(crate) fn put_signed<E: Emit<S390x>, V: View>(
    e: &mut E,
    r1: Reg,
    result: E::V,
    overflow: E::V,
) -> Done<E> {
    trap_overflow::<E, V>(e, r1, result, overflow)?;
    let (sign, three) = (cc::sign(e, V::WIDTH, result), e.imm(3));
    let cc = e.select(overflow, three, sign);
    V::put(e, r1, result);
    cc::put(e, cc);
    Ok(())
}

/// The sign bit of a value, as 0 or 1.
#[inline(always)]
fn sign_bit<E: Emit<S390x>, V: View>(e: &mut E, value: E::V) -> E::V {
    let top = e.imm(u64::from(V::BITS - 1));
    e.shr(V::WIDTH, value, top)
}

/// Whether a sum overflows: the operands' signs are equal and the result's is not.
#[inline(always)]
pub(crate) fn sum_overflows<E: Emit<S390x>, V: View>(
    e: &mut E,
    a: E::V,
    b: E::V,
    result: E::V,
) -> E::V {
    let (first, second) = (e.xor(V::WIDTH, a, result), e.xor(V::WIDTH, b, result));
    let both = e.and(V::WIDTH, first, second);
    sign_bit::<E, V>(e, both)
}

/// ADD.
pub(crate) fn add<E: Emit<S390x>, V: View, A: Source, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let result = e.add(V::WIDTH, a, b);
    let overflow = sum_overflows::<E, V>(e, a, b, result);
    put_signed::<E, V>(e, i.r1, result, overflow)
}

/// SUBTRACT.
pub(crate) fn sub<E: Emit<S390x>, V: View, A: Source, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let result = e.sub(V::WIDTH, a, b);
    let (differ, changed) = (e.xor(V::WIDTH, a, b), e.xor(V::WIDTH, a, result));
    let both = e.and(V::WIDTH, differ, changed);
    let overflow = sign_bit::<E, V>(e, both);
    put_signed::<E, V>(e, i.r1, result, overflow)
}

/// Puts a logical sum or difference: the condition code's high bit is the carry, its low one that the result is not zero.
#[inline(always)]
fn put_logical_sum<E: Emit<S390x>, V: View>(e: &mut E, r1: Reg, result: E::V, carry: E::V) {
    let cc = logical_sum_code::<E, V>(e, result, carry);
    V::put(e, r1, result);
    cc::put(e, cc);
}

/// See [`put_logical_sum`].
#[inline(always)]
pub(crate) fn logical_sum_code<E: Emit<S390x>, V: View>(
    e: &mut E,
    result: E::V,
    carry: E::V,
) -> E::V {
    let nonzero = cc::nonzero(e, V::WIDTH, result);
    let twice = e.add(W64, carry, carry);
    e.add(W64, twice, nonzero)
}

/// ADD LOGICAL.
pub(crate) fn add_logical<E: Emit<S390x>, V: View, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let result = e.add(V::WIDTH, a, b);
    let carry = e.ult(V::WIDTH, result, a);
    put_logical_sum::<E, V>(e, i.r1, result, carry);
    Ok(())
}

/// ADD LOGICAL WITH SIGNED IMMEDIATE: of a negative one, the code tells of a borrow as of a carry.
pub(crate) fn add_logical_signed<E: Emit<S390x>, V: View, A: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    add_logical::<E, V, A, I>(e, i)
}

/// ADD LOGICAL WITH SIGNED IMMEDIATE HIGH, without a condition code.
pub(crate) fn add_logical_quietly<E: Emit<S390x>, V: View, A: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, I::value(e, i)?);
    let result = e.add(V::WIDTH, a, b);
    V::put(e, i.r1, result);
    Ok(())
}

/// SUBTRACT LOGICAL: no borrow is a carry.
pub(crate) fn sub_logical<E: Emit<S390x>, V: View, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let result = e.sub(V::WIDTH, a, b);
    let no_borrow = e.ule(V::WIDTH, b, a);
    put_logical_sum::<E, V>(e, i.r1, result, no_borrow);
    Ok(())
}

/// The carry that the condition code has.
#[inline(always)]
fn carry_in<E: Emit<S390x>>(e: &mut E) -> E::V {
    let (cc, one) = (e.get(reg::CC), e.imm(1));
    e.shr(W64, cc, one)
}

/// ADD LOGICAL WITH CARRY.
pub(crate) fn add_carry<E: Emit<S390x>, V: View, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (a, b) = (e.get(i.r1), B::value(e, i)?);
    sum_with_carry::<E, V>(e, i, a, b);
    Ok(())
}

/// SUBTRACT LOGICAL WITH BORROW: the complement is added.
pub(crate) fn sub_borrow<E: Emit<S390x>, V: View, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (a, b) = (e.get(i.r1), B::value(e, i)?);
    let b = e.not(V::WIDTH, b);
    sum_with_carry::<E, V>(e, i, a, b);
    Ok(())
}

#[inline(always)]
fn sum_with_carry<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn, a: E::V, b: E::V) {
    let carry = carry_in(e);
    let sum = e.add(V::WIDTH, a, b);
    let result = e.add(V::WIDTH, sum, carry);
    // At most one of the two additions carries.
    let (first, second) = (e.ult(V::WIDTH, sum, a), e.ult(V::WIDTH, result, sum));
    let out = e.or(W64, first, second);
    put_logical_sum::<E, V>(e, i.r1, result, out);
}

/// LOAD COMPLEMENT.
pub(crate) fn complement<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    let (result, lowest) = (e.neg(V::WIDTH, value), e.imm(1 << (V::BITS - 1)));
    let overflow = e.eq(V::WIDTH, value, lowest);
    put_signed::<E, V>(e, i.r1, result, overflow)
}

/// LOAD POSITIVE.
pub(crate) fn positive<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    let (zero, lowest) = (e.imm(0), e.imm(1 << (V::BITS - 1)));
    let (negative, negated) = (e.slt(V::WIDTH, value, zero), e.neg(V::WIDTH, value));
    let result = e.select(negative, negated, value);
    let overflow = e.eq(V::WIDTH, value, lowest);
    put_signed::<E, V>(e, i.r1, result, overflow)
}

/// LOAD NEGATIVE.
pub(crate) fn negative<E: Emit<S390x>, V: View, S: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let value = S::value(e, i)?;
    let zero = e.imm(0);
    let (negative, negated) = (e.slt(V::WIDTH, value, zero), e.neg(V::WIDTH, value));
    let result = e.select(negative, value, negated);
    let cc = cc::nonzero(e, V::WIDTH, result);
    V::put(e, i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// AND, OR, EXCLUSIVE OR.
pub(crate) fn logical<E: Emit<S390x>, V: View, const OP: u8, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let result = e.binary(bitwise(OP), V::WIDTH, a, b);
    let cc = cc::nonzero(e, V::WIDTH, result);
    V::put(e, i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// AND and OR of a halfword immediate: the condition code is that of the halfword.
pub(crate) fn logical_half<E: Emit<S390x>, const OP: u8, const SHIFT: u32>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let op = bitwise(OP);
    let immediate = u64::from(i.imm as u16) << SHIFT;
    let rest = if op == lockstep_cpu::Binary::And { !(0xffff << SHIFT) } else { 0 };
    let (a, b) = (e.get(i.r1), e.imm(immediate | rest));
    let result = e.binary(op, W64, a, b);
    let half = masked(e, result, 0xffff << SHIFT);
    let cc = cc::nonzero(e, W64, half);
    e.put(i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// TEST UNDER MASK of a halfword of a register: mixed bits tell of the leftmost.
pub(crate) fn test_under_mask<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let mask = u64::from(i.imm as u16);
    let (value, mask_value) = (e.get(i.r1), e.imm(mask << SHIFT));
    let bits = e.and(W64, value, mask_value);
    let top = if mask == 0 { 0 } else { (1u64 << mask.ilog2()) << SHIFT };
    let leftmost = masked(e, bits, top);
    let one = cc::nonzero(e, W64, leftmost);
    let mixed = e.add_imm(W64, one, 1);
    let cc = cc::selected(e, bits, mask_value, mixed);
    cc::put(e, cc);
    Ok(())
}

/// COMPARE.
pub(crate) fn compare<E: Emit<S390x>, V: View, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let cc = cc::compared(e, V::WIDTH, a, b);
    cc::put(e, cc);
    Ok(())
}

/// COMPARE LOGICAL.
pub(crate) fn compare_logical<E: Emit<S390x>, V: View, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let cc = cc::compared_logical(e, V::WIDTH, a, b);
    cc::put(e, cc);
    Ok(())
}

/// Refuses an odd register where a pair is meant.
#[inline(always)]
pub(crate) fn check_even<E: Emit<S390x>>(e: &mut E, r: Reg) -> Done<E> {
    if r & 1 != 0 {
        return e.raise(Exception::Program(Program::new(code::SPECIFICATION)));
    }
    Ok(())
}

/// MULTIPLY of words: the product is in the low words of a pair.
pub(crate) fn multiply_pair<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (a, b) = (e.get(i.r1 | 1), B::value(e, i)?);
    let (a, b) = (e.sext32(a), e.sext32(b));
    let product = e.mul(W64, a, b);
    put_pair_of_words(e, i.r1, product);
    Ok(())
}

/// The two words of a value go into the low halves of a pair.
#[inline(always)]
pub(crate) fn put_pair_of_words<E: Emit<S390x>>(e: &mut E, r1: Reg, value: E::V) {
    let half = e.imm(32);
    let high = e.shr(W64, value, half);
    put_low(e, r1, high);
    put_low(e, r1 | 1, value);
}

/// MULTIPLY LOGICAL of words.
pub(crate) fn multiply_logical_words<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (a, b) = (e.get(i.r1 | 1), B::value(e, i)?);
    let (a, b) = (e.zext32(a), e.zext32(b));
    let product = e.mul(W64, a, b);
    put_pair_of_words(e, i.r1, product);
    Ok(())
}

/// MULTIPLY and MULTIPLY LOGICAL of doublewords.
pub(crate) fn multiply_long<E: Emit<S390x>, const SIGNED: bool, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    check_even(e, i.r1)?;
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let op = if SIGNED { lockstep_cpu::Binary::SmulHigh } else { lockstep_cpu::Binary::UmulHigh };
    let (high, low) = (e.binary(op, W64, a, b), e.mul(W64, a, b));
    e.put(i.r1, high);
    e.put(i.r1 | 1, low);
    Ok(())
}

/// MULTIPLY SINGLE and MULTIPLY HALFWORD.
pub(crate) fn multiply_single<E: Emit<S390x>, V: View, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    let (a, b) = (V::get(e, i.r1), B::value(e, i)?);
    let product = e.mul(V::WIDTH, a, b);
    V::put(e, i.r1, product);
    Ok(())
}

/// MULTIPLY SINGLE of words, with a condition code.
pub(crate) fn multiply_checked_words<E: Emit<S390x>, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let (a, b) = (e.sext32(a), e.sext32(b));
    let product = e.mul(W64, a, b);
    let again = e.sext32(product);
    let overflow = e.ne(W64, product, again);
    put_signed_product::<E, W>(e, i, product, overflow)
}

/// The condition code of a product is that of its sign, or 3.
#[inline(always)]
fn put_signed_product<E: Emit<S390x>, V: View>(
    e: &mut E,
    i: &Insn,
    product: E::V,
    overflow: E::V,
) -> Done<E> {
    put_signed::<E, V>(e, i.r1, product, overflow)
}

/// MULTIPLY SINGLE of doublewords, with a condition code.
pub(crate) fn multiply_checked<E: Emit<S390x>, A: Source, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (A::value(e, i)?, B::value(e, i)?);
    let (low, high) = (e.mul(W64, a, b), e.binary(lockstep_cpu::Binary::SmulHigh, W64, a, b));
    let top = e.imm(63);
    let signs = e.sar(W64, low, top);
    let overflow = e.ne(W64, high, signs);
    put_signed_product::<E, X>(e, i, low, overflow)
}

/// Interrupts with a fixed-point-divide exception when a condition holds.
#[inline(always)]
fn trap_divide<E: Emit<S390x>>(e: &mut E, condition: E::V) -> Done<E> {
    e.when(condition, |e| e.raise(Exception::Program(Program::new(code::FIXED_DIVIDE))))
}

/// DIVIDE: a pair of words by a word. Remainder and quotient go into the pair.
pub(crate) fn divide<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let b = B::value(e, i)?;
    let (dividend, divisor) = (words_of_pair(e, i.r1), e.sext32(b));
    let quotient = e.binary(lockstep_cpu::Binary::Sdiv, W64, dividend, divisor);
    let rest = e.binary(lockstep_cpu::Binary::Srem, W64, dividend, divisor);
    let zero = e.imm(0);
    let (by_zero, again) = (e.eq(W64, divisor, zero), e.sext32(quotient));
    let too_large = e.ne(W64, quotient, again);
    // The lowest dividend by -1 wraps around to itself, which fits no word.
    let fails = e.or(W64, by_zero, too_large);
    trap_divide(e, fails)?;
    put_low(e, i.r1, rest);
    put_low(e, i.r1 | 1, quotient);
    Ok(())
}

/// The low words of a pair as one value.
#[inline(always)]
pub(crate) fn words_of_pair<E: Emit<S390x>>(e: &mut E, r1: Reg) -> E::V {
    let (high, low, half) = (e.get(r1), e.get(r1 | 1), e.imm(32));
    let (high, low) = (e.shl(W64, high, half), e.zext32(low));
    e.or(W64, high, low)
}

/// DIVIDE LOGICAL of a pair of words.
pub(crate) fn divide_logical<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let b = B::value(e, i)?;
    let (dividend, divisor) = (words_of_pair(e, i.r1), e.zext32(b));
    let quotient = e.binary(lockstep_cpu::Binary::Udiv, W64, dividend, divisor);
    let rest = e.binary(lockstep_cpu::Binary::Urem, W64, dividend, divisor);
    let (zero, most) = (e.imm(0), e.imm(0xffff_ffff));
    let (by_zero, too_large) = (e.eq(W64, divisor, zero), e.ult(W64, most, quotient));
    let fails = e.or(W64, by_zero, too_large);
    trap_divide(e, fails)?;
    put_low(e, i.r1, rest);
    put_low(e, i.r1 | 1, quotient);
    Ok(())
}

/// DIVIDE LOGICAL of a pair of doublewords.
pub(crate) fn divide_logical_long<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let divisor = B::value(e, i)?;
    let (high, zero) = (e.get(i.r1), e.imm(0));
    // Nearly always the dividend has a doubleword only, which engines can divide themselves.
    let is_long = e.ne(W64, high, zero);
    let by_zero = e.eq(W64, divisor, zero);
    let slow = e.or(W64, is_long, by_zero);
    e.if_else(
        slow,
        |e| {
            let r1 = e.imm(i.r1.into());
            e.call(divide_128, [r1, divisor, r1]).map(|_| ())
        },
        |e| {
            let low = e.get(i.r1 | 1);
            let quotient = e.binary(lockstep_cpu::Binary::Udiv, W64, low, divisor);
            let rest = e.binary(lockstep_cpu::Binary::Urem, W64, low, divisor);
            e.put(i.r1, rest);
            e.put(i.r1 | 1, quotient);
            Ok(())
        },
    )
}

fn divide_128(cx: &mut Cx<S390x>, [r1, divisor, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let r1 = r1 as usize & 14;
    let (high, low) = (cx.cpu.regs[r1], cx.cpu.regs[r1 | 1]);
    if divisor == 0 || high >= divisor {
        return Err(program(code::FIXED_DIVIDE));
    }
    let dividend = u128::from(high) << 64 | u128::from(low);
    cx.cpu.regs[r1] = (dividend % u128::from(divisor)) as u64;
    cx.cpu.regs[r1 | 1] = (dividend / u128::from(divisor)) as u64;
    Ok(0)
}

/// DIVIDE SINGLE: the odd register of a pair is the dividend.
pub(crate) fn divide_single<E: Emit<S390x>, B: Source>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let (dividend, divisor) = (e.get(i.r1 | 1), B::value(e, i)?);
    let (zero, lowest, ones) = (e.imm(0), e.imm(1 << 63), e.imm(u64::MAX));
    let (is_lowest, by_ones) = (e.eq(W64, dividend, lowest), e.eq(W64, divisor, ones));
    let (by_zero, overflows) = (e.eq(W64, divisor, zero), e.and(W64, is_lowest, by_ones));
    let fails = e.or(W64, by_zero, overflows);
    trap_divide(e, fails)?;
    let quotient = e.binary(lockstep_cpu::Binary::Sdiv, W64, dividend, divisor);
    let rest = e.binary(lockstep_cpu::Binary::Srem, W64, dividend, divisor);
    e.put(i.r1, rest);
    e.put(i.r1 | 1, quotient);
    Ok(())
}

/// FIND LEFTMOST ONE: the second register of the pair gets the value without that bit.
pub(crate) fn find_leftmost_one<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_even(e, i.r1)?;
    let value = e.get(i.r2);
    let (zeros, top, zero) = (e.unary(Unary::Clz, W64, value), e.imm(1 << 63), e.imm(0));
    let bit = e.shr(W64, top, zeros);
    let others = e.not(W64, bit);
    let rest = e.and(W64, value, others);
    let nonzero = cc::nonzero(e, W64, value);
    let cc = e.add(W64, nonzero, nonzero);
    let rest = e.select(nonzero, rest, zero);
    e.put(i.r1, zeros);
    e.put(i.r1 | 1, rest);
    cc::put(e, cc);
    Ok(())
}

/// POPULATION COUNT: of each byte.
pub(crate) fn population_count<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let value = e.get(i.r2);
    let pairs = {
        let one = e.imm(1);
        let odd = e.shr(W64, value, one);
        let odd = masked(e, odd, 0x5555_5555_5555_5555);
        e.sub(W64, value, odd)
    };
    let nibbles = {
        let two = e.imm(2);
        let low = masked(e, pairs, 0x3333_3333_3333_3333);
        let high = e.shr(W64, pairs, two);
        let high = masked(e, high, 0x3333_3333_3333_3333);
        e.add(W64, low, high)
    };
    let four = e.imm(4);
    let high = e.shr(W64, nibbles, four);
    let sum = e.add(W64, nibbles, high);
    let result = masked(e, sum, 0x0f0f_0f0f_0f0f_0f0f);
    let cc = cc::nonzero(e, W64, result);
    e.put(i.r1, result);
    cc::put(e, cc);
    Ok(())
}

/// COPY ACCESS.
pub(crate) fn copy_access<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let value = e.get(reg::ACCESS + i.r2);
    e.put(reg::ACCESS + i.r1, value);
    Ok(())
}

/// EXTRACT ACCESS.
pub(crate) fn extract_access<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let value = e.get(reg::ACCESS + i.r2);
    put_low(e, i.r1, value);
    Ok(())
}

/// SET ACCESS.
pub(crate) fn set_access<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let value = e.get(i.r2);
    let value = e.zext32(value);
    e.put(reg::ACCESS + i.r1, value);
    Ok(())
}
