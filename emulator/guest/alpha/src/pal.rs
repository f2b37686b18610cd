//! OSF/1 PALcode.

use lockstep_core::StopReason;
use lockstep_cpu::{Cx, Request};

use crate::Alpha;
use crate::insn::reg;

/// The kernel has no stack to save state on: nothing can go on.
pub(crate) fn kernel_stack_not_valid(cx: &mut Cx<Alpha>) {
    let sp = cx.cpu.regs[usize::from(reg::SP)];
    let report = format!("kernel stack not valid: SP {sp:#x}, PC {:#x}", cx.cpu.pc);
    cx.ask(Request::Stop(StopReason::Unimplemented(report)));
}
