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
    let joined = printed.join(",");
    if joined.is_empty() { row.name.to_owned() } else { format!("{} {joined}", row.name) }
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
