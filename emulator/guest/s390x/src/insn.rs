//! What decoded instructions are made of.

/// The operands of a decoded instruction. What each holds is its format's business. Base and index fields are register
/// numbers in [`reg`], with [`reg::ZERO`] where the field is zero, so that meanings need not ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// The instruction's bytes from the highest, with zeros below: what helpers take their operands from.
    pub raw: u64,
    /// An immediate, extended as the format says; relative ones in bytes.
    pub imm: i64,
    /// The displacement of the only or second storage operand.
    pub d2: i32,
    /// The displacement of the first of two storage operands.
    pub d1: i32,
    /// First register.
    pub r1: u8,
    /// Second register.
    pub r2: u8,
    /// Third register.
    pub r3: u8,
    /// A mask, or another field of four bits.
    pub m3: u8,
    /// A second mask.
    pub m4: u8,
    /// Index register.
    pub x2: u8,
    /// Base register of the only or second storage operand.
    pub b2: u8,
    /// Base register of the first of two storage operands.
    pub b1: u8,
    /// Bytes from this instruction's address to the next one's: of the EXECUTE, when that is what executes it.
    pub len: u8,
}

/// Numbers of registers in [`lockstep_cpu::Vcpu::regs`]. General registers are 0 to 15.
pub mod reg {
    use lockstep_cpu::Reg;

    /// The condition code, 0 to 3.
    pub const CC: Reg = 16;
    /// Ones where addresses have bits in the current addressing mode.
    pub const ADDRESS: Reg = 17;
    /// Ones where LOAD ADDRESS and the like leave a register alone in the current addressing mode.
    pub const KEEP: Reg = 18;
    /// What a link of the current addressing mode has besides the address: bit 32 in 31-bit mode.
    pub const LINK: Reg = 19;
    /// Always zero: the base or index that is not there.
    pub const ZERO: Reg = 20;
    /// 1 when fixed-point overflow is to interrupt, else 0.
    pub const TRAP_OVERFLOW: Reg = 21;
    /// Not 0 when CR0 keeps the program from additional floating-point registers and instructions.
    pub const NO_AFP: Reg = 22;
    /// Not 0 when CR0 keeps the program from vector instructions.
    pub const NO_VECTOR: Reg = 23;
    /// In access-register mode, one more than the number of the access register of the operand that is accessed; zero between
    /// instructions.
    pub const OPERAND: Reg = 24;
    /// Access registers: 32 to 47.
    pub const ACCESS: Reg = 32;
    /// The place for results that nobody wants.
    pub const SINK: Reg = lockstep_cpu::SINK;
}

/// A synchronous interruption, as the instruction that caused it describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// A program interruption.
    Program(Program),
    /// SUPERVISOR CALL, with its number.
    Supervisor(u8),
}

/// A program interruption (Principles of Operation, chapter 6, "Program Interruption").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// The interruption code.
    pub code: u16,
    /// The old PSW points at the instruction itself, not at the next one.
    pub nullifies: bool,
    /// The translation-exception identification at real 168, for those that store one.
    pub identification: Option<u64>,
    /// The exception access identification at real 160: the access register, in access-register mode.
    pub access_register: u8,
    /// The data-exception code (real 144), or the monitor class (real 148).
    pub detail: u32,
    /// The monitor code (real 176).
    pub monitor: u64,
    /// The instruction-length code in bytes when it is not that of the instruction at the PSW address: of a fetch that failed,
    /// or zero for a PSW that is not valid.
    pub length: Option<u8>,
    /// The PER event that goes with it, or that it is.
    pub per: Option<crate::PerEvent>,
}

impl Program {
    /// One that suppresses or terminates the instruction, without further information.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self {
            code,
            nullifies: false,
            identification: None,
            access_register: 0,
            detail: 0,
            monitor: 0,
            length: None,
            per: None,
        }
    }
}

/// The bytes of an instruction, for helpers to take fields from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(pub u64);

impl Text {
    /// The byte at a place.
    #[must_use]
    pub const fn byte(self, place: u32) -> u8 {
        (self.0 >> (56 - 8 * place)) as u8
    }

    /// Four bits, by their number from the left.
    #[must_use]
    pub const fn nibble(self, place: u32) -> u8 {
        (self.0 >> (60 - 4 * place)) as u8 & 0xf
    }
}
