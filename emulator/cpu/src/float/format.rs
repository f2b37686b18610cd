//! The binary interchange formats, as types for operations to be generic over.

use std::fmt::Debug;

/// A binary interchange format of IEEE 754.
pub trait Format: Copy + Debug + 'static {
    /// An integer that holds its bits.
    type Bits: Copy + Debug + Eq + Into<u128>;

    /// Bits in all.
    const BITS: u32;
    /// Bits of the fraction field.
    const FRAC: u32;

    /// The low [`Self::BITS`] bits.
    fn narrow(bits: u128) -> Self::Bits;

    /// Exponent of the largest numbers.
    const EMAX: i32 = (1 << (Self::BITS - Self::FRAC - 2)) - 1;
    /// Exponent of the smallest normal numbers.
    const EMIN: i32 = 1 - Self::EMAX;
    /// The sign bit.
    const SIGN: u128 = 1 << (Self::BITS - 1);
    /// Plus infinity; also the mask of the exponent field.
    const INFINITY: u128 = Self::SIGN - (1 << Self::FRAC);
    /// The fraction field's mask.
    const FRACTION: u128 = (1 << Self::FRAC) - 1;
    /// The bit of the fraction that is set in quiet NaNs.
    const QUIET: u128 = 1 << (Self::FRAC - 1);

    /// A zero.
    fn zero(sign: bool) -> u128 {
        if sign { Self::SIGN } else { 0 }
    }

    /// An infinity.
    fn infinity(sign: bool) -> u128 {
        Self::zero(sign) | Self::INFINITY
    }

    /// The finite number of the largest magnitude.
    fn largest(sign: bool) -> u128 {
        Self::infinity(sign) - 1
    }

    /// The positive power of two with this exponent, if it is in the normal range.
    fn power(exp: i32) -> u128 {
        ((exp + Self::EMAX) as u128) << Self::FRAC
    }
}

/// binary16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half;

/// binary32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Single;

/// binary64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Double;

/// binary128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quad;

macro_rules! format {
    ($name:ident, $bits:ty, $frac:expr) => {
        impl Format for $name {
            type Bits = $bits;
            const BITS: u32 = <$bits>::BITS;
            const FRAC: u32 = $frac;

            fn narrow(bits: u128) -> $bits {
                bits as $bits
            }
        }
    };
}

format!(Half, u16, 10);
format!(Single, u32, 23);
format!(Double, u64, 52);
format!(Quad, u128, 112);
