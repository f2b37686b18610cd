//! A subchannel: what programs see of a device. Pure state; the functions are those of the I/O instructions.
//!
//! PoP chapters 14 (I/O Instructions) and 16 (I/O Interruptions).

use serde::{Deserialize, Serialize};

use super::program::{End, Orb};
use super::spec::{self, channel_status, device_status, irb, orb, pmcw, schib, scsw};

/// The path-management-control word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pmcw {
    parameter: u32,
    flags: u16,
    device: u16,
    /// Logical, not operational, last used, installed.
    paths: [u8; 4],
    measurement: u16,
    operational: u8,
    available: u8,
    last: u32,
}

/// The subchannel-status word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Scsw {
    flags: u16,
    control: u16,
    address: u32,
    device: u8,
    channel: u8,
    count: u16,
}

impl Scsw {
    const fn has(&self, control: u16) -> bool {
        self.control & control != 0
    }

    fn bytes(&self) -> [u8; scsw::LEN] {
        let mut bytes = [0; scsw::LEN];
        bytes[..2].copy_from_slice(&self.flags.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.control.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.address.to_be_bytes());
        bytes[8..10].copy_from_slice(&[self.device, self.channel]);
        bytes[10..].copy_from_slice(&self.count.to_be_bytes());
        bytes
    }
}

/// Everything about a subchannel that can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subchannel {
    pmcw: Pmcw,
    scsw: Scsw,
    pub(super) orb: Orb,
    pub(super) sense: [u8; spec::SENSE_LEN],
    /// Its interruption is pending.
    interrupts: bool,
}

/// The single path that there is.
const PATH_BIT: u8 = 0x80;

impl Subchannel {
    /// One whose device has a number.
    pub(super) fn new(device: u16) -> Self {
        Self {
            pmcw: Pmcw {
                parameter: 0,
                flags: pmcw::VALID,
                device,
                paths: [PATH_BIT, 0, 0, PATH_BIT],
                measurement: 0,
                operational: 0xff,
                available: PATH_BIT,
                last: 0,
            },
            scsw: Scsw::default(),
            orb: Orb::default(),
            sense: [0; spec::SENSE_LEN],
            interrupts: false,
        }
    }

    pub(super) fn enabled(&self) -> bool {
        self.pmcw.flags & pmcw::ENABLED != 0
    }

    /// The interruption subclass, when an interruption is pending.
    pub(super) fn pending(&self) -> Option<u8> {
        self.interrupts.then(|| self.subclass())
    }

    pub(super) fn subclass(&self) -> u8 {
        ((self.pmcw.flags & pmcw::ISC) >> pmcw::ISC_SHIFT) as u8
    }

    /// The interruption is taken: its parameter.
    pub(super) fn take_interruption(&mut self) -> u32 {
        self.interrupts = false;
        self.pmcw.parameter
    }

    /// STORE SUBCHANNEL.
    pub(super) fn store(&self) -> [u8; schib::LEN] {
        let mut bytes = [0; schib::LEN];
        let p = &self.pmcw;
        bytes[..4].copy_from_slice(&p.parameter.to_be_bytes());
        bytes[4..6].copy_from_slice(&p.flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&p.device.to_be_bytes());
        bytes[8..12].copy_from_slice(&p.paths);
        bytes[12..14].copy_from_slice(&p.measurement.to_be_bytes());
        bytes[14..16].copy_from_slice(&[p.operational, p.available]);
        bytes[16] = spec::PATH;
        bytes[24..28].copy_from_slice(&p.last.to_be_bytes());
        bytes[pmcw::LEN..pmcw::LEN + scsw::LEN].copy_from_slice(&self.scsw.bytes());
        bytes
    }

    /// MODIFY SUBCHANNEL, with a block whose reserved bits have been checked.
    pub(super) fn modify(&mut self, block: &[u8; schib::LEN]) -> u8 {
        if self.scsw.has(scsw::PENDING) {
            return 1;
        }
        if self.scsw.has(scsw::FUNCTIONS) {
            return 2;
        }
        let half = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
        let word = |at: usize| u32::from(half(at)) << 16 | u32::from(half(at + 2));
        let p = &mut self.pmcw;
        p.parameter = word(0);
        p.flags = p.flags & !pmcw::SETTABLE | half(4) & pmcw::SETTABLE;
        p.paths[0] = block[8];
        p.measurement = half(12);
        p.operational = block[14];
        p.last = p.last & !pmcw::LAST_SETTABLE | word(24) & pmcw::LAST_SETTABLE;
        0
    }

    /// Whether a block has zeros where it must.
    pub(super) fn modifiable(block: &[u8; schib::LEN]) -> bool {
        let flags = u16::from_be_bytes([block[4], block[5]]);
        let last = u32::from_be_bytes([block[24], block[25], block[26], block[27]]);
        // Limit mode 3 and a measurement mode without a format are for nobody to use.
        flags & pmcw::RESERVED == 0 && flags & 0x0060 != 0x0060 && last & pmcw::LAST_RESERVED == 0
    }

    /// START SUBCHANNEL. With condition code 0, the channel program is to begin.
    pub(super) fn start(&mut self, request: Orb) -> u8 {
        if request.paths & self.pmcw.paths[3] & self.pmcw.available == 0 {
            return 3;
        }
        if self.scsw.has(scsw::PENDING) {
            return 1;
        }
        if self.scsw.has(scsw::FUNCTIONS) {
            return 2;
        }
        self.pmcw.parameter = request.parameter;
        self.pmcw.paths[2] = PATH_BIT;
        self.scsw = Scsw {
            flags: request.control & scsw::FROM_ORB,
            control: scsw::START | scsw::START_PENDING,
            address: request.program,
            ..Scsw::default()
        };
        self.orb = request;
        0
    }

    /// RESUME SUBCHANNEL. With condition code 0, the channel program is to go on.
    pub(super) fn resume(&mut self) -> u8 {
        if self.scsw.has(scsw::PENDING) {
            return 1;
        }
        let functions = self.scsw.control & scsw::FUNCTIONS;
        let may = self.orb.control & orb::SUSPEND != 0;
        if functions != scsw::START || !may || self.scsw.has(scsw::RESUME_PENDING) {
            return 2;
        }
        if self.scsw.has(scsw::SUSPENDED) {
            self.scsw.control |= scsw::RESUME_PENDING;
        }
        0
    }

    /// Where the channel program begins or goes on, and which of both, when it is due.
    pub(super) fn due(&self) -> Option<(u32, bool)> {
        let resumes = self.scsw.has(scsw::RESUME_PENDING);
        (resumes || self.scsw.has(scsw::START_PENDING)).then_some((self.scsw.address, resumes))
    }

    /// The channel program stopped.
    pub(super) fn ended(&mut self, end: End) {
        let s = &mut self.scsw;
        s.address = end.address;
        s.control &= !(scsw::ACTIVITY | scsw::STATUS);
        if end.suspended {
            s.control |= scsw::SUSPENDED;
            if s.flags & scsw::SUPPRESS_SUSPENDED != 0 {
                return;
            }
            s.control |= scsw::INTERMEDIATE | scsw::PENDING;
        } else {
            (s.device, s.channel, s.count) = (end.device, end.channel, end.count);
            s.control |= scsw::PRIMARY | scsw::SECONDARY | scsw::PENDING;
            let alert = end.channel & !channel_status::PCI != 0
                || end.device & device_status::UNIT_CHECK != 0;
            if alert {
                s.control |= scsw::ALERT;
            }
        }
        self.interrupts = true;
    }

    /// HALT SUBCHANNEL. It takes effect at once.
    pub(super) fn halt(&mut self) -> u8 {
        let s = &mut self.scsw;
        let ended = scsw::ALERT | scsw::PRIMARY | scsw::SECONDARY;
        let only_pending = s.control & scsw::STATUS == scsw::PENDING;
        if s.has(scsw::PENDING) && (only_pending || s.has(ended)) {
            return 1;
        }
        if s.has(scsw::HALT | scsw::CLEAR) {
            return 2;
        }
        let was_active = s.has(scsw::START_PENDING | scsw::RESUME_PENDING | scsw::SUSPENDED);
        s.control &= !(scsw::ACTIVITY | scsw::STATUS);
        s.control |= scsw::HALT | scsw::PENDING;
        if was_active {
            s.control |= scsw::PRIMARY;
        }
        self.interrupts = true;
        0
    }

    /// CLEAR SUBCHANNEL. It takes effect at once.
    pub(super) fn clear(&mut self) {
        self.scsw = Scsw { control: scsw::CLEAR | scsw::PENDING, ..Scsw::default() };
        self.pmcw.operational = 0xff;
        self.pmcw.paths[1] = 0;
        self.pmcw.paths[2] = 0;
        self.interrupts = true;
    }

    /// CANCEL SUBCHANNEL. With condition code 0, nothing is due any more.
    pub(super) fn cancel(&mut self) -> u8 {
        let s = &mut self.scsw;
        if s.has(scsw::PENDING) {
            return 1;
        }
        let waits = s.has(scsw::START_PENDING | scsw::RESUME_PENDING | scsw::SUSPENDED);
        if s.control & scsw::FUNCTIONS != scsw::START || !waits {
            return 2;
        }
        *s = Scsw::default();
        0
    }

    /// The device has something to say without having been asked.
    pub(super) fn attention(&mut self) {
        if self.scsw.has(scsw::PENDING) {
            return;
        }
        self.scsw.control |= scsw::ALERT | scsw::PENDING;
        self.scsw.device |= device_status::ATTENTION;
        self.interrupts = true;
    }

    /// TEST SUBCHANNEL: the condition code and the block to store.
    pub(super) fn test(&mut self) -> (u8, [u8; irb::LEN]) {
        let mut block = [0; irb::LEN];
        block[..scsw::LEN].copy_from_slice(&self.scsw.bytes());
        // Extended status: the path that was used last.
        block[scsw::LEN + 1] = self.pmcw.paths[2];
        if !self.scsw.has(scsw::PENDING) {
            return (1, block);
        }
        self.interrupts = false;
        let s = &mut self.scsw;
        let only_intermediate = s.control & scsw::STATUS == scsw::INTERMEDIATE | scsw::PENDING;
        if !only_intermediate {
            s.control &= !(scsw::FUNCTIONS | scsw::ACTIVITY);
            (s.device, s.channel, s.count, s.flags) = (0, 0, 0, 0);
        }
        s.control &= !scsw::STATUS;
        (0, block)
    }
}
