//! Binary floating point in vectors (chapter 24): every element is a number, or the first one alone.
//!
//! What an element raises goes into the floating-point-control register when all are done. One that traps ends the instruction
//! with a vector-processing exception before anything has changed; its code has the element's number and the reason. Underflow
//! that is exact does not trap.

use lockstep_cpu::Cx;
use lockstep_cpu::float::{
    self as ieee, Double, Env, Flags, Format, Integer, Negate, Quad, Relation, Single,
};

use super::*;
use crate::float::class_bit;
use crate::float_control::{Mode, current, environment, flags_of, fpc, rounding_field};
use crate::long::set_cc;

/// The first element alone.
const SINGLE: u8 = 8;
/// Inexactness is not told; of comparisons: quiet NaNs are invalid.
const OPTION: u8 = 4;

/// The logarithm of a number's bytes.
const fn size<F: Format>() -> u32 {
    F::BITS.trailing_zeros() - 3
}

/// Numbers that an instruction works on.
pub(super) fn lanes<F: Format>(o: Op) -> u32 {
    if o.field(7) & SINGLE != 0 { 1 } else { count(size::<F>()) }
}

pub(super) fn number<F: Format>(value: u128, lane: u32) -> F::Bits {
    F::narrow(element(value, size::<F>(), lane))
}

pub(super) fn set_number<F: Format>(value: &mut u128, lane: u32, to: F::Bits) {
    set_element(value, size::<F>(), lane, to.into());
}

/// The vector-processing exception of an element, by the first of its reasons.
fn trap(lane: u32, reasons: u32) -> Exit<S390x> {
    let all = [fpc::INVALID, fpc::DIVIDE, fpc::OVERFLOW, fpc::UNDERFLOW, fpc::INEXACT];
    let reason = (1..).zip(all).find(|(_, bit)| reasons & bit != 0).map_or(0, |(number, _)| number);
    let detail = lane << 4 | reason;
    Exit::Exception(Exception::Program(Program { detail, ..Program::new(code::VECTOR) }))
}

/// Computes so many elements.
pub(super) fn compute(
    cx: &mut Cx<S390x>,
    mode: Mode,
    lanes: u32,
    mut each: impl FnMut(&mut Env, u32),
) -> Result<(), Exit<S390x>> {
    let masks = cx.cpu.sys.fpc >> 24;
    let mut all = 0;
    for lane in 0..lanes {
        let mut env = Env { rounding: mode.rounding, ..environment(cx) };
        each(&mut env, lane);
        let mut raised = flags_of(env.flags);
        if mode.quiet && raised & (fpc::OVERFLOW | fpc::UNDERFLOW) == 0 {
            raised &= !fpc::INEXACT;
        }
        if raised & masks != 0 {
            return Err(trap(lane, raised & masks));
        }
        all |= raised;
    }
    cx.cpu.sys.fpc |= all << 16;
    Ok(())
}

/// Calls a function for the format that a field names.
macro_rules! by_format {
    ($format:expr, $function:ident ( $($arg:expr),* )) => {
        match $format {
            2 => $function::<Single>($($arg),*),
            3 => $function::<Double>($($arg),*),
            4 => $function::<Quad>($($arg),*),
            _ => Err(program(code::SPECIFICATION)),
        }
    };
}
pub(super) use by_format;

/// One operation of two numbers.
trait Two {
    fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits;
}

fn two<F: Format, T: Two>(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let mut result = 0;
    compute(cx, current(cx), lanes::<F>(o), |env, k| {
        set_number::<F>(&mut result, k, T::apply::<F>(env, number::<F>(a, k), number::<F>(b, k)));
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

macro_rules! arithmetic {
    ($($(#[$doc:meta])* $name:ident $kind:ident = |$env:ident, $a:ident, $b:ident| $value:expr;)*) => {
        $(
            struct $kind;
            impl Two for $kind {
                fn apply<F: Format>($env: &mut Env, $a: F::Bits, $b: F::Bits) -> F::Bits {
                    $value
                }
            }
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, o: Op) -> Helped {
                require(o.field(7) & !SINGLE == 0)?;
                match o.field(8) {
                    2 => two::<Single, $kind>(cx, o),
                    3 => two::<Double, $kind>(cx, o),
                    4 => two::<Quad, $kind>(cx, o),
                    _ => Err(program(code::SPECIFICATION)),
                }
            }
        )*
    };
}

arithmetic! {
    /// VECTOR FP ADD.
    add Add = |env, a, b| ieee::add::<F>(env, a, b);
    /// VECTOR FP SUBTRACT.
    subtract Subtract = |env, a, b| ieee::sub::<F>(env, a, b);
    /// VECTOR FP MULTIPLY.
    multiply Multiply = |env, a, b| ieee::mul::<F>(env, a, b);
    /// VECTOR FP DIVIDE.
    divide Divide = |env, a, b| ieee::div::<F>(env, a, b);
    /// VECTOR FP SQUARE ROOT: of the second register; the third is none.
    square_root SquareRoot = |env, a, _b| ieee::sqrt::<F>(env, a);
}

fn fused<F: Format>(cx: &mut Cx<S390x>, o: Op, negate: Negate) -> Helped {
    let (a, b, c) = (get(cx, o.v2()), get(cx, o.v3()), get(cx, o.v4()));
    let mut result = 0;
    compute(cx, current(cx), lanes::<F>(o), |env, k| {
        let (a, b, c) = (number::<F>(a, k), number::<F>(b, k), number::<F>(c, k));
        set_number::<F>(&mut result, k, ieee::fma_negating::<F>(env, b, a, c, negate));
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

fn fused_of(cx: &mut Cx<S390x>, o: Op, subtract: bool, negative: bool) -> Helped {
    require(o.field(7) & !SINGLE == 0)?;
    let negate = Negate { addend: subtract, result: negative, ..Negate::default() };
    by_format!(o.field(5), fused(cx, o, negate))
}

/// VECTOR FP MULTIPLY AND ADD.
pub(crate) fn multiply_and_add(cx: &mut Cx<S390x>, o: Op) -> Helped {
    fused_of(cx, o, false, false)
}

/// VECTOR FP MULTIPLY AND SUBTRACT.
pub(crate) fn multiply_and_subtract(cx: &mut Cx<S390x>, o: Op) -> Helped {
    fused_of(cx, o, true, false)
}

/// VECTOR FP NEGATIVE MULTIPLY AND ADD.
pub(crate) fn negative_multiply_and_add(cx: &mut Cx<S390x>, o: Op) -> Helped {
    fused_of(cx, o, false, true)
}

/// VECTOR FP NEGATIVE MULTIPLY AND SUBTRACT.
pub(crate) fn negative_multiply_and_subtract(cx: &mut Cx<S390x>, o: Op) -> Helped {
    fused_of(cx, o, true, true)
}

fn related<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, signals: bool) -> Relation {
    if signals { ieee::compare_signalling::<F>(env, a, b) } else { ieee::compare::<F>(env, a, b) }
}

/// The condition code of results that hold or not: 0 all, 1 some, 3 none.
fn set_count_code(cx: &mut Cx<S390x>, holding: u32, lanes: u32) {
    set_cc(
        cx,
        if holding == lanes {
            0
        } else if holding == 0 {
            3
        } else {
            1
        },
    );
}

fn masks<F: Format>(cx: &mut Cx<S390x>, o: Op, holds: fn(Relation) -> bool) -> Helped {
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let (lanes, signals) = (lanes::<F>(o), o.field(7) & OPTION != 0);
    let (mut result, mut holding) = (0, 0);
    compute(cx, current(cx), lanes, |env, k| {
        if holds(related::<F>(env, number::<F>(a, k), number::<F>(b, k), signals)) {
            set_element(&mut result, size::<F>(), k, u128::MAX);
            holding += 1;
        }
    })?;
    put(cx, o.v1(), result);
    if o.field(6) & 1 != 0 {
        set_count_code(cx, holding, lanes);
    }
    Ok(0)
}

fn masks_of(cx: &mut Cx<S390x>, o: Op, holds: fn(Relation) -> bool) -> Helped {
    require(o.field(7) & !(SINGLE | OPTION) == 0 && o.field(6) <= 1)?;
    by_format!(o.field(8), masks(cx, o, holds))
}

/// VECTOR FP COMPARE EQUAL.
pub(crate) fn compare_equal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks_of(cx, o, |relation| relation == Relation::Equal)
}

/// VECTOR FP COMPARE HIGH.
pub(crate) fn compare_high(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks_of(cx, o, |relation| relation == Relation::Greater)
}

/// VECTOR FP COMPARE HIGH OR EQUAL.
pub(crate) fn compare_high_or_equal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    masks_of(cx, o, |relation| matches!(relation, Relation::Greater | Relation::Equal))
}

fn scalar<F: Format>(cx: &mut Cx<S390x>, o: Op, signals: bool) -> Helped {
    let (a, b) = (get(cx, o.v1()), get(cx, o.v2()));
    let mut relation = Relation::Unordered;
    compute(cx, current(cx), 1, |env, k| {
        relation = related::<F>(env, number::<F>(a, k), number::<F>(b, k), signals);
    })?;
    set_cc(
        cx,
        match relation {
            Relation::Equal => 0,
            Relation::Less => 1,
            Relation::Greater => 2,
            Relation::Unordered => 3,
        },
    );
    Ok(0)
}

/// VECTOR FP COMPARE SCALAR.
pub(crate) fn compare(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(7) == 0)?;
    by_format!(o.field(8), scalar(cx, o, false))
}

/// VECTOR FP COMPARE AND SIGNAL SCALAR.
pub(crate) fn compare_and_signal(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(7) == 0)?;
    by_format!(o.field(8), scalar(cx, o, true))
}

fn classes<F: Format>(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (value, wanted) = (get(cx, o.v2()), o.0.0 >> 36 & 0xfff);
    let lanes = lanes::<F>(o);
    let is_wanted = |k: u32| wanted >> class_bit::<F>(number::<F>(value, k)) & 1 != 0;
    // What is not tested stays; it could be anything.
    let (mut result, mut holding) = (get(cx, o.v1()), 0);
    for lane in 0..lanes {
        let holds = is_wanted(lane);
        set_element(&mut result, size::<F>(), lane, if holds { u128::MAX } else { 0 });
        holding += u32::from(holds);
    }
    put(cx, o.v1(), result);
    set_count_code(cx, holding, lanes);
    Ok(0)
}

/// VECTOR FP TEST DATA CLASS IMMEDIATE.
pub(crate) fn test_class(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(7) & !SINGLE == 0)?;
    by_format!(o.field(8), classes(cx, o))
}

fn signs<F: Format>(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let value = get(cx, o.v2());
    // Of one number alone, the rest stays; it could be anything.
    let mut result = get(cx, o.v1());
    for lane in 0..lanes::<F>(o) {
        let old = element(value, size::<F>(), lane);
        let new = match o.field(6) {
            0 => old ^ F::SIGN,
            1 => old | F::SIGN,
            _ => old & !F::SIGN,
        };
        set_element(&mut result, size::<F>(), lane, new);
    }
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR FP PERFORM SIGN OPERATION.
pub(crate) fn sign_operation(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(7) & !SINGLE == 0 && o.field(6) <= 2)?;
    by_format!(o.field(8), signs(cx, o))
}

/// How a conversion rounds, by its fields.
fn mode(cx: &Cx<S390x>, o: Op) -> Result<Mode, Exit<S390x>> {
    require(o.field(7) & !(SINGLE | OPTION) == 0)?;
    let (rounding, quiet) = (rounding_field(cx, o.field(6))?, o.field(7) & OPTION != 0);
    Ok(Mode { rounding, quiet, ..current(cx) })
}

fn integral<F: Format>(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let (mode, value) = (mode(cx, o)?, get(cx, o.v2()));
    let mut result = 0;
    compute(cx, mode, lanes::<F>(o), |env, k| {
        let rounding = env.rounding;
        let value = ieee::round_to_integral::<F>(env, number::<F>(value, k), rounding, true);
        set_number::<F>(&mut result, k, value);
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR LOAD FP INTEGER.
pub(crate) fn to_integral(cx: &mut Cx<S390x>, o: Op) -> Helped {
    by_format!(o.field(8), integral(cx, o))
}

/// Numbers of one format made of those of another: `from` and `to` tell how many elements apart they are.
fn converted<A: Format, F: Format>(
    cx: &mut Cx<S390x>,
    o: Op,
    mode: Mode,
    [from, to]: [u32; 2],
) -> Helped {
    let lanes = if o.field(7) & SINGLE != 0 { 1 } else { lanes::<A>(o).min(lanes::<F>(o)) };
    let value = get(cx, o.v2());
    // Half of a register stays when there is one number; it could be anything.
    let mut result = if A::BITS == 128 { get(cx, o.v1()) } else { 0 };
    compute(cx, mode, lanes, |env, k| {
        let rounding = env.rounding;
        let number = ieee::convert::<A, F>(env, number::<A>(value, k * from), rounding);
        set_number::<F>(&mut result, k * to, number);
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

/// VECTOR FP LOAD LENGTHENED.
pub(crate) fn lengthen(cx: &mut Cx<S390x>, o: Op) -> Helped {
    require(o.field(7) & !SINGLE == 0)?;
    let mode = current(cx);
    match o.field(8) {
        2 => converted::<Single, Double>(cx, o, mode, [2, 1]),
        3 => converted::<Double, Quad>(cx, o, mode, [2, 1]),
        _ => Err(program(code::SPECIFICATION)),
    }
}

/// VECTOR FP LOAD ROUNDED.
pub(crate) fn round(cx: &mut Cx<S390x>, o: Op) -> Helped {
    let mode = mode(cx, o)?;
    match o.field(8) {
        3 => converted::<Double, Single>(cx, o, mode, [1, 2]),
        4 => converted::<Quad, Double>(cx, o, mode, [1, 2]),
        _ => Err(program(code::SPECIFICATION)),
    }
}

/// Doublewords are numbers of both kinds.
fn with_doublewords(cx: &mut Cx<S390x>, o: Op, each: impl Fn(&mut Env, u64) -> u64) -> Helped {
    require(o.field(8) == 3)?;
    let (mode, value) = (mode(cx, o)?, get(cx, o.v2()));
    let mut result = 0;
    compute(cx, mode, lanes::<Double>(o), |env, k| {
        set_number::<Double>(&mut result, k, each(env, number::<Double>(value, k)));
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

fn to_integer(cx: &mut Cx<S390x>, o: Op, to: Integer) -> Helped {
    with_doublewords(cx, o, |env, value| {
        let result = ieee::to_int::<Double>(env, value, to, 0, env.rounding);
        // What does not fit is invalid and inexact.
        if env.flags.contains(Flags::INVALID) {
            env.flags |= Flags::INEXACT;
        }
        result
    })
}

/// VECTOR FP CONVERT TO FIXED.
pub(crate) fn to_fixed(cx: &mut Cx<S390x>, o: Op) -> Helped {
    to_integer(cx, o, Integer::I64)
}

/// VECTOR FP CONVERT TO LOGICAL.
pub(crate) fn to_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    to_integer(cx, o, Integer::U64)
}

/// VECTOR FP CONVERT FROM FIXED.
pub(crate) fn from_fixed(cx: &mut Cx<S390x>, o: Op) -> Helped {
    with_doublewords(cx, o, |env, value| {
        let rounding = env.rounding;
        ieee::from_int::<Double>(env, (value as i64).into(), 0, rounding)
    })
}

/// VECTOR FP CONVERT FROM LOGICAL.
pub(crate) fn from_logical(cx: &mut Cx<S390x>, o: Op) -> Helped {
    with_doublewords(cx, o, |env, value| {
        let rounding = env.rounding;
        ieee::from_int::<Double>(env, value.into(), 0, rounding)
    })
}

/// VECTOR FP MINIMUM.
pub(crate) fn minimum(cx: &mut Cx<S390x>, o: Op) -> Helped {
    minmax::of(cx, o, false)
}

/// VECTOR FP MAXIMUM.
pub(crate) fn maximum(cx: &mut Cx<S390x>, o: Op) -> Helped {
    minmax::of(cx, o, true)
}
