//! Faults of the TLB.

use lockstep_core::faults::{Fault, Faults};

use crate::Tlb;
use crate::tlb::VICTIMS;

/// The next victim to go is whichever the host's clock points at.
pub(crate) fn choose_victim(tlb: &mut Tlb, faults: &Faults) {
    if let Some(door) = faults.door_of(Fault::VictimTlb) {
        tlb.next_victim = (door.clock() % VICTIMS as u64) as u8;
    }
}
