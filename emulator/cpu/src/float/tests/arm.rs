//! Estimates and steps, against the architecture's pseudo-code as it is written, and its promises.

use rustc_apfloat::Float;

use super::cases;
use super::operands::Random;
use super::reference::{Known, Operation, exact_toward_zero, narrowed};
use crate::float::{
    Double, Env, Flags, Format, Half, Rounding, Single, Tininess, fma, mul, mul_extended, neg,
    recip_estimate, recip_exponent, recip_sqrt_estimate, recip_sqrt_step, recip_step,
    unsigned_recip_estimate, unsigned_recip_sqrt_estimate,
};

/// FPRecipEstimate's last part, of a positive operand that is neither zero nor too small: fields as strings of bits.
fn recip_as_written<F: Format>(a: u128) -> u128 {
    let mut exp = (a >> F::FRAC) as i32;
    let mut fraction = (a & F::FRACTION) << (52 - F::FRAC);
    if exp == 0 {
        if fraction >> 51 & 1 == 0 {
            exp = -1;
            fraction = (fraction & ((1 << 50) - 1)) << 2;
        } else {
            fraction = (fraction & ((1 << 51) - 1)) << 1;
        }
    }
    let scaled = 256 + (fraction >> 44);
    let result_exp = 2 * F::EMAX - 1 - exp;
    let a = scaled * 2 + 1;
    let b = (1u128 << 19) / a;
    let estimate = b.div_ceil(2);
    let mut fraction = (estimate & 255) << 44;
    let mut field = result_exp;
    if result_exp == 0 {
        fraction = 1 << 51 | fraction >> 1;
    } else if result_exp == -1 {
        fraction = 1 << 50 | fraction >> 2;
        field = 0;
    }
    (field as u128) << F::FRAC | fraction >> (52 - F::FRAC)
}

/// FPRSqrtEstimate's last part, of a positive number.
fn recip_sqrt_as_written<F: Format>(a: u128) -> u128 {
    let mut exp = (a >> F::FRAC) as i32;
    let mut fraction = (a & F::FRACTION) << (52 - F::FRAC);
    if exp == 0 {
        while fraction >> 51 & 1 == 0 {
            fraction = (fraction & ((1 << 51) - 1)) << 1;
            exp -= 1;
        }
        fraction = (fraction & ((1 << 51) - 1)) << 1;
    }
    let scaled = if exp & 1 == 0 { 256 + (fraction >> 44) } else { 128 + (fraction >> 45) };
    let result_exp = (3 * F::EMAX - 1 - exp).div_euclid(2) as u128;
    let a = if scaled < 256 { scaled * 2 + 1 } else { ((scaled >> 1 << 1) + 1) * 2 };
    let mut b = 512;
    while a * (b + 1) * (b + 1) < 1 << 28 {
        b += 1;
    }
    let estimate = u128::div_ceil(b, 2);
    result_exp << F::FRAC | (estimate & 255) << (F::FRAC - 8)
}

fn check_estimates<F: Format>(a: u128) {
    let a = a & !F::SIGN;
    if a == 0 || a >= F::INFINITY {
        return;
    }
    let mut env = Env::arm();
    let root: u128 = recip_sqrt_estimate::<F>(&mut env, F::narrow(a)).into();
    assert_eq!(root, recip_sqrt_as_written::<F>(a), "{a:x}");
    assert_eq!(env.flags, Flags::NONE, "{a:x}");
    for sign in [0, F::SIGN] {
        let found: u128 = recip_estimate::<F>(&mut env, F::narrow(a | sign)).into();
        if a < 1 << (F::FRAC - 2) {
            assert_eq!(found, F::INFINITY | sign);
            assert_eq!(env.flags, Flags::OVERFLOW | Flags::INEXACT);
        } else {
            assert_eq!(found, recip_as_written::<F>(a) | sign, "{a:x}");
            assert_eq!(env.flags, Flags::NONE, "{a:x}");
        }
    }
}

/// Catches an estimate that is not the architecture's: every operand of binary16, many of the others.
#[test]
fn estimates_are_as_written() {
    (0..0x8000).for_each(check_estimates::<Half>);
    let mut random = Random::new(51);
    for _ in 0..cases(100_000) {
        check_estimates::<Single>(random.operand::<Single>());
        check_estimates::<Double>(random.operand::<Double>());
    }
}

/// Catches a slip common to the estimates and the pseudo-code above: they must be right to eight bits.
#[test]
fn estimates_are_near() {
    let mut random = Random::new(52);
    for _ in 0..cases(100_000) {
        let a = 0x3ff0 << 48 | random.bits() >> 12 | (random.bits() & 1) << 52;
        let mut env = Env::arm();
        let product = f64::from_bits(a) * f64::from_bits(recip_estimate::<Double>(&mut env, a));
        assert!((product - 1.0).abs() < 1.0 / 256.0, "{a:x}");
        let root = f64::from_bits(recip_sqrt_estimate::<Double>(&mut env, a));
        assert!((root * root * f64::from_bits(a) - 1.0).abs() < 1.0 / 128.0, "{a:x}");
        let fraction = random.bits() as u32 | 1 << 31;
        let product = f64::from(fraction) * f64::from(unsigned_recip_estimate(fraction));
        assert!((product / 2f64.powi(63) - 1.0).abs() < 1.0 / 256.0, "{fraction:x}");
        let fraction = random.bits() as u32 | 1 << 30;
        let root = f64::from(unsigned_recip_sqrt_estimate(fraction)) / 2f64.powi(31);
        let product = root * root * f64::from(fraction) / 2f64.powi(32);
        assert!((product - 1.0).abs() < 1.0 / 128.0, "{fraction:x}");
    }
    assert_eq!(unsigned_recip_estimate((1 << 31) - 1), u32::MAX);
    assert_eq!(unsigned_recip_sqrt_estimate((1 << 30) - 1), u32::MAX);
}

/// Catches the ends of the estimates' ranges: zeros, infinities, overflow by rounding, flushing, negative roots.
#[test]
fn estimates_at_the_ends() {
    let recip = |a: u32, rounding, flush| {
        let mut env = Env { rounding, flush_outputs: flush, ..Env::arm() };
        (recip_estimate::<Single>(&mut env, a), env.flags)
    };
    let even = Rounding::NearestEven;
    let (inf, largest, sign) = (0x7f80_0000, 0x7f7f_ffff, 1 << 31);
    let overflow = Flags::OVERFLOW | Flags::INEXACT;
    let small = 0x001f_ffff;
    assert_eq!(recip(0x3f80_0000, even, false), (0x3f7f_8000, Flags::NONE));
    assert_eq!(recip(sign, even, false), (inf | sign, Flags::DIVIDE_BY_ZERO));
    assert_eq!(recip(inf | sign, even, false), (sign, Flags::NONE));
    assert_eq!(recip(small, even, false), (inf, overflow));
    assert_eq!(recip(small, Rounding::TowardZero, false), (largest, overflow));
    assert_eq!(recip(small, Rounding::Down, false), (largest, overflow));
    assert_eq!(recip(small | sign, Rounding::Down, false), (inf | sign, overflow));
    assert_eq!(recip(small | sign, Rounding::Up, false), (largest | sign, overflow));
    assert_eq!(recip(0x7e80_0000, even, true), (0, Flags::UNDERFLOW));
    assert_eq!(recip(0x7e7f_ffff, even, true).1, Flags::NONE);
    let root = |a: u32| {
        let mut env = Env::arm();
        (recip_sqrt_estimate::<Single>(&mut env, a), env.flags)
    };
    assert_eq!(root(sign), (inf | sign, Flags::DIVIDE_BY_ZERO));
    assert_eq!(root(inf), (0, Flags::NONE));
    assert_eq!(root(0x3f80_0000), (0x3f7f_8000, Flags::NONE));
    assert_eq!(root(1 | sign), (0x7fc0_0000, Flags::INVALID));
    let exponent = |a: u32| recip_exponent::<Single>(&mut Env::arm(), a);
    assert_eq!(exponent(0x3f80_1234), 0x4000_0000);
    assert_eq!(exponent(sign | 1), sign | 0x7f00_0000);
    assert_eq!(exponent(inf), 0);
    assert_eq!(exponent(largest), 0x0080_0000);
}

/// Checks what can be, and says whether the halved step was among it.
fn check_steps<F: Known>([a, b]: [u128; 2], rounding: Rounding) -> bool {
    let nan = |bits: u128| bits & !F::SIGN > F::INFINITY;
    let infinite = |bits: u128| bits & !F::SIGN == F::INFINITY;
    let zero = |bits: u128| bits & !F::SIGN == 0;
    let (x, y) = (F::narrow(a), F::narrow(b));
    let env = || Env { rounding, ..Env::arm() };
    let (mut steps, mut roots, mut products) = (env(), env(), env());
    let step: u128 = recip_step::<F>(&mut steps, x, y).into();
    let root: u128 = recip_sqrt_step::<F>(&mut roots, x, y).into();
    let product: u128 = mul_extended::<F>(&mut products, x, y).into();
    if nan(a) || nan(b) {
        return false;
    }
    if infinite(a) && zero(b) || zero(a) && infinite(b) {
        let half = F::QUIET;
        assert_eq!(step, F::power(1));
        assert_eq!(root, F::power(0) | half);
        assert_eq!(product, F::power(1) | (a ^ b) & F::SIGN);
        assert_eq!(steps.flags | roots.flags | products.flags, Flags::NONE);
        return false;
    }
    let mut plain = env();
    assert_eq!(product, mul::<F>(&mut plain, x, y).into());
    assert_eq!(products, plain);
    let mut plain = env();
    let two = F::narrow(F::power(1));
    assert_eq!(step, fma::<F>(&mut plain, neg::<F>(x), y, two).into());
    assert_eq!(steps, plain);
    check_halved::<F>([a ^ F::SIGN, b], root, &roots)
}

/// The halved step is the sum rounded once, after halving. Only sums that binary128 holds exactly are checked.
fn check_halved<F: Known>(operands: [u128; 2], root: u128, env: &Env) -> bool {
    let three = F::power(1) | F::QUIET;
    let sum = exact_toward_zero::<F>(Operation::Fma, [operands[0], operands[1], three]);
    if !sum.status.is_empty() || sum.value.is_zero() {
        return false;
    }
    let half = sum.value.scalbn(-1);
    let expected = narrowed::<F>(half, env.rounding, Tininess::BeforeRounding);
    assert_eq!((Some(root), env.flags), (expected.value, expected.flags), "{operands:x?}");
    true
}

fn count_steps<F: Known>(seed: u64) {
    let mut random = Random::new(seed);
    let (pairs, mut halved) = (cases(30_000), 0);
    for _ in 0..pairs {
        let pair = random.pair::<F>();
        for rounding in [Rounding::NearestEven, Rounding::TowardZero, Rounding::Up, Rounding::Down]
        {
            halved += u64::from(check_steps::<F>(pair, rounding));
        }
    }
    println!("binary{}: {} steps, halved and checked {halved}", F::BITS, pairs * 4);
    assert!(halved > pairs / 4, "too few");
}

/// Catches a step that rounds twice, halves after rounding, or forgets its own infinity times zero.
#[test]
fn steps_round_once() {
    count_steps::<Half>(53);
    count_steps::<Single>(54);
    count_steps::<Double>(55);
}
