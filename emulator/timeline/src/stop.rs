//! Why a timeline stopped, and what it holds.

use lockstep_core::{Event, Moment, VcpuId};
use lockstep_log::Divergence;
use lockstep_machine::{DeviceHit, WatchHit};

/// Why a timeline stopped where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is where it was told to go.
    Moment,
    /// Before an instruction with a breakpoint.
    Breakpoint {
        /// Who executes it.
        vcpu: VcpuId,
        /// Its address.
        pc: u64,
    },
    /// At an access to watched bytes: after it when going forward, before it when going backward. `hit.watch` is the
    /// place of the watchpoint in [`crate::Conditions::watchpoints`].
    Watchpoint(WatchHit),
    /// At an access to a device: after it when going forward, before it when going backward.
    Device(DeviceHit),
    /// At an event: after the transition in which it happens when going forward, before it when going backward.
    Event(Event),
    /// The first moment of the recording, or of the branch.
    StartOfHistory,
    /// The last moment of the recording, or the end of the branch's run.
    EndOfHistory,
    /// Somebody wants to do something else; see [`crate::Timeline::set_interrupt`].
    Interrupted,
    /// The run differs from the recording: it goes no further.
    Diverged(Box<Divergence>),
}

/// The checkpoints that a timeline holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Where they are, in order.
    pub moments: Vec<Moment>,
    /// Bytes of host memory that only they hold.
    pub bytes: u64,
    /// Bytes that they may hold.
    pub budget: u64,
}
