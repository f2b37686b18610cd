//! The entropy device.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 5.4.

/// Number of this kind of device.
pub const ID: u32 = 4;
/// Entries of the only queue at most.
pub const QUEUE_SIZE: u16 = 64;
/// Bytes that one request gets at most.
pub const MOST: u64 = 64 << 10;

/// Nanoseconds that any request takes.
pub const REQUEST_NS: u64 = 2_000;
/// Nanoseconds that a byte takes beside that.
pub const BYTE_NS: u64 = 10;
