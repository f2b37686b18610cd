//! Translation by tables, and conversions among Unicode forms.
//!
//! The long ones stop on their own after [`CHARACTERS`] characters, with condition code 3.

use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, program};
use crate::long::{check_pairs, pair_fields, set_cc};
use crate::storage::{self, address_in, length_in, put_address, put_length};
use crate::{S390x, Text, psw};

type Helped = Result<u64, Exit<S390x>>;

/// Characters that a step processes at most.
const CHARACTERS: u32 = 256;

/// TRANSLATE: each byte of the first operand by the table that is the second.
pub(crate) fn tr(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    let len = u32::from(Text(args[2]).byte(1)) + 1;
    let target = storage::first_span(cx, args, len, Access::Update)?;
    // Of the table, only what is used needs to be there.
    let used = (0..len).map(|place| target.byte(cx, place)).max().unwrap_or(0);
    let table = storage::second_span(cx, args, u32::from(used) + 1, Access::Read)?;
    for place in 0..len {
        let byte = target.byte(cx, place);
        let new = table.byte(cx, byte.into());
        target.set_byte(cx, place, new);
    }
    Ok(0)
}

/// TRANSLATE AND TEST, from either end: stops at a byte whose function byte is not zero.
fn translate_and_test(cx: &mut Cx<S390x>, args: [u64; 3], reverse: bool) -> Helped {
    let [first, table, text] = args;
    let len = u32::from(Text(text).byte(1)) + 1;
    for step in 0..len {
        let offset = u64::from(step);
        let at = if reverse { first.wrapping_sub(offset) } else { first.wrapping_add(offset) };
        let at = storage::wrap(cx, at);
        let mut byte = [0];
        storage::first(cx, text);
        storage::fetch(cx, at, &mut byte)?;
        let place = table.wrapping_add(byte[0].into());
        storage::second(cx, text);
        storage::fetch(cx, place, &mut byte)?;
        let [function] = byte;
        if function != 0 {
            let mask = cx.cpu.sys.mask;
            let register = &mut cx.cpu.regs[1];
            *register = match psw::address_mask(mask) {
                u64::MAX => at,
                0xff_ffff => *register & !0xff_ffff | at,
                _ => *register & !0xffff_ffff | at,
            };
            cx.cpu.regs[2] = cx.cpu.regs[2] & !0xff | u64::from(function);
            set_cc(cx, if step + 1 == len { 2 } else { 1 });
            return Ok(0);
        }
    }
    set_cc(cx, 0);
    Ok(0)
}

/// TRANSLATE AND TEST.
pub(crate) fn trt(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_and_test(cx, args, false)
}

/// TRANSLATE AND TEST REVERSE.
pub(crate) fn trtr(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_and_test(cx, args, true)
}

/// TRANSLATE EXTENDED: up to a test byte.
pub(crate) fn tre(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, 0)?;
    let (mut at, mut left) = (address_in(cx, r1), length_in(cx, r1 | 1));
    let test = cx.cpu.regs[0] as u8;
    let table_at = address_in(cx, r2);
    let table = storage::span_of(cx, (r2, table_at), 256, Access::Read)?;
    let mut cc = 3;
    for _ in 0..CHARACTERS {
        if left == 0 {
            cc = 0;
            break;
        }
        let target = storage::span_of(cx, (r1, at), 1, Access::Update)?;
        let byte = target.byte(cx, 0);
        if byte == test {
            cc = 1;
            break;
        }
        let new = table.byte(cx, byte.into());
        target.set_byte(cx, 0, new);
        (at, left) = (storage::wrap(cx, at.wrapping_add(1)), left - 1);
        put_address(cx, r1, at);
        put_length(cx, r1 | 1, left);
    }
    if cc == 3 && left == 0 {
        cc = 0;
    }
    set_cc(cx, cc);
    Ok(0)
}

/// A character, whose address is in a register or counts from there.
fn fetch_character(cx: &mut Cx<S390x>, at: (u8, u64), len: usize) -> Result<u64, Exit<S390x>> {
    let mut bytes = [0; 8];
    storage::fetch_of(cx, at, &mut bytes[8 - len..])?;
    Ok(u64::from_be_bytes(bytes))
}

fn store_character(
    cx: &mut Cx<S390x>,
    at: (u8, u64),
    value: u64,
    len: usize,
) -> Result<(), Exit<S390x>> {
    storage::store_of(cx, at, &value.to_be_bytes()[8 - len..])
}

/// TRANSLATE ONE or TWO TO ONE or TWO: characters of so many bytes; a test character, unless the mask says not, ends it.
fn translate_sized(cx: &mut Cx<S390x>, text: u64, from_size: usize, to_size: usize) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, 0)?;
    let untested = Text(text).nibble(4) & 1 != 0;
    let (mut to, mut from, mut left) =
        (address_in(cx, r1), address_in(cx, r2), length_in(cx, r1 | 1));
    if left % from_size as u64 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let table = address_in(cx, 1) & !7;
    let test = cx.cpu.regs[0] & (u64::MAX >> (64 - 8 * to_size));
    let mut cc = 3;
    for _ in 0..CHARACTERS {
        if left == 0 {
            break;
        }
        let character = fetch_character(cx, (r2, from), from_size)?;
        let place = storage::wrap(cx, table.wrapping_add(character * to_size as u64));
        let value = fetch_character(cx, (1, place), to_size)?;
        if value == test && !untested {
            cc = 1;
            break;
        }
        store_character(cx, (r1, to), value, to_size)?;
        to = storage::wrap(cx, to.wrapping_add(to_size as u64));
        from = storage::wrap(cx, from.wrapping_add(from_size as u64));
        left -= from_size as u64;
        put_address(cx, r1, to);
        put_address(cx, r2, from);
        put_length(cx, r1 | 1, left);
    }
    if cc == 3 && left == 0 {
        cc = 0;
    }
    set_cc(cx, cc);
    Ok(0)
}

/// TRANSLATE ONE TO ONE.
pub(crate) fn troo(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_sized(cx, args[2], 1, 1)
}

/// TRANSLATE ONE TO TWO.
pub(crate) fn trot(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_sized(cx, args[2], 1, 2)
}

/// TRANSLATE TWO TO ONE.
pub(crate) fn trto(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_sized(cx, args[2], 2, 1)
}

/// TRANSLATE TWO TO TWO.
pub(crate) fn trtt(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    translate_sized(cx, args[2], 2, 2)
}

/// TRANSLATE AND TEST EXTENDED: mask bits say that arguments have two bytes, that functions have, and that large arguments have
/// none.
fn test_extended(cx: &mut Cx<S390x>, text: u64, reverse: bool) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, 0)?;
    let mask = Text(text).nibble(4);
    let (size, function_size) =
        (if mask & 8 != 0 { 2u64 } else { 1 }, if mask & 4 != 0 { 2u64 } else { 1 });
    let limited = mask & 2 != 0 && size == 2;
    let (mut at, mut left) = (address_in(cx, r1), length_in(cx, r1 | 1));
    if left % size != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let table = address_in(cx, 1) & !7;
    let (mut cc, mut function) = (3, 0);
    for _ in 0..CHARACTERS {
        if left == 0 {
            cc = 0;
            break;
        }
        let argument = fetch_character(cx, (r1, at), size as usize)?;
        if !(limited && argument > 255) {
            let place = storage::wrap(cx, table.wrapping_add(argument * function_size));
            function = fetch_character(cx, (1, place), function_size as usize)?;
        } else {
            function = 0;
        }
        if function != 0 {
            cc = 1;
            break;
        }
        let next = if reverse { at.wrapping_sub(size) } else { at.wrapping_add(size) };
        (at, left) = (storage::wrap(cx, next), left - size);
    }
    if cc == 3 && left == 0 {
        cc = 0;
    }
    put_address(cx, r1, at);
    put_length(cx, r1 | 1, left);
    if cc == 1 {
        put_length(cx, r2, function);
    } else if cc == 0 {
        put_length(cx, r2, 0);
    }
    set_cc(cx, cc);
    Ok(0)
}

/// TRANSLATE AND TEST EXTENDED.
pub(crate) fn trte(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    test_extended(cx, args[2], false)
}

/// TRANSLATE AND TEST REVERSE EXTENDED.
pub(crate) fn trtre(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    test_extended(cx, args[2], true)
}

/// The Unicode forms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Utf8,
    Utf16,
    Utf32,
}

/// What is at the beginning of some bytes.
enum Character {
    /// A character, and its bytes.
    Is(u32, usize),
    /// The beginning of one.
    Incomplete,
    /// None.
    Invalid,
}

/// Decodes the character at the start of `bytes`. Well-formedness is checked on demand.
fn decode(form: Form, bytes: &[u8], check: bool) -> Character {
    match form {
        Form::Utf8 => decode_utf8(bytes, check),
        Form::Utf16 => decode_utf16(bytes, check),
        Form::Utf32 => match bytes {
            [a, b, c, d, ..] => {
                let value = u32::from_be_bytes([*a, *b, *c, *d]);
                if value > 0x10_ffff || (0xd800..0xdc00).contains(&value) {
                    Character::Invalid
                } else {
                    Character::Is(value, 4)
                }
            }
            _ => Character::Incomplete,
        },
    }
}

fn decode_utf16(bytes: &[u8], check: bool) -> Character {
    let &[a, b, ref rest @ ..] = bytes else { return Character::Incomplete };
    let high = u32::from(u16::from_be_bytes([a, b]));
    // A low surrogate alone is a character like others, checked or not.
    if !(0xd800..0xdc00).contains(&high) {
        return Character::Is(high, 2);
    }
    let &[c, d, ..] = rest else { return Character::Incomplete };
    let low = u32::from(u16::from_be_bytes([c, d]));
    if check && !(0xdc00..0xe000).contains(&low) {
        return Character::Invalid;
    }
    Character::Is((((high >> 6 & 0xf) + 1) << 16) | (high & 0x3f) << 10 | low & 0x3ff, 4)
}

fn decode_utf8(bytes: &[u8], check: bool) -> Character {
    let Some(&first) = bytes.first() else { return Character::Incomplete };
    let len = match first {
        0..0x80 => return Character::Is(first.into(), 1),
        0x80..0xc0 => return Character::Invalid,
        0xc0..0xc2 if check => return Character::Invalid,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 if !check || first < 0xf5 => 4,
        _ => return Character::Invalid,
    };
    let Some(bytes) = bytes.get(..len) else { return Character::Incomplete };
    let value = bytes[1..]
        .iter()
        .fold(u32::from(first) & (0x7f >> len), |value, byte| value << 6 | u32::from(*byte & 0x3f));
    if check {
        let continues = bytes[1..].iter().all(|byte| byte & 0xc0 == 0x80);
        let shortest = value >= [0, 0, 0x80, 0x800, 0x1_0000][len];
        let surrogate = (0xd800..0xe000).contains(&value);
        if !continues || !shortest || surrogate || value > 0x10_ffff {
            return Character::Invalid;
        }
    }
    Character::Is(value, len)
}

fn encode(form: Form, value: u32) -> Vec<u8> {
    match form {
        Form::Utf32 => value.to_be_bytes().to_vec(),
        Form::Utf16 if value < 0x1_0000 => (value as u16).to_be_bytes().to_vec(),
        Form::Utf16 => {
            let high = 0xd800 | ((value >> 16).wrapping_sub(1) & 0xf) << 6 | value >> 10 & 0x3f;
            let low = 0xdc00 | value & 0x3ff;
            [(high as u16).to_be_bytes(), (low as u16).to_be_bytes()].concat()
        }
        Form::Utf8 => {
            let part = |shift: u32| (value >> shift & 0x3f) as u8 | 0x80;
            match value {
                0..0x80 => vec![value as u8],
                0x80..0x800 => vec![(value >> 6) as u8 | 0xc0, part(0)],
                0x800..0x1_0000 => vec![(value >> 12) as u8 | 0xe0, part(6), part(0)],
                _ => vec![(value >> 18) as u8 & 7 | 0xf0, part(12), part(6), part(0)],
            }
        }
    }
}

/// CONVERT from one form to another.
fn convert(cx: &mut Cx<S390x>, text: u64, from_form: Form, to_form: Form) -> Helped {
    let (r1, r2) = pair_fields(text);
    check_pairs(r1, r2)?;
    let check = Text(text).nibble(4) & 1 != 0;
    let (mut to, mut room) = (address_in(cx, r1), length_in(cx, r1 | 1));
    let (mut from, mut left) = (address_in(cx, r2), length_in(cx, r2 | 1));
    let mut cc = 3;
    for _ in 0..CHARACTERS {
        let mut bytes = [0; 4];
        let (mut have, mut character) = (0, Character::Incomplete);
        // As few bytes as it takes: those behind may not be there.
        while matches!(character, Character::Incomplete) && have < 4 && (have as u64) < left {
            let at = storage::wrap(cx, from.wrapping_add(have as u64));
            storage::fetch_of(cx, (r2, at), &mut bytes[have..=have])?;
            have += 1;
            character = decode(from_form, &bytes[..have], check);
        }
        let (value, used) = match character {
            Character::Is(value, used) => (value, used as u64),
            Character::Incomplete => {
                cc = 0;
                break;
            }
            Character::Invalid => {
                cc = 2;
                break;
            }
        };
        let encoded = encode(to_form, value);
        if room < encoded.len() as u64 {
            cc = 1;
            break;
        }
        storage::store_of(cx, (r1, to), &encoded)?;
        let stored = encoded.len() as u64;
        (to, room) = (storage::wrap(cx, to.wrapping_add(stored)), room - stored);
        (from, left) = (storage::wrap(cx, from.wrapping_add(used)), left - used);
        put_address(cx, r1, to);
        put_length(cx, r1 | 1, room);
        put_address(cx, r2, from);
        put_length(cx, r2 | 1, left);
    }
    set_cc(cx, cc);
    Ok(0)
}

/// CONVERT UTF-8 TO UTF-16.
pub(crate) fn cu12(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf8, Form::Utf16)
}

/// CONVERT UTF-8 TO UTF-32.
pub(crate) fn cu14(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf8, Form::Utf32)
}

/// CONVERT UTF-16 TO UTF-8.
pub(crate) fn cu21(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf16, Form::Utf8)
}

/// CONVERT UTF-16 TO UTF-32.
pub(crate) fn cu24(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf16, Form::Utf32)
}

/// CONVERT UTF-32 TO UTF-8.
pub(crate) fn cu41(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf32, Form::Utf8)
}

/// CONVERT UTF-32 TO UTF-16.
pub(crate) fn cu42(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    convert(cx, args[2], Form::Utf32, Form::Utf16)
}
