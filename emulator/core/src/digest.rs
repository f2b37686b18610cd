//! Digests of machine state and of event streams.
//!
//! Two runs are compared at many moments, so a digest must cost little; nobody forges a run against themselves,
//! so it need not resist an adversary. XXH3 has a fixed specification and gives the same value on every host.
//! (Images are identified by BLAKE3 instead: those come from outside.)

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

/// A digest of state: registers, TLBs, devices, calendar, RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StateDigest(pub u128);

impl StateDigest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128_with_seed(bytes, 0))
    }

    /// The digest of two parts, in that order.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut both = [0; 32];
        both[..16].copy_from_slice(&self.0.to_le_bytes());
        both[16..].copy_from_slice(&other.0.to_le_bytes());
        Self::of(&both)
    }
}

impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The running digest of a stream after `bytes` follow what gave `before`.
#[must_use]
pub fn chain(before: u64, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a change of algorithm, which would make every recording made before it diverge.
    #[test]
    fn values_are_part_of_the_format() {
        assert_eq!(StateDigest::of(b"lockstep").to_string(), "b4ead11c934f0a1e75345b2b871d8c38");
        assert_eq!(chain(1, b"lockstep"), 15_149_950_251_601_731_405);
    }
}
