//! What a recording says happened, and holding a machine to it.

use std::any::Any;
use std::io::{Read, Seek};
use std::sync::Arc;

use lockstep_core::{Event, EventKind, Level, Moment, NoDoor, Observer, VcpuId, Verdict, What};
use lockstep_log::{
    CONTEXT, Checker, Divergence, Ending, Header, LogError, Reader, StoredKeyframe,
};
use lockstep_machine::{LogDoor, Machine};

use crate::EventCondition;

/// A recording's events, all of them: whoever moves in both directions needs them at once.
pub(crate) struct History {
    pub(crate) header: Header,
    pub(crate) events: Vec<Event>,
    pub(crate) ending: Ending,
    /// The recording's own saved states, compressed.
    pub(crate) keyframes: Vec<StoredKeyframe>,
}

impl History {
    pub(crate) fn read<S: Read + Seek>(mut reader: Reader<S>) -> Result<Self, LogError> {
        let header = reader.header().clone();
        let mut log = reader.events();
        let events = log.by_ref().collect::<Result<_, _>>()?;
        let ending = log.ending().unwrap_or(Ending::Complete);
        let keyframes = reader.keyframes()?;
        Ok(Self { header, events, ending, keyframes })
    }

    /// The moment after the last event.
    pub(crate) fn end(&self) -> Moment {
        let after = |event: &Event| Moment { ordinal: event.at.ordinal + 1, ..event.at };
        self.events.last().map_or(Moment::START, after)
    }

    /// The place of the first event that is not before a moment.
    pub(crate) fn place(&self, at: Moment) -> usize {
        self.events.partition_point(|event| event.at < at)
    }

    fn was_cut(&self) -> bool {
        matches!(self.ending, Ending::Truncated { .. })
    }

    /// What `check` finds, with the log standing before the event at `place`.
    fn explain(
        &self,
        place: usize,
        check: impl FnOnce(&mut Checker<Context>) -> Check,
    ) -> Option<Box<Divergence>> {
        let first = place.saturating_sub(CONTEXT);
        let end = (place + CONTEXT + 1).min(self.events.len());
        let events: Vec<_> = self.events[first..end].iter().cloned().map(Ok).collect();
        let mut checker = Checker::new(events.into_iter(), self.header.level);
        for event in &self.events[first..place] {
            // The log agrees with itself.
            let _ = checker.check(event);
        }
        // Events in memory cannot be damaged any more.
        check(&mut checker).ok().flatten()
    }
}

/// The events around a difference.
type Context = std::vec::IntoIter<Result<Event, LogError>>;
type Check = Result<Option<Box<Divergence>>, LogError>;

/// Finds the events to stop at.
#[derive(Clone, Default)]
pub(crate) struct Matcher {
    kinds: Vec<EventKind>,
    texts: Vec<Vec<u8>>,
    /// The last bytes on each port, as many as the longest text has.
    tails: Vec<(u8, Vec<u8>)>,
    longest: usize,
}

impl Matcher {
    pub(crate) fn new(conditions: &[EventCondition]) -> Self {
        let mut matcher = Self::default();
        for condition in conditions {
            match condition {
                EventCondition::Kind(kind) => matcher.kinds.push(*kind),
                EventCondition::ConsoleText(text) if !text.is_empty() => {
                    matcher.longest = matcher.longest.max(text.len());
                    matcher.texts.push(text.clone());
                }
                // No event: the machine looks out for it.
                EventCondition::ConsoleText(_) | EventCondition::Device(_) => {}
            }
        }
        matcher
    }

    /// Whether everything there is to find is in recordings of this level.
    pub(crate) fn is_in(&self, level: Level) -> bool {
        self.kinds.iter().all(|kind| kind.level() <= level)
            && (self.texts.is_empty() || EventKind::ConsoleOut.level() <= level)
    }

    /// Takes note of the console bytes before `place`, so that a text which began there is found.
    pub(crate) fn prime(&mut self, events: &[Event], place: usize) {
        self.tails.clear();
        if self.texts.is_empty() {
            return;
        }
        // Enough for every port, unless somebody writes on many at once: then the oldest are forgotten.
        let bytes = events[..place]
            .iter()
            .rev()
            .filter(|event| matches!(event.what, What::ConsoleOut { .. }));
        let recent: Vec<&Event> = bytes.take(self.longest * 8).collect();
        for event in recent.into_iter().rev() {
            self.matches(event);
        }
    }

    /// Whether an event may complete a text, so that what comes before it matters.
    pub(crate) fn concerns(&self, event: &Event) -> bool {
        let What::ConsoleOut { byte, .. } = event.what else { return false };
        self.texts.iter().any(|text| text.last() == Some(&byte))
    }

    /// Whether an event is to be stopped at.
    pub(crate) fn matches(&mut self, event: &Event) -> bool {
        let text = match event.what {
            What::ConsoleOut { port, byte } if self.longest > 0 => self.completes(port, byte),
            _ => false,
        };
        text || self.kinds.contains(&event.what.kind())
    }

    fn completes(&mut self, port: u8, byte: u8) -> bool {
        let place = match self.tails.iter().position(|(known, _)| *known == port) {
            Some(place) => place,
            None => {
                self.tails.push((port, Vec::new()));
                self.tails.len() - 1
            }
        };
        let tail = &mut self.tails[place].1;
        if tail.len() == self.longest {
            tail.remove(0);
        }
        tail.push(byte);
        self.texts.iter().any(|text| tail.ends_with(text))
    }
}

/// Holds a machine's events to a recording's, and notes those to stop at.
pub(crate) struct Judge {
    /// None in a branch: nothing is known there.
    history: Option<Arc<History>>,
    /// The place of the next event in the history.
    next: usize,
    found: Option<Box<Divergence>>,
    matcher: Matcher,
    pub(crate) hits: Vec<Event>,
}

impl Judge {
    /// Gives a machine its inputs and its judge.
    pub(crate) fn attach(machine: &mut dyn Machine, history: Option<&Arc<History>>) {
        match history {
            Some(history) => machine.set_door(Box::new(LogDoor::new(history.events.iter()))),
            None => machine.set_door(Box::new(NoDoor)),
        }
        let next = history.map_or(0, |history| history.place(machine.moment()));
        machine.set_observer(Box::new(Self {
            history: history.cloned(),
            next,
            found: None,
            matcher: Matcher::default(),
            hits: Vec::new(),
        }));
    }

    /// The judge of a machine that has one.
    pub(crate) fn of(machine: &mut dyn Machine) -> Option<&mut Self> {
        let observer: &mut dyn Any = machine.observer();
        observer.downcast_mut()
    }

    /// The machine was taken to another moment.
    pub(crate) fn moved(&mut self, at: Moment) {
        self.found = None;
        if let Some(history) = &self.history {
            self.next = history.place(at);
        }
    }

    /// From here on, `matcher` says what to stop at.
    pub(crate) fn look_for(&mut self, matcher: Matcher) {
        self.matcher = matcher;
        self.hits.clear();
        if let Some(history) = &self.history {
            self.matcher.prime(&history.events, self.next);
        }
    }

    /// The difference that was found. From there on the machine goes no further.
    pub(crate) fn found(&self) -> Option<&Divergence> {
        self.found.as_deref()
    }

    /// Notes a difference when the machine, at `now`, has gone past an event.
    pub(crate) fn check_passed(&mut self, now: Moment) {
        if let Some(history) = &self.history
            && self.found.is_none()
            && history.events.get(self.next).is_some_and(|event| event.at < now)
        {
            self.found = history.explain(self.next, |checker| checker.passed(now));
        }
    }

    /// Notes a difference when the run has ended before its log.
    pub(crate) fn check_ended(&mut self) {
        if let Some(history) = &self.history
            && self.found.is_none()
            && self.next < history.events.len()
        {
            self.found = history.explain(self.next, Checker::ended);
        }
    }

    fn compare(&mut self, event: &Event) {
        let Some(history) = &self.history else { return };
        if event.what.kind().level() > history.header.level {
            return;
        }
        match history.events.get(self.next) {
            Some(expected) if expected == event => self.next += 1,
            // Past the end of a recording that was cut off there is nothing to compare with.
            None if history.was_cut() => {}
            _ => self.found = history.explain(self.next, |checker| checker.check(event)),
        }
    }
}

impl Observer for Judge {
    fn level(&self) -> Level {
        Level::Full
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        if self.found.is_none() {
            self.compare(event);
        }
        let hit = self.matcher.matches(event);
        if hit {
            self.hits.push(event.clone());
        }
        if hit || self.found.is_some() { Verdict::Stop } else { Verdict::Continue }
    }

    fn dead(&mut self, now: Moment, vcpu: VcpuId, report: &str) -> Verdict {
        let Some(history) = &self.history else { return Verdict::Continue };
        match history.events.get(self.next) {
            Some(event) if !event.is_end_at(now) => {
                let stuck = |checker: &mut Checker<_>| checker.stuck(now, vcpu, report).map(Some);
                self.found = history.explain(self.next, stuck);
                Verdict::Stop
            }
            _ => Verdict::Continue,
        }
    }
}
