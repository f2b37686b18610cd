//! The Alpha guest: EV67 (21264A) with BWX, FIX, CIX and MVI, and OSF/1 PALcode.
//!
//! `table` has a row per instruction; `decode` finds the row and takes the operands apart; `integer`, `memory_ops`,
//! `branch`, `system` and `float` say what the rows mean; `pal` is PALcode, which the emulator provides, so that no
//! PALmode instruction is ever executed; `mmu` walks page tables; `exceptions` enters and leaves the kernel. Section
//! numbers are those of the Alpha Architecture Handbook, version 4, if not said otherwise.

mod branch;
pub mod debug_registers;
mod decode;
mod disassemble;
mod exceptions;
mod float;
mod guest;
mod insn;
mod integer;
mod logout;
mod memory_ops;
mod mmu;
mod ops;
mod pal;
mod platform;
mod sys;
mod system;
mod table;

pub use decode::decode;
pub use disassemble::{REGISTERS, disassemble};
pub use float::trap::{fpcr, summary};
pub use insn::{Exception, Insn, InsnFault, MmCause, MmFault, reg};
pub use logout::LOGOUT_SIZE;
pub use mmu::translate;
pub use pal::function;
pub use platform::{AlphaPlatform, Halt, Interrupt, line};
pub use sys::{ENTRIES, Entry, PS_IPL, PS_USER, Sys, fen, pcb, set_fen};
pub use table::{Row, UNDEFINED, meaning, row_of, rows};

/// The guest architecture.
#[derive(Clone, Copy, Debug)]
pub struct Alpha;

/// The CALL_PAL function that asks the board for a console routine ([`AlphaPlatform::callback`]). Privileged; OSF/1 has
/// no use for the number.
pub const CALLBACK: u32 = 0x3b;

/// Cycles per second that RPCC counts, unless the board says otherwise.
pub const DEFAULT_CYCLE_FREQUENCY: u64 = 250_000_000;

/// Bytes in a page.
pub const PAGE: u64 = 8192;
