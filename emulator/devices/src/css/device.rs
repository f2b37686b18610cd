//! What a subchannel asks of its device.

use lockstep_core::{Input, RestoreError, Saved};

use super::program::{Check, Data};
use crate::DeviceCx;

/// What a device is, as SENSE ID tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Type and model of the control unit.
    pub control_unit: (u16, u8),
    /// Type and model of the device.
    pub device: (u16, u8),
}

impl Identity {
    pub(super) const fn bytes(self) -> [u8; 7] {
        let ([a, b], [c, d]) = (self.control_unit.0.to_be_bytes(), self.device.0.to_be_bytes());
        [0xff, a, b, self.control_unit.1, c, d, self.device.1]
    }
}

/// A command that a device did not execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Its memory is not there, or not for the channel program to access.
    Check(Check),
    /// A unit check, with the first sense byte.
    Sense(u8),
}

impl From<Check> for Rejected {
    fn from(check: Check) -> Self {
        Self::Check(check)
    }
}

/// What a device tells the processors beyond the end of a channel program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Adapter interruptions, a bit for each subclass, the highest for subclass 0.
    pub adapters: u8,
    /// The subchannel becomes status pending with attention.
    pub attention: bool,
}

impl Signals {
    /// An adapter interruption of a subclass.
    pub const fn adapter(&mut self, isc: u8) {
        self.adapters |= 0x80 >> (isc & 7);
    }
}

/// A device behind a subchannel.
pub trait CcwDevice: Send {
    /// What it is.
    fn identity(&self) -> Identity;
    /// Executes a command other than no-operation, SENSE and SENSE ID.
    fn command(
        &mut self,
        cx: &mut DeviceCx<'_>,
        code: u8,
        data: &mut Data,
        signals: &mut Signals,
    ) -> Result<(), Rejected>;
    /// Its subchannel was disabled.
    fn disabled(&mut self) {}
    /// A calendar entry of this device is due.
    fn due(&mut self, _cx: &mut DeviceCx<'_>, _number: u32, _signals: &mut Signals) {}
    /// Something came from outside.
    fn input(&mut self, _cx: &mut DeviceCx<'_>, _input: &Input, _signals: &mut Signals) {}
    /// A program notifies a queue (DIAGNOSE 500). What it returns goes to the program; `None`: there is no such queue.
    fn notify(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        _queue: u64,
        _signals: &mut Signals,
    ) -> Option<u64> {
        None
    }
    /// Back to the state after power-on.
    fn reset(&mut self, cx: &mut DeviceCx<'_>);
    /// Adds its state under `name`.
    fn save(&self, name: &str, to: &mut Saved);
    /// Takes its state back.
    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError>;
}
