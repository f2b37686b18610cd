//! The Cchip: interrupts, and the registers with which firmware sets memory up.

use lockstep_core::{RestoreError, SaveState, Saved, VcpuId};
use serde::{Deserialize, Serialize};

use super::spec;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "cchip";
/// Processors that it can serve.
const CPUS: usize = 4;

/// What it asks of a processor, by the numbers of its interrupt inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// b_irq<0>: errors.
    pub error: bool,
    /// b_irq<1>: devices.
    pub device: bool,
    /// b_irq<2>: the interval timer.
    pub timer: bool,
    /// b_irq<3>: another processor.
    pub interprocessor: bool,
}

/// Everything about the Cchip that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CchipState {
    csc: u64,
    misc: u64,
    drir: u64,
    dim: [u64; CPUS],
    iic: [u64; CPUS],
    aar: [u64; 4],
    /// Registers that set up timing, kept for whoever reads them: MTR, PRBEN, TTR, TDR, PWR.
    kept: [u64; 5],
}

impl CchipState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// The Cchip on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cchip {
    memory: u64,
    state: CchipState,
}

impl Cchip {
    /// A Cchip with two Pchips and `memory` bytes of memory, as firmware leaves it.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        let state = CchipState {
            csc: spec::CSC_P1P,
            misc: 0,
            drir: 0,
            dim: [0; CPUS],
            iic: [0; CPUS],
            aar: arrays(memory),
            kept: [0; 5],
        };
        Self { memory, state }
    }

    /// Drives a device interrupt, 0 to 63.
    pub fn set_line(&mut self, number: u32, level: bool) {
        self.state.drir = self.state.drir & !(1 << number) | u64::from(level) << number;
    }

    /// The interval timer has ticked.
    pub fn tick(&mut self) {
        for (cpu, iic) in self.state.iic.iter_mut().enumerate() {
            // The count goes on below zero, and so tells how many ticks were skipped.
            let count = *iic & spec::IIC_COUNT;
            let overflow = if count == 0 { spec::IIC_OVERFLOW } else { *iic & spec::IIC_OVERFLOW };
            *iic = count.wrapping_sub(1) & spec::IIC_COUNT | overflow;
            if overflow != 0 {
                self.state.misc |= 1 << (spec::MISC_ITINTR as usize + cpu);
            }
        }
    }

    /// Notes an access to memory that is not there, by a processor or ([`spec::NXS_PCHIP0`] and up) a Pchip.
    pub fn nonexistent_memory(&mut self, source: u64) {
        if self.state.misc & spec::MISC_NXM == 0 {
            self.state.misc &= !(7 << spec::MISC_NXS);
            self.state.misc |= spec::MISC_NXM | source << spec::MISC_NXS;
        }
    }

    /// What it asks of a processor.
    #[must_use]
    pub fn requests(&self, vcpu: VcpuId) -> Requests {
        let cpu = vcpu.index();
        if cpu >= CPUS {
            return Requests::default();
        }
        let devices = self.requested(vcpu);
        let misc = |bit: u32| self.state.misc & 1 << (bit as usize + cpu) != 0;
        Requests {
            error: devices & spec::ERRORS != 0,
            device: devices & spec::DEVICES != 0,
            timer: misc(spec::MISC_ITINTR),
            interprocessor: misc(spec::MISC_IPINTR),
        }
    }

    /// The device interrupts that ask a processor: its DIR.
    #[must_use]
    pub fn requested(&self, vcpu: VcpuId) -> u64 {
        self.state.dim.get(vcpu.index()).map_or(0, |mask| self.state.drir & mask)
    }

    /// Does what a write of MISC does.
    pub fn write_misc(&mut self, value: u64) {
        let misc = &mut self.state.misc;
        *misc &= !(value & (0xff << spec::MISC_ITINTR));
        *misc |= value >> (spec::MISC_IPREQ - spec::MISC_IPINTR) & 0xf << spec::MISC_IPINTR;
        if value & spec::MISC_NXM != 0 {
            *misc &= !(spec::MISC_NXM | 7 << spec::MISC_NXS);
        }
        if value & spec::MISC_ACL != 0 {
            *misc &= !(spec::MISC_ABW | spec::MISC_ABT);
        } else if *misc & spec::MISC_ABW == 0 {
            *misc |= value & (spec::MISC_ABW | spec::MISC_ABT);
        }
        // DEVSUP suppresses device interrupts until the next poll of the devices, which here is at once.
    }

    fn kept(register: u64) -> Option<usize> {
        [spec::MTR, spec::PRBEN, spec::TTR, spec::TDR, spec::PWR]
            .iter()
            .position(|r| *r == register)
    }
}

/// AAR registers for memory that begins at 0: as few arrays as can be, the largest first.
fn arrays(memory: u64) -> [u64; 4] {
    let (mut base, mut left) = (0, memory >> 24);
    std::array::from_fn(|_| {
        let Some(log) = left.checked_ilog2() else { return 0 };
        let aar = base | u64::from(log.min(9) + 1) << spec::AAR_SIZE;
        let size = 1 << log.min(9);
        base += size << 24;
        left -= size;
        aar
    })
}

/// The processor whose register this is, in a pair of pairs: two from `low`, two from `high`.
fn cpu(register: u64, low: u64, high: u64) -> Option<usize> {
    let place = |base: u64| register.checked_sub(base).filter(|offset| *offset <= spec::STRIDE);
    place(low)
        .or_else(|| place(high).map(|offset| offset + 2 * spec::STRIDE))
        .map(|offset| (offset / spec::STRIDE) as usize)
}

impl Device for Cchip {
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let error = || AccessError::unimplemented_read(NAME, offset, size);
        if size != 8 || !offset.is_multiple_of(spec::STRIDE) {
            return Err(error());
        }
        let state = &self.state;
        Ok(match offset {
            spec::CSC => state.csc,
            spec::MISC => state.misc | spec::MISC_REV | u64::from(cx.bp.vcpu.0) & spec::MISC_CPUID,
            0x100..0x200 => state.aar[((offset - spec::AAR) / spec::STRIDE) as usize],
            spec::DRIR => state.drir,
            _ => {
                let dim = cpu(offset, spec::DIM0, spec::DIM2).map(|cpu| state.dim[cpu]);
                let dir =
                    || cpu(offset, spec::DIR0, spec::DIR2).map(|cpu| state.dim[cpu] & state.drir);
                let iic = || cpu(offset, spec::IIC0, spec::IIC2).map(|cpu| state.iic[cpu]);
                let kept = || Self::kept(offset).map(|place| state.kept[place]);
                dim.or_else(dir).or_else(iic).or_else(kept).ok_or_else(error)?
            }
        })
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let error = || AccessError::unimplemented_write(NAME, offset, size, value);
        if size != 8 || !offset.is_multiple_of(spec::STRIDE) {
            return Err(error());
        }
        match offset {
            spec::CSC => self.state.csc = value | spec::CSC_P1P,
            spec::MISC => self.write_misc(value),
            0x100..0x200 => self.state.aar[((offset - spec::AAR) / spec::STRIDE) as usize] = value,
            // Programs the memory's own mode registers.
            0x400..0x500 => {}
            _ => {
                if let Some(cpu) = cpu(offset, spec::DIM0, spec::DIM2) {
                    self.state.dim[cpu] = value;
                } else if let Some(cpu) = cpu(offset, spec::IIC0, spec::IIC2) {
                    self.state.iic[cpu] = value & spec::IIC_COUNT;
                } else if let Some(place) = Self::kept(offset) {
                    self.state.kept[place] = value;
                } else if cpu(offset, spec::DIR0, spec::DIR2).is_none() && offset != spec::DRIR {
                    return Err(error());
                }
            }
        }
        Ok(())
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::new(self.memory);
    }
}

impl SaveState for Cchip {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, CchipState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, CchipState::VERSION)?;
        Ok(())
    }
}
