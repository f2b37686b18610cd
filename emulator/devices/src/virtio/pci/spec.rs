//! Registers of a virtio transport on PCI.
//!
//! Virtual I/O Device (VIRTIO) Version 1.2, OASIS: section 4.1, "Virtio Over PCI Bus".

/// Vendor of all virtio devices.
pub const VENDOR: u16 = 0x1af4;
/// The device is this plus the number of the kind of device (4.1.2).
pub const DEVICE: u16 = 0x1040;
/// Revision: not transitional.
pub const REVISION: u8 = 1;
/// Subsystem of the usual machines.
pub const SUBSYSTEM: u32 = 0x1100_1af4;

/// The capability's number: vendor-specific.
pub const CAPABILITY: u8 = 0x09;
/// Capabilities (4.1.4): the common configuration.
pub const CAP_COMMON: u8 = 1;
/// Notifications.
pub const CAP_NOTIFY: u8 = 2;
/// The interrupt status.
pub const CAP_ISR: u8 = 3;
/// The device's configuration space.
pub const CAP_DEVICE: u8 = 4;
/// A way into the ranges by configuration cycles.
pub const CAP_PCI: u8 = 5;
/// Of that capability: bar, offset and length of an access, and its data.
pub const PCI_BAR: u64 = 4;
/// Its offset.
pub const PCI_OFFSET: u64 = 8;
/// Its length.
pub const PCI_LENGTH: u64 = 12;
/// Its data.
pub const PCI_DATA: u64 = 16;

/// The base address register that everything is in, and its size.
pub const BAR: usize = 0;
/// Bytes of it.
pub const BAR_SIZE: u32 = 0x4000;
/// Bytes of each part.
pub const PART: u64 = 0x1000;
/// Where the common configuration is.
pub const COMMON: u64 = 0x0000;
/// Where the interrupt status is.
pub const ISR: u64 = 0x1000;
/// Where the device's configuration space is.
pub const DEVICE_CONFIG: u64 = 0x2000;
/// Where notifications go.
pub const NOTIFY: u64 = 0x3000;
/// Bytes from a queue's notifications to those of the next one.
pub const NOTIFY_MULTIPLIER: u64 = 4;

/// device_feature_select: which 32 features the next one shows.
pub const DEVICE_FEATURE_SELECT: u64 = 0x00;
/// device_feature.
pub const DEVICE_FEATURE: u64 = 0x04;
/// driver_feature_select.
pub const DRIVER_FEATURE_SELECT: u64 = 0x08;
/// driver_feature.
pub const DRIVER_FEATURE: u64 = 0x0c;
/// config_msix_vector.
pub const CONFIG_MSIX_VECTOR: u64 = 0x10;
/// num_queues.
pub const NUM_QUEUES: u64 = 0x12;
/// device_status.
pub const DEVICE_STATUS: u64 = 0x14;
/// config_generation.
pub const CONFIG_GENERATION: u64 = 0x15;
/// queue_select: the queue that the next ones are about.
pub const QUEUE_SELECT: u64 = 0x16;
/// queue_size: its largest before the driver writes it, 0 if there is no such queue.
pub const QUEUE_SIZE: u64 = 0x18;
/// queue_msix_vector.
pub const QUEUE_MSIX_VECTOR: u64 = 0x1a;
/// queue_enable.
pub const QUEUE_ENABLE: u64 = 0x1c;
/// queue_notify_off: where its notifications are, in steps of the multiplier.
pub const QUEUE_NOTIFY_OFF: u64 = 0x1e;
/// queue_desc: the table of descriptors, 64 bits in two halves.
pub const QUEUE_DESC: u64 = 0x20;
/// queue_driver: the available ring.
pub const QUEUE_DRIVER: u64 = 0x28;
/// queue_device: the used ring.
pub const QUEUE_DEVICE: u64 = 0x30;

/// There is no MSI-X vector.
pub const NO_VECTOR: u32 = 0xffff;
/// Interrupt status: something was used.
pub const ISR_USED: u8 = 1;
/// Interrupt status: the configuration changed.
pub const ISR_CONFIG: u8 = 2;
