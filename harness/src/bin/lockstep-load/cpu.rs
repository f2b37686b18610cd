//! A busy loop: somebody who always wants the core.

use std::hint::black_box;
use std::io;

pub(crate) fn run() -> io::Result<()> {
    let mut number = 1_u64;
    loop {
        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
