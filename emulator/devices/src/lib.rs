//! Devices and the bus that connects them.
//!
//! A device is a folder: `spec` (registers and layout as named constants, with the document they come from), a core
//! (a pure state machine, testable alone), the adapter to the bus, and its saved state. It schedules only through
//! the calendar, reaches memory only through the [`DeviceCx`] of the call, and tells the outside only through the
//! backplane's outputs and events.
//!
//! Everything about a device that can change is one value of its saved type, so that saving forgets nothing and a reset
//! (a fresh value) clears all of it; beside it a device holds only its configuration and what is computed from both.

mod bus;
pub mod cfi_flash;
pub mod css;
mod device;
pub mod gic;
pub mod i8042;
pub mod i82077;
pub mod i8237;
pub mod i82378;
pub mod i8254;
pub mod i8259;
pub mod mc146818;
pub mod ns16550;
pub mod pci;
pub mod pl011;
pub mod pl031;
pub mod pl061;
mod registers;
pub mod sclp;
#[cfg(test)]
mod testing;
pub mod typhoon;
pub mod virtio;

pub use bus::{Bus, MapError, Window};
pub use device::{AccessError, Device, DeviceIo};
pub use lockstep_memory::DeviceCx;
