//! Subnormals taken and given as zeros.

use rustc_apfloat::{Float, ieee};

use super::operands::Random;
use super::reference::{Known, Operation, Outcome, exact_toward_zero, outcome};
use super::{ROUNDINGS, cases, env};
use crate::float::{
    Double, Env, Flags, Format, Half, Integer, Quad, Relation, Rounding, Single, Tininess, abs,
    add, compare, convert, div, fma, from_int, max, mul, recip_estimate, recip_exponent, sub,
    to_int,
};

/// What comes out when operands and results are flushed, given what comes out when nothing is.
fn expected<F: Known>(
    operation: Operation,
    operands: [u128; 3],
    rounding: Rounding,
) -> (Outcome, bool) {
    let subnormal = |bits: &u128| bits & F::INFINITY == 0 && bits & F::FRACTION != 0;
    let used = if operation == Operation::Fma { 3 } else { 2 };
    let any = operands[..used].iter().any(subnormal);
    let flushed = operands.map(|bits| if subnormal(&bits) { bits & F::SIGN } else { bits });
    let mut expected = outcome::<F>(operation, flushed, rounding, Tininess::BeforeRounding);
    let exact = exact_toward_zero::<F>(operation, flushed).value;
    let least = ieee::Quad::from_bits(Quad::power(F::EMIN));
    // The exact result of a sum may be zero.
    if !exact.is_nan() && !exact.is_zero() && exact.abs() < least {
        expected.value = Some(F::zero(exact.is_negative()));
        expected.flags = Flags::UNDERFLOW;
    }
    (expected, any)
}

fn check_many<F: Known>(seed: u64) {
    let mut random = Random::new(seed);
    let triples = cases(60_000);
    for _ in 0..triples {
        let operands = random.triple::<F>();
        for rounding in ROUNDINGS {
            for operation in
                [Operation::Add, Operation::Sub, Operation::Mul, Operation::Div, Operation::Fma]
            {
                check::<F>(operation, operands, rounding);
            }
        }
    }
    println!("binary{}: {} flushed results", F::BITS, triples * 30);
}

fn check<F: Known>(operation: Operation, operands: [u128; 3], rounding: Rounding) {
    let mut env = env(rounding, Tininess::BeforeRounding);
    (env.flush_inputs, env.flush_outputs, env.flush_half) = (true, true, F::BITS == 16);
    let [a, b, c] = operands.map(F::narrow);
    let found: u128 = match operation {
        Operation::Add => add::<F>(&mut env, a, b),
        Operation::Sub => sub::<F>(&mut env, a, b),
        Operation::Mul => mul::<F>(&mut env, a, b),
        Operation::Div => div::<F>(&mut env, a, b),
        Operation::Fma => fma::<F>(&mut env, a, b, c),
    }
    .into();
    let (mut expected, flushed) = expected::<F>(operation, operands, rounding);
    if flushed && F::BITS != 16 {
        expected.flags |= Flags::INPUT_DENORMAL;
    }
    let mut found = Outcome::of::<F>(found, env.flags);
    if found.value.is_none() {
        // (Infinity * 0) + NaN is the NaNs' tests' business.
        found.flags = expected.flags;
    }
    assert!(
        found == expected,
        "{operation:?} {rounding:?} {operands:x?}: {found:x?} is not {expected:x?}"
    );
}

/// Catches an operand not flushed, or without its flag (binary16 has none); and a tiny result, exact or not, that is
/// not a zero of its sign with underflow alone.
#[test]
fn flushed_is_as_with_zeros() {
    check_many::<Half>(41);
    check_many::<Single>(42);
    check_many::<Double>(43);
}

fn flushing() -> Env {
    Env { flush_inputs: true, flush_outputs: true, ..Env::arm() }
}

/// Catches each format's switch working for another, or one switch doing the other's work.
#[test]
fn each_switch_flushes_its_own() {
    let mut env = flushing();
    assert_eq!(add::<Half>(&mut env, 1, 1), 2, "binary16 has its own switch");
    assert_eq!(env.flags, Flags::NONE);
    env.flush_half = true;
    assert_eq!(add::<Half>(&mut env, 1, 0x8001), 0);
    assert_eq!(env.flags, Flags::NONE, "its operands raise nothing");
    assert_eq!(mul::<Half>(&mut env, 0x0400, 0xb800), 0x8000);
    assert_eq!(env.flags, Flags::UNDERFLOW);

    let mut env = Env { flush_inputs: true, ..Env::arm() };
    assert_eq!(add::<Single>(&mut env, 1, 1), 0);
    assert_eq!(env.flags, Flags::INPUT_DENORMAL);
    let mut env = Env { flush_outputs: true, ..Env::arm() };
    assert_eq!(add::<Single>(&mut env, 0x80_0000, 1), 0x80_0001);
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(sub::<Single>(&mut env, 1, 0x80_0000), 1 << 31);
    assert_eq!(env.flags, Flags::UNDERFLOW);
}

/// Catches a result just below the smallest normal number that rounding would have saved: Arm flushes it.
#[test]
fn flushing_comes_before_rounding() {
    // The largest subnormal's successor times the predecessor of one.
    let (least, below_one) = (0x0080_0000, 0x3f7f_ffff);
    let mut env = Env::arm();
    assert_eq!(mul::<Single>(&mut env, least, below_one), least);
    assert_eq!(env.flags, Flags::INEXACT | Flags::UNDERFLOW);
    let mut env = Env { tininess: Tininess::AfterRounding, ..Env::arm() };
    assert_eq!(mul::<Single>(&mut env, least, below_one), least);
    let mut env = flushing();
    assert_eq!(mul::<Single>(&mut env, least, below_one), 0);
    assert_eq!(env.flags, Flags::UNDERFLOW);
}

/// Catches flushing in operations that do not round, and in conversions where binary16 is never flushed.
#[test]
fn the_rest_flushes_as_arm_does() {
    let even = Rounding::NearestEven;
    let mut env = Env { flush_half: true, ..flushing() };
    assert_eq!(convert::<Half, Single>(&mut env, 1, even), 0x3380_0000);
    assert_eq!(convert::<Single, Half>(&mut env, 0x3380_0000, even), 1);
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(from_int::<Half>(&mut env, -1, 20, even), 0x8000);
    assert_eq!(env.flags, Flags::UNDERFLOW);
    env.flags = Flags::NONE;
    assert_eq!(to_int::<Half>(&mut env, 1, Integer::I32, 0, Rounding::Up), 0);
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(to_int::<Single>(&mut env, 1, Integer::I32, 0, Rounding::Up), 0);
    assert_eq!(env.flags, Flags::INPUT_DENORMAL);
    env.flags = Flags::NONE;
    assert_eq!(compare::<Single>(&mut env, 1, 2), Relation::Equal);
    assert_eq!(max::<Single>(&mut env, 0x8000_0001, 0x8000_0002), 1 << 31);
    assert_eq!(recip_exponent::<Single>(&mut env, 1), 0x7f00_0000);
    assert_eq!(env.flags, Flags::INPUT_DENORMAL);
    assert_eq!(recip_estimate::<Single>(&mut env, 1), 0x7f80_0000);
    assert_eq!(env.flags, Flags::INPUT_DENORMAL | Flags::DIVIDE_BY_ZERO);
    assert_eq!(abs::<Single>(0x8000_0001), 1, "bit operations flush nothing");
    env.flags = Flags::NONE;
    assert_eq!(convert::<Double, Single>(&mut env, 0x8010 << 48, even), 1 << 31);
    assert_eq!(convert::<Single, Double>(&mut env, 1, even), 0);
    assert_eq!(env.flags, Flags::UNDERFLOW | Flags::INPUT_DENORMAL);
}
