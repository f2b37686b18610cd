//! Sums, products, quotients and roots in every rounding.

use rustc_apfloat::{Float, ieee};

use super::operands::Random;
use super::reference::{Known, Operation, Outcome, outcome};
use super::tally::Tally;
use super::{ROUNDINGS, TININESS, cases, env};
use crate::float::{
    Double, Env, Flags, Format, Half, Quad, Rounding, Single, Tininess, add, div, fma, mul, sqrt,
    sub,
};

const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Add, "add"),
    (Operation::Sub, "sub"),
    (Operation::Mul, "mul"),
    (Operation::Div, "div"),
    (Operation::Fma, "fma"),
];

fn ours<F: Format>(operation: Operation, operands: [u128; 3], env: &mut Env) -> u128 {
    let [a, b, c] = operands.map(F::narrow);
    match operation {
        Operation::Add => add::<F>(env, a, b),
        Operation::Sub => sub::<F>(env, a, b),
        Operation::Mul => mul::<F>(env, a, b),
        Operation::Div => div::<F>(env, a, b),
        Operation::Fma => fma::<F>(env, a, b, c),
    }
    .into()
}

fn check<F: Known>(
    operation: Operation,
    operands: [u128; 3],
    rounding: Rounding,
    tininess: Tininess,
) -> Option<String> {
    let mut env = env(rounding, tininess);
    let value = ours::<F>(operation, operands, &mut env);
    let found = Outcome::of::<F>(value, env.flags);
    let mut expected = outcome::<F>(operation, operands, rounding, tininess);
    if operation == Operation::Fma && is_unborn::<F>(operands) {
        // Whether (infinity * 0) + NaN is invalid is the guest's rule; see the NaNs' tests.
        expected.flags = found.flags;
    }
    let wrong = || {
        format!(
            "{operation:?} {rounding:?} {tininess:?} {operands:x?}: {found:x?} is not {expected:x?}"
        )
    };
    (found != expected).then(wrong)
}

fn is_unborn<F: Format>([a, b, c]: [u128; 3]) -> bool {
    let (a, b) = (a & !F::SIGN, b & !F::SIGN);
    (a == 0 && b == F::INFINITY || a == F::INFINITY && b == 0) && c & !F::SIGN > F::INFINITY
}

fn check_many<F: Known>(usual: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut tally = Tally::new(format!("binary{}", F::BITS));
    for _ in 0..cases(usual) {
        let operands = random.triple::<F>();
        let tininess = TININESS[random.below(2) as usize];
        for (operation, name) in OPERATIONS {
            for rounding in ROUNDINGS {
                let wrong = check::<F>(operation, operands, rounding, tininess);
                tally.count(name, rounding, 1, wrong);
            }
        }
    }
    tally.finish();
}

/// Catches a wrong value or flag of add, sub, mul, div or fma in any rounding.
#[test]
fn half_agrees_with_the_reference() {
    check_many::<Half>(200_000, 1);
}

/// As for binary16.
#[test]
fn single_agrees_with_the_reference() {
    check_many::<Single>(300_000, 2);
}

/// As for binary16.
#[test]
fn double_agrees_with_the_reference() {
    check_many::<Double>(300_000, 3);
}

/// As for binary16.
#[test]
fn quad_agrees_with_the_reference() {
    check_many::<Quad>(50_000, 4);
}

/// The square of `root` plus so many halves of its last place, compared with `a`, in binary128, where it is exact.
fn square_is<F: Known>(root: u128, halves: i32, a: u128) -> std::cmp::Ordering {
    let wide = |bits| {
        let known = F::Reference::from_bits(bits);
        let mut lost = false;
        let wide: ieee::Quad = rustc_apfloat::FloatConvert::convert(known, &mut lost).value;
        wide
    };
    let root = wide(root);
    let half_place = ieee::Quad::from_u128(1).value.scalbn(root.ilogb() - F::FRAC as i32 - 1);
    let moved = (root + (half_place * ieee::Quad::from_i128(halves.into()).value).value).value;
    let square = moved * moved;
    assert!(square.status.is_empty(), "binary128 has room for the square");
    square.value.partial_cmp(&wide(a)).expect("numbers")
}

fn check_root<F: Known>(a: u128, rounding: Rounding) {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let mut env = env(rounding, Tininess::BeforeRounding);
    let root: u128 = sqrt::<F>(&mut env, F::narrow(a)).into();
    if a & !F::SIGN == 0 {
        assert_eq!((root, env.flags), (a, Flags::NONE));
        return;
    }
    if a > F::INFINITY {
        let signals = a & F::SIGN != 0 && a <= F::infinity(true) || a & F::QUIET == 0;
        assert!(root & !F::SIGN > F::INFINITY, "{a:x}: {root:x}");
        assert_eq!(env.flags, if signals { Flags::INVALID } else { Flags::NONE }, "{a:x}");
        return;
    }
    if a == F::INFINITY {
        assert_eq!((root, env.flags), (a, Flags::NONE));
        return;
    }
    let exact = square_is::<F>(root, 0, a);
    let right = match rounding {
        _ if exact == Equal => true,
        Rounding::NearestEven | Rounding::NearestAway => {
            square_is::<F>(root, -1, a) == Less && square_is::<F>(root, 1, a) == Greater
        }
        Rounding::TowardZero | Rounding::Down => {
            exact == Less && square_is::<F>(root, 2, a) == Greater
        }
        Rounding::Up => exact == Greater && square_is::<F>(root, -2, a) == Less,
        Rounding::ToOdd => {
            let within =
                square_is::<F>(root, -2, a) == Less && square_is::<F>(root, 2, a) == Greater;
            root & 1 == 1 && within
        }
    };
    assert!(right, "{rounding:?} {a:x}: {root:x}");
    let flags = if exact == Equal { Flags::NONE } else { Flags::INEXACT };
    assert_eq!(env.flags, flags, "{rounding:?} {a:x}");
}

fn check_roots<F: Known>(usual: u64, seed: u64) {
    let mut random = Random::new(seed);
    let mut tally = Tally::new(format!("binary{}", F::BITS));
    for _ in 0..cases(usual) {
        let a = random.operand::<F>();
        let a = if random.below(8) == 0 { a } else { a & !F::SIGN };
        for rounding in ROUNDINGS {
            check_root::<F>(a, rounding);
            tally.count("sqrt", rounding, 1, []);
        }
    }
    tally.finish();
}

/// Catches a root that is not the correctly rounded one, or a wrong inexact: it squares the root and its neighbours.
#[test]
fn roots_squared_enclose_the_operand() {
    check_roots::<Single>(100_000, 5);
    check_roots::<Double>(100_000, 6);
    for a in 0..=u16::MAX {
        for rounding in ROUNDINGS {
            check_root::<Half>(a.into(), rounding);
        }
    }
}

/// Catches the digit loops (binary128's own) differing from the division that the narrower formats use, and a root
/// of binary128 that is wrong: squares of 56-bit numbers have exact roots, and their neighbours have not.
#[test]
fn quad_roots_of_squares_are_exact() {
    let mut random = Random::new(7);
    for _ in 0..cases(20_000) {
        let root = ieee::Quad::from_u128(u128::from(random.bits() >> 8 | 1)).value;
        let square = (root * root).value.to_bits();
        let mut env = Env::arm();
        assert_eq!(sqrt::<Quad>(&mut env, square), root.to_bits());
        assert_eq!(env.flags, Flags::NONE);
        env.rounding = Rounding::Up;
        assert_eq!(sqrt::<Quad>(&mut env, square + 1), root.to_bits() + 1);
        env.rounding = Rounding::Down;
        assert_eq!(sqrt::<Quad>(&mut env, square - 1), root.to_bits() - 1);
        assert_eq!(env.flags, Flags::INEXACT);
    }
}
