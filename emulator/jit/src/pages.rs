//! What is known of pages of code.

#![expect(unsafe_code, reason = "slots hold addresses of code")]

use std::collections::BTreeMap;

use lockstep_cpu::Guest;

use crate::frame::Code;
use crate::region::PAGE;

/// A note on a place: its first instruction is the interpreter's.
pub(crate) const NEVER: u32 = u32::MAX;
/// A note on a place: its region is being compiled, or has been.
pub(crate) const ASKED: u32 = u32::MAX - 1;
/// Entries of the table in front of the map.
const LOOKASIDE: usize = 256;
/// Pages at most, about 12 KiB each; then everything is dropped.
const LIMIT: usize = 4096;

/// A physical page of code: for each place where an instruction can be.
pub(crate) struct Page {
    /// The code of the region that starts there, or the stub.
    slots: Box<[Code]>,
    /// How often it was come to, or [`NEVER`] or [`ASKED`].
    notes: Box<[u32]>,
    /// Times that its code was written.
    pub(crate) version: u32,
}

// SAFETY: addresses, which only the engine that owns them follows.
unsafe impl Send for Page {}

impl Page {
    pub(crate) fn slots(&self) -> *const Code {
        self.slots.as_ptr()
    }

    pub(crate) fn code(&self, slot: usize) -> Code {
        self.slots[slot]
    }

    pub(crate) fn set_code(&mut self, slot: usize, code: Code) {
        self.slots[slot] = code;
    }

    pub(crate) fn note(&mut self, slot: usize) -> &mut u32 {
        &mut self.notes[slot]
    }
}

/// All pages of code, by physical page number. They stay where they are until all go, because compiled code knows their
/// slots.
pub(crate) struct Pages {
    numbers: BTreeMap<u64, u32>,
    pages: Vec<Page>,
    lookaside: Box<[(u64, u32); LOOKASIDE]>,
    /// What stands where there is no code.
    stub: Code,
}

// SAFETY: as for `Page`.
unsafe impl Send for Pages {}

impl Pages {
    pub(crate) fn new(stub: Code) -> Self {
        let lookaside = Box::new([(u64::MAX, 0); LOOKASIDE]);
        Self { numbers: BTreeMap::new(), pages: Vec::new(), lookaside, stub }
    }

    pub(crate) fn stub(&self) -> Code {
        self.stub
    }

    /// Whether there are so many that it is time to drop all.
    pub(crate) fn is_full(&self) -> bool {
        self.pages.len() >= LIMIT
    }

    /// The page with a physical page number.
    #[inline]
    pub(crate) fn at<G: Guest>(&mut self, number: u64) -> &mut Page {
        let aside = &mut self.lookaside[number as usize % LOOKASIDE];
        if aside.0 != number {
            let (pages, stub) = (&mut self.pages, self.stub);
            let index = self.numbers.entry(number).or_insert_with(|| {
                let places = PAGE / G::INSN_ALIGN as usize;
                let (slots, notes) = (vec![stub; places].into(), vec![0; places].into());
                pages.push(Page { slots, notes, version: 0 });
                pages.len() as u32 - 1
            });
            *aside = (number, *index);
        }
        &mut self.pages[aside.1 as usize]
    }

    /// Forgets the code of a page; says whether it is one.
    pub(crate) fn forget(&mut self, number: u64) -> bool {
        let Some(index) = self.numbers.get(&number) else { return false };
        let page = &mut self.pages[*index as usize];
        page.slots.fill(self.stub);
        page.notes.fill(0);
        page.version += 1;
        true
    }
}
