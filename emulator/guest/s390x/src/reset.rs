//! Resets that keep storage, and loading afterwards (Principles of Operation, chapter 4, "Resets", and chapter 17, "Initial Program
//! Loading").

use lockstep_cpu::{Cx, PowerState, Request};

use crate::sys::Sys;
use crate::{Broadcast, S390x, exceptions, mmu, psw, reg, timing, watchdog};

/// How much of a processor a reset reaches. All of them drop what is pending and all translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// CPU reset: no register.
    Processor,
    /// Initial CPU reset: PSW, prefix, control registers, clocks, floating-point control.
    Initial,
    /// Clear reset: all registers.
    Clear,
}

/// Resets the executing processor.
pub(crate) fn processor(cx: &mut Cx<S390x>, reset: Reset) {
    let cpu = &mut cx.cpu;
    if reset != Reset::Processor {
        cpu.sys = Sys::reset();
        cpu.pc = 0;
        cpu.regs[usize::from(reg::CC)] = 0;
    }
    if reset == Reset::Clear {
        let access = usize::from(reg::ACCESS);
        cpu.regs[..16].fill(0);
        cpu.regs[access..access + 16].fill(0);
        cpu.vregs.fill(0);
    }
    (cpu.sys.emergency, cpu.sys.external_call) = (0, None);
    (cpu.sys.restart, cpu.sys.per) = (false, None);
    psw::derive(cpu);
    mmu::purge(cx);
    if reset != Reset::Processor {
        timing::set_comparator(cx, 0);
        timing::set_timer(cx, 0);
    }
}

/// Another processor asks for it: it runs no more until it is told to.
pub(crate) fn from_another(cx: &mut Cx<S390x>, reset: Reset) {
    processor(cx, reset);
    cx.cpu.power = PowerState::Off;
}

/// DIAGNOSE 308: the board's devices have been reset. Resets all processors, and starts this one with the short PSW at address 0.
pub(crate) fn load_normal(cx: &mut Cx<S390x>, clear: bool) {
    let (own, others) =
        if clear { (Reset::Clear, Reset::Clear) } else { (Reset::Initial, Reset::Processor) };
    cx.ask(Request::Broadcast(Broadcast::Reset(others)));
    cx.bp.cancel(watchdog::ID);
    processor(cx, own);
    let short = u64::from_be_bytes(mmu::read_real(cx, 0));
    // What has not the short format becomes a PSW that is not valid.
    let mask = (short ^ psw::SHORT) & 0xffff_ffff_8000_0000;
    exceptions::load_psw(cx, mask, short & 0x7fff_ffff);
}
