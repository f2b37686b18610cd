//! Replaying.
//!
//! The log is the door: its inputs enter at their moments. And the log is the judge: a player holds every event of the
//! machine to the log's next one and stops at the first that differs. A run that goes past an awaited event, ends
//! before it or can never reach it is a divergence, too, so that a replay never just hangs.

use std::any::Any;
use std::io::{Read, Seek};
use std::sync::Arc;

use lockstep_core::{
    Clock, Door, Event, EventKind, Input, Level, Moment, Observer, Offer, StopReason, VcpuId,
    Verdict, VirtualTime, What,
};
use lockstep_log::{Checker, Divergence, Ending, Events, Header, LogError, Reader};

use crate::keyframe::Expected;
use crate::{BuildError, EngineChoice, Goal, Images, Machine, NoJitError, Outputs, Pause, build};

/// Instructions after which a run that goes on past the end of its log is believed to.
const MOST_PAST_END: u64 = 50_000_000;

/// A replay that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The recorded machine cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// How a replay ended.
#[derive(Debug)]
pub enum ReplayEnd {
    /// The run was reproduced to its end.
    Complete(StopReason),
    /// The recording was cut off; everything that it has was reproduced.
    Truncated(Ending),
    /// The run differs from the recording.
    Diverged(Box<Divergence>),
}

/// The inputs of a log, as a door. Knows by the moment what to offer, so that one machine may come past it twice.
#[derive(Clone, Debug)]
pub struct LogDoor {
    inputs: Arc<[(Moment, Input)]>,
}

impl LogDoor {
    /// A door for the inputs among a log's events.
    pub fn new<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let input = |event: &Event| match &event.what {
            What::Input(input) => Some((event.at, input.clone())),
            _ => None,
        };
        Self { inputs: events.filter_map(input).collect() }
    }
}

impl Door for LogDoor {
    fn poll(&mut self, now: Moment, _time: VirtualTime) -> Offer {
        let place = self.inputs.partition_point(|(at, _)| *at < now);
        match self.inputs.get(place) {
            None => Offer::Never,
            Some((at, input)) if *at == now => Offer::Input(input.clone()),
            Some(_) => Offer::NotNow,
        }
    }

    fn next_poll(&self, retired: u64, _clock: &Clock) -> u64 {
        // A later input at this very count is asked for after the event before it.
        let place = self.inputs.partition_point(|(at, _)| at.retired < retired);
        self.inputs.get(place).map_or(u64::MAX, |(at, _)| at.retired.max(retired + 1))
    }

    fn idle(&mut self, now: Moment, next: Option<VirtualTime>) -> Offer {
        match self.poll(now, VirtualTime::ZERO) {
            Offer::NotNow | Offer::Never if next.is_some() => Offer::NotNow,
            Offer::NotNow => Offer::Never,
            offer => offer,
        }
    }
}

fn was_cut(ending: Ending) -> bool {
    matches!(ending, Ending::Truncated { .. })
}

/// The log's events, and what was found when they were compared.
struct Player<S> {
    checker: Checker<Events<S>>,
    level: Level,
    found: Option<Result<Box<Divergence>, LogError>>,
    /// The log has no more events.
    exhausted: bool,
}

impl<S: Read + Seek> Player<S> {
    fn note(&mut self, result: Result<Option<Box<Divergence>>, LogError>) -> Verdict {
        if let Some(found) = result.transpose() {
            self.found.get_or_insert(found);
        }
        if self.found.is_some() { Verdict::Stop } else { Verdict::Continue }
    }

    /// The moment of the log's next event.
    fn awaited(&mut self) -> Option<Event> {
        match self.checker.awaited() {
            Ok(event) => {
                self.exhausted = event.is_none();
                event.cloned()
            }
            Err(error) => {
                self.found.get_or_insert(Err(error));
                None
            }
        }
    }
}

impl<S: Read + Seek + Send + 'static> Observer for Player<S> {
    fn level(&self) -> Level {
        self.level
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        if self.found.is_some() {
            return Verdict::Stop;
        }
        // Past the end of a recording that was cut off there is nothing to compare with.
        if self.awaited().is_none() && self.checker.log().ending().is_some_and(was_cut) {
            return Verdict::Stop;
        }
        let result = self.checker.check(event);
        self.note(result)
    }

    fn dead(&mut self, now: Moment, vcpu: VcpuId, report: &str) -> Verdict {
        match self.awaited() {
            Some(event) if !event.is_end_at(now) => {
                let found = self.checker.stuck(now, vcpu, report).map(Some);
                self.note(found)
            }
            _ => Verdict::Continue,
        }
    }
}

/// A replay under way.
pub struct Replay<S> {
    header: Header,
    machine: Box<dyn Machine>,
    /// The last count at which an event was awaited, and the program counter there.
    place: (u64, u64),
    /// The keyframes that were not yet passed, the next one last.
    keyframes: Vec<Expected>,
    source: std::marker::PhantomData<fn() -> S>,
}

impl<S: Read + Seek + Send + 'static> Replay<S> {
    /// Builds the recorded machine from `images`, which must be those that were recorded.
    pub fn new(mut log: Reader<S>, images: &Images) -> Result<Self, ReplayError> {
        let header = log.header().clone();
        // Damage is reported when the replay gets there.
        let events = log.events().map_while(Result::ok);
        let inputs: Vec<_> = events.filter(|event| event.what.kind() == EventKind::Input).collect();
        let door = LogDoor::new(inputs.iter());
        // Damage to keyframes takes nothing from a replay; `log verify` finds it.
        let keyframes = log.keyframes().unwrap_or_default();
        let keyframes = keyframes.iter().rev().filter_map(Expected::of).collect();
        let mut machine = build(&header.machine, images)?;
        let mut clock = Clock::new(header.machine.ns_per_insn);
        clock.warp_to(machine.moment().retired, machine.time());
        let checker = Checker::new(log.into_events(), header.level).with_clock(clock);
        let player = Player { checker, level: header.level, found: None, exhausted: false };
        machine.set_observer(Box::new(player));
        machine.set_door(Box::new(door));
        let (place, source) = ((u64::MAX, 0), std::marker::PhantomData);
        Ok(Self { header, machine, place, keyframes, source })
    }

    /// What the log says about the machine.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The machine.
    pub fn machine(&mut self) -> &mut dyn Machine {
        &mut *self.machine
    }

    /// Replaces the engine of the machine.
    pub fn set_engine(&mut self, choice: EngineChoice) -> Result<(), NoJitError> {
        self.machine.set_engine(choice)
    }

    /// Shows the outputs to somebody.
    pub fn set_outputs(&mut self, outputs: Box<dyn Outputs>) {
        self.machine.set_outputs(outputs);
    }

    fn player(&mut self) -> Option<&mut Player<S>> {
        let observer: &mut dyn Any = self.machine.observer();
        observer.downcast_mut()
    }

    /// Runs to the end of the log, or to the first difference.
    pub fn run(&mut self) -> Result<ReplayEnd, ReplayError> {
        loop {
            let awaited = self.player().and_then(Player::awaited);
            if let Some(found) = self.player().and_then(|player| player.found.take()) {
                return self.explain(found);
            }
            let pause = match &awaited {
                Some(event) => self.run_past(event.at.retired),
                None if self.log_was_cut() => return Ok(self.at_end(None)),
                None => return self.run_past_end(),
            };
            if let Some(found) = self.player().and_then(|player| player.found.take()) {
                return self.explain(found);
            }
            match pause {
                Pause::Observer => return Ok(self.at_end(None)),
                Pause::Reached => self.check_passed(),
                // A replay has none; somebody else's stop it no more than anything else.
                Pause::Breakpoint | Pause::Watchpoint(_) | Pause::Device(_) => {}
                Pause::Ended(reason) => {
                    let missing = self.player().map(|player| player.checker.ended());
                    match missing.transpose()?.flatten() {
                        Some(divergence) => return self.explain(Ok(divergence)),
                        None => return Ok(self.at_end(Some(reason))),
                    }
                }
            }
        }
    }

    /// Runs to the count at which an event is awaited, to know where that is, and past it.
    fn run_past(&mut self, retired: u64) -> Pause {
        if let Some(pause) = self.pass_keyframes(retired) {
            return pause;
        }
        let pause = self.machine.run(Goal::Retired(retired));
        if pause != Pause::Reached {
            return pause;
        }
        let reached = self.machine.moment().retired;
        if self.place.0 != reached {
            self.place = (reached, self.machine.position().1);
        }
        let after = retired.saturating_add(1);
        self.pass_keyframes(after).unwrap_or_else(|| self.machine.run(Goal::Retired(after)))
    }

    /// Runs to the keyframes before a count, and compares. Says why the machine came back before that.
    fn pass_keyframes(&mut self, end: u64) -> Option<Pause> {
        while let Some(keyframe) = self.keyframes.pop_if(|keyframe| keyframe.at.retired < end) {
            let pause = self.machine.run(Goal::before(keyframe.at.retired));
            if pause != Pause::Reached {
                return Some(pause);
            }
            // Somewhere else, the events differ, which says more.
            let is_there = self.machine.moment() == keyframe.at;
            let found = is_there.then(|| keyframe.compare(&mut *self.machine)).flatten();
            if let Some(found) = found {
                if let Some(player) = self.player() {
                    player.found.get_or_insert(Ok(found));
                }
                return Some(Pause::Observer);
            }
        }
        None
    }

    fn log_was_cut(&mut self) -> bool {
        self.player().and_then(|player| player.checker.log().ending()).is_some_and(was_cut)
    }

    /// A finished log ends with the end of its run. This one does not: looks how the run goes on, but not for ever.
    fn run_past_end(&mut self) -> Result<ReplayEnd, ReplayError> {
        let further = self.header.machine.digest_interval.min(MOST_PAST_END);
        let goal = Goal::Retired(self.machine.moment().retired.saturating_add(further));
        let pause = self.machine.run(goal);
        let (now, (vcpu, _)) = (self.machine.moment(), self.machine.position());
        let found = self.player().and_then(|player| {
            let stuck = |player: &mut Player<S>| {
                player.checker.stuck(now, vcpu, "the log has no more events, and no end of the run")
            };
            player.found.take().or_else(|| (pause == Pause::Reached).then(|| stuck(player)))
        });
        match found {
            Some(found) => self.explain(found),
            None => Ok(self.at_end(None)),
        }
    }

    /// Notes a divergence when the machine has gone past an event of the log.
    fn check_passed(&mut self) {
        let now = self.machine.moment();
        if let Some(player) = self.player() {
            let result = player.checker.passed(now);
            player.note(result);
        }
    }

    fn at_end(&mut self, reason: Option<StopReason>) -> ReplayEnd {
        let ending = self.player().and_then(|player| player.checker.log().ending());
        match (ending, reason) {
            (_, Some(reason)) => ReplayEnd::Complete(reason),
            (Some(ending), None) if was_cut(ending) => ReplayEnd::Truncated(ending),
            (_, None) => ReplayEnd::Complete(StopReason::Requested),
        }
    }

    /// Adds what only the machine knows.
    fn explain(
        &mut self,
        found: Result<Box<Divergence>, LogError>,
    ) -> Result<ReplayEnd, ReplayError> {
        let mut divergence = found?;
        let (retired, pc) = self.place;
        let pc = if retired == divergence.at.retired { pc } else { self.machine.position().1 };
        divergence.pc = divergence.pc.or(Some(pc));
        Ok(ReplayEnd::Diverged(divergence))
    }
}
