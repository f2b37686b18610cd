//! Entering and leaving exception handlers (section D1.3).
//!
//! A kernel decides what to do from the syndrome, the fault address, the saved state and the vector that was taken;
//! all four are made here, from what the faulting instruction knows. There is one handler level, EL1. Nothing raises SError:
//! every access is complete, and has its abort, before the next instruction.

use lockstep_core::{InterruptClass, What};
use lockstep_cpu::{Access, Cx, Exit};

use crate::debug_exceptions::{self, Stepped};
use crate::registers::{Cpu, derive, pstate, sctlr, select_sp, set_nzcv, spsr};
use crate::{Aarch64, Exception, pmu, reg};

/// Exception classes: ESR_EL1.EC (section D19.2, ESR_EL1).
pub(crate) mod class {
    pub(crate) const UNKNOWN: u32 = 0x00;
    pub(crate) const WFX: u32 = 0x01;
    pub(crate) const FLOAT: u32 = 0x07;
    pub(crate) const ILLEGAL_STATE: u32 = 0x0e;
    pub(crate) const SVC: u32 = 0x15;
    pub(crate) const SYSTEM: u32 = 0x18;
    pub(crate) const FETCH_LOWER: u32 = 0x20;
    pub(crate) const FETCH_SAME: u32 = 0x21;
    pub(crate) const PC_ALIGNMENT: u32 = 0x22;
    pub(crate) const DATA_LOWER: u32 = 0x24;
    pub(crate) const DATA_SAME: u32 = 0x25;
    pub(crate) const SP_ALIGNMENT: u32 = 0x26;
    /// Of debug exceptions from EL0; from EL1 they are one more.
    pub(crate) const BREAKPOINT_LOWER: u32 = 0x30;
    pub(crate) const STEP_LOWER: u32 = 0x32;
    pub(crate) const WATCHPOINT_LOWER: u32 = 0x34;
    pub(crate) const BRK: u32 = 0x3c;
}

/// Fault status codes, to which those that have one add their level.
pub(crate) mod status {
    pub(crate) const ADDRESS_SIZE: u8 = 0x00;
    pub(crate) const TRANSLATION: u8 = 0x04;
    pub(crate) const ACCESS_FLAG: u8 = 0x08;
    pub(crate) const PERMISSION: u8 = 0x0c;
    pub(crate) const EXTERNAL: u8 = 0x10;
    pub(crate) const DEBUG: u8 = 0x22;
    pub(crate) const EXTERNAL_ON_WALK: u8 = 0x14;
    pub(crate) const ALIGNMENT: u8 = 0x21;
}

/// ESR_EL1.IL: a 32-bit instruction, or a class for which it is always set. All of ours are one or the other.
const IL: u32 = 1 << 25;
/// ISS.WnR of a data abort.
pub(crate) const WNR: u32 = 1 << 6;
/// ISS.CM of a data abort: by cache maintenance or address translation.
pub(crate) const CM: u32 = 1 << 8;

/// An exception of a class, whose preferred return address is the instruction itself.
pub(crate) const fn exception(class: u32, iss: u32) -> Exception {
    Exception { syndrome: class << 26 | IL | iss, far: None, returns_after: false }
}

/// An instruction, or an access to a register, that does not exist here.
pub(crate) const fn undefined() -> Exception {
    exception(class::UNKNOWN, 0)
}

/// A data abort. There is no stage 2, so the instruction is not described (ISV = 0) and S1PTW is 0.
pub(crate) fn data_abort(cpu: &Cpu, status: u8, address: u64, wnr: bool) -> Exception {
    let class = if cpu.sys.el == 0 { class::DATA_LOWER } else { class::DATA_SAME };
    let iss = u32::from(status) | if wnr { WNR } else { 0 };
    Exception { far: Some(address), ..exception(class, iss) }
}

/// A debug exception, of the class that it has from EL0. IFSC or DFSC says debug.
pub(crate) fn debug_exception(cpu: &Cpu, class_from_el0: u32, iss: u32) -> Exception {
    exception(class_from_el0 + u32::from(cpu.sys.el != 0), iss | u32::from(status::DEBUG))
}

/// An instruction abort.
pub(crate) fn fetch_abort(cpu: &Cpu, status: u8, address: u64) -> Exception {
    let class = if cpu.sys.el == 0 { class::FETCH_LOWER } else { class::FETCH_SAME };
    Exception { far: Some(address), ..exception(class, status.into()) }
}

/// The abort that an access gets for a fault which does not depend on permissions. An atomic update whose read
/// would fault in the same way reports the read (ISS.WnR).
pub(crate) fn abort(cpu: &Cpu, status: u8, address: u64, access: Access) -> Exception {
    match access {
        Access::Execute => fetch_abort(cpu, status, address),
        _ => data_abort(cpu, status, address, access == Access::Write),
    }
}

/// A system register access or system instruction that EL1 keeps from EL0. `rt` is the number in the instruction.
pub(crate) fn trapped_system(encoding: u16, rt: u8, read: bool) -> Exception {
    let field = |shift: u32, bits: u32| u32::from(encoding) >> shift & ((1 << bits) - 1);
    let (op0, op1, crn) = (field(14, 2), field(11, 3), field(7, 4));
    let (crm, op2) = (field(3, 4), field(0, 3));
    let iss = op0 << 20
        | op2 << 17
        | op1 << 14
        | crn << 10
        | u32::from(rt) << 5
        | crm << 1
        | u32::from(read);
    exception(class::SYSTEM, iss)
}

/// WFI or WFE that EL1 keeps from EL0: always executed (CV, COND = AL); TI says which.
pub(crate) fn trapped_wait(wfe: bool) -> Exception {
    exception(class::WFX, 1 << 24 | 0xe << 20 | u32::from(wfe))
}

/// Whether an instruction can be fetched at the pc at all. Branches may leave a tag in the pc, which is taken off
/// here, before anything sees it. An illegal state is found by the first instruction after the return that made it,
/// which begins with a fetch; of the faults that it could have, those of the fetch come first.
pub(crate) fn check_pc(cx: &mut Cx<Aarch64>) -> Result<(), Exception> {
    let pc = cx.cpu.sys.untag(cx.cpu.pc);
    cx.cpu.pc = pc;
    if pc & 3 != 0 {
        return Err(Exception { far: Some(pc), ..exception(class::PC_ALIGNMENT, 0) });
    }
    if cx.cpu.sys.il {
        let user = cx.cpu.mmu.mode == 0;
        if let Err(Exit::Exception(fault)) = cx.translate(pc, Access::Execute, user) {
            return Err(fault);
        }
        return Err(exception(class::ILLEGAL_STATE, 0));
    }
    Ok(())
}

/// Enters the handler of a synchronous exception, and appends the event.
pub(crate) fn take(cx: &mut Cx<Aarch64>, exception: Exception) {
    let pc = cx.cpu.pc;
    cx.bp.witness(What::Exception {
        class: exception.syndrome >> 26,
        syndrome: exception.syndrome.into(),
        address: exception.far.unwrap_or(0),
        pc,
    });
    cx.cpu.sys.esr = exception.syndrome.into();
    if let Some(far) = exception.far {
        cx.cpu.sys.far = far;
    }
    let after = if exception.returns_after { 4 } else { 0 };
    if exception.returns_after {
        debug_exceptions::advance(&mut cx.cpu.sys);
    }
    pmu::around(cx, (pmu::event::EXC_TAKEN, true), |cx| enter(cx, pc.wrapping_add(after), 0));
}

/// Enters the handler of an interrupt; the event has been appended.
pub(crate) fn take_interrupt(cx: &mut Cx<Aarch64>, class: InterruptClass) {
    let offset = match class {
        InterruptClass::Irq => 0x80,
        InterruptClass::Fiq => 0x100,
        InterruptClass::SError => 0x180,
        // The others are other architectures'.
        _ => return,
    };
    let pc = cx.cpu.sys.untag(cx.cpu.pc);
    cx.cpu.power = lockstep_cpu::PowerState::Running;
    pmu::around(cx, (pmu::event::EXC_TAKEN, false), |cx| enter(cx, pc, offset));
}

/// Section D1.3.1: saves the state, masks everything, and continues at a vector.
fn enter(cx: &mut Cx<Aarch64>, return_to: u64, offset: u64) {
    let cpu = &mut cx.cpu;
    let from = match (cpu.sys.el, cpu.sys.spsel) {
        (0, _) => 0x400,
        (_, true) => 0x200,
        (_, false) => 0,
    };
    cpu.sys.spsr = pstate(cpu);
    cpu.sys.elr = return_to;
    cpu.sys.el = 1;
    cpu.sys.daif = 0xf;
    cpu.sys.il = false;
    cpu.sys.ss = false;
    cpu.sys.stepped = Stepped::Nothing;
    cpu.sys.pan |= cpu.sys.sctlr & sctlr::SPAN == 0;
    select_sp(cpu, true);
    derive(cpu);
    cpu.pc = cpu.sys.untag(cpu.sys.vbar + (from + offset));
    cx.refetch();
}

/// ERET as a helper: restores the state and gives the address to go on at. Going back to where there is nothing to go
/// back to leaves the exception level alone and sets PSTATE.IL (section D1.3.4).
pub(crate) fn return_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Result<u64, Exit<Aarch64>> {
    let cpu = &mut cx.cpu;
    if cpu.sys.el == 0 {
        return Err(Exit::Exception(undefined()));
    }
    let target = cpu.sys.untag(cpu.sys.elr);
    let saved = cpu.sys.spsr;
    // An illegal return stays at EL1.
    let el = u8::from(saved & spsr::MODE != spsr::EL0T);
    let ss = debug_exceptions::returned_ss(&cpu.sys, saved, el);
    pmu::around(cx, (pmu::event::EXC_RETURN, true), |cx| restore_pstate(&mut cx.cpu, saved));
    let cpu = &mut cx.cpu;
    cpu.sys.ss = ss;
    // An exception return is an event for WFE, and opens the local monitor.
    cpu.sys.event = true;
    cpu.regs[usize::from(reg::MONITOR)] = 0;
    cx.refetch();
    crate::system::attend_if_interrupted(cx);
    Ok(target)
}

/// Takes PSTATE from the format of SPSR_EL1; with an illegal mode, everything but the mode, and PSTATE.IL.
pub(crate) fn restore_pstate(cpu: &mut Cpu, saved: u64) {
    let mode = match saved & spsr::MODE {
        spsr::EL0T => Some((0, false)),
        spsr::EL1T => Some((1, false)),
        spsr::EL1H => Some((1, true)),
        _ => None,
    };
    if let Some((el, spsel)) = mode {
        cpu.sys.el = el;
        select_sp(cpu, spsel);
    }
    cpu.sys.il = mode.is_none() || saved & spsr::IL != 0;
    cpu.sys.daif = (saved >> spsr::DAIF_SHIFT) as u8 & 0xf;
    cpu.sys.pan = saved & spsr::PAN != 0;
    cpu.sys.ss = false;
    set_nzcv(cpu, saved);
    derive(cpu);
}

/// Raises an SP alignment fault when the current exception level asks for the check. `args[0]` is the misaligned SP.
pub(crate) fn check_sp_alignment(
    cx: &mut Cx<Aarch64>,
    _args: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    let bit = if cx.cpu.sys.el == 0 { sctlr::SA0 } else { sctlr::SA };
    if cx.cpu.sys.sctlr & bit != 0 {
        return Err(Exit::Exception(exception(class::SP_ALIGNMENT, 0)));
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
