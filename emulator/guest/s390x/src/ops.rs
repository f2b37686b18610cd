//! What meanings share: addresses, condition codes, halves of registers, and calling helpers.

use lockstep_cpu::{Binary, Emit, Helper, Mem, Reg, Size, Unary, Width};

use crate::{Insn, S390x, reg};

pub(crate) const W32: Width = Width::W32;
pub(crate) const W64: Width = Width::W64;

/// Base and displacement.
#[inline(always)]
pub(crate) fn based<E: Emit<S390x>>(e: &mut E, b: Reg, d: i32) -> E::V {
    if b == reg::ZERO {
        return e.imm(d as u64);
    }
    let base = e.get(b);
    if d == 0 { base } else { e.add_imm(W64, base, d.into()) }
}

/// The address of the only or second storage operand. It may have bits beyond the addressing mode, which accesses ignore.
#[inline(always)]
pub(crate) fn address<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    let place = based(e, i.b2, i.d2);
    if i.x2 == reg::ZERO || i.x2 == 0 {
        return place;
    }
    let index = e.get(i.x2);
    e.add(W64, place, index)
}

/// The address of the first of two storage operands.
#[inline(always)]
pub(crate) fn first_address<E: Emit<S390x>>(e: &mut E, i: &Insn) -> E::V {
    based(e, i.b1, i.d1)
}

/// Cut to the addressing mode.
#[inline(always)]
pub(crate) fn cut_address<E: Emit<S390x>>(e: &mut E, address: E::V) -> E::V {
    let mask = e.get(reg::ADDRESS);
    e.and(W64, address, mask)
}

/// Puts an address into a register as LOAD ADDRESS does: bits 0 to 31 stay in the short addressing modes.
#[inline(always)]
pub(crate) fn put_address<E: Emit<S390x>>(e: &mut E, r: Reg, address: E::V) {
    let address = cut_address(e, address);
    let (old, keep) = (e.get(r), e.get(reg::KEEP));
    let kept = e.and(W64, old, keep);
    let result = e.or(W64, kept, address);
    e.put(r, result);
}

/// The low half of a register changes, the high half stays.
#[inline(always)]
pub(crate) fn put_low<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
    let (old, mask) = (e.get(r), e.imm(!0xffff_ffff));
    let high = e.and(W64, old, mask);
    let low = e.zext32(value);
    let result = e.or(W64, high, low);
    e.put(r, result);
}

/// The high half of a register changes to the low half of a value.
#[inline(always)]
pub(crate) fn put_high<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
    let (old, half) = (e.get(r), e.imm(32));
    let low = e.zext32(old);
    let high = e.shl(W64, value, half);
    let result = e.or(W64, high, low);
    e.put(r, result);
}

/// The high half of a register.
#[inline(always)]
pub(crate) fn get_high<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
    let (value, half) = (e.get(r), e.imm(32));
    e.shr(W64, value, half)
}

/// Calls the helper that is an instruction's meaning, with the addresses of its storage operands and its text, whose last byte,
/// which no instruction has, is the length of what executes it.
#[inline(always)]
pub(crate) fn help<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<S390x>,
) -> Result<(), E::Exit> {
    let (first, second) = (first_address(e, i), address(e, i));
    let (first, second) = (cut_address(e, first), cut_address(e, second));
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(helper, [first, second, text])?;
    Ok(())
}

/// 32-bit operations, whose result goes into the low half of a register.
pub(crate) struct W;
/// 64-bit operations.
pub(crate) struct X;
/// 32-bit operations whose result goes into the high half.
pub(crate) struct H;

/// How wide an operation is and where its result goes.
pub(crate) trait View {
    /// As the engines know it.
    const WIDTH: Width;
    /// Bits.
    const BITS: u32 = Self::WIDTH.bits();
    /// The value that the low bits of `get` have.
    fn get<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V;
    /// Puts a result.
    fn put<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V);
    /// Puts a result, from a helper.
    fn set(old: u64, value: u64) -> u64;
}

impl View for W {
    const WIDTH: Width = W32;
    #[inline(always)]
    fn get<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
        e.get(r)
    }
    #[inline(always)]
    fn put<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
        put_low(e, r, value);
    }
    fn set(old: u64, value: u64) -> u64 {
        old & !0xffff_ffff | value & 0xffff_ffff
    }
}

impl View for X {
    const WIDTH: Width = W64;
    #[inline(always)]
    fn get<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
        e.get(r)
    }
    #[inline(always)]
    fn put<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
        e.put(r, value);
    }
    fn set(_old: u64, value: u64) -> u64 {
        value
    }
}

impl View for H {
    const WIDTH: Width = W32;
    #[inline(always)]
    fn get<E: Emit<S390x>>(e: &mut E, r: Reg) -> E::V {
        get_high(e, r)
    }
    #[inline(always)]
    fn put<E: Emit<S390x>>(e: &mut E, r: Reg, value: E::V) {
        put_high(e, r, value);
    }
    fn set(old: u64, value: u64) -> u64 {
        value << 32 | old & 0xffff_ffff
    }
}

/// Bytes in storage.
pub(crate) trait Bytes {
    /// As the engines know it.
    const SIZE: Size;
}

macro_rules! sizes {
    ($($name:ident)*) => {
        $(
            /// A size in storage.
            pub(crate) struct $name;
            impl Bytes for $name {
                const SIZE: Size = Size::$name;
            }
        )*
    };
}

sizes! { B1 B2 B4 B8 }

/// Where an operand comes from. Of its value, an operation looks at as many low bits as it is wide.
pub(crate) trait Source {
    /// Fetches it.
    fn value<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit>;
}

#[inline(always)]
pub(crate) fn masked<E: Emit<S390x>>(e: &mut E, value: E::V, mask: u64) -> E::V {
    let mask = e.imm(mask);
    e.and(W64, value, mask)
}

/// Loads from the storage operand.
#[inline(always)]
pub(crate) fn load<E: Emit<S390x>>(e: &mut E, i: &Insn, size: Size) -> Result<E::V, E::Exit> {
    let place = address(e, i);
    e.load(place, Mem::plain(size))
}

/// Loads from the operand that an immediate points at: it must be aligned.
#[inline(always)]
fn load_relative<E: Emit<S390x>>(e: &mut E, i: &Insn, size: Size) -> Result<E::V, E::Exit> {
    let place = relative(e, i.imm * 2);
    e.load(place, Mem::plain(size).aligned())
}

/// An address relative to the instruction's.
#[inline(always)]
pub(crate) fn relative<E: Emit<S390x>>(e: &mut E, offset: i64) -> E::V {
    let pc = e.pc();
    e.add_imm(W64, pc, offset)
}

macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident = |$e:ident, $i:ident| $value:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Source for $name {
                #[inline(always)]
                fn value<E: Emit<S390x>>($e: &mut E, $i: &Insn) -> Result<E::V, E::Exit> {
                    Ok($value)
                }
            }
        )*
    };
}

sources! {
    /// The first register.
    R1 = |e, i| e.get(i.r1);
    /// The odd register of the first pair.
    R1odd = |e, i| e.get(i.r1 | 1);
    /// The second register.
    R2 = |e, i| e.get(i.r2);
    /// The third register.
    R3 = |e, i| e.get(i.r3);
    /// The high half of the first register.
    R1h = |e, i| get_high(e, i.r1);
    /// The high half of the second register.
    R2h = |e, i| get_high(e, i.r2);
    /// The high half of the third register.
    R3h = |e, i| get_high(e, i.r3);
    /// The low word of the second register, with its sign.
    R2s = |e, i| { let v = e.get(i.r2); e.sext32(v) };
    /// The low word, with zeros.
    R2u = |e, i| { let v = e.get(i.r2); e.zext32(v) };
    /// The low 31 bits.
    R2t = |e, i| { let v = e.get(i.r2); masked(e, v, 0x7fff_ffff) };
    /// The low byte, with its sign.
    R2sb = |e, i| { let v = e.get(i.r2); e.unary(Unary::Sext8, W64, v) };
    /// The low halfword, with its sign.
    R2sh = |e, i| { let v = e.get(i.r2); e.unary(Unary::Sext16, W64, v) };
    /// The low byte, with zeros.
    R2ub = |e, i| { let v = e.get(i.r2); masked(e, v, 0xff) };
    /// The low halfword, with zeros.
    R2uh = |e, i| { let v = e.get(i.r2); masked(e, v, 0xffff) };
    /// The low word with its bytes reversed.
    R2rev = |e, i| { let v = e.get(i.r2); e.unary(Unary::ReverseBytes, W32, v) };
    /// All bytes reversed.
    R2revg = |e, i| { let v = e.get(i.r2); e.unary(Unary::ReverseBytes, W64, v) };
    /// The immediate, as the format extends it.
    I = |e, i| e.imm(i.imm as u64);
    /// The immediate's low 32 bits.
    Iu = |e, i| e.imm(u64::from(i.imm as u32));
    /// The immediate's low 16 bits.
    Iu16 = |e, i| e.imm(u64::from(i.imm as u16));
    /// The immediate's low byte, with its sign.
    Ib = |e, i| e.imm(i.imm as i8 as u64);
    /// A byte.
    M8 = |e, i| load(e, i, Size::B1)?;
    /// A byte with its sign.
    M8s = |e, i| { let v = load(e, i, Size::B1)?; e.unary(Unary::Sext8, W64, v) };
    /// A halfword.
    M16 = |e, i| load(e, i, Size::B2)?;
    /// A halfword with its sign.
    M16s = |e, i| { let v = load(e, i, Size::B2)?; e.unary(Unary::Sext16, W64, v) };
    /// A word.
    M32 = |e, i| load(e, i, Size::B4)?;
    /// A word with its sign.
    M32s = |e, i| { let v = load(e, i, Size::B4)?; e.sext32(v) };
    /// A word without its first bit.
    M31 = |e, i| { let v = load(e, i, Size::B4)?; masked(e, v, 0x7fff_ffff) };
    /// A word without its last byte.
    M32z = |e, i| { let v = load(e, i, Size::B4)?; masked(e, v, 0xffff_ff00) };
    /// A word, bytes reversed.
    M32rev = |e, i| { let v = load(e, i, Size::B4)?; e.unary(Unary::ReverseBytes, W32, v) };
    /// A doubleword.
    M64 = |e, i| load(e, i, Size::B8)?;
    /// A doubleword without its last byte.
    M64z = |e, i| { let v = load(e, i, Size::B8)?; masked(e, v, !0xff) };
    /// A doubleword, bytes reversed.
    M64rev = |e, i| { let v = load(e, i, Size::B8)?; e.unary(Unary::ReverseBytes, W64, v) };
    /// A halfword at a relative address.
    P16 = |e, i| load_relative(e, i, Size::B2)?;
    /// The same, with its sign.
    P16s = |e, i| { let v = load_relative(e, i, Size::B2)?; e.unary(Unary::Sext16, W64, v) };
    /// A word at a relative address.
    P32 = |e, i| load_relative(e, i, Size::B4)?;
    /// The same, with its sign.
    P32s = |e, i| { let v = load_relative(e, i, Size::B4)?; e.sext32(v) };
    /// A doubleword at a relative address.
    P64 = |e, i| load_relative(e, i, Size::B8)?;
}

/// The bitwise operation that a constant names: constants of generics cannot be enumerations.
pub(crate) const fn bitwise(op: u8) -> Binary {
    if op == Binary::And as u8 {
        Binary::And
    } else if op == Binary::Or as u8 {
        Binary::Or
    } else {
        Binary::Xor
    }
}

/// Condition codes.
pub(crate) mod cc {
    use super::*;

    /// Puts a condition code.
    #[inline(always)]
    pub(crate) fn put<E: Emit<S390x>>(e: &mut E, value: E::V) {
        e.put(reg::CC, value);
    }

    /// `low` where the first is lower, twice `high` where it is higher.
    #[inline(always)]
    fn of<E: Emit<S390x>>(e: &mut E, low: E::V, high: E::V) -> E::V {
        let twice = e.add(W64, high, high);
        e.add(W64, low, twice)
    }

    /// 0 equal, 1 first low, 2 first high; signed.
    #[inline(always)]
    pub(crate) fn compared<E: Emit<S390x>>(e: &mut E, w: Width, a: E::V, b: E::V) -> E::V {
        let (low, high) = (e.slt(w, a, b), e.slt(w, b, a));
        of(e, low, high)
    }

    /// The same, unsigned.
    #[inline(always)]
    pub(crate) fn compared_logical<E: Emit<S390x>>(e: &mut E, w: Width, a: E::V, b: E::V) -> E::V {
        let (low, high) = (e.ult(w, a, b), e.ult(w, b, a));
        of(e, low, high)
    }

    /// 0 zero, 1 negative, 2 positive.
    #[inline(always)]
    pub(crate) fn sign<E: Emit<S390x>>(e: &mut E, w: Width, a: E::V) -> E::V {
        let zero = e.imm(0);
        compared(e, w, a, zero)
    }

    /// 0 zero, 1 not zero.
    #[inline(always)]
    pub(crate) fn nonzero<E: Emit<S390x>>(e: &mut E, w: Width, a: E::V) -> E::V {
        let zero = e.imm(0);
        e.ne(w, a, zero)
    }

    /// Of bits selected by a mask: 0 all zero, 3 all ones, `mixed` otherwise.
    #[inline(always)]
    pub(crate) fn selected<E: Emit<S390x>>(e: &mut E, bits: E::V, mask: E::V, mixed: E::V) -> E::V {
        let (zero, three) = (e.imm(0), e.imm(3));
        let (none, all) = (e.eq(W64, bits, zero), e.eq(W64, bits, mask));
        let some = e.select(all, three, mixed);
        e.select(none, zero, some)
    }
}
