//! Names for the table to choose with.
//!
//! `ADD W` and `SUBS X` differ in an operation, a size and whether flags are set. A meaning that asked for these while
//! running would ask billions of times; a meaning per combination, written out, would be hundreds. So they are types,
//! a meaning is generic over them, and a line of the table names its combination.

use lockstep_cpu::{Binary, Emit, Mem, Size, Unary, Width};

use crate::Aarch64;

/// 32-bit registers.
pub(crate) struct W;
/// 64-bit registers.
pub(crate) struct X;

/// The size of an instruction's registers.
pub(crate) trait View {
    /// As the engines know it.
    const WIDTH: Width;

    /// The value that a register of this size has when `v` is put into it.
    #[inline(always)]
    fn cut<E: Emit<Aarch64>>(e: &mut E, v: E::V) -> E::V {
        match Self::WIDTH {
            Width::W32 => e.zext32(v),
            Width::W64 => v,
        }
    }

    /// A value whose bit 63 is the sign of `v`.
    #[inline(always)]
    fn sign<E: Emit<Aarch64>>(e: &mut E, v: E::V) -> E::V {
        match Self::WIDTH {
            Width::W32 => {
                let half = e.imm(32);
                e.shl(Width::W64, v, half)
            }
            Width::W64 => v,
        }
    }
}

impl View for W {
    const WIDTH: Width = Width::W32;
}

impl View for X {
    const WIDTH: Width = Width::W64;
}

/// ADD, ADDS, SUB, SUBS.
pub(crate) trait Sum {
    /// The second operand is complemented.
    const SUBTRACT: bool;
    /// NZCV are set.
    const FLAGS: bool;
}

/// The bitwise operations.
pub(crate) trait Logical {
    /// What they do.
    const OP: Binary;
    /// The second operand is inverted.
    const INVERT: bool;
    /// NZCV are set.
    const FLAGS: bool;
}

/// Operations of two registers that an engine has as they are.
pub(crate) trait Plain {
    /// The operation.
    const OP: Binary;
}

/// The polynomials of the checksums.
pub(crate) trait Polynomial {
    /// Bit-reversed.
    const REVERSED: u32;
}

/// How 32-bit factors become 64-bit ones.
pub(crate) trait Extension {
    /// With copies of the sign.
    const SIGNED: bool;
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident: $kind:ident { $($constant:ident: $type:ty = $value:expr),* })*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl $kind for $name {
                $(const $constant: $type = $value;)*
            }
        )*
    };
}

operations! {
    /// Sum.
    Add: Sum { SUBTRACT: bool = false, FLAGS: bool = false }
    /// Sum, with flags.
    Adds: Sum { SUBTRACT: bool = false, FLAGS: bool = true }
    /// Difference.
    Sub: Sum { SUBTRACT: bool = true, FLAGS: bool = false }
    /// Difference, with flags.
    Subs: Sum { SUBTRACT: bool = true, FLAGS: bool = true }
    /// And.
    And: Logical { OP: Binary = Binary::And, INVERT: bool = false, FLAGS: bool = false }
    /// And, with flags.
    Ands: Logical { OP: Binary = Binary::And, INVERT: bool = false, FLAGS: bool = true }
    /// And not.
    Bic: Logical { OP: Binary = Binary::And, INVERT: bool = true, FLAGS: bool = false }
    /// And not, with flags.
    Bics: Logical { OP: Binary = Binary::And, INVERT: bool = true, FLAGS: bool = true }
    /// Or.
    Orr: Logical { OP: Binary = Binary::Or, INVERT: bool = false, FLAGS: bool = false }
    /// Or not.
    Orn: Logical { OP: Binary = Binary::Or, INVERT: bool = true, FLAGS: bool = false }
    /// Exclusive or.
    Eor: Logical { OP: Binary = Binary::Xor, INVERT: bool = false, FLAGS: bool = false }
    /// Exclusive or not.
    Eon: Logical { OP: Binary = Binary::Xor, INVERT: bool = true, FLAGS: bool = false }
    /// Left shift.
    Lsl: Plain { OP: Binary = Binary::Shl }
    /// Logical right shift.
    Lsr: Plain { OP: Binary = Binary::Shr }
    /// Arithmetic right shift.
    Asr: Plain { OP: Binary = Binary::Sar }
    /// Right rotation.
    Ror: Plain { OP: Binary = Binary::Ror }
    /// Unsigned quotient; engines give 0 for a zero divisor, as Arm does.
    Udiv: Plain { OP: Binary = Binary::Udiv }
    /// Signed quotient; engines wrap, and give 0 for a zero divisor, as Arm does.
    Sdiv: Plain { OP: Binary = Binary::Sdiv }
    /// High half of the signed product.
    Smulh: Plain { OP: Binary = Binary::SmulHigh }
    /// High half of the unsigned product.
    Umulh: Plain { OP: Binary = Binary::UmulHigh }
    /// The polynomial of IEEE 802.3.
    Crc32: Polynomial { REVERSED: u32 = 0xedb8_8320 }
    /// Castagnoli's polynomial.
    Crc32c: Polynomial { REVERSED: u32 = 0x82f6_3b78 }
    /// With copies of the sign.
    Signed: Extension { SIGNED: bool = true }
    /// With zeros.
    Unsigned: Extension { SIGNED: bool = false }
}

/// What a load or store moves: its size in memory, and how a load fills the register.
pub(crate) trait Datum {
    /// Bytes in memory.
    const SIZE: Size;
    /// The extension from memory to 64 bits; zeros when there is none.
    const SIGN: Option<Unary>;
    /// The register that is filled after sign extension.
    const VIEW: Width;

    /// The access.
    const MEM: Mem = Mem::plain(Self::SIZE);

    /// The register's value for what was loaded.
    #[inline(always)]
    fn extend<E: Emit<Aarch64>>(e: &mut E, v: E::V) -> E::V {
        match Self::SIGN {
            Some(sign) => e.unary(sign, Self::VIEW, v),
            None => v,
        }
    }
}

operations! {
    /// Byte.
    U8: Datum { SIZE: Size = Size::B1, SIGN: Option<Unary> = None, VIEW: Width = Width::W32 }
    /// Halfword.
    U16: Datum { SIZE: Size = Size::B2, SIGN: Option<Unary> = None, VIEW: Width = Width::W32 }
    /// Word.
    U32: Datum { SIZE: Size = Size::B4, SIGN: Option<Unary> = None, VIEW: Width = Width::W32 }
    /// Doubleword.
    U64: Datum { SIZE: Size = Size::B8, SIGN: Option<Unary> = None, VIEW: Width = Width::W64 }
    /// Signed byte to 32 bits.
    S8W: Datum {
        SIZE: Size = Size::B1, SIGN: Option<Unary> = Some(Unary::Sext8), VIEW: Width = Width::W32
    }
    /// Signed byte to 64 bits.
    S8X: Datum {
        SIZE: Size = Size::B1, SIGN: Option<Unary> = Some(Unary::Sext8), VIEW: Width = Width::W64
    }
    /// Signed halfword to 32 bits.
    S16W: Datum {
        SIZE: Size = Size::B2, SIGN: Option<Unary> = Some(Unary::Sext16), VIEW: Width = Width::W32
    }
    /// Signed halfword to 64 bits.
    S16X: Datum {
        SIZE: Size = Size::B2, SIGN: Option<Unary> = Some(Unary::Sext16), VIEW: Width = Width::W64
    }
    /// Signed word to 64 bits.
    S32X: Datum {
        SIZE: Size = Size::B4, SIGN: Option<Unary> = Some(Unary::Sext32), VIEW: Width = Width::W64
    }
}
