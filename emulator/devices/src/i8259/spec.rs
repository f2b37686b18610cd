//! Ports and command words of the interrupt controller.
//!
//! Intel 8259A Programmable Interrupt Controller, data sheet 231468-003. The two edge/level registers are those of
//! ISA bridges: Intel 82378 System I/O, data sheet 290473, section 4.4.

/// A chip's first port: ICW1, OCW2 and OCW3; reads IRR or ISR.
pub const COMMAND: u64 = 0;
/// A chip's second port: ICW2 to 4 and the mask.
pub const MASK: u64 = 1;

/// The register windows of the pair: the master.
pub const MASTER: u64 = 0x00;
/// The slave.
pub const SLAVE: u64 = 0x10;
/// Edge or level, of master and slave.
pub const ELCR: u64 = 0x20;

/// The master's input at which the slave is.
pub const CASCADE: u8 = 2;
/// The input whose vector a spurious interrupt gets.
pub const SPURIOUS: u8 = 7;

/// The first byte is ICW1.
pub const ICW1: u8 = 1 << 4;
/// ICW1: an ICW4 follows.
pub const ICW1_IC4: u8 = 1 << 0;
/// ICW1: there is no other chip, and no ICW3.
pub const ICW1_SINGLE: u8 = 1 << 1;
/// ICW1: all inputs are level-sensitive.
pub const ICW1_LEVEL: u8 = 1 << 3;
/// ICW2: bits of the vector.
pub const ICW2_BASE: u8 = 0xf8;
/// ICW4: 8086 mode; the other one has no meaning to anything but an 8080.
pub const ICW4_8086: u8 = 1 << 0;
/// ICW4: automatic end of interrupt.
pub const ICW4_AEOI: u8 = 1 << 1;
/// ICW4: special fully nested mode.
pub const ICW4_SFNM: u8 = 1 << 4;

/// The first byte is OCW3.
pub const OCW3: u8 = 1 << 3;
/// OCW3: bit 0 says which register is read.
pub const OCW3_READ: u8 = 1 << 1;
/// OCW3: the next read is a poll.
pub const OCW3_POLL: u8 = 1 << 2;
/// OCW3: special mask mode.
pub const OCW3_SPECIAL: u8 = 1 << 5;
/// OCW3: bit 5 counts.
pub const OCW3_SET_SPECIAL: u8 = 1 << 6;

/// Inputs that can be level-sensitive by the edge/level registers: not those of the chips on the board.
pub const ELCR_MASK: [u8; 2] = [0xf8, 0xde];
