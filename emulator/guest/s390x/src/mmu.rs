//! Dynamic address translation, prefixing and protection (Principles of Operation, chapter 3).
//!
//! A TLB entry has what translation, storage key and protection permitted when it was filled: absolute address, read, write
//! and execute. It does not permit stores before the change bit of the frame is set, so the store that sets it comes here.
//! Pages 0 and 1 are guarded while low-address protection is on, because only some of their bytes are protected.

use lockstep_cpu::{Access, Cx, Exit, GUARDED, TlbEntry, Vcpu};
use lockstep_memory::PhysMem;

use crate::control::cr0;
use crate::exceptions::{code, no_storage};
use crate::keys::{self, CHANGE, FETCH_PROTECTION, REFERENCE};
use crate::sys::{Space, SpaceKind, Sys};
use crate::{Exception, Program, S390x, access_registers, reg};

/// Bits of an address-space-control element.
pub(crate) mod asce {
    pub(crate) const ORIGIN: u64 = !0xfff;
    /// Of a subspace group.
    pub(crate) const GROUP: u64 = 0x200;
    pub(crate) const PRIVATE: u64 = 0x100;
    /// Coming to and going from the space is an event.
    pub(crate) const SPACE_SWITCH: u64 = 0x40;
    /// What stays the base space's when a subspace takes its place: that, and the event of storage alteration.
    pub(crate) const EVENTS: u64 = 0x80 | SPACE_SWITCH;
    pub(crate) const REAL: u64 = 0x20;
}

/// Bits of table entries.
pub(crate) mod entry {
    pub(crate) const PROTECT: u64 = 0x200;
    /// A frame, not a table (region-third and segment entries).
    pub(crate) const FRAME: u64 = 0x400;
    pub(crate) const NO_EXECUTE: u64 = 0x100;
    /// The entry of a frame has the access-control bits.
    pub(crate) const ACCESS_VALID: u64 = 0x1_0000;
    /// Invalid, in region and segment entries.
    pub(crate) const INVALID: u64 = 0x20;
    /// Common segment.
    pub(crate) const COMMON: u64 = 0x10;
    /// Invalid, in page entries.
    pub(crate) const PAGE_INVALID: u64 = 0x400;
    /// Zero in page entries.
    pub(crate) const PAGE_ZERO: u64 = 0x800;
}

/// What a translation gives, before protection is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The real address.
    pub(crate) real: u64,
    /// Protected by a table entry.
    pub(crate) protected: bool,
    /// Instructions may not be fetched.
    pub(crate) no_execute: bool,
    /// Access control and fetch protection of a large frame's entry.
    pub(crate) access: Option<u8>,
    /// Log2 of the size.
    pub(crate) bits: u8,
    /// The address of the last table entry.
    pub(crate) entry_at: u64,
}

/// The absolute address of a real one.
#[must_use]
pub(crate) const fn absolute(prefix: u64, real: u64) -> u64 {
    match real & !0x1fff {
        0 => real + prefix,
        page if page == prefix => real - prefix,
        _ => real,
    }
}

/// Writes to real storage, as interruptions do. Where there is none nothing happens.
pub(crate) fn write_real(cx: &mut Cx<S390x>, real: u64, bytes: &[u8]) {
    let at = absolute(cx.cpu.sys.prefix, real);
    write_absolute(cx, at, bytes);
}

/// Writes absolute storage; where there is none, nothing happens.
pub(crate) fn write_absolute(cx: &mut Cx<S390x>, at: u64, bytes: &[u8]) {
    cx.platform.keys().note(at, REFERENCE | CHANGE);
    let _ = cx.mem.write_bytes(at, bytes);
}

/// Reads real storage, as interruptions do; zeros where there is none.
pub(crate) fn read_real<const N: usize>(cx: &mut Cx<S390x>, real: u64) -> [u8; N] {
    let at = absolute(cx.cpu.sys.prefix, real);
    cx.platform.keys().note(at, REFERENCE);
    let mut bytes = [0; N];
    let _ = cx.mem.read_bytes(at, &mut bytes);
    bytes
}

/// Which faults a translation of an address can have: the code, for a nullifying or a suppressing exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: u16,
    /// How far the tables were followed: the address of the entry that could not be used.
    pub(crate) entry_at: u64,
    pub(crate) entry: u64,
}

/// Whether enhanced DAT is on.
const fn edat(cr0: u64) -> bool {
    cr0 & cr0::EDAT != 0
}

/// The levels of tables above pages: code, position of the index, and its number.
const LEVELS: [(u16, u32); 4] = [
    (code::REGION_FIRST, 53),
    (code::REGION_SECOND, 42),
    (code::REGION_THIRD, 31),
    (code::SEGMENT, 20),
];

/// Follows the tables of a designation ("Translation Process").
pub(crate) fn translate(cx: &Cx<S390x>, designation: u64, address: u64) -> Result<Found, Fault> {
    follow(&cx.cpu.sys, &cx.mem, designation, address)
}

/// A table entry; tables are at real addresses, and none is where prefixing matters.
fn read_table(mem: &PhysMem, at: u64) -> Option<u64> {
    mem.read(at).map(u64::from_be_bytes)
}

fn follow(sys: &Sys, mem: &PhysMem, designation: u64, address: u64) -> Result<Found, Fault> {
    let none = |code| Fault { code, entry_at: 0, entry: 0 };
    if designation & asce::REAL != 0 {
        return Ok(Found {
            real: address,
            protected: false,
            no_execute: false,
            access: None,
            bits: 12,
            entry_at: 0,
        });
    }
    let mut level = 3 - (designation >> 2 & 3) as usize;
    let (mut protected, mut no_execute) = (false, false);
    // Address bits above those that the first table resolves.
    let resolved = LEVELS[level].1 + 11;
    if resolved < 64 && address >> resolved != 0 {
        return Err(none(code::ASCE_TYPE));
    }
    let (mut origin, mut offset, mut length) = (designation & asce::ORIGIN, 0, designation & 3);
    let edat = edat(sys.cr[0]);
    loop {
        let (missing, shift) = LEVELS[level];
        let index = address >> shift & 0x7ff;
        let entry_at = origin + index * 8;
        if index >> 9 < offset || index >> 9 > length {
            return Err(Fault { code: missing, entry_at, entry: entry::INVALID });
        }
        let entry = read_table(mem, entry_at).ok_or(none(code::ADDRESSING))?;
        let fault = |code| Fault { code, entry_at, entry };
        if entry & entry::INVALID != 0 {
            return Err(fault(missing));
        }
        if entry >> 2 & 3 != 3 - level as u64 {
            return Err(fault(code::TRANSLATION_SPECIFICATION));
        }
        if level == 3 && entry & entry::COMMON != 0 && designation & asce::PRIVATE != 0 {
            return Err(fault(code::TRANSLATION_SPECIFICATION));
        }
        protected |= (edat || level == 3) && entry & entry::PROTECT != 0;
        if edat && level >= 2 && entry & entry::FRAME != 0 {
            let bits = shift as u8;
            let within = (1 << shift) - 1;
            no_execute |= entry & entry::NO_EXECUTE != 0;
            let access = entry & entry::ACCESS_VALID != 0;
            return Ok(Found {
                real: entry & !within & !0xfff | address & within,
                protected,
                no_execute,
                access: access.then_some((entry >> 8) as u8 & 0xf8),
                bits,
                entry_at,
            });
        }
        if level == 3 {
            return page(mem, entry & !0x7ff, address, protected);
        }
        (origin, offset, length) = (entry & asce::ORIGIN, entry >> 6 & 3, entry & 3);
        level += 1;
    }
}

fn page(mem: &PhysMem, origin: u64, address: u64, protected: bool) -> Result<Found, Fault> {
    let entry_at = origin + (address >> 12 & 0xff) * 8;
    let none = Fault { code: code::ADDRESSING, entry_at, entry: 0 };
    let entry = read_table(mem, entry_at).ok_or(none)?;
    let fault = |code| Fault { code, entry_at, entry };
    if entry & entry::PAGE_INVALID != 0 {
        return Err(fault(code::PAGE));
    }
    if entry & entry::PAGE_ZERO != 0 {
        return Err(fault(code::TRANSLATION_SPECIFICATION));
    }
    Ok(Found {
        real: entry & !0xfff | address & 0xfff,
        protected: protected || entry & entry::PROTECT != 0,
        no_execute: entry & entry::NO_EXECUTE != 0,
        access: None,
        bits: 12,
        entry_at,
    })
}

/// Bits of a translation-exception identification.
mod identification {
    pub(super) const STORE: u64 = 0x400;
    pub(super) const FETCH: u64 = 0x800;
    /// Protection: not low-address, and not by key.
    pub(super) const TABLE: u64 = 0x4;
    /// Protection: the access list permits no stores.
    pub(super) const LIST: u64 = 0xc;
    pub(super) const LOW_ADDRESS: u64 = 0x80;
    pub(super) const NO_EXECUTE: u64 = 0x84;
}

/// The identification of an access.
fn identify(space: Space, address: u64, access: Access) -> u64 {
    let how = if access.writes() { identification::STORE } else { identification::FETCH };
    address & !0xfff | how | space.kind.bits()
}

/// The exception for a fault of translation.
fn fault_exception(fault: u16, space: Space, address: u64, access: Access) -> Exception {
    let suppresses = matches!(fault, code::ADDRESSING | code::TRANSLATION_SPECIFICATION);
    let identification = (!suppresses).then(|| identify(space, address, access));
    let length = (access == Access::Execute).then_some(2);
    let plain = Program::new(fault);
    Exception::Program(Program {
        nullifies: !suppresses,
        identification,
        // A fetch that fails leaves the PSW at the instruction either way.
        length: if suppresses { length.map(|_| 0) } else { length },
        ..plain
    })
}

/// A protection exception, with more bits of its identification.
fn protection(space: Space, address: u64, access: Access, bits: u64) -> Exception {
    let identification = Some(identify(space, address, access) | bits);
    let length = (access == Access::Execute).then_some(0);
    Exception::Program(Program { identification, length, ..Program::new(code::PROTECTION) })
}

/// The space that an access uses, by the TLB's number for it.
pub(crate) fn space_of(cx: &Cx<S390x>, access: Access) -> Space {
    let mmu = cx.cpu.mmu;
    let id = if access == Access::Execute { mmu.fetch_space } else { mmu.space };
    let real = Space { designation: 0, kind: SpaceKind::Real, key: 0 };
    cx.cpu.sys.spaces.get(usize::from(id)).copied().unwrap_or(real)
}

/// Whether low-address protection covers pages 0 and 1 of a space.
fn is_low_protected(cx: &Cx<S390x>, space: Space) -> bool {
    cx.cpu.sys.cr[0] & cr0::LOW_ADDRESS != 0 && space.designation & asce::PRIVATE == 0
}

/// Whether an address is among those that low-address protection protects.
const fn is_low(address: u64) -> bool {
    address & !0x11ff == 0
}

/// A store into a guarded page.
pub(crate) fn check_guarded(cx: &mut Cx<S390x>, address: u64) -> Result<(), Exception> {
    let space = space_of(cx, Access::Write);
    if is_low(address) && is_low_protected(cx, space) {
        return Err(protection(space, address, Access::Write, identification::LOW_ADDRESS));
    }
    Ok(())
}

/// Whether a storage key keeps an access key from fetching and from storing ("Key-Controlled Protection").
fn by_key(cx: &Cx<S390x>, space: Space, storage: u8, address: u64) -> (bool, bool) {
    let cr0 = cx.cpu.sys.cr[0];
    let control = storage >> 4;
    let overridden = cr0 & cr0::STORAGE_OVERRIDE != 0 && control == 9;
    if space.key == 0 || space.key == control || overridden {
        return (false, false);
    }
    let fetch_overridden =
        cr0 & cr0::FETCH_OVERRIDE != 0 && address < 2048 && space.designation & asce::PRIVATE == 0;
    (storage & FETCH_PROTECTION != 0 && !fetch_overridden, true)
}

/// An access that is permitted.
struct Permitted {
    space: Space,
    found: Found,
    /// The absolute address.
    at: u64,
    no_fetch: bool,
    no_store: bool,
    no_execute: bool,
    /// In pages 0 and 1 while low-address protection is on.
    low: bool,
}

/// The space of an operand: an exception when its access register names none.
pub(crate) fn data_space(cx: &Cx<S390x>) -> Result<Space, Exit<S390x>> {
    access_registers::refuse(cx)?;
    Ok(space_of(cx, Access::Read))
}

/// Translates and checks an access. An exception tells which access register named the space.
fn check(cx: &mut Cx<S390x>, address: u64, access: Access) -> Result<Permitted, Exit<S390x>> {
    if access != Access::Execute {
        access_registers::refuse(cx)?;
    }
    let space = space_of(cx, access);
    permitted(cx, address, access).map_err(|exception| tell_register(cx, space, exception))
}

/// Adds the access register that named the space, if one did.
fn tell_register(cx: &Cx<S390x>, space: Space, exception: Exception) -> Exit<S390x> {
    Exit::Exception(match exception {
        Exception::Program(program) if space.kind.is_named() => {
            let access_register = cx.cpu.regs[usize::from(reg::OPERAND)].saturating_sub(1) as u8;
            Exception::Program(Program { access_register, ..program })
        }
        other => other,
    })
}

fn permitted(cx: &mut Cx<S390x>, address: u64, access: Access) -> Result<Permitted, Exception> {
    let space = space_of(cx, access);
    let found = match space.kind {
        SpaceKind::Real => translate(cx, asce::REAL, address),
        _ => translate(cx, space.designation, address),
    };
    let found = found.map_err(|fault| fault_exception(fault.code, space, address, access))?;
    let at = absolute(cx.cpu.sys.prefix, found.real);
    if !cx.mem.is_memory(at) {
        return Err(no_storage(access));
    }
    let storage = cx.platform.keys().get(at);
    let (no_fetch, no_store) = by_key(cx, space, found.access.unwrap_or(storage), address);
    let listed = space.kind == SpaceKind::FetchOnly;
    let no_execute = found.no_execute && cx.cpu.sys.cr[0] & cr0::NO_EXECUTE != 0;
    let low = address >> 12 < 2 && is_low_protected(cx, space);
    if access.writes() && low && is_low(address) {
        return Err(protection(space, address, access, identification::LOW_ADDRESS));
    }
    if access.writes() && (found.protected || no_store) {
        let bits = if found.protected { identification::TABLE } else { 0 };
        return Err(protection(space, address, access, bits));
    }
    if access.writes() && listed {
        return Err(protection(space, address, access, identification::LIST));
    }
    if no_fetch && access != Access::Write {
        return Err(protection(space, address, access, 0));
    }
    if no_execute && access == Access::Execute {
        return Err(protection(space, address, access, identification::NO_EXECUTE));
    }
    let no_store = no_store || listed;
    Ok(Permitted { space, found, at, no_fetch, no_store, no_execute, low })
}

/// Where an address leads for data accesses, for people who look on: whoever may access it, and changing nothing.
pub(crate) fn look(cpu: &Vcpu<S390x>, mem: &PhysMem, address: u64) -> Option<TlbEntry> {
    let real = Space { designation: asce::REAL, kind: SpaceKind::Real, key: 0 };
    let space = cpu.sys.spaces.get(usize::from(cpu.mmu.space)).copied().unwrap_or(real);
    let designation = if space.kind == SpaceKind::Real { asce::REAL } else { space.designation };
    let found = follow(&cpu.sys, mem, designation, address).ok()?;
    let at = absolute(cpu.sys.prefix, found.real);
    mem.is_memory(at).then_some(TlbEntry {
        page: address >> 12,
        frame: at >> 12,
        space: cpu.mmu.space,
        permissions: 0x7777,
        page_bits: found.bits,
        global: false,
        device: false,
    })
}

/// Whether an access would be permitted, without making it.
pub(crate) fn test(cx: &mut Cx<S390x>, address: u64, access: Access) -> Result<(), Exit<S390x>> {
    check(cx, address, access).map(|_| ())
}

/// The real address of an operand that nobody accesses.
pub(crate) fn real_address(cx: &Cx<S390x>, address: u64) -> Result<u64, Exit<S390x>> {
    let space = data_space(cx)?;
    if space.kind == SpaceKind::Real {
        return Ok(address);
    }
    let found = translate(cx, space.designation, address);
    let found = found.map_err(|fault| fault_exception(fault.code, space, address, Access::Read));
    Ok(found.map_err(|exception| tell_register(cx, space, exception))?.real)
}

/// Translates and checks an access, sets reference and change bits, and gives the entry for the TLB.
pub(crate) fn walk(
    cx: &mut Cx<S390x>,
    address: u64,
    access: Access,
) -> Result<TlbEntry, Exit<S390x>> {
    let address = address & crate::psw::address_mask(cx.cpu.sys.mask);
    let permitted = check(cx, address, access)?;
    let Permitted { space, found, at, no_fetch, no_store, no_execute, low } = permitted;
    let used = if access.writes() { REFERENCE | CHANGE } else { REFERENCE };
    let changed = (cx.platform.keys().get(at) | used) & CHANGE != 0;
    cx.platform.keys().note(at, used);
    let overridden =
        address < 4096 && cx.cpu.sys.cr[0] & cr0::FETCH_OVERRIDE != 0 && space.key != 0;
    let mut permissions = 0;
    let mut permit = |bits: u16, on: bool| permissions |= if on { bits } else { 0 };
    permit(Access::Read as u16, !no_fetch && !overridden);
    permit(Access::Execute as u16, !no_fetch && !overridden && !no_execute);
    permit(Access::Write as u16, changed && !found.protected && !no_store);
    permit(GUARDED, low);
    let mmu = cx.cpu.mmu;
    Ok(TlbEntry {
        page: address >> 12,
        frame: at >> 12,
        space: if access == Access::Execute { mmu.fetch_space } else { mmu.space },
        // The same for all modes.
        permissions: permissions * 0x1111,
        page_bits: found.bits,
        global: false,
        device: false,
    })
}

/// A storage key has lost bits, or changed what it protects: entries for its frame are no longer so.
pub(crate) fn forget_frame(cx: &mut Cx<S390x>, absolute: u64) {
    let frame = absolute >> 12;
    cx.cpu.tlb.invalidate(|entry| entry.frame == frame);
    cx.refetch();
}

/// Sets the storage key of a frame, as SET STORAGE KEY EXTENDED does.
pub(crate) fn set_key(cx: &mut Cx<S390x>, absolute: u64, key: u8) {
    let old = cx.platform.keys().get(absolute);
    cx.platform.keys().set(absolute, key & 0xfe);
    let protects = keys::ACCESS_CONTROL | FETCH_PROTECTION;
    if (old ^ key) & protects != 0 || old & !key & (REFERENCE | CHANGE) != 0 {
        forget_frame(cx, absolute);
        let frame = absolute >> 12;
        cx.ask(lockstep_cpu::Request::Broadcast(crate::Broadcast::ForgetFrame(frame)));
    }
}

/// Drops all translations.
pub(crate) fn purge(cx: &mut Cx<S390x>) {
    cx.cpu.tlb.clear();
    cx.refetch();
}
