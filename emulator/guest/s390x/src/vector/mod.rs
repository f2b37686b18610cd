//! Vectors: what all their instructions share.
//!
//! Most instructions do one thing to every element. Such a thing is a *kernel*: a helper that takes registers and element size
//! from the instruction's text ([`Op`]) and works on the vector registers directly. What is simple and frequent (loads, stores,
//! bitwise operations, sums) is written against `Emit`, half a register at a time.
//!
//! Elements are counted from the left: element 0 is in the highest bits.

pub(crate) mod float;
pub(crate) mod integer;
pub(crate) mod memory;
pub(crate) mod minmax;
pub(crate) mod multiply;
pub(crate) mod permute;
pub(crate) mod shift;
pub(crate) mod string;

use lockstep_cpu::{Cx, Emit, Exit, Helper};

use crate::exceptions::{code, dxc, program};
use crate::{Exception, Insn, Program, S390x, Text, reg};

/// What a helper gives.
pub(crate) type Helped = Result<u64, Exit<S390x>>;
/// What a meaning gives.
pub(crate) type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// An instruction as a kernel sees it.
#[derive(Clone, Copy)]
pub(crate) struct Op(pub(crate) Text);

impl Op {
    /// The vector register that a field names, with the bit of the RXB field that extends it.
    const fn register(self, place: u32, extension: u8) -> u8 {
        let high = self.0.nibble(9) & extension != 0;
        self.0.nibble(place) | (high as u8) << 4
    }

    /// The register in the first field.
    pub(crate) const fn v1(self) -> u8 {
        self.register(2, 8)
    }

    /// The one in the second.
    pub(crate) const fn v2(self) -> u8 {
        self.register(3, 4)
    }

    /// The one in the third.
    pub(crate) const fn v3(self) -> u8 {
        self.register(4, 2)
    }

    /// The one in the last.
    pub(crate) const fn v4(self) -> u8 {
        self.register(8, 1)
    }

    /// A field of four bits, by its place.
    pub(crate) const fn field(self, place: u32) -> u8 {
        self.0.nibble(place)
    }

    /// The element size, as the logarithm of its bytes, from its usual field.
    pub(crate) const fn size(self) -> u32 {
        self.0.nibble(8) as u32
    }
}

/// The meaning of an instruction that has a kernel.
macro_rules! v {
    ($kernel:path) => {
        |e, i| vector::call(e, i, |cx, [_, _, text]| $kernel(cx, vector::Op(crate::Text(text))))
    };
}

pub(crate) use v;

/// Raises the data exception of vector instructions while CR0 keeps them away: all but LCBB begin with it.
#[inline(always)]
pub(crate) fn check<E: Emit<S390x>>(e: &mut E) -> Done<E> {
    let missing = e.get(reg::NO_VECTOR);
    let exception = Program { detail: dxc::VECTOR.into(), ..Program::new(code::DATA) };
    e.when(missing, |e| e.raise(Exception::Program(exception)))
}

/// Calls a kernel, with the text.
pub(crate) fn call<E: Emit<S390x>>(e: &mut E, i: &Insn, helper: Helper<S390x>) -> Done<E> {
    check(e)?;
    let (text, zero) = (e.imm(i.raw | u64::from(i.len)), e.imm(0));
    e.call(helper, [zero, zero, text]).map(drop)
}

/// A specification exception, in a meaning.
pub(crate) fn refuse<E: Emit<S390x>>(e: &mut E) -> Done<E> {
    e.raise(Exception::Program(Program::new(code::SPECIFICATION)))
}

/// A specification exception unless something holds.
pub(crate) fn require(holds: bool) -> Result<(), Exit<S390x>> {
    if holds { Ok(()) } else { Err(program(code::SPECIFICATION)) }
}

/// A register.
pub(crate) fn get(cx: &Cx<S390x>, register: u8) -> u128 {
    cx.cpu.vregs[usize::from(register)]
}

/// Sets a register.
pub(crate) fn put(cx: &mut Cx<S390x>, register: u8, value: u128) {
    cx.cpu.vregs[usize::from(register)] = value;
}

/// Bits of an element.
pub(crate) const fn bits(size: u32) -> u32 {
    8 << size
}

/// Elements of a register.
pub(crate) const fn count(size: u32) -> u32 {
    16 >> size
}

/// Ones where an element has bits.
pub(crate) const fn ones(size: u32) -> u128 {
    u128::MAX >> (128 - bits(size))
}

/// An element.
pub(crate) const fn element(value: u128, size: u32, number: u32) -> u128 {
    value >> (128 - bits(size) * (number + 1)) & ones(size)
}

/// An element with its sign.
pub(crate) const fn signed(value: u128, size: u32, number: u32) -> i128 {
    extend(element(value, size, number), size)
}

/// The low bits as a number with a sign.
pub(crate) const fn extend(value: u128, size: u32) -> i128 {
    let up = 128 - bits(size);
    (value << up) as i128 >> up
}

/// Sets an element to the low bits of something.
pub(crate) fn set_element(value: &mut u128, size: u32, number: u32, to: u128) {
    let shift = 128 - bits(size) * (number + 1);
    *value = *value & !(ones(size) << shift) | (to & ones(size)) << shift;
}

/// A register made of elements.
pub(crate) fn build(size: u32, mut make: impl FnMut(u32) -> u128) -> u128 {
    (0..count(size)).fold(0, |v, k| v << (bits(size) % 128) | make(k) & ones(size))
}
