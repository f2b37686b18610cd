//! Supervisor instructions.

use lockstep_cpu::{Cx, Emit, Exit};

use crate::exceptions::{code, program};
use crate::{Exception, Insn, Program, S390x, psw};

type Result<T> = std::result::Result<T, Exit<S390x>>;

/// An operation code that there is not.
pub(crate) fn operation<E: Emit<S390x>>(e: &mut E, _i: &Insn) -> std::result::Result<(), E::Exit> {
    e.raise(Exception::Program(Program::new(code::OPERATION)))
}

/// SUPERVISOR CALL.
pub(crate) fn svc<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    e.raise(Exception::Supervisor(i.imm as u8))
}

/// Refuses the problem state.
pub(crate) fn privileged(cx: &Cx<S390x>) -> Result<()> {
    if cx.cpu.sys.mask & psw::PROBLEM != 0 { Err(program(code::PRIVILEGED)) } else { Ok(()) }
}
