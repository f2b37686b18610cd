//! The one writer.
//!
//! Recorders race when several threads append to one log, and the winner of a lock is the host's choice. The
//! journal belongs to the machine, the machine belongs to one thread, and nothing else can append.

use std::any::Any;

use serde::{Deserialize, Serialize};

use crate::{Event, Level, Moment, VcpuId, What, chain};

/// What an observer says to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Stop the machine at the next instruction boundary.
    Stop,
}

/// Who is told of the events: a recorder, a player that compares them, or nobody.
pub trait Observer: Any + Send {
    /// Events above this level are not shown.
    fn level(&self) -> Level;

    /// Takes note of an event.
    fn observe(&mut self, event: &Event) -> Verdict;

    /// The machine, at `now`, can neither go on nor be woken; its end will be the next event. An observer that
    /// waits for something else can say so here.
    fn dead(&mut self, _now: Moment, _vcpu: VcpuId, _report: &str) -> Verdict {
        Verdict::Continue
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn level(&self) -> Level {
        Level::Inputs
    }

    fn observe(&mut self, _event: &Event) -> Verdict {
        Verdict::Continue
    }
}

/// The part of a journal that is machine state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalState {
    /// The moment of the next event, if it happened at this count.
    pub next: Moment,
    /// The running digest of all events so far.
    pub running: u64,
}

/// Gives every event its moment, keeps the running digest, and tells the observer.
pub struct Journal {
    state: JournalState,
    observer: Box<dyn Observer>,
    level: Level,
    stop: bool,
    scratch: Vec<u8>,
}

impl Journal {
    /// A journal that tells `observer`.
    #[must_use]
    pub fn new(observer: Box<dyn Observer>) -> Self {
        let level = observer.level();
        Self { state: JournalState::default(), observer, level, stop: false, scratch: Vec::new() }
    }

    /// Replaces the observer.
    pub fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.level = observer.level();
        self.observer = observer;
        self.stop = false;
    }

    /// The observer.
    #[must_use]
    pub fn observer(&mut self) -> &mut dyn Observer {
        &mut *self.observer
    }

    /// Takes the observer away.
    pub fn take_observer(&mut self) -> Box<dyn Observer> {
        let observer = std::mem::replace(&mut self.observer, Box::new(NoObserver));
        self.level = self.observer.level();
        self.stop = false;
        observer
    }

    /// The moment that an event at count `retired` would get now.
    #[must_use]
    pub const fn moment(&self, retired: u64) -> Moment {
        if retired == self.state.next.retired { self.state.next } else { Moment::at(retired) }
    }

    /// Appends an event at count `retired`.
    pub fn append(&mut self, retired: u64, vcpu: VcpuId, what: What) {
        let at = self.moment(retired);
        self.state.next = Moment { retired, ordinal: at.ordinal + 1 };
        let level = what.kind().level();
        let event = Event { at, vcpu, what };
        self.scratch.clear();
        // Encoding into memory cannot fail: the types have no unsized or unsupported parts.
        if let Ok(bytes) = postcard::to_extend(&event, std::mem::take(&mut self.scratch)) {
            self.state.running = chain(self.state.running, &bytes);
            self.scratch = bytes;
        }
        if level <= self.level && self.observer.observe(&event) == Verdict::Stop {
            self.stop = true;
        }
    }

    /// Tells the observer that the machine, at count `retired`, can neither go on nor be woken.
    pub fn dead(&mut self, retired: u64, vcpu: VcpuId, report: &str) {
        if self.observer.dead(self.moment(retired), vcpu, report) == Verdict::Stop {
            self.stop = true;
        }
    }

    /// Whether the observer wants the machine to stop.
    #[must_use]
    pub const fn stop_wanted(&self) -> bool {
        self.stop
    }

    /// Goes on although the observer wanted the machine to stop.
    pub const fn go_on(&mut self) {
        self.stop = false;
    }

    /// The state to save.
    #[must_use]
    pub const fn state(&self) -> JournalState {
        self.state
    }

    /// Takes a saved state back; the observer stays.
    pub const fn set_state(&mut self, state: JournalState) {
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventKind, Input};

    fn run(level: Level, events: &[(u64, What)]) -> (JournalState, Vec<EventKind>) {
        struct Keep(Level, std::sync::mpsc::Sender<EventKind>);
        impl Observer for Keep {
            fn level(&self) -> Level {
                self.0
            }
            fn observe(&mut self, event: &Event) -> Verdict {
                self.1.send(event.what.kind()).unwrap();
                Verdict::Continue
            }
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut journal = Journal::new(Box::new(Keep(level, sender)));
        for (retired, what) in events {
            journal.append(*retired, VcpuId(0), what.clone());
        }
        (journal.state(), receiver.try_iter().collect())
    }

    /// Catches ordinals or digests that depend on how much is written down.
    #[test]
    fn level_changes_what_is_shown_and_nothing_else() {
        let events = [
            (3, What::Input(Input::PowerKey)),
            (3, What::TlbFill { page: 1, frame: 2, attributes: 3 }),
            (3, What::ConsoleOut { port: 0, byte: 7 }),
        ];
        let (thin, shown) = run(Level::Inputs, &events);
        assert_eq!(shown, [EventKind::Input]);
        let (full, shown) = run(Level::Full, &events);
        assert_eq!(shown.len(), 3);
        assert_eq!(thin, full);
        assert_eq!(thin.next, Moment { retired: 3, ordinal: 3 });
    }
}
