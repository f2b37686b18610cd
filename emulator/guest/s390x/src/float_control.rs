//! The floating-point-control register: rounding modes, flags, masks, and traps (chapters 9 and 19).
//!
//! The arithmetic is `lockstep_cpu::float`'s, and instructions are elsewhere; [`compute`] is what all of them have around it. A
//! trap of overflow or underflow has a result whose exponent is brought into range.

use lockstep_cpu::float::{Env, Flags, Format, Rounding};
use lockstep_cpu::{Cx, Emit, Exit, Mem, Size};

use crate::control::cr0;
use crate::exceptions::{code, data, dxc, program, unimplemented};
use crate::{S390x, Text};

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
pub(crate) fn check_bfp(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
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
    /// By how much a trap changes the exponent of what is too large or too small; zero where nothing can be.
    pub(crate) scale: i32,
}

/// The current mode.
pub(crate) fn current(cx: &Cx<S390x>) -> Mode {
    Mode { rounding: environment(cx).rounding, quiet: false, scale: 0 }
}

/// By how much traps scale results of a format.
pub(crate) const fn scale_of<F: Format>() -> i32 {
    match F::BITS {
        32 => 192,
        64 => 1536,
        _ => 24576,
    }
}

/// The current mode, for results of a format that traps scale.
pub(crate) fn scaling<F: Format>(cx: &Cx<S390x>) -> Mode {
    Mode { scale: scale_of::<F>(), ..current(cx) }
}

/// Computes with the rounding that is in the environment, and then sets flags or traps as the masks say. A trap tells whether an
/// inexact result is larger in magnitude than the exact one, for which it computes again, toward zero.
pub(crate) fn compute<T: PartialEq>(
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
        return unimplemented(cx, "a trap of overflow or underflow where there can be none");
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
pub(crate) fn modes(cx: &Cx<S390x>, text: u64) -> Result<Mode, Exit<S390x>> {
    let t = Text(text);
    let (rounding, quiet) = (rounding_field(cx, t.nibble(4))?, t.nibble(5) & 4 != 0);
    Ok(Mode { rounding, quiet, ..current(cx) })
}
