//! Meanings as Cranelift code.
//!
//! Compiled code does only what needs nobody: it computes, branches, and uses pages that the host table has.
//! For whatever else an instruction needs it calls out: for an access, or to have the whole instruction run by the
//! interpreter's meaning. So there is one place in which accesses fault, devices act and helpers run, and it is the same
//! for both engines.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, InstBuilder, MemFlagsData, SigRef, Signature, Type, Value,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, Variable};
use lockstep_cpu::{
    Binary, Compare, Emit, Guest, Helper, Mem, REGS, Reg, SINK, Size, Tlb, Unary, VREGS, Vcpu,
    Width,
};

use crate::compile::region_signature;
use crate::frame::{self, Code, Leave, What};
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
    /// Where its block starts.
    pub(crate) start: usize,
    /// Instructions from it to the end of its block, with it: taken off the budget at the head of the block.
    pub(crate) owed: u64,
    /// Registers that may have been written so far, and not been written back.
    pub(crate) dirty: u64,
    /// Registers whose values matter after it.
    pub(crate) live: u64,
    /// Registers that it may write.
    pub(crate) written: u64,
    /// How many values were known to be 0 before it.
    pub(crate) zeros: usize,
    /// The address of its [`lockstep_cpu::Op`], when it may have to be run as a whole.
    pub(crate) op: Option<u64>,
    /// Where control goes after it.
    pub(crate) goes: Goes,
    /// Where those ways through it go on that had it run as a whole.
    pub(crate) done: Option<Block>,
}

/// What compiled code calls.
#[derive(Clone, Copy)]
pub(crate) struct Signatures {
    region: SigRef,
    load: SigRef,
    store: SigRef,
    step: SigRef,
    row: SigRef,
}

/// Declares what compiled code calls: see [`frame::Load`], [`frame::Store`], [`frame::Step`],
/// [`frame::Row`].
pub(crate) fn signatures(b: &mut FunctionBuilder<'_>) -> Signatures {
    let mut outside = |params: usize, returns: usize| {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = vec![AbiParam::new(I64); params];
        signature.returns = vec![AbiParam::new(I64); returns];
        b.import_signature(signature)
    };
    let (load, store) = (outside(5, 2), outside(6, 1));
    let (step, row) = (outside(5, 1), outside(6, 1));
    Signatures { region: b.import_signature(region_signature()), load, store, step, row }
}

/// Emits code for meanings.
pub(crate) struct Emitter<'a, 'f> {
    pub(crate) b: &'a mut FunctionBuilder<'f>,
    pub(crate) regs: [Variable; REGS],
    /// Instructions left.
    pub(crate) left: Variable,
    /// The host table of the current mode.
    pub(crate) table: Variable,
    /// Where the guest's registers are.
    pub(crate) registers: Value,
    /// Where the [`frame::Frame`] is.
    pub(crate) frame: Value,
    /// The virtual address of the page.
    pub(crate) base: Value,
    /// Where the page's slots are.
    pub(crate) slots: *const Code,
    pub(crate) signatures: Signatures,
    /// How many conditions deep the instruction is.
    pub(crate) depth: u32,
    /// How many of them are not expected to hold.
    pub(crate) unlikely: u32,
    /// Values that are known to be 0 in the rest of the block.
    pub(crate) zeros: Vec<Value>,
    pub(crate) place: Place,
}

/// Registers, tables, frame.
pub(crate) const FLAGS: MemFlagsData = MemFlagsData::trusted();
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

/// How far half of a vector register is from the first register.
fn vector_offset<G: Guest>(reg: u8, half: u8) -> i32 {
    let vregs = std::mem::offset_of!(Vcpu<G>, vregs) as i32;
    let regs = std::mem::offset_of!(Vcpu<G>, regs) as i32;
    vregs - regs + i32::from(reg) % VREGS as i32 * 16 + i32::from(half & 1) * 8
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

    /// Goes on in a block to which everything that leads there has been emitted.
    pub(crate) fn enter(&mut self, block: Block) {
        self.b.switch_to_block(block);
        self.b.seal_block(block);
    }

    /// Writes registers back that may have been written.
    pub(crate) fn write_back(&mut self, dirty: u64) {
        for reg in (0..REGS).filter(|reg| dirty >> reg & 1 != 0) {
            let value = self.b.use_var(self.regs[reg]);
            self.b.ins().store(FLAGS, value, self.registers, reg as i32 * 8);
        }
    }

    /// Takes registers from where others left them.
    pub(crate) fn reload(&mut self, live: u64) {
        for reg in (0..REGS).filter(|reg| live >> reg & 1 != 0) {
            let value = self.b.ins().load(I64, FLAGS, self.registers, reg as i32 * 8);
            self.b.def_var(self.regs[reg], value);
        }
    }

    /// Takes from the frame which table is the current one.
    pub(crate) fn reload_table(&mut self) {
        let table = self.b.ins().load(I64, FLAGS, self.frame, frame::TABLES[0]);
        self.b.def_var(self.table, table);
    }

    /// Leaves the region.
    pub(crate) fn leave(&mut self, why: Leave, pc: Value, dirty: u64) {
        self.write_back(dirty);
        let left = self.b.use_var(self.left);
        self.b.ins().store(FLAGS, left, self.frame, frame::LEFT);
        self.b.ins().store(FLAGS, pc, self.frame, frame::PC);
        let why = self.constant(why as u64);
        self.b.ins().return_(&[why]);
    }

    /// Goes to another place in the same page.
    pub(crate) fn chain_within(&mut self, pc: Value, slot: usize) {
        let address = self.slots.wrapping_add(slot).expose_provenance() as u64;
        let slot = self.constant(address);
        let code = self.b.ins().load(I64, FLAGS, slot, 0);
        self.chain(code, pc);
    }

    fn chain(&mut self, code: Value, pc: Value) {
        let left = self.b.use_var(self.left);
        let args = [self.frame, self.registers, pc, left];
        self.b.ins().return_call_indirect(self.signatures.region, code, &args);
    }

    /// Goes to any address, as far as instructions can be fetched there without further ado.
    pub(crate) fn chain_to(&mut self, align: u64, pc: Value) {
        let shift = self.constant(u64::from(12 - table::SOURCE_BITS));
        let place = self.b.ins().ushr(pc, shift);
        let place = self.and_constant(place, ((Tlb::PLACES - 1) << table::SOURCE_BITS) as u64);
        let sources = self.b.ins().load(I64, FLAGS, self.frame, frame::SOURCES);
        let source = self.b.ins().iadd(sources, place);
        let page = self.b.ins().load(I64, FLAGS, source, table::SOURCE_PAGE);
        let wanted = self.and_constant(pc, !(PAGE as u64 - 1) | (align - 1));
        let known = self.b.ins().icmp(IntCC::Equal, page, wanted);
        // Nothing is fetched before it is to run.
        let left = self.b.use_var(self.left);
        let zero = self.constant(0);
        let goes_on = self.b.ins().icmp(IntCC::NotEqual, left, zero);
        let known = self.b.ins().band(known, goes_on);
        self.insist(known, |e| {
            e.b.ins().store(FLAGS, e.base, e.frame, frame::FROM);
            e.leave(Leave::Elsewhere, pc, 0);
        });
        let number = self.b.ins().load(I64, FLAGS, source, table::FRAME);
        self.b.ins().store(FLAGS, number, self.frame, frame::PAGE);
        let slots = self.b.ins().load(I64, FLAGS, source, table::SLOTS);
        let place = self.and_constant(pc, PAGE as u64 - 1);
        let scale = self.constant(8 / align);
        let offset = self.b.ins().imul(place, scale);
        let slot = self.b.ins().iadd(slots, offset);
        let code = self.b.ins().load(I64, FLAGS, slot, 0);
        self.chain(code, pc);
    }

    /// What a call out is told of the instruction.
    fn what(&mut self, mem: Mem) -> Value {
        let what = What { at: self.place.at, owed: self.place.owed, mem };
        self.constant(what.pack())
    }

    fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Goes on when `c` is not 0; else does `otherwise`, which does not come back.
    pub(crate) fn insist(&mut self, c: Value, otherwise: impl FnOnce(&mut Self)) {
        let (good, bad) = (self.b.create_block(), self.cold_block());
        self.b.ins().brif(c, good, &[], bad, &[]);
        self.enter(bad);
        otherwise(self);
        self.enter(good);
    }

    /// Returns what a call out gave when that is not 0; the processor's other state is where it belongs.
    fn leave_with(&mut self, why: Value, dirty: u64) {
        let zero = self.constant(0);
        let fine = self.b.ins().icmp(IntCC::Equal, why, zero);
        self.insist(fine, |e| {
            e.write_back(dirty);
            e.b.ins().return_(&[why]);
        });
    }

    /// Has the instruction run as a whole.
    pub(crate) fn step_here(&mut self) {
        self.write_back(self.place.dirty);
        let what = self.what(Mem::plain(Size::B1));
        let step = self.b.ins().load(I64, FLAGS, self.frame, frame::STEP);
        let (op, left) = (self.op(), self.b.use_var(self.left));
        let args = [self.frame, op, what, left, self.base];
        let call = self.b.ins().call_indirect(self.signatures.step, step, &args);
        let why = self.b.inst_results(call)[0];
        self.leave_with(why, 0);
        self.reload(self.place.live);
        self.reload_table();
        self.place.dirty = 0;
        self.zeros.clear();
    }

    /// Leaves the instruction to the interpreter, and the region with it.
    fn leave_before(&mut self) {
        let (left, owed) = (self.b.use_var(self.left), self.constant(self.place.owed));
        let left = self.b.ins().iadd(left, owed);
        self.b.def_var(self.left, left);
        let pc = self.address(self.place.at);
        self.leave(Leave::Step, pc, self.place.dirty);
    }

    /// The address of the instruction, for who runs it as a whole.
    fn op(&mut self) -> Value {
        self.constant(self.place.op.unwrap_or(0))
    }

    /// Goes on after the instruction, which has been run as a whole.
    fn jump_done(&mut self) {
        let done = match self.place.done {
            Some(done) => done,
            None => self.b.create_block(),
        };
        self.place.done = Some(done);
        self.b.ins().jump(done, &[]);
    }

    /// Where the ways through the instruction meet.
    pub(crate) fn join_done(&mut self) {
        if let Some(done) = self.place.done {
            self.b.ins().jump(done, &[]);
            self.enter(done);
            self.zeros.truncate(self.place.zeros);
        }
    }

    /// Finds the host address of several accesses in a row. When the table does not have one page for all of them, the
    /// instruction is run as a whole.
    fn row_address(&mut self, address: Value, mem: Mem, count: usize, field: i32) -> Value {
        let (entry, first) = self.table_place(address, mem);
        let to_last = self.constant((count as u64 - 1) * mem.size.bytes());
        let last = self.b.ins().iadd(address, to_last);
        let last = self.and_constant(last, !(PAGE as u64 - 1));
        let page = self.b.ins().load(I64, FLAGS, entry, field);
        let other = [first, last].map(|end| self.b.ins().bxor(page, end));
        let other = self.b.ins().bor(other[0], other[1]);
        let zero = self.constant(0);
        let known = self.b.ins().icmp(IntCC::Equal, other, zero);
        self.insist(known, |e| {
            e.row_outside(address, mem);
            e.jump_done();
        });
        let addend = self.b.ins().load(I64, FLAGS, entry, table::ADDEND);
        self.b.ins().iadd(address, addend)
    }

    /// Has the instruction run as a whole, whose accesses the table lacks.
    fn row_outside(&mut self, address: Value, mem: Mem) {
        self.write_back(self.place.dirty);
        let what = self.what(mem);
        let row = self.b.ins().load(I64, FLAGS, self.frame, frame::ROW);
        let (op, left) = (self.op(), self.b.use_var(self.left));
        let args = [self.frame, op, what, left, self.base, address];
        let call = self.b.ins().call_indirect(self.signatures.row, row, &args);
        let why = self.b.inst_results(call)[0];
        self.leave_with(why, 0);
        self.reload(self.place.live & self.place.written);
    }

    /// The place in the host table for an address, and what a field of it has to be.
    fn table_place(&mut self, address: Value, mem: Mem) -> (Value, Value) {
        let shift = self.constant(u64::from(12 - table::ENTRY_BITS));
        let place = self.b.ins().ushr(address, shift);
        let place = self.and_constant(place, ((Tlb::PLACES - 1) << table::ENTRY_BITS) as u64);
        let table = if mem.user {
            self.b.ins().load(I64, FLAGS, self.frame, frame::TABLES[1])
        } else {
            self.b.use_var(self.table)
        };
        let wanted = self.and_constant(address, !(PAGE as u64 - 1) | (mem.size.bytes() - 1));
        (self.b.ins().iadd(table, place), wanted)
    }

    /// Finds the host address for an access; goes to `miss` when the table does not have it. Misaligned accesses have no
    /// entry.
    fn host_address(&mut self, address: Value, mem: Mem, needs: &[i32], miss: Block) -> Value {
        let (entry, wanted) = self.table_place(address, mem);
        for &field in needs {
            let page = self.b.ins().load(I64, FLAGS, entry, field);
            let same = self.b.ins().icmp(IntCC::Equal, page, wanted);
            let hit = self.b.create_block();
            self.b.ins().brif(same, hit, &[], miss, &[]);
            self.enter(hit);
        }
        let addend = self.b.ins().load(I64, FLAGS, entry, table::ADDEND);
        self.b.ins().iadd(address, addend)
    }

    fn load_host<G: Guest>(&mut self, host: Value, offset: i32, size: Size) -> Value {
        let ty = int(size);
        let mut value = self.b.ins().load(ty, GUEST, host, offset);
        if G::BIG_ENDIAN && ty != I8 {
            value = self.b.ins().bswap(value);
        }
        if ty == I64 { value } else { self.b.ins().uextend(I64, value) }
    }

    fn store_host<G: Guest>(&mut self, value: Value, host: Value, offset: i32, size: Size) {
        let ty = int(size);
        let mut bytes = if ty == I64 { value } else { self.b.ins().ireduce(ty, value) };
        if G::BIG_ENDIAN && ty != I8 {
            bytes = self.b.ins().bswap(bytes);
        }
        self.b.ins().store(GUEST, bytes, host, offset);
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
        self.enter(block);
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
            if G::DERIVED >> (reg & 63) & 1 != 0 {
                self.place.dirty |= 1 << (reg & 63);
            } else {
                self.b.ins().store(FLAGS, value, self.registers, i32::from(reg & 63) * 8);
            }
        }
    }

    fn vget(&mut self, reg: u8, half: u8) -> Value {
        self.b.ins().load(I64, FLAGS, self.registers, vector_offset::<G>(reg, half))
    }

    fn vput(&mut self, reg: u8, half: u8, value: Value) {
        self.b.ins().store(FLAGS, value, self.registers, vector_offset::<G>(reg, half));
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

    fn zext32(&mut self, a: Value) -> Value {
        let low = self.narrow(Width::W32, a);
        self.widen(Width::W32, low)
    }

    fn when(
        &mut self,
        c: Value,
        then: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        if self.zeros.contains(&c) {
            return Ok(());
        }
        let (inside, after) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(c, inside, &[], after, &[]);
        (self.depth, self.unlikely) = (self.depth + 1, self.unlikely + 1);
        let ended = self.branch(inside, after, then).is_err();
        (self.depth, self.unlikely) = (self.depth - 1, self.unlikely - 1);
        self.enter(after);
        if ended {
            self.b.set_cold_block(inside);
            if self.depth == 0 {
                self.zeros.push(c);
            }
        }
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
        self.depth += 1;
        let first = self.branch(first, after, then);
        let second = self.branch(second, after, otherwise);
        self.depth -= 1;
        first.or(second)?;
        self.enter(after);
        Ok(())
    }

    fn load(&mut self, address: Value, mem: Mem) -> Result<Value, Ended> {
        let needs: &[i32] = if mem.update { &[table::WRITE, table::READ] } else { &[table::READ] };
        let (miss, join) = (self.cold_block(), self.b.create_block());
        let result = self.b.append_block_param(join, I64);
        let host = self.host_address(address, mem, needs, miss);
        let value = self.load_host::<G>(host, 0, mem.size);
        self.b.ins().jump(join, &[BlockArg::Value(value)]);
        self.enter(miss);
        let what = self.what(mem);
        let load = self.b.ins().load(I64, FLAGS, self.frame, frame::LOAD);
        let left = self.b.use_var(self.left);
        let args = [self.frame, address, what, left, self.base];
        let call = self.b.ins().call_indirect(self.signatures.load, load, &args);
        let [value, why] = std::array::from_fn(|number| self.b.inst_results(call)[number]);
        self.leave_with(why, self.place.dirty);
        self.b.ins().jump(join, &[BlockArg::Value(value)]);
        self.enter(join);
        Ok(result)
    }

    fn store(&mut self, address: Value, value: Value, mem: Mem) -> Result<(), Ended> {
        let (miss, join) = (self.cold_block(), self.b.create_block());
        let host = self.host_address(address, mem, &[table::WRITE], miss);
        self.store_host::<G>(value, host, 0, mem.size);
        self.b.ins().jump(join, &[]);
        self.enter(miss);
        let what = self.what(mem);
        let store = self.b.ins().load(I64, FLAGS, self.frame, frame::STORE);
        let left = self.b.use_var(self.left);
        let args = [self.frame, address, what, left, self.base, value];
        let call = self.b.ins().call_indirect(self.signatures.store, store, &args);
        let why = self.b.inst_results(call)[0];
        self.leave_with(why, self.place.dirty);
        self.b.ins().jump(join, &[]);
        self.enter(join);
        Ok(())
    }

    fn load_row(&mut self, address: Value, mem: Mem, values: &mut [Value]) -> Result<(), Ended> {
        if let [value] = values {
            *value = Emit::<G>::load(self, address, mem)?;
            return Ok(());
        }
        let host = self.row_address(address, mem, values.len(), table::READ);
        for (offset, value) in (0..).step_by(mem.size.bytes() as usize).zip(values) {
            *value = self.load_host::<G>(host, offset, mem.size);
        }
        Ok(())
    }

    fn store_row(&mut self, address: Value, mem: Mem, values: &[Value]) -> Result<(), Ended> {
        if let [value] = values {
            return Emit::<G>::store(self, address, *value, mem);
        }
        let host = self.row_address(address, mem, values.len(), table::WRITE);
        for (offset, value) in (0..).step_by(mem.size.bytes() as usize).zip(values) {
            self.store_host::<G>(*value, host, offset, mem.size);
        }
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
        if self.unlikely > 0 {
            self.leave_before();
            return Err(Ended);
        }
        // Not what the other ways through the instruction find.
        let (dirty, zeros) = (self.place.dirty, self.zeros.clone());
        self.step_here();
        (self.place.dirty, self.zeros) = (dirty, zeros);
        self.jump_done();
        Err(Ended)
    }

    fn raise(&mut self, _exception: G::Exception) -> Result<(), Ended> {
        self.leave_before();
        Err(Ended)
    }
}
