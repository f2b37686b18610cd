//! Moves between address spaces, and by other access keys.

use lockstep_cpu::{Access, Cx, Exit};

use crate::control::cr0;
use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::mmu;
use crate::storage::{self, Span};
use crate::sys::{Space, SpaceKind};
use crate::system::check_key;
use crate::{S390x, Text, access_registers, psw, reg};

type Helped = Result<u64, Exit<S390x>>;

/// An operand: its address, its space, and the access register that may have named it.
#[derive(Clone, Copy)]
struct Operand {
    address: u64,
    space: Space,
    register: u8,
}

impl Operand {
    /// One in the space that the PSW gives it.
    fn own(cx: &mut Cx<S390x>, address: u64, register: u8) -> Result<Self, Exit<S390x>> {
        access_registers::operand(cx, register);
        Ok(Self { address, space: mmu::data_space(cx)?, register })
    }

    /// The same, accessed by a key.
    const fn by(self, key: u8) -> Self {
        Self { space: Space { key, ..self.space }, ..self }
    }

    fn span(self, cx: &mut Cx<S390x>, len: u32, access: Access) -> Result<Span, Exit<S390x>> {
        // Exceptions tell the register, in whichever mode the processor is.
        let before = cx.cpu.regs[usize::from(reg::OPERAND)];
        cx.cpu.regs[usize::from(reg::OPERAND)] = u64::from(self.register) + 1;
        let result =
            storage::within(cx, self.space, |cx| storage::span(cx, self.address, len, access));
        cx.cpu.regs[usize::from(reg::OPERAND)] = before;
        result
    }
}

/// Copies bytes from one space to another; operands of at most a page each.
fn copy(cx: &mut Cx<S390x>, to: Operand, from: Operand, len: u32) -> Result<(), Exit<S390x>> {
    if len == 0 {
        return Ok(());
    }
    let source = from.span(cx, len, Access::Read)?;
    let target = to.span(cx, len, Access::Write)?;
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
    let operand = |cx: &Cx<S390x>, address, kind, key| {
        let space = psw::space(&cx.cpu, kind, key);
        Operand { address, space, register: 0 }
    };
    let (to, from) = if to_primary {
        (operand(cx, first, primary, own), operand(cx, second, secondary, key))
    } else {
        (operand(cx, first, secondary, key), operand(cx, second, primary, own))
    };
    copy(cx, to, from, len)?;
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
    let (to, from) = own(cx, [first, second, text.0])?;
    copy(cx, to, from.by(key), len)?;
    Ok(0)
}

/// Both operands, in their own spaces.
fn own(
    cx: &mut Cx<S390x>,
    [first, second, text]: [u64; 3],
) -> Result<(Operand, Operand), Exit<S390x>> {
    let from = Operand::own(cx, second, Text(text).nibble(8))?;
    Ok((Operand::own(cx, first, Text(text).nibble(4))?, from))
}

/// The length and key that general registers 0 and 1 give.
fn length_and_key(cx: &Cx<S390x>) -> Result<(u32, u8), Exit<S390x>> {
    let key = (cx.cpu.regs[1] >> 4) as u8 & 15;
    check_key(cx, key)?;
    Ok((u32::from(cx.cpu.regs[0] as u8) + 1, key))
}

/// MOVE WITH SOURCE KEY.
pub(crate) fn mvcsk(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (len, key) = length_and_key(cx)?;
    let (to, from) = own(cx, args)?;
    copy(cx, to, from.by(key), len)?;
    Ok(0)
}

/// MOVE WITH DESTINATION KEY.
pub(crate) fn mvcdk(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (len, key) = length_and_key(cx)?;
    let (to, from) = own(cx, args)?;
    copy(cx, to.by(key), from, len)?;
    Ok(0)
}

/// One operand's half of general register 0, as MOVE WITH OPTIONAL SPECIFICATIONS has it.
fn specified(
    cx: &Cx<S390x>,
    control: u64,
    address: u64,
    register: u8,
) -> Result<Operand, Exit<S390x>> {
    let mask = cx.cpu.sys.mask;
    let key = if control & 2 != 0 { (control >> 12) as u8 & 15 } else { psw::key(mask) };
    if control & 2 != 0 {
        check_key(cx, key)?;
    }
    let space = if control & 1 != 0 { control >> 6 & 3 } else { mask >> psw::SPACE_SHIFT & 3 };
    let space = match space {
        1 => access_registers::space(cx, register, key)?,
        0 => psw::space(&cx.cpu, SpaceKind::Primary, key),
        2 => psw::space(&cx.cpu, SpaceKind::Secondary, key),
        _ => psw::space(&cx.cpu, SpaceKind::Home, key),
    };
    Ok(Operand { address, space, register })
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
    let text = Text(text);
    let to = specified(cx, to_control, first, text.nibble(4))?;
    let from = specified(cx, from_control, second, text.nibble(8))?;
    let len = storage::length_in(cx, text.nibble(2));
    let (count, cc) = if len > 4096 { (4096, 3) } else { (len as u32, 0) };
    copy(cx, to, from, count)?;
    set_cc(cx, cc);
    Ok(0)
}
