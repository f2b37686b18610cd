//! The CPU interface: acknowledging interrupts and ending their handling.

use super::super::SPURIOUS;
use super::super::common::{Group, Pending};
use super::{GicV2, SGIS, SHAPE, spec};
use crate::AccessError;

impl GicV2 {
    pub(super) fn cpu_read(
        &mut self,
        vcpu: usize,
        offset: u64,
        size: u8,
    ) -> Result<Option<u32>, AccessError> {
        aligned_word(offset, size)?;
        let cpu = &self.state.cpus[vcpu];
        let priorities = &cpu.priorities;
        Ok(Some(match offset {
            spec::GICC_CTLR => cpu.ctlr,
            spec::GICC_PMR => priorities.mask.into(),
            spec::GICC_BPR => priorities.binary_point[0].into(),
            spec::GICC_ABPR => priorities.binary_point[1].into(),
            spec::GICC_IAR => self.acknowledge(vcpu, self.acknowledges_group_1(vcpu)),
            spec::GICC_AIAR => self.acknowledge_group_1(vcpu),
            spec::GICC_HPPIR => {
                let both = self.acknowledges_group_1(vcpu);
                visible(self.outputs.best[vcpu], both).map_or_else(|id| id, |p| self.id(vcpu, p))
            }
            spec::GICC_AHPPIR => match self.outputs.best[vcpu] {
                Some(pending) if pending.group == Group::One => self.id(vcpu, pending),
                _ => SPURIOUS.into(),
            },
            spec::GICC_RPR => priorities.running(SHAPE).into(),
            spec::GICC_APR..spec::GICC_NSAPR => priorities.active[0][index(offset)],
            spec::GICC_NSAPR..spec::GICC_NSAPR_END => priorities.active[1][index(offset)],
            spec::GICC_IIDR => spec::GICC_IIDR_VALUE,
            // Write-only.
            spec::GICC_EOIR | spec::GICC_AEOIR | spec::GICC_DIR => 0,
            _ => return Ok(None),
        }))
    }

    pub(super) fn cpu_write(
        &mut self,
        vcpu: usize,
        offset: u64,
        size: u8,
        value: u32,
    ) -> Result<Option<()>, AccessError> {
        aligned_word(offset, size)?;
        let cpu = &mut self.state.cpus[vcpu];
        let priorities = &mut cpu.priorities;
        match offset {
            spec::GICC_CTLR => {
                cpu.ctlr = value & spec::GICC_CTLR_MASK;
                priorities.common_binary_point = value & spec::GICC_CTLR_CBPR != 0;
            }
            spec::GICC_PMR => priorities.mask = value as u8,
            spec::GICC_BPR => priorities.set_binary_point(SHAPE, Group::Zero, value as u8),
            spec::GICC_ABPR => priorities.set_binary_point(SHAPE, Group::One, value as u8),
            spec::GICC_EOIR | spec::GICC_AEOIR => self.end(vcpu, value),
            spec::GICC_DIR => {
                // Without EOImode the effect is unpredictable; here there is none.
                if cpu.ctlr & spec::GICC_CTLR_EOI_MODE != 0 {
                    self.deactivate(vcpu, value);
                }
            }
            spec::GICC_APR..spec::GICC_NSAPR => priorities.active[0][index(offset)] = value,
            spec::GICC_NSAPR..spec::GICC_NSAPR_END => priorities.active[1][index(offset)] = value,
            spec::GICC_IAR | spec::GICC_AIAR | spec::GICC_RPR | spec::GICC_HPPIR => {}
            spec::GICC_AHPPIR | spec::GICC_IIDR => {}
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn acknowledges_group_1(&self, vcpu: usize) -> bool {
        self.state.cpus[vcpu].ctlr & spec::GICC_CTLR_ACK_CTL != 0
    }

    /// What a read of GICC_IAR returns; the interrupt becomes active.
    fn acknowledge(&mut self, vcpu: usize, both_groups: bool) -> u32 {
        match visible(self.deliverable(vcpu), both_groups) {
            Ok(pending) => self.begin(vcpu, pending),
            Err(id) => id,
        }
    }

    fn acknowledge_group_1(&mut self, vcpu: usize) -> u32 {
        match self.deliverable(vcpu) {
            Some(pending) if pending.group == Group::One => self.begin(vcpu, pending),
            _ => SPURIOUS.into(),
        }
    }

    fn begin(&mut self, vcpu: usize, pending: Pending) -> u32 {
        let id = self.id(vcpu, pending);
        let cpu = &mut self.state.cpus[vcpu];
        cpu.priorities.enter(SHAPE, &pending);
        let (bank, place) = self.state.interrupts.bank_mut(vcpu, pending.intid.into());
        bank.activate(place);
        if let Some(sources) = cpu.sgi_sources.get_mut(usize::from(pending.intid)) {
            // One sender is answered at a time; with others waiting, the interrupt stays pending.
            *sources &= sources.wrapping_sub(1);
            bank.latch(place, *sources != 0);
        }
        id
    }

    /// The number by which GICC_IAR names an interrupt. A software-generated one carries its sender.
    fn id(&self, vcpu: usize, pending: Pending) -> u32 {
        let sources = self.state.cpus[vcpu].sgi_sources.get(usize::from(pending.intid));
        let sender = sources.map_or(0, |sources| sources.trailing_zeros() & 7);
        u32::from(pending.intid) | sender << spec::SOURCE_SHIFT
    }

    /// A write of GICC_EOIR: the priority drops and, unless that is separate, the interrupt is no longer active.
    fn end(&mut self, vcpu: usize, value: u32) {
        let intid = (value & spec::INTID_MASK) as usize;
        if intid >= self.state.interrupts.count() {
            return;
        }
        let (bank, place) = self.state.interrupts.bank(vcpu, intid);
        let group = bank.group(place);
        let cpu = &mut self.state.cpus[vcpu];
        cpu.priorities.leave(group);
        if cpu.ctlr & spec::GICC_CTLR_EOI_MODE == 0 {
            self.deactivate(vcpu, value);
        }
    }

    fn deactivate(&mut self, vcpu: usize, value: u32) {
        let intid = (value & spec::INTID_MASK) as usize;
        if intid < self.state.interrupts.count() {
            let (bank, place) = self.state.interrupts.bank_mut(vcpu, intid);
            bank.deactivate(place);
        }
    }
}

/// What GICC_IAR and GICC_HPPIR may show of an interrupt, or the number that they show instead.
fn visible(pending: Option<Pending>, both_groups: bool) -> Result<Pending, u32> {
    match pending {
        Some(pending) if pending.group == Group::One && !both_groups => Err(spec::OTHER_GROUP),
        Some(pending) => Ok(pending),
        None => Err(SPURIOUS.into()),
    }
}

fn aligned_word(offset: u64, size: u8) -> Result<(), AccessError> {
    if size == 4 && offset.is_multiple_of(4) { Ok(()) } else { Err(AccessError::Abort) }
}

/// Which of the four words of an active-priorities register.
const fn index(offset: u64) -> usize {
    (offset % 16 / 4) as usize
}

const _: () = assert!(SGIS <= 1 << 4, "senders are kept for INTIDs of four bits");
