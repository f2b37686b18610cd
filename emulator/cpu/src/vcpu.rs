//! A virtual processor's state.

use lockstep_core::VcpuId;
use serde::{Deserialize, Serialize};

use crate::{Guest, SINK, Tlb, TlbState};

/// Registers that meanings can name directly.
pub const REGS: usize = 64;
/// Vector registers.
pub const VREGS: usize = 32;

/// What a vCPU is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerState {
    /// Executing instructions.
    #[default]
    Running,
    /// Waiting for an interrupt.
    Waiting,
    /// Waiting for an event or an interrupt; may go on at any time.
    WaitingForEvent,
    /// Off, until another vCPU powers it on.
    Off,
}

/// The page from which instructions are being fetched. The TLB is asked when the page changes, and after
/// anything that the architecture says can change the translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Virtual page number.
    pub page: u64,
    /// Physical page number.
    pub frame: u64,
}

/// What data accesses need to know of the processor's mode; derived by the guest from its system registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MmuCx {
    /// Which permission bits of TLB entries apply (0 is user mode, at most 3).
    pub mode: u8,
    /// The address space of data.
    pub space: u16,
    /// The address space of instructions.
    pub fetch_space: u16,
    /// Every data access insists on natural alignment.
    pub align: bool,
}

/// One virtual processor.
#[derive(Clone, Debug, PartialEq)]
pub struct Vcpu<G: Guest> {
    /// Which.
    pub id: VcpuId,
    /// The address of the next instruction.
    pub pc: u64,
    /// The registers that meanings name; the guest says which is which.
    pub regs: [u64; REGS],
    /// The vector registers.
    pub vregs: [u128; VREGS],
    /// The rest.
    pub sys: G::Sys,
    /// Cached translations.
    pub tlb: Tlb,
    /// Where instructions come from.
    pub fetch: Option<Fetch>,
    /// Running or waiting.
    pub power: PowerState,
    /// Interrupt lines, as last read from the platform.
    pub lines: u32,
    /// Derived: the mode of data accesses.
    pub mmu: MmuCx,
    /// Derived: the guest looks at every instruction before it runs, see [`Guest::run_carefully`].
    pub careful: bool,
    /// Derived: the guest looks at every data access before it is made, see [`Guest::watch`]. Only with `careful`.
    pub watched: bool,
}

impl<G: Guest> Vcpu<G> {
    /// A vCPU with all registers zero, which the guest completes.
    #[must_use]
    pub fn new(id: VcpuId, sys: G::Sys) -> Self {
        Self {
            id,
            pc: 0,
            regs: [0; REGS],
            vregs: [0; VREGS],
            sys,
            tlb: Tlb::default(),
            fetch: None,
            power: PowerState::default(),
            lines: 0,
            mmu: MmuCx::default(),
            careful: false,
            watched: false,
        }
    }
}

/// What a snapshot keeps of a [`Vcpu`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VcpuState<S> {
    pc: u64,
    regs: Vec<u64>,
    vregs: Vec<u128>,
    sys: S,
    tlb: TlbState,
    fetch: Option<Fetch>,
    power: PowerState,
}

impl<G: Guest> Vcpu<G> {
    /// The state to save. Interrupt lines belong to the platform, derived fields to nobody.
    #[must_use]
    pub fn state(&self) -> VcpuState<G::Sys> {
        let mut regs = self.regs.to_vec();
        regs[usize::from(SINK)] = 0;
        VcpuState {
            pc: self.pc,
            regs,
            vregs: self.vregs.to_vec(),
            sys: self.sys.clone(),
            tlb: self.tlb.state(),
            fetch: self.fetch,
            power: self.power,
        }
    }

    /// The vCPU of a saved state; `None` when that cannot be one.
    #[must_use]
    pub fn from_state(id: VcpuId, state: VcpuState<G::Sys>) -> Option<Self> {
        let mut cpu = Self::new(id, state.sys);
        cpu.pc = state.pc;
        cpu.regs = state.regs.try_into().ok()?;
        cpu.vregs = state.vregs.try_into().ok()?;
        cpu.tlb = Tlb::from_state(&state.tlb)?;
        cpu.fetch = state.fetch;
        cpu.power = state.power;
        G::restored(&mut cpu);
        Some(cpu)
    }
}
