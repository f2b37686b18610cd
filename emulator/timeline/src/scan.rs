//! Looking backward.
//!
//! A machine runs forward only. To find what happened last, an interval between two checkpoints is run through from its
//! beginning, and the last hit in it counts. Intervals know nothing of each other, so two of them are run at once where there
//! are two cores; the answer is that of the later interval that has one, whichever was done first.

use lockstep_core::{Event, Moment};
use lockstep_machine::Snapshot;

use crate::history::{History, Matcher};
use crate::runner::{Halt, Lookout, Runner};
use crate::{Job, SideBySide, Stop, TimelineError};

/// Intervals of fewer instructions are not worth a second machine.
const WORTH_SHARING: u64 = 1 << 20;

/// The last hit in an interval.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The count of the position to stop at.
    pub(crate) retired: u64,
    pub(crate) stop: Stop,
}

impl Found {
    pub(crate) const fn is_breakpoint(&self) -> bool {
        matches!(self.stop, Stop::Breakpoint { .. })
    }
}

/// From a checkpoint to a moment.
pub(crate) struct Interval {
    pub(crate) snapshot: Snapshot,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
}

impl Interval {
    pub(crate) const fn is_long(&self) -> bool {
        self.to.retired - self.from.retired >= WORTH_SHARING
    }
}

type Answer = Result<Option<Found>, TimelineError>;

/// The last hit at a position after the interval's first, up to and including its last, and in the transitions between them.
pub(crate) fn scan(runner: &mut Runner, interval: &Interval, lookout: &Lookout) -> Answer {
    runner.restore(&interval.snapshot)?;
    runner.look_out(lookout);
    let mut last = None;
    loop {
        let halt = runner.run(interval.to);
        let retired = runner.moment().retired;
        let transition = retired.saturating_sub(1);
        last = match halt {
            Halt::Breakpoint => {
                let (vcpu, pc) = runner.machine.position();
                Some(Found { retired, stop: Stop::Breakpoint { vcpu, pc } })
            }
            Halt::Watchpoint(hit) => {
                Some(Found { retired: transition, stop: Stop::Watchpoint(hit) })
            }
            Halt::Device(hit) => Some(Found { retired: transition, stop: Stop::Device(hit) }),
            Halt::Event(event) => Some(Found { retired: transition, stop: Stop::Event(event) }),
            Halt::Diverged(found) => {
                return Ok(Some(Found { retired, stop: Stop::Diverged(found) }));
            }
            Halt::Reached | Halt::Ended | Halt::Interrupted => return Ok(last),
        };
    }
}

/// Scans two intervals side by side, each with a machine of its own, and gives their answers in their order.
pub(crate) fn scan_all(
    side_by_side: SideBySide,
    runners: [&mut Runner; 2],
    intervals: &[Interval],
    lookout: &Lookout,
) -> Result<Vec<Option<Found>>, TimelineError> {
    let mut answers: Vec<Option<Answer>> = intervals.iter().map(|_| None).collect();
    let places = answers.iter_mut().zip(intervals);
    let jobs = runners.into_iter().zip(places).map(|(runner, (answer, interval))| {
        let job: Job<'_> = Box::new(move || *answer = Some(scan(runner, interval, lookout)));
        job
    });
    side_by_side(jobs.collect());
    answers.into_iter().map(|answer| answer.ok_or(TimelineError::Worker)?).collect()
}

/// The last event between two moments that is to be stopped at, by what the log says alone.
pub(crate) fn look_up<'a>(
    history: &'a History,
    matcher: &Matcher,
    from: Moment,
    to: Moment,
) -> Option<(usize, &'a Event)> {
    let (first, end) = (history.place(from), history.place(to));
    let mut matcher = matcher.clone();
    (first..end).rev().find_map(|place| {
        let event = &history.events[place];
        if matcher.concerns(event) {
            matcher.prime(&history.events, place);
        }
        matcher.matches(event).then_some((place, event))
    })
}
