//! What one can move over: the recording, or a branch of it.

use std::sync::Arc;

use lockstep_core::Moment;
use lockstep_machine::{KeyframeError, Snapshot};

use crate::TimelineError;
use crate::history::History;
use crate::runner::{Halt, Runner};
use crate::store::Store;

/// Instructions between the checkpoints of a machine that runs forward. A checkpoint costs about as much as a few hundred
/// thousand instructions, most of it for copying the pages that are written after it.
const INTERVAL: u64 = 8 << 20;
/// How far before a place to stop at there are checkpoints, so that going back from there is fast.
const APPROACH: [u64; 7] = [4 << 20, 1 << 20, 256 << 10, 64 << 10, 16 << 10, 4 << 10, 1 << 10];
/// Instructions after which somebody may interrupt a move.
const POLL: u64 = 4 << 20;

/// The position before the instruction at a count.
pub(crate) const fn before(retired: u64) -> Moment {
    Moment { retired, ordinal: u32::MAX }
}

/// A recording or a branch, with its checkpoints.
pub(crate) struct Track {
    /// None in a branch.
    pub(crate) history: Option<Arc<History>>,
    /// The machine as it was built, if the recording has keyframes, and the track is the recording.
    built: Option<Snapshot>,
    pub(crate) store: Store,
    pub(crate) start: Moment,
    pub(crate) end: Moment,
    /// Bytes that checkpoints may hold.
    pub(crate) budget: u64,
}

impl Track {
    /// A track that begins where the machine is.
    pub(crate) fn begin(runner: &mut Runner, history: Option<Arc<History>>, budget: u64) -> Self {
        let start = runner.moment();
        let end = history.as_ref().map_or(Moment::NEVER, |history| history.end().max(start));
        let store = Store::new(start, runner.machine.save());
        Self { history, built: None, store, start, end, budget }
    }

    /// The same, with the recording's keyframes, which begin with the machine as it was built.
    pub(crate) fn with_keyframes(self, built: Option<Snapshot>) -> Self {
        Self { built, ..self }
    }

    /// Takes the machine to the last keyframe that is not after `to`, if there is no shorter way. Says whether it did.
    fn go_to_keyframe(&mut self, runner: &mut Runner, to: Moment) -> Result<bool, TimelineError> {
        let (Some(history), Some(built)) = (self.history.clone(), &self.built) else {
            return Ok(false);
        };
        let keyframes = &history.keyframes;
        let count = keyframes.partition_point(|keyframe| keyframe.at() <= to);
        let Some(wanted) = keyframes[..count].last() else { return Ok(false) };
        let now = runner.moment();
        let is_near = |at: Moment| at >= wanted.at() && at <= to;
        if is_near(now) || self.store.floor(to).is_some_and(|(at, _)| is_near(at)) {
            return Ok(false);
        }
        // Each builds on the one before it, which may be a checkpoint already.
        let known = keyframes[..count].iter().rposition(|keyframe| self.store.has(keyframe.at()));
        let known =
            known.and_then(|place| Some((place + 1, self.store.floor(keyframes[place].at())?.1)));
        let (first, mut snapshot) =
            known.map_or((0, built.clone()), |(first, at)| (first, at.clone()));
        let wrong = |error: KeyframeError| TimelineError::Keyframe(error.to_string());
        for keyframe in &keyframes[first..count] {
            snapshot = snapshot.with_keyframe(keyframe).map_err(wrong)?;
            self.store.put(keyframe.at(), snapshot.clone());
            self.store.thin(keyframe.at(), 0, self.budget);
        }
        if let Err(error) = runner.restore_keyframe(&snapshot, wanted) {
            // The machine holds something else, and so may these.
            keyframes[first..count].iter().for_each(|keyframe| self.store.remove(keyframe.at()));
            if let Some((_, start)) = self.store.floor(self.start) {
                runner.restore(start)?;
            }
            return Err(wrong(error));
        }
        Ok(true)
    }

    /// Takes a checkpoint.
    fn checkpoint(&mut self, runner: &mut Runner) {
        let now = runner.moment();
        if !self.store.has(now) {
            self.store.put(now, runner.machine.save());
            self.store.thin(now, 0, self.budget);
        }
    }

    /// The count at which to take the next checkpoint on the way to `goal`.
    fn next_checkpoint(&self, now: Moment, goal: Moment) -> u64 {
        let last = self.store.floor(now).map_or(0, |(at, _)| at.retired);
        let mut regular = last.saturating_add(INTERVAL);
        if regular <= now.retired {
            regular = now.retired.saturating_add(INTERVAL);
        }
        let approach = APPROACH.into_iter().filter_map(|distance| {
            let place = goal.retired.checked_sub(distance).filter(|place| *place > now.retired)?;
            (!self.has_between(place.saturating_sub(distance / 2), place + distance / 2))
                .then_some(place)
        });
        let regular = Some(regular)
            .filter(|place| !self.has_between(now.retired + 1, place + INTERVAL / 2))
            .unwrap_or(u64::MAX);
        approach.chain([regular]).min().unwrap_or(regular)
    }

    fn has_between(&self, first: u64, last: u64) -> bool {
        self.store.after(Moment::at(first)).is_some_and(|at| at.retired <= last)
    }

    /// Runs forward to `goal`, or to what the runner looks out for, and takes checkpoints on the way.
    pub(crate) fn advance(
        &mut self,
        runner: &mut Runner,
        goal: Moment,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Halt {
        loop {
            let now = runner.moment();
            let checkpoint = self.next_checkpoint(now, goal);
            // Whoever wants to interrupt is asked at once, but never before something was done.
            let leg = checkpoint.min(now.retired.saturating_add(POLL));
            let leg = before(leg).min(goal);
            let halt = runner.run(leg);
            if halt != Halt::Reached || leg == goal {
                return halt;
            }
            if leg.retired >= checkpoint {
                self.checkpoint(runner);
            }
            if wanted() {
                return Halt::Interrupted;
            }
        }
    }

    /// Goes to a position by the shortest way: from where the machine is, or from a checkpoint. Stops at nothing on the way.
    pub(crate) fn go(
        &mut self,
        runner: &mut Runner,
        to: Moment,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Halt, TimelineError> {
        if self.go_to_keyframe(runner, to)? {
            return Ok(self.advance(runner, to, wanted));
        }
        let now = runner.moment();
        match self.store.floor(to) {
            Some((at, snapshot)) if to < now || at > now => runner.restore(snapshot)?,
            _ => runner.look_ahead(),
        }
        Ok(self.advance(runner, to, wanted))
    }

    /// The last checkpoint before a moment, and where it is.
    pub(crate) fn floor_below(&self, at: Moment) -> Option<(Moment, Snapshot)> {
        self.store.below(at).map(|(at, snapshot)| (at, snapshot.clone()))
    }
}
