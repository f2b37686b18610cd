//! The TLB, as machine state.
//!
//! A kernel may rely on a stale entry being used until it invalidates it, so which entries a TLB holds is visible to
//! the guest. A TLB whose geometry or replacement depends on the host, or on which engine ran, is a divergence in
//! waiting. This one is fixed: a direct-mapped main array and a small victim array with round-robin
//! replacement; only look-ups that miss the main array and fills change it, and all engines make them alike.

use lockstep_memory::{Changed, Changes};
use serde::{Deserialize, Serialize};

use crate::{Access, GUARDED};

/// Entries of the main array.
const MAIN: usize = 512;
/// Entries of the victim array.
pub(crate) const VICTIMS: usize = 8;
/// Bits in the offset within an entry's page. Larger guest pages fill one entry per 4 KiB piece.
const PAGE_BITS: u32 = 12;

/// A translation of one 4 KiB page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlbEntry {
    /// Virtual address, bits 63:12.
    pub page: u64,
    /// Physical address, bits 63:12.
    pub frame: u64,
    /// The address space it belongs to (ASID, ASN), unless global.
    pub space: u16,
    /// Per mode, four bits from the lowest: read 1, write 2, execute 4, guarded 8.
    pub permissions: u16,
    /// Log2 of the size of the guest page that this is a piece of.
    pub page_bits: u8,
    /// Matches in every address space.
    pub global: bool,
    /// Device semantics.
    pub device: bool,
}

impl TlbEntry {
    /// No translation: its page number lies outside every address.
    pub const EMPTY: Self = Self {
        page: u64::MAX,
        frame: 0,
        space: 0,
        permissions: 0,
        page_bits: 0,
        global: false,
        device: false,
    };

    /// The permission bits of `mode`.
    #[inline(always)]
    #[must_use]
    pub const fn permits(&self, mode: u8, access: Access) -> bool {
        (self.permissions >> (mode * 4)) & access.needs() == access.needs()
    }

    /// Whether the access is permitted and nobody has to be asked.
    #[inline(always)]
    const fn permits_freely(&self, mode: u8, access: Access) -> bool {
        (self.permissions >> (mode * 4)) & access.looks_at() == access.needs()
    }

    /// Whether the guest has to be asked about each store.
    #[must_use]
    pub const fn is_guarded(&self, mode: u8) -> bool {
        (self.permissions >> (mode * 4)) & GUARDED != 0
    }

    #[inline(always)]
    const fn matches(&self, page: u64, space: u16) -> bool {
        self.page == page && (self.global || self.space == space)
    }

    /// Everything but the two page numbers, for the event log.
    #[must_use]
    pub const fn attributes(&self) -> u64 {
        self.permissions as u64
            | (self.space as u64) << 16
            | (self.page_bits as u64) << 32
            | (self.global as u64) << 40
            | (self.device as u64) << 41
    }

    /// The physical address of `address`, which lies in this page.
    #[inline(always)]
    #[must_use]
    pub const fn physical(&self, address: u64) -> u64 {
        self.frame << PAGE_BITS | (address & ((1 << PAGE_BITS) - 1))
    }

    /// Whether `address` lies in the guest page that this is a piece of.
    #[must_use]
    pub const fn covers(&self, address: u64) -> bool {
        let shift = (self.page_bits as u32).saturating_sub(PAGE_BITS);
        self.page != Self::EMPTY.page && (address >> PAGE_BITS) >> shift == self.page >> shift
    }
}

/// The translation cache of one vCPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlb {
    main: Box<[TlbEntry; MAIN]>,
    victims: [TlbEntry; VICTIMS],
    pub(crate) next_victim: u8,
    /// Places of the main array that have changed: what engines keep beside it follows from there.
    changes: Changes,
}

/// What a snapshot keeps of a [`Tlb`]: the entries that hold something, with their places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlbState {
    main: Vec<(u16, TlbEntry)>,
    victims: [TlbEntry; VICTIMS],
    next_victim: u8,
}

impl Default for Tlb {
    fn default() -> Self {
        Self {
            main: Box::new([TlbEntry::EMPTY; MAIN]),
            victims: [TlbEntry::EMPTY; VICTIMS],
            next_victim: 0,
            changes: Changes::default(),
        }
    }
}

const fn place(page: u64) -> usize {
    page as usize % MAIN
}

impl Tlb {
    /// Entries of the main array.
    pub const PLACES: usize = MAIN;

    /// The physical address, when the main array has an entry that permits the access without a question.
    #[inline(always)]
    #[must_use]
    pub fn hit(&self, address: u64, space: u16, mode: u8, access: Access) -> Option<u64> {
        let page = address >> PAGE_BITS;
        let entry = &self.main[place(page)];
        (entry.matches(page, space) && entry.permits_freely(mode, access))
            .then(|| entry.physical(address))
    }

    /// The entry for an address that permits the access; a victim changes places with the main entry.
    pub fn find(&mut self, address: u64, space: u16, mode: u8, access: Access) -> Option<TlbEntry> {
        let page = address >> PAGE_BITS;
        let main = &mut self.main[place(page)];
        if !main.matches(page, space) {
            let victim = self.victims.iter_mut().find(|victim| victim.matches(page, space))?;
            std::mem::swap(main, victim);
            self.changes.note(place(page) as u64);
        }
        main.permits(mode, access).then_some(*main)
    }

    /// The entry for an address, whatever it permits, in the main array or among the victims. Changes nothing.
    #[must_use]
    pub fn peek(&self, address: u64, space: u16) -> Option<TlbEntry> {
        let page = address >> PAGE_BITS;
        let main = std::iter::once(&self.main[place(page)]);
        main.chain(&self.victims).find(|entry| entry.matches(page, space)).copied()
    }

    /// Adds an entry. An entry for the same page and space is replaced; another in its place becomes a victim.
    pub fn fill(&mut self, entry: TlbEntry) {
        for victim in &mut self.victims {
            if victim.matches(entry.page, entry.space) {
                *victim = TlbEntry::EMPTY;
            }
        }
        let main = &mut self.main[place(entry.page)];
        if main.page != TlbEntry::EMPTY.page && !main.matches(entry.page, entry.space) {
            self.victims[self.next_victim as usize] = *main;
            self.next_victim = (self.next_victim + 1) % VICTIMS as u8;
        }
        *main = entry;
        self.changes.note(place(entry.page) as u64);
    }

    /// Removes the entries for which `gone` holds.
    pub fn invalidate(&mut self, gone: impl Fn(&TlbEntry) -> bool) {
        for (number, entry) in self.main.iter_mut().chain(&mut self.victims).enumerate() {
            if entry.page != TlbEntry::EMPTY.page && gone(entry) {
                *entry = TlbEntry::EMPTY;
                if number < MAIN {
                    self.changes.note(number as u64);
                }
            }
        }
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether places of the main array have changed since the last [`Tlb::take_changes`].
    #[inline(always)]
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.changes.any()
    }

    /// The places of the main array that may have changed. An entry's place is its page number modulo [`Tlb::PLACES`].
    pub fn take_changes(&mut self) -> Changed {
        self.changes.take()
    }

    /// The state to save.
    #[must_use]
    pub fn state(&self) -> TlbState {
        let held = |(index, entry): (usize, &TlbEntry)| {
            (entry.page != TlbEntry::EMPTY.page).then_some((index as u16, *entry))
        };
        TlbState {
            main: self.main.iter().enumerate().filter_map(held).collect(),
            victims: self.victims,
            next_victim: self.next_victim,
        }
    }

    /// The TLB of a saved state; `None` when that has places which do not exist.
    #[must_use]
    pub fn from_state(state: &TlbState) -> Option<Self> {
        let mut tlb = Self { victims: state.victims, ..Self::default() };
        tlb.next_victim = Some(state.next_victim).filter(|next| usize::from(*next) < VICTIMS)?;
        for (index, entry) in &state.main {
            *tlb.main.get_mut(usize::from(*index))? = *entry;
        }
        Some(tlb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(page: u64) -> TlbEntry {
        TlbEntry {
            page,
            frame: page + 1,
            space: 1,
            permissions: 0x3,
            page_bits: 12,
            ..TlbEntry::EMPTY
        }
    }

    fn address(page: u64) -> u64 {
        page << PAGE_BITS
    }

    /// Catches an entry that is lost when another takes its place, and a victim that stays behind when it returns.
    #[test]
    fn victims_return() {
        let mut tlb = Tlb::default();
        tlb.fill(entry(5));
        tlb.fill(entry(5 + MAIN as u64));
        assert_eq!(tlb.hit(address(5), 1, 0, Access::Read), None);
        assert_eq!(tlb.find(address(5), 1, 0, Access::Read), Some(entry(5)));
        assert_eq!(tlb.hit(address(5), 1, 0, Access::Read), Some(address(6)));
        assert!(tlb.find(address(5 + MAIN as u64), 1, 0, Access::Read).is_some());
    }

    /// Catches a second entry for a page after its permissions changed: the old one must not come back.
    #[test]
    fn refill_replaces_everywhere() {
        let mut tlb = Tlb::default();
        tlb.fill(TlbEntry { permissions: 0x1, ..entry(5) });
        tlb.fill(entry(5 + MAIN as u64));
        tlb.fill(entry(5));
        tlb.fill(entry(5 + MAIN as u64));
        assert!(tlb.find(address(5), 1, 0, Access::Write).is_some());
    }

    /// Catches a match in another space, an update that needs only one permission, and a large page that survives.
    #[test]
    fn matching() {
        let mut tlb = Tlb::default();
        tlb.fill(TlbEntry { permissions: 0x12, page_bits: 21, ..entry(0x205) });
        assert_eq!(tlb.hit(address(0x205), 2, 0, Access::Write), None);
        assert_eq!(tlb.hit(address(0x205), 1, 0, Access::Update), None);
        assert!(tlb.hit(address(0x205), 1, 1, Access::Read).is_some());
        tlb.invalidate(|entry| entry.covers(address(0x3ff)));
        assert_eq!(tlb, Tlb::default());
    }

    /// Catches a saved form that loses entries, victims or the replacement pointer.
    #[test]
    fn saves_everything() {
        let mut tlb = Tlb::default();
        for page in 0..3 * MAIN as u64 {
            tlb.fill(entry(page * 7));
        }
        assert_eq!(Tlb::from_state(&tlb.state()), Some(tlb));
    }
}
