//! A processor with some memory and a board that only keeps notes, for the tests of this crate.

#![allow(
    clippy::disallowed_types,
    reason = "a test looks into the board while the machine owns it"
)]

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use lockstep_core::{
    Backplane, Clock, Event, Input, Journal, Level, Observer, RestoreError, Saved, VcpuId, Verdict,
    VirtualTime, What,
};
use lockstep_cpu::{BusError, Cx, Emit, Exit, Guest, Mem, Platform, Size};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};

use crate::registers::rows::at;
use crate::{Aarch64, Aarch64Platform, Exception, Insn, system};

/// Where RAM lies, and how long it is.
pub(crate) const RAM: u64 = 0x4000_0000;
pub(crate) const RAM_LEN: u64 = 0x100_0000;
/// The GIC register that the board has.
pub(crate) const GIC_REGISTER: u16 = at(3, 0, 4, 6, 0);

/// What happened to the board.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) ppis: Vec<(u32, bool)>,
    pub(crate) gic: u64,
    pub(crate) events: Vec<What>,
}

pub(crate) type Shared = Arc<Mutex<Notes>>;

struct Board(Shared);

impl Platform for Board {
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

impl Aarch64Platform for Board {
    fn has_gic_registers(&self) -> bool {
        true
    }
    fn gic_read(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, encoding: u16) -> Option<u64> {
        (encoding == GIC_REGISTER).then(|| self.0.lock().unwrap().gic)
    }
    fn gic_write(
        &mut self,
        _: &mut DeviceCx<'_>,
        _: VcpuId,
        encoding: u16,
        value: u64,
    ) -> Option<()> {
        (encoding == GIC_REGISTER).then(|| self.0.lock().unwrap().gic = value)
    }
    fn set_ppi(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, ppi: u32, level: bool) {
        self.0.lock().unwrap().ppis.push((ppi, level));
    }
}

struct Witness(Shared);

impl Observer for Witness {
    fn level(&self) -> Level {
        Level::Full
    }
    fn observe(&mut self, event: &Event) -> Verdict {
        self.0.lock().unwrap().events.push(event.what.clone());
        Verdict::Continue
    }
}

/// A processor at EL1 after reset, one of `count`.
pub(crate) fn machine_of(count: usize) -> (Cx<Aarch64>, Shared) {
    let notes = Shared::default();
    let mut mem = PhysMem::default();
    mem.add_region(RAM, RAM_LEN, RegionKind::Ram);
    let clock = Clock::new(NonZeroU32::new(4).unwrap());
    let bp = Backplane::new(clock, Journal::new(Box::new(Witness(notes.clone()))));
    let cpu = Aarch64::reset(VcpuId(0), RAM, 0);
    let mut cx = Cx::new(cpu, mem, bp, Box::new(Board(notes.clone())));
    cx.powers = vec![lockstep_cpu::PowerState::Off; count];
    cx.powers[0] = lockstep_cpu::PowerState::Running;
    (cx, notes)
}

/// The only processor of a machine, at EL1 after reset.
pub(crate) fn machine() -> Cx<Aarch64> {
    machine_of(1).0
}

/// The exception that an instruction ended with.
pub(crate) fn fault<T: std::fmt::Debug>(result: Result<T, Exit<Aarch64>>) -> Exception {
    match result {
        Err(Exit::Exception(exception)) => exception,
        other => panic!("no exception: {other:?}"),
    }
}

/// EC.
pub(crate) fn class_of(exception: Exception) -> u32 {
    exception.syndrome >> 26
}

/// ISS.
pub(crate) fn iss_of(exception: Exception) -> u32 {
    exception.syndrome & 0x1ff_ffff
}

/// MRS into X9.
pub(crate) fn read_sys(cx: &mut Cx<Aarch64>, encoding: u16) -> Result<u64, Exit<Aarch64>> {
    let insn = Insn { imm: encoding.into(), rd: 9, ..Insn::default() };
    system::mrs(cx, &insn)?;
    Ok(cx.get(9))
}

/// MSR from X9.
pub(crate) fn write_sys(
    cx: &mut Cx<Aarch64>,
    encoding: u16,
    value: u64,
) -> Result<(), Exit<Aarch64>> {
    cx.put(9, value);
    system::msr(cx, &Insn { imm: encoding.into(), rd: 9, ..Insn::default() })
}

/// SYS with X9.
pub(crate) fn run_sys(
    cx: &mut Cx<Aarch64>,
    [op1, crn, crm, op2]: [u16; 4],
    value: u64,
) -> Result<(), Exit<Aarch64>> {
    cx.put(9, value);
    let imm = at(1, op1, crn, crm, op2).into();
    system::sys(cx, &Insn { imm, rd: 9, ..Insn::default() })
}

/// Loads eight bytes.
pub(crate) fn load(cx: &mut Cx<Aarch64>, address: u64) -> Result<u64, Exit<Aarch64>> {
    cx.load(address, Mem::plain(Size::B8))
}

/// Stores eight bytes.
pub(crate) fn store(cx: &mut Cx<Aarch64>, address: u64, value: u64) -> Result<(), Exit<Aarch64>> {
    cx.store(address, value, Mem::plain(Size::B8))
}

/// Goes to an exception level, with the stack pointer that belongs there.
pub(crate) fn go_to(cx: &mut Cx<Aarch64>, el: u8) {
    crate::registers::select_sp(&mut cx.cpu, el == 1);
    cx.cpu.sys.el = el;
    crate::registers::derive(&mut cx.cpu);
}

/// Makes virtual time `ns`, without any instruction.
pub(crate) fn at_ns(cx: &mut Cx<Aarch64>, ns: u64) {
    cx.bp.clock.warp_to(0, VirtualTime::from_ns(ns));
}
