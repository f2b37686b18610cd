//! The first difference between what was recorded and what happened.
//!
//! A replay that goes wrong must not end in a hang or a crash far from the cause. It ends in a value that says what
//! was expected, what came, when, on which vCPU and at which pc, and what both sides did around it.

use std::collections::VecDeque;
use std::fmt;

use lockstep_core::{Event, Level, Moment, VcpuId, What};

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

    /// One sentence.
    fn summary(&self) -> String {
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
        Self { at, vcpu, pc, difference, before, expected_after, actual_after }
    }
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
        if let Some(pc) = self.pc {
            write!(f, ", pc {pc:#x}")?;
        }
        writeln!(f, ": {}", self.difference.summary())?;
        for event in &self.before {
            writeln!(f, "    both      {}", EventLine(event))?;
        }
        let side = |f: &mut fmt::Formatter<'_>, name, event: Option<&Event>, after: &[Event]| {
            match event {
                Some(event) => writeln!(f, "  > {name:<8}  {}", EventLine(event))?,
                None => writeln!(f, "  > {name:<8}  {:>14}", "nothing")?,
            }
            after.iter().try_for_each(|event| writeln!(f, "    {name:<8}  {}", EventLine(event)))
        };
        side(f, "expected", self.difference.expected(), &self.expected_after)?;
        side(f, "actual", self.difference.actual(), &self.actual_after)
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
    checked: u64,
}

impl<I: Iterator<Item = Result<Event, LogError>>> Checker<I> {
    /// Compares with the events of `log` that are not above `level`.
    pub fn new(log: I, level: Level) -> Self {
        Self { log, level, awaited: None, before: VecDeque::new(), checked: 0 }
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
        if self.before.len() == CONTEXT {
            self.before.pop_front();
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
        while divergence.expected_after.len() < CONTEXT && self.awaited()?.is_some() {
            divergence.expected_after.extend(self.awaited.take());
        }
        Ok(divergence)
    }
}
