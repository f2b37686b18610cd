//! Binary floating point: from one format to another, and from and to integers (chapter 19).

use lockstep_cpu::float::{
    self as ieee, Double, Env, Flags, Format, Integer, Quad, Rounding, Single,
};
use lockstep_cpu::{Cx, Exit};

use crate::S390x;
use crate::float::{Held, code_of, rre, rxe};
use crate::float_control::{Mode, check_bfp, compute, current, modes};
use crate::long::set_cc;
use crate::ops::*;

type Helped = Result<u64, Exit<S390x>>;

/// LOAD LENGTHENED, and products that are longer than their factors.
fn lengthen<A: Held, F: Held>(cx: &mut Cx<S390x>, r1: u8, b: A::Bits) -> Helped {
    F::check(r1)?;
    let run = |env: &mut Env| ieee::convert::<A, F>(env, b, Rounding::NearestEven);
    compute(cx, current(cx), run, |cx, result| F::put(cx, r1, result))
}

fn multiply_long<A: Held, F: Held>(cx: &mut Cx<S390x>, r1: u8, b: A::Bits) -> Helped {
    F::check(r1)?;
    let a = A::get(cx, r1);
    let run = |env: &mut Env| {
        let wide = |env: &mut Env, v| ieee::convert::<A, F>(env, v, Rounding::NearestEven);
        // Of two NaNs the library has to choose before they are widened, which makes them quiet.
        let [a_signals, b_signals] = [a, b].map(|v| signals::<A>(v));
        let (x, y) = (wide(env, a), wide(env, b));
        match (a_signals, b_signals) {
            (false, true) => ieee::mul::<F>(env, y, F::narrow(0)),
            _ => ieee::mul::<F>(env, x, y),
        }
    };
    compute(cx, current(cx), run, |cx, result| F::put(cx, r1, result))
}

/// Whether it is a signalling NaN.
fn signals<F: Format>(value: F::Bits) -> bool {
    let bits: u128 = value.into();
    bits & !F::SIGN > F::INFINITY && bits & F::QUIET == 0
}

macro_rules! lengthening {
    ($($(#[$doc:meta])* $name:ident = $what:ident $how:ident $from:ident $to:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                check_bfp(cx)?;
                lengthening!(@ $what $how cx args $from $to)
            }
        )*
    };
    (@ $what:ident registers $cx:ident $args:ident $from:ident $to:ident) => {{
        let (r1, r2) = rre($args[2]);
        let b = $from::get($cx, r2);
        $what::<$from, $to>($cx, r1, b)
    }};
    (@ $what:ident storage $cx:ident $args:ident $from:ident $to:ident) => {{
        let b = $from::fetch($cx, $args[1])?;
        $what::<$from, $to>($cx, rxe($args[2]), b)
    }};
}

lengthening! {
    /// LOAD LENGTHENED.
    ldebr = lengthen registers Single Double;
    /// LOAD LENGTHENED.
    lxebr = lengthen registers Single Quad;
    /// LOAD LENGTHENED.
    lxdbr = lengthen registers Double Quad;
    /// LOAD LENGTHENED.
    ldeb = lengthen storage Single Double;
    /// LOAD LENGTHENED.
    lxeb = lengthen storage Single Quad;
    /// LOAD LENGTHENED.
    lxdb = lengthen storage Double Quad;
    /// MULTIPLY, short to long.
    mdebr = multiply_long registers Single Double;
    /// MULTIPLY, short to long.
    mdeb = multiply_long storage Single Double;
    /// MULTIPLY, long to extended.
    mxdbr = multiply_long registers Double Quad;
    /// MULTIPLY, long to extended.
    mxdb = multiply_long storage Double Quad;
}

/// LOAD ROUNDED.
fn round_to<A: Held, F: Held>(cx: &mut Cx<S390x>, text: u64) -> Helped {
    check_bfp(cx)?;
    // What a trap leaves has the format of the operand.
    let scale = if A::BITS == 64 { 512 } else { 8192 };
    let mode = Mode { scale, ..modes(cx, text)? };
    let (r1, r2) = rre(text);
    A::check(r2)?;
    let b = A::get(cx, r2);
    let run = |env: &mut Env| {
        let rounding = env.rounding;
        if env.scale == 0 {
            Rounded::Fits(ieee::convert::<A, F>(env, b, rounding))
        } else {
            Rounded::Scaled(ieee::round_to_precision::<A, F>(env, b, rounding))
        }
    };
    A::check(r1)?;
    compute(cx, mode, run, |cx, result| match result {
        Rounded::Fits(result) => F::put(cx, r1, result),
        Rounded::Scaled(result) => A::put(cx, r1, result),
    })
}

/// A result of LOAD ROUNDED.
#[derive(PartialEq)]
enum Rounded<A, F> {
    Fits(F),
    /// As a trap of overflow or underflow leaves it: in the operand's format, with the precision of the other.
    Scaled(A),
}

/// LOAD FP INTEGER.
fn integral<F: Held>(cx: &mut Cx<S390x>, text: u64) -> Helped {
    check_bfp(cx)?;
    let mode = modes(cx, text)?;
    let (r1, r2) = rre(text);
    F::check(r1 | r2)?;
    let b = F::get(cx, r2);
    let run = |env: &mut Env| ieee::round_to_integral::<F>(env, b, env.rounding, true);
    compute(cx, mode, run, |cx, result| F::put(cx, r1, result))
}

/// CONVERT TO FIXED and TO LOGICAL.
fn to_integer<F: Held>(cx: &mut Cx<S390x>, text: u64, to: Integer) -> Helped {
    check_bfp(cx)?;
    let mode = modes(cx, text)?;
    let (r1, r2) = rre(text);
    F::check(r2)?;
    let b = F::get(cx, r2);
    let invalid = std::cell::Cell::new(false);
    let run = |env: &mut Env| {
        let result = ieee::to_int::<F>(env, b, to, 0, env.rounding);
        // What does not fit is invalid and inexact.
        if env.flags.contains(Flags::INVALID) {
            env.flags |= Flags::INEXACT;
            invalid.set(true);
        }
        result
    };
    let is_invalid = &invalid;
    compute(cx, mode, run, |cx, result| {
        let register = &mut cx.cpu.regs[usize::from(r1)];
        *register = if to.bits == 64 { result } else { W::set(*register, result) };
        let cc = if is_invalid.get() { 3 } else { code_of::<F>(b) };
        set_cc(cx, cc);
    })
}

/// CONVERT FROM FIXED and FROM LOGICAL.
fn from_integer<F: Held>(cx: &mut Cx<S390x>, text: u64, from: Integer) -> Helped {
    check_bfp(cx)?;
    let mode = modes(cx, text)?;
    let (r1, r2) = rre(text);
    F::check(r1)?;
    let value = cx.cpu.regs[usize::from(r2)];
    let value = match (from.bits, from.signed) {
        (32, true) => i128::from(value as i32),
        (32, false) => i128::from(value as u32),
        (_, true) => i128::from(value as i64),
        (_, false) => i128::from(value),
    };
    let run = |env: &mut Env| {
        let rounding = env.rounding;
        ieee::from_int::<F>(env, value, 0, rounding)
    };
    compute(cx, mode, run, |cx, result| F::put(cx, r1, result))
}

macro_rules! conversions {
    ($($(#[$doc:meta])* $name:ident = $how:ident<$($format:ident),*>($($integer:ident)?);)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                $how::<$($format),*>(cx, args[2] $(, Integer::$integer)?)
            }
        )*
    };
}

conversions! {
    /// LOAD ROUNDED.
    ledbra = round_to<Double, Single>();
    /// LOAD ROUNDED.
    ldxbra = round_to<Quad, Double>();
    /// LOAD ROUNDED.
    lexbra = round_to<Quad, Single>();
    /// LOAD FP INTEGER.
    fiebra = integral<Single>();
    /// LOAD FP INTEGER.
    fidbra = integral<Double>();
    /// LOAD FP INTEGER.
    fixbra = integral<Quad>();
    /// CONVERT TO FIXED.
    cfebra = to_integer<Single>(I32);
    /// CONVERT TO FIXED.
    cfdbra = to_integer<Double>(I32);
    /// CONVERT TO FIXED.
    cfxbra = to_integer<Quad>(I32);
    /// CONVERT TO FIXED.
    cgebra = to_integer<Single>(I64);
    /// CONVERT TO FIXED.
    cgdbra = to_integer<Double>(I64);
    /// CONVERT TO FIXED.
    cgxbra = to_integer<Quad>(I64);
    /// CONVERT TO LOGICAL.
    clfebr = to_integer<Single>(U32);
    /// CONVERT TO LOGICAL.
    clfdbr = to_integer<Double>(U32);
    /// CONVERT TO LOGICAL.
    clfxbr = to_integer<Quad>(U32);
    /// CONVERT TO LOGICAL.
    clgebr = to_integer<Single>(U64);
    /// CONVERT TO LOGICAL.
    clgdbr = to_integer<Double>(U64);
    /// CONVERT TO LOGICAL.
    clgxbr = to_integer<Quad>(U64);
    /// CONVERT FROM FIXED.
    cefbra = from_integer<Single>(I32);
    /// CONVERT FROM FIXED.
    cdfbra = from_integer<Double>(I32);
    /// CONVERT FROM FIXED.
    cxfbra = from_integer<Quad>(I32);
    /// CONVERT FROM FIXED.
    cegbra = from_integer<Single>(I64);
    /// CONVERT FROM FIXED.
    cdgbra = from_integer<Double>(I64);
    /// CONVERT FROM FIXED.
    cxgbra = from_integer<Quad>(I64);
    /// CONVERT FROM LOGICAL.
    celfbr = from_integer<Single>(U32);
    /// CONVERT FROM LOGICAL.
    cdlfbr = from_integer<Double>(U32);
    /// CONVERT FROM LOGICAL.
    cxlfbr = from_integer<Quad>(U32);
    /// CONVERT FROM LOGICAL.
    celgbr = from_integer<Single>(U64);
    /// CONVERT FROM LOGICAL.
    cdlgbr = from_integer<Double>(U64);
    /// CONVERT FROM LOGICAL.
    cxlgbr = from_integer<Quad>(U64);
}
