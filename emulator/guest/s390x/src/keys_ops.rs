//! Instructions on storage keys.

use lockstep_cpu::{Access, Cx, Exit};

use crate::control_ops::check_extraction;
use crate::exceptions::{code, program};
use crate::keys::{ACCESS_CONTROL, CHANGE, FETCH_PROTECTION, REFERENCE};
use crate::long::set_cc;
use crate::mmu::{self, absolute};
use crate::storage;
use crate::system::privileged;
use crate::{S390x, Text, access_registers};

type Helped = Result<u64, Exit<S390x>>;

fn fields(text: u64) -> (usize, u8) {
    (usize::from(Text(text).nibble(6)), Text(text).nibble(7))
}

/// The absolute address of the frame whose real address is in a register.
fn frame(cx: &Cx<S390x>, register: u8) -> Result<u64, Exit<S390x>> {
    let real = storage::address_in(cx, register);
    let at = absolute(cx.cpu.sys.prefix, real) & !0xfff;
    if cx.mem.is_memory(at) { Ok(at) } else { Err(program(code::ADDRESSING)) }
}

fn put_byte(cx: &mut Cx<S390x>, r1: usize, byte: u8) {
    cx.cpu.regs[r1] = cx.cpu.regs[r1] & !0xff | u64::from(byte);
}

/// INSERT STORAGE KEY EXTENDED.
pub(crate) fn iske(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let at = frame(cx, r2)?;
    let key = cx.platform.keys().get(at);
    put_byte(cx, r1, key);
    Ok(0)
}

/// INSERT VIRTUAL STORAGE KEY: without reference and change bits.
pub(crate) fn ivsk(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    check_extraction(cx)?;
    let (r1, r2) = fields(text);
    if cx.cpu.sys.mask & crate::psw::DAT == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let address = storage::address_in(cx, r2);
    access_registers::operand(cx, r2);
    let real = mmu::real_address(cx, address)?;
    let at = absolute(cx.cpu.sys.prefix, real);
    if !cx.mem.is_memory(at) {
        return Err(program(code::ADDRESSING));
    }
    let key = cx.platform.keys().get(at) & (ACCESS_CONTROL | FETCH_PROTECTION);
    put_byte(cx, r1, key);
    Ok(0)
}

/// Mask bits of SET STORAGE KEY EXTENDED.
const REFERENCE_BYPASS: u8 = 4;
const CHANGE_BYPASS: u8 = 2;
const MULTIPLE: u8 = 1;

/// Sets a frame's key as far as the mask says; true if it had to be.
fn set_key(cx: &mut Cx<S390x>, at: u64, key: u8, mask: u8) -> (u8, bool) {
    let old = cx.platform.keys().get(at);
    let conditional = mask & (REFERENCE_BYPASS | CHANGE_BYPASS) != 0;
    let mut looked_at = ACCESS_CONTROL | FETCH_PROTECTION | REFERENCE | CHANGE;
    if conditional {
        if mask & REFERENCE_BYPASS != 0 {
            looked_at &= !REFERENCE;
        }
        if mask & CHANGE_BYPASS != 0 {
            looked_at &= !CHANGE;
        }
        if (old ^ key) & looked_at == 0 {
            return (old, false);
        }
    }
    mmu::set_key(cx, at, key);
    (old, true)
}

/// SET STORAGE KEY EXTENDED.
pub(crate) fn sske(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let mask = Text(text).nibble(4) & 7;
    let key = cx.cpu.regs[r1] as u8;
    if mask & MULTIPLE != 0 && crate::facilities::is_installed(8) {
        return set_keys_of_segment(cx, r2, key, mask);
    }
    let at = frame(cx, r2)?;
    let (old, set) = set_key(cx, at, key, mask);
    if mask & (REFERENCE_BYPASS | CHANGE_BYPASS) != 0 {
        let register = &mut cx.cpu.regs[r1];
        *register = *register & !0xff00 | u64::from(old) << 8;
        set_cc(cx, u64::from(set));
    }
    Ok(0)
}

/// Frames that a step of a multiple-block operation processes: up to the end of a megabyte, and at most this many.
const FRAMES: u64 = 32;

/// The multiple-block form: up to the end of the megabyte, in steps.
fn set_keys_of_segment(cx: &mut Cx<S390x>, r2: u8, key: u8, mask: u8) -> Helped {
    let mut address = storage::address_in(cx, r2) & !0xfff;
    for _ in 0..FRAMES {
        let at = address;
        if !cx.mem.is_memory(at) {
            return Err(program(code::ADDRESSING));
        }
        set_key(cx, at, key, mask);
        address += 0x1000;
        if address & 0xf_ffff == 0 {
            storage::put_address(cx, r2, address);
            if mask & (REFERENCE_BYPASS | CHANGE_BYPASS) != 0 {
                set_cc(cx, 3);
            }
            return Ok(0);
        }
    }
    storage::put_address(cx, r2, address);
    crate::long::again(cx);
    Ok(0)
}

/// Takes a frame's reference bit away; gives it and the change bit as they were.
fn reset_reference(cx: &mut Cx<S390x>, at: u64) -> u8 {
    let old = cx.platform.keys().get(at);
    mmu::set_key(cx, at, old & !REFERENCE);
    old >> 1 & 3
}

/// RESET REFERENCE BIT EXTENDED.
pub(crate) fn rrbe(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let at = frame(cx, fields(text).1)?;
    let bits = reset_reference(cx, at);
    set_cc(cx, bits.into());
    Ok(0)
}

/// Reference bits of 64 frames, and whether they are reset.
fn reference_bits(cx: &mut Cx<S390x>, text: u64, reset: bool) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let start = storage::address_in(cx, r2) & !0x3_ffff;
    let mut bits = 0;
    for number in 0..64 {
        let at = absolute(cx.cpu.sys.prefix, start + number * 0x1000);
        if !cx.mem.is_memory(at) {
            return Err(program(code::ADDRESSING));
        }
        let key = cx.platform.keys().get(at);
        bits |= u64::from(key & REFERENCE != 0) << (63 - number);
        if reset {
            reset_reference(cx, at);
        }
    }
    cx.cpu.regs[r1] = bits;
    Ok(0)
}

/// RESET REFERENCE BITS MULTIPLE.
pub(crate) fn rrbm(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    reference_bits(cx, text, true)
}

/// INSERT REFERENCE BITS MULTIPLE: its facility is absent.
pub(crate) fn irbm(_cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    Err(program(code::OPERATION))
}

/// PERFORM FRAME MANAGEMENT FUNCTION: sets keys and clears frames, of 4 KiB at once or of larger ones in steps.
pub(crate) fn pfmf(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = fields(text);
    let control = cx.cpu.regs[r1];
    let (sets, clears) = (control & 0x2_0000 != 0, control & 0x1_0000 != 0);
    if control & 0xfffc_0101 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let size = match control >> 12 & 7 {
        0 => 0x1000,
        1 => 0x10_0000,
        2 => 0x8000_0000,
        _ => return Err(program(code::SPECIFICATION)),
    };
    let mut address = storage::address_in(cx, r2) & !0xfff;
    let single = size == 0x1000;
    if clears {
        mmu::check_clearing(cx, address)?;
    }
    for _ in 0..if single { 1 } else { FRAMES } {
        let at = if single { absolute(cx.cpu.sys.prefix, address) } else { address };
        if !cx.mem.is_memory(at) {
            return Err(program(code::ADDRESSING));
        }
        if clears {
            cx.platform.keys().note(at, REFERENCE | CHANGE);
            let _ = cx.mem.write_bytes(at, &[0; 4096]);
            storage::notice_code(cx);
        }
        if sets {
            let mask = (control >> 8) as u8 & (REFERENCE_BYPASS | CHANGE_BYPASS);
            set_key(cx, at, control as u8, mask);
        }
        address += 0x1000;
        if !single && address & (size - 1) == 0 {
            storage::put_address(cx, r2, address);
            return Ok(0);
        }
    }
    if !single {
        storage::put_address(cx, r2, address);
        crate::long::again(cx);
    }
    Ok(0)
}

/// TEST BLOCK: clears a frame, which is always usable.
pub(crate) fn tb(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let real = storage::address_in(cx, fields(text).1) & !0xfff;
    mmu::check_clearing(cx, real)?;
    let at = absolute(cx.cpu.sys.prefix, real);
    if !cx.mem.is_memory(at) {
        return Err(program(code::ADDRESSING));
    }
    cx.platform.keys().note(at, REFERENCE | CHANGE);
    let _ = cx.mem.write_bytes(at, &[0; 4096]);
    storage::notice_code(cx);
    cx.cpu.regs[0] = 0;
    set_cc(cx, 0);
    Ok(0)
}

/// TEST PROTECTION: 0 fetch and store, 1 fetch only, 2 neither, 3 no translation. The key is in the second-operand address.
pub(crate) fn tprot(cx: &mut Cx<S390x>, [place, key, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    storage::first(cx, text);
    let space = match mmu::data_space(cx) {
        Err(Exit::Exception(crate::Exception::Program(program)))
            if program.code != code::ADDRESSING =>
        {
            set_cc(cx, 3);
            return Ok(0);
        }
        space => space?,
    };
    let space = crate::sys::Space { key: (key >> 4) as u8 & 15, ..space };
    let code_of = |result: Result<(), Exit<S390x>>| match result {
        Ok(()) => Ok(None),
        Err(Exit::Exception(crate::Exception::Program(program))) => Ok(Some(program.code)),
        Err(other) => Err(other),
    };
    let missing = |code| {
        matches!(
            code,
            code::SEGMENT
                | code::PAGE
                | code::ASCE_TYPE
                | code::REGION_FIRST
                | code::REGION_SECOND
                | code::REGION_THIRD
        )
    };
    let test = |cx: &mut Cx<S390x>, access| {
        storage::within(cx, space, |cx| code_of(mmu::test(cx, place, access)))
    };
    let result = match test(cx, Access::Read)? {
        Some(code) if missing(code) => 3,
        Some(code::PROTECTION) => 2,
        Some(code) => return Err(program(code)),
        None if test(cx, Access::Write)?.is_some() => 1,
        None => 0,
    };
    set_cc(cx, result);
    Ok(0)
}
