//! The floppy disk controller of ISA machines: Intel's 82077AA, with four drives and no disk.
//!
//! A machine whose super I/O chip lacks it makes a system wait for seconds until it believes that. So the controller is
//! whole, and only finds nothing to read: commands for sectors end at once, without an address mark. Seeks take no
//! time.

#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use self::spec::command;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "i82077";
const DRIVES: usize = 4;

/// Everything about the controller that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct I82077State {
    dor: u8,
    tdr: u8,
    /// The bytes of a command that have come, and those of a result that are to go.
    command: Vec<u8>,
    result: Vec<u8>,
    /// What SENSE INTERRUPT has to tell: status register 0 of each drive.
    interrupts: Vec<u8>,
    interrupt: bool,
    cylinders: [u8; DRIVES],
    specified: [u8; 2],
    /// CONFIGURE's second and third byte.
    configured: [u8; 2],
    perpendicular: u8,
    locked: bool,
}

impl I82077State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn running(&self) -> bool {
        self.dor & spec::DOR_RUN != 0
    }

    fn status(&self) -> u8 {
        if !self.running() {
            return 0;
        }
        let direction = if self.result.is_empty() { 0 } else { spec::MSR_DIO };
        let idle = self.result.is_empty() && self.command.is_empty();
        spec::MSR_RQM | direction | if idle { 0 } else { spec::MSR_BUSY }
    }

    /// What the end of a reset leaves; polling then finds that all drives have changed.
    fn restart(&mut self) {
        let configured = if self.locked { self.configured } else { [0; 2] };
        let (dor, tdr, locked) = (self.dor, self.tdr, self.locked);
        *self = Self { dor, tdr, locked, configured, ..Self::default() };
        self.interrupts = (0..DRIVES as u8).map(|drive| spec::ST0_CHANGED | drive).collect();
        self.interrupt = true;
    }

    fn set_dor(&mut self, value: u8) {
        let before = self.running();
        self.dor = value;
        if !before && self.running() {
            self.restart();
        } else if !self.running() {
            self.interrupt = false;
        }
    }

    /// Takes a byte of a command.
    fn take(&mut self, byte: u8) {
        if !self.running() || !self.result.is_empty() {
            return;
        }
        self.command.push(byte);
        if self.command.len() > parameters(self.command[0]) {
            let command = std::mem::take(&mut self.command);
            self.result = self.execute(&command);
        }
    }

    fn give(&mut self) -> u8 {
        self.interrupt &= self.result.is_empty();
        if self.result.is_empty() { 0 } else { self.result.remove(0) }
    }

    /// Does a command; gives its result. All parameters are there.
    fn execute(&mut self, bytes: &[u8]) -> Vec<u8> {
        let first = bytes[0];
        let drive = bytes.get(1).map_or(0, |byte| byte & 3);
        match (first & 0x1f, first) {
            (command::SPECIFY, command::SPECIFY) => self.specified = [bytes[1], bytes[2]],
            (command::SENSE_DRIVE, command::SENSE_DRIVE) => {
                // Ready, two sides; track 0 where the head is there.
                let track_0 = u8::from(self.cylinders[usize::from(drive)] == 0) << 4;
                return vec![0x28 | track_0 | bytes[1] & 7];
            }
            (command::RECALIBRATE, command::RECALIBRATE) => {
                // Nobody has steps down to 0 reported: the drive is not connected.
                self.cylinders[usize::from(drive)] = 0;
                let failed = spec::ST0_ABNORMAL | spec::ST0_SEEK | spec::ST0_CHECK;
                self.raise(failed | drive);
            }
            (command::SENSE_INTERRUPT, command::SENSE_INTERRUPT) => {
                self.interrupt = false;
                if self.interrupts.is_empty() {
                    return vec![spec::ST0_INVALID];
                }
                let status = self.interrupts.remove(0);
                return vec![status, self.cylinders[usize::from(status & 3)]];
            }
            (command::SEEK, _) => {
                let cylinder = &mut self.cylinders[usize::from(drive)];
                *cylinder = match first & 0xc0 {
                    0x80 => cylinder.wrapping_sub(bytes[2]),
                    0xc0 => cylinder.wrapping_add(bytes[2]),
                    _ => bytes[2],
                };
                self.raise(spec::ST0_SEEK | bytes[1] & 7);
            }
            (command::VERSION, command::VERSION) => return vec![spec::VERSION],
            (command::DUMP, command::DUMP) => return self.dump(),
            (command::PERPENDICULAR, command::PERPENDICULAR) => self.perpendicular = bytes[1],
            (command::CONFIGURE, command::CONFIGURE) => self.configured = [bytes[2], bytes[3]],
            (command::LOCK, 0x14 | 0x94) => {
                self.locked = first & 0x80 != 0;
                return vec![u8::from(self.locked) << 4];
            }
            (number, _) if parameters(first) > 0 && searches(number) => {
                self.interrupt = true;
                let status = spec::ST0_ABNORMAL | bytes[1] & 7;
                return vec![status, spec::ST1_NO_MARK, 0, 0, 0, 0, 0];
            }
            _ => return vec![spec::ST0_INVALID],
        }
        Vec::new()
    }

    fn raise(&mut self, status: u8) {
        self.interrupts.push(status);
        self.interrupt = true;
    }

    fn dump(&self) -> Vec<u8> {
        let lock = u8::from(self.locked) << 7;
        let mut dump = self.cylinders.to_vec();
        dump.extend(self.specified);
        dump.extend([0, lock | self.perpendicular & 0x7f]);
        dump.extend(self.configured);
        dump
    }
}

/// Whether a command looks for an address mark.
fn searches(number: u8) -> bool {
    command::SECTORS.contains(&number) || matches!(number, command::READ_ID | command::FORMAT)
}

/// How many bytes follow a command's first one.
fn parameters(first: u8) -> usize {
    match (first & 0x1f, first) {
        (command::READ_ID, _) => 1,
        (command::FORMAT, _) => 5,
        (command::SEEK, _) | (_, command::SPECIFY) => 2,
        (_, command::SENSE_DRIVE | command::RECALIBRATE | command::PERPENDICULAR) => 1,
        (_, command::CONFIGURE) => 3,
        (number, _) if command::SECTORS.contains(&number) => 8,
        _ => 0,
    }
}

/// The controller on the bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct I82077 {
    state: I82077State,
}

impl Device for I82077 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        Ok(u64::from(match (offset, size) {
            (0..=spec::STATUS_B, 1) => 0xff,
            (spec::DOR, 1) => self.state.dor,
            (spec::TDR, 1) => self.state.tdr,
            (spec::MSR_DSR, 1) => self.state.status(),
            (spec::FIFO, 1) => self.state.give(),
            // No disk has been changed; the other bits are the hard disk's.
            (spec::DIR_CCR, 1) => 0x7f,
            _ => return Err(AccessError::unimplemented_read(NAME, offset, size)),
        }))
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let byte = value as u8;
        match (offset, size) {
            (0..=spec::STATUS_B, 1) => {}
            (spec::DOR, 1) => self.state.set_dor(byte),
            (spec::TDR, 1) => self.state.tdr = byte & 3,
            // The data rate is of no interest without a disk.
            (spec::MSR_DSR, 1) if byte & spec::DSR_RESET != 0 => self.state.restart(),
            (spec::MSR_DSR | spec::DIR_CCR, 1) => {}
            (spec::FIFO, 1) => self.state.take(byte),
            _ => return Err(AccessError::unimplemented_write(NAME, offset, size, value)),
        }
        Ok(())
    }

    fn interrupt(&self) -> bool {
        self.state.interrupt && self.state.dor & spec::DOR_GATE != 0
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::default();
    }
}

impl SaveState for I82077 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, I82077State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, I82077State::VERSION)?;
        Ok(())
    }
}
