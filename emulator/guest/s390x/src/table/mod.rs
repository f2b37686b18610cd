//! The instruction table.
//!
//! One list, in groups of one file each; the `instructions!` macro makes decoder, disassembler and both engines' meanings from
//! it, and a line without a meaning does not parse.
//!
//! A line has the row's name, which is the mnemonic; its operation code, with the further part of the code behind the first byte;
//! the format that takes operands out of the encoding ([`crate::decode::Format`]); how they are printed
//! ([`crate::disassemble`]); `ends` where no instruction can be decoded ahead, because it is elsewhere, or the same again, or is
//! fetched under other rules; and its meaning, or, behind `@`, the helper that is its meaning, called with the addresses of
//! its storage operands and the instruction's text.

use std::sync::LazyLock;

use lockstep_cpu::{Emit, Meaning};

use crate::decode::{CodePart, Format};
use crate::{Insn, S390x};

/// An instruction: which encodings it has, and how they are taken apart and printed.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The mnemonic, unique in the table.
    pub name: &'static str,
    /// The first byte.
    pub first: u8,
    /// The rest of the operation code; zero if there is none.
    pub second: u8,
    /// How operands are encoded.
    pub(crate) format: Format,
    /// How they are printed.
    pub(crate) operands: &'static str,
    /// The next instruction is elsewhere, or the same again, or is fetched under other rules.
    pub(crate) ends_block: bool,
}

impl Row {
    const fn new(
        name: &'static str,
        code: &str,
        format: Format,
        operands: &'static str,
        ends_block: bool,
    ) -> Self {
        let text = code.as_bytes();
        let mut value = 0u16;
        let mut at = 0;
        while at < text.len() {
            let digit = match text[at] {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'f' => digit - b'a' + 10,
                _ => panic!("no digit of an operation code"),
            };
            value = value << 4 | digit as u16;
            at += 1;
        }
        let (first, second) = match text.len() {
            2 => (value as u8, 0),
            3 => ((value >> 4) as u8, value as u8 & 0xf),
            4 => ((value >> 8) as u8, value as u8),
            _ => panic!("an operation code has two to four digits"),
        };
        Self { name, first, second, format, operands, ends_block }
    }

    /// How operands are printed, one letter or name each, as `disassemble` reads them.
    #[must_use]
    pub const fn operands(&self) -> &'static str {
        self.operands
    }

    /// The half-bytes that operands are in, or that are of no consequence to `objdump`: a bit each, the first one's the lowest.
    /// The others of an encoding should be zero.
    #[must_use]
    pub fn used(&self) -> u16 {
        use Format::*;
        let named = |what: &[&str]| {
            let is = |operand: &str| what.contains(&operand.trim_end_matches('?'));
            self.operands.split(',').any(is)
        };
        let bit = |place: u32, on: bool| if on { 1u16 << place } else { 0 };
        let first = bit(2, named(&["r1", "a1", "f1", "c1", "m1"]));
        let second = bit(3, named(&["r2", "r3", "a2", "a3", "f2", "f3", "c3", "m3", "x"]));
        let all = |from: u32, to: u32| (from..=to).fold(0, |bits, place| bits | bit(place, true));
        0b11 | match self.format {
            E => 0,
            IE => all(6, 7),
            RR => first | second,
            RRE | RRF => {
                bit(4, named(&["r3", "f3", "m3"]))
                    | bit(5, named(&["m4"]))
                    | bit(6, named(&["r1", "f1", "a1"]))
                    | bit(7, named(&["r2", "f2", "a2"]))
            }
            RRD => all(4, 4) | all(6, 7),
            S if self.operands.is_empty() => 0,
            S => all(4, 7),
            RS => first | second | all(4, 7),
            RX => first | second | all(4, 7),
            RIE_A => first | all(4, 8),
            RIE_B => all(2, 8),
            RIE_D | RIE_E | RIE_G => all(2, 7),
            RRS => all(2, 8),
            RXE => all(2, 7),
            RXF => all(2, 8),
            RSL => bit(2, true) | all(4, 7),
            SMI => bit(2, true) | all(4, 11),
            V | VRX | VRS => crate::disassemble_vector::used(self.operands),
            _ => all(2, 11),
        } | match CodePart::of(self.first) {
            CodePart::None => 0,
            CodePart::SecondByte => all(2, 3),
            CodePart::FourthNibble => bit(3, true),
            CodePart::LastByte => all(10, 11),
        }
    }

    /// Whether the second operand is not in storage, but its address is an amount.
    #[must_use]
    pub fn is_shift(&self) -> bool {
        matches!(self.first, 0x88..=0x8f)
            || self.first == 0xeb && matches!(self.second, 0x0a..=0x0d | 0x1c | 0x1d | 0xdc..=0xdf)
    }

    /// Whether displacements have 20 bits.
    #[must_use]
    pub fn has_long_displacement(&self) -> bool {
        matches!(self.format, Format::RXY | Format::RSY | Format::SIY)
    }

    /// Whether it has vector operands, or is among those that have.
    #[must_use]
    pub fn is_vector(&self) -> bool {
        matches!(self.format, Format::V | Format::VRX | Format::VRS)
    }

    /// Whether it loads or stores registers from one to another.
    #[must_use]
    pub fn is_multiple(&self) -> bool {
        self.operands == "r1,r3,s" && (self.name.starts_with("lm") || self.name.starts_with("stm"))
    }

    /// Whether its one storage operand has a base register, in the fifth half-byte.
    pub(crate) fn has_single_base(&self) -> bool {
        use Format::*;
        matches!(
            self.format,
            RX | RXY | RXE | RXF | RS | RSY | RSL | S | SI | SIY | SIL | SMI | VRX | VRS
        )
    }

    /// Whether its storage operand is at a relative address.
    pub(crate) fn has_relative_operand(&self) -> bool {
        matches!(self.first, 0xc4 | 0xc6) && self.operands.contains('j')
    }

    /// Whether the half-byte at a place is the number of a general register.
    #[must_use]
    pub fn names_register(&self, place: usize) -> bool {
        use Format::*;
        let named = |what: &str| self.operands.split(',').any(|operand| operand == what);
        match (self.format, place) {
            (RRE | RRF, 6) => named("r1"),
            (RRE | RRF, 7) => named("r2"),
            (RRF, 4) => named("r3"),
            (RRE | RRF, _) | (E | I | SI | SIL | SIY | S | SS, _) => false,
            (_, 2) => named("r1"),
            (_, 3) => named("r2") || named("r3"),
            _ => false,
        }
    }
}

/// Whether a line says that its instruction ends a block.
macro_rules! ends_block {
    (ends) => {
        true
    };
    () => {
        false
    };
}
use ends_block;

/// Makes a group's rows, their numbers and their meanings.
macro_rules! instructions {
    ($($name:ident $code:literal $format:ident $operands:literal $($ends:ident)?
        $(@ $helper:path)? $(= $meaning:expr)?;)*) => {
        /// The rows of this group; a row's number in it is its place.
        pub(super) static ROWS: &[super::Row] = &[$(super::Row::new(
            stringify!($name),
            $code,
            crate::decode::Format::$format,
            $operands,
            super::ends_block!($($ends)?),
        )),*];

        #[allow(non_camel_case_types, clippy::enum_variant_names, clippy::upper_case_acronyms, dead_code)]
        #[repr(u16)]
        enum Number {
            $($name,)*
            END
        }

        #[allow(non_upper_case_globals, dead_code)]
        mod id {
            $(pub(super) const $name: u16 = super::Number::$name as u16;)*
        }

        /// What a row of this group means, for an engine.
        pub(super) fn meaning<E: lockstep_cpu::Emit<crate::S390x>>(
            row: u16,
        ) -> lockstep_cpu::Meaning<E, crate::Insn, E::Exit> {
            match row {
                $(id::$name => {
                    $(return |e, i| crate::ops::help(e, i, $helper);)?
                    $($meaning)?
                })*
                _ => crate::system::operation,
            }
        }
    };
}

mod bfp;
mod control;
mod crypto;
mod decimal;
mod general;
mod io;
mod vector;

/// The number that stands for an encoding which no row covers.
pub const UNDEFINED: u16 = u16::MAX;

/// The groups, in the order of their rows' numbers.
const GROUPS: [&[Row]; 7] =
    [general::ROWS, control::ROWS, io::ROWS, bfp::ROWS, decimal::ROWS, crypto::ROWS, vector::ROWS];

/// The table.
#[must_use]
pub fn rows() -> &'static [Row] {
    static ALL: LazyLock<Vec<Row>> = LazyLock::new(|| GROUPS.concat());
    &ALL
}

/// What a row means, for an engine. Numbers of no row mean that there is no such operation.
pub(crate) fn meaning<E: Emit<S390x>>(row: u16) -> Meaning<E, Insn, E::Exit> {
    let mut number = usize::from(row);
    let groups = [
        general::meaning::<E> as fn(u16) -> _,
        control::meaning::<E>,
        io::meaning::<E>,
        bfp::meaning::<E>,
        decimal::meaning::<E>,
        crypto::meaning::<E>,
        vector::meaning::<E>,
    ];
    for (group, rows) in groups.into_iter().zip(GROUPS) {
        if number < rows.len() {
            return group(number as u16);
        }
        number -= rows.len();
    }
    crate::system::operation
}

/// Where the rest of a code is, and the rows by it.
type Codes = (CodePart, Vec<u16>);

/// For each first byte, where the rest of the code is, and the row for each value of it.
static INDEX: LazyLock<Vec<Codes>> = LazyLock::new(|| {
    let mut index: Vec<_> =
        (0..=255u8).map(|first| (CodePart::of(first), vec![UNDEFINED; 256])).collect();
    for (number, row) in (0..).zip(rows()) {
        index[usize::from(row.first)].1[usize::from(row.second)] = number;
    }
    index
});

/// The row of an instruction, and its number.
#[must_use]
pub(crate) fn find(text: crate::Text) -> Option<(u16, &'static Row)> {
    let (part, numbers) = INDEX.get(usize::from(text.byte(0)))?;
    let number = *numbers.get(usize::from(part.take(text)))?;
    rows().get(usize::from(number)).map(|row| (number, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches two rows for one operation code, two rows of one name, and a row that is not found.
    #[test]
    fn every_row_is_found() {
        let mut names = std::collections::BTreeSet::new();
        for (number, row) in (0..).zip(rows()) {
            let second = u64::from(row.second);
            let part = match CodePart::of(row.first) {
                CodePart::None => 0,
                CodePart::SecondByte => second << 48,
                CodePart::FourthNibble => second << 48,
                CodePart::LastByte => second << 16,
            };
            let text = crate::Text(u64::from(row.first) << 56 | part);
            assert_eq!(find(text).map(|(found, _)| found), Some(number), "{}", row.name);
            assert!(names.insert(row.name), "{}", row.name);
        }
    }
}
