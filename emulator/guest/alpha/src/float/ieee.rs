//! IEEE arithmetic as a 21264A does it (its Hardware Reference Manual, section A.8).
//!
//! Without /S, operands must be finite and not denormal; with it, only denormal ones trap, unless FPCR says that they
//! are zeros. Denormal results are not produced: they underflow, and what is put is plus zero.

use lockstep_cpu::float::{
    self, Double, Env, Flags, Integer, Relation, Single, compare, compare_signalling,
};
use lockstep_cpu::{Cx, Emit, Exit};

use super::trap::{self, Found, How, fpcr};
use crate::{Alpha, Insn};

/// What comparisons give for true: 2.0.
const TRUE: u64 = 0x4000_0000_0000_0000;
const EXPONENT: u64 = 0x7ff << 52;
const FRACTION: u64 = (1 << 52) - 1;

/// What an operation gives.
pub(crate) struct Outcome {
    value: u64,
    found: Found,
}

/// Which operands an operation accepts without /S.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// Finite numbers.
    Finite,
    /// Infinities, too.
    Infinite,
    /// Integers: anything.
    Integers,
}

/// An operation on one or two operands in register format.
pub(crate) trait Operation {
    /// Which operands it accepts without /S.
    const ACCEPTS: Accepts;
    /// Whether it has a first operand.
    const TWO: bool;
    /// The result.
    fn compute(env: &mut Env, a: u64, b: u64) -> Outcome;
}

/// S floating out of a register.
fn single(register: u64) -> u32 {
    (register >> 32 & 0xc000_0000 | register >> 29 & 0x3fff_ffff) as u32
}

/// S floating as a register has it.
fn from_single(bits: u32) -> u64 {
    let bits = u64::from(bits);
    let exponent = match bits >> 23 & 0xff {
        0 => 0,
        0xff => 0x7ff,
        exponent => exponent + 0x380,
    };
    (bits & 0x8000_0000) << 32 | exponent << 52 | (bits & 0x7f_ffff) << 29
}

/// What the flags of an operation mean.
fn found(flags: Flags) -> Found {
    let pairs = [
        (Flags::INVALID, Found::INVALID),
        (Flags::DIVIDE_BY_ZERO, Found::DIVIDE_BY_ZERO),
        (Flags::OVERFLOW, Found::OVERFLOW),
        (Flags::UNDERFLOW, Found::UNDERFLOW),
        (Flags::INEXACT, Found::INEXACT),
    ];
    let present = pairs.into_iter().filter(|(flag, _)| flags.contains(*flag));
    present.fold(Found::NONE, |all, (_, found)| all.and(found))
}

/// A result in register format: one that is denormal, or tiny, underflows to plus zero.
fn arithmetic(env: &Env, value: u64) -> Outcome {
    let found = found(env.flags);
    let denormal = value & EXPONENT == 0 && value & FRACTION != 0;
    if denormal || found.has(Found::UNDERFLOW) {
        let found = found.and(Found::UNDERFLOW).and(Found::INEXACT);
        return Outcome { value: 0, found };
    }
    Outcome { value, found }
}

fn truth(env: &Env, holds: bool) -> Outcome {
    Outcome { value: if holds { TRUE } else { 0 }, found: found(env.flags) }
}

macro_rules! operations {
    ($($name:ident($env:ident, $a:ident, $b:ident) $accepts:ident $two:literal $body:expr;)*) => {
        $(
            pub(crate) struct $name;
            impl Operation for $name {
                const ACCEPTS: Accepts = Accepts::$accepts;
                const TWO: bool = $two;
                fn compute($env: &mut Env, $a: u64, $b: u64) -> Outcome {
                    $body
                }
            }
        )*
    };
}

macro_rules! on_singles {
    ($env:ident, $operation:path, $($operand:ident),*) => {{
        let value = $operation($env, $(single($operand)),*);
        arithmetic($env, from_single(value))
    }};
}

macro_rules! on_doubles {
    ($env:ident, $operation:path, $($operand:ident),*) => {{
        let value = $operation($env, $($operand),*);
        arithmetic($env, value)
    }};
}

operations! {
    AddS(env, a, b) Finite true on_singles!(env, float::add::<Single>, a, b);
    SubS(env, a, b) Finite true on_singles!(env, float::sub::<Single>, a, b);
    MulS(env, a, b) Finite true on_singles!(env, float::mul::<Single>, a, b);
    DivS(env, a, b) Finite true on_singles!(env, float::div::<Single>, a, b);
    AddT(env, a, b) Finite true on_doubles!(env, float::add::<Double>, a, b);
    SubT(env, a, b) Finite true on_doubles!(env, float::sub::<Double>, a, b);
    MulT(env, a, b) Finite true on_doubles!(env, float::mul::<Double>, a, b);
    DivT(env, a, b) Finite true on_doubles!(env, float::div::<Double>, a, b);
    SqrtS(env, _a, b) Finite false on_singles!(env, float::sqrt::<Single>, b);
    SqrtT(env, _a, b) Finite false on_doubles!(env, float::sqrt::<Double>, b);

    CmpTUn(env, a, b) Infinite true {
        let relation = compare::<Double>(env, a, b);
        truth(env, relation == Relation::Unordered)
    };
    CmpTEq(env, a, b) Infinite true {
        let relation = compare::<Double>(env, a, b);
        truth(env, relation == Relation::Equal)
    };
    CmpTLt(env, a, b) Infinite true {
        let relation = compare_signalling::<Double>(env, a, b);
        truth(env, relation == Relation::Less)
    };
    CmpTLe(env, a, b) Infinite true {
        let relation = compare_signalling::<Double>(env, a, b);
        truth(env, matches!(relation, Relation::Less | Relation::Equal))
    };

    CvtTS(env, _a, b) Finite false {
        let rounding = env.rounding;
        let value = float::convert::<Double, Single>(env, b, rounding);
        arithmetic(env, from_single(value))
    };
    CvtST(env, _a, b) Finite false {
        let rounding = env.rounding;
        let value = float::convert::<Single, Double>(env, single(b), rounding);
        arithmetic(env, value)
    };
    CvtTQ(env, _a, b) Finite false to_integer(env, b);
    CvtQS(env, _a, b) Integers false {
        let rounding = env.rounding;
        let value = float::from_int::<Single>(env, (b as i64).into(), 0, rounding);
        arithmetic(env, from_single(value))
    };
    CvtQT(env, _a, b) Integers false {
        let rounding = env.rounding;
        let value = float::from_int::<Double>(env, (b as i64).into(), 0, rounding);
        arithmetic(env, value)
    };
}

/// CVTTQ: modulo 2^64, with an integer overflow if that is not the number rounded.
fn to_integer(env: &mut Env, b: u64) -> Outcome {
    let rounding = env.rounding;
    let wrapped = float::to_int_wrapping::<Double>(env, b, Integer::I64.bits, rounding);
    let found = if wrapped.fits {
        found(env.flags)
    } else if b & EXPONENT == EXPONENT {
        Found::INVALID
    } else {
        Found::INTEGER_OVERFLOW
    };
    Outcome { value: wrapped.value, found }
}

/// The operand as the operation sees it, or the trap that it causes.
fn operand(cx: &mut Cx<Alpha>, how: How, accepts: Accepts, value: u64) -> Result<u64, Exit<Alpha>> {
    let (exponent, fraction) = (value & EXPONENT, value & FRACTION);
    if accepts == Accepts::Integers {
        return Ok(value);
    }
    if exponent == 0 && fraction != 0 {
        if how.completes() && cx.cpu.sys.fpcr & fpcr::DNZ != 0 {
            return Ok(value & 1 << 63);
        }
        return Err(trap::operand(cx, how, false));
    }
    let special = exponent == EXPONENT && (fraction != 0 || accepts == Accepts::Finite);
    if special && !how.completes() {
        return Err(trap::operand(cx, how, true));
    }
    Ok(value)
}

fn run<O: Operation>(cx: &mut Cx<Alpha>, [a, b, how]: [u64; 3]) -> Result<u64, Exit<Alpha>> {
    let how = How::unpack(how);
    let a = if O::TWO { operand(cx, how, O::ACCEPTS, a)? } else { a };
    let b = operand(cx, how, O::ACCEPTS, b)?;
    // What is set already need not be found out, which is where the host's arithmetic can be used.
    let known = if how.inexact_is_known(&cx.cpu) { Flags::INEXACT } else { Flags::NONE };
    let mut env = Env { rounding: how.rounding(&cx.cpu), flags: known, ..Env::alpha() };
    let Outcome { value, found } = O::compute(&mut env, a, b);
    trap::finish(cx, how, value, found)
}

/// An operation on Fb.
pub(crate) fn ieee_one<E: Emit<Alpha>, O: Operation>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let none = e.imm(0);
    super::operate(e, i, run::<O>, none)
}

/// An operation on Fa and Fb.
pub(crate) fn ieee_two<E: Emit<Alpha>, O: Operation>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let a = e.vget(i.ra, 0);
    super::operate(e, i, run::<O>, a)
}
