//! Address translation: three levels of tables with 8 KiB pages, and the superpage (handbook, part II-A, 3).
//!
//! Virtual addresses have 43 bits. A quarter of the kernel's half is the superpage (KSEG): mapped to physical memory
//! without tables, with address bit 40 moved to bit 43, where the chipset has its I/O space. Everything else goes
//! through the page tables, by physical addresses: the virtual page table pointer is a means to make that fast, which an
//! emulator has no use for. The TLB maps 4 KiB, so a page of 8 KiB is two entries that remember they belong together.
//! Granularity hints are not used.

use lockstep_cpu::{Access, Cx, Exit, TlbEntry};
use lockstep_memory::PhysMem;

use crate::sys::{Sys, is_user, mode};
use crate::{Alpha, Exception, MmCause, MmFault};

/// Bits of a virtual address that are translated.
const VIRTUAL_BITS: u32 = 43;
/// Bits of an offset in a page.
const PAGE_BITS: u32 = 13;
/// Bits of an index into a table.
const INDEX_BITS: u32 = 10;

/// Bits of a page table entry.
mod pte {
    pub(super) const VALID: u64 = 1;
    pub(super) const FAULT_ON_READ: u64 = 1 << 1;
    pub(super) const FAULT_ON_WRITE: u64 = 1 << 2;
    pub(super) const FAULT_ON_EXECUTE: u64 = 1 << 3;
    /// Matches in every address space.
    pub(super) const ASM: u64 = 1 << 4;
    pub(super) const KERNEL_READ: u64 = 1 << 8;
    pub(super) const USER_READ: u64 = 1 << 9;
    pub(super) const KERNEL_WRITE: u64 = 1 << 12;
    pub(super) const USER_WRITE: u64 = 1 << 13;
    /// The page frame number is from here on.
    pub(super) const FRAME_SHIFT: u32 = 32;
}

const READ: u16 = Access::Read as u16;
const WRITE: u16 = Access::Write as u16;
const EXECUTE: u16 = Access::Execute as u16;

/// The physical address of an address in the superpage.
fn superpage(address: u64) -> Option<u64> {
    let is_superpage = address >> (VIRTUAL_BITS - 2) == u64::MAX >> (VIRTUAL_BITS - 2) & !1;
    let low = address & ((1 << 40) - 1);
    is_superpage.then_some(low | (address >> 40 & 1) << 43)
}

/// Whether the bits above those that are translated are copies of the highest one that is.
fn is_canonical(address: u64) -> bool {
    let up = 64 - VIRTUAL_BITS;
    ((address << up) as i64 >> up) as u64 == address
}

/// The last-level entry for an address, whatever it allows.
fn find(mem: &PhysMem, sys: &Sys, address: u64) -> Result<u64, MmFault> {
    let mut table = sys.ptbr << PAGE_BITS;
    for level in (0..3).rev() {
        let index = address >> (PAGE_BITS + INDEX_BITS * level) & ((1 << INDEX_BITS) - 1);
        let bytes = mem.read::<8>(table + index * 8);
        // Where there is no memory there is no valid entry.
        let entry = bytes.map_or(0, u64::from_le_bytes);
        if level == 0 {
            return Ok(entry);
        }
        if entry & pte::VALID == 0 {
            return Err(MmFault::NotValid);
        }
        if entry & pte::KERNEL_READ == 0 {
            return Err(MmFault::Access);
        }
        table = entry >> pte::FRAME_SHIFT << PAGE_BITS;
    }
    Err(MmFault::NotValid)
}

/// The physical address that the kernel's `address` has at present, whatever it may do there. For a console: fills no TLB
/// and raises nothing.
#[must_use]
pub fn translate(mem: &PhysMem, sys: &Sys, address: u64) -> Option<u64> {
    look(mem, sys, address).map(|entry| entry.physical(address))
}

/// What an entry permits in a mode, and what it would permit if nothing faulted on purpose.
fn permissions(entry: u64, mode: u8) -> (u16, u16) {
    let (read, write) = if mode == mode::USER {
        (pte::USER_READ, pte::USER_WRITE)
    } else {
        (pte::KERNEL_READ, pte::KERNEL_WRITE)
    };
    let mut allowed = 0;
    if entry & read != 0 {
        allowed |= READ | EXECUTE;
    }
    if entry & write != 0 {
        allowed |= WRITE;
    }
    let mut faults = 0;
    for (bit, access) in
        [(pte::FAULT_ON_READ, READ), (pte::FAULT_ON_WRITE, WRITE), (pte::FAULT_ON_EXECUTE, EXECUTE)]
    {
        if entry & bit != 0 {
            faults |= access;
        }
    }
    (allowed & !faults, allowed)
}

/// The fault that an access gets.
fn fault(code: MmFault, address: u64, access: Access) -> Exit<Alpha> {
    let cause = match access {
        Access::Execute => MmCause::Fetch,
        Access::Read => MmCause::Load,
        Access::Write | Access::Update => MmCause::Store,
    };
    Exit::Exception(Exception::Memory { address, code, cause })
}

/// What an address is mapped to, whoever asks: the entry for the TLB, and what it would permit if nothing faulted on
/// purpose, in the same form. Changes nothing.
fn mapped(mem: &PhysMem, sys: &Sys, address: u64) -> Result<(TlbEntry, u16), MmFault> {
    if !is_canonical(address) {
        return Err(MmFault::Access);
    }
    let empty = TlbEntry { page: address >> 12, page_bits: PAGE_BITS as u8, ..TlbEntry::EMPTY };
    if let Some(physical) = superpage(address) {
        let permissions = (READ | WRITE | EXECUTE) << (4 * mode::KERNEL);
        let entry = TlbEntry { frame: physical >> 12, permissions, global: true, ..empty };
        return Ok((entry, permissions));
    }
    let found = find(mem, sys, address)?;
    if found & pte::VALID == 0 {
        return Err(MmFault::NotValid);
    }
    let in_mode = |mode| {
        let (now, ever) = permissions(found, mode);
        (now << (4 * mode), ever << (4 * mode))
    };
    let (user, kernel) = (in_mode(mode::USER), in_mode(mode::KERNEL));
    let frame = found >> pte::FRAME_SHIFT << 1 | address >> 12 & 1;
    let global = found & pte::ASM != 0;
    let entry = TlbEntry { frame, space: sys.asn, permissions: user.0 | kernel.0, global, ..empty };
    Ok((entry, user.1 | kernel.1))
}

/// What a walk would find for a debugger.
pub(crate) fn look(mem: &PhysMem, sys: &Sys, address: u64) -> Option<TlbEntry> {
    mapped(mem, sys, address).ok().map(|(entry, _)| entry)
}

/// Walks the page tables for an access, and gives what to fill into the TLB.
pub(crate) fn walk(
    cx: &mut Cx<Alpha>,
    address: u64,
    access: Access,
    user: bool,
) -> Result<TlbEntry, Exit<Alpha>> {
    let mode = if user || is_user(&cx.cpu) { mode::USER } else { mode::KERNEL };
    let (entry, ever) =
        mapped(&cx.mem, &cx.cpu.sys, address).map_err(|code| fault(code, address, access))?;
    if entry.permits(mode, access) {
        return Ok(entry);
    }
    let on_purpose = ever >> (4 * mode) & access.needs() == access.needs();
    let code = match access {
        _ if !on_purpose => MmFault::Access,
        Access::Read => MmFault::OnRead,
        Access::Execute => MmFault::OnExecute,
        Access::Write | Access::Update => MmFault::OnWrite,
    };
    Err(fault(code, address, access))
}
