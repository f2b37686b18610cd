//! From a region to host code.

use std::sync::Arc;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Block as HostBlock, Function, InstBuilder, Signature};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_codegen::settings::{Configurable, Flags, builder};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use lockstep_cpu::{Guest, Op};

use crate::emit::{Emitter, Goes, Place};
use crate::frame::{self, Code, Leave};
use crate::region::{Block, PAGE, Region, target};
use crate::scan::Flow;

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
    likely: Vec<usize>,
}

/// A compiled region.
pub(crate) struct Compiled<G: Guest> {
    /// Host code, to be called at any address.
    pub(crate) code: Vec<u8>,
    /// Instructions to which the code refers.
    pub(crate) ops: Box<[Op<G>]>,
}

/// The code generator for this host, if there is one.
pub(crate) fn host_isa() -> Option<Arc<dyn TargetIsa>> {
    // What is emitted relies on x86's memory order and on its caches seeing new code by themselves.
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    let mut settings = builder();
    let verify = if cfg!(debug_assertions) { "true" } else { "false" };
    for (name, value) in [
        // Optimizing takes two thirds as long again, and code that is there sooner is worth more than what it gains.
        ("opt_level", "none"),
        ("enable_verifier", verify),
        ("enable_probestack", "false"),
        // Tail calls want it.
        ("preserve_frame_pointers", "true"),
    ] {
        settings.set(name, value).ok()?;
    }
    cranelift_native::builder().ok()?.finish(Flags::new(settings)).ok()
}

/// Compiled code goes from region to region without coming back, and without a stack that grows: by tail calls. Its
/// arguments are the frame, the vCPU's registers, the pc and the instructions left.
pub(crate) fn region_signature() -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params = vec![AbiParam::new(I64); 4];
    signature.returns = vec![AbiParam::new(I64)];
    signature
}

impl Compiler {
    pub(crate) fn new(isa: Arc<dyn TargetIsa>) -> Self {
        Self { isa, context: Context::new(), building: FunctionBuilderContext::new() }
    }

    /// Host code for a region whose page's slots are at `slots`; `None` when the compiler refuses it.
    pub(crate) fn compile<G: Guest>(
        &mut self,
        region: &Region<G>,
        entry: usize,
        slots: *const Code,
    ) -> Option<Compiled<G>> {
        let outside = region.blocks.values().flat_map(|block| &block.ops);
        let outside = outside.filter(|op| op.facts.calls);
        let ops: Box<[Op<G>]> = outside.clone().map(|op| Op::new(&op.decoded)).collect();
        let places: Vec<usize> = outside.map(|op| op.at).collect();
        let code = self.emit(region_signature(), |b| {
            emit_region(b, region, entry, slots, (&places, &ops));
        })?;
        Some(Compiled { code, ops })
    }

    /// The way into compiled code from outside, see [`frame::Enter`].
    pub(crate) fn compile_entry(&mut self) -> Option<Vec<u8>> {
        let mut signature = region_signature();
        signature.call_conv = self.isa.default_call_conv();
        signature.params.push(AbiParam::new(I64));
        self.emit(signature, |b| {
            let start = begin(b);
            let [frame, registers, pc, left, code] =
                std::array::from_fn(|number| b.block_params(start)[number]);
            let signature = b.import_signature(region_signature());
            let call = b.ins().call_indirect(signature, code, &[frame, registers, pc, left]);
            let why = b.inst_results(call)[0];
            b.ins().return_(&[why]);
        })
    }

    /// What stands in for a region where there is none: says so.
    pub(crate) fn compile_stub(&mut self) -> Option<Vec<u8>> {
        self.emit(region_signature(), |b| {
            let start = begin(b);
            let [frame, _, pc, left] = std::array::from_fn(|number| b.block_params(start)[number]);
            b.ins().store(crate::emit::FLAGS, pc, frame, frame::PC);
            b.ins().store(crate::emit::FLAGS, left, frame, frame::LEFT);
            let why = b.ins().iconst(I64, Leave::Jump as i64);
            b.ins().return_(&[why]);
        })
    }

    fn emit(
        &mut self,
        signature: Signature,
        body: impl FnOnce(&mut FunctionBuilder<'_>),
    ) -> Option<Vec<u8>> {
        self.context.clear();
        self.context.func = Function::with_name_signature(Default::default(), signature);
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.building);
        body(&mut b);
        b.seal_all_blocks();
        b.finalize(self.isa.frontend_config());
        let code = self.context.compile(&*self.isa, &mut ControlPlane::default());
        let code = match code {
            Ok(code) => code,
            Err(error) => {
                debug_assert!(false, "{:?}", error.inner);
                return None;
            }
        };
        code.buffer.relocs().is_empty().then(|| code.code_buffer().to_vec())
    }
}

/// The first block, with the function's arguments.
fn begin(b: &mut FunctionBuilder<'_>) -> HostBlock {
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    b.seal_block(start);
    start
}

fn emit_region<G: Guest>(
    b: &mut FunctionBuilder<'_>,
    region: &Region<G>,
    entry: usize,
    slots: *const Code,
    (places, ops): (&[usize], &[Op<G>]),
) {
    let start = begin(b);
    let [frame, registers, pc, budget] =
        std::array::from_fn(|number| b.block_params(start)[number]);
    let mask = b.ins().iconst(I64, !(PAGE as i64 - 1));
    let base = b.ins().band(pc, mask);
    let [left, table] = [b.declare_var(I64), b.declare_var(I64)];
    b.def_var(left, budget);
    let regs = std::array::from_fn(|_| b.declare_var(I64));
    let blocks = region.blocks.keys().map(|at| (*at, b.create_block())).collect();
    let heads = Heads { blocks, likely: region.returns.clone() };
    let signatures = crate::emit::signatures(b);
    let place = Place {
        at: entry,
        start: entry,
        owed: 0,
        dirty: 0,
        live: 0,
        written: 0,
        zeros: 0,
        op: None,
        goes: Goes::Next,
        done: None,
    };
    let mut e = Emitter {
        b,
        regs,
        left,
        table,
        registers,
        frame,
        base,
        slots,
        signatures,
        depth: 0,
        unlikely: 0,
        zeros: Vec::new(),
        place,
    };
    let known = &region.blocks[&entry];
    e.check_budget(entry, known.cost, 0);
    e.reload(known.live);
    e.reload_table();
    if let Some(head) = heads.at(entry) {
        e.b.ins().jump(head, &[]);
    }
    for ((_, head), (at, block)) in heads.blocks.iter().zip(&region.blocks) {
        e.b.switch_to_block(*head);
        e.block(region, &heads, *at, block, (places, ops));
    }
}

impl Heads {
    /// The block that starts at a place.
    fn at(&self, at: usize) -> Option<HostBlock> {
        let place = self.blocks.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        Some(self.blocks[place].1)
    }
}

impl Emitter<'_, '_> {
    /// Leaves when less is left of the budget than the ways from here can take.
    fn check_budget(&mut self, at: usize, cost: u64, dirty: u64) {
        let left = self.b.use_var(self.left);
        let cost = self.constant(cost);
        let enough = self.b.ins().icmp(
            cranelift_codegen::ir::condcodes::IntCC::UnsignedGreaterThanOrEqual,
            left,
            cost,
        );
        self.insist(enough, |e| {
            let pc = e.address(at);
            e.leave(Leave::Budget, pc, dirty);
        });
    }

    fn block<G: Guest>(
        &mut self,
        region: &Region<G>,
        heads: &Heads,
        start: usize,
        block: &Block<G>,
        (places, ops): (&[usize], &[Op<G>]),
    ) {
        let mut owed = block.ops.len() as u64;
        let left = self.b.use_var(self.left);
        let cost = self.constant(owed);
        let rest = self.b.ins().isub(left, cost);
        self.b.def_var(self.left, rest);
        self.zeros.clear();
        let mut dirty = block.dirty;
        let mut next = start;
        for op in &block.ops {
            let known = places.binary_search(&op.at).ok().and_then(|place| ops.get(place));
            let address = known.map(|op| std::ptr::from_ref(op).expose_provenance() as u64);
            self.place = Place {
                at: op.at,
                start,
                owed,
                dirty,
                live: op.live,
                written: op.facts.written,
                zeros: self.zeros.len(),
                op: address,
                goes: Goes::Next,
                done: None,
            };
            if op.facts.flow == Flow::Step {
                self.step_here();
            } else if G::meaning::<Self>(op.decoded.row)(self, &op.decoded.insn).is_err() {
                // Scanning has found that it does not end so.
                debug_assert!(false, "ends early: {:?}", op.decoded);
                return;
            }
            self.join_done();
            owed -= 1;
            dirty = self.place.dirty;
            next = op.next;
        }
        self.go_on(region, heads, next, dirty);
    }

    /// Goes where the last instruction of a block said; `next` is the place after it.
    fn go_on<G: Guest>(&mut self, region: &Region<G>, heads: &Heads, next: usize, dirty: u64) {
        match self.place.goes {
            Goes::Next => self.jump_to(region, heads, next, dirty),
            Goes::Jump(offset) => self.jump_by(region, heads, offset, dirty),
            Goes::Indirect(goal) => {
                for at in &heads.likely {
                    let place = self.address(*at);
                    let there = self.b.ins().icmp(
                        cranelift_codegen::ir::condcodes::IntCC::Equal,
                        goal,
                        place,
                    );
                    let [here, elsewhere] = [self.b.create_block(), self.b.create_block()];
                    self.b.ins().brif(there, here, &[], elsewhere, &[]);
                    self.enter(here);
                    self.jump_to(region, heads, *at, dirty);
                    self.enter(elsewhere);
                }
                self.write_back(dirty);
                self.chain_to(G::INSN_ALIGN, goal);
            }
            Goes::Branch(c, offset) => {
                let [taken, not_taken] = [self.b.create_block(), self.b.create_block()];
                self.b.ins().brif(c, taken, &[], not_taken, &[]);
                self.enter(taken);
                self.jump_by(region, heads, offset, dirty);
                self.enter(not_taken);
                self.jump_to(region, heads, next, dirty);
            }
        }
    }

    fn jump_by<G: Guest>(&mut self, region: &Region<G>, heads: &Heads, offset: i64, dirty: u64) {
        if let Some(target) = target::<G>(self.place.at, offset) {
            return self.jump_to(region, heads, target, dirty);
        }
        self.write_back(dirty);
        let pc = self.address(self.place.at);
        let offset = self.constant(offset as u64);
        let target = self.b.ins().iadd(pc, offset);
        self.chain_to(G::INSN_ALIGN, target);
    }

    /// Goes to a place in the page, or past its end.
    fn jump_to<G: Guest>(&mut self, region: &Region<G>, heads: &Heads, at: usize, dirty: u64) {
        if let (Some(head), Some(block)) = (heads.at(at), region.blocks.get(&at)) {
            // Going back takes more than was made sure of so far.
            if at <= self.place.start {
                self.check_budget(at, block.cost, dirty);
            }
            self.b.ins().jump(head, &[]);
            return;
        }
        self.write_back(dirty);
        let pc = self.address(at);
        if at < PAGE {
            self.chain_within(pc, at / G::INSN_ALIGN as usize);
        } else {
            self.chain_to(G::INSN_ALIGN, pc);
        }
    }
}
