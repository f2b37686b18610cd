//! Floating point: registers, what moves between them, and the two families of arithmetic.
//!
//! A register has 64 bits: T and G floating as they are, S and F floating with their exponent widened so that a register
//! always holds a valid T or G number of the same value (section 2.2), longwords in a form of their own. Registers are the low
//! halves of the vCPU's vector registers. F31 is zero: nothing ever writes it.
//!
//! Every floating-point instruction traps while they are disabled (FEN).

pub(crate) mod ieee;
pub(crate) mod trap;
pub(crate) mod vax;

use lockstep_cpu::{Cx, Emit, Exit, Width};

use crate::branch::Condition;
use crate::insn::reg;
use crate::{Alpha, Exception, Insn, InsnFault};

const W64: Width = Width::W64;
const SIGN: u64 = 1 << 63;

/// Traps when floating point is disabled.
#[inline(always)]
pub(crate) fn check<E: Emit<Alpha>>(e: &mut E) -> Result<(), E::Exit> {
    let disabled = e.get(reg::FP_TRAP);
    e.when(disabled, |e| e.raise(Exception::Instruction(InsnFault::FloatDisabled)))
}

/// Sets a floating-point register, unless it is F31.
#[inline(always)]
pub(crate) fn put<E: Emit<Alpha>>(e: &mut E, number: u8, value: E::V) {
    if number != 31 {
        e.vput(number, 0, value);
    }
}

/// A field of `value`: `len` bits from bit `low`.
#[inline(always)]
fn field<E: Emit<Alpha>>(e: &mut E, value: E::V, low: u64, len: u32) -> E::V {
    let (low, mask) = (e.imm(low), e.imm((1 << len) - 1));
    let down = e.shr(W64, value, low);
    e.and(W64, down, mask)
}

#[inline(always)]
fn shifted<E: Emit<Alpha>>(e: &mut E, value: E::V, places: u64) -> E::V {
    let places = e.imm(places);
    e.shl(W64, value, places)
}

/// Sign, exponent and fraction of 32 bits, widened. An exponent of all ones has `last` for its own.
#[inline(always)]
fn widened<E: Emit<Alpha>>(e: &mut E, value: E::V, last: u64) -> E::V {
    let exponent = field(e, value, 23, 8);
    let (all, last, zero) = (e.imm(0xff), e.imm(last), e.imm(0));
    let wide = e.add_imm(W64, exponent, 0x380);
    let is_last = e.eq(W64, exponent, all);
    let wide = e.select(is_last, last, wide);
    let wide = e.select(exponent, wide, zero);
    let (sign, fraction) = (field(e, value, 31, 1), field(e, value, 0, 23));
    let (sign, wide) = (shifted(e, sign, 63), shifted(e, wide, 52));
    let fraction = shifted(e, fraction, 29);
    let high = e.or(W64, sign, wide);
    e.or(W64, high, fraction)
}

/// A register's contents for S floating in memory (MAP_S).
#[inline(always)]
pub(crate) fn from_single<E: Emit<Alpha>>(e: &mut E, value: E::V) -> E::V {
    widened(e, value, 0x7ff)
}

/// The same for F floating, words in order (MAP_F). There are no infinities.
#[inline(always)]
pub(crate) fn from_f<E: Emit<Alpha>>(e: &mut E, value: E::V) -> E::V {
    widened(e, value, 0x47f)
}

/// What is stored of a register as S or F floating: the sign, and the exponent without what widened it.
#[inline(always)]
pub(crate) fn to_single<E: Emit<Alpha>>(e: &mut E, value: E::V) -> E::V {
    let (high, low) = (field(e, value, 62, 2), field(e, value, 29, 30));
    let high = shifted(e, high, 30);
    e.or(W64, high, low)
}

/// Four words in opposite order.
#[inline(always)]
pub(crate) fn swap_words<E: Emit<Alpha>>(e: &mut E, value: E::V) -> E::V {
    let (mask, half, places) = (e.imm(0x0000_ffff_0000_ffff), e.imm(32), e.imm(16));
    let turned = e.ror(W64, value, half);
    let (low, high) = (e.and(W64, turned, mask), e.shr(W64, turned, places));
    let high = e.and(W64, high, mask);
    let low = e.shl(W64, low, places);
    e.or(W64, low, high)
}

/// ITOFT.
pub(crate) fn itoft<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.get(i.ra);
    put(e, i.rc, value);
    Ok(())
}

/// ITOFS: as STL and LDS would do it.
pub(crate) fn itofs<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.get(i.ra);
    let value = from_single(e, value);
    put(e, i.rc, value);
    Ok(())
}

/// ITOFF: as STL and LDF would do it, but without exchanging words.
pub(crate) fn itoff<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.get(i.ra);
    let value = from_f(e, value);
    put(e, i.rc, value);
    Ok(())
}

/// FTOIT.
pub(crate) fn ftoit<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.vget(i.ra, 0);
    e.put(i.rc, value);
    Ok(())
}

/// FTOIS: as STS and LDL would do it.
pub(crate) fn ftois<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.vget(i.ra, 0);
    let value = to_single(e, value);
    let value = e.sext32(value);
    e.put(i.rc, value);
    Ok(())
}

/// CVTLQ: from the form of longwords in registers.
pub(crate) fn cvtlq<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let value = e.vget(i.rb, 0);
    let value = to_single(e, value);
    let value = e.sext32(value);
    put(e, i.rc, value);
    Ok(())
}

/// Rc becomes the sign and exponent `mask` of Fa, with the sign inverted or not, and the rest of Fb.
#[inline(always)]
fn copy<E: Emit<Alpha>>(e: &mut E, i: &Insn, mask: u64, invert: bool) -> Result<(), E::Exit> {
    check(e)?;
    let (mut a, b) = (e.vget(i.ra, 0), e.vget(i.rb, 0));
    if invert {
        a = e.not(W64, a);
    }
    let (from_a, from_b) = (e.imm(mask), e.imm(!mask));
    let (a, b) = (e.and(W64, a, from_a), e.and(W64, b, from_b));
    let value = e.or(W64, a, b);
    put(e, i.rc, value);
    Ok(())
}

/// CPYS.
pub(crate) fn cpys<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    copy(e, i, SIGN, false)
}

/// CPYSN.
pub(crate) fn cpysn<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    copy(e, i, SIGN, true)
}

/// CPYSE.
pub(crate) fn cpyse<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    copy(e, i, 0xfff << 52, false)
}

/// FCMOVxx.
pub(crate) fn fcmov<E: Emit<Alpha>, C: Condition>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let (a, b, old) = (e.vget(i.ra, 0), e.vget(i.rb, 0), e.vget(i.rc, 0));
    let holds = C::holds(e, a);
    let value = e.select(holds, b, old);
    put(e, i.rc, value);
    Ok(())
}

fn read_fpcr(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    Ok(trap::read_fpcr(&cx.cpu))
}

fn write_fpcr(cx: &mut Cx<Alpha>, [value, ..]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    trap::write_fpcr(&mut cx.cpu, value);
    Ok(0)
}

/// MF_FPCR.
pub(crate) fn mf_fpcr<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let zero = e.imm(0);
    let value = e.call(read_fpcr, [zero; 3])?;
    put(e, i.ra, value);
    Ok(())
}

/// MT_FPCR.
pub(crate) fn mt_fpcr<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let (value, zero) = (e.vget(i.ra, 0), e.imm(0));
    e.call(write_fpcr, [value, zero, zero]).map(drop)
}

/// Calls the helper of an operation with operands and what says how it rounds, traps, and where its result goes.
#[inline(always)]
pub(crate) fn operate<E: Emit<Alpha>>(
    e: &mut E,
    i: &Insn,
    helper: lockstep_cpu::Helper<Alpha>,
    a: E::V,
) -> Result<(), E::Exit> {
    check(e)?;
    let b = e.vget(i.rb, 0);
    let how = e.imm(trap::How::pack(i.aux, i.rc));
    let value = e.call(helper, [a, b, how])?;
    put(e, i.rc, value);
    Ok(())
}

/// CVTQL: to the form of longwords in registers. What does not fit is cut off, and an integer overflow.
pub(crate) fn cvtql<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    fn run(cx: &mut Cx<Alpha>, [_, value, how]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
        let result = (value & 0xc000_0000) << 32 | (value & 0x3fff_ffff) << 29;
        let fits = value as i32 as u64 == value;
        let found = if fits { trap::Found::NONE } else { trap::Found::INTEGER_OVERFLOW };
        trap::finish(cx, trap::How::unpack(how), result, found)
    }
    let zero = e.imm(0);
    operate(e, i, run, zero)
}
