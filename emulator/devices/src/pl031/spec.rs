//! Registers of the clock.
//!
//! Arm PrimeCell Real Time Clock (PL031) Technical Reference Manual, DDI 0224: chapter 3, "Programmer's Model".

/// RTCDR: the time, in seconds.
pub const DR: u64 = 0x000;
/// RTCMR: the time at which to interrupt.
pub const MR: u64 = 0x004;
/// RTCLR: sets the time.
pub const LR: u64 = 0x008;
/// RTCCR: starts the clock.
pub const CR: u64 = 0x00c;
/// RTCIMSC: lets the interrupt through.
pub const IMSC: u64 = 0x010;
/// RTCRIS: the interrupt before the mask.
pub const RIS: u64 = 0x014;
/// RTCMIS: the interrupt after the mask.
pub const MIS: u64 = 0x018;
/// RTCICR: clears the interrupt.
pub const ICR: u64 = 0x01c;

/// Length of the window.
pub const WINDOW: u64 = 0x1000;

/// RTCPeriphID0 to 3: part 0x031, designer Arm, revision 1.
pub const PERIPHERAL_ID: [u8; 4] = [0x31, 0x10, 0x14, 0x00];

/// Nanoseconds in a tick.
pub const TICK_NS: u64 = 1_000_000_000;
/// The calendar entry of the match interrupt.
pub const MATCH_ENTRY: u32 = 0;
