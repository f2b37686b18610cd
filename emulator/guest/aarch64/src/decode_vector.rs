//! From encodings of vector and floating-point instructions to operands.
//!
//! What the manual calls arrangement (the size and number of lanes) is in a different place for every group of
//! instructions, and not all of it is allocated; [`Lanes`] says where and which. Register numbers come as they are:
//! there is no zero among vector registers, and meanings know which of their operands is a general one.

use crate::Insn;
use crate::decode::{Format, Word};
use crate::vector::pack;

/// Where the size of a lane is encoded, and which sizes exist. Doublewords need 128 bits, unless the size is fixed or
/// there is one lane only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// Always bytes.
    B,
    /// Always halfwords.
    H,
    /// Always words.
    S,
    /// Always doublewords.
    D,
    /// By the size field: bytes and halfwords.
    Bh,
    /// Without doublewords.
    Bhs,
    /// Anything.
    Bhsd,
    /// Halfwords and words.
    Hs,
    /// By bit 22: words or doublewords.
    Sd,
    /// By bit 22, the narrower of two: halfwords or words.
    HalfSingle,
    /// Across lanes, of which there are more than two.
    Across,
    /// By the highest bit of a shift amount: without doublewords.
    ShiftBhs,
    /// Anything.
    ShiftBhsd,
    /// Without bytes.
    ShiftHsd,
    /// By one element: halfwords and words.
    ElementHs,
    /// Words or doublewords.
    ElementSd,
    /// By the lowest bit of `imm5`.
    Copy,
    /// The same, moved to a general register, sign-extended.
    MoveSigned,
    /// The same, zero-extended.
    MoveUnsigned,
    /// Bytes, with a number of them that has to be in the register.
    Ext,
}

/// Log2 of the bytes of a lane, when the encoding is allocated.
pub(crate) fn lane_of(lanes: Lanes, w: Word) -> Option<u32> {
    use Lanes::*;
    let (scalar, full) = (w.bit(28), w.bit(30));
    let size = w.bits(22, 2);
    let by_bit = 2 + w.bits(22, 1);
    let shift = w.bits(19, 4).checked_ilog2();
    let copied = w.bits(16, 4).trailing_zeros();
    let fits = |lane: u32| (lane < 3 || full || scalar).then_some(lane);
    match lanes {
        B => Some(0),
        H => Some(1),
        S => Some(2),
        D => Some(3),
        Bh => (size < 2).then_some(size),
        Bhs => (size < 3).then_some(size),
        Bhsd => fits(size),
        Hs | ElementHs => matches!(size, 1 | 2).then_some(size),
        Sd => fits(by_bit),
        HalfSingle => Some(1 + w.bits(22, 1)),
        Across => (size < 2 || size == 2 && full).then_some(size),
        ShiftBhs => shift.filter(|lane| *lane < 3),
        ShiftBhsd => shift.and_then(fits),
        ShiftHsd => shift.filter(|lane| *lane >= 1).and_then(fits),
        ElementSd => fits(by_bit).filter(|lane| *lane == 2 || !w.bit(21)),
        Copy => (copied < 4).then_some(copied).and_then(fits),
        MoveSigned => (copied < if full { 3 } else { 2 }).then_some(copied),
        MoveUnsigned => (copied < 4 && full == (copied == 3)).then_some(copied),
        Ext => (full || !w.bit(14)).then_some(0),
    }
}

/// The operands of an instruction of [`Format::Vector`].
pub(crate) fn vector_operands(lanes: Lanes, w: Word) -> Option<Insn> {
    let lane = lane_of(lanes, w)?;
    let aux = pack(lane, w.bit(30), w.bit(28));
    Some(Insn { aux, ..raw(w) })
}

fn raw(w: Word) -> Insn {
    let register = |low| w.bits(low, 5) as u8;
    Insn {
        imm: i64::from(w.0),
        rd: register(0),
        rn: register(5),
        rm: register(16),
        ra: register(10),
        ..Insn::default()
    }
}

/// Log2 of the bytes that a load or store of one register moves.
pub(crate) fn scale(format: Format, w: Word) -> u32 {
    match format {
        Format::FloatLiteral | Format::FloatLoadPair | Format::FloatStorePair => 2 + w.bits(30, 2),
        _ if w.bit(23) => 4,
        _ => w.scale(),
    }
}

/// The operands of loads and stores.
pub(crate) fn float_memory_operands(format: Format, w: Word) -> Option<Insn> {
    use Format::*;
    let scale = scale(format, w);
    let plain = Insn { rn: w.stack(5), ..raw(w) };
    Some(match format {
        FloatLoadUnsigned | FloatStoreUnsigned => {
            Insn { imm: i64::from(w.bits(10, 12)) << scale, ..plain }
        }
        FloatLoadSigned | FloatStoreSigned => Insn { imm: w.signed(12, 9), ..plain },
        FloatLoadIndex | FloatStoreIndex => {
            let amount = if w.bit(12) { scale as u8 } else { 0 };
            Insn { aux: w.bits(13, 3) as u8, amount, ..plain }
        }
        FloatLiteral => Insn { rn: 0, imm: w.signed(5, 19) << 2, ..plain },
        FloatLoadPair | FloatStorePair => Insn { imm: w.signed(15, 7) << scale, ..plain },
        Structures => {
            // Doublewords in 64 bits are LD1's and ST1's only.
            let interleaved = matches!(w.bits(12, 4), 0 | 4 | 8);
            let allocated = w.bits(10, 2) < 3 || w.bit(30) || !interleaved;
            allocated.then_some(plain)?
        }
        Structure => {
            let (size, s) = (w.bits(10, 2), w.bit(12));
            let allocated = match w.bits(14, 2) {
                0 => true,
                1 => size & 1 == 0,
                _ => size == 0 || size == 1 && !s,
            };
            allocated.then_some(plain)?
        }
        _ => plain,
    })
}
