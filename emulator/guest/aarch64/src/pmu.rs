//! The performance monitors (PMUv3, section D13): a cycle counter, six event counters, and their overflow interrupt.
//!
//! A profiler's samples are what its overflows hit, so counters follow virtual time and retired instructions exactly, and
//! an overflow happens at its instruction. A counter has no moving parts: [`settle`] adds what has happened since
//! it was last looked at, and [`schedule`] puts the moment of the next overflow into the calendar. Both run whenever
//! something changes what is counted: registers, the exception level if counters select one, another processor's turn.
//!
//! A processor has 1 GHz, whatever an instruction takes, and its clock goes on while it waits.

use lockstep_core::{EntryId, Owner, VirtualTime};
use lockstep_cpu::{Cx, PowerState};
use serde::{Deserialize, Serialize};

use crate::Aarch64;
use crate::registers::Sys;

/// Event counters, as PMCR_EL0.N says.
pub(crate) const COUNTERS: usize = 6;
/// The bit of the cycle counter in registers that have a bit for each.
const CYCLES: u64 = 1 << 31;
/// The bits that such registers have.
const ALL: u64 = CYCLES | ((1 << COUNTERS) - 1);
/// The interrupt, as the usual boards wire it.
const PPI: u32 = 23;
/// The calendar number of the next overflow; the timers have theirs before it.
const OVERFLOW: u32 = 3;

/// Bits of PMCR_EL0. LC, which makes the cycle counter 64 bits long, is RES1 without AArch32, and so nothing divides.
const E: u64 = 1;
const P: u64 = 1 << 1;
const C: u64 = 1 << 2;
const LC: u64 = 1 << 6;
/// E, D, X and DP are what a write changes.
const PMCR_WRITABLE: u64 = E | 1 << 3 | 1 << 4 | 1 << 5;

/// Filters of PMEVTYPERn_EL0 and PMCCFILTR_EL0: not at EL1, not at EL0.
const NOT_EL1: u64 = 1 << 31;
const NOT_EL0: u64 = 1 << 30;
const FILTERS: u64 = NOT_EL1 | NOT_EL0;
/// The event of a counter.
const EVENT: u64 = 0x3ff;

/// Events that are counted (section D13.10). PMCEID0_EL0 has their bits.
pub(crate) mod event {
    pub(crate) const SW_INCR: u64 = 0x00;
    pub(crate) const INST_RETIRED: u64 = 0x08;
    pub(crate) const EXC_TAKEN: u64 = 0x09;
    pub(crate) const EXC_RETURN: u64 = 0x0a;
    pub(crate) const CPU_CYCLES: u64 = 0x11;
    pub(crate) const CHAIN: u64 = 0x1e;
}

/// PMCEID0_EL0.
pub(crate) const EVENTS: u64 = 1 << event::SW_INCR
    | 1 << event::INST_RETIRED
    | 1 << event::EXC_TAKEN
    | 1 << event::EXC_RETURN
    | 1 << event::CPU_CYCLES
    | 1 << event::CHAIN;

/// Bits of PMUSERENR_EL0.
pub(crate) mod userenr {
    pub(crate) const EN: u64 = 1;
    pub(crate) const SW: u64 = 1 << 1;
    pub(crate) const CR: u64 = 1 << 2;
    pub(crate) const ER: u64 = 1 << 3;
    pub(crate) const WRITABLE: u64 = EN | SW | CR | ER;
}

/// The monitors' registers, and up to when they have counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pmu {
    control: u64,
    enabled: u64,
    interrupts: u64,
    overflowed: u64,
    pub(crate) selected: u64,
    pub(crate) userenr: u64,
    cycle_filter: u64,
    types: [u64; COUNTERS],
    cycles: u64,
    counts: [u32; COUNTERS],
    /// The time and the retired instructions that are counted already.
    time: VirtualTime,
    retired: u64,
    /// Instructions that retire are this processor's: it runs.
    running: bool,
    /// The interrupt line.
    line: bool,
}

impl Pmu {
    /// Whether anything counts.
    #[inline]
    fn active(&self) -> bool {
        self.control & E != 0 && self.enabled != 0
    }

    /// Whether some counter counts at one exception level only.
    #[inline]
    fn is_filtered(&self) -> bool {
        self.active()
            && (self.cycle_filter | self.types.iter().fold(0, |all, t| all | t)) & FILTERS != 0
    }

    fn counts_at(&self, bit: u64, filter: u64, el: u8) -> bool {
        let never = if el == 0 { NOT_EL0 } else { NOT_EL1 };
        self.control & E != 0 && self.enabled & bit != 0 && filter & never == 0
    }

    /// Whether counter `n` counts an event at an exception level.
    fn counts(&self, n: usize, event: u64, el: u8) -> bool {
        self.types[n] & EVENT == event && self.counts_at(1 << n, self.types[n], el)
    }

    /// Adds to a counter, and to the one that is chained to it.
    fn add(&mut self, n: usize, amount: u64, el: u8) {
        let sum = u64::from(self.counts[n]) + amount;
        self.counts[n] = sum as u32;
        let wraps = sum >> 32;
        if wraps == 0 {
            return;
        }
        self.overflowed |= 1 << n;
        if n.is_multiple_of(2) && n + 1 < COUNTERS && self.counts(n + 1, event::CHAIN, el) {
            self.add(n + 1, wraps, el);
        }
    }

    fn count_all(&mut self, event: u64, amount: u64, el: u8) {
        for n in 0..COUNTERS {
            if amount != 0 && self.counts(n, event, el) {
                self.add(n, amount, el);
            }
        }
    }

    /// The distance to the next overflow of a counter of `event`.
    fn until_overflow(&self, event: u64, el: u8) -> Option<u64> {
        let counters = (0..COUNTERS).filter(|n| self.counts(*n, event, el));
        counters.map(|n| (1 << 32) - u64::from(self.counts[n])).min()
    }
}

fn entry(cx: &Cx<Aarch64>) -> EntryId {
    EntryId { owner: Owner::Vcpu(cx.cpu.id), number: OVERFLOW }
}

/// Counts what has happened until now, of which the executing instruction is no part.
fn settle(cx: &mut Cx<Aarch64>) {
    settle_until(cx, cx.bp.retired);
}

fn settle_until(cx: &mut Cx<Aarch64>, retired: u64) {
    let now = cx.bp.clock.time_at(retired);
    let Sys { el, pmu, .. } = &mut cx.cpu.sys;
    let cycles = now.as_ns().saturating_sub(pmu.time.as_ns());
    let insns = if pmu.running { retired.saturating_sub(pmu.retired) } else { 0 };
    (pmu.time, pmu.retired) = (now, retired);
    if !pmu.active() {
        return;
    }
    if pmu.counts_at(CYCLES, pmu.cycle_filter, *el) {
        let (sum, wraps) = pmu.cycles.overflowing_add(cycles);
        pmu.cycles = sum;
        pmu.overflowed |= if wraps { CYCLES } else { 0 };
    }
    pmu.count_all(event::INST_RETIRED, insns, *el);
    pmu.count_all(event::CPU_CYCLES, cycles, *el);
}

/// Arms the entry of the next overflow, and drives the interrupt. Everything has been counted until now.
fn schedule(cx: &mut Cx<Aarch64>) {
    let Sys { el, pmu, .. } = &cx.cpu.sys;
    let mut next = VirtualTime::NEVER;
    if pmu.active() {
        let long = pmu.counts_at(CYCLES, pmu.cycle_filter, *el).then(|| pmu.cycles.wrapping_neg());
        let cycles = [long.filter(|left| *left != 0), pmu.until_overflow(event::CPU_CYCLES, *el)];
        if let Some(cycles) = cycles.into_iter().flatten().min() {
            next = VirtualTime::from_ns(pmu.time.as_ns().saturating_add(cycles));
        }
        if let Some(insns) = pmu.until_overflow(event::INST_RETIRED, *el).filter(|_| pmu.running) {
            next = next.min(cx.bp.clock.time_at(pmu.retired.saturating_add(insns)));
        }
    }
    let line = pmu.control & E != 0 && pmu.overflowed & pmu.interrupts != 0;
    let id = entry(cx);
    match next {
        VirtualTime::NEVER => cx.bp.cancel(id),
        time => cx.bp.arm(id, time),
    }
    if cx.cpu.sys.pmu.line != line {
        cx.cpu.sys.pmu.line = line;
        let vcpu = cx.cpu.id;
        let (platform, mut devices) = cx.devices();
        platform.set_ppi(&mut devices, vcpu, PPI, line);
        cx.attend();
    }
    if cx.bp.attention {
        cx.look_up();
    }
}

/// Reads something of the monitors that counts.
pub(crate) fn read(cx: &mut Cx<Aarch64>, value: impl Fn(&Pmu) -> u64) -> u64 {
    settle(cx);
    value(&cx.cpu.sys.pmu)
}

/// Changes something of the monitors.
pub(crate) fn write(cx: &mut Cx<Aarch64>, change: impl Fn(&mut Pmu)) {
    settle(cx);
    let retired = cx.bp.retired;
    let pmu = &mut cx.cpu.sys.pmu;
    // The first thing that a processor does with its monitors, it does while it runs.
    (pmu.running, pmu.retired) = (true, retired);
    change(pmu);
    schedule(cx);
}

/// The registers' values and what writing them does. Registers with a bit for each counter come in pairs, of which one
/// sets and one clears.
impl Pmu {
    /// PMCR_EL0: N in bits 15:11; there is no implementer to name.
    pub(crate) fn control(&self) -> u64 {
        self.control | LC | (COUNTERS as u64) << 11
    }
    pub(crate) fn set_control(&mut self, value: u64) {
        self.control = value & PMCR_WRITABLE;
        if value & P != 0 {
            self.counts = [0; COUNTERS];
        }
        if value & C != 0 {
            self.cycles = 0;
        }
    }
    pub(crate) fn enabled(&self) -> u64 {
        self.enabled
    }
    pub(crate) fn enable(&mut self, bits: u64) {
        self.enabled |= bits & ALL;
    }
    pub(crate) fn disable(&mut self, bits: u64) {
        self.enabled &= !bits;
    }
    pub(crate) fn interrupts(&self) -> u64 {
        self.interrupts
    }
    pub(crate) fn enable_interrupts(&mut self, bits: u64) {
        self.interrupts |= bits & ALL;
    }
    pub(crate) fn disable_interrupts(&mut self, bits: u64) {
        self.interrupts &= !bits;
    }
    pub(crate) fn overflowed(&self) -> u64 {
        self.overflowed
    }
    pub(crate) fn set_overflowed(&mut self, bits: u64) {
        self.overflowed |= bits & ALL;
    }
    pub(crate) fn clear_overflowed(&mut self, bits: u64) {
        self.overflowed &= !bits;
    }
    pub(crate) fn cycles(&self) -> u64 {
        self.cycles
    }
    pub(crate) fn set_cycles(&mut self, value: u64) {
        self.cycles = value;
    }
    pub(crate) fn cycle_filter(&self) -> u64 {
        self.cycle_filter
    }
    pub(crate) fn set_cycle_filter(&mut self, value: u64) {
        self.cycle_filter = value & FILTERS;
    }
    pub(crate) fn count(&self, n: usize) -> u64 {
        self.counts.get(n).copied().unwrap_or_default().into()
    }
    pub(crate) fn set_count(&mut self, n: usize, value: u64) {
        if let Some(count) = self.counts.get_mut(n) {
            *count = value as u32;
        }
    }
    pub(crate) fn kind(&self, n: usize) -> u64 {
        // PMSELR_EL0.SEL = 31 is the cycle counter's filter.
        if n == 31 { self.cycle_filter } else { self.types.get(n).copied().unwrap_or_default() }
    }
    pub(crate) fn set_kind(&mut self, n: usize, value: u64) {
        if n == 31 {
            self.set_cycle_filter(value);
        } else if let Some(kind) = self.types.get_mut(n) {
            *kind = value & (FILTERS | EVENT);
        }
    }
    /// PMSELR_EL0.SEL.
    pub(crate) fn selection(&self) -> usize {
        self.selected as usize & 31
    }
}

/// PMSWINC_EL0: an event for the counters whose bits are set, if they count it.
pub(crate) fn software_increment(cx: &mut Cx<Aarch64>, bits: u64) {
    let el = cx.cpu.sys.el;
    write(cx, |pmu| {
        for n in 0..COUNTERS {
            if bits >> n & 1 != 0 && pmu.counts(n, event::SW_INCR, el) {
                pmu.add(n, 1, el);
            }
        }
    });
}

/// Around a change of the exception level by an exception or a return, which is an event of the level that it leaves.
/// What was before is counted there; so is the instruction that does it, unless an interrupt does (`executing` is not set).
#[inline]
pub(crate) fn around<T>(
    cx: &mut Cx<Aarch64>,
    (event, executing): (u64, bool),
    change: impl FnOnce(&mut Cx<Aarch64>) -> T,
) -> T {
    if !cx.cpu.sys.pmu.active() {
        return change(cx);
    }
    change_counted(cx, (event, executing), change)
}

fn change_counted<T>(
    cx: &mut Cx<Aarch64>,
    (event, executing): (u64, bool),
    change: impl FnOnce(&mut Cx<Aarch64>) -> T,
) -> T {
    let pmu = &cx.cpu.sys.pmu;
    let wanted = (0..COUNTERS).any(|n| pmu.enabled >> n & 1 != 0 && pmu.types[n] & EVENT == event);
    if !wanted && !pmu.is_filtered() {
        return change(cx);
    }
    settle_until(cx, cx.bp.retired + u64::from(executing));
    let Sys { el, pmu, .. } = &mut cx.cpu.sys;
    pmu.count_all(event, 1, *el);
    let result = change(cx);
    schedule(cx);
    result
}

/// The processor is about to run, after it waited or after another's turn.
#[inline]
pub(crate) fn resumes(cx: &mut Cx<Aarch64>) {
    if !cx.cpu.sys.pmu.running && cx.cpu.sys.pmu.active() {
        settle(cx);
        cx.cpu.sys.pmu.running = true;
        schedule(cx);
    }
}

/// The processor stops for another's turn, or to wait by the executing instruction, which is counted.
pub(crate) fn stops(cx: &mut Cx<Aarch64>) {
    if !cx.cpu.sys.pmu.running || !cx.cpu.sys.pmu.active() {
        return;
    }
    let waits = u64::from(cx.cpu.power != PowerState::Running);
    settle_until(cx, cx.bp.retired + waits);
    cx.cpu.sys.pmu.running = false;
    schedule(cx);
}

/// The processor loses its power, and its monitors what they were set to.
pub(crate) fn power_off(cx: &mut Cx<Aarch64>) {
    let line = cx.cpu.sys.pmu.line;
    cx.cpu.sys.pmu = Pmu { line, ..Pmu::default() };
    schedule(cx);
}

/// The entry is due.
pub(crate) fn due(cx: &mut Cx<Aarch64>) {
    settle(cx);
    schedule(cx);
}

#[cfg(test)]
mod tests;
