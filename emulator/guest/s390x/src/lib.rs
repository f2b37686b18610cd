//! The s390x guest: z/Architecture from the first through the z14, as far as [`facilities`] say.
//!
//! `table` has a row per instruction, in groups; `decode` finds the row and takes the operands apart; `integer`, `memory_ops`,
//! `branch`, `long`, `system`, `io`, `float`, `decimal`, `crypto` and `vector` say what the rows mean; `mmu` walks
//! translation tables, `asn`, `program_call`, `linkage` and `authority` go from one address space to another, `trace` and `trap`
//! tell of it, `storage` is how helpers reach operands, `exceptions` takes interruptions, `psw` and `sys` hold what a
//! processor has beyond its registers. "Principles of Operation" is SA22-7832.

mod access;
mod access_registers;
mod asn;
mod authority;
mod branch;
mod control;
mod control_ops;
mod crypto;
mod crypto_hash;
pub mod debug_registers;
mod decimal;
mod decode;
mod disassemble;
mod disassemble_vector;
mod exceptions;
mod execute;
pub mod facilities;
#[cfg(feature = "faults")]
mod faults;
mod float;
mod float_control;
mod float_convert;
mod float_registers;
mod guest;
mod insn;
mod integer;
mod io;
mod keys;
mod keys_ops;
mod linkage;
mod locked;
mod long;
pub mod lowcore;
mod memory_ops;
mod mmu;
mod mvc;
mod mvc_ops;
mod ops;
mod per;
mod platform;
mod program_call;
pub mod psw;
mod reset;
mod shifts;
mod signal;
mod sort;
mod storage;
mod sys;
mod system;
mod table;
mod timing;
mod timing_ops;
mod trace;
mod translate;
mod translation_ops;
mod trap;
mod vector;
mod watchdog;

pub use decode::decode;
pub use disassemble::disassemble;
pub use guest::Broadcast;
pub use insn::{Exception, Insn, Program, Text, reg};
pub use keys::{
    ACCESS_CONTROL, CHANGE, FETCH_PROTECTION, REFERENCE, StorageKeys, StorageKeysState,
};
pub use per::PerEvent;
pub use platform::{
    Diagnose, Diagnosed, Halt, IoInterruption, Outcome, Refusal, S390xPlatform, line,
};
pub use reset::Reset;
pub use signal::Signal;
pub use sys::{Space, SpaceKind, Sys};
pub use table::{Row, UNDEFINED, rows};
pub use timing::{tod, tod_of_unix_seconds};

/// The guest architecture.
#[derive(Clone, Copy, Debug)]
pub struct S390x;
