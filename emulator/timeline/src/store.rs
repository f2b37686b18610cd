//! Checkpoints.
//!
//! A checkpoint shares all pages that have not changed with its neighbours, so that what it costs is what has changed since
//! the one before it. When they cost more than they may, those go first that are missed least: far from where one is, and
//! close to others. What stays gets thinner exponentially with the distance, as going back is likely to go
//! back a little, and a long way takes its time anyway.

use std::collections::BTreeMap;

use lockstep_core::Moment;
use lockstep_machine::Snapshot;

/// Checkpoints at most: looking through them must stay cheap.
const MOST: usize = 512;

struct Entry {
    snapshot: Snapshot,
    /// Bytes of its predecessor that it does not share.
    gone: u64,
    /// Bytes of its own that its predecessor does not share.
    new: u64,
}

/// The checkpoints of a recording, or of a branch. There is always one at the start.
#[derive(Default)]
pub(crate) struct Store {
    entries: BTreeMap<Moment, Entry>,
}

impl Store {
    /// A store with the checkpoint at the start.
    pub(crate) fn new(at: Moment, snapshot: Snapshot) -> Self {
        let mut store = Self::default();
        store.put(at, snapshot);
        store
    }

    /// The last checkpoint that is not after a moment.
    pub(crate) fn floor(&self, at: Moment) -> Option<(Moment, &Snapshot)> {
        self.entries.range(..=at).next_back().map(|(at, entry)| (*at, &entry.snapshot))
    }

    /// The last checkpoint that is before a moment.
    pub(crate) fn below(&self, at: Moment) -> Option<(Moment, &Snapshot)> {
        self.entries.range(..at).next_back().map(|(at, entry)| (*at, &entry.snapshot))
    }

    /// The first checkpoint that is after a moment.
    pub(crate) fn after(&self, at: Moment) -> Option<Moment> {
        let range = (std::ops::Bound::Excluded(at), std::ops::Bound::Unbounded);
        self.entries.range(range).next().map(|(at, _)| *at)
    }

    pub(crate) fn has(&self, at: Moment) -> bool {
        self.entries.contains_key(&at)
    }

    pub(crate) fn moments(&self) -> Vec<Moment> {
        self.entries.keys().copied().collect()
    }

    pub(crate) fn put(&mut self, at: Moment, snapshot: Snapshot) {
        self.entries.insert(at, Entry { snapshot, gone: 0, new: 0 });
        self.weigh(at);
        if let Some(next) = self.after(at) {
            self.weigh(next);
        }
    }

    pub(crate) fn remove(&mut self, at: Moment) {
        self.entries.remove(&at);
        if let Some(next) = self.after(at) {
            self.weigh(next);
        }
    }

    /// Compares the entry at a moment with its predecessor.
    fn weigh(&mut self, at: Moment) {
        let before = self.entries.range(..at).next_back().map(|(_, entry)| &entry.snapshot);
        let Some(entry) = self.entries.get(&at) else { return };
        let (gone, new) = before.map_or((0, 0), |before| {
            (before.bytes_beyond(&entry.snapshot), entry.snapshot.bytes_beyond(before))
        });
        if let Some(entry) = self.entries.get_mut(&at) {
            (entry.gone, entry.new) = (gone, new);
        }
    }

    /// Bytes that only checkpoints hold, for a machine at `now` that has `owned` bytes of its own since the last one before
    /// it.
    ///
    /// A page lives from the checkpoint before which it was written to the one before which it was written over, without
    /// gaps. So what is held beyond the last checkpoint before `now` is the sum of what went away on the way there
    /// and of what comes anew after it.
    pub(crate) fn bytes(&self, now: Moment, owned: u64) -> u64 {
        let before: u64 = self.entries.range(..=now).map(|(_, entry)| entry.gone).sum();
        let range = (std::ops::Bound::Excluded(now), std::ops::Bound::Unbounded);
        let after: u64 = self.entries.range(range).map(|(_, entry)| entry.new).sum();
        before + after + owned
    }

    /// Removes checkpoints until the rest fits into `budget`. The first always stays.
    pub(crate) fn thin(&mut self, now: Moment, owned: u64, budget: u64) {
        while self.entries.len() > 1
            && (self.entries.len() > MOST || self.bytes(now, owned) > budget)
        {
            match self.least_missed(now) {
                Some(at) => self.remove(at),
                None => break,
            }
        }
    }

    /// The checkpoint without which the way from its predecessor to its successor is shortest, measured by how far away that
    /// is.
    fn least_missed(&self, now: Moment) -> Option<Moment> {
        let all: Vec<u64> = self.entries.keys().map(|at| at.retired).collect();
        let score = |place: usize| {
            let next = all.get(place + 1).copied().unwrap_or(all[place].max(now.retired));
            let gap = next - all[place - 1];
            let distance = all[place].abs_diff(now.retired) + 1;
            // A ratio of two 64-bit numbers, comparable without floating point.
            (u128::from(gap) << 64) / u128::from(distance)
        };
        let place = (1..all.len()).min_by_key(|place| score(*place))?;
        self.entries.keys().nth(place).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test reads the guest that it needs")]

    use lockstep_log::ImageRole;
    use lockstep_machine::{Images, Machine, MachineRecord, build, check};

    use super::*;

    /// Where the board's RAM is free.
    const FREE: u64 = 0x4300_0000;
    const PAGE: u64 = 4096;

    fn machine() -> Box<dyn Machine> {
        let guest =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/aarch64/guests/hello.elf");
        let mut record = MachineRecord { board: "virt".to_owned(), ..MachineRecord::default() };
        check(&mut record).unwrap();
        let mut images = Images::default();
        images.add(ImageRole::Kernel, "hello", std::fs::read(guest).unwrap());
        build(&record, &images).unwrap()
    }

    fn write(machine: &mut dyn Machine, pages: u64, value: u8) {
        for page in 0..pages {
            machine.write_physical(FREE + page * PAGE, &[value]).unwrap();
        }
    }

    /// Catches pages that are counted twice, not at all, or although the machine has them as well.
    #[test]
    fn pages_are_counted_once() {
        let mut machine = machine();
        let mut store = Store::new(Moment::at(0), machine.save());
        for (count, value) in [(100, 1), (200, 2), (300, 3)] {
            write(&mut *machine, 10, value);
            store.put(Moment::at(count), machine.save());
        }
        let pages = |now, owned| store.bytes(Moment::at(now), owned) / PAGE;
        // With the machine at the last of them, ten pages of each of the two before it are theirs alone; those before
        // the first write were the shared page of zeros. Something comes on top for lists of pages and for other state.
        let at_end = pages(300, 0);
        assert!((20..60).contains(&at_end), "{at_end}");
        // At the first, there are ten pages of each later one.
        let at_start = pages(0, 0);
        assert!((30..70).contains(&at_start), "{at_start}");
        write(&mut *machine, 10, 4);
        assert_eq!(machine.bytes_owned() / PAGE, 10);
        assert_eq!(pages(300, machine.bytes_owned()), at_end + 10);
    }

    /// Catches thinning that takes what is near, keeps what is too much, or takes the first.
    #[test]
    fn what_is_far_goes_first() {
        let mut machine = machine();
        let mut store = Store::new(Moment::at(0), machine.save());
        for count in 1..=64 {
            write(&mut *machine, 10, count as u8);
            store.put(Moment::at(count * 1000), machine.save());
        }
        let now = Moment::at(64_000);
        let budget = store.bytes(now, 0) / 4;
        store.thin(now, 0, budget);
        assert!(store.bytes(now, 0) <= budget);
        let left: Vec<u64> = store.moments().iter().map(|at| at.retired / 1000).collect();
        assert_eq!(left[0], 0);
        assert!(left.len() > 8 && left.ends_with(&[62, 63, 64]), "{left:?}");
        let gaps: Vec<u64> = left.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps[0] > 4 && gaps.last() == Some(&1), "{left:?}");
        store.thin(now, 0, 0);
        assert_eq!(store.moments(), [Moment::at(0)]);
    }
}
