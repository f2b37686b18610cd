//! Integers: bitwise operations, sums, comparisons, counts.

use lockstep_cpu::{Binary, Cx, Emit};

use super::*;
use crate::insn::Insn;
use crate::long::set_cc;
use crate::ops::W64;

/// Does something to both halves of the second and third register.
#[inline(always)]
fn halves<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    mut each: impl FnMut(&mut E, E::V, E::V) -> E::V,
) -> Done<E> {
    check(e)?;
    let o = Op(Text(i.raw));
    for half in 0..2 {
        let (a, b) = (e.vget(o.v2(), half), e.vget(o.v3(), half));
        let result = each(e, a, b);
        e.vput(o.v1(), half, result);
    }
    Ok(())
}

macro_rules! bitwise {
    ($($(#[$doc:meta])* $name:ident = |$e:ident, $a:ident, $b:ident| $value:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
                halves(e, i, |$e, $a, $b| $value)
            }
        )*
    };
}

bitwise! {
    /// VECTOR AND.
    and = |e, a, b| e.and(W64, a, b);
    /// VECTOR AND WITH COMPLEMENT.
    and_complement = |e, a, b| { let b = e.not(W64, b); e.and(W64, a, b) };
    /// VECTOR OR.
    or = |e, a, b| e.or(W64, a, b);
    /// VECTOR OR WITH COMPLEMENT.
    or_complement = |e, a, b| { let b = e.not(W64, b); e.or(W64, a, b) };
    /// VECTOR NOR.
    nor = |e, a, b| { let v = e.or(W64, a, b); e.not(W64, v) };
    /// VECTOR NAND.
    nand = |e, a, b| { let v = e.and(W64, a, b); e.not(W64, v) };
    /// VECTOR EXCLUSIVE OR.
    xor = |e, a, b| e.xor(W64, a, b);
    /// VECTOR NOT EXCLUSIVE OR.
    not_xor = |e, a, b| { let v = e.xor(W64, a, b); e.not(W64, v) };
}

/// Sums or differences of all elements of a doubleword at once: what the highest bit of an element is to become is put in behind,
/// so that no carry or borrow leaves it.
#[inline(always)]
fn packed<E: Emit<S390x>>(e: &mut E, size: u32, a: E::V, b: E::V, op: Binary) -> E::V {
    if size == 3 {
        return e.binary(op, W64, a, b);
    }
    let high = u64::MAX / ones(size) as u64 * (1 << (bits(size) - 1));
    let (high, low) = (e.imm(high), e.imm(!high));
    let differing = e.xor(W64, a, b);
    let (rest, top) = if op == Binary::Add {
        (e.and(W64, a, low), e.and(W64, differing, high))
    } else {
        let same = e.not(W64, differing);
        (e.or(W64, a, high), e.and(W64, same, high))
    };
    let b = e.and(W64, b, low);
    let result = e.binary(op, W64, rest, b);
    e.xor(W64, result, top)
}

#[inline(always)]
fn add_or_subtract<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    op: Binary,
    whole: Helper<S390x>,
) -> Done<E> {
    match Op(Text(i.raw)).size() {
        size @ 0..=3 => halves(e, i, |e, a, b| packed(e, size, a, b, op)),
        4 => call(e, i, whole),
        _ => {
            check(e)?;
            refuse(e)
        }
    }
}

/// VECTOR ADD.
pub(crate) fn add<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    add_or_subtract(e, i, Binary::Add, |cx, [_, _, text]| {
        two(cx, Op(Text(text)), 4, |a, b, _| a.wrapping_add(b))
    })
}

/// VECTOR SUBTRACT.
pub(crate) fn subtract<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    add_or_subtract(e, i, Binary::Sub, |cx, [_, _, text]| {
        two(cx, Op(Text(text)), 4, |a, b, _| a.wrapping_sub(b))
    })
}

/// Does something to each element of the second register; sizes up to `largest`.
fn one(cx: &mut Cx<S390x>, o: Op, largest: u32, each: impl Fn(u128, u32) -> u128) -> Helped {
    let size = o.size();
    require(size <= largest)?;
    let a = get(cx, o.v2());
    put(cx, o.v1(), build(size, |k| each(element(a, size, k), size)));
    Ok(0)
}

/// Does something to each pair of elements of the second and third register.
pub(super) fn two(
    cx: &mut Cx<S390x>,
    o: Op,
    largest: u32,
    each: impl Fn(u128, u128, u32) -> u128,
) -> Helped {
    let size = o.size();
    require(size <= largest)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    put(cx, o.v1(), build(size, |k| each(element(a, size, k), element(b, size, k), size)));
    Ok(0)
}

macro_rules! kernels {
    ($($(#[$doc:meta])* $name:ident = $how:ident($largest:literal, $each:expr);)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, o: Op) -> Helped {
                $how(cx, o, $largest, $each)
            }
        )*
    };
}

/// The greater or the lesser.
fn choose(first: bool, a: u128, b: u128) -> u128 {
    if first { a } else { b }
}

kernels! {
    /// VECTOR POPULATION COUNT.
    popcount = one(3, |a, _| a.count_ones().into());
    /// VECTOR COUNT TRAILING ZEROS.
    trailing_zeros = one(3, |a, size| a.trailing_zeros().min(bits(size)).into());
    /// VECTOR COUNT LEADING ZEROS.
    leading_zeros = one(3, |a, size| (a.leading_zeros() + bits(size) - 128).into());
    /// VECTOR LOAD COMPLEMENT.
    complement = one(3, |a, _| a.wrapping_neg());
    /// VECTOR LOAD POSITIVE.
    positive = one(3, |a, size| extend(a, size).unsigned_abs());
    /// VECTOR AVERAGE: half of the sum, rounded up.
    average = two(3, |a, b, size| ((extend(a, size) + extend(b, size) + 1) >> 1) as u128);
    /// VECTOR AVERAGE LOGICAL.
    average_logical = two(3, |a, b, _| (a + b + 1) >> 1);
    /// VECTOR ADD COMPUTE CARRY.
    carry = two(4, |a, b, size| u128::from(a > ones(size) - b));
    /// VECTOR SUBTRACT COMPUTE BORROW INDICATION: 1 means none.
    borrow = two(4, |a, b, _| u128::from(a >= b));
    /// VECTOR MINIMUM.
    minimum = two(3, |a, b, size| choose(extend(a, size) <= extend(b, size), a, b));
    /// VECTOR MAXIMUM.
    maximum = two(3, |a, b, size| choose(extend(a, size) >= extend(b, size), a, b));
    /// VECTOR MINIMUM LOGICAL.
    minimum_logical = two(3, |a, b, _| a.min(b));
    /// VECTOR MAXIMUM LOGICAL.
    maximum_logical = two(3, |a, b, _| a.max(b));
}

/// Comparisons make masks, and a condition code if the instruction wants it: 0 all, 1 some, 3 none.
fn masks(cx: &mut Cx<S390x>, o: Op, holds: impl Fn(u128, u128, u32) -> bool) -> Helped {
    two(cx, o, 3, |a, b, size| if holds(a, b, size) { ones(size) } else { 0 })?;
    if o.field(6) & 1 != 0 {
        set_mask_code(cx, get(cx, o.v1()));
    }
    Ok(0)
}

/// The condition code of a mask.
pub(super) fn set_mask_code(cx: &mut Cx<S390x>, mask: u128) {
    set_cc(
        cx,
        match mask {
            u128::MAX => 0,
            0 => 3,
            _ => 1,
        },
    );
}

/// VECTOR COMPARE EQUAL.
pub(crate) fn compare_equal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks(cx, o, |a, b, _| a == b)
}

/// VECTOR COMPARE HIGH.
pub(crate) fn compare_high(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks(cx, o, |a, b, size| extend(a, size) > extend(b, size))
}

/// VECTOR COMPARE HIGH LOGICAL.
pub(crate) fn compare_high_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks(cx, o, |a, b, _| a > b)
}

/// Compares the elements at the right end of the first doublewords.
fn compare_one(cx: &mut Cx<S390x>, o: Op, key: impl Fn(u128, u32, u32) -> i128) -> Helped {
    let size = o.size();
    require(size <= 3)?;
    let place = count(size) / 2 - 1;
    let (a, b) = (key(get(cx, o.v1()), size, place), key(get(cx, o.v2()), size, place));
    set_cc(cx, if a == b { 0 } else { 1 + u64::from(a > b) });
    Ok(0)
}

/// VECTOR ELEMENT COMPARE.
pub(crate) fn element_compare(cx: &mut Cx<S390x>, o: Op) -> Helped {
    compare_one(cx, o, signed)
}

/// VECTOR ELEMENT COMPARE LOGICAL.
pub(crate) fn element_compare_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    compare_one(cx, o, |v, size, k| element(v, size, k) as i128)
}

/// VECTOR TEST UNDER MASK.
pub(crate) fn test_under_mask(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (value, mask) = (get(cx, o.v1()), get(cx, o.v2()));
    let selected = value & mask;
    set_cc(
        cx,
        if selected == 0 {
            0
        } else if selected == mask {
            3
        } else {
            1
        },
    );
    Ok(0)
}

/// Elements of size `wide` from sums of all that are in them, and the last of those of the third register.
fn sums(cx: &mut Cx<S390x>, o: Op, wide: u32, sizes: [u32; 2]) -> Helped {
    let size = o.size();
    require(sizes.contains(&size))?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let each = count(size) / count(wide);
    let sum = |k: u32| {
        let own: u128 =
            (0..each).fold(0u128, |sum, j| sum.wrapping_add(element(a, size, k * each + j)));
        own.wrapping_add(element(b, size, k * each + each - 1))
    };
    put(cx, o.v1(), build(wide, sum));
    Ok(0)
}

/// VECTOR SUM ACROSS WORD.
pub(crate) fn sum_words(cx: &mut Cx<S390x>, o: Op) -> Helped {
    sums(cx, o, 2, [0, 1])
}

/// VECTOR SUM ACROSS DOUBLEWORD.
pub(crate) fn sum_doublewords(cx: &mut Cx<S390x>, o: Op) -> Helped {
    sums(cx, o, 3, [1, 2])
}

/// VECTOR SUM ACROSS QUADWORD.
pub(crate) fn sum_quadwords(cx: &mut Cx<S390x>, o: Op) -> Helped {
    sums(cx, o, 4, [2, 3])
}

/// VECTOR CHECKSUM: five words with end-around carries, into the second word.
pub(crate) fn checksum(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let words = (0..4).map(|k| element(a, 2, k));
    let sum = words.fold(element(b, 2, 1), |sum, word| {
        let sum = sum + word;
        (sum & ones(2)) + (sum >> 32)
    });
    put(cx, o.v1(), sum << 64);
    Ok(0)
}

/// A sum of quadwords and the last bit of a third, and its carry.
fn with_carry(cx: &mut Cx<S390x>, o: Op, complement: bool) -> Result<(u128, bool), Exit<S390x>> {
    require(o.field(5) == 4)?;
    let (a, b, c) = (get(cx, o.v2()), get(cx, o.v3()), get(cx, o.v4()) & 1);
    let (sum, first) = a.overflowing_add(if complement { !b } else { b });
    let (sum, second) = sum.overflowing_add(c);
    Ok((sum, first || second))
}

/// VECTOR ADD WITH CARRY.
pub(crate) fn add_with_carry(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (sum, _) = with_carry(cx, o, false)?;
    put(cx, o.v1(), sum);
    Ok(0)
}

/// VECTOR ADD WITH CARRY COMPUTE CARRY.
pub(crate) fn add_with_carry_carry(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (_, carry) = with_carry(cx, o, false)?;
    put(cx, o.v1(), carry.into());
    Ok(0)
}

/// VECTOR SUBTRACT WITH BORROW INDICATION.
pub(crate) fn subtract_with_borrow(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (sum, _) = with_carry(cx, o, true)?;
    put(cx, o.v1(), sum);
    Ok(0)
}

/// VECTOR SUBTRACT WITH BORROW COMPUTE BORROW INDICATION.
pub(crate) fn subtract_with_borrow_borrow(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (_, carry) = with_carry(cx, o, true)?;
    put(cx, o.v1(), carry.into());
    Ok(0)
}
