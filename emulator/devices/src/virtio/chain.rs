//! Chains of descriptors: the buffers of one request.
//!
//! A chain is followed once, when the device takes it, and checked as it is: every buffer lies in RAM, what is to be read
//! comes first, the chain ends. From then on the device has the addresses, and whatever the driver does to
//! its descriptors meanwhile changes nothing.

use lockstep_memory::{OutOfRange, PhysMem};
use serde::{Deserialize, Serialize};

use super::fault::Problem;
use super::spec::{DESCRIPTOR, MAX_BYTES, MAX_CHAIN, descriptor};

/// A run of guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    address: u64,
    len: u32,
}

/// The buffers of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The number of its first descriptor, which names it in the used ring.
    pub head: u16,
    readable: Vec<Segment>,
    writable: Vec<Segment>,
}

fn total(segments: &[Segment]) -> u64 {
    segments.iter().map(|segment| u64::from(segment.len)).sum()
}

/// The runs of memory, as (address, place in the buffer, length), that `len` bytes at `offset` of some segments take.
fn runs(
    segments: &[Segment],
    mut offset: u64,
    len: usize,
) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut done = 0;
    segments.iter().filter_map(move |segment| {
        let inside = offset.min(u64::from(segment.len));
        offset -= inside;
        let count = ((u64::from(segment.len) - inside) as usize).min(len - done);
        let run = (segment.address + inside, done, count);
        done += count;
        (count > 0).then_some(run)
    })
}

impl Chain {
    /// Bytes that the device may read.
    #[must_use]
    pub fn readable(&self) -> u64 {
        total(&self.readable)
    }

    /// Bytes that the device may write.
    #[must_use]
    pub fn writable(&self) -> u64 {
        total(&self.writable)
    }

    /// Reads from `offset` of what the device may read, as many bytes as there are; says how many that were.
    pub fn read(&self, mem: &PhysMem, offset: u64, into: &mut [u8]) -> Result<usize, OutOfRange> {
        let mut done = 0;
        for (address, place, count) in runs(&self.readable, offset, into.len()) {
            mem.read_bytes(address, &mut into[place..place + count])?;
            done += count;
        }
        Ok(done)
    }

    /// Writes at `offset` of what the device may write, as many bytes as fit; says how many that were.
    pub fn write(&self, mem: &mut PhysMem, offset: u64, bytes: &[u8]) -> Result<usize, OutOfRange> {
        let mut done = 0;
        for (address, place, count) in runs(&self.writable, offset, bytes.len()) {
            mem.write_bytes(address, &bytes[place..place + count])?;
            done += count;
        }
        Ok(done)
    }
}

/// A descriptor.
struct Descriptor {
    segment: Segment,
    flags: u16,
    next: u16,
}

/// A table of descriptors being followed.
pub(super) struct Walk<'a> {
    mem: &'a PhysMem,
    table: u64,
    size: u16,
    allow_indirect: bool,
    inside_indirect: bool,
    count: usize,
    most: usize,
    bytes: u64,
    chain: Chain,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        mem: &'a PhysMem,
        table: u64,
        size: u16,
        head: u16,
        allow_indirect: bool,
    ) -> Self {
        Self {
            mem,
            table,
            size,
            allow_indirect,
            inside_indirect: false,
            count: 0,
            most: size.into(),
            bytes: 0,
            chain: Chain { head, ..Chain::default() },
        }
    }

    pub(super) fn run(mut self) -> Result<Chain, Problem> {
        let mut index = self.chain.head;
        loop {
            let descriptor = self.descriptor(index)?;
            self.count += 1;
            if self.count > self.most {
                return Err(Problem::Endless { head: self.chain.head, most: self.most });
            }
            if descriptor.flags & descriptor::INDIRECT != 0 {
                self.enter(&descriptor)?;
                index = 0;
                continue;
            }
            self.add(&descriptor)?;
            if descriptor.flags & descriptor::NEXT == 0 {
                return Ok(self.chain);
            }
            index = descriptor.next;
        }
    }

    fn descriptor(&self, index: u16) -> Result<Descriptor, Problem> {
        if index >= self.size {
            return Err(Problem::NoDescriptor { index, size: self.size });
        }
        let mut bytes = [0; DESCRIPTOR as usize];
        let part = "descriptor table";
        self.mem
            .read_bytes(self.table + u64::from(index) * DESCRIPTOR, &mut bytes)
            .map_err(|error| Problem::Memory { part, error })?;
        let [a, b, c, d, e, f, g, h, l0, l1, l2, l3, f0, f1, n0, n1] = bytes;
        Ok(Descriptor {
            segment: Segment {
                address: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                len: u32::from_le_bytes([l0, l1, l2, l3]),
            },
            flags: u16::from_le_bytes([f0, f1]),
            next: u16::from_le_bytes([n0, n1]),
        })
    }

    fn add(&mut self, descriptor: &Descriptor) -> Result<(), Problem> {
        let (head, segment) = (self.chain.head, descriptor.segment);
        let len = u64::from(segment.len);
        self.mem
            .check_ram(segment.address, len)
            .map_err(|error| Problem::Memory { part: "buffer", error })?;
        self.bytes += len;
        if self.bytes > MAX_BYTES {
            return Err(Problem::TooLong { head, len: self.bytes, most: MAX_BYTES });
        }
        if descriptor.flags & descriptor::WRITE != 0 {
            self.chain.writable.push(segment);
        } else if self.chain.writable.is_empty() {
            self.chain.readable.push(segment);
        } else {
            return Err(Problem::Order { head });
        }
        Ok(())
    }

    /// Goes on in a table to which a descriptor points.
    fn enter(&mut self, descriptor: &Descriptor) -> Result<(), Problem> {
        let Segment { address, len } = descriptor.segment;
        let count = u64::from(len) / DESCRIPTOR;
        let wrong = if !self.allow_indirect {
            Some("without the feature")
        } else if self.inside_indirect {
            Some("inside another")
        } else if descriptor.flags & descriptor::NEXT != 0 {
            Some("that is not the last of the chain")
        } else if count == 0 || !u64::from(len).is_multiple_of(DESCRIPTOR) {
            Some("that is no whole number of descriptors")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(Problem::Indirect { head: self.chain.head, wrong });
        }
        self.mem
            .check_ram(address, len.into())
            .map_err(|error| Problem::Memory { part: "indirect table", error })?;
        self.inside_indirect = true;
        self.table = address;
        self.size = u16::try_from(count).unwrap_or(u16::MAX);
        self.most = self.count + MAX_CHAIN;
        Ok(())
    }
}
