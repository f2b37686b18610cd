//! The AArch64 guest: Armv8.0-A at EL1 and EL0 with cryptography, and of Armv8.1 and Armv8.2 what compilers and kernels
//! use; `registers::id` has the list.
//!
//! `table` has a row per instruction; `decode` finds the row and takes the operands apart; `integer`, `memory_ops`,
//! `branch`, `system`, `vector` and `vector_memory` say what the rows mean; `mmu` walks page tables; `exceptions` enters and leaves handlers;
//! `registers` are the system registers; `debug_exceptions` and `pmu` hit and count what a kernel asked for; `psci` and
//! `semihosting` answer as firmware and as a debugger. Section numbers are those of the Arm Architecture Reference Manual for
//! A-profile (DDI 0487).

mod atomics;
mod branch;
mod conditional;
mod debug_exceptions;
pub mod debug_registers;
mod decode;
mod decode_vector;
mod disassemble;
mod exceptions;
pub mod flags;
mod guest;
mod insn;
mod integer;
mod maintenance;
mod memory_ops;
mod mmu;
mod ops;
mod platform;
mod pmu;
mod psci;
mod registers;
mod semihosting;
mod system;
mod table;
#[cfg(test)]
mod testing;
mod timer;
mod vector;
mod vector_memory;

pub use decode::decode;
pub use disassemble::disassemble;
pub use guest::Broadcast;
pub use insn::{Exception, Insn, reg};
pub use maintenance::Invalidation;
pub use platform::Aarch64Platform;
pub use registers::id::MODEL;
pub use registers::{Sys, affinity};
pub use semihosting::{Folder, Semihosting};
pub use table::{Row, UNDEFINED, meaning, rows};

/// The guest architecture.
#[derive(Clone, Copy, Debug)]
pub struct Aarch64;
