//! The AArch64 guest: Armv8.0-A at EL1 and EL0, with CRC32, LSE atomics and PAN.
//!
//! `table` has a row per instruction; `decode` finds the row and takes the operands apart; `integer`, `memory_ops`,
//! `branch` and `system` say what the rows mean; `mmu` walks page tables; `exceptions` enters and leaves handlers;
//! `registers` are the system registers. Section numbers are those of the Arm Architecture Reference Manual for
//! A-profile (DDI 0487).

mod atomics;
mod branch;
mod conditional;
mod decode;
mod disassemble;
pub mod flags;
mod insn;
mod integer;
mod memory_ops;
mod ops;
mod platform;
mod system;
mod table;

pub use decode::decode;
pub use disassemble::disassemble;
pub use insn::{Exception, Insn, reg};
pub use platform::Aarch64Platform;
pub use table::{Row, UNDEFINED, meaning, rows};

/// The guest architecture.
#[derive(Clone, Copy, Debug)]
pub struct Aarch64;
