//! Address-space numbers, program calls and the linkage stack.
//!
//! The kernels that this machine runs name their address spaces by control registers alone. What needs tables of address-space
//! numbers (PROGRAM CALL, the linkage stack, access lists) says so loudly.

use lockstep_cpu::{Cx, Exit};

use crate::control_ops::check_extraction;
use crate::exceptions::{code, program, unimplemented};
use crate::system::privileged;
use crate::{S390x, Text, psw};

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
    tar = "TEST ACCESS";
    lasp = "LOAD ADDRESS SPACE PARAMETERS";
    rp = "RESUME PROGRAM";
}

/// PURGE ALB: nothing is kept of access lists.
pub(crate) fn palb(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    Ok(0)
}
