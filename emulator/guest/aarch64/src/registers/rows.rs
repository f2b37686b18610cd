//! The system registers: a row each.
//!
//! A row says what a register is called, how MRS and MSR name it, what EL0 may do with it, and what reading and
//! writing does. MRS, MSR and the debugger all go by it. An encoding without a row is unallocated, and that is UNDEFINED
//! (section C5.1), with one exception: the space of ID registers reads as zero.

use lockstep_cpu::Cx;

use super::{
    BREAKPOINTS, Cpu, FPEN, FPSR_WRITABLE, Sys, WATCHPOINTS, affinity, cntkctl, fpcr, id, mdscr,
    sctlr, spsr, tcr,
};
use crate::pmu::{self, Pmu, userenr};
use crate::{Aarch64, timer};

/// What EL0 may do with a register. EL1 may do whatever the register can.
#[derive(Clone, Copy)]
pub(crate) enum El0 {
    /// Nothing: UNDEFINED.
    Never,
    /// Read and write.
    Always,
    /// Read; writing is UNDEFINED.
    Read,
    /// Read and write when this holds; else the access traps to EL1.
    When(fn(&Sys) -> bool),
    /// Read when this holds, else trap; writing is UNDEFINED.
    ReadWhen(fn(&Sys) -> bool),
    /// Read and write, each when something holds; else trap.
    Either {
        /// For reading.
        read: fn(&Sys) -> bool,
        /// For writing.
        write: fn(&Sys) -> bool,
    },
}

/// What reading does.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    /// UNDEFINED.
    No,
    /// Always this.
    Constant(u64),
    /// Something that the processor knows.
    Cpu(fn(&Cpu) -> u64),
    /// Something outside the processor.
    Machine(fn(&mut Cx<Aarch64>) -> u64),
    /// The interrupt controller's business.
    Gic,
}

/// What writing does.
#[derive(Clone, Copy)]
pub(crate) enum Write {
    /// UNDEFINED.
    No,
    /// Nothing.
    Ignored,
    /// Something inside the processor, and then this.
    Cpu(fn(&mut Cpu, u64) -> After),
    /// Something outside the processor.
    Machine(fn(&mut Cx<Aarch64>, u64)),
    /// The interrupt controller's business.
    Gic,
}

/// What has to follow a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing.
    Nothing,
    /// The translation of addresses may have changed; entries in the TLB stay, as the architecture allows.
    Regime,
    /// The same, and the TLB is emptied.
    Flush,
    /// Interrupts may have been unmasked, and debug exceptions.
    Masks,
    /// Debug exceptions may hit that did not before, or the other way round.
    Debug,
    /// A timer has to be looked at.
    Timer(usize),
}

/// A system register.
#[derive(Clone, Copy)]
pub(crate) struct Register {
    /// op0:op1:CRn:CRm:op2, as in bits 20:5 of MRS and MSR.
    pub(crate) encoding: u16,
    /// The name in the manual.
    pub(crate) name: &'static str,
    pub(crate) el0: El0,
    pub(crate) read: Read,
    pub(crate) write: Write,
}

/// Packs an encoding.
pub(crate) const fn at(op0: u16, op1: u16, crn: u16, crm: u16, op2: u16) -> u16 {
    op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2
}

const fn row(encoding: u16, name: &'static str, el0: El0, read: Read, write: Write) -> Register {
    Register { encoding, name, el0, read, write }
}

/// An ID register: EL1 reads a constant.
const fn id(encoding: u16, name: &'static str, value: u64) -> Register {
    row(encoding, name, El0::Never, Read::Constant(value), Write::No)
}

/// A register without anything behind it: reads as zero, ignores writes.
const fn empty(encoding: u16, name: &'static str) -> Register {
    row(encoding, name, El0::Never, Read::Constant(0), Write::Ignored)
}

const fn gic(encoding: u16, name: &'static str) -> Register {
    row(encoding, name, El0::Never, Read::Gic, Write::Gic)
}

/// Registers that are a field of [`Sys`], of which a write changes the bits of a mask.
macro_rules! stored {
    ($encoding:expr, $name:expr, $el0:expr, $mask:expr, $after:expr, $($field:tt)+) => {
        row(
            $encoding,
            $name,
            $el0,
            Read::Cpu(|cpu| cpu.sys.$($field)+),
            Write::Cpu(|cpu, value| {
                cpu.sys.$($field)+ = value & ($mask);
                $after
            }),
        )
    };
}

/// A breakpoint's pair of registers (section D19.3). BAS is RES1 without AArch32.
macro_rules! breakpoint {
    ($n:literal, $value:literal, $control:literal) => {
        [
            stored!(at(2, 0, 0, $n, 4), $value, El0::Never, !0, After::Debug, dbgbvr[$n]),
            row(
                at(2, 0, 0, $n, 5),
                $control,
                El0::Never,
                Read::Cpu(|cpu| cpu.sys.dbgbcr[$n]),
                Write::Cpu(|cpu, value| {
                    cpu.sys.dbgbcr[$n] = value & 0x00ff_e007 | 0x1e0;
                    After::Debug
                }),
            ),
        ]
    };
}

/// A watchpoint's pair of registers (section D19.3).
macro_rules! watchpoint {
    ($n:literal, $value:literal, $control:literal) => {
        [
            stored!(at(2, 0, 0, $n, 6), $value, El0::Never, !3, After::Debug, dbgwvr[$n]),
            stored!(
                at(2, 0, 0, $n, 7),
                $control,
                El0::Never,
                0x1f1f_ffff,
                After::Debug,
                dbgwcr[$n]
            ),
        ]
    };
}

const BREAK0: [Register; 2] = breakpoint!(0, "DBGBVR0_EL1", "DBGBCR0_EL1");
const BREAK1: [Register; 2] = breakpoint!(1, "DBGBVR1_EL1", "DBGBCR1_EL1");
const BREAK2: [Register; 2] = breakpoint!(2, "DBGBVR2_EL1", "DBGBCR2_EL1");
const BREAK3: [Register; 2] = breakpoint!(3, "DBGBVR3_EL1", "DBGBCR3_EL1");
const BREAK4: [Register; 2] = breakpoint!(4, "DBGBVR4_EL1", "DBGBCR4_EL1");
const BREAK5: [Register; 2] = breakpoint!(5, "DBGBVR5_EL1", "DBGBCR5_EL1");
const WATCH0: [Register; 2] = watchpoint!(0, "DBGWVR0_EL1", "DBGWCR0_EL1");
const WATCH1: [Register; 2] = watchpoint!(1, "DBGWVR1_EL1", "DBGWCR1_EL1");
const WATCH2: [Register; 2] = watchpoint!(2, "DBGWVR2_EL1", "DBGWCR2_EL1");
const WATCH3: [Register; 2] = watchpoint!(3, "DBGWVR3_EL1", "DBGWCR3_EL1");
const _: () = assert!(BREAKPOINTS == 6 && WATCHPOINTS == 4, "the rows above");

/// A register of the performance monitors, whose value and writing are methods of [`Pmu`].
macro_rules! pmu_row {
    ($encoding:expr, $name:expr, $el0:expr, $get:ident, $set:ident) => {
        row(
            $encoding,
            $name,
            $el0,
            Read::Machine(|cx| pmu::read(cx, Pmu::$get)),
            Write::Machine(|cx, value| pmu::write(cx, |pmu| pmu.$set(value))),
        )
    };
}

/// An event counter and its type.
macro_rules! event_counter {
    ($n:literal, $counter:literal, $kind:literal) => {
        [
            row(
                at(3, 3, 14, 8, $n),
                $counter,
                EVENTS,
                Read::Machine(|cx| pmu::read(cx, |pmu| pmu.count($n))),
                Write::Machine(|cx, value| pmu::write(cx, |pmu| pmu.set_count($n, value))),
            ),
            row(
                at(3, 3, 14, 12, $n),
                $kind,
                MONITORS,
                Read::Machine(|cx| pmu::read(cx, |pmu| pmu.kind($n))),
                Write::Machine(|cx, value| pmu::write(cx, |pmu| pmu.set_kind($n, value))),
            ),
        ]
    };
}

const COUNTER0: [Register; 2] = event_counter!(0, "PMEVCNTR0_EL0", "PMEVTYPER0_EL0");
const COUNTER1: [Register; 2] = event_counter!(1, "PMEVCNTR1_EL0", "PMEVTYPER1_EL0");
const COUNTER2: [Register; 2] = event_counter!(2, "PMEVCNTR2_EL0", "PMEVTYPER2_EL0");
const COUNTER3: [Register; 2] = event_counter!(3, "PMEVCNTR3_EL0", "PMEVTYPER3_EL0");
const COUNTER4: [Register; 2] = event_counter!(4, "PMEVCNTR4_EL0", "PMEVTYPER4_EL0");
const COUNTER5: [Register; 2] = event_counter!(5, "PMEVCNTR5_EL0", "PMEVTYPER5_EL0");
const _: () = assert!(pmu::COUNTERS == 6, "the rows above");

/// What PMUSERENR_EL0 allows EL0.
const fn enabled(sys: &Sys) -> bool {
    sys.pmu.userenr & userenr::EN != 0
}

const fn reads_cycles(sys: &Sys) -> bool {
    sys.pmu.userenr & (userenr::EN | userenr::CR) != 0
}

const fn reads_events(sys: &Sys) -> bool {
    sys.pmu.userenr & (userenr::EN | userenr::ER) != 0
}

const MONITORS: El0 = El0::When(enabled);
const EVENTS: El0 = El0::Either { read: reads_events, write: enabled };

/// A timer's three registers, from the one that ends in op2 = 0.
macro_rules! timer_rows {
    ($crm:literal, $index:literal, $enable:expr, $tval:literal, $ctl:literal, $cval:literal) => {
        [
            row(
                at(3, 3, 14, $crm, 0),
                $tval,
                El0::When(|sys| sys.cntkctl & $enable != 0),
                Read::Machine(|cx| timer::read_tval(cx, $index)),
                Write::Machine(|cx, value| timer::write_tval(cx, $index, value)),
            ),
            row(
                at(3, 3, 14, $crm, 1),
                $ctl,
                El0::When(|sys| sys.cntkctl & $enable != 0),
                Read::Machine(|cx| timer::read_ctl(cx, $index)),
                Write::Cpu(|cpu, value| {
                    cpu.sys.timers[$index].ctl = value & timer::CTL_WRITABLE;
                    After::Timer($index)
                }),
            ),
            stored!(
                at(3, 3, 14, $crm, 2),
                $cval,
                El0::When(|sys| sys.cntkctl & $enable != 0),
                !0,
                After::Timer($index),
                timers[$index].cval
            ),
        ]
    };
}

const PHYSICAL: [Register; 3] =
    timer_rows!(2, 0, cntkctl::EL0PTEN, "CNTP_TVAL_EL0", "CNTP_CTL_EL0", "CNTP_CVAL_EL0");
const VIRTUAL: [Register; 3] =
    timer_rows!(3, 1, cntkctl::EL0VTEN, "CNTV_TVAL_EL0", "CNTV_CTL_EL0", "CNTV_CVAL_EL0");

const COUNTERS: u64 = cntkctl::EL0PCTEN | cntkctl::EL0VCTEN;
const LOW32: u64 = 0xffff_ffff;

/// Every register that has a row, in the order of their encodings as far as that reads well.
pub(crate) const REGISTERS: &[Register] = &[
    // Debug (op0 = 2).
    empty(at(2, 0, 0, 0, 2), "OSDTRRX_EL1"),
    stored!(at(2, 0, 0, 2, 0), "MDCCINT_EL1", El0::Never, 0x6000_0000, After::Nothing, mdccint),
    stored!(at(2, 0, 0, 2, 2), "MDSCR_EL1", El0::Never, mdscr::WRITABLE, After::Debug, mdscr),
    empty(at(2, 0, 0, 3, 2), "OSDTRTX_EL1"),
    empty(at(2, 0, 0, 6, 2), "OSECCR_EL1"),
    BREAK0[0],
    BREAK0[1],
    BREAK1[0],
    BREAK1[1],
    BREAK2[0],
    BREAK2[1],
    BREAK3[0],
    BREAK3[1],
    BREAK4[0],
    BREAK4[1],
    BREAK5[0],
    BREAK5[1],
    WATCH0[0],
    WATCH0[1],
    WATCH1[0],
    WATCH1[1],
    WATCH2[0],
    WATCH2[1],
    WATCH3[0],
    WATCH3[1],
    id(at(2, 0, 1, 0, 0), "MDRAR_EL1", 0),
    row(
        at(2, 0, 1, 0, 4),
        "OSLAR_EL1",
        El0::Never,
        Read::No,
        Write::Cpu(|cpu, value| {
            cpu.sys.os_lock = value & 1 != 0;
            After::Debug
        }),
    ),
    row(
        at(2, 0, 1, 1, 4),
        "OSLSR_EL1",
        El0::Never,
        Read::Cpu(|cpu| id::OSLSR_OSLM | u64::from(cpu.sys.os_lock) << 1),
        Write::No,
    ),
    stored!(at(2, 0, 1, 3, 4), "OSDLR_EL1", El0::Never, 1, After::Debug, osdlr),
    stored!(at(2, 0, 1, 4, 4), "DBGPRCR_EL1", El0::Never, 1, After::Debug, dbgprcr),
    row(
        at(2, 0, 7, 8, 6),
        "DBGCLAIMSET_EL1",
        El0::Never,
        Read::Constant(0xff),
        Write::Cpu(|cpu, value| {
            cpu.sys.dbgclaim |= value & 0xff;
            After::Nothing
        }),
    ),
    row(
        at(2, 0, 7, 9, 6),
        "DBGCLAIMCLR_EL1",
        El0::Never,
        Read::Cpu(|cpu| cpu.sys.dbgclaim),
        Write::Cpu(|cpu, value| {
            cpu.sys.dbgclaim &= !value;
            After::Nothing
        }),
    ),
    id(at(2, 0, 7, 14, 6), "DBGAUTHSTATUS_EL1", id::DBGAUTHSTATUS),
    // The debug communication channel has nobody at its other end.
    row(at(2, 3, 0, 1, 0), "MDCCSR_EL0", DCC, Read::Constant(0), Write::No),
    row(at(2, 3, 0, 4, 0), "DBGDTR_EL0", DCC, Read::Constant(0), Write::Ignored),
    row(at(2, 3, 0, 5, 0), "DBGDTRRX_EL0", DCC, Read::Constant(0), Write::Ignored),
    // Identification. What has no row here reads as zero: see `RESERVED_ID`.
    id(at(3, 0, 0, 0, 0), "MIDR_EL1", id::MIDR),
    row(at(3, 0, 0, 0, 5), "MPIDR_EL1", El0::Never, Read::Machine(mpidr), Write::No),
    id(at(3, 0, 0, 0, 6), "REVIDR_EL1", 0),
    row(
        at(3, 0, 0, 4, 0),
        "ID_AA64PFR0_EL1",
        El0::Never,
        Read::Machine(|cx| {
            let gic = if cx.platform.has_gic_registers() { id::AA64PFR0_GIC } else { 0 };
            id::AA64PFR0 | gic
        }),
        Write::No,
    ),
    id(at(3, 0, 0, 4, 1), "ID_AA64PFR1_EL1", 0),
    id(at(3, 0, 0, 5, 0), "ID_AA64DFR0_EL1", id::AA64DFR0),
    id(at(3, 0, 0, 5, 1), "ID_AA64DFR1_EL1", 0),
    id(at(3, 0, 0, 6, 0), "ID_AA64ISAR0_EL1", id::AA64ISAR0),
    id(at(3, 0, 0, 6, 1), "ID_AA64ISAR1_EL1", id::AA64ISAR1),
    id(at(3, 0, 0, 7, 0), "ID_AA64MMFR0_EL1", id::AA64MMFR0),
    id(at(3, 0, 0, 7, 1), "ID_AA64MMFR1_EL1", id::AA64MMFR1),
    id(at(3, 0, 0, 7, 2), "ID_AA64MMFR2_EL1", id::AA64MMFR2),
    row(at(3, 1, 0, 0, 0), "CCSIDR_EL1", El0::Never, Read::Cpu(ccsidr), Write::No),
    id(at(3, 1, 0, 0, 1), "CLIDR_EL1", id::CLIDR),
    id(at(3, 1, 0, 0, 7), "AIDR_EL1", 0),
    stored!(at(3, 2, 0, 0, 0), "CSSELR_EL1", El0::Never, 0xf, After::Nothing, csselr),
    row(
        at(3, 3, 0, 0, 1),
        "CTR_EL0",
        El0::When(|sys| sys.sctlr & sctlr::UCT != 0),
        Read::Constant(id::CTR),
        Write::No,
    ),
    row(at(3, 3, 0, 0, 7), "DCZID_EL0", El0::Read, Read::Cpu(dczid), Write::No),
    // Control.
    row(
        at(3, 0, 1, 0, 0),
        "SCTLR_EL1",
        El0::Never,
        Read::Cpu(|cpu| cpu.sys.sctlr),
        Write::Cpu(write_sctlr),
    ),
    empty(at(3, 0, 1, 0, 1), "ACTLR_EL1"),
    // Without trace, TTA is RES0.
    stored!(at(3, 0, 1, 0, 2), "CPACR_EL1", El0::Never, FPEN, After::Regime, cpacr),
    stored!(FPCR, "FPCR", El0::Always, fpcr::WRITABLE, After::Nothing, fpcr),
    stored!(FPSR, "FPSR", El0::Always, FPSR_WRITABLE, After::Nothing, fpsr),
    // TLBs are not shared, so that CnP allows nothing.
    stored!(at(3, 0, 2, 0, 0), "TTBR0_EL1", El0::Never, !0, After::Regime, ttbr0),
    stored!(at(3, 0, 2, 0, 1), "TTBR1_EL1", El0::Never, !0, After::Regime, ttbr1),
    stored!(at(3, 0, 2, 0, 2), "TCR_EL1", El0::Never, tcr::WRITABLE, After::Regime, tcr),
    // Exceptions and processor state.
    stored!(at(3, 0, 4, 0, 0), "SPSR_EL1", El0::Never, spsr::WRITABLE, After::Nothing, spsr),
    stored!(at(3, 0, 4, 0, 1), "ELR_EL1", El0::Never, !0, After::Nothing, elr),
    // Only while SP_EL1 is in use (else UNDEFINED: see `system`), so it is always the other one.
    stored!(SP_EL0, "SP_EL0", El0::Never, !0, After::Nothing, other_sp),
    row(
        at(3, 0, 4, 2, 0),
        "SPSel",
        El0::Never,
        Read::Cpu(|cpu| cpu.sys.spsel.into()),
        Write::Cpu(|cpu, value| {
            super::select_sp(cpu, value & 1 != 0);
            After::Nothing
        }),
    ),
    row(
        at(3, 0, 4, 2, 2),
        "CurrentEL",
        El0::Never,
        Read::Cpu(|cpu| u64::from(cpu.sys.el) << 2),
        Write::No,
    ),
    row(
        at(3, 0, 4, 2, 3),
        "PAN",
        El0::Never,
        Read::Cpu(|cpu| if cpu.sys.pan { spsr::PAN } else { 0 }),
        Write::Cpu(|cpu, value| {
            cpu.sys.pan = value & spsr::PAN != 0;
            super::derive(cpu);
            After::Nothing
        }),
    ),
    row(
        at(3, 3, 4, 2, 0),
        "NZCV",
        El0::Always,
        Read::Cpu(super::nzcv),
        Write::Cpu(|cpu, value| {
            super::set_nzcv(cpu, value);
            After::Nothing
        }),
    ),
    row(
        at(3, 3, 4, 2, 1),
        "DAIF",
        El0::When(|sys| sys.sctlr & sctlr::UMA != 0),
        Read::Cpu(|cpu| u64::from(cpu.sys.daif) << spsr::DAIF_SHIFT),
        Write::Cpu(|cpu, value| {
            cpu.sys.daif = (value >> spsr::DAIF_SHIFT) as u8 & 0xf;
            After::Masks
        }),
    ),
    empty(at(3, 0, 5, 1, 0), "AFSR0_EL1"),
    empty(at(3, 0, 5, 1, 1), "AFSR1_EL1"),
    // No error records; and nothing raises SError, so that nothing is ever deferred.
    id(at(3, 0, 5, 3, 0), "ERRIDR_EL1", 0),
    empty(at(3, 0, 5, 3, 1), "ERRSELR_EL1"),
    stored!(at(3, 0, 12, 1, 1), "DISR_EL1", El0::Never, 0x8100_1fff, After::Nothing, disr),
    // LORID_EL1 says that there are no regions, so the rest has no bits.
    empty(at(3, 0, 10, 4, 0), "LORSA_EL1"),
    empty(at(3, 0, 10, 4, 1), "LOREA_EL1"),
    empty(at(3, 0, 10, 4, 2), "LORN_EL1"),
    empty(at(3, 0, 10, 4, 3), "LORC_EL1"),
    id(at(3, 0, 10, 4, 7), "LORID_EL1", 0),
    stored!(at(3, 0, 5, 2, 0), "ESR_EL1", El0::Never, LOW32, After::Nothing, esr),
    stored!(at(3, 0, 6, 0, 0), "FAR_EL1", El0::Never, !0, After::Nothing, far),
    stored!(at(3, 0, 7, 4, 0), "PAR_EL1", El0::Never, !0, After::Nothing, par),
    stored!(at(3, 0, 10, 2, 0), "MAIR_EL1", El0::Never, !0, After::Regime, mair),
    empty(at(3, 0, 10, 3, 0), "AMAIR_EL1"),
    stored!(at(3, 0, 12, 0, 0), "VBAR_EL1", El0::Never, !0x7ff, After::Nothing, vbar),
    // EL1 is the highest exception level, so this one exists; RMR_EL1 needs not to without AArch32.
    row(at(3, 0, 12, 0, 1), "RVBAR_EL1", El0::Never, Read::Cpu(|cpu| cpu.sys.rvbar), Write::No),
    row(at(3, 0, 12, 1, 0), "ISR_EL1", El0::Never, Read::Cpu(isr), Write::No),
    stored!(at(3, 0, 13, 0, 1), "CONTEXTIDR_EL1", El0::Never, LOW32, After::Nothing, contextidr),
    stored!(at(3, 0, 13, 0, 4), "TPIDR_EL1", El0::Never, !0, After::Nothing, tpidr_el1),
    stored!(at(3, 3, 13, 0, 2), "TPIDR_EL0", El0::Always, !0, After::Nothing, tpidr_el0),
    stored!(at(3, 3, 13, 0, 3), "TPIDRRO_EL0", El0::Read, !0, After::Nothing, tpidrro_el0),
    // Generic timers.
    stored!(
        at(3, 0, 14, 1, 0),
        "CNTKCTL_EL1",
        El0::Never,
        cntkctl::WRITABLE,
        After::Nothing,
        cntkctl
    ),
    stored!(
        at(3, 3, 14, 0, 0),
        "CNTFRQ_EL0",
        El0::ReadWhen(|sys| sys.cntkctl & COUNTERS != 0),
        LOW32,
        After::Nothing,
        cntfrq
    ),
    row(
        at(3, 3, 14, 0, 1),
        "CNTPCT_EL0",
        El0::When(|sys| sys.cntkctl & cntkctl::EL0PCTEN != 0),
        Read::Machine(|cx| timer::count(cx.bp.now())),
        Write::No,
    ),
    row(
        at(3, 3, 14, 0, 2),
        "CNTVCT_EL0",
        El0::When(|sys| sys.cntkctl & cntkctl::EL0VCTEN != 0),
        Read::Machine(|cx| timer::count(cx.bp.now())),
        Write::No,
    ),
    PHYSICAL[0],
    PHYSICAL[1],
    PHYSICAL[2],
    VIRTUAL[0],
    VIRTUAL[1],
    VIRTUAL[2],
    // Performance monitors.
    pmu_row!(at(3, 3, 9, 12, 0), "PMCR_EL0", MONITORS, control, set_control),
    pmu_row!(at(3, 3, 9, 12, 1), "PMCNTENSET_EL0", MONITORS, enabled, enable),
    pmu_row!(at(3, 3, 9, 12, 2), "PMCNTENCLR_EL0", MONITORS, enabled, disable),
    pmu_row!(at(3, 3, 9, 12, 3), "PMOVSCLR_EL0", MONITORS, overflowed, clear_overflowed),
    row(
        at(3, 3, 9, 12, 4),
        "PMSWINC_EL0",
        El0::When(|sys| sys.pmu.userenr & (userenr::EN | userenr::SW) != 0),
        Read::No,
        Write::Machine(pmu::software_increment),
    ),
    stored!(
        at(3, 3, 9, 12, 5),
        "PMSELR_EL0",
        El0::When(reads_events),
        0x1f,
        After::Nothing,
        pmu.selected
    ),
    row(
        at(3, 3, 9, 12, 6),
        "PMCEID0_EL0",
        El0::ReadWhen(enabled),
        Read::Constant(pmu::EVENTS),
        Write::No,
    ),
    row(at(3, 3, 9, 12, 7), "PMCEID1_EL0", El0::ReadWhen(enabled), Read::Constant(0), Write::No),
    pmu_row!(
        at(3, 3, 9, 13, 0),
        "PMCCNTR_EL0",
        El0::Either { read: reads_cycles, write: enabled },
        cycles,
        set_cycles
    ),
    row(
        at(3, 3, 9, 13, 1),
        "PMXEVTYPER_EL0",
        MONITORS,
        Read::Machine(|cx| pmu::read(cx, |pmu| pmu.kind(pmu.selection()))),
        Write::Machine(|cx, value| pmu::write(cx, |pmu| pmu.set_kind(pmu.selection(), value))),
    ),
    row(
        at(3, 3, 9, 13, 2),
        "PMXEVCNTR_EL0",
        EVENTS,
        Read::Machine(|cx| pmu::read(cx, |pmu| pmu.count(pmu.selection()))),
        Write::Machine(|cx, value| pmu::write(cx, |pmu| pmu.set_count(pmu.selection(), value))),
    ),
    stored!(
        at(3, 3, 9, 14, 0),
        "PMUSERENR_EL0",
        El0::Read,
        userenr::WRITABLE,
        After::Nothing,
        pmu.userenr
    ),
    pmu_row!(at(3, 0, 9, 14, 1), "PMINTENSET_EL1", El0::Never, interrupts, enable_interrupts),
    pmu_row!(at(3, 0, 9, 14, 2), "PMINTENCLR_EL1", El0::Never, interrupts, disable_interrupts),
    pmu_row!(at(3, 3, 9, 14, 3), "PMOVSSET_EL0", MONITORS, overflowed, set_overflowed),
    pmu_row!(at(3, 3, 14, 15, 7), "PMCCFILTR_EL0", MONITORS, cycle_filter, set_cycle_filter),
    COUNTER0[0],
    COUNTER0[1],
    COUNTER1[0],
    COUNTER1[1],
    COUNTER2[0],
    COUNTER2[1],
    COUNTER3[0],
    COUNTER3[1],
    COUNTER4[0],
    COUNTER4[1],
    COUNTER5[0],
    COUNTER5[1],
    // The GIC CPU interface: which of these exist, and in which direction, is the board's to say.
    gic(at(3, 0, 4, 6, 0), "ICC_PMR_EL1"),
    gic(at(3, 0, 12, 8, 0), "ICC_IAR0_EL1"),
    gic(at(3, 0, 12, 8, 1), "ICC_EOIR0_EL1"),
    gic(at(3, 0, 12, 8, 2), "ICC_HPPIR0_EL1"),
    gic(at(3, 0, 12, 8, 3), "ICC_BPR0_EL1"),
    gic(at(3, 0, 12, 8, 4), "ICC_AP0R0_EL1"),
    gic(at(3, 0, 12, 8, 5), "ICC_AP0R1_EL1"),
    gic(at(3, 0, 12, 8, 6), "ICC_AP0R2_EL1"),
    gic(at(3, 0, 12, 8, 7), "ICC_AP0R3_EL1"),
    gic(at(3, 0, 12, 9, 0), "ICC_AP1R0_EL1"),
    gic(at(3, 0, 12, 9, 1), "ICC_AP1R1_EL1"),
    gic(at(3, 0, 12, 9, 2), "ICC_AP1R2_EL1"),
    gic(at(3, 0, 12, 9, 3), "ICC_AP1R3_EL1"),
    gic(at(3, 0, 12, 11, 1), "ICC_DIR_EL1"),
    gic(at(3, 0, 12, 11, 3), "ICC_RPR_EL1"),
    gic(at(3, 0, 12, 11, 5), "ICC_SGI1R_EL1"),
    gic(at(3, 0, 12, 11, 6), "ICC_ASGI1R_EL1"),
    gic(at(3, 0, 12, 11, 7), "ICC_SGI0R_EL1"),
    gic(at(3, 0, 12, 12, 0), "ICC_IAR1_EL1"),
    gic(at(3, 0, 12, 12, 1), "ICC_EOIR1_EL1"),
    gic(at(3, 0, 12, 12, 2), "ICC_HPPIR1_EL1"),
    gic(at(3, 0, 12, 12, 3), "ICC_BPR1_EL1"),
    gic(at(3, 0, 12, 12, 4), "ICC_CTLR_EL1"),
    gic(at(3, 0, 12, 12, 5), "ICC_SRE_EL1"),
    gic(at(3, 0, 12, 12, 6), "ICC_IGRPEN0_EL1"),
    gic(at(3, 0, 12, 12, 7), "ICC_IGRPEN1_EL1"),
];

/// The encodings of the registers that CPACR_EL1 guards.
pub(crate) const FPCR: u16 = at(3, 3, 4, 4, 0);
/// See [`FPCR`].
pub(crate) const FPSR: u16 = at(3, 3, 4, 4, 1);

/// The encoding of SP_EL0, which needs PSTATE.SP = 1.
pub(crate) const SP_EL0: u16 = at(3, 0, 4, 1, 0);

/// EL0 may use the debug communication channel unless MDSCR_EL1.TDCC says no.
const DCC: El0 = El0::When(|sys| sys.mdscr & mdscr::TDCC == 0);

/// Any ID register without a row of its own (section D19.1, the ID space): reads as zero at EL1.
const RESERVED_ID: Register = id(at(3, 0, 0, 1, 0), "reserved ID register", 0);

const NONE: u8 = u8::MAX;
const FIRST: u16 = at(2, 0, 0, 0, 0);

/// Row numbers by encoding, so that finding a register costs a load.
static INDEX: [u8; 1 << 15] = index();

const fn index() -> [u8; 1 << 15] {
    assert!(REGISTERS.len() < NONE as usize);
    let mut index = [NONE; 1 << 15];
    let mut number = 0;
    while number < REGISTERS.len() {
        let place = (REGISTERS[number].encoding - FIRST) as usize;
        assert!(index[place] == NONE, "two rows with one encoding");
        index[place] = number as u8;
        number += 1;
    }
    index
}

/// The register that MRS or MSR names.
pub(crate) fn find(encoding: u16) -> Option<&'static Register> {
    static ROWS: &[Register] = REGISTERS;
    let place = usize::from(encoding.checked_sub(FIRST)?);
    if let Some(row) = INDEX.get(place).and_then(|number| ROWS.get(usize::from(*number))) {
        return Some(row);
    }
    let reserved = (at(3, 0, 0, 1, 0)..=at(3, 0, 0, 7, 7)).contains(&encoding);
    reserved.then_some(&RESERVED_ID)
}

/// U says that there is no other processor.
fn mpidr(cx: &mut Cx<Aarch64>) -> u64 {
    let alone = if cx.powers.len() <= 1 { id::MPIDR_U } else { 0 };
    id::MPIDR_RES1 | alone | affinity(cx.cpu.id)
}

fn ccsidr(cpu: &Cpu) -> u64 {
    // Level 1, data or instructions; there is no other cache, and its description is UNKNOWN.
    if cpu.sys.csselr >> 1 == 0 { id::CCSIDR_L1 } else { 0 }
}

fn dczid(cpu: &Cpu) -> u64 {
    let prohibited = cpu.sys.el == 0 && cpu.sys.sctlr & sctlr::DZE == 0;
    id::DCZID | if prohibited { id::DCZID_DZP } else { 0 }
}

/// Pending interrupts, masked or not: I in bit 7, F in bit 6.
fn isr(cpu: &Cpu) -> u64 {
    u64::from(cpu.lines & 1) << 7 | u64::from(cpu.lines >> 1 & 1) << 6
}

/// An entry may hold the old value of M and WXN until software invalidates it; emptying the TLB at once is allowed,
/// too, and keeps the flat entries of a disabled MMU apart from others.
fn write_sctlr(cpu: &mut Cpu, value: u64) -> After {
    let new = value & sctlr::WRITABLE | sctlr::RES1;
    let changed = cpu.sys.sctlr ^ new;
    cpu.sys.sctlr = new;
    if changed & sctlr::IN_TLB != 0 { After::Flush } else { After::Regime }
}
