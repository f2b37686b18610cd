//! Floating point that is the same on every host.
//!
//! A recording made on one machine must replay to the bit on another, and a guest's arithmetic has rules that a
//! host's has not: which NaN comes out, when a result counts as tiny, what flush-to-zero raises. So IEEE 754-2008
//! arithmetic is computed here in integers, and what differs between guests is a field of [`Env`].
//!
//! An operation is a function generic over its [`Format`]: `add::<Double>(&mut env, a, b)`. Operands and results are
//! bit patterns, as guests' registers hold them. Exceptions accumulate in `env.flags`; nothing traps. Conversions,
//! which on most guests may name their own rounding, take it as an argument; everything else uses `env.rounding`.
//!
//! Inside, an operand is taken apart (`parts`) into a 127-bit significand with its leading one at a fixed place, and
//! an exponent. Every operation makes such a significand, exact or with a sticky last bit, and one function makes a
//! result of it (`round`). The formats share everything, up to binary128. Where the host's own arithmetic is provably
//! the guest's (`fast`), it is used.

mod arith;
mod arm;
mod compare;
mod convert;
mod env;
mod fast;
mod fma;
mod format;
mod integer;
mod nan;
mod parts;
mod round;
mod s390x;
#[cfg(test)]
#[allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests are told how much to try, and say how much they tried"
)]
mod tests;
mod wide;

pub use arith::{abs, add, div, mul, neg, sqrt, sub};
pub use arm::{
    mul_extended, recip_estimate, recip_exponent, recip_sqrt_estimate, recip_sqrt_step, recip_step,
    unsigned_recip_estimate, unsigned_recip_sqrt_estimate,
};
pub use compare::{Relation, compare, compare_signalling, max, max_num, min, min_num};
pub use convert::convert;
pub use env::{Env, Flags, InfTimesZero, NanOrder, NanRules, NanToInt, Rounding, Tininess};
pub use fma::{Negate, fma, fma_negating};
pub use format::{Double, Format, Half, Quad, Single};
pub use integer::{Integer, Wrapped, from_int, round_to_integral, to_int, to_int_wrapping};
pub use s390x::{Division, divide_to_integer, round_to_precision};
