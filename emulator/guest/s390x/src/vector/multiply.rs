//! Products: low, high and double, with and without a sum; and those without carries.

use lockstep_cpu::Cx;

use super::*;

/// Factors with a sign, or without.
fn factor(value: u128, size: u32, logical: bool) -> i128 {
    if logical { value as i128 } else { extend(value, size) }
}

/// Which half of a product is the result.
#[derive(Clone, Copy)]
enum Part {
    Low,
    High,
}

/// Products of elements, of which a half is kept. The addend comes from a register or is zero.
fn halves(cx: &mut Cx<S390x>, o: Op, size: u32, addend: u128, part: Part, logical: bool) -> Helped {
    require(size <= 2)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let each = |k: u32| {
        let of = |v| factor(element(v, size, k), size, logical);
        let sum = (of(a) * of(b)).wrapping_add(of(addend));
        match part {
            Part::Low => sum as u128,
            Part::High => (sum >> bits(size)) as u128,
        }
    };
    put(cx, o.v1(), build(size, each));
    Ok(0)
}

/// Products of all even (0) or odd (1) elements, with elements of twice the size added.
fn doubles(cx: &mut Cx<S390x>, o: Op, size: u32, addend: u128, odd: u32, logical: bool) -> Helped {
    require(size <= 2)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let each = |k: u32| {
        let of = |v| factor(element(v, size, 2 * k + odd), size, logical);
        ((of(a) * of(b)) as u128).wrapping_add(element(addend, size + 1, k))
    };
    put(cx, o.v1(), build(size + 1, each));
    Ok(0)
}

macro_rules! products {
    ($($(#[$doc:meta])* $name:ident, $(#[$adding_doc:meta])* $adding:ident = $how:ident($which:expr, $logical:literal);)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, o: Op) -> Helped {
                $how(cx, o, o.size(), 0, $which, $logical)
            }
            $(#[$adding_doc])*
            pub(crate) fn $adding(cx: &mut Cx<S390x>, o: Op) -> Helped {
                let addend = get(cx, o.v4());
                $how(cx, o, o.field(5).into(), addend, $which, $logical)
            }
        )*
    };
}

products! {
    /// VECTOR MULTIPLY LOW.
    low,
    /// VECTOR MULTIPLY AND ADD LOW.
    add_low = halves(Part::Low, false);
    /// VECTOR MULTIPLY HIGH.
    high,
    /// VECTOR MULTIPLY AND ADD HIGH.
    add_high = halves(Part::High, false);
    /// VECTOR MULTIPLY LOGICAL HIGH.
    logical_high,
    /// VECTOR MULTIPLY AND ADD LOGICAL HIGH.
    add_logical_high = halves(Part::High, true);
    /// VECTOR MULTIPLY EVEN.
    even,
    /// VECTOR MULTIPLY AND ADD EVEN.
    add_even = doubles(0, false);
    /// VECTOR MULTIPLY ODD.
    odd,
    /// VECTOR MULTIPLY AND ADD ODD.
    add_odd = doubles(1, false);
    /// VECTOR MULTIPLY LOGICAL EVEN.
    logical_even,
    /// VECTOR MULTIPLY AND ADD LOGICAL EVEN.
    add_logical_even = doubles(0, true);
    /// VECTOR MULTIPLY LOGICAL ODD.
    logical_odd,
    /// VECTOR MULTIPLY AND ADD LOGICAL ODD.
    add_logical_odd = doubles(1, true);
}

/// The product of polynomials over GF(2).
pub(crate) fn carryless(a: u128, b: u128) -> u128 {
    (0..64).filter(|k| b >> k & 1 != 0).fold(0, |sum, k| sum ^ a << k)
}

fn galois_of(cx: &mut Cx<S390x>, o: Op, size: u32, addend: u128) -> Helped {
    require(size <= 3)?;
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let product = |k: u32| carryless(element(a, size, k), element(b, size, k));
    put(cx, o.v1(), build(size + 1, |k| product(2 * k) ^ product(2 * k + 1)) ^ addend);
    Ok(0)
}

/// VECTOR GALOIS FIELD MULTIPLY SUM.
pub(crate) fn galois(cx: &mut Cx<S390x>, o: Op) -> Helped {
    galois_of(cx, o, o.size(), 0)
}

/// VECTOR GALOIS FIELD MULTIPLY SUM AND ACCUMULATE.
pub(crate) fn galois_and_add(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let addend = get(cx, o.v4());
    galois_of(cx, o, o.field(5).into(), addend)
}

/// VECTOR MULTIPLY SUM LOGICAL: both products of doublewords, each doubled if the instruction says so.
pub(crate) fn sum_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(5) == 3)?;
    let (a, b, c) = (get(cx, o.v2()), get(cx, o.v3()), get(cx, o.v4()));
    let product = |k: u32, doubled: u8| {
        element(a, 3, k).wrapping_mul(element(b, 3, k)) << u32::from(o.field(6) & doubled != 0)
    };
    let sum = product(0, 8).wrapping_add(product(1, 4)).wrapping_add(c);
    put(cx, o.v1(), sum);
    Ok(0)
}
