//! Stand-ins until the system instructions and the guest's other half exist: everything is undefined, addresses are
//! physical.

use lockstep_core::{InterruptClass, VcpuId};
use lockstep_cpu::{Access, Cx, Decoded, Emit, Exit, Guest, Meaning, Mem, TlbEntry, Vcpu};

use crate::{Aarch64, Aarch64Platform, Exception, Insn};

const fn exception(class: u32, far: Option<u64>) -> Exception {
    Exception { syndrome: class << 26 | 1 << 25, far, returns_after: false }
}

/// The meaning of what is not allocated.
pub(crate) fn undefined<E: Emit<Aarch64>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    e.raise(exception(0, None))
}

pub(crate) use undefined as brk;
pub(crate) use undefined as clrex;
pub(crate) use undefined as dmb;
pub(crate) use undefined as dsb;
pub(crate) use undefined as eret;
pub(crate) use undefined as hint;
pub(crate) use undefined as hlt;
pub(crate) use undefined as hvc;
pub(crate) use undefined as isb;
pub(crate) use undefined as mrs;
pub(crate) use undefined as msr;
pub(crate) use undefined as msr_imm;
pub(crate) use undefined as smc;
pub(crate) use undefined as svc;
pub(crate) use undefined as sys;
pub(crate) use undefined as sysl;

/// Faults when SCTLR asks for stack pointers that are multiples of 16.
pub(crate) fn check_sp_alignment(
    _cx: &mut Cx<Aarch64>,
    _sp: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    Err(Exit::Exception(exception(0x26, None)))
}

/// Raises the alignment fault of an access to an address.
pub(crate) fn misaligned_helper(
    cx: &mut Cx<Aarch64>,
    [address, writes, _]: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    let access = if writes == 0 { Access::Read } else { Access::Write };
    Err(Exit::Exception(Aarch64::misaligned(cx, address, access)))
}

impl Guest for Aarch64 {
    const NAME: &'static str = "aarch64";
    const BIG_ENDIAN: bool = false;
    const INSN_ALIGN: u64 = 4;
    const SYS_VERSION: u16 = 0;

    type Insn = Insn;
    type Sys = ();
    type Exception = Exception;
    type Request = ();
    type Platform = dyn Aarch64Platform;

    fn length(_first: [u8; 2]) -> usize {
        4
    }
    fn decode(bytes: &[u8]) -> Decoded<Insn> {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[..4]);
        crate::decode(u32::from_le_bytes(word))
    }
    fn meaning<E: Emit<Self>>(row: u16) -> Meaning<E, Insn, E::Exit> {
        crate::meaning(row)
    }
    fn disassemble(bytes: &[u8], pc: u64) -> String {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[..4]);
        crate::disassemble(u32::from_le_bytes(word), pc)
    }
    fn walk(
        _cx: &mut Cx<Self>,
        address: u64,
        _access: Access,
        _user: bool,
    ) -> Result<TlbEntry, Exit<Self>> {
        let page = address >> 12;
        Ok(TlbEntry { page, frame: page, permissions: 0xffff, page_bits: 12, ..TlbEntry::EMPTY })
    }
    fn misaligned(_cx: &mut Cx<Self>, address: u64, _access: Access) -> Exception {
        exception(0x25, Some(address))
    }
    fn bus_abort(_: &mut Cx<Self>, address: u64, _: Access, _: Option<Mem>) -> Exception {
        exception(0x25, Some(address))
    }
    fn check_pc(_cx: &mut Cx<Self>) -> Result<(), Exception> {
        Ok(())
    }
    fn take_exception(cx: &mut Cx<Self>, _exception: Exception) {
        cx.cpu.pc = 0x200;
    }
    fn interrupt(_cpu: &Vcpu<Self>) -> Option<InterruptClass> {
        None
    }
    fn take_interrupt(_cx: &mut Cx<Self>, _class: InterruptClass) {}
    fn wakes(_cpu: &Vcpu<Self>) -> bool {
        false
    }
    fn due(_cx: &mut Cx<Self>, _number: u32) {}
    fn request(_cx: &mut Cx<Self>, _request: &()) {}
    fn switched_away(_cpu: &mut Vcpu<Self>) {}
    fn reset(id: VcpuId, entry: u64, arg: u64) -> Vcpu<Self> {
        let mut cpu = Vcpu::new(id, ());
        cpu.pc = entry;
        cpu.regs[0] = arg;
        cpu
    }
    fn restored(_cpu: &mut Vcpu<Self>) {}
}
