//! Operations that only z/Architecture has, against the definitions in exact integers.

use super::ROUNDINGS;
use super::operands::Random;
use crate::float::{Division, Double, Env, Flags, Rounding, divide_to_integer, round_to_precision};

/// A double that is an integer times 2^-20, and the integer.
fn operand(random: &mut Random) -> (f64, i128) {
    let bits = 1 + random.bits() % 53;
    let places = random.bits() % 60;
    let integer = (random.bits() >> (64 - bits)).max(1);
    let sign = if random.bits() & 1 == 0 { 1.0 } else { -1.0 };
    let value = sign * integer as f64 * 2f64.powi(places as i32 - 20);
    (value, i128::from(integer) * (1i128 << places) * sign as i128)
}

/// The integer that a quotient rounds to.
fn rounded(a: i128, b: i128, rounding: Rounding) -> i128 {
    let (floor, rest) = (a.div_euclid(b), a.rem_euclid(b));
    // A Euclidean rest is not negative, but the divisor may be.
    let floor = if rest != 0 && b < 0 { floor - 1 } else { floor };
    let twice = (2 * (a - floor * b)).abs().cmp(&b.abs());
    let up = match rounding {
        _ if rest == 0 => false,
        Rounding::NearestEven if twice.is_eq() => floor & 1 != 0,
        Rounding::NearestAway if twice.is_eq() => floor >= 0,
        Rounding::NearestEven | Rounding::NearestAway => twice.is_gt(),
        Rounding::TowardZero => floor < 0,
        Rounding::Up => true,
        Rounding::Down => false,
        Rounding::ToOdd => floor & 1 == 0,
    };
    floor + i128::from(up)
}

fn fits(value: i128) -> bool {
    let magnitude = value.unsigned_abs();
    magnitude == 0 || 128 - magnitude.leading_zeros() - magnitude.trailing_zeros() <= 53
}

/// Catches a quotient that is rounded wrongly, one that is taken for whole or for partial, and a remainder that is not what is
/// left.
#[test]
fn dividing_to_integers() {
    let (mut random, mut partials) = (Random::new(1), 0);
    for _ in 0..super::cases(20_000) {
        let ((a, x), (b, y)) = (operand(&mut random), operand(&mut random));
        for rounding in ROUNDINGS {
            let mut env = Env::s390x();
            let found =
                divide_to_integer::<Double>(&mut env, a.to_bits(), b.to_bits(), rounding, 1536);
            let toward_zero = x / y;
            let next = toward_zero + (x.signum() * y.signum());
            let partial = x % y != 0 && !(fits(toward_zero) && fits(next));
            let quotient = if partial {
                let drop = (128 - toward_zero.unsigned_abs().leading_zeros()).saturating_sub(53);
                toward_zero.signum() * (toward_zero.abs() >> drop << drop)
            } else {
                rounded(x, y, rounding)
            };
            partials += u32::from(partial);
            let text = format!("{a:e} / {b:e}, {rounding:?}: {found:x?}");
            assert_eq!((found.partial, found.overflow), (partial, false), "{text}");
            assert_eq!(f64::from_bits(found.quotient), quotient as f64, "{text}");
            let rest = x - quotient * y;
            assert_eq!(env.flags == Flags::NONE, fits(rest), "{text}");
            assert_eq!(f64::from_bits(found.remainder), rest as f64 * 2f64.powi(-20), "{text}");
            let sign = if rest == 0 { a } else { rest as f64 };
            assert_eq!(found.remainder >> 63, sign.to_bits() >> 63, "{text}");
        }
    }
    assert!(partials > 1000);
}

/// Catches results of operands that are no numbers, infinite, zero, or too far apart for the quotient.
#[test]
fn dividing_what_is_special() {
    let divide = |a: f64, b: f64| {
        let mut env = Env::s390x();
        let rounding = Rounding::NearestEven;
        let found = divide_to_integer::<Double>(&mut env, a.to_bits(), b.to_bits(), rounding, 1536);
        let Division { quotient, remainder, partial, overflow } = found;
        let [quotient, remainder] = [quotient, remainder].map(f64::from_bits);
        (quotient, remainder, partial, overflow, env.flags)
    };
    let quiet = Flags::NONE;
    assert_eq!(divide(-0.0, 3.0), (-0.0, -0.0, false, false, quiet));
    assert_eq!(divide(5.0, f64::NEG_INFINITY), (-0.0, 5.0, false, false, quiet));
    assert_eq!(divide(6.0, 3.0), (2.0, 0.0, false, false, quiet));
    for (a, b) in [(f64::INFINITY, 2.0), (2.0, 0.0), (0.0, 0.0)] {
        let (quotient, remainder, partial, overflow, flags) = divide(a, b);
        assert!(quotient.is_nan() && remainder.is_nan());
        assert_eq!((partial, overflow, flags), (false, true, Flags::INVALID));
    }
    assert!(divide(f64::NAN, 2.0).0.is_nan());
    // 2^1000 / 2^-1000 is whole: it is scaled to 2^(2000 - 1536). A third of it is not.
    let (large, small) = (2f64.powi(1000), 2f64.powi(-1000));
    assert_eq!(divide(large, small), (2f64.powi(464), 0.0, false, true, quiet));
    let (_, _, partial, overflow, _) = divide(large, 3.0 * small);
    assert!(partial && overflow);
}

/// Catches a scaled result of the wrong exponent, or with bits that the shorter format has not.
#[test]
fn rounding_to_the_precision_of_another_format() {
    let round = |value: f64, scale| {
        let mut env = Env { scale, ..Env::s390x() };
        let rounding = Rounding::NearestEven;
        let result =
            round_to_precision::<Double, super::super::Single>(&mut env, value.to_bits(), rounding);
        (f64::from_bits(result), env.flags)
    };
    assert_eq!(round(2f64.powi(600), -512), (2f64.powi(88), Flags::NONE));
    assert_eq!(round(-(2f64.powi(-1074)), 512), (-(2f64.powi(-562)), Flags::NONE));
    assert_eq!(round(f64::MAX, -512), (2f64.powi(512), Flags::INEXACT));
    let value = (1.0 + 2f64.powi(-23) + 2f64.powi(-24) + 2f64.powi(-50)) * 2f64.powi(200);
    assert_eq!(round(value, -512).0, (1.0 + 2f64.powi(-22)) * 2f64.powi(-312));
}
