//! The generic timers (section D11).
//!
//! A guest's idea of time is the count, and the count is virtual time; so a timer needs no state beyond its registers
//! and, while it waits, one entry in the calendar: for the first nanosecond at which its condition holds. Everything
//! else follows from the registers and the time whenever somebody looks.

use lockstep_core::{EntryId, Owner, VirtualTime};
use lockstep_cpu::{Cx, PowerState};

use crate::registers::cntkctl;
use crate::{Aarch64, pmu};

/// Counts in a second: what firmware finds in CNTFRQ_EL0.
pub(crate) const FREQUENCY: u64 = 62_500_000;
/// Nanoseconds in a count.
const PERIOD: u64 = 1_000_000_000 / FREQUENCY;

/// CNTx_CTL_EL0: ENABLE, IMASK and ISTATUS.
const ENABLE: u64 = 1;
const IMASK: u64 = 1 << 1;
const ISTATUS: u64 = 1 << 2;
/// Bits of the control register that a write changes.
pub(crate) const CTL_WRITABLE: u64 = ENABLE | IMASK;

/// The private interrupts of the physical and the virtual timer, as the usual boards wire them.
const PPI: [u32; 2] = [30, 27];
/// The calendar number of the event stream; the timers have theirs before it, and the performance monitors behind.
const EVENT_STREAM: u32 = 2;

/// The physical count, and the virtual one: CNTVOFF is 0 without EL2.
pub(crate) const fn count(now: VirtualTime) -> u64 {
    now.as_ns() / PERIOD
}

/// The first time at which the count is `value`; `None` when no run gets there.
fn time_of(value: u64) -> Option<VirtualTime> {
    value.checked_mul(PERIOD).map(VirtualTime::from_ns).filter(|time| *time != VirtualTime::NEVER)
}

fn entry(cx: &Cx<Aarch64>, number: u32) -> EntryId {
    EntryId { owner: Owner::Vcpu(cx.cpu.id), number }
}

fn condition(cx: &Cx<Aarch64>, index: usize) -> bool {
    count(cx.bp.now()) >= cx.cpu.sys.timers[index].cval
}

/// Drives a timer's interrupt as its registers and the time say, and arms or disarms its entry.
pub(crate) fn update(cx: &mut Cx<Aarch64>, index: usize) {
    let timer = cx.cpu.sys.timers[index];
    let active = timer.ctl & (ENABLE | IMASK) == ENABLE;
    let met = condition(cx, index);
    let id = entry(cx, index as u32);
    match time_of(timer.cval).filter(|_| active && !met) {
        Some(time) => cx.bp.arm(id, time),
        None => cx.bp.cancel(id),
    }
    let vcpu = cx.cpu.id;
    let (platform, mut devices) = cx.devices();
    platform.set_ppi(&mut devices, vcpu, PPI[index], active && met);
    // The line may have changed, and with it what the run loop has to do next.
    cx.attend();
}

/// The processor loses its power, and its timers what they were set to: no interrupt line stays up behind it.
pub(crate) fn power_off(cx: &mut Cx<Aarch64>) {
    cx.cpu.sys.timers = Default::default();
    update(cx, 0);
    update(cx, 1);
    let id = entry(cx, EVENT_STREAM);
    cx.bp.cancel(id);
}

/// A calendar entry of this processor is due.
pub(crate) fn due(cx: &mut Cx<Aarch64>, number: u32) {
    match number {
        0 | 1 => update(cx, number as usize),
        EVENT_STREAM => cx.cpu.sys.event = true,
        _ => pmu::due(cx),
    }
}

/// CNTx_CTL_EL0. ISTATUS holds whatever IMASK says, while the timer is enabled.
pub(crate) fn read_ctl(cx: &mut Cx<Aarch64>, index: usize) -> u64 {
    let ctl = cx.cpu.sys.timers[index].ctl;
    let status = ctl & ENABLE != 0 && condition(cx, index);
    ctl | if status { ISTATUS } else { 0 }
}

/// CNTx_TVAL_EL0: how far the compare value is ahead, in 32 bits.
pub(crate) fn read_tval(cx: &mut Cx<Aarch64>, index: usize) -> u64 {
    cx.cpu.sys.timers[index].cval.wrapping_sub(count(cx.bp.now())) & 0xffff_ffff
}

/// Sets the compare value to a signed distance from now.
pub(crate) fn write_tval(cx: &mut Cx<Aarch64>, index: usize, value: u64) {
    let distance = i64::from(value as u32 as i32);
    cx.cpu.sys.timers[index].cval = count(cx.bp.now()).wrapping_add_signed(distance);
    update(cx, index);
}

/// Arms the event stream for a processor that begins to wait for an event.
///
/// The stream sets the event register whenever a bit of the count changes in a chosen direction (section D11.2.4).
/// Nobody notices while nobody waits, so only the next such moment is in the calendar, and only from WFE on: a kernel
/// that leaves the stream on costs nothing. An event that would have been left over from before is lost, and the WFE
/// lasts until the next one instead of none of the period; software has no way to count on the difference.
pub(crate) fn arm_event_stream(cx: &mut Cx<Aarch64>) {
    let control = cx.cpu.sys.cntkctl;
    if control & cntkctl::EVNTEN == 0 || cx.cpu.power != PowerState::WaitingForEvent {
        return;
    }
    let bit = control >> 4 & 0xf;
    let period = 2u64 << bit;
    // Changes from 0 to 1 are half a period after those from 1 to 0.
    let phase = if control & cntkctl::EVNTDIR == 0 { 1u64 << bit } else { 0 };
    let now = count(cx.bp.now());
    let next = now + period - now.wrapping_sub(phase) % period;
    if let Some(time) = time_of(next) {
        let id = entry(cx, EVENT_STREAM);
        cx.bp.arm(id, time);
    }
}

#[cfg(test)]
mod tests;
