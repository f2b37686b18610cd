//! The fused multiply-add: a product and a sum, rounded once.

use super::env::{Env, Flags, InfTimesZero};
use super::fast;
use super::format::Format;
use super::nan::{default, invalid, propagate};
use super::parts::{Class, Parts, TOP, unpack};
use super::round::{round, zero_sum};
use super::wide::Wide;

/// What a fused multiply-add negates, if it is a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negate {
    /// The product.
    pub product: bool,
    /// The addend.
    pub addend: bool,
    /// The result, after rounding.
    pub result: bool,
}

/// `a * b + c`. Arm's variants negate operands, NaNs too: [`neg`](super::neg) those before.
pub fn fma<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, c: F::Bits) -> F::Bits {
    match fast::fma::<F>(env, a, b, c) {
        Some(result) => result,
        None => fma_negating::<F>(env, a, b, c, Negate::default()),
    }
}

/// `a * b + c` with parts of it negated, which leaves NaNs as they are (s390x).
pub fn fma_negating<F: Format>(
    env: &mut Env,
    a: F::Bits,
    b: F::Bits,
    c: F::Bits,
    negate: Negate,
) -> F::Bits {
    let (a, b, c) = (unpack::<F>(env, a), unpack::<F>(env, b), unpack::<F>(env, c));
    if let Some(nan) = nan_of::<F>(env, a, b, c) {
        return F::narrow(nan);
    }
    if no_product(a, b) {
        return F::narrow(invalid::<F>(env));
    }
    let (a, c) = (a.negated(negate.product), c.negated(negate.addend));
    let result = sum_of_numbers::<F>(env, a, b, c, 0);
    let is_nan = result & !F::SIGN > F::INFINITY;
    F::narrow(if negate.result && !is_nan { result ^ F::SIGN } else { result })
}

/// Whether the product is infinity times zero.
pub(super) fn no_product(a: Parts, b: Parts) -> bool {
    a.is_infinite() && b.is_zero() || a.is_zero() && b.is_infinite()
}

fn nan_of<F: Format>(env: &mut Env, a: Parts, b: Parts, c: Parts) -> Option<u128> {
    let operands = if env.nan.addend_first { [c, a, b] } else { [a, b, c] };
    let nan = propagate::<F>(env, &operands)?;
    let replaced = match env.nan.inf_times_zero {
        InfTimesZero::DefaultIfQuiet => c.class == Class::Quiet,
        InfTimesZero::Default => true,
        InfTimesZero::Propagate => false,
    };
    if no_product(a, b) && replaced {
        env.raise(Flags::INVALID);
        return Some(default::<F>(env));
    }
    Some(nan)
}

/// `(a * b + c) / 2^halvings` of operands that are not NaNs and have a product.
pub(super) fn sum_of_numbers<F: Format>(
    env: &mut Env,
    a: Parts,
    b: Parts,
    c: Parts,
    halvings: i32,
) -> u128 {
    let sign = a.sign ^ b.sign;
    let infinite = a.is_infinite() || b.is_infinite();
    if infinite && c.is_infinite() && sign != c.sign {
        return invalid::<F>(env);
    }
    if infinite {
        return F::infinity(sign);
    }
    if c.is_infinite() {
        return F::infinity(c.sign);
    }
    match (a.is_zero() || b.is_zero(), c.is_zero()) {
        (true, true) if sign == c.sign => F::zero(sign),
        (true, true) => zero_sum::<F>(env),
        (true, false) => round::<F>(env, c.sign, c.exp - halvings, c.sig),
        _ => finite_sum::<F>(env, a, b, c, halvings),
    }
}

/// The product's unit is at place `2 * TOP`, and it may reach one place above; so there is room for a carry. It has at
/// most 226 bits, 27 fewer than there is room for; the addend has at most 113. So a bit is lost only when the operand
/// that is shifted is so far below the other that the difference keeps more places than any format.
fn finite_sum<F: Format>(env: &mut Env, a: Parts, b: Parts, c: Parts, halvings: i32) -> u128 {
    let sign = a.sign ^ b.sign;
    let (mut product, mut exp) = (Wide::product(a.sig, b.sig), a.exp + b.exp);
    // The addend at the same place as the product.
    let mut addend = Wide { high: c.sig >> (128 - TOP), low: c.sig << TOP };
    if c.is_zero() {
        addend = Wide { high: 0, low: 0 };
    } else if exp >= c.exp {
        addend = addend.shift_right_sticky((exp - c.exp) as u32);
    } else {
        product = product.shift_right_sticky((c.exp - exp) as u32);
        exp = c.exp;
    }
    let (sum, sign) = if sign == c.sign {
        (product.plus(addend), sign)
    } else if product >= addend {
        (product.minus(addend), sign)
    } else {
        (addend.minus(product), c.sign)
    };
    let Some((sig, place)) = sum.leading() else {
        return zero_sum::<F>(env);
    };
    // `sig` has its leading one at place 127, which stands for `place` of a number whose unit is at `2 * TOP`.
    let exp = exp + place as i32 - 2 * TOP as i32 + (TOP as i32 - 127);
    round::<F>(env, sign, exp - halvings, sig)
}
