//! Packed decimal: conversion, arithmetic, shifting and editing (Principles of Operation, chapters 7 and 8).
//!
//! A packed operand has two digits a byte and a sign in the last half; at most 31 digits, which a 128-bit integer holds.

use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, data, dxc, program};
use crate::long::set_cc;
use crate::ops::{View, W};
use crate::storage::{self, Span, first_span, second_span, span};
use crate::{S390x, Text, psw};

type Helped = Result<u64, Exit<S390x>>;
type Result<T, E = Exit<S390x>> = std::result::Result<T, E>;

fn invalid() -> Exit<S390x> {
    data(dxc::DECIMAL)
}

/// A signed number of at most 31 digits. Zero may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    magnitude: u128,
    negative: bool,
}

/// The number in packed bytes; `None` when a digit or the sign is none.
fn parse(bytes: &[u8]) -> Option<Number> {
    let (last, digits) = bytes.split_last()?;
    let mut magnitude = 0u128;
    let mut push = |digit: u8| {
        magnitude = magnitude * 10 + u128::from(digit);
        digit < 10
    };
    for byte in digits {
        if !(push(byte >> 4) & push(byte & 15)) {
            return None;
        }
    }
    let fine = push(last >> 4);
    let negative = match last & 15 {
        0xb | 0xd => true,
        0..=9 => return None,
        _ => false,
    };
    fine.then_some(Number { magnitude, negative })
}

/// The low digits of a number, packed into `len` bytes; and whether there were more.
fn pack_number(number: Number, len: usize) -> (Vec<u8>, bool) {
    let mut rest = number.magnitude;
    let mut bytes = vec![0; len];
    let mut digit = || {
        let digit = (rest % 10) as u8;
        rest /= 10;
        digit
    };
    for (place, byte) in bytes.iter_mut().rev().enumerate() {
        let low = if place == 0 { if number.negative { 0xd } else { 0xc } } else { digit() };
        *byte = digit() << 4 | low;
    }
    (bytes, rest != 0)
}

fn lengths(text: u64) -> (u32, u32) {
    (u32::from(Text(text).nibble(2)) + 1, u32::from(Text(text).nibble(3)) + 1)
}

fn bytes_of(cx: &Cx<S390x>, span: &Span, len: u32) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    span.read(cx, &mut bytes);
    bytes
}

/// Both operands, the second fetched first.
fn operands(
    cx: &mut Cx<S390x>,
    args: [u64; 3],
    access: Access,
) -> Result<(Span, Vec<u8>, Vec<u8>)> {
    let (first_len, second_len) = lengths(args[2]);
    let source = second_span(cx, args, second_len, Access::Read)?;
    let target = first_span(cx, args, first_len, access)?;
    let (a, b) = (bytes_of(cx, &target, first_len), bytes_of(cx, &source, second_len));
    Ok((target, a, b))
}

/// Stores a result with its condition code; a lost digit is an overflow.
fn store_result(cx: &mut Cx<S390x>, target: &Span, len: usize, mut result: Number) -> Helped {
    let (mut bytes, overflow) = pack_number(result, len);
    // A zero is positive, unless digits were lost.
    if result.magnitude == 0 && result.negative {
        result.negative = false;
        (bytes, _) = pack_number(result, len);
    }
    target.write(cx, &bytes);
    let cc = match (overflow, result.magnitude == 0, result.negative) {
        (true, ..) => 3,
        (_, true, _) => 0,
        (.., true) => 1,
        _ => 2,
    };
    set_cc(cx, cc);
    if overflow && cx.cpu.sys.mask & psw::DECIMAL_OVERFLOW != 0 {
        return Err(program(code::DECIMAL_OVERFLOW));
    }
    Ok(0)
}

fn signed(number: Number) -> i128 {
    let magnitude = number.magnitude as i128;
    if number.negative { -magnitude } else { magnitude }
}

fn of_signed(value: i128) -> Number {
    Number { magnitude: value.unsigned_abs(), negative: value < 0 }
}

fn both(a: &[u8], b: &[u8]) -> Result<(Number, Number)> {
    Ok((parse(a).ok_or_else(invalid)?, parse(b).ok_or_else(invalid)?))
}

/// ADD DECIMAL.
pub(crate) fn ap(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (target, a, b) = operands(cx, args, Access::Update)?;
    let (x, y) = both(&a, &b)?;
    store_result(cx, &target, a.len(), of_signed(signed(x) + signed(y)))
}

/// SUBTRACT DECIMAL.
pub(crate) fn sp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (target, a, b) = operands(cx, args, Access::Update)?;
    let (x, y) = both(&a, &b)?;
    store_result(cx, &target, a.len(), of_signed(signed(x) - signed(y)))
}

/// ZERO AND ADD.
pub(crate) fn zap(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (target, a, b) = operands(cx, args, Access::Write)?;
    let number = parse(&b).ok_or_else(invalid)?;
    store_result(cx, &target, a.len(), number)
}

/// COMPARE DECIMAL.
pub(crate) fn cp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (_, a, b) = operands(cx, args, Access::Read)?;
    let (x, y) = both(&a, &b)?;
    set_cc(
        cx,
        match signed(x).cmp(&signed(y)) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Greater => 2,
        },
    );
    Ok(0)
}

/// A product or quotient has the sign of both, even if it is zero.
fn put_with_sign(magnitude: u128, negative: bool, len: usize) -> Vec<u8> {
    pack_number(Number { magnitude, negative }, len).0
}

fn check_lengths(first: u32, second: u32) -> Result<()> {
    if second > 8 || second >= first { Err(program(code::SPECIFICATION)) } else { Ok(()) }
}

/// MULTIPLY DECIMAL: the first operand has as many leading zero bytes as the second has bytes.
pub(crate) fn mp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (first_len, second_len) = lengths(args[2]);
    check_lengths(first_len, second_len)?;
    let (target, a, b) = operands(cx, args, Access::Update)?;
    let (x, y) = both(&a, &b)?;
    if a[..second_len as usize].iter().any(|byte| *byte != 0) {
        return Err(invalid());
    }
    let negative = x.negative != y.negative;
    let bytes = put_with_sign(x.magnitude * y.magnitude, negative, a.len());
    target.write(cx, &bytes);
    Ok(0)
}

/// DIVIDE DECIMAL: quotient and remainder, which has the divisor's length, replace the dividend.
pub(crate) fn dp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (first_len, second_len) = lengths(args[2]);
    check_lengths(first_len, second_len)?;
    let (target, a, b) = operands(cx, args, Access::Update)?;
    let (x, y) = both(&a, &b)?;
    let quotient_len = (first_len - second_len) as usize;
    let divides = x.magnitude.checked_div(y.magnitude).zip(x.magnitude.checked_rem(y.magnitude));
    let limit = 10u128.pow(2 * quotient_len as u32 - 1);
    let Some((quotient, rest)) = divides.filter(|(quotient, _)| *quotient < limit) else {
        return Err(program(code::DECIMAL_DIVIDE));
    };
    let mut bytes = put_with_sign(quotient, x.negative != y.negative, quotient_len);
    bytes.extend(put_with_sign(rest, x.negative, second_len as usize));
    target.write(cx, &bytes);
    Ok(0)
}

/// SHIFT AND ROUND DECIMAL: by the last six bits of the second-operand address, signed.
pub(crate) fn srp(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let [_, second, text] = args;
    let (len, rounding) = (u32::from(Text(text).nibble(2)) + 1, Text(text).nibble(3));
    let target = first_span(cx, args, len, Access::Update)?;
    let bytes = bytes_of(cx, &target, len);
    let number = parse(&bytes).ok_or_else(invalid)?;
    if rounding > 9 {
        return Err(invalid());
    }
    let shift = (((second as u8) << 2) as i8) >> 2;
    let digits = 2 * len - 1;
    let magnitude = if shift < 0 {
        let places = u32::from(shift.unsigned_abs());
        // The digit shifted out last takes the rounding factor.
        let kept = if places > 32 { 0 } else { number.magnitude / 10u128.pow(places - 1) };
        (kept + u128::from(rounding)) / 10
    } else {
        // As many digits as there can be are shifted in; what is above them is lost.
        let places = u32::from(shift.unsigned_abs()).min(digits + 1);
        let room = 10u128.pow(digits.saturating_sub(places));
        let lost = number.magnitude >= room || (places > digits && number.magnitude != 0);
        let low = if places >= digits { 0 } else { number.magnitude % room };
        let shifted = low * 10u128.pow(if places >= digits { 0 } else { places });
        if lost {
            return shifted_out(cx, &target, len as usize, shifted, number.negative);
        }
        shifted
    };
    store_result(cx, &target, len as usize, Number { magnitude, ..number })
}

/// A left shift that lost digits.
fn shifted_out(
    cx: &mut Cx<S390x>,
    target: &Span,
    len: usize,
    magnitude: u128,
    negative: bool,
) -> Helped {
    let bytes = put_with_sign(magnitude, negative, len);
    target.write(cx, &bytes);
    set_cc(cx, 3);
    if cx.cpu.sys.mask & psw::DECIMAL_OVERFLOW != 0 {
        return Err(program(code::DECIMAL_OVERFLOW));
    }
    Ok(0)
}

/// TEST DECIMAL: 0 valid, 1 sign invalid, 2 a digit invalid, 3 both.
pub(crate) fn tp(cx: &mut Cx<S390x>, [first, _, text]: [u64; 3]) -> Helped {
    let len = u32::from(Text(text).nibble(2)) + 1;
    let operand = span(cx, first, len, Access::Read)?;
    let bytes = bytes_of(cx, &operand, len);
    let last = bytes[len as usize - 1];
    let digits_fine = bytes[..len as usize - 1]
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .chain([last >> 4])
        .all(|digit| digit < 10);
    set_cc(cx, u64::from(last & 15 < 10) + 2 * u64::from(!digits_fine));
    Ok(0)
}

/// MOVE WITH OFFSET: half a byte to the left, keeping the last half. Byte by byte from the right, as overlapping operands see.
pub(crate) fn mvo(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (first_len, second_len) = lengths(args[2]);
    let source = second_span(cx, args, second_len, Access::Read)?;
    let target = first_span(cx, args, first_len, Access::Update)?;
    let mut carry = target.byte(cx, first_len - 1) & 15;
    for k in 0..first_len {
        let byte = if k < second_len { source.byte(cx, second_len - 1 - k) } else { 0 };
        target.set_byte(cx, first_len - 1 - k, byte << 4 | carry);
        carry = byte >> 4;
    }
    Ok(0)
}

/// PACK: from the right, byte by byte.
pub(crate) fn pack(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (first_len, second_len) = lengths(args[2]);
    let source = second_span(cx, args, second_len, Access::Read)?;
    let target = first_span(cx, args, first_len, Access::Write)?;
    let last = source.byte(cx, second_len - 1);
    target.set_byte(cx, first_len - 1, last.rotate_left(4));
    let mut left = second_len - 1;
    for place in (0..first_len - 1).rev() {
        let mut next = |cx: &Cx<S390x>| {
            left.checked_sub(1).map_or(0, |at| {
                left = at;
                source.byte(cx, at) & 15
            })
        };
        let low = next(cx);
        let high = next(cx);
        target.set_byte(cx, place, high << 4 | low);
    }
    Ok(0)
}

/// UNPACK: from the right, byte by byte.
pub(crate) fn unpk(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let (first_len, second_len) = lengths(args[2]);
    let source = second_span(cx, args, second_len, Access::Read)?;
    let target = first_span(cx, args, first_len, Access::Write)?;
    let last = source.byte(cx, second_len - 1);
    target.set_byte(cx, first_len - 1, last.rotate_left(4));
    let mut left = second_len - 1;
    let mut to = first_len - 1;
    while to > 0 {
        let byte = left.checked_sub(1).map_or(0, |at| {
            left = at;
            source.byte(cx, at)
        });
        to -= 1;
        target.set_byte(cx, to, byte & 15 | 0xf0);
        if to > 0 {
            to -= 1;
            target.set_byte(cx, to, byte >> 4 | 0xf0);
        }
    }
    Ok(0)
}

/// PACK ASCII and PACK UNICODE: 31 digits and a plus, from characters of so many bytes.
fn pack_characters(cx: &mut Cx<S390x>, args: [u64; 3], size: u32) -> Helped {
    let len = u32::from(Text(args[2]).byte(1)) + 1;
    if len > 32 * size || len % size != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let source = second_span(cx, args, len, Access::Read)?;
    let target = first_span(cx, args, 16, Access::Write)?;
    let bytes = bytes_of(cx, &source, len);
    let mut digits = vec![0; 31];
    for (digit, character) in digits.iter_mut().rev().zip(bytes.rchunks(size as usize)) {
        *digit = character[size as usize - 1] & 15;
    }
    digits.push(0xc);
    let packed: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    target.write(cx, &packed);
    Ok(0)
}

/// PACK ASCII.
pub(crate) fn pka(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    pack_characters(cx, args, 1)
}

/// PACK UNICODE.
pub(crate) fn pku(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    pack_characters(cx, args, 2)
}

/// UNPACK ASCII and UNPACK UNICODE: the condition code tells the sign.
fn unpack_characters(cx: &mut Cx<S390x>, args: [u64; 3], size: u32) -> Helped {
    let len = u32::from(Text(args[2]).byte(1)) + 1;
    if len > 32 * size || len % size != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let source = second_span(cx, args, 16, Access::Read)?;
    let target = first_span(cx, args, len, Access::Write)?;
    let bytes = bytes_of(cx, &source, 16);
    let mut digits: Vec<u8> = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let sign = digits.pop().unwrap_or(0);
    let count = (len / size) as usize;
    let padded =
        std::iter::repeat_n(&0, count.saturating_sub(31)).chain(&digits[31 - count.min(31)..]);
    let characters: Vec<u8> = padded
        .flat_map(|digit| if size == 2 { vec![0, digit | 0x30] } else { vec![digit | 0x30] })
        .collect();
    target.write(cx, &characters);
    set_cc(
        cx,
        match sign {
            0xb | 0xd => 1,
            0..=9 => 3,
            _ => 0,
        },
    );
    Ok(0)
}

/// UNPACK ASCII.
pub(crate) fn unpka(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    unpack_characters(cx, args, 1)
}

/// UNPACK UNICODE.
pub(crate) fn unpku(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    unpack_characters(cx, args, 2)
}

fn to_binary<const N: usize>(cx: &mut Cx<S390x>, place: u64) -> Result<i128> {
    let mut bytes = [0; N];
    storage::fetch(cx, place, &mut bytes)?;
    parse(&bytes).map(signed).ok_or_else(invalid)
}

/// CONVERT TO BINARY of a word: what does not fit is cut, and a fixed-point-divide exception.
pub(crate) fn cvb(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let value = to_binary::<8>(cx, place)?;
    let register = &mut cx.cpu.regs[usize::from(Text(text).nibble(2))];
    *register = W::set(*register, value as u64);
    if i32::try_from(value).is_err() { Err(program(code::FIXED_DIVIDE)) } else { Ok(0) }
}

/// CONVERT TO BINARY of a doubleword.
pub(crate) fn cvbg(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let value = to_binary::<16>(cx, place)?;
    if i64::try_from(value).is_err() {
        return Err(program(code::FIXED_DIVIDE));
    }
    cx.cpu.regs[usize::from(Text(text).nibble(2))] = value as u64;
    Ok(0)
}

/// CONVERT TO DECIMAL of a word.
pub(crate) fn cvd(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let value = cx.cpu.regs[usize::from(Text(text).nibble(2))] as i32;
    let (bytes, _) = pack_number(of_signed(value.into()), 8);
    storage::store(cx, place, &bytes)?;
    Ok(0)
}

/// CONVERT TO DECIMAL of a doubleword.
pub(crate) fn cvdg(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let value = cx.cpu.regs[usize::from(Text(text).nibble(2))] as i64;
    let (bytes, _) = pack_number(of_signed(value.into()), 16);
    storage::store(cx, place, &bytes)?;
    Ok(0)
}

/// EDIT and EDIT AND MARK: the pattern, which is the first operand, says how digits of the second are shown.
fn edit(cx: &mut Cx<S390x>, args: [u64; 3], mark: bool) -> Helped {
    const SELECT: u8 = 0x20;
    const START: u8 = 0x21;
    const SEPARATE: u8 = 0x22;
    let [first, second, text] = args;
    let len = u32::from(Text(text).byte(1)) + 1;
    let target = first_span(cx, args, len, Access::Update)?;
    storage::second(cx, text);
    let pattern = bytes_of(cx, &target, len);
    let fill = pattern[0];
    let (mut result, mut significant, mut cc) = (pattern.clone(), false, 0);
    let (mut source, mut half, mut byte) = (second, false, 0u8);
    let mut marked = None;
    for (place, character) in pattern.iter().enumerate() {
        result[place] = match *character {
            SEPARATE => {
                (significant, cc) = (false, 0);
                fill
            }
            SELECT | START => {
                let (digit, sign) = if half {
                    half = false;
                    (byte & 15, None)
                } else {
                    let mut next = [0];
                    storage::fetch(cx, source, &mut next)?;
                    source = storage::wrap(cx, source.wrapping_add(1));
                    byte = next[0];
                    if byte >> 4 > 9 {
                        return Err(invalid());
                    }
                    let sign = Some(byte & 15).filter(|sign| *sign > 9);
                    half = sign.is_none();
                    (byte >> 4, sign)
                };
                if digit != 0 {
                    cc = 2;
                }
                let shown = significant || digit != 0;
                if !significant && digit != 0 {
                    marked = Some(place as u64);
                }
                significant = match sign {
                    Some(0xb | 0xd) => shown || *character == START,
                    Some(_) => false,
                    None => shown || *character == START,
                };
                if shown { digit | 0xf0 } else { fill }
            }
            other if place == 0 => other,
            other => {
                if significant {
                    other
                } else {
                    fill
                }
            }
        };
    }
    target.write(cx, &result);
    if mark && let Some(place) = marked {
        let address = storage::wrap(cx, first.wrapping_add(place));
        let mask = psw::address_mask(cx.cpu.sys.mask);
        let register = &mut cx.cpu.regs[1];
        *register = match mask {
            u64::MAX => address,
            0xff_ffff => *register & !0xff_ffff | address,
            _ => *register & !0xffff_ffff | address,
        };
    }
    set_cc(cx, if cc == 2 && significant { 1 } else { cc });
    Ok(0)
}

/// EDIT.
pub(crate) fn ed(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    edit(cx, args, false)
}

/// EDIT AND MARK.
pub(crate) fn edmk(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    edit(cx, args, true)
}
