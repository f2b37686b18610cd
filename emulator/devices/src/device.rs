//! What the bus asks of a device.

use lockstep_core::SaveState;
use lockstep_memory::DeviceCx;

/// An access that has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The architecture says that this access aborts: nothing there, or a size that the device refuses.
    #[error("bus abort")]
    Abort,
    /// The device exists, but this build does not have that register. The machine stops and says so.
    #[error("{device}: {access} at offset {offset:#x} is not implemented")]
    Unimplemented {
        /// The device's name.
        device: &'static str,
        /// What was tried, as in "4-byte write of 0x1f".
        access: String,
        /// The offset in the device's window.
        offset: u64,
    },
}

impl AccessError {
    /// A read of a register that this build does not have.
    #[must_use]
    pub fn unimplemented_read(device: &'static str, offset: u64, size: u8) -> Self {
        Self::Unimplemented { device, access: format!("{size}-byte read"), offset }
    }

    /// A write to a register that this build does not have.
    #[must_use]
    pub fn unimplemented_write(device: &'static str, offset: u64, size: u8, value: u64) -> Self {
        let access = format!("{size}-byte write of {value:#x}");
        Self::Unimplemented { device, access, offset }
    }
}

/// A device on a bus. Its interrupt output is a level that the board reads after every call.
pub trait Device: SaveState + Send {
    /// Reads `size` bytes (1, 2, 4 or 8) at `offset` of the device's window.
    fn read(&mut self, cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError>;

    /// Writes the low `size` bytes of `value` at `offset` of the device's window.
    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError>;

    /// A calendar entry of this device is due.
    fn due(&mut self, _cx: &mut DeviceCx<'_>, _number: u32) {}

    /// Whether the device asserts its interrupt output.
    fn interrupt(&self) -> bool {
        false
    }

    /// Back to the state after power-on. Disarms what the device has armed.
    fn reset(&mut self, cx: &mut DeviceCx<'_>);
}

/// Alias kept short for adapters.
pub type DeviceIo<T> = Result<T, AccessError>;
