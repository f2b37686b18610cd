//! Generic interrupt controller, version 3: many vCPUs, routing by affinity, and a CPU interface in system registers.
//!
//! One security state and affinity routing, both fixed, as on the usual `virt` machine without secure world. There
//! are no LPIs, no message-based interrupts and no extended ranges, and the identification says so. Five bits of
//! priority are implemented, in the distributor and in the CPU interfaces.
//!
//! Choices where the specification leaves room:
//!
//! * An interrupt that any vCPU may take goes to the lowest-numbered one that has the interrupt's group enabled.
//! * A redistributor falls asleep and wakes at once, and sleeping holds no interrupt back: programs that never touch
//!   `GICR_WAKER` run on `virt`.
//! * Ending an interrupt in the register of a group that is not running does nothing; so does `ICC_DIR_EL1` unless
//!   ending and deactivating are separate.

mod cpu_interface;
mod distributor;
mod icc_register;
mod redistributor;
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

pub use icc_register::IccRegister;

const NAME: &str = "gicv3";
const SHAPE: Shape = Shape::new(5);

/// One vCPU's redistributor and CPU interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CpuInterface {
    /// Software wants the interface asleep.
    asleep: bool,
    /// ICC_IGRPEN0_EL1 and ICC_IGRPEN1_EL1, one bit each.
    enabled: u32,
    /// Ending and deactivating are separate.
    eoi_mode: bool,
    priorities: Priorities,
}

/// Everything about the controller that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GicV3State {
    ctlr: u32,
    interrupts: Interrupts,
    /// GICD_IROUTER of every shared interrupt.
    routes: Vec<u64>,
    cpus: Vec<CpuInterface>,
}

impl GicV3State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn new(vcpus: usize, shared: u16) -> Self {
        let cpu = CpuInterface {
            asleep: true,
            enabled: 0,
            eoi_mode: false,
            priorities: Priorities::new(SHAPE),
        };
        Self {
            ctlr: 0,
            interrupts: Interrupts::new(vcpus, shared),
            routes: vec![0; shared.into()],
            cpus: vec![cpu; vcpus],
        }
    }

    fn fits(&self, other: &Self) -> bool {
        self.interrupts.same_shape(&other.interrupts)
            && self.routes.len() == other.routes.len()
            && self.cpus.len() == other.cpus.len()
            && other.cpus.iter().all(|cpu| cpu.priorities.fits(SHAPE))
    }

    /// The groups that reach a vCPU.
    fn groups(&self, vcpu: usize) -> Groups {
        Groups::from_bits(self.ctlr).and(Groups::from_bits(self.cpus[vcpu].enabled))
    }
}

/// The interrupt controller on the bus: see [`spec::DISTRIBUTOR`] and [`spec::REDISTRIBUTORS`] for its frames, and
/// [`GicV3::icc_read`] and [`GicV3::icc_write`] for its system registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GicV3 {
    /// Per vCPU, its affinity: levels 3 to 0 from the highest byte down.
    affinities: Vec<u32>,
    shared: u16,
    state: GicV3State,
    outputs: Outputs,
}

impl GicV3 {
    /// A controller for vCPUs of these affinities (level 3 in the highest byte) and `shared` lines of the board.
    pub fn new(affinities: &[u32], shared: u16) -> Result<Self, ConfigError> {
        check_shared(shared)?;
        let vcpus = affinities.len();
        if !(1..=spec::MAX_VCPUS).contains(&vcpus) {
            return Err(ConfigError::Vcpus { vcpus, most: spec::MAX_VCPUS });
        }
        for (number, affinity) in affinities.iter().enumerate() {
            if affinities[..number].contains(affinity) {
                return Err(ConfigError::Affinity(*affinity));
            }
        }
        Ok(Self {
            affinities: affinities.to_vec(),
            shared,
            state: GicV3State::new(vcpus, shared),
            outputs: Outputs::new(vcpus),
        })
    }

    fn vcpus(&self) -> usize {
        self.affinities.len()
    }

    /// Computes what depends on the state. Returns whether an input of a vCPU has changed.
    fn refresh(&mut self) -> bool {
        let (state, affinities) = (&self.state, &self.affinities);
        let enabled = |vcpu: usize| state.groups(vcpu);
        select(&state.interrupts, enabled, &mut self.outputs.best, |place, group, offer| {
            let route = state.routes[place];
            let taker = if route & spec::IROUTER_ANY == 0 {
                affinities.iter().position(|affinity| *affinity == affinity_of(route))
            } else {
                (0..affinities.len()).find(|vcpu| enabled(*vcpu).contains(group))
            };
            if let Some(vcpu) = taker {
                offer(vcpu);
            }
        });
        let mut changed = false;
        for vcpu in 0..self.vcpus() {
            changed |= self.signal(vcpu);
        }
        changed
    }

    /// Computes a vCPU's inputs when only its own priorities have changed.
    fn signal(&mut self, vcpu: usize) -> bool {
        let pending = self.deliverable(vcpu);
        let is = |group| pending.is_some_and(|pending| pending.group == group);
        self.outputs.signal(vcpu, Signals { irq: is(Group::One), fiq: is(Group::Zero) })
    }

    /// The interrupt that a vCPU would take now.
    fn deliverable(&self, vcpu: usize) -> Option<Pending> {
        let priorities = &self.state.cpus[vcpu].priorities;
        self.outputs.best[vcpu].filter(|pending| priorities.preempts(SHAPE, pending))
    }
}

/// The affinity in a GICD_IROUTER: levels 2 to 0 in the low bytes, level 3 above the first word.
const fn affinity_of(route: u64) -> u32 {
    (route >> 32 << 24) as u32 | route as u32 & 0xff_ffff
}

impl InterruptController for GicV3 {
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

impl Device for GicV3 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let value = match offset.checked_sub(spec::REDISTRIBUTORS) {
            None => distributor::read(&self.state, offset, size),
            Some(offset) => self.redistributor_read(offset, size),
        }?;
        value.ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let known = match offset.checked_sub(spec::REDISTRIBUTORS) {
            None => distributor::write(&mut self.state, offset, size, value),
            Some(offset) => self.redistributor_write(offset, size, value),
        }?;
        cx.bp.attention |= self.refresh();
        known.ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.state = GicV3State::new(self.vcpus(), self.shared);
        cx.bp.attention |= self.refresh();
    }
}

impl SaveState for GicV3 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, GicV3State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: GicV3State = from.get(name, GicV3State::VERSION)?;
        if !self.state.fits(&state) {
            let detail = "it is of a controller with other vCPUs or interrupts".to_owned();
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        self.refresh();
        Ok(())
    }
}
