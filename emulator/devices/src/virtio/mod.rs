//! Virtio devices.
//!
//! A driver and a device share rings in the guest's memory. Here is what is the same for every board: the rings
//! ([`Queue`], [`Chain`]), a device's settings ([`Virtio`]), and the devices behind [`VirtioDevice`]. A transport is how
//! a driver reaches the settings, and differs from board to board: [`mmio`] here; a PCI or channel transport calls the
//! same methods of [`Virtio`].
//!
//! Everything that a driver writes can be anything. What makes no sense stops that device, not the machine: it asks for a
//! reset, and the run has an event that says what was wrong ([`Fault`]).
//!
//! The rings are this project's own code: see decision 11 in `docs/decisions`.

pub mod block;
pub mod ccw;
mod chain;
pub mod console;
mod device;
pub mod entropy;
mod fault;
mod function;
pub mod mmio;
pub mod net;
pub mod pci;
mod queue;
pub mod spec;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use chain::{Chain, Segment};
pub use device::{Access, VirtioDevice};
pub use fault::{Fault, Problem};
pub use function::{State, Virtio};
pub use queue::Queue;
