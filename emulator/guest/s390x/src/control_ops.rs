//! Instructions that change the PSW and the control registers.

use lockstep_cpu::{Cx, Exit};

use crate::control::cr0;
use crate::exceptions::{self, code, program};
use crate::linkage::following;
use crate::long::set_cc;
use crate::mmu::asce;
use crate::program_call::{go, space_switch};
use crate::system::{check_key, privileged};
use crate::timing_ops::aligned;
use crate::{S390x, Text, mmu, per, psw, storage, trace};

type Helped = Result<u64, Exit<S390x>>;

/// LOAD PSW EXTENDED.
pub(crate) fn lpswe(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let mut bytes = [0; 16];
    storage::fetch(cx, place, &mut bytes)?;
    let psw = u128::from_be_bytes(bytes);
    exceptions::load_psw(cx, (psw >> 64) as u64, psw as u64);
    Ok(0)
}

/// LOAD PSW: the short format, whose bit 12 is one.
pub(crate) fn lpsw(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let mut bytes = [0; 8];
    storage::fetch(cx, place, &mut bytes)?;
    let short = u64::from_be_bytes(bytes);
    if short & psw::SHORT == 0 {
        return Err(program(code::SPECIFICATION));
    }
    let mask = (short ^ psw::SHORT) & 0xffff_ffff_8000_0000;
    exceptions::load_psw(cx, mask, short & 0x7fff_ffff);
    Ok(0)
}

/// Changes the PSW's first half, and what follows from it.
fn change(cx: &mut Cx<S390x>, mask: u64) {
    cx.cpu.sys.mask = mask;
    psw::derive(&mut cx.cpu);
    cx.refetch();
    exceptions::attend_if_interrupted(cx);
}

/// Puts the system mask.
fn set_system_mask(cx: &mut Cx<S390x>, byte: u8) {
    let mask = cx.cpu.sys.mask & !(0xff << 56) | u64::from(byte) << 56;
    change(cx, mask);
}

/// SET SYSTEM MASK. CR0 may forbid it.
pub(crate) fn ssm(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    if cx.cpu.sys.cr[0] & cr0::NO_SSM != 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let mut byte = [0];
    storage::fetch(cx, place, &mut byte)?;
    set_system_mask(cx, byte[0]);
    Ok(0)
}

fn system_mask(cx: &Cx<S390x>) -> u8 {
    (cx.cpu.sys.mask >> 56) as u8
}

/// STORE THEN AND SYSTEM MASK.
pub(crate) fn stnsm(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let old = system_mask(cx);
    storage::store(cx, place, &[old])?;
    set_system_mask(cx, old & Text(text).byte(1));
    Ok(0)
}

/// STORE THEN OR SYSTEM MASK.
pub(crate) fn stosm(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let old = system_mask(cx);
    storage::store(cx, place, &[old])?;
    set_system_mask(cx, old | Text(text).byte(1));
    Ok(0)
}

/// EXTRACT PSW.
pub(crate) fn epsw(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = (usize::from(Text(text).nibble(6)), usize::from(Text(text).nibble(7)));
    let mask = psw::mask(&cx.cpu);
    let regs = &mut cx.cpu.regs;
    regs[r1] = regs[r1] & !0xffff_ffff | mask >> 32;
    if r2 != 0 {
        regs[r2] = regs[r2] & !0xffff_ffff | mask & 0xffff_ffff;
    }
    Ok(0)
}

/// SET PSW KEY FROM ADDRESS.
pub(crate) fn spka(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    let key = (place >> 4) as u8 & 15;
    check_key(cx, key)?;
    let mask = cx.cpu.sys.mask & !psw::KEY | u64::from(key) << psw::KEY_SHIFT;
    change(cx, mask);
    Ok(0)
}

/// Refuses what only the supervisor, or a program with extraction authority, may look at.
pub(crate) fn check_extraction(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    if cx.cpu.sys.mask & psw::PROBLEM != 0 && cx.cpu.sys.cr[0] & cr0::EXTRACTION == 0 {
        return Err(program(code::PRIVILEGED));
    }
    Ok(())
}

/// INSERT PSW KEY.
pub(crate) fn ipk(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    check_extraction(cx)?;
    let key = u64::from(psw::key(cx.cpu.sys.mask)) << 4;
    cx.cpu.regs[2] = cx.cpu.regs[2] & !0xff | key;
    Ok(0)
}

/// The interruption after an instruction that goes to or from home space, where one of both spaces asks for it.
pub(crate) fn between_homes(
    cx: &mut Cx<S390x>,
    new: u64,
    (target, text): (u64, u64),
    branches: bool,
) -> Result<(), Exit<S390x>> {
    let is_home = |mask: u64| mask >> psw::SPACE_SHIFT & 3 == 3;
    let (old, cr) = (cx.cpu.sys.mask, cx.cpu.sys.cr);
    let marked = (cr[1] | cr[13]) & asce::SPACE_SWITCH != 0;
    let is_event = marked || per::foretells(cx, branches.then_some(target));
    if new & psw::DAT == 0 || is_home(old) == is_home(new) || !is_event {
        return Ok(());
    }
    // Home space has no number.
    let left = if is_home(old) { (cr[13], 0) } else { (cr[1], cr[4] as u16) };
    go(cx, new, target);
    Err(space_switch(cx, left, target, text))
}

/// The address-space control that an operand of SET ADDRESS SPACE CONTROL asks for.
fn set_space(cx: &mut Cx<S390x>, place: u64, text: u64) -> Helped {
    let control = match place & 0xf00 {
        0x000 => 0,
        0x100 => 2,
        0x200 => 1,
        0x300 => {
            privileged(cx)?;
            3
        }
        _ => return Err(program(code::SPECIFICATION)),
    };
    let mask = cx.cpu.sys.mask;
    if mask & psw::DAT == 0 || cx.cpu.sys.cr[0] & cr0::SECONDARY == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let new = mask & !psw::SPACE | control << psw::SPACE_SHIFT;
    let next = following(cx, text);
    between_homes(cx, new, (next, text), false)?;
    change(cx, new);
    Ok(0)
}

/// SET ADDRESS SPACE CONTROL.
pub(crate) fn sac(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    set_space(cx, place, text)
}

/// SET ADDRESS SPACE CONTROL FAST.
pub(crate) fn sacf(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    set_space(cx, place, text)
}

/// INSERT ADDRESS SPACE CONTROL.
pub(crate) fn iac(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    check_extraction(cx)?;
    if cx.cpu.sys.mask & psw::DAT == 0 {
        return Err(program(code::SPECIAL_OPERATION));
    }
    // As the operand of SET ADDRESS SPACE CONTROL has it.
    let control = match cx.cpu.sys.mask >> psw::SPACE_SHIFT & 3 {
        1 => 2,
        2 => 1,
        other => other,
    };
    let register = &mut cx.cpu.regs[usize::from(Text(text).nibble(6))];
    *register = *register & !0xff00 | control << 8;
    set_cc(cx, control);
    Ok(0)
}

/// Control registers were loaded: what follows from them changes, and pages 0 and 1 if low-address protection does.
pub(crate) fn control_changed(cx: &mut Cx<S390x>, old: &[u64; 16]) {
    let cr = cx.cpu.sys.cr;
    let looked_at = cr0::LOW_ADDRESS
        | cr0::FETCH_OVERRIDE
        | cr0::STORAGE_OVERRIDE
        | cr0::EDAT
        | cr0::NO_EXECUTE;
    let changed = (old[0] ^ cr[0]) & looked_at;
    if changed & !cr0::LOW_ADDRESS != 0 {
        cx.cpu.tlb.clear();
    } else if changed != 0 {
        cx.cpu.tlb.invalidate(|entry| entry.page < 2);
    }
    let spaces = [1, 7, 13].iter().any(|&number: &usize| old[number] != cr[number]);
    let watches = [old[12], cr[12]].map(trace::watches_instructions);
    if spaces || changed != 0 || old[0] != cr[0] || old[9] != cr[9] || watches[0] != watches[1] {
        psw::derive(&mut cx.cpu);
        cx.refetch();
    }
    exceptions::attend_if_interrupted(cx);
}

/// Registers from the first to the second field, around.
fn numbers(text: u64) -> impl Iterator<Item = usize> {
    let (first, last) = (Text(text).nibble(2), Text(text).nibble(3));
    (0..=last.wrapping_sub(first) & 15).map(move |k| usize::from(first + k) & 15)
}

fn load_control(cx: &mut Cx<S390x>, place: u64, text: u64, size: usize) -> Helped {
    privileged(cx)?;
    aligned(place, size as u64)?;
    let mut bytes = [0; 128];
    let count = numbers(text).count();
    storage::fetch(cx, place, &mut bytes[..count * size])?;
    let old = cx.cpu.sys.cr;
    for (number, value) in numbers(text).zip(bytes.chunks(size)) {
        let value = value.iter().fold(0, |v, byte| v << 8 | u64::from(*byte));
        let kept = if size == 4 { old[number] & !0xffff_ffff } else { 0 };
        cx.cpu.sys.cr[number] = kept | value;
    }
    control_changed(cx, &old);
    Ok(0)
}

/// LOAD CONTROL of words.
pub(crate) fn lctl(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    load_control(cx, place, text, 4)
}

/// LOAD CONTROL of doublewords.
pub(crate) fn lctlg(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    load_control(cx, place, text, 8)
}

fn store_control(cx: &mut Cx<S390x>, place: u64, text: u64, size: usize) -> Helped {
    privileged(cx)?;
    aligned(place, size as u64)?;
    let bytes: Vec<u8> = numbers(text)
        .flat_map(|number| cx.cpu.sys.cr[number].to_be_bytes().into_iter().skip(8 - size))
        .collect();
    storage::store(cx, place, &bytes)?;
    Ok(0)
}

/// STORE CONTROL of words.
pub(crate) fn stctl(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    store_control(cx, place, text, 4)
}

/// STORE CONTROL of doublewords.
pub(crate) fn stctg(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    store_control(cx, place, text, 8)
}

/// SET PREFIX.
pub(crate) fn spx(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let mut bytes = [0; 4];
    storage::fetch(cx, place, &mut bytes)?;
    let prefix = u64::from(u32::from_be_bytes(bytes) & 0x7fff_e000);
    if !cx.mem.is_memory(prefix) || !cx.mem.is_memory(prefix + 0x1000) {
        return Err(program(code::ADDRESSING));
    }
    cx.cpu.sys.prefix = prefix;
    mmu::purge(cx);
    Ok(0)
}

/// STORE PREFIX.
pub(crate) fn stpx(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let prefix = (cx.cpu.sys.prefix as u32).to_be_bytes();
    storage::store(cx, place, &prefix)?;
    Ok(0)
}

/// LOAD PROGRAM PARAMETER.
pub(crate) fn lpp(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let mut bytes = [0; 8];
    storage::fetch(cx, place, &mut bytes)?;
    cx.cpu.sys.program_parameter = u64::from_be_bytes(bytes);
    Ok(0)
}
