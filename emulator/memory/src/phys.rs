//! The physical address space, as far as it is memory. Everything else is the bus's.

use lockstep_core::StateDigest;
use triomphe::Arc;

use crate::changes::{Changed, Changes};
use crate::image::{MemImage, MismatchError, RegionImage};
use crate::page::{Bytes, PAGE_SIZE};
use crate::region::{Region, RegionKind};

/// Where a write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum WriteOutcome {
    /// Into memory.
    Memory,
    /// Into memory from which instructions have been decoded: see [`PhysMem::take_code_writes`].
    Code,
    /// Nowhere: there is no memory, or its writes belong to a device.
    NotMemory,
}

/// There is no memory at some of the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory at physical address {address:#x} ({len} bytes)")]
pub struct OutOfRange {
    /// The first address of the access.
    pub address: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// Contents that a device has for itself: the blocks of a disk. The guest's processors cannot see them, and they
/// outlive a reset; for snapshots and digests they are memory like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(usize);

/// Guest physical memory: a few regions of pages.
pub struct PhysMem {
    regions: Vec<Region>,
    stores: Vec<Region>,
    zero: Arc<Bytes>,
    code_writes: Vec<u64>,
    changes: Changes,
}

impl Default for PhysMem {
    fn default() -> Self {
        Self {
            regions: Vec::new(),
            stores: Vec::new(),
            zero: Arc::new([0; PAGE_SIZE]),
            code_writes: Vec::new(),
            changes: Changes::default(),
        }
    }
}

impl PhysMem {
    /// Adds a region. Base and length are multiples of [`PAGE_SIZE`] and overlap no other region: boards are
    /// written here, not typed by users.
    pub fn add_region(&mut self, base: u64, len: u64, kind: RegionKind) {
        debug_assert!((base | len).is_multiple_of(PAGE_SIZE as u64));
        self.regions.push(Region::new(base, len, kind, &self.zero));
    }

    /// Adds a store of `len` bytes, all zero.
    pub fn add_store(&mut self, len: u64) -> StoreId {
        self.stores.push(Region::new(0, len, RegionKind::Store, &self.zero));
        StoreId(self.stores.len() - 1)
    }

    /// Reads bytes of a store.
    pub fn read_store(
        &self,
        store: StoreId,
        offset: u64,
        into: &mut [u8],
    ) -> Result<(), OutOfRange> {
        let region = self.store_range(store, offset, into.len() as u64)?;
        let mut place = offset as usize;
        let mut rest = into;
        while !rest.is_empty() {
            let inside = place % PAGE_SIZE;
            let (now, later) = rest.split_at_mut((PAGE_SIZE - inside).min(rest.len()));
            let page = region.page(place / PAGE_SIZE);
            now.copy_from_slice(&page[inside..inside + now.len()]);
            place += now.len();
            rest = later;
        }
        Ok(())
    }

    /// Writes bytes of a store; none when some of them lie outside.
    pub fn write_store(
        &mut self,
        store: StoreId,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), OutOfRange> {
        self.store_range(store, offset, bytes.len() as u64)?;
        let region = &mut self.stores[store.0];
        let mut place = offset as usize;
        let mut rest = bytes;
        while !rest.is_empty() {
            let inside = place % PAGE_SIZE;
            let (now, later) = rest.split_at((PAGE_SIZE - inside).min(rest.len()));
            let (page, _) = region.cold_page(place / PAGE_SIZE, inside, now.len());
            page[inside..inside + now.len()].copy_from_slice(now);
            place += now.len();
            rest = later;
        }
        Ok(())
    }

    fn store_range(&self, store: StoreId, offset: u64, len: u64) -> Result<&Region, OutOfRange> {
        let error = OutOfRange { address: offset, len };
        let region = self.stores.get(store.0).ok_or(error)?;
        let end = offset.checked_add(len).ok_or(error)?;
        if end <= region.len { Ok(region) } else { Err(error) }
    }

    fn everything(&mut self) -> impl Iterator<Item = &mut Region> {
        self.regions.iter_mut().chain(&mut self.stores)
    }

    #[inline(always)]
    fn find(&self, address: u64) -> Option<(usize, usize, usize)> {
        for (number, region) in self.regions.iter().enumerate() {
            let offset = address.wrapping_sub(region.base);
            if offset < region.len {
                return Some((number, offset as usize / PAGE_SIZE, offset as usize % PAGE_SIZE));
            }
        }
        None
    }

    /// Reads `N` bytes that do not cross a page; `None` when a device answers there.
    #[inline(always)]
    #[must_use]
    pub fn read<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let (number, page, offset) = self.find(address)?;
        let region = &self.regions[number];
        if !region.direct_read {
            return None;
        }
        region.page(page).get(offset..offset + N)?.try_into().ok()
    }

    /// Writes `N` bytes that do not cross a page.
    #[inline(always)]
    pub fn write<const N: usize>(&mut self, address: u64, bytes: [u8; N]) -> WriteOutcome {
        let Some((number, page, offset)) = self.find(address) else {
            return WriteOutcome::NotMemory;
        };
        let region = &mut self.regions[number];
        if region.kind == RegionKind::Ram
            && let Some(hot) = region.hot_page(page)
            && let Some(place) = hot.get_mut(offset..offset + N)
        {
            place.copy_from_slice(&bytes);
            return WriteOutcome::Memory;
        }
        self.write_cold(number, page, offset, &bytes)
    }

    #[cold]
    fn write_cold(
        &mut self,
        number: usize,
        page: usize,
        offset: usize,
        bytes: &[u8],
    ) -> WriteOutcome {
        if self.regions[number].kind == RegionKind::Rom {
            return WriteOutcome::NotMemory;
        }
        if self.store(number, page, offset, bytes) {
            WriteOutcome::Code
        } else {
            WriteOutcome::Memory
        }
    }

    /// Stores within a page, whatever the region; notes when code was hit.
    fn store(&mut self, number: usize, page: usize, offset: usize, bytes: &[u8]) -> bool {
        let region = &mut self.regions[number];
        let base = region.base + (page * PAGE_SIZE) as u64;
        if region.moves(page) {
            self.changes.note(base);
        }
        let (place, code) = region.cold_page(page, offset, bytes.len());
        place[offset..offset + bytes.len()].copy_from_slice(bytes);
        if code {
            self.code_writes.push(base);
        }
        code
    }

    /// Reads any number of bytes, as a device or a loader does.
    pub fn read_bytes(&self, address: u64, into: &mut [u8]) -> Result<(), OutOfRange> {
        let error = OutOfRange { address, len: into.len() as u64 };
        let mut done = 0;
        while done < into.len() {
            let place = address.checked_add(done as u64).ok_or(error)?;
            let (number, page, offset) = self.find(place).ok_or(error)?;
            let count = (PAGE_SIZE - offset).min(into.len() - done);
            into[done..done + count]
                .copy_from_slice(&self.regions[number].page(page)[offset..offset + count]);
            done += count;
        }
        Ok(())
    }

    /// Writes any number of bytes, as a device or a loader does; into read-only regions as well. Writes nothing
    /// when some of the addresses have no memory.
    pub fn write_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), OutOfRange> {
        self.check_range(address, bytes.len() as u64)?;
        let mut done = 0;
        while let Some((number, page, offset)) =
            self.find(address + done as u64).filter(|_| done < bytes.len())
        {
            let count = (PAGE_SIZE - offset).min(bytes.len() - done);
            self.store(number, page, offset, &bytes[done..done + count]);
            done += count;
        }
        Ok(())
    }

    /// Whether there is memory at all of the addresses.
    pub fn check_range(&self, address: u64, len: u64) -> Result<(), OutOfRange> {
        let error = OutOfRange { address, len };
        let end = address.checked_add(len).ok_or(error)?;
        let mut place = address;
        while place < end {
            let (number, ..) = self.find(place).ok_or(error)?;
            let region = &self.regions[number];
            place = region.base.saturating_add(region.len);
        }
        Ok(())
    }

    /// Whether there is RAM at all of the addresses: what a device may reach by DMA.
    pub fn check_ram(&self, address: u64, len: u64) -> Result<(), OutOfRange> {
        let error = OutOfRange { address, len };
        let end = address.checked_add(len).ok_or(error)?;
        let mut place = address;
        while place < end {
            let (number, ..) = self.find(place).ok_or(error)?;
            let region = &self.regions[number];
            if region.kind != RegionKind::Ram {
                return Err(error);
            }
            place = region.base.saturating_add(region.len);
        }
        Ok(())
    }

    /// Lets reads of the region at `address` go to its pages, or to its device.
    pub fn set_direct_read(&mut self, address: u64, direct: bool) {
        if let Some((number, ..)) = self.find(address) {
            self.regions[number].direct_read = direct;
            self.changes.note_all();
        }
    }

    /// Whether reads at `address` go straight to memory.
    #[must_use]
    pub fn is_memory(&self, address: u64) -> bool {
        self.find(address).is_some_and(|(number, ..)| self.regions[number].direct_read)
    }

    /// Notes that instructions were decoded from `len` bytes at `address`, within a page.
    pub fn mark_code(&mut self, address: u64, len: usize) {
        if let Some((number, page, offset)) = self.find(address) {
            let region = &mut self.regions[number];
            if region.mark_code(page, offset, len) {
                self.changes.note(region.base + (page * PAGE_SIZE) as u64);
            }
        }
    }

    /// Where the host has the page at `address`, for as long as [`PhysMem::take_changes`] does not name it; `None`
    /// where reads do not go straight to memory.
    #[must_use]
    pub fn page_for_reading(&self, address: u64) -> Option<*const u8> {
        let (number, page, _) = self.find(address)?;
        let region = &self.regions[number];
        region.direct_read.then(|| region.page(page).as_ptr())
    }

    /// The same for writing: only where a write needs to be told to nobody.
    #[must_use]
    pub fn page_for_writing(&mut self, address: u64) -> Option<*mut u8> {
        let (number, page, _) = self.find(address)?;
        let region = &mut self.regions[number];
        if region.kind != RegionKind::Ram {
            return None;
        }
        region.hot_page(page).map(|bytes| bytes.as_mut_ptr())
    }

    /// Whether pointers to pages may have become invalid since the last [`PhysMem::take_changes`].
    #[inline(always)]
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.changes.any()
    }

    /// The addresses of pages to which there must be no pointers any more.
    pub fn take_changes(&mut self) -> Changed {
        self.changes.take()
    }

    /// Makes [`PhysMem::take_changes`] name everything: whoever keeps pointers to pages has to look for them again.
    pub fn forget_pointers(&mut self) {
        self.changes.note_all();
    }

    /// Forgets which instructions were decoded: whoever decoded them is gone.
    pub fn forget_code(&mut self) {
        self.regions.iter_mut().for_each(Region::forget_code);
        self.code_writes.clear();
    }

    /// Whether a write has hit decoded code since the last [`PhysMem::take_code_writes`].
    #[inline(always)]
    #[must_use]
    pub fn has_code_writes(&self) -> bool {
        !self.code_writes.is_empty()
    }

    /// The physical addresses of pages whose code was written; whatever was decoded from them is no longer valid
    /// and has to be marked again when it is decoded again.
    pub fn take_code_writes(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.code_writes)
    }

    /// The digest of all memory. Costs as much as has been written since the last one.
    pub fn digest(&mut self) -> StateDigest {
        self.changes.note_all();
        self.everything().fold(StateDigest::default(), |digest, region| {
            digest.and(StateDigest(region.digest())).and(StateDigest(region.direct_read.into()))
        })
    }

    /// A snapshot. Costs as much as has been written since the last one.
    pub fn snapshot(&mut self) -> MemImage {
        self.changes.note_all();
        let zero = &self.zero.clone();
        let image = |region: &mut Region| RegionImage {
            chunks: region.snapshot(zero),
            pages: region.page_count(),
            direct_read: region.direct_read,
        };
        MemImage { regions: self.everything().map(image).collect() }
    }

    /// Bytes of the pages that no snapshot shares: those written since the last one, and so held twice.
    #[must_use]
    pub fn bytes_owned(&self) -> u64 {
        self.regions.iter().map(|region| (region.owned_pages() * PAGE_SIZE) as u64).sum()
    }

    /// Takes a snapshot back.
    pub fn restore(&mut self, image: &MemImage) -> Result<(), MismatchError> {
        self.restore_some(image, |_| true)
    }

    /// Takes a snapshot's RAM back, and leaves what keeps its contents without power.
    pub fn restore_ram(&mut self, image: &MemImage) -> Result<(), MismatchError> {
        self.restore_some(image, |kind| kind == RegionKind::Ram)
    }

    fn restore_some(
        &mut self,
        image: &MemImage,
        wanted: impl Fn(RegionKind) -> bool,
    ) -> Result<(), MismatchError> {
        let mine = || self.regions.iter().chain(&self.stores);
        let fits = image.regions.len() == mine().count()
            && image.regions.iter().zip(mine()).all(|(a, b)| a.pages == b.page_count());
        if !fits {
            return Err(MismatchError);
        }
        self.changes.note_all();
        let pairs = self.regions.iter_mut().chain(&mut self.stores).zip(&image.regions);
        for (region, saved) in pairs.filter(|(region, _)| wanted(region.kind)) {
            let base = region.base;
            region.restore(&saved.chunks, |offset| self.code_writes.push(base + offset));
            region.direct_read = saved.direct_read;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = 0x4000_0000;
    const LEN: u64 = 0x20_0000;

    fn ram() -> PhysMem {
        let mut mem = PhysMem::default();
        mem.add_region(BASE, LEN, RegionKind::Ram);
        mem.add_region(0, 0x4000, RegionKind::Rom);
        mem
    }

    fn write(mem: &mut PhysMem, address: u64, value: u64) {
        assert_eq!(mem.write(address, value.to_le_bytes()), WriteOutcome::Memory);
    }

    /// Catches a digest that depends on the path: of writes, of snapshots or of earlier digests.
    #[test]
    fn digest_is_a_function_of_the_contents() {
        let (mut a, mut b) = (ram(), ram());
        assert_eq!(a.digest(), b.digest());
        write(&mut a, BASE + 8, 1);
        a.digest();
        write(&mut a, BASE + 8, 2);
        write(&mut a, BASE + 0x5000, 3);
        write(&mut b, BASE + 0x5000, 3);
        let _ = b.snapshot();
        write(&mut b, BASE + 8, 2);
        assert_eq!(a.digest(), b.digest());
        write(&mut b, BASE + 8, 4);
        assert_ne!(a.digest(), b.digest());
    }

    /// Catches pages at different places with the same contents cancelling out or being exchangeable.
    #[test]
    fn digest_knows_where_a_page_is() {
        let (mut a, mut b) = (ram(), ram());
        write(&mut a, BASE, 1);
        write(&mut b, BASE + 0x1000, 1);
        assert_ne!(a.digest(), b.digest());
    }

    /// Catches a snapshot that sees later writes, and a restore that leaves some of them.
    #[test]
    fn snapshots_keep_their_contents() {
        let mut mem = ram();
        write(&mut mem, BASE + 16, 1);
        let before = mem.digest();
        let snapshot = mem.snapshot();
        write(&mut mem, BASE + 16, 2);
        write(&mut mem, BASE + 0x10_0000, 3);
        let later = mem.snapshot();
        assert_ne!(mem.digest(), before);
        mem.restore(&snapshot).unwrap();
        assert_eq!(mem.read(BASE + 16), Some(1u64.to_le_bytes()));
        assert_eq!(mem.digest(), before);
        mem.restore(&later).unwrap();
        assert_eq!(mem.read(BASE + 0x10_0000), Some(3u64.to_le_bytes()));
        assert!(mem.snapshot() == later && later != snapshot);
    }

    /// Catches a write into code that goes unnoticed: by a store, by DMA, by a restore, or after a snapshot.
    #[test]
    fn writes_into_code_are_told() {
        let mut mem = ram();
        let snapshot = mem.snapshot();
        write(&mut mem, BASE, 7);
        mem.mark_code(BASE, 64);
        assert_eq!(mem.write(BASE + 128, [1u8]), WriteOutcome::Memory);
        assert!(!mem.has_code_writes());
        assert_eq!(mem.write(BASE + 60, [1u8; 8]), WriteOutcome::Code);
        assert_eq!(mem.take_code_writes(), [BASE]);
        mem.mark_code(BASE, 64);
        mem.write_bytes(BASE, &[0; 4]).unwrap();
        assert_eq!(mem.take_code_writes(), [BASE]);
        mem.mark_code(BASE + 0x40, 4);
        mem.restore(&snapshot).unwrap();
        assert_eq!(mem.take_code_writes(), [BASE]);
    }

    /// Catches a disk that forgets its contents at a reset, keeps them when a snapshot is taken back, is left out of the
    /// digest, or reaches past its end.
    #[test]
    fn stores_are_memory_that_outlives_a_reset() {
        let mut mem = ram();
        let without = mem.digest();
        let store = mem.add_store(0x2800);
        let before = (mem.digest(), mem.snapshot());
        assert_ne!(before.0, without);
        mem.write_store(store, 0xffe, &[1, 2, 3, 4]).unwrap();
        let mut bytes = [9; 6];
        mem.read_store(store, 0xffd, &mut bytes).unwrap();
        assert_eq!(bytes, [0, 1, 2, 3, 4, 0]);
        let changed = mem.digest();
        assert_ne!(changed, before.0);
        mem.restore_ram(&before.1).unwrap();
        assert_eq!(mem.digest(), changed);
        mem.restore(&before.1).unwrap();
        assert_eq!(mem.digest(), before.0);
        assert!(mem.write_store(store, 0x27fe, &[0; 3]).is_err());
        assert!(mem.read_store(store, u64::MAX, &mut [0; 3]).is_err());
        assert_eq!(mem.read::<1>(0x4000), None, "a store has no address");
    }

    /// Catches DMA into flash.
    #[test]
    fn dma_reaches_ram_only() {
        let mem = ram();
        assert!(mem.check_ram(BASE, LEN).is_ok());
        assert!(mem.check_ram(BASE + 1, LEN).is_err());
        assert!(mem.check_ram(0, 4).is_err());
        assert!(mem.check_ram(u64::MAX, 2).is_err());
    }

    /// Catches accesses past the end, into ROM, or across the end of the address space.
    #[test]
    fn edges() {
        let mut mem = ram();
        assert_eq!(mem.read::<1>(BASE + LEN), None);
        assert_eq!(mem.write(0x10, [1u8]), WriteOutcome::NotMemory);
        assert!(mem.write_bytes(0x10, &[1]).is_ok());
        assert_eq!(mem.read(0x10), Some([1u8]));
        assert!(mem.write_bytes(BASE + LEN - 4, &[0; 8]).is_err());
        assert!(mem.write_bytes(u64::MAX - 3, &[0; 8]).is_err());
        assert!(mem.read_bytes(BASE + LEN - 4, &mut [0; 8]).is_err());
        mem.set_direct_read(0, false);
        assert_eq!(mem.read::<1>(0x10), None);
    }
}
