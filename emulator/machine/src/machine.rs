//! A machine of any architecture, as the rest of the program sees it.

use lockstep_core::{
    Door, Moment, Observer, Output, RestoreError, StateDigest, StopReason, VcpuId, VirtualTime,
    Worker,
};

use crate::{Inspect, Snapshot};
use lockstep_cpu::{DeviceHit, WatchHit};

/// How far to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Until the run ends.
    End,
    /// Until so many instructions have retired, and what happens at that count before the next instruction has
    /// happened.
    Retired(u64),
    /// Until a moment: at the first place between two acts of the machine that is not before it, and at the latest before
    /// the instruction at its count, when everything else that happens at that count has happened.
    Moment(Moment),
}

/// Why a machine came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The run ended.
    Ended(StopReason),
    /// The goal was reached.
    Reached,
    /// The observer wants no more. Running again goes on all the same.
    Observer,
    /// The instruction at the pc is next, and there is a breakpoint at it. None stops the machine where it started to run.
    Breakpoint,
    /// The last instruction made these accesses to watched bytes. Everything that comes before the next one has happened.
    Watchpoint(Vec<WatchHit>),
    /// The last instruction made this access to a device, the first of such. Otherwise like a watchpoint.
    Device(DeviceHit),
}

/// The goal that leaves nothing to happen before the instruction after the first `retired` ones.
impl Goal {
    /// Before the instruction at count `retired`, when everything that happens before it has happened.
    #[must_use]
    pub const fn before(retired: u64) -> Self {
        Self::Moment(Moment { retired, ordinal: u32::MAX })
    }
}

/// What executes the guest's instructions. They differ in speed and in nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The interpreter.
    #[default]
    Interp,
    /// Hot code is compiled.
    Jit,
    /// The fastest that the host has.
    Auto,
    /// All code is compiled on first sight. Slow; for tests.
    JitNow,
}

/// There is no compiler for this host, or it could get no memory for code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this host has no JIT; use the interpreter")]
pub struct NoJitError;

/// Who is shown the outputs.
pub trait Outputs: Send {
    /// Takes outputs, oldest first.
    fn take(&mut self, outputs: &[Output]);
}

/// Nobody.
impl Outputs for () {
    fn take(&mut self, _outputs: &[Output]) {}
}

/// What a machine did, for people who wonder about speed. Not part of its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Instructions retired.
    pub retired: u64,
    /// Times that the run loop looked around between instructions.
    pub boundaries: u64,
    /// What the engine did.
    pub engine: lockstep_cpu::Stats,
}

/// A machine.
pub trait Machine: Inspect + Send {
    /// Runs.
    fn run(&mut self, goal: Goal) -> Pause;
    /// Where the run is.
    fn moment(&self) -> Moment;
    /// What the machine's clock shows.
    fn time(&self) -> VirtualTime;
    /// The vCPU that runs next, and its program counter.
    fn position(&self) -> (VcpuId, u64);

    /// Digest of the whole state.
    fn digest(&mut self) -> StateDigest;
    /// A snapshot. Costs as much as has changed since the last one.
    fn save(&mut self) -> Snapshot;
    /// Takes a snapshot of this machine back. Does nothing else.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), RestoreError>;

    /// Replaces the engine. May be done at any moment, and cannot be seen in the run.
    fn set_engine(&mut self, choice: EngineChoice) -> Result<(), NoJitError>;
    /// Lends the engine somebody who works beside it, until the engine is replaced. Cannot be seen in the run.
    fn set_worker(&mut self, worker: Box<dyn Worker>);
    /// Has the engine measure times for its statistics, with a clock that counts nanoseconds, until it is replaced.
    fn set_ticks(&mut self, ticks: fn() -> u64);
    /// Replaces the door.
    fn set_door(&mut self, door: Box<dyn Door>);
    /// Replaces the observer.
    fn set_observer(&mut self, observer: Box<dyn Observer>);
    /// The observer.
    fn observer(&mut self) -> &mut dyn Observer;
    /// Takes the observer away.
    fn take_observer(&mut self) -> Box<dyn Observer>;
    /// Replaces whoever is shown the outputs.
    fn set_outputs(&mut self, outputs: Box<dyn Outputs>);

    /// Switches bugs on.
    #[cfg(feature = "faults")]
    fn set_faults(&mut self, faults: lockstep_core::faults::Faults);
    /// The bugs that are on.
    #[cfg(feature = "faults")]
    fn faults(&self) -> lockstep_core::faults::Faults;

    /// What it did so far.
    fn stats(&self) -> Stats;
}
