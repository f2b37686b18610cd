//! One architecture for all guests.
//!
//! The protocol's library wants to know an architecture when it is compiled. Ours come from the guests' register tables
//! when a recording is opened. So to the library every guest is a machine with 64-bit addresses and registers that are
//! bytes; which registers there are, and how long, is the [`crate::registers`]' knowledge.

use std::num::NonZeroUsize;

use gdbstub::arch::{Arch, RegId, Registers};

/// Any guest.
pub(crate) enum AnyGuest {}

/// All registers of a `g` packet, each byte known or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Blob(pub(crate) Vec<Option<u8>>);

impl Registers for Blob {
    type ProgramCounter = u64;

    /// Not asked for by the library.
    fn pc(&self) -> u64 {
        0
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        self.0.iter().for_each(|byte| write_byte(*byte));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.0 = bytes.iter().copied().map(Some).collect();
        Ok(())
    }
}

/// A register's number in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u32);

impl RegId for Number {
    fn from_raw_id(id: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        Some((Self(u32::try_from(id).ok()?), None))
    }

    fn to_raw_id(&self) -> Option<usize> {
        Some(self.0 as usize)
    }
}

impl Arch for AnyGuest {
    type Usize = u64;
    type Registers = Blob;
    type BreakpointKind = usize;
    type RegId = Number;
}
