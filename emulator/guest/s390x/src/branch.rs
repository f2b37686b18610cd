//! Branches, links and addressing modes.
//!
//! Target addresses of registers and storage operands are cut to the addressing mode; relative ones are cut when they are
//! fetched from.

use lockstep_cpu::{Cx, Emit, Exit, Reg};

use crate::exceptions::{code, dxc, program};
use crate::ops::*;
use crate::{Exception, Insn, Program, S390x, Text, psw, reg, storage};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// Whether the condition code is one that a mask selects.
#[inline(always)]
pub(crate) fn holds<E: Emit<S390x>>(e: &mut E, mask: u8) -> E::V {
    let is = |e: &mut E, value| {
        let (cc, value) = (e.get(reg::CC), e.imm(value));
        e.eq(W64, cc, value)
    };
    let is_not = |e: &mut E, value| {
        let (cc, value) = (e.get(reg::CC), e.imm(value));
        e.ne(W64, cc, value)
    };
    match mask & 15 {
        0 => e.imm(0),
        15 => e.imm(1),
        8 => is(e, 0),
        4 => is(e, 1),
        2 => is(e, 2),
        1 => is(e, 3),
        7 => e.get(reg::CC),
        11 => is_not(e, 1),
        13 => is_not(e, 2),
        14 => is_not(e, 3),
        5 => {
            let cc = e.get(reg::CC);
            masked(e, cc, 1)
        }
        3 => {
            let (cc, one) = (e.get(reg::CC), e.imm(1));
            e.shr(W64, cc, one)
        }
        // The bits of the mask in the order of the codes they stand for.
        mask => {
            let (codes, cc) = (e.imm(u64::from(mask.reverse_bits() >> 4)), e.get(reg::CC));
            let bit = e.shr(W64, codes, cc);
            masked(e, bit, 1)
        }
    }
}

/// Goes to a register's or storage operand's address when a condition holds.
#[inline(always)]
fn branch_if<E: Emit<S390x>>(e: &mut E, i: &Insn, c: E::V, target: E::V) {
    let target = cut_address(e, target);
    let next = relative(e, i.len.into());
    let target = e.select(c, target, next);
    e.jump(target);
}

/// Goes there.
#[inline(always)]
fn go<E: Emit<S390x>>(e: &mut E, target: E::V) {
    let target = cut_address(e, target);
    e.jump(target);
}

#[inline(always)]
fn branch_on_mask<E: Emit<S390x>>(e: &mut E, i: &Insn, target: E::V) {
    match i.r1 {
        0 => {}
        15 => go(e, target),
        mask => {
            let c = holds(e, mask);
            branch_if(e, i, c, target);
        }
    }
}

/// BRANCH ON CONDITION to a register. Register 0 is none.
pub(crate) fn branch_register<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    if i.r2 != 0 {
        let target = e.get(i.r2);
        branch_on_mask(e, i, target);
    }
    Ok(())
}

/// BRANCH ON CONDITION to an address.
pub(crate) fn branch_storage<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let target = address(e, i);
    branch_on_mask(e, i, target);
    Ok(())
}

/// BRANCH INDIRECT ON CONDITION: the target is in storage.
pub(crate) fn branch_indirect<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    if i.r1 == 15 {
        let target = load(e, i, lockstep_cpu::Size::B8)?;
        go(e, target);
        return Ok(());
    }
    // Storage is accessed only when the branch is taken, so the address is that of something harmless otherwise.
    let c = holds(e, i.r1);
    let (zero, text) = (e.imm(0), e.imm(i.len.into()));
    let target = {
        let place = address(e, i);
        e.call(load_target, [c, place, text])?
    };
    let _ = zero;
    e.jump(target);
    Ok(())
}

fn load_target(cx: &mut Cx<S390x>, [c, place, len]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    if c == 0 {
        return Ok(cx.cpu.pc.wrapping_add(len));
    }
    let target = cx.load(place, lockstep_cpu::Mem::plain(lockstep_cpu::Size::B8))?;
    Ok(storage::wrap(cx, target))
}

/// BRANCH RELATIVE ON CONDITION. `UNIT` is 2 where the decoder has not scaled the offset.
pub(crate) fn branch_relative<E: Emit<S390x>, const UNIT: i64>(e: &mut E, i: &Insn) -> Done<E> {
    match i.r1 {
        0 => {}
        15 => e.jump_rel(i.imm * UNIT),
        mask => {
            let c = holds(e, mask);
            e.branch_rel(c, i.imm * UNIT);
        }
    }
    Ok(())
}

/// Puts the address of the next instruction, as the addressing mode has it.
#[inline(always)]
fn link<E: Emit<S390x>>(e: &mut E, i: &Insn) {
    let next = relative(e, i.len.into());
    let (old, keep, mode) = (e.get(i.r1), e.get(reg::KEEP), e.get(reg::LINK));
    let kept = e.and(W64, old, keep);
    let kept = e.or(W64, kept, mode);
    let result = e.or(W64, kept, next);
    e.put(i.r1, result);
}

/// BRANCH AND LINK puts more than the address in 24-bit mode: length, condition code and program mask. True if it did.
#[inline(always)]
fn link_all<E: Emit<S390x>>(e: &mut E, i: &Insn, target: E::V, branches: bool) -> Done<E> {
    let (mode, short) = (e.get(reg::ADDRESS), e.imm(0xff_ffff));
    let is_short = e.eq(W64, mode, short);
    let next = relative(e, i.len.into());
    let target = if branches { target } else { next };
    e.if_else(
        is_short,
        |e| {
            let text = e.imm(i.raw | u64::from(i.len));
            e.call(link_short, [target, text, text]).map(|_| ())
        },
        |e| {
            link(e, i);
            Ok(())
        },
    )?;
    Ok(())
}

fn link_short(cx: &mut Cx<S390x>, [_, text, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let (text, len) = (Text(text), text & 0xff);
    let mask = psw::mask(&cx.cpu);
    let next = cx.cpu.pc.wrapping_add(len) & 0xff_ffff;
    let codes = (mask >> psw::PROGRAM_MASK_SHIFT & 0x3f) | (len / 2) << 6;
    let register = &mut cx.cpu.regs[usize::from(text.nibble(2))];
    *register = W::set(*register, codes << 24 | next);
    Ok(0)
}

/// BRANCH AND LINK, BRANCH AND SAVE to a register. The target is read first: it may be the register of the link.
pub(crate) fn link_register<E: Emit<S390x>, const ALL: bool>(e: &mut E, i: &Insn) -> Done<E> {
    let target = e.get(i.r2);
    let target = cut_address(e, target);
    if ALL {
        link_all(e, i, target, i.r2 != 0)?;
    } else {
        link(e, i);
    }
    if i.r2 != 0 {
        e.jump(target);
    }
    Ok(())
}

/// The same to an address.
pub(crate) fn link_storage<E: Emit<S390x>, const ALL: bool>(e: &mut E, i: &Insn) -> Done<E> {
    let target = address(e, i);
    let target = cut_address(e, target);
    if ALL {
        link_all(e, i, target, true)?;
    } else {
        link(e, i);
    }
    e.jump(target);
    Ok(())
}

/// BRANCH RELATIVE AND SAVE.
pub(crate) fn link_relative<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    link(e, i);
    e.jump_rel(i.imm * 2);
    Ok(())
}

/// Counts a register down; whether it is not zero now.
#[inline(always)]
fn count<E: Emit<S390x>, V: View>(e: &mut E, r1: Reg) -> E::V {
    let old = V::get(e, r1);
    let (new, zero) = (e.add_imm(V::WIDTH, old, -1), e.imm(0));
    V::put(e, r1, new);
    e.ne(V::WIDTH, new, zero)
}

/// BRANCH ON COUNT to a register.
pub(crate) fn count_register<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let target = e.get(i.r2);
    let c = count::<E, V>(e, i.r1);
    if i.r2 != 0 {
        branch_if(e, i, c, target);
    }
    Ok(())
}

/// BRANCH ON COUNT to an address.
pub(crate) fn count_storage<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let target = address(e, i);
    let c = count::<E, V>(e, i.r1);
    branch_if(e, i, c, target);
    Ok(())
}

/// BRANCH RELATIVE ON COUNT.
pub(crate) fn count_relative<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let c = count::<E, V>(e, i.r1);
    e.branch_rel(c, i.imm * 2);
    Ok(())
}

/// Where a branch on index goes.
pub(crate) trait Target {
    /// Whether it is relative.
    const RELATIVE: bool;
}

/// To an address.
pub(crate) struct Indirect;
/// To an address relative to the instruction's; the decoder has scaled the offset.
pub(crate) struct Relative;

impl Target for Indirect {
    const RELATIVE: bool = false;
}

impl Target for Relative {
    const RELATIVE: bool = true;
}

/// BRANCH ON INDEX HIGH, and LOW OR EQUAL: the increment is in the third register, the limit in the odd one of its pair.
pub(crate) fn index<E: Emit<S390x>, V: View, const HIGH: bool, T: Target>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let target = if T::RELATIVE { e.imm(0) } else { address(e, i) };
    let (value, increment, limit) = (e.get(i.r1), e.get(i.r3), e.get(i.r3 | 1));
    let sum = e.add(V::WIDTH, value, increment);
    let not_above = e.sle(V::WIDTH, sum, limit);
    let one = e.imm(1);
    let c = if HIGH { e.xor(W64, not_above, one) } else { not_above };
    V::put(e, i.r1, sum);
    if T::RELATIVE {
        e.branch_rel(c, i.imm);
    } else {
        branch_if(e, i, c, target);
    }
    Ok(())
}

/// Whether a comparison has a result that a mask selects: 8 equal, 4 low, 2 high.
#[inline(always)]
fn relation<E: Emit<S390x>, V: View, const SIGNED: bool>(
    e: &mut E,
    mask: u8,
    a: E::V,
    b: E::V,
) -> E::V {
    let less = |e: &mut E, a, b| if SIGNED { e.slt(V::WIDTH, a, b) } else { e.ult(V::WIDTH, a, b) };
    let not_above =
        |e: &mut E, a, b| if SIGNED { e.sle(V::WIDTH, a, b) } else { e.ule(V::WIDTH, a, b) };
    match mask >> 1 & 7 {
        0 => e.imm(0),
        1 => less(e, b, a),
        2 => less(e, a, b),
        3 => e.ne(V::WIDTH, a, b),
        4 => e.eq(V::WIDTH, a, b),
        5 => not_above(e, b, a),
        6 => not_above(e, a, b),
        _ => e.imm(1),
    }
}

/// COMPARE AND BRANCH RELATIVE.
pub(crate) fn compare_relative<E: Emit<S390x>, V: View, const SIGNED: bool, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (e.get(i.r1), B::value(e, i)?);
    let c = relation::<E, V, SIGNED>(e, i.m3, a, b);
    e.branch_rel(c, i.d2.into());
    Ok(())
}

/// COMPARE AND BRANCH.
pub(crate) fn compare_storage<E: Emit<S390x>, V: View, const SIGNED: bool, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (e.get(i.r1), B::value(e, i)?);
    let c = relation::<E, V, SIGNED>(e, i.m3, a, b);
    let target = based(e, i.b2, i.d2);
    branch_if(e, i, c, target);
    Ok(())
}

/// COMPARE AND TRAP.
pub(crate) fn compare_trap<E: Emit<S390x>, V: View, const SIGNED: bool, B: Source>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (a, b) = (e.get(i.r1), B::value(e, i)?);
    let c = relation::<E, V, SIGNED>(e, i.m3, a, b);
    let trap = Program { detail: dxc::COMPARE_AND_TRAP.into(), ..Program::new(code::DATA) };
    e.when(c, |e| e.raise(Exception::Program(trap)))
}

/// What only helps a processor to be fast.
pub(crate) fn nothing<E: Emit<S390x>>(_e: &mut E, _i: &Insn) -> Done<E> {
    Ok(())
}

/// Goes to an address and takes the addressing mode from it: bit 63 for 64 bits, else bit 32.
fn go_in_mode(cx: &mut Cx<S390x>, target: u64) {
    let (mode, address) = if target & 1 != 0 {
        (psw::EA | psw::BA, target & !1)
    } else if target & 1 << 31 != 0 {
        (psw::BA, target & 0x7fff_ffff)
    } else {
        (0, target & 0xff_ffff)
    };
    set_addressing(cx, mode);
    cx.next_pc = address;
}

fn set_addressing(cx: &mut Cx<S390x>, mode: u64) {
    cx.cpu.sys.mask = cx.cpu.sys.mask & !(psw::EA | psw::BA) | mode;
    psw::derive(&mut cx.cpu);
}

/// BRANCH AND SET MODE: a link to the mode is put into the first register, if that is not 0.
pub(crate) fn set_mode(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let text = Text(text);
    let (r1, r2) = (text.nibble(2), text.nibble(3));
    let target = cx.cpu.regs[usize::from(r2)];
    if r1 != 0 {
        let mask = cx.cpu.sys.mask;
        let register = &mut cx.cpu.regs[usize::from(r1)];
        if mask & psw::EA != 0 {
            *register |= 1;
        } else {
            let bit = if mask & psw::BA != 0 { 1 << 31 } else { 0 };
            *register = *register & !(1 << 31) | bit;
        }
    }
    if r2 != 0 {
        go_in_mode(cx, target);
    }
    Ok(0)
}

/// BRANCH AND SAVE AND SET MODE.
pub(crate) fn link_and_set_mode(
    cx: &mut Cx<S390x>,
    [_, _, text]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let len = text & 0xff;
    let text = Text(text);
    let (r1, r2) = (usize::from(text.nibble(2)), text.nibble(3));
    let target = cx.cpu.regs[usize::from(r2)];
    let next = storage::wrap(cx, cx.cpu.pc.wrapping_add(len));
    let mask = cx.cpu.sys.mask;
    cx.cpu.regs[r1] = if mask & psw::EA != 0 {
        next | 1
    } else {
        W::set(cx.cpu.regs[r1], next | cx.cpu.regs[usize::from(reg::LINK)])
    };
    if r2 != 0 {
        go_in_mode(cx, target);
    }
    Ok(0)
}

/// SET ADDRESSING MODE. The next instruction must have an address of that mode.
fn set_mode_to(cx: &mut Cx<S390x>, text: u64, mode: u64) -> Result<u64, Exit<S390x>> {
    let next = cx.cpu.pc.wrapping_add(text & 0xff);
    if next & !psw::address_mask(mode) != 0 {
        return Err(program(code::SPECIFICATION));
    }
    set_addressing(cx, mode);
    Ok(0)
}

/// To 24 bits.
pub(crate) fn set_mode_24(cx: &mut Cx<S390x>, args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    set_mode_to(cx, args[2], 0)
}

/// To 31 bits.
pub(crate) fn set_mode_31(cx: &mut Cx<S390x>, args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    set_mode_to(cx, args[2], psw::BA)
}

/// To 64 bits.
pub(crate) fn set_mode_64(cx: &mut Cx<S390x>, args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    set_mode_to(cx, args[2], psw::EA | psw::BA)
}

/// TEST ADDRESSING MODE.
pub(crate) fn test_mode(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let mask = cx.cpu.sys.mask;
    let code = u64::from(mask & psw::EA != 0) * 2 + u64::from(mask & psw::BA != 0);
    cx.cpu.regs[usize::from(reg::CC)] = code;
    Ok(0)
}
