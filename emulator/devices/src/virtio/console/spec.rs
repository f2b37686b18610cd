//! The console device.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 5.3.

/// Number of this kind of device.
pub const ID: u32 = 3;

/// Feature bits. The size of the terminal is not offered: nobody knows it, and it may change.
pub mod feature {
    /// A character can be written without a queue.
    pub const EMERG_WRITE: u64 = 1 << 2;
}

/// Offset of emerg_wr in the configuration space: 4 bytes, of which the low one is written.
pub const EMERG_WR: u64 = 8;
/// Bytes of the configuration space.
pub const CONFIG_LEN: usize = 12;

/// The queue of what is typed.
pub const RECEIVE: u16 = 0;
/// The queue of what is shown.
pub const TRANSMIT: u16 = 1;
/// Entries of the queues at most.
pub const QUEUE_SIZES: [u16; 2] = [64, 64];

/// Bytes of one chain to show at most.
pub const MOST_OUT: u64 = 1 << 20;
/// Typed bytes that wait for buffers at most; later ones are lost, as on a serial line.
pub const MOST_WAITING: usize = 1 << 20;
