//! What a processor has beyond its registers.

use serde::{Deserialize, Serialize};

use crate::PerEvent;

/// Address spaces that the TLB holds translations of, at most.
pub(crate) const SPACES: usize = 64;

/// Which address space, as accesses choose it and as exceptions tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpaceKind {
    /// Without translation.
    Real,
    /// That of CR1.
    Primary,
    /// One that an access register names.
    Access,
    /// That of CR7.
    Secondary,
    /// That of CR13.
    Home,
    /// As [`SpaceKind::Access`], but the access list permits no stores.
    FetchOnly,
}

impl SpaceKind {
    /// The mode of data accesses, see [`lockstep_cpu::MmuCx::mode`]: entries permit the same in all of them, but what engines
    /// keep beside the TLB they keep by mode.
    #[must_use]
    pub const fn mode(self) -> u8 {
        match self {
            Self::Primary => 0,
            Self::Real | Self::Access | Self::FetchOnly => 1,
            Self::Secondary => 2,
            Self::Home => 3,
        }
    }

    /// Whether an access register names it.
    #[must_use]
    pub const fn is_named(self) -> bool {
        matches!(self, Self::Access | Self::FetchOnly)
    }

    /// As the last bits of a translation-exception identification have it.
    #[must_use]
    pub const fn bits(self) -> u64 {
        match self {
            Self::Real | Self::Primary => 0,
            Self::Access | Self::FetchOnly => 1,
            Self::Secondary => 2,
            Self::Home => 3,
        }
    }
}

/// An address space with the key by which it is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The address-space-control element; zero without translation.
    pub designation: u64,
    /// How it was chosen.
    pub kind: SpaceKind,
    /// The access key.
    pub key: u8,
}

/// The state of a processor beyond its general, access, floating-point and vector registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sys {
    /// PSW bits 0 to 63 without the condition code.
    pub mask: u64,
    /// Control registers.
    pub cr: [u64; 16],
    /// The prefix.
    pub prefix: u64,
    /// The floating-point control register.
    pub fpc: u32,
    /// The TOD programmable register.
    pub tod_programmable: u32,
    /// The clock comparator.
    pub comparator: u64,
    /// The TOD clock exceeds the clock comparator.
    pub comparator_pending: bool,
    /// The TOD clock at which the CPU timer is zero, and its value when the TOD clock is that.
    pub timer_zero: u64,
    /// The CPU timer is negative.
    pub timer_pending: bool,
    /// Processors whose emergency signals are pending, a bit each.
    pub emergency: u64,
    /// The processor whose external call is pending.
    pub external_call: Option<u16>,
    /// A restart is pending.
    pub restart: bool,
    /// The TLB's address spaces by number.
    pub spaces: Vec<Space>,
    /// A PER event that has not interrupted yet: of the last instruction, or of the executing one.
    pub per: Option<PerEvent>,
    /// What LOAD PROGRAM PARAMETER has loaded.
    pub program_parameter: u64,
}

impl Sys {
    /// After initial CPU reset (chapter 4, "Resets").
    #[must_use]
    pub fn reset() -> Self {
        let mut cr = [0; 16];
        cr[0] = 0xe0;
        cr[14] = 0xc200_0000;
        Self {
            mask: 0,
            cr,
            prefix: 0,
            fpc: 0,
            tod_programmable: 0,
            comparator: 0,
            comparator_pending: false,
            timer_zero: 0,
            timer_pending: false,
            emergency: 0,
            external_call: None,
            restart: false,
            spaces: Vec::new(),
            per: None,
            program_parameter: 0,
        }
    }
}
