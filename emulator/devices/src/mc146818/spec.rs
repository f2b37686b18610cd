//! Registers of the clock.
//!
//! Motorola MC146818A Real-Time Clock plus RAM, data sheet of 1988 ("Register description"). As in PCs, port 0 takes the
//! number of the register that port 1 shows.

/// Port: the register's number. Bit 7 masks NMIs in a PC and is not the clock's.
pub const INDEX: u64 = 0;
/// Port: the register.
pub const DATA: u64 = 1;

/// Seconds.
pub const SECONDS: u8 = 0;
/// Minutes.
pub const MINUTES: u8 = 2;
/// Hours.
pub const HOURS: u8 = 4;
/// Day of the week, 1 is Sunday.
pub const WEEKDAY: u8 = 6;
/// Day of the month.
pub const DAY: u8 = 7;
/// Month.
pub const MONTH: u8 = 8;
/// Year, two digits.
pub const YEAR: u8 = 9;
/// Alarm: seconds, minutes and hours are the odd registers between the time's.
pub const ALARMS: [u8; 3] = [1, 3, 5];
/// Register A: divider and rate.
pub const A: u8 = 10;
/// Register B: modes and interrupts that are let through.
pub const B: u8 = 11;
/// Register C: interrupts; reading clears it.
pub const C: u8 = 12;
/// Register D: valid RAM and time.
pub const D: u8 = 13;
/// Number of registers, RAM included.
pub const REGISTERS: usize = 128;
/// The byte of RAM in which PCs keep the century.
pub const CENTURY: usize = 0x32;

/// A: update in progress.
pub const A_UIP: u8 = 1 << 7;
/// A: the divider is held in reset when these are both set.
pub const A_DIVIDER_RESET: u8 = 0x60;
/// A: rate of the periodic interrupt and of the square wave.
pub const A_RATE: u8 = 0x0f;
/// A after power-on in a PC whose firmware has run: 32.768 kHz, 1024 Hz.
pub const A_START: u8 = 0x26;

/// B: the time stands still and can be set.
pub const B_SET: u8 = 1 << 7;
/// B: periodic interrupt.
pub const B_PIE: u8 = 1 << 6;
/// B: alarm interrupt.
pub const B_AIE: u8 = 1 << 5;
/// B: update-ended interrupt.
pub const B_UIE: u8 = 1 << 4;
/// B: binary instead of BCD.
pub const B_BINARY: u8 = 1 << 2;
/// B: 24 hours instead of 12.
pub const B_24_HOURS: u8 = 1 << 1;
/// B: daylight saving, by the rule of the United States of 1967.
pub const B_DAYLIGHT: u8 = 1 << 0;

/// C: some interrupt that is let through.
pub const C_IRQF: u8 = 1 << 7;
/// C: periodic.
pub const C_PF: u8 = 1 << 6;
/// C: alarm.
pub const C_AF: u8 = 1 << 5;
/// C: update ended.
pub const C_UF: u8 = 1 << 4;

/// D: the battery is good.
pub const D_VALID: u8 = 1 << 7;

/// Hours in 12-hour mode: afternoon.
pub const PM: u8 = 0x80;
/// An alarm byte with both of these set matches anything.
pub const ALARM_ANY: u8 = 0xc0;

/// Hertz of the crystal.
pub const CRYSTAL: u64 = 32_768;
/// Nanoseconds at the end of every second in which an update is in progress: 1984 of the update itself after a
/// warning of 244 microseconds.
pub const UPDATE_NS: u64 = 2_228_000;
/// The first update comes half a second after the divider's reset ends.
pub const AFTER_RESET_NS: i64 = 500_000_000;

/// The calendar entry of the periodic interrupt.
pub const PERIODIC_ENTRY: u32 = 0;
/// The calendar entry of alarm and update-ended interrupts.
pub const SECOND_ENTRY: u32 = 1;
