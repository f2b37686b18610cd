//! What decoded instructions are made of.

/// The operands of a decoded instruction. What each holds is its format's business; register fields are numbers in
/// [`reg`], so that meanings need not ask whether 31 is the stack pointer or zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// An immediate, sign-extended and scaled.
    pub imm: i64,
    /// Destination, or the register that is stored.
    pub rd: u8,
    /// First source, or the base of an address.
    pub rn: u8,
    /// Second source, or an index.
    pub rm: u8,
    /// Third source, or the second register of a pair.
    pub ra: u8,
    /// A condition, a shift or extend kind, flags: whatever the format says.
    pub aux: u8,
    /// A shift amount, a bit number: whatever the format says.
    pub amount: u8,
}

/// Numbers of registers in [`lockstep_cpu::Vcpu::regs`].
pub mod reg {
    use lockstep_cpu::Reg;

    /// The zero register as a source: always holds zero. X0 to X30 are 0 to 30.
    pub const ZR: Reg = 31;
    /// The zero register as a destination.
    pub const SINK: Reg = lockstep_cpu::SINK;
    /// The current stack pointer (the other one is in the system registers).
    pub const SP: Reg = 32;
    /// Bit 63 is PSTATE.N.
    pub const N: Reg = 33;
    /// Zero when PSTATE.Z is set.
    pub const NOT_Z: Reg = 34;
    /// PSTATE.C, 0 or 1.
    pub const C: Reg = 35;
    /// Bit 63 is PSTATE.V.
    pub const V: Reg = 36;
    /// 1 while the exclusive monitor is armed, else 0.
    pub const MONITOR: Reg = 37;
    /// The address that the exclusive monitor watches (virtual, aligned to the access).
    pub const MONITOR_ADDRESS: Reg = 38;
    /// Bytes that the exclusive monitor watches.
    pub const MONITOR_SIZE: Reg = 39;
    /// Not 0 when CPACR_EL1 keeps this exception level from floating point; follows from it.
    pub const FP_TRAP: Reg = 40;
}

/// A synchronous exception (section D1.10), as the instruction that caused it describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// ESR_EL1: EC, IL and ISS.
    pub syndrome: u32,
    /// FAR_EL1, for the classes that set it.
    pub far: Option<u64>,
    /// Whether the preferred return address is the next instruction (SVC, HVC, SMC) or this one.
    pub returns_after: bool,
}
