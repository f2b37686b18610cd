//! The interpreter engine.
//!
//! Decoding costs more than executing, so an instruction is decoded once: pages of guest memory keep the blocks that
//! were decoded from them, as lists of meanings with their operands. A write into a decoded line drops the page's
//! blocks before the next instruction.

use std::collections::BTreeMap;

use lockstep_core::StopReason;

use crate::engine::{self, Engine, Stats, Stretch};
use crate::{Access, Cx, Exit, Guest};

const PAGE: u64 = 4096;
/// Instructions in a block at most.
const BLOCK_LIMIT: usize = 64;
/// Instructions kept decoded at most, about 150 MB of them; then all are dropped and decoded again as they come.
const DECODED_LIMIT: usize = 4 << 20;
/// Entries of the look-aside table in front of the map of pages.
const LOOKASIDE: usize = 256;

type Run<G> = fn(&mut Cx<G>, &<G as Guest>::Insn) -> Result<(), Exit<G>>;

/// An instruction, ready to run.
struct Op<G: Guest> {
    run: Run<G>,
    insn: G::Insn,
    len: u8,
}

/// The blocks decoded from one physical page.
struct CodePage<G: Guest> {
    /// Per instruction slot, the number of the block that starts there, plus one.
    starts: Vec<u16>,
    blocks: Vec<Box<[Op<G>]>>,
}

/// The interpreter. Its contents follow from guest memory, so a snapshot has none of it.
pub struct Interpreter<G: Guest> {
    pages: BTreeMap<u64, u32>,
    storage: Vec<CodePage<G>>,
    free: Vec<u32>,
    lookaside: Box<[(u64, u32); LOOKASIDE]>,
    /// Instructions decoded since everything was last dropped.
    decoded: usize,
    stats: Stats,
}

impl<G: Guest> Default for Interpreter<G> {
    fn default() -> Self {
        Self {
            pages: BTreeMap::new(),
            storage: Vec::new(),
            free: Vec::new(),
            lookaside: Box::new([(u64::MAX, 0); LOOKASIDE]),
            decoded: 0,
            stats: Stats::default(),
        }
    }
}

impl<G: Guest> Engine<G> for Interpreter<G> {
    fn run(&mut self, cx: &mut Cx<G>, budget: u64) -> Option<StopReason> {
        engine::run(self, cx, budget)
    }

    fn stats(&self) -> Stats {
        self.stats
    }
}

impl<G: Guest> Stretch<G> for Interpreter<G> {
    fn stretch(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.trim();
        while cx.left > 0 {
            if cx.traps().in_page(cx.cpu.pc) {
                self.step_to_breakpoint(cx)?;
            } else {
                self.run_block(cx)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        Self::step(self, cx)
    }

    fn forget(&mut self, written: &[u64]) {
        self.invalidate(written);
    }
}

impl<G: Guest> Interpreter<G> {
    /// Starts afresh when too much has been decoded.
    pub fn trim(&mut self) {
        if self.decoded > DECODED_LIMIT {
            *self = Self { stats: self.stats, ..Self::default() };
        }
    }

    /// Runs the block at the pc, as far as the budget goes, which is not zero.
    #[inline]
    pub fn run_block(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.run_ops(cx, BLOCK_LIMIT)
    }

    /// Runs the instruction at the pc. The budget is not zero.
    pub fn step(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.run_ops(cx, 1)
    }

    /// Runs the instruction at the pc, or stops before it because there is a breakpoint: for pages that
    /// [`crate::Traps::in_page`] names.
    pub fn step_to_breakpoint(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        if cx.stop_at_breakpoint() { Ok(()) } else { self.step(cx) }
    }

    /// Runs the first instructions of the block at the pc.
    #[inline(always)]
    fn run_ops(&mut self, cx: &mut Cx<G>, most: usize) -> Result<(), Exit<G>> {
        let frame = cx.fetch_frame()?;
        let slot = (cx.cpu.pc % PAGE / G::INSN_ALIGN) as usize;
        let page = self.page(frame);
        let start = self.storage[page].starts[slot];
        let block = match start {
            0 => match self.decode(cx, page, frame, slot)? {
                Some(block) => block,
                None => return Ok(()),
            },
            number => usize::from(number - 1),
        };
        for op in self.storage[page].blocks[block].iter().take(most) {
            if cx.left == 0 {
                return Ok(());
            }
            cx.left -= 1;
            cx.next_pc = cx.cpu.pc.wrapping_add(u64::from(op.len));
            (op.run)(cx, &op.insn)?;
            cx.cpu.pc = cx.next_pc;
        }
        Ok(())
    }

    /// The storage of a physical page's blocks.
    #[inline]
    fn page(&mut self, frame: u64) -> usize {
        let aside = &mut self.lookaside[frame as usize % LOOKASIDE];
        if aside.0 == frame {
            return aside.1 as usize;
        }
        let (storage, free) = (&mut self.storage, &mut self.free);
        let index = *self.pages.entry(frame).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                let slots = (PAGE / G::INSN_ALIGN) as usize;
                storage.push(CodePage { starts: vec![0; slots], blocks: Vec::new() });
                storage.len() as u32 - 1
            })
        });
        *aside = (frame, index);
        index as usize
    }

    /// Decodes the block at the pc; or, when its first instruction crosses into the next page, runs that
    /// instruction and gives no block.
    fn decode(
        &mut self,
        cx: &mut Cx<G>,
        page: usize,
        frame: u64,
        slot: usize,
    ) -> Result<Option<usize>, Exit<G>> {
        let first = slot as u64 * G::INSN_ALIGN;
        let mut bytes = [0; PAGE as usize];
        if !cx.mem.is_memory(frame * PAGE) || cx.mem.read_bytes(frame * PAGE, &mut bytes).is_err() {
            cx.left -= 1;
            let exception = G::bus_abort(cx, cx.cpu.pc, Access::Execute, None);
            return Err(Exit::Exception(exception));
        }
        let mut ops = Vec::new();
        let mut at = first as usize;
        while ops.len() < BLOCK_LIMIT {
            let Some(head) = bytes.get(at..at + 2) else { break };
            let len = G::length([head[0], head[1]]);
            let Some(encoding) = bytes.get(at..at + len) else { break };
            let decoded = G::decode(encoding);
            ops.push(Op { run: G::meaning(decoded.row), insn: decoded.insn, len: decoded.len });
            at += len;
            if decoded.ends_block {
                break;
            }
        }
        if ops.is_empty() {
            self.run_crossing(cx, &bytes[first as usize..])?;
            return Ok(None);
        }
        cx.mem.mark_code(frame * PAGE + first, at - first as usize);
        self.stats.blocks += 1;
        self.decoded += ops.len();
        let storage = &mut self.storage[page];
        storage.blocks.push(ops.into_boxed_slice());
        storage.starts[slot] = storage.blocks.len() as u16;
        Ok(Some(storage.blocks.len() - 1))
    }

    /// Runs one instruction that begins with `head` at the end of a page and goes on in the next.
    fn run_crossing(&mut self, cx: &mut Cx<G>, head: &[u8]) -> Result<(), Exit<G>> {
        cx.left -= 1;
        let mut bytes = [0; 8];
        let len = head.get(..2).map_or(4, |first| G::length([first[0], first[1]])).min(8);
        let next_page = (cx.cpu.pc / PAGE + 1).wrapping_mul(PAGE);
        let user = cx.cpu.mmu.mode == 0;
        let second = cx.translate(next_page, Access::Execute, user)?.address;
        bytes[..head.len()].copy_from_slice(head);
        if cx.mem.read_bytes(second, &mut bytes[head.len()..len]).is_err() {
            return Err(Exit::Exception(G::bus_abort(cx, next_page, Access::Execute, None)));
        }
        let decoded = G::decode(&bytes[..len]);
        cx.next_pc = cx.cpu.pc.wrapping_add(u64::from(decoded.len));
        let run: Run<G> = G::meaning(decoded.row);
        run(cx, &decoded.insn)?;
        cx.cpu.pc = cx.next_pc;
        Ok(())
    }

    /// Drops what was decoded from written pages.
    fn invalidate(&mut self, written: &[u64]) {
        for address in written {
            let frame = address / PAGE;
            if let Some(index) = self.pages.remove(&frame) {
                let page = &mut self.storage[index as usize];
                page.starts.fill(0);
                page.blocks.clear();
                self.free.push(index);
                self.lookaside[frame as usize % LOOKASIDE] = (u64::MAX, 0);
                self.stats.invalidations += 1;
            }
        }
    }
}
