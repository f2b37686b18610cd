//! Formats of the channel subsystem: z/Architecture Principles of Operation (SA22-7832), chapters 13 to 17.

/// The part of a subsystem-identification word that names the only subchannel set: the number follows.
pub const SID_ONE: u32 = 0x0001;

/// The subchannel-information block: PMCW, SCSW, and a model-dependent area. PoP "Subchannel-Information Block".
pub mod schib {
    /// Bytes.
    pub const LEN: usize = 52;
}

/// The path-management-control word.
pub mod pmcw {
    /// Bytes.
    pub const LEN: usize = 28;
    /// Flags: the interruption subclass.
    pub const ISC: u16 = 0x3800;
    /// Its place in the flags.
    pub const ISC_SHIFT: u32 = 11;
    /// Flags: the subchannel is enabled.
    pub const ENABLED: u16 = 0x0080;
    /// Flags that a program may set: subclass, enabled, limit mode, measurement mode, multipath mode.
    pub const SETTABLE: u16 = 0x38fc;
    /// Flags: the device number is valid.
    pub const VALID: u16 = 0x0001;
    /// Flags that must be zero: those that no field has.
    pub const RESERVED: u16 = 0xc700;
    /// In the last word: measurement block format, extended measurement, concurrent sense.
    pub const LAST_SETTABLE: u32 = 0x0000_0007;
    /// In the last word: bits that must be zero.
    pub const LAST_RESERVED: u32 = 0xff1f_fff8;
}

/// The subchannel-status word.
pub mod scsw {
    /// Bytes.
    pub const LEN: usize = 12;
    /// Flags that come from the operation-request block: key, suspend, format, prefetch, initial status, address limit,
    /// suppress suspended.
    pub const FROM_ORB: u16 = 0xf8f8;
    /// Flags: the program does not want to hear that it was suspended.
    pub const SUPPRESS_SUSPENDED: u16 = 0x0008;
    /// Function control: start.
    pub const START: u16 = 0x4000;
    /// Function control: halt.
    pub const HALT: u16 = 0x2000;
    /// Function control: clear.
    pub const CLEAR: u16 = 0x1000;
    /// All function control.
    pub const FUNCTIONS: u16 = 0x7000;
    /// Activity control: resume pending.
    pub const RESUME_PENDING: u16 = 0x0800;
    /// Activity control: start pending.
    pub const START_PENDING: u16 = 0x0400;
    /// Activity control: halt pending.
    pub const HALT_PENDING: u16 = 0x0200;
    /// Activity control: clear pending.
    pub const CLEAR_PENDING: u16 = 0x0100;
    /// Activity control: suspended.
    pub const SUSPENDED: u16 = 0x0020;
    /// All activity control.
    pub const ACTIVITY: u16 = 0x0fe0;
    /// Status control: alert.
    pub const ALERT: u16 = 0x0010;
    /// Status control: intermediate.
    pub const INTERMEDIATE: u16 = 0x0008;
    /// Status control: primary.
    pub const PRIMARY: u16 = 0x0004;
    /// Status control: secondary.
    pub const SECONDARY: u16 = 0x0002;
    /// Status control: status pending.
    pub const PENDING: u16 = 0x0001;
    /// All status control.
    pub const STATUS: u16 = 0x001f;
}

/// Device status.
pub mod device_status {
    /// Attention.
    pub const ATTENTION: u8 = 0x80;
    /// Channel end.
    pub const CHANNEL_END: u8 = 0x08;
    /// Device end.
    pub const DEVICE_END: u8 = 0x04;
    /// Unit check: sense bytes tell why.
    pub const UNIT_CHECK: u8 = 0x02;
}

/// Subchannel status.
pub mod channel_status {
    /// Program-controlled interruption.
    pub const PCI: u8 = 0x80;
    /// Incorrect length.
    pub const INCORRECT_LENGTH: u8 = 0x40;
    /// Program check.
    pub const PROGRAM_CHECK: u8 = 0x20;
    /// Protection check.
    pub const PROTECTION_CHECK: u8 = 0x10;
}

/// The operation-request block.
pub mod orb {
    /// Bytes, without the extension.
    pub const LEN: usize = 12;
    /// The place of the access key in the control.
    pub const KEY_SHIFT: u32 = 12;
    /// Control: the program may suspend.
    pub const SUSPEND: u16 = 0x0800;
    /// Control: commands are of format 1.
    pub const FORMAT_1: u16 = 0x0080;
    /// Control: indirect addresses have 64 bits.
    pub const INDIRECT_64: u16 = 0x0002;
    /// Control: 64-bit indirect addresses are of 2 KiB blocks.
    pub const INDIRECT_2K: u16 = 0x0001;
    /// Control: bits for channel programs of another kind (transport mode), which there are not.
    pub const TRANSPORT: u16 = 0x0004;
    /// In the byte behind the path mask: incorrect length is suppressed for immediate operations.
    pub const SUPPRESS_LENGTH: u8 = 0x80;
    /// There too: modified indirect addresses, which there are not, and reserved bits.
    pub const ABSENT: u8 = 0x7e;
}

/// The channel-command word.
pub mod ccw {
    /// Bytes.
    pub const LEN: u64 = 8;
    /// Chain data.
    pub const CHAIN_DATA: u8 = 0x80;
    /// Chain command.
    pub const CHAIN_COMMAND: u8 = 0x40;
    /// Suppress incorrect length.
    pub const SUPPRESS_LENGTH: u8 = 0x20;
    /// Skip: what is read goes nowhere.
    pub const SKIP: u8 = 0x10;
    /// Program-controlled interruption.
    pub const PCI: u8 = 0x08;
    /// Indirect data addresses.
    pub const INDIRECT: u8 = 0x04;
    /// Suspend.
    pub const SUSPEND: u8 = 0x02;
    /// Modified indirect addresses: not installed.
    pub const MODIFIED_INDIRECT: u8 = 0x01;

    /// Transfer in channel: the low four bits of the code.
    pub const TRANSFER: u8 = 0x08;
    /// Do nothing.
    pub const NO_OPERATION: u8 = 0x03;
    /// Read the sense bytes.
    pub const SENSE: u8 = 0x04;
    /// Read what the device is.
    pub const SENSE_ID: u8 = 0xe4;
}

/// The interruption-response block.
pub mod irb {
    /// Bytes: SCSW, extended status, extended control, extended measurement words.
    pub const LEN: usize = 96;
}

/// In the first sense byte: the command is none of the device's.
pub const SENSE_COMMAND_REJECT: u8 = 0x80;
/// Sense bytes.
pub const SENSE_LEN: usize = 32;

/// CHANNEL SUBSYSTEM CALL. The commands are those that Linux (`drivers/s390/cio/chsc.c`) uses.
pub mod chsc {
    /// Bytes of a request's and an answer's header.
    pub const HEADER: usize = 8;
    /// Bytes of a block.
    pub const BLOCK: usize = 4096;
    /// Store channel-path description.
    pub const PATH_DESCRIPTION: u16 = 0x0002;
    /// Store event information.
    pub const EVENT_INFORMATION: u16 = 0x000e;
    /// Store channel-subsystem characteristics.
    pub const CHARACTERISTICS: u16 = 0x0010;
    /// Set domain attribute.
    pub const DOMAIN_ATTRIBUTE: u16 = 0x0031;

    /// Response: done.
    pub const DONE: u16 = 0x0001;
    /// Response: the request block is not in its format.
    pub const INVALID_FORMAT: u16 = 0x0003;
    /// Response: no such command.
    pub const INVALID_COMMAND: u16 = 0x0004;
    /// Response: nothing to report.
    pub const NO_EVENT: u16 = 0x0005;
    /// Response: a field has a value that it cannot have.
    pub const INVALID_FIELD: u16 = 0x0007;
    /// Bytes of an answer with characteristics.
    pub const CHARACTERISTICS_LEN: usize = 4096 - 16;
}

/// The type of a channel path that leads to nothing but virtual devices.
pub const PATH_TYPE: u8 = 0x32;
/// The path to all devices.
pub const PATH: u8 = 0;

/// In the interruption word: an adapter, not a subchannel.
pub const ADAPTER: u32 = 0x8000_0000;
/// The place of the interruption subclass in the interruption word.
pub const INTERRUPTION_ISC_SHIFT: u32 = 27;
