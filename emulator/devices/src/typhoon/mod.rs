//! The chipset of DP264-class machines: Digital's 21272, Typhoon.
//!
//! Three kinds of chip: the Cchip controls memory and gathers interrupts, the Dchips carry data, and two Pchips bridge
//! to PCI. A register that software can only use for timing keeps its value; one that this build does not have is an
//! error: performance monitors, the TIGbus, the serial bus of memory modules.
//!
//! An access that nobody answers sets error registers here; what processors see of it is the board's business.

mod cchip;
mod dchip;
mod pchip;
#[cfg(test)]
mod tests;

pub mod spec;

pub use self::cchip::{Cchip, CchipState, Requests};
pub use self::dchip::{Dchip, DchipState};
pub use self::pchip::{Pchip, PchipState};
