//! The assembly syntax of instructions, as GNU tools print it.
//!
//! A row's operands are names, one for each operand as printed:
//!
//! | name | operand |
//! |---|---|
//! | `r1` `r2` `r3`, `a1`.., `c1`.., `f1`.. | general, access, control, floating-point register of that field |
//! | `m1` `m3` `m4` | mask; with `?`, left out when it and all behind it are zero |
//! | `x` | displacement, index, base |
//! | `s`, `s1` | displacement and base, of the only or second, or the first storage operand |
//! | `l1`, `l1n`, `l2n`, `lr` | the same with a length: of a byte, of half a byte, in a register |
//! | `i` `u` `b` `h` `w` `h4` | immediate: as the format extends it, unsigned or signed byte, unsigned halfword, unsigned word, unsigned halfword at the end |
//! | `j` `j16` `j12` `j24` `j32` `jd` | relative address |
//! | `rot` | the three fields of a rotate-then-insert |

use std::fmt::Write;

use crate::decode::{length, operands};
use crate::insn::Text;
use crate::{Insn, reg, table};

/// The text of the instruction in `bytes`, at `pc`.
#[must_use]
pub fn disassemble(bytes: &[u8], pc: u64) -> String {
    let mut all = [0; 8];
    for (place, byte) in all.iter_mut().zip(bytes) {
        *place = *byte;
    }
    let text = Text(u64::from_be_bytes(all));
    let Some((_, row)) = table::find(text) else {
        let words: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        return format!(".byte {}", words.join(","));
    };
    if row.is_vector() {
        return crate::disassemble_vector::print(row, text);
    }
    let insn = Insn { len: length(all[0]) as u8, raw: text.0, ..operands(row.format, text) };
    let mut printed: Vec<String> = Vec::new();
    let names: Vec<&str> = row.operands().split(',').filter(|name| !name.is_empty()).collect();
    for (place, name) in names.iter().enumerate() {
        let optional = |name: &&str| name.ends_with('?');
        let is_zero = |name: &&str| field(name.trim_end_matches('?'), &insn) == 0;
        if optional(name) && names[place..].iter().all(|name| optional(name) && is_zero(name)) {
            break;
        }
        printed.push(operand(name.trim_end_matches('?'), &insn, text, pc));
    }
    let name = extend(row.name, &insn, &names, &mut printed);
    let joined = printed.join(",");
    if joined.is_empty() { name } else { format!("{name} {joined}") }
}

/// What conditions are called, by mask; empty where there is no name.
const CONDITIONS: [&str; 16] =
    ["", "o", "h", "nle", "l", "nhe", "lh", "ne", "e", "nlh", "he", "nl", "le", "nh", "no", ""];
/// What results of comparisons are called.
const RELATIONS: [&str; 16] =
    ["", "", "h", "", "l", "", "ne", "", "e", "", "nl", "", "nh", "", "", ""];

/// The extended mnemonic, which has an operand in it that is then not printed.
fn extend(name: &str, i: &Insn, names: &[&str], printed: &mut Vec<String>) -> String {
    let branch = |plain: &str, never: &str, mask: u8| match mask {
        0 => never.to_owned(),
        15 => plain.to_owned(),
        mask => format!("{plain}{}", CONDITIONS[usize::from(mask)]),
    };
    let by_mask = match name {
        "bcr" if i.r1 == 15 => Some("br".to_owned()),
        "bcr" if i.r1 == 0 && i.r2 == 0 => {
            printed.clear();
            return "nopr".to_owned();
        }
        "bcr" if i.r1 == 0 => Some("nopr".to_owned()),
        "bcr" => Some(format!("b{}r", CONDITIONS[usize::from(i.r1)])),
        "bc" => Some(branch("b", "nop", i.r1)),
        "brc" => Some(branch("j", "jnop", i.r1)),
        "brcl" => Some(branch("jg", "jgnop", i.r1)),
        "bic" if i.r1 != 0 => Some(branch("bi", "", i.r1)),
        _ => None,
    };
    if let Some(name) = by_mask {
        printed.remove(0);
        if name == "nop" {
            // Printed as if it had a base alone.
            printed.iter_mut().for_each(|operand| *operand = operand.replace(",%r0)", ")"));
        }
        return name;
    }
    if let Some(older) = older_name(name, i, printed) {
        return older.to_owned();
    }
    let is_conditional = name.starts_with("loc") || name.starts_with("stoc");
    let compares = names.contains(&"jd") || is_compare_and(name);
    let suffix = if is_conditional {
        CONDITIONS[usize::from(i.m3)]
    } else if compares {
        RELATIONS[usize::from(i.m3)]
    } else {
        ""
    };
    if !suffix.is_empty()
        && let Some(place) = names.iter().position(|name| *name == "m3")
    {
        printed.remove(place);
        return format!("{name}{suffix}");
    }
    match name {
        "risbg" | "risbgn" if i.m4 & 0xc0 == 0x80 => {
            printed[2] = format!("{},{},{}", i.m3, i.m4 & 0x3f, i.imm as u8);
            format!("{name}z")
        }
        "cu21" if i.m3 == 0 => "cuutf".to_owned(),
        "cu12" if i.m3 == 0 => "cutfu".to_owned(),
        _ => name.to_owned(),
    }
}

/// Conversions had no masks once, or only the first: without them they have their older names.
fn older_name<'a>(name: &'a str, i: &Insn, printed: &mut Vec<String>) -> Option<&'a str> {
    let older = name.strip_suffix('a').filter(|older| older.ends_with("br"))?;
    let always_rounds = matches!(older.as_bytes(), [b'f', ..] | [b'c', b'f' | b'g', ..]);
    if i.m4 != 0 || (!always_rounds && i.m3 != 0) {
        return None;
    }
    printed.pop();
    if !always_rounds {
        printed.remove(1);
    }
    Some(older)
}

/// Whether it compares and branches to an address, or traps.
fn is_compare_and(name: &str) -> bool {
    let compared = name.trim_start_matches('c').trim_start_matches('l').trim_start_matches('g');
    matches!(compared, "rb" | "ib" | "rt" | "it" | "fit" | "t")
}

/// The number that a register or mask name stands for.
fn field(name: &str, i: &Insn) -> u8 {
    match name.get(1..) {
        Some("1") => i.r1,
        Some("2") => i.r2,
        Some("3") if name.starts_with('m') => i.m3,
        Some("3") => i.r3,
        _ => i.m4,
    }
}

/// A displacement with index, or length, and base.
fn storage(displacement: i32, first: Option<String>, base: u8) -> String {
    let mut text = displacement.to_string();
    let base = (base != reg::ZERO).then(|| format!("%r{base}"));
    let _ = match (first, base) {
        (None, None) => Ok(()),
        (None, Some(base)) => write!(text, "({base})"),
        (Some(first), base) => write!(text, "({first},{})", base.as_deref().unwrap_or("%r0")),
    };
    text
}

fn target(pc: u64, offset: i64) -> String {
    format!("{:#x}", pc.wrapping_add_signed(offset))
}

fn operand(name: &str, i: &Insn, t: Text, pc: u64) -> String {
    let length = |length: u8| Some((u32::from(length) + 1).to_string());
    match name {
        "x" => {
            let index = (i.x2 != reg::ZERO && i.x2 != 0).then(|| format!("%r{}", i.x2));
            storage(i.d2, index, i.b2)
        }
        "s" => storage(i.d2, None, i.b2),
        "s1" => storage(i.d1, None, i.b1),
        "l1" => storage(i.d1, length(t.byte(1)), i.b1),
        "l1n" => storage(i.d1, length(t.nibble(2)), i.b1),
        "l2n" => storage(i.d2, length(t.nibble(3)), i.b2),
        "lr" => storage(i.d1, Some(format!("%r{}", t.nibble(2))), i.b1),
        "l2" => storage(i.d2, length(t.byte(1)), i.b2),
        "i" => i.imm.to_string(),
        "u" => (i.imm as u8).to_string(),
        "b" => (i.imm as i8).to_string(),
        "h" | "h4" => (i.imm as u16).to_string(),
        "w" => (i.imm as u32).to_string(),
        "n3" => i.m3.to_string(),
        "j" | "j16" if is_scaled(t) => target(pc, i.imm),
        "j" | "j16" => target(pc, i.imm * 2),
        "j12" => target(pc, i.imm),
        "j24" => target(pc, ((t.0 << 24) as i64 >> 40) * 2),
        "j32" => target(pc, i.imm),
        "jd" => target(pc, i.d2.into()),
        "rot" => format!("{},{},{}", i.m3, i.m4, i.imm as u8),
        _ => register(name, i),
    }
}

/// Whether the decoder has scaled a relative offset: RSI and RIE.
fn is_scaled(t: Text) -> bool {
    matches!(t.byte(0), 0x84 | 0x85 | 0xec)
}

fn register(name: &str, i: &Insn) -> String {
    let number = field(name, i);
    match name.as_bytes().first() {
        Some(b'm') => number.to_string(),
        Some(kind) => format!("%{}{number}", char::from(*kind)),
        None => String::new(),
    }
}
