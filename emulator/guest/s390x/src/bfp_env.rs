//! The floating-point control register, and what exceptions of binary floating point do (Principles of Operation, chapter 9
//! "Floating-Point-Control (FPC) Register", chapter 19 "IEEE-Exceptions").
//!
//! An exception whose mask is zero sets a flag and has a default result. With its mask set, it is a data exception:
//! invalid and division by zero keep the operation from being done; the others come after it, and their data-exception code
//! says whether the result was made larger by rounding. After overflow and underflow the result is then one with its
//! exponent brought into range.

use lockstep_cpu::float::{Double, Env, Flags, Format, Quad, Rounding, Single, convert, mul};
use lockstep_cpu::{Cx, Exit};

use crate::{S390x, exceptions};

/// Masks and flags, as they are in the leftmost byte and in the one after it.
mod exception {
    pub(super) const INVALID: u8 = 0x80;
    pub(super) const DIVIDE: u8 = 0x40;
    pub(super) const OVERFLOW: u8 = 0x20;
    pub(super) const UNDERFLOW: u8 = 0x10;
    pub(super) const INEXACT: u8 = 0x08;
}

/// Data-exception codes: an inexact result that was truncated, and one that was incremented.
const TRUNCATED: u8 = 0x08;
const INCREMENTED: u8 = 0x0c;

/// Bits of the control register that exist: without decimal floating point there is no rounding mode of that kind.
pub(crate) const FPC_BITS: u32 = 0xf8f8_ff07;
/// The rounding modes' bits for binary floating point.
pub(crate) const ROUNDING: u32 = 0x07;

/// The rounding that a number of the control register means; `None` when it means none.
pub(crate) const fn control_rounding(number: u32) -> Option<Rounding> {
    Some(match number & ROUNDING {
        0 => Rounding::NearestEven,
        1 => Rounding::TowardZero,
        2 => Rounding::Up,
        3 => Rounding::Down,
        7 => Rounding::ToOdd,
        _ => return None,
    })
}

/// The rounding of the control register.
fn current_rounding(cx: &Cx<S390x>) -> Rounding {
    // Other numbers cannot be loaded.
    control_rounding(cx.cpu.sys.fpc).unwrap_or(Rounding::NearestEven)
}

/// The rounding that an instruction's modifier asks for: zero is that of the control register.
pub(crate) fn rounding(cx: &Cx<S390x>, modifier: u8) -> Result<Rounding, Exit<S390x>> {
    Ok(match modifier {
        0 => current_rounding(cx),
        1 => Rounding::NearestAway,
        3 => Rounding::ToOdd,
        4 => Rounding::NearestEven,
        5 => Rounding::TowardZero,
        6 => Rounding::Up,
        7 => Rounding::Down,
        _ => return Err(exceptions::program(exceptions::code::SPECIFICATION)),
    })
}

/// A format of binary floating point.
pub(crate) trait Bfp: Format {
    /// How much the exponent of a result changes that traps (chapter 19, "IEEE Overflow").
    const ALPHA: i32;
    /// A number as one of the widest format: exact.
    fn widened(bits: Self::Bits) -> u128;
}

impl Bfp for Single {
    const ALPHA: i32 = 192;
    fn widened(bits: u32) -> u128 {
        convert::<Self, Quad>(&mut Env::s390x(), bits, Rounding::NearestEven)
    }
}

impl Bfp for Double {
    const ALPHA: i32 = 1536;
    fn widened(bits: u64) -> u128 {
        convert::<Self, Quad>(&mut Env::s390x(), bits, Rounding::NearestEven)
    }
}

impl Bfp for Quad {
    const ALPHA: i32 = 24576;
    fn widened(bits: u128) -> u128 {
        bits
    }
}

/// How an operation of floating point ended.
pub(crate) struct Done<B> {
    /// Its result.
    pub(crate) bits: B,
    /// What interrupts after the result is there.
    trap: Option<u8>,
}

impl<B> Done<B> {
    /// The data exception, once the result is where it belongs.
    pub(crate) fn trap(&self) -> Result<(), Exit<S390x>> {
        self.trap.map_or(Ok(()), |code| Err(exceptions::data(code)))
    }
}

/// Notes exceptions whose masks are zero.
fn note(cx: &mut Cx<S390x>, flags: u8) {
    cx.cpu.sys.fpc |= u32::from(flags) << 16;
}

fn masks(cx: &Cx<S390x>) -> u8 {
    (cx.cpu.sys.fpc >> 24) as u8
}

/// The exceptions of an operation, as the control register has them.
fn exceptions_of(flags: Flags) -> u8 {
    let pairs = [
        (Flags::INVALID, exception::INVALID),
        (Flags::DIVIDE_BY_ZERO, exception::DIVIDE),
        (Flags::OVERFLOW, exception::OVERFLOW),
        (Flags::UNDERFLOW, exception::UNDERFLOW),
        (Flags::INEXACT, exception::INEXACT),
    ];
    pairs.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, bit)| bit).sum()
}

/// Raises what keeps an operation from being done.
fn refuse(cx: &Cx<S390x>, raised: u8) -> Result<(), Exit<S390x>> {
    let refused = raised & masks(cx) & (exception::INVALID | exception::DIVIDE);
    if refused == 0 { Ok(()) } else { Err(exceptions::data(refused)) }
}

/// An operation whose result is of format `F`: does it, and what its exceptions ask for. `op` does it in any rounding.
/// `wide` does it in the widest format, where its result is in range, for results that trap; `None` when it cannot.
pub(crate) fn operate<F: Bfp>(
    cx: &mut Cx<S390x>,
    rounding: Rounding,
    quiet_inexact: bool,
    op: impl Fn(&mut Env) -> F::Bits,
    wide: impl Fn(&mut Env) -> Option<u128>,
) -> Result<Done<F::Bits>, Exit<S390x>> {
    let run = |rounding| {
        let mut env = Env { rounding, ..Env::s390x() };
        let bits = op(&mut env);
        (bits, env.flags)
    };
    let (bits, flags) = run(rounding);
    let mut raised = exceptions_of(flags);
    if quiet_inexact {
        raised &= !exception::INEXACT;
    }
    if raised == 0 && masks(cx) & exception::UNDERFLOW == 0 {
        return Ok(Done { bits, trap: None });
    }
    refuse(cx, raised)?;
    let masks = masks(cx);
    let magnitude = bits.into() & !F::SIGN;
    let tiny = flags.contains(Flags::UNDERFLOW) || magnitude != 0 && magnitude < F::QUIET << 1;
    let out_of_range = if raised & masks & exception::OVERFLOW != 0 {
        exception::OVERFLOW
    } else if tiny && masks & exception::UNDERFLOW != 0 {
        exception::UNDERFLOW
    } else {
        0
    };
    if out_of_range != 0 {
        let Some(exact) = wide(&mut Env { rounding: Rounding::ToOdd, ..Env::s390x() }) else {
            let what = "a trap of overflow or underflow in extended floating point";
            return exceptions::unimplemented(cx, what);
        };
        return Ok(scaled::<F>(exact, rounding, out_of_range));
    }
    let trap = if raised & masks & exception::INEXACT == 0 {
        note(cx, raised);
        None
    } else {
        note(cx, raised & !exception::INEXACT);
        let truncated: u128 = run(Rounding::TowardZero).0.into();
        Some(if truncated == bits.into() { TRUNCATED } else { INCREMENTED })
    };
    Ok(Done { bits, trap })
}

/// The result of an overflow or underflow that traps: the exact one, with its exponent brought into range.
fn scaled<F: Bfp>(exact: u128, rounding: Rounding, exception: u8) -> Done<F::Bits> {
    let by = if exception == exception::OVERFLOW { -F::ALPHA } else { F::ALPHA };
    let env = || Env { rounding, ..Env::s390x() };
    let brought = mul::<Quad>(&mut env(), exact, Quad::narrow(Quad::power(by)));
    let mut last = env();
    let bits = convert::<Quad, F>(&mut last, brought, rounding);
    let truncated = convert::<Quad, F>(&mut env(), brought, Rounding::TowardZero);
    let how = if !last.flags.contains(Flags::INEXACT) {
        0
    } else if truncated.into() == bits.into() {
        TRUNCATED
    } else {
        INCREMENTED
    };
    Done { bits, trap: Some(exception | how) }
}

/// An operation that has no floating-point result: a comparison, or a conversion to an integer.
pub(crate) fn inspect<T>(
    cx: &mut Cx<S390x>,
    quiet_inexact: bool,
    op: impl Fn(&mut Env) -> T,
) -> Result<(T, Flags), Exit<S390x>> {
    let mut env = Env { rounding: current_rounding(cx), ..Env::s390x() };
    let result = op(&mut env);
    let mut raised = exceptions_of(env.flags);
    if quiet_inexact {
        raised &= !exception::INEXACT;
    }
    refuse(cx, raised)?;
    Ok((result, env.flags))
}

/// What is left to do for exceptions of [`inspect`], once its result is where it belongs. `incremented` says whether rounding
/// made it larger.
pub(crate) fn settle(
    cx: &mut Cx<S390x>,
    flags: Flags,
    quiet_inexact: bool,
    incremented: impl FnOnce() -> bool,
) -> Result<(), Exit<S390x>> {
    let mut raised = exceptions_of(flags);
    if quiet_inexact {
        raised &= !exception::INEXACT;
    }
    if raised & masks(cx) & exception::INEXACT == 0 {
        note(cx, raised);
        return Ok(());
    }
    note(cx, raised & !exception::INEXACT);
    Err(exceptions::data(if incremented() { INCREMENTED } else { TRUNCATED }))
}

/// The rounding of the control register, for operations that name none.
pub(crate) fn usual(cx: &Cx<S390x>) -> Rounding {
    current_rounding(cx)
}
