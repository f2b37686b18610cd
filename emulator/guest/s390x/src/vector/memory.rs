//! Vectors and storage, vectors and general registers.

use lockstep_cpu::{Cx, Emit, Helper, Mem, Size};

use super::*;
use crate::insn::Insn;
use crate::long::set_cc;
use crate::ops::{W64, address, cut_address, masked};
use crate::storage;

/// The meaning of an instruction whose helper takes the address of its storage operand.
macro_rules! addressed {
    ($helper:path) => {
        |e, i| memory::call_with_address(e, i, $helper)
    };
}
pub(crate) use addressed;

/// Calls a helper with the address of the storage operand and the text.
pub(crate) fn call_with_address<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<S390x>,
) -> Done<E> {
    check(e)?;
    let place = address(e, i);
    let (place, zero) = (cut_address(e, place), e.imm(0));
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(helper, [zero, place, text]).map(drop)
}

const fn op(i: &Insn) -> Op {
    Op(Text(i.raw))
}

const fn plain(size: u32) -> Mem {
    Mem::plain(match size {
        0 => Size::B1,
        1 => Size::B2,
        2 => Size::B4,
        _ => Size::B8,
    })
}

/// VECTOR LOAD.
pub(crate) fn load<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let place = address(e, i);
    let high = e.load(place, plain(3))?;
    let next = e.add_imm(W64, place, 8);
    let low = e.load(next, plain(3))?;
    e.vput(op(i).v1(), 1, high);
    e.vput(op(i).v1(), 0, low);
    Ok(())
}

/// VECTOR STORE: nothing is stored if anything cannot be, so that an operand on two pages is a helper's.
pub(crate) fn store<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let place = address(e, i);
    let (offset, last) = (masked(e, place, 0xfff), e.imm(0xff0));
    let crosses = e.ult(W64, last, offset);
    let (high, low) = (e.vget(op(i).v1(), 1), e.vget(op(i).v1(), 0));
    e.if_else(
        crosses,
        |e| call_with_address(e, i, store_whole),
        |e| {
            e.store(place, high, plain(3))?;
            let next = e.add_imm(W64, place, 8);
            e.store(next, low, plain(3))
        },
    )
}

fn store_whole(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let value = get(cx, Op(Text(text)).v1());
    storage::store(cx, place, &value.to_be_bytes())?;
    Ok(0)
}

/// Where an element is: which half of the register, and how far from that half's low end.
const fn position(size: u32, number: u32) -> (u8, u64) {
    let bit = bits(size) * number;
    ((bit < 64) as u8, (64 - bits(size) - bit % 64) as u64)
}

/// Puts the low bits of a value into an element.
fn insert<E: Emit<S390x>>(e: &mut E, register: u8, size: u32, number: u32, value: E::V) {
    let (half, shift) = position(size, number);
    if size == 3 {
        return e.vput(register, half, value);
    }
    let (old, shift_by) = (e.vget(register, half), e.imm(shift));
    let kept = masked(e, old, !((ones(size) as u64) << shift));
    let low = masked(e, value, ones(size) as u64);
    let moved = e.shl(W64, low, shift_by);
    let new = e.or(W64, kept, moved);
    e.vput(register, half, new);
}

/// An element, with zeros before it.
fn extract<E: Emit<S390x>>(e: &mut E, register: u8, size: u32, number: u32) -> E::V {
    let (half, shift) = position(size, number);
    let (value, shift) = (e.vget(register, half), e.imm(shift));
    let moved = e.shr(W64, value, shift);
    masked(e, moved, ones(size) as u64)
}

/// VECTOR LOAD ELEMENT.
pub(crate) fn load_element<E: Emit<S390x>, const SIZE: u32>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let number = op(i).size();
    if number >= count(SIZE) {
        return refuse(e);
    }
    let place = address(e, i);
    let value = e.load(place, plain(SIZE))?;
    insert(e, op(i).v1(), SIZE, number, value);
    Ok(())
}

/// VECTOR STORE ELEMENT.
pub(crate) fn store_element<E: Emit<S390x>, const SIZE: u32>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let number = op(i).size();
    if number >= count(SIZE) {
        return refuse(e);
    }
    let (place, value) = (address(e, i), extract(e, op(i).v1(), SIZE, number));
    e.store(place, value, plain(SIZE))
}

/// VECTOR LOAD ELEMENT IMMEDIATE.
pub(crate) fn load_element_immediate<E: Emit<S390x>, const SIZE: u32>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    check(e)?;
    let number = op(i).size();
    if number >= count(SIZE) {
        return refuse(e);
    }
    let value = e.imm((i.raw << 16) as i64 as u64 >> 48);
    let value = e.unary(lockstep_cpu::Unary::Sext16, W64, value);
    insert(e, op(i).v1(), SIZE, number, value);
    Ok(())
}

/// VECTOR LOAD LOGICAL ELEMENT AND ZERO: into the right end of the first doubleword, or, with 6 as its size, a word into the left.
pub(crate) fn load_element_and_zero<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let (size, shift) = match op(i).size() {
        6 => (2, 32),
        size @ 0..=3 => (size, 0),
        _ => return refuse(e),
    };
    let place = address(e, i);
    let value = e.load(place, plain(size))?;
    let (shift, zero) = (e.imm(shift), e.imm(0));
    let value = e.shl(W64, value, shift);
    e.vput(op(i).v1(), 1, value);
    e.vput(op(i).v1(), 0, zero);
    Ok(())
}

/// VECTOR LOAD AND REPLICATE.
pub(crate) fn load_and_replicate<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let size = op(i).size();
    if size > 3 {
        return refuse(e);
    }
    let place = address(e, i);
    let value = e.load(place, plain(size))?;
    let each = e.imm(u64::MAX / ones(size) as u64);
    let all = e.mul(W64, value, each);
    e.vput(op(i).v1(), 1, all);
    e.vput(op(i).v1(), 0, all);
    Ok(())
}

/// VECTOR LOAD VR FROM GRS DISJOINT.
pub(crate) fn from_pair<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check(e)?;
    let (high, low) = (e.get(op(i).field(3)), e.get(op(i).field(4)));
    e.vput(op(i).v1(), 1, high);
    e.vput(op(i).v1(), 0, low);
    Ok(())
}

/// The element that an instruction names by a displacement alone.
fn constant_element(i: &Insn, size: u32) -> Option<u32> {
    (i.b2 == reg::ZERO).then_some(i.d2 as u32 % count(size))
}

/// VECTOR LOAD GR FROM VR ELEMENT: numbers beyond the last element begin again.
pub(crate) fn element_to_general<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let size = op(i).size();
    match constant_element(i, size.min(3)) {
        _ if size > 3 => {
            check(e)?;
            refuse(e)
        }
        Some(number) => {
            check(e)?;
            let value = extract(e, op(i).v2(), size, number);
            e.put(i.r1, value);
            Ok(())
        }
        None => call_with_address(e, i, |cx, [_, number, text]| {
            let o = Op(Text(text));
            let number = number as u32 % count(o.size());
            cx.cpu.regs[usize::from(o.field(2))] =
                element(get(cx, o.v2()), o.size(), number) as u64;
            Ok(0)
        }),
    }
}

/// VECTOR LOAD VR ELEMENT FROM GR.
pub(crate) fn general_to_element<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let size = op(i).size();
    match constant_element(i, size.min(3)) {
        _ if size > 3 => {
            check(e)?;
            refuse(e)
        }
        Some(number) => {
            check(e)?;
            let value = e.get(i.r3);
            insert(e, op(i).v1(), size, number, value);
            Ok(())
        }
        None => call_with_address(e, i, |cx, [_, number, text]| {
            let o = Op(Text(text));
            let number = number as u32 % count(o.size());
            let value = cx.cpu.regs[usize::from(o.field(3))];
            let register = &mut cx.cpu.vregs[usize::from(o.v1())];
            set_element(register, o.size(), number, value.into());
            Ok(0)
        }),
    }
}

/// Fetches the first bytes of a register; zeros follow.
fn fetch_bytes(cx: &mut Cx<S390x>, o: Op, place: u64, len: u64) -> Helped {
    let mut bytes = [0; 16];
    storage::fetch(cx, place, &mut bytes[..len as usize])?;
    put(cx, o.v1(), u128::from_be_bytes(bytes));
    Ok(0)
}

/// Bytes of an operand of 16 up to a boundary, which a field tells: every 64 bytes, 128, to 4096.
fn to_boundary(o: Op, place: u64) -> Helped {
    require(o.size() <= 6)?;
    let block = 64 << o.size();
    Ok((block - place % block).min(16))
}

/// VECTOR LOAD TO BLOCK BOUNDARY.
pub(crate) fn load_to_boundary(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let len = to_boundary(o, place)?;
    fetch_bytes(cx, o, place, len)
}

/// LOAD COUNT TO BLOCK BOUNDARY.
pub(crate) fn count_to_boundary(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let len = to_boundary(o, place)?;
    let register = &mut cx.cpu.regs[usize::from(o.field(2))];
    *register = *register & !0xffff_ffff | len;
    set_cc(cx, if len == 16 { 0 } else { 3 });
    Ok(0)
}

/// Bytes up to a highest index, which a general register has: 16 at most.
fn length(cx: &Cx<S390x>, o: Op) -> u64 {
    (cx.cpu.regs[usize::from(o.field(3))] & 0xffff_ffff).min(15) + 1
}

/// VECTOR LOAD WITH LENGTH.
pub(crate) fn load_with_length(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let len = length(cx, o);
    fetch_bytes(cx, o, place, len)
}

/// VECTOR STORE WITH LENGTH.
pub(crate) fn store_with_length(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let len = length(cx, o) as usize;
    let bytes = get(cx, o.v1()).to_be_bytes();
    storage::store(cx, place, &bytes[..len])?;
    Ok(0)
}

/// The registers of a multiple load or store: 16 at most, none behind the last one.
fn registers(o: Op) -> Result<std::ops::RangeInclusive<u8>, Exit<S390x>> {
    let (first, last) = (o.v1(), o.v2());
    require(first <= last && last - first < 16)?;
    Ok(first..=last)
}

/// VECTOR LOAD MULTIPLE.
pub(crate) fn load_multiple(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let registers = registers(Op(Text(text)))?;
    let mut bytes = [0; 256];
    let bytes = &mut bytes[..16 * registers.len()];
    storage::fetch(cx, place, bytes)?;
    for (register, value) in registers.zip(bytes.chunks_exact(16)) {
        let value = value.iter().fold(0, |v, byte| v << 8 | u128::from(*byte));
        put(cx, register, value);
    }
    Ok(0)
}

/// VECTOR STORE MULTIPLE.
pub(crate) fn store_multiple(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let mut bytes = [0; 256];
    let registers = registers(Op(Text(text)))?;
    let len = 16 * registers.len();
    for (register, to) in registers.zip(bytes.chunks_exact_mut(16)) {
        to.copy_from_slice(&get(cx, register).to_be_bytes());
    }
    storage::store(cx, place, &bytes[..len])?;
    Ok(0)
}

/// The address of an element that another register's element is added to, and its number.
fn indexed(cx: &Cx<S390x>, o: Op, place: u64, size: u32) -> Result<(u64, u32), Exit<S390x>> {
    let number = o.size();
    require(number < count(size))?;
    let index = element(get(cx, o.v2()), size, number) as u64;
    Ok((storage::wrap(cx, place.wrapping_add(index)), number))
}

/// VECTOR GATHER ELEMENT.
pub(crate) fn gather<const SIZE: u32>(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let (place, number) = indexed(cx, o, place, SIZE)?;
    let value = cx.load(place, plain(SIZE))?;
    set_element(&mut cx.cpu.vregs[usize::from(o.v1())], SIZE, number, value.into());
    Ok(0)
}

/// VECTOR SCATTER ELEMENT.
pub(crate) fn scatter<const SIZE: u32>(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let o = Op(Text(text));
    let (place, number) = indexed(cx, o, place, SIZE)?;
    let value = element(get(cx, o.v1()), SIZE, number) as u64;
    cx.store(place, value, plain(SIZE))?;
    Ok(0)
}
