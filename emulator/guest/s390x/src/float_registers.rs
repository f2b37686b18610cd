//! Floating-point registers: moving numbers and changing their signs (chapter 9).
//!
//! Floating-point register n is the first half of vector register n; short numbers are the first half of that, extended ones
//! are in a pair two apart.

use lockstep_cpu::{Emit, Mem, Reg, Size};

use crate::exceptions::{code, dxc};
use crate::ops::*;
use crate::{Exception, Insn, Program, S390x, reg};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// Refuses registers other than 0, 2, 4 and 6 while CR0 keeps the additional ones away.
#[inline(always)]
fn check_registers<E: Emit<S390x>>(e: &mut E, registers: &[Reg]) -> Done<E> {
    if registers.iter().all(|r| r & !6 == 0) {
        return Ok(());
    }
    let missing = e.get(reg::NO_AFP);
    let exception = Program { detail: dxc::AFP.into(), ..Program::new(code::DATA) };
    e.when(missing, |e| e.raise(Exception::Program(exception)))
}

/// The register as a doubleword.
#[inline(always)]
fn get<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
    e.vget(r, 1)
}

#[inline(always)]
fn put<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
    e.vput(r, 1, value);
}

/// Puts a word into the first half of a register.
#[inline(always)]
fn put_short<E: Emit<S390x>>(e: &mut E, r: Reg, word: E::V) {
    let (old, half) = (get(e, r), e.imm(32));
    let (rest, new) = (e.zext32(old), e.shl(W64, word, half));
    let result = e.or(W64, rest, new);
    put(e, r, result);
}

#[inline(always)]
fn get_short<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
    let (value, half) = (get(e, r), e.imm(32));
    e.shr(W64, value, half)
}

/// LOAD (long).
pub(crate) fn ld<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let value = load(e, i, Size::B8)?;
    put(e, i.r1, value);
    Ok(())
}

/// LOAD (short).
pub(crate) fn le<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let value = load(e, i, Size::B4)?;
    put_short(e, i.r1, value);
    Ok(())
}

/// STORE (long).
pub(crate) fn std<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let (place, value) = (address(e, i), get(e, i.r1));
    e.store(place, value, Mem::plain(Size::B8))
}

/// STORE (short).
pub(crate) fn ste<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let (place, value) = (address(e, i), get_short(e, i.r1));
    e.store(place, value, Mem::plain(Size::B4))
}

/// LOAD of a register (long).
pub(crate) fn ldr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let value = get(e, i.r2);
    put(e, i.r1, value);
    Ok(())
}

/// LOAD of a register (short).
pub(crate) fn ler<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let value = get_short(e, i.r2);
    put_short(e, i.r1, value);
    Ok(())
}

/// LOAD LENGTHENED (short to long HFP): zeros follow the word. It is here for what compilers have it for, a short binary number
/// that leaves nothing of what the register was before.
pub(crate) fn lde<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let (value, half) = (load(e, i, Size::B4)?, e.imm(32));
    let value = e.shl(W64, value, half);
    put(e, i.r1, value);
    Ok(())
}

/// LOAD LENGTHENED (short to long HFP) from a register.
pub(crate) fn lder<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let (value, half) = (get_short(e, i.r2), e.imm(32));
    let value = e.shl(W64, value, half);
    put(e, i.r1, value);
    Ok(())
}

/// Refuses registers that no pair starts with.
#[inline(always)]
fn check_pair<E: Emit<S390x>>(e: &mut E, r: Reg) -> Done<E> {
    if r & 2 != 0 {
        return e.raise(Exception::Program(Program::new(code::SPECIFICATION)));
    }
    Ok(())
}

/// LOAD of a pair.
pub(crate) fn lxr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    check_pair(e, i.r1 | i.r2)?;
    let (high, low) = (get(e, i.r2), get(e, i.r2 + 2));
    put(e, i.r1, high);
    put(e, i.r1 + 2, low);
    Ok(())
}

/// LOAD ZERO (short).
pub(crate) fn lzer<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let zero = e.imm(0);
    put_short(e, i.r1, zero);
    Ok(())
}

/// LOAD ZERO (long).
pub(crate) fn lzdr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let zero = e.imm(0);
    put(e, i.r1, zero);
    Ok(())
}

/// LOAD ZERO (extended).
pub(crate) fn lzxr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    check_pair(e, i.r1)?;
    let zero = e.imm(0);
    put(e, i.r1, zero);
    put(e, i.r1 + 2, zero);
    Ok(())
}

/// LOAD FPR FROM GR.
pub(crate) fn ldgr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1])?;
    let value = e.get(i.r2);
    put(e, i.r1, value);
    Ok(())
}

/// LOAD GR FROM FPR.
pub(crate) fn lgdr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r2])?;
    let value = get(e, i.r2);
    e.put(i.r1, value);
    Ok(())
}

/// COPY SIGN: of the third register.
pub(crate) fn cpsdr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2, i.r3])?;
    let (magnitude, sign) = (get(e, i.r2), get(e, i.r3));
    let (magnitude, sign) = (masked(e, magnitude, u64::MAX >> 1), masked(e, sign, 1 << 63));
    let result = e.or(W64, magnitude, sign);
    put(e, i.r1, result);
    Ok(())
}

/// LOAD POSITIVE, without a condition code.
pub(crate) fn lpdfr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let value = get(e, i.r2);
    let result = masked(e, value, u64::MAX >> 1);
    put(e, i.r1, result);
    Ok(())
}

/// LOAD NEGATIVE, without a condition code.
pub(crate) fn lndfr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let (value, sign) = (get(e, i.r2), e.imm(1 << 63));
    let result = e.or(W64, value, sign);
    put(e, i.r1, result);
    Ok(())
}

/// LOAD COMPLEMENT, without a condition code.
pub(crate) fn lcdfr<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    check_registers(e, &[i.r1, i.r2])?;
    let (value, sign) = (get(e, i.r2), e.imm(1 << 63));
    let result = e.xor(W64, value, sign);
    put(e, i.r1, result);
    Ok(())
}
