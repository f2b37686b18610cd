//! The redistributors: every vCPU's private interrupts.

use super::super::common::BankRegister;
use super::distributor::{double_access, implemented, part, word_access};
use super::{GicV3, spec};
use crate::AccessError;

/// INTIDs of interrupts that software generates; their configuration is fixed.
const SGIS: usize = 16;

impl GicV3 {
    /// The vCPU whose redistributor lies at an offset behind [`spec::REDISTRIBUTORS`], and the offset in it.
    fn redistributor(&self, offset: u64) -> Option<(usize, u64)> {
        let vcpu = (offset / spec::REDISTRIBUTOR) as usize;
        (vcpu < self.vcpus()).then_some((vcpu, offset % spec::REDISTRIBUTOR))
    }

    pub(super) fn redistributor_read(
        &self,
        offset: u64,
        size: u8,
    ) -> Result<Option<u64>, AccessError> {
        // Where there is no redistributor there is nothing: GICR_TYPER names the last one.
        let (vcpu, offset) = self.redistributor(offset).ok_or(AccessError::Abort)?;
        if let Some(offset) = offset.checked_sub(spec::SGI_FRAME) {
            return self.private_read(vcpu, offset, size);
        }
        if let spec::GICR_TYPER..spec::GICR_STATUSR = offset {
            double_access(offset, size)?;
            return Ok(Some(part(self.redistributor_typer(vcpu), offset, size)));
        }
        if let spec::GICR_PROPBASER..spec::GICR_PENDBASER_END = offset {
            double_access(offset, size)?;
            return Ok(Some(0));
        }
        word_access(offset, size)?;
        Ok(match offset {
            spec::GICR_CTLR | spec::GICR_STATUSR => Some(0),
            spec::GICR_IIDR => Some(spec::IIDR_VALUE.into()),
            spec::GICR_WAKER => Some(self.waker(vcpu).into()),
            spec::ID..spec::FRAME_END => {
                let index = (offset - spec::ID) as usize / 4;
                let own = if index == 4 { spec::ID_REDISTRIBUTOR } else { 0 };
                Some(u64::from(spec::ID_VALUES[index] + own))
            }
            _ => None,
        })
    }

    pub(super) fn redistributor_write(
        &mut self,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<Option<()>, AccessError> {
        let (vcpu, offset) = self.redistributor(offset).ok_or(AccessError::Abort)?;
        if let Some(offset) = offset.checked_sub(spec::SGI_FRAME) {
            return self.private_write(vcpu, offset, size, value as u32);
        }
        if let spec::GICR_TYPER..spec::GICR_STATUSR
        | spec::GICR_PROPBASER..spec::GICR_PENDBASER_END = offset
        {
            double_access(offset, size)?;
            return Ok(Some(()));
        }
        word_access(offset, size)?;
        match offset {
            spec::GICR_WAKER => {
                let sleep = value as u32 & spec::GICR_WAKER_PROCESSOR_SLEEP;
                self.state.cpus[vcpu].asleep = sleep != 0;
            }
            spec::GICR_CTLR | spec::GICR_IIDR | spec::GICR_STATUSR => {}
            spec::ID..spec::FRAME_END => {}
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn redistributor_typer(&self, vcpu: usize) -> u64 {
        let last = if vcpu + 1 == self.vcpus() { spec::GICR_TYPER_LAST } else { 0 };
        let affinity = u64::from(self.affinities[vcpu]);
        affinity << spec::GICR_TYPER_AFFINITY_SHIFT
            | (vcpu as u64) << spec::GICR_TYPER_NUMBER_SHIFT
            | last
    }

    fn waker(&self, vcpu: usize) -> u32 {
        if self.state.cpus[vcpu].asleep {
            spec::GICR_WAKER_PROCESSOR_SLEEP | spec::GICR_WAKER_CHILDREN_ASLEEP
        } else {
            0
        }
    }

    fn private_read(&self, vcpu: usize, offset: u64, size: u8) -> Result<Option<u64>, AccessError> {
        if let Some((register, intid)) = BankRegister::decode(offset) {
            if !register.allows(offset, size) {
                return Err(AccessError::Abort);
            }
            let value = self.state.interrupts.private[vcpu].read(register, intid, size);
            return Ok(Some(value.into()));
        }
        word_access(offset, size)?;
        Ok(private_reserved(offset).then_some(0))
    }

    fn private_write(
        &mut self,
        vcpu: usize,
        offset: u64,
        size: u8,
        value: u32,
    ) -> Result<Option<()>, AccessError> {
        if let Some((register, intid)) = BankRegister::decode(offset) {
            if !register.allows(offset, size) {
                return Err(AccessError::Abort);
            }
            if !(register == BankRegister::Config && intid < SGIS) {
                let value = implemented(register, value);
                self.state.interrupts.private[vcpu].write(register, intid, size, value);
            }
            return Ok(Some(()));
        }
        word_access(offset, size)?;
        Ok(private_reserved(offset).then_some(()))
    }
}

/// Registers of other configurations, which are reserved in this one.
fn private_reserved(offset: u64) -> bool {
    matches!(offset, spec::GICR_IGRPMODR..spec::GICR_NSACR_END)
}
