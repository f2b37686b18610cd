//! A timeline, as a debugger sees it.
//!
//! The GDB remote protocol is a conversation over a byte stream. This crate is one side of it and owns no stream: bytes
//! that came are handed to it, bytes to send are asked for. So it can be tested with any bytes at all, and the sockets
//! stay where all host effects are.

mod arch;
mod debuggee;
mod monitor;
mod points;
mod registers;
mod session;
mod stub;
mod symbols;
mod target;
mod wire;

pub use registers::{RegisterFile, gdb_architecture};
pub use session::{End, Gone, Session, Stream};
pub use symbols::{Symbols, SymbolsError};
