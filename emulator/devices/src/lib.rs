//! Devices and the bus that connects them.
//!
//! A device is a folder: `spec` (registers and layout as named constants, with the document they come from), a core
//! (a pure state machine, testable alone), the adapter to the bus, and its saved state. It schedules only through
//! the calendar, reaches memory only through the [`DeviceCx`] of the call, and tells the outside only through the
//! backplane's outputs and events.

mod device;

pub use device::{AccessError, Device, DeviceIo};
pub use lockstep_memory::DeviceCx;
