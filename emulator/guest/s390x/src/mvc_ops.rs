//! Moves between address spaces, and by other access keys.

use lockstep_cpu::{Access, Cx, Exit};

use crate::control::cr0;
use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::mmu;
use crate::storage;
use crate::sys::{Space, SpaceKind};
use crate::system::check_key;
use crate::{S390x, Text, psw};

type Helped = Result<u64, Exit<S390x>>;

/// Copies bytes from one space to another; operands of at most a page each.
fn copy(
    cx: &mut Cx<S390x>,
    (to, to_space): (u64, Space),
    (from, from_space): (u64, Space),
    len: u32,
) -> Result<(), Exit<S390x>> {
    if len == 0 {
        return Ok(());
    }
    let source = storage::within(cx, from_space, |cx| storage::span(cx, from, len, Access::Read))?;
    let target = storage::within(cx, to_space, |cx| storage::span(cx, to, len, Access::Write))?;
    if target.overlaps(&source, len) {
        for place in 0..len {
            let byte = source.byte(cx, place);
            target.set_byte(cx, place, byte);
        }
    } else {
        let mut bytes = [0; 4096];
        source.read(cx, &mut bytes[..len as usize]);
        target.write(cx, &bytes[..len as usize]);
    }
    Ok(())
}

/// The true length that a register gives, at most 256, and condition code 3 when there is more.
fn true_length(cx: &mut Cx<S390x>, register: u8) -> u32 {
    let len = storage::length_in(cx, register);
    set_cc(cx, if len > 256 { 3 } else { 0 });
    len.min(256) as u32
}

/// MOVE TO PRIMARY and MOVE TO SECONDARY.
fn between(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3], to_primary: bool) -> Helped {
    let mask = cx.cpu.sys.mask;
    let is_home = mask & psw::SPACE == psw::SPACE;
    let is_access = mask & psw::SPACE == 1 << psw::SPACE_SHIFT;
    if mask & psw::DAT == 0 || cx.cpu.sys.cr[0] & cr0::SECONDARY == 0 || is_home || is_access {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let text = Text(text);
    let key = (cx.cpu.regs[usize::from(text.nibble(3))] >> 4) as u8 & 15;
    check_key(cx, key)?;
    let len = true_length(cx, text.nibble(2));
    let own = psw::key(mask);
    let (primary, secondary) = (SpaceKind::Primary, SpaceKind::Secondary);
    let space = |cx: &Cx<S390x>, kind, key| psw::space(&cx.cpu, kind, key);
    let (to, from) = if to_primary {
        (space(cx, primary, own), space(cx, secondary, key))
    } else {
        (space(cx, secondary, key), space(cx, primary, own))
    };
    copy(cx, (first, to), (second, from), len)?;
    Ok(0)
}

/// MOVE TO PRIMARY.
pub(crate) fn mvcp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    between(cx, args, true)
}

/// MOVE TO SECONDARY.
pub(crate) fn mvcs(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    between(cx, args, false)
}

/// MOVE WITH KEY: the key is that of the source.
pub(crate) fn mvck(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3]) -> Helped {
    let text = Text(text);
    let key = (cx.cpu.regs[usize::from(text.nibble(3))] >> 4) as u8 & 15;
    check_key(cx, key)?;
    let len = true_length(cx, text.nibble(2));
    let own = mmu::space_of(cx, Access::Read);
    copy(cx, (first, own), (second, Space { key, ..own }), len)?;
    Ok(0)
}

/// The length and key that general registers 0 and 1 give.
fn length_and_key(cx: &Cx<S390x>) -> Result<(u32, u8), Exit<S390x>> {
    let key = (cx.cpu.regs[1] >> 4) as u8 & 15;
    check_key(cx, key)?;
    Ok((u32::from(cx.cpu.regs[0] as u8) + 1, key))
}

/// MOVE WITH SOURCE KEY.
pub(crate) fn mvcsk(cx: &mut Cx<S390x>, [first, second, _]: [u64; 3]) -> Helped {
    let (len, key) = length_and_key(cx)?;
    let own = mmu::space_of(cx, Access::Read);
    copy(cx, (first, own), (second, Space { key, ..own }), len)?;
    Ok(0)
}

/// MOVE WITH DESTINATION KEY.
pub(crate) fn mvcdk(cx: &mut Cx<S390x>, [first, second, _]: [u64; 3]) -> Helped {
    let (len, key) = length_and_key(cx)?;
    let own = mmu::space_of(cx, Access::Read);
    copy(cx, (first, Space { key, ..own }), (second, own), len)?;
    Ok(0)
}

/// One operand's half of general register 0, as MOVE WITH OPTIONAL SPECIFICATIONS has it.
fn specified(cx: &Cx<S390x>, control: u64) -> Result<Space, Exit<S390x>> {
    let mask = cx.cpu.sys.mask;
    let key = if control & 2 != 0 { (control >> 12) as u8 & 15 } else { psw::key(mask) };
    if control & 2 != 0 {
        check_key(cx, key)?;
    }
    let space = if control & 1 != 0 { control >> 6 & 3 } else { mask >> psw::SPACE_SHIFT & 3 };
    let kind = match space {
        0 => SpaceKind::Primary,
        2 => SpaceKind::Secondary,
        3 => SpaceKind::Home,
        _ => return crate::exceptions::unimplemented(cx, "MVCOS by access register"),
    };
    Ok(psw::space(&cx.cpu, kind, key))
}

/// MOVE WITH OPTIONAL SPECIFICATIONS: at most 4096 bytes; condition code 3 says that there are more.
pub(crate) fn mvcos(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3]) -> Helped {
    if cx.cpu.sys.mask & psw::DAT == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let control = cx.cpu.regs[0];
    let (to_control, from_control) = (control >> 16 & 0xffff, control & 0xffff);
    let home = |control: u64| control & 1 != 0 && control >> 6 & 3 == 3;
    if home(to_control) && cx.cpu.sys.mask & psw::PROBLEM != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let secondary = |control: u64| control & 1 != 0 && control >> 6 & 3 == 2;
    if (secondary(to_control) || secondary(from_control)) && cx.cpu.sys.cr[0] & cr0::SECONDARY == 0
    {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let (to, from) = (specified(cx, to_control)?, specified(cx, from_control)?);
    let len = storage::length_in(cx, Text(text).nibble(2));
    let (count, cc) = if len > 4096 { (4096, 3) } else { (len as u32, 0) };
    copy(cx, (first, to), (second, from), count)?;
    set_cc(cx, cc);
    Ok(0)
}
