//! Registers of the port.
//!
//! Arm PrimeCell General Purpose Input/Output (PL061) Technical Reference Manual, DDI 0190: chapter 3, "Programmer's
//! Model".

/// End of GPIODATA: bits 9 to 2 of the address choose the pins that an access is about.
pub const DATA_END: u64 = 0x400;
/// GPIODIR: pins that are outputs.
pub const DIR: u64 = 0x400;
/// GPIOIS: pins that interrupt by level instead of edge.
pub const IS: u64 = 0x404;
/// GPIOIBE: pins that interrupt at both edges.
pub const IBE: u64 = 0x408;
/// GPIOIEV: pins that interrupt when high or rising instead of low or falling.
pub const IEV: u64 = 0x40c;
/// GPIOIE: pins whose interrupts are let through.
pub const IE: u64 = 0x410;
/// GPIORIS: interrupts before the mask.
pub const RIS: u64 = 0x414;
/// GPIOMIS: interrupts after the mask.
pub const MIS: u64 = 0x418;
/// GPIOIC: clears interrupts of edges.
pub const IC: u64 = 0x41c;
/// GPIOAFSEL: pins under hardware control; there is no such hardware.
pub const AFSEL: u64 = 0x420;

/// Length of the window.
pub const WINDOW: u64 = 0x1000;

/// GPIOPeriphID0 to 3: part 0x061, designer Arm, revision 0.
pub const PERIPHERAL_ID: [u8; 4] = [0x61, 0x10, 0x04, 0x00];

/// The pin that the power key is wired to on boards of the `virt` kind.
pub const POWER_KEY_PIN: u8 = 3;
/// How long a press lasts: longer than the time in which drivers take changes for bouncing contacts.
pub const PRESS_NS: u64 = 100_000_000;
/// The calendar entry at which the key comes up again.
pub const RELEASE_ENTRY: u32 = 0;
