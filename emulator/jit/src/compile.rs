//! From a region to host code.

use std::sync::Arc;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Block as HostBlock, InstBuilder, MemFlagsData, Value};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{Configurable, Flags, builder};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use lockstep_cpu::Guest;

use crate::emit::{Emitter, Goes, Place};
use crate::frame::{self, Leave};
use crate::region::{Block, PAGE, Region, target};
use crate::scan::Flow;

const FLAGS: MemFlagsData = MemFlagsData::trusted();

/// Cranelift, ready to use again.
pub(crate) struct Compiler {
    isa: Arc<dyn TargetIsa>,
    context: Context,
    building: FunctionBuilderContext,
}

/// The host blocks of a region's blocks, in the order of the places in the page where they start.
struct Heads {
    blocks: Vec<(usize, HostBlock)>,
    /// Where indirect branches are likely to go.
    likely: Vec<(usize, HostBlock)>,
}

impl Compiler {
    /// A compiler for this host, if there is one.
    pub(crate) fn new() -> Option<Self> {
        // What is emitted relies on x86's memory order and on its caches seeing new code by themselves.
        if !cfg!(target_arch = "x86_64") {
            return None;
        }
        let mut settings = builder();
        let verify = if cfg!(debug_assertions) { "true" } else { "false" };
        for (name, value) in
            [("opt_level", "speed"), ("enable_verifier", verify), ("enable_probestack", "false")]
        {
            settings.set(name, value).ok()?;
        }
        let isa = cranelift_native::builder().ok()?.finish(Flags::new(settings)).ok()?;
        Some(Self { isa, context: Context::new(), building: FunctionBuilderContext::new() })
    }

    /// Host code for a region, free of addresses; `None` when the compiler refuses it.
    pub(crate) fn compile<G: Guest>(
        &mut self,
        region: &Region<G>,
        entry: usize,
    ) -> Option<Vec<u8>> {
        self.context.clear();
        let signature = &mut self.context.func.signature;
        signature.call_conv = self.isa.default_call_conv();
        signature.params = vec![AbiParam::new(I64); 2];
        signature.returns = vec![AbiParam::new(I64)];
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.building);
        emit_region(&mut b, region, entry);
        b.finalize(self.isa.frontend_config());
        let code = self.context.compile(&*self.isa, &mut ControlPlane::default());
        let code = code.ok()?;
        code.buffer.relocs().is_empty().then(|| code.code_buffer().to_vec())
    }
}

fn emit_region<G: Guest>(b: &mut FunctionBuilder<'_>, region: &Region<G>, entry: usize) {
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    b.seal_block(start);
    let (frame, registers) = (b.block_params(start)[0], b.block_params(start)[1]);
    let pc = b.ins().load(I64, FLAGS, frame, frame::PC);
    let mask = b.ins().iconst(I64, !(PAGE as i64 - 1));
    let base = b.ins().band(pc, mask);
    let tables = frame::TABLES.map(|offset| b.ins().load(I64, FLAGS, frame, offset));
    let left = b.declare_var(I64);
    let value = b.ins().load(I64, FLAGS, frame, frame::LEFT);
    b.def_var(left, value);
    let regs = std::array::from_fn(|number| {
        let reg = b.declare_var(I64);
        if region.used >> number & 1 != 0 {
            let value = b.ins().load(I64, FLAGS, registers, number as i32 * 8);
            b.def_var(reg, value);
        }
        reg
    });
    let blocks = region.blocks.keys().map(|at| (*at, b.create_block())).collect();
    let mut heads = Heads { blocks, likely: Vec::new() };
    let likely = region.returns.iter().filter_map(|at| Some((*at, heads.at(*at)?))).collect();
    heads.likely = likely;
    let place = Place { at: entry, owed: 0, dirty: 0, goes: Goes::Next };
    let mut e = Emitter { b, regs, left, registers, frame, base, tables, place };
    e.jump_to(&heads, entry, 0);
    for ((_, head), (at, block)) in heads.blocks.iter().zip(&region.blocks) {
        e.b.switch_to_block(*head);
        e.block(&heads, *at, block);
    }
    e.b.seal_all_blocks();
}

impl Heads {
    /// The block that starts at a place.
    fn at(&self, at: usize) -> Option<HostBlock> {
        let place = self.blocks.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        Some(self.blocks[place].1)
    }
}

impl Emitter<'_, '_> {
    /// Takes a block's instructions off the budget, or leaves when there are not as many.
    fn spend(&mut self, at: usize, count: u64, dirty: u64) {
        let left = self.b.use_var(self.left);
        let cost = self.constant(count);
        let short = self.b.ins().icmp(IntCC::UnsignedLessThan, left, cost);
        let (enough, too_little) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(too_little);
        self.b.ins().brif(short, too_little, &[], enough, &[]);
        self.b.switch_to_block(too_little);
        self.b.seal_block(too_little);
        let pc = self.address(at);
        self.leave(Leave::Budget, pc, 0, dirty);
        self.b.switch_to_block(enough);
        self.b.seal_block(enough);
        let rest = self.b.ins().isub(left, cost);
        self.b.def_var(self.left, rest);
    }

    fn block<G: Guest>(&mut self, heads: &Heads, at: usize, block: &Block<G>) {
        let mut owed = block.ops.iter().filter(|op| op.facts.flow != Flow::Step).count() as u64;
        if owed > 0 {
            self.spend(at, owed, block.dirty);
        }
        let mut dirty = block.dirty;
        let mut next = at;
        for op in &block.ops {
            self.place = Place { at: op.at, owed, dirty, goes: Goes::Next };
            if op.facts.flow == Flow::Step {
                self.leave_here(Leave::Step);
                return;
            }
            if G::meaning::<Self>(op.row)(self, &op.insn).is_err() {
                return;
            }
            owed -= 1;
            dirty |= op.facts.written;
            next = op.next;
        }
        self.go_on::<G>(heads, next, dirty);
    }

    /// Goes where the last instruction of a block said; `next` is the place after it.
    fn go_on<G: Guest>(&mut self, heads: &Heads, next: usize, dirty: u64) {
        match self.place.goes {
            Goes::Next => self.jump_to(heads, next, dirty),
            Goes::Jump(offset) => self.jump_by::<G>(heads, offset, dirty),
            Goes::Indirect(target) => {
                for (at, head) in &heads.likely {
                    let place = self.address(*at);
                    let there = self.b.ins().icmp(IntCC::Equal, target, place);
                    let elsewhere = self.b.create_block();
                    self.b.ins().brif(there, *head, &[], elsewhere, &[]);
                    self.b.switch_to_block(elsewhere);
                    self.b.seal_block(elsewhere);
                }
                self.leave(Leave::Jump, target, 0, dirty);
            }
            Goes::Branch(c, offset) => {
                let (taken, not_taken) = (self.b.create_block(), self.b.create_block());
                self.b.ins().brif(c, taken, &[], not_taken, &[]);
                self.b.switch_to_block(taken);
                self.b.seal_block(taken);
                self.jump_by::<G>(heads, offset, dirty);
                self.b.switch_to_block(not_taken);
                self.b.seal_block(not_taken);
                self.jump_to(heads, next, dirty);
            }
        }
    }

    fn jump_by<G: Guest>(&mut self, heads: &Heads, offset: i64, dirty: u64) {
        if let Some(target) = target::<G>(self.place.at, offset) {
            return self.jump_to(heads, target, dirty);
        }
        let pc = self.address(self.place.at);
        let offset = self.constant(offset as u64);
        let target: Value = self.b.ins().iadd(pc, offset);
        self.leave(Leave::Jump, target, 0, dirty);
    }

    /// Goes to a place in the page, or past its end.
    fn jump_to(&mut self, heads: &Heads, at: usize, dirty: u64) {
        if let Some(head) = heads.at(at) {
            self.b.ins().jump(head, &[]);
        } else {
            let pc = self.address(at);
            self.leave(Leave::Jump, pc, 0, dirty);
        }
    }
}
