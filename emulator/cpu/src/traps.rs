//! Breakpoints and watchpoints.
//!
//! A debugger must be able to stop a run without changing it: no instruction of the guest is replaced, nothing is counted,
//! filled or logged because somebody watches. So these are a list beside the machine that engines look into, and not part
//! of its state. Engines stay fast where nothing is watched: pages with breakpoints run instruction by instruction, pages
//! with watched bytes are kept out of host-side tables, and everything else runs as ever.

use lockstep_core::VcpuId;

const PAGE: u64 = 4096;

/// Which accesses a watchpoint stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// Loads.
    Read,
    /// Stores, also of the value that is there already.
    Write,
    /// Both.
    Access,
}

/// Watched bytes, by virtual address, in whatever address space. Only accesses of instructions count: neither those of
/// devices nor those of page-table walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The first address.
    pub address: u64,
    /// Bytes; none are watched when it is zero.
    pub len: u64,
    /// Which accesses.
    pub kind: WatchKind,
}

impl Watch {
    /// Whether any of `len` bytes at `address` is watched.
    const fn overlaps(&self, address: u64, len: u64) -> bool {
        // Wrapping differences, so that ranges may end at the top of the address space.
        address.wrapping_sub(self.address) < self.len
            || self.address.wrapping_sub(address) < len && self.len > 0
    }

    const fn wants(&self, writes: bool) -> bool {
        match self.kind {
            WatchKind::Read => !writes,
            WatchKind::Write => writes,
            WatchKind::Access => true,
        }
    }
}

/// An access to watched bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchHit {
    /// Which of the watchpoints, by its place in the list.
    pub watch: usize,
    /// Who.
    pub vcpu: VcpuId,
    /// The address of the instruction.
    pub pc: u64,
    /// The first address that it accesses.
    pub address: u64,
    /// Bytes that it accesses, at most eight: larger accesses are several.
    pub len: u8,
    /// A store.
    pub writes: bool,
    /// What was there before, where it is memory.
    pub old: Option<u64>,
    /// What was loaded or stored.
    pub new: u64,
}

/// The registers of a device, by physical address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRegion {
    /// What the board calls it.
    pub name: String,
    /// First addresses and lengths in bytes.
    pub ranges: Vec<(u64, u64)>,
}

impl DeviceRegion {
    /// A device at one place.
    #[must_use]
    pub fn new(name: impl Into<String>, base: u64, len: u64) -> Self {
        Self { name: name.into(), ranges: vec![(base, len)] }
    }

    fn has(&self, address: u64) -> bool {
        self.ranges.iter().any(|(base, len)| address.wrapping_sub(*base) < *len)
    }
}

/// An access of an instruction that a device has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHit {
    /// The name of the device.
    pub device: String,
    /// Who.
    pub vcpu: VcpuId,
    /// The address of the instruction.
    pub pc: u64,
    /// The physical address.
    pub address: u64,
    /// Bytes: 1, 2, 4 or 8.
    pub len: u8,
    /// A store.
    pub writes: bool,
    /// What was loaded or stored; `None` when the bus refused.
    pub value: Option<u64>,
}

/// The breakpoints and watchpoints of a machine.
#[derive(Clone, Debug, Default)]
pub struct Traps {
    /// In order.
    breakpoints: Vec<u64>,
    /// The pages of the breakpoints.
    pages: Vec<u64>,
    watches: Vec<Watch>,
    hits: Vec<WatchHit>,
    devices: Vec<DeviceRegion>,
    device_hits: Vec<DeviceHit>,
    /// No breakpoint stops the machine at this count: it was told to go on from there.
    pub passed: u64,
}

impl Traps {
    /// Breakpoints at virtual addresses, and watchpoints.
    #[must_use]
    pub fn new(breakpoints: &[u64], watches: &[Watch]) -> Self {
        let mut sorted = breakpoints.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut pages: Vec<u64> = sorted.iter().map(|pc| pc / PAGE).collect();
        pages.dedup();
        Self {
            breakpoints: sorted,
            pages,
            watches: watches.to_vec(),
            hits: Vec::new(),
            devices: Vec::new(),
            device_hits: Vec::new(),
            passed: u64::MAX,
        }
    }

    /// The same, and accesses to devices.
    #[must_use]
    pub fn with_devices(self, devices: Vec<DeviceRegion>) -> Self {
        Self { devices, ..self }
    }

    /// Whether there is nothing to stop at.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.breakpoints.is_empty() && self.watches.is_empty() && self.devices.is_empty()
    }

    /// Whether engines have to run the page at `pc` instruction by instruction.
    #[inline(always)]
    #[must_use]
    pub fn in_page(&self, pc: u64) -> bool {
        !self.pages.is_empty() && self.pages.contains(&(pc / PAGE))
    }

    /// Whether there is a breakpoint at `pc`.
    #[must_use]
    pub fn at(&self, pc: u64) -> bool {
        self.breakpoints.binary_search(&pc).is_ok()
    }

    /// Whether data accesses have to be looked at.
    #[must_use]
    pub const fn watching(&self) -> bool {
        !self.watches.is_empty()
    }

    /// Whether any byte of the page at `address` is watched, so that it has to stay out of host-side tables.
    #[must_use]
    pub fn watched_page(&self, address: u64) -> bool {
        self.watches.iter().any(|watch| watch.overlaps(address & !(PAGE - 1), PAGE))
    }

    /// Whether an access to `len` bytes at `address` has to be told.
    #[must_use]
    pub fn wants(&self, address: u64, len: u64, writes: bool) -> bool {
        self.watches.iter().any(|watch| watch.wants(writes) && watch.overlaps(address, len))
    }

    /// Notes an access, for every watchpoint that it concerns. `hit.watch` is filled in here.
    pub fn note(&mut self, hit: WatchHit) {
        for (place, watch) in self.watches.iter().enumerate() {
            if watch.wants(hit.writes) && watch.overlaps(hit.address, u64::from(hit.len)) {
                self.hits.push(WatchHit { watch: place, ..hit });
            }
        }
    }

    /// Whether accesses to devices have to be told.
    #[must_use]
    pub const fn watches_devices(&self) -> bool {
        !self.devices.is_empty()
    }

    /// Notes an access that a device has answered, if it is one of those to stop at. `hit.device` is filled in here. Says
    /// whether it did.
    pub fn note_device(&mut self, hit: &DeviceHit) -> bool {
        let device = self.devices.iter().find(|device| device.has(hit.address));
        let hit = device.map(|device| DeviceHit { device: device.name.clone(), ..hit.clone() });
        let noted = hit.is_some();
        self.device_hits.extend(hit);
        noted
    }

    /// Whether a watched access has happened and was not yet told.
    #[must_use]
    pub const fn has_hits(&self) -> bool {
        !self.hits.is_empty() || !self.device_hits.is_empty()
    }

    /// The accesses that happened, in their order: to watched bytes, and to devices.
    pub fn take_hits(&mut self) -> (Vec<WatchHit>, Vec<DeviceHit>) {
        (std::mem::take(&mut self.hits), std::mem::take(&mut self.device_hits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches ranges that miss their ends, reach beyond them, or fail at the top of the address space.
    #[test]
    fn ranges() {
        let watch = |address, len| Watch { address, len, kind: WatchKind::Write };
        let one = watch(0x1008, 8);
        assert!(one.overlaps(0x1000, 9) && one.overlaps(0x100f, 1) && one.overlaps(0x1000, 0x100));
        assert!(!one.overlaps(0x1000, 8) && !one.overlaps(0x1010, 8));
        assert!(!watch(0x1000, 0).overlaps(0x1000, 8) && !watch(0x1004, 0).overlaps(0x1000, 8));
        let top = watch(u64::MAX - 3, 4);
        assert!(top.overlaps(u64::MAX, 1) && top.overlaps(u64::MAX - 7, 8) && !top.overlaps(0, 8));
        let traps = Traps::new(&[0x2004, 0x2000, 0x2004], &[one]);
        assert!(
            traps.at(0x2004)
                && !traps.at(0x2008)
                && traps.in_page(0x2ffc)
                && !traps.in_page(0x3000)
        );
        assert!(traps.watched_page(0x1ffc) && !traps.watched_page(0x2000));
    }

    /// Catches a device whose second place is forgotten, or that is told of its neighbours' accesses.
    #[test]
    fn devices() {
        let gic = DeviceRegion { name: "gic".to_owned(), ranges: vec![(0x1000, 8), (0x4000, 4)] };
        let mut traps = Traps::new(&[], &[]);
        assert!(traps.is_empty() && !traps.watches_devices());
        traps = traps.with_devices(vec![gic]);
        assert!(!traps.is_empty() && traps.watches_devices());
        let hit = |address| DeviceHit {
            device: String::new(),
            vcpu: VcpuId(0),
            pc: 0,
            address,
            len: 4,
            writes: true,
            value: Some(1),
        };
        assert!(!traps.note_device(&hit(0xfff)) && !traps.note_device(&hit(0x1008)));
        assert!(!traps.has_hits());
        assert!(traps.note_device(&hit(0x1007)) && traps.note_device(&hit(0x4000)));
        let (watched, devices) = traps.take_hits();
        assert!(watched.is_empty() && devices.len() == 2 && devices[1].device == "gic");
        assert!(!traps.has_hits());
    }

    /// Catches a store that stops a read watchpoint, or a hit that is told for one watchpoint alone.
    #[test]
    fn kinds() {
        let watch = |kind| Watch { address: 0x10, len: 4, kind };
        let all = [WatchKind::Read, WatchKind::Write, WatchKind::Access].map(watch);
        let mut traps = Traps::new(&[], &all);
        let hit = WatchHit {
            watch: 0,
            vcpu: VcpuId(0),
            pc: 0,
            address: 0x10,
            len: 4,
            writes: true,
            old: None,
            new: 0,
        };
        traps.note(hit);
        assert_eq!(traps.take_hits().0.iter().map(|hit| hit.watch).collect::<Vec<_>>(), [1, 2]);
        traps.note(WatchHit { writes: false, ..hit });
        assert_eq!(traps.take_hits().0.iter().map(|hit| hit.watch).collect::<Vec<_>>(), [0, 2]);
        assert!(!traps.has_hits() && traps.wants(0x13, 1, true) && !traps.wants(0x14, 1, true));
    }
}
