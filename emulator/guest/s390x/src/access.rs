//! Address-space numbers, program calls and the linkage stack.
//!
//! The kernels that this machine runs name their address spaces by control registers and access registers
//! ([`crate::access_registers`]). What needs tables of address-space numbers (PROGRAM CALL, the linkage stack) says so loudly.

use lockstep_cpu::{Cx, Exit};

use crate::control_ops::check_extraction;
use crate::exceptions::{code, program, unimplemented};
use crate::long::set_cc;
use crate::system::privileged;
use crate::{S390x, Text, access_registers, psw, reg};

type Helped = Result<u64, Exit<S390x>>;

fn r1(text: u64) -> usize {
    usize::from(Text(text).nibble(6))
}

/// Extracts the low or high half of a control register, with DAT on.
fn extract(cx: &mut Cx<S390x>, text: u64, control: usize, mask: u64, high: bool) -> Helped {
    check_extraction(cx)?;
    if cx.cpu.sys.mask & psw::DAT == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let value = cx.cpu.sys.cr[control];
    let register = &mut cx.cpu.regs[r1(text)];
    *register = if high {
        *register & 0xffff_ffff | value & !0xffff_ffff
    } else {
        *register & !0xffff_ffff | value & mask
    };
    Ok(0)
}

/// EXTRACT PRIMARY ASN.
pub(crate) fn epar(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 4, 0xffff, false)
}

/// EXTRACT PRIMARY ASN AND INSTANCE.
pub(crate) fn epair(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 4, 0xffff, false)?;
    extract(cx, args[2], 4, 0, true)
}

/// EXTRACT SECONDARY ASN.
pub(crate) fn esar(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 3, 0xffff, false)
}

/// EXTRACT SECONDARY ASN AND INSTANCE.
pub(crate) fn esair(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 3, 0xffff, false)?;
    extract(cx, args[2], 3, 0, true)
}

/// EXTRACT AND SET EXTENDED AUTHORITY.
pub(crate) fn esea(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let register = &mut cx.cpu.regs[r1(text)];
    let (new, old) = (*register & 0xffff, cx.cpu.sys.cr[8] >> 16 & 0xffff);
    *register = *register & !0xffff_ffff | old << 16 | new;
    cx.cpu.sys.cr[8] = cx.cpu.sys.cr[8] & !0xffff_0000 | new << 16;
    Ok(0)
}

macro_rules! absent {
    ($($name:ident = $text:literal;)*) => {
        $(
            #[doc = $text]
            pub(crate) fn $name(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
                unimplemented(cx, concat!($text, ": address-space numbers and the linkage stack"))
            }
        )*
    };
}

absent! {
    pc = "PROGRAM CALL";
    pr = "PROGRAM RETURN";
    pt = "PROGRAM TRANSFER";
    pti = "PROGRAM TRANSFER WITH INSTANCE";
    bakr = "BRANCH AND STACK";
    bsa = "BRANCH AND SET AUTHORITY";
    bsg = "BRANCH IN SUBSPACE GROUP";
    ereg = "EXTRACT STACKED REGISTERS of words";
    eregg = "EXTRACT STACKED REGISTERS of doublewords";
    esta = "EXTRACT STACKED STATE";
    msta = "MODIFY STACKED STATE";
    ssar = "SET SECONDARY ASN";
    ssair = "SET SECONDARY ASN WITH INSTANCE";
    lasp = "LOAD ADDRESS SPACE PARAMETERS";
    rp = "RESUME PROGRAM";
}

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
