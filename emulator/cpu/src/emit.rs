//! How instructions say what they mean.
//!
//! Two engines that were written twice disagree sooner or later. A meaning is therefore written once, generic over
//! [`Emit`]: the interpreter computes at once, a compiler emits code that will compute the same.
//!
//! All values are 64 bits wide. An operation of [`Width::W32`] looks at the low halves of its operands and gives a
//! zero-extended result. Truth values are 0 and 1.

use crate::{Cx, Exit, Guest, Mem};

/// The number of a register in [`crate::Vcpu::regs`].
pub type Reg = u8;

/// The register into which results go that the architecture discards. Its contents are never read, never saved and
/// never compared.
pub const SINK: Reg = 63;

/// A function of the emulator that an instruction calls: for what is long or rare.
///
/// It sees the machine at this very instruction (`cx.bp.retired` is exact) and may end it with an [`Exit`].
pub type Helper<G> = fn(&mut Cx<G>, [u64; 3]) -> Result<u64, Exit<G>>;

/// How much of its operands an operation looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by their bits")]
pub enum Width {
    W32,
    W64,
}

impl Width {
    /// 32 or 64.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::W32 => 32,
            Self::W64 => 64,
        }
    }

    /// Ones where values of this width have bits.
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }
}

/// Operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// Ones' complement.
    Not,
    /// Two's complement.
    Neg,
    /// Leading zeros; the width for zero.
    Clz,
    /// Trailing zeros; the width for zero.
    Ctz,
    /// Ones.
    Popcount,
    /// Bits in reverse order.
    ReverseBits,
    /// Bytes in reverse order.
    ReverseBytes,
    /// Sign extension of the low 8 bits to 64, then cut to the width.
    Sext8,
    /// Sign extension of the low 16 bits.
    Sext16,
    /// Sign extension of the low 32 bits.
    Sext32,
}

/// Operations of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum, modulo the width.
    Add,
    /// Difference, modulo the width.
    Sub,
    /// Low half of the product.
    Mul,
    /// High half of the unsigned product.
    UmulHigh,
    /// High half of the signed product.
    SmulHigh,
    /// Unsigned quotient; 0 when the divisor is 0.
    Udiv,
    /// Signed quotient, rounded to zero; 0 when the divisor is 0, wrapping on overflow.
    Sdiv,
    /// Unsigned remainder; the dividend when the divisor is 0.
    Urem,
    /// Signed remainder, with the dividend's sign; the dividend when the divisor is 0, 0 on overflow.
    Srem,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Left by the second operand modulo the width.
    Shl,
    /// Right, filling with zeros, by the second operand modulo the width.
    Shr,
    /// Right, filling with the sign, by the second operand modulo the width.
    Sar,
    /// Right, filling with what falls out, by the second operand modulo the width.
    Ror,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by their usual abbreviations; U unsigned, S signed")]
pub enum Compare {
    Eq,
    Ne,
    Ult,
    Ule,
    Slt,
    Sle,
}

macro_rules! shorthand {
    ($($(#[$doc:meta])* $name:ident = $kind:ident($op:ident);)*) => {
        $(shorthand!(@ $(#[$doc])* $name $kind $op);)*
    };
    (@ $(#[$doc:meta])* $name:ident binary $op:ident) => {
        $(#[$doc])*
        #[inline(always)]
        fn $name(&mut self, w: Width, a: Self::V, b: Self::V) -> Self::V {
            self.binary(Binary::$op, w, a, b)
        }
    };
    (@ $(#[$doc:meta])* $name:ident unary $op:ident) => {
        $(#[$doc])*
        #[inline(always)]
        fn $name(&mut self, w: Width, a: Self::V) -> Self::V {
            self.unary(Unary::$op, w, a)
        }
    };
    (@ $(#[$doc:meta])* $name:ident compare $op:ident) => {
        $(#[$doc])*
        #[inline(always)]
        fn $name(&mut self, w: Width, a: Self::V, b: Self::V) -> Self::V {
            self.compare(Compare::$op, w, a, b)
        }
    };
}

/// What an engine offers to the meaning of an instruction.
///
/// Operations that can end the instruction return `Result`; meanings pass the error on with `?` and have, by then, put
/// only what the architecture lets a faulting instruction have put.
pub trait Emit<G: Guest> {
    /// A value.
    type V: Copy;
    /// What ends an instruction early.
    type Exit;

    /// A constant.
    fn imm(&mut self, value: u64) -> Self::V;
    /// The address of this instruction.
    fn pc(&mut self) -> Self::V;
    /// The value of a register.
    fn get(&mut self, reg: Reg) -> Self::V;
    /// Sets a register.
    fn put(&mut self, reg: Reg, value: Self::V);
    /// Half of a vector register: 0 is the low one.
    fn vget(&mut self, reg: u8, half: u8) -> Self::V;
    /// Sets half of a vector register.
    fn vput(&mut self, reg: u8, half: u8, value: Self::V);

    /// An operation of one operand.
    fn unary(&mut self, op: Unary, w: Width, a: Self::V) -> Self::V;
    /// An operation of two operands.
    fn binary(&mut self, op: Binary, w: Width, a: Self::V, b: Self::V) -> Self::V;
    /// 1 when the comparison holds, else 0.
    fn compare(&mut self, op: Compare, w: Width, a: Self::V, b: Self::V) -> Self::V;
    /// `a` when `c` is not 0, else `b`.
    fn select(&mut self, c: Self::V, a: Self::V, b: Self::V) -> Self::V;

    /// Does `then` when `c` is not 0; where `then` calls a helper or raises an exception, engines take it that this is rare.
    /// Values made inside stay inside; results leave through registers.
    fn when(
        &mut self,
        c: Self::V,
        then: impl FnOnce(&mut Self) -> Result<(), Self::Exit>,
    ) -> Result<(), Self::Exit>;
    /// Does one or the other.
    fn if_else(
        &mut self,
        c: Self::V,
        then: impl FnOnce(&mut Self) -> Result<(), Self::Exit>,
        otherwise: impl FnOnce(&mut Self) -> Result<(), Self::Exit>,
    ) -> Result<(), Self::Exit>;

    /// The accesses that follow are to the operand with this base register, see [`Guest::select_space`]. Instructions of one
    /// operand need not say so.
    #[inline(always)]
    fn select_space(&mut self, register: Reg) {
        let _ = register;
    }
    /// Loads, zero-extended.
    fn load(&mut self, address: Self::V, mem: Mem) -> Result<Self::V, Self::Exit>;
    /// Stores the low bytes of a value.
    fn store(&mut self, address: Self::V, value: Self::V, mem: Mem) -> Result<(), Self::Exit>;
    /// Loads what lies in a row from `address` on, one after the other as [`Emit::load`] does. For instructions that put
    /// nothing and have stored nothing before, and do not branch.
    #[inline(always)]
    fn load_row(
        &mut self,
        address: Self::V,
        mem: Mem,
        values: &mut [Self::V],
    ) -> Result<(), Self::Exit> {
        for (place, value) in (0..).step_by(mem.size.bytes() as usize).zip(values) {
            let at = self.add_imm(Width::W64, address, place);
            *value = self.load(at, mem)?;
        }
        Ok(())
    }
    /// Stores values in a row from `address` on, one after the other as [`Emit::store`] does. For instructions that put
    /// nothing and have accessed nothing before, and do not branch.
    #[inline(always)]
    fn store_row(
        &mut self,
        address: Self::V,
        mem: Mem,
        values: &[Self::V],
    ) -> Result<(), Self::Exit> {
        for (place, value) in (0..).step_by(mem.size.bytes() as usize).zip(values) {
            let at = self.add_imm(Width::W64, address, place);
            self.store(at, *value, mem)?;
        }
        Ok(())
    }

    /// Continues at this instruction's address plus `offset`.
    fn jump_rel(&mut self, offset: i64);
    /// Continues at `target`.
    fn jump(&mut self, target: Self::V);
    /// Continues at this instruction's address plus `offset` when `c` is not 0, else after this instruction.
    fn branch_rel(&mut self, c: Self::V, offset: i64);

    /// Calls a helper.
    fn call(&mut self, helper: Helper<G>, args: [Self::V; 3]) -> Result<Self::V, Self::Exit>;
    /// Ends the instruction with a synchronous exception.
    fn raise(&mut self, exception: G::Exception) -> Result<(), Self::Exit>;

    shorthand! {
        /// Sum.
        add = binary(Add);
        /// Difference.
        sub = binary(Sub);
        /// Low half of the product.
        mul = binary(Mul);
        /// Bitwise and.
        and = binary(And);
        /// Bitwise or.
        or = binary(Or);
        /// Bitwise exclusive or.
        xor = binary(Xor);
        /// Left shift.
        shl = binary(Shl);
        /// Logical right shift.
        shr = binary(Shr);
        /// Arithmetic right shift.
        sar = binary(Sar);
        /// Right rotation.
        ror = binary(Ror);
        /// Ones' complement.
        not = unary(Not);
        /// Two's complement.
        neg = unary(Neg);
        /// Equal.
        eq = compare(Eq);
        /// Not equal.
        ne = compare(Ne);
        /// Unsigned less.
        ult = compare(Ult);
        /// Unsigned less or equal.
        ule = compare(Ule);
        /// Signed less.
        slt = compare(Slt);
        /// Signed less or equal.
        sle = compare(Sle);
    }

    /// Sum with a constant.
    #[inline(always)]
    fn add_imm(&mut self, w: Width, a: Self::V, value: i64) -> Self::V {
        let b = self.imm(value as u64);
        self.add(w, a, b)
    }

    /// Sign extension of the low 32 bits to 64.
    #[inline(always)]
    fn sext32(&mut self, a: Self::V) -> Self::V {
        self.unary(Unary::Sext32, Width::W64, a)
    }

    /// The low 32 bits, zero-extended.
    #[inline(always)]
    fn zext32(&mut self, a: Self::V) -> Self::V {
        let mask = self.imm(Width::W32.mask());
        self.and(Width::W64, a, mask)
    }
}
