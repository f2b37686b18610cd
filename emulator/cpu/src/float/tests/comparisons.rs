//! Comparisons, minimum and maximum.

use rustc_apfloat::Float;

use super::cases;
use super::operands::Random;
use super::reference::{Known, is_signalling};
use crate::float::{
    Double, Env, Flags, Half, Quad, Relation, Single, compare, compare_signalling, max, max_num,
    min, min_num,
};

fn check_pair<F: Known>([a, b]: [u128; 2]) {
    let (x, y) = (F::Reference::from_bits(a), F::Reference::from_bits(b));
    let (a, b) = (F::narrow(a), F::narrow(b));
    let expected = x.partial_cmp(&y).map_or(Relation::Unordered, Relation::from);
    let signals = is_signalling::<F>(a.into()) || is_signalling::<F>(b.into());
    let invalid = |invalid| if invalid { Flags::INVALID } else { Flags::NONE };
    let mut env = Env::arm();
    assert_eq!(compare::<F>(&mut env, a, b), expected, "{a:x?} {b:x?}");
    assert_eq!(env.flags, invalid(signals), "{a:x?} {b:x?}");
    let mut env = Env::arm();
    assert_eq!(compare_signalling::<F>(&mut env, a, b), expected, "{a:x?} {b:x?}");
    assert_eq!(env.flags, invalid(expected == Relation::Unordered), "{a:x?} {b:x?}");
    if expected != Relation::Unordered {
        let mut env = Env::arm();
        let (greater, less) = (x.maximum(y).to_bits(), x.minimum(y).to_bits());
        for (found, expected) in [
            (max::<F>(&mut env, a, b), greater),
            (max_num::<F>(&mut env, a, b), greater),
            (min::<F>(&mut env, a, b), less),
            (min_num::<F>(&mut env, a, b), less),
        ] {
            assert_eq!(found.into(), expected, "{a:x?} {b:x?}");
        }
        assert_eq!(env.flags, Flags::NONE);
    }
}

fn check_many<F: Known>(seed: u64) {
    let mut random = Random::new(seed);
    let pairs = cases(300_000);
    for _ in 0..pairs {
        check_pair::<F>(random.pair::<F>());
    }
    println!("binary{}: {pairs} pairs, six operations each", F::BITS);
}

/// Catches a wrong order, a zero of the wrong sign from minimum or maximum, and a NaN that should have signalled.
#[test]
fn order_is_the_reference_s() {
    check_many::<Half>(21);
    check_many::<Single>(22);
    check_many::<Double>(23);
    check_many::<Quad>(24);
}

/// Catches order by bits where it is not that by value: zeros of either sign, infinities, the first subnormals.
#[test]
fn edges_are_in_order() {
    let edges = [0u16, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7c01];
    for a in edges {
        for b in edges {
            check_pair::<Half>([a.into(), b.into()]);
        }
    }
}
