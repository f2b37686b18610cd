//! Interrupt controllers.
//!
//! Between a device's line and a vCPU's interrupt input stand enables, groups, priorities, targets and the record of
//! what is being handled. Both generations of Arm's generic interrupt controller agree on most of that, so it is
//! written once, in `common`; [`v2`] and [`v3`] add their registers and the way an interrupt finds its vCPU.
//!
//! The outputs to the vCPUs are looked at between any two blocks of instructions. They are therefore computed when
//! something changes, not when they are asked for, and the computed values are no part of the saved state.

use lockstep_core::{Backplane, VcpuId};

use crate::Device;

mod common;
pub mod v2;
pub mod v3;

pub use v2::GicV2;
pub use v3::GicV3;

/// An interrupt input of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line of the board: shared peripheral interrupt `n`, which has INTID 32 + `n`.
    Shared(u16),
    /// A line of one vCPU, by INTID (16 to 31).
    Private {
        /// Whose line.
        vcpu: VcpuId,
        /// Its INTID.
        intid: u8,
    },
}

/// What a board does with an interrupt controller of either generation.
pub trait InterruptController: Device {
    /// Drives an input. A line that does not exist is a mistake of the board, and ignored.
    ///
    /// A reset forgets the levels: after one, the board drives every line again.
    fn set_line(&mut self, bp: &mut Backplane, line: Line, level: bool);

    /// Whether a vCPU's IRQ input is asserted.
    fn irq(&self, vcpu: VcpuId) -> bool;

    /// Whether a vCPU's FIQ input is asserted.
    fn fiq(&self, vcpu: VcpuId) -> bool;
}

/// A controller that cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a number of vCPUs that the controller can serve.
    #[error("an interrupt controller for {vcpus} vCPUs; this one serves 1 to {most}")]
    Vcpus {
        /// What was asked for.
        vcpus: usize,
        /// What it can.
        most: usize,
    },
    /// Not a number of shared interrupts that the controller can have.
    #[error("{0} shared interrupts: a multiple of 32 up to 960 is possible")]
    Shared(u16),
    /// Two vCPUs have the same affinity.
    #[error("two vCPUs have affinity {0:#010x}")]
    Affinity(u32),
}

/// Spurious interrupt: what an acknowledgement returns when there is nothing to handle.
pub const SPURIOUS: u16 = 1023;

/// INTID of the first shared peripheral interrupt.
pub const FIRST_SHARED: u16 = 32;

fn check_shared(shared: u16) -> Result<(), ConfigError> {
    if shared.is_multiple_of(32) && (32..=960).contains(&shared) {
        Ok(())
    } else {
        Err(ConfigError::Shared(shared))
    }
}
