//! The first instruction after which two runs are no longer the same.
//!
//! Logs say at which event two runs part, which may be long after they began to differ. Their digests narrow that down to an
//! interval, and within it two timelines can be asked at any count. Runs that differ in their state do not become
//! the same again but by chance, so halving the interval finds the first difference.

use lockstep_core::{Moment, VcpuId, What};
use lockstep_log::Divergence;
use lockstep_machine::Disassembled;

use crate::track::before;
use crate::{Stop, Timeline, TimelineError};

/// What comparing two runs gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bisection {
    /// They are the same from their start to their end.
    Same,
    /// They differ before their first instruction, in these parts of the state.
    FromTheStart(Vec<String>),
    /// They are the same before an instruction and differ before the next one.
    At(Box<FirstDifference>),
    /// A run differs from its own recording, so that there is nothing to compare.
    Diverged {
        /// It is the first of the two.
        first: bool,
        /// The last digest of the recording that still agreed.
        agreed: Option<Moment>,
        /// How it differs.
        divergence: Box<Divergence>,
    },
}

/// An instruction after which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// The position before it.
    pub at: Moment,
    /// Who executes it.
    pub vcpu: VcpuId,
    /// Its address.
    pub pc: u64,
    /// The instruction itself.
    pub instruction: Option<Disassembled>,
    /// Where the two are after it.
    pub after: [Moment; 2],
    /// The registers of that vCPU that differ, with both values.
    pub registers: Vec<(&'static str, u128, u128)>,
    /// The parts of the state that differ, memory among them.
    pub parts: Vec<String>,
}

/// What two runs are compared by: their position and their state.
fn same_at(
    timelines: &mut [&mut Timeline; 2],
    retired: u64,
) -> Result<Result<bool, Box<Divergence>>, TimelineError> {
    let mut found = Vec::new();
    for timeline in timelines.iter_mut() {
        if let Stop::Diverged(divergence) = timeline.seek(before(retired))? {
            return Ok(Err(divergence));
        }
        found.push((timeline.moment(), timeline.digest()));
    }
    Ok(Ok(found[0] == found[1]))
}

/// The counts of the last digest that both recordings have, and of the first in which they differ.
fn by_digests(timelines: &[&mut Timeline; 2]) -> (u64, Option<u64>) {
    let digests = |timeline: &Timeline| -> Vec<_> {
        let is_digest = |what: &What| matches!(what, What::Digest { .. });
        timeline.events().iter().filter(|event| is_digest(&event.what)).cloned().collect()
    };
    let (a, b) = (digests(timelines[0]), digests(timelines[1]));
    let equal = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let last = equal.checked_sub(1).map_or(0, |place| a[place].at.retired);
    let differing = a.get(equal).zip(b.get(equal));
    (last, differing.map(|(a, b)| a.at.retired.max(b.at.retired)))
}

/// A run that does not even follow its own recording.
fn diverges(timeline: &mut Timeline, first: bool) -> Result<Option<Bisection>, TimelineError> {
    let Stop::Diverged(divergence) = timeline.seek(Moment::NEVER)? else { return Ok(None) };
    let agreed = timeline
        .events()
        .iter()
        .rev()
        .find(|event| matches!(event.what, What::Digest { .. }) && event.at < divergence.at);
    let agreed = agreed.map(|event| event.at);
    Ok(Some(Bisection::Diverged { first, agreed, divergence }))
}

/// Compares two runs.
///
/// # Errors
/// See [`TimelineError`].
pub fn bisect(a: &mut Timeline, b: &mut Timeline) -> Result<Bisection, TimelineError> {
    for (timeline, first) in [(&mut *a, true), (&mut *b, false)] {
        if let Some(diverged) = diverges(timeline, first)? {
            return Ok(diverged);
        }
    }
    let ends = [a.end(), b.end()];
    let mut timelines = [a, b];
    let (agreed, differing) = by_digests(&timelines);
    let shorter = ends[0].min(ends[1]).retired;
    let mut same = agreed.min(shorter);
    let mut differ = differing.unwrap_or(shorter).min(shorter);
    // Both runs follow their recordings, so they cannot diverge; should they, the search ends where they do.
    let mut is_same = |count| same_at(&mut timelines, count).map(|same| same.unwrap_or(false));
    if is_same(shorter)? && ends[0] == ends[1] {
        return Ok(Bisection::Same);
    }
    // A digest is taken among the events at its count: the position before the instruction may differ already.
    if !is_same(same)? {
        (same, differ) = (0, same);
        if !is_same(0)? {
            return Ok(Bisection::FromTheStart(parts(timelines)));
        }
    }
    if is_same(differ)? {
        differ = shorter.max(differ.saturating_add(1));
    }
    while differ - same > 1 {
        let middle = same + (differ - same) / 2;
        if is_same(middle)? {
            same = middle;
        } else {
            differ = middle;
        }
    }
    difference(timelines, same).map(|found| Bisection::At(Box::new(found)))
}

fn parts(timelines: [&mut Timeline; 2]) -> Vec<String> {
    let [a, b] = timelines.map(Timeline::snapshot);
    a.differing(&b)
}

fn difference(
    mut timelines: [&mut Timeline; 2],
    same: u64,
) -> Result<FirstDifference, TimelineError> {
    same_at(&mut timelines, same)?.ok();
    let machine = timelines[0].machine();
    let (vcpu, pc) = machine.position();
    let (at, instruction) = (machine.moment(), machine.disassemble_at(vcpu, pc));
    for timeline in &mut timelines {
        timeline.step()?;
    }
    let after = [timelines[0].moment(), timelines[1].moment()];
    let [a, b] = [timelines[0].machine(), timelines[1].machine()];
    let values = a.registers().into_iter().enumerate().filter_map(|(number, info)| {
        let (a, b) = (a.register(vcpu, number)?, b.register(vcpu, number)?);
        (a != b).then_some((info.name, a, b))
    });
    let registers = values.collect();
    Ok(FirstDifference { at, vcpu, pc, instruction, after, registers, parts: parts(timelines) })
}
