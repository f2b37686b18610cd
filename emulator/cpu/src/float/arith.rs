//! Add, subtract, multiply, divide, square root, and the operations on the sign alone.

use super::env::{Env, Flags};
use super::fast;
use super::format::Format;
use super::nan::{invalid, propagate};
use super::parts::{Class, Parts, TOP, unpack};
use super::round::{round, zero_sum};
use super::wide::{Wide, shift_right_sticky};

/// `a + b`.
pub fn add<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    if let Some(result) = fast::add::<F>(env, a, b) {
        return result;
    }
    let (a, b) = (unpack::<F>(env, a), unpack::<F>(env, b));
    F::narrow(sum::<F>(env, a, b))
}

/// `a - b`. A NaN `b` keeps its sign.
pub fn sub<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    if let Some(result) = fast::sub::<F>(env, a, b) {
        return result;
    }
    let (a, b) = (unpack::<F>(env, a), unpack::<F>(env, b));
    let negate = !b.is_nan();
    F::narrow(sum::<F>(env, a, b.negated(negate)))
}

/// `a * b`.
pub fn mul<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    if let Some(result) = fast::mul::<F>(env, a, b) {
        return result;
    }
    let (a, b) = (unpack::<F>(env, a), unpack::<F>(env, b));
    let sign = a.sign ^ b.sign;
    if let Some(nan) = propagate::<F>(env, &[a, b]) {
        return F::narrow(nan);
    }
    F::narrow(match (a.class, b.class) {
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => invalid::<F>(env),
        (Class::Infinity, _) | (_, Class::Infinity) => F::infinity(sign),
        (Class::Zero, _) | (_, Class::Zero) => F::zero(sign),
        _ => {
            // The product's highest place is 2 * TOP + 1; its high half's place TOP stands for that of TOP + 128.
            let product = Wide::product(a.sig, b.sig);
            let sig = product.high | u128::from(product.low != 0);
            round::<F>(env, sign, a.exp + b.exp + (128 - TOP as i32), sig)
        }
    })
}

/// `a / b`.
pub fn div<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    if let Some(result) = fast::div::<F>(env, a, b) {
        return result;
    }
    let (a, b) = (unpack::<F>(env, a), unpack::<F>(env, b));
    let sign = a.sign ^ b.sign;
    if let Some(nan) = propagate::<F>(env, &[a, b]) {
        return F::narrow(nan);
    }
    F::narrow(match (a.class, b.class) {
        (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => invalid::<F>(env),
        (Class::Infinity, _) => F::infinity(sign),
        (_, Class::Infinity) | (Class::Zero, _) => F::zero(sign),
        (_, Class::Zero) => {
            env.raise(Flags::DIVIDE_BY_ZERO);
            F::infinity(sign)
        }
        _ => {
            let (quotient, places) = quotient::<F>(a.sig, b.sig);
            round::<F>(env, sign, a.exp - b.exp + (TOP - places) as i32, quotient)
        }
    })
}

/// The square root of `a`.
pub fn sqrt<F: Format>(env: &mut Env, a: F::Bits) -> F::Bits {
    if let Some(result) = fast::sqrt::<F>(env, a) {
        return result;
    }
    let a = unpack::<F>(env, a);
    if let Some(nan) = propagate::<F>(env, &[a]) {
        return F::narrow(nan);
    }
    F::narrow(match a.class {
        Class::Zero => F::zero(a.sign),
        _ if a.sign => invalid::<F>(env),
        Class::Infinity => F::infinity(false),
        _ => {
            let odd = a.exp & 1;
            let (root, places) = root::<F>(a.sig << odd);
            round::<F>(env, false, (a.exp >> 1) + (TOP - places) as i32, root)
        }
    })
}

/// `-a`: the other sign, of a NaN too.
pub fn neg<F: Format>(a: F::Bits) -> F::Bits {
    F::narrow(a.into() ^ F::SIGN)
}

/// `a` without its sign.
pub fn abs<F: Format>(a: F::Bits) -> F::Bits {
    F::narrow(a.into() & !F::SIGN)
}

fn sum<F: Format>(env: &mut Env, a: Parts, b: Parts) -> u128 {
    if let Some(nan) = propagate::<F>(env, &[a, b]) {
        return nan;
    }
    match (a.class, b.class) {
        (Class::Infinity, Class::Infinity) if a.sign != b.sign => invalid::<F>(env),
        (Class::Infinity, _) => F::infinity(a.sign),
        (_, Class::Infinity) => F::infinity(b.sign),
        (Class::Zero, Class::Zero) if a.sign == b.sign => F::zero(a.sign),
        (Class::Zero, Class::Zero) => zero_sum::<F>(env),
        (Class::Zero, _) => round::<F>(env, b.sign, b.exp, b.sig),
        (_, Class::Zero) => round::<F>(env, a.sign, a.exp, a.sig),
        _ => finite_sum::<F>(env, a, b),
    }
}

fn finite_sum<F: Format>(env: &mut Env, a: Parts, b: Parts) -> u128 {
    let (large, small) = if (a.exp, a.sig) >= (b.exp, b.sig) { (a, b) } else { (b, a) };
    // The places below the format's are at least 14: a bit is lost only if the exponents differ by more, and then the
    // difference loses at most one leading place, far above the sticky one.
    let shifted = shift_right_sticky(small.sig, (large.exp - small.exp) as u32);
    let sig = if a.sign == b.sign { large.sig + shifted } else { large.sig - shifted };
    if sig == 0 { zero_sum::<F>(env) } else { round::<F>(env, large.sign, large.exp, sig) }
}

/// The quotient of two significands with a sticky last bit, and the place of its bit that is worth one.
fn quotient<F: Format>(a: u128, b: u128) -> (u128, u32) {
    if F::FRAC < 63 {
        // Both fit 64 bits, so a 128-bit division has at least 63 places after the point.
        let divisor = b >> 63;
        let quotient = a / divisor;
        return (quotient | u128::from(quotient * divisor != a), 63);
    }
    let places = F::FRAC + 3;
    let (mut rest, mut quotient) = (a, 0);
    for _ in 0..=places {
        quotient <<= 1;
        if rest >= b {
            rest -= b;
            quotient |= 1;
        }
        rest <<= 1;
    }
    (quotient | u128::from(rest != 0), places)
}

/// The square root of a number with its point below place `TOP`, with a sticky last bit, and the place of its bit that
/// is worth one. One binary digit a turn, as with pencil and paper: the number's next two join the rest.
fn root<F: Format>(number: u128) -> (u128, u32) {
    let places = F::FRAC + 3;
    let (mut digits, mut rest, mut root) = (number, 0, 0);
    for _ in 0..=places {
        rest = rest << 2 | digits >> TOP;
        digits <<= 2;
        let trial = root << 2 | 1;
        root <<= 1;
        if rest >= trial {
            rest -= trial;
            root |= 1;
        }
    }
    (root | u128::from(rest != 0 || digits != 0), places)
}
