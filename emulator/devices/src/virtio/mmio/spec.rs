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
/// DeviceFeatures: 32 features that the device offers.
pub const DEVICE_FEATURES: u64 = 0x010;
/// DeviceFeaturesSel: which 32.
pub const DEVICE_FEATURES_SEL: u64 = 0x014;
/// DriverFeatures: 32 features that the driver accepts.
pub const DRIVER_FEATURES: u64 = 0x020;
/// DriverFeaturesSel: which 32.
pub const DRIVER_FEATURES_SEL: u64 = 0x024;
/// QueueSel: the queue that the next ones are about.
pub const QUEUE_SEL: u64 = 0x030;
/// QueueNumMax: its largest size, 0 if it is not there.
pub const QUEUE_NUM_MAX: u64 = 0x034;
/// QueueNum: its size.
pub const QUEUE_NUM: u64 = 0x038;
/// QueueReady: whether the device may use it.
pub const QUEUE_READY: u64 = 0x044;
/// QueueNotify: there is something in the queue with this number.
pub const QUEUE_NOTIFY: u64 = 0x050;
/// InterruptStatus: why the interrupt is asserted.
pub const INTERRUPT_STATUS: u64 = 0x060;
/// InterruptACK: clears bits of it.
pub const INTERRUPT_ACK: u64 = 0x064;
/// Status of the device.
pub const STATUS: u64 = 0x070;
/// QueueDescLow: address of the descriptor table.
pub const QUEUE_DESC_LOW: u64 = 0x080;
/// QueueDescHigh.
pub const QUEUE_DESC_HIGH: u64 = 0x084;
/// QueueDriverLow: address of the available ring.
pub const QUEUE_DRIVER_LOW: u64 = 0x090;
/// QueueDriverHigh.
pub const QUEUE_DRIVER_HIGH: u64 = 0x094;
/// QueueDeviceLow: address of the used ring.
pub const QUEUE_DEVICE_LOW: u64 = 0x0a0;
/// QueueDeviceHigh.
pub const QUEUE_DEVICE_HIGH: u64 = 0x0a4;
/// SHMSel: the shared memory region that the next ones are about.
pub const SHM_SEL: u64 = 0x0ac;
/// SHMLenLow to SHMBaseHigh: all ones, because there is no such region.
pub const SHM_FIRST: u64 = 0x0b0;
/// SHMBaseHigh.
pub const SHM_LAST: u64 = 0x0bc;
/// ConfigGeneration: changes with the configuration, so a driver can read it in parts.
pub const CONFIG_GENERATION: u64 = 0x0fc;
/// The device's configuration space.
pub const CONFIG: u64 = 0x100;

/// MagicValue: "virt".
pub const MAGIC: u32 = u32::from_le_bytes(*b"virt");
/// Version: the layout of virtio 1.0 and later; the one before it is called legacy.
pub const VERSION_MODERN: u32 = 2;
/// DeviceID: no device. A driver leaves such a transport alone, whatever else is in it.
pub const DEVICE_NONE: u32 = 0;
/// VendorID that transports of the `virt` machine have.
pub const VENDOR: u32 = u32::from_le_bytes(*b"QEMU");

/// InterruptStatus: something was used.
pub const INTERRUPT_USED: u32 = 1;
/// InterruptStatus: the configuration changed.
pub const INTERRUPT_CONFIG: u32 = 2;

/// Length of a slot's window, and the distance between slots.
pub const WINDOW: u64 = 0x200;
/// Slots of the `virt` machine.
pub const SLOTS: usize = 32;
