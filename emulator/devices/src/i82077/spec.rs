//! Registers and commands of the floppy disk controller.
//!
//! Intel 82077AA CHMOS Single-Chip Floppy Disk Controller, data sheet 290166-007.

/// Status register A and B (PS/2 modes only), offsets 0 and 1: not in a PC/AT.
pub const STATUS_B: u64 = 1;
/// Digital output: drive, reset, interrupts, motors.
pub const DOR: u64 = 2;
/// Tape drive.
pub const TDR: u64 = 3;
/// Main status on a read, data rate on a write.
pub const MSR_DSR: u64 = 4;
/// Data.
pub const FIFO: u64 = 5;
/// Digital input on a read, configuration control on a write.
pub const DIR_CCR: u64 = 7;

/// DOR: the drive that is selected.
pub const DOR_DRIVE: u8 = 3;
/// DOR: not in reset.
pub const DOR_RUN: u8 = 1 << 2;
/// DOR: interrupts and DMA requests leave the chip.
pub const DOR_GATE: u8 = 1 << 3;
/// DSR: resets the chip; clears itself.
pub const DSR_RESET: u8 = 1 << 7;

/// MSR: ready for a byte.
pub const MSR_RQM: u8 = 1 << 7;
/// MSR: the byte goes to the system.
pub const MSR_DIO: u8 = 1 << 6;
/// MSR: a command is being done.
pub const MSR_BUSY: u8 = 1 << 4;

/// Status register 0: an invalid command, or none.
pub const ST0_INVALID: u8 = 0x80;
/// Status register 0: the drive's state changed (after a reset).
pub const ST0_CHANGED: u8 = 0xc0;
/// Status register 0: ended without success.
pub const ST0_ABNORMAL: u8 = 0x40;
/// Status register 0: a seek has ended.
pub const ST0_SEEK: u8 = 0x20;
/// Status register 0: no track 0 in sight.
pub const ST0_CHECK: u8 = 0x10;
/// Status register 1: no address mark.
pub const ST1_NO_MARK: u8 = 0x01;
/// What VERSION answers.
pub const VERSION: u8 = 0x90;

/// Commands, without the bits that are options.
pub mod command {
    /// Step rate and head times.
    pub const SPECIFY: u8 = 0x03;
    /// State of a drive.
    pub const SENSE_DRIVE: u8 = 0x04;
    /// Seek to track 0.
    pub const RECALIBRATE: u8 = 0x07;
    /// Why the chip interrupted.
    pub const SENSE_INTERRUPT: u8 = 0x08;
    /// Read the next address mark.
    pub const READ_ID: u8 = 0x0a;
    /// Format a track.
    pub const FORMAT: u8 = 0x0d;
    /// All internal registers.
    pub const DUMP: u8 = 0x0e;
    /// Seek.
    pub const SEEK: u8 = 0x0f;
    /// Which chip it is.
    pub const VERSION: u8 = 0x10;
    /// Perpendicular recording.
    pub const PERPENDICULAR: u8 = 0x12;
    /// FIFO, polling, implied seeks.
    pub const CONFIGURE: u8 = 0x13;
    /// Whether a reset keeps the configuration: bit 7.
    pub const LOCK: u8 = 0x14;
    /// Reading, writing, verifying and scanning sectors.
    pub const SECTORS: [u8; 9] = [0x02, 0x05, 0x06, 0x09, 0x0c, 0x11, 0x16, 0x19, 0x1d];
}
