//! Snapshots of memory.

use triomphe::Arc;

use crate::page::{Bytes, PAGE_SIZE};

/// Pages in a chunk: the unit in which snapshots share page lists.
pub(crate) const CHUNK_PAGES: usize = 256;

pub(crate) type Chunk = Arc<Vec<Arc<Bytes>>>;

/// A snapshot of physical memory, sharing unchanged pages with the live machine and with other snapshots.
#[derive(Clone)]
pub struct MemImage {
    pub(crate) regions: Vec<RegionImage>,
}

#[derive(Clone)]
pub(crate) struct RegionImage {
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) pages: usize,
    pub(crate) direct_read: bool,
}

/// The snapshot is of a machine with other memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is of a machine with another memory layout")]
pub struct MismatchError;

impl MemImage {
    /// How many pages each region has, and whether reads of it go straight to them.
    pub fn layout(&self) -> impl Iterator<Item = (u64, bool)> {
        self.regions.iter().map(|region| (region.pages as u64, region.direct_read))
    }

    /// Takes over whether reads of each region go straight to its pages; false if there are not as many regions.
    pub fn set_direct_reads(&mut self, direct: &[bool]) -> bool {
        for (region, direct) in self.regions.iter_mut().zip(direct) {
            region.direct_read = *direct;
        }
        self.regions.len() == direct.len()
    }

    /// The pages whose bytes are others than in `base`, a snapshot of the same machine: their numbers, counted through all
    /// regions, with the bytes in `base` and the bytes here.
    pub fn differences<'a>(
        &'a self,
        base: &'a Self,
    ) -> impl Iterator<Item = (u64, &'a [u8; PAGE_SIZE], &'a [u8; PAGE_SIZE])> {
        let chunks = self.chunks().zip(base.chunks());
        let others = chunks.filter(|((_, a), (_, b))| !Arc::ptr_eq(a, b));
        let pages = others.flat_map(|((first, new), (_, old))| {
            let pages = old.iter().zip(new.iter()).enumerate();
            pages.map(move |(place, (old, new))| (first + place as u64, old, new))
        });
        pages
            .filter(|(_, old, new)| !Arc::ptr_eq(old, new) && old != new)
            .map(|(number, old, new)| (number, &**old, &**new))
    }

    /// The chunks of all regions, and the number of the first page in each.
    fn chunks(&self) -> impl Iterator<Item = (u64, &Chunk)> {
        let mut before = 0;
        self.regions.iter().flat_map(move |region| {
            let first = before;
            before += region.pages as u64;
            let chunks = region.chunks.iter().enumerate();
            chunks.map(move |(place, chunk)| (first + (place * CHUNK_PAGES) as u64, chunk))
        })
    }

    /// The bytes of a page, for changing them here and in no other snapshot; `None` if there is no page of that number.
    pub fn page_mut(&mut self, number: u64) -> Option<&mut [u8; PAGE_SIZE]> {
        let mut place = usize::try_from(number).ok()?;
        for region in &mut self.regions {
            if place < region.pages {
                let chunk = Arc::make_mut(region.chunks.get_mut(place / CHUNK_PAGES)?);
                return chunk.get_mut(place % CHUNK_PAGES).map(Arc::make_mut);
            }
            place -= region.pages;
        }
        None
    }

    /// Bytes of host memory that this snapshot holds and another of the same machine does not: pages, and lists of them.
    #[must_use]
    pub fn bytes_beyond(&self, other: &Self) -> u64 {
        let regions = self.regions.iter().zip(&other.regions);
        regions
            .flat_map(|(mine, theirs)| mine.chunks.iter().zip(&theirs.chunks))
            .filter(|(a, b)| !Arc::ptr_eq(a, b))
            .map(|(a, b)| {
                let pages = a.iter().zip(b.iter()).filter(|(x, y)| !Arc::ptr_eq(x, y)).count();
                (size_of_val(a.as_slice()) + pages * PAGE_SIZE) as u64
            })
            .sum()
    }
}

/// Same bytes everywhere.
impl PartialEq for MemImage {
    fn eq(&self, other: &Self) -> bool {
        self.regions.len() == other.regions.len()
            && self.regions.iter().zip(&other.regions).all(|(mine, theirs)| {
                mine.pages == theirs.pages
                    && mine.direct_read == theirs.direct_read
                    && mine.chunks.iter().zip(&theirs.chunks).all(|(a, b)| same_chunk(a, b))
            })
    }
}

fn same_chunk(a: &Chunk, b: &Chunk) -> bool {
    Arc::ptr_eq(a, b) || a.iter().zip(b.iter()).all(|(x, y)| Arc::ptr_eq(x, y) || x == y)
}

impl std::fmt::Debug for MemImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pages: usize = self.regions.iter().map(|region| region.pages).sum();
        write!(f, "MemImage({} regions, {pages} pages)", self.regions.len())
    }
}
