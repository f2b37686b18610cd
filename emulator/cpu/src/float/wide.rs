//! Integers wider than the host's: what products of significands need.

use std::cmp::Ordering;

/// `value >> count`, its last bit set if any bit was lost.
pub(super) fn shift_right_sticky(value: u128, count: u32) -> u128 {
    match count {
        0 => value,
        1..=127 => value >> count | u128::from(value << (128 - count) != 0),
        _ => u128::from(value != 0),
    }
}

/// A 256-bit integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wide {
    pub(super) high: u128,
    pub(super) low: u128,
}

impl Wide {
    /// The product of two integers.
    pub(super) fn product(a: u128, b: u128) -> Self {
        const LOW: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
        let low = a0 * b0;
        let middle = a1 * b0 + (low >> 64);
        let other = a0 * b1 + (middle & LOW);
        Self { high: a1 * b1 + (middle >> 64) + (other >> 64), low: other << 64 | low & LOW }
    }

    /// The sum, modulo 2^256.
    pub(super) fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.wrapping_add(other.high).wrapping_add(u128::from(carry));
        Self { high, low }
    }

    /// The difference, modulo 2^256.
    pub(super) fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow));
        Self { high, low }
    }

    /// `self >> count`, its last bit set if any bit was lost.
    pub(super) fn shift_right_sticky(self, count: u32) -> Self {
        match count {
            0 => self,
            1..=127 => {
                let low = self.high << (128 - count) | shift_right_sticky(self.low, count);
                Self { high: self.high >> count, low }
            }
            _ => {
                let low = shift_right_sticky(self.high, count - 128) | u128::from(self.low != 0);
                Self { high: 0, low }
            }
        }
    }

    /// The 128 bits from the leading one on, the last set if any below them is, and the place of that leading one.
    /// Nothing if this is zero.
    pub(super) fn leading(self) -> Option<(u128, u32)> {
        let (sig, below, place) = match self.high.cmp(&0) {
            Ordering::Equal if self.low == 0 => return None,
            Ordering::Equal => {
                (self.low << self.low.leading_zeros(), 0, 127 - self.low.leading_zeros())
            }
            _ => match self.high.leading_zeros() {
                0 => (self.high, self.low, 255),
                zeros => {
                    (self.high << zeros | self.low >> (128 - zeros), self.low << zeros, 255 - zeros)
                }
            },
        };
        Some((sig | u128::from(below != 0), place))
    }
}
