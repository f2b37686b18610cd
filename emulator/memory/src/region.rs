//! A run of pages with one meaning: RAM, or memory whose writes belong to a device.

use triomphe::Arc;

use crate::image::{CHUNK_PAGES, Chunk};
use crate::page::{Bytes, CODE_LINE, PAGE_SIZE, Page, hash};

/// What a region of physical memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// Reads and writes go straight to the pages.
    Ram,
    /// Reads go straight to the pages while the device allows it; writes go to the device.
    Rom,
    /// No address: only a device reads and writes it.
    Store,
}

/// What keeps a page from being hot, beside being shared with a snapshot.
#[derive(Clone, Copy, Default)]
struct PageNotes {
    /// May be written without looking further.
    hot: bool,
    /// The page's hash has to be taken again.
    stale: bool,
}

pub(crate) struct Region {
    pub(crate) base: u64,
    pub(crate) len: u64,
    pub(crate) kind: RegionKind,
    pub(crate) direct_read: bool,
    pages: Vec<Page>,
    notes: Vec<PageNotes>,
    /// Per page, which of its 64 lines hold decoded code.
    code: Vec<u64>,
    hashes: Vec<u128>,
    sum: u128,
    stale: Vec<u32>,
    /// Per chunk of pages, its last snapshot while nothing in it has changed since.
    chunks: Vec<Option<Chunk>>,
}

impl Region {
    pub(crate) fn new(base: u64, len: u64, kind: RegionKind, zero: &Arc<Bytes>) -> Self {
        let count = (len as usize).div_ceil(PAGE_SIZE);
        Self {
            base,
            len,
            kind,
            direct_read: true,
            pages: (0..count).map(|_| Page::Shared(zero.clone())).collect(),
            notes: vec![PageNotes::default(); count],
            code: vec![0; count],
            hashes: vec![0; count],
            sum: 0,
            stale: Vec::new(),
            chunks: vec![None; count.div_ceil(CHUNK_PAGES)],
        }
    }

    #[inline(always)]
    pub(crate) fn page(&self, index: usize) -> &Bytes {
        self.pages[index].bytes()
    }

    /// The page for writing, when it may be written without looking further.
    #[inline(always)]
    pub(crate) fn hot_page(&mut self, index: usize) -> Option<&mut Bytes> {
        if !self.notes[index].hot {
            return None;
        }
        match &mut self.pages[index] {
            Page::Owned(bytes) => Some(bytes),
            Page::Shared(_) => None,
        }
    }

    /// Whether a write to the page may take away what pointers to it rely on: the first after it was shared.
    pub(crate) fn moves(&self, index: usize) -> bool {
        matches!(self.pages[index], Page::Shared(_))
    }

    /// The page for writing `len` bytes at `offset`, and whether decoded code lies there.
    pub(crate) fn cold_page(
        &mut self,
        index: usize,
        offset: usize,
        len: usize,
    ) -> (&mut Bytes, bool) {
        self.chunks[index / CHUNK_PAGES] = None;
        self.mark_stale(index);
        let code = self.code[index];
        let touched = code & lines(offset, len) != 0;
        if touched {
            self.code[index] = 0;
        }
        self.notes[index].hot = self.code[index] == 0;
        (self.pages[index].bytes_mut(), touched)
    }

    /// Notes that decoded code lies at `offset`; the next write there will say so. Says whether the page was hot.
    pub(crate) fn mark_code(&mut self, index: usize, offset: usize, len: usize) -> bool {
        self.code[index] |= lines(offset, len);
        std::mem::take(&mut self.notes[index].hot)
    }

    /// Notes that there is no decoded code any more.
    pub(crate) fn forget_code(&mut self) {
        self.code.fill(0);
    }

    fn mark_stale(&mut self, index: usize) {
        if !self.notes[index].stale {
            self.notes[index].stale = true;
            self.stale.push(index as u32);
        }
    }

    /// The sum of all page hashes; takes those of changed pages again.
    pub(crate) fn digest(&mut self) -> u128 {
        let first = self.base / PAGE_SIZE as u64;
        for index in std::mem::take(&mut self.stale) {
            let index = index as usize;
            let new = hash(self.pages[index].bytes(), first + index as u64);
            let old = std::mem::replace(&mut self.hashes[index], new);
            self.sum = self.sum.wrapping_sub(old).wrapping_add(new);
            self.notes[index] = PageNotes::default();
        }
        self.sum
    }

    /// Shares all pages with a snapshot. Costs as much as has changed since the last one.
    pub(crate) fn snapshot(&mut self, zero: &Arc<Bytes>) -> Vec<Chunk> {
        for (number, slot) in self.chunks.iter_mut().enumerate() {
            if slot.is_none() {
                let first = number * CHUNK_PAGES;
                let end = (first + CHUNK_PAGES).min(self.pages.len());
                for notes in &mut self.notes[first..end] {
                    notes.hot = false;
                }
                let shared = self.pages[first..end].iter_mut().map(|page| page.share(zero));
                *slot = Some(Chunk::new(shared.collect()));
            }
        }
        self.chunks.iter().flatten().cloned().collect()
    }

    /// Takes a snapshot's pages back; calls `code` with the offset of every changed page that held code.
    pub(crate) fn restore(&mut self, chunks: &[Chunk], mut code: impl FnMut(u64)) {
        for (number, chunk) in chunks.iter().enumerate() {
            if self.chunks[number].as_ref().is_some_and(|mine| Chunk::ptr_eq(mine, chunk)) {
                continue;
            }
            for (place, bytes) in chunk.iter().enumerate() {
                let index = number * CHUNK_PAGES + place;
                if !self.pages[index].is(bytes) {
                    self.pages[index] = Page::Shared(bytes.clone());
                    self.notes[index].hot = false;
                    self.mark_stale(index);
                    if std::mem::take(&mut self.code[index]) != 0 {
                        code((index * PAGE_SIZE) as u64);
                    }
                }
            }
            self.chunks[number] = Some(chunk.clone());
        }
    }

    /// How many pages only the live machine has.
    pub(crate) fn owned_pages(&self) -> usize {
        self.pages.iter().filter(|page| matches!(page, Page::Owned(_))).count()
    }

    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }
}

/// The lines that `len` bytes at `offset` touch, one bit each.
fn lines(offset: usize, len: usize) -> u64 {
    let first = offset / CODE_LINE;
    let last = (offset + len.max(1) - 1) / CODE_LINE;
    (u64::MAX << first) & (u64::MAX >> (63 - last.min(63)))
}
