//! Loads and stores that are not just operands, updates of storage, and interlocked ones.
//!
//! One processor runs at a time, so every instruction is interlocked; what is left of the rules is alignment. Before anything
//! is stored or put, every access that can fault has been made or probed.

use lockstep_cpu::{Access, Cx, Emit, Exit, Mem, Reg, Size};

use crate::exceptions::{code, program};
use crate::integer::{logical_sum_code, sum_overflows};
use crate::ops::*;
use crate::{Exception, Insn, Program, S390x, Text, branch, reg, storage};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// INSERT CHARACTER: only the last byte of the register changes.
pub(crate) fn insert_character<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let new = load(e, i, Size::B1)?;
    insert(e, i.r1, new, 0xff);
    Ok(())
}

/// LOAD REVERSED of a halfword: the other bytes stay.
pub(crate) fn load_reversed_half<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let value = load(e, i, Size::B2)?;
    let (reversed, rest) = (reverse(e, value, Size::B2), 0xffff);
    insert(e, i.r1, reversed, rest);
    Ok(())
}

#[inline(always)]
fn insert<E: Emit<S390x>>(e: &mut E, r1: Reg, new: E::V, mask: u64) {
    let old = e.get(r1);
    let kept = masked(e, old, !mask);
    let result = e.or(W64, kept, new);
    e.put(r1, result);
}

#[inline(always)]
fn reverse<E: Emit<S390x>>(e: &mut E, value: E::V, size: Size) -> E::V {
    let (all, up) = (
        e.unary(lockstep_cpu::Unary::ReverseBytes, W64, value),
        e.imm(u64::from(64 - size.bits())),
    );
    e.shr(W64, all, up)
}

/// The bytes of a word that a mask selects, from the left.
fn selected_bytes(mask: u8) -> impl Iterator<Item = u32> {
    (0..4u32).filter(move |place| mask >> (3 - place) & 1 != 0).map(|place| 24 - 8 * place)
}

/// INSERT CHARACTERS UNDER MASK. An empty mask accesses one byte. `SHIFT` is 32 for the high half.
pub(crate) fn insert_under_mask<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let place = address(e, i);
    if i.m3 == 0xf {
        let value = e.load(place, Mem::plain(Size::B4))?;
        let cc = cc::sign(e, W32, value);
        if SHIFT == 0 {
            put_low(e, i.r1, value);
        } else {
            put_high(e, i.r1, value);
        }
        cc::put(e, cc);
        return Ok(());
    }
    let (mut word, mut changed, mut top) = (e.imm(0), 0, 0);
    for (offset, shift) in (0..).zip(selected_bytes(i.m3)) {
        let at = e.add_imm(W64, place, offset);
        let (byte, distance) = (e.load(at, Mem::plain(Size::B1))?, e.imm((shift + SHIFT).into()));
        let byte = e.shl(W64, byte, distance);
        word = e.or(W64, word, byte);
        top = top.max(1u64 << (shift + SHIFT + 7));
        changed |= 0xffu64 << (shift + SHIFT);
    }
    if i.m3 == 0 {
        e.load(place, Mem::plain(Size::B1))?;
    }
    let negative = masked(e, word, top);
    let (negative, nonzero, two) =
        (cc::nonzero(e, W64, negative), cc::nonzero(e, W64, word), e.imm(2));
    // 0 zero, 1 the first bit is one, 2 not.
    let positive = e.mul(W64, nonzero, two);
    let cc = e.sub(W64, positive, negative);
    insert(e, i.r1, word, changed);
    cc::put(e, cc);
    Ok(())
}

/// STORE CHARACTERS UNDER MASK. An empty mask stores nothing.
pub(crate) fn store_under_mask<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.get(i.r1));
    let at_shift = |e: &mut E, shift: u32| {
        let distance = e.imm((shift + SHIFT).into());
        e.shr(W64, value, distance)
    };
    // Adjacent bytes are one store; the others have to be stored singly, when it is known that all can be.
    let (mask, low) = (i.m3, i.m3.trailing_zeros());
    let run = match mask >> (low & 7) {
        0b1111 => Some(Size::B4),
        0b11 => Some(Size::B2),
        0b1 => Some(Size::B1),
        _ => None,
    };
    if let Some(size) = run {
        let field = at_shift(e, low * 8);
        return e.store(place, field, Mem::plain(size));
    }
    probe_crossing(e, place, u64::from(mask.count_ones()).max(1))?;
    for (offset, shift) in (0..).zip(selected_bytes(mask)) {
        let at = e.add_imm(W64, place, offset);
        let byte = at_shift(e, shift);
        e.store(at, byte, Mem::plain(Size::B1))?;
    }
    Ok(())
}

/// COMPARE LOGICAL CHARACTERS UNDER MASK.
pub(crate) fn compare_under_mask<E: Emit<S390x>, const SHIFT: u32>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.get(i.r1));
    let (mut ours, mut theirs) = (e.imm(0), e.imm(0));
    for (offset, shift) in (0..).zip(selected_bytes(i.m3)) {
        let at = e.add_imm(W64, place, offset);
        let byte = e.load(at, Mem::plain(Size::B1))?;
        let (distance, eight) = (e.imm((shift + SHIFT).into()), e.imm(8));
        let own = e.shr(W64, value, distance);
        let own = masked(e, own, 0xff);
        let (up, up_too) = (e.shl(W64, ours, eight), e.shl(W64, theirs, eight));
        ours = e.or(W64, up, own);
        theirs = e.or(W64, up_too, byte);
    }
    if i.m3 == 0 {
        e.load(place, Mem::plain(Size::B1))?;
    }
    let cc = cc::compared_logical(e, W64, ours, theirs);
    cc::put(e, cc);
    Ok(())
}

/// Makes sure that all bytes of an operand can be stored, when it lies in two pages.
#[inline(always)]
pub(crate) fn probe_crossing<E: Emit<S390x>>(e: &mut E, place: E::V, len: u64) -> Done<E> {
    let (offset, last) = (masked(e, place, 0xfff), e.imm(0x1000 - len));
    let crosses = e.ult(W64, last, offset);
    e.when(crosses, |e| {
        let (len, zero) = (e.imm(len), e.imm(0));
        e.call(probe, [place, len, zero]).map(|_| ())
    })
}

fn probe(cx: &mut Cx<S390x>, [place, len, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    storage::span(cx, place, len as u32, Access::Write).map(|_| 0)
}

/// How many registers there are from the first to the third field, wrapping around.
const fn count(i: &Insn) -> usize {
    (i.r3.wrapping_sub(i.r1) & 15) as usize + 1
}

/// The registers from the first to the third field, wrapping around.
fn registers(i: &Insn) -> impl Iterator<Item = Reg> + use<> {
    let first = i.r1;
    (0..count(i) as u8).map(move |step| (first + step) & 15)
}

/// The size in storage of a view of registers.
const fn size_of<V: View>() -> Size {
    if V::BITS == 64 { Size::B8 } else { Size::B4 }
}

/// LOAD MULTIPLE: nothing is put before all is loaded.
pub(crate) fn load_multiple<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, zero) = (address(e, i), e.imm(0));
    let mut values = [zero; 16];
    e.load_row(place, Mem::plain(size_of::<V>()), &mut values[..count(i)])?;
    for (r, value) in registers(i).zip(values) {
        V::put(e, r, value);
    }
    Ok(())
}

/// STORE MULTIPLE.
pub(crate) fn store_multiple<E: Emit<S390x>, V: View>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, size, zero) = (address(e, i), size_of::<V>(), e.imm(0));
    let mut values = [zero; 16];
    for (value, r) in values.iter_mut().zip(registers(i)) {
        *value = V::get(e, r);
    }
    if count(i) > 1 {
        probe_crossing(e, place, count(i) as u64 * size.bytes())?;
    }
    e.store_row(place, Mem::plain(size), &values[..count(i)])
}

/// LOAD ACCESS MULTIPLE.
pub(crate) fn load_access_multiple<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, zero) = (address(e, i), e.imm(0));
    let mut values = [zero; 16];
    e.load_row(place, Mem::plain(Size::B4).aligned(), &mut values[..count(i)])?;
    for (r, value) in registers(i).zip(values) {
        e.put(reg::ACCESS + r, value);
    }
    Ok(())
}

/// STORE ACCESS MULTIPLE.
pub(crate) fn store_access_multiple<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, zero) = (address(e, i), e.imm(0));
    let mut values = [zero; 16];
    for (value, r) in values.iter_mut().zip(registers(i)) {
        *value = e.get(reg::ACCESS + r);
    }
    if count(i) > 1 {
        probe_crossing(e, place, count(i) as u64 * 4)?;
    }
    e.store_row(place, Mem::plain(Size::B4).aligned(), &values[..count(i)])
}

/// LOAD MULTIPLE DISJOINT: high halves from one place, low ones from another.
pub(crate) fn load_disjoint(
    cx: &mut Cx<S390x>,
    [high, _, text]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let text = Text(text);
    let (r1, r3) = (text.nibble(2), text.nibble(3));
    let (b4, d4) = (text.nibble(8), (text.0 >> 16) & 0xfff);
    let low = storage::base_address(cx, b4, d4);
    let count = u32::from(r3.wrapping_sub(r1) & 15) + 1;
    let mut bytes = [[0; 64]; 2];
    for (place, into) in [(text.nibble(4), high), (b4, low)].into_iter().zip(&mut bytes) {
        storage::fetch_of(cx, place, &mut into[..count as usize * 4])?;
    }
    for k in 0..count as usize {
        let word = |bytes: &[u8; 64]| {
            bytes[4 * k..4 * k + 4].iter().fold(0, |v, byte| v << 8 | u64::from(*byte))
        };
        cx.cpu.regs[(usize::from(r1) + k) & 15] = word(&bytes[0]) << 32 | word(&bytes[1]);
    }
    Ok(0)
}

fn pair_disjoint(
    cx: &mut Cx<S390x>,
    [first, second, text]: [u64; 3],
    size: Size,
) -> Result<u64, Exit<S390x>> {
    let r3 = usize::from(Text(text).nibble(2));
    if r3 & 1 != 0 || (first | second) & (size.bytes() - 1) != 0 {
        return Err(program(code::SPECIFICATION));
    }
    storage::first(cx, text);
    let high = cx.load(first, Mem::plain(size))?;
    storage::second(cx, text);
    let low = cx.load(second, Mem::plain(size))?;
    for (r, value) in [(r3, high), (r3 | 1, low)] {
        let register = &mut cx.cpu.regs[r];
        *register = if size == Size::B4 { W::set(*register, value) } else { value };
    }
    cx.cpu.regs[usize::from(reg::CC)] = 0;
    Ok(0)
}

/// LOAD PAIR DISJOINT of words. One processor runs at a time, so both are always loaded together.
pub(crate) fn load_pair_disjoint_words(
    cx: &mut Cx<S390x>,
    args: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    pair_disjoint(cx, args, Size::B4)
}

/// LOAD PAIR DISJOINT of doublewords.
pub(crate) fn load_pair_disjoint(cx: &mut Cx<S390x>, args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    pair_disjoint(cx, args, Size::B8)
}

/// Refuses addresses that are not multiples of 16.
#[inline(always)]
fn check_quad<E: Emit<S390x>>(e: &mut E, place: E::V) -> Done<E> {
    let low = masked(e, place, 15);
    e.when(low, |e| e.raise(Exception::Program(Program::new(code::SPECIFICATION))))
}

/// LOAD PAIR FROM QUADWORD.
pub(crate) fn load_pair<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    crate::integer::check_even(e, i.r1)?;
    let place = address(e, i);
    check_quad(e, place)?;
    let high = e.load(place, Mem::plain(Size::B8))?;
    let at = e.add_imm(W64, place, 8);
    let low = e.load(at, Mem::plain(Size::B8))?;
    e.put(i.r1, high);
    e.put(i.r1 | 1, low);
    Ok(())
}

/// STORE PAIR TO QUADWORD.
pub(crate) fn store_pair<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    crate::integer::check_even(e, i.r1)?;
    let place = address(e, i);
    check_quad(e, place)?;
    let (high, low) = (e.get(i.r1), e.get(i.r1 | 1));
    e.store(place, high, Mem::plain(Size::B8))?;
    let at = e.add_imm(W64, place, 8);
    e.store(at, low, Mem::plain(Size::B8))
}

/// LOAD ON CONDITION from storage, which is accessed only when the condition holds.
pub(crate) fn load_on_condition<E: Emit<S390x>, V: View, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let holds = branch::holds(e, i.m3);
    e.when(holds, |e| {
        let value = load(e, i, B::SIZE)?;
        V::put(e, i.r1, value);
        Ok(())
    })
}

/// STORE ON CONDITION.
pub(crate) fn store_on_condition<E: Emit<S390x>, V: View, B: Bytes>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let holds = branch::holds(e, i.m3);
    e.when(holds, |e| {
        let (place, value) = (address(e, i), V::get(e, i.r1));
        e.store(place, value, Mem::plain(B::SIZE))
    })
}

/// Stores of registers.
pub(crate) fn store<E: Emit<S390x>, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.get(i.r1));
    e.store(place, value, Mem::plain(B::SIZE))
}

/// NONTRANSACTIONAL STORE: there are no transactions, but alignment is asked for.
pub(crate) fn store_nontransactional<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.get(i.r1));
    e.store(place, value, Mem::plain(Size::B8).aligned())
}

/// Stores of the high halves of registers.
pub(crate) fn store_high<E: Emit<S390x>, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), get_high(e, i.r1));
    e.store(place, value, Mem::plain(B::SIZE))
}

/// STORE REVERSED.
pub(crate) fn store_reversed<E: Emit<S390x>, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.get(i.r1));
    let reversed = reverse(e, value, B::SIZE);
    e.store(place, reversed, Mem::plain(B::SIZE))
}

/// STORE RELATIVE LONG.
pub(crate) fn store_relative<E: Emit<S390x>, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (relative(e, i.imm * 2), e.get(i.r1));
    e.store(place, value, Mem::plain(B::SIZE).aligned())
}

/// Stores of immediates.
pub(crate) fn store_immediate<E: Emit<S390x>, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, value) = (address(e, i), e.imm(i.imm as u64));
    e.store(place, value, Mem::plain(B::SIZE))
}

/// An access that updates, without insisting on alignment.
const fn update(size: Size) -> Mem {
    Mem { aligned: false, ..Mem::plain(size).update() }
}

/// AND, OR and EXCLUSIVE OR of a byte of storage.
pub(crate) fn logical_immediate<E: Emit<S390x>, const OP: u8>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, b) = (address(e, i), e.imm(u64::from(i.imm as u8)));
    let old = e.load(place, update(Size::B1))?;
    let result = e.binary(bitwise(OP), W64, old, b);
    e.store(place, result, Mem::plain(Size::B1))?;
    let cc = cc::nonzero(e, W64, result);
    cc::put(e, cc);
    Ok(())
}

/// TEST UNDER MASK.
pub(crate) fn test_under_mask<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let (byte, mask) = (load(e, i, Size::B1)?, e.imm(u64::from(i.imm as u8)));
    let (bits, mixed) = (e.and(W64, byte, mask), e.imm(1));
    let cc = cc::selected(e, bits, mask, mixed);
    cc::put(e, cc);
    Ok(())
}

/// ADD IMMEDIATE to storage.
pub(crate) fn add_immediate<E: Emit<S390x>, V: View, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, b) = (address(e, i), e.imm(i.imm as i8 as u64));
    let old = e.load(place, update(B::SIZE))?;
    let result = e.add(V::WIDTH, old, b);
    let overflow = sum_overflows::<E, V>(e, old, b, result);
    let wanted = e.get(reg::TRAP_OVERFLOW);
    let traps = e.and(W64, overflow, wanted);
    e.when(traps, |e| {
        let size = e.imm(B::SIZE.bytes());
        e.call(store_overflowed, [place, result, size]).map(|_| ())
    })?;
    e.store(place, result, Mem::plain(B::SIZE))?;
    let (sign, three) = (cc::sign(e, V::WIDTH, result), e.imm(3));
    let cc = e.select(overflow, three, sign);
    cc::put(e, cc);
    Ok(())
}

fn store_overflowed(
    cx: &mut Cx<S390x>,
    [place, result, size]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let size = if size == 8 { Size::B8 } else { Size::B4 };
    cx.store(place, result, Mem::plain(size))?;
    cx.cpu.regs[usize::from(reg::CC)] = 3;
    Err(program(code::FIXED_OVERFLOW))
}

/// ADD LOGICAL WITH SIGNED IMMEDIATE to storage.
pub(crate) fn add_logical_immediate<E: Emit<S390x>, V: View, B: Bytes>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (place, b) = (address(e, i), e.imm(i.imm as i8 as u64));
    let old = e.load(place, update(B::SIZE))?;
    let result = e.add(V::WIDTH, old, b);
    let carry = e.ult(V::WIDTH, result, old);
    e.store(place, result, Mem::plain(B::SIZE))?;
    let cc = logical_sum_code::<E, V>(e, result, carry);
    cc::put(e, cc);
    Ok(())
}

/// TEST AND SET.
pub(crate) fn test_and_set<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, ones, seven) = (address(e, i), e.imm(0xff), e.imm(7));
    let old = e.load(place, update(Size::B1))?;
    e.store(place, ones, Mem::plain(Size::B1))?;
    let cc = e.shr(W64, old, seven);
    cc::put(e, cc);
    Ok(())
}

/// COMPARE AND SWAP.
pub(crate) fn compare_and_swap<E: Emit<S390x>, V: View, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let place = address(e, i);
    let (expected, new) = (e.get(i.r1), e.get(i.r3));
    let old = e.load(place, Mem::plain(B::SIZE).update())?;
    let differ = e.ne(V::WIDTH, expected, old);
    // What is there is stored again when it is not to change: storage is accessed for an update either way.
    let stored = e.select(differ, old, new);
    e.store(place, stored, Mem::plain(B::SIZE))?;
    let result = e.select(differ, old, expected);
    V::put(e, i.r1, result);
    cc::put(e, differ);
    Ok(())
}

/// COMPARE DOUBLE AND SWAP: pairs of words.
pub(crate) fn compare_double_and_swap<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    crate::integer::check_even(e, i.r1 | i.r3)?;
    let place = address(e, i);
    let (expected, new) =
        (crate::integer::words_of_pair(e, i.r1), crate::integer::words_of_pair(e, i.r3));
    let old = e.load(place, Mem::plain(Size::B8).update())?;
    let differ = e.ne(W64, expected, old);
    let stored = e.select(differ, old, new);
    e.store(place, stored, Mem::plain(Size::B8))?;
    let result = e.select(differ, old, expected);
    crate::integer::put_pair_of_words(e, i.r1, result);
    cc::put(e, differ);
    Ok(())
}

/// COMPARE DOUBLE AND SWAP of pairs of doublewords.
pub(crate) fn compare_quad_and_swap(
    cx: &mut Cx<S390x>,
    [_, place, text]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let (r1, r3) = (usize::from(Text(text).nibble(2)), usize::from(Text(text).nibble(3)));
    if (r1 | r3) & 1 != 0 || place & 15 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let regs = &cx.cpu.regs;
    let pair = |r: usize| u128::from(regs[r]) << 64 | u128::from(regs[r | 1]);
    let (expected, new) = (pair(r1), pair(r3));
    let span = storage::span(cx, place, 16, Access::Update)?;
    let mut bytes = [0; 16];
    span.read(cx, &mut bytes);
    let old = u128::from_be_bytes(bytes);
    let differ = old != expected;
    if differ {
        cx.cpu.regs[r1] = (old >> 64) as u64;
        cx.cpu.regs[r1 | 1] = old as u64;
    } else {
        span.write(cx, &new.to_be_bytes());
    }
    cx.cpu.regs[usize::from(reg::CC)] = differ.into();
    Ok(0)
}

/// COMPARE AND SWAP AND STORE: general register 0 says what, general register 1 where its operands are.
pub(crate) fn compare_swap_and_store(
    cx: &mut Cx<S390x>,
    [first, second, text]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let r3 = usize::from(Text(text).nibble(2));
    let (function, exponent) = (cx.cpu.regs[0] & 0xff, cx.cpu.regs[0] >> 8 & 0xff);
    let parameters = cx.cpu.regs[1] & cx.cpu.regs[usize::from(reg::ADDRESS)];
    if function > 2 || exponent > 4 {
        return Err(program(code::SPECIFICATION));
    }
    let compared = 4usize << function;
    let stored = 1usize << exponent;
    let misaligned = |place: u64, len: usize| place & (len as u64 - 1) != 0;
    let pair = function == 2 && r3 & 1 != 0;
    if pair
        || misaligned(first, compared)
        || misaligned(second, stored)
        || misaligned(parameters, 16)
    {
        return Err(program(code::SPECIFICATION));
    }
    let mut list = [0; 32];
    storage::fetch_of(cx, (1, parameters), &mut list)?;
    let args = [first, second, text];
    let target = storage::second_span(cx, args, stored as u32, Access::Write)?;
    let span = storage::first_span(cx, args, compared as u32, Access::Update)?;
    let mut old = [0; 16];
    span.read(cx, &mut old[..compared]);
    let regs = &mut cx.cpu.regs;
    let expected = match function {
        0 => (regs[r3] as u32).to_be_bytes().to_vec(),
        1 => regs[r3].to_be_bytes().to_vec(),
        _ => [regs[r3].to_be_bytes(), regs[r3 | 1].to_be_bytes()].concat(),
    };
    let differ = old[..compared] != expected;
    regs[usize::from(reg::CC)] = differ.into();
    if differ {
        let word = |from: usize, len: usize| {
            old[from..from + len].iter().fold(0, |v, byte| v << 8 | u64::from(*byte))
        };
        match function {
            0 => regs[r3] = W::set(regs[r3], word(0, 4)),
            1 => regs[r3] = word(0, 8),
            _ => (regs[r3], regs[r3 | 1]) = (word(0, 8), word(8, 8)),
        }
    } else {
        span.write(cx, &list[..compared]);
        target.write(cx, &list[16..16 + stored]);
    }
    Ok(0)
}

/// LOAD AND ADD.
pub(crate) fn load_and_add<E: Emit<S390x>, V: View, B: Bytes>(e: &mut E, i: &Insn) -> Done<E> {
    let (place, b) = (address(e, i), e.get(i.r3));
    let old = e.load(place, Mem::plain(B::SIZE).update())?;
    let result = e.add(V::WIDTH, old, b);
    let overflow = sum_overflows::<E, V>(e, old, b, result);
    let wanted = e.get(reg::TRAP_OVERFLOW);
    let traps = e.and(W64, overflow, wanted);
    e.when(traps, |e| {
        let registers = e.imm(u64::from(i.r1) | u64::from(i.r3) << 4 | B::SIZE.bytes() << 8);
        e.call(load_and_add_overflowed, [place, old, registers]).map(|_| ())
    })?;
    e.store(place, result, Mem::plain(B::SIZE))?;
    let (sign, three) = (cc::sign(e, V::WIDTH, result), e.imm(3));
    let cc = e.select(overflow, three, sign);
    V::put(e, i.r1, old);
    cc::put(e, cc);
    Ok(())
}

fn load_and_add_overflowed(
    cx: &mut Cx<S390x>,
    [place, old, registers]: [u64; 3],
) -> Result<u64, Exit<S390x>> {
    let (r1, r3) = (registers as usize & 15, registers as usize >> 4 & 15);
    let sum = old.wrapping_add(cx.cpu.regs[r3]);
    if registers >> 8 == 8 {
        cx.store(place, sum, Mem::plain(Size::B8))?;
        cx.cpu.regs[r1] = old;
    } else {
        cx.store(place, sum, Mem::plain(Size::B4))?;
        cx.cpu.regs[r1] = W::set(cx.cpu.regs[r1], old);
    }
    cx.cpu.regs[usize::from(reg::CC)] = 3;
    Err(program(code::FIXED_OVERFLOW))
}

/// LOAD AND ADD LOGICAL.
pub(crate) fn load_and_add_logical<E: Emit<S390x>, V: View, B: Bytes>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (place, b) = (address(e, i), e.get(i.r3));
    let old = e.load(place, Mem::plain(B::SIZE).update())?;
    let result = e.add(V::WIDTH, old, b);
    let carry = e.ult(V::WIDTH, result, old);
    e.store(place, result, Mem::plain(B::SIZE))?;
    let cc = logical_sum_code::<E, V>(e, result, carry);
    V::put(e, i.r1, old);
    cc::put(e, cc);
    Ok(())
}

/// LOAD AND AND, OR, EXCLUSIVE OR.
pub(crate) fn load_and_combine<E: Emit<S390x>, V: View, B: Bytes, const OP: u8>(
    e: &mut E,
    i: &Insn,
) -> Done<E> {
    let (place, b) = (address(e, i), e.get(i.r3));
    let old = e.load(place, Mem::plain(B::SIZE).update())?;
    let result = e.binary(bitwise(OP), V::WIDTH, old, b);
    e.store(place, result, Mem::plain(B::SIZE))?;
    let cc = cc::nonzero(e, V::WIDTH, result);
    V::put(e, i.r1, old);
    cc::put(e, cc);
    Ok(())
}

/// PERFORM LOCKED OPERATION.
pub(crate) fn perform_locked(cx: &mut Cx<S390x>, args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    crate::locked::perform(cx, args)
}
