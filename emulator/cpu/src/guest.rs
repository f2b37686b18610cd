//! What a guest architecture tells the engines, and what a board offers to its processors.

use std::fmt::Debug;

use lockstep_core::{Input, InterruptClass, RestoreError, Saved, VcpuId};
use lockstep_memory::{DeviceCx, PhysMem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Access, Cx, DeviceRegion, Emit, Exit, Mem, Reg, RegisterInfo, TlbEntry, Vcpu};

/// The meaning of an instruction, as one engine has it.
pub type Meaning<E, I, X> = fn(&mut E, &I) -> Result<(), X>;

/// Runs the instruction at the pc.
pub type Step<'a, G> = dyn FnMut(&mut Cx<G>) -> Result<(), Exit<G>> + 'a;

/// A decoded instruction.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<I> {
    /// The row of the guest's instruction table.
    pub row: u16,
    /// The operands.
    pub insn: I,
    /// Bytes.
    pub len: u8,
    /// The next instruction may be elsewhere, or may be fetched under other rules.
    pub ends_block: bool,
}

/// A successful translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The physical address.
    pub address: u64,
    /// The memory has device semantics: it insists on natural alignment.
    pub device: bool,
}

/// A guest architecture.
pub trait Guest: Sized + 'static {
    /// The name that scenarios and logs use.
    const NAME: &'static str;
    /// Whether data in memory is big-endian.
    const BIG_ENDIAN: bool;
    /// Instructions start at multiples of this many bytes.
    const INSN_ALIGN: u64;
    /// Registers, a bit each, that are mostly overwritten before anybody reads them, like flags: an engine may put off
    /// storing them.
    const DERIVED: u64 = 0;
    /// The version of the saved form of [`Guest::Sys`].
    const SYS_VERSION: u16;

    /// The operands of a decoded instruction.
    type Insn: Copy + Debug + Send;
    /// What a vCPU has beyond [`Vcpu::regs`]: system registers and the like, as a plain value.
    type Sys: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send;
    /// A synchronous exception.
    type Exception: Clone + Debug + Send;
    /// Something that every other vCPU must do, too (a broadcast TLB invalidation, an event).
    type Request: Clone + Debug + Send;
    /// What a board offers to processors of this architecture.
    type Platform: ?Sized + Platform;

    /// Bytes of the instruction that starts with these.
    fn length(first: [u8; 2]) -> usize;
    /// Decodes the instruction in `bytes`, which are as many as [`Guest::length`] says. An undefined one decodes to a
    /// row whose meaning says so.
    fn decode(bytes: &[u8]) -> Decoded<Self::Insn>;
    /// The meaning of a row, for an engine.
    fn meaning<E: Emit<Self>>(row: u16) -> Meaning<E, Self::Insn, E::Exit>;
    /// The text of an instruction at `pc`, in the usual assembly syntax.
    fn disassemble(bytes: &[u8], pc: u64) -> String;

    /// An address without the bits that the guest does not translate at present (a tag): what the TLB is asked for. The
    /// fast paths of engines ask with the address as it is, and merely miss when it has a tag.
    fn untag(cpu: &Vcpu<Self>, address: u64) -> u64 {
        let _ = cpu;
        address
    }
    /// Walks the page tables: called when the TLB has no entry that permits the access. Gives the entry to fill
    /// and the translation. `user` asks for the permissions of user mode.
    fn walk(
        cx: &mut Cx<Self>,
        address: u64,
        access: Access,
        user: bool,
    ) -> Result<TlbEntry, Exit<Self>>;
    /// Whether a store to `address`, in a page whose TLB entry is [`crate::GUARDED`], may go ahead.
    fn check_guarded(cx: &mut Cx<Self>, address: u64) -> Result<(), Self::Exception> {
        let _ = (cx, address);
        Ok(())
    }
    /// What a walk of the page tables would find at an address without its tag, for a processor in its present mode and
    /// whoever asks. Changes nothing; `None` where nothing is mapped.
    fn look(cpu: &Vcpu<Self>, mem: &PhysMem, untagged: u64) -> Option<TlbEntry>;
    /// The registers that a debugger can see, by its numbers.
    fn registers() -> Vec<RegisterInfo>;
    /// The value of a register by its number; `None` when there is none. Changes nothing.
    fn register(cpu: &Vcpu<Self>, number: usize) -> Option<u128>;
    /// Sets a register by its number, past the guest's access rules but not past those that keep the state possible; false
    /// when there is none, when it cannot be written, or when the value cannot be.
    fn set_register(cpu: &mut Vcpu<Self>, number: usize, value: u128) -> bool;
    /// The exception for a misaligned data access that the architecture does not allow.
    fn misaligned(cx: &mut Cx<Self>, address: u64, access: Access) -> Self::Exception;
    /// The exception for an access at which the bus aborts.
    fn bus_abort(
        cx: &mut Cx<Self>,
        address: u64,
        access: Access,
        mem: Option<Mem>,
    ) -> Self::Exception;
    /// Whether the pc is one from which instructions can be fetched at all; asked when the fetch page changes and when the
    /// pc is misaligned. May take a tag off `cx.cpu.pc`.
    fn check_pc(cx: &mut Cx<Self>) -> Result<(), Self::Exception>;

    /// Enters the handler of a synchronous exception that the instruction at `cx.cpu.pc` caused. Appends the event.
    fn take_exception(cx: &mut Cx<Self>, exception: Self::Exception);
    /// The interrupt that the vCPU would take before its next instruction.
    fn interrupt(cpu: &Vcpu<Self>) -> Option<InterruptClass>;
    /// Enters the handler of an interrupt. The event has been appended.
    fn take_interrupt(cx: &mut Cx<Self>, class: InterruptClass);
    /// Whether a waiting vCPU goes on: an interrupt is pending, masked or not.
    fn wakes(cpu: &Vcpu<Self>) -> bool;

    /// What other vCPUs can see of this one at once, beside its power state. It follows from saved state alone.
    fn shows(cpu: &Vcpu<Self>) -> u32 {
        let _ = cpu;
        0
    }

    /// Runs one instruction with `run`, while [`Vcpu::careful`] is set: for debug exceptions before it, and whatever
    /// depends on its having completed. `cx.left` is not zero; an exception instead of the instruction takes one off.
    fn run_carefully(cx: &mut Cx<Self>, run: &mut Step<'_, Self>) -> Result<(), Exit<Self>> {
        run(cx)
    }
    /// The data accesses that follow are to the operand whose base register has this number: for architectures in which that
    /// may choose the address space. While it may, [`Vcpu::careful`] is set, so compiled code does not ask.
    fn select_space(cx: &mut Cx<Self>, register: Reg) {
        let _ = (cx, register);
    }
    /// Looks at a data access that would succeed, while [`Vcpu::watched`] is set: for watchpoints.
    fn watch(cx: &mut Cx<Self>, address: u64, mem: Mem, access: Access) -> Result<(), Exit<Self>> {
        let _ = (cx, address, mem, access);
        Ok(())
    }

    /// A calendar entry of the vCPU `cx.cpu` is due.
    fn due(cx: &mut Cx<Self>, number: u32);
    /// Does what another vCPU asked of every vCPU.
    fn request(cx: &mut Cx<Self>, request: &Self::Request);
    /// The vCPU `cx.cpu` is about to run; called often, and mostly it did before.
    fn resumes(cx: &mut Cx<Self>) {
        let _ = cx;
    }
    /// Another vCPU is about to run instead of `cx.cpu`, which could go on.
    fn pauses(cx: &mut Cx<Self>) {
        let _ = cx;
    }
    /// Another vCPU has run, or will: whatever a processor forgets when it loses its core (exclusive monitors).
    fn switched_away(cpu: &mut Vcpu<Self>);
    /// A vCPU after reset, off or about to start at `entry` with `arg` in its first argument register.
    fn reset(id: VcpuId, entry: u64, arg: u64) -> Vcpu<Self>;
    /// Recomputes what is derived from saved state.
    fn restored(cpu: &mut Vcpu<Self>);
    /// Does what nobody must do after a restore.
    #[cfg(feature = "faults")]
    fn restored_wrongly(cx: &mut Cx<Self>) {
        let _ = cx;
    }
}

/// An access that the bus refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusError {
    /// The guest sees an abort.
    Abort,
    /// This build lacks what the guest used; the run ends with this report.
    Unimplemented(String),
}

/// What a board offers to processors of any architecture.
pub trait Platform: Send {
    /// Reads a device.
    fn read(&mut self, cx: &mut DeviceCx<'_>, address: u64, size: u8) -> Result<u64, BusError>;
    /// Writes a device.
    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        address: u64,
        size: u8,
        value: u64,
    ) -> Result<(), BusError>;
    /// Where devices have registers, for people who ask; several may name the same addresses.
    fn regions(&self) -> Vec<DeviceRegion> {
        Vec::new()
    }
    /// A calendar entry of the device at `place` is due.
    fn due(&mut self, cx: &mut DeviceCx<'_>, place: u16, number: u32);
    /// Takes an input (already logged).
    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input);
    /// The interrupt lines of a vCPU, in bits that the guest defines.
    fn lines(&self, vcpu: VcpuId) -> u32;
    /// All devices back to their state after power-on.
    fn reset(&mut self, cx: &mut DeviceCx<'_>);
    /// Adds the state of all devices.
    fn save(&self, to: &mut Saved);
    /// Takes the state of all devices back.
    fn restore(&mut self, from: &Saved) -> Result<(), RestoreError>;
    /// Does what no device must do after a restore.
    #[cfg(feature = "faults")]
    fn restored_wrongly(&mut self, faults: &lockstep_core::faults::Faults) {
        let _ = faults;
    }
}
