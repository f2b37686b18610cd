//! The CPU interface: acknowledging interrupts, ending their handling, and sending them to other vCPUs.

use lockstep_core::{Backplane, VcpuId};

use super::super::SPURIOUS;
use super::super::common::Group;
use super::{GicV3, IccRegister, SHAPE, spec};

impl GicV3 {
    /// What a vCPU reads from a system register. A register that cannot be read is the caller's matter
    /// ([`IccRegister::readable`]) and reads as zero.
    pub fn icc_read(&mut self, bp: &mut Backplane, vcpu: VcpuId, register: IccRegister) -> u64 {
        let vcpu = vcpu.index();
        let Some(cpu) = self.state.cpus.get(vcpu) else { return 0 };
        let priorities = &cpu.priorities;
        match register {
            IccRegister::Pmr => priorities.mask.into(),
            IccRegister::Iar0 => self.acknowledge(bp, vcpu, Group::Zero).into(),
            IccRegister::Iar1 => self.acknowledge(bp, vcpu, Group::One).into(),
            IccRegister::Hppir0 => self.most_urgent(vcpu, Group::Zero).into(),
            IccRegister::Hppir1 => self.most_urgent(vcpu, Group::One).into(),
            IccRegister::Bpr0 => priorities.binary_point[0].into(),
            IccRegister::Bpr1 if priorities.common_binary_point => {
                (priorities.binary_point[0] + 1).min(7).into()
            }
            IccRegister::Bpr1 => priorities.binary_point[1].into(),
            IccRegister::Ap0r0 => priorities.active[0][0].into(),
            IccRegister::Ap1r0 => priorities.active[1][0].into(),
            IccRegister::Rpr => priorities.running(SHAPE).into(),
            IccRegister::Ctlr => self.control(vcpu),
            IccRegister::Sre => spec::ICC_SRE_VALUE,
            IccRegister::Igrpen0 => u64::from(cpu.enabled & 1),
            IccRegister::Igrpen1 => u64::from(cpu.enabled >> 1 & 1),
            IccRegister::Eoir0 | IccRegister::Eoir1 | IccRegister::Dir => 0,
            IccRegister::Sgi0r | IccRegister::Sgi1r | IccRegister::Asgi1r => 0,
        }
    }

    /// A vCPU writes a system register. Writes to a register that has none are the caller's matter
    /// ([`IccRegister::writable`]) and do nothing.
    pub fn icc_write(
        &mut self,
        bp: &mut Backplane,
        vcpu: VcpuId,
        register: IccRegister,
        value: u64,
    ) {
        let vcpu = vcpu.index();
        let Some(cpu) = self.state.cpus.get_mut(vcpu) else { return };
        let priorities = &mut cpu.priorities;
        match register {
            IccRegister::Pmr => priorities.mask = value as u8 & SHAPE.mask(),
            IccRegister::Bpr0 => priorities.set_binary_point(SHAPE, Group::Zero, value as u8),
            IccRegister::Bpr1 if priorities.common_binary_point => {}
            IccRegister::Bpr1 => priorities.set_binary_point(SHAPE, Group::One, value as u8),
            IccRegister::Ap0r0 => priorities.active[0][0] = value as u32,
            IccRegister::Ap1r0 => priorities.active[1][0] = value as u32,
            IccRegister::Ctlr => {
                priorities.common_binary_point = value & spec::ICC_CTLR_CBPR != 0;
                cpu.eoi_mode = value & spec::ICC_CTLR_EOI_MODE != 0;
            }
            IccRegister::Igrpen0 => cpu.enabled = cpu.enabled & !1 | value as u32 & 1,
            IccRegister::Igrpen1 => cpu.enabled = cpu.enabled & !2 | (value as u32 & 1) << 1,
            IccRegister::Eoir0 => self.end(vcpu, Group::Zero, value),
            IccRegister::Eoir1 => self.end(vcpu, Group::One, value),
            IccRegister::Dir if cpu.eoi_mode => self.deactivate(vcpu, value),
            IccRegister::Sgi1r => self.send(vcpu, Group::One, value),
            // With one security state there is no secure group 1; what is left of this register is group 0.
            IccRegister::Sgi0r | IccRegister::Asgi1r => self.send(vcpu, Group::Zero, value),
            IccRegister::Sre | IccRegister::Dir => {}
            IccRegister::Iar0 | IccRegister::Iar1 | IccRegister::Rpr => {}
            IccRegister::Hppir0 | IccRegister::Hppir1 => {}
        }
        bp.attention |= match register {
            IccRegister::Pmr | IccRegister::Bpr0 | IccRegister::Bpr1 => self.signal(vcpu),
            _ => self.refresh(),
        };
    }

    fn control(&self, vcpu: usize) -> u64 {
        let cpu = &self.state.cpus[vcpu];
        let mut value =
            spec::ICC_CTLR_A3V | u64::from(SHAPE.bits() - 1) << spec::ICC_CTLR_PRI_BITS_SHIFT;
        if cpu.priorities.common_binary_point {
            value |= spec::ICC_CTLR_CBPR;
        }
        if cpu.eoi_mode {
            value |= spec::ICC_CTLR_EOI_MODE;
        }
        value
    }

    fn most_urgent(&self, vcpu: usize, group: Group) -> u16 {
        match self.outputs.best[vcpu] {
            Some(pending) if pending.group == group => pending.intid,
            _ => SPURIOUS,
        }
    }

    fn acknowledge(&mut self, bp: &mut Backplane, vcpu: usize, group: Group) -> u16 {
        let Some(pending) = self.deliverable(vcpu).filter(|pending| pending.group == group) else {
            return SPURIOUS;
        };
        self.state.cpus[vcpu].priorities.enter(SHAPE, &pending);
        let (bank, place) = self.state.interrupts.bank_mut(vcpu, pending.intid.into());
        bank.activate(place);
        bp.attention |= self.refresh();
        pending.intid
    }

    fn end(&mut self, vcpu: usize, group: Group, value: u64) {
        let intid = (value & spec::INTID_MASK) as usize;
        let cpu = &mut self.state.cpus[vcpu];
        if intid >= self.state.interrupts.count() || cpu.priorities.running_group() != Some(group) {
            return;
        }
        cpu.priorities.leave(group);
        if !cpu.eoi_mode {
            self.deactivate(vcpu, value);
        }
    }

    fn deactivate(&mut self, vcpu: usize, value: u64) {
        let intid = (value & spec::INTID_MASK) as usize;
        if intid < self.state.interrupts.count() {
            let (bank, place) = self.state.interrupts.bank_mut(vcpu, intid);
            bank.deactivate(place);
        }
    }

    /// Sends a software-generated interrupt to a list of vCPUs that differ in affinity level 0, or to all others. It
    /// arrives where it is configured to be of that group.
    fn send(&mut self, sender: usize, group: Group, value: u64) {
        let intid = (value >> 24 & 0xf) as usize;
        let cluster =
            (value >> 48 & 0xff) << 24 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8;
        for (vcpu, affinity) in self.affinities.iter().enumerate() {
            let chosen = if value & spec::SGIR_ALL_OTHERS != 0 {
                vcpu != sender
            } else {
                let (level_0, rest) = (affinity & 0xff, affinity & !0xff);
                u64::from(rest) == cluster && level_0 < 16 && value >> level_0 & 1 != 0
            };
            let bank = &mut self.state.interrupts.private[vcpu];
            if chosen && bank.group(intid) == group {
                bank.latch(intid, true);
            }
        }
    }
}
