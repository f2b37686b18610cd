//! The host's arithmetic against that in integers.

use super::operands::Random;
use super::{ROUNDINGS, TININESS, cases};
use crate::float::{Double, Env, Flags, Format, Single, add, div, fma, mul, sqrt, sub};

const NAMES: [&str; 6] = ["add", "sub", "mul", "div", "fma", "sqrt"];

fn results<F: Format>(from: &Env, operands: [u128; 3]) -> [(u128, Flags); 6] {
    let [a, b, c] = operands.map(F::narrow);
    let with = |operation: &dyn Fn(&mut Env) -> F::Bits| {
        let mut env = from.clone();
        (operation(&mut env).into(), env.flags | Flags::INEXACT)
    };
    [
        with(&|env| add::<F>(env, a, b)),
        with(&|env| sub::<F>(env, a, b)),
        with(&|env| mul::<F>(env, a, b)),
        with(&|env| div::<F>(env, a, b)),
        with(&|env| fma::<F>(env, a, b, c)),
        with(&|env| sqrt::<F>(env, a)),
    ]
}

/// No flags yet, and half the time other modes than the ordinary ones.
fn modes(random: &mut Random) -> Env {
    let mut env = Env::arm();
    if random.below(2) == 0 {
        env.rounding = ROUNDINGS[random.below(6) as usize];
        env.tininess = TININESS[random.below(2) as usize];
        env.flush_inputs = random.below(2) == 0;
        env.flush_outputs = random.below(2) == 0;
    }
    env
}

fn check_many<F: Format>(usual: u64, seed: u64) {
    let mut random = Random::new(seed);
    let (triples, mut by_host) = (cases(usual), [0u64; 6]);
    for _ in 0..triples {
        let operands = random.triple::<F>();
        let env = modes(&mut random);
        let slow = results::<F>(&env, operands);
        let fast = results::<F>(&Env { flags: Flags::INEXACT, ..env.clone() }, operands);
        for (name, (slow, fast)) in NAMES.iter().zip(slow.iter().zip(fast)) {
            assert_eq!(*slow, fast, "{name} {operands:x?} {env:?}");
        }
        count_host::<F>(operands, &mut by_host);
    }
    println!("binary{}: {triples} triples, by the host: {by_host:?}", F::BITS);
    assert!(by_host.iter().all(|&count| count > triples / 10), "the host is hardly used");
}

/// Counts what the host computed, so that the comparison is not of one thing with itself.
fn count_host<F: Format>(operands: [u128; 3], by_host: &mut [u64; 6]) {
    use crate::float::fast;
    let env = Env { flags: Flags::INEXACT, ..Env::arm() };
    let [a, b, c] = operands.map(F::narrow);
    let used = [
        fast::add::<F>(&env, a, b),
        fast::sub::<F>(&env, a, b),
        fast::mul::<F>(&env, a, b),
        fast::div::<F>(&env, a, b),
        fast::fma::<F>(&env, a, b, c),
        fast::sqrt::<F>(&env, a),
    ];
    for (count, used) in by_host.iter_mut().zip(used) {
        *count += u64::from(used.is_some());
    }
}

/// Catches a result that the host's arithmetic gives and the guest's does not, or a flag that it swallows, or the host
/// being asked in modes that it has not; near the ends of the range above all, where the generator puts its products
/// and quotients.
#[test]
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn single_by_the_host_is_the_same() {
    check_many::<Single>(600_000, 11);
}

/// As for binary32.
#[test]
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn double_by_the_host_is_the_same() {
    check_many::<Double>(600_000, 12);
}

/// Catches a wrong value in integers that the reference crate has wrong too: the host's silicon is a third opinion.
/// NaNs are only compared as such.
#[test]
fn the_host_has_the_same_values() {
    let mut random = Random::new(13);
    let triples = cases(600_000);
    let same = |name, (value, _): (u128, Flags), host: u64, operands| {
        let nan = value & !Double::SIGN > Double::INFINITY && f64::from_bits(host).is_nan();
        assert!(nan || value == host.into(), "{name} {operands:x?}: {value:x} is not {host:x}");
    };
    for _ in 0..triples {
        let operands = random.triple::<Double>();
        let [a, b, c] = operands.map(|bits| f64::from_bits(bits as u64));
        let host = [a + b, a - b, a * b, a / b, a.mul_add(b, c), a.sqrt()].map(f64::to_bits);
        for (index, ours) in results::<Double>(&Env::arm(), operands).into_iter().enumerate() {
            same(NAMES[index], ours, host[index], operands);
        }
    }
    println!("binary64: {triples} triples, {} values", triples * 6);
}

/// As for binary64.
#[test]
fn the_host_has_the_same_single_values() {
    let mut random = Random::new(14);
    let triples = cases(600_000);
    for _ in 0..triples {
        let operands = random.triple::<Single>();
        let [a, b, c] = operands.map(|bits| f32::from_bits(bits as u32));
        let host = [a + b, a - b, a * b, a / b, a.mul_add(b, c), a.sqrt()];
        let ours = results::<Single>(&Env::arm(), operands);
        for (index, ((value, _), host)) in ours.into_iter().zip(host).enumerate() {
            let nan = value & !Single::SIGN > Single::INFINITY && host.is_nan();
            assert!(nan || value == host.to_bits().into(), "{} {operands:x?}", NAMES[index]);
        }
    }
    println!("binary32: {triples} triples, {} values", triples * 6);
}
