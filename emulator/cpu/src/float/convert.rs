//! From one format to another.

use super::env::{Env, Flags, Rounding};
use super::format::Format;
use super::nan::propagate;
use super::parts::{Class, unpack_to_convert};
use super::round::{How, round_how};

/// `a` in another format. NaNs keep as much of their payload as there is room for, from the top.
///
/// On either side binary16 is the alternative one if the modes say so, and its subnormals are never flushed.
pub fn convert<From: Format, To: Format>(
    env: &mut Env,
    a: From::Bits,
    rounding: Rounding,
) -> To::Bits {
    let a = unpack_to_convert::<From>(env, a);
    let alternative = To::BITS == 16 && env.alternative_half;
    let flush = To::BITS != 16 && env.flush_outputs;
    To::narrow(match a.class {
        Class::Zero => To::zero(a.sign),
        Class::Finite => {
            round_how::<To>(env, How { rounding, flush, alternative }, a.sign, a.exp, a.sig)
        }
        _ if alternative => {
            // There is nothing like it.
            env.raise(Flags::INVALID);
            To::zero(a.sign) | if a.is_infinite() { To::SIGN - 1 } else { 0 }
        }
        Class::Infinity => To::infinity(a.sign),
        Class::Quiet | Class::Signalling => {
            propagate::<To>(env, &[a]).unwrap_or_else(|| To::infinity(a.sign))
        }
    })
}
