//! The Alpha processor as the engines and the run loop see it.

use lockstep_core::{InterruptClass, VcpuId};
use lockstep_cpu::{
    Access, Cx, Decoded, Emit, Exit, Guest, Meaning, Mem, PowerState, RegisterInfo, TlbEntry, Vcpu,
};
use lockstep_memory::PhysMem;

use crate::insn::reg;
use crate::sys::{Sys, derive};
use crate::{
    Alpha, AlphaPlatform, Exception, Insn, debug_registers, decode, disassemble, exceptions, mmu,
    table,
};

/// The priority level at which everything is masked.
const IPL_HIGH: u64 = 7;

impl Guest for Alpha {
    const NAME: &'static str = "alpha";
    const BIG_ENDIAN: bool = false;
    const INSN_ALIGN: u64 = 4;
    const SYS_VERSION: u16 = 1;

    type Insn = Insn;
    type Sys = Sys;
    type Exception = Exception;
    /// Processors ask each other through the chipset.
    type Request = ();
    type Platform = dyn AlphaPlatform;

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

    fn walk(
        cx: &mut Cx<Self>,
        address: u64,
        access: Access,
        user: bool,
    ) -> Result<TlbEntry, Exit<Self>> {
        mmu::walk(cx, address, access, user)
    }

    fn look(cpu: &Vcpu<Self>, mem: &PhysMem, untagged: u64) -> Option<TlbEntry> {
        mmu::look(mem, &cpu.sys, untagged)
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

    fn misaligned(cx: &mut Cx<Self>, address: u64, _access: Access) -> Exception {
        exceptions::unaligned(cx, address)
    }

    fn bus_abort(
        _cx: &mut Cx<Self>,
        address: u64,
        _access: Access,
        _mem: Option<Mem>,
    ) -> Exception {
        Exception::MachineCheck { address }
    }

    /// The low bits of the PC are always zero: branches clear them.
    fn check_pc(cx: &mut Cx<Self>) -> Result<(), Exception> {
        cx.cpu.pc &= !3;
        Ok(())
    }

    fn take_exception(cx: &mut Cx<Self>, exception: Exception) {
        exceptions::take(cx, exception);
    }

    fn interrupt(cpu: &Vcpu<Self>) -> Option<InterruptClass> {
        exceptions::pending(cpu)
    }

    fn take_interrupt(cx: &mut Cx<Self>, class: InterruptClass) {
        exceptions::take_interrupt(cx, class);
    }

    /// A processor waits at the priority level that WTINT gave it.
    fn wakes(cpu: &Vcpu<Self>) -> bool {
        cpu.power != PowerState::Off && exceptions::pending(cpu).is_some()
    }

    /// A processor has no timer of its own.
    fn due(_cx: &mut Cx<Self>, _number: u32) {}

    fn request(_cx: &mut Cx<Self>, (): &()) {}

    /// The lock flag does not survive: another processor may store to the same place.
    fn switched_away(cpu: &mut Vcpu<Self>) {
        cpu.regs[usize::from(reg::LOCK)] = 0;
    }

    /// In kernel mode with all interrupts masked, floating point enabled and no page tables: a board completes it
    /// (PCBB, PTBR, VPTB, stack pointer) as a console does before it starts an operating system.
    fn reset(id: VcpuId, entry: u64, arg: u64) -> Vcpu<Self> {
        let mut cpu = Vcpu::new(id, Sys::default());
        cpu.pc = entry;
        cpu.regs[usize::from(reg::A0)] = arg;
        cpu.regs[usize::from(reg::PS)] = IPL_HIGH;
        derive(&mut cpu);
        cpu
    }

    fn restored(cpu: &mut Vcpu<Self>) {
        derive(cpu);
    }
}

/// An instruction. Engines pass four bytes.
fn word(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}
