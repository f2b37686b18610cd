//! Instructions about translation: asking for it, going around it, and undoing it.

use lockstep_cpu::{Access, Cx, Exit, Request, Size};

use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::mmu::{self, absolute, asce, entry};
use crate::storage;
use crate::sys::{Space, SpaceKind};
use crate::system::privileged;
use crate::timing_ops::aligned;
use crate::{Broadcast, Exception, S390x, Text, access_registers, psw};

type Helped = Result<u64, Exit<S390x>>;

fn fields(text: u64) -> (usize, usize) {
    (usize::from(Text(text).nibble(6)), usize::from(Text(text).nibble(7)))
}

/// What translating an address found: a real address, or how far it came.
enum Asked {
    Real(u64),
    /// The condition code, and the address of the entry that is not valid, or the exception's code.
    Not(u64, u64),
}

/// The space that an address-space control gives an operand, whether DAT is on or not; the exception's code when its access register
/// names none.
fn space_by(cx: &Cx<S390x>, control: u64, register: u8) -> Result<Result<Space, u16>, Exit<S390x>> {
    let kind = match control {
        1 => match access_registers::space(cx, register, 0) {
            Err(Exit::Exception(Exception::Program(program)))
                if program.code != code::ADDRESSING =>
            {
                return Ok(Err(program.code));
            }
            space => return space.map(Ok),
        },
        2 => SpaceKind::Secondary,
        3 => SpaceKind::Home,
        _ => SpaceKind::Primary,
    };
    Ok(Ok(psw::space(&cx.cpu, kind, 0)))
}

/// Translates whether DAT is on or not.
fn ask(cx: &mut Cx<S390x>, address: u64, register: u8) -> Result<Asked, Exit<S390x>> {
    let control = cx.cpu.sys.mask >> psw::SPACE_SHIFT & 3;
    let space = match space_by(cx, control, register)? {
        Ok(space) => space,
        Err(code) => return Ok(Asked::Not(3, code.into())),
    };
    match mmu::translate(cx, space.designation, address) {
        Ok(found) => Ok(Asked::Real(found.real)),
        Err(fault) => match fault.code {
            code::ADDRESSING | code::TRANSLATION_SPECIFICATION => Err(program(fault.code)),
            code => Ok(match (code, fault.entry_at) {
                (code::SEGMENT, Some(entry_at)) => Asked::Not(1, entry_at),
                (code::PAGE, Some(entry_at)) => Asked::Not(2, entry_at),
                _ => Asked::Not(3, code.into()),
            }),
        },
    }
}

/// Puts a real address, or what there is instead, into the first register: all of it, or bits 32 to 63.
fn load_real_address(cx: &mut Cx<S390x>, place: u64, text: u64, is_long: bool) -> Helped {
    privileged(cx)?;
    let r1 = usize::from(Text(text).nibble(2));
    let is_wide = |address: u64| !is_long && address >> 31 != 0;
    let (value, cc) = match ask(cx, place, Text(text).nibble(4))? {
        Asked::Real(real) if is_wide(real) => return Err(program(code::SPECIAL_OPERATION)),
        Asked::Real(real) => (real, 0),
        // An entry that the short form cannot point at is told by its exception.
        Asked::Not(1, at) if is_wide(at) => (code::SEGMENT.into(), 3),
        Asked::Not(2, at) if is_wide(at) => (code::PAGE.into(), 3),
        Asked::Not(cc, value) => (value, cc),
    };
    let register = &mut cx.cpu.regs[r1];
    let high = *register & !0xffff_ffff;
    *register = match cc {
        3 => high | 0x8000_0000 | value,
        _ if is_long => value,
        _ => high | value,
    };
    set_cc(cx, cc);
    Ok(0)
}

/// LOAD REAL ADDRESS: of 64 bits in the 64-bit mode alone.
pub(crate) fn lra(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let is_long = cx.cpu.sys.mask & psw::EA != 0;
    load_real_address(cx, place, text, is_long)
}

/// LOAD REAL ADDRESS of 64 bits.
pub(crate) fn lrag(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    load_real_address(cx, place, text, true)
}

/// STORE REAL ADDRESS.
pub(crate) fn strag(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(first, 8)?;
    storage::second(cx, text);
    let found = mmu::real_address(cx, second)?;
    storage::first(cx, text);
    storage::store(cx, first, &found.to_be_bytes())?;
    Ok(0)
}

/// LOAD PAGE-TABLE-ENTRY ADDRESS.
pub(crate) fn lptea(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let text = Text(text);
    let (r1, r2) = (usize::from(text.nibble(6)), text.nibble(7));
    let address = storage::address_in(cx, r2);
    let control = match text.nibble(5) {
        control @ 0..=3 => control.into(),
        4 => cx.cpu.sys.mask >> psw::SPACE_SHIFT & 3,
        _ => return Err(program(code::SPECIFICATION)),
    };
    let found =
        space_by(cx, control, r2)?.map(|space| mmu::translate(cx, space.designation, address));
    let (value, cc) = match found {
        Ok(Ok(found)) => (found.entry_at, u64::from(found.protected)),
        Ok(Err(fault)) => match (fault.code, fault.entry_at) {
            (code::PAGE, Some(entry_at)) => (entry_at, 0),
            (code::SEGMENT, Some(entry_at)) => (entry_at, 2),
            _ => (u64::from(fault.code), 3),
        },
        Err(code) => (u64::from(code), 3),
    };
    cx.cpu.regs[r1] = value;
    set_cc(cx, cc);
    Ok(0)
}

/// Accesses real storage.
fn real<T>(cx: &mut Cx<S390x>, act: impl FnOnce(&mut Cx<S390x>) -> T) -> T {
    let key = psw::key(cx.cpu.sys.mask);
    storage::within(cx, Space { designation: 0, kind: SpaceKind::Real, key }, |cx| {
        // These stores are a PER event of their own.
        cx.cpu.watched = false;
        act(cx)
    })
}

fn load_real(cx: &mut Cx<S390x>, text: u64, size: Size) -> Result<(usize, u64), Exit<S390x>> {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let place = storage::address_in(cx, r2 as u8);
    aligned(place, size.bytes())?;
    let value = real(cx, |cx| {
        let mut bytes = [0; 8];
        let len = size.bytes() as usize;
        storage::fetch(cx, place, &mut bytes[8 - len..])?;
        Ok::<_, Exit<S390x>>(u64::from_be_bytes(bytes))
    })?;
    Ok((r1, value))
}

/// LOAD USING REAL ADDRESS of a word.
pub(crate) fn lura(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, value) = load_real(cx, text, Size::B4)?;
    let register = &mut cx.cpu.regs[r1];
    *register = *register & !0xffff_ffff | value;
    Ok(0)
}

/// LOAD USING REAL ADDRESS of a doubleword.
pub(crate) fn lurag(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, value) = load_real(cx, text, Size::B8)?;
    cx.cpu.regs[r1] = value;
    Ok(0)
}

fn store_real(cx: &mut Cx<S390x>, text: u64, len: usize) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let place = storage::address_in(cx, r2 as u8);
    aligned(place, len as u64)?;
    let bytes = cx.cpu.regs[r1].to_be_bytes();
    real(cx, |cx| storage::store(cx, place, &bytes[8 - len..]))?;
    crate::per::note_real_store(cx);
    Ok(0)
}

/// STORE USING REAL ADDRESS of a word.
pub(crate) fn stura(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    store_real(cx, args[2], 4)
}

/// STORE USING REAL ADDRESS of a doubleword.
pub(crate) fn sturg(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    store_real(cx, args[2], 8)
}

/// PURGE TLB.
pub(crate) fn ptlb(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    mmu::purge(cx);
    Ok(0)
}

/// Drops all translations, here and on all other processors.
fn purge_everywhere(cx: &mut Cx<S390x>) {
    mmu::purge(cx);
    cx.ask(Request::Broadcast(Broadcast::Purge));
}

/// Sets a bit of a table entry; does nothing but check where there is no storage.
fn set_in_table(cx: &mut Cx<S390x>, at: u64, bit: u64) -> Result<(), Exit<S390x>> {
    let old = cx.read_table(at).ok_or_else(|| program(code::ADDRESSING))?;
    let _ = cx.mem.write_bytes(at, &(old | bit).to_be_bytes());
    cx.platform.keys().note(at, crate::REFERENCE | crate::CHANGE);
    storage::notice_code(cx);
    Ok(())
}

/// INVALIDATE PAGE TABLE ENTRY: of a page table, by an address's page index. Every entry of the TLB for a page with that index
/// goes, whichever table it came from.
pub(crate) fn ipte(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let (r3, local) = (Text(text).nibble(4), Text(text).nibble(5) & 1 != 0);
    let (table, address) = (cx.cpu.regs[r1] & !0x7ff, cx.cpu.regs[r2]);
    let first = address >> 12 & 0xff;
    let more = if r3 == 0 { 0 } else { cx.cpu.regs[usize::from(r3)] & 0xff };
    if r3 != 0 && first + more > 0xff {
        return Err(program(code::SPECIFICATION));
    }
    for index in first..=first + more {
        let at = absolute(cx.cpu.sys.prefix, table + index * 8);
        set_in_table(cx, at, entry::PAGE_INVALID)?;
        let index = index as u8;
        cx.cpu.tlb.invalidate(|entry| entry.page_bits == 12 && entry.page as u8 == index);
        if !local && cx.powers.len() > 1 {
            cx.ask(Request::Broadcast(Broadcast::ForgetPage(index)));
        }
    }
    cx.refetch();
    Ok(0)
}

/// INVALIDATE DAT TABLE ENTRY: entries of region and segment tables, or, with bit 52 of the second register, translations of an
/// address space alone.
pub(crate) fn idte(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let r3 = Text(text).nibble(4);
    let operand = cx.cpu.regs[r2];
    if operand & 0x000f_f000 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    if operand & 0x800 == 0 {
        let designation = cx.cpu.regs[r1];
        let address = cx.cpu.regs[usize::from(r3)];
        let (origin, kind) = (designation & asce::ORIGIN, designation >> 2 & 3);
        let shift = 20 + 11 * kind;
        let first = address >> shift & 0x7ff;
        for index in first..=first + (operand & 0x7ff) {
            let at = absolute(cx.cpu.sys.prefix, origin + (index & 0x7ff) * 8);
            set_in_table(cx, at, entry::INVALID)?;
        }
    }
    purge_everywhere(cx);
    Ok(0)
}

/// Compares a word or doubleword at a real address with a register, swaps, and drops translations if the second register asks.
fn compare_and_purge(cx: &mut Cx<S390x>, text: u64, len: usize) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    if r1 & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let operand = cx.cpu.regs[r2];
    let place = storage::wrap(cx, operand) & !(len as u64 - 1);
    let mask = u64::MAX >> (64 - 8 * len);
    let span = storage::span_of(cx, (r2 as u8, place), len as u32, Access::Update)?;
    let mut bytes = [0; 8];
    span.read(cx, &mut bytes[8 - len..]);
    let old = u64::from_be_bytes(bytes);
    if old == cx.cpu.regs[r1] & mask {
        let new = cx.cpu.regs[r1 | 1].to_be_bytes();
        span.write(cx, &new[8 - len..]);
        set_cc(cx, 0);
        if operand & 3 != 0 {
            purge_everywhere(cx);
        }
    } else {
        cx.cpu.regs[r1] = cx.cpu.regs[r1] & !mask | old;
        set_cc(cx, 1);
    }
    Ok(0)
}

/// COMPARE AND SWAP AND PURGE.
pub(crate) fn csp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    compare_and_purge(cx, args[2], 4)
}

/// COMPARE AND SWAP AND PURGE of a doubleword.
pub(crate) fn cspg(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    compare_and_purge(cx, args[2], 8)
}

/// COMPARE AND REPLACE DAT TABLE ENTRY: a pair of the first register against an entry, whose table the second register names.
pub(crate) fn crdte(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    if (r1 | r2) & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let (designation, address) = (cx.cpu.regs[r2], cx.cpu.regs[r2 | 1]);
    let at = match designation >> 2 & 7 {
        // A page table; its index has 8 bits.
        0 => (designation & !0x7ff) + (address >> 12 & 0xff) * 8,
        // A segment table, or one of the third, second or first regions.
        kind @ 4..=7 => {
            let shift = 20 + 11 * (kind - 4);
            (designation & asce::ORIGIN) + (address >> shift & 0x7ff) * 8
        }
        _ => return Err(program(code::SPECIFICATION)),
    };
    let at = absolute(cx.cpu.sys.prefix, at);
    let old = cx.read_table(at).ok_or_else(|| program(code::ADDRESSING))?;
    if old == cx.cpu.regs[r1] {
        let new = cx.cpu.regs[r1 | 1];
        let _ = cx.mem.write_bytes(at, &new.to_be_bytes());
        storage::notice_code(cx);
        purge_everywhere(cx);
        set_cc(cx, 0);
    } else {
        cx.cpu.regs[r1] = old;
        set_cc(cx, 1);
    }
    Ok(0)
}
