//! Branches that change what a program may do: BRANCH AND SET AUTHORITY and BRANCH IN SUBSPACE GROUP (Principles of Operation,
//! chapter 10). What they have changed is in the dispatchable-unit control table.

use lockstep_cpu::{Access, Cx, Exit};

use crate::access_registers::{listed, refused};
use crate::asn::{self, Aste, Spaces, Unit};
use crate::exceptions::{code, program};
use crate::linkage::following;
use crate::mmu::asce;
use crate::program_call::go;
use crate::system::check_key;
use crate::{S390x, Text, psw, reg, storage, trace};

type Helped = Result<u64, Exit<S390x>>;

/// Word 5 of the dispatchable-unit control table: key mask and access key of the base authority state, and these.
mod saved {
    pub(super) const AT: u64 = 20;
    /// Authority is reduced.
    pub(super) const REDUCED: u32 = 8;
    pub(super) const PROBLEM: u32 = 1;
    /// Where the return address is.
    pub(super) const ADDRESS: u64 = 32;
}

/// The addressing mode and address of a register's value, in the short modes; in 64-bit mode all of it is the address.
fn with_mode(mask: u64, value: u64) -> (u64, u64) {
    match (mask & psw::EA != 0, value & 1 << 31 != 0) {
        (true, _) => (mask & (psw::EA | psw::BA), value),
        (false, true) => (psw::BA, value & 0x7fff_ffff),
        (false, false) => (0, value & 0xff_ffff),
    }
}

/// An address of the current mode, as a register has it.
fn link(mask: u64, address: u64) -> u64 {
    if mask & (psw::EA | psw::BA) == psw::BA { address | 1 << 31 } else { address }
}

fn put_link(cx: &mut Cx<S390x>, register: usize, next: u64) {
    let mask = cx.cpu.sys.mask;
    let kept = cx.cpu.regs[usize::from(reg::KEEP)];
    if register != 0 {
        cx.cpu.regs[register] = cx.cpu.regs[register] & kept | link(mask, next);
    }
}

/// BRANCH AND SET AUTHORITY: to reduced authority with both registers, and back with the second one zero.
pub(crate) fn bsa(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = (usize::from(Text(text).nibble(6)), usize::from(Text(text).nibble(7)));
    let unit = Unit::of(cx);
    let state = storage::real_span(cx, unit.0 + saved::AT, 4, Access::Update)?;
    let back = storage::real_span(cx, unit.0 + saved::ADDRESS, 8, Access::Update)?;
    let (old, next) = (unit.word(cx, saved::AT)?, following(cx, text));
    let is_reduced = old & saved::REDUCED != 0;
    if is_reduced != (r2 == 0) {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let mask = cx.cpu.sys.mask;
    let mut spaces = Spaces::of(cx);
    if is_reduced {
        let mut address = [0; 8];
        back.read(cx, &mut address);
        let value = u64::from_be_bytes(address);
        // One that is too long for its mode makes a PSW that is not valid.
        let (mode, target) = match with_mode(mask, value) {
            (0, _) => (0, value & 0x7fff_ffff),
            other => other,
        };
        let traced = trace::prepare_branch(cx, mode, target)?;
        put_link(cx, r1, next);
        spaces.set_key_mask(old.into());
        state.write(cx, &(old & !saved::REDUCED).to_be_bytes());
        let key = u64::from(old >> 4 & 0xf) << psw::KEY_SHIFT;
        let problem = if old & saved::PROBLEM != 0 { psw::PROBLEM } else { 0 };
        spaces.load(cx);
        trace::store(cx, traced);
        let kept = mask & !(psw::EA | psw::BA | psw::KEY | psw::PROBLEM);
        go(cx, kept | mode | key | problem, target);
        return Ok(0);
    }
    let (first, (mode, target)) = (cx.cpu.regs[r1], with_mode(mask, cx.cpu.regs[r2]));
    let traced = trace::prepare_branch(cx, mode, target)?;
    let key = (first >> 4) as u8 & 0xf;
    check_key(cx, key)?;
    let problem = if mask & psw::PROBLEM != 0 { saved::PROBLEM } else { 0 };
    let keys = spaces.cr[3] as u32 & 0xffff_0000;
    let new = keys | u32::from(psw::key(mask)) << 4 | saved::REDUCED | problem;
    state.write(cx, &new.to_be_bytes());
    back.write(cx, &link(mask, next).to_be_bytes());
    spaces.set_key_mask(u64::from(keys) & first);
    spaces.load(cx);
    trace::store(cx, traced);
    let kept = mask & !(psw::EA | psw::BA | psw::KEY);
    go(cx, kept | mode | u64::from(key) << psw::KEY_SHIFT | psw::PROBLEM, target);
    Ok(0)
}

/// Tokens that are of no list.
const BASE: u32 = 0;
const LAST_SUBSPACE: u32 = 1;

/// The space of a subspace group that a token names.
fn destination(cx: &Cx<S390x>, token: u32, register: u8) -> Result<Aste, Exit<S390x>> {
    let unit = Unit::of(cx);
    let base = unit.base(cx)?;
    match token {
        BASE => Aste::read(cx, base),
        LAST_SUBSPACE => {
            let Some(space) = unit.subspace(cx)? else {
                return Err(program(code::SPECIAL_OPERATION));
            };
            if !space.is_valid() {
                return Err(refused(code::ASTE_VALIDITY, register));
            }
            if space.sequence() != unit.word(cx, 12)? {
                return Err(refused(code::ASTE_SEQUENCE, register));
            }
            Ok(space)
        }
        _ => {
            let found = listed(cx, token, false).map_err(|code| refused(code, register))?;
            let space = Aste::read(cx, found.space as u32)?;
            let of_group = space.designation() & asce::GROUP != 0 && !space.is_base();
            if space.origin != base && !of_group {
                return Err(program(code::SPECIAL_OPERATION));
            }
            Ok(space)
        }
    }
}

/// BRANCH IN SUBSPACE GROUP: to the address in the second register, in the space that its access register names.
pub(crate) fn bsg(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    asn::check_dat(cx)?;
    let (r1, r2) = (Text(text).nibble(6), Text(text).nibble(7));
    let (mask, next) = (cx.cpu.sys.mask, following(cx, text));
    let token = if r2 == 0 { 0 } else { cx.cpu.regs[usize::from(reg::ACCESS + r2)] as u32 };
    let (mode, target) = with_mode(mask, cx.cpu.regs[usize::from(r2)]);
    let traced = trace::prepare_group(cx, token, (mode, target))?;
    let unit = Unit::of(cx);
    let table = storage::real_span(cx, unit.0, 16, Access::Update)?;
    let base = unit.base(cx)?;
    if cx.cpu.sys.cr[5] as u32 & 0x7fff_ffc0 != base {
        return Err(program(code::SPECIAL_OPERATION));
    }
    let space = destination(cx, token, r2)?;
    let mut spaces = Spaces::of(cx);
    let to_base = space.origin == base && token != LAST_SUBSPACE;
    let events = if to_base { 0 } else { asce::EVENTS };
    spaces.cr[1] = space.designation() & !events | spaces.cr[1] & events;
    spaces.primary_is_secondary(false);
    let old = unit.word(cx, 4)?;
    let active = match token {
        _ if to_base => old & !Unit::ACTIVE,
        LAST_SUBSPACE => old | Unit::ACTIVE,
        _ => {
            table.write_at(cx, 12, &space.sequence().to_be_bytes());
            Unit::ACTIVE | space.origin
        }
    };
    table.write_at(cx, 4, &active.to_be_bytes());
    put_link(cx, usize::from(r1), next);
    spaces.load(cx);
    trace::store(cx, traced);
    go(cx, mask & !(psw::EA | psw::BA) | mode, target);
    Ok(0)
}
