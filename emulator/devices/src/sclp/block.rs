//! The service-call control block: what a program and the machine write to each other.

use lockstep_memory::PhysMem;

use super::spec;

/// A copy of a block, on which a command works.
pub(super) struct Block {
    bytes: Vec<u8>,
}

impl Block {
    /// The block at an address; `None` when it is not in memory.
    pub(super) fn read(mem: &PhysMem, address: u64) -> Option<Self> {
        let length = usize::from(u16::from_be_bytes(mem.read(address)?));
        let mut bytes = vec![0; length.max(spec::HEADER)];
        mem.read_bytes(address, &mut bytes).ok()?;
        Some(Self { bytes })
    }

    pub(super) fn write(&self, mem: &mut PhysMem, address: u64) -> bool {
        mem.write_bytes(address, &self.bytes).is_ok()
    }

    /// The length that the program gave.
    pub(super) fn length(&self) -> u16 {
        self.half(0)
    }

    pub(super) fn function(&self) -> u8 {
        self.bytes[spec::FUNCTION]
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Zeros where the block ends.
    pub(super) fn half(&self, at: usize) -> u16 {
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        u16::from_be_bytes([byte(at), byte(at + 1)])
    }

    /// Puts bytes into the block, as far as it goes.
    pub(super) fn put(&mut self, at: usize, from: &[u8]) {
        for (to, byte) in self.bytes.iter_mut().skip(at).zip(from) {
            *to = *byte;
        }
    }

    /// Zeros from an offset to the end.
    pub(super) fn clear_from(&mut self, at: usize) {
        self.bytes.iter_mut().skip(at).for_each(|byte| *byte = 0);
    }

    pub(super) fn respond(&mut self, code: u16) {
        self.put(spec::RESPONSE, &code.to_be_bytes());
    }

    /// Tells how much of the block is an answer, if the program wants to know.
    pub(super) fn shorten(&mut self, length: usize) {
        if self.bytes[spec::CONTROL] & spec::CONTROL_VARIABLE_LENGTH != 0 {
            self.bytes[spec::CONTROL] &= !spec::CONTROL_VARIABLE_LENGTH;
            self.put(0, &(length as u16).to_be_bytes());
        }
    }
}
