//! What only Arm has: reciprocal estimates and the steps that improve them, and the multiplication that goes with them.
//!
//! The estimates are right to eight bits, and the architecture defines every one of them, so software sees the same on
//! every implementation.

use super::env::{Env, Flags};
use super::fma::{no_product, sum_of_numbers};
use super::format::Format;
use super::nan::{invalid, propagate};
use super::parts::{Class, Parts, TOP, unpack, unpack_as_is};
use super::round::overflows_to_infinity;

/// FMULX: `a * b`, but of infinity and zero two.
pub fn mul_extended<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    let (x, y) = (unpack::<F>(env, a), unpack::<F>(env, b));
    if no_product(x, y) {
        return F::narrow(F::zero(x.sign ^ y.sign) | F::power(1));
    }
    super::mul::<F>(env, a, b)
}

/// FRECPS: `2 - a * b`, rounded once; of infinity and zero two.
pub fn recip_step<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    let two = F::power(1);
    step::<F>(env, a, b, two, two, 0)
}

/// FRSQRTS: `(3 - a * b) / 2`, rounded once; of infinity and zero one and a half.
pub fn recip_sqrt_step<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
    step::<F>(env, a, b, F::power(1) | F::QUIET, F::power(0) | F::QUIET, 1)
}

/// `(from - a * b) / 2^halvings`, or `limit` if there is no product.
fn step<F: Format>(
    env: &mut Env,
    a: F::Bits,
    b: F::Bits,
    from: u128,
    limit: u128,
    halvings: i32,
) -> F::Bits {
    // The negation is of the operand, NaN or not.
    let (a, b) = (unpack::<F>(env, a).negated(true), unpack::<F>(env, b));
    if let Some(nan) = propagate::<F>(env, &[a, b]) {
        return F::narrow(nan);
    }
    if no_product(a, b) {
        return F::narrow(limit);
    }
    let from = unpack_as_is::<F>(from, false);
    F::narrow(sum_of_numbers::<F>(env, a, b, from, halvings))
}

/// FRECPE: an estimate of `1 / a`.
pub fn recip_estimate<F: Format>(env: &mut Env, a: F::Bits) -> F::Bits {
    let a = unpack::<F>(env, a);
    if let Some(nan) = propagate::<F>(env, &[a]) {
        return F::narrow(nan);
    }
    let flush = if F::BITS == 16 { env.flush_half } else { env.flush_outputs };
    F::narrow(match a.class {
        Class::Infinity => F::zero(a.sign),
        Class::Zero => {
            env.raise(Flags::DIVIDE_BY_ZERO);
            F::infinity(a.sign)
        }
        _ if a.exp < F::EMIN - 2 => {
            env.raise(Flags::OVERFLOW | Flags::INEXACT);
            let infinite = overflows_to_infinity(env.rounding, a.sign);
            if infinite { F::infinity(a.sign) } else { F::largest(a.sign) }
        }
        _ if flush && a.exp >= F::EMAX - 1 => {
            env.raise(Flags::UNDERFLOW);
            F::zero(a.sign)
        }
        _ => F::zero(a.sign) | recip_of_number::<F>(a),
    })
}

/// The estimate of a number whose reciprocal is in the format's range, without its sign.
fn recip_of_number<F: Format>(a: Parts) -> u128 {
    // The first nine bits, one before the point: 1/x is in (1/2, 1], and so is the estimate, 256 to 511 512ths.
    let estimate = u128::from(recip_table((a.sig >> (TOP - 8)) as u32)) << (F::FRAC - 8);
    match -1 - a.exp - F::EMIN {
        steps @ 0.. => ((steps as u128) << F::FRAC) + estimate,
        // Subnormal: by one place or two.
        steps => estimate >> -steps,
    }
}

/// FRSQRTE: an estimate of `1 / sqrt(a)`.
pub fn recip_sqrt_estimate<F: Format>(env: &mut Env, a: F::Bits) -> F::Bits {
    let a = unpack::<F>(env, a);
    if let Some(nan) = propagate::<F>(env, &[a]) {
        return F::narrow(nan);
    }
    F::narrow(match a.class {
        Class::Zero => {
            env.raise(Flags::DIVIDE_BY_ZERO);
            F::infinity(a.sign)
        }
        _ if a.sign => invalid::<F>(env),
        Class::Infinity => F::zero(false),
        _ => {
            // As a number from a quarter to one times an even power of two.
            let index = (a.sig >> (TOP - 8)) as u32 >> (1 - (a.exp & 1));
            let estimate = u128::from(recip_sqrt_table(index)) << (F::FRAC - 8);
            // Half the exponent, of the number taken as at least a quarter; the estimate is below two.
            let exp = -1 - (a.exp >> 1);
            (((exp - F::EMIN) as u128) << F::FRAC) + estimate
        }
    })
}

/// FRECPX: a power of two near `1 / a`, whose product with `a` is in range.
pub fn recip_exponent<F: Format>(env: &mut Env, a: F::Bits) -> F::Bits {
    let parts = unpack::<F>(env, a);
    if let Some(nan) = propagate::<F>(env, &[parts]) {
        return F::narrow(nan);
    }
    let exponent = match a.into() & F::INFINITY {
        0 => F::INFINITY - (1 << F::FRAC),
        field => !field & F::INFINITY,
    };
    F::narrow(F::zero(parts.sign) | exponent)
}

/// URECPE: an estimate of the reciprocal of a fraction of 2^32, as one of 2^31; all ones if that is too large.
pub fn unsigned_recip_estimate(a: u32) -> u32 {
    if a >> 31 == 0 { u32::MAX } else { recip_table(a >> 23) << 23 }
}

/// URSQRTE: an estimate of the reciprocal square root of a fraction of 2^32, as one of 2^31; all ones if too large.
pub fn unsigned_recip_sqrt_estimate(a: u32) -> u32 {
    if a >> 30 == 0 { u32::MAX } else { recip_sqrt_table(a >> 23) << 23 }
}

/// The architecture's RecipEstimate: from 256 to 511 512ths to 256ths of the reciprocal of the middle of that step.
fn recip_table(a: u32) -> u32 {
    ((1 << 19) / (2 * a + 1)).div_ceil(2)
}

/// The architecture's RecipSqrtEstimate: from 128 to 511 512ths to 256ths of the reciprocal square root.
fn recip_sqrt_table(a: u32) -> u32 {
    let a = u64::from(if a < 256 { 2 * a + 1 } else { (a / 2 * 2 + 1) * 2 });
    // The largest whose square, times `a`, is below 2^28: the step grows by less than the range is long.
    let mut b = 512;
    while a * (b + 1) * (b + 1) < 1 << 28 {
        b += 1;
    }
    (b as u32).div_ceil(2)
}
