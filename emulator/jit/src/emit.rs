//! Meanings as Cranelift code.
//!
//! Compiled code does only what needs nobody: it computes, branches, and uses pages that the host table has.
//! Whatever else an instruction needs, it leaves to the interpreter, by leaving the region in the state before that
//! instruction. So there is one place in which accesses fault, devices act and helpers run, and it is the same for both
//! engines.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::{FunctionBuilder, Variable};
use lockstep_cpu::{
    Binary, Compare, Emit, Guest, Helper, Mem, REGS, Reg, SINK, Size, Tlb, Unary, Width,
};

use crate::frame::{self, Leave};
use crate::region::PAGE;
use crate::scan::Ended;
use crate::table;

/// Where the instruction says that control goes.
#[derive(Clone, Copy)]
pub(crate) enum Goes {
    Next,
    Jump(i64),
    Branch(Value, i64),
    Indirect(Value),
}

/// The instruction that is being compiled.
pub(crate) struct Place {
    /// Its place in the page.
    pub(crate) at: usize,
    /// Instructions from it to the end of its block, with it: taken off the budget at the head of the block.
    pub(crate) owed: u64,
    /// Registers that may have been written before it.
    pub(crate) dirty: u64,
    /// Where control goes after it.
    pub(crate) goes: Goes,
}

/// Emits code for meanings.
pub(crate) struct Emitter<'a, 'f> {
    pub(crate) b: &'a mut FunctionBuilder<'f>,
    pub(crate) regs: [Variable; REGS],
    /// Instructions left.
    pub(crate) left: Variable,
    /// Where the guest's registers are.
    pub(crate) registers: Value,
    /// Where the [`frame::Frame`] is.
    pub(crate) frame: Value,
    /// The virtual address of the page.
    pub(crate) base: Value,
    /// The host tables of the current mode and of user mode.
    pub(crate) tables: [Value; 2],
    pub(crate) place: Place,
}

const FLAGS: MemFlagsData = MemFlagsData::trusted();
/// Guest memory: aligned as the guest has it.
const GUEST: MemFlagsData = MemFlagsData::new().with_notrap();

const fn int(size: Size) -> Type {
    match size {
        Size::B1 => I8,
        Size::B2 => I16,
        Size::B4 => I32,
        Size::B8 => I64,
    }
}

impl Emitter<'_, '_> {
    pub(crate) fn constant(&mut self, value: u64) -> Value {
        self.b.ins().iconst(I64, value as i64)
    }

    fn and_constant(&mut self, a: Value, value: u64) -> Value {
        let mask = self.constant(value);
        self.b.ins().band(a, mask)
    }

    /// The virtual address of a place in the page.
    pub(crate) fn address(&mut self, at: usize) -> Value {
        let offset = self.constant(at as u64);
        self.b.ins().iadd(self.base, offset)
    }

    /// Leaves the region: writes back what may have been written, the pc, and what is left of the budget.
    pub(crate) fn leave(&mut self, why: Leave, pc: Value, owed: u64, dirty: u64) {
        for reg in (0..REGS).filter(|reg| dirty >> reg & 1 != 0) {
            let value = self.b.use_var(self.regs[reg]);
            self.b.ins().store(FLAGS, value, self.registers, reg as i32 * 8);
        }
        let mut left = self.b.use_var(self.left);
        if owed > 0 {
            let owed = self.constant(owed);
            left = self.b.ins().iadd(left, owed);
        }
        self.b.ins().store(FLAGS, left, self.frame, frame::LEFT);
        self.b.ins().store(FLAGS, pc, self.frame, frame::PC);
        let why = self.constant(why as u64);
        self.b.ins().return_(&[why]);
    }

    /// Leaves before the instruction.
    pub(crate) fn leave_here(&mut self, why: Leave) {
        let pc = self.address(self.place.at);
        self.leave(why, pc, self.place.owed, self.place.dirty);
    }

    fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Goes on in a new block when `c` is not 0, else leaves for the interpreter, with the address that the table
    /// did not have.
    fn insist(&mut self, c: Value, address: Value, user: bool) {
        let (hit, miss) = (self.b.create_block(), self.cold_block());
        self.b.ins().brif(c, hit, &[], miss, &[]);
        self.b.switch_to_block(miss);
        self.b.seal_block(miss);
        self.b.ins().store(FLAGS, address, self.frame, frame::MISSED);
        self.leave_here(if user { Leave::MissAsUser } else { Leave::Miss });
        self.b.switch_to_block(hit);
        self.b.seal_block(hit);
    }

    /// The host address for an access, or leaves. Misaligned accesses have no entry.
    fn host_address(&mut self, address: Value, mem: Mem, needs: &[i32]) -> Value {
        let shift = self.constant(u64::from(12 - table::ENTRY_BITS));
        let place = self.b.ins().ushr(address, shift);
        let place = self.and_constant(place, ((Tlb::PLACES - 1) << table::ENTRY_BITS) as u64);
        let entry = self.b.ins().iadd(self.tables[usize::from(mem.user)], place);
        let wanted = self.and_constant(address, !(PAGE as u64 - 1) | (mem.size.bytes() - 1));
        for &field in needs {
            let page = self.b.ins().load(I64, FLAGS, entry, field);
            let same = self.b.ins().icmp(IntCC::Equal, page, wanted);
            self.insist(same, address, mem.user);
        }
        let addend = self.b.ins().load(I64, FLAGS, entry, table::ADDEND);
        self.b.ins().iadd(address, addend)
    }

    fn narrow(&mut self, w: Width, a: Value) -> Value {
        match w {
            Width::W32 => self.b.ins().ireduce(I32, a),
            Width::W64 => a,
        }
    }

    fn widen(&mut self, w: Width, a: Value) -> Value {
        match w {
            Width::W32 => self.b.ins().uextend(I64, a),
            Width::W64 => a,
        }
    }

    fn extended(&mut self, from: Type, w: Width, a: Value) -> Value {
        let low = self.b.ins().ireduce(from, a);
        let to = if w == Width::W32 { I32 } else { I64 };
        if from == to { low } else { self.b.ins().sextend(to, low) }
    }

    /// High half of a product of 32-bit values, as the low half of the result.
    fn high_of_words(&mut self, signed: bool, a: Value, b: Value) -> Value {
        let [a, b] = [a, b].map(|v| {
            if signed { self.b.ins().sextend(I64, v) } else { self.b.ins().uextend(I64, v) }
        });
        let product = self.b.ins().imul(a, b);
        let half = self.constant(32);
        let high = self.b.ins().ushr(product, half);
        self.b.ins().ireduce(I32, high)
    }

    /// Quotients and remainders, with what the host's division traps on taken out.
    fn divide(&mut self, op: Binary, a: Value, b: Value) -> Value {
        let ty = self.b.func.dfg.value_type(a);
        let (zero, one) = (self.b.ins().iconst(ty, 0), self.b.ins().iconst(ty, 1));
        let by_zero = self.b.ins().icmp(IntCC::Equal, b, zero);
        let divisor = self.b.ins().select(by_zero, one, b);
        match op {
            Binary::Udiv => {
                let quotient = self.b.ins().udiv(a, divisor);
                self.b.ins().select(by_zero, zero, quotient)
            }
            Binary::Urem => {
                let rest = self.b.ins().urem(a, divisor);
                self.b.ins().select(by_zero, a, rest)
            }
            _ => self.divide_signed(op == Binary::Sdiv, (a, b, divisor), by_zero),
        }
    }

    fn divide_signed(
        &mut self,
        quotient: bool,
        (a, b, divisor): (Value, Value, Value),
        by_zero: Value,
    ) -> Value {
        let ty = self.b.func.dfg.value_type(a);
        let (zero, one) = (self.b.ins().iconst(ty, 0), self.b.ins().iconst(ty, 1));
        // Division by -1 overflows once; its results are known.
        let all = self.b.ins().bnot(zero);
        let by_minus_one = self.b.ins().icmp(IntCC::Equal, b, all);
        let divisor = self.b.ins().select(by_minus_one, one, divisor);
        if quotient {
            let result = self.b.ins().sdiv(a, divisor);
            let negated = self.b.ins().ineg(a);
            let result = self.b.ins().select(by_minus_one, negated, result);
            self.b.ins().select(by_zero, zero, result)
        } else {
            let result = self.b.ins().srem(a, divisor);
            let result = self.b.ins().select(by_minus_one, zero, result);
            self.b.ins().select(by_zero, a, result)
        }
    }

    /// Emits `part` in `block`, which goes on to `after` unless it ends.
    fn branch(
        &mut self,
        block: Block,
        after: Block,
        part: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        self.b.switch_to_block(block);
        self.b.seal_block(block);
        let result = part(self);
        if result.is_ok() {
            self.b.ins().jump(after, &[]);
        }
        result
    }
}

impl<G: Guest> Emit<G> for Emitter<'_, '_> {
    type V = Value;
    type Exit = Ended;

    fn imm(&mut self, value: u64) -> Value {
        self.constant(value)
    }

    fn pc(&mut self) -> Value {
        self.address(self.place.at)
    }

    fn get(&mut self, reg: Reg) -> Value {
        self.b.use_var(self.regs[usize::from(reg) % REGS])
    }

    fn put(&mut self, reg: Reg, value: Value) {
        if reg != SINK {
            self.b.def_var(self.regs[usize::from(reg) % REGS], value);
        }
    }

    fn vget(&mut self, _reg: u8, _half: u8) -> Value {
        unreachable!("scanning leaves instructions with vector registers to the interpreter")
    }

    fn vput(&mut self, _reg: u8, _half: u8, _value: Value) {
        unreachable!("scanning leaves instructions with vector registers to the interpreter")
    }

    fn unary(&mut self, op: Unary, w: Width, a: Value) -> Value {
        let value = self.narrow(w, a);
        let result = match op {
            Unary::Not => self.b.ins().bnot(value),
            Unary::Neg => self.b.ins().ineg(value),
            Unary::Clz => self.b.ins().clz(value),
            Unary::Ctz => self.b.ins().ctz(value),
            Unary::Popcount => self.b.ins().popcnt(value),
            Unary::ReverseBits => self.b.ins().bitrev(value),
            Unary::ReverseBytes => self.b.ins().bswap(value),
            Unary::Sext8 => self.extended(I8, w, a),
            Unary::Sext16 => self.extended(I16, w, a),
            Unary::Sext32 => self.extended(I32, w, a),
        };
        self.widen(w, result)
    }

    fn binary(&mut self, op: Binary, w: Width, a: Value, b: Value) -> Value {
        let (a, b) = (self.narrow(w, a), self.narrow(w, b));
        let result = match op {
            Binary::Add => self.b.ins().iadd(a, b),
            Binary::Sub => self.b.ins().isub(a, b),
            Binary::Mul => self.b.ins().imul(a, b),
            Binary::UmulHigh if w == Width::W32 => self.high_of_words(false, a, b),
            Binary::SmulHigh if w == Width::W32 => self.high_of_words(true, a, b),
            Binary::UmulHigh => self.b.ins().umulhi(a, b),
            Binary::SmulHigh => self.b.ins().smulhi(a, b),
            Binary::Udiv | Binary::Sdiv | Binary::Urem | Binary::Srem => self.divide(op, a, b),
            Binary::And => self.b.ins().band(a, b),
            Binary::Or => self.b.ins().bor(a, b),
            Binary::Xor => self.b.ins().bxor(a, b),
            // Amounts count modulo the width, as in the trait.
            Binary::Shl => self.b.ins().ishl(a, b),
            Binary::Shr => self.b.ins().ushr(a, b),
            Binary::Sar => self.b.ins().sshr(a, b),
            Binary::Ror => self.b.ins().rotr(a, b),
        };
        self.widen(w, result)
    }

    fn compare(&mut self, op: Compare, w: Width, a: Value, b: Value) -> Value {
        let (a, b) = (self.narrow(w, a), self.narrow(w, b));
        let condition = match op {
            Compare::Eq => IntCC::Equal,
            Compare::Ne => IntCC::NotEqual,
            Compare::Ult => IntCC::UnsignedLessThan,
            Compare::Ule => IntCC::UnsignedLessThanOrEqual,
            Compare::Slt => IntCC::SignedLessThan,
            Compare::Sle => IntCC::SignedLessThanOrEqual,
        };
        let holds = self.b.ins().icmp(condition, a, b);
        self.b.ins().uextend(I64, holds)
    }

    fn select(&mut self, c: Value, a: Value, b: Value) -> Value {
        self.b.ins().select(c, a, b)
    }

    fn when(
        &mut self,
        c: Value,
        then: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let (inside, after) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(c, inside, &[], after, &[]);
        if self.branch(inside, after, then).is_err() {
            self.b.set_cold_block(inside);
        }
        self.b.switch_to_block(after);
        self.b.seal_block(after);
        Ok(())
    }

    fn if_else(
        &mut self,
        c: Value,
        then: impl FnOnce(&mut Self) -> Result<(), Ended>,
        otherwise: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let [first, second, after] = std::array::from_fn(|_| self.b.create_block());
        self.b.ins().brif(c, first, &[], second, &[]);
        let first = self.branch(first, after, then);
        let second = self.branch(second, after, otherwise);
        first.or(second)?;
        self.b.switch_to_block(after);
        self.b.seal_block(after);
        Ok(())
    }

    fn load(&mut self, address: Value, mem: Mem) -> Result<Value, Ended> {
        let needs: &[i32] = if mem.update { &[table::WRITE, table::READ] } else { &[table::READ] };
        let host = self.host_address(address, mem, needs);
        let ty = int(mem.size);
        let mut value = self.b.ins().load(ty, GUEST, host, 0);
        if G::BIG_ENDIAN && ty != I8 {
            value = self.b.ins().bswap(value);
        }
        Ok(if ty == I64 { value } else { self.b.ins().uextend(I64, value) })
    }

    fn store(&mut self, address: Value, value: Value, mem: Mem) -> Result<(), Ended> {
        let host = self.host_address(address, mem, &[table::WRITE]);
        let ty = int(mem.size);
        let mut value = if ty == I64 { value } else { self.b.ins().ireduce(ty, value) };
        if G::BIG_ENDIAN && ty != I8 {
            value = self.b.ins().bswap(value);
        }
        self.b.ins().store(GUEST, value, host, 0);
        Ok(())
    }

    fn jump_rel(&mut self, offset: i64) {
        self.place.goes = Goes::Jump(offset);
    }

    fn jump(&mut self, target: Value) {
        self.place.goes = Goes::Indirect(target);
    }

    fn branch_rel(&mut self, c: Value, offset: i64) {
        self.place.goes = Goes::Branch(c, offset);
    }

    fn call(&mut self, _helper: Helper<G>, _args: [Value; 3]) -> Result<Value, Ended> {
        self.leave_here(Leave::Step);
        Err(Ended)
    }

    fn raise(&mut self, _exception: G::Exception) -> Result<(), Ended> {
        self.leave_here(Leave::Step);
        Err(Ended)
    }
}
