//! The timeline: moves, one after the other.

use std::io::{Read, Seek};
use std::sync::Arc;

use lockstep_core::{Event, Moment, StateDigest, VcpuId};
use lockstep_log::{Ending, Header, Reader};
use lockstep_machine::{Images, InspectError, Machine, Snapshot, build};

use crate::history::History;
use crate::runner::{Halt, Lookout, Runner};
use crate::scan::{Found, Interval, look_up, scan, scan_all};
use crate::track::{Track, before};
use crate::{Checkpoints, Conditions, OpenError, Options, Stop, TimelineError};

/// Asked now and then whether a move should end early.
type Wanted = Box<dyn FnMut() -> bool + Send>;

/// A branch, and the way back from it.
struct Branch {
    track: Track,
    /// Where it left the recording.
    at: Moment,
    /// The machine there.
    origin: Snapshot,
}

/// A recording, and where in it one is.
///
/// All moves keep to the recording: each event of the machine is held to the log's, and the first that differs ends the
/// move with [`Stop::Diverged`]. A debugger's writes go to a *branch*, a throw-away copy that is no longer compared and gets no
/// more inputs; until [`Timeline::branch_drop`] all moves are moves in the branch, which begins at its last write.
pub struct Timeline {
    runner: Runner,
    /// A second machine, to look at two intervals at once.
    spare: Option<Runner>,
    history: Arc<History>,
    images: Images,
    options: Options,
    conditions: Conditions,
    wanted: Wanted,
    recording: Track,
    branch: Option<Branch>,
}

impl Timeline {
    /// Opens a recording. `images` must be those that were recorded. The timeline is at its start.
    ///
    /// # Errors
    /// The log cannot be read, or its machine cannot be built.
    pub fn open<S: Read + Seek>(
        reader: Reader<S>,
        images: Images,
        options: Options,
    ) -> Result<Self, OpenError> {
        let history = Arc::new(History::read(reader)?);
        let mut machine = build(&history.header.machine, &images)?;
        machine.set_engine(options.engine)?;
        let built = (!history.keyframes.is_empty()).then(|| machine.save());
        let mut runner = Runner::new(machine, Some(&history));
        // Where it was switched on, or where its prefix ends.
        runner.run(before(runner.moment().retired).min(history.end()));
        let recording = Track::begin(&mut runner, Some(history.clone()), options.checkpoint_memory)
            .with_keyframes(built);
        Ok(Self {
            runner,
            spare: None,
            history,
            images,
            options,
            conditions: Conditions::default(),
            wanted: Box::new(|| false),
            recording,
            branch: None,
        })
    }

    /// Switches bugs on.
    #[cfg(feature = "faults")]
    pub fn set_faults(&mut self, faults: lockstep_core::faults::Faults) {
        // A second machine would need a schedule of its own.
        self.options.side_by_side = None;
        self.runner.machine.set_faults(faults);
    }

    /// What the log says about the machine.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.history.header
    }

    /// How the log ends.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.history.ending
    }

    /// The first position.
    #[must_use]
    pub const fn start(&self) -> Moment {
        self.recording.start
    }

    /// The last moment of the recording. In a branch, too.
    #[must_use]
    pub const fn end(&self) -> Moment {
        self.recording.end
    }

    /// Where the timeline is.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.runner.moment()
    }

    /// The machine as it is here, to look into.
    #[must_use]
    pub fn machine(&self) -> &dyn Machine {
        &*self.runner.machine
    }

    /// The digest of the machine's state here.
    pub fn digest(&mut self) -> StateDigest {
        self.runner.machine.digest()
    }

    /// The machine's whole state here, as a value.
    pub fn snapshot(&mut self) -> Snapshot {
        self.runner.machine.save()
    }

    /// The events of the recording, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.history.events
    }

    /// The events around a moment: at most `count` before it, and at most `count` at or after it.
    #[must_use]
    pub fn events_around(&self, at: Moment, count: usize) -> (&[Event], &[Event]) {
        let events = &self.history.events;
        let place = self.history.place(at);
        let end = place.saturating_add(count).min(events.len());
        (&events[place.saturating_sub(count)..place], &events[place..end])
    }

    /// Replaces what [`Timeline::resume`] and [`Timeline::reverse_resume`] stop at.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// What they stop at.
    #[must_use]
    pub const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Sets what is asked now and then, on this thread, whether a long move should end early: it then ends with
    /// [`Stop::Interrupted`], at a position that the move came past, and may be resumed.
    pub fn set_interrupt(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// What all moves are in.
    fn track(&self) -> &Track {
        self.branch.as_ref().map_or(&self.recording, |branch| &branch.track)
    }

    fn go(&mut self, to: Moment) -> Result<Halt, TimelineError> {
        let track = self.branch.as_mut().map_or(&mut self.recording, |branch| &mut branch.track);
        track.go(&mut self.runner, to, &mut self.wanted)
    }

    fn advance(&mut self, to: Moment) -> Halt {
        let track = self.branch.as_mut().map_or(&mut self.recording, |branch| &mut branch.track);
        track.advance(&mut self.runner, to, &mut self.wanted)
    }

    /// The stop for a halt on the way to `goal`.
    fn stop(&self, halt: Halt, goal: Moment) -> Stop {
        match halt {
            Halt::Reached if goal >= self.track().end => Stop::EndOfHistory,
            Halt::Reached => Stop::Moment,
            Halt::Ended => Stop::EndOfHistory,
            Halt::Breakpoint => {
                let (vcpu, pc) = self.runner.machine.position();
                Stop::Breakpoint { vcpu, pc }
            }
            Halt::Watchpoint(hit) => Stop::Watchpoint(hit),
            Halt::Device(hit) => Stop::Device(hit),
            Halt::Event(event) => Stop::Event(event),
            Halt::Diverged(found) => Stop::Diverged(found),
            Halt::Interrupted => Stop::Interrupted,
        }
    }

    /// Goes to a moment: the position that it names, or the first one after it at its count. Past either end, to that end.
    ///
    /// # Errors
    /// See [`TimelineError`]; so for all moves.
    pub fn seek(&mut self, to: Moment) -> Result<Stop, TimelineError> {
        let (start, end) = (self.track().start, self.track().end);
        let goal = to.clamp(start, end);
        let mut halt = self.go(before(goal.retired).min(end))?;
        if self.moment() > goal && halt != Halt::Interrupted {
            halt = self.go(goal)?;
        }
        match self.stop(halt, to) {
            Stop::Moment if to < start => Ok(Stop::StartOfHistory),
            stop => Ok(stop),
        }
    }

    /// Finishes what happens before the next instruction, if the timeline stands between acts. Says whether it did.
    fn settle(&mut self) -> Result<Option<Halt>, TimelineError> {
        let now = self.moment();
        self.runner.look_ahead();
        let halt = self.runner.run(before(now.retired).min(self.track().end));
        Ok((halt != Halt::Reached || self.moment() != now).then_some(halt))
    }

    /// Executes one instruction: [`Stop::Moment`], or [`Stop::Watchpoint`] when it accesses watched bytes. Other conditions are
    /// not heeded.
    pub fn step(&mut self) -> Result<Stop, TimelineError> {
        let now = self.moment();
        if let Some(halt) = self.settle()? {
            return Ok(self.stop(halt, before(now.retired)));
        }
        let goal = before(now.retired.saturating_add(1)).min(self.track().end);
        self.runner.look_out(&Lookout::watching(&self.conditions));
        let halt = self.runner.run(goal);
        let stays = halt == Halt::Reached && self.moment() == now;
        Ok(if stays { Stop::EndOfHistory } else { self.stop(halt, before(now.retired)) })
    }

    /// Goes to the position before the last instruction; [`Stop::Watchpoint`] when that instruction accesses watched bytes.
    pub fn reverse_step(&mut self) -> Result<Stop, TimelineError> {
        let (now, start) = (self.moment(), self.track().start);
        if now <= start {
            return Ok(Stop::StartOfHistory);
        }
        let target = now.retired.saturating_sub(1).max(start.retired);
        let halt = self.go(before(target))?;
        if halt != Halt::Reached || self.conditions.watchpoints.is_empty() {
            return Ok(self.stop(halt, before(target)));
        }
        let here = self.runner.machine.save();
        self.runner.look_out(&Lookout::watching(&self.conditions));
        let halt = self.runner.run(now);
        self.runner.restore(&here)?;
        Ok(match halt {
            Halt::Watchpoint(hit) => Stop::Watchpoint(hit),
            _ => Stop::Moment,
        })
    }

    /// Runs forward until a condition holds. A breakpoint here does not stop it.
    pub fn resume(&mut self) -> Result<Stop, TimelineError> {
        let now = self.moment();
        if let Some(halt) = self.settle()?
            && (halt != Halt::Reached || self.runner.at_breakpoint(&self.conditions.breakpoints))
        {
            let halt = if halt == Halt::Reached { Halt::Breakpoint } else { halt };
            return Ok(self.stop(halt, before(now.retired)));
        }
        self.runner.look_out(&Lookout::new(&self.conditions));
        let wanted = self.conditions.moment.filter(|moment| *moment > now);
        let goal = wanted.unwrap_or(Moment::NEVER).min(self.track().end);
        let halt = self.advance(goal);
        Ok(self.stop(halt, goal))
    }

    /// Runs backward to the last position at which [`Timeline::resume`] would have stopped before this one.
    pub fn reverse_resume(&mut self) -> Result<Stop, TimelineError> {
        let (now, start) = (self.moment(), self.track().start);
        if now <= start {
            return Ok(Stop::StartOfHistory);
        }
        let limit = self.conditions.moment.filter(|moment| *moment < now).unwrap_or(start);
        let limit = limit.max(start);
        let lookout = Lookout::new(&self.conditions);
        let found = if lookout.traps.is_empty() && self.is_in_log(&lookout) {
            self.look_up(&lookout, limit, now)?
        } else {
            self.scan_back(&lookout, limit, now)?
        };
        if let Some(found) = found {
            let halt = self.go(before(found.retired))?;
            return Ok(if halt == Halt::Reached { found.stop } else { self.stop(halt, now) });
        }
        let halt = self.go(limit)?;
        Ok(match self.stop(halt, limit) {
            Stop::Moment if limit == start => self.start_stop(),
            stop => stop,
        })
    }

    /// What to say at the start, where there may be a breakpoint.
    fn start_stop(&self) -> Stop {
        if self.runner.at_breakpoint(&self.conditions.breakpoints) {
            let (vcpu, pc) = self.runner.machine.position();
            return Stop::Breakpoint { vcpu, pc };
        }
        Stop::StartOfHistory
    }

    /// Whether the recording has all events to stop at.
    fn is_in_log(&self, lookout: &Lookout) -> bool {
        let history = self.track().history.as_ref();
        history.is_some_and(|history| lookout.matcher.is_in(history.header.level))
    }

    /// The last event to stop at, found in the log.
    fn look_up(
        &mut self,
        lookout: &Lookout,
        limit: Moment,
        now: Moment,
    ) -> Result<Option<Found>, TimelineError> {
        let history = self.history.clone();
        let Some((place, event)) = look_up(&history, &lookout.matcher, limit, now) else {
            return Ok(None);
        };
        // The event comes before the instruction at its count, or with it: the machine knows.
        let retired = event.at.retired;
        self.go(before(retired))?;
        let came_before = history.place(self.moment()) > place;
        let retired = if came_before { retired.saturating_sub(1) } else { retired };
        Ok(Some(Found { retired, stop: Stop::Event(event.clone()) }))
    }

    /// The last hit, found by running through intervals, the latest first.
    fn scan_back(
        &mut self,
        lookout: &Lookout,
        limit: Moment,
        now: Moment,
    ) -> Result<Option<Found>, TimelineError> {
        let mut upper = now;
        while upper > limit {
            let mut intervals = Vec::new();
            let at_once = if self.options.side_by_side.is_some() { 2 } else { 1 };
            while upper > limit && intervals.len() < at_once {
                let Some(interval) = self.interval(upper) else { break };
                upper = interval.from;
                intervals.push(interval);
            }
            if intervals.is_empty() {
                break;
            }
            for found in self.scan(&intervals, lookout)?.into_iter().flatten() {
                let position = before(found.retired);
                let is_here = found.retired >= now.retired && found.is_breakpoint();
                if !is_here && position >= limit {
                    return Ok(Some(found));
                }
            }
            if (self.wanted)() {
                return Ok(Some(Found { retired: upper.retired, stop: Stop::Interrupted }));
            }
        }
        Ok(None)
    }

    /// The interval that ends at a moment.
    fn interval(&self, to: Moment) -> Option<Interval> {
        let (from, snapshot) = self.track().floor_below(to)?;
        Some(Interval { snapshot, from, to })
    }

    /// Scans intervals, side by side if that pays. Answers in their order.
    fn scan(
        &mut self,
        intervals: &[Interval],
        lookout: &Lookout,
    ) -> Result<Vec<Option<Found>>, TimelineError> {
        let worth_it = intervals.len() == 2 && intervals.iter().all(Interval::is_long);
        let Some(side_by_side) = self.options.side_by_side.filter(|_| worth_it) else {
            let scan = |interval| scan(&mut self.runner, interval, lookout);
            return intervals.iter().map(scan).collect();
        };
        let track = self.branch.as_ref().map_or(&self.recording, |branch| &branch.track);
        let spare = match &mut self.spare {
            Some(spare) => spare,
            none => none.insert(second(&self.history, &self.images, &self.options)?),
        };
        spare.attach(track.history.as_ref());
        let runners = [&mut self.runner, spare];
        scan_all(side_by_side, runners, intervals, lookout)
    }

    /// Where the branch began, when the timeline is in one.
    #[must_use]
    pub fn branch(&self) -> Option<Moment> {
        self.branch.as_ref().map(|branch| branch.at)
    }

    /// Sets a register, by number. Opens a branch.
    pub fn set_register(
        &mut self,
        vcpu: VcpuId,
        number: usize,
        value: u128,
    ) -> Result<(), TimelineError> {
        self.write(|machine| machine.set_register(vcpu, number, value))
    }

    /// Writes memory as a vCPU sees it. Opens a branch.
    pub fn write_virtual(
        &mut self,
        vcpu: VcpuId,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), TimelineError> {
        self.write(|machine| machine.write_virtual(vcpu, address, bytes))
    }

    /// Writes physical memory. Opens a branch.
    pub fn write_physical(&mut self, address: u64, bytes: &[u8]) -> Result<(), TimelineError> {
        self.write(|machine| machine.write_physical(address, bytes))
    }

    /// Writes in a branch, which begins anew here: what came before does not lead here any more.
    fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Machine) -> Result<(), InspectError>,
    ) -> Result<(), TimelineError> {
        let here = self.runner.machine.save();
        if let Err(error) = write(&mut *self.runner.machine) {
            self.runner.machine.restore(&here)?;
            return Err(error.into());
        }
        let at = self.moment();
        self.runner.attach(None);
        let track = Track::begin(&mut self.runner, None, self.options.checkpoint_memory);
        let (at, origin) = match self.branch.take() {
            Some(branch) => (branch.at, branch.origin),
            None => (at, here),
        };
        self.branch = Some(Branch { track, at, origin });
        Ok(())
    }

    /// Drops the branch, and returns to the recording where the branch began.
    pub fn branch_drop(&mut self) -> Result<(), TimelineError> {
        if let Some(branch) = self.branch.take() {
            self.runner.attach(Some(&self.history));
            self.runner.restore(&branch.origin)?;
        }
        Ok(())
    }

    /// The checkpoints that there are.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        let track = self.track();
        let owned = self.runner.machine.bytes_owned();
        Checkpoints {
            moments: track.store.moments(),
            bytes: track.store.bytes(self.moment(), owned),
            budget: track.budget,
        }
    }
}

/// Another machine like the recorded one.
fn second(
    history: &Arc<History>,
    images: &Images,
    options: &Options,
) -> Result<Runner, TimelineError> {
    let wrong = |error: &dyn std::fmt::Display| TimelineError::Rebuild(error.to_string());
    let mut machine = build(&history.header.machine, images).map_err(|error| wrong(&error))?;
    machine.set_engine(options.engine).map_err(|error| wrong(&error))?;
    Ok(Runner::new(machine, Some(history)))
}
