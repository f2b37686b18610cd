//! Interruptible instructions on operands of any length.
//!
//! One that has not finished leaves its registers as far as it came, and the instruction address at itself; what is pending
//! interrupts in between. Each step counts as an instruction, and makes the same progress always: up to the next page
//! boundary of an operand, and at most [`STEP`] bytes. Where the architecture lets a processor stop on its own (condition code
//! 3), these stop at the same places.

use lockstep_cpu::{Access, Cx, Emit, Exit};

use crate::exceptions::{code, program};
use crate::storage::{self, address_in, length_in, put_address, put_length, span_of};
use crate::{S390x, Text, reg};

type Helped = Result<u64, Exit<S390x>>;

/// Bytes of an operand that a step processes at most.
pub(crate) const STEP: u64 = 2048;

/// Bytes up to the end of the page.
pub(crate) const fn to_page_end(address: u64) -> u64 {
    4096 - address % 4096
}

pub(crate) fn set_cc(cx: &mut Cx<S390x>, value: u64) {
    cx.cpu.regs[usize::from(reg::CC)] = value;
}

/// Executes the same instruction again next.
pub(crate) fn again(cx: &mut Cx<S390x>) {
    cx.jump_rel(0);
}

/// The first two registers, of the RR and RS formats or of RRE.
pub(crate) fn pair_fields(text: u64) -> (u8, u8) {
    let t = Text(text);
    if matches!(t.byte(0), 0xb2 | 0xb9) {
        (t.nibble(6), t.nibble(7))
    } else {
        (t.nibble(2), t.nibble(3))
    }
}

pub(crate) fn check_pairs(first: u8, second: u8) -> Result<(), Exit<S390x>> {
    if (first | second) & 1 != 0 { Err(program(code::SPECIFICATION)) } else { Ok(()) }
}

/// MOVE LONG: lengths are 24 bits of the odd registers, the padding byte is beside the second.
pub(crate) fn mvcl(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, r2)?;
    let length = |cx: &Cx<S390x>, r: u8| cx.cpu.regs[usize::from(r | 1)] & 0xff_ffff;
    let (to, from) = (address_in(cx, r1), address_in(cx, r2));
    let (to_len, from_len) = (length(cx, r1), length(cx, r2));
    let pad = (cx.cpu.regs[usize::from(r2 | 1)] >> 24) as u8;
    // "Destructive overlap": a byte would be used after it was stored into. Addresses wrap.
    let moved = to_len.min(from_len);
    let mask = cx.cpu.regs[usize::from(reg::ADDRESS)];
    let ahead = to.wrapping_sub(from) & mask;
    if moved > 0 && ahead != 0 && ahead < moved && same_space(cx, r1, r2) {
        put_address(cx, r1, to);
        put_address(cx, r2, from);
        set_cc(cx, 3);
        return Ok(0);
    }
    let (to_done, from_done) = move_step(cx, (r1, to, to_len), (r2, from, from_len), |_| pad, 1)?;
    let put = |cx: &mut Cx<S390x>, r: u8, address: u64, length: u64| {
        put_address(cx, r, address);
        let register = &mut cx.cpu.regs[usize::from(r | 1)];
        *register = *register & !0xff_ffff | length;
    };
    put(cx, r1, to.wrapping_add(to_done), to_len - to_done);
    put(cx, r2, from.wrapping_add(from_done), from_len - from_done);
    set_move_code(cx, to_len, from_len);
    if to_done < to_len {
        again(cx);
    }
    Ok(0)
}

/// Whether two registers' operands are in one space, as far as destructive overlap is concerned.
fn same_space(cx: &Cx<S390x>, first: u8, second: u8) -> bool {
    let token = |r: u8| if r == 0 { 0 } else { cx.cpu.regs[usize::from(reg::ACCESS + r)] };
    !crate::psw::uses_access_registers(cx.cpu.sys.mask) || token(first) == token(second)
}

/// The condition code of a move tells which operand was longer: 0 equal, 1 first shorter, 2 first longer. A step takes the same
/// from both while both last, so what is left of them compares as the whole did.
fn set_move_code(cx: &mut Cx<S390x>, to_len: u64, from_len: u64) {
    let code = match to_len.cmp(&from_len) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    };
    set_cc(cx, code);
}

/// Moves or pads as many bytes as one step does: how many of the first and of the second operand.
fn move_step(
    cx: &mut Cx<S390x>,
    (r_to, to, to_len): (u8, u64, u64),
    (r_from, from, from_len): (u8, u64, u64),
    pad: impl Fn(usize) -> u8,
    unit: u64,
) -> Result<(u64, u64), Exit<S390x>> {
    if to_len == 0 {
        return Ok((0, 0));
    }
    let room = to_len.min(STEP).min(to_page_end(to).max(unit));
    let room = (room / unit * unit).max(unit.min(to_len));
    let mut bytes = [0; STEP as usize + 2];
    if from_len == 0 {
        let count = room as usize;
        for (place, byte) in bytes[..count].iter_mut().enumerate() {
            *byte = pad(place);
        }
        span_of(cx, (r_to, to), room as u32, Access::Write)?.write(cx, &bytes[..count]);
        return Ok((room, 0));
    }
    let count = room.min(from_len).min(to_page_end(from).max(unit)) / unit * unit;
    let count = if count == 0 { unit } else { count };
    let source = span_of(cx, (r_from, from), count as u32, Access::Read)?;
    let target = span_of(cx, (r_to, to), count as u32, Access::Write)?;
    if target.overlaps(&source, count as u32) {
        for place in 0..count as u32 {
            let byte = source.byte(cx, place);
            target.set_byte(cx, place, byte);
        }
    } else {
        source.read(cx, &mut bytes[..count as usize]);
        target.write(cx, &bytes[..count as usize]);
    }
    Ok((count, count))
}

/// MOVE LONG EXTENDED and MOVE LONG UNICODE: stops after each step with condition code 3.
fn move_extended(cx: &mut Cx<S390x>, [_, pad, text]: [u64; 3], unit: u64) -> Helped {
    let (r1, r3) = (Text(text).nibble(2), Text(text).nibble(3));
    check_pairs(r1, r3)?;
    let (to, from) = (address_in(cx, r1), address_in(cx, r3));
    let (to_len, from_len) = (length_in(cx, r1 | 1), length_in(cx, r3 | 1));
    if unit == 2 && (to_len | from_len) & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let fill = (pad as u16).to_be_bytes();
    let padding = |place: usize| if unit == 2 { fill[place & 1] } else { fill[1] };
    let (to_done, from_done) =
        move_step(cx, (r1, to, to_len), (r3, from, from_len), padding, unit)?;
    put_address(cx, r1, to.wrapping_add(to_done));
    put_length(cx, r1 | 1, to_len - to_done);
    put_address(cx, r3, from.wrapping_add(from_done));
    put_length(cx, r3 | 1, from_len - from_done);
    if to_done < to_len {
        set_cc(cx, 3);
    } else {
        set_move_code(cx, to_len, from_len);
    }
    Ok(0)
}

/// MOVE LONG EXTENDED.
pub(crate) fn mvcle(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    move_extended(cx, args, 1)
}

/// MOVE LONG UNICODE.
pub(crate) fn mvclu(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    move_extended(cx, args, 2)
}

/// How a step of a comparison went.
struct Compared {
    /// Bytes of the first operand that were equal, or padding's.
    first: u64,
    second: u64,
    /// 0 as far as it came, else 1 or 2.
    code: u64,
}

/// Compares as many bytes as one step does; the shorter operand is padded.
fn compare_step(
    cx: &mut Cx<S390x>,
    (r_a, a, a_len): (u8, u64, u64),
    (r_b, b, b_len): (u8, u64, u64),
    pad: [u8; 2],
    unit: u64,
) -> Result<Compared, Exit<S390x>> {
    let longest = a_len.max(b_len).min(STEP);
    let room = |address: u64, len: u64| {
        if len == 0 { longest } else { len.min(to_page_end(address).max(unit)) }
    };
    let count =
        (longest.min(room(a, a_len)).min(room(b, b_len)) / unit * unit).max(unit.min(longest));
    let (mut bytes, mut others) = ([0; STEP as usize], [0; STEP as usize]);
    for (place, len, into) in [((r_a, a), a_len, &mut bytes), ((r_b, b), b_len, &mut others)] {
        let into = &mut into[..count as usize];
        if len == 0 {
            into.iter_mut().enumerate().for_each(|(k, byte)| {
                *byte = if unit == 2 { pad[k & 1] } else { pad[1] };
            });
        } else if count > 0 {
            span_of(cx, place, count as u32, Access::Read)?.read(cx, into);
        }
    }
    let unit = unit as usize;
    let chunks = bytes[..count as usize].chunks(unit).zip(others[..count as usize].chunks(unit));
    let differing = chunks.enumerate().find(|(_, (a, b))| a != b);
    let (equal, code) = match differing {
        Some((k, (a, b))) => ((k * unit) as u64, if a < b { 1 } else { 2 }),
        None => (count, 0),
    };
    let of = |len: u64| if len == 0 { 0 } else { equal };
    Ok(Compared { first: of(a_len), second: of(b_len), code })
}

/// COMPARE LOGICAL LONG.
pub(crate) fn clcl(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, r2)?;
    let length = |cx: &Cx<S390x>, r: u8| cx.cpu.regs[usize::from(r | 1)] & 0xff_ffff;
    let (a, b) = (address_in(cx, r1), address_in(cx, r2));
    let (a_len, b_len) = (length(cx, r1), length(cx, r2));
    let pad = (cx.cpu.regs[usize::from(r2 | 1)] >> 24) as u8;
    let step = compare_step(cx, (r1, a, a_len), (r2, b, b_len), [0, pad], 1)?;
    for (r, address, len, done) in [(r1, a, a_len, step.first), (r2, b, b_len, step.second)] {
        put_address(cx, r, address.wrapping_add(done));
        let register = &mut cx.cpu.regs[usize::from(r | 1)];
        *register = *register & !0xff_ffff | (len - done);
    }
    set_cc(cx, step.code);
    if step.code == 0 && (step.first < a_len || step.second < b_len) {
        again(cx);
    }
    Ok(0)
}

fn compare_extended(cx: &mut Cx<S390x>, [_, pad, text]: [u64; 3], unit: u64) -> Helped {
    let (r1, r3) = (Text(text).nibble(2), Text(text).nibble(3));
    check_pairs(r1, r3)?;
    let (a, b) = (address_in(cx, r1), address_in(cx, r3));
    let (a_len, b_len) = (length_in(cx, r1 | 1), length_in(cx, r3 | 1));
    if unit == 2 && (a_len | b_len) & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let step = compare_step(cx, (r1, a, a_len), (r3, b, b_len), (pad as u16).to_be_bytes(), unit)?;
    for (r, address, len, done) in [(r1, a, a_len, step.first), (r3, b, b_len, step.second)] {
        put_address(cx, r, address.wrapping_add(done));
        put_length(cx, r | 1, len - done);
    }
    let unfinished = step.code == 0 && (step.first < a_len || step.second < b_len);
    set_cc(cx, if unfinished { 3 } else { step.code });
    Ok(0)
}

/// COMPARE LOGICAL LONG EXTENDED.
pub(crate) fn clcle(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    compare_extended(cx, args, 1)
}

/// COMPARE LOGICAL LONG UNICODE.
pub(crate) fn clclu(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    compare_extended(cx, args, 2)
}

/// CHECKSUM: a step of 1024 bytes at most.
pub(crate) fn cksm(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r2, 0)?;
    let (address, len) = (address_in(cx, r2), length_in(cx, r2 | 1));
    let count = len.min(1024);
    let mut bytes = [0; 1024];
    if count > 0 {
        storage::fetch_of(cx, (r2, address), &mut bytes[..count as usize])?;
    }
    let register = usize::from(r1);
    let mut sum = cx.cpu.regs[register] & 0xffff_ffff;
    for word in bytes[..count as usize].chunks(4) {
        let value =
            word.iter().enumerate().fold(0, |v, (k, byte)| v | u64::from(*byte) << (24 - 8 * k));
        sum += value;
        sum = (sum & 0xffff_ffff) + (sum >> 32);
    }
    cx.cpu.regs[register] = cx.cpu.regs[register] & !0xffff_ffff | sum;
    put_address(cx, r2, address.wrapping_add(count));
    put_length(cx, r2 | 1, len - count);
    set_cc(cx, if count < len { 3 } else { 0 });
    Ok(0)
}

/// SEARCH STRING: a step of 256 characters at most.
fn search(cx: &mut Cx<S390x>, text: u64, unit: u64) -> Helped {
    let (r1, r2) = pair_fields(text);
    let wanted = cx.cpu.regs[0] & if unit == 2 { 0xffff } else { 0xff };
    if unit == 1 && cx.cpu.regs[0] & 0xffff_ff00 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let (end, mut at) = (address_in(cx, r1), address_in(cx, r2));
    for _ in 0..256 {
        if at == end || (unit == 2 && at.wrapping_add(1) == end) {
            set_cc(cx, 2);
            return Ok(0);
        }
        let mut bytes = [0; 2];
        storage::fetch_of(cx, (r2, at), &mut bytes[..unit as usize])?;
        let found = if unit == 2 { u16::from_be_bytes(bytes).into() } else { u64::from(bytes[0]) };
        if found == wanted {
            put_address(cx, r1, at);
            set_cc(cx, 1);
            return Ok(0);
        }
        at = storage::wrap(cx, at.wrapping_add(unit));
    }
    put_address(cx, r2, at);
    set_cc(cx, 3);
    Ok(0)
}

/// SEARCH STRING.
pub(crate) fn srst(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    search(cx, text, 1)
}

/// SEARCH STRING UNICODE.
pub(crate) fn srstu(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    search(cx, text, 2)
}

/// The character that ends a string: the last byte of general register 0, whose bytes before it are zero.
fn terminator(cx: &Cx<S390x>) -> Result<u8, Exit<S390x>> {
    if cx.cpu.regs[0] & 0xffff_ff00 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    Ok(cx.cpu.regs[0] as u8)
}

fn fetch_byte(cx: &mut Cx<S390x>, at: (u8, u64)) -> Result<u8, Exit<S390x>> {
    let mut byte = [0];
    storage::fetch_of(cx, at, &mut byte)?;
    Ok(byte[0])
}

/// COMPARE LOGICAL STRING: a step of 256 bytes at most.
pub(crate) fn clst(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    let end = terminator(cx)?;
    let (mut a, mut b) = (address_in(cx, r1), address_in(cx, r2));
    for _ in 0..256 {
        let (first, second) = (fetch_byte(cx, (r1, a))?, fetch_byte(cx, (r2, b))?);
        if first == second && first == end {
            set_cc(cx, 0);
            return Ok(0);
        }
        if first != second {
            // The terminator is lower than anything.
            let low = first == end || (second != end && first < second);
            put_address(cx, r1, a);
            put_address(cx, r2, b);
            set_cc(cx, if low { 1 } else { 2 });
            return Ok(0);
        }
        (a, b) = (storage::wrap(cx, a.wrapping_add(1)), storage::wrap(cx, b.wrapping_add(1)));
    }
    put_address(cx, r1, a);
    put_address(cx, r2, b);
    set_cc(cx, 3);
    Ok(0)
}

/// MOVE STRING: a step of 256 bytes at most.
pub(crate) fn mvst(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    let end = terminator(cx)?;
    let (mut to, mut from) = (address_in(cx, r1), address_in(cx, r2));
    for _ in 0..256 {
        let byte = fetch_byte(cx, (r2, from))?;
        storage::store_of(cx, (r1, to), &[byte])?;
        if byte == end {
            put_address(cx, r1, to);
            set_cc(cx, 1);
            return Ok(0);
        }
        (to, from) =
            (storage::wrap(cx, to.wrapping_add(1)), storage::wrap(cx, from.wrapping_add(1)));
    }
    put_address(cx, r1, to);
    put_address(cx, r2, from);
    set_cc(cx, 3);
    Ok(0)
}

/// COMPARE UNTIL SUBSTRING EQUAL: a step of 256 bytes at most.
pub(crate) fn cuse(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, r2)?;
    let wanted = cx.cpu.regs[0] & 0xff;
    let pad = cx.cpu.regs[1] as u8;
    let (mut a, mut b) = (address_in(cx, r1), address_in(cx, r2));
    let (mut a_len, mut b_len) = (length_in(cx, r1 | 1), length_in(cx, r2 | 1));
    if wanted == 0 {
        set_cc(cx, 0);
        return Ok(0);
    }
    // Where the equal bytes so far began.
    let mut start = (a, a_len, b, b_len);
    let mut equal = 0;
    let mut code = 3;
    for _ in 0..256 {
        if a_len == 0 && b_len == 0 {
            code = if equal > 0 { 1 } else { 2 };
            break;
        }
        let first = if a_len > 0 { fetch_byte(cx, (r1, a))? } else { pad };
        let second = if b_len > 0 { fetch_byte(cx, (r2, b))? } else { pad };
        let was_equal = first == second;
        if was_equal && equal == 0 {
            start = (a, a_len, b, b_len);
        }
        equal = if was_equal { equal + 1 } else { 0 };
        let step = |cx: &Cx<S390x>, address: &mut u64, len: &mut u64| {
            if *len > 0 {
                (*address, *len) = (storage::wrap(cx, address.wrapping_add(1)), *len - 1);
            }
        };
        step(cx, &mut a, &mut a_len);
        step(cx, &mut b, &mut b_len);
        if equal == wanted {
            code = 0;
            break;
        }
    }
    // Stopping on its own, it starts again with the equal bytes that it has.
    if equal > 0 && (code < 2 || code == 3) {
        (a, a_len, b, b_len) = start;
    }
    if code == 3 && equal >= 256 {
        return Err(program(code::SPECIFICATION));
    }
    put_address(cx, r1, a);
    put_length(cx, r1 | 1, a_len);
    put_address(cx, r2, b);
    put_length(cx, r2 | 1, b_len);
    set_cc(cx, code);
    Ok(0)
}

/// MOVE PAGE: without expanded storage, the copying of a page. General register 0 may ask for a condition code instead of an
/// exception, and for an access key of one operand.
pub(crate) fn mvpg(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    let control = cx.cpu.regs[0];
    if control & 0xf000 != 0 || control & 0xc00 == 0xc00 {
        return Err(program(code::SPECIFICATION));
    }
    let page = !0xfff;
    let (to, from) = (address_in(cx, r1) & page, address_in(cx, r2) & page);
    let code_wanted = control & 0x100 != 0;
    let own = crate::psw::key(cx.cpu.sys.mask);
    let given = (control >> 4) as u8 & 0xf;
    if control & 0xc00 != 0 {
        crate::system::check_key(cx, given)?;
    }
    let key = |asked: u64| if control & asked != 0 { given } else { own };
    let source = crate::system::span_with_key(cx, (r2, from), 4096, Access::Read, key(0x400));
    let target = crate::system::span_with_key(cx, (r1, to), 4096, Access::Write, key(0x800));
    let is_missing = |exit: &Exit<S390x>| matches!(exit, Exit::Exception(crate::Exception::Program(p)) if p.code == code::PAGE);
    let source = match source {
        Err(exit) if code_wanted && is_missing(&exit) => {
            set_cc(cx, 2);
            return Ok(0);
        }
        other => other?,
    };
    let target = match target {
        Err(exit) if code_wanted && is_missing(&exit) => {
            set_cc(cx, 1);
            return Ok(0);
        }
        other => other?,
    };
    let mut bytes = [0; 4096];
    source.read(cx, &mut bytes);
    target.write(cx, &bytes);
    set_cc(cx, 0);
    Ok(0)
}
