//! The s390x processor as the engines and the run loop see it.

use lockstep_core::{InterruptClass, VcpuId};
use lockstep_cpu::{
    Access, Cx, Decoded, Emit, Exit, Guest, Meaning, Mem, PowerState, Reg, RegisterInfo, Step,
    TlbEntry, Vcpu,
};

use lockstep_memory::PhysMem;

use crate::sys::Sys;
use crate::{
    Exception, Insn, S390x, S390xPlatform, access_registers, debug_registers, decode, disassemble,
    exceptions, mmu, per, psw, reg, reset, signal, signal::Signal, table, timing,
};

/// What one processor makes others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// Drop all translations.
    Purge,
    /// Drop translations of 4 KiB pages whose page index is this.
    ForgetPage(u8),
    /// Drop translations to this frame.
    ForgetFrame(u64),
    /// The TOD clock was set.
    ClockSet,
    /// An order of SIGNAL PROCESSOR.
    Signal {
        /// For which processor.
        to: u16,
        /// From which.
        from: u16,
        /// What it is to do.
        signal: Signal,
    },
    /// A reset, which leaves it stopped.
    Reset(crate::Reset),
}

impl Guest for S390x {
    const NAME: &'static str = "s390x";
    const BIG_ENDIAN: bool = true;
    const INSN_ALIGN: u64 = 2;
    const SYS_VERSION: u16 = 2;

    type Insn = Insn;
    type Sys = Sys;
    type Exception = Exception;
    type Request = Broadcast;
    type Platform = dyn S390xPlatform;

    fn length(first: [u8; 2]) -> usize {
        decode::length(first[0])
    }

    fn decode(bytes: &[u8]) -> Decoded<Insn> {
        decode(bytes)
    }

    fn meaning<E: Emit<Self>>(row: u16) -> Meaning<E, Insn, E::Exit> {
        table::meaning::<E>(row)
    }

    fn disassemble(bytes: &[u8], pc: u64) -> String {
        disassemble(bytes, pc)
    }

    /// Addresses have 24, 31 or 64 bits; meanings leave the bits above alone.
    fn untag(cpu: &Vcpu<Self>, address: u64) -> u64 {
        address & psw::address_mask(cpu.sys.mask)
    }

    fn walk(
        cx: &mut Cx<Self>,
        address: u64,
        access: Access,
        _user: bool,
    ) -> Result<TlbEntry, Exit<Self>> {
        mmu::walk(cx, address, access)
    }

    fn look(cpu: &Vcpu<Self>, mem: &PhysMem, untagged: u64) -> Option<TlbEntry> {
        mmu::look(cpu, mem, untagged)
    }

    fn registers() -> Vec<RegisterInfo> {
        debug_registers::list()
    }

    fn register(cpu: &Vcpu<Self>, number: usize) -> Option<u128> {
        debug_registers::get(cpu, number)
    }

    fn set_register(cpu: &mut Vcpu<Self>, number: usize, value: u128) -> bool {
        debug_registers::set(cpu, number, value)
    }

    fn check_guarded(cx: &mut Cx<Self>, address: u64) -> Result<(), Exception> {
        mmu::check_guarded(cx, address)
    }

    fn misaligned(_cx: &mut Cx<Self>, _address: u64, _access: Access) -> Exception {
        Exception::Program(crate::Program::new(exceptions::code::SPECIFICATION))
    }

    fn bus_abort(
        _cx: &mut Cx<Self>,
        _address: u64,
        access: Access,
        _mem: Option<Mem>,
    ) -> Exception {
        exceptions::no_storage(access)
    }

    fn check_pc(cx: &mut Cx<Self>) -> Result<(), Exception> {
        exceptions::check_pc(cx)
    }

    fn run_carefully(cx: &mut Cx<Self>, run: &mut Step<'_, Self>) -> Result<(), Exit<Self>> {
        per::run_carefully(cx, run)
    }

    fn watch(cx: &mut Cx<Self>, address: u64, mem: Mem, access: Access) -> Result<(), Exit<Self>> {
        per::note_store(cx, address & psw::address_mask(cx.cpu.sys.mask), mem.size.bytes(), access);
        Ok(())
    }

    fn select_space(cx: &mut Cx<Self>, register: Reg) {
        let register = if register == reg::ZERO { 0 } else { register };
        access_registers::operand(cx, register);
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

    fn wakes(cpu: &Vcpu<Self>) -> bool {
        cpu.power != PowerState::Off && exceptions::pending(cpu).is_some()
    }

    fn due(cx: &mut Cx<Self>, number: u32) {
        timing::due(cx, number);
    }

    fn request(cx: &mut Cx<Self>, request: &Broadcast) {
        let this = cx.cpu.id.0;
        match *request {
            Broadcast::Purge => mmu::purge(cx),
            Broadcast::ForgetPage(index) => {
                cx.cpu.tlb.invalidate(|entry| entry.page_bits == 12 && entry.page as u8 == index);
                cx.refetch();
            }
            Broadcast::ForgetFrame(frame) => mmu::forget_frame(cx, frame << 12),
            Broadcast::ClockSet => timing::clock_set(cx),
            Broadcast::Reset(reset) => reset::from_another(cx, reset),
            Broadcast::Signal { to, from, signal } if to == this => signal::obey(cx, from, signal),
            Broadcast::Signal { .. } => {}
        }
    }

    fn shows(cpu: &Vcpu<Self>) -> u32 {
        signal::shows(cpu)
    }

    fn switched_away(_cpu: &mut Vcpu<Self>) {}

    /// After clear reset, with the PSW under which loaders start kernels: 64-bit mode, everything disabled.
    fn reset(id: VcpuId, entry: u64, arg: u64) -> Vcpu<Self> {
        let mut cpu = Vcpu::new(id, Sys::reset());
        cpu.regs[2] = arg;
        psw::set(&mut cpu, psw::EA | psw::BA, entry);
        cpu
    }

    fn restored(cpu: &mut Vcpu<Self>) {
        psw::derive(cpu);
    }

    #[cfg(feature = "faults")]
    fn restored_wrongly(cx: &mut Cx<Self>) {
        crate::faults::restored(cx);
    }
}
