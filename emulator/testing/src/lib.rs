//! What the tests of several crates share.
//!
//! Three guests are held to the same standards: random operands of the same kinds, `objdump` for what an instruction is, QEMU for
//! what it does, and one engine for the other. How that is done stands here once; what is particular to a guest stays with
//! its tests. Only `dev-dependencies` name this crate. What goes wrong here is a test that fails, so it panics.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run other programs, are told how much to try, and print what they did; no machine does"
)]

mod objdump;
mod qemu;
mod random;
mod sequences;

use std::process::Command;

pub use objdump::{Judgement, Objdump, Tally, single_spaced};
pub use qemu::{Kernel, Qemu};
pub use random::Random;
pub use sequences::{compare, run, sequences, setting};

/// Whether a program is there; says so when a test has to be skipped, and which Debian package has it.
fn is_installed(program: &str, package: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("SKIPPED: {program} is not installed (Debian: {package})");
    }
    found
}
