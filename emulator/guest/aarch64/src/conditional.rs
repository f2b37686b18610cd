//! Conditional comparison and selection.

use lockstep_cpu::Emit;

use crate::integer::set_flags;
use crate::ops::{Sum, View};
use crate::{Aarch64, Insn, flags};

/// Compares when the condition in `aux` holds, else sets the flags to the bits in `amount`.
#[inline(always)]
fn compare_values<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
    b: E::V,
) -> Result<(), E::Exit> {
    let a = e.get(i.rn);
    let holds = flags::holds(e, i.aux);
    e.if_else(
        holds,
        |e| {
            let result = if O::SUBTRACT { e.sub(R::WIDTH, a, b) } else { e.add(R::WIDTH, a, b) };
            set_flags::<E, R, O>(e, a, b, result);
            Ok(())
        },
        |e| {
            flags::set_constant(e, i.amount);
            Ok(())
        },
    )
}

/// CCMN and CCMP (register).
pub(crate) fn compare<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let b = e.get(i.rm);
    compare_values::<E, R, O>(e, i, b)
}

/// CCMN and CCMP (immediate).
pub(crate) fn compare_imm<E: Emit<Aarch64>, R: View, O: Sum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let b = e.imm(i.imm as u64);
    compare_values::<E, R, O>(e, i, b)
}

/// `rn` when the condition in `aux` holds, else what `otherwise` makes of `rm`.
#[inline(always)]
fn choose<E: Emit<Aarch64>, R: View>(
    e: &mut E,
    i: &Insn,
    otherwise: impl FnOnce(&mut E, E::V) -> E::V,
) -> Result<(), E::Exit> {
    let (a, b) = (e.get(i.rn), e.get(i.rm));
    let b = otherwise(e, b);
    let holds = flags::holds(e, i.aux);
    let chosen = e.select(holds, a, b);
    let result = R::cut(e, chosen);
    e.put(i.rd, result);
    Ok(())
}

/// CSEL.
pub(crate) fn csel<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    choose::<E, R>(e, i, |_, b| b)
}

/// CSINC.
pub(crate) fn csinc<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    choose::<E, R>(e, i, |e, b| e.add_imm(R::WIDTH, b, 1))
}

/// CSINV.
pub(crate) fn csinv<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    choose::<E, R>(e, i, |e, b| e.not(R::WIDTH, b))
}

/// CSNEG.
pub(crate) fn csneg<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    choose::<E, R>(e, i, |e, b| e.unary(lockstep_cpu::Unary::Neg, R::WIDTH, b))
}
