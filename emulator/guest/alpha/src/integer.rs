//! Integer operates: one meaning for those that cannot fail, and one for those that can overflow.

use lockstep_cpu::{Cx, Emit, Exit};

use crate::ops::{Operate, Overflowing, Second};
use crate::{Alpha, Exception, Insn, summary};

/// The operands, literal or not.
#[inline(always)]
fn operands<E: Emit<Alpha>, B: Second>(e: &mut E, i: &Insn) -> (E::V, E::V) {
    let a = e.get(i.ra);
    let b = if B::LITERAL { e.imm(i.imm as u64) } else { e.get(i.rb) };
    (a, b)
}

/// Rc becomes what the operation makes of Ra and Rb or a literal.
pub(crate) fn operate<E: Emit<Alpha>, O: Operate, B: Second>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let a = e.get(i.ra);
    let b = if B::LITERAL {
        e.imm(O::literal(i.imm as u64))
    } else {
        let b = e.get(i.rb);
        O::register(e, b)
    };
    let result = O::apply(e, i, a, b)?;
    e.put(i.rc, result);
    Ok(())
}

/// The same, with a trap when the result is not the true one.
pub(crate) fn overflowing<E: Emit<Alpha>, O: Overflowing, B: Second>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (a, b) = operands::<E, B>(e, i);
    let (result, overflows) = O::apply(e, a, b);
    e.when(overflows, |e| {
        let (rc, zero) = (e.imm(i.rc.into()), e.imm(0));
        e.call(overflow, [result, rc, zero]).map(drop)
    })?;
    e.put(i.rc, result);
    Ok(())
}

/// Puts a result that overflowed, and traps: `args` are it and its register.
fn overflow(cx: &mut Cx<Alpha>, [result, rc, _]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    cx.put(rc as u8, result);
    let mask = 1 << (rc & 31);
    Err(Exit::Exception(Exception::Arithmetic { summary: summary::INTEGER_OVERFLOW, mask }))
}
