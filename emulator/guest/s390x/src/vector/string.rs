//! Strings: searches for characters, for differences and for the terminating zero.

use lockstep_cpu::Cx;

use super::*;
use crate::long::set_cc;

/// Results are complemented.
const INVERT: u8 = 8;
/// The result is a mask, not an index.
const RESULT_TYPE: u8 = 4;
/// Zeros are searched for, too.
const ZERO: u8 = 2;
/// The condition code is set.
const CODE: u8 = 1;

/// The index of nothing: behind the last byte.
const NONE: u32 = 16;

/// The place of the first element for which something holds, in bytes.
fn first(size: u32, holds: impl Fn(u32) -> bool) -> u32 {
    (0..count(size)).find(|k| holds(*k)).map_or(NONE, |k| k << size)
}

/// Puts an index of a byte where the instructions have it: in the eighth byte.
fn put_index(cx: &mut Cx<S390x>, o: Op, index: u32) {
    put(cx, o.v1(), u128::from(index) << 64);
}

/// The condition code of a search: 0 a zero before anything that was found, 1 found, without zeros, 2 found before a zero, 3 nothing.
fn set_search_code(cx: &mut Cx<S390x>, flags: u8, zero: u32, found: u32) {
    if flags & CODE != 0 {
        set_cc(
            cx,
            match (zero, found) {
                (NONE, NONE) => 3,
                (NONE, _) => 1,
                _ if found < zero => 2,
                _ => 0,
            },
        );
    }
}

fn first_zero(flags: u8, size: u32, value: u128) -> u32 {
    if flags & ZERO == 0 { NONE } else { first(size, |k| element(value, size, k) == 0) }
}

/// VECTOR ISOLATE STRING: what is before the first zero.
pub(crate) fn isolate(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (size, flags) = (o.size(), o.field(6));
    require(size <= 2 && flags & !CODE == 0)?;
    let value = get(cx, o.v2());
    let zero = first(size, |k| element(value, size, k) == 0);
    let kept = if zero == 0 { 0 } else { u128::MAX << (8 * (16 - zero)) };
    put(cx, o.v1(), value & kept);
    if flags & CODE != 0 {
        set_cc(cx, if zero == NONE { 3 } else { 0 });
    }
    Ok(0)
}

/// VECTOR FIND ELEMENT EQUAL.
pub(crate) fn find_equal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (size, flags) = (o.size(), o.field(6));
    require(size <= 2 && flags & !(ZERO | CODE) == 0)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let found = first(size, |k| element(a, size, k) == element(b, size, k));
    let zero = first_zero(flags, size, a);
    put_index(cx, o, found.min(zero));
    set_search_code(cx, flags, zero, found);
    Ok(0)
}

/// VECTOR FIND ELEMENT NOT EQUAL.
pub(crate) fn find_not_equal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (size, flags) = (o.size(), o.field(6));
    require(size <= 2 && flags & !(ZERO | CODE) == 0)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let found = first(size, |k| element(a, size, k) != element(b, size, k));
    let zero = first_zero(flags, size, a);
    put_index(cx, o, found.min(zero));
    if flags & CODE != 0 {
        let code = if found == NONE && zero == NONE {
            3
        } else if zero < found {
            0
        } else if element(a, size, found >> size) < element(b, size, found >> size) {
            1
        } else {
            2
        };
        set_cc(cx, code);
    }
    Ok(0)
}

/// What is left to do when it is known which elements match.
fn finish(
    cx: &mut Cx<S390x>,
    o: Op,
    size: u32,
    flags: u8,
    matches: impl Fn(u128) -> bool,
) -> Helped {
    let value = get(cx, o.v2());
    let holds = |k: u32| matches(element(value, size, k)) != (flags & INVERT != 0);
    let (zero, found) = (first_zero(flags, size, value), first(size, holds));
    if flags & RESULT_TYPE != 0 {
        put(cx, o.v1(), build(size, |k| if holds(k) { u128::MAX } else { 0 }));
    } else {
        put_index(cx, o, found.min(zero));
    }
    set_search_code(cx, flags, zero, found);
    Ok(0)
}

/// VECTOR FIND ANY ELEMENT EQUAL.
pub(crate) fn find_any(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let size = o.size();
    require(size <= 2)?;
    let set = get(cx, o.v3());
    finish(cx, o, size, o.field(6), |a| (0..count(size)).any(|k| element(set, size, k) == a))
}

/// VECTOR STRING RANGE COMPARE: an element matches when both comparisons of some pair hold.
pub(crate) fn compare_ranges(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let size = u32::from(o.field(5));
    require(size <= 2)?;
    let (limits, controls) = (get(cx, o.v3()), get(cx, o.v4()));
    let holds = |a: u128, k: u32| {
        let (limit, control) = (element(limits, size, k), element(controls, size, k));
        let wanted = |bit: u32| control >> (bits(size) - 1 - bit) & 1 != 0;
        wanted(0) && a == limit || wanted(1) && a < limit || wanted(2) && a > limit
    };
    let in_pair = |a: u128, pair: u32| holds(a, 2 * pair) && holds(a, 2 * pair + 1);
    finish(cx, o, size, o.field(6), |a| (0..count(size) / 2).any(|pair| in_pair(a, pair)))
}
