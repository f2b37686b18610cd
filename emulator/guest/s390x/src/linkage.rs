//! The linkage stack (Principles of Operation, chapter 5, "Linkage-Stack Operations"): sections of home space, of entries that
//! BRANCH AND STACK and PROGRAM CALL push, and PROGRAM RETURN pops.
//!
//! Control register 15 has the address of the current entry's descriptor, which is the entry's end. Entries are accessed whatever the
//! key and the addressing mode; page protection and low-address protection count. All of an entry is checked before any of it is
//! stored, so that an exception finds the stack, and registers, as they were.

use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, nullified, program};
use crate::storage::{self, Span};
use crate::sys::SpaceKind;
use crate::{S390x, Text, asn, psw, reg, trace};

type Helped = Result<u64, Exit<S390x>>;

/// Bytes of a state entry, with its descriptor.
pub(crate) const ENTRY: u64 = 296;
/// Bytes of descriptors, and of what headers and trailers have before theirs.
const DESCRIPTOR: u64 = 8;
/// Address bits of control register 15, headers and trailers.
const ADDRESS: u64 = !7;
/// In headers and trailers: there is another section.
const VALID: u64 = 1;

/// Kinds of entries.
pub(crate) mod kind {
    pub(super) const HEADER: u8 = 9;
    /// BRANCH AND STACK's.
    pub(crate) const BRANCH: u8 = 0xc;
    /// PROGRAM CALL's.
    pub(crate) const CALL: u8 = 0xd;
}

/// Places in a state entry.
pub(crate) mod place {
    /// PSW-key mask, secondary number, extended authorization index, primary number.
    pub(crate) const NUMBERS: u64 = 128;
    /// The PSW's first half.
    pub(crate) const PSW: u64 = 136;
    /// Where the call went.
    pub(crate) const CALLED: u64 = 144;
    /// What MODIFY STACKED STATE changes.
    pub(crate) const MODIFIABLE: u64 = 152;
    /// The PSW's address.
    pub(crate) const ADDRESS: u64 = 168;
    /// Secondary and primary instance number.
    pub(crate) const INSTANCES: u64 = 176;
    /// Access registers.
    pub(crate) const ACCESS: u64 = 224;
    /// The descriptor.
    pub(crate) const DESCRIPTOR: u64 = 288;
}

/// The descriptor of an entry.
#[derive(Clone, Copy, Debug)]
struct Descriptor(u64);

impl Descriptor {
    const fn new(kind: u8, section: u8, free: u64) -> Self {
        Self((kind as u64) << 56 | (section as u64) << 48 | free << 32)
    }

    const fn kind(self) -> u8 {
        (self.0 >> 56) as u8 & 0x7f
    }

    /// Whether PROGRAM RETURN may not use it.
    const fn is_suppressed(self) -> bool {
        self.0 >> 63 != 0
    }

    const fn section(self) -> u8 {
        (self.0 >> 48) as u8
    }

    /// Bytes of the section behind the entry, but for the trailer.
    const fn free(self) -> u64 {
        self.0 >> 32 & 0xffff
    }

    /// With the size of the next entry.
    const fn followed_by(self, size: u64) -> Self {
        Self(self.0 & !0xffff_0000 | size << 16)
    }
}

/// Translates and checks a part of home space.
pub(crate) fn span(
    cx: &mut Cx<S390x>,
    address: u64,
    len: u64,
    access: Access,
) -> Result<Span, Exit<S390x>> {
    let home = psw::space(&cx.cpu, SpaceKind::Home, 0);
    storage::within_long(cx, home, |cx| storage::span(cx, address, len as u32, access))
}

/// Fetches a doubleword of home space.
pub(crate) fn fetch(cx: &mut Cx<S390x>, address: u64) -> Result<u64, Exit<S390x>> {
    let mut bytes = [0; 8];
    span(cx, address, 8, Access::Read)?.read(cx, &mut bytes);
    Ok(u64::from_be_bytes(bytes))
}

/// What an entry tells about where it comes from and goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// [`kind`].
    pub(crate) kind: u8,
    /// The PSW to return to.
    pub(crate) psw: (u64, u64),
    /// Bytes 144 to 151.
    pub(crate) called: u64,
}

/// The bytes of a state entry but for its descriptor.
fn state(cx: &Cx<S390x>, call: &Call) -> [u8; ENTRY as usize] {
    let mut bytes = [0; ENTRY as usize];
    let mut put = |at: u64, value: &[u8]| {
        bytes[at as usize..][..value.len()].copy_from_slice(value);
    };
    let cr = &cx.cpu.sys.cr;
    for number in 0..16 {
        put(8 * number, &cx.cpu.regs[number as usize].to_be_bytes());
        let access = cx.cpu.regs[usize::from(reg::ACCESS) + number as usize] as u32;
        put(place::ACCESS + 4 * number, &access.to_be_bytes());
    }
    put(place::NUMBERS, &(cr[3] as u32).to_be_bytes());
    put(place::NUMBERS + 4, &((cr[8] >> 16) as u16).to_be_bytes());
    put(place::NUMBERS + 6, &(cr[4] as u16).to_be_bytes());
    put(place::PSW, &call.psw.0.to_be_bytes());
    put(place::CALLED, &call.called.to_be_bytes());
    put(place::ADDRESS, &call.psw.1.to_be_bytes());
    if asn::reuses(cx) {
        put(place::INSTANCES, &((cr[3] >> 32) as u32).to_be_bytes());
        put(place::INSTANCES + 4, &((cr[4] >> 32) as u32).to_be_bytes());
    }
    bytes
}

/// A new entry, all of whose places have been checked.
pub(crate) struct Pushed {
    entry: (Span, [u8; ENTRY as usize]),
    before: (Span, Descriptor),
    /// The header of a new section, and the entry that its way back leads to.
    header: Option<(Span, u64)>,
    current: u64,
}

impl Pushed {
    /// Finds the place for a new entry and forms it ("Stacking Process").
    pub(crate) fn prepare(cx: &mut Cx<S390x>, call: &Call) -> Result<Self, Exit<S390x>> {
        let mut current = cx.cpu.sys.cr[15] & ADDRESS;
        let mut descriptor = Descriptor(fetch(cx, current)?);
        let mut header = None;
        if descriptor.free() < ENTRY {
            if descriptor.free() & 7 != 0 {
                return Err(nullified(code::STACK_SPECIFICATION));
            }
            let trailer = current.wrapping_add(DESCRIPTOR + descriptor.free());
            let forward = fetch(cx, trailer)?;
            if forward & VALID == 0 {
                return Err(nullified(code::STACK_FULL));
            }
            let next = forward & ADDRESS;
            descriptor = Descriptor(fetch(cx, next)?);
            if descriptor.free() < ENTRY {
                return Err(nullified(code::STACK_SPECIFICATION));
            }
            let back = span(cx, next.wrapping_sub(8), 8, Access::Write)?;
            header = Some((back, current | VALID));
            current = next;
        }
        let before = span(cx, current, DESCRIPTOR, Access::Write)?;
        let start = current.wrapping_add(DESCRIPTOR);
        let entry = span(cx, start, ENTRY, Access::Write)?;
        let mut bytes = state(cx, call);
        let own = Descriptor::new(call.kind, descriptor.section(), descriptor.free() - ENTRY);
        bytes[place::DESCRIPTOR as usize..].copy_from_slice(&own.0.to_be_bytes());
        Ok(Self {
            entry: (entry, bytes),
            before: (before, descriptor.followed_by(ENTRY)),
            header,
            current: start.wrapping_add(place::DESCRIPTOR),
        })
    }

    /// Stores it, and makes it the current one.
    pub(crate) fn store(self, cx: &mut Cx<S390x>) {
        if let Some((span, back)) = self.header {
            span.write(cx, &back.to_be_bytes());
        }
        self.entry.0.write(cx, &self.entry.1);
        self.before.0.write(cx, &self.before.1.0.to_be_bytes());
        cx.cpu.sys.cr[15] = self.current;
    }
}

/// The current state entry: the address where it starts, and its kind ("Unstacking Process").
pub(crate) fn locate(cx: &mut Cx<S390x>, returns: bool) -> Result<(u64, u8), Exit<S390x>> {
    let (mask, space) = (cx.cpu.sys.mask, cx.cpu.sys.mask >> psw::SPACE_SHIFT & 3);
    if mask & psw::DAT == 0 || space == 2 || returns && space == 3 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let mut current = cx.cpu.sys.cr[15] & ADDRESS;
    let mut descriptor = Descriptor(fetch(cx, current)?);
    let check = |descriptor: Descriptor| {
        let refused = returns && descriptor.is_suppressed();
        if refused { Err(nullified(code::STACK_OPERATION)) } else { Ok(()) }
    };
    if descriptor.kind() == kind::HEADER {
        check(descriptor)?;
        let back = fetch(cx, current.wrapping_sub(8))?;
        if back & VALID == 0 {
            return Err(nullified(code::STACK_EMPTY));
        }
        current = back & ADDRESS;
        descriptor = Descriptor(fetch(cx, current)?);
        if descriptor.kind() == kind::HEADER {
            return Err(nullified(code::STACK_SPECIFICATION));
        }
    }
    if !matches!(descriptor.kind(), kind::BRANCH | kind::CALL) {
        return Err(nullified(code::STACK_TYPE));
    }
    check(descriptor)?;
    Ok((current.wrapping_sub(place::DESCRIPTOR), descriptor.kind()))
}

/// All bytes of a state entry.
pub(crate) fn read(cx: &mut Cx<S390x>, start: u64) -> Result<[u8; ENTRY as usize], Exit<S390x>> {
    let mut bytes = [0; ENTRY as usize];
    span(cx, start, ENTRY, Access::Read)?.read(cx, &mut bytes);
    Ok(bytes)
}

/// A number of a state entry.
pub(crate) fn number(bytes: &[u8], at: u64, len: usize) -> u64 {
    bytes[at as usize..][..len].iter().fold(0, |v, byte| v << 8 | u64::from(*byte))
}

/// Loads general and access registers from a state entry: those from the first to the last, around; whole, or their right halves.
pub(crate) fn restore_registers(
    cx: &mut Cx<S390x>,
    bytes: &[u8],
    (first, last): (u8, u8),
    whole: bool,
) {
    for register in (0..=last.wrapping_sub(first) & 15).map(|k| (first + k) & 15) {
        let at = usize::from(register);
        let value = number(bytes, 8 * u64::from(register), 8);
        let old = cx.cpu.regs[at];
        let kept = if whole { 0 } else { !0xffff_ffff };
        cx.cpu.regs[at] = old & kept | value & !kept;
        let access = number(bytes, place::ACCESS + 4 * u64::from(register), 4);
        cx.cpu.regs[usize::from(reg::ACCESS) + at] = access;
    }
}

fn extract_registers(cx: &mut Cx<S390x>, text: u64, whole: bool) -> Helped {
    let (start, _) = locate(cx, false)?;
    let bytes = read(cx, start)?;
    let range = (Text(text).nibble(6), Text(text).nibble(7));
    restore_registers(cx, &bytes, range, whole);
    Ok(0)
}

/// EXTRACT STACKED REGISTERS of words.
pub(crate) fn ereg(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    extract_registers(cx, text, false)
}

/// EXTRACT STACKED REGISTERS of doublewords.
pub(crate) fn eregg(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    extract_registers(cx, text, true)
}

/// EXTRACT STACKED STATE: what the last byte of the second register says; the condition code is the kind of entry.
pub(crate) fn esta(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = (Text(text).nibble(6), Text(text).nibble(7));
    let what = cx.cpu.regs[usize::from(r2)] & 0xff;
    let last = if asn::reuses(cx) { 5 } else { 4 };
    let (start, kind) = locate(cx, false)?;
    if r1 & 1 != 0 || what > last {
        return Err(program(code::SPECIFICATION));
    }
    let bytes = read(cx, start)?;
    let word = |at: u64| number(&bytes, at, 4);
    let (mask, address) = (number(&bytes, place::PSW, 8), number(&bytes, place::ADDRESS, 8));
    let (first, second) = match what {
        0 => (word(place::NUMBERS), word(place::NUMBERS + 4)),
        // The short format; its last bit is one when the address does not fit.
        1 => {
            let too_long = u64::from(address >> 31 != 0);
            let low = mask & 1 << 31 | address & 0x7fff_ffff | too_long;
            ((mask | psw::SHORT) >> 32, low)
        }
        2 => (word(place::CALLED), word(place::CALLED + 4)),
        3 => (word(place::MODIFIABLE), word(place::MODIFIABLE + 4)),
        4 => (mask, address),
        _ => (word(place::INSTANCES) << 32, word(place::INSTANCES + 4) << 32),
    };
    let kept = match what {
        4 => 0,
        5 => 0xffff_ffff,
        _ => !0xffff_ffff,
    };
    let pair = usize::from(r1);
    cx.cpu.regs[pair] = cx.cpu.regs[pair] & kept | first;
    cx.cpu.regs[pair + 1] = cx.cpu.regs[pair + 1] & kept | second;
    crate::long::set_cc(cx, u64::from(kind == kind::CALL));
    Ok(0)
}

/// MODIFY STACKED STATE.
pub(crate) fn msta(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let r1 = Text(text).nibble(6);
    let (start, _) = locate(cx, false)?;
    if r1 & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let pair = usize::from(r1);
    let value = cx.cpu.regs[pair] << 32 | cx.cpu.regs[pair + 1] & 0xffff_ffff;
    let at = span(cx, start.wrapping_add(place::MODIFIABLE), 8, Access::Write)?;
    at.write(cx, &value.to_be_bytes());
    Ok(0)
}

/// An address with its addressing mode, as BRANCH AND SET MODE has it: the bits of the PSW, and the address.
pub(crate) fn with_mode(value: u64) -> (u64, u64) {
    match (value & 1 != 0, value & 1 << 31 != 0) {
        (true, _) => (psw::EA | psw::BA, value & !1),
        (false, true) => (psw::BA, value & 0x7fff_ffff),
        (false, false) => (0, value & 0xff_ffff),
    }
}

/// BRANCH AND STACK: the return address is in the first register, or that of the next instruction; without a second one there is
/// no branch.
pub(crate) fn bakr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    asn::check_dat(cx)?;
    if cx.cpu.sys.mask >> psw::SPACE_SHIFT & 2 != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let (r1, r2) = (usize::from(Text(text).nibble(6)), usize::from(Text(text).nibble(7)));
    let modes = psw::EA | psw::BA;
    let mask = psw::mask(&cx.cpu);
    let next = following(cx, text);
    let (mode, back) = if r1 != 0 { with_mode(cx.cpu.regs[r1]) } else { (mask & modes, next) };
    let target = if r2 != 0 { storage::wrap(cx, cx.cpu.regs[r2]) } else { next };
    let called = match (mask & psw::EA != 0, mask & psw::BA != 0) {
        (true, _) => target | 1,
        (false, true) => target | 1 << 31,
        (false, false) => target,
    };
    let traced = if r2 != 0 { trace::prepare_branch(cx, mask, target)? } else { None };
    let call = Call { kind: kind::BRANCH, psw: (mask & !modes | mode, back), called };
    let pushed = Pushed::prepare(cx, &call)?;
    pushed.store(cx);
    trace::store(cx, traced);
    cx.next_pc = target;
    cx.refetch();
    Ok(0)
}

/// The address of the instruction after the executing one.
pub(crate) fn following(cx: &Cx<S390x>, text: u64) -> u64 {
    storage::wrap(cx, cx.cpu.pc.wrapping_add(text & 0xff))
}
