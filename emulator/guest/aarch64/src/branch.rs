//! Branches. A misaligned target faults when it is fetched, not here.

use lockstep_cpu::{Emit, Width};

use crate::ops::View;
use crate::{Aarch64, Insn, flags};

/// The register that BL and BLR put the return address into.
const LINK: u8 = 30;

/// B.
pub(crate) fn b<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    e.jump_rel(i.imm);
    Ok(())
}

/// BL.
pub(crate) fn bl<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    link(e);
    e.jump_rel(i.imm);
    Ok(())
}

#[inline(always)]
fn link<E: Emit<Aarch64>>(e: &mut E) {
    let pc = e.pc();
    let next = e.add_imm(Width::W64, pc, 4);
    e.put(LINK, next);
}

/// B.cond.
pub(crate) fn b_cond<E: Emit<Aarch64>, const CONDITION: u8>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let holds = flags::holds(e, CONDITION);
    e.branch_rel(holds, i.imm);
    Ok(())
}

/// CBZ.
pub(crate) fn cbz<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (value, zero) = (e.get(i.rd), e.imm(0));
    let c = e.eq(R::WIDTH, value, zero);
    e.branch_rel(c, i.imm);
    Ok(())
}

/// CBNZ.
pub(crate) fn cbnz<E: Emit<Aarch64>, R: View>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (value, zero) = (e.get(i.rd), e.imm(0));
    let c = e.ne(R::WIDTH, value, zero);
    e.branch_rel(c, i.imm);
    Ok(())
}

#[inline(always)]
fn tested<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> E::V {
    let (value, bit) = (e.get(i.rd), e.imm(1 << i.amount));
    e.and(Width::W64, value, bit)
}

/// TBZ.
pub(crate) fn tbz<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let (bit, zero) = (tested(e, i), e.imm(0));
    let c = e.eq(Width::W64, bit, zero);
    e.branch_rel(c, i.imm);
    Ok(())
}

/// TBNZ.
pub(crate) fn tbnz<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let bit = tested(e, i);
    e.branch_rel(bit, i.imm);
    Ok(())
}

/// BR and RET.
pub(crate) fn br<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let target = e.get(i.rn);
    e.jump(target);
    Ok(())
}

/// BLR: the target is read first, because it may be X30.
pub(crate) fn blr<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let target = e.get(i.rn);
    link(e);
    e.jump(target);
    Ok(())
}
