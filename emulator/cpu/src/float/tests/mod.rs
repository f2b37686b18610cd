//! The arithmetic against references that share no code with it: the host's unit, `rustc_apfloat`, and tables.
//!
//! How many cases a test tries is fixed, and so is their seed, so that a failure can be repeated;
//! `LOCKSTEP_FLOAT_TIMES` multiplies their number.

mod arithmetic;
mod arm;
mod comparisons;
mod conversions;
mod fast;
mod flushing;
mod nans;
mod operands;
mod reference;
mod s390x;
mod tally;

use super::{Env, Rounding, Tininess};

const ROUNDINGS: [Rounding; 6] = [
    Rounding::NearestEven,
    Rounding::NearestAway,
    Rounding::TowardZero,
    Rounding::Up,
    Rounding::Down,
    Rounding::ToOdd,
];

const TININESS: [Tininess; 2] = [Tininess::BeforeRounding, Tininess::AfterRounding];

/// How many cases to try where `usual` are enough every day.
fn cases(usual: u64) -> u64 {
    let times = std::env::var("LOCKSTEP_FLOAT_TIMES").ok();
    usual * times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

fn env(rounding: Rounding, tininess: Tininess) -> Env {
    Env { rounding, tininess, ..Env::arm() }
}
