//! From encodings to operands.
//!
//! A [`Format`] says where the operands of an instruction are in its encoding, which encodings of its function code are
//! allocated, and what is ready to use: displacements come scaled and extended, and R31 comes as zero or as the place for
//! results that are discarded.

use lockstep_cpu::{Decoded, Reg};

use crate::table::{self, NOTHING, UNDEFINED};
use crate::{Insn, pal, reg};

/// How operands are encoded, and with that how they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// CALL_PAL.
    Pal,
    /// An opcode that only PALcode may use.
    PalReserved,
    /// LDA and LDAH.
    Address,
    Load,
    LoadLocked,
    Store,
    StoreConditional,
    FloatMemory,
    /// A memory format instruction with a function code and no operands.
    Misc,
    /// One with an address in Rb.
    MiscAddress,
    /// One with Ra.
    MiscRegister,
    /// RPCC.
    MiscCounter,
    /// JMP and JSR, with a hint.
    Jump,
    /// RET and JSR_COROUTINE.
    Return,
    Branch,
    ConditionalBranch,
    FloatBranch,
    Operate,
    /// Without a literal.
    OperateRegister,
    /// With Ra R31.
    OperateOne,
    /// With Ra R31, without a literal.
    OperateOneRegister,
    /// IMPLVER, which has the literal 1.
    Implver,
    FloatThree,
    /// With Fa F31.
    FloatOne,
    /// MT_FPCR and MF_FPCR.
    FloatControl,
    /// With qualifiers.
    FloatQualified(Qualifiers),
    /// With Fa F31 and qualifiers.
    FloatOneQualified(Qualifiers),
    /// From an integer register.
    ToFloat,
    /// To an integer register.
    FromFloat,
}

/// Which combinations of trapping and rounding modes an instruction has (section 4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qualifiers {
    Ieee,
    IeeeCompare,
    ToInteger,
    FromInteger,
    /// CVTST.
    Widen,
    Vax,
    VaxCompare,
    VaxToInteger,
    VaxFromInteger,
    /// CVTQL.
    Longword,
}

impl Qualifiers {
    /// The trapping modes and the rounding modes that there are, a bit each.
    const fn modes(self) -> (u8, u8) {
        match self {
            Self::Ieee | Self::ToInteger => (1 | 1 << 1 | 1 << 5 | 1 << 7, 0b1111),
            Self::IeeeCompare => (1 | 1 << 5, 0b100),
            Self::FromInteger => (1 | 1 << 7, 0b1111),
            Self::Widen => (1 << 2 | 1 << 6, 0b100),
            Self::Vax | Self::VaxToInteger => (1 | 1 << 1 | 1 << 4 | 1 << 5, 0b101),
            Self::VaxCompare => (1 | 1 << 4, 0b100),
            Self::VaxFromInteger => (1, 0b101),
            Self::Longword => (1 | 1 << 1 | 1 << 5, 0b1),
        }
    }

    /// Whether bits 10:6 of the function code are among those.
    const fn allow(self, bits: u32) -> bool {
        let (trapping, rounding) = self.modes();
        trapping >> (bits >> 2) & 1 != 0 && rounding >> (bits & 3) & 1 != 0
    }
}

/// An encoding, and the fields in it.
#[derive(Clone, Copy)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    /// `len` bits from bit `low`.
    pub(crate) const fn bits(self, low: u32, len: u32) -> u32 {
        self.0 >> low & ((1 << len) - 1)
    }

    /// `len` bits from bit 0, sign-extended.
    pub(crate) const fn signed(self, len: u32) -> i64 {
        let up = 64 - len;
        ((self.0 as i64) << up) >> up
    }

    /// The number in field Ra.
    pub(crate) const fn ra(self) -> u8 {
        self.bits(21, 5) as u8
    }

    /// The number in field Rb.
    pub(crate) const fn rb(self) -> u8 {
        self.bits(16, 5) as u8
    }

    /// The number in field Rc.
    pub(crate) const fn rc(self) -> u8 {
        self.bits(0, 5) as u8
    }

    /// Whether an operate has a literal.
    pub(crate) const fn has_literal(self) -> bool {
        self.bits(12, 1) == 1
    }

    /// That literal.
    pub(crate) const fn literal(self) -> u32 {
        self.bits(13, 8)
    }

    /// A branch's displacement in bytes, from the next instruction.
    pub(crate) const fn displacement(self) -> i64 {
        self.signed(21) * 4
    }
}

impl Format {
    /// The function code's bits, qualifiers aside.
    pub(crate) fn function_mask(self) -> u32 {
        match self {
            Self::Misc | Self::MiscAddress | Self::MiscRegister | Self::MiscCounter => 0xffff,
            Self::Jump | Self::Return => 3 << 14,
            Self::Operate
            | Self::OperateRegister
            | Self::OperateOne
            | Self::OperateOneRegister
            | Self::Implver => 0x7f << 5,
            Self::FloatThree
            | Self::FloatOne
            | Self::FloatControl
            | Self::ToFloat
            | Self::FromFloat => 0x7ff << 5,
            Self::FloatOneQualified(Qualifiers::Widen) => 0x3ff << 5,
            Self::FloatQualified(_) | Self::FloatOneQualified(_) => 0x3f << 5,
            _ => 0,
        }
    }

    /// Where the function code is.
    pub(crate) fn function_shift(self) -> u32 {
        match self.function_mask() {
            0 => 0,
            mask => mask.trailing_zeros(),
        }
    }

    /// Whether the other fields of an encoding with the right function code are as they must be.
    pub(crate) fn allows(self, word: u32) -> bool {
        let w = Word(word);
        match self {
            Self::OperateRegister => !w.has_literal(),
            Self::OperateOne => w.ra() == 31,
            Self::OperateOneRegister => w.ra() == 31 && !w.has_literal(),
            Self::Implver => w.ra() == 31 && w.has_literal() && w.literal() == 1,
            Self::MiscAddress => w.ra() == 31,
            Self::FloatOne => w.ra() == 31,
            Self::FloatControl => w.ra() == w.rb() && w.rb() == w.rc(),
            Self::FloatQualified(qualifiers) => qualifiers.allow(w.bits(11, 5)),
            Self::FloatOneQualified(qualifiers) => w.ra() == 31 && qualifiers.allow(w.bits(11, 5)),
            Self::ToFloat | Self::FromFloat => w.rb() == 31,
            _ => true,
        }
    }

    /// Whether the next instruction may be elsewhere.
    fn ends_block(self, w: Word) -> bool {
        if self == Self::Pal {
            return pal::leads_away(w.bits(0, 26));
        }
        matches!(
            self,
            Self::PalReserved
                | Self::Jump
                | Self::Return
                | Self::Branch
                | Self::ConditionalBranch
                | Self::FloatBranch
        )
    }

    /// Whether the first operand is an integer register that is written.
    fn writes_ra(self) -> bool {
        matches!(
            self,
            Self::Address
                | Self::Load
                | Self::LoadLocked
                | Self::MiscRegister
                | Self::MiscCounter
                | Self::Jump
                | Self::Return
                | Self::Branch
        )
    }
}

/// A destination: what goes to R31 is discarded.
const fn destination(number: u8) -> Reg {
    if number == 31 { reg::SINK } else { number }
}

/// The operands of an encoding.
fn operands(format: Format, opcode: u8, w: Word) -> Insn {
    let mut i = Insn { ra: w.ra(), rb: w.rb(), rc: w.rc(), ..Insn::default() };
    match format {
        Format::Pal => i.imm = w.bits(0, 26).into(),
        // LDAH.
        Format::Address if opcode == 9 => i.imm = w.signed(16) << 16,
        Format::Address | Format::Load | Format::LoadLocked | Format::Store => {
            i.imm = w.signed(16);
        }
        Format::FloatMemory => i.imm = w.signed(16),
        // Ra is read and written.
        Format::StoreConditional => {
            i.imm = w.signed(16);
            i.rc = destination(w.ra());
        }
        // From the instruction's own address.
        Format::Branch | Format::ConditionalBranch | Format::FloatBranch => {
            i.imm = w.displacement() + 4;
        }
        Format::Operate
        | Format::OperateRegister
        | Format::OperateOne
        | Format::OperateOneRegister
        | Format::Implver => {
            i.imm = w.literal().into();
            i.rc = destination(w.rc());
        }
        Format::FromFloat => i.rc = destination(w.rc()),
        Format::FloatQualified(_) | Format::FloatOneQualified(_) => i.aux = w.bits(11, 5) as u16,
        _ => {}
    }
    if format.writes_ra() {
        i.ra = destination(w.ra());
    }
    i
}

/// Decodes an instruction.
#[must_use]
pub fn decode(word: u32) -> Decoded<Insn> {
    let w = Word(word);
    let Some((place, row)) = table::find(word) else {
        return Decoded { row: UNDEFINED, insn: Insn::default(), len: 4, ends_block: true };
    };
    let insn = operands(row.format, row.opcode, w);
    let literal = row.format.function_mask() == 0x7f << 5 && w.has_literal();
    let number = match row.format {
        Format::Load if w.ra() == 31 => NOTHING,
        _ => place * 2 + u16::from(literal),
    };
    Decoded { row: number, insn, len: 4, ends_block: row.format.ends_block(w) }
}
