//! A machine with storage and nothing else, on which tests run instructions.

#![allow(dead_code, reason = "every test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Input, Journal, NoObserver, RestoreError, Saved, VcpuId,
};
use lockstep_cpu::{BusError, Cx, Engine, Guest, Interpreter, Platform, PowerState};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};
use lockstep_s390x::{
    Diagnose, Diagnosed, IoInterruption, Outcome, Refusal, S390x, S390xPlatform, StorageKeys,
};

/// How much storage there is.
pub(crate) const STORAGE: u64 = 0x0400_0000;

/// A board with nothing on it.
struct Bare(StorageKeys);

impl Platform for Bare {
    fn read(&mut self, _: &mut DeviceCx<'_>, _: u64, _: u8) -> Result<u64, BusError> {
        Err(BusError::Abort)
    }
    fn write(&mut self, _: &mut DeviceCx<'_>, _: u64, _: u8, _: u64) -> Result<(), BusError> {
        Err(BusError::Abort)
    }
    fn due(&mut self, _: &mut DeviceCx<'_>, _: u16, _: u32) {}
    fn input(&mut self, _: &mut DeviceCx<'_>, _: &Input) {}
    fn lines(&self, _: VcpuId) -> u32 {
        0
    }
    fn reset(&mut self, _: &mut DeviceCx<'_>) {}
    fn save(&self, _: &mut Saved) {}
    fn restore(&mut self, _: &Saved) -> Result<(), RestoreError> {
        Ok(())
    }
}

type D<'a, 'b> = &'a mut DeviceCx<'b>;

impl S390xPlatform for Bare {
    fn keys(&mut self) -> &mut StorageKeys {
        &mut self.0
    }
    fn tod_origin(&self) -> u64 {
        0
    }
    fn set_tod_origin(&mut self, _: u64) {}
    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
    fn storage_len(&self) -> u64 {
        STORAGE
    }
    fn service_call(&mut self, _: D<'_, '_>, _: u32, _: u64) -> Outcome {
        Ok(3)
    }
    fn take_service_signal(&mut self, _: D<'_, '_>) -> Option<u32> {
        None
    }
    fn take_io(&mut self, _: D<'_, '_>, _: u8) -> Option<IoInterruption> {
        None
    }
    fn diagnose(&mut self, _: D<'_, '_>, _: Diagnose<'_>) -> Result<Diagnosed, Refusal> {
        Err(Refusal::Program(6))
    }
    fn start_subchannel(&mut self, _: D<'_, '_>, _: u32, _: &[u8; 32]) -> Outcome {
        Ok(3)
    }
    fn store_subchannel(&mut self, _: D<'_, '_>, _: u32, _: &mut [u8; 52]) -> Outcome {
        Ok(3)
    }
    fn modify_subchannel(&mut self, _: D<'_, '_>, _: u32, _: &[u8; 52]) -> Outcome {
        Ok(3)
    }
    fn test_subchannel(&mut self, _: D<'_, '_>, _: u32, _: &mut [u8; 96]) -> Outcome {
        Ok(3)
    }
    fn clear_subchannel(&mut self, _: D<'_, '_>, _: u32) -> Outcome {
        Ok(3)
    }
    fn halt_subchannel(&mut self, _: D<'_, '_>, _: u32) -> Outcome {
        Ok(3)
    }
    fn resume_subchannel(&mut self, _: D<'_, '_>, _: u32) -> Outcome {
        Ok(3)
    }
    fn cancel_subchannel(&mut self, _: D<'_, '_>, _: u32) -> Outcome {
        Ok(3)
    }
    fn reset_channel_path(&mut self, _: D<'_, '_>, _: u8) -> Outcome {
        Ok(3)
    }
    fn store_channel_report(&mut self, _: D<'_, '_>) -> (u8, u32) {
        (1, 0)
    }
    fn set_channel_monitor(&mut self, _: D<'_, '_>, _: u64, _: u64) -> Outcome {
        Ok(0)
    }
    fn set_address_limit(&mut self, _: D<'_, '_>, _: u64) -> Outcome {
        Ok(0)
    }
    fn channel_subsystem_call(&mut self, _: D<'_, '_>, _: &mut [u8; 4096]) -> Outcome {
        Ok(3)
    }
}

/// The machine.
pub(crate) struct Machine {
    /// The processor and its memory.
    pub(crate) cx: Cx<S390x>,
    interpreter: Interpreter<S390x>,
}

impl Machine {
    /// A machine whose processor starts at `entry`.
    pub(crate) fn new(entry: u64) -> Self {
        let mut mem = PhysMem::default();
        mem.add_region(0, STORAGE, RegionKind::Ram);
        let clock = Clock::new(DEFAULT_NS_PER_INSN);
        let bp = Backplane::new(clock, Journal::new(Box::new(NoObserver)));
        let cpu = S390x::reset(VcpuId(0), entry, 0);
        let mut cx = Cx::new(cpu, mem, bp, Box::new(Bare(StorageKeys::new(STORAGE))));
        cx.powers = vec![PowerState::Running];
        Self { cx, interpreter: Interpreter::default() }
    }

    /// Runs so many instructions.
    pub(crate) fn run(&mut self, count: u64) {
        self.cx.bp.attention = false;
        assert!(self.interpreter.run(&mut self.cx, count).is_none());
    }

    /// Runs until the processor waits. Fails when it has not after so many instructions, or when something is missing.
    pub(crate) fn run_to_wait(&mut self, limit: u64) -> Result<(), String> {
        while self.cx.cpu.power == PowerState::Running {
            self.cx.bp.attention = false;
            if let Some(stop) = self.interpreter.run(&mut self.cx, 100_000) {
                return Err(stop.to_string());
            }
            if self.cx.bp.retired > limit {
                return Err(format!("still running at {:#x}", self.cx.cpu.pc));
            }
        }
        Ok(())
    }

    /// Bytes of storage.
    pub(crate) fn bytes(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.cx.mem.read_bytes(address, &mut bytes).unwrap();
        bytes
    }
}
