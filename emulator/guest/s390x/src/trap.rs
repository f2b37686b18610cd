//! TRAP2, TRAP4 and RESUME PROGRAM (Principles of Operation, chapter 10): to a trap program and back.

use lockstep_cpu::{Access, Cx, Exit};

use crate::asn::Unit;
use crate::exceptions::{code, program};
use crate::execute::place_of_instruction;
use crate::linkage::following;
use crate::program_call::go;
use crate::storage::{self, Span};
use crate::sys::SpaceKind;
use crate::system::privileged;
use crate::{S390x, Text, access_registers, psw, reg, trace};

type Helped = Result<u64, Exit<S390x>>;

/// The trap control block.
mod block {
    /// In word 0: the whole PSW is saved.
    pub(super) const PSW: u32 = 0x0004_0000;
    /// In word 0: whole registers are saved.
    pub(super) const REGISTERS: u32 = 0x0002_0000;
    /// Where the address of the save area is.
    pub(super) const AREA: usize = 12;
    /// Where the address of the trap program is.
    pub(super) const PROGRAM: usize = 20;
}

/// The first word of the save area: the TRAP was the target of an EXECUTE; it was a TRAP4. The instruction length is in bits 13
/// and 14.
const EXECUTED: u32 = 0x8000_0000;
const IS_TRAP4: u32 = 0x4000_0000;

/// Translates and checks a part of home space, by the key of the PSW.
fn home(cx: &mut Cx<S390x>, at: u64, len: u32, access: Access) -> Result<Span, Exit<S390x>> {
    let space = psw::space(&cx.cpu, SpaceKind::Home, psw::key(cx.cpu.sys.mask));
    storage::within_long(cx, space, |cx| storage::span(cx, at, len, access))
}

/// TRAP2.
pub(crate) fn trap2(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    trap(cx, text, None)
}

/// TRAP4.
pub(crate) fn trap4(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    trap(cx, text, Some(place))
}

/// Saves the PSW and registers, and goes to the trap program: in 31-bit mode, in the primary space.
fn trap(cx: &mut Cx<S390x>, text: u64, operand: Option<u64>) -> Helped {
    let mask = psw::mask(&cx.cpu);
    if mask & psw::DAT == 0 || mask >> psw::SPACE_SHIFT & 2 != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    // Trapping is enabled by the last bit of word 11 of the dispatchable-unit control table.
    let control = Unit::of(cx).word(cx, 44)?;
    if control & 1 == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let at = u64::from(control & 0x7fff_fff8);
    let mut control = [0; 24];
    home(cx, at, 24, Access::Read)?.read(cx, &mut control);
    let word = |place: usize| {
        control[place..place + 4].iter().fold(0, |v: u32, byte| v << 8 | u32::from(*byte))
    };
    let (flags, area) = (word(0), u64::from(word(block::AREA) & 0x7fff_fff8));
    let target = u64::from(word(block::PROGRAM) & 0x7fff_ffff);
    let whole = flags & block::REGISTERS != 0;
    let area = home(cx, area, if whole { 160 } else { 96 }, Access::Write)?;
    if flags & block::PSW == 0 && mask & psw::EA != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let traced = trace::prepare_branch(cx, psw::BA, target)?;
    let bytes = saved(cx, text, operand, flags);
    area.write(cx, &bytes);
    let kept = cx.cpu.regs[usize::from(reg::KEEP)];
    cx.cpu.regs[15] = cx.cpu.regs[15] & kept | at;
    trace::store(cx, traced);
    go(cx, mask & !(psw::EA | psw::SPACE) | psw::BA, target);
    Ok(0)
}

/// What goes into the save area.
fn saved(cx: &mut Cx<S390x>, text: u64, operand: Option<u64>, flags: u32) -> Vec<u8> {
    let (mask, next) = (psw::mask(&cx.cpu), following(cx, text));
    let executed = place_of_instruction(cx) != cx.cpu.pc;
    let mut first = (text as u32 & 0xff) << 16;
    first |= if executed { EXECUTED } else { 0 } | if operand.is_some() { IS_TRAP4 } else { 0 };
    let operand = operand.unwrap_or(0) as u32 & 0x7fff_ffff;
    let access = cx.cpu.regs[usize::from(reg::ACCESS) + 15] as u32;
    let words = [first, 0, operand, access];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    if flags & block::PSW != 0 {
        bytes.extend(psw::bytes(mask, next));
    } else {
        bytes.extend((mask & !0x7fff_ffff | psw::SHORT | next).to_be_bytes());
        bytes.extend([0; 8]);
    }
    let skipped = if flags & block::REGISTERS != 0 { 0 } else { 4 };
    for value in &cx.cpu.regs[..16] {
        bytes.extend(&value.to_be_bytes()[skipped..]);
    }
    bytes
}

/// Flags of RESUME PROGRAM's parameter list.
mod flag {
    pub(super) const PSW: u16 = 4;
    pub(super) const REGISTER: u16 = 2;
    pub(super) const DISJOINT: u16 = 1;
    pub(super) const RESERVED: u16 = !7;
}

/// A halfword of the parameter list behind an instruction.
fn parameter(cx: &mut Cx<S390x>, at: u64) -> Result<u16, Exit<S390x>> {
    let at = storage::wrap(cx, at);
    let physical = cx.translate(at, Access::Execute, false)?.address;
    let half = cx.mem.read::<2>(physical).ok_or_else(|| program(code::ADDRESSING))?;
    Ok(u16::from_be_bytes(half))
}

/// RESUME PROGRAM: takes PSW, access register and general register of its base from the second operand, at offsets that follow the
/// instruction.
pub(crate) fn rp(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let list = place_of_instruction(cx).wrapping_add(4);
    let flags = parameter(cx, list)?;
    if flags & flag::RESERVED != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let base = Text(text).nibble(4);
    access_registers::operand(cx, base);
    let field = |cx: &mut Cx<S390x>, number: u64, len: usize| {
        let at = place.wrapping_add(parameter(cx, list.wrapping_add(2 * number))?.into());
        let mut bytes = [0; 16];
        storage::span(cx, at, len as u32, Access::Read)?.read(cx, &mut bytes[16 - len..]);
        Ok::<_, Exit<S390x>>(u128::from_be_bytes(bytes))
    };
    let psw = if flags & flag::PSW != 0 { field(cx, 1, 16)? } else { field(cx, 1, 8)? };
    let access = field(cx, 2, 4)? as u64;
    let old = cx.cpu.regs[usize::from(base)];
    let value = match flags & (flag::REGISTER | flag::DISJOINT) {
        flag::REGISTER => field(cx, 3, 8)? as u64,
        3 => (field(cx, 4, 4)? as u64) << 32 | field(cx, 3, 4)? as u64,
        _ => old & !0xffff_ffff | field(cx, 3, 4)? as u64,
    };
    let (mask, target) = if flags & flag::PSW != 0 {
        ((psw >> 64) as u64, psw as u64)
    } else {
        (psw as u64, psw as u64 & 0x7fff_ffff)
    };
    let mask = resumed(cx, mask, target)?;
    let traced = trace::prepare_resumption(cx, (mask, target), following(cx, text))?;
    cx.cpu.regs[usize::from(base)] = value;
    cx.cpu.regs[usize::from(reg::ACCESS + base)] = access;
    trace::store(cx, traced);
    crate::long::set_cc(cx, (mask & psw::CC) >> psw::CC_SHIFT);
    crate::control_ops::between_homes(cx, mask, (target, text), true)?;
    go(cx, mask, target);
    Ok(0)
}

/// The PSW to resume with: address-space control, condition code, program mask and addressing mode are taken from the operand.
fn resumed(cx: &Cx<S390x>, operand: u64, target: u64) -> Result<u64, Exit<S390x>> {
    let taken = psw::SPACE | psw::CC | psw::PROGRAM_MASK | psw::EA | psw::BA;
    let mask = cx.cpu.sys.mask & !taken | operand & taken;
    if mask & psw::DAT != 0 && mask >> psw::SPACE_SHIFT & 3 == 3 {
        privileged(cx)?;
    }
    if !psw::is_valid(mask, target) || target & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    Ok(mask)
}
