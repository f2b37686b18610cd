//! What all virtio devices and transports have in common.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: sections 2 (basic facilities), 2.7 (split virtqueues) and 6 (reserved
//! feature bits).

/// Bits of the device status (2.1).
pub mod status {
    /// The driver has noticed the device.
    pub const ACKNOWLEDGE: u8 = 1;
    /// The driver knows how to drive it.
    pub const DRIVER: u8 = 2;
    /// The driver is ready.
    pub const DRIVER_OK: u8 = 4;
    /// The features are settled.
    pub const FEATURES_OK: u8 = 8;
    /// The device cannot go on before a reset.
    pub const NEEDS_RESET: u8 = 64;
    /// The driver has given up.
    pub const FAILED: u8 = 128;
}

/// Feature bits of every device (6).
pub mod feature {
    /// A descriptor may point to a table of descriptors.
    pub const INDIRECT_DESC: u64 = 1 << 28;
    /// Each side says from where on it wants to be notified.
    pub const EVENT_IDX: u64 = 1 << 29;
    /// This is a device of virtio 1.0 or later.
    pub const VERSION_1: u64 = 1 << 32;
}

/// Bytes of a descriptor (2.7.5): address[8], length[4], flags[2], next[2].
pub const DESCRIPTOR: u64 = 16;
/// Flags of a descriptor.
pub mod descriptor {
    /// Another descriptor follows.
    pub const NEXT: u16 = 1;
    /// The device writes.
    pub const WRITE: u16 = 2;
    /// The buffer holds descriptors.
    pub const INDIRECT: u16 = 4;
}

/// Available ring (2.7.6): flags[2], index[2], entries[2 each], used event[2].
pub mod available {
    /// Flag: the driver wants no notifications.
    pub const NO_INTERRUPT: u16 = 1;
    /// Offset of the index.
    pub const INDEX: u64 = 2;
    /// Offset of the first entry.
    pub const RING: u64 = 4;
    /// Bytes of an entry.
    pub const ENTRY: u64 = 2;
}

/// Used ring (2.7.8): flags[2], index[2], entries[8 each], available event[2].
pub mod used {
    /// Offset of the index.
    pub const INDEX: u64 = 2;
    /// Offset of the first entry.
    pub const RING: u64 = 4;
    /// Bytes of an entry: head of the chain[4], bytes written[4].
    pub const ENTRY: u64 = 8;
}

/// Descriptors of a chain at most, when it is in an indirect table. Within the ring it is the ring's size.
pub const MAX_CHAIN: usize = 1024;
/// Bytes of a chain at most. The specification allows four times that.
pub const MAX_BYTES: u64 = 1 << 30;
