//! A machine that runs forward over a stretch of a recording.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_core::{Event, Moment};
use lockstep_log::{Divergence, StoredKeyframe};
use lockstep_machine::{
    DeviceHit, Goal, KeyframeError, Machine, Pause, Snapshot, Traps, WatchHit, restore_keyframe,
};

use crate::history::{History, Judge, Matcher};
use crate::{Conditions, EventCondition, TimelineError};

/// Why a stretch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// At its goal.
    Reached,
    /// The run has ended.
    Ended,
    /// Before an instruction with a breakpoint.
    Breakpoint,
    /// After an instruction that accessed watched bytes.
    Watchpoint(WatchHit),
    /// After an instruction that accessed a device to stop at.
    Device(DeviceHit),
    /// After the transition with an event to stop at.
    Event(Event),
    /// The run differs from the recording.
    Diverged(Box<Divergence>),
    /// Somebody wants to do something else.
    Interrupted,
}

/// What to stop at within a stretch: the part of [`Conditions`] that a machine looks out for.
#[derive(Clone, Default)]
pub(crate) struct Lookout {
    pub(crate) traps: Traps,
    pub(crate) matcher: Matcher,
}

impl Lookout {
    pub(crate) fn new(conditions: &Conditions) -> Self {
        let devices = conditions.events.iter().filter_map(|event| match event {
            EventCondition::Device(region) => Some(region.clone()),
            EventCondition::Kind(_) | EventCondition::ConsoleText(_) => None,
        });
        let breakpoints: Vec<u64> = conditions.breakpoints.iter().copied().collect();
        Self {
            traps: Traps::new(&breakpoints, &conditions.watchpoints)
                .with_devices(devices.collect()),
            matcher: Matcher::new(&conditions.events),
        }
    }

    /// Watchpoints alone.
    pub(crate) fn watching(conditions: &Conditions) -> Self {
        let traps = Traps::new(&[], &conditions.watchpoints);
        Self { traps, matcher: Matcher::default() }
    }
}

/// A machine with its judge.
pub(crate) struct Runner {
    pub(crate) machine: Box<dyn Machine>,
    looks_out: bool,
    /// Its events are held to a recording's.
    judged: bool,
}

impl Runner {
    pub(crate) fn new(mut machine: Box<dyn Machine>, history: Option<&Arc<History>>) -> Self {
        Judge::attach(&mut *machine, history);
        Self { machine, looks_out: false, judged: history.is_some() }
    }

    /// Changes to the recording, or to none.
    pub(crate) fn attach(&mut self, history: Option<&Arc<History>>) {
        if self.judged != history.is_some() {
            Judge::attach(&mut *self.machine, history);
            self.judged = history.is_some();
        }
    }

    /// Whether the next instruction has a breakpoint and can be fetched.
    pub(crate) fn at_breakpoint(&self, breakpoints: &BTreeSet<u64>) -> bool {
        let (vcpu, pc) = self.machine.position();
        breakpoints.contains(&pc) && self.machine.translate(vcpu, pc).is_some()
    }

    pub(crate) fn moment(&self) -> Moment {
        self.machine.moment()
    }

    /// What to look out for from here on.
    pub(crate) fn look_out(&mut self, lookout: &Lookout) {
        self.looks_out = true;
        self.machine.set_traps(lookout.traps.clone());
        if let Some(judge) = Judge::of(&mut *self.machine) {
            judge.look_for(lookout.matcher.clone());
        }
    }

    /// Stops at nothing.
    pub(crate) fn look_ahead(&mut self) {
        if std::mem::take(&mut self.looks_out) {
            self.look_out(&Lookout::default());
            self.looks_out = false;
        }
    }

    /// Goes back, or forth, to where a snapshot was taken, and stops at nothing.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<(), TimelineError> {
        self.machine.restore(snapshot)?;
        self.restored();
        Ok(())
    }

    /// The same, with the state of a keyframe, which comes from outside.
    pub(crate) fn restore_keyframe(
        &mut self,
        snapshot: &Snapshot,
        keyframe: &StoredKeyframe,
    ) -> Result<(), KeyframeError> {
        restore_keyframe(&mut *self.machine, snapshot, keyframe)?;
        self.restored();
        Ok(())
    }

    fn restored(&mut self) {
        let at = self.machine.moment();
        if let Some(judge) = Judge::of(&mut *self.machine) {
            judge.moved(at);
        }
        self.look_out(&Lookout::default());
        self.looks_out = false;
    }

    fn diverged(&mut self) -> Option<Halt> {
        let judge = Judge::of(&mut *self.machine)?;
        judge.found().map(|found| Halt::Diverged(Box::new(found.clone())))
    }

    /// The first event to stop at that was not yet told.
    fn event(&mut self) -> Option<Halt> {
        let judge = Judge::of(&mut *self.machine)?;
        let first = std::mem::take(&mut judge.hits).into_iter().next();
        first.map(Halt::Event)
    }

    /// Runs to a goal, or to what it looks out for. Stops before instructions, unless the goal is between acts.
    pub(crate) fn run(&mut self, goal: Moment) -> Halt {
        if let Some(halt) = self.diverged() {
            return halt;
        }
        let pause = self.machine.run(Goal::Moment(goal));
        let now = self.moment();
        if let Some(judge) = Judge::of(&mut *self.machine) {
            match pause {
                Pause::Ended(_) => judge.check_ended(),
                _ => judge.check_passed(now),
            }
        }
        if let Some(halt) = self.diverged() {
            return halt;
        }
        match pause {
            Pause::Ended(_) => Halt::Ended,
            Pause::Reached => Halt::Reached,
            Pause::Breakpoint => Halt::Breakpoint,
            Pause::Watchpoint(hits) => match hits.into_iter().next() {
                Some(hit) => Halt::Watchpoint(hit),
                None => Halt::Reached,
            },
            Pause::Device(hit) => Halt::Device(hit),
            Pause::Observer => self.settle(),
        }
    }

    /// An event to stop at has happened: finishes the transition.
    fn settle(&mut self) -> Halt {
        let event = self.event();
        let here = Moment { retired: self.moment().retired, ordinal: u32::MAX };
        loop {
            return match self.machine.run(Goal::Moment(here)) {
                // More events of the same transition: one of them is enough.
                Pause::Observer if self.diverged().is_none() => continue,
                _ => self.diverged().or(event).unwrap_or(Halt::Reached),
            };
        }
    }
}
