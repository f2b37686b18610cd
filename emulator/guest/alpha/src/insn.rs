//! What decoded instructions are made of.

/// The operands of a decoded instruction. Integer registers are numbers in [`reg`], so that meanings need not ask
/// whether 31 is read or written; floating-point registers are their own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// A displacement or literal, sign-extended and scaled; a function code.
    pub imm: i64,
    /// Ra: a source, or of loads the destination.
    pub ra: u8,
    /// Rb: the second source, or the base of an address.
    pub rb: u8,
    /// Rc: the destination.
    pub rc: u8,
    /// Qualifiers of floating-point instructions: the upper bits of the function code.
    pub aux: u16,
}

/// Numbers of registers in [`lockstep_cpu::Vcpu::regs`].
pub mod reg {
    use lockstep_cpu::Reg;

    /// Where functions return their value.
    pub const V0: Reg = 0;
    /// First argument.
    pub const A0: Reg = 16;
    /// Second argument.
    pub const A1: Reg = 17;
    /// Third argument.
    pub const A2: Reg = 18;
    /// The global pointer.
    pub const GP: Reg = 29;
    /// The current stack pointer (the other one is in the system registers).
    pub const SP: Reg = 30;
    /// R31 as a source: always holds zero. R0 to R30 are 0 to 30.
    pub const ZR: Reg = 31;
    /// R31 as a destination.
    pub const SINK: Reg = lockstep_cpu::SINK;
    /// The processor status: bits 2:0 are the interrupt priority level, bit 3 is user mode.
    pub const PS: Reg = 32;
    /// Not 0 when floating-point instructions trap (the inverse of FEN).
    pub const FP_TRAP: Reg = 33;
    /// 1 while the lock flag is set, else 0.
    pub const LOCK: Reg = 34;
    /// The address of the locked 16 bytes.
    pub const LOCK_ADDRESS: Reg = 35;
    /// The process unique value (RDUNIQUE).
    pub const UNIQUE: Reg = 36;
    /// The interrupt flag that RS and RC read.
    pub const INTR: Reg = 37;
}

/// A synchronous exception, as the instruction that caused it describes it. PALcode makes the arguments of a
/// kernel's entry point of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// entArith: an arithmetic trap.
    Arithmetic {
        /// The exception summary ([`crate::summary`]), argument a0.
        summary: u64,
        /// The register write mask, argument a1.
        mask: u64,
    },
    /// entMM: a memory management fault.
    Memory {
        /// The address, argument a0.
        address: u64,
        /// What is wrong (MMCSR), argument a1.
        code: MmFault,
        /// What was tried, argument a2.
        cause: MmCause,
    },
    /// entUna: an unaligned data access.
    Unaligned {
        /// The address, argument a0.
        address: u64,
        /// The instruction's opcode, argument a1.
        opcode: u8,
        /// The number of its data register, argument a2.
        register: u8,
    },
    /// entIF: an instruction fault.
    Instruction(InsnFault),
    /// entSys: CALL_PAL CALLSYS.
    System,
    /// A machine check: an access where nothing answers.
    MachineCheck {
        /// The physical address.
        address: u64,
    },
}

/// The MMCSR codes of memory management faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum MmFault {
    /// Translation not valid.
    NotValid = 0,
    /// Access violation.
    Access = 1,
    /// Fault on read.
    OnRead = 2,
    /// Fault on execute.
    OnExecute = 3,
    /// Fault on write.
    OnWrite = 4,
}

/// What was tried when memory management faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum MmCause {
    /// An instruction fetch.
    Fetch = -1,
    /// A load.
    Load = 0,
    /// A store.
    Store = 1,
}

/// The codes of instruction faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum InsnFault {
    /// CALL_PAL BPT.
    Breakpoint = 0,
    /// CALL_PAL BUGCHK.
    Bugcheck = 1,
    /// CALL_PAL GENTRAP.
    Gentrap = 2,
    /// A floating-point instruction while they are disabled.
    FloatDisabled = 3,
    /// A reserved or privileged instruction.
    Opcode = 4,
}
