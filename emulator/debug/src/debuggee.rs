//! The timeline, in the debugger's terms: a stopped program with threads, which is told to go on and says why it stopped.
//!
//! The protocol's library asks for a move and expects the answer later, so that a debugger can interrupt. A move is
//! therefore noted as a [`Plan`] and carried out by [`Debuggee::run`], in as many pieces as interruptions make of it.

use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use gdbstub::target::ext::breakpoints::WatchKind as GdbWatchKind;
use lockstep_core::{EventKind, VcpuId};
use lockstep_log::EventLine;
use lockstep_machine::{DeviceHit, Machine, WatchHit, WatchKind};
use lockstep_timeline::{EventCondition, Stop, Timeline, TimelineError};

use crate::points::Points;
use crate::registers::{RegisterFile, stops_before_access};
use crate::symbols::Symbols;

/// Steps through a range after which the debugger is heard again.
const STEPS_AT_ONCE: u32 = 1000;

/// Why the debuggee stopped, in the protocol's terms.
pub(crate) type Reason = MultiThreadStopReason<u64>;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// What the debugger asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Going on until something stops it.
    Continue(Direction),
    /// One instruction of a vCPU.
    Step(Direction, VcpuId),
    /// Instructions of a vCPU while its program counter is in a range.
    Range(VcpuId, u64, u64),
}

/// How far a plan was carried out.
#[derive(Debug)]
pub(crate) enum Progress {
    /// To its end.
    Stopped(Reason),
    /// Somebody wants to be heard. The same plan goes on from here.
    Interrupted,
}

/// A timeline with a debugger's view of it.
pub(crate) struct Debuggee {
    pub(crate) timeline: Timeline,
    pub(crate) registers: RegisterFile,
    pub(crate) symbols: Symbols,
    pub(crate) points: Points,
    pub(crate) plan: Option<Plan>,
    /// The vCPU that the debugger was told of last.
    pub(crate) stopped: VcpuId,
    /// What the debugger has to be told as soon as it listens.
    pub(crate) notices: Vec<String>,
    /// A step found no more history, and the debugger has not shown its user where it is since.
    pub(crate) stuck: bool,
}

pub(crate) fn tid_of(vcpu: VcpuId) -> Tid {
    Tid::new(vcpu.index() + 1).unwrap_or(Tid::MIN)
}

pub(crate) fn vcpu_of(tid: Tid) -> VcpuId {
    VcpuId(u16::try_from(tid.get() - 1).unwrap_or(u16::MAX))
}

impl Debuggee {
    pub(crate) fn new(timeline: Timeline, symbols: Symbols) -> Self {
        let registers = RegisterFile::of(timeline.machine());
        let stopped = timeline.machine().position().0;
        Self {
            timeline,
            registers,
            symbols,
            points: Points::default(),
            plan: None,
            stopped,
            notices: Vec::new(),
            stuck: false,
        }
    }

    pub(crate) fn machine(&self) -> &dyn Machine {
        self.timeline.machine()
    }

    /// The vCPU whose instruction is next.
    pub(crate) fn current(&self) -> VcpuId {
        self.machine().position().0
    }

    /// The program counter of a vCPU.
    fn pc(&self, vcpu: VcpuId) -> Option<u64> {
        self.machine().vcpus().get(vcpu.index()).map(|info| info.pc)
    }

    /// Carries the plan out, as far as nobody interrupts.
    pub(crate) fn run(&mut self) -> Progress {
        let Some(plan) = self.plan else {
            return Progress::Stopped(self.signal(Signal::SIGTRAP));
        };
        let before = self.timeline.moment();
        let progress = match plan {
            Plan::Continue(direction) => {
                self.go_on(direction, None).and_then(|stop| self.explain(direction, stop))
            }
            Plan::Step(direction, vcpu) => {
                self.step(direction, vcpu).and_then(|stop| self.explain(direction, stop))
            }
            Plan::Range(vcpu, start, end) => self.step_range(vcpu, start, end),
        };
        let progress = progress.unwrap_or_else(|error| {
            self.notices.push(format!("lockstep: {error}\n"));
            Progress::Stopped(self.signal(Signal::SIGABRT))
        });
        match progress {
            Progress::Stopped(reason) => {
                self.plan = None;
                let moved = self.timeline.moment() != before;
                Progress::Stopped(self.soften(plan, moved, reason))
            }
            Progress::Interrupted => Progress::Interrupted,
        }
    }

    /// Keeps the end of history from a debugger that steps, once. gdb (13) never leaves the state of stepping over a
    /// breakpoint when history ends there: its next command hangs. But one that steps until something changes has to be
    /// told in the end.
    fn soften(&mut self, plan: Plan, moved: bool, reason: Reason) -> Reason {
        let was_stuck = std::mem::take(&mut self.stuck);
        let Reason::ReplayLog { pos, .. } = &reason else { return reason };
        if matches!(plan, Plan::Continue(_)) {
            return reason;
        }
        if !moved {
            if was_stuck {
                return reason;
            }
            self.stuck = true;
            let what = if *pos == ReplayLogPosition::Begin { "begins" } else { "ends" };
            self.notices.push(format!("lockstep: history {what} here\n"));
        }
        self.signal(Signal::SIGTRAP)
    }

    /// A stop because somebody wanted it.
    pub(crate) fn interrupt(&mut self) -> Reason {
        self.plan = None;
        self.stopped = self.current();
        self.signal(Signal::SIGINT)
    }

    fn signal(&self, signal: Signal) -> Reason {
        Reason::SignalWithThread { tid: tid_of(self.stopped), signal }
    }

    fn go_on(
        &mut self,
        way: Direction,
        more: Option<EventCondition>,
    ) -> Result<Stop, TimelineError> {
        self.timeline.set_conditions(self.points.conditions(more));
        match way {
            Direction::Forward => self.timeline.resume(),
            Direction::Backward => self.timeline.reverse_resume(),
        }
    }

    /// One instruction of a vCPU, whoever else comes in between.
    fn step(&mut self, way: Direction, vcpu: VcpuId) -> Result<Stop, TimelineError> {
        match way {
            Direction::Forward => {
                if let Some(stop) = self.go_to_vcpu(way, vcpu)? {
                    return Ok(stop);
                }
                self.timeline.set_conditions(self.points.conditions(None));
                self.timeline.step()
            }
            Direction::Backward => {
                self.timeline.set_conditions(self.points.conditions(None));
                let stop = self.timeline.reverse_step()?;
                if stop != Stop::Moment || self.current() == vcpu {
                    return Ok(stop);
                }
                Ok(self.go_to_vcpu(way, vcpu)?.unwrap_or(Stop::Moment))
            }
        }
    }

    /// Goes to where a vCPU's instruction is next. Says what stopped it before.
    fn go_to_vcpu(&mut self, way: Direction, vcpu: VcpuId) -> Result<Option<Stop>, TimelineError> {
        while self.current() != vcpu {
            let stop = self.go_on(way, Some(EventCondition::Kind(EventKind::Switch)))?;
            let asked = || self.points.events().contains(&EventCondition::Kind(EventKind::Switch));
            match &stop {
                Stop::Event(event) if event.what.kind() == EventKind::Switch && !asked() => {}
                _ => return Ok(Some(stop)),
            }
        }
        Ok(None)
    }

    fn step_range(
        &mut self,
        vcpu: VcpuId,
        start: u64,
        end: u64,
    ) -> Result<Progress, TimelineError> {
        for _ in 0..STEPS_AT_ONCE {
            let stop = self.step(Direction::Forward, vcpu)?;
            let pc = self.pc(vcpu).unwrap_or(end);
            let inside = (start..end).contains(&pc) && !self.points.is_breakpoint(pc);
            if stop != Stop::Moment || !inside {
                return self.explain(Direction::Forward, stop);
            }
        }
        Ok(Progress::Interrupted)
    }

    /// What a stop is in the protocol's terms.
    fn explain(&mut self, way: Direction, stop: Stop) -> Result<Progress, TimelineError> {
        let stepped = match self.plan {
            Some(Plan::Step(_, vcpu) | Plan::Range(vcpu, ..)) => Some(vcpu),
            _ => None,
        };
        self.stopped = stepped.unwrap_or_else(|| self.current());
        let trap = self.signal(Signal::SIGTRAP);
        let end = |pos| Reason::ReplayLog { tid: Some(tid_of(self.stopped)), pos };
        let reason = match stop {
            Stop::Interrupted => return Ok(Progress::Interrupted),
            Stop::Moment => trap,
            Stop::StartOfHistory => end(ReplayLogPosition::Begin),
            Stop::EndOfHistory => end(ReplayLogPosition::End),
            Stop::Breakpoint { vcpu, pc } => {
                self.stopped = vcpu;
                let hardware = self.points.is_hardware(pc);
                let reason = if hardware { Reason::HwBreak } else { Reason::SwBreak };
                reason(tid_of(vcpu))
            }
            Stop::Watchpoint(hit) => self.watch_reason(way, &hit)?,
            Stop::Device(hit) => {
                self.stopped = hit.vcpu;
                let side = if way == Direction::Forward { "after" } else { "before" };
                self.notices
                    .push(format!("lockstep: {side} access to {}\n", describe_access(&hit)));
                self.signal(Signal::SIGTRAP)
            }
            Stop::Event(event) => {
                let side = if way == Direction::Forward { "after" } else { "before" };
                let line = EventLine(&event).to_string();
                self.notices.push(format!("lockstep: {side} event {}\n", line.trim()));
                trap
            }
            Stop::Diverged(divergence) => {
                self.notices.push(format!("lockstep: {divergence}\n"));
                self.signal(Signal::SIGABRT)
            }
        };
        Ok(Progress::Stopped(reason))
    }

    /// A debugger that expects the access still to be done steps over it itself, whichever way it goes: so it is shown
    /// the other side of it.
    fn watch_reason(&mut self, way: Direction, hit: &WatchHit) -> Result<Reason, TimelineError> {
        self.stopped = hit.vcpu;
        let (address, kind) =
            self.points.watch(hit.watch).unwrap_or((hit.address, WatchKind::Access));
        if stops_before_access(self.registers.arch()) {
            match way {
                Direction::Forward => self.timeline.reverse_step()?,
                Direction::Backward => self.timeline.step()?,
            };
        }
        let kind = match kind {
            WatchKind::Read => GdbWatchKind::Read,
            WatchKind::Write => GdbWatchKind::Write,
            WatchKind::Access => GdbWatchKind::ReadWrite,
        };
        Ok(Reason::Watch { tid: tid_of(hit.vcpu), kind, addr: hit.address.max(address) })
    }
}

/// An access to a device, for people: `pl011: cpu0 writes 0x41 to 0x9000000, 1 byte`.
fn describe_access(hit: &DeviceHit) -> String {
    let DeviceHit { device, vcpu, address, len, writes, value, .. } = hit;
    let value = value.map_or_else(|| "nothing, refused,".to_owned(), |value| format!("{value:#x}"));
    let (verb, side) = if *writes { ("writes", "to") } else { ("reads", "from") };
    let bytes = if *len == 1 { "byte" } else { "bytes" };
    format!("{device}: {vcpu} {verb} {value} {side} {address:#x}, {len} {bytes}")
}
