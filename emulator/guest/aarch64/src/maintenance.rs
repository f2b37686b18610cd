//! SYS instructions: cache maintenance, address translation, TLB maintenance (section C5.3 to C5.5).
//!
//! There are no caches, so what remains of cache maintenance is what can go wrong with it: who may do it, and how its
//! address translates. TLB maintenance is the opposite: a kernel relies on exactly the entries being gone that it named.
//! An entry knows the size of the guest page that it is a piece of, so one address takes away all pieces.

use lockstep_cpu::{Access, Cx, Emit, Exit, Mem, Request, Size, TlbEntry};

use crate::exceptions::{CM, WNR, data_abort, status, trapped_system, undefined};
use crate::guest::Broadcast;
use crate::mmu::{self, Found};
use crate::registers::{id, sctlr};
use crate::{Aarch64, Exception, debug_exceptions};

/// What a TLB invalidation removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// Everything.
    All,
    /// The entries of an ASID; global ones stay.
    Asid(u16),
    /// The entries for a page that an ASID would use. Last-level entries are the only ones there are, so the forms
    /// that name only those do the same.
    Page {
        /// An address in it, sign-extended from bit 55.
        address: u64,
        /// The ASID.
        asid: u16,
    },
    /// The entries for a page in every address space.
    PageEverywhere {
        /// An address in it, sign-extended from bit 55.
        address: u64,
    },
}

/// What a SYS instruction does.
#[derive(Clone, Copy)]
enum Operation {
    /// Cache maintenance without an address.
    WholeCache,
    /// Cache maintenance by address, for EL1 only, that destroys data and so asks for permission to write.
    Discard,
    /// Cache maintenance by address, for EL0 if SCTLR_EL1.UCI allows it.
    Clean,
    /// DC ZVA.
    Zero,
    /// AT: as EL0 or not, to write or not, and heeding PAN or not.
    Translate { user: bool, write: bool, pan: bool },
    /// TLBI, and whether other processors do it as well.
    Tlb { kind: Tlbi, broadcast: bool },
}

#[derive(Clone, Copy)]
enum Tlbi {
    All,
    Address,
    Asid,
    AddressEverywhere,
}

/// The table of SYS instructions; an encoding without a row is UNDEFINED.
const fn operation(encoding: u16) -> Option<Operation> {
    use Operation::*;
    const fn tlbi(kind: Tlbi, crm: u16) -> Option<Operation> {
        Some(Tlb { kind, broadcast: crm == 3 })
    }
    let (op1, crn) = (encoding >> 11 & 7, encoding >> 7 & 0xf);
    let (crm, op2) = (encoding >> 3 & 0xf, encoding & 7);
    match (op1, crn, crm, op2) {
        // IC IALLUIS, IC IALLU; IC IVAU.
        (0, 7, 1 | 5, 0) => Some(WholeCache),
        (3, 7, 5, 1) => Some(Clean),
        // DC IVAC; DC ISW, CSW, CISW; DC ZVA; DC CVAC, CVAU, CVAP, CIVAC.
        (0, 7, 6, 1) => Some(Discard),
        (0, 7, 6 | 10 | 14, 2) => Some(WholeCache),
        (3, 7, 4, 1) => Some(Zero),
        (3, 7, 10 | 11 | 12 | 14, 1) => Some(Clean),
        // AT S1E1R, S1E1W, S1E0R, S1E0W.
        (0, 7, 8, 0..=3) => Some(Translate { user: op2 & 2 != 0, write: op2 & 1 != 0, pan: false }),
        // AT S1E1RP, S1E1WP.
        (0, 7, 9, 0..=1) => Some(Translate { user: false, write: op2 == 1, pan: true }),
        // TLBI VMALLE1, VAE1, ASIDE1, VAAE1, VALE1, VAALE1; CRm 3 is the inner shareable form.
        (0, 8, 3 | 7, 0) => tlbi(Tlbi::All, crm),
        (0, 8, 3 | 7, 1 | 5) => tlbi(Tlbi::Address, crm),
        (0, 8, 3 | 7, 2) => tlbi(Tlbi::Asid, crm),
        (0, 8, 3 | 7, 3 | 7) => tlbi(Tlbi::AddressEverywhere, crm),
        _ => None,
    }
}

/// SYS: `args` are the encoding, the value of Rt and its number.
pub(crate) fn sys_helper(
    cx: &mut Cx<Aarch64>,
    [encoding, value, rt]: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    let encoding = encoding as u16;
    let operation = operation(encoding).ok_or(Exit::Exception(undefined()))?;
    if cx.cpu.sys.el == 0 {
        let control = match operation {
            Operation::Clean => sctlr::UCI,
            Operation::Zero => sctlr::DZE,
            _ => return Err(Exit::Exception(undefined())),
        };
        if cx.cpu.sys.sctlr & control == 0 {
            return Err(Exit::Exception(trapped_system(encoding, rt as u8, false)));
        }
    }
    match operation {
        Operation::WholeCache => {}
        Operation::Discard => {
            maintain(cx, value, Access::Write)?;
            if let Some(hit) = debug_exceptions::watch_line(&cx.cpu, value, id::LINE) {
                return Err(Exit::Exception(hit));
            }
        }
        Operation::Clean => maintain(cx, value, Access::Read)?,
        Operation::Zero => zero(cx, value)?,
        Operation::Translate { user, write, pan } => {
            // As `registers::derive` numbers modes.
            let mode = if user { 0 } else { 1 + u8::from(pan && cx.cpu.sys.pan) };
            translate(cx, value, mode, write)?;
        }
        Operation::Tlb { kind, broadcast } => tlbi(cx, kind, broadcast, value),
    }
    Ok(0)
}

/// Cache maintenance by address: the address has to translate, with a permission. EL1 can read all that is mapped, so
/// that cleaning asks nothing of it; and PAN does not apply (section D8.4.1.4).
fn maintain(cx: &mut Cx<Aarch64>, address: u64, access: Access) -> Result<(), Exit<Aarch64>> {
    let user = cx.cpu.sys.el == 0;
    let mode = std::mem::replace(&mut cx.cpu.mmu.mode, if user { 0 } else { 1 });
    let translation = cx.translate(address, access, user);
    cx.cpu.mmu.mode = mode;
    match translation {
        Ok(_) => Ok(()),
        Err(Exit::Exception(fault)) => Err(Exit::Exception(as_maintenance(fault))),
        Err(stop) => Err(stop),
    }
}

/// Data aborts by cache maintenance and address translation say so, and count as writes.
fn as_maintenance(fault: Exception) -> Exception {
    Exception { syndrome: fault.syndrome | CM | WNR, ..fault }
}

/// DC ZVA: zeroes an aligned block of 64 bytes with ordinary stores. Device memory refuses it as misaligned.
fn zero(cx: &mut Cx<Aarch64>, address: u64) -> Result<(), Exit<Aarch64>> {
    if cx.translate(address, Access::Write, cx.cpu.sys.el == 0)?.device {
        let fault = data_abort(&cx.cpu, status::ALIGNMENT, address, true);
        return Err(Exit::Exception(fault));
    }
    let bytes = 4u64 << id::DCZID;
    let start = address & !(bytes - 1);
    for offset in (0..bytes).step_by(8) {
        cx.store(start + offset, 0, Mem::plain(Size::B8))?;
    }
    Ok(())
}

/// AT: the translation, or why there is none, into PAR_EL1. Only an external abort on the walk is taken.
fn translate(
    cx: &mut Cx<Aarch64>,
    address: u64,
    mode: u8,
    write: bool,
) -> Result<(), Exit<Aarch64>> {
    let access = if write { Access::Write } else { Access::Read };
    let outcome = match mmu::look_as(cx, cx.cpu.sys.untag(address), mode) {
        Ok(found) if found.entry.permits(mode, access) => Ok(found),
        Ok(found) => Err(status::PERMISSION + found.level),
        Err(status) if status & !3 == status::EXTERNAL_ON_WALK => {
            let fault = data_abort(&cx.cpu, status, address, true);
            return Err(Exit::Exception(as_maintenance(fault)));
        }
        Err(status) => Err(status),
    };
    cx.cpu.sys.par = par(outcome);
    Ok(())
}

/// PAR_EL1 (section D19.2, PAR_EL1). Bit 11 is RES1, and the address is Non-secure.
fn par(outcome: Result<Found, mmu::Status>) -> u64 {
    match outcome {
        Ok(found) => {
            // Device and non-cacheable memory is outer shareable, whatever the descriptor says.
            let non_cacheable = found.entry.device || found.attributes == 0x44;
            let shareability = if non_cacheable { 2 } else { u64::from(found.shareability) };
            u64::from(found.attributes) << 56
                | found.entry.frame << 12
                | 1 << 11
                | 1 << 9
                | shareability << 7
        }
        Err(status) => 1 << 11 | u64::from(status) << 1 | 1,
    }
}

fn tlbi(cx: &mut Cx<Aarch64>, kind: Tlbi, broadcast: bool, value: u64) {
    // Bits 43:0 are VA[55:12], and VA[63:56] follow bit 55.
    let address = ((value << 20) as i64 >> 8) as u64;
    let asid = cx.cpu.sys.asid_bits((value >> 48) as u16);
    let what = match kind {
        Tlbi::All => Invalidation::All,
        Tlbi::Asid => Invalidation::Asid(asid),
        Tlbi::Address => Invalidation::Page { address, asid },
        Tlbi::AddressEverywhere => Invalidation::PageEverywhere { address },
    };
    invalidate(cx, what);
    if broadcast && cx.powers.len() > 1 {
        cx.ask(Request::Broadcast(Broadcast::Invalidate(what)));
    }
}

/// Removes entries from this processor's TLB, and makes it ask for the fetch page again.
pub(crate) fn invalidate(cx: &mut Cx<Aarch64>, what: Invalidation) {
    let same_space = |entry: &TlbEntry, asid: u16| entry.global || entry.space == asid;
    let tlb = &mut cx.cpu.tlb;
    match what {
        Invalidation::All => tlb.clear(),
        Invalidation::Asid(asid) => tlb.invalidate(|entry| !entry.global && entry.space == asid),
        Invalidation::Page { address, asid } => {
            tlb.invalidate(|entry| entry.covers(address) && same_space(entry, asid));
        }
        Invalidation::PageEverywhere { address } => tlb.invalidate(|entry| entry.covers(address)),
    }
    cx.refetch();
}

#[cfg(test)]
mod tests;
