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
