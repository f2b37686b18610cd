//! Breakpoints, watchpoints and software step (section D2): the debug exceptions that the guest sets up for itself.
//!
//! A kernel's ptrace and a firmware's monitor count on each of them hitting at exactly the instruction that the
//! architecture names. Looking at every instruction and access is slow, so it is done only while [`Vcpu::careful`] says
//! that something could hit here; that follows from the registers and the exception level ([`derive`]), and both
//! engines then run one interpreted instruction at a time. The halting debug of an external debugger does not exist.
//!
//! [`Vcpu::careful`]: lockstep_cpu::Vcpu::careful

use lockstep_cpu::{Access, Cx, Exit, Mem, Step};

use crate::exceptions::{WNR, class, debug_exception};
use crate::registers::{BREAKPOINTS, Cpu, Sys, WATCHPOINTS, mdscr};
use crate::{Aarch64, Exception};

/// DBGBCRn_EL1 and DBGWCRn_EL1 (section D19.3): E, and the exception levels in PMC and PAC.
const ENABLE: u64 = 1;
const LEVELS_SHIFT: u32 = 1;
/// HMC and SSC. Without EL2 and EL3 only zero means something (table D2-9): the rest is reserved and matches nothing.
const OTHER_STATES: u64 = 7 << 13;
/// A breakpoint with another one linked to it, or a watchpoint: which.
const LBN_SHIFT: u32 = 16;
/// DBGBCRn_EL1.BT: linked, or the context (CONTEXTIDR_EL1) instead of the address.
const BT_SHIFT: u32 = 20;
const BT_LINKED: u64 = 1;
const BT_CONTEXT: u64 = 2;
/// DBGWCRn_EL1: LSC, BAS, WT, MASK.
const LSC_SHIFT: u32 = 3;
const BAS_SHIFT: u32 = 5;
const WT: u64 = 1 << 20;
const MASK_SHIFT: u32 = 24;

/// The bits of a virtual address that breakpoints compare: VA\[48:2\].
const COMPARED: u64 = 0x1_ffff_ffff_fffc;
/// The first breakpoint that can compare contexts: ID_AA64DFR0_EL1.CTX_CMPs says that the last two can.
const FIRST_CONTEXT: usize = BREAKPOINTS - super::registers::CONTEXT_BREAKPOINTS;

/// DebugExceptionsEnabled (section D2.3), at an exception level with its PSTATE.D.
fn enabled_at(sys: &Sys, el: u8, masked: bool) -> bool {
    let double_locked = sys.osdlr & 1 != 0 && sys.dbgprcr & 1 == 0;
    let here = el == 0 || sys.mdscr & mdscr::KDE != 0 && !masked;
    here && !sys.os_lock && !double_locked
}

/// Whether debug exceptions are enabled now.
fn enabled(sys: &Sys) -> bool {
    enabled_at(sys, sys.el, sys.daif & 8 != 0)
}

fn steps(sys: &Sys) -> bool {
    sys.mdscr & mdscr::SS != 0 && enabled(sys)
}

/// Whether a control register selects an exception level.
fn selects(control: u64, el: u8) -> bool {
    control & ENABLE != 0
        && control & OTHER_STATES == 0
        && control >> LEVELS_SHIFT & if el == 0 { 2 } else { 1 } != 0
}

/// Recomputes what the engines look at; part of [`crate::registers::derive`].
#[inline]
pub(crate) fn derive(cpu: &mut Cpu) {
    let sys = &cpu.sys;
    (cpu.careful, cpu.watched) = (false, false);
    if sys.mdscr & (mdscr::SS | mdscr::MDE) == 0 || !enabled(sys) {
        return;
    }
    let monitored = sys.mdscr & mdscr::MDE != 0;
    let set = |controls: &[u64]| controls.iter().any(|control| control & ENABLE != 0);
    cpu.watched = monitored && set(&sys.dbgwcr);
    cpu.careful = cpu.watched || steps(sys) || monitored && set(&sys.dbgbcr);
}

/// A breakpoint that others are linked to: it holds while its context is the current one.
fn link_holds(sys: &Sys, number: u64) -> bool {
    let number = number as usize & 15;
    let Some(control) = sys.dbgbcr.get(number) else { return false };
    let linked_context = control >> BT_SHIFT & 15 == BT_CONTEXT | BT_LINKED;
    number >= FIRST_CONTEXT && control & ENABLE != 0 && linked_context && context_is(sys, number)
}

fn context_is(sys: &Sys, number: usize) -> bool {
    sys.dbgbvr[number] as u32 == sys.contextidr as u32
}

/// Section D2.8: whether breakpoint `number` matches the instruction at `pc`.
fn breakpoint_matches(sys: &Sys, number: usize, pc: u64) -> bool {
    let control = sys.dbgbcr[number];
    if !selects(control, sys.el) {
        return false;
    }
    let address_is = (pc ^ sys.dbgbvr[number]) & COMPARED == 0;
    match control >> BT_SHIFT & 15 {
        0 => address_is,
        BT_LINKED => address_is && link_holds(sys, control >> LBN_SHIFT),
        BT_CONTEXT => number >= FIRST_CONTEXT && context_is(sys, number),
        // Reserved, or of an architecture without which they never match; or only ever linked to.
        _ => false,
    }
}

/// Section D2.9: the lowest byte of an access that watchpoint `number` watches.
fn watched_byte(sys: &Sys, number: usize, first: u64, bytes: u64) -> Option<u64> {
    let (control, value) = (sys.dbgwcr[number], sys.dbgwvr[number] & COMPARED);
    let mask = (control >> MASK_SHIFT & 31) as u32;
    let bas = control >> BAS_SHIFT & 0xff;
    let watched = |address: u64| {
        let address = address & (COMPARED | 3);
        if mask > 2 {
            bas == 0xff && (address ^ value) >> mask == 0
        } else if mask > 0 {
            // Reserved.
            false
        } else if value & 4 != 0 {
            (address ^ value) >> 2 == 0 && bas >> (address & 3) & 1 != 0
        } else {
            (address ^ value) >> 3 == 0 && bas >> (address & 7) & 1 != 0
        }
    };
    (0..bytes).map(|offset| first.wrapping_add(offset)).find(|address| watched(*address))
}

/// A watchpoint exception, if the access is watched. FAR_EL1 has the lowest watched byte of it, with the tag of the access.
fn watchpoint(
    cpu: &Cpu,
    address: u64,
    bytes: u64,
    (user, access): (bool, Access),
) -> Option<Exception> {
    let sys = &cpu.sys;
    let el = if user { 0 } else { sys.el };
    // An update is a load first: its store is the store watchpoints' business only where no load is watched.
    for (kind, writes) in [(1, false), (2, true)] {
        if access as u16 & kind == 0 {
            continue;
        }
        let hit = (0..WATCHPOINTS).filter(|&number| {
            let control = sys.dbgwcr[number];
            let linked = control & WT == 0 || link_holds(sys, control >> LBN_SHIFT);
            selects(control, el) && control >> LSC_SHIFT & u64::from(kind) != 0 && linked
        });
        let byte = hit.filter_map(|number| watched_byte(sys, number, address, bytes)).min();
        if let Some(byte) = byte {
            let iss = if writes { WNR } else { 0 };
            return Some(Exception {
                far: Some(byte),
                ..debug_exception(cpu, class::WATCHPOINT_LOWER, iss)
            });
        }
    }
    None
}

/// A data access that would succeed.
pub(crate) fn watch(
    cx: &mut Cx<Aarch64>,
    address: u64,
    mem: Mem,
    access: Access,
) -> Result<(), Exit<Aarch64>> {
    let user = mem.user || cx.cpu.sys.el == 0;
    // The store that completes an update has been looked at with its load.
    if mem.update && access == Access::Write {
        return Ok(());
    }
    match watchpoint(&cx.cpu, address, mem.size.bytes(), (user, access)) {
        Some(exception) => Err(Exit::Exception(exception)),
        None => Ok(()),
    }
}

/// The same for what DC IVAC does to a line of `bytes`: a store, of an exception that says cache maintenance.
pub(crate) fn watch_line(cpu: &Cpu, address: u64, bytes: u64) -> Option<Exception> {
    let start = address & !(bytes - 1);
    let user = cpu.sys.el == 0;
    let found = cpu.watched.then(|| watchpoint(cpu, start, bytes, (user, Access::Write)))?;
    found.map(|exception| Exception {
        syndrome: exception.syndrome | crate::exceptions::CM,
        far: exception.far.map(|byte| byte.max(address)),
        ..exception
    })
}

/// Whether an instruction loads and arms the exclusive monitor: LDXR, LDAXR, LDXP, LDAXP (not CASP, beside them).
fn loads_exclusive(word: u32) -> bool {
    word & 0x3fc0_0000 == 0x0840_0000 && word & 0x8020_0000 != 0x0020_0000
}

/// What has just been stepped, for the syndrome of the exception that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Stepped {
    /// Nothing: PSTATE.SS was clear from the start.
    #[default]
    Nothing,
    /// An instruction.
    Instruction,
    /// A load-exclusive: the debugger must not step on, because the monitor would never stay armed.
    LoadExclusive,
}

/// Runs an instruction, unless something hits before it. Of these, a step that is over comes first, then the faults of the
/// fetch, then breakpoints (section D1.3.5).
pub(crate) fn run_carefully(
    cx: &mut Cx<Aarch64>,
    run: &mut Step<'_, Aarch64>,
) -> Result<(), Exit<Aarch64>> {
    let stepping = steps(&cx.cpu.sys);
    if stepping && !cx.cpu.sys.ss {
        cx.left -= 1;
        let iss = match cx.cpu.sys.stepped {
            Stepped::Nothing => 0,
            Stepped::Instruction => 1 << 24,
            Stepped::LoadExclusive => 1 << 24 | 1 << 6,
        };
        return Err(Exit::Exception(debug_exception(&cx.cpu, class::STEP_LOWER, iss)));
    }
    let frame = cx.fetch_frame()?;
    let pc = cx.cpu.pc;
    let sys = &cx.cpu.sys;
    let monitored = sys.mdscr & mdscr::MDE != 0;
    if monitored && (0..BREAKPOINTS).any(|number| breakpoint_matches(sys, number, pc)) {
        cx.left -= 1;
        return Err(Exit::Exception(debug_exception(&cx.cpu, class::BREAKPOINT_LOWER, 0)));
    }
    run(cx)?;
    if stepping {
        let word = cx.mem.read::<4>(frame << 12 | pc & 0xfff).map_or(0, u32::from_le_bytes);
        advance(&mut cx.cpu.sys);
        cx.cpu.sys.stepped =
            if loads_exclusive(word) { Stepped::LoadExclusive } else { Stepped::Instruction };
    }
    Ok(())
}

/// SSAdvance: the instruction that a step allows has been executed.
pub(crate) fn advance(sys: &mut Sys) {
    sys.ss = false;
}

/// DebugExceptionReturnSS: PSTATE.SS after a return with `saved`, as SPSR_EL1 has it, to `el`. The return itself is never
/// what a step steps.
pub(crate) fn returned_ss(sys: &Sys, saved: u64, el: u8) -> bool {
    use crate::registers::spsr;
    let masked = saved >> spsr::DAIF_SHIFT & 8 != 0;
    sys.mdscr & mdscr::SS != 0
        && !enabled(sys)
        && enabled_at(sys, el, masked)
        && saved & spsr::SS != 0
}

/// PSTATE.D has changed, by other means than an exception or a return.
pub(crate) fn masks_changed(cx: &mut Cx<Aarch64>) {
    if cx.cpu.sys.mdscr & (mdscr::SS | mdscr::MDE) != 0 {
        derive(&mut cx.cpu);
        cx.look_up();
    }
}

#[cfg(test)]
mod tests;
