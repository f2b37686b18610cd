//! What is neither arithmetic nor memory: barriers, hints, the cycle counter, and encodings that mean nothing.

use lockstep_cpu::{Cx, Emit, Exit};

use crate::insn::reg;
use crate::{Alpha, Exception, Insn, InsnFault};

/// The features that AMASK clears the bits of, for EV67: BWX, FIX, CIX, MVI and precise arithmetic traps (appendix D).
pub(crate) const AMASK: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 8 | 1 << 9;
/// What IMPLVER gives for a 21264.
pub(crate) const IMPLVER: u64 = 2;

/// An encoding that is reserved to Digital: OPCDEC.
pub(crate) fn reserved<E: Emit<Alpha>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    e.raise(Exception::Instruction(InsnFault::Opcode))
}

/// Barriers and hints. One processor at a time runs, in order, without caches; and arithmetic traps are precise, so that
/// nothing needs to be waited for.
pub(crate) fn nothing<E: Emit<Alpha>>(_e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    Ok(())
}

/// The cycle counter's low half: virtual time at the board's frequency.
pub(crate) fn cycles(cx: &Cx<Alpha>) -> u32 {
    const SECOND: u64 = 1_000_000_000;
    let (frequency, ns) = (cx.platform.cycle_frequency(), cx.bp.now().as_ns());
    // Nothing here is above 2^64 for 500 years, at up to 1 GHz.
    (ns / SECOND * frequency + ns % SECOND * frequency / SECOND) as u32
}

fn rpcc_helper(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    Ok(u64::from(cx.cpu.sys.cycle_offset) << 32 | u64::from(cycles(cx)))
}

/// RPCC.
pub(crate) fn rpcc<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let zero = e.imm(0);
    let count = e.call(rpcc_helper, [zero; 3])?;
    e.put(i.ra, count);
    Ok(())
}

/// RC and RS: Ra becomes the interrupt flag, which becomes 0 or 1.
pub(crate) fn interrupt_flag<E: Emit<Alpha>, const VALUE: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let (old, new) = (e.get(reg::INTR), e.imm(VALUE));
    e.put(reg::INTR, new);
    e.put(i.ra, old);
    Ok(())
}
