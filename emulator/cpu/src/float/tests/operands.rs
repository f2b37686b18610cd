//! Operands that find mistakes: those at the edges of classes, and those that meet each other badly.

use lockstep_core::{Rng, Use};

use crate::float::{Env, Format, add, mul};

/// A source of numbers with a seed: failures repeat.
pub(super) struct Random(Rng);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::new(seed, Use::Test))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(super) fn wide(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    /// Below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A fraction: anything, few bits set, few clear, or few at one end.
    fn fraction<F: Format>(&mut self) -> u128 {
        let places = u64::from(F::FRAC);
        let bits = match self.below(8) {
            0 => 0,
            1 => u128::MAX,
            2 => 1 << self.below(places),
            3 => !(1 << self.below(places)),
            4 => u128::MAX << self.below(places),
            5 => self.wide() << (places - self.below(places.min(8))),
            6 => (1 << self.below(places)) | (1 << self.below(places)),
            _ => self.wide(),
        };
        bits & F::FRACTION
    }

    /// An exponent field: anything, or near the lowest, one, or the highest.
    fn exponent<F: Format>(&mut self) -> u128 {
        let highest = (F::INFINITY >> F::FRAC) as u64;
        let near = self.below(4);
        let field = match self.below(8) {
            0 => near,
            1 => highest - near,
            2 | 3 => highest / 2 - 2 + near,
            4 => u64::from(F::FRAC).min(highest / 2) - 1 + near,
            _ => self.below(highest + 1),
        };
        u128::from(field) << F::FRAC
    }

    pub(super) fn operand<F: Format>(&mut self) -> u128 {
        let sign = F::zero(self.bits() & 1 != 0);
        sign | self.exponent::<F>() | self.fraction::<F>()
    }

    /// Two: a quarter of the time near each other in magnitude, or with a product or quotient near an end of the range.
    pub(super) fn pair<F: Format>(&mut self) -> [u128; 2] {
        let (a, b) = (self.operand::<F>(), self.operand::<F>());
        let field = |bits: u128| ((bits & F::INFINITY) >> F::FRAC) as i64;
        let wanted = match self.below(8) {
            // A neighbour: cancellation.
            0 => return [a, a ^ F::SIGN ^ u128::from(self.below(4))],
            1 => field(a) - 3 + self.below(7) as i64,
            2 => field(a) - i64::from(F::FRAC) - 4 + self.below(8) as i64,
            // The product is near the smallest normal number, or subnormal.
            3 => i64::from(F::EMAX) + 3 - field(a) - self.below(u64::from(F::FRAC) + 8) as i64,
            4 => field(a) - 3 + i64::from(F::EMAX) + self.below(u64::from(F::FRAC) + 8) as i64,
            // It is near the largest.
            5 => 3 * i64::from(F::EMAX) - 2 + self.below(5) as i64 - field(a),
            _ => return [a, b],
        };
        let wanted = wanted.clamp(0, i64::from(F::EMAX) * 2 + 1) as u128;
        [a, b & !F::INFINITY | wanted << F::FRAC]
    }

    /// Three, for a fused multiply-add: half the time the last is near the product of the others, or far below it.
    pub(super) fn triple<F: Format>(&mut self) -> [u128; 3] {
        let [a, b] = self.pair::<F>();
        let mut env = Env::arm();
        let product: u128 = mul::<F>(&mut env, F::narrow(a), F::narrow(b)).into();
        let c = match self.below(8) {
            0 => product ^ F::SIGN,
            1 => product ^ F::SIGN ^ u128::from(self.below(4)),
            2 => {
                let places = u128::from(self.below(2 * u64::from(F::FRAC) + 8));
                (product & !F::SIGN).saturating_sub(places << F::FRAC) ^ (product & F::SIGN)
            }
            3 => {
                let other: u128 = add::<F>(&mut env, F::narrow(product), F::narrow(product)).into();
                other ^ F::SIGN
            }
            _ => self.operand::<F>(),
        };
        [a, b, c]
    }
}
