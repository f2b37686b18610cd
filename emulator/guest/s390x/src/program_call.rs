//! Calls to programs by number, and transfers and returns to other address spaces (Principles of Operation, chapters 5 and 10).
//!
//! A program-call number leads through tables of the primary space to an [`Entry`], which says where to go, in which space, and with
//! which authority; a stacking call leaves a linkage-stack entry that PROGRAM RETURN undoes. Nothing changes before everything has been
//! checked. Coming to or going from a space that is marked for it is an event, which interrupts after the instruction; a PER event of the
//! instruction makes any change of space one.

use lockstep_cpu::{Access, Cx, Exit};

use crate::access_registers::{self, word};
use crate::asn::{self, Aste, INVALID, Spaces};
use crate::exceptions::{self, code, numbered, program};
use crate::linkage::{self, Call, Pushed, following, kind, place};
use crate::mmu::asce;
use crate::system::privileged;
use crate::{Exception, Program, S390x, Text, per, psw, trace};

type Helped = Result<u64, Exit<S390x>>;

/// An entry-table entry, a word each.
struct Entry([u32; 8]);

/// Bits of the fifth word of an entry.
mod flag {
    pub(super) const STACKING: u32 = 0x8000_0000;
    /// 64-bit mode.
    pub(super) const LONG: u32 = 0x4000_0000;
    /// The access key is replaced.
    pub(super) const KEY: u32 = 0x1000_0000;
    /// The key mask is replaced, not added to.
    pub(super) const MASK: u32 = 0x0800_0000;
    /// The extended authorization index is replaced.
    pub(super) const INDEX: u32 = 0x0400_0000;
    /// Access-register mode.
    pub(super) const ACCESS_REGISTERS: u32 = 0x0200_0000;
    /// The new primary space is also the secondary one.
    pub(super) const SECONDARY: u32 = 0x0100_0000;
}

impl Entry {
    fn is(&self, flag: u32) -> bool {
        self.0[4] & flag != 0
    }

    /// The addressing mode and address to go to.
    fn target(&self) -> (u64, u64) {
        let low = u64::from(self.0[1] & !1);
        if self.is(flag::LONG) {
            (psw::EA | psw::BA, u64::from(self.0[0]) << 32 | low)
        } else if low >> 31 != 0 {
            (psw::BA, low & 0x7fff_ffff)
        } else {
            (0, low)
        }
    }

    fn asn(&self) -> u16 {
        self.0[2] as u16
    }
}

/// A program-call number: as tables are looked up with it, and as exceptions tell it.
#[derive(Clone, Copy)]
struct Number {
    value: u32,
    told: u32,
    /// It has bits for all of a linkage first table.
    is_wide: bool,
}

impl Number {
    fn of(cx: &Cx<S390x>, address: u64) -> Self {
        let (low, high) = (address as u32 & 0xf_ffff, address as u32 >> 20);
        if asn::reuses(cx) && low >> 19 != 0 {
            let value = high << 19 | low & 0x7_ffff;
            return Self { value, told: address as u32, is_wide: true };
        }
        Self { value: low, told: low, is_wide: false }
    }

    fn fails<T>(self, code: u16) -> Result<T, Exit<S390x>> {
        Err(numbered(code, self.told))
    }
}

/// The entry-table designation of a number by one table of linkage.
fn look_up(cx: &Cx<S390x>, number: Number, table: u32) -> Result<u32, Exit<S390x>> {
    let index = number.value >> 8;
    if index >> 5 > table & 0x7f {
        return number.fails(code::LX_TRANSLATION);
    }
    let at = u64::from(table & 0x7fff_ff80) + u64::from(index) * 4;
    let found = word(cx, at).map_err(program)?;
    if found & INVALID != 0 { number.fails(code::LX_TRANSLATION) } else { Ok(found) }
}

/// The same by two tables. The second one's entry may have a sequence number, which general register 15 must have, too.
fn look_up_twice(cx: &Cx<S390x>, number: Number, table: u32) -> Result<u32, Exit<S390x>> {
    let index = number.value >> 13;
    if number.is_wide && index >> 6 > table & 0xff {
        return number.fails(code::LFX_TRANSLATION);
    }
    let at = u64::from(table & 0x7fff_ff00) + u64::from(index) * 4;
    let second = word(cx, at).map_err(program)?;
    if second & INVALID != 0 {
        return number.fails(code::LFX_TRANSLATION);
    }
    let at = u64::from(second & 0x7fff_ff00) + u64::from(number.value >> 8 & 0x1f) * 8;
    let found = word(cx, at).map_err(program)?;
    if found & INVALID != 0 {
        return number.fails(code::LSX_TRANSLATION);
    }
    let sequence = word(cx, at + 4).map_err(program)?;
    if sequence != 0 && u64::from(sequence) != cx.cpu.regs[15] >> 32 {
        return number.fails(code::LSTE_SEQUENCE);
    }
    Ok(found)
}

/// The entry of a number ("PC-Number Translation").
fn find(cx: &Cx<S390x>, number: Number, table: u32) -> Result<Entry, Exit<S390x>> {
    let entries = if asn::reuses(cx) {
        look_up_twice(cx, number, table)?
    } else {
        look_up(cx, number, table)?
    };
    let index = number.value & 0xff;
    if index >> 2 > entries & 0x3f {
        return number.fails(code::EX_TRANSLATION);
    }
    let at = u64::from(entries & 0x7fff_ffc0) + u64::from(index) * 32;
    let mut words = [0; 8];
    for (place, value) in (0..).step_by(4).zip(&mut words) {
        *value = word(cx, at + place).map_err(program)?;
    }
    Ok(Entry(words))
}

/// The linkage-table designation of the primary space, where there is one.
fn linkage_table(cx: &Cx<S390x>) -> Result<u32, Exit<S390x>> {
    let table = asn::primary(cx)?.linkage();
    // Subsystem-linkage control.
    if table & 0x8000_0000 == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    Ok(table)
}

/// Whether such an entry may be called from here.
fn check(cx: &Cx<S390x>, entry: &Entry) -> Result<(), Exit<S390x>> {
    let mask = cx.cpu.sys.mask;
    let is_long = mask & psw::EA != 0;
    let basic = !entry.is(flag::STACKING);
    if basic && (psw::uses_access_registers(mask) || entry.is(flag::LONG) != is_long) {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let (mode, address) = entry.target();
    if mode == 0 && address > 0xff_ffff {
        return Err(program(code::PC_SPECIFICATION));
    }
    let keys = cx.cpu.sys.cr[3] as u32 & entry.0[2] & 0xffff_0000;
    if mask & psw::PROBLEM != 0 && keys == 0 {
        return Err(program(code::PRIVILEGED));
    }
    Ok(())
}

/// The space of a call to another one, with the designation for it.
fn called_space(cx: &Cx<S390x>, entry: &Entry) -> Result<Option<(Aste, u64)>, Exit<S390x>> {
    if entry.asn() == 0 {
        return Ok(None);
    }
    asn::check_control(cx)?;
    let space = Aste::read(cx, entry.0[5] & 0x7fff_ffc0)?;
    if !space.is_valid() {
        return Err(numbered(code::ASX_TRANSLATION, entry.asn().into()));
    }
    let designation = space.replaced(cx)?;
    Ok(Some((space, designation)))
}

/// PROGRAM CALL: the second-operand address is the number.
pub(crate) fn pc(cx: &mut Cx<S390x>, [_, operand, text]: [u64; 3]) -> Helped {
    asn::check_dat(cx)?;
    if cx.cpu.sys.mask >> psw::SPACE_SHIFT & 2 != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let number = Number::of(cx, operand);
    let table = linkage_table(cx)?;
    let (mask, next) = (psw::mask(&cx.cpu), following(cx, text));
    let problem = u64::from(mask & psw::PROBLEM != 0);
    let mode = if mask & (psw::EA | psw::BA) == psw::BA { 1 << 31 } else { 0 };
    let link = next | mode | problem;
    let traced = trace::prepare_call(cx, number.told, link)?;
    let entry = find(cx, number, table)?;
    check(cx, &entry)?;
    let space = called_space(cx, &entry)?;
    let traced = if entry.is(flag::STACKING) {
        let traced = trace::and_switch(cx, traced, entry.target().0, next)?;
        let pushed = Pushed::prepare(cx, &stacked(cx, (&entry, number), &space, (mask, next)))?;
        pushed.store(cx);
        traced
    } else {
        put_links(cx, link);
        traced
    };
    trace::store(cx, traced);
    enter(cx, &entry, space, (mask, text))
}

/// What a stacking call puts onto the stack.
fn stacked(
    cx: &Cx<S390x>,
    (entry, number): (&Entry, Number),
    space: &Option<(Aste, u64)>,
    psw: (u64, u64),
) -> Call {
    let identification = match space {
        Some((space, _)) => u64::from(entry.asn()) << 16 | u64::from(space.told(cx)),
        None => 0,
    };
    let long = if entry.is(flag::LONG) { 1 << 31 } else { 0 };
    Call { kind: kind::CALL, psw, called: identification << 32 | u64::from(number.value) | long }
}

/// What a basic call leaves in registers 3 and 14: key mask with primary number, and where it came from.
fn put_links(cx: &mut Cx<S390x>, link: u64) {
    let is_long = cx.cpu.sys.mask & psw::EA != 0;
    let (keys, number) = (cx.cpu.sys.cr[3] & 0xffff_0000, cx.cpu.sys.cr[4] & 0xffff);
    let regs = &mut cx.cpu.regs;
    regs[14] = if is_long { link } else { regs[14] & !0xffff_ffff | link };
    regs[3] = regs[3] & !0xffff_ffff | keys | number;
}

/// Goes to an entry.
fn enter(
    cx: &mut Cx<S390x>,
    entry: &Entry,
    space: Option<(Aste, u64)>,
    (old, text): (u64, u64),
) -> Helped {
    let stacking = entry.is(flag::STACKING);
    let mut spaces = Spaces::of(cx);
    let keys = u64::from(entry.0[3] & 0xffff_0000);
    let added = if stacking && entry.is(flag::MASK) { 0 } else { spaces.cr[3] };
    spaces.set_key_mask(added | keys);
    let (mode, target) = entry.target();
    let mut mask = old & !(psw::EA | psw::BA | psw::PROBLEM) | mode;
    mask |= if entry.0[1] & 1 != 0 { psw::PROBLEM } else { 0 };
    if stacking {
        if entry.is(flag::KEY) {
            mask = mask & !psw::KEY | u64::from(entry.0[4] >> 20 & 0xf) << psw::KEY_SHIFT;
        }
        if entry.is(flag::INDEX) {
            spaces.set_extended_index(entry.0[4] as u16);
        }
        let control = u64::from(entry.is(flag::ACCESS_REGISTERS));
        mask = mask & !psw::SPACE | control << psw::SPACE_SHIFT;
    }
    let parameter = u64::from(entry.0[6]) << 32 | u64::from(entry.0[7]);
    let kept = if mode & psw::EA != 0 { 0 } else { !0xffff_ffff };
    cx.cpu.regs[4] = cx.cpu.regs[4] & kept | parameter & !kept;
    spaces.primary_is_secondary(false);
    let switches = space.is_some();
    if let Some((space, designation)) = space {
        spaces.set_primary(entry.asn(), &space, designation, false);
        if stacking && entry.is(flag::SECONDARY) {
            spaces.primary_is_secondary(false);
        }
    }
    finish(cx, (spaces, switches), (mask, target), text)
}

/// Loads control registers and the PSW, and tells of a change of space.
fn finish(
    cx: &mut Cx<S390x>,
    (spaces, switches): (Spaces, bool),
    (mask, target): (u64, u64),
    text: u64,
) -> Helped {
    let (old, asn) = (cx.cpu.sys.cr[1], asn::primary_number(cx));
    let marked = (old | spaces.cr[1]) & asce::SPACE_SWITCH != 0;
    let is_event = switches && (marked || per::foretells(cx, Some(target)));
    spaces.load(cx);
    go(cx, mask, target);
    if is_event { Err(space_switch(cx, (old, asn), target, text)) } else { Ok(0) }
}

/// Goes on under a PSW whose condition code is the current one.
pub(crate) fn go(cx: &mut Cx<S390x>, mask: u64, target: u64) {
    cx.cpu.sys.mask = mask & !psw::CC;
    psw::derive(&mut cx.cpu);
    cx.next_pc = target;
    cx.refetch();
    exceptions::attend_if_interrupted(cx);
}

/// The interruption after an instruction that left the space with a designation and a number.
pub(crate) fn space_switch(
    cx: &mut Cx<S390x>,
    (designation, asn): (u64, u16),
    target: u64,
    text: u64,
) -> Exit<S390x> {
    cx.cpu.pc = target;
    let marked = if designation & asce::SPACE_SWITCH != 0 { 1 << 31 } else { 0 };
    Exit::Exception(Exception::Program(Program {
        nullifies: true,
        identification: Some(u64::from(asn) | marked),
        length: Some(text as u8),
        ..Program::new(code::SPACE_SWITCH)
    }))
}

/// PROGRAM TRANSFER.
pub(crate) fn pt(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    transfer(cx, text, false)
}

/// PROGRAM TRANSFER WITH INSTANCE.
pub(crate) fn pti(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    transfer(cx, text, true)
}

/// To the address in the second register, in the space whose number, with a key mask, is in the first.
fn transfer(cx: &mut Cx<S390x>, text: u64, instance: bool) -> Helped {
    asn::check_dat(cx)?;
    let mask = cx.cpu.sys.mask;
    if mask & psw::SPACE != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let register = |place| cx.cpu.regs[usize::from(Text(text).nibble(place))];
    let (first, second) = (register(6), register(7));
    let number = first as u16;
    let traced = trace::prepare_transfer(cx, (number, instance), second)?;
    let (mode, target) = match (mask & psw::EA != 0, second & 1 << 31 != 0) {
        (true, _) => (mask & (psw::EA | psw::BA), second & !1),
        (false, true) => (psw::BA, second & 0x7fff_fffe),
        (false, false) => (0, second & 0x7fff_fffe),
    };
    linkage_table(cx)?;
    if second & 1 == 0 {
        privileged(cx)?;
    }
    if mode == 0 && target > 0xff_ffff {
        return Err(program(code::SPECIFICATION));
    }
    let mut spaces = Spaces::of(cx);
    let switches = number != asn::primary_number(cx);
    if switches {
        let entry = transferred_space(cx, (number, (first >> 32) as u32), instance)?;
        let designation = entry.replaced(cx)?;
        spaces.set_primary(number, &entry, designation, instance);
    }
    spaces.primary_is_secondary(instance);
    let keys = spaces.cr[3] & first;
    spaces.set_key_mask(keys);
    let problem = if second & 1 != 0 { psw::PROBLEM } else { 0 };
    let mask = mask & !(psw::EA | psw::BA | psw::PROBLEM) | mode | problem;
    trace::store(cx, traced);
    finish(cx, (spaces.with_trace(cx), switches), (mask, target), text)
}

/// The space that a transfer goes to, if it may.
fn transferred_space(
    cx: &Cx<S390x>,
    (number, instance): (u16, u32),
    with_instance: bool,
) -> Result<Aste, Exit<S390x>> {
    asn::check_control(cx)?;
    let entry = asn::translate(cx, number)?;
    asn::check_reuse(cx, &entry, with_instance)?;
    if with_instance && entry.instance() != instance {
        return Err(asn::wrong_instance(true));
    }
    let authority = (access_registers::PRIMARY, code::PRIMARY_AUTHORITY);
    entry.authorize(cx, (asn::index(cx), number), authority)?;
    Ok(entry)
}

/// PROGRAM RETURN: to where the current linkage-stack entry says, with registers 2 to 14 from there; one of a call has the spaces, too.
pub(crate) fn pr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (start, kind) = linkage::locate(cx, true)?;
    let bytes = linkage::read(cx, start)?;
    // The entry before has none behind it any more.
    let before = start.wrapping_sub(8);
    let size = linkage::span(cx, before, 8, Access::Write)?;
    let (stored, address) =
        (linkage::number(&bytes, place::PSW, 8), linkage::number(&bytes, place::ADDRESS, 8));
    let mask = stored & !psw::PER | cx.cpu.sys.mask & psw::PER;
    let mut spaces = Spaces::of(cx);
    let (mut traced, next) = (None, following(cx, text));
    if kind == kind::CALL {
        let number = linkage::number(&bytes, place::NUMBERS + 6, 2) as u16;
        traced = trace::prepare_return(cx, number, (mask, address), next)?;
    }
    if traced.is_none() {
        traced = trace::and_switch(cx, None, mask, next)?;
    }
    if kind == kind::CALL {
        return_to_spaces(cx, &mut spaces, &bytes)?;
    }
    spaces.cr[15] = before;
    linkage::restore_registers(cx, &bytes, (2, 14), true);
    size.write_at(cx, 4, &[0, 0]);
    trace::store(cx, traced);
    crate::long::set_cc(cx, (mask & psw::CC) >> psw::CC_SHIFT);
    let switches = spaces.cr[4] as u16 != asn::primary_number(cx);
    finish(cx, (spaces.with_trace(cx), switches), (mask, address), text)
}

/// The numbers of a call's entry, and the spaces that they are of.
fn return_to_spaces(cx: &Cx<S390x>, spaces: &mut Spaces, bytes: &[u8]) -> Result<(), Exit<S390x>> {
    let short = |at: u64| linkage::number(bytes, at, 2);
    let instance = |at: u64| linkage::number(bytes, place::INSTANCES + at, 4) as u32;
    spaces.set_key_mask(short(place::NUMBERS) << 16);
    let secondary = short(place::NUMBERS + 2) as u16;
    spaces.set_extended_index(short(place::NUMBERS + 4) as u16);
    let primary = short(place::NUMBERS + 6) as u16;
    if primary != asn::primary_number(cx) {
        let entry = returned_space(cx, primary, (instance(4), true))?;
        let designation = entry.replaced(cx)?;
        spaces.set_primary(primary, &entry, designation, false);
    }
    if secondary == primary {
        spaces.primary_is_secondary(false);
        return Ok(());
    }
    let entry = returned_space(cx, secondary, (instance(0), false))?;
    let index = (spaces.cr[4] >> 16) as u16;
    let authority = (access_registers::SECONDARY, code::SECONDARY_AUTHORITY);
    entry.authorize(cx, (index, secondary), authority)?;
    let designation = entry.replaced(cx)?;
    spaces.set_secondary(secondary, (designation, entry.instance()), false);
    Ok(())
}

fn returned_space(
    cx: &Cx<S390x>,
    number: u16,
    (instance, is_primary): (u32, bool),
) -> Result<Aste, Exit<S390x>> {
    asn::check_control(cx)?;
    let entry = asn::translate(cx, number)?;
    if asn::reuses(cx) && entry.instance() != instance {
        return Err(asn::wrong_instance(is_primary));
    }
    Ok(entry)
}
