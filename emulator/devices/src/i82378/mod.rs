//! The ISA bridge: Intel's 82378 as a PCI function.
//!
//! The bridge answers for everything on the ISA bus, by subtraction: what no other function claims is ISA's. Devices
//! behind it are devices of their own. Here is the function that systems find when they look for the bridge.

use lockstep_core::{RestoreError, SaveState, Saved};

use crate::pci::{ConfigSpace, Identity, PciFunction};
use crate::{AccessError, DeviceCx};

pub mod spec;

const NAME: &str = "i82378";

/// The bridge's function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I82378 {
    config: ConfigSpace,
}

impl Default for I82378 {
    fn default() -> Self {
        let identity = Identity {
            vendor: spec::VENDOR,
            device: spec::DEVICE,
            class: spec::CLASS,
            revision: spec::REVISION,
            ..Identity::default()
        };
        let config =
            spec::REGISTERS.iter().fold(ConfigSpace::new(identity), |config, (offset, bytes)| {
                config.with_registers(*offset, bytes, &vec![0xff; bytes.len()])
            });
        // It is always on.
        Self { config: config.with_registers(crate::pci::spec::COMMAND, &[7, 0, 0, 2], &[0, 0]) }
    }
}

impl PciFunction for I82378 {
    fn config(&self) -> &ConfigSpace {
        &self.config
    }

    fn config_mut(&mut self) -> &mut ConfigSpace {
        &mut self.config
    }

    // It has no base address registers.

    fn bar_read(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        _bar: usize,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        Err(AccessError::unimplemented_read(NAME, offset, size))
    }

    fn bar_write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        _bar: usize,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        Err(AccessError::unimplemented_write(NAME, offset, size, value))
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        self.config.reset();
    }
}

impl SaveState for I82378 {
    fn save(&self, name: &str, to: &mut Saved) {
        self.config.save(name, to);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.config.restore(name, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, assert_round_trip};

    /// Catches a bridge that systems do not take for one, or that can be switched off.
    #[test]
    fn is_an_isa_bridge() {
        let (mut bench, mut bridge) = (Bench::new(), I82378::default());
        assert_eq!(bridge.config_read(&mut bench.cx(), 0, 4), Ok(0x0484_8086));
        assert_eq!(bridge.config_read(&mut bench.cx(), 8, 4), Ok(0x0601_0043));
        bridge.config_write(&mut bench.cx(), 4, 2, 0).unwrap();
        assert_eq!(bridge.config_read(&mut bench.cx(), 4, 4), Ok(0x0200_0007));
        bridge.config_write(&mut bench.cx(), 0x60, 4, 0x0b0a_0905).unwrap();
        assert_eq!(bridge.config_read(&mut bench.cx(), 0x60, 4), Ok(0x0b0a_0905));
        assert_round_trip(&bridge, I82378::default());
        bridge.reset(&mut bench.cx());
        assert_eq!(bridge, I82378::default());
    }
}
