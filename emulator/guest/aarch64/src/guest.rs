//! The AArch64 processor as the engines and the run loop see it.

use lockstep_core::{InterruptClass, VcpuId};
use lockstep_cpu::{
    Access, Cx, Decoded, Emit, Exit, Guest, Meaning, Mem, PowerState, RegisterInfo, Step, TlbEntry,
    Vcpu,
};
use lockstep_memory::PhysMem;

use crate::exceptions::{self, status};
use crate::maintenance::{self, Invalidation};
use crate::registers::{Sys, derive};
use crate::{
    Aarch64, Aarch64Platform, Exception, Insn, debug_exceptions, debug_registers, decode,
    disassemble, mmu, pmu, reg, table, timer,
};

/// What one processor makes all others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// SEV: set the event register.
    Event,
    /// A TLB invalidation in the inner shareable domain.
    Invalidate(Invalidation),
}

impl Guest for Aarch64 {
    const NAME: &'static str = "aarch64";
    const BIG_ENDIAN: bool = false;
    const INSN_ALIGN: u64 = 4;
    const SYS_VERSION: u16 = 3;

    type Insn = Insn;
    type Sys = Sys;
    type Exception = Exception;
    type Request = Broadcast;
    type Platform = dyn Aarch64Platform;

    fn length(_first: [u8; 2]) -> usize {
        4
    }

    fn decode(bytes: &[u8]) -> Decoded<Insn> {
        decode(word(bytes))
    }

    fn meaning<E: Emit<Self>>(row: u16) -> Meaning<E, Insn, E::Exit> {
        table::meaning::<E>(row)
    }

    fn disassemble(bytes: &[u8], pc: u64) -> String {
        disassemble(word(bytes), pc)
    }

    fn untag(cpu: &Vcpu<Self>, address: u64) -> u64 {
        cpu.sys.untag(address)
    }

    fn walk(
        cx: &mut Cx<Self>,
        address: u64,
        access: Access,
        user: bool,
    ) -> Result<TlbEntry, Exit<Self>> {
        mmu::walk(cx, address, access, user)
    }

    fn look(cpu: &Vcpu<Self>, mem: &PhysMem, untagged: u64) -> Option<TlbEntry> {
        mmu::look(&cpu.sys, mem, untagged).ok().map(|found| found.entry)
    }

    fn registers() -> Vec<RegisterInfo> {
        debug_registers::list()
    }

    fn register(cpu: &Vcpu<Self>, number: usize) -> Option<u128> {
        debug_registers::by_number(cpu, number)
    }

    fn set_register(cpu: &mut Vcpu<Self>, number: usize, value: u128) -> bool {
        debug_registers::set_by_number(cpu, number, value)
    }

    fn misaligned(cx: &mut Cx<Self>, address: u64, access: Access) -> Exception {
        exceptions::abort(&cx.cpu, status::ALIGNMENT, address, access)
    }

    fn bus_abort(cx: &mut Cx<Self>, address: u64, access: Access, _mem: Option<Mem>) -> Exception {
        exceptions::abort(&cx.cpu, status::EXTERNAL, address, access)
    }

    fn check_pc(cx: &mut Cx<Self>) -> Result<(), Exception> {
        exceptions::check_pc(cx)
    }

    fn take_exception(cx: &mut Cx<Self>, exception: Exception) {
        exceptions::take(cx, exception);
    }

    /// FIQ before IRQ, where both are pending; the architecture leaves the order open.
    fn interrupt(cpu: &Vcpu<Self>) -> Option<InterruptClass> {
        let pending = cpu.lines & !u32::from((cpu.sys.daif & 1) << 1 | cpu.sys.daif >> 1 & 1);
        if pending & 2 != 0 {
            Some(InterruptClass::Fiq)
        } else if pending & 1 != 0 {
            Some(InterruptClass::Irq)
        } else {
            None
        }
    }

    fn take_interrupt(cx: &mut Cx<Self>, class: InterruptClass) {
        exceptions::take_interrupt(cx, class);
    }

    fn wakes(cpu: &Vcpu<Self>) -> bool {
        match cpu.power {
            PowerState::Off => false,
            PowerState::WaitingForEvent if cpu.sys.event => true,
            _ => cpu.lines & 3 != 0,
        }
    }

    fn run_carefully(cx: &mut Cx<Self>, run: &mut Step<'_, Self>) -> Result<(), Exit<Self>> {
        debug_exceptions::run_carefully(cx, run)
    }

    fn watch(cx: &mut Cx<Self>, address: u64, mem: Mem, access: Access) -> Result<(), Exit<Self>> {
        debug_exceptions::watch(cx, address, mem, access)
    }

    fn due(cx: &mut Cx<Self>, number: u32) {
        timer::due(cx, number);
    }

    fn request(cx: &mut Cx<Self>, request: &Broadcast) {
        match *request {
            Broadcast::Event => cx.cpu.sys.event = true,
            Broadcast::Invalidate(what) => maintenance::invalidate(cx, what),
        }
    }

    fn pauses(cx: &mut Cx<Self>) {
        pmu::stops(cx);
    }

    fn resumes(cx: &mut Cx<Self>) {
        pmu::resumes(cx);
    }

    /// The monitor opens, and that is an event: a processor that waits with LDXR and WFE for another's store goes on
    /// and looks again.
    fn switched_away(cpu: &mut Vcpu<Self>) {
        if std::mem::take(&mut cpu.regs[usize::from(reg::MONITOR)]) != 0 {
            cpu.sys.event = true;
        }
    }

    fn reset(id: VcpuId, entry: u64, arg: u64) -> Vcpu<Self> {
        let mut cpu = Vcpu::new(id, Sys::reset(entry));
        cpu.pc = entry;
        cpu.regs[0] = arg;
        cpu.regs[usize::from(reg::NOT_Z)] = 1;
        derive(&mut cpu);
        cpu
    }

    fn restored(cpu: &mut Vcpu<Self>) {
        derive(cpu);
    }
}

/// An instruction; instructions are little-endian whatever data are. Engines pass four bytes.
fn word(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

#[cfg(test)]
mod tests;
