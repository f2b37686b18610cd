//! The ISA bridge's configuration registers.
//!
//! Intel 82378ZB System I/O, data sheet 290473, section 4.1. All of them set up the PCI arbiter and the ISA bus, which
//! take no time here.

/// Vendor: Intel.
pub const VENDOR: u16 = 0x8086;
/// Device: 82378.
pub const DEVICE: u16 = 0x0484;
/// Revision of the 82378ZB.
pub const REVISION: u8 = 0x43;
/// Class: bridge to ISA.
pub const CLASS: u32 = 0x06_0100;

/// The first byte of registers, and what the bridge has there after a reset.
pub const REGISTERS: &[(u64, &[u8])] = &[
    // PCI control, arbiter, MEMCS# ranges, ISA address decoder, ROM, hole, recovery timer, clock divisor, utility bus.
    (0x40, &[0x20, 0x00, 0x04, 0x00, 0x00, 0x10, 0x0f, 0x00]),
    (0x48, &[0x01, 0x00, 0x10, 0x0f, 0x56, 0x40, 0x07, 0x4f]),
    // MEMCS# attributes.
    (0x54, &[0x00, 0x00, 0x00]),
    // Routes of the interrupt pins: to none.
    (0x60, &[0x80, 0x80, 0x80, 0x80]),
    // BIOS timer base address.
    (0x80, &[0x78, 0x00]),
];
