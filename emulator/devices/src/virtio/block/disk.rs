//! What is on a disk: an image that is never changed, and what was written.
//!
//! The user's file stays as it is, so what the guest writes has to be kept apart, saved and digested. It is kept as the
//! *difference* (exclusive or) between contents and image, in a store of the machine's memory. A page that was never
//! written is then all zeros, which costs nothing; a page that was written back to what it was is so too, and a
//! digest of the store is one of the contents. Snapshots share it like other memory, and a reset leaves it alone.

use std::sync::Arc;

use lockstep_memory::{OutOfRange, PhysMem, StoreId};

use super::spec::SECTOR;

/// A file that cannot be a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It has no bytes.
    #[error("an empty file cannot be a disk")]
    Empty,
    /// It ends inside a sector.
    #[error("{0} bytes are no whole number of {SECTOR}-byte sectors: this is not a raw disk image")]
    Partial(u64),
    /// It is in a format that is not raw.
    #[error("a {0} image; only raw images can be used, `qemu-img convert -O raw` makes one")]
    Format(&'static str),
}

/// What is on a disk.
#[derive(Clone, Debug)]
pub struct Disk {
    image: Arc<Vec<u8>>,
    difference: StoreId,
}

/// Magic values of formats that are certainly not meant to be read as they are.
const FORMATS: [(&[u8], &str); 4] =
    [(b"QFI\xfb", "qcow2"), (b"KDMV", "VMDK"), (b"vhdxfile", "VHDX"), (b"conectix", "VHD")];

impl Disk {
    /// A disk with the contents of `image`.
    pub fn new(mem: &mut PhysMem, image: Arc<Vec<u8>>) -> Result<Self, ImageError> {
        let len = image.len() as u64;
        if len == 0 {
            return Err(ImageError::Empty);
        }
        if let Some((_, name)) = FORMATS.iter().find(|(magic, _)| image.starts_with(magic)) {
            return Err(ImageError::Format(name));
        }
        if !len.is_multiple_of(SECTOR) {
            return Err(ImageError::Partial(len));
        }
        let difference = mem.add_store(len);
        Ok(Self { image, difference })
    }

    /// Bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.image.len() as u64
    }

    /// Whether there is nothing on it, which cannot be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.image.is_empty()
    }

    fn part(&self, offset: u64, len: usize) -> Result<&[u8], OutOfRange> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = start.checked_add(len).and_then(|end| self.image.get(start..end));
        part.ok_or(OutOfRange { address: offset, len: len as u64 })
    }

    /// Reads.
    pub fn read(&self, mem: &PhysMem, offset: u64, into: &mut [u8]) -> Result<(), OutOfRange> {
        let image = self.part(offset, into.len())?;
        mem.read_store(self.difference, offset, into)?;
        into.iter_mut().zip(image).for_each(|(byte, image)| *byte ^= image);
        Ok(())
    }

    /// Writes.
    pub fn write(
        &self,
        mem: &mut PhysMem,
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<(), OutOfRange> {
        let image = self.part(offset, bytes.len())?;
        bytes.iter_mut().zip(image).for_each(|(byte, image)| *byte ^= image);
        mem.write_store(self.difference, offset, bytes)
    }
}
