//! DIAGNOSE 288: the watchdog, which resets the machine unless it is set again in time
//! (drivers/watchdog/diag288_wdt.c in Linux).
//!
//! It is one calendar entry and nothing else. There is one for the machine: the entry is the first processor's.

use lockstep_core::{EntryId, Owner, VcpuId, VirtualTime};
use lockstep_cpu::{Cx, Exit, Request};

use crate::S390x;
use crate::exceptions::{code, program};

/// Functions, in the first register of the first pair; the second has the seconds.
mod function {
    pub(super) const START: u64 = 0;
    pub(super) const CHANGE: u64 = 1;
    pub(super) const CANCEL: u64 = 2;
}

/// Number in the calendar.
pub(crate) const ENTRY: u32 = 2;
/// The shortest time, in seconds.
const LEAST: u64 = 15;
/// What is done when the time is over, in the first register of the second pair: a restart, which is all that there is.
const RESTART: u64 = 0;

pub(crate) const ID: EntryId = EntryId { owner: Owner::Vcpu(VcpuId(0)), number: ENTRY };

/// Starts, changes or stops it. What is not possible is a specification exception, as with every DIAGNOSE.
pub(crate) fn diagnose(cx: &mut Cx<S390x>, r1: u8, r3: u8) -> Result<u64, Exit<S390x>> {
    let regs = &cx.cpu.regs;
    let (asked, seconds) = (regs[usize::from(r1)], regs[usize::from(r1 | 1)]);
    let action = regs[usize::from(r3)];
    let runs = cx.bp.calendar.entries().iter().any(|(id, _)| *id == ID);
    let possible = match asked {
        function::START => seconds >= LEAST,
        function::CHANGE => seconds >= LEAST && runs,
        function::CANCEL => runs,
        _ => false,
    };
    let now = cx.bp.now().as_ns();
    let end = seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(now));
    match (possible && r1 & 1 == 0 && action == RESTART, end) {
        (true, _) if asked == function::CANCEL => cx.bp.cancel(ID),
        (true, Some(end)) => cx.bp.arm(ID, VirtualTime::from_ns(end)),
        _ => return Err(program(code::SPECIFICATION)),
    }
    cx.attend();
    Ok(0)
}

/// The time is over.
pub(crate) fn due(cx: &mut Cx<S390x>) {
    cx.ask(Request::Reset);
}
