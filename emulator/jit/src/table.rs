//! Host addresses of guest pages and of code in them, beside the TLB.
//!
//! Compiled code cannot afford the TLB's own look-up and the page notes behind it on every access. It looks into a table
//! of the same geometry that has, for some hits of the TLB's main array, where the host keeps the page. The table never
//! knows more than the TLB: what it has would be a hit there, and a hit there changes nothing, so that whether an access
//! used the table cannot be seen. What it lacks is left to the interpreter.

#![expect(unsafe_code, reason = "tables of addresses belong to one engine")]

use lockstep_cpu::{Access, Cx, Guest, Tlb, Vcpu};
use lockstep_memory::Changed;

use crate::frame::Code;

/// Log2 of the size of an [`Entry`].
pub(crate) const ENTRY_BITS: u32 = 5;
/// Modes that a guest can have, see [`lockstep_cpu::MmuCx::mode`].
const MODES: usize = 4;
/// No address with its low bits cut to a page and an alignment is this.
const NONE: u64 = u64::MAX;
const PAGE_MASK: u64 = !0xfff;

/// Where the host has a page.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Entry {
    /// The virtual address of the page if loads may use the entry.
    read: u64,
    /// The virtual address of the page if stores may use the entry.
    write: u64,
    /// What to add to a virtual address to get the host's.
    addend: u64,
    /// The physical address of the page.
    frame: u64,
}

/// Offset of [`Entry::read`].
pub(crate) const READ: i32 = std::mem::offset_of!(Entry, read) as i32;
/// Offset of [`Entry::write`].
pub(crate) const WRITE: i32 = std::mem::offset_of!(Entry, write) as i32;
/// Offset of [`Entry::addend`].
pub(crate) const ADDEND: i32 = std::mem::offset_of!(Entry, addend) as i32;

const EMPTY: Entry = Entry { read: NONE, write: NONE, addend: 0, frame: NONE };
const _: () = assert!(size_of::<Entry>() == 1 << ENTRY_BITS);

/// Log2 of the size of a [`Source`].
pub(crate) const SOURCE_BITS: u32 = 5;

/// Where the code of a page is.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Source {
    /// The virtual address of the page, if instructions may be fetched from it.
    page: u64,
    /// Where to go for each place in the page.
    slots: *const Code,
    /// Its physical page number.
    frame: u64,
}

/// Offset of [`Source::page`].
pub(crate) const SOURCE_PAGE: i32 = std::mem::offset_of!(Source, page) as i32;
/// Offset of [`Source::slots`].
pub(crate) const SLOTS: i32 = std::mem::offset_of!(Source, slots) as i32;
/// Offset of [`Source::frame`].
pub(crate) const FRAME: i32 = std::mem::offset_of!(Source, frame) as i32;

const NO_SOURCE: Source = Source { page: NONE, slots: std::ptr::null(), frame: NONE };
const _: () = assert!(size_of::<Source>() == 1 << SOURCE_BITS);

/// The tables of one mode.
struct Mode {
    entries: Box<[Entry; Tlb::PLACES]>,
    sources: Box<[Source; Tlb::PLACES]>,
    used: bool,
}

impl Default for Mode {
    fn default() -> Self {
        Self {
            entries: Box::new([EMPTY; Tlb::PLACES]),
            sources: Box::new([NO_SOURCE; Tlb::PLACES]),
            used: false,
        }
    }
}

// SAFETY: addresses, which only compiled code and memory follow, while the engine that has both runs it.
unsafe impl Send for Mode {}

/// Address spaces whose tables a vCPU keeps: a kernel's, those of some processes.
const SPACES: usize = 4;

/// The tables of a vCPU in the address spaces of data and of instructions.
#[derive(Default)]
struct Space {
    modes: [Mode; MODES],
    spaces: (u16, u16),
}

impl Space {
    fn used(&mut self) -> impl Iterator<Item = &mut Mode> {
        self.modes.iter_mut().filter(|mode| mode.used)
    }

    fn clear(&mut self) {
        for mode in self.used() {
            mode.entries.fill(EMPTY);
            mode.sources.fill(NO_SOURCE);
            mode.used = false;
        }
    }

    fn clear_place(&mut self, place: u64) {
        let place = place as usize % Tlb::PLACES;
        for mode in self.used() {
            mode.entries[place] = EMPTY;
            mode.sources[place] = NO_SOURCE;
        }
    }

    fn clear_frame(&mut self, frame: u64) {
        for entry in self.used().flat_map(|mode| mode.entries.iter_mut()) {
            if entry.frame == frame {
                *entry = EMPTY;
            }
        }
    }
}

/// The tables of one vCPU. Those of other spaces than the current one hold as long as the TLB's main array does not
/// change: entries of any space stay in it when the guest goes to another.
#[derive(Default)]
struct Tables {
    spaces: [Space; SPACES],
    current: usize,
    /// Which are dropped when there is no place for another space.
    next: usize,
}

impl Tables {
    fn modes(&mut self) -> &mut [Mode; MODES] {
        &mut self.spaces[self.current].modes
    }

    /// Makes the tables of these spaces the current ones.
    #[inline]
    fn select(&mut self, spaces: (u16, u16)) {
        if self.spaces[self.current].spaces != spaces {
            self.select_other(spaces);
        }
    }

    fn select_other(&mut self, spaces: (u16, u16)) {
        let known = self.spaces.iter().position(|space| space.spaces == spaces);
        self.current = known.unwrap_or_else(|| {
            let place = self.next;
            self.next = (place + 1) % SPACES;
            self.spaces[place].clear();
            self.spaces[place].spaces = spaces;
            place
        });
    }

    fn clear(&mut self) {
        self.spaces.iter_mut().for_each(Space::clear);
    }

    fn clear_place(&mut self, place: u64) {
        self.spaces.iter_mut().for_each(|space| space.clear_place(place));
    }

    fn clear_frame(&mut self, frame: u64) {
        self.spaces.iter_mut().for_each(|space| space.clear_frame(frame));
    }
}

/// The tables of all vCPUs.
#[derive(Default)]
pub(crate) struct HostTables {
    vcpus: Vec<Tables>,
}

impl HostTables {
    /// Drops what is no longer so. Nothing may use the tables before, once anything but compiled code has run.
    #[inline]
    pub(crate) fn refresh<G: Guest>(&mut self, cx: &mut Cx<G>) {
        if cx.mem.has_changes() {
            let changed = cx.mem.take_changes();
            for tables in &mut self.vcpus {
                match &changed {
                    Changed::All => tables.clear(),
                    Changed::These(pages) => {
                        pages.iter().for_each(|page| tables.clear_frame(*page));
                    }
                }
            }
        }
        let spaces = (cx.cpu.mmu.space, cx.cpu.mmu.fetch_space);
        let tables = self.of(&cx.cpu);
        tables.select(spaces);
        if cx.cpu.tlb.has_changes() {
            match cx.cpu.tlb.take_changes() {
                Changed::All => tables.clear(),
                Changed::These(places) => {
                    places.iter().for_each(|place| tables.clear_place(*place));
                }
            }
        }
    }

    fn of<G: Guest>(&mut self, cpu: &Vcpu<G>) -> &mut Tables {
        let index = cpu.id.index();
        if self.vcpus.len() <= index {
            self.vcpus.resize_with(index + 1, Tables::default);
        }
        &mut self.vcpus[index]
    }

    /// The tables for the current mode and for user mode, for compiled code to look into, and the sources of the
    /// current mode.
    #[inline]
    pub(crate) fn current<G: Guest>(
        &mut self,
        cpu: &Vcpu<G>,
    ) -> ([*const Entry; 2], *const Source) {
        let tables = self.of(cpu);
        let mode = usize::from(cpu.mmu.mode) % MODES;
        let modes = tables.modes();
        let entries = [mode, 0].map(|mode| modes[mode].entries.as_ptr());
        (entries, modes[mode].sources.as_ptr())
    }

    /// Lets compiled code go to the page of the pc by itself, as far as the TLB's main array has it.
    #[inline]
    pub(crate) fn fill_source<G: Guest>(&mut self, cx: &Cx<G>, frame: u64, slots: *const Code) {
        let mode = cx.cpu.mmu.mode;
        let page = cx.cpu.pc & PAGE_MASK;
        let place = (page >> 12) as usize % Tlb::PLACES;
        let tables = &mut self.of(&cx.cpu).modes()[usize::from(mode) % MODES];
        let known = &mut tables.sources[place];
        if known.page == page && known.frame == frame {
            return;
        }
        let hit = cx.cpu.tlb.hit(page, cx.cpu.mmu.fetch_space, mode, Access::Execute);
        let here = hit == Some(frame << 12);
        *known = if here { Source { page, slots, frame } } else { NO_SOURCE };
        tables.used = true;
    }

    /// Forgets where code is.
    pub(crate) fn clear_sources(&mut self) {
        let spaces = self.vcpus.iter_mut().flat_map(|tables| &mut tables.spaces);
        for mode in spaces.flat_map(|space| &mut space.modes) {
            mode.sources.fill(NO_SOURCE);
        }
    }

    /// Adds the page at `address`, as far as the TLB's main array has it and memory lets it be used directly.
    pub(crate) fn fill<G: Guest>(&mut self, cx: &mut Cx<G>, address: u64, user: bool) {
        // First, because what has changed since may be this very place.
        self.refresh(cx);
        let mode = if user { 0 } else { cx.cpu.mmu.mode };
        let page = address & PAGE_MASK;
        if cx.traps().watched_page(page) {
            return;
        }
        let hit = |access| cx.cpu.tlb.hit(page, cx.cpu.mmu.space, mode, access);
        let (readable, writable) = (hit(Access::Read), hit(Access::Write));
        let mut entry = EMPTY;
        if let Some(frame) = readable
            && let Some(host) = cx.mem.page_for_reading(frame)
        {
            (entry.read, entry.frame) = (page, frame);
            entry.addend = (host.expose_provenance() as u64).wrapping_sub(page);
        }
        if let Some(frame) = writable
            && let Some(host) = cx.mem.page_for_writing(frame)
        {
            (entry.write, entry.frame) = (page, frame);
            entry.addend = (host.expose_provenance() as u64).wrapping_sub(page);
        }
        let tables = &mut self.of(&cx.cpu).modes()[usize::from(mode) % MODES];
        tables.used = true;
        tables.entries[(page >> 12) as usize % Tlb::PLACES] = entry;
    }
}
