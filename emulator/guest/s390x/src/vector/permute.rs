//! What moves elements and does not compute: copies, masks, merges, packing, permutations.

use lockstep_cpu::{Cx, Emit};

use super::*;
use crate::insn::Insn;
use crate::long::set_cc;
use crate::ops::W64;

const fn op(i: &Insn) -> Op {
    Op(Text(i.raw))
}

/// The halfword behind the register fields.
const fn immediate(t: Text) -> u16 {
    (t.0 >> 32) as u16
}

/// VECTOR LOAD of a register.
pub(crate) fn copy<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    for half in 0..2 {
        let value = e.vget(op(i).v2(), half);
        e.vput(op(i).v1(), half, value);
    }
    Ok(())
}

/// Puts a constant.
fn put_constant<E: Emit<S390x>>(e: &mut E, register: u8, value: u128) {
    let (high, low) = (e.imm((value >> 64) as u64), e.imm(value as u64));
    e.vput(register, 1, high);
    e.vput(register, 0, low);
}

/// VECTOR GENERATE BYTE MASK.
pub(crate) fn byte_mask<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let selected = immediate(Text(i.raw));
    let value = build(0, |k| if selected >> (15 - k) & 1 != 0 { 0xff } else { 0 });
    put_constant(e, op(i).v1(), value);
    Ok(())
}

/// VECTOR REPLICATE IMMEDIATE.
pub(crate) fn replicate_immediate<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let size = op(i).size();
    if size > 3 {
        return refuse(e);
    }
    let value = immediate(Text(i.raw)) as i16 as u128;
    put_constant(e, op(i).v1(), build(size, |_| value));
    Ok(())
}

/// VECTOR SELECT.
pub(crate) fn select<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let o = op(i);
    for half in 0..2 {
        let (a, b, mask) = (e.vget(o.v2(), half), e.vget(o.v3(), half), e.vget(o.v4(), half));
        let differing = e.xor(W64, a, b);
        let chosen = e.and(W64, differing, mask);
        let result = e.xor(W64, b, chosen);
        e.vput(o.v1(), half, result);
    }
    Ok(())
}

/// VECTOR PERMUTE DOUBLEWORD IMMEDIATE.
pub(crate) fn doublewords<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let (o, which) = (op(i), op(i).field(8));
    let half = |bit: u8| u8::from(which & bit == 0);
    let (high, low) = (e.vget(o.v2(), half(4)), e.vget(o.v3(), half(1)));
    e.vput(o.v1(), 1, high);
    e.vput(o.v1(), 0, low);
    Ok(())
}

/// VECTOR GENERATE MASK: ones from a bit to another, around the end if need be.
pub(crate) fn mask(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let size = o.size();
    require(size <= 3)?;
    let last_bit = bits(size) - 1;
    let (first, last) = (u32::from(o.0.byte(2)) & last_bit, u32::from(o.0.byte(3)) & last_bit);
    let from = ones(size) >> first;
    let to = ones(size) & !(ones(size) >> last >> 1);
    let value = if first <= last { from & to } else { from | to };
    put(cx, o.v1(), build(size, |_| value));
    Ok(0)
}

/// VECTOR REPLICATE.
pub(crate) fn replicate(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (size, number) = (o.size(), u32::from(immediate(o.0)));
    require(size <= 3 && number < count(size))?;
    let value = element(get(cx, o.v2()), size, number);
    put(cx, o.v1(), build(size, |_| value));
    Ok(0)
}

/// VECTOR SIGN EXTEND TO DOUBLEWORD.
pub(crate) fn sign_extend(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.size() <= 2)?;
    let value = get(cx, o.v2());
    put(cx, o.v1(), build(3, |k| extend(element(value, 3, k), o.size()) as u128));
    Ok(0)
}

/// Elements of one half of two registers by turns.
fn merge(cx: &mut Cx<S390x>, o: Op, low: bool) -> Helped {
    let size = o.size();
    require(size <= 3)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let first = if low { count(size) / 2 } else { 0 };
    let each = |k: u32| element(if k & 1 == 0 { a } else { b }, size, first + k / 2);
    put(cx, o.v1(), build(size, each));
    Ok(0)
}

/// VECTOR MERGE LOW.
pub(crate) fn merge_low(cx: &mut Cx<S390x>, o: Op) -> Helped {
    merge(cx, o, true)
}

/// VECTOR MERGE HIGH.
pub(crate) fn merge_high(cx: &mut Cx<S390x>, o: Op) -> Helped {
    merge(cx, o, false)
}

/// VECTOR BIT PERMUTE: bits that the bytes name, into the fourth halfword.
pub(crate) fn chosen_bits(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let bit = |k: u32| match element(b, 0, k) {
        place @ 0..=127 => a >> (127 - place) & 1,
        _ => 0,
    };
    let value = (0..16).fold(0, |v, k| v << 1 | bit(k));
    put(cx, o.v1(), value << 64);
    Ok(0)
}

/// VECTOR PERMUTE.
pub(crate) fn bytes(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (a, b, which) = (get(cx, o.v2()), get(cx, o.v3()), get(cx, o.v4()));
    let byte = |k: u32| {
        let place = element(which, 0, k) as u32 & 31;
        element(if place < 16 { a } else { b }, 0, place % 16)
    };
    put(cx, o.v1(), build(0, byte));
    Ok(0)
}

/// Elements of half the size from those of two registers, and how many were not what they are now.
fn packed(
    cx: &mut Cx<S390x>,
    o: Op,
    narrow: impl Fn(u128, u32) -> u128,
) -> Result<u32, Exit<S390x>> {
    let size = o.size();
    require((1..=3).contains(&size))?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let half = count(size);
    let mut changed = 0;
    let value = build(size - 1, |k| {
        let wide = element(if k < half { a } else { b }, size, k % half);
        let result = narrow(wide, size);
        changed += u32::from(result != wide);
        result
    });
    put(cx, o.v1(), value);
    Ok(changed)
}

/// VECTOR PACK.
pub(crate) fn pack(cx: &mut Cx<S390x>, o: Op) -> Helped {
    packed(cx, o, |wide, _| wide)?;
    Ok(0)
}

/// The condition code of saturation, if the instruction wants it: 0 none, 1 some, 3 all.
fn set_saturation_code(cx: &mut Cx<S390x>, o: Op, saturated: u32) {
    if o.field(6) & 1 != 0 {
        let all = 2 * count(o.size());
        set_cc(
            cx,
            if saturated == 0 {
                0
            } else if saturated == all {
                3
            } else {
                1
            },
        );
    }
}

/// VECTOR PACK SATURATE.
pub(crate) fn pack_saturate(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let saturated = packed(cx, o, |wide, size| {
        let limit = (ones(size - 1) >> 1) as i128;
        let value = extend(wide, size).clamp(-limit - 1, limit);
        value as u128 & ones(size)
    })?;
    set_saturation_code(cx, o, saturated);
    Ok(0)
}

/// VECTOR PACK LOGICAL SATURATE.
pub(crate) fn pack_logical_saturate(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let saturated = packed(cx, o, |wide, size| wide.min(ones(size - 1)))?;
    set_saturation_code(cx, o, saturated);
    Ok(0)
}

/// Elements of twice the size from those of one half.
fn unpack(cx: &mut Cx<S390x>, o: Op, low: bool, logical: bool) -> Helped {
    let size = o.size();
    require(size <= 2)?;
    let value = get(cx, o.v2());
    let first = if low { count(size) / 2 } else { 0 };
    let each = |k: u32| {
        let narrow = element(value, size, first + k);
        if logical { narrow } else { extend(narrow, size) as u128 }
    };
    put(cx, o.v1(), build(size + 1, each));
    Ok(0)
}

/// VECTOR UNPACK HIGH.
pub(crate) fn unpack_high(cx: &mut Cx<S390x>, o: Op) -> Helped {
    unpack(cx, o, false, false)
}

/// VECTOR UNPACK LOGICAL HIGH.
pub(crate) fn unpack_logical_high(cx: &mut Cx<S390x>, o: Op) -> Helped {
    unpack(cx, o, false, true)
}

/// VECTOR UNPACK LOW.
pub(crate) fn unpack_low(cx: &mut Cx<S390x>, o: Op) -> Helped {
    unpack(cx, o, true, false)
}

/// VECTOR UNPACK LOGICAL LOW.
pub(crate) fn unpack_logical_low(cx: &mut Cx<S390x>, o: Op) -> Helped {
    unpack(cx, o, true, true)
}
