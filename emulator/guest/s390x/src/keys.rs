//! Storage keys: a byte for each 4 KiB of absolute storage.
//!
//! They hold access control, fetch protection, and the reference and change bits that accesses set. Accesses do not look here
//! each time: a TLB entry has the permissions that the key gave, and does not permit stores before the change bit is set. So
//! whoever takes a bit away has to drop the entries of that frame ([`crate::mmu`]).

use serde::{Deserialize, Serialize};

/// Access-control bits.
pub const ACCESS_CONTROL: u8 = 0xf0;
/// Fetch protection.
pub const FETCH_PROTECTION: u8 = 0x08;
/// Reference.
pub const REFERENCE: u8 = 0x04;
/// Change.
pub const CHANGE: u8 = 0x02;

/// The keys of all frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageKeys {
    frames: Vec<u8>,
}

/// What a snapshot keeps of [`StorageKeys`]: runs of equal keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageKeysState {
    runs: Vec<(u8, u32)>,
}

impl StorageKeys {
    /// Zero keys for `len` bytes of storage.
    #[must_use]
    pub fn new(len: u64) -> Self {
        Self { frames: vec![0; (len >> 12) as usize] }
    }

    /// The key of the frame at an absolute address; zero where there is no storage.
    #[must_use]
    pub fn get(&self, address: u64) -> u8 {
        usize::try_from(address >> 12).ok().and_then(|f| self.frames.get(f)).copied().unwrap_or(0)
    }

    /// Sets a key; does nothing where there is no storage.
    pub fn set(&mut self, address: u64, key: u8) {
        if let Some(place) =
            usize::try_from(address >> 12).ok().and_then(|f| self.frames.get_mut(f))
        {
            *place = key;
        }
    }

    /// Sets bits of a key, as accesses by processors and channels do.
    pub fn note(&mut self, address: u64, bits: u8) {
        let key = self.get(address);
        if key & bits != bits {
            self.set(address, key | bits);
        }
    }

    /// The state to save.
    #[must_use]
    pub fn state(&self) -> StorageKeysState {
        let mut runs: Vec<(u8, u32)> = Vec::new();
        for &key in &self.frames {
            match runs.last_mut() {
                Some((last, count)) if *last == key && *count < u32::MAX => *count += 1,
                _ => runs.push((key, 1)),
            }
        }
        StorageKeysState { runs }
    }

    /// Takes a saved state back; false when it is that of another amount of storage.
    pub fn restore(&mut self, state: &StorageKeysState) -> bool {
        let len: u64 = state.runs.iter().map(|(_, count)| u64::from(*count)).sum();
        if len != self.frames.len() as u64 {
            return false;
        }
        self.frames.clear();
        for &(key, count) in &state.runs {
            self.frames.extend(std::iter::repeat_n(key, count as usize));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a saved form that loses a key or its place, and one that is taken for another amount of storage.
    #[test]
    fn saves_everything() {
        let mut keys = StorageKeys::new(0x10_000);
        keys.set(0x3fff, 0x36);
        keys.note(0xf000, CHANGE);
        keys.set(0x10_000, 0xff);
        let mut other = StorageKeys::new(0x10_000);
        assert!(other.restore(&keys.state()));
        assert_eq!(other, keys);
        assert_eq!((other.get(0x3000), other.get(0xf123), other.get(0x10_000)), (0x36, 2, 0));
        assert!(!StorageKeys::new(0x11_000).restore(&keys.state()));
    }
}
