//! The network device.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 5.1.

/// Number of this kind of device.
pub const ID: u32 = 1;

/// Feature bits. No checksums or segmentation are offered: frames are what they are.
pub mod feature {
    /// The configuration has the address of the guest's end.
    pub const MAC: u64 = 1 << 5;
    /// The configuration says whether the link is up.
    pub const STATUS: u64 = 1 << 16;
}

/// Bytes of the configuration space: mac[6], status[2].
pub const CONFIG_LEN: usize = 8;
/// Status: the link is up.
pub const LINK_UP: u16 = 1;

/// The queue of what the guest receives.
pub const RECEIVE: u16 = 0;
/// The queue of what the guest sends.
pub const TRANSMIT: u16 = 1;
/// Entries of the queues at most.
pub const QUEUE_SIZES: [u16; 2] = [256, 256];

/// Bytes before each frame: flags, type, and lengths for offloads[8], number of buffers[2].
pub const HEADER: usize = 12;
/// Offset of the number of buffers, which is 1.
pub const NUM_BUFFERS: usize = 10;
/// Bytes of a frame at least, without checksum: addresses and type.
pub const FRAME_MIN: u64 = 14;
/// Bytes of a frame at most, without checksum.
pub const FRAME_MAX: u64 = 1514;

/// Frames that wait for a buffer at most; later ones are lost, as on a wire.
pub const MOST_WAITING: usize = 256;
/// Nanoseconds from a frame to its answer.
pub const ANSWER_NS: u64 = 50_000;
/// Nanoseconds that a byte of the answer takes beside that: a gigabit a second.
pub const BYTE_NS: u64 = 8;
