//! The assembly syntax of vector instructions.
//!
//! Operands are named by where they are:
//!
//! | name | operand |
//! |---|---|
//! | `v1` `v2` `v3` `v4` | vector register of that field, extended by its bit of the last field but one |
//! | `r1` `r2` `r3`, `q3` | general register of the first or second field, of the third |
//! | `n5` `n6` `n7` `n8` | the half-byte at that place; with `?`, left out when it is zero |
//! | `b4` `b6` | the byte at that half-byte |
//! | `i16` `u16` `i12` | immediate behind the register fields |
//! | `x` `s` `xv` | storage with an index, without, with a vector register as the index |
//!
//! Mnemonics have element sizes, formats and flags in them where the fields behind have usual values. How is told by a letter
//! behind a slash, and by names for the values of the size, a dot before each.

use crate::decode::operands;
use crate::insn::Text;
use crate::table::Row;
use crate::vector::Op;
use crate::{Insn, reg};

/// The half-bytes that operands are in: a bit each, the first one's the lowest.
pub(crate) fn used(operands: &str) -> u16 {
    let (list, _) = split(operands);
    list.split(',').fold(0, |all, name| {
        all | match name.trim_end_matches('?') {
            "v1" => 1 << 2 | 1 << 9,
            "v2" => 1 << 3 | 1 << 9,
            "v3" => 1 << 4 | 1 << 9,
            "v4" => 1 << 8 | 1 << 9,
            "r1" => 1 << 2,
            "r2" | "r3" => 1 << 3,
            "q3" => 1 << 4,
            "n5" => 1 << 5,
            "n6" => 1 << 6,
            "n7" => 1 << 7,
            "n8" => 1 << 8,
            "b4" => 0b11 << 4,
            "b6" => 0b11 << 6,
            "i16" | "u16" | "s" => 0b1111 << 4,
            "i12" => 0b111 << 4,
            "x" => 0b1_1111 << 3,
            "xv" => 0b1_1111 << 3 | 1 << 9,
            _ => 0,
        }
    })
}

/// Operands, and how mnemonics are extended.
fn split(operands: &str) -> (&str, &str) {
    operands.split_once('/').unwrap_or((operands, ""))
}

/// An instruction that is being printed.
struct Printed<'a> {
    row: &'a Row,
    op: Op,
    insn: Insn,
    /// Fields that the mnemonic has in it, or that are left out.
    hidden: Vec<&'static str>,
    /// A field that is printed without some of its bits.
    cut: Option<(&'static str, u8)>,
}

/// The text of an instruction of this row.
pub(crate) fn print(row: &Row, text: Text) -> String {
    let insn = operands(row.format, text);
    let mut printed = Printed { row, op: Op(text), insn, hidden: Vec::new(), cut: None };
    let name = printed.name();
    let (list, _) = split(row.operands());
    let shown = list.split(',').filter_map(|name| printed.operand(name));
    format!("{name} {}", shown.collect::<Vec<_>>().join(","))
}

impl Printed<'_> {
    fn operand(&self, name: &str) -> Option<String> {
        let (o, i) = (self.op, &self.insn);
        let base = if i.b2 == reg::ZERO { String::new() } else { format!("%r{}", i.b2) };
        let storage = |index: Option<String>| match (index, base.as_str()) {
            (None, "") => i.d2.to_string(),
            (None, base) => format!("{}({base})", i.d2),
            (Some(index), "") => format!("{}({index},%r0)", i.d2),
            (Some(index), base) => format!("{}({index},{base})", i.d2),
        };
        if self.hidden.contains(&name) {
            return None;
        }
        let optional = name.ends_with('?');
        let name = name.trim_end_matches('?');
        let general = |place| format!("%r{}", o.field(place));
        Some(match name {
            "v1" => format!("%v{}", o.v1()),
            "v2" => format!("%v{}", o.v2()),
            "v3" => format!("%v{}", o.v3()),
            "v4" => format!("%v{}", o.v4()),
            "r1" => general(2),
            "r2" | "r3" => general(3),
            "q3" => general(4),
            "b4" => o.0.byte(2).to_string(),
            "b6" => o.0.byte(3).to_string(),
            "i16" => ((o.0.0 >> 32) as i16).to_string(),
            "u16" => ((o.0.0 >> 32) as u16).to_string(),
            "i12" => (o.0.0 >> 36 & 0xfff).to_string(),
            "x" => storage((o.field(3) != 0).then(|| general(3))),
            "xv" => storage((o.v2() != 0).then(|| format!("%v{}", o.v2()))),
            "s" => storage(None),
            field => {
                let value = self.field(field);
                if optional && value == 0 {
                    return None;
                }
                value.to_string()
            }
        })
    }

    /// A half-byte by its name.
    fn field(&self, name: &str) -> u8 {
        let value = o_field(self.op, name);
        match self.cut {
            Some((cut, mask)) if cut == name => value & mask,
            _ => value,
        }
    }

    /// Where the element size is.
    fn size_field(&self) -> &'static str {
        if self.row.operands().contains("n5") { "n5" } else { "n8" }
    }

    /// The mnemonic, with what is in it of the fields.
    fn name(&mut self) -> String {
        let (_, how) = split(self.row.operands());
        let names = how.get(1..).unwrap_or_default();
        let size_field = self.size_field();
        let size = usize::from(o_field(self.op, size_field));
        let sized = names.split('.').nth(size + 1).filter(|name| !name.is_empty());
        let plain = self.row.name.to_owned();
        let n6 = self.op.field(6);
        match (how.chars().next(), sized) {
            (Some('B'), _) => match (self.op.0.0 >> 32) as u16 {
                0 => self.constant("vzero"),
                u16::MAX => self.constant("vone"),
                _ => plain,
            },
            (Some('E'), Some(size)) => {
                self.hidden.push(size_field);
                plain + size
            }
            (Some('S'), Some(size)) if n6 <= 1 => {
                self.hidden.extend([size_field, "n6"]);
                plain + size + flag(n6)
            }
            (Some('I'), Some(size)) => {
                self.hidden.push(size_field);
                if n6 == 1 {
                    self.hidden.push("n6?");
                }
                plain + size + if n6 == 1 { "s" } else { "" }
            }
            (Some('Z'), Some(size)) => {
                self.hidden.push(size_field);
                if n6 > 3 {
                    return plain + size;
                }
                self.hidden.push("n6?");
                plain + zero_flag(n6) + size + flag(n6)
            }
            (Some('A'), Some(size)) => {
                self.hidden.push(size_field);
                self.cut = Some(("n6", 0xc));
                plain + zero_flag(n6) + size + flag(n6)
            }
            (Some('C'), Some(name)) => self.conversion(name),
            (Some('F' | 'K' | 'P' | 'W' | 'L'), _) => self.float_name(how),
            _ => plain,
        }
    }

    /// A mnemonic that has the immediate in it.
    fn constant(&mut self, name: &str) -> String {
        self.hidden.push("u16");
        name.to_owned()
    }

    /// A conversion's name has its formats; the one with `?` is of the first element only.
    fn conversion(&mut self, name: &str) -> String {
        let single = self.op.field(7) & 8 != 0;
        if name.starts_with('?') && !single {
            return self.row.name.to_owned();
        }
        self.hidden.push("n8");
        self.cut = Some(("n7", 7));
        first_letter(name.trim_start_matches('?'), single)
    }

    /// Names of floating-point instructions: the first letter tells whether it is of the first element alone, the end is the format.
    fn float_name(&mut self, how: &str) -> String {
        let size_field = self.size_field();
        let (n6, n7) = (self.op.field(6), self.op.field(7));
        let single = n7 & 8 != 0;
        let plain = self.row.name.to_owned();
        let scalar = how == "W";
        let format = match o_field(self.op, size_field) {
            2 => "sb",
            3 => "db",
            4 if single || scalar => "xb",
            _ => return plain,
        };
        let allowed = match how {
            "W" => n7 == 0,
            "K" => n7 & 3 == 0 && n6 <= 1,
            "L" => n7 & 7 == 0 && (format == "sb" || format == "db" && single),
            _ => n7 & 7 == 0,
        };
        if !allowed {
            return plain;
        }
        self.hidden.extend([size_field, "n7"]);
        let stem = match (how, n6) {
            ("K", _) if n7 & 4 != 0 => plain.replacen("vfc", "vfk", 1),
            ("P", 0) => "vflc".to_owned(),
            ("P", 1) => "vfln".to_owned(),
            ("P", 2) => "vflp".to_owned(),
            _ => plain,
        };
        if how == "K" || how == "P" && n6 <= 2 {
            self.hidden.push("n6");
        }
        let name = if how == "L" { stem + &format[..1] } else { stem + format };
        let name = if how == "K" { name + flag(n6) } else { name };
        if scalar { name } else { first_letter(&name, single) }
    }
}

fn o_field(op: Op, name: &str) -> u8 {
    let place = name.strip_prefix('n').and_then(|place| place.parse().ok()).unwrap_or(8);
    op.field(place)
}

/// Of an instruction that sets the condition code.
fn flag(field: u8) -> &'static str {
    if field & 1 != 0 { "s" } else { "" }
}

/// Of an instruction that searches for zeros.
fn zero_flag(field: u8) -> &'static str {
    if field & 2 != 0 { "z" } else { "" }
}

fn first_letter(name: &str, single: bool) -> String {
    if single { name.replacen('v', "w", 1) } else { name.to_owned() }
}
