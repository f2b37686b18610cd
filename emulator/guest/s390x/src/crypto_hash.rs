//! The message-security assist: digests, and random numbers.
//!
//! Of digests there are SHA-1, SHA-256, SHA-512 and, for intermediate ones, GHASH. Of random numbers there are those that a true
//! generator makes, which are from the machine's seed; there is no deterministic one. Steps are as in [`crate::crypto`].

use lockstep_cpu::{Access, Cx, Exit};
use sha2::digest::generic_array::GenericArray;

use crate::crypto::{Helped, STEP, advance, check_pair, function, query, require};
use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::storage::{self, address_in, length_in, put_length, span_of};
use crate::{S390x, Text};

/// A digest, by its function code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1 = 1,
    Sha256 = 2,
    Sha512 = 3,
    Ghash = 65,
}

impl Hash {
    fn of(function: u8) -> Result<Self, Exit<S390x>> {
        let all = [Self::Sha1, Self::Sha256, Self::Sha512, Self::Ghash];
        let found = all.into_iter().find(|hash| *hash as u8 == function);
        found.ok_or_else(|| program(code::SPECIFICATION))
    }

    /// Bytes of its state, with which the parameter block begins.
    const fn state_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
            Self::Ghash => 16,
        }
    }

    /// Bytes of the parameter block behind the state that processing needs: the hash subkey.
    const fn key_len(self) -> usize {
        if matches!(self, Self::Ghash) { 16 } else { 0 }
    }

    const fn block_len(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha512 => 128,
            Self::Ghash => 16,
        }
    }

    /// Bytes of the message's length, in bits, at its end.
    const fn length_len(self) -> usize {
        self.block_len() / 8
    }

    /// Processes whole blocks.
    fn compress(self, parameters: &mut [u8], message: &[u8]) {
        let (state, key) = parameters.split_at_mut(self.state_len());
        match self {
            Self::Sha1 => {
                let mut words = words::<5, 4>(state).map(|word| word as u32);
                message.chunks_exact(64).for_each(|block| {
                    sha1::compress(&mut words, &[*GenericArray::from_slice(block)]);
                });
                put_words(state, &words.map(u64::from), 4);
            }
            Self::Sha256 => {
                let mut words = words::<8, 4>(state).map(|word| word as u32);
                message.chunks_exact(64).for_each(|block| {
                    sha2::compress256(&mut words, &[*GenericArray::from_slice(block)]);
                });
                put_words(state, &words.map(u64::from), 4);
            }
            Self::Sha512 => {
                let mut words = words::<8, 8>(state);
                message.chunks_exact(128).for_each(|block| {
                    sha2::compress512(&mut words, &[*GenericArray::from_slice(block)]);
                });
                put_words(state, &words, 8);
            }
            Self::Ghash => {
                let number =
                    |bytes: &[u8]| bytes.iter().fold(0, |v, byte| v << 8 | u128::from(*byte));
                let subkey = number(key);
                let fold = |sum, block| ghash_product(sum ^ number(block), subkey);
                let sum = message.chunks_exact(16).fold(number(state), fold);
                state.copy_from_slice(&sum.to_be_bytes());
            }
        }
    }
}

/// Big-endian words of so many bytes.
fn words<const N: usize, const BYTES: usize>(bytes: &[u8]) -> [u64; N] {
    let word = |k: usize| {
        bytes.iter().skip(BYTES * k).take(BYTES).fold(0, |v, byte| v << 8 | u64::from(*byte))
    };
    std::array::from_fn(word)
}

fn put_words(bytes: &mut [u8], words: &[u64], size: usize) {
    for (place, word) in bytes.chunks_mut(size).zip(words) {
        place.copy_from_slice(&word.to_be_bytes()[8 - size..]);
    }
}

/// The product in GF(2^128) as Galois counter mode has it (NIST SP 800-38D, 6.3): bits from the left, modulo
/// 1 + x + x^2 + x^7 + x^128.
fn ghash_product(a: u128, b: u128) -> u128 {
    let (mut product, mut power) = (0, b);
    for place in (0..128).rev() {
        if a >> place & 1 != 0 {
            product ^= power;
        }
        power = power >> 1 ^ if power & 1 != 0 { 0xe1 << 120 } else { 0 };
    }
    product
}

/// Whole blocks of a message, one step of them. Gives what is left.
fn process(cx: &mut Cx<S390x>, hash: Hash, r2: u8) -> Result<u64, Exit<S390x>> {
    let (_, parameters) = function(cx);
    let len = length_in(cx, r2 | 1);
    let block = hash.block_len() as u64;
    let count = len.min(STEP) / block * block;
    if count == 0 {
        return Ok(len);
    }
    let mut state = vec![0; hash.state_len() + hash.key_len()];
    storage::fetch_of(cx, (1, parameters), &mut state)?;
    let place = span_of(cx, (1, parameters), hash.state_len() as u32, Access::Write)?;
    let mut message = vec![0; count as usize];
    let from = address_in(cx, r2);
    storage::fetch_of(cx, (r2, from), &mut message)?;
    hash.compress(&mut state, &message);
    place.write(cx, &state[..hash.state_len()]);
    advance(cx, r2, count);
    put_length(cx, r2 | 1, len - count);
    Ok(len - count)
}

/// COMPUTE INTERMEDIATE MESSAGE DIGEST.
pub(crate) fn kimd(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (function, _) = function(cx);
    if function == 0 {
        return query(cx, &[1, 2, 3, 65]);
    }
    let (hash, r2) = (Hash::of(function)?, Text(text).nibble(7));
    check_pair(r2)?;
    require(length_in(cx, r2 | 1).is_multiple_of(hash.block_len() as u64))?;
    let rest = process(cx, hash, r2)?;
    set_cc(cx, if rest == 0 { 0 } else { 3 });
    Ok(0)
}

/// COMPUTE LAST MESSAGE DIGEST.
pub(crate) fn klmd(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (function, _) = function(cx);
    if function == 0 {
        return query(cx, &[1, 2, 3]);
    }
    let (hash, r2) = (Hash::of(function)?, Text(text).nibble(7));
    require(hash != Hash::Ghash)?;
    check_pair(r2)?;
    // Whole blocks first; the last step has less than one.
    if length_in(cx, r2 | 1) >= hash.block_len() as u64 {
        process(cx, hash, r2)?;
        set_cc(cx, 3);
        return Ok(0);
    }
    finish(cx, hash, r2)
}

/// Pads and processes what is less than a block, and leaves the digest where the state was.
fn finish(cx: &mut Cx<S390x>, hash: Hash, r2: u8) -> Helped {
    let (_, parameters) = function(cx);
    let (block, state_len) = (hash.block_len(), hash.state_len());
    let mut state = vec![0; state_len + hash.length_len()];
    storage::fetch_of(cx, (1, parameters), &mut state)?;
    let place = span_of(cx, (1, parameters), state_len as u32, Access::Write)?;
    let len = length_in(cx, r2 | 1);
    let mut message = vec![0; len as usize];
    if len > 0 {
        let from = address_in(cx, r2);
        storage::fetch_of(cx, (r2, from), &mut message)?;
    }
    message.push(0x80);
    while message.len() % block != block - hash.length_len() {
        message.push(0);
    }
    message.extend(&state[state_len..]);
    hash.compress(&mut state, &message);
    place.write(cx, &state[..state_len]);
    advance(cx, r2, len);
    put_length(cx, r2 | 1, 0);
    set_cc(cx, 0);
    Ok(0)
}

/// PERFORM RANDOM NUMBER OPERATION: raw entropy for the first operand, conditioned entropy for the second.
pub(crate) fn prno(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    const RATIO: u8 = 112;
    const TRUE_RANDOM: u8 = 114;
    let (function, parameters) = function(cx);
    match function {
        0 => query(cx, &[RATIO, TRUE_RANDOM]),
        RATIO => {
            // One byte is as good as another.
            storage::store_of(cx, (1, parameters), &[0, 0, 0, 1, 0, 0, 0, 1])?;
            set_cc(cx, 0);
            Ok(0)
        }
        TRUE_RANDOM => {
            let (r1, r2) = (Text(text).nibble(6), Text(text).nibble(7));
            check_pair(r1)?;
            check_pair(r2)?;
            let mut room = STEP;
            for register in [r1, r2] {
                room -= fill(cx, register, room)?;
            }
            let rest = length_in(cx, r1 | 1) | length_in(cx, r2 | 1);
            set_cc(cx, if rest == 0 { 0 } else { 3 });
            Ok(0)
        }
        _ => Err(program(code::SPECIFICATION)),
    }
}

/// Fills the operand in a pair of registers with at most so many random bytes; gives how many.
fn fill(cx: &mut Cx<S390x>, register: u8, room: u64) -> Result<u64, Exit<S390x>> {
    let len = length_in(cx, register | 1);
    let count = len.min(room);
    if count > 0 {
        let to = address_in(cx, register);
        let target = span_of(cx, (register, to), count as u32, Access::Write)?;
        let mut bytes = vec![0; count as usize];
        cx.platform.random(&mut bytes);
        target.write(cx, &bytes);
        advance(cx, register, count);
        put_length(cx, register | 1, len - count);
    }
    Ok(count)
}
