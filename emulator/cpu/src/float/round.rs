//! From an exact value, or one with a sticky last bit, to a result of a format and its flags.

use super::env::{Env, Flags, Rounding, Tininess};
use super::format::Format;
use super::parts::{TOP, normalise};
use super::wide::shift_right_sticky;

/// How a result is made, if not as arithmetic makes it.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) rounding: Rounding,
    /// Tiny results become zero.
    pub(super) flush: bool,
    /// The format is the alternative binary16.
    pub(super) alternative: bool,
}

impl How {
    /// As arithmetic does, but with this rounding.
    pub(super) fn rounding<F: Format>(env: &Env, rounding: Rounding) -> Self {
        let flush = if F::BITS == 16 { env.flush_half } else { env.flush_outputs };
        Self { rounding, flush, alternative: false }
    }
}

/// The result of arithmetic whose exact value is `sig * 2^(exp - TOP)`. `sig` is not zero; its leading one may be
/// anywhere, but if its last bit is sticky there must be more bits above than the format keeps.
pub(super) fn round<F: Format>(env: &mut Env, sign: bool, exp: i32, sig: u128) -> u128 {
    let how = How::rounding::<F>(env, env.rounding);
    round_how::<F>(env, how, sign, exp, sig)
}

/// [`round`], in another way than arithmetic does.
pub(super) fn round_how<F: Format>(
    env: &mut Env,
    how: How,
    sign: bool,
    exp: i32,
    sig: u128,
) -> u128 {
    let (exp, sig) = normalise(exp, sig);
    let exp = exp + env.scale;
    let small = exp < F::EMIN;
    if small && how.flush {
        env.raise(Flags::UNDERFLOW);
        return F::zero(sign);
    }
    // A subnormal has fewer places: its last place is the smallest normal number's.
    let kept = if small { shift_right_sticky(sig, (F::EMIN - exp) as u32) } else { sig };
    let (int, rest) = split(kept, TOP - F::FRAC);
    let int = int + u128::from(rounds_up(how.rounding, sign, int & 1 != 0, rest));
    // `int` has the leading one that the format leaves out, so it also adds one to the exponent field; a carry out of
    // it adds the next.
    let steps = if small { 0 } else { (exp - F::EMIN) as u128 };
    let limit = if how.alternative { F::SIGN } else { F::INFINITY };
    // However large the exponent: even those of binary128's products and quotients leave the steps below 2^16.
    let magnitude = (steps << F::FRAC) + int;
    if magnitude >= limit {
        return overflow::<F>(env, how, sign);
    }
    if rest != 0 {
        env.raise(Flags::INEXACT);
        if small && is_tiny::<F>(env.tininess, how.rounding, sign, exp, sig) {
            env.raise(Flags::UNDERFLOW);
        }
    }
    if small && env.exact_underflow {
        env.raise(Flags::UNDERFLOW);
    }
    F::zero(sign) | magnitude
}

/// Whether a result whose exact value is below the smallest normal number is tiny.
fn is_tiny<F: Format>(
    tininess: Tininess,
    rounding: Rounding,
    sign: bool,
    exp: i32,
    sig: u128,
) -> bool {
    if tininess == Tininess::BeforeRounding || exp < F::EMIN - 1 {
        return true;
    }
    let (int, rest) = split(sig, TOP - F::FRAC);
    let carries = int == (2 << F::FRAC) - 1;
    !(carries && rounds_up(rounding, sign, true, rest))
}

fn overflow<F: Format>(env: &mut Env, how: How, sign: bool) -> u128 {
    if how.alternative {
        env.raise(Flags::INVALID);
        return F::zero(sign) | (F::SIGN - 1);
    }
    env.raise(Flags::OVERFLOW | Flags::INEXACT);
    if overflows_to_infinity(how.rounding, sign) { F::infinity(sign) } else { F::largest(sign) }
}

/// Whether what is too large for the format becomes an infinity, and not the largest number.
pub(super) fn overflows_to_infinity(rounding: Rounding, sign: bool) -> bool {
    match rounding {
        Rounding::NearestEven | Rounding::NearestAway => true,
        Rounding::TowardZero | Rounding::ToOdd => false,
        Rounding::Up => !sign,
        Rounding::Down => sign,
    }
}

/// The bits above the lowest `count`, and those, moved up to the highest bit: a fraction of the last place above.
pub(super) fn split(sig: u128, count: u32) -> (u128, u128) {
    if count == 0 { (sig, 0) } else { (sig >> count, sig << (128 - count)) }
}

/// Whether a magnitude, even or `odd`, with this `rest` below its last place (a fraction of 2^128) goes up.
pub(super) fn rounds_up(rounding: Rounding, sign: bool, odd: bool, rest: u128) -> bool {
    const HALF: u128 = 1 << 127;
    match rounding {
        Rounding::NearestEven => rest > HALF || (rest == HALF && odd),
        Rounding::NearestAway => rest >= HALF,
        Rounding::TowardZero => false,
        Rounding::Up => rest != 0 && !sign,
        Rounding::Down => rest != 0 && sign,
        Rounding::ToOdd => rest != 0 && !odd,
    }
}

/// The zero that an exact sum of opposite numbers is.
pub(super) fn zero_sum<F: Format>(env: &Env) -> u128 {
    F::zero(env.rounding == Rounding::Down)
}
