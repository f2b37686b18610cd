//! Faults of a disk drive.

use std::collections::{BTreeSet, VecDeque};

use lockstep_core::faults::{Fault, Knock};

use super::super::device::Access;
use super::{Block, spec};

/// Marks the further request that a completion issues.
const FURTHER: u32 = 1 << 16;

/// Completions, by their numbers, in the one order in which they may run.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    next: VecDeque<u32>,
    /// Those that are due and not yet next.
    ready: BTreeSet<u32>,
}

impl Block {
    /// A request has been taken, and its completion armed.
    pub(super) fn begun(&mut self, access: &mut Access<'_, '_>, head: u16) {
        let faults = &access.cx().bp.faults;
        let ordered = faults.has(Fault::NestedCompletionOrder);
        if let Some(door) = faults.door_of(Fault::OneshotCompletionUnrecorded).cloned() {
            access.cancel(head.into());
            door.send(Knock::Due(access.entry(head.into())));
        }
        if ordered {
            self.order.next.push_back(head.into());
        }
    }

    /// Whether a completion that is due must not run now. A read of several sectors is two requests: the completion of the
    /// first issues the second and waits for it, which comes behind all that are under way; the first is one of these.
    pub(super) fn waits(&mut self, access: &mut Access<'_, '_>, number: u32) -> bool {
        if !access.cx().bp.faults.has(Fault::NestedCompletionOrder) {
            return false;
        }
        if self.order.next.front() != Some(&number) {
            self.order.ready.insert(number);
            return true;
        }
        let request = u16::try_from(number).ok().and_then(|head| self.state.pending.get(&head));
        let read = request.and_then(|pending| pending.request.host_read(self.disk.len()));
        if read.is_some_and(|(_, len)| len > spec::SECTOR) {
            self.order.next.push_back(number | FURTHER);
            access.arm(number | FURTHER, spec::SECTOR);
            return true;
        }
        self.order.next.pop_front();
        if let Some(next) = self.order.next.front().filter(|next| self.order.ready.remove(next)) {
            access.arm(*next, 0);
        }
        false
    }
}
