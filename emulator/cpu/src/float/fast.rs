//! The host's own arithmetic, where it is provably the guest's.
//!
//! A host of the kinds below computes binary32 and binary64 as IEEE 754 says, rounding to nearest even, and Rust
//! promises that add, subtract, multiply, divide, square root and fused multiply-add are the correctly rounded ones.
//! The differences between hosts and guests are in NaNs, subnormals and flags, and are excluded one by one:
//!
//! 1. The guest rounds to nearest even, as the host does, and has inexact set already. So it need not be found out:
//!    it accumulates.
//! 2. No operand is a NaN, an infinity, or subnormal: there is no NaN to choose, and no input to flush.
//! 3. The result is finite, so it did not overflow (rounded to nearest, it would be an infinity) and was neither
//!    invalid nor a division by zero (a NaN, an infinity).
//! 4. Its magnitude is above the smallest normal number. Rounding is monotonic and that number stays itself; so the
//!    exact result was above it too: not tiny before rounding nor after, no underflow, nothing to flush.
//! 5. Or it is a zero that is known to be exact: a sum (the exact sum is a multiple of the smallest subnormal, so it
//!    does not round to zero), or a product with a zero factor. Then no flag is due, and the standard gives its sign.
//!
//! Anything else, and any other host, takes the way in integers.

use super::env::{Env, Flags, Rounding};
use super::format::Format;

/// Whether the host's arithmetic is IEEE 754's: SSE2 and A64 are, x87 is not.
const HOST: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Whether the host's fused multiply-add is an instruction, or in a C library that is known to have it right.
const HOST_FMA: bool = HOST
    && cfg!(any(
        target_feature = "fma",
        target_arch = "aarch64",
        all(target_os = "linux", target_env = "gnu")
    ));

/// `a + b`, if the host may compute it.
pub(super) fn add<F: Format>(env: &Env, a: F::Bits, b: F::Bits) -> Option<F::Bits> {
    binary::<F>(env, a, b, |a, b| a + b, |a, b| a + b, |_, _| true)
}

/// `a - b`, if the host may compute it.
pub(super) fn sub<F: Format>(env: &Env, a: F::Bits, b: F::Bits) -> Option<F::Bits> {
    binary::<F>(env, a, b, |a, b| a - b, |a, b| a - b, |_, _| true)
}

/// `a * b`, if the host may compute it.
pub(super) fn mul<F: Format>(env: &Env, a: F::Bits, b: F::Bits) -> Option<F::Bits> {
    let zero = |x: u64| x << (64 - F::BITS + 1) == 0;
    binary::<F>(env, a, b, |a, b| a * b, |a, b| a * b, |a, b| zero(a) || zero(b))
}

/// `a / b`, if the host may compute it.
pub(super) fn div<F: Format>(env: &Env, a: F::Bits, b: F::Bits) -> Option<F::Bits> {
    binary::<F>(env, a, b, |a, b| a / b, |a, b| a / b, |_, _| false)
}

/// The square root of `a`, if the host may compute it.
pub(super) fn sqrt<F: Format>(env: &Env, a: F::Bits) -> Option<F::Bits> {
    if !usable::<F>(env, HOST) {
        return None;
    }
    let a = operand::<F>(a)?;
    let root = if F::BITS == 64 {
        f64::from_bits(a).sqrt().to_bits()
    } else {
        f32::from_bits(a as u32).sqrt().to_bits().into()
    };
    result::<F>(root, false)
}

/// `a * b + c`, if the host may compute it.
pub(super) fn fma<F: Format>(env: &Env, a: F::Bits, b: F::Bits, c: F::Bits) -> Option<F::Bits> {
    if !usable::<F>(env, HOST_FMA) {
        return None;
    }
    let (a, b, c) = (operand::<F>(a)?, operand::<F>(b)?, operand::<F>(c)?);
    let sum = if F::BITS == 64 {
        f64::from_bits(a).mul_add(f64::from_bits(b), f64::from_bits(c)).to_bits()
    } else {
        let [a, b, c] = [a, b, c].map(|x| f32::from_bits(x as u32));
        a.mul_add(b, c).to_bits().into()
    };
    result::<F>(sum, false)
}

fn binary<F: Format>(
    env: &Env,
    a: F::Bits,
    b: F::Bits,
    single: impl Fn(f32, f32) -> f32,
    double: impl Fn(f64, f64) -> f64,
    zero_is_exact: impl Fn(u64, u64) -> bool,
) -> Option<F::Bits> {
    if !usable::<F>(env, HOST) {
        return None;
    }
    let (a, b) = (operand::<F>(a)?, operand::<F>(b)?);
    let bits = if F::BITS == 64 {
        double(f64::from_bits(a), f64::from_bits(b)).to_bits()
    } else {
        single(f32::from_bits(a as u32), f32::from_bits(b as u32)).to_bits().into()
    };
    result::<F>(bits, zero_is_exact(a, b))
}

/// Point 1, of a format that the host has; and nothing is scaled.
fn usable<F: Format>(env: &Env, host: bool) -> bool {
    host && (F::BITS == 32 || F::BITS == 64)
        && env.rounding == Rounding::NearestEven
        && env.flags.contains(Flags::INEXACT)
        && env.scale == 0
}

/// Point 2: an operand that is a zero or normal.
fn operand<F: Format>(bits: F::Bits) -> Option<u64> {
    let bits = Into::<u128>::into(bits) as u64;
    let magnitude = bits & !(F::SIGN as u64);
    let least = F::power(F::EMIN) as u64;
    let normal = magnitude >= least && magnitude < F::INFINITY as u64;
    (normal || magnitude == 0).then_some(bits)
}

/// Points 3 to 5.
fn result<F: Format>(bits: u64, zero_is_exact: bool) -> Option<F::Bits> {
    let magnitude = bits & !(F::SIGN as u64);
    let above_least = magnitude > F::power(F::EMIN) as u64;
    let fits = above_least && magnitude < F::INFINITY as u64;
    (fits || magnitude == 0 && zero_is_exact).then(|| F::narrow(bits.into()))
}
