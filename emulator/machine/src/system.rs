//! The run loop.
//!
//! A machine does one thing at a time. Between two instructions, and in this order: what vCPUs asked for, due calendar
//! entries, the digest, inputs, the choice of the vCPU, its interrupt. Then an engine runs until the next count at
//! which any of these can have something to do. A boundary at which nothing is due changes nothing, so where an
//! engine looks up, and how often the door is asked, cannot be seen in the run.

use lockstep_core::{
    Backplane, Door, EntryId, Input, InterruptClass, JournalState, Moment, NoDoor, Observer, Offer,
    Owner, RestoreError, Saved, StateDigest, StopReason, VcpuId, VirtualTime, What, Worker,
};
use lockstep_cpu::{
    Cx, Engine, Guest, Interpreter, Platform, PowerState, Request, Vcpu, VcpuState,
};
use lockstep_jit::{Hotness, Jit};
use lockstep_memory::{MemImage, PhysMem};
use serde::{Deserialize, Serialize};

use crate::{EngineChoice, Goal, Machine, NoJitError, Outputs, Pause, Snapshot, Stats};

/// Instructions after which outputs are shown at the latest.
const OUTPUT_INTERVAL: u64 = 1 << 18;
/// Instructions of a vCPU's slice, when there are several. Longer than any loop around an exclusive store, so that such
/// a loop always gets through.
const SLICE: u64 = 20_000;
/// Times in a row that the run loop may look around without an instruction or an event. Nothing else than one of these can
/// bring anything new, so that one time would be enough.
const MOST_LOOKS: u32 = 1000;
pub(crate) const VERSION: u16 = 1;

/// What the run loop itself remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LoopState {
    retired: u64,
    current: VcpuId,
    slice_end: u64,
    next_digest: u64,
}

/// A machine with processors of one architecture.
pub(crate) struct System<G: Guest> {
    pub(crate) cx: Cx<G>,
    /// The vCPUs that are not in `cx`, by number.
    parked: Vec<Option<Vcpu<G>>>,
    engine: Box<dyn Engine<G>>,
    digest_interval: u64,
    pub(crate) slice_end: u64,
    next_digest: u64,
    /// What a reset goes back to.
    initial: Option<Snapshot>,
    door: Box<dyn Door>,
    next_poll: u64,
    outputs: Box<dyn Outputs>,
    ended: Option<StopReason>,
    boundaries: u64,
    /// Looks around at one moment.
    looks: u32,
}

/// What the run loop found to run.
enum Choice {
    Run,
    LookAgain,
}

impl<G: Guest> System<G> {
    pub(crate) fn new(
        vcpus: Vec<Vcpu<G>>,
        mem: PhysMem,
        bp: Backplane,
        platform: Box<G::Platform>,
        digest_interval: u64,
    ) -> Option<Self> {
        let powers = vcpus.iter().map(|cpu| cpu.power).collect();
        let shown = vcpus.iter().map(G::shows).collect();
        let mut parked: Vec<_> = vcpus.into_iter().map(Some).collect();
        let first = parked.first_mut()?.take()?;
        let mut cx = Cx::new(first, mem, bp, platform);
        cx.powers = powers;
        cx.shown = shown;
        let mut system = Self {
            cx,
            parked,
            engine: Box::new(Interpreter::default()),
            digest_interval: digest_interval.max(1),
            slice_end: SLICE,
            next_digest: digest_interval.max(1),
            initial: None,
            door: Box::new(NoDoor),
            next_poll: 0,
            outputs: Box::new(()),
            ended: None,
            boundaries: 0,
            looks: 0,
        };
        system.initial = Some(system.save());
        Some(system)
    }

    fn retired(&self) -> u64 {
        self.cx.bp.retired
    }

    fn end(&mut self, reason: StopReason) {
        if self.ended.is_none() {
            self.checkpoint();
            self.cx.bp.witness(What::Stop(reason.clone()));
            self.ended = Some(reason);
        }
    }

    /// Does `act` with another vCPU in place of the current one.
    pub(crate) fn with_vcpu(&mut self, id: VcpuId, act: impl FnOnce(&mut Cx<G>)) {
        let current = self.cx.cpu.id;
        if self.swap_in(id) {
            self.cx.bp.vcpu = id;
            act(&mut self.cx);
            self.swap_in(current);
            self.cx.bp.vcpu = current;
        }
    }

    pub(crate) fn swap_in(&mut self, id: VcpuId) -> bool {
        if self.cx.cpu.id == id {
            return true;
        }
        let Some(next) = self.parked.get_mut(id.index()).and_then(Option::take) else {
            return false;
        };
        let old = std::mem::replace(&mut self.cx.cpu, next);
        let place = old.id.index();
        self.parked[place] = Some(old);
        true
    }

    pub(crate) fn vcpu_ids(&self) -> impl Iterator<Item = VcpuId> + use<G> {
        (0..self.parked.len() as u16).map(VcpuId)
    }

    pub(crate) fn vcpu_mut(&mut self, id: VcpuId) -> &mut Vcpu<G> {
        match self.parked[id.index()].as_mut() {
            Some(cpu) => cpu,
            None => &mut self.cx.cpu,
        }
    }

    pub(crate) fn vcpu(&self, id: VcpuId) -> &Vcpu<G> {
        self.parked[id.index()].as_ref().unwrap_or(&self.cx.cpu)
    }

    /// What vCPUs have asked for.
    fn serve_requests(&mut self) {
        let asking = self.cx.cpu.id;
        let place = asking.index();
        let same = self.cx.powers[place] == self.cx.cpu.power
            && self.cx.shown[place] == G::shows(&self.cx.cpu);
        if self.cx.requests.is_empty() && same {
            return;
        }
        for request in std::mem::take(&mut self.cx.requests) {
            match request {
                Request::Broadcast(request) => {
                    for id in self.vcpu_ids().filter(|id| *id != asking) {
                        self.with_vcpu(id, |cx| G::request(cx, &request));
                    }
                }
                Request::PowerOn { vcpu, entry, arg } => {
                    let mut started = G::reset(vcpu, entry, arg);
                    started.power = PowerState::Running;
                    self.with_vcpu(vcpu, |cx| {
                        cx.cpu = started;
                        cx.bp.witness(What::VcpuOn { entry });
                    });
                }
                Request::Stop(reason) => self.end(reason),
                Request::Reset => self.reset(),
            }
        }
        self.refresh_powers();
    }

    fn refresh_powers(&mut self) {
        let powers: Vec<_> = self.vcpu_ids().map(|id| self.vcpu(id).power).collect();
        for (id, (old, new)) in self.vcpu_ids().zip(self.cx.powers.iter().zip(&powers)) {
            if *old != PowerState::Off && *new == PowerState::Off {
                self.cx.bp.journal.append(self.cx.bp.retired, id, What::VcpuOff);
            }
        }
        self.cx.powers = powers;
        self.cx.shown = self.vcpu_ids().map(|id| G::shows(self.vcpu(id))).collect();
    }

    /// Everything that is due now, in the calendar's order.
    fn run_due(&mut self, goal: Goal) {
        while !self.is_at(goal)
            && let Some((armed_for, id)) = self.cx.bp.calendar.take_due(self.cx.bp.now())
        {
            self.cx.bp.witness(What::Due { id, armed_for });
            self.dispatch(id);
        }
    }

    /// Tells whoever armed an entry that it is due.
    pub(crate) fn dispatch(&mut self, id: EntryId) {
        match id.owner {
            Owner::Vcpu(vcpu) => self.with_vcpu(vcpu, |cx| G::due(cx, id.number)),
            Owner::Device(place) => {
                let (platform, mut cx) = self.cx.devices();
                platform.due(&mut cx, place, id.number);
            }
        }
        self.serve_requests();
    }

    fn run_digest(&mut self) {
        if self.retired() >= self.next_digest {
            self.next_digest = (self.retired() / self.digest_interval + 1) * self.digest_interval;
            self.checkpoint();
        }
    }

    /// Appends the digests of everything so far.
    pub(crate) fn checkpoint(&mut self) {
        let state = self.digest();
        let events = self.cx.bp.journal.state().running;
        self.cx.bp.witness(What::Digest { events, state });
    }

    /// Whatever the door has.
    fn take_inputs(&mut self, goal: Goal) {
        if self.retired() < self.next_poll {
            return;
        }
        while self.ended.is_none() && !self.is_at(goal) {
            match self.door.poll(self.moment(), self.cx.bp.now()) {
                Offer::Input(input) => self.accept(&input),
                Offer::NotNow | Offer::Never => break,
            }
            // Whoever wants to look at the machine here finds it before the next input, which is asked for again.
            if self.cx.bp.journal.stop_wanted() {
                return;
            }
        }
        self.next_poll = self.door.next_poll(self.retired(), &self.cx.bp.clock);
        self.cx.bp.watch_outputs = self.door.watches_outputs();
    }

    pub(crate) fn accept(&mut self, input: &Input) {
        self.cx.bp.witness(What::Input(input.clone()));
        match input {
            Input::Console { .. } | Input::PowerKey | Input::HostRead { .. } => {
                let (platform, mut cx) = self.cx.devices();
                platform.input(&mut cx, input);
            }
            Input::Reset => self.reset(),
            Input::TimePasses { to } => {
                let retired = self.retired();
                self.cx.bp.clock.warp_to(retired, *to);
            }
            Input::Stop => self.end(StopReason::Requested),
            // Nothing has come: whoever waits for an event waits on.
            Input::Keyframe => {
                self.next_poll = 0;
                return;
            }
        }
        self.end_waits_for_events();
        self.next_poll = 0;
    }

    /// Back to the state in which the machine was switched on. Time, events and non-volatile memory go on.
    fn reset(&mut self) {
        self.cx.bp.witness(What::MachineReset);
        let Some(initial) = self.initial.take() else { return };
        #[cfg(feature = "faults")]
        let scheduler = self.scheduler();
        let (clock, journal, retired) =
            (self.cx.bp.clock.state(), self.cx.bp.journal.state(), self.retired());
        // The snapshot is this machine's own, so it fits.
        let fits = self.cx.mem.restore_ram(&initial.mem).is_ok()
            && self.restore_parts(&initial.saved).is_ok();
        debug_assert!(fits);
        self.initial = Some(initial);
        self.cx.bp.clock.set_state(clock);
        self.cx.bp.journal.set_state(journal);
        self.cx.bp.retired = retired;
        self.cx.requests.clear();
        self.slice_end = retired + SLICE;
        #[cfg(feature = "faults")]
        self.keep_scheduler(scheduler);
        self.next_digest = (retired / self.digest_interval + 1) * self.digest_interval;
        let (platform, mut cx) = self.cx.devices();
        platform.reset(&mut cx);
    }

    fn refresh_lines(&mut self) {
        for id in self.vcpu_ids() {
            let lines = self.cx.platform.lines(id);
            let cpu = self.vcpu_mut(id);
            cpu.lines = lines;
            let waits = matches!(cpu.power, PowerState::Waiting | PowerState::WaitingForEvent);
            if waits && G::wakes(cpu) {
                cpu.power = PowerState::Running;
            }
        }
    }

    /// Makes a vCPU current that can run, or lets time pass when there is none.
    fn choose(&mut self) -> Choice {
        self.refresh_lines();
        let current = self.cx.cpu.id;
        let runs = |cpu: &Vcpu<G>| cpu.power == PowerState::Running;
        if runs(&self.cx.cpu) && (self.parked.len() == 1 || self.retired() < self.slice_end) {
            return Choice::Run;
        }
        let count = self.parked.len() as u16;
        let next = (1..=count)
            .map(|step| VcpuId((current.0 + step) % count))
            .find(|id| runs(self.vcpu(*id)));
        let Some(next) = next else {
            self.idle();
            return Choice::LookAgain;
        };
        self.slice_end = self.retired() + SLICE;
        if next != current {
            G::pauses(&mut self.cx);
            G::switched_away(&mut self.cx.cpu);
            self.swap_in(next);
            self.cx.bp.vcpu = next;
            self.cx.bp.witness(What::Switch { from: current });
        }
        Choice::Run
    }

    /// Every vCPU waits: the outside may do something, or time jumps to the next calendar entry.
    fn idle(&mut self) {
        #[cfg(feature = "faults")]
        if self.idles_wrongly() {
            return;
        }
        self.show_outputs();
        let next = self.cx.bp.calendar.next().map(|(time, _)| time);
        match (self.door.idle(self.moment(), next), next) {
            (Offer::Input(input), _) => self.accept(&input),
            (_, Some(to)) => {
                let retired = self.retired();
                self.cx.bp.clock.warp_to(retired, to);
                self.cx.bp.witness(What::Warp { to });
                self.next_poll = 0;
                self.end_waits_for_events();
            }
            (_, None) => self.die("nothing can wake it"),
        }
    }

    /// Ends a run that can get no further, unless the observer waits for something else.
    fn die(&mut self, why: &str) {
        let report = self.dead_report(why);
        let (retired, vcpu) = (self.retired(), self.cx.cpu.id);
        self.cx.bp.journal.dead(retired, vcpu, &report);
        if !self.cx.bp.journal.stop_wanted() {
            self.end(StopReason::Dead(report));
        }
    }

    /// The watchdog: whoever looks around again and again and finds neither an instruction nor an event never will.
    fn watch_progress(&mut self, last: Moment) {
        self.looks = if self.moment() == last { self.looks + 1 } else { 0 };
        if self.looks > MOST_LOOKS {
            self.looks = 0;
            self.die("it is idle, and neither waits nor goes on");
        }
    }

    /// Time has passed or something came: an event that a vCPU waits for may always be a spurious one. Every input is one,
    /// wherever it was taken: a replay takes between instructions what came to an idle machine.
    fn end_waits_for_events(&mut self) {
        for id in self.vcpu_ids() {
            let cpu = self.vcpu_mut(id);
            if cpu.power == PowerState::WaitingForEvent {
                cpu.power = PowerState::Running;
            }
        }
    }

    fn dead_report(&self, why: &str) -> String {
        let waits = |id: VcpuId| {
            let cpu = self.vcpu(id);
            format!("{id} {:?} at pc {:#x}", cpu.power, cpu.pc)
        };
        let all: Vec<_> = self.vcpu_ids().map(waits).collect();
        format!("{why}; {}", all.join(", "))
    }

    /// Takes an interrupt, if there is one to take.
    fn take_interrupt(&mut self) -> bool {
        let class = G::interrupt(&self.cx.cpu);
        if let Some(class) = class {
            self.log_interrupt(class);
            G::take_interrupt(&mut self.cx, class);
        }
        class.is_some()
    }

    /// Whether the machine, between two acts, is at or past the moment that is its goal.
    fn is_at(&self, goal: Goal) -> bool {
        matches!(goal, Goal::Moment(goal) if self.moment() >= goal)
    }

    /// Why the machine stops between two acts.
    fn pauses(&mut self, goal: Goal) -> Option<Pause> {
        if self.cx.bp.journal.stop_wanted() {
            return Some(Pause::Observer);
        }
        if self.ended.is_some()
            && let Some(pause) = self.watched()
        {
            return Some(pause);
        }
        if let Some(reason) = &self.ended {
            return Some(Pause::Ended(reason.clone()));
        }
        let retired = matches!(goal, Goal::Retired(goal) if self.retired() >= goal);
        // What the last instruction accessed counts, even if the goal is right behind it.
        (retired || self.is_at(goal)).then(|| self.watched().unwrap_or(Pause::Reached))
    }

    /// The accesses of the last instruction that somebody waits for.
    fn watched(&mut self) -> Option<Pause> {
        if !self.cx.traps().has_hits() {
            return None;
        }
        let (bytes, devices) = self.cx.traps_mut().take_hits();
        match devices.into_iter().next() {
            Some(hit) if bytes.is_empty() => Some(Pause::Device(hit)),
            _ => Some(Pause::Watchpoint(bytes)),
        }
    }

    /// Why the machine stops before the next instruction, with nothing left to happen before it.
    fn stops_here(&mut self, goal: Goal) -> Option<Pause> {
        if let Some(pause) = self.watched() {
            return Some(pause);
        }
        if self.cx.at_breakpoint(self.retired()) {
            return Some(Pause::Breakpoint);
        }
        let reached = matches!(goal, Goal::Moment(goal) if self.retired() >= goal.retired);
        reached.then_some(Pause::Reached)
    }

    fn log_interrupt(&mut self, class: InterruptClass) {
        let pc = self.cx.cpu.pc;
        self.cx.bp.witness(What::Interrupt { class, pc });
    }

    /// Instructions until something can be due.
    fn budget(&self, goal: Goal) -> u64 {
        let retired = self.retired();
        let mut end = self.next_digest.min(self.next_poll).min(retired + OUTPUT_INTERVAL);
        if let Goal::Retired(goal) | Goal::Moment(Moment { retired: goal, .. }) = goal {
            end = end.min(goal);
        }
        if self.parked.len() > 1 {
            end = end.min(self.slice_end);
        }
        #[cfg(feature = "faults")]
        let end = self.host_timer(end);
        let mut budget = end.saturating_sub(retired);
        if let Some((time, _)) = self.cx.bp.calendar.next() {
            budget = budget.min(self.cx.bp.clock.insns_until(retired, time));
        }
        budget
    }

    fn show_outputs(&mut self) {
        if !self.cx.bp.outputs.is_empty() {
            for output in &self.cx.bp.outputs {
                self.door.output(output);
            }
            self.outputs.take(&self.cx.bp.outputs);
            self.cx.bp.outputs.clear();
            self.next_poll = if self.cx.bp.watch_outputs { 0 } else { self.next_poll };
        }
    }

    fn save_parts(&self, to: &mut Saved) {
        let state = LoopState {
            retired: self.retired(),
            current: self.cx.cpu.id,
            slice_end: self.slice_end,
            next_digest: self.next_digest,
        };
        to.put("loop", VERSION, &state);
        to.put("clock", VERSION, &self.cx.bp.clock.state());
        to.put("calendar", VERSION, &self.cx.bp.calendar.entries());
        for id in self.vcpu_ids() {
            to.put(&id.to_string(), G::SYS_VERSION, &self.vcpu(id).state());
        }
        self.cx.platform.save(to);
    }

    fn restore_parts(&mut self, from: &Saved) -> Result<(), RestoreError> {
        #[cfg(feature = "faults")]
        let scheduler = self.scheduler();
        let state: LoopState = from.get("loop", VERSION)?;
        for id in self.vcpu_ids() {
            let name = id.to_string();
            let saved: VcpuState<G::Sys> = from.get(&name, G::SYS_VERSION)?;
            let detail = "not a state that a vCPU can have".to_owned();
            *self.vcpu_mut(id) =
                Vcpu::from_state(id, saved).ok_or(RestoreError::Damaged { part: name, detail })?;
        }
        self.swap_in(state.current);
        self.cx.bp.vcpu = state.current;
        self.cx.bp.retired = state.retired;
        self.cx.bp.attention = false;
        self.slice_end = state.slice_end;
        self.next_digest = state.next_digest;
        self.cx.bp.clock.set_state(from.get("clock", VERSION)?);
        self.cx.bp.calendar.set_entries(&from.get::<Vec<_>>("calendar", VERSION)?);
        self.cx.platform.restore(from)?;
        self.cx.powers = self.vcpu_ids().map(|id| self.vcpu(id).power).collect();
        self.cx.shown = self.vcpu_ids().map(|id| G::shows(self.vcpu(id))).collect();
        #[cfg(feature = "faults")]
        self.keep_scheduler(scheduler);
        Ok(())
    }
}

impl<G: Guest> Machine for System<G> {
    fn run(&mut self, goal: Goal) -> Pause {
        self.cx.bp.journal.go_on();
        self.cx.traps_mut().passed = self.retired();
        loop {
            self.boundaries += 1;
            self.cx.bp.attention = false;
            #[cfg(feature = "faults")]
            self.let_host_in();
            self.serve_requests();
            self.run_due(goal);
            if !self.is_at(goal) {
                self.run_digest();
            }
            self.show_outputs();
            self.take_inputs(goal);
            if let Some(pause) = self.pauses(goal) {
                self.show_outputs();
                return pause;
            }
            let before = self.moment();
            if matches!(self.choose(), Choice::LookAgain) {
                self.watch_progress(before);
                continue;
            }
            // A switch is an event, at which somebody may want to stop.
            if self.is_at(goal) || self.cx.bp.journal.stop_wanted() {
                continue;
            }
            G::resumes(&mut self.cx);
            // What taking one has changed may let another one through.
            if self.take_interrupt() {
                continue;
            }
            if let Some(pause) = self.stops_here(goal) {
                return pause;
            }
            let budget = self.budget(goal);
            self.cx.bp.attention = false;
            if let Some(reason) = self.engine.run(&mut self.cx, budget) {
                self.end(reason);
            }
        }
    }

    fn moment(&self) -> Moment {
        self.cx.bp.journal.moment(self.retired())
    }

    fn time(&self) -> VirtualTime {
        self.cx.bp.now()
    }

    fn position(&self) -> (VcpuId, u64) {
        (self.cx.cpu.id, self.cx.cpu.pc)
    }

    fn digest(&mut self) -> StateDigest {
        let mut saved = Saved::default();
        self.save_parts(&mut saved);
        saved.digest().and(self.cx.mem.digest())
    }

    fn save(&mut self) -> Snapshot {
        let mut saved = Saved::default();
        self.save_parts(&mut saved);
        saved.put("journal", VERSION, &self.cx.bp.journal.state());
        saved.put("ended", VERSION, &self.ended);
        Snapshot { mem: self.cx.mem.snapshot(), saved }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), RestoreError> {
        let damaged = |error: lockstep_memory::MismatchError| RestoreError::Damaged {
            part: "memory".to_owned(),
            detail: error.to_string(),
        };
        let mem: &MemImage = &snapshot.mem;
        self.cx.mem.restore(mem).map_err(damaged)?;
        self.restore_parts(&snapshot.saved)?;
        self.cx.bp.journal.set_state(snapshot.saved.get::<JournalState>("journal", VERSION)?);
        self.ended = snapshot.saved.get("ended", VERSION)?;
        self.cx.requests.clear();
        self.cx.bp.outputs.clear();
        self.cx.traps_mut().take_hits();
        self.next_poll = 0;
        #[cfg(feature = "faults")]
        self.restored_wrongly();
        Ok(())
    }

    fn set_engine(&mut self, choice: EngineChoice) -> Result<(), NoJitError> {
        let jit = |hotness| Jit::new(hotness).map(|jit| -> Box<dyn Engine<G>> { Box::new(jit) });
        let compiling = match choice {
            EngineChoice::Interp => None,
            EngineChoice::Auto => jit(Hotness::Usual),
            EngineChoice::Jit => Some(jit(Hotness::Usual).ok_or(NoJitError)?),
            EngineChoice::JitNow => Some(jit(Hotness::Now).ok_or(NoJitError)?),
        };
        self.engine = compiling.unwrap_or_else(|| Box::new(Interpreter::default()));
        self.cx.mem.forget_code();
        Ok(())
    }

    fn set_worker(&mut self, worker: Box<dyn Worker>) {
        self.engine.set_worker(worker);
    }

    fn set_ticks(&mut self, ticks: fn() -> u64) {
        self.engine.set_ticks(ticks);
    }

    fn set_door(&mut self, door: Box<dyn Door>) {
        self.cx.bp.watch_outputs = door.watches_outputs();
        self.door = door;
        self.next_poll = 0;
    }

    fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.cx.bp.journal.set_observer(observer);
    }

    fn observer(&mut self) -> &mut dyn Observer {
        self.cx.bp.journal.observer()
    }

    fn take_observer(&mut self) -> Box<dyn Observer> {
        self.cx.bp.journal.take_observer()
    }

    fn set_outputs(&mut self, outputs: Box<dyn Outputs>) {
        self.outputs = outputs;
    }

    #[cfg(feature = "faults")]
    fn set_faults(&mut self, faults: lockstep_core::faults::Faults) {
        self.cx.bp.faults = faults;
    }

    #[cfg(feature = "faults")]
    fn faults(&self) -> lockstep_core::faults::Faults {
        self.cx.bp.faults.clone()
    }

    fn stats(&self) -> Stats {
        Stats { retired: self.retired(), engine: self.engine.stats(), boundaries: self.boundaries }
    }
}
