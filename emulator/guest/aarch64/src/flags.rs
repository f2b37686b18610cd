//! NZCV, kept so that setting them costs little.
//!
//! Comparisons set four flags and the next instruction tests one. The flags are therefore registers from which each
//! condition is cheap to get, and setting one is mostly a copy (see [`reg::N`] and its neighbours). This module is the
//! only place that knows the representation.

use lockstep_cpu::{Emit, REGS, Width};

use crate::ops::View;
use crate::{Aarch64, reg};

/// Equal.
pub const EQ: u8 = 0;
/// Not equal.
pub const NE: u8 = 1;
/// Carry set.
pub const CS: u8 = 2;
/// Carry clear.
pub const CC: u8 = 3;
/// Negative.
pub const MI: u8 = 4;
/// Positive or zero.
pub const PL: u8 = 5;
/// Overflow.
pub const VS: u8 = 6;
/// No overflow.
pub const VC: u8 = 7;
/// Unsigned higher.
pub const HI: u8 = 8;
/// Unsigned lower or same.
pub const LS: u8 = 9;
/// Signed greater or equal.
pub const GE: u8 = 10;
/// Signed less.
pub const LT: u8 = 11;
/// Signed greater.
pub const GT: u8 = 12;
/// Signed less or equal.
pub const LE: u8 = 13;
/// Always.
pub const AL: u8 = 14;
/// Always, too.
pub const NV: u8 = 15;

const W64: Width = Width::W64;

/// The flags as PSTATE has them: N in bit 31, Z, C, V in bit 28, nothing below.
#[must_use]
pub fn nzcv(regs: &[u64; REGS]) -> u32 {
    let n = (regs[usize::from(reg::N)] >> 63) as u32;
    let z = u32::from(regs[usize::from(reg::NOT_Z)] == 0);
    let c = regs[usize::from(reg::C)] as u32 & 1;
    let v = (regs[usize::from(reg::V)] >> 63) as u32;
    n << 31 | z << 30 | c << 29 | v << 28
}

/// Sets the flags from bits 31 to 28.
pub fn set_nzcv(regs: &mut [u64; REGS], nzcv: u32) {
    let [n, not_z, c, v] = from_bits((nzcv >> 28) as u8);
    regs[usize::from(reg::N)] = n;
    regs[usize::from(reg::NOT_Z)] = not_z;
    regs[usize::from(reg::C)] = c;
    regs[usize::from(reg::V)] = v;
}

/// The registers N, NOT_Z, C and V for the bits N, Z, C, V (8, 4, 2, 1).
fn from_bits(nzcv: u8) -> [u64; 4] {
    let bit = |place: u8| u64::from(nzcv >> place & 1);
    [bit(3) << 63, bit(2) ^ 1, bit(1), bit(0) << 63]
}

/// Sets the flags to four constant bits.
#[inline(always)]
pub(crate) fn set_constant<E: Emit<Aarch64>>(e: &mut E, nzcv: u8) {
    let values = from_bits(nzcv);
    for (flag, value) in [reg::N, reg::NOT_Z, reg::C, reg::V].into_iter().zip(values) {
        let value = e.imm(value);
        e.put(flag, value);
    }
}

/// Sets N and Z for a result (which is zero-extended).
#[inline(always)]
fn set_nz<E: Emit<Aarch64>, R: View>(e: &mut E, result: E::V) {
    let n = R::sign(e, result);
    e.put(reg::N, n);
    e.put(reg::NOT_Z, result);
}

/// Sets the flags for the result of a bitwise operation.
#[inline(always)]
pub(crate) fn set_logical<E: Emit<Aarch64>, R: View>(e: &mut E, result: E::V) {
    set_nz::<E, R>(e, result);
    let zero = e.imm(0);
    e.put(reg::C, zero);
    e.put(reg::V, zero);
}

/// Sets the flags for `sum = a + b`, or for `a + b + carry` when the carry out is given.
#[inline(always)]
pub(crate) fn set_sum<E: Emit<Aarch64>, R: View>(
    e: &mut E,
    (a, b, sum): (E::V, E::V, E::V),
    carry: Option<E::V>,
) {
    let c = match carry {
        Some(carry) => carry,
        None => e.ult(R::WIDTH, sum, a),
    };
    let changed_a = e.xor(W64, a, sum);
    let changed_b = e.xor(W64, b, sum);
    let overflow = e.and(W64, changed_a, changed_b);
    let v = R::sign(e, overflow);
    set_nz::<E, R>(e, sum);
    e.put(reg::C, c);
    e.put(reg::V, v);
}

/// Sets the flags for `difference = a - b`.
#[inline(always)]
pub(crate) fn set_difference<E: Emit<Aarch64>, R: View>(
    e: &mut E,
    (a, b, difference): (E::V, E::V, E::V),
) {
    let c = e.ule(R::WIDTH, b, a);
    let unlike = e.xor(W64, a, b);
    let changed = e.xor(W64, a, difference);
    let overflow = e.and(W64, unlike, changed);
    let v = R::sign(e, overflow);
    set_nz::<E, R>(e, difference);
    e.put(reg::C, c);
    e.put(reg::V, v);
}

/// 1 when the condition holds, else 0.
#[inline(always)]
pub(crate) fn holds<E: Emit<Aarch64>>(e: &mut E, condition: u8) -> E::V {
    let positive = match condition & !1 {
        EQ => {
            let (not_z, zero) = (e.get(reg::NOT_Z), e.imm(0));
            // Odd conditions negate, except here, where one comparison does.
            return if condition == EQ { e.eq(W64, not_z, zero) } else { e.ne(W64, not_z, zero) };
        }
        CS => e.get(reg::C),
        MI => bit_63(e, reg::N),
        VS => bit_63(e, reg::V),
        HI => {
            let (c, not_z, zero) = (e.get(reg::C), e.get(reg::NOT_Z), e.imm(0));
            let ne = e.ne(W64, not_z, zero);
            e.and(W64, c, ne)
        }
        GE => {
            let (n, v) = (e.get(reg::N), e.get(reg::V));
            let (unlike, zero) = (e.xor(W64, n, v), e.imm(0));
            e.sle(W64, zero, unlike)
        }
        GT => {
            let (n, v, not_z) = (e.get(reg::N), e.get(reg::V), e.get(reg::NOT_Z));
            let (unlike, zero) = (e.xor(W64, n, v), e.imm(0));
            let ge = e.sle(W64, zero, unlike);
            let ne = e.ne(W64, not_z, zero);
            e.and(W64, ge, ne)
        }
        _ => return e.imm(1),
    };
    if condition & 1 == 0 {
        return positive;
    }
    let one = e.imm(1);
    e.xor(W64, positive, one)
}

#[inline(always)]
fn bit_63<E: Emit<Aarch64>>(e: &mut E, flag: u8) -> E::V {
    let (value, places) = (e.get(flag), e.imm(63));
    e.shr(W64, value, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a flag that does not survive an exception and its return.
    #[test]
    fn nzcv_round_trips() {
        let mut regs = [0x5a5a; REGS];
        for bits in 0..16 {
            set_nzcv(&mut regs, bits << 28);
            assert_eq!(nzcv(&regs), bits << 28);
        }
    }
}
