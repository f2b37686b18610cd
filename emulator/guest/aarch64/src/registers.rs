//! What an AArch64 processor has beyond its general registers.
//!
//! System registers are where a processor says what it is and where a kernel sets the rules, so a guest finds every
//! shortcut taken here. [`Sys`] is the state, a plain value; `rows` is the one table that says which registers exist,
//! who may touch them, and what reading and writing does; `id` are the registers that say what is implemented.

pub(crate) mod id;
pub(crate) mod rows;

use lockstep_core::VcpuId;
use lockstep_cpu::{MmuCx, Vcpu};
use serde::{Deserialize, Serialize};

use crate::debug_exceptions::{self, Stepped};
use crate::pmu::Pmu;
use crate::{Aarch64, flags, reg};

/// A virtual processor of this architecture.
pub(crate) type Cpu = Vcpu<Aarch64>;

/// Breakpoints that ID_AA64DFR0_EL1 promises: as many as the usual processors have.
pub(crate) const BREAKPOINTS: usize = 6;
/// Of them, the last ones, those that compare contexts.
pub(crate) const CONTEXT_BREAKPOINTS: usize = 2;
/// Watchpoints that ID_AA64DFR0_EL1 promises.
pub(crate) const WATCHPOINTS: usize = 4;

/// Bits of SCTLR_EL1 (section D19.2, SCTLR_EL1).
pub(crate) mod sctlr {
    pub(crate) const M: u64 = 1;
    pub(crate) const A: u64 = 1 << 1;
    pub(crate) const C: u64 = 1 << 2;
    pub(crate) const SA: u64 = 1 << 3;
    pub(crate) const SA0: u64 = 1 << 4;
    pub(crate) const UMA: u64 = 1 << 9;
    pub(crate) const I: u64 = 1 << 12;
    pub(crate) const DZE: u64 = 1 << 14;
    pub(crate) const UCT: u64 = 1 << 15;
    pub(crate) const NTWI: u64 = 1 << 16;
    pub(crate) const NTWE: u64 = 1 << 18;
    pub(crate) const WXN: u64 = 1 << 19;
    pub(crate) const SPAN: u64 = 1 << 23;
    pub(crate) const UCI: u64 = 1 << 26;

    /// Bits that a write can change. EE and E0E are RES0: there is no big-endian data.
    pub(crate) const WRITABLE: u64 =
        M | A | C | SA | SA0 | UMA | I | DZE | UCT | NTWI | NTWE | WXN | SPAN | UCI;
    /// ITD and SED (no AArch32 at EL0), EOS, TSCXT, EIS, nTLSMD, LSMAOE: 1 where their features are absent.
    pub(crate) const RES1: u64 = 1 << 7 | 1 << 8 | 1 << 11 | 1 << 20 | 1 << 22 | 1 << 28 | 1 << 29;
    /// After reset. SPAN is set, so that software older than PAN is left alone.
    pub(crate) const RESET: u64 = RES1 | SPAN;
    /// Bits whose old value TLB entries may hold: the translation of an entry depends on them.
    pub(crate) const IN_TLB: u64 = M | WXN;
}

/// CPACR_EL1.FPEN: 3 lets everybody use floating point, 1 only EL1.
pub(crate) const FPEN: u64 = 3 << 20;
const FPEN_EL1: u64 = 1 << 20;

/// Bits of FPCR (section C5.2.8). No exception traps, so their enable bits are RES0.
pub(crate) mod fpcr {
    pub(crate) const RMODE_SHIFT: u32 = 22;
    pub(crate) const FZ16: u64 = 1 << 19;
    pub(crate) const FZ: u64 = 1 << 24;
    pub(crate) const DN: u64 = 1 << 25;
    pub(crate) const AHP: u64 = 1 << 26;
    pub(crate) const WRITABLE: u64 = FZ16 | 3 << RMODE_SHIFT | FZ | DN | AHP;
}

/// Bits of FPSR (section C5.2.10): QC, IDC, IXC, UFC, OFC, DZC, IOC.
pub(crate) const FPSR_WRITABLE: u64 = 1 << 27 | 0x9f;

/// Bits of TCR_EL1 (section D19.2, TCR_EL1).
pub(crate) mod tcr {
    pub(crate) const EPD0: u64 = 1 << 7;
    pub(crate) const A1: u64 = 1 << 22;
    pub(crate) const EPD1: u64 = 1 << 23;
    pub(crate) const AS: u64 = 1 << 36;
    pub(crate) const TBI0: u64 = 1 << 37;
    pub(crate) const TBI1: u64 = 1 << 38;
    /// The tables' APTable, PXNTable and UXNTable count for nothing.
    pub(crate) const HPD0: u64 = 1 << 41;
    pub(crate) const HPD1: u64 = 1 << 42;
    /// EL0 has nothing in this half.
    pub(crate) const E0PD0: u64 = 1 << 55;
    pub(crate) const E0PD1: u64 = 1 << 56;
    /// Everything that Armv8.0 defines, and these.
    pub(crate) const WRITABLE: u64 = 0x77_ffff_ffbf | HPD0 | HPD1 | E0PD0 | E0PD1;
}

/// Bits of CNTKCTL_EL1.
pub(crate) mod cntkctl {
    pub(crate) const EL0PCTEN: u64 = 1;
    pub(crate) const EL0VCTEN: u64 = 1 << 1;
    pub(crate) const EVNTEN: u64 = 1 << 2;
    pub(crate) const EVNTDIR: u64 = 1 << 3;
    pub(crate) const EL0VTEN: u64 = 1 << 8;
    pub(crate) const EL0PTEN: u64 = 1 << 9;
    pub(crate) const WRITABLE: u64 = 0x3ff;
}

/// Bits of MDSCR_EL1.
pub(crate) mod mdscr {
    /// Software step.
    pub(crate) const SS: u64 = 1;
    /// EL0 may not use the debug communication channel.
    pub(crate) const TDCC: u64 = 1 << 12;
    /// Debug exceptions from EL1, too.
    pub(crate) const KDE: u64 = 1 << 13;
    /// Breakpoints and watchpoints.
    pub(crate) const MDE: u64 = 1 << 15;
    /// What a write changes. HDE, which lets breakpoints halt for an external debugger, is stored and without effect; the
    /// rest belongs to such a debugger.
    pub(crate) const WRITABLE: u64 = SS | TDCC | KDE | 1 << 14 | MDE;
}

/// A generic timer's registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timer {
    /// ENABLE and IMASK. ISTATUS follows from the time.
    pub(crate) ctl: u64,
    pub(crate) cval: u64,
}

/// The system registers and the processor state that meanings do not name directly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sys {
    /// PSTATE.EL: 0 or 1.
    pub(crate) el: u8,
    /// PSTATE.SP: the stack pointer in use is SP_EL1. Never set at EL0.
    pub(crate) spsel: bool,
    /// PSTATE.{D,A,I,F}, D in bit 3.
    pub(crate) daif: u8,
    /// PSTATE.PAN.
    pub(crate) pan: bool,
    /// PSTATE.IL.
    pub(crate) il: bool,
    /// PSTATE.SS.
    pub(crate) ss: bool,
    /// What a software step that is over has stepped.
    pub(crate) stepped: Stepped,
    /// The stack pointer that is not in use; the other is in `regs[reg::SP]`.
    pub(crate) other_sp: u64,
    /// The event register of WFE.
    pub(crate) event: bool,

    pub(crate) sctlr: u64,
    pub(crate) cpacr: u64,
    pub(crate) fpcr: u64,
    pub(crate) fpsr: u64,
    pub(crate) ttbr0: u64,
    pub(crate) ttbr1: u64,
    pub(crate) tcr: u64,
    pub(crate) mair: u64,
    pub(crate) contextidr: u64,

    pub(crate) vbar: u64,
    pub(crate) rvbar: u64,
    pub(crate) elr: u64,
    pub(crate) spsr: u64,
    pub(crate) esr: u64,
    pub(crate) far: u64,
    pub(crate) par: u64,
    pub(crate) disr: u64,

    pub(crate) tpidr_el0: u64,
    pub(crate) tpidrro_el0: u64,
    pub(crate) tpidr_el1: u64,
    pub(crate) csselr: u64,

    pub(crate) cntfrq: u64,
    pub(crate) cntkctl: u64,
    /// Physical, virtual: by calendar number.
    pub(crate) timers: [Timer; 2],

    pub(crate) pmu: Pmu,

    pub(crate) mdscr: u64,
    pub(crate) mdccint: u64,
    pub(crate) os_lock: bool,
    pub(crate) osdlr: u64,
    pub(crate) dbgprcr: u64,
    pub(crate) dbgclaim: u64,
    pub(crate) dbgbvr: [u64; BREAKPOINTS],
    pub(crate) dbgbcr: [u64; BREAKPOINTS],
    pub(crate) dbgwvr: [u64; WATCHPOINTS],
    pub(crate) dbgwcr: [u64; WATCHPOINTS],
}

impl Sys {
    /// After reset: EL1 on its own stack pointer, everything masked, MMU off (section D1.9). What the architecture
    /// leaves unknown is zero. RVBAR_EL1 is `entry`.
    pub(crate) fn reset(entry: u64) -> Self {
        Self {
            el: 1,
            spsel: true,
            daif: 0xf,
            pan: false,
            il: false,
            ss: false,
            stepped: Stepped::Nothing,
            other_sp: 0,
            event: false,
            sctlr: sctlr::RESET,
            cpacr: 0,
            fpcr: 0,
            fpsr: 0,
            ttbr0: 0,
            ttbr1: 0,
            tcr: 0,
            mair: 0,
            contextidr: 0,
            vbar: 0,
            rvbar: entry,
            elr: 0,
            spsr: 0,
            esr: 0,
            far: 0,
            par: 0,
            disr: 0,
            tpidr_el0: 0,
            tpidrro_el0: 0,
            tpidr_el1: 0,
            csselr: 0,
            cntfrq: crate::timer::FREQUENCY,
            cntkctl: 0,
            timers: [Timer::default(); 2],
            pmu: Pmu::default(),
            mdscr: 0,
            mdccint: 0,
            os_lock: true,
            osdlr: 0,
            dbgprcr: 0,
            dbgclaim: 0,
            dbgbvr: [0; BREAKPOINTS],
            dbgbcr: [0; BREAKPOINTS],
            dbgwvr: [0; WATCHPOINTS],
            dbgwcr: [0; WATCHPOINTS],
        }
    }

    /// Whether this exception level is kept from floating point.
    pub(crate) const fn traps_float(&self) -> bool {
        match self.cpacr & FPEN {
            FPEN => false,
            FPEN_EL1 => self.el == 0,
            _ => true,
        }
    }

    /// The current ASID (section D8.13.2): of the TTBR that TCR_EL1.A1 names, 8 bits wide unless TCR_EL1.AS is set.
    pub(crate) const fn asid(&self) -> u16 {
        let ttbr = if self.tcr & tcr::A1 != 0 { self.ttbr1 } else { self.ttbr0 };
        self.asid_bits((ttbr >> 48) as u16)
    }

    /// The bits of an ASID that count.
    pub(crate) const fn asid_bits(&self, asid: u16) -> u16 {
        if self.tcr & tcr::AS != 0 { asid } else { asid & 0xff }
    }

    /// An address without its tag, where TCR_EL1 says that its half of the address space has tags (section D8.8).
    /// Instruction addresses follow the same bits.
    #[inline]
    pub(crate) const fn untag(&self, address: u64) -> u64 {
        let upper = address & 1 << 55 != 0;
        let ignored = self.tcr & if upper { tcr::TBI1 } else { tcr::TBI0 } != 0;
        match (ignored, upper) {
            (false, _) => address,
            (true, false) => address & (u64::MAX >> 8),
            (true, true) => address | !(u64::MAX >> 8),
        }
    }
}

/// Bits of SPSR_EL1 (section C5.2.18).
pub(crate) mod spsr {
    pub(crate) const N: u64 = 1 << 31;
    pub(crate) const Z: u64 = 1 << 30;
    pub(crate) const C: u64 = 1 << 29;
    pub(crate) const V: u64 = 1 << 28;
    pub(crate) const PAN: u64 = 1 << 22;
    pub(crate) const SS: u64 = 1 << 21;
    pub(crate) const IL: u64 = 1 << 20;
    pub(crate) const DAIF_SHIFT: u32 = 6;
    pub(crate) const MODE: u64 = 0x1f;
    pub(crate) const EL0T: u64 = 0;
    pub(crate) const EL1T: u64 = 4;
    pub(crate) const EL1H: u64 = 5;
    /// Bits that exist without AArch32. M\[4\] is one of them: setting it makes a return illegal.
    pub(crate) const WRITABLE: u64 = N | Z | C | V | PAN | SS | IL | 0x3c0 | MODE;
}

/// PSTATE.{N,Z,C,V} in bits 31:28.
pub(crate) fn nzcv(cpu: &Cpu) -> u64 {
    u64::from(flags::nzcv(&cpu.regs))
}

/// Sets PSTATE.{N,Z,C,V} from bits 31:28.
pub(crate) fn set_nzcv(cpu: &mut Cpu, value: u64) {
    flags::set_nzcv(&mut cpu.regs, value as u32);
}

/// PSTATE in the format of SPSR_EL1.
pub(crate) fn pstate(cpu: &Cpu) -> u64 {
    let sys = &cpu.sys;
    nzcv(cpu)
        | if sys.pan { spsr::PAN } else { 0 }
        | if sys.il { spsr::IL } else { 0 }
        | if sys.ss { spsr::SS } else { 0 }
        | u64::from(sys.daif) << spsr::DAIF_SHIFT
        | u64::from(sys.el) << 2
        | u64::from(sys.spsel)
}

/// Chooses the stack pointer: PSTATE.SP.
pub(crate) fn select_sp(cpu: &mut Cpu, spsel: bool) {
    if cpu.sys.spsel != spsel {
        std::mem::swap(&mut cpu.regs[usize::from(reg::SP)], &mut cpu.sys.other_sp);
        cpu.sys.spsel = spsel;
    }
}

/// Recomputes [`MmuCx`], [`reg::FP_TRAP`] and whether to be careful; called after every change of what it depends on. Mode 0 is EL0, 1 EL1, 2 EL1 with PAN.
pub(crate) fn derive(cpu: &mut Cpu) {
    let sys = &cpu.sys;
    let mode = match (sys.el, sys.pan) {
        (0, _) => 0,
        (_, false) => 1,
        (_, true) => 2,
    };
    cpu.regs[usize::from(reg::FP_TRAP)] = sys.traps_float().into();
    let space = sys.asid();
    cpu.mmu = MmuCx { mode, space, fetch_space: space, align: sys.sctlr & sctlr::A != 0 };
    debug_exceptions::derive(cpu);
}

/// The affinity fields of a vCPU's MPIDR_EL1. At most 16 share Aff1, the reach of a GICv3 SGI target list.
#[must_use]
pub const fn affinity(id: VcpuId) -> u64 {
    let id = id.0 as u64;
    id & 0xf | (id >> 4 & 0xff) << 8 | (id >> 12 & 0xff) << 16
}
