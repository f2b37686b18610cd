//! The block device.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 5.2.

/// Number of this kind of device.
pub const ID: u32 = 2;

/// Feature bits.
pub mod feature {
    /// The configuration says how many buffers a request may have.
    pub const SEG_MAX: u64 = 1 << 2;
    /// The configuration says how large a block is.
    pub const BLK_SIZE: u64 = 1 << 6;
    /// There is a request to flush.
    pub const FLUSH: u64 = 1 << 9;
    /// There is a request to discard.
    pub const DISCARD: u64 = 1 << 13;
    /// There is a request to write zeroes.
    pub const WRITE_ZEROES: u64 = 1 << 14;
}

/// Offsets in the configuration space, whose numbers are little-endian.
pub mod config {
    /// capacity, in sectors: 8 bytes.
    pub const CAPACITY: usize = 0;
    /// seg_max: 4 bytes.
    pub const SEG_MAX: usize = 12;
    /// blk_size: 4 bytes.
    pub const BLK_SIZE: usize = 20;
    /// max_discard_sectors: 4 bytes.
    pub const MAX_DISCARD_SECTORS: usize = 36;
    /// max_discard_seg: 4 bytes.
    pub const MAX_DISCARD_SEG: usize = 40;
    /// discard_sector_alignment: 4 bytes.
    pub const DISCARD_ALIGNMENT: usize = 44;
    /// max_write_zeroes_sectors: 4 bytes.
    pub const MAX_ZEROES_SECTORS: usize = 48;
    /// max_write_zeroes_seg: 4 bytes.
    pub const MAX_ZEROES_SEG: usize = 52;
    /// write_zeroes_may_unmap: a byte.
    pub const ZEROES_MAY_UNMAP: usize = 56;
    /// Bytes of the space, up to the last field that is used.
    pub const LEN: usize = 60;
}

/// Entries of the only queue at most.
pub const QUEUE_SIZE: u16 = 256;
/// Buffers of a request at most: those of a queue without head and status.
pub const SEG_MAX: u32 = QUEUE_SIZE as u32 - 2;
/// Bytes of a sector, the unit of all addresses.
pub const SECTOR: u64 = 512;
/// Bytes of a block, as told to drivers.
pub const BLOCK: u32 = 512;

/// Bytes of a request's head: type[4], reserved[4], sector[8].
pub const HEAD: usize = 16;
/// Types of requests.
pub mod request {
    /// Read.
    pub const IN: u32 = 0;
    /// Write.
    pub const OUT: u32 = 1;
    /// Make what was written last.
    pub const FLUSH: u32 = 4;
    /// Tell the device's name.
    pub const GET_ID: u32 = 8;
    /// Forget sectors.
    pub const DISCARD: u32 = 11;
    /// Write zeroes.
    pub const WRITE_ZEROES: u32 = 13;
}

/// Outcomes: the last byte of a request.
pub mod status {
    /// Done.
    pub const OK: u8 = 0;
    /// Not possible, or failed.
    pub const IOERR: u8 = 1;
    /// There is no such request.
    pub const UNSUPP: u8 = 2;
}

/// Bytes of the device's name.
pub const ID_LEN: usize = 20;

/// A range to discard or to zero: sector[8], sectors[4], flags[4].
pub const RANGE: usize = 16;
/// Ranges of a request at most.
pub const MAX_RANGES: u32 = 32;
/// Sectors of a range at most: 32 MiB.
pub const MAX_RANGE_SECTORS: u32 = 1 << 16;
/// Flag of a range: the sectors may be discarded.
pub const UNMAP: u32 = 1;

/// Nanoseconds that any request takes.
pub const SEEK_NS: u64 = 60_000;
/// Nanoseconds that a byte takes beside that.
pub const BYTE_NS: u64 = 1;
/// Nanoseconds that a flush takes.
pub const FLUSH_NS: u64 = 250_000;
