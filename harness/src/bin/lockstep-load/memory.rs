//! Memory bandwidth: copies between two buffers that are larger than caches.

use std::hint::black_box;
use std::io;

/// Of each buffer.
const WORDS: usize = 4 << 20;

pub(crate) fn run() -> io::Result<()> {
    let mut from = vec![1_u64; WORDS];
    let mut to = vec![2_u64; WORDS];
    loop {
        to.copy_from_slice(black_box(&from));
        std::mem::swap(&mut from, &mut to);
    }
}
