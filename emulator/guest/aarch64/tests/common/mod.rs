//! A machine with memory and nothing else, on which tests run instructions.

#![allow(dead_code, reason = "every test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_aarch64::{Aarch64, Aarch64Platform};
use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Input, Journal, NoObserver, RestoreError, Saved, VcpuId,
};
use lockstep_cpu::{BusError, Cx, Engine, Guest, Interpreter, Platform};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};
use lockstep_testing::Random;

/// Where memory starts.
pub(crate) const RAM: u64 = 0x4000_0000;
/// How much there is.
pub(crate) const RAM_LEN: u64 = 0x0080_0000;
/// Where single instructions are put.
pub(crate) const CODE: u64 = RAM + 0x8_0000;
/// A place for data.
pub(crate) const DATA: u64 = RAM + 0x10_0000;

/// Eight bytes of a vector register: integers, or numbers of one of the formats.
pub(crate) fn lanes(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => random.value(),
        1 => random.next(),
        2 => (0..8).fold(0, |v, _| v << 8 | random.value() & 0xff),
        3 => (0..4).fold(0, |v, _| v << 16 | random.float(10, 5)),
        4 | 5 => (0..2).fold(0, |v, _| v << 32 | random.float(23, 8)),
        _ => random.float(52, 11),
    }
}

/// A board with nothing on it.
struct Bare;

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

impl Aarch64Platform for Bare {
    fn has_gic_registers(&self) -> bool {
        false
    }
    fn gic_read(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u16) -> Option<u64> {
        None
    }
    fn gic_write(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u16, _: u64) -> Option<()> {
        None
    }
    fn set_ppi(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u32, _: bool) {}
}

/// The machine.
pub(crate) struct Machine {
    /// The processor and its memory.
    pub(crate) cx: Cx<Aarch64>,
    interpreter: Interpreter<Aarch64>,
}

impl Machine {
    /// A machine whose processor starts at `entry`.
    pub(crate) fn new(entry: u64) -> Self {
        let mut mem = PhysMem::default();
        mem.add_region(RAM, RAM_LEN, RegionKind::Ram);
        let clock = Clock::new(DEFAULT_NS_PER_INSN);
        let bp = Backplane::new(clock, Journal::new(Box::new(NoObserver)));
        let cpu = Aarch64::reset(VcpuId(0), entry, 0);
        Self { cx: Cx::new(cpu, mem, bp, Box::new(Bare)), interpreter: Interpreter::default() }
    }

    /// Runs as many instructions.
    pub(crate) fn run(&mut self, count: u64) {
        let end = self.cx.bp.retired + count;
        while self.cx.bp.retired < end {
            self.cx.bp.attention = false;
            let left = end - self.cx.bp.retired;
            assert!(self.interpreter.run(&mut self.cx, left).is_none());
        }
    }

    /// Runs one instruction at [`CODE`]; tells whether it went on to the next one.
    pub(crate) fn step(&mut self, word: u32) -> bool {
        self.cx.mem.write_bytes(CODE, &word.to_le_bytes()).unwrap();
        self.cx.cpu.pc = CODE;
        self.run(1);
        self.cx.cpu.pc == CODE + 4
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.cx.mem.read_bytes(address, &mut bytes).unwrap();
        bytes
    }

    /// A doubleword of memory.
    pub(crate) fn doubleword(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }
}
