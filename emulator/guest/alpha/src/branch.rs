//! Branches (section 4.3 and 4.9). Targets are whole instructions: their low two bits are cleared.

use lockstep_cpu::{Emit, Width};

use crate::{Alpha, Insn, float};

const W64: Width = Width::W64;

/// What a conditional branch asks of Ra.
pub(crate) trait Condition {
    /// Not 0 when the branch is taken.
    fn holds<E: Emit<Alpha>>(e: &mut E, a: E::V) -> E::V;
}

macro_rules! conditions {
    ($($name:ident($e:ident, $a:ident) $body:block)*) => {
        $(
            pub(crate) struct $name;
            impl Condition for $name {
                #[inline(always)]
                fn holds<E: Emit<Alpha>>($e: &mut E, $a: E::V) -> E::V $body
            }
        )*
    };
}

/// A floating-point value without its sign.
#[inline(always)]
fn magnitude<E: Emit<Alpha>>(e: &mut E, a: E::V) -> E::V {
    let mask = e.imm(u64::MAX >> 1);
    e.and(W64, a, mask)
}

/// Minus zero is zero, and everything else has the order of signed integers around it.
#[inline(always)]
fn without_minus_zero<E: Emit<Alpha>>(e: &mut E, a: E::V) -> E::V {
    let (minus_zero, zero) = (e.imm(1 << 63), e.imm(0));
    let is_minus_zero = e.eq(W64, a, minus_zero);
    e.select(is_minus_zero, zero, a)
}

conditions! {
    Eq(e, a) { let zero = e.imm(0); e.eq(W64, a, zero) }
    Ne(e, a) { let zero = e.imm(0); e.ne(W64, a, zero) }
    Lt(e, a) { let zero = e.imm(0); e.slt(W64, a, zero) }
    Ge(e, a) { let zero = e.imm(0); e.sle(W64, zero, a) }
    Le(e, a) { let zero = e.imm(0); e.sle(W64, a, zero) }
    Gt(e, a) { let zero = e.imm(0); e.slt(W64, zero, a) }
    LowSet(e, a) { let one = e.imm(1); e.and(W64, a, one) }
    LowClear(e, a) { let one = e.imm(1); let low = e.and(W64, a, one); e.xor(W64, low, one) }
    FloatEq(e, a) { let a = magnitude(e, a); Eq::holds(e, a) }
    FloatNe(e, a) { let a = magnitude(e, a); Ne::holds(e, a) }
    FloatLt(e, a) { let a = without_minus_zero(e, a); Lt::holds(e, a) }
    FloatGe(e, a) { let a = without_minus_zero(e, a); Ge::holds(e, a) }
    FloatLe(e, a) { Le::holds(e, a) }
    FloatGt(e, a) { Gt::holds(e, a) }
}

/// A conditional branch on an integer register.
pub(crate) fn conditional<E: Emit<Alpha>, C: Condition>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let a = e.get(i.ra);
    let c = C::holds(e, a);
    e.branch_rel(c, i.imm);
    Ok(())
}

/// A conditional branch on a floating-point register.
pub(crate) fn conditional_float<E: Emit<Alpha>, C: Condition>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    float::check(e)?;
    let a = e.vget(i.ra, 0);
    let c = C::holds(e, a);
    e.branch_rel(c, i.imm);
    Ok(())
}

/// Ra becomes the address of the next instruction.
#[inline(always)]
fn link<E: Emit<Alpha>>(e: &mut E, i: &Insn) {
    let pc = e.pc();
    let next = e.add_imm(W64, pc, 4);
    e.put(i.ra, next);
}

/// BR and BSR.
pub(crate) fn br<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    link(e, i);
    e.jump_rel(i.imm);
    Ok(())
}

/// JMP, JSR, RET and JSR_COROUTINE: the target is read first, because it may be Ra.
pub(crate) fn jump<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (target, mask) = (e.get(i.rb), e.imm(!3));
    let target = e.and(W64, target, mask);
    link(e, i);
    e.jump(target);
    Ok(())
}
