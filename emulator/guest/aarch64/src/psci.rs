//! PSCI: power control, as firmware would offer it (Arm DEN 0022).
//!
//! The machine has no EL3 in which firmware could live, so the emulator answers HVC and SMC from EL1 itself. Version
//! 1.0, with what a kernel needs to start and stop processors and the machine; SMCCC 1.1 on top, so that kernels can ask
//! for workarounds and be told that there are none.

use lockstep_core::{StopReason, VcpuId, What};
use lockstep_cpu::{Cx, Exit, PowerState, Request};

use crate::Aarch64;
use crate::exceptions::undefined;
use crate::registers::affinity;

/// Function identifiers. Those that take addresses also exist with [`SMC64`] set.
mod function {
    pub(super) const SMCCC_VERSION: u32 = 0x8000_0000;
    pub(super) const SMCCC_ARCH_FEATURES: u32 = 0x8000_0001;
    pub(super) const VERSION: u32 = 0x8400_0000;
    pub(super) const CPU_SUSPEND: u32 = 0x8400_0001;
    pub(super) const CPU_OFF: u32 = 0x8400_0002;
    pub(super) const CPU_ON: u32 = 0x8400_0003;
    pub(super) const AFFINITY_INFO: u32 = 0x8400_0004;
    pub(super) const MIGRATE_INFO_TYPE: u32 = 0x8400_0006;
    pub(super) const SYSTEM_OFF: u32 = 0x8400_0008;
    pub(super) const SYSTEM_RESET: u32 = 0x8400_0009;
    pub(super) const FEATURES: u32 = 0x8400_000a;
    /// The bit that marks the 64-bit calling convention.
    pub(super) const SMC64: u32 = 1 << 30;
    pub(super) const CPU_SUSPEND_64: u32 = CPU_SUSPEND | SMC64;
    pub(super) const CPU_ON_64: u32 = CPU_ON | SMC64;
    pub(super) const AFFINITY_INFO_64: u32 = AFFINITY_INFO | SMC64;
}

/// Results.
mod result {
    pub(super) const SUCCESS: i64 = 0;
    pub(super) const NOT_SUPPORTED: i64 = -1;
    pub(super) const INVALID_PARAMETERS: i64 = -2;
    pub(super) const ALREADY_ON: i64 = -4;
    pub(super) const INVALID_ADDRESS: i64 = -9;
}

/// PSCI 1.0 and SMCCC 1.1: major in the upper half.
const PSCI_VERSION: i64 = 0x1_0000;
const SMCCC_VERSION: i64 = 0x1_0001;
/// Trusted OS migration is not needed.
const NO_MIGRATION: i64 = 2;
/// AFFINITY_INFO.
const ON: i64 = 0;
const OFF: i64 = 1;

/// HVC or SMC with the immediate `args[0]`. Only `#0` is a call; from EL0, and otherwise, there is nobody to answer.
pub(crate) fn call(cx: &mut Cx<Aarch64>, args: [u64; 3]) -> Result<u64, Exit<Aarch64>> {
    if args[0] != 0 || cx.cpu.sys.el == 0 {
        return Err(Exit::Exception(undefined()));
    }
    let function = cx.cpu.regs[0] as u32;
    // The 32-bit calling convention passes 32-bit arguments.
    let mask = if function & function::SMC64 == 0 { 0xffff_ffff } else { u64::MAX };
    let arguments = [cx.cpu.regs[1] & mask, cx.cpu.regs[2] & mask, cx.cpu.regs[3] & mask];
    let value = answer(cx, function, arguments) as u64;
    cx.cpu.regs[0] = value;
    Ok(value)
}

fn answer(cx: &mut Cx<Aarch64>, function: u32, [first, second, third]: [u64; 3]) -> i64 {
    match function {
        function::SMCCC_VERSION => SMCCC_VERSION,
        function::SMCCC_ARCH_FEATURES => match first as u32 {
            function::SMCCC_VERSION | function::SMCCC_ARCH_FEATURES => result::SUCCESS,
            _ => result::NOT_SUPPORTED,
        },
        function::VERSION => PSCI_VERSION,
        function::FEATURES => features(first as u32),
        function::CPU_SUSPEND | function::CPU_SUSPEND_64 => suspend(cx),
        function::CPU_OFF => {
            cx.cpu.power = PowerState::Off;
            crate::timer::power_off(cx);
            crate::pmu::power_off(cx);
            cx.bp.witness(What::VcpuOff);
            cx.attend();
            result::SUCCESS
        }
        function::CPU_ON | function::CPU_ON_64 => power_on(cx, first, second, third),
        function::AFFINITY_INFO | function::AFFINITY_INFO_64 => affinity_info(cx, first, second),
        function::MIGRATE_INFO_TYPE => NO_MIGRATION,
        function::SYSTEM_OFF => {
            cx.ask(Request::Stop(StopReason::PowerOff));
            result::SUCCESS
        }
        function::SYSTEM_RESET => {
            cx.ask(Request::Reset);
            result::SUCCESS
        }
        _ => result::NOT_SUPPORTED,
    }
}

fn features(function: u32) -> i64 {
    match function {
        function::SMCCC_VERSION
        | function::VERSION
        | function::FEATURES
        | function::CPU_SUSPEND
        | function::CPU_SUSPEND_64
        | function::CPU_OFF
        | function::CPU_ON
        | function::CPU_ON_64
        | function::AFFINITY_INFO
        | function::AFFINITY_INFO_64
        | function::MIGRATE_INFO_TYPE
        | function::SYSTEM_OFF
        | function::SYSTEM_RESET => result::SUCCESS,
        _ => result::NOT_SUPPORTED,
    }
}

/// Every suspension is a standby state: it keeps everything and ends with an interrupt, masked or not.
fn suspend(cx: &mut Cx<Aarch64>) -> i64 {
    crate::system::wait_for_interrupt(cx);
    result::SUCCESS
}

/// The power states of all processors; the machine keeps them, and knows this one's only from before it ran.
fn powers(cx: &Cx<Aarch64>) -> impl Iterator<Item = (VcpuId, bool)> {
    let this = cx.cpu.id;
    (0u16..).map(VcpuId).zip(&cx.powers).map(move |(id, power)| {
        let on = id == this || *power != PowerState::Off;
        (id, on)
    })
}

fn power_on(cx: &mut Cx<Aarch64>, target: u64, entry: u64, arg: u64) -> i64 {
    let found = powers(cx).find(|(id, _)| affinity(*id) == target);
    match found {
        None => result::INVALID_PARAMETERS,
        Some((_, true)) => result::ALREADY_ON,
        Some(_) if entry & 3 != 0 => result::INVALID_ADDRESS,
        Some((vcpu, false)) => {
            cx.ask(Request::PowerOn { vcpu, entry, arg });
            result::SUCCESS
        }
    }
}

/// Whether any processor of the node that `target` names at an affinity level is on.
fn affinity_info(cx: &Cx<Aarch64>, target: u64, level: u64) -> i64 {
    if level > 3 {
        return result::INVALID_PARAMETERS;
    }
    // Aff3 is in bits 39:32, apart from the others.
    let ignored = [0, 0xff, 0xffff, 0xff_ffff][level as usize];
    let in_node = |id: VcpuId| affinity(id) & !ignored == target & !ignored;
    let states = powers(cx).filter(|(id, _)| in_node(*id)).map(|(_, on)| on);
    match states.reduce(|any, on| any || on) {
        None => result::INVALID_PARAMETERS,
        Some(true) => ON,
        Some(false) => OFF,
    }
}

#[cfg(test)]
mod tests;
