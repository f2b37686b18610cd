//! The program-status word (Principles of Operation, chapter 4).
//!
//! Its parts are kept where instructions use them: the condition code in a register, the address as the pc, the rest in
//! [`crate::Sys::mask`]. What meanings need to know of the rest is in registers that follow from it; [`derive`] makes them.

use lockstep_cpu::{MmuCx, Vcpu};

use crate::control::cr0;
use crate::sys::{Space, SpaceKind};
use crate::{S390x, reg};

/// PER.
pub const PER: u64 = 1 << 62;
/// Dynamic address translation.
pub const DAT: u64 = 1 << 58;
/// I/O interruptions.
pub const IO: u64 = 1 << 57;
/// External interruptions.
pub const EXTERNAL: u64 = 1 << 56;
/// Where the access key is.
pub const KEY_SHIFT: u32 = 52;
/// The access key.
pub const KEY: u64 = 0xf << KEY_SHIFT;
/// Bit 12: one in the short format, zero here.
pub const SHORT: u64 = 1 << 51;
/// Machine checks.
pub const MACHINE_CHECK: u64 = 1 << 50;
/// Wait state.
pub const WAIT: u64 = 1 << 49;
/// Problem state.
pub const PROBLEM: u64 = 1 << 48;
/// Address-space control.
pub const SPACE: u64 = 3 << SPACE_SHIFT;
/// Where the address-space control is: 0 primary, 1 access registers, 2 secondary, 3 home.
pub const SPACE_SHIFT: u32 = 46;
/// The condition code.
pub const CC: u64 = 3 << CC_SHIFT;
/// Where the condition code is.
pub const CC_SHIFT: u32 = 44;
/// The program mask: fixed-point overflow, decimal overflow, HFP exponent underflow, HFP significance.
pub const PROGRAM_MASK: u64 = 0xf << PROGRAM_MASK_SHIFT;
/// Where the program mask is.
pub const PROGRAM_MASK_SHIFT: u32 = 40;
/// Fixed-point overflow interrupts.
pub const FIXED_OVERFLOW: u64 = 1 << 43;
/// Decimal overflow interrupts.
pub const DECIMAL_OVERFLOW: u64 = 1 << 42;
/// Extended addressing.
pub const EA: u64 = 1 << 32;
/// Basic addressing.
pub const BA: u64 = 1 << 31;

/// Bits that a valid PSW does not have.
const RESERVED: u64 = !(PER
    | DAT
    | IO
    | EXTERNAL
    | KEY
    | MACHINE_CHECK
    | WAIT
    | PROBLEM
    | SPACE
    | CC
    | PROGRAM_MASK
    | EA
    | BA);

type Cpu = Vcpu<S390x>;

/// PSW bits 0 to 63.
#[must_use]
pub fn mask(cpu: &Cpu) -> u64 {
    cpu.sys.mask & !CC | (cpu.regs[usize::from(reg::CC)] & 3) << CC_SHIFT
}

/// Both halves of the PSW, at an address.
#[must_use]
pub fn bytes(mask: u64, address: u64) -> [u8; 16] {
    (u128::from(mask) << 64 | u128::from(address)).to_be_bytes()
}

/// Whether an instruction can run under such a PSW at all (chapter 6, "Early Exception Recognition").
#[must_use]
pub const fn is_valid(mask: u64, address: u64) -> bool {
    let beyond = match (mask & EA != 0, mask & BA != 0) {
        (true, true) => 0,
        (true, false) => return false,
        (false, true) => address >> 31,
        (false, false) => address >> 24,
    };
    mask & RESERVED == 0 && beyond == 0
}

/// Ones where addresses have bits.
#[must_use]
pub const fn address_mask(mask: u64) -> u64 {
    match (mask & EA != 0, mask & BA != 0) {
        (true, _) => u64::MAX,
        (false, true) => 0x7fff_ffff,
        (false, false) => 0xff_ffff,
    }
}

/// The access key, 0 to 15.
#[must_use]
pub const fn key(mask: u64) -> u8 {
    (mask >> KEY_SHIFT) as u8 & 0xf
}

/// Puts a PSW into the processor, valid or not.
pub fn set(cpu: &mut Cpu, mask: u64, address: u64) {
    cpu.sys.mask = mask & !CC;
    cpu.regs[usize::from(reg::CC)] = (mask & CC) >> CC_SHIFT;
    cpu.pc = address;
    derive(cpu);
}

/// Whether access registers choose the address spaces of data (chapter 5, "Access-Register-Specified Address Spaces").
pub const fn uses_access_registers(mask: u64) -> bool {
    mask & DAT != 0 && mask >> SPACE_SHIFT & 3 == 1
}

/// Whether not all operands are in one space: see [`crate::access_registers`].
pub const fn chooses_spaces(mask: u64) -> bool {
    mask & DAT != 0 && matches!(mask >> SPACE_SHIFT & 3, 1 | 2)
}

/// The address space that data accesses use under a PSW, but for access registers.
fn data_kind(mask: u64) -> SpaceKind {
    if mask & DAT == 0 {
        return SpaceKind::Real;
    }
    match mask >> SPACE_SHIFT & 3 {
        2 => SpaceKind::Secondary,
        3 => SpaceKind::Home,
        _ => SpaceKind::Primary,
    }
}

/// The address space that instructions are fetched from.
fn fetch_kind(mask: u64) -> SpaceKind {
    match data_kind(mask) {
        SpaceKind::Secondary => SpaceKind::Primary,
        kind => kind,
    }
}

/// A space as the control registers have it.
#[must_use]
pub fn space(cpu: &Cpu, kind: SpaceKind, key: u8) -> Space {
    let designation = match kind {
        SpaceKind::Real => 0,
        // What access registers name is not here: the primary space is one of them, at least.
        SpaceKind::Primary | SpaceKind::Access | SpaceKind::FetchOnly => cpu.sys.cr[1],
        SpaceKind::Secondary => cpu.sys.cr[7],
        SpaceKind::Home => cpu.sys.cr[13],
    };
    Space { designation, kind, key }
}

/// The space that instructions are fetched from.
#[must_use]
pub fn space_of_fetch(cpu: &Cpu) -> Space {
    space(cpu, fetch_kind(cpu.sys.mask), key(cpu.sys.mask))
}

/// Recomputes what follows from the PSW and the control registers.
pub fn derive(cpu: &mut Cpu) {
    let mask = cpu.sys.mask;
    let address = address_mask(mask);
    let flag = |on: bool| u64::from(on);
    let values = [
        (reg::ADDRESS, address),
        (reg::KEEP, if mask & EA != 0 { 0 } else { !0xffff_ffff }),
        (reg::LINK, if address == 0x7fff_ffff { 1 << 31 } else { 0 }),
        (reg::ZERO, 0),
        (reg::TRAP_OVERFLOW, flag(mask & FIXED_OVERFLOW != 0)),
        (reg::NO_AFP, flag(cpu.sys.cr[0] & cr0::AFP == 0)),
        (reg::NO_VECTOR, flag(cpu.sys.cr[0] & cr0::VECTORS != cr0::VECTORS)),
    ];
    for (number, value) in values {
        cpu.regs[usize::from(number)] = value;
    }
    let (data, fetch) = (data_kind(mask), fetch_kind(mask));
    let (data, fetch) = (space(cpu, data, key(mask)), space(cpu, fetch, key(mask)));
    let [data_id, fetch_id] = ids(cpu, [data, fetch]);
    cpu.mmu = MmuCx { mode: data.kind.mode(), space: data_id, fetch_space: fetch_id, align: false };
    crate::per::derive(cpu);
}

/// Makes data accesses go to a space.
pub fn go_to(cpu: &mut Cpu, space: Space) {
    let fetch = space_of_fetch(cpu);
    let [data, fetch] = ids(cpu, [space, fetch]);
    (cpu.mmu.space, cpu.mmu.fetch_space) = (data, fetch);
}

/// The numbers that the TLB knows spaces by. When there are no more, the TLB starts afresh.
pub fn ids(cpu: &mut Cpu, wanted: [Space; 2]) -> [u16; 2] {
    let known = |cpu: &Cpu| wanted.map(|space| cpu.sys.spaces.iter().position(|s| *s == space));
    if let [Some(first), Some(second)] = known(cpu) {
        return [first as u16, second as u16];
    }
    if cpu.sys.spaces.len() + 2 > crate::sys::SPACES {
        cpu.sys.spaces.clear();
        cpu.tlb.clear();
    }
    for space in wanted {
        if !cpu.sys.spaces.contains(&space) {
            cpu.sys.spaces.push(space);
        }
    }
    known(cpu).map(|place| place.unwrap_or(0) as u16)
}
