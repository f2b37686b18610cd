//! The instruction table.
//!
//! A decoder, a disassembler and two engines that each keep their own list of instructions disagree sooner or later.
//! Here there is one list, `rows`, then `vector` and `half`; the `instructions!` macro makes everything else from it, and a line without a
//! meaning does not parse.

use std::sync::LazyLock;

use lockstep_cpu::{Emit, Meaning};

use crate::decode::Format;
use crate::{Aarch64, Insn};

/// An instruction: which encodings it has, and how they are taken apart and printed.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name, unique in the table; up to the first `_` it is the mnemonic, and `_w` or `_x` at its end is the size
    /// of its registers.
    pub name: &'static str,
    /// Ones where all encodings of the instruction agree.
    pub mask: u32,
    /// The bits on which they agree.
    pub value: u32,
    /// A field that is not all zeros, or none.
    pub nonzero: u32,
    /// How operands are encoded.
    pub(crate) format: Format,
}

impl Row {
    /// A row from its encoding as text: `0`, `1`, `.` for any bit, or `+` for those of a field that is not all zeros;
    /// highest bit first; spaces set fields apart.
    const fn new(name: &'static str, encoding: &str, format: Format) -> Self {
        let text = encoding.as_bytes();
        let (mut mask, mut value, mut nonzero) = (0u32, 0u32, 0u32);
        let (mut at, mut bits) = (0, 0);
        while at < text.len() {
            if text[at] != b' ' {
                assert!(matches!(text[at], b'0' | b'1' | b'.' | b'+'), "no bit of an encoding");
                mask = mask << 1 | matches!(text[at], b'0' | b'1') as u32;
                nonzero = nonzero << 1 | (text[at] == b'+') as u32;
                value = value << 1 | (text[at] == b'1') as u32;
                bits += 1;
            }
            at += 1;
        }
        assert!(bits == 32, "an encoding has 32 bits");
        Self { name, mask, value, nonzero, format }
    }

    /// The mnemonic, before aliases.
    #[must_use]
    pub fn mnemonic(&self) -> &'static str {
        self.name.split('_').next().unwrap_or(self.name)
    }

    /// Whether the registers are the 64-bit ones.
    #[must_use]
    pub(crate) fn is_wide(&self) -> bool {
        self.name.ends_with("_x")
    }

    const fn covers(&self, word: u32) -> bool {
        word & self.mask == self.value && (self.nonzero == 0 || word & self.nonzero != 0)
    }
}

/// Makes the table, the numbers of its rows and their meanings from the lines in `rows`.
macro_rules! instructions {
    ($($name:ident $encoding:literal $format:ident $(@ $lanes:ident $text:literal)? $meaning:expr;)*) => {
        /// All rows; a row's number is its place.
        pub(super) static ROWS: &[Row] = &[$(Row::new(
            stringify!($name),
            $encoding,
            Format::$format $((Lanes::$lanes, $text))?,
        )),*];

        #[allow(non_camel_case_types, clippy::enum_variant_names)]
        #[repr(u16)]
        enum Number {
            $($name),*
        }

        #[allow(non_upper_case_globals)]
        mod id {
            $(pub(super) const $name: u16 = super::Number::$name as u16;)*
        }

        /// What a row means, for an engine. Numbers of no row mean what is not allocated.
        pub(super) fn meaning<E: Emit<Aarch64>>(row: u16) -> Meaning<E, Insn, E::Exit> {
            match row {
                $(id::$name => $meaning,)*
                _ => system::undefined,
            }
        }
    };
}

mod half;
mod rows;
mod vector;

/// The number that stands for an encoding which no row covers.
pub const UNDEFINED: u16 = u16::MAX;

/// The table.
#[must_use]
pub fn rows() -> &'static [Row] {
    static ALL: LazyLock<Vec<Row>> =
        LazyLock::new(|| [rows::ROWS, vector::ROWS, half::ROWS].concat());
    &ALL
}

/// What a row means, for an engine. Numbers of no row mean what is not allocated.
pub fn meaning<E: Emit<Aarch64>>(row: u16) -> Meaning<E, Insn, E::Exit> {
    let Some(row) = row.checked_sub(rows::ROWS.len() as u16) else { return rows::meaning(row) };
    match row.checked_sub(vector::ROWS.len() as u16) {
        None => vector::meaning(row),
        Some(row) => half::meaning(row),
    }
}

/// The bits by which rows are found: 31 to 21 tell most instructions apart.
const INDEX_SHIFT: u32 = 21;
const INDEX_LEN: u32 = 1 << (32 - INDEX_SHIFT);

/// For each value of the index bits, the rows that have encodings with it.
static INDEX: LazyLock<Vec<Vec<u16>>> = LazyLock::new(|| {
    let candidates = |index: u32| {
        let compatible = |(_, row): &(u16, &Row)| {
            (index << INDEX_SHIFT ^ row.value) & row.mask >> INDEX_SHIFT << INDEX_SHIFT == 0
        };
        (0..).zip(rows()).filter(compatible).map(|(number, _)| number).collect()
    };
    (0..INDEX_LEN).map(candidates).collect()
});

/// The row that covers `word`, and its number.
#[must_use]
pub(crate) fn find(word: u32) -> Option<(u16, &'static Row)> {
    let candidates = INDEX.get((word >> INDEX_SHIFT) as usize)?;
    candidates.iter().find_map(|&number| {
        let row = rows().get(usize::from(number))?;
        row.covers(word).then_some((number, row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches two rows that claim the same encoding: which of them decodes would depend on their order.
    #[test]
    fn rows_are_disjoint() {
        for (number, a) in rows().iter().enumerate() {
            for b in &rows()[number + 1..] {
                let clear = |field: u32, of: &Row| {
                    field != 0 && of.mask & field == field && of.value & field == 0
                };
                let apart = clear(a.nonzero, b) || clear(b.nonzero, a);
                let differ = (a.value ^ b.value) & a.mask & b.mask != 0;
                assert!(differ || apart, "{} and {}", a.name, b.name);
                assert_ne!(a.name, b.name);
            }
        }
    }

    /// Catches an index that hides a row.
    #[test]
    fn every_row_is_found() {
        for (number, row) in (0..).zip(rows()) {
            for word in [row.value | row.nonzero, row.value | !row.mask] {
                assert_eq!(find(word).map(|(found, _)| found), Some(number), "{}", row.name);
            }
        }
    }
}
