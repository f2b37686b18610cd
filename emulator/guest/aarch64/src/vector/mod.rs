//! Advanced SIMD and floating point: what all their instructions share.
//!
//! Hundreds of instructions do one thing to every lane. So there is one function per thing (a *kernel*), which asks its
//! [`Op`] for lane size, number of lanes and registers, and one table of loops over lanes; the row of an instruction
//! names its kernel. A kernel works on the vector registers directly, as a helper: in compiled code they are memory.
//! Kernels see general registers only as an argument or a result, because those may be elsewhere.

pub(crate) mod bitwise;
pub(crate) mod crypto;
pub(crate) mod float;
pub(crate) mod integer;
pub(crate) mod permute;

use lockstep_cpu::{Cx, Emit, Exit, Helper};

use crate::decode::Word;
use crate::exceptions::{class, exception};
use crate::{Aarch64, Insn, flags, reg};

/// What kernels, registers and traps agree on: FPSR.QC, saturation has occurred.
pub(crate) const QC: u64 = 1 << 27;

/// An instruction as a kernel sees it.
pub(crate) struct Op {
    /// The encoding.
    pub(crate) w: Word,
    /// Log2 of the bytes of a lane: of the narrow operands, where there are two sizes.
    pub(crate) lane: u32,
    /// 128 bits rather than 64.
    pub(crate) full: bool,
    /// One lane only.
    pub(crate) scalar: bool,
    /// The general register that is an operand.
    pub(crate) x: u64,
}

/// Operand `Insn::aux` of a vector instruction.
pub(crate) const fn pack(lane: u32, full: bool, scalar: bool) -> u8 {
    lane as u8 | (full as u8) << 4 | (scalar as u8) << 5
}

impl Op {
    /// From the arguments of a helper.
    pub(crate) fn new([word, shape, x]: [u64; 3]) -> Self {
        let (full, scalar) = (shape >> 4 & 1 == 1, shape >> 5 & 1 == 1);
        Self { w: Word(word as u32), lane: shape as u32 & 7, full, scalar, x }
    }

    fn field(&self, low: u32) -> usize {
        self.w.bits(low, 5) as usize
    }

    /// The destination.
    pub(crate) fn d(&self) -> usize {
        self.field(0)
    }

    /// The first source.
    pub(crate) fn n(&self) -> usize {
        self.field(5)
    }

    /// The second source.
    pub(crate) fn m(&self) -> usize {
        self.field(16)
    }

    /// The third source.
    pub(crate) fn a(&self) -> usize {
        self.field(10)
    }

    /// Bits of a lane.
    pub(crate) fn bits(&self) -> u32 {
        8 << self.lane
    }

    /// Lanes.
    pub(crate) fn count(&self) -> u32 {
        match (self.scalar, self.full) {
            (true, _) => 1,
            (_, false) => 8 >> self.lane,
            (_, true) => 16 >> self.lane,
        }
    }

    /// The first lane in a 128-bit register that instructions on half of it (`SADDL2`, `ADDHN2`) mean.
    pub(crate) fn upper(&self) -> u32 {
        if self.full && !self.scalar { 8 >> self.lane } else { 0 }
    }

    /// Lanes of half a register.
    pub(crate) fn half_count(&self) -> u32 {
        if self.scalar { 1 } else { 8 >> self.lane }
    }

    /// The register and lane that an instruction by one element has as its second operand.
    pub(crate) fn element(&self) -> (usize, u32) {
        let (h, l, m) = (self.w.bits(11, 1), self.w.bits(21, 1), self.w.bits(20, 1));
        let low = self.w.bits(16, 4) as usize;
        match self.lane {
            1 => (low, h << 2 | l << 1 | m),
            2 => (low | (m as usize) << 4, h << 1 | l),
            _ => (low | (m as usize) << 4, h),
        }
    }

    /// Whether the second operand is one element.
    pub(crate) fn by_element(&self) -> bool {
        self.w.bit(24) && self.w.bit(27) && !self.w.bit(10)
    }
}

/// A lane, zero-extended.
pub(crate) fn lane(v: u128, log2: u32, number: u32) -> u64 {
    let up = 64 - (8 << log2);
    (v >> (number << (3 + log2))) as u64 & (u64::MAX >> up)
}

/// Sets a lane.
pub(crate) fn set_lane(v: &mut u128, log2: u32, number: u32, value: u64) {
    let (shift, mask) = (number << (3 + log2), u64::MAX >> (64 - (8 << log2)));
    *v = *v & !(u128::from(mask) << shift) | u128::from(value & mask) << shift;
}

/// The meaning of an instruction between vector registers.
macro_rules! v {
    ($kernel:expr) => {
        |e, i| {
            vector::call(e, i, |cx, args| {
                $kernel(&mut cx.cpu, &vector::Op::new(args));
                Ok(0)
            })
        }
    };
}

/// The meaning of an instruction whose result is in a general register.
macro_rules! to_general {
    ($kernel:expr) => {
        |e, i| {
            vector::with_result(e, i, |cx, args| Ok($kernel(&mut cx.cpu, &vector::Op::new(args))))
        }
    };
}

/// The meaning of an instruction whose first source is a general register.
macro_rules! from_general {
    ($kernel:expr) => {
        |e, i| {
            vector::with_source(e, i, |cx, args| {
                $kernel(&mut cx.cpu, &vector::Op::new(args));
                Ok(0)
            })
        }
    };
}

pub(crate) use {from_general, to_general, v};

type Outcome = Result<u64, Exit<Aarch64>>;

/// Raises the exception of an access that CPACR_EL1 forbids, when it does: every instruction of this module begins with
/// it.
#[inline(always)]
pub(crate) fn check<E: Emit<Aarch64>>(e: &mut E) -> Result<(), E::Exit> {
    let trapped = e.get(reg::FP_TRAP);
    e.when(trapped, |e| e.raise(access_trap()))
}

/// The exception for an access to floating point that is not enabled: CV, COND = AL.
pub(crate) const fn access_trap() -> crate::Exception {
    exception(class::FLOAT, 1 << 24 | 0xe << 20)
}

fn call_with<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<Aarch64>,
    x: E::V,
) -> Result<E::V, E::Exit> {
    let args = [e.imm(i.imm as u64), e.imm(i.aux.into()), x];
    e.call(helper, args)
}

/// Calls a kernel.
pub(crate) fn call<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<Aarch64>,
) -> Result<(), E::Exit> {
    check(e)?;
    let zero = e.imm(0);
    call_with(e, i, helper, zero).map(drop)
}

/// Calls a kernel with Rn.
pub(crate) fn with_source<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<Aarch64>,
) -> Result<(), E::Exit> {
    check(e)?;
    let x = e.get(i.rn);
    call_with(e, i, helper, x).map(drop)
}

/// Calls a kernel and puts what it gives into Rd.
pub(crate) fn with_result<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    helper: Helper<Aarch64>,
) -> Result<(), E::Exit> {
    check(e)?;
    let zero = e.imm(0);
    let value = call_with(e, i, helper, zero)?;
    let rd = if i.rd == reg::ZR { reg::SINK } else { i.rd };
    e.put(rd, value);
    Ok(())
}

/// FCMP and FCMPE.
pub(crate) fn compare<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let zero = e.imm(0);
    let nzcv = call_with(e, i, compare_helper, zero)?;
    flags::set_from(e, nzcv);
    Ok(())
}

/// FCCMP and FCCMPE.
pub(crate) fn compare_when<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    check(e)?;
    let word = Word(i.imm as u32);
    let holds = flags::holds(e, word.bits(12, 4) as u8);
    e.if_else(
        holds,
        |e| {
            let zero = e.imm(0);
            let nzcv = call_with(e, i, compare_helper, zero)?;
            flags::set_from(e, nzcv);
            Ok(())
        },
        |e| {
            flags::set_constant(e, word.bits(0, 4) as u8);
            Ok(())
        },
    )
}

fn compare_helper(cx: &mut Cx<Aarch64>, args: [u64; 3]) -> Outcome {
    Ok(float::compare(&mut cx.cpu, &Op::new(args)))
}
