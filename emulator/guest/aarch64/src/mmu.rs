//! Stage 1 address translation of the EL1&0 regime (section D8).
//!
//! A guest sees the page-table walk through what it fills into the TLB and through the faults it raises, level and
//! all. One walk serves the three granules: they differ only in how many address bits a level resolves and at which
//! levels a block may be. Entries are 4 KiB pieces of a guest page that remember its size, and carry the permissions
//! of all three modes (EL0, EL1, EL1 with PAN), so that neither an exception nor a write to PAN has to touch the TLB.
//!
//! The contiguous hint is not used, and neither hint bits nor memory types matter beyond Device or Normal. Table reads
//! that meet no memory are external aborts on the walk.

use lockstep_cpu::{Access, Cx, Exit, TlbEntry};
use lockstep_memory::PhysMem;

use crate::Aarch64;
use crate::exceptions::{abort, data_abort, fetch_abort, status};
use crate::registers::{Sys, id, sctlr, tcr};

/// What a translation without regard to permissions gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) entry: TlbEntry,
    /// The level of its descriptor, for permission faults.
    pub(crate) level: u8,
    /// The attribute byte of MAIR_EL1.
    pub(crate) attributes: u8,
    /// The SH field of the descriptor.
    pub(crate) shareability: u8,
}

/// A fault status code with its level.
pub(crate) type Status = u8;

/// Read, write and execute, as [`TlbEntry::permissions`] has them.
const READ: u16 = Access::Read as u16;
const WRITE: u16 = Access::Write as u16;
const EXECUTE: u16 = Access::Execute as u16;

/// Bits of descriptors (section D8.3).
mod descriptor {
    pub(super) const VALID: u64 = 1;
    /// A table below level 3, a page at level 3; else a block.
    pub(super) const TABLE: u64 = 1 << 1;
    /// AP\[1\]: EL0 has access. AP\[2\]: nobody writes.
    pub(super) const AP_EL0: u64 = 1 << 6;
    pub(super) const AP_READ_ONLY: u64 = 1 << 7;
    pub(super) const AF: u64 = 1 << 10;
    pub(super) const NG: u64 = 1 << 11;
    pub(super) const PXN: u64 = 1 << 53;
    pub(super) const UXN: u64 = 1 << 54;
    pub(super) const PXN_TABLE: u64 = 1 << 59;
    pub(super) const UXN_TABLE: u64 = 1 << 60;
    /// APTable\[0\]: not for EL0. APTable\[1\]: read-only.
    pub(super) const AP_TABLE_NO_EL0: u64 = 1 << 61;
    pub(super) const AP_TABLE_READ_ONLY: u64 = 1 << 62;
}

/// A translation granule (section D8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granule {
    K4,
    K16,
    K64,
}

impl Granule {
    /// TCR_EL1.TG0; the reserved value means 4 KiB here.
    const fn of_tg0(tg0: u64) -> Self {
        match tg0 & 3 {
            1 => Self::K64,
            2 => Self::K16,
            _ => Self::K4,
        }
    }

    /// TCR_EL1.TG1, which is encoded otherwise; the reserved value means 4 KiB here.
    const fn of_tg1(tg1: u64) -> Self {
        match tg1 & 3 {
            1 => Self::K16,
            3 => Self::K64,
            _ => Self::K4,
        }
    }

    /// Log2 of the page size.
    const fn page_bits(self) -> u32 {
        match self {
            Self::K4 => 12,
            Self::K16 => 14,
            Self::K64 => 16,
        }
    }

    /// Address bits that a level resolves: a table fills a page with 8-byte descriptors.
    const fn stride(self) -> u32 {
        self.page_bits() - 3
    }

    /// Log2 of what a descriptor at `level` maps.
    const fn block_bits(self, level: u8) -> u32 {
        self.page_bits() + self.stride() * (3 - level as u32)
    }

    /// Whether there are blocks at `level`.
    const fn has_blocks(self, level: u8) -> bool {
        level == 2 || (level == 1 && matches!(self, Self::K4))
    }
}

/// One half of the address space.
struct Half {
    granule: Granule,
    /// Bits of a virtual address that are translated.
    va_bits: u32,
    ttbr: u64,
    /// TCR_EL1.EPDn: walks are disabled.
    disabled: bool,
    /// TCR_EL1.HPDn: tables restrict nothing.
    flat_permissions: bool,
    /// TCR_EL1.E0PDn: EL0 has nothing here.
    not_for_el0: bool,
}

impl Half {
    /// The half that `address` lies in, by bit 55.
    fn of(sys: &Sys, address: u64) -> Self {
        let tcr = sys.tcr;
        // TxSZ below 16 or above 39 is a guest's mistake, for which the nearest legal value is allowed.
        let va_bits = |txsz: u64| 64 - (txsz & 0x3f).clamp(16, 39) as u32;
        if address & 1 << 55 == 0 {
            Self {
                granule: Granule::of_tg0(tcr >> 14),
                va_bits: va_bits(tcr),
                ttbr: sys.ttbr0,
                disabled: tcr & tcr::EPD0 != 0,
                flat_permissions: tcr & tcr::HPD0 != 0,
                not_for_el0: tcr & tcr::E0PD0 != 0,
            }
        } else {
            Self {
                granule: Granule::of_tg1(tcr >> 30),
                va_bits: va_bits(tcr >> 16),
                ttbr: sys.ttbr1,
                disabled: tcr & tcr::EPD1 != 0,
                flat_permissions: tcr & tcr::HPD1 != 0,
                not_for_el0: tcr & tcr::E0PD1 != 0,
            }
        }
    }

    /// Whether the bits above those that are translated are all alike: bit 55.
    const fn contains(&self, untagged: u64) -> bool {
        let spare = 64 - self.va_bits;
        let extended = untagged << spare >> spare;
        if untagged & 1 << 55 == 0 {
            untagged == extended
        } else {
            untagged == extended | !(u64::MAX >> spare)
        }
    }

    /// The level at which walks start: as few as resolve all bits.
    const fn start_level(&self) -> u8 {
        let above = self.va_bits - self.granule.page_bits();
        4 - above.div_ceil(self.granule.stride()) as u8
    }
}

/// Bits of physical addresses that tables may hold: TCR_EL1.IPS, and not more than there are.
fn output_bits(sys: &Sys) -> u32 {
    let ips = match sys.tcr >> 32 & 7 {
        0 => 32,
        1 => 36,
        2 => 40,
        3 => 42,
        4 => 44,
        _ => 48,
    };
    ips.min(id::PA_BITS)
}

/// What a walk has gathered from the tables above.
#[derive(Clone, Copy)]
struct Inherited(u64);

impl Inherited {
    fn gather(&mut self, table: u64) {
        self.0 |= table;
    }

    /// A descriptor with its tables' restrictions applied to it.
    const fn restrict(self, mut leaf: u64) -> u64 {
        use descriptor::*;
        if self.0 & AP_TABLE_NO_EL0 != 0 {
            leaf &= !AP_EL0;
        }
        if self.0 & AP_TABLE_READ_ONLY != 0 {
            leaf |= AP_READ_ONLY;
        }
        if self.0 & PXN_TABLE != 0 {
            leaf |= PXN;
        }
        if self.0 & UXN_TABLE != 0 {
            leaf |= UXN;
        }
        leaf
    }
}

/// The permissions of all modes (section D8.4), four bits each.
const fn permissions(leaf: u64, wxn: bool) -> u16 {
    use descriptor::*;
    let write = if leaf & AP_READ_ONLY == 0 { WRITE } else { 0 };
    let el0_data = if leaf & AP_EL0 != 0 { READ | write } else { 0 };
    let el1_data = READ | write;
    // What EL0 can write, EL1 never executes; and with WXN nobody executes what it can write.
    let el0_never = leaf & UXN != 0 || (wxn && el0_data & WRITE != 0);
    let el1_never = leaf & PXN != 0 || el0_data & WRITE != 0 || (wxn && write != 0);
    let el0 = el0_data | if el0_never { 0 } else { EXECUTE };
    let el1_execute = if el1_never { 0 } else { EXECUTE };
    // With PAN, EL1 has no data access to what EL0 has access to.
    let pan_data = if el0_data != 0 { 0 } else { el1_data };
    el0 | (el1_data | el1_execute) << 4 | (pan_data | el1_execute) << 8
}

/// Translates with the MMU off (section D8.2.10): flat, and data are Device-nGnRnE.
fn flat(untagged: u64) -> Result<Found, Status> {
    if untagged >> id::PA_BITS != 0 {
        return Err(status::ADDRESS_SIZE);
    }
    let entry = TlbEntry {
        page: untagged >> 12,
        frame: untagged >> 12,
        space: 0,
        permissions: 0x777,
        page_bits: 12,
        global: true,
        device: true,
    };
    Ok(Found { entry, level: 0, attributes: 0, shareability: 2 })
}

/// Translates an address without its tag for a mode, whose permissions are not looked at; but where EL0 has nothing, it
/// finds nothing, and does not even look. Changes nothing.
pub(crate) fn look_as(cx: &Cx<Aarch64>, untagged: u64, mode: u8) -> Result<Found, Status> {
    let sys = &cx.cpu.sys;
    if mode == 0 && sys.sctlr & sctlr::M != 0 && Half::of(sys, untagged).not_for_el0 {
        return Err(status::TRANSLATION);
    }
    look(sys, &cx.mem, untagged)
}

/// Translates an address without its tag, whoever may use it. Changes nothing.
pub(crate) fn look(sys: &Sys, mem: &PhysMem, untagged: u64) -> Result<Found, Status> {
    if sys.sctlr & sctlr::M == 0 {
        return flat(untagged);
    }
    let half = Half::of(sys, untagged);
    if !half.contains(untagged) || half.disabled {
        return Err(status::TRANSLATION);
    }
    let (granule, limit) = (half.granule, output_bits(sys));
    let mut level = half.start_level();
    let index_bits = half.va_bits - granule.block_bits(level);
    let mut table = half.ttbr & 0xffff_ffff_fffe & (u64::MAX << (index_bits + 3));
    let mut index = untagged >> granule.block_bits(level) & ((1 << index_bits) - 1);
    let mut inherited = Inherited(0);
    if table >> limit != 0 {
        return Err(status::ADDRESS_SIZE);
    }
    loop {
        let entry = mem.read::<8>(table + index * 8).map(u64::from_le_bytes);
        let entry = entry.ok_or(status::EXTERNAL_ON_WALK + level)?;
        let is_table = entry & descriptor::TABLE != 0;
        let reserved = if level == 3 { !is_table } else { !is_table && !granule.has_blocks(level) };
        if entry & descriptor::VALID == 0 || reserved {
            return Err(status::TRANSLATION + level);
        }
        let output = entry & 0xffff_ffff_f000;
        if level == 3 || !is_table {
            let leaf = inherited.restrict(entry);
            let mut found =
                leaf_found(sys, untagged, leaf, granule.block_bits(level), limit, level)?;
            if half.not_for_el0 {
                found.entry.permissions &= !0xf;
            }
            return Ok(found);
        }
        table = output & (u64::MAX << granule.page_bits());
        if table >> limit != 0 {
            return Err(status::ADDRESS_SIZE + level);
        }
        if !half.flat_permissions {
            inherited.gather(entry);
        }
        level += 1;
        index = untagged >> granule.block_bits(level) & ((1 << granule.stride()) - 1);
    }
}

/// The translation that a block or page descriptor gives.
fn leaf_found(
    sys: &Sys,
    untagged: u64,
    leaf: u64,
    block_bits: u32,
    limit: u32,
    level: u8,
) -> Result<Found, Status> {
    let offset = (1 << block_bits) - 1;
    let base = leaf & 0xffff_ffff_f000 & !offset;
    if base >> limit != 0 {
        return Err(status::ADDRESS_SIZE + level);
    }
    if leaf & descriptor::AF == 0 {
        return Err(status::ACCESS_FLAG + level);
    }
    let attributes = (sys.mair >> ((leaf >> 2 & 7) * 8)) as u8;
    let entry = TlbEntry {
        page: untagged >> 12,
        frame: (base | untagged & offset) >> 12,
        space: sys.asid(),
        permissions: permissions(leaf, sys.sctlr & sctlr::WXN != 0),
        page_bits: block_bits as u8,
        global: leaf & descriptor::NG == 0,
        device: attributes & 0xf0 == 0,
    };
    Ok(Found { entry, level, attributes, shareability: (leaf >> 8 & 3) as u8 })
}

/// Walks for an access: the entry to fill, or the abort.
pub(crate) fn walk(
    cx: &mut Cx<Aarch64>,
    address: u64,
    access: Access,
    user: bool,
) -> Result<TlbEntry, Exit<Aarch64>> {
    let mode = if user { 0 } else { cx.cpu.mmu.mode };
    let exception = match look_as(cx, cx.cpu.sys.untag(address), mode) {
        Ok(found) if found.entry.permits(mode, access) => return Ok(found.entry),
        Ok(found) => {
            let status = status::PERMISSION + found.level;
            match access {
                Access::Execute => fetch_abort(&cx.cpu, status, address),
                // An update that cannot even read reports the read.
                _ => {
                    let readable = found.entry.permits(mode, Access::Read);
                    let wnr = access.writes() && (access == Access::Write || readable);
                    data_abort(&cx.cpu, status, address, wnr)
                }
            }
        }
        Err(status) => abort(&cx.cpu, status, address, access),
    };
    Err(Exit::Exception(exception))
}

#[cfg(test)]
mod tests;
