//! Assigned storage locations (Principles of Operation, chapter 3): real addresses.

/// External-interruption parameter.
pub const EXTERNAL_PARAMETER: u64 = 0x80;
/// The processor that signalled.
pub const EXTERNAL_CPU: u64 = 0x84;
/// External-interruption code.
pub const EXTERNAL_CODE: u64 = 0x86;
/// SVC: zero, instruction length, zero, number.
pub const SUPERVISOR_CALL: u64 = 0x88;
/// Program interruption: zero, instruction length, code.
pub const PROGRAM: u64 = 0x8c;
/// Data-exception code, or vector-exception code.
pub const DATA_EXCEPTION: u64 = 0x90;
/// Monitor-class number.
pub const MONITOR_CLASS: u64 = 0x94;
/// PER code and addressing mode.
pub const PER_CODE: u64 = 0x96;
/// PER address.
pub const PER_ADDRESS: u64 = 0x98;
/// Exception access identification.
pub const ACCESS_IDENTIFICATION: u64 = 0xa0;
/// PER access identification.
pub const PER_ACCESS_IDENTIFICATION: u64 = 0xa1;
/// Architectural-mode identification.
pub const ARCHITECTURE: u64 = 0xa3;
/// Translation-exception identification.
pub const TRANSLATION_EXCEPTION: u64 = 0xa8;
/// Monitor code.
pub const MONITOR_CODE: u64 = 0xb0;
/// Subsystem-identification word.
pub const SUBCHANNEL: u64 = 0xb8;
/// I/O-interruption parameter.
pub const IO_PARAMETER: u64 = 0xbc;
/// I/O-interruption-identification word.
pub const IO_IDENTIFICATION: u64 = 0xc0;
/// Where STORE FACILITY LIST stores.
pub const FACILITY_LIST: u64 = 0xc8;
/// Machine-check-interruption code.
pub const MACHINE_CHECK: u64 = 0xe8;
/// External-damage code.
pub const EXTERNAL_DAMAGE: u64 = 0xf4;
/// Where the old PSWs are, by [`Class`]; the new ones are 128 bytes behind.
const OLD: u64 = 0x120;

/// Where registers are stored by a machine check and by STORE STATUS.
pub mod save {
    /// Floating-point registers.
    pub const FLOAT: u64 = 0x1200;
    /// General registers.
    pub const GENERAL: u64 = 0x1280;
    /// PSW.
    pub const PSW: u64 = 0x1300;
    /// Prefix.
    pub const PREFIX: u64 = 0x1318;
    /// Floating-point control register.
    pub const FPC: u64 = 0x131c;
    /// TOD programmable register.
    pub const TOD_PROGRAMMABLE: u64 = 0x1324;
    /// CPU timer.
    pub const TIMER: u64 = 0x1328;
    /// Bits 0 to 55 of the clock comparator, behind a zero byte.
    pub const COMPARATOR: u64 = 0x1330;
    /// Access registers.
    pub const ACCESS: u64 = 0x1340;
    /// Control registers.
    pub const CONTROL: u64 = 0x1380;
}

/// The interruption classes, in the order of their PSWs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by the class")]
pub enum Class {
    Restart = 0,
    External = 1,
    Supervisor = 2,
    Program = 3,
    MachineCheck = 4,
    Io = 5,
}

impl Class {
    /// Where the old PSW is stored.
    #[must_use]
    pub const fn old_psw(self) -> u64 {
        OLD + 16 * self as u64
    }

    /// Where the new PSW is loaded from.
    #[must_use]
    pub const fn new_psw(self) -> u64 {
        self.old_psw() + 0x80
    }
}
