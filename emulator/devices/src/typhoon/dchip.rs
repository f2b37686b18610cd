//! The Dchips: the data path. Nothing in them can be seen but that they are there.

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use super::spec;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "dchip";

/// Everything about the Dchips that can change, and its saved form: DSC, STR, DSC2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DchipState {
    kept: [u64; 3],
}

impl DchipState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// The Dchips on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dchip {
    state: DchipState,
}

/// The place of a register that is kept.
fn kept(offset: u64, size: u8) -> Option<usize> {
    [spec::DSC, spec::STR, spec::DSC2].iter().position(|r| *r == offset).filter(|_| size == 8)
}

impl Device for Dchip {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        match kept(offset, size) {
            Some(place) => Ok(self.state.kept[place]),
            None if (offset, size) == (spec::DREV, 8) => Ok(spec::DREV_VALUE),
            None => Err(AccessError::unimplemented_read(NAME, offset, size)),
        }
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        match kept(offset, size) {
            Some(place) => self.state.kept[place] = value,
            None if (offset, size) == (spec::DREV, 8) => {}
            None => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
        }
        Ok(())
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::default();
    }
}

impl SaveState for Dchip {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, DchipState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, DchipState::VERSION)?;
        Ok(())
    }
}
