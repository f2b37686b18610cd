//! What a debugger wants to stop at, and what the timeline is told of it.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_machine::{Watch, WatchKind};
use lockstep_timeline::{Conditions, EventCondition};

/// How a debugger asked for a breakpoint. Here they are the same; it wants to hear its own word again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asked {
    software: bool,
    hardware: bool,
}

/// Breakpoints, watchpoints and events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Points {
    breakpoints: BTreeMap<u64, Asked>,
    watches: Vec<Watch>,
    events: Vec<EventCondition>,
}

impl Points {
    /// Sets or removes a breakpoint.
    pub(crate) fn breakpoint(&mut self, address: u64, hardware: bool, set: bool) {
        let asked = self.breakpoints.entry(address).or_default();
        if hardware {
            asked.hardware = set;
        } else {
            asked.software = set;
        }
        if *asked == Asked::default() {
            self.breakpoints.remove(&address);
        }
    }

    /// Whether only a hardware breakpoint is at an address.
    pub(crate) fn is_hardware(&self, address: u64) -> bool {
        self.breakpoints.get(&address).is_some_and(|asked| !asked.software)
    }

    /// Whether there is a breakpoint at an address.
    pub(crate) fn is_breakpoint(&self, address: u64) -> bool {
        self.breakpoints.contains_key(&address)
    }

    /// Sets a watchpoint.
    pub(crate) fn add_watch(&mut self, watch: Watch) {
        if !self.watches.contains(&watch) {
            self.watches.push(watch);
        }
    }

    /// Removes a watchpoint.
    pub(crate) fn remove_watch(&mut self, watch: Watch) {
        self.watches.retain(|other| *other != watch);
    }

    /// The watchpoint at a place in [`Conditions::watchpoints`].
    pub(crate) fn watch(&self, place: usize) -> Option<(u64, WatchKind)> {
        self.watches.get(place).map(|watch| (watch.address, watch.kind))
    }

    /// The events to stop at.
    pub(crate) fn events(&self) -> &[EventCondition] {
        &self.events
    }

    /// Adds events to stop at.
    pub(crate) fn add_event(&mut self, event: EventCondition) {
        if !self.events.contains(&event) {
            self.events.push(event);
        }
    }

    /// Forgets the events.
    pub(crate) fn clear_events(&mut self) {
        self.events.clear();
    }

    /// Forgets what a debugger that is gone has set.
    pub(crate) fn detach(&mut self) {
        self.breakpoints.clear();
        self.watches.clear();
    }

    /// What the timeline has to stop at, and `more` events.
    pub(crate) fn conditions(&self, more: Option<EventCondition>) -> Conditions {
        let mut events = self.events.clone();
        events.extend(more);
        Conditions {
            breakpoints: self.breakpoints.keys().copied().collect::<BTreeSet<_>>(),
            watchpoints: self.watches.clone(),
            events,
            moment: None,
        }
    }
}
