//! What a board offers to s390x processors.
//!
//! The processor checks privilege and operands, moves blocks between storage and here, and delivers interruptions; what a
//! subchannel, the service processor or a hypervisor call does is the board's.

use lockstep_core::{StopReason, VcpuId};
use lockstep_cpu::Platform;
use lockstep_memory::DeviceCx;

use crate::StorageKeys;

/// Bits of [`Platform::lines`].
pub mod line {
    /// An I/O interruption of subclass `isc` is pending.
    #[must_use]
    pub const fn io(isc: u8) -> u32 {
        0x80 >> isc
    }
    /// All I/O interruptions, as the byte that CR6 has them in.
    pub const IO: u32 = 0xff;
    /// A service signal is pending.
    pub const SERVICE: u32 = 1 << 8;
    /// A channel report is pending (machine check).
    pub const CHANNEL_REPORT: u32 = 1 << 9;
    /// Somebody presses the interrupt key.
    pub const KEY: u32 = 1 << 10;
}

/// An I/O interruption, as it is stored at real 184 and by TEST PENDING INTERRUPTION.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoInterruption {
    /// Subsystem-identification word: 0 for adapters, else the subchannel's.
    pub subchannel: u32,
    /// Interruption parameter.
    pub parameter: u32,
    /// Interruption-identification word: the subclass, and whether an adapter asks.
    pub identification: u32,
}

/// Why the board does not do what an instruction asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The guest gets a program interruption with this code (operand 0x15, specification 6...).
    Program(u16),
    /// This build lacks what the guest used; the run ends with this report.
    Unimplemented(String),
}

/// A condition code, or a refusal.
pub type Outcome = Result<u8, Refusal>;

/// What happens after a DIAGNOSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosed {
    /// The next instruction; registers are as the board left them.
    Done,
    /// The same with a condition code.
    ConditionCode(u8),
    /// The run ends.
    Stop(StopReason),
    /// The machine is reset, and loads again.
    Reset,
    /// The board has reset its devices. All processors are reset, and this one starts with the short PSW at address 0.
    LoadNormal {
        /// Registers are cleared as well.
        clear: bool,
    },
}

/// A DIAGNOSE instruction.
#[derive(Debug)]
pub struct Diagnose<'a> {
    /// The second-operand address: which function.
    pub function: u16,
    /// Its first register.
    pub r1: u8,
    /// Its second register.
    pub r3: u8,
    /// The general registers.
    pub regs: &'a mut [u64],
}

/// A board with a channel subsystem, a service processor and a clock.
///
/// Addresses are absolute. Blocks are as they are in storage. Every default is the answer of a machine that does not have it.
pub trait S390xPlatform: Platform {
    /// The storage keys of all memory.
    fn keys(&mut self) -> &mut StorageKeys;
    /// The TOD clock at virtual time zero.
    fn tod_origin(&self) -> u64;
    /// Sets the TOD clock at virtual time zero (SET CLOCK).
    fn set_tod_origin(&mut self, value: u64);
    /// Random bytes, from the machine's seed.
    fn random(&mut self, bytes: &mut [u8]);
    /// Processors on the board: their addresses are 0 and up.
    fn processors(&self) -> u16 {
        1
    }
    /// Bytes of storage.
    fn storage_len(&self) -> u64;

    /// SERVICE CALL: the command word, and where its control block is.
    fn service_call(&mut self, cx: &mut DeviceCx<'_>, command: u32, block: u64) -> Outcome;
    /// Takes the pending service signal: its parameter.
    fn take_service_signal(&mut self, cx: &mut DeviceCx<'_>) -> Option<u32>;
    /// Takes the pending I/O interruption of the highest priority among these subclasses (the byte that CR6 has).
    fn take_io(&mut self, cx: &mut DeviceCx<'_>, subclasses: u8) -> Option<IoInterruption>;
    /// A machine check for a pending channel report was delivered; the reports stay until STORE CHANNEL REPORT WORD.
    fn channel_report_delivered(&mut self, cx: &mut DeviceCx<'_>) {
        let _ = cx;
    }
    /// The interrupt key was delivered.
    fn key_delivered(&mut self, cx: &mut DeviceCx<'_>) {
        let _ = cx;
    }
    /// DIAGNOSE, other than what the processor does itself (0x44, 0x9c).
    fn diagnose(&mut self, cx: &mut DeviceCx<'_>, call: Diagnose<'_>)
    -> Result<Diagnosed, Refusal>;

    /// START SUBCHANNEL. `subchannel` is the subsystem-identification word.
    fn start_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        orb: &[u8; 32],
    ) -> Outcome;
    /// STORE SUBCHANNEL: the block goes into `schib`, if the condition code is 0.
    fn store_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        schib: &mut [u8; 52],
    ) -> Outcome;
    /// MODIFY SUBCHANNEL.
    fn modify_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        schib: &[u8; 52],
    ) -> Outcome;
    /// TEST SUBCHANNEL: the block goes into `irb`, unless the condition code is 3. Gives how many of its bytes are stored.
    fn test_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        irb: &mut [u8; 96],
    ) -> Outcome;
    /// CLEAR SUBCHANNEL.
    fn clear_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome;
    /// HALT SUBCHANNEL.
    fn halt_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome;
    /// RESUME SUBCHANNEL.
    fn resume_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome;
    /// CANCEL SUBCHANNEL.
    fn cancel_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome;
    /// RESET CHANNEL PATH, by its identifier.
    fn reset_channel_path(&mut self, cx: &mut DeviceCx<'_>, path: u8) -> Outcome;
    /// STORE CHANNEL REPORT WORD: the word; condition code 1 and zero when there is none.
    fn store_channel_report(&mut self, cx: &mut DeviceCx<'_>) -> (u8, u32);
    /// SET CHANNEL MONITOR, with general registers 1 and 2.
    fn set_channel_monitor(&mut self, cx: &mut DeviceCx<'_>, mode: u64, origin: u64) -> Outcome;
    /// SET ADDRESS LIMIT, with general register 1.
    fn set_address_limit(&mut self, cx: &mut DeviceCx<'_>, limit: u64) -> Outcome;
    /// CHANNEL SUBSYSTEM CALL: command and response in one block.
    fn channel_subsystem_call(&mut self, cx: &mut DeviceCx<'_>, block: &mut [u8; 4096]) -> Outcome;

    /// A processor has loaded a wait PSW that nothing can interrupt, or has been stopped, and no other one runs.
    fn halted(&mut self, cx: &mut DeviceCx<'_>, vcpu: VcpuId, halt: Halt) -> StopReason {
        let _ = cx;
        match halt {
            Halt::DisabledWait { mask, address } => StopReason::Dead(format!(
                "{vcpu} is in a disabled wait: code {address:#x}, PSW {mask:016x} {address:016x}"
            )),
            Halt::Stopped => StopReason::PowerOff,
        }
    }
}

/// Why a processor runs no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// By its wait PSW. The address is a code by which software says why.
    DisabledWait {
        /// PSW bits 0 to 63.
        mask: u64,
        /// PSW bits 64 to 127.
        address: u64,
    },
    /// By SIGNAL PROCESSOR.
    Stopped,
}
