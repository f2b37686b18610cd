//! Commands, codes and layouts of the service-call logical processor.
//!
//! IBM publishes no manual of it. The layouts are those that Linux (`drivers/s390/char/sclp*.h`, `arch/s390`) and the boot
//! programs of s390-tools use, and agree upon.

/// A service-call control block starts at a multiple of this.
pub const SCCB_ALIGN: u64 = 8;
/// It lies in one page of this size, unless its command allows an extended length.
pub const SCCB_PAGE: u64 = 4096;
/// It lies behind the low core.
pub const SCCB_LEAST: u64 = 0x2000;
/// It lies below this address.
pub const SCCB_LIMIT: u64 = 1 << 31;

/// Header: total length (halfword), function code (byte), control mask (3 bytes), response code (halfword).
pub const HEADER: usize = 8;
/// Offset of the function code.
pub const FUNCTION: usize = 2;
/// Offset of the last byte of the control mask.
pub const CONTROL: usize = 5;
/// In that byte: the response may be shorter than the block; its length says how long it is.
pub const CONTROL_VARIABLE_LENGTH: u8 = 0x80;
/// Offset of the response code.
pub const RESPONSE: usize = 6;

/// The bits of a command word that select the command; the rest is a modifier.
pub const COMMAND_MASK: u32 = 0xffff_00ff;
/// Reads what the machine is.
pub const READ_SCP_INFO: u32 = 0x0002_0001;
/// The same, whoever has read it before.
pub const READ_SCP_INFO_FORCED: u32 = 0x0012_0001;
/// Reads which processors there are.
pub const READ_CPU_INFO: u32 = 0x0001_0001;
/// Takes events from the machine.
pub const READ_EVENT_DATA: u32 = 0x0077_0005;
/// Gives events to the machine.
pub const WRITE_EVENT_DATA: u32 = 0x0076_0005;
/// Says which events the program takes and gives, and asks for the machine's.
pub const WRITE_EVENT_MASK: u32 = 0x0078_0005;

/// Response codes.
pub mod response {
    /// The block has what was asked for.
    pub const READ_DONE: u16 = 0x0010;
    /// Done.
    pub const DONE: u16 = 0x0020;
    /// The block crosses a page.
    pub const BOUNDARY: u16 = 0x0100;
    /// There is no such command.
    pub const INVALID_COMMAND: u16 = 0x01f0;
    /// The block is too short for the answer.
    pub const TOO_SHORT: u16 = 0x0300;
    /// The function code is none of the command's.
    pub const INVALID_FUNCTION: u16 = 0x40f0;
    /// There are no events.
    pub const NO_EVENTS: u16 = 0x60f0;
    /// The program has said that it takes and gives no such events.
    pub const SUPPRESSED: u16 = 0x62f0;
    /// The selection names events that the program does not take.
    pub const INVALID_SELECTION: u16 = 0x70f0;
    /// The lengths in the block contradict each other.
    pub const INCONSISTENT_LENGTHS: u16 = 0x72f0;
    /// An event buffer is not in its format.
    pub const SYNTAX: u16 = 0x73f0;
    /// The length of the masks is none that there is.
    pub const INVALID_MASK_LENGTH: u16 = 0x74f0;
}

/// Fields of the answer to [`READ_SCP_INFO`].
pub mod info {
    /// Number of increments of memory, when it fits (halfword).
    pub const INCREMENTS: usize = 8;
    /// Size of an increment in MiB, when it fits (byte).
    pub const INCREMENT_SIZE: usize = 10;
    /// Number of processors (halfword).
    pub const CPUS: usize = 16;
    /// Offset of the first processor's entry (halfword).
    pub const CPU_OFFSET: usize = 18;
    /// Load parameter (8 bytes, EBCDIC).
    pub const LOADPARM: usize = 24;
    /// Facilities (doubleword).
    pub const FACILITIES: usize = 48;
    /// Size of an increment in MiB (word).
    pub const INCREMENT_SIZE_2: usize = 100;
    /// Number of increments (doubleword).
    pub const INCREMENTS_2: usize = 104;
    /// The highest processor address (halfword).
    pub const HIGHEST_CPU: usize = 120;
    /// Where the entries are.
    pub const ENTRIES: usize = 144;
    /// Facilities beyond those (byte).
    pub const MORE_FACILITIES: usize = 134;
    /// In that byte: DIAGNOSE 318, by which a control program says who it is.
    pub const FACILITY_DIAGNOSE_318: u8 = 0x80;
    /// In the facilities: processor information can be read by itself.
    pub const FACILITY_CPU_INFO: u64 = 0x0800_0000_0000_0000;
}

/// Fields of the answer to [`READ_CPU_INFO`].
pub mod cpu_info {
    /// Number of configured processors (halfword).
    pub const CONFIGURED: usize = 8;
    /// Offset of the first one's entry (halfword).
    pub const CONFIGURED_OFFSET: usize = 10;
    /// Number of standby processors (halfword).
    pub const STANDBY: usize = 12;
    /// Offset of the first one's entry (halfword).
    pub const STANDBY_OFFSET: usize = 14;
    /// Where the entries are.
    pub const ENTRIES: usize = 16;
}

/// Bytes of a processor's entry: address, reserved, features (12), type, reserved.
pub const CPU_ENTRY: usize = 16;

/// Fields of the block of [`WRITE_EVENT_MASK`].
pub mod masks {
    /// Length of each mask (halfword).
    pub const LENGTH: usize = 10;
    /// Four masks: the program receives, the program sends, the machine receives, the machine sends.
    pub const FIRST: usize = 12;
    /// The longest mask that is taken.
    pub const LONGEST: usize = 32;
}

/// Function codes of [`READ_EVENT_DATA`].
pub mod read {
    /// All events.
    pub const ALL: u8 = 0;
    /// Those of the mask behind the header.
    pub const SELECTED: u8 = 1;
}

/// Event types, and their bits in masks.
pub mod event {
    /// A command of the operator.
    pub const COMMAND: u8 = 0x01;
    /// A message to the operator.
    pub const MESSAGE: u8 = 0x02;
    /// The name of the control program.
    pub const PROGRAM_IDENTIFICATION: u8 = 0x0b;
    /// Bytes to and from the ASCII console.
    pub const ASCII: u8 = 0x1a;
    /// The machine is about to be switched off.
    pub const QUIESCE: u8 = 0x1d;

    /// The bit of a type in a mask of 32 bits.
    #[must_use]
    pub const fn bit(kind: u8) -> u32 {
        1 << (32 - kind as u32)
    }

    /// Event buffer header: length (halfword), type, flags (bytes), reserved (halfword).
    pub const HEADER: usize = 6;
    /// Offset of the type.
    pub const TYPE: usize = 2;
    /// Offset of the flags.
    pub const FLAGS: usize = 3;
    /// In the flags: the buffer has been processed.
    pub const ACCEPTED: u8 = 0x80;
}

/// A message to the operator: objects in a message data block.
pub mod message {
    /// Header: length, type (halfwords), tag, revision (words).
    pub const BLOCK_HEADER: usize = 12;
    /// Object header: length, type (halfwords).
    pub const OBJECT_HEADER: usize = 4;
    /// The type of an object with text.
    pub const TEXT: u16 = 4;
    /// In an object with text: line type flags (halfword), alarm control (byte), 3 reserved, then the text.
    pub const TEXT_AT: usize = 10;
}

/// A command of the operator: general data stream vectors, one in the other.
pub mod command {
    /// Multiple-domain support message unit: length and this identifier (halfwords).
    pub const MESSAGE_UNIT: u16 = 0x1310;
    /// In it, a control-point message unit.
    pub const CONTROL_POINT: u16 = 0x1212;
    /// In it, a text command.
    pub const TEXT_COMMAND: u16 = 0x1320;
    /// In it, a self-defining text message: length and this key (bytes).
    pub const SELF_DEFINING: u8 = 0x31;
    /// In it, the text.
    pub const TEXT: u8 = 0x30;
    /// Bytes of a vector's header.
    pub const VECTOR: usize = 4;
    /// Bytes of a subvector's header.
    pub const SUBVECTOR: usize = 2;
    /// Headers before the text.
    pub const HEADERS: usize = 3 * VECTOR + 2 * SUBVECTOR;
    /// The longest text that the lengths of subvectors can tell.
    pub const LONGEST: usize = 255 - 2 * SUBVECTOR;
}

/// The event buffer of [`event::QUIESCE`]: timeout (halfword) and its unit.
pub mod quiesce {
    /// Bytes behind the header.
    pub const LEN: usize = 3;
    /// No time at which power goes.
    pub const NO_TIMEOUT: u16 = 0xffff;
}

/// The parameter of the service signal: events wait to be read.
pub const SIGNAL_EVENTS: u32 = 1;
