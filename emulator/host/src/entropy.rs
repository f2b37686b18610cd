//! Seeds for runs to which the user gave none.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::rand::{GetRandomFlags, getrandom};

/// A seed that no run had before, as far as one can tell. The caller writes it into the recording.
#[must_use]
pub fn fresh_seed() -> u64 {
    let mut bytes = [0; 8];
    match getrandom(&mut bytes, GetRandomFlags::empty()) {
        Ok(8) => u64::from_le_bytes(bytes),
        // A seed has to be new, not secret: time and process number will do where the host gives no randomness.
        _ => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let nanoseconds = now.as_nanos() as u64;
            nanoseconds ^ u64::from(std::process::id()) << 40
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Catches a constant where a fresh seed should be.
    #[test]
    fn seeds_are_fresh() {
        let seeds: BTreeSet<u64> = (0..100).map(|_| fresh_seed()).collect();
        assert_eq!(seeds.len(), 100);
    }
}
