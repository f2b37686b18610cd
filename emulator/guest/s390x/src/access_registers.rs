//! Access registers: spaces that operands name (Principles of Operation, chapter 5, "Access-Register Translation").
//!
//! In access-register mode every operand has a space of its own: that of the access register with the number of its base
//! register. So an instruction says whose operand comes next, with [`operand`]; translation then gives the space that data accesses go to,
//! and the TLB tells spaces apart as it always does. What cannot be translated matters when the operand is accessed, not before:
//! until then it is [`NOWHERE`]. Most instructions have one operand, which [`begin`] chooses for them; one that chooses for itself and
//! forgets to ends the run with a report. Both engines go through [`begin`], because a processor in this mode is
//! [`lockstep_cpu::Vcpu::careful`]. So is one in secondary-space mode, where operands at relative addresses are with the instructions.

use lockstep_cpu::{Cx, Exit};

use crate::exceptions::{code, unimplemented};
use crate::mmu::absolute;
use crate::psw;
use crate::sys::{Space, SpaceKind};
use crate::table;
use crate::{Exception, Program, S390x, Text, decode, reg};

/// The number of a space in which nothing is: no entry of the TLB has it.
pub(crate) const NOWHERE: u16 = u16::MAX;

/// What [`reg::OPERAND`] has beside zero, for none, and one more than an access register's number.
const WITH_INSTRUCTIONS: u64 = 17;

/// Access-list-entry tokens that need no list.
mod alet {
    pub(super) const PRIMARY: u32 = 0;
    pub(super) const SECONDARY: u32 = 1;
    /// Bits that are zero.
    pub(super) const RESERVED: u32 = 0xfe00_0000;
    /// The primary space's list, not the dispatchable unit's.
    pub(super) const PRIMARY_LIST: u32 = 0x0100_0000;
}

/// Bits of the first word of an access-list entry.
mod entry {
    pub(super) const INVALID: u32 = 0x8000_0000;
    pub(super) const FETCH_ONLY: u32 = 0x0200_0000;
    pub(super) const PRIVATE: u32 = 0x0100_0000;
}

/// Where access-list designations are: in the dispatchable-unit control table, and in the ASN-second-table entry.
const LIST: u64 = 16;

/// A space, as an access list gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    designation: u64,
    fetch_only: bool,
}

/// A word of a table in real storage.
pub(crate) fn word(cx: &Cx<S390x>, real: u64) -> Result<u32, u16> {
    let at = absolute(cx.cpu.sys.prefix, real & 0x7fff_ffff);
    cx.mem.read(at).map(u32::from_be_bytes).ok_or(code::ADDRESSING)
}

/// Translates a token; an interruption code where that cannot be.
fn named(cx: &Cx<S390x>, token: u32) -> Result<Named, u16> {
    let cr = &cx.cpu.sys.cr;
    let own = |designation| Ok(Named { designation, fetch_only: false });
    match token {
        alet::PRIMARY => return own(cr[1]),
        alet::SECONDARY => return own(cr[7]),
        _ => {}
    }
    let Listed { first, space } = listed(cx, token, true)?;
    if first & entry::PRIVATE != 0 {
        let index = (cr[8] >> 16) as u16;
        let status = word(cx, space)?;
        let sizes = word(cx, space + 4)?;
        if index != first as u16 && !has_authority(cx, index, [status, sizes], SECONDARY)? {
            return Err(code::EXTENDED_AUTHORITY);
        }
    }
    let designation = u64::from(word(cx, space + 8)?) << 32 | u64::from(word(cx, space + 12)?);
    Ok(Named { designation, fetch_only: first & entry::FETCH_ONLY != 0 })
}

/// What an access list has for a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    /// The first word of its entry.
    first: u32,
    /// Where the ASN-second-table entry is.
    pub(crate) space: u64,
}

/// Looks a token up in its list, and sees that the space is still the one that was meant. BRANCH IN SUBSPACE GROUP does not ask for
/// the sequence number of the access-list entry.
pub(crate) fn listed(cx: &Cx<S390x>, token: u32, in_sequence: bool) -> Result<Listed, u16> {
    let cr = &cx.cpu.sys.cr;
    if token & alet::RESERVED != 0 {
        return Err(code::ALET_SPECIFICATION);
    }
    let table = if token & alet::PRIMARY_LIST != 0 { cr[5] } else { cr[2] } & 0x7fff_ffc0;
    let list = word(cx, table + LIST)?;
    let number = token & 0xffff;
    if number >> 3 > list & 0x7f {
        return Err(code::ALEN_TRANSLATION);
    }
    let at = u64::from(list & 0x7fff_ff80) + u64::from(number) * 16;
    let first = word(cx, at)?;
    if first & entry::INVALID != 0 {
        return Err(code::ALEN_TRANSLATION);
    }
    if in_sequence && (first ^ token) & 0x00ff_0000 != 0 {
        return Err(code::ALE_SEQUENCE);
    }
    let space = u64::from(word(cx, at + 8)? & 0x7fff_ffc0);
    let status = word(cx, space)?;
    if status >> 31 != 0 {
        return Err(code::ASTE_VALIDITY);
    }
    if word(cx, space + 20)? != word(cx, at + 12)? {
        return Err(code::ASTE_SEQUENCE);
    }
    Ok(Listed { first, space })
}

/// Primary authority, as the first pair of bits of an authority table has it.
pub(crate) const PRIMARY: u8 = 0x80;
/// Secondary authority.
pub(crate) const SECONDARY: u8 = 0x40;

/// Whether an authorization index has an authority in a space's table, which the first two words of the space's entry designate
/// (chapter 3, "ASN Authorization").
pub(crate) fn has_authority(
    cx: &Cx<S390x>,
    index: u16,
    [status, sizes]: [u32; 2],
    authority: u8,
) -> Result<bool, u16> {
    let last = sizes >> 4 & 0xfff;
    if u32::from(index >> 4) > last {
        return Ok(false);
    }
    let at = u64::from(status & 0x7fff_fffc) + u64::from(index >> 2);
    let at = absolute(cx.cpu.sys.prefix, at & 0x7fff_ffff);
    let [byte] = cx.mem.read(at).ok_or(code::ADDRESSING)?;
    Ok(byte & authority >> (2 * (index & 3)) != 0)
}

/// The space that an access register names; register 0 is the primary one's, whatever it holds.
pub(crate) fn space(cx: &Cx<S390x>, register: u8, key: u8) -> Result<Space, Exit<S390x>> {
    let token = match register {
        0 => alet::PRIMARY,
        register => cx.cpu.regs[usize::from(reg::ACCESS + register)] as u32,
    };
    match named(cx, token) {
        Ok(Named { designation, fetch_only }) => {
            let kind = if fetch_only { SpaceKind::FetchOnly } else { SpaceKind::Access };
            Ok(Space { designation, kind, key })
        }
        Err(code) => Err(refused(code, register)),
    }
}

/// The exception of the token in an access register.
pub(crate) fn refused(code: u16, register: u8) -> Exit<S390x> {
    Exit::Exception(Exception::Program(Program {
        nullifies: !matches!(code, code::ALET_SPECIFICATION | code::ADDRESSING),
        access_register: register,
        ..Program::new(code)
    }))
}

/// TEST ACCESS: what kind of token it is, with the extended authorization index of a register's.
pub(crate) fn test(cx: &mut Cx<S390x>, token: u32, index: u16) -> Result<u64, Exit<S390x>> {
    if token == alet::PRIMARY {
        return Ok(0);
    }
    let old = cx.cpu.sys.cr[8];
    cx.cpu.sys.cr[8] = old & !0xffff_0000 | u64::from(index) << 16;
    let found = named(cx, token);
    cx.cpu.sys.cr[8] = old;
    match found {
        Err(code::ADDRESSING) => Err(crate::exceptions::program(code::ADDRESSING)),
        Err(_) => Ok(3),
        Ok(_) if token == alet::SECONDARY => Ok(3),
        Ok(_) if token & alet::PRIMARY_LIST != 0 => Ok(2),
        Ok(_) => Ok(1),
    }
}

/// The accesses that follow are to the operand whose base register, or whose register with the address, has this number. Changes
/// nothing but in access-register mode.
pub(crate) fn operand(cx: &mut Cx<S390x>, register: u8) {
    if psw::uses_access_registers(cx.cpu.sys.mask) {
        cx.cpu.regs[usize::from(reg::OPERAND)] = u64::from(register & 15) + 1;
        choose(cx);
    }
}

/// Makes data accesses go where [`reg::OPERAND`] says.
pub(crate) fn choose(cx: &mut Cx<S390x>) {
    let key = psw::key(cx.cpu.sys.mask);
    let found = match cx.cpu.regs[usize::from(reg::OPERAND)] {
        WITH_INSTRUCTIONS => Ok(psw::space_of_fetch(&cx.cpu)),
        _ if !psw::uses_access_registers(cx.cpu.sys.mask) => return,
        0 => {
            cx.cpu.mmu.space = NOWHERE;
            return;
        }
        number => space(cx, number as u8 - 1, key),
    };
    match found {
        Ok(space) => psw::go_to(&mut cx.cpu, space),
        Err(_) => cx.cpu.mmu.space = NOWHERE,
    }
}

/// Why there is nothing at [`NOWHERE`].
pub(crate) fn refuse(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    if cx.cpu.mmu.space != NOWHERE {
        return Ok(());
    }
    match cx.cpu.regs[usize::from(reg::OPERAND)] {
        0 => unimplemented(cx, "an operand of this instruction in access-register mode"),
        number => space(cx, number as u8 - 1, 0).map(|_| ()),
    }
}

/// Chooses the operand of an instruction that has one.
pub(crate) fn begin(cx: &mut Cx<S390x>, text: Text) {
    let row = table::find(text).map(|(_, row)| row);
    let number = match row {
        Some(row) if row.has_relative_operand() => WITH_INSTRUCTIONS,
        Some(row) if row.has_single_base() => u64::from(text.nibble(4)) + 1,
        _ => 0,
    };
    cx.cpu.regs[usize::from(reg::OPERAND)] = number;
    choose(cx);
}

/// No operand is chosen any more.
pub(crate) fn end(cx: &mut Cx<S390x>) {
    cx.cpu.regs[usize::from(reg::OPERAND)] = 0;
    psw::derive(&mut cx.cpu);
}

/// The instruction at the pc. Of one that cannot be fetched whole, what can: its execution will say so.
pub(crate) fn text_at_pc(cx: &mut Cx<S390x>, frame: u64) -> Text {
    let (mut bytes, offset) = ([0; 8], cx.cpu.pc & 0xfff);
    let here = (4096 - offset).min(6) as usize;
    let _ = cx.mem.read_bytes(frame << 12 | offset, &mut bytes[..here]);
    let len = decode::length(bytes[0]);
    if len > here {
        let next = crate::storage::wrap(cx, cx.cpu.pc.wrapping_add(here as u64));
        // As a fetch does: what happens, happens before the instruction.
        cx.left -= 1;
        if let Ok(place) = cx.translate(next, lockstep_cpu::Access::Execute, false) {
            let _ = cx.mem.read_bytes(place.address, &mut bytes[here..len]);
        }
        cx.left += 1;
    }
    Text(u64::from_be_bytes(bytes))
}
