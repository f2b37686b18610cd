//! TOD clock, clock comparator and CPU timer (Principles of Operation, chapter 4, "Timing").
//!
//! All follow from virtual time: bit 51 of the clock is a microsecond. The two conditions that interrupt are states, not events:
//! they are kept as flags, which the one calendar entry of each sets when its moment has come, and which setting the register
//! computes afresh. So there is exactly one callback for each arming, and a condition that has come before a checkpoint
//! is simply saved with it.

use lockstep_core::{EntryId, Owner, VirtualTime};
use lockstep_cpu::Cx;

use crate::S390x;

/// Calendar numbers.
pub(crate) const COMPARATOR: u32 = 0;
const TIMER: u32 = 1;

/// The TOD clock at the start of 1970.
const TOD_1970: u64 = 0x7d91_048b_ca00_0000;

/// The TOD clock at a time, in seconds, of the calendar that starts in 1970.
#[must_use]
pub const fn tod_of_unix_seconds(seconds: u64) -> u64 {
    TOD_1970.wrapping_add((seconds.wrapping_mul(1_000_000)) << 12)
}

/// Clock units since virtual time zero: 512 in 125 ns.
const fn ticks(now: VirtualTime) -> u64 {
    (now.as_ns() as u128 * 512 / 125) as u64
}

/// The first time at which so many units have passed; `None` when no run gets there.
fn time_of(ticks: u64) -> Option<VirtualTime> {
    let ns = (u128::from(ticks) * 125).div_ceil(512);
    u64::try_from(ns).ok().map(VirtualTime::from_ns).filter(|time| *time != VirtualTime::NEVER)
}

/// The TOD clock.
#[must_use]
pub fn tod(cx: &Cx<S390x>) -> u64 {
    cx.platform.tod_origin().wrapping_add(ticks(cx.bp.now()))
}

/// The CPU timer.
pub(crate) fn timer(cx: &Cx<S390x>) -> u64 {
    cx.cpu.sys.timer_zero.wrapping_sub(ticks(cx.bp.now()))
}

pub(crate) fn entry(cx: &Cx<S390x>, number: u32) -> EntryId {
    EntryId { owner: Owner::Vcpu(cx.cpu.id), number }
}

/// Arms an entry for when so many units will have passed, or disarms it.
fn schedule(cx: &mut Cx<S390x>, number: u32, ticks: Option<u64>) {
    let id = entry(cx, number);
    match ticks.and_then(time_of) {
        Some(time) => cx.bp.arm(id, time),
        None => cx.bp.cancel(id),
    }
    // A condition that is met may interrupt at once.
    cx.attend();
}

/// The condition of the clock comparator as it is now, and when it changes.
pub(crate) fn update_comparator(cx: &mut Cx<S390x>) {
    let (now, comparator) = (tod(cx), cx.cpu.sys.comparator);
    let met = now > comparator;
    cx.cpu.sys.comparator_pending = met;
    let origin = cx.platform.tod_origin();
    let at = (!met).then(|| comparator.wrapping_sub(origin)).and_then(|ticks| ticks.checked_add(1));
    schedule(cx, COMPARATOR, at);
}

/// SET CLOCK COMPARATOR.
pub(crate) fn set_comparator(cx: &mut Cx<S390x>, value: u64) {
    cx.cpu.sys.comparator = value;
    update_comparator(cx);
}

/// The condition of the CPU timer as it is now, and when it becomes negative.
fn update_timer(cx: &mut Cx<S390x>) {
    let value = timer(cx);
    let met = (value as i64) < 0;
    cx.cpu.sys.timer_pending = met;
    let at = (!met).then(|| ticks(cx.bp.now()).checked_add(value)?.checked_add(1)).flatten();
    schedule(cx, TIMER, at);
}

/// SET CPU TIMER.
pub(crate) fn set_timer(cx: &mut Cx<S390x>, value: u64) {
    cx.cpu.sys.timer_zero = ticks(cx.bp.now()).wrapping_add(value);
    update_timer(cx);
}

/// The TOD clock has been set: comparators are compared with another time now. Of the other processors, the broadcast
/// sees to that.
pub(crate) fn clock_set(cx: &mut Cx<S390x>) {
    update_comparator(cx);
}

/// A calendar entry of this processor is due.
pub(crate) fn due(cx: &mut Cx<S390x>, number: u32) {
    match number {
        COMPARATOR => cx.cpu.sys.comparator_pending = true,
        _ => cx.cpu.sys.timer_pending = true,
    }
}
