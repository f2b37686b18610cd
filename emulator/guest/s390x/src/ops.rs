//! What meanings share: addresses, condition codes, halves of registers, and calling helpers.

use lockstep_cpu::{Emit, Helper, Reg, Width};

use crate::{Insn, S390x, reg};

pub(crate) const W32: Width = Width::W32;
pub(crate) const W64: Width = Width::W64;

/// Base and displacement.
#[inline(always)]
pub(crate) fn based<E: Emit<S390x>>(e: &mut E, b: Reg, d: i32) -> E::V {
    if b == reg::ZERO {
        return e.imm(d as u64);
    }
    let base = e.get(b);
    if d == 0 { base } else { e.add_imm(W64, base, d.into()) }
}

/// The address of the only or second storage operand. It may have bits beyond the addressing mode, which accesses ignore.
#[inline(always)]
pub(crate) fn address<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    let place = based(e, i.b2, i.d2);
    if i.x2 == reg::ZERO || i.x2 == 0 {
        return place;
    }
    let index = e.get(i.x2);
    e.add(W64, place, index)
}

/// The address of the first of two storage operands.
#[inline(always)]
pub(crate) fn first_address<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    based(e, i.b1, i.d1)
}

/// Cut to the addressing mode.
#[inline(always)]
pub(crate) fn cut_address<E: Emit<S390x>>(e: &mut E, address: E::V) -> E::V {
    let mask = e.get(reg::ADDRESS);
    e.and(W64, address, mask)
}

/// Puts an address into a register as LOAD ADDRESS does: bits 0 to 31 stay in the short addressing modes.
#[inline(always)]
pub(crate) fn put_address<E: Emit<S390x>>(e: &mut E, r: Reg, address: E::V) {
    let address = cut_address(e, address);
    let (old, keep) = (e.get(r), e.get(reg::KEEP));
    let kept = e.and(W64, old, keep);
    let result = e.or(W64, kept, address);
    e.put(r, result);
}

/// The low half of a register changes, the high half stays.
#[inline(always)]
pub(crate) fn put_low<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
    let (old, mask) = (e.get(r), e.imm(!0xffff_ffff));
    let high = e.and(W64, old, mask);
    let low = e.zext32(value);
    let result = e.or(W64, high, low);
    e.put(r, result);
}

/// The high half of a register changes to the low half of a value.
#[inline(always)]
pub(crate) fn put_high<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
    let (old, half) = (e.get(r), e.imm(32));
    let low = e.zext32(old);
    let high = e.shl(W64, value, half);
    let result = e.or(W64, high, low);
    e.put(r, result);
}

/// The high half of a register.
#[inline(always)]
pub(crate) fn get_high<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
    let (value, half) = (e.get(r), e.imm(32));
    e.shr(W64, value, half)
}

/// Calls the helper that is an instruction's meaning, with the addresses of its storage operands and its text, whose last byte,
/// which no instruction has, is the length of what executes it.
#[inline(always)]
pub(crate) fn help<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<S390x>,
) -> Result<(), E::Exit> {
    let (first, second) = (first_address(e, i), address(e, i));
    let (first, second) = (cut_address(e, first), cut_address(e, second));
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(helper, [first, second, text])?;
    Ok(())
}
