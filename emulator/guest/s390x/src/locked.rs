//! PERFORM LOCKED OPERATION.

use lockstep_cpu::{Cx, Exit};

use crate::S390x;
use crate::exceptions::unimplemented;
use crate::long::set_cc;

/// Function codes there are.
const FUNCTIONS: u64 = 24;

/// General register 0 has the function code, or asks whether one is there.
pub(crate) fn perform(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Result<u64, Exit<S390x>> {
    let (function, test) = (cx.cpu.regs[0] & 0xff, cx.cpu.regs[0] & 0x100 != 0);
    if test {
        set_cc(cx, if function < FUNCTIONS { 0 } else { 3 });
        return Ok(0);
    }
    unimplemented(cx, &format!("PERFORM LOCKED OPERATION, function {function}"))
}
