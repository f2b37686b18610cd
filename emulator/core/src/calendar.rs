//! The only way to do something later.
//!
//! Emulators tend to grow several ways to defer work (timers, bottom halves, queued work for another thread), and
//! sooner or later a caller picks one that is not recorded. Here there is one: an entry in the calendar, keyed by
//! virtual time and then by an identity that does not depend on when or by whom it was made. The machine runs
//! due entries between two instructions, in that order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{VcpuId, VirtualTime};

/// Who is called when an entry is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// A timer inside a vCPU.
    Vcpu(VcpuId),
    /// A device, by its place on the board.
    Device(u16),
}

/// The identity of an entry: at most one entry with an identity is armed at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId {
    /// Who is called.
    pub owner: Owner,
    /// Which of its timers or requests this is.
    pub number: u32,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Owner::Vcpu(vcpu) => write!(f, "{vcpu}:{}", self.number),
            Owner::Device(place) => write!(f, "device{place}:{}", self.number),
        }
    }
}

/// Everything that the machine will do later, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    by_id: BTreeMap<EntryId, VirtualTime>,
    by_time: BTreeSet<(VirtualTime, EntryId)>,
}

impl Calendar {
    /// Arms `id` for `time`, replacing the time it was armed for. A time in the past is due at once.
    pub fn arm(&mut self, id: EntryId, time: VirtualTime) {
        if let Some(old) = self.by_id.insert(id, time) {
            self.by_time.remove(&(old, id));
        }
        self.by_time.insert((time, id));
    }

    /// Disarms `id`; returns the time it was armed for.
    pub fn cancel(&mut self, id: EntryId) -> Option<VirtualTime> {
        let time = self.by_id.remove(&id)?;
        self.by_time.remove(&(time, id));
        Some(time)
    }

    /// The entry that is due first.
    #[must_use]
    pub fn next(&self) -> Option<(VirtualTime, EntryId)> {
        self.by_time.first().copied()
    }

    /// Takes the first entry that is due at `now`.
    pub fn take_due(&mut self, now: VirtualTime) -> Option<(VirtualTime, EntryId)> {
        let (time, id) = self.next().filter(|(time, _)| *time <= now)?;
        self.cancel(id);
        Some((time, id))
    }

    /// All entries by identity: what a snapshot keeps.
    #[must_use]
    pub fn entries(&self) -> Vec<(EntryId, VirtualTime)> {
        self.by_id.iter().map(|(id, time)| (*id, *time)).collect()
    }

    /// Replaces all entries by saved ones.
    pub fn set_entries(&mut self, entries: &[(EntryId, VirtualTime)]) {
        self.by_id = entries.iter().copied().collect();
        self.by_time = self.by_id.iter().map(|(id, time)| (*time, *id)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> EntryId {
        EntryId { owner: Owner::Device(3), number }
    }

    /// Catches an order at equal times that depends on the order of arming.
    #[test]
    fn equal_times_run_by_identity() {
        let time = VirtualTime::from_ns(7);
        let mut calendar = Calendar::default();
        for number in [2, 0, 1] {
            calendar.arm(id(number), time);
        }
        let order: Vec<_> =
            std::iter::from_fn(|| calendar.take_due(time)).map(|(_, id)| id.number).collect();
        assert_eq!(order, [0, 1, 2]);
    }

    /// Catches a re-armed entry that fires at both of its times.
    #[test]
    fn arming_again_replaces() {
        let mut calendar = Calendar::default();
        calendar.arm(id(0), VirtualTime::from_ns(5));
        calendar.arm(id(0), VirtualTime::from_ns(9));
        assert_eq!(calendar.take_due(VirtualTime::from_ns(8)), None);
        assert!(calendar.take_due(VirtualTime::from_ns(9)).is_some());
        assert_eq!(calendar.next(), None);
    }

    /// Catches a restore that loses an entry or keeps an old one.
    #[test]
    fn restoring_replaces_everything() {
        let mut calendar = Calendar::default();
        calendar.arm(id(0), VirtualTime::from_ns(5));
        let saved = calendar.entries();
        let copy = calendar.clone();
        calendar.arm(id(1), VirtualTime::from_ns(1));
        calendar.cancel(id(0));
        calendar.set_entries(&saved);
        assert_eq!(calendar, copy);
    }
}
