//! From encodings to operands.
//!
//! An instruction has 2, 4 or 6 bytes, as its first two bits say. The operation code is the first byte and, for some first
//! bytes, another byte or half of one. What is left is taken apart by the row's format.

use lockstep_cpu::{Decoded, Reg};

use crate::insn::Text;
use crate::table::{self, UNDEFINED};
use crate::{Insn, reg};

/// Bytes of an instruction that starts with this one.
#[must_use]
pub(crate) const fn length(first: u8) -> usize {
    match first >> 6 {
        0 => 2,
        1 | 2 => 4,
        _ => 6,
    }
}

/// Where the rest of an operation code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodePart {
    None,
    SecondByte,
    /// The low half of the second byte.
    FourthNibble,
    LastByte,
}

impl CodePart {
    pub(crate) const fn of(first: u8) -> Self {
        match first {
            0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => Self::SecondByte,
            0xa5 | 0xa7 | 0xc0 | 0xc2 | 0xc4 | 0xc6 | 0xc8 | 0xcc => Self::FourthNibble,
            0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => Self::LastByte,
            _ => Self::None,
        }
    }

    pub(crate) const fn take(self, text: Text) -> u8 {
        match self {
            Self::None => 0,
            Self::SecondByte => text.byte(1),
            Self::FourthNibble => text.nibble(3),
            Self::LastByte => text.byte(5),
        }
    }
}

/// How operands are encoded: the formats of the Principles of Operation (chapter 5). Fields that a format leaves to the
/// instruction, a mask or a register, are in `r3` and `m3` both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    non_camel_case_types,
    clippy::upper_case_acronyms,
    dead_code,
    reason = "the architecture's names, those of vector formats included"
)]
pub(crate) enum Format {
    E,
    I,
    IE,
    MII,
    RI,
    RIE_A,
    RIE_B,
    RIE_C,
    RIE_D,
    RIE_E,
    RIE_F,
    RIE_G,
    RIL,
    RIS,
    RR,
    RRD,
    RRE,
    RRF,
    RRS,
    RS,
    /// RS and RSY whose third field is a relative offset do not exist; RSI has one of 16 bits.
    RSI,
    RSL,
    RSY,
    RX,
    RXE,
    RXF,
    RXY,
    S,
    SI,
    SIL,
    SIY,
    SMI,
    SS,
    SSE,
    SSF,
    /// Vector formats: their meanings take registers out of the text.
    V,
    /// Those with a storage operand: index, base and displacement as in RX.
    VRX,
    /// Those with a storage operand without index: as in RS.
    VRS,
}

/// A base or index register.
const fn base(field: u8) -> Reg {
    if field == 0 { reg::ZERO } else { field }
}

impl Text {
    /// The unsigned 12 bits from a nibble on.
    const fn short(self, place: u32) -> i32 {
        (self.0 << (4 * place) >> 52) as i32
    }

    /// The 20-bit displacement of the long formats: the high 8 bits follow the low 12.
    const fn long(self) -> i32 {
        ((self.byte(4) as i8 as i32) << 12) | self.short(5)
    }

    /// The signed 16 bits from a byte on.
    const fn half(self, place: u32) -> i64 {
        (self.0 << (8 * place)) as i64 >> 48
    }

    /// The signed 32 bits from the third byte on.
    const fn word(self) -> i64 {
        (self.0 << 16) as i64 >> 32
    }
}

/// Decodes an instruction.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded<Insn> {
    let mut all = [0; 8];
    for (place, byte) in all.iter_mut().zip(bytes) {
        *place = *byte;
    }
    let text = Text(u64::from_be_bytes(all));
    let len = length(all[0]) as u8;
    match table::find(text) {
        Some((row, found)) => {
            let insn = Insn { len, raw: text.0, ..operands(found.format, text) };
            Decoded { row, insn, len, ends_block: found.ends_block }
        }
        None => {
            let insn = Insn { len, raw: text.0, ..Insn::default() };
            Decoded { row: UNDEFINED, insn, len, ends_block: true }
        }
    }
}

/// The operands of an encoding.
pub(crate) fn operands(format: Format, t: Text) -> Insn {
    use Format::*;
    let n = |place| t.nibble(place);
    let first = Insn { r1: n(2), r2: n(3), r3: n(3), m3: n(3), ..Insn::default() };
    let storage = Insn { b2: base(n(4)), d2: t.short(5), ..first };
    match format {
        E | V => Insn::default(),
        I => Insn { imm: t.byte(1).into(), ..Insn::default() },
        IE => Insn { m3: n(6), m4: n(7), ..Insn::default() },
        RR => first,
        MII => Insn { imm: ((t.0 << 12) as i64 >> 52) * 2, ..first },
        SMI => Insn { imm: t.half(4) * 2, ..storage },
        RI | RSI | RIE_D | RIE_E | RIE_G => {
            let relative = if matches!(format, RSI | RIE_E) { 2 } else { 1 };
            Insn { imm: t.half(2) * relative, ..first }
        }
        RIE_A => Insn { imm: t.half(2), m3: n(8), ..first },
        // The relative offset is in `d2`, because there may be an immediate besides.
        RIE_B => Insn { d2: t.half(2) as i32 * 2, m3: n(8), ..first },
        RIE_C => Insn { d2: t.half(2) as i32 * 2, imm: t.byte(4).into(), ..first },
        RIE_F => Insn { m3: t.byte(2), m4: t.byte(3), imm: t.byte(4).into(), ..first },
        RIL => Insn { imm: t.word(), ..first },
        RIS => Insn { imm: t.byte(4).into(), ..storage },
        RRS => Insn { m3: n(8), ..storage },
        RRD => Insn { r1: n(4), r3: n(6), r2: n(7), ..Insn::default() },
        RRE => Insn { r1: n(6), r2: n(7), ..Insn::default() },
        RRF => Insn { r1: n(6), r2: n(7), r3: n(4), m3: n(4), m4: n(5), ..Insn::default() },
        RS | S | SI | SIL => {
            let imm = match format {
                SI => t.byte(1).into(),
                SIL => t.half(4),
                _ => 0,
            };
            Insn { imm, ..storage }
        }
        RSL => Insn { b1: base(n(4)), d1: t.short(5), ..first },
        RSY | SIY => Insn { d2: t.long(), imm: t.byte(1).into(), ..storage },
        RX | VRX => Insn { x2: base(n(3)), ..storage },
        VRS => storage,
        RXE => Insn { x2: base(n(3)), m3: n(8), ..storage },
        RXF => Insn { x2: base(n(3)), r1: n(8), r3: n(2), ..storage },
        RXY => Insn { x2: base(n(3)), d2: t.long(), ..storage },
        SS | SSE | SSF => Insn {
            b1: base(n(4)),
            d1: t.short(5),
            b2: base(n(8)),
            d2: t.short(9),
            imm: t.byte(1).into(),
            ..first
        },
    }
}
