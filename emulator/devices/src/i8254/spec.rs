//! Ports and command words of the timer.
//!
//! Intel 82C54 Programmable Interval Timer, data sheet 231244-006. Port B is a register of ISA bridges (NMI status and
//! control; Intel 82378, section 4.5): it holds counter 2's gate and shows its output.

/// Counter 0 to 2.
pub const COUNTERS: u64 = 3;
/// Control words.
pub const CONTROL: u64 = 3;
/// Port B.
pub const PORT_B: u64 = 4;

/// Hertz of the counters' clock.
pub const HERTZ: u64 = 1_193_182;

/// Control: the command is for several counters and reads back.
pub const READ_BACK: u8 = 3;
/// Read-back: the count is not latched.
pub const NO_COUNT: u8 = 1 << 5;
/// Read-back: the status is not latched.
pub const NO_STATUS: u8 = 1 << 4;

/// Port B: counter 2 counts.
pub const PORT_B_GATE: u8 = 1 << 0;
/// Port B: bits that can be written: gate, speaker, and the disables of two error checks.
pub const PORT_B_MASK: u8 = 0x0f;
/// Port B: toggles with every refresh.
pub const PORT_B_REFRESH: u8 = 1 << 4;
/// Port B: counter 2's output.
pub const PORT_B_OUT: u8 = 1 << 5;
/// Nanoseconds between two refreshes: 18 cycles of the counters' clock.
pub const REFRESH_NS: u64 = 15_085;

/// The calendar entry of counter 0's output.
pub const OUTPUT_ENTRY: u32 = 0;
