//! The one door.
//!
//! Everything from outside enters the machine as an [`Input`]. The machine asks its [`Door`] for the next one at
//! boundaries between instructions, and writes it down with the moment at which it took it. On replay the log is
//! the door.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// Something from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// Bytes typed at a console port.
    Console {
        /// The board's number for the port.
        port: u8,
        /// What was typed.
        bytes: Vec<u8>,
    },
    /// The power key was pressed: the guest is asked to shut down.
    PowerKey,
    /// The reset key was pressed: the machine resets at once.
    Reset,
    /// The user ends the run here.
    Stop,
}

/// A door's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The next input.
    Input(Input),
    /// Nothing at this moment.
    NotNow,
    /// Nothing will ever come again.
    Never,
}

/// Where inputs come from.
pub trait Door: Send {
    /// What there is for a machine that is at `now`. Asked again until it has nothing.
    fn poll(&mut self, now: Moment) -> Offer;

    /// The count of retired instructions at which to ask again, later than `retired`.
    fn next_poll(&self, retired: u64) -> u64;

    /// The machine is idle and has no timer: waits (in wall time only) until there is an input, or says that
    /// none can come.
    fn wait(&mut self, now: Moment) -> Offer;
}

/// A door through which nothing comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDoor;

impl Door for NoDoor {
    fn poll(&mut self, _now: Moment) -> Offer {
        Offer::Never
    }

    fn next_poll(&self, _retired: u64) -> u64 {
        u64::MAX
    }

    fn wait(&mut self, _now: Moment) -> Offer {
        Offer::Never
    }
}
