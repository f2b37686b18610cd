//! Between floating point and integers, and to floating point without a fraction.

use super::env::{Env, Flags, NanToInt, Rounding};
use super::format::Format;
use super::nan::propagate;
use super::parts::{Class, Parts, TOP, unpack};
use super::round::{How, round_how, rounds_up, split};
use super::wide::shift_right_sticky;

/// An integer type that a number can be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Its width, at most 64.
    pub bits: u32,
    /// Whether it is in two's complement.
    pub signed: bool,
}

impl Integer {
    /// 16 bits, signed.
    pub const I16: Self = Self { bits: 16, signed: true };
    /// 16 bits, unsigned.
    pub const U16: Self = Self { bits: 16, signed: false };
    /// 32 bits, signed.
    pub const I32: Self = Self { bits: 32, signed: true };
    /// 32 bits, unsigned.
    pub const U32: Self = Self { bits: 32, signed: false };
    /// 64 bits, signed.
    pub const I64: Self = Self { bits: 64, signed: true };
    /// 64 bits, unsigned.
    pub const U64: Self = Self { bits: 64, signed: false };

    fn lowest(self) -> i128 {
        if self.signed { -(1 << (self.bits - 1)) } else { 0 }
    }

    fn highest(self) -> i128 {
        if self.signed { (1 << (self.bits - 1)) - 1 } else { (1 << self.bits) - 1 }
    }

    fn narrow(self, value: i128) -> u64 {
        value as u64 & u64::MAX >> (64 - self.bits)
    }
}

/// A magnitude rounded to an integer.
struct Magnitude {
    /// The integer, or 2^127 for anything that large or larger.
    int: u128,
    /// Whether it differs from what was rounded.
    inexact: bool,
}

/// Rounds `|a| * 2^scale` to an integer, where `a` is not zero, not infinite, and not a NaN.
fn magnitude(a: Parts, scale: i32, rounding: Rounding) -> Magnitude {
    let exp = a.exp + scale;
    let fraction = TOP as i32 - exp;
    if fraction < 0 {
        return Magnitude { int: 1 << 127, inexact: false };
    }
    // Anything below a quarter rounds as a quarter does.
    let extra = (fraction - TOP as i32 - 1).max(0);
    let sig = shift_right_sticky(a.sig, extra as u32);
    let (int, rest) = split(sig, (fraction - extra) as u32);
    let up = rounds_up(rounding, a.sign, int & 1 != 0, rest);
    Magnitude { int: int + u128::from(up), inexact: rest != 0 }
}

/// `a * 2^fbits` as an integer, in the low bits of the result.
///
/// What the type cannot hold becomes the nearest that it can, and is invalid, not inexact.
pub fn to_int<F: Format>(
    env: &mut Env,
    a: F::Bits,
    to: Integer,
    fbits: u32,
    rounding: Rounding,
) -> u64 {
    let a = unpack::<F>(env, a);
    let bound = if a.sign { to.lowest() } else { to.highest() };
    match a.class {
        Class::Zero => 0,
        Class::Infinity => {
            env.raise(Flags::INVALID);
            to.narrow(bound)
        }
        Class::Quiet | Class::Signalling => {
            env.raise(Flags::INVALID);
            match env.nan.to_int {
                NanToInt::Zero => 0,
                NanToInt::Lowest => to.narrow(to.lowest()),
            }
        }
        Class::Finite => {
            let Magnitude { int, inexact } = magnitude(a, fbits as i32, rounding);
            if int > bound.unsigned_abs() {
                env.raise(Flags::INVALID);
                return to.narrow(bound);
            }
            if inexact {
                env.raise(Flags::INEXACT);
            }
            to.narrow(if a.sign { -(int as i128) } else { int as i128 })
        }
    }
}

/// What [`to_int_wrapping`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The low bits of the integer.
    pub value: u64,
    /// The integer is in the range of the signed type.
    pub fits: bool,
    /// The operand was that integer, and not minus zero, in range or not.
    pub exact: bool,
}

/// `a` as a signed integer of `bits` bits (at most 64), modulo their number; infinities and NaNs become zero.
///
/// Invalid if it does not fit, else inexact if it was not an integer. It is what Arm's FJCVTZS and Alpha's CVTTQ need.
pub fn to_int_wrapping<F: Format>(
    env: &mut Env,
    a: F::Bits,
    bits: u32,
    rounding: Rounding,
) -> Wrapped {
    let a = unpack::<F>(env, a);
    let to = Integer { bits, signed: true };
    let bound = if a.sign { to.lowest() } else { to.highest() };
    match a.class {
        Class::Zero => Wrapped { value: 0, fits: true, exact: !a.sign },
        Class::Finite => {
            let Magnitude { mut int, inexact } = magnitude(a, 0, rounding);
            let fits = int <= bound.unsigned_abs();
            // Above 2^126 the last places are the significand's, moved up.
            if a.exp > TOP as i32 {
                int = a.sig.checked_shl((a.exp - TOP as i32) as u32).unwrap_or(0);
            }
            if !fits {
                env.raise(Flags::INVALID);
            } else if inexact {
                env.raise(Flags::INEXACT);
            }
            let value = if a.sign { int.wrapping_neg() } else { int };
            Wrapped { value: to.narrow(value as i128), fits, exact: !inexact }
        }
        _ => {
            env.raise(Flags::INVALID);
            Wrapped { value: 0, fits: false, exact: false }
        }
    }
}

/// `value / 2^fbits` as floating point.
pub fn from_int<F: Format>(env: &mut Env, value: i128, fbits: u32, rounding: Rounding) -> F::Bits {
    if value == 0 {
        return F::narrow(0);
    }
    let how = How::rounding::<F>(env, rounding);
    let exp = TOP as i32 - fbits as i32;
    F::narrow(round_how::<F>(env, how, value < 0, exp, value.unsigned_abs()))
}

/// `a` without a fraction, in its own format; inexact is raised only if `exact`. Infinities stay.
pub fn round_to_integral<F: Format>(
    env: &mut Env,
    bits: F::Bits,
    rounding: Rounding,
    exact: bool,
) -> F::Bits {
    let a = unpack::<F>(env, bits);
    if let Some(nan) = propagate::<F>(env, &[a]) {
        return F::narrow(nan);
    }
    if a.is_zero() {
        return F::narrow(F::zero(a.sign));
    }
    if a.is_infinite() || a.exp >= F::FRAC as i32 {
        return bits;
    }
    let Magnitude { int, inexact } = magnitude(a, 0, rounding);
    if exact && inexact {
        env.raise(Flags::INEXACT);
    }
    if int == 0 {
        return F::narrow(F::zero(a.sign));
    }
    // An integer of no more places than the format has: this is exact.
    let how = How { rounding, flush: false, alternative: false };
    F::narrow(round_how::<F>(env, how, a.sign, TOP as i32, int))
}
