//! Operands that find mistakes.
//!
//! Numbers that are equally likely hardly ever carry, overflow or round. These are near the places where arithmetic goes wrong.

use lockstep_core::{Rng, Use};

/// A source of numbers with a seed: failures repeat.
pub struct Random(Rng);

impl Random {
    /// The numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::new(seed, Use::Test))
    }

    /// 64 bits.
    #[expect(clippy::should_implement_trait, reason = "numbers do not end")]
    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 32 bits.
    pub fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    /// 32 bits of an encoding: mostly anything; half the time few ones or few zeros, as fields that are all zeros or all ones are
    /// where special cases are.
    pub fn fields(&mut self) -> u32 {
        match self.below(4) {
            0 => self.word() & self.word() & self.word(),
            1 => self.word() | self.word() | self.word(),
            _ => self.word(),
        }
    }

    /// A value of the kind that arithmetic gets wrong: near zero, near a power of two, of half the length in either half or with its
    /// sign extended, packed digits, or anything.
    pub fn value(&mut self) -> u64 {
        let near = self.below(4);
        match self.below(7) {
            0 => near.wrapping_sub(2),
            1 => (1u64 << self.below(64)).wrapping_add(near).wrapping_sub(2),
            2 => self.word().into(),
            3 => u64::from(self.word()) << 32 | near,
            4 => self.word() as i32 as u64,
            5 => (0..15).fold(0, |digits, _| digits << 4 | self.below(10)) << 4 | 0xc | near & 1,
            _ => self.next(),
        }
    }

    /// A floating-point number with a fraction of `fraction` bits and an exponent of `exponent`: near the ends of the range,
    /// near one, not a number, or anything.
    pub fn float(&mut self, fraction: u32, exponent: u32) -> u64 {
        let (ones, bias) = ((1 << exponent) - 1, (1 << (exponent - 1)) - 1);
        let near = self.below(u64::from(fraction) + 3);
        let exponent_field = match self.below(12) {
            0 => 0,
            1 => 1 + near % 3,
            2 => ones,
            3 => ones - 1 - near % 3,
            4..=6 => (bias - u64::from(fraction / 2) + near) & ones,
            7 | 8 => (bias + near) & ones,
            _ => self.next() & ones,
        };
        let all = (1u64 << fraction) - 1;
        let fraction_field = match self.below(6) {
            0 => 0,
            1 => all,
            2 => 1 << self.below(fraction.into()),
            3 => all << self.below(fraction.into()) & all,
            _ => self.next() & all,
        };
        self.below(2) << (fraction + exponent) | exponent_field << fraction | fraction_field
    }
}
