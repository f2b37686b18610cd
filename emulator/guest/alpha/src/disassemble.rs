//! Instructions as text, in the syntax and with the aliases that `objdump` prints, so that listings can be compared.
//!
//! The table says which instruction an encoding is; its format says how operands are printed. What follows are the
//! aliases: a sum or difference with zero is an extension or a negation, an OR of a register with itself a move.

use crate::decode::{Format, Qualifiers, Word};
use crate::table::{self, Row};

/// The names of the integer registers.
pub const REGISTERS: [&str; 32] = [
    "v0", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "s0", "s1", "s2", "s3", "s4", "s5", "fp",
    "a0", "a1", "a2", "a3", "a4", "a5", "t8", "t9", "t10", "t11", "ra", "t12", "at", "gp", "sp",
    "zero",
];

/// The names of CALL_PAL functions.
const PAL_FUNCTIONS: [(u32, &str); 9] = [
    (0x00, "halt"),
    (0x02, "draina"),
    (0x80, "bpt"),
    (0x81, "bugchk"),
    (0x83, "callsys"),
    (0x86, "imb"),
    (0x9e, "rduniq"),
    (0x9f, "wruniq"),
    (0xaa, "gentrap"),
];

/// The text of an encoding at address `pc`.
#[must_use]
pub fn disassemble(word: u32, pc: u64) -> String {
    match table::find(word) {
        Some((_, row)) => Text { row, w: Word(word), pc }.print(),
        None => format!(".long {word:#x}"),
    }
}

/// An instruction that is being printed.
struct Text {
    row: &'static Row,
    w: Word,
    pc: u64,
}

fn register(number: u8) -> &'static str {
    REGISTERS[usize::from(number & 31)]
}

fn hex(value: u32) -> String {
    if value == 0 { "0".to_owned() } else { format!("{value:#x}") }
}

/// The letters of the qualifiers in bits 10:6 of a function code.
fn qualifiers(kind: Qualifiers, bits: u32) -> String {
    let integer =
        matches!(kind, Qualifiers::ToInteger | Qualifiers::VaxToInteger | Qualifiers::Longword);
    let trapping = match (kind, bits >> 2) {
        (Qualifiers::Widen, 6) => "s",
        (Qualifiers::Widen, _) => "",
        (_, 1) if integer => "v",
        (_, 5) if integer => "sv",
        (_, 7) if integer => "svi",
        (_, 1) => "u",
        (_, 4) => "s",
        (_, 5) => "su",
        (_, 7) => "sui",
        _ => "",
    };
    let rounding = match bits & 3 {
        _ if kind == Qualifiers::Longword => "",
        0 => "c",
        1 => "m",
        2 => "",
        _ => "d",
    };
    match (trapping, rounding) {
        ("", "") => String::new(),
        _ => format!("/{trapping}{rounding}"),
    }
}

impl Text {
    fn print(&self) -> String {
        let (w, name) = (self.w, self.row.name);
        let (ra, rb) = (register(w.ra()), register(w.rb()));
        match self.row.format {
            Format::Pal => self.pal(),
            Format::PalReserved => format!("{name} {}", hex(w.bits(0, 26))),
            Format::Address if w.rb() == 31 => format!("{name} {ra},{}", w.signed(16)),
            // A load of nothing, which assemblers use to fill gaps.
            Format::Load if name == "ldq_u" && w.ra() == 31 => "unop".to_owned(),
            Format::Address
            | Format::Load
            | Format::LoadLocked
            | Format::Store
            | Format::StoreConditional => format!("{name} {ra},{}({rb})", w.signed(16)),
            Format::FloatMemory => format!("{name} $f{},{}({rb})", w.ra(), w.signed(16)),
            Format::Misc => name.to_owned(),
            Format::MiscAddress => format!("{name} ({rb})"),
            Format::MiscRegister => format!("{name} {ra}"),
            Format::MiscCounter if w.rb() == 31 => format!("{name} {ra}"),
            Format::MiscCounter => format!("{name} {ra},{rb}"),
            Format::Jump => self.jump(),
            Format::Return if self.is_plain_return() => name.to_owned(),
            Format::Return => format!("{name} {ra},({rb}),{}", hex(w.bits(0, 14))),
            Format::Branch if name == "br" && w.ra() == 31 => format!("br {}", self.target()),
            Format::Branch | Format::ConditionalBranch => format!("{name} {ra},{}", self.target()),
            Format::FloatBranch => format!("{name} $f{},{}", w.ra(), self.target()),
            Format::Operate
            | Format::OperateRegister
            | Format::OperateOne
            | Format::OperateOneRegister
            | Format::Implver => self.operate(),
            Format::ToFloat => format!("{name} {ra},$f{}", w.rc()),
            Format::FromFloat => format!("{name} $f{},{}", w.ra(), register(w.rc())),
            _ => self.float(),
        }
    }

    fn pal(&self) -> String {
        let function = self.w.bits(0, 26);
        let known = PAL_FUNCTIONS.iter().find(|(number, _)| *number == function);
        known.map_or_else(|| format!("call_pal {}", hex(function)), |(_, name)| (*name).to_owned())
    }

    fn is_plain_return(&self) -> bool {
        let w = self.w;
        self.row.name == "ret" && w.ra() == 31 && w.rb() == 26 && w.bits(0, 14) == 1
    }

    fn address(&self, bytes: i64) -> String {
        format!("{:#x}", self.pc.wrapping_add(4).wrapping_add_signed(bytes))
    }

    fn target(&self) -> String {
        self.address(self.w.displacement())
    }

    fn jump(&self) -> String {
        let (w, name) = (self.w, self.row.name);
        let hint = w.signed(14) * 4;
        if name == "jmp" && w.ra() == 31 && hint == 0 {
            return format!("jmp ({})", register(w.rb()));
        }
        let target = self.address(hint);
        format!("{name} {},({}),{target}", register(w.ra()), register(w.rb()))
    }

    /// The mnemonic, with `/v`.
    fn mnemonic(&self) -> String {
        match self.row.name.strip_suffix("_v") {
            Some(name) => format!("{name}/v"),
            None => self.row.name.to_owned(),
        }
    }

    fn operate(&self) -> String {
        let w = self.w;
        let (ra, rc) = (register(w.ra()), register(w.rc()));
        let b = if w.has_literal() { hex(w.literal()) } else { register(w.rb()).to_owned() };
        let mnemonic = self.mnemonic();
        match self.row.format {
            Format::Implver => return format!("{mnemonic} {rc}"),
            Format::OperateOne | Format::OperateOneRegister => {
                return format!("{mnemonic} {b},{rc}");
            }
            _ => {}
        }
        match (self.row.name, w.ra() == 31) {
            ("or", true) if !w.has_literal() && w.rb() == 31 && w.rc() == 31 => "nop".to_owned(),
            ("or", true) if !w.has_literal() && w.rb() == 31 => format!("clr {rc}"),
            ("or", true) => format!("mov {b},{rc}"),
            ("or", false) if !w.has_literal() && w.ra() == w.rb() => format!("mov {b},{rc}"),
            ("ornot", true) => format!("not {b},{rc}"),
            ("addl", true) => format!("sextl {b},{rc}"),
            ("subl" | "subq" | "subl_v" | "subq_v", true) => {
                format!("{} {b},{rc}", mnemonic.replace("sub", "neg"))
            }
            _ => format!("{mnemonic} {ra},{b},{rc}"),
        }
    }

    fn float(&self) -> String {
        let (w, name) = (self.w, self.row.name);
        let (fa, fb, fc) = (w.ra(), w.rb(), w.rc());
        match (self.row.format, name) {
            (Format::FloatControl, _) => format!("{name} $f{fa}"),
            (Format::FloatOne, _) => format!("{name} $f{fb},$f{fc}"),
            (Format::FloatThree, "cpys" | "cpysn") => self.copy(),
            (Format::FloatOneQualified(kind), _) => {
                format!("{name}{} $f{fb},$f{fc}", qualifiers(kind, w.bits(11, 5)))
            }
            (Format::FloatQualified(kind), _) => {
                let letters = qualifiers(kind, w.bits(11, 5));
                let negates = name.starts_with("sub") && fa == 31;
                if negates && matches!(letters.as_str(), "" | "/s" | "/su" | "/sui") {
                    // Of the trapping modes of VAX formats, negations have two.
                    let is_alias = kind == Qualifiers::Ieee || letters != "/su";
                    if is_alias {
                        return format!("{}{letters} $f{fb},$f{fc}", name.replace("sub", "neg"));
                    }
                }
                format!("{name}{letters} $f{fa},$f{fb},$f{fc}")
            }
            _ => format!("{name} $f{fa},$f{fb},$f{fc}"),
        }
    }

    /// CPYS and CPYSN: moves, negations, absolute values.
    fn copy(&self) -> String {
        let (w, name) = (self.w, self.row.name);
        let (fa, fb, fc) = (w.ra(), w.rb(), w.rc());
        match (name, fa == fb, fa == 31) {
            ("cpys", true, true) if fc == 31 => "fnop".to_owned(),
            ("cpys", true, true) => format!("fclr $f{fc}"),
            ("cpys", false, true) => format!("fabs $f{fb},$f{fc}"),
            ("cpys", true, false) => format!("fmov $f{fb},$f{fc}"),
            ("cpysn", true, _) => format!("fneg $f{fb},$f{fc}"),
            _ => format!("{name} $f{fa},$f{fb},$f{fc}"),
        }
    }
}
