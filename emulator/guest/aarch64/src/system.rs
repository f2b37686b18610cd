//! System instructions: exceptions on purpose, system registers, hints, barriers.
//!
//! Nearly all of them are rare and long, so they are helpers; `registers::rows` says what a register does, and
//! `maintenance` what the SYS instructions do. Barriers order nothing, because the machine makes all accesses in program
//! order and every processor sees them at once.

use lockstep_cpu::{Cx, Emit, Exit, Guest, PowerState, Request};

use crate::exceptions::{
    class, exception, return_helper, trapped_system, trapped_wait, undefined as no_such,
};
use crate::guest::Broadcast;
use crate::registers::rows::{self, After, El0, Read, Register, SP_EL0, Write, at};
use crate::registers::{derive, sctlr};
use crate::{
    Aarch64, Exception, Insn, debug_exceptions, maintenance, pmu, psci, reg, semihosting, timer,
    vector,
};

pub(crate) use crate::exceptions::check_sp_alignment;

/// SVC.
pub(crate) fn svc<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let call = exception(class::SVC, i.imm as u16 as u32);
    e.raise(Exception { returns_after: true, ..call })
}

/// HVC: there is no EL2, and PSCI answers.
pub(crate) fn hvc<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    helper(e, psci::call, [i.imm as u64, 0, 0]).map(drop)
}

/// SMC: there is no EL3, and PSCI answers.
pub(crate) fn smc<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    helper(e, psci::call, [i.imm as u64, 0, 0]).map(drop)
}

/// BRK.
pub(crate) fn brk<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    e.raise(exception(class::BRK, i.imm as u16 as u32))
}

/// HLT: halting debug is never enabled, but semihosting may be.
pub(crate) fn hlt<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let next = helper(e, semihosting::call, [i.imm as u64, 0, 0])?;
    e.jump(next);
    Ok(())
}

/// Whatever does not exist.
pub(crate) fn undefined<E: Emit<Aarch64>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    e.raise(no_such())
}

/// ERET.
pub(crate) fn eret<E: Emit<Aarch64>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    let target = helper(e, return_helper, [0; 3])?;
    e.jump(target);
    Ok(())
}

/// MRS.
pub(crate) fn mrs<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let value = helper(e, read_register, [i.imm as u64, rt(i), 0])?;
    e.put(i.rd, value);
    Ok(())
}

/// MSR (register).
pub(crate) fn msr<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    with_register(e, i, write_register)
}

/// MSR (immediate).
pub(crate) fn msr_imm<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    helper(e, write_pstate, [i.aux.into(), i.imm as u64, 0]).map(drop)
}

/// SYS, and its aliases DC, IC, AT and TLBI.
pub(crate) fn sys<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    with_register(e, i, maintenance::sys_helper)
}

/// SYSL: nothing is defined for it.
pub(crate) fn sysl<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    undefined(e, i)
}

/// Hints (section C6.2.126). Those that are not known do nothing, as the architecture wants it.
pub(crate) fn hint<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (wfe, wfi, sev, sevl) = (2, 3, 4, 5);
    if (wfe..=sevl).contains(&i.imm) {
        let run = match i.imm {
            x if x == wfe => wait_for_event_helper,
            x if x == wfi => wait_for_interrupt_helper,
            x if x == sev => send_event_helper,
            _ => send_event_local_helper,
        };
        helper(e, run, [0; 3])?;
    }
    Ok(())
}

/// CLREX.
pub(crate) fn clrex<E: Emit<Aarch64>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    let open = e.imm(0);
    e.put(reg::MONITOR, open);
    Ok(())
}

/// DMB.
pub(crate) fn dmb<E: Emit<Aarch64>>(_e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    Ok(())
}

/// DSB. TLB maintenance on other processors is complete before the next instruction in any case.
pub(crate) fn dsb<E: Emit<Aarch64>>(_e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    Ok(())
}

/// ISB: instructions after it are fetched anew.
pub(crate) fn isb<E: Emit<Aarch64>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    helper(e, isb_helper, [0; 3]).map(drop)
}

type Outcome = Result<u64, Exit<Aarch64>>;
type Helper = lockstep_cpu::Helper<Aarch64>;

/// Calls a helper with constants.
fn helper<E: Emit<Aarch64>>(e: &mut E, run: Helper, args: [u64; 3]) -> Result<E::V, E::Exit> {
    let args = args.map(|value| e.imm(value));
    e.call(run, args)
}

/// Calls a helper with the encoding, the value of Rt, and its number.
fn with_register<E: Emit<Aarch64>>(e: &mut E, i: &Insn, run: Helper) -> Result<(), E::Exit> {
    let (encoding, value, rt) = (e.imm(i.imm as u64), e.get(i.rd), e.imm(rt(i)));
    e.call(run, [encoding, value, rt]).map(drop)
}

/// Rt as the instruction has it: the zero register's two numbers are both 31 there.
fn rt(i: &Insn) -> u64 {
    u64::from(i.rd & 31)
}

fn isb_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Outcome {
    cx.refetch();
    Ok(0)
}

/// Finds a register and checks that this exception level may access it in this direction.
fn accessible(
    cx: &Cx<Aarch64>,
    encoding: u16,
    rt: u8,
    read: bool,
) -> Result<&'static Register, Exception> {
    let row = rows::find(encoding).ok_or_else(no_such)?;
    let absent = if read { matches!(row.read, Read::No) } else { matches!(row.write, Write::No) };
    if absent {
        return Err(no_such());
    }
    let sys = &cx.cpu.sys;
    if matches!(encoding, rows::FPCR | rows::FPSR) && sys.traps_float() {
        return Err(vector::access_trap());
    }
    if sys.el != 0 {
        // SP_EL0 is the current stack pointer, not a register, while it is in use.
        let in_use = encoding == SP_EL0 && !sys.spsel;
        return if in_use { Err(no_such()) } else { Ok(row) };
    }
    let trap_unless = |allowed: bool| {
        if allowed { Ok(row) } else { Err(trapped_system(encoding, rt, read)) }
    };
    match row.el0 {
        El0::Never => Err(no_such()),
        El0::Always => Ok(row),
        El0::Read | El0::ReadWhen(_) if !read => Err(no_such()),
        El0::Read => Ok(row),
        El0::When(allowed) | El0::ReadWhen(allowed) => trap_unless(allowed(sys)),
        El0::Either { read: allowed, .. } if read => trap_unless(allowed(sys)),
        El0::Either { write: allowed, .. } => trap_unless(allowed(sys)),
    }
}

/// MRS: `args` are the encoding and the number of Rt.
fn read_register(cx: &mut Cx<Aarch64>, [encoding, rt, _]: [u64; 3]) -> Outcome {
    let encoding = encoding as u16;
    let row = accessible(cx, encoding, rt as u8, true).map_err(Exit::Exception)?;
    match row.read {
        Read::No => Err(Exit::Exception(no_such())),
        Read::Constant(value) => Ok(value),
        Read::Cpu(read) => Ok(read(&cx.cpu)),
        Read::Machine(read) => Ok(read(cx)),
        Read::Gic => {
            let vcpu = cx.cpu.id;
            let (platform, mut devices) = cx.devices();
            platform
                .gic_read(&mut devices, vcpu, encoding)
                .ok_or_else(|| Exit::Exception(no_such()))
        }
    }
}

/// MSR: `args` are the encoding, the value, and the number of Rt.
fn write_register(cx: &mut Cx<Aarch64>, [encoding, value, rt]: [u64; 3]) -> Outcome {
    let encoding = encoding as u16;
    let row = accessible(cx, encoding, rt as u8, false).map_err(Exit::Exception)?;
    match row.write {
        Write::No => return Err(Exit::Exception(no_such())),
        Write::Ignored => {}
        Write::Cpu(write) => {
            let after = write(&mut cx.cpu, value);
            follow(cx, after);
        }
        Write::Machine(write) => write(cx, value),
        Write::Gic => {
            let vcpu = cx.cpu.id;
            let (platform, mut devices) = cx.devices();
            platform
                .gic_write(&mut devices, vcpu, encoding, value)
                .ok_or_else(|| Exit::Exception(no_such()))?;
        }
    }
    Ok(0)
}

/// Does what has to follow a write to a register.
fn follow(cx: &mut Cx<Aarch64>, after: After) {
    match after {
        After::Nothing => {}
        After::Regime => {
            derive(&mut cx.cpu);
            cx.refetch();
        }
        After::Flush => {
            cx.cpu.tlb.clear();
            derive(&mut cx.cpu);
            cx.refetch();
        }
        After::Masks => {
            attend_if_interrupted(cx);
            debug_exceptions::masks_changed(cx);
        }
        After::Debug => {
            derive(&mut cx.cpu);
            cx.look_up();
        }
        After::Timer(index) => timer::update(cx, index),
    }
}

/// Returns to the run loop when an interrupt could be taken now that could not before.
pub(crate) fn attend_if_interrupted(cx: &mut Cx<Aarch64>) {
    if Aarch64::interrupt(&cx.cpu).is_some() {
        cx.attend();
    }
}

/// MSR (immediate): `args` are op1:op2 and CRm (section C5.1.3).
fn write_pstate(cx: &mut Cx<Aarch64>, [field, crm, _]: [u64; 3]) -> Outcome {
    const PAN: u64 = 4;
    const SPSEL: u64 = 5;
    const DAIFSET: u64 = 3 << 3 | 6;
    const DAIFCLR: u64 = 3 << 3 | 7;
    let el0 = cx.cpu.sys.el == 0;
    match field {
        PAN | SPSEL if el0 => return Err(Exit::Exception(no_such())),
        PAN => {
            cx.cpu.sys.pan = crm & 1 != 0;
            derive(&mut cx.cpu);
        }
        SPSEL => crate::registers::select_sp(&mut cx.cpu, crm & 1 != 0),
        DAIFSET | DAIFCLR if el0 && cx.cpu.sys.sctlr & sctlr::UMA == 0 => {
            let encoding = at(0, 3, 4, crm as u16 & 0xf, field as u16 & 7);
            return Err(Exit::Exception(trapped_system(encoding, 31, false)));
        }
        DAIFSET => {
            cx.cpu.sys.daif |= crm as u8 & 0xf;
            debug_exceptions::masks_changed(cx);
        }
        DAIFCLR => {
            cx.cpu.sys.daif &= !crm as u8;
            attend_if_interrupted(cx);
            debug_exceptions::masks_changed(cx);
        }
        _ => return Err(Exit::Exception(no_such())),
    }
    Ok(0)
}

/// Puts the processor to sleep until an interrupt is pending, masked or not; one that already is keeps it awake.
pub(crate) fn wait_for_interrupt(cx: &mut Cx<Aarch64>) {
    if !Aarch64::wakes(&cx.cpu) {
        cx.cpu.power = PowerState::Waiting;
        pmu::stops(cx);
        cx.attend();
    }
}

fn wait_for_interrupt_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Outcome {
    let sys = &cx.cpu.sys;
    if !Aarch64::wakes(&cx.cpu) && sys.el == 0 && sys.sctlr & sctlr::NTWI == 0 {
        return Err(Exit::Exception(trapped_wait(false)));
    }
    wait_for_interrupt(cx);
    Ok(0)
}

/// WFE. The run loop may let it end at any time, which the architecture allows.
fn wait_for_event_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Outcome {
    if std::mem::take(&mut cx.cpu.sys.event) || Aarch64::wakes(&cx.cpu) {
        return Ok(0);
    }
    let sys = &cx.cpu.sys;
    if sys.el == 0 && sys.sctlr & sctlr::NTWE == 0 {
        return Err(Exit::Exception(trapped_wait(true)));
    }
    cx.cpu.power = PowerState::WaitingForEvent;
    timer::arm_event_stream(cx);
    pmu::stops(cx);
    cx.attend();
    Ok(0)
}

fn send_event_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Outcome {
    cx.cpu.sys.event = true;
    if cx.powers.len() > 1 {
        cx.ask(Request::Broadcast(Broadcast::Event));
    }
    Ok(0)
}

fn send_event_local_helper(cx: &mut Cx<Aarch64>, _args: [u64; 3]) -> Outcome {
    cx.cpu.sys.event = true;
    Ok(0)
}

#[cfg(test)]
mod tests;
