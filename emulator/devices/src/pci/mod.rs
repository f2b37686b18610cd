//! PCI: what every function on such a bus has, whatever the bridge above it.
//!
//! A board owns its functions; the bus is the rule by which one of them is found: by its slot for configuration cycles,
//! by its base address registers for the others. Nobody answering is not an error on PCI; what the processor
//! sees of it is the host bridge's business.

mod config;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{Input, SaveState};

pub use self::config::{Bar, ConfigSpace, Identity, Space};
use crate::{AccessError, DeviceCx};

/// A function on a PCI bus.
pub trait PciFunction: SaveState + Send {
    /// Its configuration space.
    fn config(&self) -> &ConfigSpace;

    /// The same, to be written.
    fn config_mut(&mut self) -> &mut ConfigSpace;

    /// Reads configuration space: `size` is 1, 2 or 4, and `offset` a multiple of it below 256.
    fn config_read(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        Ok(self.config().read(offset, size))
    }

    /// Writes configuration space.
    fn config_write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        self.config_mut().write(offset, size, value);
        Ok(())
    }

    /// Reads in the range of a base address register.
    fn bar_read(
        &mut self,
        cx: &mut DeviceCx<'_>,
        bar: usize,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError>;

    /// Writes in the range of a base address register.
    fn bar_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        bar: usize,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError>;

    /// A calendar entry of this function is due.
    fn due(&mut self, _cx: &mut DeviceCx<'_>, _number: u32) {}

    /// Something came from outside, for this function or another.
    fn input(&mut self, _cx: &mut DeviceCx<'_>, _input: &Input) {}

    /// The level of its interrupt pin, after [`ConfigSpace::drive_pin`].
    fn interrupt(&mut self) -> bool {
        false
    }

    /// Back to the state after power-on. Disarms what it has armed.
    fn reset(&mut self, cx: &mut DeviceCx<'_>);
}
