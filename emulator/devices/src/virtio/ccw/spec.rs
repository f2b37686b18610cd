//! The channel-I/O transport: Virtual I/O Device (VIRTIO) 1.2, section 4.3.

/// The control unit's type; its model is the number of the kind of device.
pub const CONTROL_UNIT: u16 = 0x3832;

/// Channel commands.
pub mod command {
    /// The driver accepts features.
    pub const WRITE_FEATURES: u8 = 0x11;
    /// What the device offers.
    pub const READ_FEATURES: u8 = 0x12;
    /// Where a queue is.
    pub const SET_QUEUE: u8 = 0x13;
    /// Writes the configuration space.
    pub const WRITE_CONFIG: u8 = 0x21;
    /// Reads it.
    pub const READ_CONFIG: u8 = 0x22;
    /// Sets the device status.
    pub const WRITE_STATUS: u8 = 0x31;
    /// The largest size of a queue.
    pub const READ_QUEUE: u8 = 0x32;
    /// Reset.
    pub const RESET: u8 = 0x33;
    /// Where indicators of queues are.
    pub const SET_INDICATORS: u8 = 0x43;
    /// Where indicators of the configuration are.
    pub const SET_CONFIG_INDICATORS: u8 = 0x53;
    /// The device status.
    pub const READ_STATUS: u8 = 0x72;
    /// Where indicators are that adapter interruptions go with.
    pub const SET_ADAPTER_INDICATORS: u8 = 0x73;
    /// Which revision of these commands the driver knows.
    pub const SET_REVISION: u8 = 0x83;
}

/// Revisions: 1 is the first of the standard, 2 has [`command::READ_STATUS`]. The one before the standard is not there.
pub const REVISIONS: std::ops::RangeInclusive<u16> = 1..=2;

/// Bytes of the block of [`command::SET_QUEUE`]: descriptors (doubleword), reserved (word), queue, size (halfwords),
/// driver area, device area (doublewords).
pub const QUEUE_BLOCK: usize = 32;
/// Bytes of the block of [`command::SET_ADAPTER_INDICATORS`]: summary indicator, indicators, bit (doublewords), interruption
/// subclass (byte).
pub const ADAPTER_BLOCK: usize = 25;
/// Bytes of a configuration space at most.
pub const CONFIG: usize = 256;
