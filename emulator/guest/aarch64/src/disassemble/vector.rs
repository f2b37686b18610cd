//! Vector and floating-point instructions as text.
//!
//! Their rows say what the operands are: `Vd, Wn, #right` is a vector, one with lanes of twice the size, and the amount of a
//! right shift. This module knows what each of these looks like.

use super::{CONDITIONS, Text, register, register_or_sp};
use crate::decode::Format;
use crate::decode_vector::{Lanes, lane_of, scale};
use crate::vector::bitwise::{double_constant, expanded};
use crate::vector_memory::{Structures, lane_index};

const LETTERS: [char; 5] = ['b', 'h', 's', 'd', 'q'];

/// The arrangement of a register: `8h`.
fn arrangement(lane: u32, full: bool) -> String {
    format!("{}{}", if full { 16 >> lane } else { 8 >> lane }, LETTERS[lane as usize])
}

/// A list of consecutive registers with the same arrangement.
fn list(first: u32, count: u32, arrangement: &str) -> String {
    let name = |k: u32| format!("v{}.{arrangement}", (first + k) % 32);
    let last = first + count - 1;
    if count == 1 {
        format!("{{{}}}", name(0))
    } else if count > 2 && last < 32 {
        format!("{{{}-{}}}", name(0), name(count - 1))
    } else {
        let names: Vec<String> = (0..count).map(name).collect();
        format!("{{{}}}", names.join(", "))
    }
}

/// A floating-point constant as `%e` with 18 digits prints it.
fn scientific(value: f64) -> String {
    let text = format!("{value:.18e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, magnitude) = match exponent.strip_prefix('-') {
        Some(magnitude) => ('-', magnitude),
        None => ('+', exponent),
    };
    format!("#{digits}e{sign}{magnitude:0>2}")
}

impl Text {
    pub(super) fn vector(&self, lanes: Lanes, operands: &str) -> String {
        let lane = lane_of(lanes, self.w).unwrap_or_default();
        let printed: Vec<String> =
            operands.split(", ").map(|operand| self.operand(operand, lane)).collect();
        let (name, printed) = self.alias(operands, lane, printed);
        format!("{name} {}", printed.join(", "))
    }

    /// The mnemonic, with what the manual prefers where it applies.
    fn alias(&self, operands: &str, lane: u32, mut printed: Vec<String>) -> (String, Vec<String>) {
        let name = self.name();
        let (full, vector) = (self.w.bit(30), !self.w.bit(28));
        let two_sizes = operands.contains('W') && operands.contains('V');
        let second = if two_sizes && full && vector { "2" } else { "" };
        let row = self.row.name;
        let is_move = match name {
            "ins" => true,
            "dup" => row == "dup_element_s",
            "umov" => lane >= 2,
            _ => false,
        };
        let unshifted = self.w.bits(16, 7) == 8 << lane;
        let name = match name {
            _ if is_move => "mov".to_owned(),
            "not" => "mvn".to_owned(),
            "orr" if row == "orr_v" && self.w.bits(5, 5) == self.w.bits(16, 5) => {
                printed.truncate(2);
                "mov".to_owned()
            }
            "sshll" | "ushll" if unshifted => {
                printed.truncate(2);
                format!("{}xtl{second}", &name[..1])
            }
            _ => format!("{name}{second}"),
        };
        (name, printed)
    }

    fn operand(&self, operand: &str, lane: u32) -> String {
        let w = self.w;
        let mut letters = operand.chars();
        let (kind, field) = (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '));
        let low = match field {
            'd' => 0,
            'n' => 5,
            'm' => 16,
            _ => 10,
        };
        if operand.len() != 2 || kind == '#' {
            return self.special(operand, lane);
        }
        let number = w.bits(low, 5);
        let full = w.bit(30);
        let imm5 = w.bits(16, 5);
        let element =
            |lane: u32, index: u32| format!("v{number}.{}[{index}]", LETTERS[lane as usize]);
        match kind {
            'V' => format!("v{number}.{}", arrangement(lane, full)),
            'W' if lane == 3 => format!("v{number}.1q"),
            'W' => format!("v{number}.{}", arrangement(lane + 1, true)),
            'P' => format!("v{number}.{}", arrangement(lane + 1, full)),
            'F' => format!("v{number}.4s"),
            'O' => format!("v{number}.2{}", LETTERS[lane as usize]),
            'S' => format!("{}{number}", LETTERS[lane as usize]),
            'L' => format!("{}{number}", LETTERS[lane as usize + 1]),
            'I' => element(lane, imm5 >> (lane + 1)),
            'J' => element(lane, w.bits(11, 4) >> lane),
            't' => element(3, 1),
            'E' => self.by_element(lane),
            'Y' => format!("v{number}.{}", arrangement(0, full)),
            'Z' => {
                let (register, index) = self.element(lane);
                format!("v{register}.4b[{index}]")
            }
            'X' => register(number, lane == 3),
            'G' => register(number, full),
            'w' => register(number, false),
            'x' => register(number, true),
            _ => format!("{kind}{number}"),
        }
    }

    fn by_element(&self, lane: u32) -> String {
        let (register, index) = self.element(lane);
        format!("v{register}.{}[{index}]", LETTERS[lane as usize])
    }

    fn element(&self, lane: u32) -> (usize, u32) {
        crate::vector::Op::new([self.w.0.into(), lane.into(), 0]).element()
    }

    fn special(&self, operand: &str, lane: u32) -> String {
        let w = self.w;
        let bits = 8 << lane;
        match operand {
            "#bits" => format!("#{bits}"),
            "#right" => format!("#{}", 2 * bits - w.bits(16, 7)),
            "#left" => format!("#{}", w.bits(16, 7) - bits),
            "#fraction" => format!("#{}", 64 - w.bits(10, 6)),
            "#ext" => format!("#{}", w.bits(11, 4)),
            "#nzcv" => format!("#{:#x}", w.bits(0, 4)),
            "cond" => CONDITIONS[w.bits(12, 4) as usize].to_owned(),
            "table" => list(w.bits(5, 5), w.bits(13, 2) + 1, "16b"),
            "constant" => self.constant(),
            other => other.to_owned(),
        }
    }

    fn constant(&self) -> String {
        let w = self.w;
        // The value is the same in every format.
        let float = |imm8| scientific(f64::from_bits(double_constant(imm8)));
        if self.row.name.starts_with("fmov_imm") {
            return float(w.bits(13, 8));
        }
        let (imm8, cmode) = (w.bits(16, 3) << 5 | w.bits(5, 5), w.bits(12, 4));
        let shifted = |kind: &str, amount: u32| match amount {
            0 => format!("#{imm8:#x}"),
            _ => format!("#{imm8:#x}, {kind} #{amount}"),
        };
        match cmode {
            0..=7 => shifted("lsl", cmode / 2 * 8),
            8..=11 => shifted("lsl", cmode / 2 % 2 * 8),
            12 => shifted("msl", 8),
            13 => shifted("msl", 16),
            14 if w.bit(29) => format!("#{:#x}", expanded(w)),
            14 => shifted("lsl", 0),
            _ => float(imm8),
        }
    }

    pub(super) fn float_memory(&self) -> String {
        use Format::*;
        let (w, format) = (self.w, self.row.format);
        let scale = scale(format, w);
        let moved = |low| format!("{}{}", LETTERS[scale as usize], w.bits(low, 5));
        let head = format!("{} {}", self.name(), moved(0));
        let place = match format {
            FloatLoadUnsigned | FloatStoreUnsigned => {
                self.at_offset(i64::from(w.bits(10, 12)) << scale)
            }
            FloatLoadSigned | FloatStoreSigned => self.indexed(w.bits(10, 2), w.signed(12, 9)),
            FloatLoadIndex | FloatStoreIndex => self.at_scaled_index(scale),
            FloatLiteral => self.target(w.signed(5, 19) << 2),
            _ => {
                let place = self.indexed(w.bits(23, 2), w.signed(15, 7) << scale);
                format!("{}, {place}", moved(10))
            }
        };
        format!("{head}, {place}")
    }

    pub(super) fn structures(&self) -> String {
        let w = self.w;
        let multiple = self.row.format == Format::Structures;
        let s = if multiple { Structures::multiple(w) } else { Structures::single(w) };
        let (count, bytes) = match self.row.format {
            Format::Structures => (s.registers, s.registers * if s.full { 16 } else { 8 }),
            _ => (s.elements, s.elements << s.log2),
        };
        let registers = match self.row.format {
            Format::Structure => {
                let letter = LETTERS[s.log2 as usize].to_string();
                format!("{}[{}]", list(w.bits(0, 5), count, &letter), lane_index(w))
            }
            _ => list(w.bits(0, 5), count, &arrangement(s.log2, s.full)),
        };
        let step = match (w.bit(23), w.bits(16, 5)) {
            (false, _) => String::new(),
            (true, 31) => format!(", #{bytes}"),
            (true, number) => format!(", {}", register(number, true)),
        };
        let base = register_or_sp(w.bits(5, 5), true);
        format!("{} {registers}, [{base}]{step}", self.name())
    }
}
