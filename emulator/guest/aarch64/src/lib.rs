//! The AArch64 guest: Armv8.0-A at EL1 and EL0, with CRC32, LSE atomics and PAN.
//!
//! `table` has a row per instruction; `decode` finds the row and takes the operands apart; `integer`, `memory_ops`,
//! `branch` and `system` say what the rows mean; `mmu` walks page tables; `exceptions` enters and leaves handlers;
//! `registers` are the system registers. Section numbers are those of the Arm Architecture Reference Manual for
//! A-profile (DDI 0487).

mod insn;
mod platform;

pub use insn::{Exception, Insn, reg};
pub use platform::Aarch64Platform;
