//! Which NaN comes out.

use super::env::{Env, Flags, NanOrder};
use super::format::Format;
use super::parts::{Class, Parts};

/// The guest's default NaN.
pub(super) fn default<F: Format>(env: &Env) -> u128 {
    F::zero(env.nan.default_sign) | F::INFINITY | F::QUIET
}

/// The result of an operation that has none.
pub(super) fn invalid<F: Format>(env: &mut Env) -> u128 {
    env.raise(Flags::INVALID);
    default::<F>(env)
}

/// A NaN operand as a result of this format: quiet, and with as much of its fraction as there is room for.
fn quiet<F: Format>(nan: Parts) -> u128 {
    F::infinity(nan.sign) | nan.sig >> (128 - F::FRAC) | F::QUIET
}

/// The NaN that is the result because of NaN operands, if there are any.
pub(super) fn propagate<F: Format>(env: &mut Env, operands: &[Parts]) -> Option<u128> {
    let signals = |nan: &&Parts| nan.class == Class::Signalling;
    let mut nans = operands.iter().filter(|operand| operand.is_nan());
    let first = nans.clone().next()?;
    let signalling = nans.clone().find(signals);
    if signalling.is_some() {
        env.raise(Flags::INVALID);
    }
    if env.nan.default_only {
        return Some(default::<F>(env));
    }
    let chosen = match env.nan.order {
        NanOrder::SignallingFirst => signalling.unwrap_or(first),
        NanOrder::First => first,
        NanOrder::Last => nans.next_back()?,
    };
    Some(quiet::<F>(*chosen))
}
