//! Operands taken apart.

use super::env::{Env, Flags};
use super::format::Format;
use super::wide::shift_right_sticky;

/// The place of the leading one of a significand. The bit above is room for a carry.
pub(super) const TOP: u32 = 126;

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Zero,
    Finite,
    Infinity,
    Quiet,
    Signalling,
}

/// An operand taken apart.
///
/// If it is finite and not zero, it is `sig * 2^(exp - TOP)`, and `sig` has its leading one at `TOP`. If it is a NaN,
/// `sig` has its fraction, moved up to the highest bit, so that formats can exchange them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) class: Class,
    pub(super) sign: bool,
    pub(super) exp: i32,
    pub(super) sig: u128,
}

impl Parts {
    pub(super) fn is_nan(self) -> bool {
        matches!(self.class, Class::Quiet | Class::Signalling)
    }

    pub(super) fn is_zero(self) -> bool {
        self.class == Class::Zero
    }

    pub(super) fn is_infinite(self) -> bool {
        self.class == Class::Infinity
    }

    /// This, with the other sign if `negate`. A NaN too.
    pub(super) fn negated(self, negate: bool) -> Self {
        Self { sign: self.sign ^ negate, ..self }
    }

    fn normal(sign: bool, exp: i32, sig: u128) -> Self {
        let (exp, sig) = normalise(exp, sig);
        Self { class: Class::Finite, sign, exp, sig }
    }
}

/// The same value with its leading one at `TOP`. `sig` must not be zero.
pub(super) fn normalise(exp: i32, sig: u128) -> (i32, u128) {
    match sig.leading_zeros() {
        0 => (exp + 1, shift_right_sticky(sig, 1)),
        zeros => (exp - (zeros as i32 - 1), sig << (zeros - 1)),
    }
}

/// Takes an operand of arithmetic apart, flushing it if the modes say so.
pub(super) fn unpack<F: Format>(env: &mut Env, bits: F::Bits) -> Parts {
    let bits = bits.into();
    let half = F::BITS == 16;
    let subnormal = bits & F::INFINITY == 0 && bits & F::FRACTION != 0;
    if subnormal && (if half { env.flush_half } else { env.flush_inputs }) {
        if !half {
            env.raise(Flags::INPUT_DENORMAL);
        }
        return unpack_as_is::<F>(bits & F::SIGN, false);
    }
    unpack_as_is::<F>(bits, false)
}

/// Takes an operand of a conversion between formats apart: binary16 is never flushed, and may be the alternative one.
pub(super) fn unpack_to_convert<F: Format>(env: &mut Env, bits: F::Bits) -> Parts {
    if F::BITS == 16 {
        unpack_as_is::<F>(bits.into(), env.alternative_half)
    } else {
        unpack::<F>(env, bits)
    }
}

/// Takes an operand apart. The `alternative` format has numbers in place of infinities and NaNs.
pub(super) fn unpack_as_is<F: Format>(bits: u128, alternative: bool) -> Parts {
    let sign = bits & F::SIGN != 0;
    let frac = bits & F::FRACTION;
    let field = (bits & F::INFINITY) >> F::FRAC;
    let exp = field as i32 - F::EMAX;
    let align = TOP - F::FRAC;
    match (field, frac) {
        (0, 0) => Parts { class: Class::Zero, sign, exp: 0, sig: 0 },
        (0, _) => Parts::normal(sign, F::EMIN, frac << align),
        _ if exp <= F::EMAX || alternative => {
            Parts { class: Class::Finite, sign, exp, sig: (frac | 1 << F::FRAC) << align }
        }
        (_, 0) => Parts { class: Class::Infinity, sign, exp: 0, sig: 0 },
        _ => {
            let quiet = frac & F::QUIET != 0;
            let class = if quiet { Class::Quiet } else { Class::Signalling };
            Parts { class, sign, exp: 0, sig: frac << (128 - F::FRAC) }
        }
    }
}
