//! What every guest processor shares.
//!
//! A guest architecture is a table of instructions whose meanings are written once, against [`Emit`], and run by
//! every engine. This crate has the two traits that make this possible, the state that all guests have alike
//! ([`Vcpu`], [`Tlb`]), what an executing instruction can touch ([`Cx`]), and the first engine: the interpreter.

mod access;
mod cx;
mod debug;
mod emit;
pub mod engine;
#[cfg(feature = "faults")]
mod faults;
pub mod float;
mod guest;
mod interp;
mod tlb;
mod traps;
mod vcpu;

pub use access::{Access, GUARDED, Mem, Size};
pub use cx::{Cx, Exit, Request, peek};
pub use debug::{RegisterGroup, RegisterInfo};
pub use emit::{Binary, Compare, Emit, Helper, Reg, SINK, Unary, Width};
pub use engine::{Engine, Stats, Stretch};
pub use guest::{BusError, Decoded, Guest, Meaning, Platform, Step, Translation};
pub use interp::{Interpreter, Op};
pub use tlb::{Tlb, TlbEntry, TlbState};
pub use traps::{DeviceHit, DeviceRegion, Traps, Watch, WatchHit, WatchKind};
pub use vcpu::{Fetch, MmuCx, PowerState, REGS, VREGS, Vcpu, VcpuState};
