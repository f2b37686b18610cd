//! The one door.
//!
//! Everything from outside enters the machine as an [`Input`]. The machine asks its [`Door`] for the next one at
//! boundaries between instructions, and writes it down with the moment at which it took it. On replay the log is
//! the door.

use serde::{Deserialize, Serialize};

use crate::{Clock, Moment, Output, VirtualTime};

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
    /// The machine was idle, and the outside let time pass until something came.
    TimePasses {
        /// The time it is now.
        to: VirtualTime,
    },
    /// The user ends the run here.
    Stop,
    /// The host has read what a device asked for. The data are those of the image, which a replay has too.
    HostRead {
        /// The device's place on the board.
        device: u16,
        /// The device's own number for the request.
        request: u64,
        /// Whether the host could read them, and they were still those of the image.
        good: bool,
    },
    /// A recording keeps the machine's state here, as a keyframe. The machine takes no notice of it, but is asked for nothing
    /// else until that is done.
    Keyframe,
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

/// Where inputs come from: front ends, a script, or a log.
///
/// A door is asked between instructions. What it answers is logged before it has any effect, so how a door came to its
/// answer is its own business and needs no reproducing.
pub trait Door: Send {
    /// What there is for a machine that is at `now`, when its clock shows `time`. Asked again until it has nothing.
    fn poll(&mut self, now: Moment, time: VirtualTime) -> Offer;

    /// The count of retired instructions at which to ask again, later than `retired`. `clock` tells when that is.
    fn next_poll(&self, retired: u64, clock: &Clock) -> u64;

    /// The machine is idle until its calendar's `next` entry, or for ever. With [`Offer::NotNow`] it skips to that
    /// entry; without one the door waits (in wall time only) for an input, or says that none can come.
    fn idle(&mut self, now: Moment, next: Option<VirtualTime>) -> Offer;

    /// Whether the door looks at what the guest writes, and so has to be polled after every byte of it.
    fn watches_outputs(&self) -> bool {
        false
    }

    /// Shows the door what the guest wrote.
    fn output(&mut self, _output: &Output) {}
}

/// A door through which nothing comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDoor;

impl Door for NoDoor {
    fn poll(&mut self, _now: Moment, _time: VirtualTime) -> Offer {
        Offer::Never
    }

    fn next_poll(&self, _retired: u64, _clock: &Clock) -> u64 {
        u64::MAX
    }

    fn idle(&mut self, _now: Moment, next: Option<VirtualTime>) -> Offer {
        if next.is_some() { Offer::NotNow } else { Offer::Never }
    }
}
