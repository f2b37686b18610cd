//! The configuration space of a PCI function.
//!
//! PCI Local Bus Specification, revision 3.0, chapter 6: "Configuration space".

/// Vendor; all ones where there is no function.
pub const VENDOR_ID: u64 = 0x00;
/// Device.
pub const DEVICE_ID: u64 = 0x02;
/// Command.
pub const COMMAND: u64 = 0x04;
/// Status.
pub const STATUS: u64 = 0x06;
/// Revision, and above it three bytes of class.
pub const REVISION: u64 = 0x08;
/// Cache line size.
pub const CACHE_LINE: u64 = 0x0c;
/// Latency timer.
pub const LATENCY: u64 = 0x0d;
/// Layout of the header; bit 7 says that there are several functions.
pub const HEADER_TYPE: u64 = 0x0e;
/// Six base address registers.
pub const BARS: u64 = 0x10;
/// Subsystem vendor, and above it the subsystem.
pub const SUBSYSTEM: u64 = 0x2c;
/// Where the list of capabilities begins.
pub const CAPABILITIES: u64 = 0x34;
/// Which interrupt the system gave it: for the system's own use.
pub const INTERRUPT_LINE: u64 = 0x3c;
/// Which pin it has: 1 is INTA.
pub const INTERRUPT_PIN: u64 = 0x3d;
/// Where a function's own registers begin.
pub const OWN: u64 = 0x40;
/// Bytes of a function's configuration space.
pub const SIZE: usize = 256;

/// Command: answers to I/O addresses.
pub const COMMAND_IO: u16 = 1 << 0;
/// Command: answers to memory addresses.
pub const COMMAND_MEMORY: u16 = 1 << 1;
/// Command: may be master.
pub const COMMAND_MASTER: u16 = 1 << 2;
/// Command: its interrupt pin is silent.
pub const COMMAND_NO_INTX: u16 = 1 << 10;
/// Command: bits that can be written: the above, memory write and invalidate, parity, SERR, fast back-to-back.
pub const COMMAND_MASK: u16 = 0x0757;
/// Status: its interrupt pin would be asserted.
pub const STATUS_INTERRUPT: u16 = 1 << 3;
/// Status: there is a list of capabilities.
pub const STATUS_CAPABILITIES: u16 = 1 << 4;
/// Status: errors, which a one clears.
pub const STATUS_ERRORS: u16 = 0xf900;

/// A base address register for I/O.
pub const BAR_IO: u32 = 1;
