//! The first difference between what was recorded and what happened.
//!
//! A replay that goes wrong must not end in a hang or a crash far from the cause. It ends in a value that says what
//! was expected, what came, when, on which vCPU and at which pc, and what both sides did around it.

use std::collections::VecDeque;
use std::fmt;

use lockstep_core::{Clock, Event, Input, Level, Moment, VcpuId, VirtualTime, What};

use crate::dump::EventLine;
use crate::error::LogError;

/// How many events before and after a difference are shown.
pub const CONTEXT: usize = 5;

/// The first difference between two runs, or between a recording and its replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The first moment at which the two differ.
    pub at: Moment,
    /// The vCPU that was running then.
    pub vcpu: VcpuId,
    /// The address of its next instruction, where it is known.
    pub pc: Option<u64>,
    /// What differs.
    pub difference: Difference,
    /// The last events that both sides have, oldest first.
    pub before: Vec<Event>,
    /// What the log goes on with.
    pub expected_after: Vec<Event>,
    /// What the other side went on with, where it did.
    pub actual_after: Vec<Event>,
    /// The clock before the first event of `before`, where it is known: a log below [`Level::Events`] does not say how
    /// far time jumped.
    pub clock: Option<Clock>,
}

/// The virtual times of events that follow one another, from the clock before the first of them.
pub(crate) fn times(
    clock: Option<&Clock>,
    events: &[&Event],
) -> (Vec<Option<VirtualTime>>, Option<Clock>) {
    let mut clock = clock.cloned();
    let times = events.iter().map(|event| {
        let clock = clock.as_mut()?;
        advance(clock, event);
        Some(clock.time_at(event.at.retired))
    });
    (times.collect(), clock)
}

/// Takes an event's jump in time.
const fn advance(clock: &mut Clock, event: &Event) {
    if let What::Warp { to } | What::Input(Input::TimePasses { to }) = event.what {
        clock.warp_to(event.at.retired, to);
    }
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// At one moment, the log has one event, and another happened.
    Mismatch {
        /// In the log.
        expected: Event,
        /// What happened.
        actual: Event,
    },
    /// Something happened that is not in the log: earlier than its next event, or after its last.
    Unexpected {
        /// What happened.
        actual: Event,
        /// The log's next event.
        awaited: Option<Event>,
    },
    /// The run went past an event of the log, or ended before it.
    Missing {
        /// In the log.
        expected: Event,
        /// What happened later, unless the run ended or nothing has happened yet.
        actual: Option<Event>,
    },
    /// The run makes no progress.
    Stuck {
        /// The log's next event.
        awaited: Option<Event>,
        /// Why there is no progress, as the machine sees it.
        report: String,
    },
}

impl Difference {
    /// The log's event.
    #[must_use]
    pub const fn expected(&self) -> Option<&Event> {
        match self {
            Self::Mismatch { expected, .. } | Self::Missing { expected, .. } => Some(expected),
            Self::Unexpected { awaited, .. } | Self::Stuck { awaited, .. } => awaited.as_ref(),
        }
    }

    /// What happened.
    #[must_use]
    pub const fn actual(&self) -> Option<&Event> {
        match self {
            Self::Mismatch { actual, .. } | Self::Unexpected { actual, .. } => Some(actual),
            Self::Missing { actual, .. } => actual.as_ref(),
            Self::Stuck { .. } => None,
        }
    }

    /// In a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Mismatch { expected, actual } => match (&expected.what, &actual.what) {
                (What::Digest { events, state }, What::Digest { events: ours, state: mine }) => {
                    let which = match (events == ours, state == mine) {
                        (true, _) => "the state of the machine differs, the events agree",
                        (_, true) => "the events differ, the state of the machine agrees",
                        _ => "events and the state of the machine differ",
                    };
                    format!("digests: {which}")
                }
                _ if expected.what == actual.what => "on another vCPU".to_owned(),
                (expected, actual) if expected.kind() == actual.kind() => {
                    format!("another {}", expected.kind().name())
                }
                (expected, actual) => {
                    format!("{} instead of {}", actual.kind().name(), expected.kind().name())
                }
            },
            Self::Unexpected { actual, awaited: Some(_) } => {
                format!("{} where the log has nothing", actual.what.kind().name())
            }
            Self::Unexpected { actual, awaited: None } => {
                format!("{} after the end of the log", actual.what.kind().name())
            }
            Self::Missing { expected, .. } => {
                format!("{} did not happen", expected.what.kind().name())
            }
            Self::Stuck { awaited: Some(awaited), report } => {
                format!("no progress towards {}: {report}", awaited.what.kind().name())
            }
            Self::Stuck { awaited: None, report } => {
                format!("no progress towards the end of the run: {report}")
            }
        }
    }
}

impl Divergence {
    /// A difference without context; the pc is that of the event that has one.
    #[must_use]
    pub fn new(at: Moment, vcpu: VcpuId, difference: Difference) -> Self {
        let pc = difference.actual().or(difference.expected()).and_then(event_pc);
        let (before, expected_after, actual_after) = Default::default();
        Self { at, vcpu, pc, difference, before, expected_after, actual_after, clock: None }
    }

    /// The virtual time of the difference, where it is known.
    #[must_use]
    pub fn time(&self) -> Option<VirtualTime> {
        let before: Vec<_> = self.before.iter().collect();
        let (_, clock) = times(self.clock.as_ref(), &before);
        clock.map(|clock| clock.time_at(self.at.retired))
    }

    /// The events of one side from the difference on, the differing one first, if it has one.
    #[must_use]
    pub fn side(&self, side: Side) -> (Option<&Event>, &[Event]) {
        match side {
            Side::Expected => (self.difference.expected(), &self.expected_after),
            Side::Actual => (self.difference.actual(), &self.actual_after),
        }
    }
}

/// One of two runs that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The log's.
    Expected,
    /// What happened, or the other log's.
    Actual,
}

const fn event_pc(event: &Event) -> Option<u64> {
    match event.what {
        What::Interrupt { pc, .. } | What::Exception { pc, .. } => Some(pc),
        _ => None,
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "divergence at {} on {}", self.at, self.vcpu)?;
        if let Some(time) = self.time() {
            write!(f, ", virtual time {time}")?;
        }
        if let Some(pc) = self.pc {
            write!(f, ", pc {pc:#x}")?;
        }
        writeln!(f, ": {}", self.difference.summary())?;
        for line in self.lines() {
            let mark = if line.differs { '>' } else { ' ' };
            let time = line.time.map(|time| format!("{time}  ")).unwrap_or_default();
            match line.event {
                Some(event) => writeln!(f, "  {mark} {:<8}  {time}{}", line.who, EventLine(event))?,
                None => writeln!(f, "  {mark} {:<8}  {:>14}", line.who, "nothing")?,
            }
        }
        Ok(())
    }
}

/// A line of what is around a difference.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Whose event it is: `both`, `expected` or `actual`.
    pub who: &'static str,
    /// It is the difference.
    pub differs: bool,
    /// When, in virtual time.
    pub time: Option<VirtualTime>,
    /// What; nothing if that is the difference.
    pub event: Option<&'a Event>,
}

impl Divergence {
    /// What is around the difference: what both sides have, then what is expected from there on, then what happened.
    #[must_use]
    pub fn lines(&self) -> Vec<Line<'_>> {
        let before: Vec<_> = self.before.iter().collect();
        let (when, clock) = times(self.clock.as_ref(), &before);
        let both = before.iter().zip(when).map(|(&event, time)| Line {
            who: "both",
            differs: false,
            time,
            event: Some(event),
        });
        let mut lines: Vec<_> = both.collect();
        for (who, side) in [("expected", Side::Expected), ("actual", Side::Actual)] {
            let (first, after) = self.side(side);
            let events: Vec<_> = first.into_iter().chain(after).collect();
            let (when, _) = times(clock.as_ref(), &events);
            if first.is_none() {
                lines.push(Line { who, differs: true, time: None, event: None });
            }
            lines.extend(events.iter().zip(when).enumerate().map(|(place, (&event, time))| Line {
                who,
                differs: place == 0 && first.is_some(),
                time,
                event: Some(event),
            }));
        }
        lines
    }
}

impl std::error::Error for Divergence {}

/// Compares events with those of a log as they happen.
///
/// The log's errors come out of every method that reads from it.
pub struct Checker<I> {
    log: I,
    level: Level,
    /// The next event of the log, once it was looked at.
    awaited: Option<Event>,
    before: VecDeque<Event>,
    /// Before the first of `before`.
    clock: Option<Clock>,
    checked: u64,
}

impl<I: Iterator<Item = Result<Event, LogError>>> Checker<I> {
    /// Compares with the events of `log` that are not above `level`.
    pub fn new(log: I, level: Level) -> Self {
        Self { log, level, awaited: None, before: VecDeque::new(), clock: None, checked: 0 }
    }

    /// Tells virtual times, too. `clock` is as it was before the log's first event.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        let known = self.level >= Level::Events;
        Self { clock: known.then_some(clock), ..self }
    }

    /// How many events agreed.
    #[must_use]
    pub const fn checked(&self) -> u64 {
        self.checked
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &I {
        &self.log
    }

    /// The log's next event.
    pub fn awaited(&mut self) -> Result<Option<&Event>, LogError> {
        while self.awaited.is_none() {
            match self.log.next().transpose()? {
                Some(event) if event.what.kind().level() > self.level => {}
                Some(event) => self.awaited = Some(event),
                None => break,
            }
        }
        Ok(self.awaited.as_ref())
    }

    /// Compares an event that happened with the log's next one. Events above the level are not compared.
    pub fn check(&mut self, actual: &Event) -> Result<Option<Box<Divergence>>, LogError> {
        if actual.what.kind().level() > self.level {
            return Ok(None);
        }
        if self.awaited()? == Some(actual) {
            self.agree();
            return Ok(None);
        }
        let actual = actual.clone();
        let (mut at, mut vcpu) = (actual.at, actual.vcpu);
        let difference = match self.awaited.take() {
            None => Difference::Unexpected { actual, awaited: None },
            Some(expected) if expected.at > at => {
                Difference::Unexpected { actual, awaited: Some(expected) }
            }
            Some(expected) if expected.at == at => Difference::Mismatch { expected, actual },
            Some(expected) => {
                (at, vcpu) = (expected.at, expected.vcpu);
                Difference::Missing { expected, actual: Some(actual) }
            }
        };
        self.diverge(at, vcpu, difference).map(Some)
    }

    /// Every event before `now` has happened: reports an event of the log that is earlier and did not. Lets a replay
    /// stop where it missed an event, and not where the next one happens.
    pub fn passed(&mut self, now: Moment) -> Result<Option<Box<Divergence>>, LogError> {
        let missed = self.awaited()?.is_some_and(|event| event.at < now);
        if missed { self.ended() } else { Ok(None) }
    }

    /// The run ended: reports an event of the log that is still awaited.
    pub fn ended(&mut self) -> Result<Option<Box<Divergence>>, LogError> {
        self.awaited()?;
        let Some(expected) = self.awaited.take() else { return Ok(None) };
        let (at, vcpu) = (expected.at, expected.vcpu);
        self.diverge(at, vcpu, Difference::Missing { expected, actual: None }).map(Some)
    }

    /// The run makes no progress: reports the event that the log awaits.
    pub fn stuck(
        &mut self,
        now: Moment,
        vcpu: VcpuId,
        report: impl Into<String>,
    ) -> Result<Box<Divergence>, LogError> {
        self.awaited()?;
        let awaited = self.awaited.take();
        self.diverge(now, vcpu, Difference::Stuck { awaited, report: report.into() })
    }

    /// The log's next event happened.
    fn agree(&mut self) {
        let full = self.before.len() == CONTEXT;
        let oldest = if full { self.before.pop_front() } else { None };
        if let Some((event, clock)) = oldest.as_ref().zip(self.clock.as_mut()) {
            advance(clock, event);
        }
        self.before.extend(self.awaited.take());
        self.checked += 1;
    }

    /// The divergence, with what the log has around it. The log's next event was taken.
    fn diverge(
        &mut self,
        at: Moment,
        vcpu: VcpuId,
        difference: Difference,
    ) -> Result<Box<Divergence>, LogError> {
        let mut divergence = Box::new(Divergence::new(at, vcpu, difference));
        divergence.before = self.before.iter().cloned().collect();
        divergence.clock = self.clock.clone();
        while divergence.expected_after.len() < CONTEXT && self.awaited()?.is_some() {
            divergence.expected_after.extend(self.awaited.take());
        }
        Ok(divergence)
    }
}
