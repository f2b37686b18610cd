//! Binary floating point: arithmetic (chapter 19). The control register and traps are [`crate::float_control`]'s, conversions
//! [`crate::float_convert`]'s.

use lockstep_cpu::float::{
    self as ieee, Division, Double, Env, Format, Negate, Quad, Relation, Rounding, Single,
};
use lockstep_cpu::{Cx, Emit, Exit, Mem, Size};

use crate::exceptions::{code, program};
use crate::float_control::{check_bfp, compute, current, rounding_field, scale_of, scaling};
use crate::long::set_cc;
use crate::{S390x, Text, storage};

type Helped = Result<u64, Exit<S390x>>;

/// A format as registers and storage have it.
pub(crate) trait Held: Format {
    /// From a register.
    fn get(cx: &Cx<S390x>, r: u8) -> Self::Bits;
    /// Into a register.
    fn put(cx: &mut Cx<S390x>, r: u8, value: Self::Bits);
    /// From storage.
    fn fetch(cx: &mut Cx<S390x>, place: u64) -> Result<Self::Bits, Exit<S390x>>;
    /// Whether a register can hold one: pairs cannot start anywhere.
    fn check(r: u8) -> Result<(), Exit<S390x>> {
        let _ = r;
        Ok(())
    }
}

fn register(cx: &Cx<S390x>, r: u8) -> u64 {
    (cx.cpu.vregs[usize::from(r)] >> 64) as u64
}

pub(crate) fn set_register(cx: &mut Cx<S390x>, r: u8, value: u64) {
    let place = &mut cx.cpu.vregs[usize::from(r)];
    *place = *place & u128::from(u64::MAX) | u128::from(value) << 64;
}

impl Held for Single {
    fn get(cx: &Cx<S390x>, r: u8) -> u32 {
        (register(cx, r) >> 32) as u32
    }
    fn put(cx: &mut Cx<S390x>, r: u8, value: u32) {
        let rest = register(cx, r) & 0xffff_ffff;
        set_register(cx, r, u64::from(value) << 32 | rest);
    }
    fn fetch(cx: &mut Cx<S390x>, place: u64) -> Result<u32, Exit<S390x>> {
        Ok(cx.load(place, Mem::plain(Size::B4))? as u32)
    }
}

impl Held for Double {
    fn get(cx: &Cx<S390x>, r: u8) -> u64 {
        register(cx, r)
    }
    fn put(cx: &mut Cx<S390x>, r: u8, value: u64) {
        set_register(cx, r, value);
    }
    fn fetch(cx: &mut Cx<S390x>, place: u64) -> Result<u64, Exit<S390x>> {
        cx.load(place, Mem::plain(Size::B8))
    }
}

impl Held for Quad {
    fn get(cx: &Cx<S390x>, r: u8) -> u128 {
        u128::from(register(cx, r)) << 64 | u128::from(register(cx, (r + 2) & 15))
    }
    fn put(cx: &mut Cx<S390x>, r: u8, value: u128) {
        set_register(cx, r, (value >> 64) as u64);
        set_register(cx, (r + 2) & 15, value as u64);
    }
    fn fetch(cx: &mut Cx<S390x>, place: u64) -> Result<u128, Exit<S390x>> {
        let mut bytes = [0; 16];
        storage::fetch(cx, place, &mut bytes)?;
        Ok(u128::from_be_bytes(bytes))
    }
    fn check(r: u8) -> Result<(), Exit<S390x>> {
        if r & 2 != 0 { Err(program(code::SPECIFICATION)) } else { Ok(()) }
    }
}

/// The condition code of a number: 0 zero, 1 negative, 2 positive, 3 not a number.
pub(crate) fn code_of<F: Format>(value: F::Bits) -> u64 {
    let bits: u128 = value.into();
    let magnitude = bits & !F::SIGN;
    if magnitude > F::INFINITY {
        3
    } else if magnitude == 0 {
        0
    } else if bits & F::SIGN != 0 {
        1
    } else {
        2
    }
}

/// Registers of RRE, and of RXE and its like.
pub(crate) fn rre(text: u64) -> (u8, u8) {
    (Text(text).nibble(6), Text(text).nibble(7))
}

pub(crate) fn rxe(text: u64) -> u8 {
    Text(text).nibble(2)
}

/// One operation of two operands.
type Two<F> = fn(&mut Env, <F as Format>::Bits, <F as Format>::Bits) -> <F as Format>::Bits;

fn two<F: Held>(cx: &mut Cx<S390x>, r1: u8, b: F::Bits, op: Two<F>, coded: bool) -> Helped {
    F::check(r1)?;
    let a = F::get(cx, r1);
    compute(
        cx,
        scaling::<F>(cx),
        |env| op(env, a, b),
        |cx, result| {
            F::put(cx, r1, result);
            if coded {
                set_cc(cx, code_of::<F>(result));
            }
        },
    )
}

fn two_registers<F: Held>(cx: &mut Cx<S390x>, text: u64, op: Two<F>, coded: bool) -> Helped {
    check_bfp(cx)?;
    let (r1, r2) = rre(text);
    F::check(r2)?;
    let b = F::get(cx, r2);
    two::<F>(cx, r1, b, op, coded)
}

fn register_storage<F: Held>(
    cx: &mut Cx<S390x>,
    args: [u64; 3],
    op: Two<F>,
    coded: bool,
) -> Helped {
    check_bfp(cx)?;
    let b = F::fetch(cx, args[1])?;
    two::<F>(cx, rxe(args[2]), b, op, coded)
}

macro_rules! arithmetic {
    ($($(#[$doc:meta])* $name:ident = $how:ident($format:ident, $op:expr, $coded:literal);)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                arithmetic!(@ $how cx args $format $op, $coded)
            }
        )*
    };
    (@ registers $cx:ident $args:ident $format:ident $op:expr, $coded:literal) => {
        two_registers::<$format>($cx, $args[2], $op, $coded)
    };
    (@ storage $cx:ident $args:ident $format:ident $op:expr, $coded:literal) => {
        register_storage::<$format>($cx, $args, $op, $coded)
    };
}

arithmetic! {
    /// ADD.
    aebr = registers(Single, ieee::add::<Single>, true);
    /// ADD.
    adbr = registers(Double, ieee::add::<Double>, true);
    /// ADD.
    axbr = registers(Quad, ieee::add::<Quad>, true);
    /// ADD.
    aeb = storage(Single, ieee::add::<Single>, true);
    /// ADD.
    adb = storage(Double, ieee::add::<Double>, true);
    /// SUBTRACT.
    sebr = registers(Single, ieee::sub::<Single>, true);
    /// SUBTRACT.
    sdbr = registers(Double, ieee::sub::<Double>, true);
    /// SUBTRACT.
    sxbr = registers(Quad, ieee::sub::<Quad>, true);
    /// SUBTRACT.
    seb = storage(Single, ieee::sub::<Single>, true);
    /// SUBTRACT.
    sdb = storage(Double, ieee::sub::<Double>, true);
    /// MULTIPLY.
    meebr = registers(Single, ieee::mul::<Single>, false);
    /// MULTIPLY.
    mdbr = registers(Double, ieee::mul::<Double>, false);
    /// MULTIPLY.
    mxbr = registers(Quad, ieee::mul::<Quad>, false);
    /// MULTIPLY.
    meeb = storage(Single, ieee::mul::<Single>, false);
    /// MULTIPLY.
    mdb = storage(Double, ieee::mul::<Double>, false);
    /// DIVIDE.
    debr = registers(Single, ieee::div::<Single>, false);
    /// DIVIDE.
    ddbr = registers(Double, ieee::div::<Double>, false);
    /// DIVIDE.
    dxbr = registers(Quad, ieee::div::<Quad>, false);
    /// DIVIDE.
    deb = storage(Single, ieee::div::<Single>, false);
    /// DIVIDE.
    ddb = storage(Double, ieee::div::<Double>, false);
    /// SQUARE ROOT.
    sqebr = registers(Single, |env, _, b| ieee::sqrt::<Single>(env, b), false);
    /// SQUARE ROOT.
    sqdbr = registers(Double, |env, _, b| ieee::sqrt::<Double>(env, b), false);
    /// SQUARE ROOT.
    sqxbr = registers(Quad, |env, _, b| ieee::sqrt::<Quad>(env, b), false);
    /// SQUARE ROOT.
    sqeb = storage(Single, |env, _, b| ieee::sqrt::<Single>(env, b), false);
    /// SQUARE ROOT.
    sqdb = storage(Double, |env, _, b| ieee::sqrt::<Double>(env, b), false);
    /// LOAD AND TEST.
    ltebr = registers(Single, |env, _, b| quieted::<Single>(env, b), true);
    /// LOAD AND TEST.
    ltdbr = registers(Double, |env, _, b| quieted::<Double>(env, b), true);
    /// LOAD AND TEST.
    ltxbr = registers(Quad, |env, _, b| quieted::<Quad>(env, b), true);
}

/// A number; a signalling NaN is made quiet, and is invalid.
fn quieted<F: Format>(env: &mut Env, b: F::Bits) -> F::Bits {
    ieee::convert::<F, F>(env, b, Rounding::NearestEven)
}

/// Operations on the sign alone: LOAD POSITIVE, NEGATIVE, COMPLEMENT.
fn on_sign<F: Held>(cx: &mut Cx<S390x>, text: u64, op: fn(u128, u128) -> u128) -> Helped {
    check_bfp(cx)?;
    let (r1, r2) = rre(text);
    F::check(r1 | r2)?;
    let value = F::narrow(op(F::get(cx, r2).into(), F::SIGN));
    F::put(cx, r1, value);
    set_cc(cx, code_of::<F>(value));
    Ok(0)
}

macro_rules! signs {
    ($($(#[$doc:meta])* $name:ident = $format:ident, $op:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                on_sign::<$format>(cx, args[2], $op)
            }
        )*
    };
}

signs! {
    /// LOAD POSITIVE.
    lpebr = Single, |v, sign| v & !sign;
    /// LOAD POSITIVE.
    lpdbr = Double, |v, sign| v & !sign;
    /// LOAD POSITIVE.
    lpxbr = Quad, |v, sign| v & !sign;
    /// LOAD NEGATIVE.
    lnebr = Single, |v, sign| v | sign;
    /// LOAD NEGATIVE.
    lndbr = Double, |v, sign| v | sign;
    /// LOAD NEGATIVE.
    lnxbr = Quad, |v, sign| v | sign;
    /// LOAD COMPLEMENT.
    lcebr = Single, |v, sign| v ^ sign;
    /// LOAD COMPLEMENT.
    lcdbr = Double, |v, sign| v ^ sign;
    /// LOAD COMPLEMENT.
    lcxbr = Quad, |v, sign| v ^ sign;
}

/// Comparisons: quiet NaNs are invalid for those that signal.
fn compare<F: Held>(cx: &mut Cx<S390x>, r1: u8, b: F::Bits, signals: bool) -> Helped {
    F::check(r1)?;
    let a = F::get(cx, r1);
    let run = |env: &mut Env| {
        if signals {
            ieee::compare_signalling::<F>(env, a, b)
        } else {
            ieee::compare::<F>(env, a, b)
        }
    };
    compute(cx, current(cx), run, |cx, relation| {
        set_cc(
            cx,
            match relation {
                Relation::Equal => 0,
                Relation::Less => 1,
                Relation::Greater => 2,
                Relation::Unordered => 3,
            },
        );
    })
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $how:ident $format:ident $signals:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                check_bfp(cx)?;
                comparisons!(@ $how cx args $format $signals)
            }
        )*
    };
    (@ registers $cx:ident $args:ident $format:ident $signals:literal) => {{
        let (r1, r2) = rre($args[2]);
        $format::check(r2)?;
        let b = $format::get($cx, r2);
        compare::<$format>($cx, r1, b, $signals)
    }};
    (@ storage $cx:ident $args:ident $format:ident $signals:literal) => {{
        let b = $format::fetch($cx, $args[1])?;
        compare::<$format>($cx, rxe($args[2]), b, $signals)
    }};
}

comparisons! {
    /// COMPARE.
    cebr = registers Single false;
    /// COMPARE.
    cdbr = registers Double false;
    /// COMPARE.
    cxbr = registers Quad false;
    /// COMPARE.
    ceb = storage Single false;
    /// COMPARE.
    cdb = storage Double false;
    /// COMPARE AND SIGNAL.
    kebr = registers Single true;
    /// COMPARE AND SIGNAL.
    kdbr = registers Double true;
    /// COMPARE AND SIGNAL.
    kxbr = registers Quad true;
    /// COMPARE AND SIGNAL.
    keb = storage Single true;
    /// COMPARE AND SIGNAL.
    kdb = storage Double true;
}

/// MULTIPLY AND ADD, MULTIPLY AND SUBTRACT: the first register is the addend and gets the result.
fn fused<F: Held>(cx: &mut Cx<S390x>, (r1, r3): (u8, u8), b: F::Bits, subtract: bool) -> Helped {
    let (a, c) = (F::get(cx, r3), F::get(cx, r1));
    let run = |env: &mut Env| {
        let negate = Negate { addend: subtract, ..Negate::default() };
        ieee::fma_negating::<F>(env, a, b, c, negate)
    };
    compute(cx, scaling::<F>(cx), run, |cx, result| F::put(cx, r1, result))
}

macro_rules! fusing {
    ($($(#[$doc:meta])* $name:ident = $how:ident $format:ident $subtract:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
                check_bfp(cx)?;
                fusing!(@ $how cx args $format $subtract)
            }
        )*
    };
    (@ registers $cx:ident $args:ident $format:ident $subtract:literal) => {{
        let t = Text($args[2]);
        let b = $format::get($cx, t.nibble(7));
        fused::<$format>($cx, (t.nibble(4), t.nibble(6)), b, $subtract)
    }};
    (@ storage $cx:ident $args:ident $format:ident $subtract:literal) => {{
        let t = Text($args[2]);
        let b = $format::fetch($cx, $args[1])?;
        fused::<$format>($cx, (t.nibble(8), t.nibble(2)), b, $subtract)
    }};
}

fusing! {
    /// MULTIPLY AND ADD.
    maebr = registers Single false;
    /// MULTIPLY AND ADD.
    madbr = registers Double false;
    /// MULTIPLY AND ADD.
    maeb = storage Single false;
    /// MULTIPLY AND ADD.
    madb = storage Double false;
    /// MULTIPLY AND SUBTRACT.
    msebr = registers Single true;
    /// MULTIPLY AND SUBTRACT.
    msdbr = registers Double true;
    /// MULTIPLY AND SUBTRACT.
    mseb = storage Single true;
    /// MULTIPLY AND SUBTRACT.
    msdb = storage Double true;
}

/// The place, from the right, of the bit that stands for a number's class and sign in instructions that test it.
pub(crate) fn class_bit<F: Format>(value: F::Bits) -> u32 {
    let bits: u128 = value.into();
    let magnitude = bits & !F::SIGN;
    let class = if magnitude == 0 {
        11
    } else if magnitude < F::FRACTION + 1 {
        7
    } else if magnitude < F::INFINITY {
        9
    } else if magnitude == F::INFINITY {
        5
    } else if bits & F::QUIET != 0 {
        3
    } else {
        1
    };
    class - u32::from(bits & F::SIGN != 0)
}

/// TEST DATA CLASS: the last twelve bits of the second-operand address select classes and signs.
fn test_class<F: Held>(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let r1 = rxe(text);
    F::check(r1)?;
    let bit = class_bit::<F>(F::get(cx, r1));
    set_cc(cx, place >> bit & 1);
    Ok(0)
}

/// TEST DATA CLASS (short).
pub(crate) fn tceb(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    test_class::<Single>(cx, args)
}

/// TEST DATA CLASS (long).
pub(crate) fn tcdb(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    test_class::<Double>(cx, args)
}

/// TEST DATA CLASS (extended).
pub(crate) fn tcxb(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    test_class::<Quad>(cx, args)
}

/// DIVIDE TO INTEGER: the remainder replaces the dividend, the quotient goes into the third register. The condition code tells
/// whether the quotient is too large or not a number (1), and whether there is something left to divide (2).
fn divide_to_integer<F: Held>(cx: &mut Cx<S390x>, text: u64) -> Helped {
    check_bfp(cx)?;
    let t = Text(text);
    let (r3, m4, r1, r2) = (t.nibble(4), t.nibble(5), t.nibble(6), t.nibble(7));
    if r1 == r2 || r2 == r3 || r1 == r3 {
        return Err(program(code::SPECIFICATION));
    }
    let rounding = rounding_field(cx, m4)?;
    let (a, b) = (F::get(cx, r1), F::get(cx, r2));
    let run = |env: &mut Env| ieee::divide_to_integer::<F>(env, a, b, rounding, scale_of::<F>());
    compute(cx, scaling::<F>(cx), run, |cx, result| {
        let Division { quotient, remainder, partial, overflow } = result;
        F::put(cx, r1, remainder);
        F::put(cx, r3, quotient);
        set_cc(cx, u64::from(overflow) + 2 * u64::from(partial));
    })
}

/// DIVIDE TO INTEGER (short).
pub(crate) fn diebr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    divide_to_integer::<Single>(cx, text)
}

/// DIVIDE TO INTEGER (long).
pub(crate) fn didbr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    divide_to_integer::<Double>(cx, text)
}
