//! What the tests of every device need: the world around one.

use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Journal, NoObserver, Output, Owner, SaveState, Saved,
    VcpuId, VirtualTime,
};
use lockstep_memory::{DeviceCx, PhysMem};

use crate::{AccessError, Device};

/// Memory and a backplane with nothing else on it.
pub(crate) struct Bench {
    pub(crate) mem: PhysMem,
    pub(crate) bp: Backplane,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let journal = Journal::new(Box::new(NoObserver));
        Self {
            mem: PhysMem::default(),
            bp: Backplane::new(Clock::new(DEFAULT_NS_PER_INSN), journal),
        }
    }

    pub(crate) fn cx(&mut self) -> DeviceCx<'_> {
        DeviceCx { mem: &mut self.mem, bp: &mut self.bp }
    }

    /// A 32-bit read that has to succeed.
    pub(crate) fn read(&mut self, device: &mut impl Device, offset: u64) -> u64 {
        device.read(&mut self.cx(), offset, 4).unwrap()
    }

    /// A 32-bit write that has to succeed.
    pub(crate) fn write(&mut self, device: &mut impl Device, offset: u64, value: u64) {
        device.write(&mut self.cx(), offset, 4, value).unwrap();
    }

    /// Lets another vCPU act.
    pub(crate) fn on(&mut self, vcpu: u16) -> &mut Self {
        self.bp.vcpu = VcpuId(vcpu);
        self
    }

    /// Jumps to `ns` and calls the device for every entry that is due by then.
    pub(crate) fn run_until(&mut self, device: &mut impl Device, ns: u64) {
        let target = VirtualTime::from_ns(ns);
        while let Some((time, _)) = self.bp.calendar.next().filter(|(time, _)| *time <= target) {
            self.bp.clock.warp_to(self.bp.retired, time);
            let (_, id) = self.bp.calendar.take_due(self.bp.now()).unwrap();
            assert!(matches!(id.owner, Owner::Device(_)));
            device.due(&mut self.cx(), id.number);
        }
        self.bp.clock.warp_to(self.bp.retired, target);
    }

    /// What was written to consoles so far.
    pub(crate) fn console(&self) -> Vec<u8> {
        let byte = |output: &Output| match output {
            Output::Console { byte, .. } => Some(*byte),
            _ => None,
        };
        self.bp.outputs.iter().filter_map(byte).collect()
    }
}

/// Holds that a device in any state saves all of it, and that restoring makes `fresh` equal to it.
pub(crate) fn assert_round_trip<D: SaveState + PartialEq + std::fmt::Debug>(
    device: &D,
    mut fresh: D,
) {
    assert_ne!(*device, fresh, "the device is not in a busy state: the test would prove nothing");
    let mut saved = Saved::default();
    device.save("part", &mut saved);
    fresh.restore("part", &saved).unwrap();
    assert_eq!(*device, fresh);
    let mut again = Saved::default();
    fresh.save("part", &mut again);
    assert_eq!(saved, again);
}

/// Holds that a register this build does not have stops the machine instead of answering something.
pub(crate) fn assert_loud(device: &mut impl Device, bench: &mut Bench, offset: u64) {
    let read = device.read(&mut bench.cx(), offset, 4);
    assert!(matches!(read, Err(AccessError::Unimplemented { .. })), "read: {read:?}");
    let write = device.write(&mut bench.cx(), offset, 4, 0);
    assert!(matches!(write, Err(AccessError::Unimplemented { .. })), "write: {write:?}");
}
