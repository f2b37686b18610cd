//! What decides a result besides the operands: a guest's rules and modes, and the flags it accumulates.

use std::ops::{BitOr, BitOrAssign};

/// To which of the two neighbouring values an inexact result goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, ties to the one with an even last place.
    #[default]
    NearestEven,
    /// To the nearest, ties to the one of larger magnitude.
    NearestAway,
    /// To the one of smaller magnitude.
    TowardZero,
    /// Toward plus infinity.
    Up,
    /// Toward minus infinity.
    Down,
    /// To the one whose last place is odd, so that a second rounding to a narrower format is as good as one.
    ToOdd,
}

/// When a result counts as tiny, which with inexactness is underflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tininess {
    /// The exact result is smaller than the smallest normal number (Arm, s390x).
    BeforeRounding,
    /// So is the result rounded as if the exponent had no lower bound (Alpha).
    AfterRounding,
}

/// Which of several NaN operands is the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NanOrder {
    /// The first signalling one, else the first quiet one.
    SignallingFirst,
    /// The first.
    First,
    /// The last.
    Last,
}

/// What (infinity times zero) plus a NaN is. It is invalid in any case but [`InfTimesZero::Propagate`]'s quiet one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfTimesZero {
    /// The default NaN if the addend is quiet, else the addend made quiet (Arm).
    DefaultIfQuiet,
    /// The default NaN (s390x).
    Default,
    /// The addend made quiet.
    Propagate,
}

/// What a NaN becomes when it is converted to an integer. It is invalid in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NanToInt {
    /// Zero (Arm).
    Zero,
    /// The lowest integer of the type: zero if it is unsigned (s390x).
    Lowest,
}

/// How a guest makes NaNs of NaNs, and of operations that have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NanRules {
    /// Every NaN result is the default NaN (Arm's FPCR.DN).
    pub default_only: bool,
    /// The sign of the default NaN; its fraction is the quiet bit alone.
    pub default_sign: bool,
    /// The one to propagate.
    pub order: NanOrder,
    /// In a fused multiply-add the addend comes before the factors in that order, not after them.
    pub addend_first: bool,
    /// What an invalid product and a NaN addend make.
    pub inf_times_zero: InfTimesZero,
    /// What a conversion to an integer makes.
    pub to_int: NanToInt,
}

impl NanRules {
    /// The Arm architecture's, with FPCR.DN and FPCR.AH zero.
    pub const ARM: Self = Self {
        default_only: false,
        default_sign: false,
        order: NanOrder::SignallingFirst,
        addend_first: true,
        inf_times_zero: InfTimesZero::DefaultIfQuiet,
        to_int: NanToInt::Zero,
    };

    /// The Alpha architecture's (handbook, section 4.7.10.4): a NaN in Fb before one in Fa; the canonical one is negative.
    pub const ALPHA: Self = Self {
        default_only: false,
        default_sign: true,
        order: NanOrder::Last,
        addend_first: false,
        inf_times_zero: InfTimesZero::Default,
        to_int: NanToInt::Zero,
    };

    /// z/Architecture's.
    pub const S390X: Self = Self {
        default_only: false,
        default_sign: false,
        order: NanOrder::SignallingFirst,
        addend_first: false,
        inf_times_zero: InfTimesZero::Default,
        to_int: NanToInt::Lowest,
    };
}

/// Exceptions that have happened, as a set.
///
/// The bits are those of Arm's FPSR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// The operation has no result, or had a signalling NaN.
    pub const INVALID: Self = Self(1);
    /// An infinity made exactly from finite operands.
    pub const DIVIDE_BY_ZERO: Self = Self(1 << 1);
    /// The rounded result was too large for the format.
    pub const OVERFLOW: Self = Self(1 << 2);
    /// The result was tiny and inexact, or was flushed to zero.
    pub const UNDERFLOW: Self = Self(1 << 3);
    /// The result is not the exact one.
    pub const INEXACT: Self = Self(1 << 4);
    /// A subnormal operand was flushed to zero.
    pub const INPUT_DENORMAL: Self = Self(1 << 7);

    /// The flags as FPSR has them, in its low byte.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The flags that FPSR's low byte has.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x9f)
    }

    /// Whether all of `other` are here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// A guest's rules and modes, and its flags so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Env {
    /// The rounding of every operation that does not name its own.
    pub rounding: Rounding,
    /// When a result is tiny.
    pub tininess: Tininess,
    /// What NaNs come out.
    pub nan: NanRules,
    /// Subnormal operands are zeros, and raise input-denormal. Not for binary16.
    pub flush_inputs: bool,
    /// Results that are tiny before rounding become zeros, and raise underflow alone. Not for binary16.
    pub flush_outputs: bool,
    /// Subnormal binary16 operands are zeros, raising nothing, and tiny binary16 results become zeros, raising
    /// underflow (Arm's FPCR.FZ16). Conversions between formats take no notice of it.
    pub flush_half: bool,
    /// In conversions between formats, binary16 has neither infinities nor NaNs, but one more exponent (Arm's
    /// FPCR.AHP).
    pub alternative_half: bool,
    /// Added to the exponent of every result that is rounded: traps of overflow and underflow bring it into range so
    /// (z/Architecture).
    pub scale: i32,
    /// A tiny result is an underflow even if it is exact, because underflow traps (z/Architecture).
    pub exact_underflow: bool,
    /// What has happened.
    pub flags: Flags,
}

impl Env {
    /// The Arm architecture's with every bit of FPCR and FPSR zero.
    pub const fn arm() -> Self {
        Self {
            rounding: Rounding::NearestEven,
            tininess: Tininess::BeforeRounding,
            nan: NanRules::ARM,
            flush_inputs: false,
            flush_outputs: false,
            flush_half: false,
            alternative_half: false,
            scale: 0,
            exact_underflow: false,
            flags: Flags::NONE,
        }
    }

    /// The Alpha architecture's with normal rounding. What a processor does about denormal numbers is the guest's.
    pub const fn alpha() -> Self {
        Self { tininess: Tininess::AfterRounding, nan: NanRules::ALPHA, ..Self::arm() }
    }

    /// z/Architecture's with every bit of the floating-point-control register zero.
    pub const fn s390x() -> Self {
        Self { nan: NanRules::S390X, ..Self::arm() }
    }

    pub(super) fn raise(&mut self, flags: Flags) {
        self.flags |= flags;
    }
}
