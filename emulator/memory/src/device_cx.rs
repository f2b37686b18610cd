//! What a device can reach while it acts.

use lockstep_core::Backplane;

use crate::PhysMem;

/// Guest memory for DMA, and the parts that all devices share. A device gets this for the length of a call and
/// keeps no handle to any of it.
pub struct DeviceCx<'a> {
    /// Guest physical memory.
    pub mem: &'a mut PhysMem,
    /// Time, calendar, journal, outputs.
    pub bp: &'a mut Backplane,
}
