//! Pages: owned by the live machine, or shared with snapshots.

use triomphe::{Arc, UniqueArc};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Bytes in a page, the unit of sharing and of digests. Not the guest's page size.
pub const PAGE_SIZE: usize = 4096;

/// Bytes in a line, the unit in which a page knows where decoded code lies.
pub const CODE_LINE: usize = PAGE_SIZE / 64;

pub(crate) type Bytes = [u8; PAGE_SIZE];

/// A page of the live machine.
pub(crate) enum Page {
    /// Only the live machine has it.
    Owned(UniqueArc<Bytes>),
    /// A snapshot, or every untouched page of the machine, has it too.
    Shared(Arc<Bytes>),
}

impl Page {
    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    /// The bytes for writing; copies them first when a snapshot shares them.
    pub(crate) fn bytes_mut(&mut self) -> &mut Bytes {
        if let Self::Shared(shared) = self {
            *self = Self::Owned(UniqueArc::new(**shared));
        }
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(_) => unreachable!("made owned above"),
        }
    }

    /// Shares the page with a snapshot; the next write copies it.
    pub(crate) fn share(&mut self, zero: &Arc<Bytes>) -> Arc<Bytes> {
        let shared = match std::mem::replace(self, Self::Shared(zero.clone())) {
            Self::Owned(owned) => owned.shareable(),
            Self::Shared(shared) => shared,
        };
        *self = Self::Shared(shared.clone());
        shared
    }

    /// Whether this is `other`, shared and unchanged.
    pub(crate) fn is(&self, other: &Arc<Bytes>) -> bool {
        matches!(self, Self::Shared(shared) if Arc::ptr_eq(shared, other))
    }
}

/// A page's share of the memory digest. A page of zeros adds nothing, so that untouched memory costs nothing.
pub(crate) fn hash(bytes: &Bytes, number: u64) -> u128 {
    if bytes.iter().all(|byte| *byte == 0) { 0 } else { xxh3_128_with_seed(bytes, number) }
}
