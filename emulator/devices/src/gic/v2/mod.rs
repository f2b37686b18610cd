//! Generic interrupt controller, version 2: up to eight vCPUs, and a CPU interface in memory.
//!
//! What the usual `virt` machine has when nothing else is asked for. As there, the controller has no Security
//! Extensions: both groups exist, every access may use both, all interrupts start in group 0, and group 0 is
//! signalled as IRQ unless `GICC_CTLR.FIQEn` is set. Priorities have all eight bits. With one vCPU there are no target
//! registers: they read as zero, and every interrupt goes to it.
//!
//! The specification leaves open what happens when several vCPUs are targets of one interrupt and it is
//! acknowledged by two; here they act one after the other, so the second finds nothing (or the next interrupt).

mod cpu_interface;
mod distributor;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{Backplane, RestoreError, SaveState, Saved, VcpuId};
use serde::{Deserialize, Serialize};

use super::common::{
    Group, Groups, Interrupts, Outputs, Pending, Priorities, Shape, Signals, select,
};
use super::{ConfigError, InterruptController, Line, check_shared};
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "gicv2";
const SHAPE: Shape = Shape::new(8);
/// Interrupts that software generates.
const SGIS: usize = 16;

/// One CPU interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CpuInterface {
    ctlr: u32,
    priorities: Priorities,
    /// Per software-generated interrupt, the vCPUs that have sent it and were not answered.
    sgi_sources: [u8; SGIS],
}

/// Everything about the controller that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GicV2State {
    ctlr: u32,
    interrupts: Interrupts,
    /// Per shared interrupt, the vCPUs it goes to.
    targets: Vec<u8>,
    cpus: Vec<CpuInterface>,
}

impl GicV2State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn new(vcpus: usize, shared: u16) -> Self {
        let cpu =
            CpuInterface { ctlr: 0, priorities: Priorities::new(SHAPE), sgi_sources: [0; SGIS] };
        let mut interrupts = Interrupts::new(vcpus, shared);
        for bank in &mut interrupts.private {
            distributor::enable_software_generated(bank);
        }
        Self { ctlr: 0, interrupts, targets: vec![0; shared.into()], cpus: vec![cpu; vcpus] }
    }

    fn fits(&self, other: &Self) -> bool {
        self.interrupts.same_shape(&other.interrupts)
            && self.targets.len() == other.targets.len()
            && self.cpus.len() == other.cpus.len()
            && other.cpus.iter().all(|cpu| cpu.priorities.fits(SHAPE))
    }
}

/// The interrupt controller on the bus: see [`spec::DISTRIBUTOR`] and [`spec::CPU_INTERFACE`] for its two frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GicV2 {
    shared: u16,
    state: GicV2State,
    outputs: Outputs,
}

impl GicV2 {
    /// A controller for `vcpus` vCPUs and `shared` lines of the board.
    pub fn new(vcpus: usize, shared: u16) -> Result<Self, ConfigError> {
        check_shared(shared)?;
        if !(1..=spec::MAX_VCPUS).contains(&vcpus) {
            return Err(ConfigError::Vcpus { vcpus, most: spec::MAX_VCPUS });
        }
        let state = GicV2State::new(vcpus, shared);
        Ok(Self { shared, state, outputs: Outputs::new(vcpus) })
    }

    fn vcpus(&self) -> usize {
        self.state.cpus.len()
    }

    /// Computes what depends on the state. Returns whether an input of a vCPU has changed.
    fn refresh(&mut self) -> bool {
        let state = &self.state;
        let enabled = Groups::from_bits(state.ctlr);
        let uniprocessor = self.vcpus() == 1;
        select(
            &state.interrupts,
            |_| enabled,
            &mut self.outputs.best,
            |place, _, offer| {
                let mut targets = if uniprocessor { 1 } else { state.targets[place] };
                while targets != 0 {
                    offer(targets.trailing_zeros() as usize);
                    targets &= targets - 1;
                }
            },
        );
        let mut changed = false;
        for vcpu in 0..self.vcpus() {
            changed |= self.outputs.signal(vcpu, self.signals(vcpu));
        }
        changed
    }

    /// The interrupt that a vCPU would take now.
    fn deliverable(&self, vcpu: usize) -> Option<Pending> {
        let cpu = &self.state.cpus[vcpu];
        self.outputs.best[vcpu].filter(|pending| {
            Groups::from_bits(cpu.ctlr).contains(pending.group)
                && cpu.priorities.preempts(SHAPE, pending)
        })
    }

    fn signals(&self, vcpu: usize) -> Signals {
        let Some(pending) = self.deliverable(vcpu) else { return Signals::default() };
        let fast = pending.group == Group::Zero
            && self.state.cpus[vcpu].ctlr & spec::GICC_CTLR_FIQ_EN != 0;
        Signals { irq: !fast, fiq: fast }
    }

    /// The vCPU that is making an access. The board has as many as the controller.
    fn accessor(&self, bp: &Backplane) -> Result<usize, AccessError> {
        let vcpu = bp.vcpu.index();
        if vcpu < self.vcpus() { Ok(vcpu) } else { Err(AccessError::Abort) }
    }
}

impl InterruptController for GicV2 {
    fn set_line(&mut self, bp: &mut Backplane, line: Line, level: bool) {
        let changed = match line {
            Line::Shared(number) => self.state.interrupts.shared.set_line(number.into(), level),
            Line::Private { vcpu, intid } => {
                let bank = self.state.interrupts.private.get_mut(vcpu.index());
                bank.is_some_and(|bank| bank.set_line(intid.into(), level))
            }
        };
        if changed {
            bp.attention |= self.refresh();
        }
    }

    fn irq(&self, vcpu: VcpuId) -> bool {
        self.outputs.signals.get(vcpu.index()).is_some_and(|signals| signals.irq)
    }

    fn fiq(&self, vcpu: VcpuId) -> bool {
        self.outputs.signals.get(vcpu.index()).is_some_and(|signals| signals.fiq)
    }
}

impl Device for GicV2 {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let vcpu = self.accessor(cx.bp)?;
        let value = match offset.checked_sub(spec::CPU_INTERFACE) {
            None => distributor::read(&self.state, vcpu, offset, size)?,
            Some(offset) => {
                let value = self.cpu_read(vcpu, offset, size)?;
                // The read may have been an acknowledgement.
                cx.bp.attention |= self.refresh();
                value
            }
        };
        value.map(u64::from).ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let vcpu = self.accessor(cx.bp)?;
        let word = value as u32;
        let known = match offset.checked_sub(spec::CPU_INTERFACE) {
            None => distributor::write(&mut self.state, vcpu, offset, size, word),
            Some(offset) => self.cpu_write(vcpu, offset, size, word),
        }?;
        cx.bp.attention |= self.refresh();
        known.ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.state = GicV2State::new(self.vcpus(), self.shared);
        cx.bp.attention |= self.refresh();
    }
}

impl SaveState for GicV2 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, GicV2State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: GicV2State = from.get(name, GicV2State::VERSION)?;
        if !self.state.fits(&state) {
            let detail = "it is of a controller with other vCPUs or interrupts".to_owned();
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        self.refresh();
        Ok(())
    }
}
