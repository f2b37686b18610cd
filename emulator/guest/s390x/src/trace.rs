//! Tracing (Principles of Operation, chapter 4, "Tracing"): a table in real storage that control register 12 designates, and gets on
//! by the length of each entry.
//!
//! Instructions prepare their entry before anything changes, because one that cannot be stored nullifies them, and [`store`] it when
//! nothing can go wrong any more. There are entries for TRACE and TRACE LONG, for instructions that change address spaces (ASN
//! tracing), for branches that link, and for changes to and from 64-bit mode (mode tracing). Instructions that do nothing else know
//! nothing of this: a processor that traces branches or modes is [`lockstep_cpu::Vcpu::careful`], and looks at each with [`prepare_ordinary`].

use lockstep_cpu::{Access, Cx, Exit};

use crate::asn::reuses;
use crate::exceptions::{code, nullified};
use crate::linkage::{following, with_mode};
use crate::storage::{self, Span};
use crate::system::privileged;
use crate::timing_ops::aligned;
use crate::{S390x, Text, psw, timing};

type Helped = Result<u64, Exit<S390x>>;

/// Bits of control register 12.
mod control {
    pub(super) const BRANCHES: u64 = 1 << 63;
    pub(super) const MODES: u64 = 1 << 62;
    pub(super) const NUMBERS: u64 = 2;
    pub(super) const EXPLICIT: u64 = 1;
    /// Where the next entry goes.
    pub(super) const PLACE: u64 = 0x3fff_ffff_ffff_fffc;
}

/// An entry that can be stored.
#[derive(Debug)]
pub(crate) struct Entry {
    span: Span,
    bytes: Vec<u8>,
}

/// An entry if there is to be one.
pub(crate) type Prepared = Result<Option<Entry>, Exit<S390x>>;

/// Sees that an entry can be stored. It may not come to the end of its page; `longest` is the length that counts for that.
fn prepare(cx: &mut Cx<S390x>, bytes: Vec<u8>, longest: usize) -> Prepared {
    let place = cx.cpu.sys.cr[12] & control::PLACE;
    if place % 4096 + longest as u64 >= 4096 {
        return Err(nullified(code::TRACE_TABLE));
    }
    let span = storage::real_span(cx, place, bytes.len() as u32, Access::Write)?;
    Ok(Some(Entry { span, bytes }))
}

/// An implicit entry, if control register 12 asks for its kind.
fn implicit(cx: &mut Cx<S390x>, kind: u64, bytes: impl FnOnce(&Cx<S390x>) -> Vec<u8>) -> Prepared {
    if cx.cpu.sys.cr[12] & kind == 0 {
        return Ok(None);
    }
    let bytes = bytes(cx);
    let longest = bytes.len();
    prepare(cx, bytes, longest)
}

/// Stores an entry.
pub(crate) fn store(cx: &mut Cx<S390x>, entry: Option<Entry>) {
    let Some(Entry { span, bytes }) = entry else { return };
    span.write(cx, &bytes);
    let register = &mut cx.cpu.sys.cr[12];
    let place = (*register & control::PLACE) + bytes.len() as u64;
    *register = *register & !control::PLACE | place & control::PLACE;
}

/// Whether the processor is in 64-bit mode.
fn is_long(cx: &Cx<S390x>) -> bool {
    cx.cpu.sys.mask & psw::EA != 0
}

/// The access key in the left half of a byte.
fn key(cx: &Cx<S390x>) -> u8 {
    psw::key(cx.cpu.sys.mask) << 4
}

/// An address of a PSW as entries have it: whether it is one of 64-bit mode, and its bytes, eight if they are needed.
fn address(mask: u64, address: u64) -> (bool, Vec<u8>) {
    let long = mask & psw::EA != 0;
    if long && address >> 32 != 0 {
        return (long, address.to_be_bytes().to_vec());
    }
    let mode = if !long && mask & psw::BA != 0 { 1 << 31 } else { 0 };
    (long, (address as u32 | mode).to_be_bytes().to_vec())
}

/// SET SECONDARY ASN.
pub(crate) fn prepare_secondary(cx: &mut Cx<S390x>, asn: u16, instance: bool) -> Prepared {
    implicit(cx, control::NUMBERS, |_| {
        [&[0x10, u8::from(instance)][..], &asn.to_be_bytes()].concat()
    })
}

/// PROGRAM CALL. The return address has the problem-state bit.
pub(crate) fn prepare_call(cx: &mut Cx<S390x>, number: u32, link: u64) -> Prepared {
    implicit(cx, control::NUMBERS, |cx| {
        let link_bytes = if is_long(cx) { link.to_be_bytes() } else { (link << 32).to_be_bytes() };
        if reuses(cx) && number & 1 << 19 != 0 {
            let (format, kind, link) = match (is_long(cx), link >> 32) {
                (false, _) => (0x22, 0x8, &link_bytes[..4]),
                (true, 0) => (0x22, 0xb, &link_bytes[4..]),
                (true, _) => (0x23, 0xf, &link_bytes[..]),
            };
            return [&[format, key(cx) | kind, 0, 0], link, &number.to_be_bytes()].concat();
        }
        let [_, high, rest @ ..] = number.to_be_bytes();
        let (format, link) =
            if is_long(cx) { (0x22, &link_bytes[..]) } else { (0x21, &link_bytes[..4]) };
        [&[format, key(cx) | high & 0xf], &rest[..], link].concat()
    })
}

/// PROGRAM TRANSFER, with what its second operand is.
pub(crate) fn prepare_transfer(
    cx: &mut Cx<S390x>,
    (asn, instance): (u16, bool),
    operand: u64,
) -> Prepared {
    implicit(cx, control::NUMBERS, |cx| {
        let bytes = operand.to_be_bytes();
        let (format, kind, operand) = match (is_long(cx), operand >> 32) {
            (false, _) => (0x31, 0, &bytes[4..]),
            (true, 0) => (0x31, 8, &bytes[4..]),
            (true, _) => (0x32, 0xc, &bytes[..]),
        };
        let kind = key(cx) | kind | u8::from(instance);
        [&[format, kind], &asn.to_be_bytes()[..], operand].concat()
    })
}

/// PROGRAM RETURN: to a PSW, from a following address.
pub(crate) fn prepare_return(
    cx: &mut Cx<S390x>,
    asn: u16,
    (mask, to): (u64, u64),
    next: u64,
) -> Prepared {
    implicit(cx, control::NUMBERS, |cx| {
        let problem = u64::from(mask & psw::PROBLEM != 0);
        let (new_long, new) = address(mask, to | problem);
        let (old_long, old) = address(cx.cpu.sys.mask, next);
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        let kind = flag(new_long, 8)
            | flag(new.len() == 8, 4)
            | flag(old_long, 2)
            | flag(old.len() == 8, 1);
        let format = 0x30 + ((new.len() + old.len()) / 4) as u8;
        [&[format, key(cx) | kind], &asn.to_be_bytes()[..], &new, &old].concat()
    })
}

/// A branch, to an address in the mode that there will be.
pub(crate) fn prepare_branch(cx: &mut Cx<S390x>, mask: u64, target: u64) -> Prepared {
    implicit(cx, control::BRANCHES, |_| {
        let word = target as u32;
        match (mask & (psw::EA | psw::BA) != 0, target >> 31) {
            (true, 0) => (word | 1 << 31).to_be_bytes().to_vec(),
            (true, _) => [&[0x52, 0xc0, 0, 0][..], &target.to_be_bytes()].concat(),
            (false, _) => (word & 0xff_ffff).to_be_bytes().to_vec(),
        }
    })
}

/// RESUME PROGRAM, which is a branch and may change the mode.
pub(crate) fn prepare_resumption(
    cx: &mut Cx<S390x>,
    (mask, to): (u64, u64),
    next: u64,
) -> Prepared {
    let is_traced = cx.cpu.sys.cr[12] & control::BRANCHES != 0;
    match switch(cx, mask, next, is_traced.then_some(to)) {
        Some(bytes) => {
            let longest = bytes.len();
            prepare(cx, bytes, longest)
        }
        None => prepare_branch(cx, mask, to),
    }
}

/// BRANCH IN SUBSPACE GROUP, to what its second register has.
pub(crate) fn prepare_group(cx: &mut Cx<S390x>, token: u32, (mask, to): (u64, u64)) -> Prepared {
    if cx.cpu.sys.cr[12] & control::NUMBERS == 0 {
        return prepare_branch(cx, mask, to);
    }
    implicit(cx, control::NUMBERS, |cx| {
        let [list, high, rest @ ..] = token.to_be_bytes();
        let token = [list << 7 | high & 0x7f, rest[0], rest[1]];
        if is_long(cx) {
            return [&[0x42][..], &token, &to.to_be_bytes()].concat();
        }
        let mode = if mask & psw::BA != 0 { 1 << 31 } else { 0 };
        [&[0x41][..], &token, &(to as u32 | mode).to_be_bytes()].concat()
    })
}

/// The entry of a change to or from 64-bit mode, if it is one: the address of the next instruction, or that of a branch that is traced
/// as such.
fn switch(cx: &Cx<S390x>, new: u64, next: u64, branch: Option<u64>) -> Option<Vec<u8>> {
    let old = cx.cpu.sys.mask;
    if cx.cpu.sys.cr[12] & control::MODES == 0 || (old ^ new) & psw::EA == 0 {
        return None;
    }
    let entry = |format: u8, kind: u8, address: &[u8]| [&[format, kind, 0, 0], address].concat();
    let short = |address: u64| (address as u32).to_be_bytes();
    Some(match (branch, is_long(cx)) {
        (None, false) => entry(0x51, 0x30, &address(old, next).1),
        (None, true) if next >> 31 == 0 => entry(0x51, 0x20, &short(next)),
        (None, true) => entry(0x52, 0x60, &next.to_be_bytes()),
        (Some(target), true) => entry(0x51, 0xa0, &address(new, target).1),
        (Some(target), false) if target >> 31 == 0 => entry(0x51, 0xb0, &short(target)),
        (Some(target), false) => entry(0x52, 0xf0, &target.to_be_bytes()),
    })
}

/// Adds the entry of a change of mode to another one.
pub(crate) fn and_switch(
    cx: &mut Cx<S390x>,
    entry: Option<Entry>,
    new: u64,
    next: u64,
) -> Prepared {
    let Some(more) = switch(cx, new, next, None) else { return Ok(entry) };
    let bytes = [entry.map(|entry| entry.bytes).unwrap_or_default(), more].concat();
    let longest = bytes.len();
    prepare(cx, bytes, longest)
}

/// Whether control register 12 asks for entries of ordinary instructions.
pub(crate) const fn watches_instructions(cr12: u64) -> bool {
    cr12 & (control::BRANCHES | control::MODES) != 0
}

/// Entries of instructions that know nothing of tracing: branches that link, and those that set the addressing mode. `length` is that
/// of the instruction, or of its EXECUTE.
pub(crate) fn prepare_ordinary(cx: &mut Cx<S390x>, text: Text, length: u64) -> Prepared {
    let cr12 = cx.cpu.sys.cr[12];
    if !watches_instructions(cr12) {
        return Ok(None);
    }
    let (mask, modes) = (cx.cpu.sys.mask, psw::EA | psw::BA);
    let r2 = text.nibble(3);
    let value = cx.cpu.regs[usize::from(r2)];
    let (mode, target, links) = match (text.byte(0), text.byte(1)) {
        (0x05 | 0x0d, _) if r2 != 0 => (mask & modes, storage::wrap(cx, value), true),
        (first @ (0x0b | 0x0c), _) if r2 != 0 => {
            let (mode, target) = with_mode(value);
            (mode, target, first == 0x0c)
        }
        (0x01, 0x0c) => (0, 0, false),
        (0x01, 0x0d) => (psw::BA, 0, false),
        (0x01, 0x0e) => (modes, 0, false),
        _ => return Ok(None),
    };
    let new = mask & !modes | mode;
    let is_traced = links && cr12 & control::BRANCHES != 0;
    let next = following(cx, length);
    if let Some(bytes) = switch(cx, new, next, is_traced.then_some(target)) {
        let longest = bytes.len();
        return prepare(cx, bytes, longest);
    }
    if is_traced { prepare_branch(cx, new, target) } else { Ok(None) }
}

/// TRACE: bits 16 to 63 of the clock, the operand, and words of registers.
pub(crate) fn trace(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    explicit(cx, args, 4)
}

/// TRACE LONG: bits 0 to 79 of the clock, the operand, and registers.
pub(crate) fn trace_long(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    explicit(cx, args, 8)
}

fn explicit(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3], size: usize) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    if cx.cpu.sys.cr[12] & control::EXPLICIT == 0 {
        return Ok(0);
    }
    let mut operand = [0; 4];
    storage::fetch(cx, place, &mut operand)?;
    if operand[0] & 0x80 != 0 {
        return Ok(0);
    }
    let (first, last) = (Text(text).nibble(2), Text(text).nibble(3));
    let more = last.wrapping_sub(first) & 15;
    let clock = timing::tod(cx).to_be_bytes();
    let mut bytes = vec![0x70 | more];
    if size == 4 {
        bytes.push(0);
        bytes.extend(&clock[2..]);
    } else {
        bytes.push(0x80);
        bytes.extend(clock);
        bytes.extend([0; 2]);
    }
    bytes.extend(operand);
    for number in (0..=more).map(|k| usize::from(first + k) & 15) {
        bytes.extend(&cx.cpu.regs[number].to_be_bytes()[8 - size..]);
    }
    // As if there were all registers.
    let longest = if size == 4 { 76 } else { 144 };
    let entry = prepare(cx, bytes, longest)?;
    store(cx, entry);
    Ok(0)
}
