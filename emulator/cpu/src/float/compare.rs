//! Comparisons, minimum and maximum.

use std::cmp::Ordering;

use super::env::{Env, Flags};
use super::format::Format;
use super::nan::propagate;
use super::parts::{Class, Parts, unpack};

/// How one operand stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The first is less.
    Less,
    /// They are equal; zeros are, whatever their signs.
    Equal,
    /// The first is greater.
    Greater,
    /// One is a NaN.
    Unordered,
}

impl From<Ordering> for Relation {
    fn from(order: Ordering) -> Self {
        match order {
            Ordering::Less => Self::Less,
            Ordering::Equal => Self::Equal,
            Ordering::Greater => Self::Greater,
        }
    }
}

/// How `a` stands to `b`. Signalling NaNs are invalid (Arm's FCMP, FCMEQ).
pub fn compare<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> Relation {
    relation::<F>(env, a, b, false)
}

/// How `a` stands to `b`. All NaNs are invalid (Arm's FCMPE, FCMGE, FCMGT).
pub fn compare_signalling<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> Relation {
    relation::<F>(env, a, b, true)
}

fn relation<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, signalling: bool) -> Relation {
    let (a, b) = (unpack::<F>(env, a), unpack::<F>(env, b));
    if a.is_nan() || b.is_nan() {
        if signalling || a.class == Class::Signalling || b.class == Class::Signalling {
            env.raise(Flags::INVALID);
        }
        return Relation::Unordered;
    }
    order(a, b).into()
}

/// The order of two numbers. Zeros are equal.
fn order(a: Parts, b: Parts) -> Ordering {
    let magnitude = |x: Parts| match x.class {
        Class::Zero => (i32::MIN, 0),
        Class::Infinity => (i32::MAX, 0),
        _ => (x.exp, x.sig),
    };
    match (a.sign, b.sign) {
        _ if a.is_zero() && b.is_zero() => Ordering::Equal,
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => magnitude(a).cmp(&magnitude(b)),
        (true, true) => magnitude(b).cmp(&magnitude(a)),
    }
}

/// The greater of two, a NaN if either is; plus zero is greater than minus zero (Arm's FMAX).
pub fn max<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    extreme::<F>(env, a, b, true)
}

/// The lesser of two, a NaN if either is; minus zero is less than plus zero (Arm's FMIN).
pub fn min<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    extreme::<F>(env, a, b, false)
}

/// [`max`], but of a number and a quiet NaN the number (Arm's FMAXNM).
pub fn max_num<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    let (a, b) = numbers::<F>(a, b, F::infinity(true));
    extreme::<F>(env, a, b, true)
}

/// [`min`], but of a number and a quiet NaN the number (Arm's FMINNM).
pub fn min_num<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    let (a, b) = numbers::<F>(a, b, F::infinity(false));
    extreme::<F>(env, a, b, false)
}

/// The operands, the only quiet NaN among them replaced by what loses to any number.
fn numbers<F: Format>(a: F::Bits, b: F::Bits, loser: u128) -> (F::Bits, F::Bits) {
    let quiet = |x: F::Bits| x.into() & !F::SIGN >= F::INFINITY | F::QUIET;
    match (quiet(a), quiet(b)) {
        (true, false) => (F::narrow(loser), b),
        (false, true) => (a, F::narrow(loser)),
        _ => (a, b),
    }
}

fn extreme<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, greatest: bool) -> F::Bits {
    let (x, y) = (unpack::<F>(env, a), unpack::<F>(env, b));
    if let Some(nan) = propagate::<F>(env, &[x, y]) {
        return F::narrow(nan);
    }
    // Equal zeros differ in the sign alone.
    let first = match order(x, y) {
        Ordering::Equal => x.sign != greatest,
        order => (order == Ordering::Greater) == greatest,
    };
    let (bits, parts) = if first { (a, x) } else { (b, y) };
    // An operand that was flushed is a zero.
    if parts.is_zero() { F::narrow(F::zero(parts.sign)) } else { bits }
}
