//! From encodings to operands.

use lockstep_cpu::Decoded;

use crate::Insn;

/// Decodes an instruction.
#[must_use]
pub fn decode(word: u32) -> Decoded<Insn> {
    let _ = word;
    Decoded { row: u16::MAX, insn: Insn::default(), len: 4, ends_block: true }
}
