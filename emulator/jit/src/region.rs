//! The shape of a region: which instructions are compiled together.
//!
//! A region is what direct branches reach from its entry without leaving the page, up to a limit. Loops close inside it, so
//! that a loop that fits runs without coming back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_cpu::Guest;

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
    pub(crate) row: u16,
    pub(crate) insn: G::Insn,
    pub(crate) facts: Facts,
    /// Its place in the page.
    pub(crate) at: usize,
    /// Where the next one starts.
    pub(crate) next: usize,
}

/// Instructions that run one after the other. The last one's flow says where it goes on.
pub(crate) struct Block<G: Guest> {
    pub(crate) ops: Vec<Op<G>>,
    /// The registers that may have been written when it is entered, since the region was.
    pub(crate) dirty: u64,
}

/// A region. Blocks by where they start.
pub(crate) struct Region<G: Guest> {
    pub(crate) blocks: BTreeMap<usize, Block<G>>,
    /// All registers that it reads or writes.
    pub(crate) used: u64,
    /// Where its calls of functions in the page return to: where its indirect branches are likely to go.
    pub(crate) returns: Vec<usize>,
}

/// Where in the page a relative branch goes, if it stays there.
pub(crate) fn target<G: Guest>(at: usize, offset: i64) -> Option<usize> {
    let target = usize::try_from((at as i64).checked_add(offset)?).ok()?;
    (target < PAGE && target.is_multiple_of(G::INSN_ALIGN as usize)).then_some(target)
}

impl<G: Guest> Block<G> {
    /// The places where it may go on, in the page or just past its end.
    fn successors(&self, returns: &[usize]) -> Vec<usize> {
        let Some(last) = self.ops.last() else { return Vec::new() };
        match last.facts.flow {
            Flow::Next => vec![last.next],
            Flow::Jump(offset) => target::<G>(last.at, offset).into_iter().collect(),
            Flow::Branch(offset) => {
                target::<G>(last.at, offset).into_iter().chain([last.next]).collect()
            }
            Flow::Indirect => returns.to_vec(),
            Flow::Step => Vec::new(),
        }
    }
}

/// The instruction at a place; `None` where it crosses into the next page.
fn decode<G: Guest>(page: &[u8; PAGE], at: usize) -> Option<Op<G>> {
    let head = page.get(at..at + 2)?;
    let length = G::length([head[0], head[1]]);
    let decoded = G::decode(page.get(at..at + length)?);
    let mut facts = scan::<G>(decoded.row, &decoded.insn);
    if decoded.ends_block && facts.flow == Flow::Next {
        facts.flow = Flow::Step;
    }
    let next = at + usize::from(decoded.len);
    Some(Op { row: decoded.row, insn: decoded.insn, facts, at, next })
}

impl<G: Guest> Region<G> {
    /// The region that is entered at `entry`; `None` when the interpreter has to run its first instruction.
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
                let links = op.facts.written != 0;
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
                    Flow::Branch(_) => {
                        heads.insert(next);
                        at = next;
                    }
                    _ => break,
                }
            }
        }
        if ops.get(&entry).is_none_or(|op| op.facts.flow == Flow::Step) {
            return None;
        }
        let used = ops.values().fold(0, |used, op| used | op.facts.used);
        let mut region = Self { blocks: into_blocks(ops, &heads), used, returns };
        region.find_dirty();
        Some(region)
    }

    /// Works out which registers may have been written where.
    fn find_dirty(&mut self) {
        let mut work: Vec<usize> = self.blocks.keys().copied().collect();
        while let Some(start) = work.pop() {
            let Some(block) = self.blocks.get(&start) else { continue };
            let after = block.ops.iter().fold(block.dirty, |dirty, op| dirty | op.facts.written);
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
        open = (op.facts.flow == Flow::Next).then_some((start, op.next));
        let block = blocks.entry(start).or_insert_with(|| Block { ops: Vec::new(), dirty: 0 });
        block.ops.push(op);
    }
    blocks
}
