//! Registers of the DMA controllers.
//!
//! Intel 8237A High Performance Programmable DMA Controller, data sheet 231466-005; the page registers are those of the
//! PC/AT, as in Intel's 82378 System I/O, data sheet 290473, section 4.2.

/// Of the window: the first controller, whose ports are one apart.
pub const FIRST: u64 = 0x00;
/// Of the window: the page registers.
pub const PAGES: u64 = 0x20;
/// Number of page registers.
pub const PAGE_COUNT: u64 = 0x10;
/// Of the window: the second controller, whose ports are two apart.
pub const SECOND: u64 = 0x40;

/// Status on a read, command on a write.
pub const COMMAND: u64 = 8;
/// Software requests.
pub const REQUEST: u64 = 9;
/// Masks or unmasks one channel.
pub const MASK_ONE: u64 = 10;
/// A channel's mode.
pub const MODE: u64 = 11;
/// Clears the byte pointer.
pub const CLEAR_POINTER: u64 = 12;
/// Temporary register on a read, master clear on a write.
pub const CLEAR: u64 = 13;
/// Clears all masks.
pub const CLEAR_MASK: u64 = 14;
/// All masks.
pub const MASK_ALL: u64 = 15;

/// Command: memory to memory.
pub const COMMAND_MEMORY: u8 = 1;
/// Mode: cascade, of bits 7:6.
pub const MODE_CASCADE: u8 = 3;
