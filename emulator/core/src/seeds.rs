//! Chance that can be repeated.
//!
//! A seed that the user reads in a failure report must mean the same choices on every host and in every later
//! version. So there is one generator, its values are pinned by tests, and every use draws from a stream of its own:
//! a scenario that draws one number more for its load does not get another thread schedule.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

/// What random numbers are drawn for. The numbers are stream numbers: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Use {
    /// The machine's random-number device, and seeds that firmware is given.
    GuestEntropy = 1,
    /// Which host thread goes next.
    Schedule = 2,
    /// Host load in the harness.
    Load = 3,
    /// The lengths of the vCPUs' slices.
    Slices = 4,
    /// The latencies of devices.
    Latency = 5,
    /// Data and choices of tests.
    Test = 6,
    /// Instructions that give random numbers.
    Processor = 7,
}

/// A stream of random numbers, fixed by a seed and a [`Use`].
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream for `purpose` under `seed`.
    #[must_use]
    pub fn new(seed: u64, purpose: Use) -> Self {
        // Spelled out rather than left to the crate's `seed_from_u64`, whose expansion has changed before.
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(b"lockstep");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(purpose as u64);
        Self(rng)
    }

    /// How many 32-bit words have been drawn: with the seed and the use, all there is to save.
    #[must_use]
    pub fn position(&self) -> u128 {
        self.0.get_word_pos()
    }

    /// Goes to where [`Rng::position`] was `words`.
    pub fn seek(&mut self, words: u128) {
        self.0.set_word_pos(words);
    }

    /// Any 32-bit number.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Any 64-bit number: two 32-bit ones, the low half first.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        u64::from(self.next_u32()) << 32 | low
    }

    /// Fills `bytes`, four from each 32-bit number, the low byte first.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(4) {
            let word = self.next_u32().to_le_bytes();
            part.copy_from_slice(&word[..part.len()]);
        }
    }

    /// A number below `bound`, each with the same chance; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // The numbers from here up are a whole multiple of `bound` many, so the remainder is fair.
        let unfair = bound.wrapping_neg() % bound;
        loop {
            let number = self.next_u64();
            if number >= unfair {
                return number % bound;
            }
        }
    }

    /// True with a chance of `numerator` in `denominator`.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a generator that is not ChaCha with 8 rounds: these are the first bytes of its key stream for an
    /// all-zero key, as published with the cipher.
    #[test]
    fn the_generator_is_chacha8() {
        let mut bytes = [0; 16];
        let mut rng = Rng(ChaCha8Rng::from_seed([0; 32]));
        rng.fill(&mut bytes);
        let published = 0x3e00_ef2f_895f_40d6_7f5b_b8e8_1f09_a5a1_u128;
        assert_eq!(u128::from_be_bytes(bytes), published);
    }

    /// Catches a dependency, or a change here, that gives old seeds new meanings. If this fails, the change is wrong,
    /// not the numbers: they were computed by another implementation of the cipher.
    #[test]
    fn golden_vectors() {
        let first = |seed, purpose| {
            let mut rng = Rng::new(seed, purpose);
            [rng.next_u64(), rng.next_u64()]
        };
        for (seed, purpose, golden) in GOLDEN {
            let values = first(seed, purpose);
            assert_eq!(values, golden, "seed {seed} for {purpose:?}: {values:#018x?}");
        }
    }

    const GOLDEN: [(u64, Use, [u64; 2]); 8] = [
        (0, Use::GuestEntropy, [0x0489_a500_a0b9_b53f, 0xa6b9_7032_a957_e593]),
        (7, Use::GuestEntropy, [0x470d_0af9_16e0_13b7, 0x7421_a4d5_28d4_ab34]),
        (7, Use::Schedule, [0x035b_8d86_11cf_f302, 0x67f1_4361_b1b0_ec95]),
        (7, Use::Load, [0xe508_3d81_e7b2_4a84, 0xac34_123c_d5ac_a9fe]),
        (7, Use::Slices, [0xaff0_3552_64be_4417, 0x25c9_40b0_8832_bb85]),
        (7, Use::Latency, [0x4a70_5c4f_84aa_a17c, 0x1c82_aea0_fb1e_eaad]),
        (7, Use::Test, [0x7153_17fd_1528_af9a, 0x8501_4d8e_f890_b4b0]),
        (u64::MAX, Use::Test, [0x5381_1d7d_fabc_84e4, 0x74cf_abfc_8779_f053]),
    ];

    /// Catches a change in how numbers are made from words.
    #[test]
    fn golden_numbers_below_a_bound() {
        let mut rng = Rng::new(7, Use::Test);
        let mut bytes = [0; 7];
        rng.fill(&mut bytes);
        let numbers: Vec<u64> = (0..8).map(|_| rng.below(10)).collect();
        assert_eq!(
            (bytes, numbers),
            ([154, 175, 40, 21, 253, 23, 83], vec![6, 4, 3, 7, 2, 9, 0, 3])
        );
    }

    /// Catches numbers outside the bound, an endless search, and a bound that is never reached.
    #[test]
    fn numbers_below_a_bound() {
        let mut rng = Rng::new(1, Use::Test);
        assert_eq!((rng.below(0), rng.below(1)), (0, 0));
        let mut seen = [0; 3];
        for _ in 0..3000 {
            seen[rng.below(3) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| (900..1100).contains(&count)), "{seen:?}");
        assert!(rng.below(u64::MAX) < u64::MAX);
    }

    /// Catches a restored stream that does not go on where the saved one was, at any place of its inner buffer.
    #[test]
    fn a_position_is_all_there_is_to_save() {
        let mut rng = Rng::new(3, Use::GuestEntropy);
        for words in 0..200 {
            assert_eq!(rng.position(), words);
            let mut restored = Rng::new(3, Use::GuestEntropy);
            restored.seek(rng.position());
            assert_eq!(restored.next_u32(), rng.next_u32(), "after {words} words");
        }
    }
}
