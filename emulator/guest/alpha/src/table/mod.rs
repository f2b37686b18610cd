//! The instruction table.
//!
//! A decoder, a disassembler and two engines that each keep their own list of instructions disagree sooner or later.
//! Here there is one list, in three parts; the `instructions!` macro makes everything else from it, and a line without a
//! meaning does not parse.
//!
//! A row stands for an instruction with all its qualifiers. Integer operates have a register or a literal as their second
//! operand, and a meaning for each, so that nothing is asked while running: the number of a [`Decoded`] row is twice the
//! row's place, plus one for the literal.
//!
//! [`Decoded`]: lockstep_cpu::Decoded

use std::sync::LazyLock;

use lockstep_cpu::{Emit, Meaning};

use crate::decode::Format;
use crate::{Alpha, Insn};

/// An instruction: which encodings it has, and how they are taken apart and printed.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name, unique in the table: the mnemonic without qualifiers, and `_v` for `/v`.
    pub name: &'static str,
    /// Bits 31:26.
    pub opcode: u8,
    /// The function code, as wide as the format has it, qualifiers aside.
    pub function: u32,
    /// How operands are encoded.
    pub(crate) format: Format,
}

impl Row {
    /// Ones where all encodings agree.
    #[must_use]
    pub fn mask(&self) -> u32 {
        0x3f << 26 | self.format.function_mask()
    }

    /// The bits on which they agree.
    #[must_use]
    pub fn value(&self) -> u32 {
        u32::from(self.opcode) << 26 | self.function << self.format.function_shift()
    }

    /// Whether an encoding is one of this row's.
    #[must_use]
    pub fn covers(&self, word: u32) -> bool {
        (word ^ self.value()) & self.mask() == 0 && self.format.allows(word)
    }
}

/// Makes the table, the numbers of its rows and their meanings from the lines in `rows`. A line with an operation
/// (`: Type`, or `! Type` if it can overflow) has two meanings, by its second operand.
macro_rules! instructions {
    ($($name:ident $opcode:literal $function:literal $format:ident $(($argument:ident))? $(: $operation:ident)?
       $(! $checked:ident)? $(=> $meaning:expr)?;)*) => {
        /// All rows of this part.
        pub(super) static ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            opcode: $opcode,
            function: $function,
            format: Format::$format $((Qualifiers::$argument))?,
        }),*];

        #[allow(non_camel_case_types, clippy::enum_variant_names)]
        #[repr(u16)]
        enum Number {
            $($name),*
        }

        #[allow(non_upper_case_globals)]
        mod id {
            $(pub(super) const $name: u16 = super::Number::$name as u16;)*
        }

        /// What a row of this part means, for an engine.
        pub(super) fn meaning<E: Emit<Alpha>>(row: u16, literal: bool) -> Meaning<E, Insn, E::Exit> {
            match row {
                $(id::$name => instructions!(@ literal $(operate $operation)? $(overflowing $checked)? $(= $meaning)?),)*
                _ => crate::system::reserved,
            }
        }
    };
    (@ $literal:ident $kind:ident $operation:ident) => {
        if $literal {
            crate::integer::$kind::<E, $operation, crate::ops::Literal>
        } else {
            crate::integer::$kind::<E, $operation, crate::ops::Register>
        }
    };
    (@ $literal:ident = $meaning:expr) => {{
        let _ = $literal;
        $meaning
    }};
}

mod float;
mod operate;
mod rows;

/// The number that stands for an encoding which no row covers.
pub const UNDEFINED: u16 = u16::MAX;
/// The number that stands for an instruction which has nothing to do: a load of R31, which is a prefetch.
pub(crate) const NOTHING: u16 = u16::MAX - 1;

/// The table.
#[must_use]
pub fn rows() -> &'static [Row] {
    static ALL: LazyLock<Vec<Row>> =
        LazyLock::new(|| [operate::ROWS, rows::ROWS, float::ROWS].concat());
    &ALL
}

/// What a row means, for an engine; numbers of no row mean what is reserved.
pub fn meaning<E: Emit<Alpha>>(number: u16) -> Meaning<E, Insn, E::Exit> {
    if number == NOTHING {
        return crate::system::nothing;
    }
    let (row, literal) = (number / 2, number % 2 == 1);
    let (first, second) = (operate::ROWS.len() as u16, rows::ROWS.len() as u16);
    if row < first {
        operate::meaning(row, literal)
    } else if row < first + second {
        rows::meaning(row - first, literal)
    } else {
        float::meaning(row - first - second, literal)
    }
}

/// For each opcode, its rows.
static INDEX: LazyLock<Vec<Vec<u16>>> = LazyLock::new(|| {
    let of = |opcode: u8| {
        (0..)
            .zip(rows())
            .filter(|(_, row)| row.opcode == opcode)
            .map(|(number, _)| number)
            .collect()
    };
    (0..64).map(of).collect()
});

/// The row that covers `word`, and its place.
#[must_use]
pub(crate) fn find(word: u32) -> Option<(u16, &'static Row)> {
    INDEX.get((word >> 26) as usize)?.iter().find_map(|&place| {
        let row = rows().get(usize::from(place))?;
        row.covers(word).then_some((place, row))
    })
}

/// The row that covers `word`, if any does.
#[must_use]
pub fn row_of(word: u32) -> Option<&'static Row> {
    find(word).map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches two rows that claim the same encoding: which of them decodes would depend on their order. Tries all
    /// function codes, with registers of which the special ones are some.
    #[test]
    fn rows_are_disjoint() {
        for (number, row) in rows().iter().enumerate() {
            assert!(
                rows()[number + 1..].iter().all(|other| other.name != row.name),
                "{}",
                row.name
            );
        }
        let registers = [(1, 2), (31, 2), (1, 31), (31, 31)];
        for high in
            (0..64u32).flat_map(|opcode| registers.map(|(a, b)| opcode << 26 | a << 21 | b << 16))
        {
            for low in 0..=0xffff {
                let covering = rows().iter().filter(|row| u32::from(row.opcode) == high >> 26);
                let count = covering.filter(|row| row.covers(high | low)).count();
                assert!(count <= 1, "{:#x}", high | low);
            }
        }
    }

    /// Catches a function code that does not fit its format, and so never decodes.
    #[test]
    fn values_are_within_masks() {
        for row in rows() {
            assert_eq!(row.value() & !row.mask(), 0, "{}", row.name);
        }
    }
}
