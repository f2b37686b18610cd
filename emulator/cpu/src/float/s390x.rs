//! Operations that only z/Architecture has (Principles of Operation, chapter 19).

use super::env::{Env, Flags, Rounding};
use super::format::Format;
use super::nan::{invalid, propagate};
use super::parts::{Parts, TOP, unpack};
use super::round::{How, round, round_how, rounds_up};

/// `a`, which is finite and not zero, rounded to the precision of another format as if exponents had no bounds, with
/// `env.scale` added to its exponent: what a trap leaves of LOAD ROUNDED.
pub fn round_to_precision<F: Format, To: Format>(
    env: &mut Env,
    a: F::Bits,
    rounding: Rounding,
) -> F::Bits {
    let a = unpack::<F>(env, a);
    let scale = std::mem::take(&mut env.scale);
    let how = How { rounding, flush: false, alternative: false };
    // In the middle of the other format's range, and from there back.
    let rounded = To::narrow(round_how::<To>(env, how, a.sign, 0, a.sig));
    let rounded = unpack::<To>(env, rounded);
    env.scale = scale;
    F::narrow(round_how::<F>(env, how, a.sign, rounded.exp + a.exp, rounded.sig))
}

/// What [`divide_to_integer`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division<T> {
    /// The integer.
    pub quotient: T,
    /// The dividend less the product of quotient and divisor.
    pub remainder: T,
    /// The quotient has fewer places than it would need: dividing the remainder goes on where this came to.
    pub partial: bool,
    /// The quotient is too large for the format, so its exponent is smaller by that by which overflow scales; or it is not
    /// a number.
    pub overflow: bool,
}

/// `a / b` as an integer, and the remainder. The integer is rounded with `rounding`, if the format has both that are next to the
/// quotient, and else toward zero to as many places as there are. The remainder is rounded as the environment says; alone it raises
/// flags and is scaled. `overflow_scale` is by how much the exponent of a quotient that is too large shrinks.
pub fn divide_to_integer<F: Format>(
    env: &mut Env,
    a: F::Bits,
    b: F::Bits,
    rounding: Rounding,
    overflow_scale: i32,
) -> Division<F::Bits> {
    let (dividend, divisor) = (unpack::<F>(env, a), unpack::<F>(env, b));
    let sign = dividend.sign ^ divisor.sign;
    let none = |nan| {
        let nan = F::narrow(nan);
        Division { quotient: nan, remainder: nan, partial: false, overflow: true }
    };
    if let Some(nan) = propagate::<F>(env, &[dividend, divisor]) {
        return none(nan);
    }
    if dividend.is_infinite() || divisor.is_zero() {
        return none(invalid::<F>(env));
    }
    if dividend.is_zero() || divisor.is_infinite() {
        let quotient = F::narrow(F::zero(sign));
        return Division { quotient, remainder: a, partial: false, overflow: false };
    }
    divide_numbers::<F>(env, dividend, divisor, rounding, overflow_scale)
}

/// The same of numbers that are not zero.
fn divide_numbers<F: Format>(
    env: &mut Env,
    a: Parts,
    b: Parts,
    rounding: Rounding,
    overflow_scale: i32,
) -> Division<F::Bits> {
    let (sign, precision) = (a.sign ^ b.sign, F::FRAC + 1);
    // Integers with as many bits as the format keeps: the operands are they times a power of two.
    let (x, y) = (a.sig >> (TOP - F::FRAC), b.sig >> (TOP - F::FRAC));
    let distance = a.exp - b.exp;
    let places = if x < y { distance } else { distance + 1 }.max(0) as u32;
    let dropped = places.saturating_sub(precision);
    let (mut integer, mut rest) = match u32::try_from(distance) {
        Ok(distance) => ((x << (distance - dropped)) / y, (x << (distance - dropped)) % y),
        Err(_) => (0, 0),
    };
    let partial = dropped > 0 && rest != 0;
    let below_one = distance < 0;
    let fraction = if below_one { part(x, y, distance) } else { part(rest, y, 0) };
    let up = !partial && rounds_up(rounding, sign, integer & 1 != 0, fraction);
    integer += u128::from(up);
    let flips = up && !below_one;
    if flips {
        rest = y - rest;
    }
    // A partial remainder is exact, however small.
    env.exact_underflow &= !partial;
    let remainder = if below_one && up {
        difference::<F>(env, a, b)
    } else if below_one {
        round::<F>(env, a.sign, a.exp, a.sig)
    } else if rest == 0 {
        F::zero(a.sign)
    } else {
        let unit = b.exp - F::FRAC as i32 + dropped as i32;
        round::<F>(env, a.sign ^ flips, unit + TOP as i32, rest)
    };
    let (quotient, overflow) = integer_of::<F>(env, sign, dropped as i32, integer, overflow_scale);
    Division { quotient: F::narrow(quotient), remainder: F::narrow(remainder), partial, overflow }
}

/// Of `x / y * 2^distance`, which is less than one, what rounding has to know: a fraction of 2^128 on the same side of a half.
fn part(x: u128, y: u128, distance: i32) -> u128 {
    const HALF: u128 = 1 << 127;
    let twice = match distance {
        0 => 2 * x,
        -1 => x,
        // Less than a half.
        _ => return HALF / 2,
    };
    match twice.cmp(&y) {
        _ if x == 0 => 0,
        std::cmp::Ordering::Less => HALF / 2,
        std::cmp::Ordering::Equal => HALF,
        std::cmp::Ordering::Greater => HALF + HALF / 2,
    }
}

/// `|a| - |b|` with the sign of `a`, which is the smaller one.
fn difference<F: Format>(env: &mut Env, a: Parts, b: Parts) -> u128 {
    let minus_b = Parts { sign: !a.sign, ..b };
    let one = Parts { class: a.class, sign: false, exp: 0, sig: 1 << TOP };
    super::fma::sum_of_numbers::<F>(env, one, a, minus_b, 0)
}

/// An integer times a power of two in the format, and whether it had to be scaled.
fn integer_of<F: Format>(
    env: &Env,
    sign: bool,
    places: i32,
    integer: u128,
    overflow_scale: i32,
) -> (u128, bool) {
    if integer == 0 {
        return (F::zero(sign), false);
    }
    let made = |scale| {
        let mut env = Env { scale, exact_underflow: false, flags: Flags::NONE, ..env.clone() };
        let result = round::<F>(&mut env, sign, places + TOP as i32, integer);
        (result, env.flags.contains(Flags::OVERFLOW))
    };
    match made(0) {
        (_, true) => (made(-overflow_scale).0, true),
        fits => fits,
    }
}
