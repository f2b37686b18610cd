//! The timeline.

use std::io::{Read, Seek};

use lockstep_core::{Event, Moment, StateDigest, VcpuId};
use lockstep_log::{Ending, Header, Reader};
use lockstep_machine::{Images, Machine};

use crate::{Checkpoints, Conditions, OpenError, Options, Stop, TimelineError};

/// A recording, and where in it one is.
///
/// All moves keep to the recording: each event of the machine is held to the log's, and the first that differs ends the
/// move with [`Stop::Diverged`]. A debugger's writes go to a *branch*, a throw-away copy that is no longer compared; until
/// [`Timeline::branch_drop`] all moves are moves in the branch, which begins at its first write.
pub struct Timeline {
    machine: Box<dyn Machine>,
    header: Header,
}

#[allow(unused_variables, clippy::needless_pass_by_value, clippy::unimplemented, missing_docs)]
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
        unimplemented!()
    }

    /// What the log says about the machine.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the log ends.
    #[must_use]
    pub fn ending(&self) -> Ending {
        unimplemented!()
    }

    /// The first position.
    #[must_use]
    pub fn start(&self) -> Moment {
        unimplemented!()
    }

    /// The last moment of the recording. In a branch, too.
    #[must_use]
    pub fn end(&self) -> Moment {
        unimplemented!()
    }

    /// Where the timeline is.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.machine.moment()
    }

    /// The machine as it is here, to look into.
    #[must_use]
    pub fn machine(&self) -> &dyn Machine {
        &*self.machine
    }

    /// The digest of the machine's state here.
    pub fn digest(&mut self) -> StateDigest {
        self.machine.digest()
    }

    /// The events of the recording, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        unimplemented!()
    }

    /// The events around a moment: at most `count` before it, and at most `count` at or after it.
    #[must_use]
    pub fn events_around(&self, at: Moment, count: usize) -> (&[Event], &[Event]) {
        unimplemented!()
    }

    /// Replaces what [`Timeline::resume`] and [`Timeline::reverse_resume`] stop at.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        unimplemented!()
    }

    /// What they stop at.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        unimplemented!()
    }

    /// Sets what is asked now and then, on this thread, whether a long move should end early: it then ends with
    /// [`Stop::Interrupted`], at a position that the move came past, and may be resumed.
    pub fn set_interrupt(&mut self, wanted: Box<dyn FnMut() -> bool + Send>) {
        unimplemented!()
    }

    /// Goes to a moment: the position that it names, or the first one after it at its count. Past either end, to that end.
    ///
    /// # Errors
    /// See [`TimelineError`]; so for all moves.
    pub fn seek(&mut self, to: Moment) -> Result<Stop, TimelineError> {
        unimplemented!()
    }

    /// Executes one instruction: [`Stop::Moment`], or [`Stop::Watchpoint`] when it accesses watched bytes. Other conditions are
    /// not heeded.
    pub fn step(&mut self) -> Result<Stop, TimelineError> {
        unimplemented!()
    }

    /// Goes to the position before the last instruction; [`Stop::Watchpoint`] when that instruction accesses watched bytes.
    pub fn reverse_step(&mut self) -> Result<Stop, TimelineError> {
        unimplemented!()
    }

    /// Runs forward until a condition holds. A breakpoint here does not stop it.
    pub fn resume(&mut self) -> Result<Stop, TimelineError> {
        unimplemented!()
    }

    /// Runs backward to the last position at which [`Timeline::resume`] would have stopped before this one.
    pub fn reverse_resume(&mut self) -> Result<Stop, TimelineError> {
        unimplemented!()
    }

    /// Where the branch began, when the timeline is in one.
    #[must_use]
    pub fn branch(&self) -> Option<Moment> {
        unimplemented!()
    }

    /// Sets a register, by number. Opens a branch.
    pub fn set_register(
        &mut self,
        vcpu: VcpuId,
        number: usize,
        value: u128,
    ) -> Result<(), TimelineError> {
        unimplemented!()
    }

    /// Writes memory as a vCPU sees it. Opens a branch.
    pub fn write_virtual(
        &mut self,
        vcpu: VcpuId,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), TimelineError> {
        unimplemented!()
    }

    /// Writes physical memory. Opens a branch.
    pub fn write_physical(&mut self, address: u64, bytes: &[u8]) -> Result<(), TimelineError> {
        unimplemented!()
    }

    /// Drops the branch, and returns to the recording where the branch began.
    pub fn branch_drop(&mut self) -> Result<(), TimelineError> {
        unimplemented!()
    }

    /// The checkpoints that there are.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        unimplemented!()
    }
}
