//! Integer operations, as types for the table to choose with.
//!
//! `ADDL` with a register and `ADDL` with a literal differ in where an operand comes from; `ADDL` and `SUBL` in what is done.
//! These are independent, so each is a type, a meaning is generic over both, and nothing is asked while running.

use lockstep_cpu::{Binary, Compare, Cx, Emit, Exit, Unary, Width};

use crate::{Alpha, Insn};

const W64: Width = Width::W64;

/// Where the second operand comes from.
pub(crate) trait Second {
    /// Whether it is a literal.
    const LITERAL: bool;
}

/// Rb.
pub(crate) struct Register;
/// The literal in the instruction.
pub(crate) struct Literal;

impl Second for Register {
    const LITERAL: bool = false;
}

impl Second for Literal {
    const LITERAL: bool = true;
}

/// An operation on Ra and the second operand.
pub(crate) trait Operate {
    /// What a literal stands for.
    fn literal(value: u64) -> u64 {
        value
    }

    /// What a register's value stands for.
    #[inline(always)]
    fn register<E: Emit<Alpha>>(_e: &mut E, value: E::V) -> E::V {
        value
    }

    /// The result. `i` is for what depends on the destination's old value.
    fn apply<E: Emit<Alpha>>(e: &mut E, i: &Insn, a: E::V, b: E::V) -> Result<E::V, E::Exit>;
}

/// An operation that can overflow.
pub(crate) trait Overflowing {
    /// The result, and whether it is not the true one (not 0).
    fn apply<E: Emit<Alpha>>(e: &mut E, a: E::V, b: E::V) -> (E::V, E::V);
}

macro_rules! operations {
    ($($name:ident($e:ident, $a:ident, $b:ident) $body:block)*) => {
        $(
            pub(crate) struct $name;
            impl Operate for $name {
                #[inline(always)]
                fn apply<E: Emit<Alpha>>(
                    $e: &mut E,
                    _: &Insn,
                    $a: E::V,
                    $b: E::V,
                ) -> Result<E::V, E::Exit> {
                    Ok($body)
                }
            }
        )*
    };
}

macro_rules! overflowing {
    ($($name:ident($e:ident, $a:ident, $b:ident) $body:block)*) => {
        $(
            pub(crate) struct $name;
            impl Overflowing for $name {
                #[inline(always)]
                fn apply<E: Emit<Alpha>>($e: &mut E, $a: E::V, $b: E::V) -> (E::V, E::V) $body
            }
        )*
    };
}

/// `a << places`, for scaled sums.
#[inline(always)]
fn scaled<E: Emit<Alpha>>(e: &mut E, a: E::V, places: u64) -> E::V {
    let places = e.imm(places);
    e.shl(W64, a, places)
}

/// A longword sum or difference in a register: sign-extended.
#[inline(always)]
fn long<E: Emit<Alpha>>(e: &mut E, op: Binary, a: E::V, b: E::V) -> E::V {
    let result = e.binary(op, W64, a, b);
    e.sext32(result)
}

operations! {
    Addl(e, a, b) { long(e, Binary::Add, a, b) }
    Subl(e, a, b) { long(e, Binary::Sub, a, b) }
    S4addl(e, a, b) { let a = scaled(e, a, 2); long(e, Binary::Add, a, b) }
    S4subl(e, a, b) { let a = scaled(e, a, 2); long(e, Binary::Sub, a, b) }
    S8addl(e, a, b) { let a = scaled(e, a, 3); long(e, Binary::Add, a, b) }
    S8subl(e, a, b) { let a = scaled(e, a, 3); long(e, Binary::Sub, a, b) }
    Addq(e, a, b) { e.add(W64, a, b) }
    Subq(e, a, b) { e.sub(W64, a, b) }
    S4addq(e, a, b) { let a = scaled(e, a, 2); e.add(W64, a, b) }
    S4subq(e, a, b) { let a = scaled(e, a, 2); e.sub(W64, a, b) }
    S8addq(e, a, b) { let a = scaled(e, a, 3); e.add(W64, a, b) }
    S8subq(e, a, b) { let a = scaled(e, a, 3); e.sub(W64, a, b) }
    Cmpeq(e, a, b) { e.compare(Compare::Eq, W64, a, b) }
    Cmplt(e, a, b) { e.compare(Compare::Slt, W64, a, b) }
    Cmple(e, a, b) { e.compare(Compare::Sle, W64, a, b) }
    Cmpult(e, a, b) { e.compare(Compare::Ult, W64, a, b) }
    Cmpule(e, a, b) { e.compare(Compare::Ule, W64, a, b) }
    Cmpbge(e, a, b) { cmpbge(e, a, b) }

    And(e, a, b) { e.and(W64, a, b) }
    Or(e, a, b) { e.or(W64, a, b) }
    Xor(e, a, b) { e.xor(W64, a, b) }
    Andnot(e, a, b) { let b = e.not(W64, b); e.and(W64, a, b) }
    Ornot(e, a, b) { let b = e.not(W64, b); e.or(W64, a, b) }
    Eqv(e, a, b) { let b = e.not(W64, b); e.xor(W64, a, b) }
    Amask(e, _a, b) { let features = e.imm(!crate::system::AMASK); e.and(W64, b, features) }
    Implver(e, _a, _b) { e.imm(crate::system::IMPLVER) }

    Srl(e, a, b) { e.shr(W64, a, b) }
    Sll(e, a, b) { e.shl(W64, a, b) }
    Sra(e, a, b) { e.sar(W64, a, b) }

    Mull(e, a, b) { long(e, Binary::Mul, a, b) }
    Mulq(e, a, b) { e.mul(W64, a, b) }
    Umulh(e, a, b) { e.binary(Binary::UmulHigh, W64, a, b) }

    Sextb(e, _a, b) { e.unary(Unary::Sext8, W64, b) }
    Sextw(e, _a, b) { e.unary(Unary::Sext16, W64, b) }
    Ctpop(e, _a, b) { e.unary(Unary::Popcount, W64, b) }
    Ctlz(e, _a, b) { e.unary(Unary::Clz, W64, b) }
    Cttz(e, _a, b) { e.unary(Unary::Ctz, W64, b) }
}

overflowing! {
    AddlV(e, a, b) { long_checked(e, Binary::Add, a, b) }
    SublV(e, a, b) { long_checked(e, Binary::Sub, a, b) }
    MullV(e, a, b) { long_checked(e, Binary::Mul, a, b) }
    AddqV(e, a, b) {
        // Operands of the same sign, and a result of the other.
        let sum = e.add(W64, a, b);
        let (x, y) = (e.xor(W64, a, sum), e.xor(W64, b, sum));
        (sum, negative_both(e, x, y))
    }
    SubqV(e, a, b) {
        let difference = e.sub(W64, a, b);
        let (x, y) = (e.xor(W64, a, b), e.xor(W64, a, difference));
        (difference, negative_both(e, x, y))
    }
    MulqV(e, a, b) {
        let (low, high) = (e.mul(W64, a, b), e.binary(Binary::SmulHigh, W64, a, b));
        let last = e.imm(63);
        let sign = e.sar(W64, low, last);
        (low, e.ne(W64, high, sign))
    }
}

/// 1 if both are negative.
#[inline(always)]
fn negative_both<E: Emit<Alpha>>(e: &mut E, x: E::V, y: E::V) -> E::V {
    let (both, last) = (e.and(W64, x, y), e.imm(63));
    e.shr(W64, both, last)
}

/// A longword result, and whether the true one differs.
#[inline(always)]
fn long_checked<E: Emit<Alpha>>(e: &mut E, op: Binary, a: E::V, b: E::V) -> (E::V, E::V) {
    let (a, b) = (e.sext32(a), e.sext32(b));
    let exact = e.binary(op, W64, a, b);
    let result = e.sext32(exact);
    (result, e.ne(W64, exact, result))
}

/// A bit for each byte of `a` that is not below that of `b`.
#[inline(always)]
fn cmpbge<E: Emit<Alpha>>(e: &mut E, a: E::V, b: E::V) -> E::V {
    let (high, low) = (e.imm(0x8080_8080_8080_8080), e.imm(0x7f7f_7f7f_7f7f_7f7f));
    // Bit 7 of each byte: the low seven bits of a are not below those of b. No byte borrows from the next.
    let (x, y) = (e.or(W64, a, high), e.and(W64, b, low));
    let lows = e.sub(W64, x, y);
    let not_b = e.not(W64, b);
    let (above, unlike) = (e.and(W64, a, not_b), e.xor(W64, a, b));
    let alike = e.not(W64, unlike);
    let alike = e.and(W64, alike, lows);
    let bits = e.or(W64, above, alike);
    let bits = e.and(W64, bits, high);
    let seven = e.imm(7);
    let bits = e.shr(W64, bits, seven);
    // Bit 8n goes to 56 + n; no two terms meet.
    let (gather, top) = (e.imm(0x0102_0408_1020_4080), e.imm(56));
    let gathered = e.mul(W64, bits, gather);
    e.shr(W64, gathered, top)
}

macro_rules! moves {
    ($($name:ident($e:ident, $a:ident) $condition:block)*) => {
        $(
            pub(crate) struct $name;
            impl Operate for $name {
                #[inline(always)]
                fn apply<E: Emit<Alpha>>(
                    $e: &mut E,
                    i: &Insn,
                    $a: E::V,
                    b: E::V,
                ) -> Result<E::V, E::Exit> {
                    let condition = $condition;
                    let old = $e.get(i.rc);
                    Ok($e.select(condition, b, old))
                }
            }
        )*
    };
}

moves! {
    Cmovlbs(e, a) { let one = e.imm(1); e.and(W64, a, one) }
    Cmovlbc(e, a) { let one = e.imm(1); let low = e.and(W64, a, one); e.xor(W64, low, one) }
    Cmoveq(e, a) { let zero = e.imm(0); e.eq(W64, a, zero) }
    Cmovne(e, a) { a }
    Cmovlt(e, a) { let zero = e.imm(0); e.slt(W64, a, zero) }
    Cmovge(e, a) { let zero = e.imm(0); e.sle(W64, zero, a) }
    Cmovle(e, a) { let zero = e.imm(0); e.sle(W64, a, zero) }
    Cmovgt(e, a) { let zero = e.imm(0); e.slt(W64, zero, a) }
}

/// Ones in the low `bytes` bytes.
const fn ones(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Eight times the byte number in an address.
#[inline(always)]
fn bits_in<E: Emit<Alpha>>(e: &mut E, address: E::V) -> E::V {
    let (three, mask) = (e.imm(3), e.imm(0x38));
    let bits = e.shl(W64, address, three);
    e.and(W64, bits, mask)
}

/// What of a value that lies at an address reaches into the next quadword, moved down there.
#[inline(always)]
fn reaching_over<E: Emit<Alpha>>(e: &mut E, value: E::V, address: E::V) -> E::V {
    let bits = bits_in(e, address);
    let (one, last) = (e.imm(1), e.imm(63));
    // By 64 less those bits, in two steps: a shift by 64 leaves nothing.
    let halved = e.shr(W64, value, one);
    let rest = e.sub(W64, last, bits);
    e.shr(W64, halved, rest)
}

macro_rules! low_bytes {
    ($($bytes:literal: $msk:ident $ext:ident $ins:ident;)*) => {
        operations! {
            $(
                $msk(e, a, b) {
                    let (bits, mask) = (bits_in(e, b), e.imm(ones($bytes)));
                    let mask = e.shl(W64, mask, bits);
                    let mask = e.not(W64, mask);
                    e.and(W64, a, mask)
                }
                $ext(e, a, b) {
                    let (bits, mask) = (bits_in(e, b), e.imm(ones($bytes)));
                    let down = e.shr(W64, a, bits);
                    e.and(W64, down, mask)
                }
                $ins(e, a, b) {
                    let (bits, mask) = (bits_in(e, b), e.imm(ones($bytes)));
                    let field = e.and(W64, a, mask);
                    e.shl(W64, field, bits)
                }
            )*
        }
    };
}

macro_rules! high_bytes {
    ($($bytes:literal: $msk:ident $ext:ident $ins:ident;)*) => {
        operations! {
            $(
                $msk(e, a, b) {
                    let mask = e.imm(ones($bytes));
                    let over = reaching_over(e, mask, b);
                    let mask = e.not(W64, over);
                    e.and(W64, a, mask)
                }
                $ext(e, a, b) {
                    // By 64 less the bits, modulo 64.
                    let (bits, mask) = (bits_in(e, b), e.imm(ones($bytes)));
                    let up = e.unary(Unary::Neg, W64, bits);
                    let up = e.shl(W64, a, up);
                    e.and(W64, up, mask)
                }
                $ins(e, a, b) {
                    let mask = e.imm(ones($bytes));
                    let field = e.and(W64, a, mask);
                    reaching_over(e, field, b)
                }
            )*
        }
    };
}

low_bytes! {
    1: Mskbl Extbl Insbl;
    2: Mskwl Extwl Inswl;
    4: Mskll Extll Insll;
    8: Mskql Extql Insql;
}

high_bytes! {
    2: Mskwh Extwh Inswh;
    4: Msklh Extlh Inslh;
    8: Mskqh Extqh Insqh;
}

/// Ones in each byte whose bit is set in the low byte of `mask`.
const fn spread(mask: u64) -> u64 {
    let (mut byte, mut all) = (0, 0);
    while byte < 8 {
        if mask >> byte & 1 != 0 {
            all |= 0xff << (8 * byte);
        }
        byte += 1;
    }
    all
}

/// [`spread`] of a value that is not known yet.
#[inline(always)]
fn spread_value<E: Emit<Alpha>>(e: &mut E, mask: E::V) -> E::V {
    let (low, copies) = (e.imm(0xff), e.imm(0x0101_0101_0101_0101));
    let (bits, fill) = (e.imm(0x8040_2010_0804_0201), e.imm(0x7f7f_7f7f_7f7f_7f7f));
    let mask = e.and(W64, mask, low);
    let mask = e.mul(W64, mask, copies);
    let bit = e.and(W64, mask, bits);
    // A byte with any bit set gets its highest: none carries into the next.
    let lower = e.and(W64, bit, fill);
    let carried = e.add(W64, lower, fill);
    let any = e.or(W64, carried, bit);
    let seven = e.imm(7);
    let any = e.shr(W64, any, seven);
    let any = e.and(W64, any, copies);
    e.mul(W64, any, low)
}

macro_rules! zaps {
    ($($name:ident($e:ident, $mask:ident) $keep:block)*) => {
        $(
            pub(crate) struct $name;
            impl Operate for $name {
                fn literal(value: u64) -> u64 {
                    spread(value)
                }

                #[inline(always)]
                fn register<E: Emit<Alpha>>(e: &mut E, value: E::V) -> E::V {
                    spread_value(e, value)
                }

                #[inline(always)]
                fn apply<E: Emit<Alpha>>(
                    $e: &mut E,
                    _: &Insn,
                    a: E::V,
                    $mask: E::V,
                ) -> Result<E::V, E::Exit> {
                    let keep = $keep;
                    Ok($e.and(W64, a, keep))
                }
            }
        )*
    };
}

zaps! {
    Zap(e, mask) { e.not(W64, mask) }
    Zapnot(e, mask) { mask }
}

/// Multimedia operations: rare, so they are helpers.
macro_rules! helpers {
    ($($name:ident = $function:expr;)*) => {
        $(
            pub(crate) struct $name;
            impl Operate for $name {
                #[inline(always)]
                fn apply<E: Emit<Alpha>>(
                    e: &mut E,
                    _: &Insn,
                    a: E::V,
                    b: E::V,
                ) -> Result<E::V, E::Exit> {
                    fn run(_: &mut Cx<Alpha>, [a, b, _]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
                        let function: fn(u64, u64) -> u64 = $function;
                        Ok(function(a, b))
                    }
                    let zero = e.imm(0);
                    e.call(run, [a, b, zero])
                }
            }
        )*
    };
}

/// Joins what `f` makes of each pair of bytes.
fn by_bytes(a: u64, b: u64, f: fn(u8, u8) -> u8) -> u64 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    u64::from_le_bytes(std::array::from_fn(|n| f(a[n], b[n])))
}

/// Joins what `f` makes of each pair of words.
fn by_words(a: u64, b: u64, f: fn(u16, u16) -> u16) -> u64 {
    (0..64)
        .step_by(16)
        .fold(0, |all, low| all | u64::from(f((a >> low) as u16, (b >> low) as u16)) << low)
}

fn sum_of_differences(a: u64, b: u64) -> u64 {
    let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
    pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum()
}

helpers! {
    Perr = sum_of_differences;
    Unpkbw = |_, b| (0..4).fold(0, |all, n| all | (b >> (8 * n) & 0xff) << (16 * n));
    Unpkbl = |_, b| b & 0xff | (b & 0xff00) << 24;
    Pkwb = |_, b| (0..4).fold(0, |all, n| all | (b >> (16 * n) & 0xff) << (8 * n));
    Pklb = |_, b| b & 0xff | b >> 24 & 0xff00;
    Minsb8 = |a, b| by_bytes(a, b, |a, b| (a as i8).min(b as i8) as u8);
    Maxsb8 = |a, b| by_bytes(a, b, |a, b| (a as i8).max(b as i8) as u8);
    Minub8 = |a, b| by_bytes(a, b, Ord::min);
    Maxub8 = |a, b| by_bytes(a, b, Ord::max);
    Minsw4 = |a, b| by_words(a, b, |a, b| (a as i16).min(b as i16) as u16);
    Maxsw4 = |a, b| by_words(a, b, |a, b| (a as i16).max(b as i16) as u16);
    Minuw4 = |a, b| by_words(a, b, Ord::min);
    Maxuw4 = |a, b| by_words(a, b, Ord::max);
}
