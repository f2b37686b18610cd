//! Commands and tables of the flash.
//!
//! Intel StrataFlash Memory (J3), 290667: "Bus Operations" and "Command Set"; JEDEC Common Flash Interface, JESD68 and
//! JEP137; Intel Application Note 646 for the vendor's table. A bank is 32 bits wide and made of two 16-bit chips
//! side by side that always get the same command.

/// Bytes that one erase clears: a block of 128 KiB in each chip.
pub const SECTOR: u64 = 0x4_0000;
/// Chips side by side in a bank.
pub const CHIPS: u64 = 2;
/// Words of the bank that one buffered program can carry.
pub const BUFFER_WORDS: u32 = 1 << (BUFFER_BYTES_LOG2 - 1);
/// Bytes in the buffer of a chip, as a power of two.
pub const BUFFER_BYTES_LOG2: u8 = 11;

/// Back to reading the contents.
pub const READ_ARRAY: u8 = 0xff;
/// The same in another maker's command set; probing drivers send both.
pub const READ_ARRAY_AMD: u8 = 0xf0;
/// Program a word.
pub const PROGRAM: u8 = 0x40;
/// Program a word, older form.
pub const PROGRAM_ALTERNATE: u8 = 0x10;
/// Erase a block.
pub const ERASE: u8 = 0x20;
/// Clear the error bits of the status.
pub const CLEAR_STATUS: u8 = 0x50;
/// Lock, unlock, lock down: the second cycle says which.
pub const LOCK_SETUP: u8 = 0x60;
/// Read the status.
pub const READ_STATUS: u8 = 0x70;
/// Read the identification.
pub const READ_IDENTIFIER: u8 = 0x90;
/// Read the common flash interface's table.
pub const READ_QUERY: u8 = 0x98;
/// Suspend an erase or a program.
pub const SUSPEND: u8 = 0xb0;
/// Confirm an erase, a buffered program or an unlock; resume what was suspended.
pub const CONFIRM: u8 = 0xd0;
/// Program a buffer of words.
pub const PROGRAM_BUFFER: u8 = 0xe8;
/// Second cycle after [`LOCK_SETUP`]: lock a block.
pub const LOCK: u8 = 0x01;
/// Second cycle after [`LOCK_SETUP`]: write the read configuration.
pub const READ_CONFIGURATION: u8 = 0x03;
/// Second cycle after [`LOCK_SETUP`]: lock a block down.
pub const LOCK_DOWN: u8 = 0x2f;

/// Status: ready.
pub const STATUS_READY: u8 = 1 << 7;
/// Status: an erase failed. With [`STATUS_PROGRAM_ERROR`]: the commands came in an order that means nothing.
pub const STATUS_ERASE_ERROR: u8 = 1 << 5;
/// Status: a program failed.
pub const STATUS_PROGRAM_ERROR: u8 = 1 << 4;

/// Identification: Intel.
pub const MANUFACTURER: u16 = 0x89;
/// Identification: 28F128J3.
pub const DEVICE: u16 = 0x18;

/// Where the vendor's table begins.
const VENDOR_TABLE: u8 = 0x31;
/// Entries of the query table.
pub const QUERY_LEN: usize = 0x40;

/// The query table of a chip of `chip_bytes` with blocks of half a sector.
#[must_use]
pub fn query(chip_bytes: u64) -> [u8; QUERY_LEN] {
    let blocks = (chip_bytes / (SECTOR / CHIPS) - 1).to_le_bytes();
    let block_units = (SECTOR / CHIPS / 256).to_le_bytes();
    let mut table = [0; QUERY_LEN];
    let mut put = |at: usize, bytes: &[u8]| table[at..at + bytes.len()].copy_from_slice(bytes);
    // Identification, command set 1 (Intel), place of the vendor's table.
    put(0x10, b"QRY");
    put(0x13, &[0x01, 0x00, VENDOR_TABLE]);
    // Supply from 4.5 to 5.5 volts; typical times of program, buffered program and erase, and how much longer they may
    // take. Nothing takes any time here; drivers compute their patience from it.
    put(0x1b, &[0x45, 0x55]);
    put(0x1f, &[0x07, 0x07, 0x0a]);
    put(0x23, &[0x04, 0x04, 0x04]);
    // Size, 16-bit interface, buffer, one region of equal blocks.
    put(0x27, &[chip_bytes.trailing_zeros() as u8, 0x02, 0x00, BUFFER_BYTES_LOG2, 0x00, 0x01]);
    put(0x2d, &[blocks[0], blocks[1], block_units[0], block_units[1]]);
    // The vendor's table, version 1.0: no optional feature, one protection register.
    put(VENDOR_TABLE.into(), b"PRI10");
    put(0x3f, &[0x01]);
    table
}
