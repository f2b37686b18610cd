//! A Pchip: the bridge to a PCI bus, and the windows through which its masters see memory.

use lockstep_core::{RestoreError, SaveState, Saved};
use lockstep_memory::PhysMem;
use serde::{Deserialize, Serialize};

use super::spec;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "pchip";
/// Bits of an address that a window with mask 0 leaves as they are: a megabyte.
const MEGABYTE: u64 = (1 << 20) - 1;
/// Bits of a physical address of memory.
const MEMORY: u64 = (1 << 35) - 1;

/// Everything about a Pchip that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PchipState {
    wsba: [u64; 4],
    wsm: [u64; 4],
    tba: [u64; 4],
    pctl: u64,
    plat: u64,
    perror: u64,
    perrmask: u64,
    /// Software has asked for a reset of the bus, and the board has not done it yet.
    bus_reset: bool,
}

impl PchipState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A Pchip on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pchip {
    number: u64,
    state: PchipState,
}

impl Pchip {
    /// Pchip 0 or 1.
    #[must_use]
    pub fn new(number: u8) -> Self {
        let number = u64::from(number);
        let pctl = spec::PCTL_RESET | spec::PCTL_REV | number << spec::PCTL_PID;
        let state = PchipState {
            wsba: [0, 0, 0, spec::WSBA_SG],
            wsm: [0; 4],
            tba: [0; 4],
            pctl,
            plat: 0,
            perror: 0,
            perrmask: 0,
            bus_reset: false,
        };
        Self { number, state }
    }

    /// Whether it asks for its error interrupt.
    #[must_use]
    pub fn error(&self) -> bool {
        self.state.perror & self.state.perrmask & spec::PERROR_MASK != 0
    }

    /// Whether the bus is to be reset; asking takes the request.
    pub fn take_bus_reset(&mut self) -> bool {
        std::mem::take(&mut self.state.bus_reset)
    }

    /// Nobody on the bus answered at `address`.
    pub fn no_device(&mut self, address: u64) {
        self.note(spec::PERROR_NDS, address);
    }

    /// Holds an error and its address, if there is none held.
    fn note(&mut self, error: u64, address: u64) {
        if self.state.perror & spec::PERROR_MASK != 0 {
            self.state.perror |= spec::PERROR_LOST;
        } else {
            let address = (address & spec::PERROR_ADDRESS_BITS) << spec::PERROR_ADDRESS;
            self.state.perror = error | address;
        }
    }

    /// The physical address that a master on the bus means by `address`, if it is one of memory's. `wide` says that it
    /// came in a dual address cycle. An invalid page is an error that the Pchip holds.
    ///
    /// There is no cache of pages: every access reads the table, which software that invalidates cannot tell apart.
    pub fn translate(&mut self, mem: &PhysMem, address: u64, wide: bool) -> Option<u64> {
        if wide && address >> 40 != 0 {
            let monster = self.state.pctl & spec::PCTL_MWIN != 0 && address & 1 << 40 != 0;
            return monster.then_some(address & MEMORY);
        }
        let hole = (0x8_0000..0x10_0000).contains(&address);
        if hole && self.state.pctl & spec::PCTL_HOLE != 0 {
            return None;
        }
        let window = (0..4).find(|window| self.hits(*window, address, wide))?;
        let (wsba, tba) = (self.state.wsba[window], self.state.tba[window]);
        let inside = self.state.wsm[window] | MEGABYTE;
        if wsba & spec::WSBA_SG == 0 {
            return Some(tba & !inside | address & inside);
        }
        let entry = tba & !(inside >> 10) | (address & inside) >> spec::PAGE_SHIFT << 3;
        let page =
            mem.read::<8>(entry).map(u64::from_le_bytes).filter(|e| e & spec::PTE_VALID != 0);
        let Some(page) = page else {
            self.note(spec::PERROR_SGE, address);
            return None;
        };
        let frame = page >> 1 & spec::PTE_FRAME;
        Some(frame << spec::PAGE_SHIFT | address & ((1 << spec::PAGE_SHIFT) - 1))
    }

    fn hits(&self, window: usize, address: u64, wide: bool) -> bool {
        let wsba = self.state.wsba[window];
        let same_width = (wsba & spec::WSBA_DAC != 0) == wide;
        let outside = !(self.state.wsm[window] | MEGABYTE) & 0xffff_ffff;
        wsba & spec::WSBA_ENABLE != 0 && same_width && (address ^ wsba) & outside == 0
    }
}

impl Device for Pchip {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let window = (offset % 0x100 / spec::STRIDE) as usize;
        let state = &self.state;
        Ok(match (offset, size) {
            _ if !offset.is_multiple_of(spec::STRIDE) => {
                return Err(AccessError::unimplemented_read(NAME, offset, size));
            }
            (0..0x100, 8) => state.wsba[window],
            (0x100..0x200, 8) => state.wsm[window],
            (0x200..0x300, 8) => state.tba[window],
            (spec::PCTL, 8) => state.pctl,
            (spec::PLAT, 8) => state.plat,
            (spec::PERROR, 8) => state.perror,
            (spec::PERRMASK, 8) => state.perrmask,
            // Written only; systems read them to wait for the write.
            (spec::PERRSET | spec::TLBIV | spec::TLBIA | spec::SPRST, 8) => 0,
            _ => return Err(AccessError::unimplemented_read(NAME, offset, size)),
        })
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let window = (offset % 0x100 / spec::STRIDE) as usize;
        let state = &mut self.state;
        match (offset, size) {
            _ if !offset.is_multiple_of(spec::STRIDE) => {
                return Err(AccessError::unimplemented_write(NAME, offset, size, value));
            }
            // The last window is always translated page by page.
            (0xc0, 8) => {
                state.wsba[3] = value & (spec::WSBA_MASK | spec::WSBA_DAC) | spec::WSBA_SG;
            }
            (0..0xc0, 8) => state.wsba[window] = value & spec::WSBA_MASK,
            (0x100..0x200, 8) => state.wsm[window] = value & spec::WSM_MASK,
            (0x200..0x300, 8) => state.tba[window] = value & spec::TBA_MASK,
            (spec::PCTL, 8) => {
                state.pctl = state.pctl & spec::PCTL_FIXED | value & !spec::PCTL_FIXED;
            }
            (spec::PLAT, 8) => state.plat = value & spec::PLAT_MASK,
            (spec::PERROR, 8) => {
                state.perror &= !(value & spec::PERROR_MASK);
                if state.perror & spec::PERROR_MASK == 0 {
                    state.perror = 0;
                }
            }
            (spec::PERRMASK, 8) => state.perrmask = value & spec::PERROR_MASK,
            (spec::PERRSET, 8) => state.perror |= value & spec::PERROR_MASK,
            (spec::TLBIV | spec::TLBIA, 8) => {}
            (spec::SPRST, 8) => state.bus_reset = true,
            _ => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
        }
        Ok(())
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::new(self.number as u8);
    }
}

impl SaveState for Pchip {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, PchipState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, PchipState::VERSION)?;
        Ok(())
    }
}
