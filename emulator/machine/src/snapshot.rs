//! A machine's whole state, as a value.

use lockstep_core::{Saved, StateDigest};
use lockstep_memory::MemImage;

/// The state of a machine at a moment. Shares unchanged memory with the machine and with other snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Memory.
    pub(crate) mem: MemImage,
    /// Everything else.
    pub(crate) saved: Saved,
}

impl Snapshot {
    /// Everything but memory.
    #[must_use]
    pub fn parts(&self) -> &Saved {
        &self.saved
    }

    /// The names of the parts in which this snapshot differs from another of a machine like this one, memory among them.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let memory = (self.mem != other.mem).then_some("memory");
        self.saved.differing(&other.saved).into_iter().chain(memory).map(str::to_owned).collect()
    }

    /// Bytes of host memory that this snapshot holds and another of the same machine does not.
    #[must_use]
    pub fn bytes_beyond(&self, other: &Self) -> u64 {
        let parts: usize = self.saved.parts().iter().map(|part| part.bytes.len()).sum();
        parts as u64 + self.mem.bytes_beyond(&other.mem)
    }

    /// A digest of everything but memory.
    #[must_use]
    pub fn parts_digest(&self) -> StateDigest {
        self.saved.digest()
    }
}
