//! The shape of a region: which instructions are compiled together.
//!
//! A region is what direct branches reach from its entry without leaving the page, up to a limit. Loops close inside it, so
//! that a loop that fits runs without coming back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_cpu::{Decoded, Guest};

use crate::scan::{Facts, Flow, scan};

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;
/// Instructions in a region at most. Every place where a region can be left writes back registers, so that compiling takes
/// time that grows faster than the region: twice as large ones made every guest slower.
const LIMIT: usize = 32;
/// Places at most that an indirect branch is compared with.
const RETURNS: usize = 3;

/// An instruction.
pub(crate) struct Op<G: Guest> {
    pub(crate) decoded: Decoded<G::Insn>,
    pub(crate) facts: Facts,
    /// Its place in the page.
    pub(crate) at: usize,
    /// Where the next one starts.
    pub(crate) next: usize,
    /// The registers whose values matter after it.
    pub(crate) live: u64,
}

/// Instructions that run one after the other. The last one's flow says where it goes on.
pub(crate) struct Block<G: Guest> {
    pub(crate) ops: Vec<Op<G>>,
    /// The registers that may have been written when it is entered, and not been written back.
    pub(crate) dirty: u64,
    /// The registers whose values matter when it is entered.
    pub(crate) live: u64,
    /// Instructions at most from here to the end of the region, or to where it goes back in it.
    pub(crate) cost: u64,
}

/// A region. Blocks by where they start.
pub(crate) struct Region<G: Guest> {
    pub(crate) blocks: BTreeMap<usize, Block<G>>,
    /// Where its calls of functions in the page return to: where its indirect branches are likely to go.
    pub(crate) returns: Vec<usize>,
}

/// Where in the page a relative branch goes, if it stays there.
pub(crate) fn target<G: Guest>(at: usize, offset: i64) -> Option<usize> {
    let target = usize::try_from((at as i64).checked_add(offset)?).ok()?;
    (target < PAGE && target.is_multiple_of(G::INSN_ALIGN as usize)).then_some(target)
}

impl Facts {
    /// The registers that are dirty after an instruction, for those before it.
    fn dirty_after<G: Guest>(&self, before: u64) -> u64 {
        if self.flow == Flow::Step { 0 } else { before | self.written & G::DERIVED }
    }

    /// The registers that matter before an instruction, for those that are dirty then and those that matter after it.
    fn live_before(&self, dirty: u64, after: u64) -> u64 {
        let written_back = if self.leaves { dirty } else { 0 };
        let kept = if self.flow == Flow::Step { 0 } else { after & !self.killed };
        self.read | written_back | kept
    }
}

impl<G: Guest> Block<G> {
    /// The places where it may go on, in the page or just past its end.
    fn successors(&self, returns: &[usize]) -> Vec<usize> {
        let Some(last) = self.ops.last() else { return Vec::new() };
        match last.facts.flow {
            Flow::Step if last.facts.raises => Vec::new(),
            Flow::Next | Flow::Step => vec![last.next],
            Flow::Jump(offset) => target::<G>(last.at, offset).into_iter().collect(),
            Flow::Branch(offset) => {
                target::<G>(last.at, offset).into_iter().chain([last.next]).collect()
            }
            Flow::Indirect => returns.to_vec(),
        }
    }

    /// The registers that may be dirty at its end.
    fn dirty_out(&self) -> u64 {
        self.ops.iter().fold(self.dirty, |dirty, op| op.facts.dirty_after::<G>(dirty))
    }

    /// Works out what matters after each instruction, and at the start; says whether that has changed.
    fn find_live(&mut self, after: u64) -> bool {
        let mut dirty: Vec<u64> = Vec::with_capacity(self.ops.len());
        let mut now = self.dirty;
        for op in &self.ops {
            dirty.push(now);
            now = op.facts.dirty_after::<G>(now);
        }
        let mut live = after | now;
        for (op, dirty) in self.ops.iter_mut().zip(dirty).rev() {
            op.live = live;
            live = op.facts.live_before(dirty, live);
        }
        // Written back where it is left for want of budget.
        live |= self.dirty;
        std::mem::replace(&mut self.live, live) != live
    }
}

/// The instruction at a place; `None` where it crosses into the next page.
fn decode<G: Guest>(page: &[u8; PAGE], at: usize) -> Option<Op<G>> {
    let head = page.get(at..at + 2)?;
    let length = G::length([head[0], head[1]]);
    let decoded = G::decode(page.get(at..at + length)?);
    let facts = scan::<G>(decoded.row, &decoded.insn);
    let next = at + usize::from(decoded.len);
    Some(Op { decoded, facts, at, next, live: 0 })
}

impl<G: Guest> Region<G> {
    /// The region that is entered at `entry`; `None` when its first instruction crosses into the next page.
    pub(crate) fn find(page: &[u8; PAGE], entry: usize) -> Option<Self> {
        let mut ops = BTreeMap::new();
        let mut heads = BTreeSet::from([entry]);
        let mut work = VecDeque::from([entry]);
        let mut returns = Vec::new();
        while let Some(start) = work.pop_front() {
            let mut at = start;
            while ops.len() < LIMIT && !ops.contains_key(&at) {
                let Some(op) = decode::<G>(page, at) else { break };
                let (flow, next) = (op.facts.flow, op.next);
                let (links, raises) = (op.facts.written != 0, op.facts.raises);
                ops.insert(at, op);
                if let Flow::Jump(offset) | Flow::Branch(offset) = flow
                    && let Some(target) = target::<G>(at, offset)
                {
                    heads.insert(target);
                    work.push_back(target);
                    if matches!(flow, Flow::Jump(_)) && links && returns.len() < RETURNS {
                        returns.push(next);
                        heads.insert(next);
                        work.push_back(next);
                    }
                }
                match flow {
                    Flow::Next => at = next,
                    Flow::Step if !raises => at = next,
                    Flow::Branch(_) => {
                        heads.insert(next);
                        at = next;
                    }
                    _ => break,
                }
            }
        }
        ops.contains_key(&entry).then(|| {
            let mut region = Self { blocks: into_blocks(ops, &heads), returns };
            region.find_dirty();
            region.find_live();
            region.find_costs();
            region
        })
    }

    /// Works out which registers may have been written where.
    fn find_dirty(&mut self) {
        let mut work: Vec<usize> = self.blocks.keys().copied().collect();
        while let Some(start) = work.pop() {
            let Some(block) = self.blocks.get(&start) else { continue };
            let after = block.dirty_out();
            for next in block.successors(&self.returns) {
                if let Some(block) = self.blocks.get_mut(&next)
                    && block.dirty | after != block.dirty
                {
                    block.dirty |= after;
                    work.push(next);
                }
            }
        }
    }

    /// Works out whose values matter where.
    fn find_live(&mut self) {
        let starts: Vec<usize> = self.blocks.keys().copied().collect();
        let mut changed = true;
        while changed {
            changed = false;
            for start in starts.iter().rev() {
                let next = self.blocks[start].successors(&self.returns);
                let live = |at| self.blocks.get(at).map_or(0, |block: &Block<G>| block.live);
                let after = next.iter().map(live).fold(0, |all, live| all | live);
                let block = self.blocks.get_mut(start);
                changed |= block.is_some_and(|block| block.find_live(after));
            }
        }
    }

    /// Works out how long the ways through the region are. Those that go forward in the page end somewhere.
    fn find_costs(&mut self) {
        let starts: Vec<usize> = self.blocks.keys().copied().collect();
        for start in starts.into_iter().rev() {
            let next = self.blocks[&start].successors(&self.returns);
            let ahead = next.iter().filter(|at| **at > start);
            let costs = ahead.filter_map(|at| self.blocks.get(at)).map(|block| block.cost);
            let rest = costs.max().unwrap_or(0);
            if let Some(block) = self.blocks.get_mut(&start) {
                block.cost = block.ops.len() as u64 + rest;
            }
        }
    }
}

/// Cuts instructions into blocks: at heads, after whatever does not go to the next one, and at gaps.
fn into_blocks<G: Guest>(
    ops: BTreeMap<usize, Op<G>>,
    heads: &BTreeSet<usize>,
) -> BTreeMap<usize, Block<G>> {
    let mut blocks: BTreeMap<usize, Block<G>> = BTreeMap::new();
    let mut open = None;
    for (at, op) in ops {
        let (start, expected) = match open {
            Some((start, expected)) if expected == at && !heads.contains(&at) => (start, at),
            _ => (at, at),
        };
        debug_assert_eq!(expected, at);
        let goes_on = op.facts.flow == Flow::Next || op.facts.flow == Flow::Step;
        open = goes_on.then_some((start, op.next));
        let empty = || Block { ops: Vec::new(), dirty: 0, live: 0, cost: 0 };
        let block = blocks.entry(start).or_insert_with(empty);
        block.ops.push(op);
    }
    blocks
}
