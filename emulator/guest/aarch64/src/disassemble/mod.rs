//! Instructions as text, in the syntax and with the aliases that `objdump` prints, so that listings can be compared.
//!
//! The table says which instruction an encoding is; its format says how operands are printed. What follows are
//! the aliases, which the manual prefers wherever they apply.

mod memory;
mod names;
mod system;

use crate::decode::{Format, Word, operands};
use crate::table::{self, Row};

/// Suffixes of conditions.
const CONDITIONS: [&str; 16] = [
    "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv",
];
const SHIFTS: [&str; 4] = ["lsl", "lsr", "asr", "ror"];
const EXTENDS: [&str; 8] = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"];

/// The text of an encoding at address `pc`.
#[must_use]
pub fn disassemble(word: u32, pc: u64) -> String {
    let w = Word(word);
    match table::find(word).filter(|(_, row)| operands(row.format, w).is_some()) {
        Some((_, row)) => Text { row, w, pc, wide: row.is_wide() }.print(),
        None => format!(".inst {word:#010x} ; undefined"),
    }
}

/// An instruction that is being printed.
struct Text {
    row: &'static Row,
    w: Word,
    pc: u64,
    wide: bool,
}

/// The name of general register `number`, with 31 as zero.
fn register(number: u32, wide: bool) -> String {
    match (number, wide) {
        (31, true) => "xzr".to_owned(),
        (31, false) => "wzr".to_owned(),
        (number, true) => format!("x{number}"),
        (number, false) => format!("w{number}"),
    }
}

/// The name of general register `number`, with 31 as the stack pointer.
fn register_or_sp(number: u32, wide: bool) -> String {
    match (number, wide) {
        (31, true) => "sp".to_owned(),
        (31, false) => "wsp".to_owned(),
        _ => register(number, wide),
    }
}

fn condition(w: Word) -> usize {
    w.bits(12, 4) as usize
}

impl Text {
    /// The register at bit `low`, with 31 as zero.
    fn r(&self, low: u32) -> String {
        register(self.w.bits(low, 5), self.wide)
    }

    /// The register at bit `low`, with 31 as the stack pointer.
    fn sp(&self, low: u32) -> String {
        register_or_sp(self.w.bits(low, 5), self.wide)
    }

    /// Whether the field at `low` is 31.
    fn is_31(&self, low: u32) -> bool {
        self.w.bits(low, 5) == 31
    }

    fn target(&self, offset: i64) -> String {
        format!("{:#x}", self.pc.wrapping_add_signed(offset))
    }

    /// The mnemonic, before aliases.
    fn name(&self) -> &'static str {
        self.row.mnemonic()
    }

    fn print(&self) -> String {
        use Format::*;
        match self.row.format {
            PcRelative | PcRelativePage => self.pc_relative(),
            SumImmediate | SumImmediateFlags => self.sum_immediate(),
            LogicalImmediate | LogicalImmediateFlags => self.logical_immediate(),
            MoveWide | MoveKeep => self.move_wide(),
            Bitfield => self.bitfield(),
            BitfieldInsert => self.bitfield_insert(),
            Extract => self.extract(),
            Shifted => self.shifted(),
            Extended | ExtendedFlags => self.extended(),
            TwoRegisters => format!("{} {}, {}", self.name(), self.r(0), self.r(5)),
            ThreeRegisters => self.three_registers(),
            FourRegisters => self.four_registers(),
            Checksum => self.checksum(),
            CompareImmediate | CompareRegister => self.conditional_compare(),
            Select => self.select(),
            Branch | BranchConditional | CompareBranch | TestBranch | BranchRegister
            | ExceptionReturn => self.branch(),
            PermanentlyUndefined | Exception | Hint | Barrier | SystemImmediate | SystemWrite
            | SystemRead | RegisterWrite | RegisterRead => self.system(),
            _ => self.memory(),
        }
    }

    fn pc_relative(&self) -> String {
        let (name, rd, offset) = (self.name(), self.r(0), self.w.pc_offset());
        match self.row.format {
            Format::PcRelative => format!("{name} {rd}, {}", self.target(offset)),
            _ => {
                let page = (self.pc & !0xfff).wrapping_add_signed(offset << 12);
                format!("{name} {rd}, {page:#x}")
            }
        }
    }

    fn sum_immediate(&self) -> String {
        let w = self.w;
        let (imm, shifted) = (w.bits(10, 12), w.bit(22));
        let shift = if shifted { ", lsl #12" } else { "" };
        let sets_flags = self.row.format == Format::SumImmediateFlags;
        if sets_flags && self.is_31(0) {
            let name = if self.name() == "subs" { "cmp" } else { "cmn" };
            return format!("{name} {}, #{imm:#x}{shift}", self.sp(5));
        }
        if self.name() == "add" && imm == 0 && !shifted && (self.is_31(0) || self.is_31(5)) {
            return format!("mov {}, {}", self.sp(0), self.sp(5));
        }
        let rd = if sets_flags { self.r(0) } else { self.sp(0) };
        format!("{} {rd}, {}, #{imm:#x}{shift}", self.name(), self.sp(5))
    }

    fn logical_immediate(&self) -> String {
        let mask = self.w.bitmask().unwrap_or_default();
        match self.name() {
            "ands" if self.is_31(0) => format!("tst {}, #{mask:#x}", self.r(5)),
            "ands" => format!("ands {}, {}, #{mask:#x}", self.r(0), self.r(5)),
            "orr" if self.is_31(5) && (self.is_31(0) || !self.wide_move_makes(mask)) => {
                format!("mov {}, #{mask:#x}", self.sp(0))
            }
            name => format!("{name} {}, {}, #{mask:#x}", self.sp(0), self.r(5)),
        }
    }

    /// Whether MOVZ or MOVN makes the value, which is then how MOV is encoded.
    fn wide_move_makes(&self, value: u64) -> bool {
        let width = if self.wide { 64 } else { 32 };
        let one_part = |value: u64| (0..width).step_by(16).any(|at| value & !(0xffff << at) == 0);
        one_part(value) || one_part(!value & u64::MAX >> (64 - width))
    }

    fn move_wide(&self) -> String {
        let (w, rd) = (self.w, self.r(0));
        let (part, shift) = (w.bits(5, 16), w.wide_shift());
        let hidden_zero = part == 0 && shift != 0;
        let value = w.wide_immediate();
        match self.name() {
            "movz" if !hidden_zero => format!("mov {rd}, #{value:#x}"),
            "movn" if !hidden_zero && self.wide => format!("mov {rd}, #{:#x}", !value),
            "movn" if !hidden_zero && part != 0xffff => {
                format!("mov {rd}, #{:#x}", !value & 0xffff_ffff)
            }
            name if shift == 0 => format!("{name} {rd}, #{part:#x}"),
            name => format!("{name} {rd}, #{part:#x}, lsl #{shift}"),
        }
    }

    fn bitfield(&self) -> String {
        let w = self.w;
        let (immr, imms, top) = (w.bits(16, 6), w.bits(10, 6), if self.wide { 63 } else { 31 });
        let signed = self.name() == "sbfm";
        let (rd, rn) = (self.r(0), self.r(5));
        let narrow = register(w.bits(5, 5), false);
        match (signed, immr, imms) {
            (true, 0, 7) => format!("sxtb {rd}, {narrow}"),
            (true, 0, 15) => format!("sxth {rd}, {narrow}"),
            (true, 0, 31) if self.wide => format!("sxtw {rd}, {narrow}"),
            (true, _, _) if imms == top => format!("asr {rd}, {rn}, #{immr}"),
            (false, 0, 7) if !self.wide => format!("uxtb {rd}, {rn}"),
            (false, 0, 15) if !self.wide => format!("uxth {rd}, {rn}"),
            (false, _, _) if imms == top => format!("lsr {rd}, {rn}, #{immr}"),
            (false, _, _) if imms + 1 == immr => format!("lsl {rd}, {rn}, #{}", top - imms),
            _ => {
                let sign = if signed { 's' } else { 'u' };
                self.field(&format!("{sign}bfx {rd}, {rn}"), &format!("{sign}bfiz {rd}, {rn}"))
            }
        }
    }

    fn bitfield_insert(&self) -> String {
        let (rd, rn) = (self.r(0), self.r(5));
        let insert = if self.is_31(5) { format!("bfc {rd}") } else { format!("bfi {rd}, {rn}") };
        self.field(&format!("bfxil {rd}, {rn}"), &insert)
    }

    /// The lowest bit and the width of a field that is extracted or inserted.
    fn field(&self, extract: &str, insert: &str) -> String {
        let (immr, imms) = (self.w.bits(16, 6), self.w.bits(10, 6));
        let width = if self.wide { 64 } else { 32 };
        if imms >= immr {
            format!("{extract}, #{immr}, #{}", imms - immr + 1)
        } else {
            format!("{insert}, #{}, #{}", width - immr, imms + 1)
        }
    }

    fn extract(&self) -> String {
        let (rd, rn, rm, low) = (self.r(0), self.r(5), self.r(16), self.w.bits(10, 6));
        if rn == rm {
            format!("ror {rd}, {rn}, #{low}")
        } else {
            format!("extr {rd}, {rn}, {rm}, #{low}")
        }
    }

    fn shifted(&self) -> String {
        let w = self.w;
        let (kind, amount) = (w.bits(22, 2), w.bits(10, 6));
        let plain = kind == 0 && amount == 0;
        let shift =
            if plain { String::new() } else { format!(", {} #{amount}", SHIFTS[kind as usize]) };
        let (rd, rn, rm) = (self.r(0), self.r(5), self.r(16));
        match self.name() {
            "orr" if plain && self.is_31(5) => format!("mov {rd}, {rm}"),
            "orn" if self.is_31(5) => format!("mvn {rd}, {rm}{shift}"),
            "ands" if self.is_31(0) => format!("tst {rn}, {rm}{shift}"),
            "adds" if self.is_31(0) => format!("cmn {rn}, {rm}{shift}"),
            "subs" if self.is_31(0) => format!("cmp {rn}, {rm}{shift}"),
            "sub" if self.is_31(5) => format!("neg {rd}, {rm}{shift}"),
            "subs" if self.is_31(5) => format!("negs {rd}, {rm}{shift}"),
            name => format!("{name} {rd}, {rn}, {rm}{shift}"),
        }
    }

    fn extended(&self) -> String {
        let w = self.w;
        let (kind, amount) = (w.bits(13, 3), w.bits(10, 3));
        let sets_flags = self.row.format == Format::ExtendedFlags;
        let with_sp = self.is_31(5) || (!sets_flags && self.is_31(0));
        let rm = register(w.bits(16, 5), self.wide && kind & 3 == 3);
        let is_lsl = with_sp && kind == if self.wide { 3 } else { 2 };
        let extend = match (is_lsl, amount) {
            (true, 0) => String::new(),
            (true, _) => format!(", lsl #{amount}"),
            (false, 0) => format!(", {}", EXTENDS[kind as usize]),
            (false, _) => format!(", {} #{amount}", EXTENDS[kind as usize]),
        };
        let rn = self.sp(5);
        match self.name() {
            "adds" if self.is_31(0) => format!("cmn {rn}, {rm}{extend}"),
            "subs" if self.is_31(0) => format!("cmp {rn}, {rm}{extend}"),
            name if sets_flags => format!("{name} {}, {rn}, {rm}{extend}", self.r(0)),
            name => format!("{name} {}, {rn}, {rm}{extend}", self.sp(0)),
        }
    }

    fn three_registers(&self) -> String {
        let (rd, rn, rm) = (self.r(0), self.r(5), self.r(16));
        match self.name() {
            "sbc" if self.is_31(5) => format!("ngc {rd}, {rm}"),
            "sbcs" if self.is_31(5) => format!("ngcs {rd}, {rm}"),
            name => format!("{name} {rd}, {rn}, {rm}"),
        }
    }

    fn four_registers(&self) -> String {
        let long = self.name().ends_with('l');
        let factor = |low| register(self.w.bits(low, 5), self.wide && !long);
        let (rd, rn, rm) = (self.r(0), factor(5), factor(16));
        if !self.is_31(10) {
            return format!("{} {rd}, {rn}, {rm}, {}", self.name(), self.r(10));
        }
        let alias = match self.name() {
            "madd" => "mul",
            "msub" => "mneg",
            "smaddl" => "smull",
            "smsubl" => "smnegl",
            "umaddl" => "umull",
            _ => "umnegl",
        };
        format!("{alias} {rd}, {rn}, {rm}")
    }

    fn checksum(&self) -> String {
        let narrow = |low| register(self.w.bits(low, 5), false);
        format!("{} {}, {}, {}", self.name(), narrow(0), narrow(5), self.r(16))
    }

    fn conditional_compare(&self) -> String {
        let second = match self.row.format {
            Format::CompareImmediate => format!("#{:#x}", self.w.bits(16, 5)),
            _ => self.r(16),
        };
        let (flags, condition) = (self.w.bits(0, 4), CONDITIONS[condition(self.w)]);
        format!("{} {}, {second}, #{flags:#x}, {condition}", self.name(), self.r(5))
    }

    fn select(&self) -> String {
        let (rd, rn, rm) = (self.r(0), self.r(5), self.r(16));
        let number = condition(self.w);
        let inverse = CONDITIONS[number ^ 1];
        let (same, invertible) = (rn == rm, number < 14);
        match self.name() {
            "csinc" if same && invertible && self.is_31(5) => format!("cset {rd}, {inverse}"),
            "csinv" if same && invertible && self.is_31(5) => format!("csetm {rd}, {inverse}"),
            "csinc" if same && invertible => format!("cinc {rd}, {rn}, {inverse}"),
            "csinv" if same && invertible => format!("cinv {rd}, {rn}, {inverse}"),
            "csneg" if same && invertible => format!("cneg {rd}, {rn}, {inverse}"),
            name => format!("{name} {rd}, {rn}, {rm}, {}", CONDITIONS[number]),
        }
    }

    fn branch(&self) -> String {
        let (w, name) = (self.w, self.name());
        match self.row.format {
            Format::Branch => format!("{name} {}", self.target(w.signed(0, 26) << 2)),
            Format::BranchConditional => {
                let condition = CONDITIONS[w.bits(0, 4) as usize];
                format!("b.{condition} {}", self.target(w.signed(5, 19) << 2))
            }
            Format::CompareBranch => {
                format!("{name} {}, {}", self.r(0), self.target(w.signed(5, 19) << 2))
            }
            Format::TestBranch => {
                let (rt, bit) =
                    (register(w.bits(0, 5), w.bit(31)), w.bits(31, 1) << 5 | w.bits(19, 5));
                format!("{name} {rt}, #{bit}, {}", self.target(w.signed(5, 14) << 2))
            }
            Format::ExceptionReturn => name.to_owned(),
            _ if name == "ret" && w.bits(5, 5) == 30 => name.to_owned(),
            _ => format!("{name} {}", register(w.bits(5, 5), true)),
        }
    }
}
