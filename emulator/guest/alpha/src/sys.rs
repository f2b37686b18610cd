//! What a processor has beside its registers, and what follows from it.
//!
//! These are the internal processor registers that OSF/1 PALcode keeps, as it shows them to an operating system
//! (Alpha Architecture Handbook, part II-A). Those that meanings need are in [`crate::reg`].

use lockstep_cpu::Vcpu;
use serde::{Deserialize, Serialize};

use crate::Alpha;
use crate::insn::reg;

/// A processor.
pub(crate) type Cpu = Vcpu<Alpha>;

/// The kernel's entry points, by their numbers in CALL_PAL WRENT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Entry {
    /// Interrupts.
    Interrupt = 0,
    /// Arithmetic traps.
    Arithmetic = 1,
    /// Memory management faults.
    Memory = 2,
    /// Instruction faults.
    Instruction = 3,
    /// Unaligned accesses.
    Unaligned = 4,
    /// System calls.
    System = 5,
}

/// Entry points.
pub const ENTRIES: usize = 6;

/// PS: bits 2:0, the interrupt priority level.
pub const PS_IPL: u64 = 7;
/// PS: user mode.
pub const PS_USER: u64 = 8;

/// The internal processor registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sys {
    /// Where the kernel is entered, by [`Entry`].
    pub entries: [u64; ENTRIES],
    /// The page frame number of the first-level page table.
    pub ptbr: u64,
    /// The virtual address of the page tables; kept for the kernel, and not used.
    pub vptb: u64,
    /// The physical address of the current process control block.
    pub pcbb: u64,
    /// The address space number, 8 bits.
    pub asn: u16,
    /// The kernel's global pointer.
    pub kgp: u64,
    /// The kernel's stack pointer while user code runs.
    pub ksp: u64,
    /// The user's stack pointer while the kernel runs.
    pub usp: u64,
    /// The value of WRVAL.
    pub sysval: u64,
    /// Machine check error summary.
    pub mces: u64,
    /// What RPCC has in its high half: to be added to the cycle counter.
    pub cycle_offset: u32,
    /// The floating-point control register.
    pub fpcr: u64,
}

/// The control block of a process (handbook, part II-A, 4.2): offsets of its fields.
pub mod pcb {
    /// Kernel stack pointer.
    pub const KSP: u64 = 0;
    /// User stack pointer.
    pub const USP: u64 = 8;
    /// Page frame number of the first-level page table.
    pub const PTBR: u64 = 16;
    /// Cycle counter, 32 bits.
    pub const PCC: u64 = 24;
    /// Address space number, 32 bits.
    pub const ASN: u64 = 28;
    /// Process unique value.
    pub const UNIQUE: u64 = 32;
    /// Floating-point enable in bit 0.
    pub const FEN: u64 = 40;
}

/// The modes of data accesses ([`lockstep_cpu::MmuCx::mode`]).
pub(crate) mod mode {
    /// User.
    pub(crate) const USER: u8 = 0;
    /// Kernel.
    pub(crate) const KERNEL: u8 = 1;
}

/// Whether user code runs.
pub(crate) fn is_user(cpu: &Cpu) -> bool {
    cpu.regs[usize::from(reg::PS)] & PS_USER != 0
}

/// Recomputes what data accesses need to know. To be called whenever PS or the address space number has changed.
pub(crate) fn derive(cpu: &mut Cpu) {
    cpu.mmu.mode = if is_user(cpu) { mode::USER } else { mode::KERNEL };
    cpu.mmu.space = cpu.sys.asn;
    cpu.mmu.fetch_space = cpu.sys.asn;
    cpu.mmu.align = true;
}

/// Whether floating-point instructions are enabled.
#[must_use]
pub fn fen(cpu: &Cpu) -> bool {
    cpu.regs[usize::from(reg::FP_TRAP)] == 0
}

/// Enables or disables floating-point instructions.
pub fn set_fen(cpu: &mut Cpu, enabled: bool) {
    cpu.regs[usize::from(reg::FP_TRAP)] = u64::from(!enabled);
}
