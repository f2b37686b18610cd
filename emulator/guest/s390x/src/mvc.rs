//! Storage-to-storage instructions of up to 256 bytes (chapter 7).
//!
//! They work byte by byte from left to right, so an operand that overlaps the other sees what was just stored: MVC with
//! operands one byte apart fills. Operands are translated and checked whole before anything is stored.

use lockstep_cpu::{Access, Cx, Emit, Exit, Mem, Size};

use crate::ops::*;
use crate::storage::{self, Span};
use crate::{Insn, S390x, Text, reg};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;
type Helped = Result<u64, Exit<S390x>>;

/// Both operands, whose length is in the instruction's second byte.
pub(crate) fn spans(
    cx: &mut Cx<S390x>,
    args: [u64; 3],
    access: Access,
) -> Result<(Span, Span, u32), Exit<S390x>> {
    let len = u32::from(Text(args[2]).byte(1)) + 1;
    let source = storage::second_span(cx, args, len, Access::Read)?;
    let target = storage::first_span(cx, args, len, access)?;
    Ok((target, source, len))
}

/// Operands of this many bytes that engines load and store at once.
const fn single(len: i64) -> Option<Size> {
    match len {
        1 => Some(Size::B1),
        2 => Some(Size::B2),
        4 => Some(Size::B4),
        8 => Some(Size::B8),
        _ => None,
    }
}

/// MOVE.
pub(crate) fn mvc<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let Some(size) = single(i.imm + 1) else { return help(e, i, move_bytes) };
    let (to, from) = (first_address(e, i), address(e, i));
    // One that starts inside the other fills, which is no single access.
    let (distance, last) = (e.sub(W64, to, from), e.imm(size.bytes() - 1));
    let before = e.add_imm(W64, distance, -1);
    let overlaps = e.ult(W64, before, last);
    e.if_else(
        overlaps,
        |e| help(e, i, move_bytes),
        |e| {
            e.select_space(i.b2);
            let value = e.load(from, Mem::plain(size))?;
            e.select_space(i.b1);
            e.store(to, value, Mem::plain(size))
        },
    )
}

fn move_bytes(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (target, source, len) = spans(cx, args, Access::Write)?;
    let distance = args[0].wrapping_sub(args[1]);
    let mut bytes = [0; 256];
    // In different spaces, addresses say nothing about where storage overlaps.
    let same_space = !crate::psw::uses_access_registers(cx.cpu.sys.mask);
    if same_space && distance.wrapping_sub(1) < u64::from(len) - 1 {
        // What is `distance` bytes further on is what was `distance` bytes before.
        let distance = distance as usize;
        source.read(cx, &mut bytes[..distance]);
        for place in distance..len as usize {
            bytes[place] = bytes[place - distance];
        }
    } else if target_overlaps_otherwise(&target, &source, len) {
        // Different addresses of the same storage: byte by byte.
        for place in 0..len {
            let byte = source.byte(cx, place);
            target.set_byte(cx, place, byte);
        }
        return Ok(0);
    } else {
        source.read(cx, &mut bytes[..len as usize]);
    }
    target.write(cx, &bytes[..len as usize]);
    Ok(0)
}

/// Whether operands that do not overlap by their addresses do in storage.
fn target_overlaps_otherwise(target: &Span, source: &Span, len: u32) -> bool {
    target.overlaps(source, len)
}

/// COMPARE LOGICAL.
pub(crate) fn clc<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let Some(size) = single(i.imm + 1) else { return help(e, i, compare_bytes) };
    let (first, second) = (first_address(e, i), address(e, i));
    e.select_space(i.b1);
    let a = e.load(first, Mem::plain(size))?;
    e.select_space(i.b2);
    let b = e.load(second, Mem::plain(size))?;
    let cc = cc::compared_logical(e, W64, a, b);
    cc::put(e, cc);
    Ok(())
}

fn compare_bytes(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let len = u32::from(Text(args[2]).byte(1)) + 1;
    let (mut a, mut b) = ([0; 256], [0; 256]);
    storage::first_span(cx, args, len, Access::Read)?.read(cx, &mut a[..len as usize]);
    storage::second_span(cx, args, len, Access::Read)?.read(cx, &mut b[..len as usize]);
    cx.cpu.regs[usize::from(reg::CC)] = match a.cmp(&b) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    };
    Ok(0)
}

/// AND, OR or EXCLUSIVE OR of storage: the condition code tells whether any result byte is not zero.
fn combine(cx: &mut Cx<S390x>, args: [u64; 3], op: impl Fn(u8, u8) -> u8) -> Helped {
    let (target, source, len) = spans(cx, args, Access::Update)?;
    let mut any = 0;
    for place in 0..len {
        let result = op(target.byte(cx, place), source.byte(cx, place));
        target.set_byte(cx, place, result);
        any |= result;
    }
    cx.cpu.regs[usize::from(reg::CC)] = u64::from(any != 0);
    Ok(0)
}

/// AND.
pub(crate) fn nc(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    combine(cx, args, |a, b| a & b)
}

/// OR.
pub(crate) fn oc(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    combine(cx, args, |a, b| a | b)
}

/// EXCLUSIVE OR. Of an operand with itself it is how storage is cleared.
pub(crate) fn xc<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let itself = i.b1 == i.b2 && i.d1 == i.d2;
    let Some(size) = single(i.imm + 1).filter(|_| itself) else {
        return help(e, i, exclusive_or_bytes);
    };
    let (place, zero) = (address(e, i), e.imm(0));
    e.select_space(i.b1);
    e.store(place, zero, Mem::plain(size))?;
    cc::put(e, zero);
    Ok(())
}

fn exclusive_or_bytes(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let text = Text(args[2]);
    if args[0] == args[1] && text.nibble(4) == text.nibble(8) {
        let len = u32::from(text.byte(1)) + 1;
        let target = storage::first_span(cx, args, len, Access::Update)?;
        target.write(cx, &[0; 256][..len as usize]);
        cx.cpu.regs[usize::from(reg::CC)] = 0;
        return Ok(0);
    }
    combine(cx, args, |a, b| a ^ b)
}

/// Bytes of which some bits come from the source.
fn merge(cx: &mut Cx<S390x>, args: [u64; 3], taken: u8) -> Helped {
    let (target, source, len) = spans(cx, args, Access::Update)?;
    for place in 0..len {
        let result = target.byte(cx, place) & !taken | source.byte(cx, place) & taken;
        target.set_byte(cx, place, result);
    }
    Ok(0)
}

/// MOVE NUMERICS.
pub(crate) fn mvn(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    merge(cx, args, 0x0f)
}

/// MOVE ZONES.
pub(crate) fn mvz(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    merge(cx, args, 0xf0)
}

/// MOVE INVERSE: the second-operand address is that of its last byte.
pub(crate) fn mvcin(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3]) -> Helped {
    let len = u32::from(Text(text).byte(1)) + 1;
    let start = second.wrapping_sub(u64::from(len) - 1);
    let source = storage::second_span(cx, [first, start, text], len, Access::Read)?;
    let target = storage::first_span(cx, [first, start, text], len, Access::Write)?;
    for place in 0..len {
        let byte = source.byte(cx, len - 1 - place);
        target.set_byte(cx, place, byte);
    }
    Ok(0)
}
