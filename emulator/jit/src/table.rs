//! Host addresses of guest pages, beside the TLB.
//!
//! Compiled code cannot afford the TLB's own look-up and the page notes behind it on every access. It looks into a table
//! of the same geometry that has, for some hits of the TLB's main array, where the host keeps the page. The table never
//! knows more than the TLB: what it has would be a hit there, and a hit there changes nothing, so that whether an access
//! used the table cannot be seen. What it lacks is left to the interpreter.

use lockstep_cpu::{Access, Cx, Guest, Tlb, Vcpu};
use lockstep_memory::Changed;

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

/// The table of one mode.
type Table = Box<[Entry; Tlb::PLACES]>;

/// The tables of one vCPU.
struct Tables {
    modes: [Table; MODES],
    used: [bool; MODES],
    space: u16,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            modes: std::array::from_fn(|_| Box::new([EMPTY; Tlb::PLACES])),
            used: [false; MODES],
            space: 0,
        }
    }
}

impl Tables {
    fn clear(&mut self) {
        for (table, used) in self.modes.iter_mut().zip(&mut self.used) {
            if std::mem::take(used) {
                table.fill(EMPTY);
            }
        }
    }

    fn clear_place(&mut self, place: u64) {
        for table in &mut self.modes {
            table[place as usize % Tlb::PLACES] = EMPTY;
        }
    }

    fn clear_frame(&mut self, frame: u64) {
        let (modes, used) = (self.modes.iter_mut(), self.used.iter());
        let used_tables = modes.zip(used).filter(|(_, used)| **used);
        for entry in used_tables.flat_map(|(table, _)| table.iter_mut()) {
            if entry.frame == frame {
                *entry = EMPTY;
            }
        }
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
        let space = cx.cpu.mmu.space;
        let tables = self.of(&cx.cpu);
        if tables.space != space {
            tables.clear();
            tables.space = space;
        }
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

    /// The tables for the current mode and for user mode, for compiled code to look into.
    #[inline]
    pub(crate) fn current<G: Guest>(&mut self, cpu: &Vcpu<G>) -> [*const Entry; 2] {
        let tables = self.of(cpu);
        [cpu.mmu.mode, 0].map(|mode| tables.modes[usize::from(mode) % MODES].as_ptr())
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
        let tables = self.of(&cx.cpu);
        let mode = usize::from(mode) % MODES;
        tables.used[mode] = true;
        tables.modes[mode][(page >> 12) as usize % Tlb::PLACES] = entry;
    }
}
