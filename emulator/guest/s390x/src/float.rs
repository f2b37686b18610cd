//! Binary floating point: arithmetic, and the floating-point-control register (chapters 9 and 19).
//!
//! The arithmetic is `lockstep_cpu::float`'s; here are the masks, flags and traps around it. A trap of
//! overflow or underflow has a result whose exponent is brought into range; for LOAD ROUNDED, whose result then has another
//! format, the run ends with a report.

use lockstep_cpu::float::{
    self as ieee, Double, Env, Flags, Format, Integer, Negate, Quad, Relation, Rounding, Single,
};
use lockstep_cpu::{Cx, Emit, Exit, Mem, Size};

use crate::control::cr0;
use crate::exceptions::{code, data, dxc, program, unimplemented};
use crate::long::set_cc;
use crate::ops::*;
use crate::{S390x, Text, storage};

type Helped = Result<u64, Exit<S390x>>;

/// Bits of the floating-point-control register.
pub(crate) mod fpc {
    /// The bits that there are: masks, flags, data-exception code, decimal and binary rounding mode.
    pub(super) const VALID: u32 = 0xf8f8_ff77;
    pub(crate) const INVALID: u32 = 0x80;
    pub(crate) const DIVIDE: u32 = 0x40;
    pub(crate) const OVERFLOW: u32 = 0x20;
    pub(crate) const UNDERFLOW: u32 = 0x10;
    pub(crate) const INEXACT: u32 = 0x08;
}

/// Refuses binary floating point while CR0 keeps it away.
fn check_bfp(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    if cx.cpu.sys.cr[0] & cr0::AFP == 0 { Err(data(dxc::BFP)) } else { Ok(()) }
}

/// A rounding mode as the floating-point-control register has it; 4 to 6 are none.
const fn rounding_of(field: u32) -> Option<Rounding> {
    Some(match field & 7 {
        0 => Rounding::NearestEven,
        1 => Rounding::TowardZero,
        2 => Rounding::Up,
        3 => Rounding::Down,
        7 => Rounding::ToOdd,
        _ => return None,
    })
}

/// Whether the floating-point-control register can have a value.
pub(crate) fn is_fpc(value: u32) -> bool {
    value & !fpc::VALID == 0 && rounding_of(value).is_some()
}

/// Puts a value into the floating-point-control register.
fn set_fpc(cx: &mut Cx<S390x>, value: u32) -> Result<(), Exit<S390x>> {
    if !is_fpc(value) {
        return Err(program(code::SPECIFICATION));
    }
    cx.cpu.sys.fpc = value;
    Ok(())
}

/// LOAD FPC.
pub(crate) fn lfpc(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = cx.load(place, Mem::plain(Size::B4))?;
    set_fpc(cx, value as u32)?;
    Ok(0)
}

/// STORE FPC.
pub(crate) fn stfpc(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = cx.cpu.sys.fpc;
    cx.store(place, value.into(), Mem::plain(Size::B4))?;
    Ok(0)
}

/// SET FPC.
pub(crate) fn sfpc(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = cx.cpu.regs[usize::from(Text(text).nibble(6))];
    set_fpc(cx, value as u32)?;
    Ok(0)
}

/// EXTRACT FPC.
pub(crate) fn efpc(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = u64::from(cx.cpu.sys.fpc);
    let register = &mut cx.cpu.regs[usize::from(Text(text).nibble(6))];
    *register = *register & !0xffff_ffff | value;
    Ok(0)
}

/// Flags of a value that signal when they are put where their masks are: LOAD and SET FPC AND SIGNAL.
fn set_and_signal(cx: &mut Cx<S390x>, value: u32) -> Helped {
    let old = cx.cpu.sys.fpc;
    let signalling = value >> 24 & old >> 16 & 0xf8;
    set_fpc(cx, value | old & 0x00f8_0000)?;
    if signalling == 0 {
        return Ok(0);
    }
    // The first of them; its code says that it was simulated.
    let highest = 0x80u32 >> (signalling << 24).leading_zeros();
    let simulated = if highest == fpc::INVALID || highest == fpc::DIVIDE { 3 } else { 0 };
    Err(data((highest | simulated) as u8))
}

/// SET FPC AND SIGNAL.
pub(crate) fn sfasr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = cx.cpu.regs[usize::from(Text(text).nibble(6))];
    set_and_signal(cx, value as u32)
}

/// LOAD FPC AND SIGNAL.
pub(crate) fn lfas(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let value = cx.load(place, Mem::plain(Size::B4))?;
    set_and_signal(cx, value as u32)
}

/// SET BFP ROUNDING MODE: of two bits.
pub(crate) fn srnm(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    cx.cpu.sys.fpc = cx.cpu.sys.fpc & !7 | place as u32 & 3;
    Ok(0)
}

/// SET BFP ROUNDING MODE: of three bits.
pub(crate) fn srnmb(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    check_bfp(cx)?;
    let mode = place as u32 & 0xff;
    if mode > 7 || rounding_of(mode).is_none() {
        return Err(program(code::SPECIFICATION));
    }
    cx.cpu.sys.fpc = cx.cpu.sys.fpc & !7 | mode;
    Ok(0)
}

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

fn set_register(cx: &mut Cx<S390x>, r: u8, value: u64) {
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

/// The environment of the floating-point-control register.
pub(crate) fn environment(cx: &Cx<S390x>) -> Env {
    let mut env = Env::s390x();
    env.rounding = rounding_of(cx.cpu.sys.fpc).unwrap_or(Rounding::NearestEven);
    env
}

/// The library's flags as the register has them.
pub(crate) fn flags_of(flags: Flags) -> u32 {
    let all = [
        (Flags::INVALID, fpc::INVALID),
        (Flags::DIVIDE_BY_ZERO, fpc::DIVIDE),
        (Flags::OVERFLOW, fpc::OVERFLOW),
        (Flags::UNDERFLOW, fpc::UNDERFLOW),
        (Flags::INEXACT, fpc::INEXACT),
    ];
    all.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, bit)| bit).sum()
}

/// How an instruction rounds.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    /// To which neighbour results go.
    pub(crate) rounding: Rounding,
    /// Inexactness is not told.
    pub(crate) quiet: bool,
    /// By how much a trap changes the exponent of what is too large or too small; zero where that is not known.
    pub(crate) scale: i32,
}

/// The current mode.
pub(crate) fn current(cx: &Cx<S390x>) -> Mode {
    Mode { rounding: environment(cx).rounding, quiet: false, scale: 0 }
}

/// The current mode, for results of a format that traps scale.
fn scaling<F: Format>(cx: &Cx<S390x>) -> Mode {
    let scale = match F::BITS {
        32 => 192,
        64 => 1536,
        _ => 24576,
    };
    Mode { scale, ..current(cx) }
}

/// Computes with the rounding that is in the environment, and then sets flags or traps as the masks say. A trap tells whether an
/// inexact result is larger in magnitude than the exact one, for which it computes again, toward zero.
fn compute<T: PartialEq>(
    cx: &mut Cx<S390x>,
    mode: Mode,
    run: impl Fn(&mut Env) -> T,
    finish: impl FnOnce(&mut Cx<S390x>, T),
) -> Helped {
    let quiet_inexact = mode.quiet;
    let masks = cx.cpu.sys.fpc >> 24;
    let exact_underflow = masks & fpc::UNDERFLOW != 0;
    let mut env = Env { rounding: mode.rounding, exact_underflow, ..environment(cx) };
    if cx.cpu.sys.fpc >> 16 & !masks & fpc::INEXACT != 0 {
        // Noted already, and nobody wants to know whether again.
        env.flags = Flags::INEXACT;
    }
    let result = run(&mut env);
    let mut raised = flags_of(env.flags);
    if quiet_inexact && raised & (fpc::OVERFLOW | fpc::UNDERFLOW) == 0 {
        raised &= !fpc::INEXACT;
    }
    let trapped = raised & masks;
    // These suppress the operation.
    if trapped & (fpc::INVALID | fpc::DIVIDE) != 0 {
        return Err(data((trapped & (fpc::INVALID | fpc::DIVIDE)) as u8));
    }
    if trapped & (fpc::OVERFLOW | fpc::UNDERFLOW) != 0 {
        return trap_scaled(cx, mode, trapped & fpc::OVERFLOW != 0, run, finish);
    }
    if trapped != 0 {
        let mut toward_zero = Env { rounding: Rounding::TowardZero, ..environment(cx) };
        let incremented = run(&mut toward_zero) != result;
        // What does not trap is noted all the same.
        cx.cpu.sys.fpc |= (raised & !fpc::INEXACT) << 16;
        finish(cx, result);
        return Err(data(if incremented { dxc::INCREMENTED } else { dxc::TRUNCATED }));
    }
    cx.cpu.sys.fpc |= raised << 16;
    finish(cx, result);
    Ok(0)
}

/// Traps with a result that is rounded as if exponents had no bounds, and then brought into range.
fn trap_scaled<T: PartialEq>(
    cx: &mut Cx<S390x>,
    mode: Mode,
    overflows: bool,
    run: impl Fn(&mut Env) -> T,
    finish: impl FnOnce(&mut Cx<S390x>, T),
) -> Helped {
    if mode.scale == 0 {
        return unimplemented(cx, "a trap of overflow or underflow in LOAD ROUNDED");
    }
    let scale = if overflows { -mode.scale } else { mode.scale };
    let rounded = |rounding| {
        let mut env = Env { rounding, scale, ..environment(cx) };
        (run(&mut env), env.flags.contains(Flags::INEXACT))
    };
    let (result, inexact) = rounded(mode.rounding);
    let (truncated, _) = rounded(Rounding::TowardZero);
    let detail = match (inexact, result == truncated) {
        (false, _) => 0,
        (true, true) => dxc::TRUNCATED,
        (true, false) => dxc::INCREMENTED,
    };
    let cause = if overflows { fpc::OVERFLOW } else { fpc::UNDERFLOW };
    finish(cx, result);
    Err(data(cause as u8 | detail))
}

/// The condition code of a number: 0 zero, 1 negative, 2 positive, 3 not a number.
fn code_of<F: Format>(value: F::Bits) -> u64 {
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
fn rre(text: u64) -> (u8, u8) {
    (Text(text).nibble(6), Text(text).nibble(7))
}

fn rxe(text: u64) -> u8 {
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

/// The rounding that a mask of an instruction asks for; 0 is the current one.
pub(crate) fn rounding_field(cx: &Cx<S390x>, field: u8) -> Result<Rounding, Exit<S390x>> {
    Ok(match field {
        0 => environment(cx).rounding,
        1 => Rounding::NearestAway,
        3 => Rounding::ToOdd,
        4 => Rounding::NearestEven,
        5 => Rounding::TowardZero,
        6 => Rounding::Up,
        7 => Rounding::Down,
        _ => return Err(program(code::SPECIFICATION)),
    })
}

/// The rounding, and whether inexactness is not to be told: fields of the RRF format.
fn modes(cx: &Cx<S390x>, text: u64) -> Result<Mode, Exit<S390x>> {
    let t = Text(text);
    let (rounding, quiet) = (rounding_field(cx, t.nibble(4))?, t.nibble(5) & 4 != 0);
    Ok(Mode { rounding, quiet, ..current(cx) })
}

/// LOAD ROUNDED.
fn round_to<A: Held, F: Held>(cx: &mut Cx<S390x>, text: u64) -> Helped {
    check_bfp(cx)?;
    let mode = modes(cx, text)?;
    let (r1, r2) = rre(text);
    A::check(r2)?;
    let b = A::get(cx, r2);
    let run = |env: &mut Env| {
        let rounding = env.rounding;
        ieee::convert::<A, F>(env, b, rounding)
    };
    compute(cx, mode, run, |cx, result| F::put(cx, r1, result))
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

/// DIVIDE TO INTEGER.
pub(crate) fn divide_to_integer(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let _ = text;
    unimplemented(cx, "DIVIDE TO INTEGER")
}
