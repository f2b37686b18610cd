//! Registers of a virtio transport in memory.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 4.2.2, "MMIO Device Register Layout".

/// MagicValue: says that this is a virtio transport.
pub const MAGIC_VALUE: u64 = 0x000;
/// Version of the register layout.
pub const VERSION: u64 = 0x004;
/// DeviceID: what kind of device is behind the transport.
pub const DEVICE_ID: u64 = 0x008;
/// VendorID: who made the transport.
pub const VENDOR_ID: u64 = 0x00c;

/// MagicValue: "virt".
pub const MAGIC: u32 = u32::from_le_bytes(*b"virt");
/// Version: the layout of virtio 1.0 and later; the one before it is called legacy.
pub const VERSION_MODERN: u32 = 2;
/// DeviceID: no device. A driver leaves such a transport alone, whatever else is in it.
pub const DEVICE_NONE: u32 = 0;
/// VendorID that transports of the `virt` machine have.
pub const VENDOR: u32 = u32::from_le_bytes(*b"QEMU");

/// Length of a slot's window, and the distance between slots.
pub const WINDOW: u64 = 0x200;
/// Slots of the `virt` machine.
pub const SLOTS: usize = 32;
