//! VAX arithmetic (section 2.2.5 and 4.7).
//!
//! F, D and G floating have neither infinities nor NaNs nor denormal numbers; a minus sign without an exponent is a
//! reserved operand, which traps, and a fraction without either is zero. Numbers have more range below and less above
//! than IEEE's, and round half away from zero. All of them fit binary128, where sums, products, quotients and roots,
//! rounded to odd, keep all that the second rounding, to the format, has to know.

use lockstep_cpu::float::{self, Env, Format, Integer, Quad, Relation, Rounding};
use lockstep_cpu::{Cx, Emit, Exit};

use super::trap::{self, Found, How};
use crate::{Alpha, Insn};

/// What comparisons give for true: 0.5.
const TRUE: u64 = 0x4000_0000_0000_0000;
/// Fraction bits of binary128.
const QUAD: u32 = Quad::FRAC;

/// A VAX format as registers have it.
#[derive(Clone, Copy)]
struct Layout {
    /// Fraction bits in the register.
    fraction: u32,
    /// Bits of those that the format has.
    kept: u32,
    /// The exponent of a number between one and two.
    bias: i32,
    /// The least and greatest exponent.
    range: (i32, i32),
}

const G: Layout = Layout { fraction: 52, kept: 52, bias: 1025, range: (1, 2047) };
/// F is G with less of everything.
const F: Layout = Layout { fraction: 52, kept: 23, bias: 1025, range: (897, 1151) };
const D: Layout = Layout { fraction: 55, kept: 55, bias: 129, range: (1, 255) };

/// A reserved operand.
struct Reserved;

impl Layout {
    /// A register as binary128.
    fn unpack(self, register: u64) -> Result<u128, Reserved> {
        let sign = register >> 63;
        let exponent = (register & !(1 << 63)) >> self.fraction;
        match (exponent, sign) {
            (0, 0) => return Ok(0),
            (0, _) => return Err(Reserved),
            _ => {}
        }
        let fraction = u128::from(register & ((1 << self.fraction) - 1)) << (QUAD - self.fraction);
        let exponent = (exponent as i32 - self.bias + Quad::EMAX) as u128;
        Ok(u128::from(sign) << 127 | exponent << QUAD | fraction)
    }

    /// Binary128 as a register, rounded half away from zero or chopped.
    fn pack(self, value: u128, chops: bool) -> Outcome {
        if value & !Quad::SIGN == 0 {
            return Outcome { value: 0, found: Found::NONE };
        }
        let dropped = QUAD - self.kept;
        // Rounding may carry into the exponent, which is what it should do.
        let half = if chops { 0 } else { 1 << (dropped - 1) };
        let magnitude = ((value & !Quad::SIGN) + half) >> dropped;
        let exponent = (magnitude >> self.kept) as i32 - Quad::EMAX + self.bias;
        if exponent > self.range.1 {
            return Outcome { value: 0, found: Found::OVERFLOW };
        }
        if exponent < self.range.0 {
            return Outcome { value: 0, found: Found::UNDERFLOW };
        }
        let fraction = magnitude as u64 & ((1 << self.kept) - 1);
        let fraction = fraction << (self.fraction - self.kept);
        let sign = u64::from(value & Quad::SIGN != 0) << 63;
        let value = sign | (exponent as u64) << self.fraction | fraction;
        Outcome { value, found: Found::NONE }
    }
}

/// What an operation gives.
pub(crate) struct Outcome {
    value: u64,
    found: Found,
}

impl Outcome {
    const INVALID: Self = Self { value: 0, found: Found::INVALID };
}

/// An operation on one or two operands in register format.
pub(crate) trait Operation {
    /// The result; an error is a reserved operand.
    fn compute(a: u64, b: u64, chops: bool) -> Result<Outcome, Invalid>;
}

/// The operation has no result.
pub(crate) struct Invalid;

impl From<Reserved> for Invalid {
    fn from(_: Reserved) -> Self {
        Self
    }
}

/// Rounds so that rounding again is as good as once.
fn to_odd() -> Env {
    Env { rounding: Rounding::ToOdd, ..Env::alpha() }
}

type Arithmetic = fn(&mut Env, u128, u128) -> u128;

fn two_operands(
    layout: Layout,
    a: u64,
    b: u64,
    chops: bool,
    operation: Arithmetic,
) -> Result<Outcome, Invalid> {
    let (a, b) = (layout.unpack(a)?, layout.unpack(b)?);
    Ok(layout.pack(operation(&mut to_odd(), a, b), chops))
}

fn divide(layout: Layout, a: u64, b: u64, chops: bool) -> Result<Outcome, Invalid> {
    if layout.unpack(a).is_ok() && layout.unpack(b)? == 0 {
        return Ok(Outcome { value: 0, found: Found::DIVIDE_BY_ZERO });
    }
    two_operands(layout, a, b, chops, float::div::<Quad>)
}

fn root(layout: Layout, b: u64, chops: bool) -> Result<Outcome, Invalid> {
    let b = layout.unpack(b)?;
    if b & Quad::SIGN != 0 {
        return Err(Invalid);
    }
    Ok(layout.pack(float::sqrt::<Quad>(&mut to_odd(), b), chops))
}

fn convert(from: Layout, to: Layout, b: u64, chops: bool) -> Result<Outcome, Invalid> {
    Ok(to.pack(from.unpack(b)?, chops))
}

fn compare(a: u64, b: u64, holds: fn(Relation) -> bool) -> Result<Outcome, Invalid> {
    let (a, b) = (G.unpack(a)?, G.unpack(b)?);
    let relation = float::compare::<Quad>(&mut to_odd(), a, b);
    Ok(Outcome { value: if holds(relation) { TRUE } else { 0 }, found: Found::NONE })
}

fn to_integer(b: u64, chops: bool) -> Result<Outcome, Invalid> {
    let rounding = if chops { Rounding::TowardZero } else { Rounding::NearestAway };
    let bits = Integer::I64.bits;
    let wrapped = float::to_int_wrapping::<Quad>(&mut to_odd(), G.unpack(b)?, bits, rounding);
    let found = if wrapped.fits { Found::NONE } else { Found::INTEGER_OVERFLOW };
    Ok(Outcome { value: wrapped.value, found })
}

fn from_integer(to: Layout, b: u64, chops: bool) -> Outcome {
    let value = float::from_int::<Quad>(&mut to_odd(), (b as i64).into(), 0, Rounding::ToOdd);
    to.pack(value, chops)
}

macro_rules! operations {
    ($($name:ident($a:ident, $b:ident, $chops:ident) $body:expr;)*) => {
        $(
            pub(crate) struct $name;
            impl Operation for $name {
                fn compute($a: u64, $b: u64, $chops: bool) -> Result<Outcome, Invalid> {
                    $body
                }
            }
        )*
    };
}

operations! {
    AddF(a, b, chops) two_operands(F, a, b, chops, float::add::<Quad>);
    SubF(a, b, chops) two_operands(F, a, b, chops, float::sub::<Quad>);
    MulF(a, b, chops) two_operands(F, a, b, chops, float::mul::<Quad>);
    DivF(a, b, chops) divide(F, a, b, chops);
    SqrtF(_a, b, chops) root(F, b, chops);
    AddG(a, b, chops) two_operands(G, a, b, chops, float::add::<Quad>);
    SubG(a, b, chops) two_operands(G, a, b, chops, float::sub::<Quad>);
    MulG(a, b, chops) two_operands(G, a, b, chops, float::mul::<Quad>);
    DivG(a, b, chops) divide(G, a, b, chops);
    SqrtG(_a, b, chops) root(G, b, chops);
    CmpGEq(a, b, _chops) compare(a, b, |relation| relation == Relation::Equal);
    CmpGLt(a, b, _chops) compare(a, b, |relation| relation == Relation::Less);
    CmpGLe(a, b, _chops) compare(a, b, |relation| relation != Relation::Greater);
    CvtDG(_a, b, chops) convert(D, G, b, chops);
    CvtGD(_a, b, chops) convert(G, D, b, chops);
    CvtGF(_a, b, chops) convert(G, F, b, chops);
    CvtGQ(_a, b, chops) to_integer(b, chops);
    CvtQF(_a, b, chops) Ok(from_integer(F, b, chops));
    CvtQG(_a, b, chops) Ok(from_integer(G, b, chops));
}

fn run<O: Operation>(cx: &mut Cx<Alpha>, [a, b, how]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    let how = How::unpack(how);
    let Outcome { value, found } = O::compute(a, b, how.chops()).unwrap_or(Outcome::INVALID);
    trap::finish(cx, how, value, found)
}

/// An operation on Fb.
pub(crate) fn vax_one<E: Emit<Alpha>, O: Operation>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let none = e.imm(0);
    super::operate(e, i, run::<O>, none)
}

/// An operation on Fa and Fb.
pub(crate) fn vax_two<E: Emit<Alpha>, O: Operation>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let a = e.vget(i.ra, 0);
    super::operate(e, i, run::<O>, a)
}
