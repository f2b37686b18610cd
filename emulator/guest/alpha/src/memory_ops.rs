//! Loads and stores (section 4.2 and 4.8).
//!
//! Whatever is loaded or stored must be aligned; LDQ_U and STQ_U clear the low bits of their address instead. A load of
//! R31 is a prefetch or nothing at all and never faults: it decodes to nothing.
//!
//! LDx_L sets the lock flag and remembers the aligned 16 bytes around its address; STx_C stores if the flag is still set
//! and it is made to the same 16 bytes. The flag is cleared by STx_C, by PALcode's way
//! into and out of the kernel, and when another processor runs.

use lockstep_cpu::{Emit, Mem, Size, Width};

use crate::float;
use crate::insn::reg;
use crate::{Alpha, Insn};

const W64: Width = Width::W64;

/// The address: Rb and the displacement.
#[inline(always)]
fn address<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> E::V {
    let base = e.get(i.rb);
    e.add_imm(W64, base, i.imm)
}

/// LDA and LDAH: the address itself.
pub(crate) fn lda<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = address(e, i);
    e.put(i.ra, address);
    Ok(())
}

/// LDBU, LDWU and LDQ.
pub(crate) fn load<E: Emit<Alpha>, const BYTES: u8>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = address(e, i);
    let value = e.load(address, Mem::plain(const { size(BYTES) }))?;
    e.put(i.ra, value);
    Ok(())
}

/// LDL.
pub(crate) fn ldl<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = address(e, i);
    let value = e.load(address, Mem::plain(Size::B4))?;
    let value = e.sext32(value);
    e.put(i.ra, value);
    Ok(())
}

/// STB, STW, STL and STQ.
pub(crate) fn store<E: Emit<Alpha>, const BYTES: u8>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = address(e, i);
    let value = e.get(i.ra);
    e.store(address, value, Mem::plain(const { size(BYTES) }))
}

const fn size(bytes: u8) -> Size {
    match bytes {
        1 => Size::B1,
        2 => Size::B2,
        4 => Size::B4,
        _ => Size::B8,
    }
}

/// The address without its low three bits.
#[inline(always)]
fn quadword<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> E::V {
    let (address, mask) = (address(e, i), e.imm(!7));
    e.and(W64, address, mask)
}

/// LDQ_U.
pub(crate) fn ldq_u<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = quadword(e, i);
    let value = e.load(address, Mem::plain(Size::B8))?;
    e.put(i.ra, value);
    Ok(())
}

/// STQ_U.
pub(crate) fn stq_u<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = quadword(e, i);
    let value = e.get(i.ra);
    e.store(address, value, Mem::plain(Size::B8))
}

/// LDL_L and LDQ_L.
pub(crate) fn load_locked<E: Emit<Alpha>, const BYTES: u8>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = address(e, i);
    let mut value = e.load(address, Mem::plain(const { size(BYTES) }))?;
    if BYTES == 4 {
        value = e.sext32(value);
    }
    let block = lock_address(e, address);
    let one = e.imm(1);
    e.put(reg::LOCK, one);
    e.put(reg::LOCK_ADDRESS, block);
    e.put(i.ra, value);
    Ok(())
}

/// What the lock remembers of an address: its aligned 16 bytes.
#[inline(always)]
fn lock_address<E: Emit<Alpha>>(e: &mut E, address: E::V) -> E::V {
    let mask = e.imm(!15);
    e.and(W64, address, mask)
}

/// STL_C and STQ_C: Ra becomes whether it stored.
pub(crate) fn store_conditional<E: Emit<Alpha>, const BYTES: u8>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = address(e, i);
    let value = e.get(i.ra);
    let block = lock_address(e, address);
    let (locked, at) = (e.get(reg::LOCK), e.get(reg::LOCK_ADDRESS));
    let same = e.eq(W64, at, block);
    let pass = e.and(W64, same, locked);
    e.when(pass, |e| e.store(address, value, Mem::plain(const { size(BYTES) })))?;
    let zero = e.imm(0);
    e.put(reg::LOCK, zero);
    e.put(i.rc, pass);
    Ok(())
}

/// A load into a floating-point register; F31 only asks whether floating point is enabled.
#[inline(always)]
fn float_load<E: Emit<Alpha>>(
    e: &mut E,
    i: &Insn,
    size: Size,
    convert: impl FnOnce(&mut E, E::V) -> E::V,
) -> Result<(), E::Exit> {
    float::check(e)?;
    if i.ra == 31 {
        return Ok(());
    }
    let address = address(e, i);
    let value = e.load(address, Mem::plain(size))?;
    let value = convert(e, value);
    float::put(e, i.ra, value);
    Ok(())
}

/// LDT.
pub(crate) fn ldt<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_load(e, i, Size::B8, |_, value| value)
}

/// LDS.
pub(crate) fn lds<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_load(e, i, Size::B4, float::from_single)
}

/// LDG, which has words in the PDP-11's order.
pub(crate) fn ldg<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_load(e, i, Size::B8, float::swap_words)
}

/// LDF, likewise.
pub(crate) fn ldf<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_load(e, i, Size::B4, |e, value| {
        let half = e.imm(16);
        let value = e.ror(Width::W32, value, half);
        float::from_f(e, value)
    })
}

#[inline(always)]
fn float_store<E: Emit<Alpha>>(
    e: &mut E,
    i: &Insn,
    size: Size,
    convert: impl FnOnce(&mut E, E::V) -> E::V,
) -> Result<(), E::Exit> {
    float::check(e)?;
    let address = address(e, i);
    let value = e.vget(i.ra, 0);
    let value = convert(e, value);
    e.store(address, value, Mem::plain(size))
}

/// STT.
pub(crate) fn stt<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_store(e, i, Size::B8, |_, value| value)
}

/// STS.
pub(crate) fn sts<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_store(e, i, Size::B4, float::to_single)
}

/// STG.
pub(crate) fn stg<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_store(e, i, Size::B8, float::swap_words)
}

/// STF.
pub(crate) fn stf<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    float_store(e, i, Size::B4, |e, value| {
        let value = float::to_single(e, value);
        let half = e.imm(16);
        e.ror(Width::W32, value, half)
    })
}
