//! Keyframes: the states that a recording keeps, so that it opens anywhere.
//!
//! They are taken at fixed counts of instructions, or where an input asks for one, so that they are at the same moments in every
//! recording of a run. Taking one is stopping between two instructions and looking, which no run can notice.

use std::num::NonZeroU64;

use lockstep_core::{Event, JournalState, Moment, RestoreError, Saved, What};
use lockstep_log::{
    Difference, Divergence, EncodeError, FrameEncoder, KeyframeState, LogError, PageChange,
    StoredKeyframe,
};
use lockstep_memory::PAGE_SIZE;

use crate::system::VERSION;
use crate::{Goal, Machine, Snapshot};

const _: () = assert!(PAGE_SIZE == lockstep_log::PAGE);

/// A keyframe that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyframeError {
    /// Its frames do not decode.
    #[error(transparent)]
    Log(#[from] LogError),
    /// It is of another machine.
    #[error("at offset {offset}: the keyframe of {at} has memory that the machine does not have")]
    Layout {
        /// Where in the log it is.
        offset: u64,
        /// Its moment.
        at: Moment,
    },
    /// The machine does not take it.
    #[error("at offset {offset}: the keyframe of {at} does not fit the machine: {source}")]
    Restore {
        /// Where in the log it is.
        offset: u64,
        /// Its moment.
        at: Moment,
        /// Why not.
        source: RestoreError,
    },
    /// The state is not the one that was recorded.
    #[error("at offset {offset}: the keyframe of {at} is not the state that its digest is of")]
    Digest {
        /// Where in the log it is.
        offset: u64,
        /// Its moment.
        at: Moment,
    },
}

/// Takes keyframes of a machine.
pub(crate) struct Keyframes {
    /// Instructions between two of them, if they are taken at counts.
    every: Option<NonZeroU64>,
    /// The last one, or the machine as it was built.
    last: Snapshot,
}

impl Keyframes {
    /// Keyframes of a machine that was just built.
    pub(crate) fn new(machine: &mut dyn Machine, every: Option<NonZeroU64>) -> Self {
        Self { every, last: machine.save() }
    }

    /// How far to run for the next one.
    pub(crate) fn next(&self, now: u64) -> Goal {
        self.every.map_or(Goal::End, |every| {
            Goal::before((now / every).saturating_add(1).saturating_mul(every.get()))
        })
    }

    /// Takes one.
    pub(crate) fn take(
        &mut self,
        machine: &mut dyn Machine,
        encoder: &mut FrameEncoder,
    ) -> Result<(), EncodeError> {
        let now = machine.save();
        let state = KeyframeState {
            digest: machine.digest(),
            layout: now.mem.layout().collect(),
            pages: now.mem.differences(&self.last.mem).count() as u64,
            saved: now.saved.clone(),
        };
        let changes = now.mem.differences(&self.last.mem);
        let changes = changes.map(|(page, old, new)| PageChange::between(page, old, new));
        encoder.keyframe(machine.moment(), &state, changes)?;
        self.last = now;
        Ok(())
    }
}

/// What a keyframe says about the machine: its digest, and that of the events up to there.
pub(crate) struct Expected {
    pub(crate) at: Moment,
    pub(crate) what: What,
}

impl Expected {
    /// What a keyframe says, if it can be read.
    pub(crate) fn of(keyframe: &StoredKeyframe) -> Option<Self> {
        let state = keyframe.state().ok()?;
        let what = What::Digest { events: running(&state.saved)?, state: state.digest };
        Some(Self { at: keyframe.at(), what })
    }

    /// How a machine at that moment differs.
    pub(crate) fn compare(&self, machine: &mut dyn Machine) -> Option<Box<Divergence>> {
        let state = machine.digest();
        if matches!(self.what, What::Digest { state: expected, .. } if expected == state) {
            return None;
        }
        let (vcpu, pc) = machine.position();
        let events = running(&machine.save().saved).unwrap_or_default();
        let event = |what| Event { at: self.at, vcpu, what };
        let actual = event(What::Digest { events, state });
        let difference = Difference::Mismatch { expected: event(self.what.clone()), actual };
        let mut divergence = Box::new(Divergence::new(self.at, vcpu, difference));
        divergence.pc = Some(pc);
        Some(divergence)
    }
}

/// The running digest of the events in a saved machine.
fn running(saved: &Saved) -> Option<u64> {
    saved.get::<JournalState>("journal", VERSION).ok().map(|journal| journal.running)
}

impl Snapshot {
    /// The state in a keyframe. `self` is that of the keyframe before it, or of the machine as it was built.
    ///
    /// # Errors
    /// The keyframe is damaged, or of another machine.
    pub fn with_keyframe(&self, keyframe: &StoredKeyframe) -> Result<Self, KeyframeError> {
        let (offset, at) = (keyframe.offset(), keyframe.at());
        let wrong = || KeyframeError::Layout { offset, at };
        let state = keyframe.state()?;
        let mut mem = self.mem.clone();
        let pages = |(pages, _): (u64, bool)| pages;
        if !mem.layout().map(pages).eq(state.layout.iter().copied().map(pages)) {
            return Err(wrong());
        }
        let direct: Vec<bool> = state.layout.iter().map(|(_, direct)| *direct).collect();
        mem.set_direct_reads(&direct);
        let mut missing = false;
        keyframe.for_each_page(|change| match mem.page_mut(change.page) {
            Some(page) => change.apply(page),
            None => missing = true,
        })?;
        if missing { Err(wrong()) } else { Ok(Self { mem, saved: state.saved }) }
    }
}

/// Takes a machine to a keyframe's state, which `snapshot` was made from, and checks that it is that.
///
/// # Errors
/// It is not. The machine holds something, and must be taken elsewhere.
pub fn restore_keyframe(
    machine: &mut dyn Machine,
    snapshot: &Snapshot,
    keyframe: &StoredKeyframe,
) -> Result<(), KeyframeError> {
    let (offset, at) = (keyframe.offset(), keyframe.at());
    let restored = machine.restore(snapshot);
    restored.map_err(|source| KeyframeError::Restore { offset, at, source })?;
    let good = machine.moment() == at && machine.digest() == keyframe.state()?.digest;
    if good { Ok(()) } else { Err(KeyframeError::Digest { offset, at }) }
}
