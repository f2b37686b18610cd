//! Requests to a disk: what is asked, whether it can be, and doing it.

use lockstep_memory::PhysMem;
use serde::{Deserialize, Serialize};

use super::super::chain::Chain;
use super::super::device::buffer;
use super::super::fault::{Fault, Problem};
use super::{Disk, QUEUE, spec};

/// Bytes that are moved at once.
const PIECE: usize = 64 << 10;

/// What a chain asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    kind: u32,
    sector: u64,
    /// Bytes that go in the request's direction, without head and status.
    len: u64,
}

impl Request {
    /// Reads a request's head. A chain without room for head and status is not one.
    pub(super) fn parse(mem: &PhysMem, chain: &Chain) -> Result<Self, Fault> {
        let (readable, writable) = (chain.readable(), chain.writable());
        if readable < spec::HEAD as u64 || writable == 0 {
            let needed = "a disk needs 16 to read and 1 to write";
            let head = chain.head;
            return Err(Problem::Shape { head, readable, writable, needed }.in_queue(QUEUE));
        }
        let mut head = [0; spec::HEAD];
        chain.read(mem, 0, &mut head).map_err(buffer(QUEUE))?;
        let [k0, k1, k2, k3, _, _, _, _, sector @ ..] = head;
        let kind = u32::from_le_bytes([k0, k1, k2, k3]);
        let len = Self::room(kind, chain);
        Ok(Self { kind, sector: u64::from_le_bytes(sector), len })
    }

    /// Bytes of a chain that go in the direction of such a request.
    fn room(kind: u32, chain: &Chain) -> u64 {
        match kind {
            spec::request::IN | spec::request::GET_ID => chain.writable().saturating_sub(1),
            _ => chain.readable().saturating_sub(spec::HEAD as u64),
        }
    }

    /// Whether this can be a request in such a chain.
    pub(super) fn fits(&self, chain: &Chain) -> bool {
        self.len == Self::room(self.kind, chain)
    }

    /// Nanoseconds until the request completes.
    pub(super) const fn latency(&self) -> u64 {
        match self.kind {
            spec::request::FLUSH => spec::FLUSH_NS,
            spec::request::IN | spec::request::OUT => spec::SEEK_NS + self.len * spec::BYTE_NS,
            _ => spec::SEEK_NS,
        }
    }

    /// First byte and length of what is read or written, when there is such a place on a disk of `capacity` bytes.
    fn place(&self, capacity: u64) -> Option<(u64, u64)> {
        let offset = self.sector.checked_mul(spec::SECTOR)?;
        let end = offset.checked_add(self.len)?;
        (self.len.is_multiple_of(spec::SECTOR) && end <= capacity).then_some((offset, self.len))
    }

    /// What the host has to read for this request.
    pub(super) fn host_read(&self, capacity: u64) -> Option<(u64, u64)> {
        if self.kind == spec::request::IN { self.place(capacity) } else { None }
    }

    /// Does what was asked; gives the status.
    pub(super) fn run(
        &self,
        mem: &mut PhysMem,
        disk: &Disk,
        chain: &Chain,
        name: &[u8],
    ) -> Result<u8, Fault> {
        match self.kind {
            spec::request::IN => self.read(mem, disk, chain),
            spec::request::OUT => self.write(mem, disk, chain),
            // What was written cannot be lost.
            spec::request::FLUSH => Ok(spec::status::OK),
            spec::request::GET_ID => {
                let name = &name[..name.len().min(self.len as usize)];
                chain.write(mem, 0, name).map_err(buffer(QUEUE))?;
                Ok(spec::status::OK)
            }
            spec::request::DISCARD | spec::request::WRITE_ZEROES => self.clear(mem, disk, chain),
            _ => Ok(spec::status::UNSUPP),
        }
    }

    fn read(&self, mem: &mut PhysMem, disk: &Disk, chain: &Chain) -> Result<u8, Fault> {
        let place = self.place(disk.len());
        let mut piece = vec![0; PIECE.min(self.len as usize)];
        let mut done = 0;
        while done < self.len {
            let count = (self.len - done).min(PIECE as u64) as usize;
            // What cannot be read leaves zeros rather than what was in the buffers.
            if let Some((offset, _)) = place {
                disk.read(mem, offset + done, &mut piece[..count]).map_err(buffer(QUEUE))?;
            }
            chain.write(mem, done, &piece[..count]).map_err(buffer(QUEUE))?;
            done += count as u64;
        }
        Ok(if place.is_some() { spec::status::OK } else { spec::status::IOERR })
    }

    fn write(&self, mem: &mut PhysMem, disk: &Disk, chain: &Chain) -> Result<u8, Fault> {
        let Some((offset, len)) = self.place(disk.len()) else { return Ok(spec::status::IOERR) };
        let mut piece = vec![0; PIECE.min(len as usize)];
        let mut done = 0;
        while done < len {
            let count = (len - done).min(PIECE as u64) as usize;
            let from = spec::HEAD as u64 + done;
            chain.read(mem, from, &mut piece[..count]).map_err(buffer(QUEUE))?;
            disk.write(mem, offset + done, &mut piece[..count]).map_err(buffer(QUEUE))?;
            done += count as u64;
        }
        Ok(spec::status::OK)
    }

    /// Discards or zeroes ranges: both make them read as zeros. All ranges are checked before any is cleared.
    fn clear(&self, mem: &mut PhysMem, disk: &Disk, chain: &Chain) -> Result<u8, Fault> {
        let most = u64::from(spec::MAX_RANGES) * spec::RANGE as u64;
        if self.len == 0 || !self.len.is_multiple_of(spec::RANGE as u64) || self.len > most {
            return Ok(spec::status::IOERR);
        }
        let mut bytes = vec![0; self.len as usize];
        chain.read(mem, spec::HEAD as u64, &mut bytes).map_err(buffer(QUEUE))?;
        let mut ranges = Vec::new();
        for range in bytes.chunks_exact(spec::RANGE) {
            match self.range(range, disk.len()) {
                Ok(place) => ranges.push(place),
                Err(status) => return Ok(status),
            }
        }
        let mut zeros = vec![0; PIECE];
        for (offset, len) in ranges {
            let mut done = 0;
            while done < len {
                let count = (len - done).min(PIECE as u64) as usize;
                zeros.fill(0);
                disk.write(mem, offset + done, &mut zeros[..count]).map_err(buffer(QUEUE))?;
                done += count as u64;
            }
        }
        Ok(spec::status::OK)
    }

    /// First byte and length of a range; or the status for one that cannot be.
    fn range(&self, bytes: &[u8], capacity: u64) -> Result<(u64, u64), u8> {
        let [a, b, c, d, e, f, g, h, s0, s1, s2, s3, f0, f1, f2, f3] = *bytes else {
            return Err(spec::status::IOERR);
        };
        let sector = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let sectors = u32::from_le_bytes([s0, s1, s2, s3]);
        let flags = u32::from_le_bytes([f0, f1, f2, f3]);
        let allowed = if self.kind == spec::request::WRITE_ZEROES { spec::UNMAP } else { 0 };
        if flags & !allowed != 0 {
            return Err(spec::status::UNSUPP);
        }
        let whole = Self { kind: self.kind, sector, len: u64::from(sectors) * spec::SECTOR };
        let place = whole.place(capacity).filter(|_| sectors <= spec::MAX_RANGE_SECTORS);
        place.ok_or(spec::status::IOERR)
    }
}
