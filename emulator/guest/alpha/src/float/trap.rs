//! The floating-point control register, and what becomes of exceptions (section 4.7).
//!
//! An exception is recorded in FPCR whether or not it traps. It traps if the instruction's qualifiers let it, unless
//! the instruction has /S and FPCR disables that trap. A kernel that completes instructions in software (/S) finds the
//! completion bit in the summary, decodes the instruction before the saved PC, and computes the result itself; so traps are
//! precise, and a result that the processor cannot produce (a denormal number) traps whenever FPCR does not say
//! that a zero will do.

use lockstep_cpu::float::Rounding;
use lockstep_cpu::{Cx, Exit};

use crate::sys::Cpu;
use crate::{Alpha, Exception};

/// Bits of FPCR (section 4.7.8). Exceptions are in the order of [`Found`].
pub mod fpcr {
    /// The first exception bit: invalid operation.
    pub const EXCEPTIONS_SHIFT: u32 = 52;
    /// All of them: INV, DZE, OVF, UNF, INE, IOV.
    pub const EXCEPTIONS: u64 = 0x3f << EXCEPTIONS_SHIFT;
    /// Denormal operands are zeros.
    pub const DNZ: u64 = 1 << 48;
    /// Disables: invalid operation.
    pub const INVD: u64 = 1 << 49;
    /// Division by zero.
    pub const DZED: u64 = 1 << 50;
    /// Overflow.
    pub const OVFD: u64 = 1 << 51;
    /// The dynamic rounding mode.
    pub const DYN_SHIFT: u32 = 58;
    /// Underflow to zero.
    pub const UNDZ: u64 = 1 << 60;
    /// Underflow.
    pub const UNFD: u64 = 1 << 61;
    /// Inexact.
    pub const INED: u64 = 1 << 62;
    /// Any exception bit is set.
    pub const SUM: u64 = 1 << 63;
    /// What can be written.
    pub const WRITABLE: u64 = 0x7fff << 48;
}

/// Bits of the exception summary, which entArith gets in a0.
pub mod summary {
    /// The instruction has /S: software can complete it.
    pub const SOFTWARE_COMPLETION: u64 = 1;
    /// The first exception: invalid operation; then division by zero, overflow, underflow, inexact, integer overflow.
    pub const EXCEPTIONS_SHIFT: u32 = 1;
    /// Invalid operation.
    pub const INVALID: u64 = 1 << 1;
    /// Division by zero.
    pub const DIVIDE_BY_ZERO: u64 = 1 << 2;
    /// Overflow.
    pub const OVERFLOW: u64 = 1 << 3;
    /// Underflow.
    pub const UNDERFLOW: u64 = 1 << 4;
    /// Inexact.
    pub const INEXACT: u64 = 1 << 5;
    /// Integer overflow.
    pub const INTEGER_OVERFLOW: u64 = 1 << 6;
}

/// FPCR as software reads it.
pub(crate) fn read_fpcr(cpu: &Cpu) -> u64 {
    let value = cpu.sys.fpcr;
    if value & fpcr::EXCEPTIONS != 0 { value | fpcr::SUM } else { value }
}

/// Sets FPCR.
pub(crate) fn write_fpcr(cpu: &mut Cpu, value: u64) {
    cpu.sys.fpcr = value & fpcr::WRITABLE;
}

/// Exceptions that an operation found, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found(u8);

impl Found {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const INVALID: Self = Self(1);
    pub(crate) const DIVIDE_BY_ZERO: Self = Self(1 << 1);
    pub(crate) const OVERFLOW: Self = Self(1 << 2);
    pub(crate) const UNDERFLOW: Self = Self(1 << 3);
    pub(crate) const INEXACT: Self = Self(1 << 4);
    /// The integer overflows, and so is not exact.
    pub(crate) const INTEGER_OVERFLOW: Self = Self(1 << 5 | 1 << 4);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The qualifiers of an instruction, and its destination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Bits 10:6 of the function code: the trapping mode and the rounding mode.
    modes: u16,
    /// The destination.
    pub(crate) rc: u8,
}

impl How {
    pub(crate) fn pack(modes: u16, rc: u8) -> u64 {
        u64::from(modes) << 8 | u64::from(rc)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        Self { modes: (packed >> 8) as u16, rc: packed as u8 }
    }

    /// /S.
    pub(crate) fn completes(self) -> bool {
        self.modes & 1 << 4 != 0
    }

    /// /I.
    fn inexact(self) -> bool {
        self.modes & 1 << 3 != 0
    }

    /// /U, which for conversions to integers is /V.
    fn underflow(self) -> bool {
        self.modes & 1 << 2 != 0
    }

    /// The rounding mode of an IEEE instruction.
    pub(crate) fn rounding(self, cpu: &Cpu) -> Rounding {
        match self.modes & 3 {
            0 => Rounding::TowardZero,
            1 => Rounding::Down,
            2 => Rounding::NearestEven,
            _ => match cpu.sys.fpcr >> fpcr::DYN_SHIFT & 3 {
                0 => Rounding::TowardZero,
                1 => Rounding::Down,
                2 => Rounding::NearestEven,
                _ => Rounding::Up,
            },
        }
    }

    /// Whether a VAX instruction chops.
    pub(crate) fn chops(self) -> bool {
        self.modes & 3 == 0
    }

    /// The exceptions that trap, of those found.
    fn trapping(self, cpu: &Cpu, found: Found) -> u8 {
        let control = cpu.sys.fpcr;
        let disabled = |bits: u64| self.completes() && control & bits == bits;
        let mut traps = 0x3f;
        let underflow = Found::UNDERFLOW;
        for (off, exception) in [
            (disabled(fpcr::INVD), Found::INVALID),
            (disabled(fpcr::DZED), Found::DIVIDE_BY_ZERO),
            (disabled(fpcr::OVFD), Found::OVERFLOW),
            // Disabled alone, somebody has to make the denormal result.
            (!self.underflow() || disabled(fpcr::UNFD | fpcr::UNDZ), underflow),
            (!self.inexact() || disabled(fpcr::INED), Found::INEXACT),
        ] {
            if off {
                traps &= !exception.0;
            }
        }
        if !self.underflow() {
            traps &= !(1 << 5);
        }
        found.0 & traps
    }

    /// Whether nobody can see that another result is inexact: it is recorded already, and does not trap.
    pub(crate) fn inexact_is_known(self, cpu: &Cpu) -> bool {
        let recorded = cpu.sys.fpcr >> fpcr::EXCEPTIONS_SHIFT & u64::from(Found::INEXACT.0) != 0;
        recorded && self.trapping(cpu, Found::INEXACT) == 0
    }

    fn exception(self, exceptions: u8) -> Exit<Alpha> {
        let completion = if self.completes() { summary::SOFTWARE_COMPLETION } else { 0 };
        let summary = u64::from(exceptions) << summary::EXCEPTIONS_SHIFT | completion;
        Exit::Exception(Exception::Arithmetic { summary, mask: 1 << (32 + self.rc) })
    }
}

/// Traps because of an operand, before anything is computed.
pub(crate) fn operand(cx: &mut Cx<Alpha>, how: How, records: bool) -> Exit<Alpha> {
    if records {
        cx.cpu.sys.fpcr |= u64::from(Found::INVALID.0) << fpcr::EXCEPTIONS_SHIFT;
    }
    how.exception(Found::INVALID.0)
}

/// Records what an operation found, and traps if it has to; a trap comes with the result in its register.
pub(crate) fn finish(
    cx: &mut Cx<Alpha>,
    how: How,
    result: u64,
    found: Found,
) -> Result<u64, Exit<Alpha>> {
    if found == Found::NONE {
        return Ok(result);
    }
    cx.cpu.sys.fpcr |= u64::from(found.0) << fpcr::EXCEPTIONS_SHIFT;
    let traps = how.trapping(&cx.cpu, found);
    if traps == 0 {
        return Ok(result);
    }
    if how.rc != 31
        && let Some(register) = cx.cpu.vregs.get_mut(usize::from(how.rc))
    {
        *register = result.into();
    }
    Err(how.exception(traps))
}
