//! Asking what access registers name.

use lockstep_cpu::{Cx, Exit};

use crate::long::set_cc;
use crate::system::privileged;
use crate::{S390x, Text, access_registers, reg};

type Helped = Result<u64, Exit<S390x>>;

/// TEST ACCESS: 0 the primary space, 1 and 2 by the dispatchable unit's and the primary space's list, 3 the secondary space or none.
pub(crate) fn tar(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let text = Text(text);
    // Register 0 is as good as others here.
    let token = cx.cpu.regs[usize::from(reg::ACCESS + text.nibble(6))] as u32;
    let index = (cx.cpu.regs[usize::from(text.nibble(7))] >> 16) as u16;
    let code = access_registers::test(cx, token, index)?;
    set_cc(cx, code);
    Ok(0)
}

/// PURGE ALB: nothing is kept of access lists.
pub(crate) fn palb(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    Ok(0)
}
