//! Conversions between formats, to and from integers, and to integral values.

use rustc_apfloat::{Float, ieee};

use super::operands::Random;
use super::reference::{Known, Outcome, integer, is_signalling, narrowed, widened};
use super::tally::Tally;
use super::{ROUNDINGS, TININESS, cases, env};
use crate::float::{
    Double, Env, Flags, Format, Half, Integer, Quad, Rounding, Single, Tininess, Wrapped, convert,
    from_int, round_to_integral, to_int, to_int_wrapping,
};

const TYPES: [Integer; 6] =
    [Integer::I16, Integer::U16, Integer::I32, Integer::U32, Integer::I64, Integer::U64];

fn check_convert<From: Known, To: Known>(a: u128, rounding: Rounding, tininess: Tininess) {
    let mut env = env(rounding, tininess);
    // The rounding is the argument, not the mode.
    env.rounding = Rounding::NearestAway;
    let value: u128 = convert::<From, To>(&mut env, From::narrow(a), rounding).into();
    let found = Outcome::of::<To>(value, env.flags);
    let mut expected = narrowed::<To>(widened::<From>(a), rounding, tininess);
    if is_signalling::<From>(a) {
        expected.flags = Flags::INVALID;
    }
    assert_eq!(found, expected, "{rounding:?} {tininess:?} {a:x}");
}

fn check_conversions<From: Known>(operands: impl Iterator<Item = u128>) {
    let mut tally = Tally::new(format!("binary{}", From::BITS));
    for a in operands {
        for rounding in ROUNDINGS {
            for tininess in TININESS {
                check_convert::<From, Half>(a, rounding, tininess);
                check_convert::<From, Single>(a, rounding, tininess);
                check_convert::<From, Double>(a, rounding, tininess);
            }
            for to in ["to half", "to single", "to double"] {
                tally.count(to, rounding, 2, []);
            }
        }
        check_convert::<From, Quad>(a, Rounding::Up, Tininess::BeforeRounding);
    }
    tally.finish();
}

/// Catches a wrong value or flag in a conversion from any format to any narrower one, in every rounding.
#[test]
fn formats_convert_as_the_reference_does() {
    check_conversions::<Half>(0..=0xffff);
    let usual = cases(50_000) as usize;
    let mut random = Random::new(31);
    let singles = std::iter::repeat_with(|| random.operand::<Single>()).take(usual);
    check_conversions::<Single>(singles);
    let mut random = Random::new(32);
    let doubles = std::iter::repeat_with(|| random.operand::<Double>()).take(usual);
    check_conversions::<Double>(doubles);
    let mut random = Random::new(33);
    let quads = std::iter::repeat_with(|| random.operand::<Quad>()).take(usual);
    check_conversions::<Quad>(quads);
}

/// Catches a mistake at or beside a value halfway between two of binary16, anywhere in its range.
#[test]
fn every_half_and_halfway_is_reached_from_double() {
    let mut env = Env::arm();
    for half in 0..=0x7bffu16 {
        let double = convert::<Half, Double>(&mut env, half, Rounding::NearestEven);
        let next = if half == 0x7bff { 0x40f0 << 48 } else { 0 };
        let next = next.max(convert::<Half, Double>(&mut env, half + 1, Rounding::NearestEven));
        let next = if half == 0x7bff { 0x40f0 << 48 } else { next };
        let middle = Double::narrow(
            ieee::Double::from_bits(double.into())
                .add_r(ieee::Double::from_bits(next.into()), rustc_apfloat::Round::TowardZero)
                .value
                .scalbn(-1)
                .to_bits(),
        );
        for a in [double, middle - 1, middle, middle + 1, next - 1] {
            for rounding in ROUNDINGS {
                check_convert::<Double, Half>(a.into(), rounding, Tininess::AfterRounding);
                check_convert::<Double, Half>(
                    u128::from(a) | Double::SIGN,
                    rounding,
                    Tininess::BeforeRounding,
                );
            }
        }
    }
}

fn expected_int<F: Known>(a: u128, to: Integer, fbits: u32, rounding: Rounding) -> (u64, Flags) {
    let quad = widened::<F>(a).scalbn(fbits as i32);
    let (low, high) = match (to.signed, to.bits) {
        (true, bits) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        (false, bits) => (0, (1i128 << bits) - 1),
    };
    let mask = if to.bits == 64 { u64::MAX } else { (1 << to.bits) - 1 };
    if quad.is_nan() {
        return (0, Flags::INVALID);
    }
    let huge = quad.abs() >= ieee::Quad::from_u128(1 << 100).value;
    let (value, inexact) = match (huge, quad.is_negative()) {
        (true, true) => (i128::MIN, false),
        (true, false) => (i128::MAX, false),
        _ => integer(quad, rounding),
    };
    if value < low || value > high {
        (value.clamp(low, high) as u64 & mask, Flags::INVALID)
    } else {
        (value as u64 & mask, if inexact { Flags::INEXACT } else { Flags::NONE })
    }
}

fn check_to_int<F: Known>(a: u128, fbits: u32, tally: &mut Tally) {
    for rounding in ROUNDINGS {
        for to in TYPES {
            let mut env = Env::arm();
            let found = to_int::<F>(&mut env, F::narrow(a), to, fbits, rounding);
            let expected = expected_int::<F>(a, to, fbits, rounding);
            assert_eq!((found, env.flags), expected, "{rounding:?} {to:?} {fbits} {a:x}");
        }
        tally.count("to integer", rounding, TYPES.len() as u64, []);
    }
}

/// An operand whose integer is likely to be in or near the range of some type.
fn integral_operand<F: Format>(random: &mut Random) -> u128 {
    let a = random.operand::<F>();
    let exp = random.below(70) as i32 - 3;
    if random.below(4) == 0 || exp > F::EMAX { a } else { a & !F::INFINITY | F::power(exp) }
}

/// Catches a wrong integer, saturation at the wrong place, or invalid and inexact confused, with a scale or without.
#[test]
fn integers_are_the_reference_s() {
    let tally = |bits: u32| Tally::new(format!("binary{bits}"));
    let (mut halves, mut singles, mut doubles, mut quads) =
        (tally(16), tally(32), tally(64), tally(128));
    for a in 0..=0xffff {
        check_to_int::<Half>(a, 0, &mut halves);
        check_to_int::<Half>(a, 1 + a as u32 % 64, &mut halves);
    }
    let mut random = Random::new(34);
    let operands = cases(60_000);
    for index in 0..operands {
        let fbits = if index % 2 == 0 { 0 } else { random.below(65) as u32 };
        check_to_int::<Single>(integral_operand::<Single>(&mut random), fbits, &mut singles);
        check_to_int::<Double>(integral_operand::<Double>(&mut random), fbits, &mut doubles);
        check_to_int::<Quad>(integral_operand::<Quad>(&mut random), fbits, &mut quads);
    }
    [halves, singles, doubles, quads].into_iter().for_each(Tally::finish);
}

fn check_from_int<F: Known>(value: i128, fbits: u32, tally: &mut Tally) {
    let quad = ieee::Quad::from_i128(value).value.scalbn(-(fbits as i32));
    for rounding in ROUNDINGS {
        for tininess in TININESS {
            let mut env = env(Rounding::Up, tininess);
            let found = from_int::<F>(&mut env, value, fbits, rounding).into();
            let found = Outcome::of::<F>(found, env.flags);
            assert_eq!(found, narrowed::<F>(quad, rounding, tininess), "{value:x} {fbits}");
        }
        tally.count("of integer", rounding, 2, []);
    }
}

/// Catches an integer rounded wrongly, above all one of more bits than the format has places; and binary16 overflowing.
#[test]
fn floats_of_integers_are_the_reference_s() {
    let mut random = Random::new(35);
    let tally = |bits: u32| Tally::new(format!("binary{bits}"));
    let (mut halves, mut singles, mut doubles) = (tally(16), tally(32), tally(64));
    for _ in 0..cases(60_000) {
        let bits = random.bits() >> random.below(64);
        let bits = if random.below(2) == 0 { bits & (u64::MAX << random.below(64)) } else { bits };
        let value = if random.below(2) == 0 { bits.into() } else { i128::from(bits as i64) };
        for fbits in [0, random.below(65) as u32] {
            check_from_int::<Half>(value, fbits, &mut halves);
            check_from_int::<Single>(value, fbits, &mut singles);
            check_from_int::<Double>(value, fbits, &mut doubles);
        }
    }
    [halves, singles, doubles].into_iter().for_each(Tally::finish);
}

fn check_integral<F: Known>(a: u128, rounding: Rounding) {
    let quad = widened::<F>(a);
    let mut env = Env::arm();
    let found: u128 = round_to_integral::<F>(&mut env, F::narrow(a), rounding, true).into();
    let found = Outcome::of::<F>(found, env.flags);
    let mut env = Env::arm();
    round_to_integral::<F>(&mut env, F::narrow(a), rounding, false);
    let huge = quad.abs() >= ieee::Quad::from_u128(1 << 115).value;
    if quad.is_nan() || quad.is_infinite() || huge {
        let flags = if is_signalling::<F>(a) { Flags::INVALID } else { Flags::NONE };
        assert_eq!(found, Outcome { flags, ..Outcome::of::<F>(a, flags) });
        assert_eq!(env.flags, flags);
        return;
    }
    let (int, inexact) = integer(quad, rounding);
    let whole = ieee::Quad::from_i128(int).value.copy_sign(quad);
    let flags = if inexact { Flags::INEXACT } else { Flags::NONE };
    let value = F::from_quad(whole, rustc_apfloat::Round::TowardZero).value.to_bits();
    assert_eq!(found, Outcome::of::<F>(value, flags), "{rounding:?} {a:x}");
    assert_eq!(env.flags, Flags::NONE, "inexact only where it is asked for");
}

/// Catches a fraction rounded wrongly, a lost sign of zero, and inexact where it was not asked for.
#[test]
fn integral_values_are_the_reference_s() {
    let mut random = Random::new(36);
    let operands = cases(100_000);
    for rounding in ROUNDINGS {
        for a in 0..=0xffff {
            check_integral::<Half>(a, rounding);
        }
        for _ in 0..operands / 6 {
            check_integral::<Single>(integral_operand::<Single>(&mut random), rounding);
            check_integral::<Double>(integral_operand::<Double>(&mut random), rounding);
            check_integral::<Quad>(integral_operand::<Quad>(&mut random), rounding);
        }
    }
}

/// Catches a wrapped integer that is not the low bits of the whole one, and a wrong verdict on it.
#[test]
fn wrapped_integers_are_the_low_bits() {
    let wrap = |a: f64, bits| {
        let mut env = Env::arm();
        let wrapped = to_int_wrapping::<Double>(&mut env, a.to_bits(), bits, Rounding::TowardZero);
        (wrapped, env.flags)
    };
    let fits = |value, exact| Wrapped { value, fits: true, exact };
    let wraps = |value, exact| Wrapped { value, fits: false, exact };
    for (a, bits, wrapped, flags) in [
        (0.0, 32, fits(0, true), Flags::NONE),
        (-0.0, 32, fits(0, false), Flags::NONE),
        (-1.0, 32, fits(0xffff_ffff, true), Flags::NONE),
        (1.5, 32, fits(1, false), Flags::INEXACT),
        (-2_147_483_648.0, 32, fits(0x8000_0000, true), Flags::NONE),
        (-2_147_483_648.5, 32, fits(0x8000_0000, false), Flags::INEXACT),
        (2_147_483_648.0, 32, wraps(0x8000_0000, true), Flags::INVALID),
        (4_294_967_301.25, 32, wraps(5, false), Flags::INVALID),
        (-4_294_967_301.0, 32, wraps(0xffff_fffb, true), Flags::INVALID),
        (f64::INFINITY, 32, wraps(0, false), Flags::INVALID),
        (f64::NAN, 64, wraps(0, false), Flags::INVALID),
        (18_446_744_073_709_555_712.0, 64, wraps(4096, true), Flags::INVALID),
        (1e300, 64, wraps(0, true), Flags::INVALID),
    ] {
        assert_eq!(wrap(a, bits), (wrapped, flags), "{a}");
    }
}
