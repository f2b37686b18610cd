//! A slot with nothing in it.
//!
//! It has to say so in the way the specification foresees: the right magic value, and device 0.

use lockstep_core::{RestoreError, SaveState, Saved};

use super::spec;
use crate::registers::Lane;
use crate::{AccessError, Device, DeviceCx};

/// A slot with nothing in it. A device that is plugged in takes the slot's place on the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmptySlot;

impl EmptySlot {
    /// Version of the saved form, which is empty: it holds that the slot was, too.
    pub const VERSION: u16 = 1;
}

impl Device for EmptySlot {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let lane = Lane::new(offset, size)?;
        Ok(lane.extract(match lane.register {
            spec::MAGIC_VALUE => spec::MAGIC,
            spec::VERSION => spec::VERSION_MODERN,
            spec::DEVICE_ID => spec::DEVICE_NONE,
            spec::VENDOR_ID => spec::VENDOR,
            // Without a device the specification gives no other register a meaning.
            _ => 0,
        }))
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        _value: u64,
    ) -> Result<(), AccessError> {
        Lane::new(offset, size).map(|_| ())
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {}
}

impl SaveState for EmptySlot {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Self::VERSION, &());
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        from.get(name, Self::VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    /// Catches a slot that a driver takes for a device, or does not take for a transport.
    #[test]
    fn drivers_pass_it_by() {
        let (mut bench, mut slot) = (Bench::new(), EmptySlot);
        assert_eq!(bench.read(&mut slot, spec::MAGIC_VALUE), 0x7472_6976);
        assert_eq!(bench.read(&mut slot, spec::VERSION), 2);
        assert_eq!(bench.read(&mut slot, spec::DEVICE_ID), 0);
        assert_eq!(bench.read(&mut slot, spec::VENDOR_ID), 0x554d_4551);
        for offset in (0x10..spec::WINDOW).step_by(4) {
            bench.write(&mut slot, offset, u32::MAX.into());
            assert_eq!(bench.read(&mut slot, offset), 0);
        }
        assert_eq!(slot.read(&mut bench.cx(), 0, 8), Err(AccessError::Abort));
    }

    /// Catches a snapshot of a machine with something in the slot that is taken by one without.
    #[test]
    fn a_missing_slot_is_noticed() {
        let mut saved = Saved::default();
        assert!(matches!(EmptySlot.restore("slot", &saved), Err(RestoreError::Missing(_))));
        EmptySlot.save("slot", &mut saved);
        assert_eq!(EmptySlot.restore("slot", &saved), Ok(()));
    }
}
