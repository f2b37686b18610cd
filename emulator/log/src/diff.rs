//! Where two logs differ.
//!
//! Two recordings of one scenario should be the same file. When they are not, the question is which event differed
//! first, and whether the machines were the same to begin with.

use std::fmt;
use std::io::{Read, Seek};

use lockstep_core::{Clock, Event, Level};

use crate::divergence::{CONTEXT, Checker, Divergence};
use crate::error::LogError;
use crate::header_text::HeaderDifference;
use crate::read::{Ending, Events, Reader};

/// How two logs compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The fields of the headers that differ.
    pub headers: Vec<HeaderDifference>,
    /// The level on which events were compared: the thinner of the two.
    pub level: Level,
    /// How many events agreed.
    pub compared: u64,
    /// The first event that differs. Where one log was cut off, the other going on is no difference.
    pub divergence: Option<Box<Divergence>>,
    /// How the first log ends, if it was read to its end.
    pub expected_ending: Option<Ending>,
    /// How the second log ends, if it was read to its end.
    pub actual_ending: Option<Ending>,
}

impl Diff {
    /// Whether the logs are of the same run, as far as both go: nothing differs but how and how much was written down.
    #[must_use]
    pub fn is_same_run(&self) -> bool {
        self.divergence.is_none() && !self.headers.iter().any(HeaderDifference::is_of_the_run)
    }
}

/// One of two logs cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The first.
    #[error("first log: {0}")]
    Expected(#[source] LogError),
    /// The second.
    #[error("second log: {0}")]
    Actual(#[source] LogError),
}

/// Compares two logs event by event.
pub fn diff<A: Read + Seek, B: Read + Seek>(
    expected: &mut Reader<A>,
    actual: &mut Reader<B>,
) -> Result<Diff, DiffError> {
    let headers = expected.header().differences(actual.header());
    let level = expected.header().level.min(actual.header().level);
    let clock = Clock::new(expected.header().machine.ns_per_insn);
    let mut log = Checker::new(expected.events(), level).with_clock(clock);
    let mut run = actual.events();
    let divergence = first_difference(&mut log, &mut run, level)?;
    Ok(Diff {
        headers,
        level,
        compared: log.checked(),
        divergence,
        expected_ending: log.log().ending(),
        actual_ending: run.ending(),
    })
}

fn first_difference<A: Read + Seek, B: Read + Seek>(
    log: &mut Checker<Events<A>>,
    run: &mut Events<B>,
    level: Level,
) -> Result<Option<Box<Divergence>>, DiffError> {
    while let Some(event) = next_at_level(run, level)? {
        let log_ended = log.awaited().map_err(DiffError::Expected)?.is_none();
        if log_ended && log.log().ending() != Some(Ending::Complete) {
            return Ok(None);
        }
        if let Some(mut divergence) = log.check(&event).map_err(DiffError::Expected)? {
            while divergence.actual_after.len() < CONTEXT {
                let Some(event) = next_at_level(run, level)? else { break };
                divergence.actual_after.push(event);
            }
            return Ok(Some(divergence));
        }
    }
    if run.ending() == Some(Ending::Complete) {
        log.ended().map_err(DiffError::Expected)
    } else {
        // Looks at the rest of the first log for its ending, and for damage.
        log.awaited().map_err(DiffError::Expected).map(|_| None)
    }
}

fn next_at_level<S: Read + Seek>(
    events: &mut Events<S>,
    level: Level,
) -> Result<Option<Event>, DiffError> {
    let mut events = events
        .filter(|event| event.as_ref().map_or(true, |event| event.what.kind().level() <= level));
    events.next().transpose().map_err(DiffError::Actual)
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.headers {
            writeln!(f, "header {difference}")?;
        }
        for (name, ending) in [("first", self.expected_ending), ("second", self.actual_ending)] {
            if let Some(ending @ Ending::Truncated { .. }) = ending {
                writeln!(f, "the {name} log was {ending}")?;
            }
        }
        let Self { compared, level, .. } = self;
        match &self.divergence {
            Some(divergence) => {
                writeln!(f, "{compared} events agree (level {level}), then:")?;
                divergence.fmt(f)
            }
            None => writeln!(f, "{compared} events agree (level {level}), none differs"),
        }
    }
}
