//! What to stop at.

use std::collections::BTreeSet;

use lockstep_core::{EventKind, Moment};
use lockstep_machine::{DeviceRegion, Watch};

/// What [`crate::Timeline::resume`] and [`crate::Timeline::reverse_resume`] stop at, beside the ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Before instructions at these virtual addresses, on any vCPU, in any address space.
    pub breakpoints: BTreeSet<u64>,
    /// At accesses to these bytes.
    pub watchpoints: Vec<Watch>,
    /// At these events.
    pub events: Vec<EventCondition>,
    /// At a moment.
    pub moment: Option<Moment>,
}

/// Events to stop at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventCondition {
    /// Every event of a kind, whether or not the recording has such events.
    Kind(EventKind),
    /// The byte that completes this text on a console, whatever the port. Ports are looked at one by one.
    ConsoleText(Vec<u8>),
    /// An access of an instruction to a device, which no recording has: see [`lockstep_machine::Inspect::device_regions`].
    Device(DeviceRegion),
}
