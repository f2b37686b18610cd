//! Channel programs: what a device is told to do, and where in memory its data is.

use lockstep_memory::PhysMem;
use serde::{Deserialize, Serialize};

use super::device::{CcwDevice, Rejected, Signals};
use super::spec::{SENSE_LEN, ccw, channel_status, device_status, orb};
use crate::DeviceCx;

/// What a program asked for when it started a channel program: the operation-request block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Orb {
    pub(super) parameter: u32,
    pub(super) control: u16,
    pub(super) paths: u8,
    pub(super) more: u8,
    pub(super) program: u32,
}

impl Orb {
    pub(super) fn parse(bytes: &[u8; orb::LEN]) -> Self {
        let word = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self {
            parameter: word(0),
            control: u16::from_be_bytes([bytes[4], bytes[5]]),
            paths: bytes[6],
            more: bytes[7],
            program: word(8),
        }
    }

    const fn has(&self, control: u16) -> bool {
        self.control & control != 0
    }

    /// The access key of the channel program.
    const fn key(&self) -> u8 {
        (self.control >> orb::KEY_SHIFT) as u8
    }
}

/// A command that a channel program gives.
#[derive(Clone, Copy, Debug)]
struct Ccw {
    code: u8,
    flags: u8,
    count: u16,
    data: u32,
}

impl Ccw {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn is_transfer(&self, format_1: bool) -> bool {
        if format_1 { self.code == ccw::TRANSFER } else { self.code & 0xf == ccw::TRANSFER }
    }
}

/// Why a channel program cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is wrong.
    Program,
    /// A storage key keeps its access key from where it leads.
    Protection,
}

impl Check {
    const fn status(self) -> u8 {
        match self {
            Self::Program => channel_status::PROGRAM_CHECK,
            Self::Protection => channel_status::PROTECTION_CHECK,
        }
    }
}

/// Who knows what storage keys permit: whether an access key may fetch from and store into the frame of an absolute address. PoP
/// "Key-Controlled Protection".
pub trait Protection {
    /// Whether the key may fetch, and whether it may store.
    fn permits(&self, address: u64, key: u8) -> (bool, bool);
}

/// Every access is permitted.
#[derive(Clone, Copy, Debug)]
pub struct Unprotected;

impl Protection for Unprotected {
    fn permits(&self, _address: u64, _key: u8) -> (bool, bool) {
        (true, true)
    }
}

/// Storage keys cover frames of this many bytes.
const FRAME: u64 = 4096;

/// The memory that a command reads or writes.
#[derive(Debug, Default)]
pub struct Data {
    /// Address and length of each piece.
    pieces: Vec<(u64, u32)>,
    skip: bool,
    used: u32,
    /// The device had more to store than there was room for.
    more: bool,
    /// How many bytes may be fetched, and how many stored, before a storage key objects.
    permitted: (u32, u32),
}

impl Data {
    /// Bytes that have not been transferred yet.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.pieces.iter().map(|(_, length)| length).sum::<u32>() - self.used
    }

    /// The pieces of the next bytes, at most so many.
    fn advance(&mut self, most: usize) -> Vec<(u64, usize)> {
        let (mut before, mut found, mut count) = (0, Vec::new(), 0);
        for (address, length) in &self.pieces {
            let from = self.used.saturating_sub(before).min(*length);
            before += length;
            let here = ((length - from) as usize).min(most - count);
            if here > 0 {
                found.push((address + u64::from(from), here));
                count += here;
            }
        }
        self.used += count as u32;
        found
    }

    /// Reads from memory: the number of bytes is less than asked for when the command has no more.
    pub fn fetch(&mut self, mem: &PhysMem, into: &mut [u8]) -> Result<usize, Check> {
        let mut done = 0;
        for (address, length) in self.advance(into.len()) {
            if self.used > self.permitted.0 {
                return Err(Check::Protection);
            }
            mem.read_bytes(address, &mut into[done..done + length]).map_err(|_| Check::Program)?;
            done += length;
        }
        Ok(done)
    }

    /// Goes back to the first byte: a command that reads where it then writes.
    pub fn rewind(&mut self) {
        self.used = 0;
    }

    /// Goes to the end: what is left is not the device's concern.
    pub fn finish(&mut self) {
        self.used += self.left();
    }

    /// Writes to memory, as far as the command goes.
    pub fn store(&mut self, mem: &mut PhysMem, from: &[u8]) -> Result<usize, Check> {
        let mut done = 0;
        self.more |= from.len() > self.left() as usize;
        for (address, length) in self.advance(from.len()) {
            if !self.skip {
                if self.used > self.permitted.1 {
                    return Err(Check::Protection);
                }
                let part = &from[done..done + length];
                mem.write_bytes(address, part).map_err(|_| Check::Program)?;
            }
            done += length;
        }
        Ok(done)
    }
}

/// How a channel program stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The address behind the last command.
    pub(super) address: u32,
    pub(super) device: u8,
    pub(super) channel: u8,
    /// Bytes that the last command did not transfer.
    pub(super) count: u16,
    /// It stopped before a command that says so, and may be resumed there.
    pub(super) suspended: bool,
}

/// What a run of a channel program has to do with.
pub(super) struct Run<'a, 'b> {
    pub(super) cx: &'a mut DeviceCx<'b>,
    pub(super) device: &'a mut dyn CcwDevice,
    pub(super) orb: &'a Orb,
    pub(super) sense: &'a mut [u8; SENSE_LEN],
    pub(super) signals: &'a mut Signals,
    pub(super) keys: &'a dyn Protection,
}

/// Commands after which a program that never ends is broken off: a chain that transfers to itself without an end would
/// stop the machine for ever, which real channels do, too, but at no cost for the processor.
const MOST_COMMANDS: u32 = 1 << 20;

impl Run<'_, '_> {
    /// Runs from a command on. `resumed` is a program that was suspended there.
    pub(super) fn program(mut self, from: u32, resumed: bool) -> End {
        let mut at = from;
        let end = |address, channel| End {
            address,
            device: device_status::CHANNEL_END | device_status::DEVICE_END,
            channel,
            count: 0,
            suspended: false,
        };
        // The device knows nothing of a first command that the channel does not give it.
        let unbegun = |end, at| if at == from { End { device: 0, ..end } } else { end };
        let mut resumed = resumed;
        for _ in 0..MOST_COMMANDS {
            let (command, behind) = match self.next(at, at == from) {
                Ok(next) => next,
                Err(check) => return unbegun(end(at.wrapping_add(8), check.status()), at),
            };
            if command.has(ccw::SUSPEND) && !std::mem::take(&mut resumed) {
                if !self.orb.has(orb::SUSPEND) {
                    return unbegun(end(behind, channel_status::PROGRAM_CHECK), at);
                }
                return End { device: 0, suspended: true, address: behind - 8, ..end(behind, 0) };
            }
            let (mut data, last, behind) = match self.data(command, behind) {
                Ok(data) => data,
                Err(check) => return unbegun(end(behind, check.status()), at),
            };
            let (device, mut channel) = match self.command(command.code, &mut data) {
                Ok(status) => (status, 0),
                Err(check) => (end(0, 0).device, check.status()),
            };
            let count = data.left();
            let excused =
                last.has(ccw::SUPPRESS_LENGTH) || (count == 0 && !data.more) || channel != 0;
            let immediate = command.code & 3 == 3 && count > 0 && data.used == 0;
            let checks = self.orb.more & orb::SUPPRESS_LENGTH == 0 && self.orb.has(orb::FORMAT_1);
            if !excused && device & device_status::UNIT_CHECK == 0 && (!immediate || checks) {
                channel |= channel_status::INCORRECT_LENGTH;
            }
            let goes_on = channel == 0 && device & device_status::UNIT_CHECK == 0;
            if !goes_on || !last.has(ccw::CHAIN_COMMAND) {
                return End { device, count: count as u16, ..end(behind, channel) };
            }
            at = behind;
        }
        end(at, channel_status::PROGRAM_CHECK)
    }

    /// The command at an address, or where a transfer leads from there; and the address behind it.
    fn next(&self, at: u32, first: bool) -> Result<(Ccw, u32), Check> {
        let command = self.fetch(at)?;
        let format_1 = self.orb.has(orb::FORMAT_1);
        if !command.is_transfer(format_1) {
            return Ok((command, at.wrapping_add(8)));
        }
        if first || (format_1 && (command.flags != 0 || command.count != 0)) {
            return Err(Check::Program);
        }
        let there = self.fetch(command.data)?;
        if there.is_transfer(format_1) {
            Err(Check::Program)
        } else {
            Ok((there, command.data.wrapping_add(8)))
        }
    }

    fn fetch(&self, at: u32) -> Result<Ccw, Check> {
        let format_1 = self.orb.has(orb::FORMAT_1);
        let limit = if format_1 { 1 << 31 } else { 1 << 24 };
        if !at.is_multiple_of(8) || at >= limit {
            return Err(Check::Program);
        }
        self.check_fetch(at.into())?;
        let [b0, b1, b2, b3, b4, b5, b6, b7] = self.cx.mem.read(at.into()).ok_or(Check::Program)?;
        let command = if format_1 {
            let data = u32::from_be_bytes([b4, b5, b6, b7]);
            Ccw { code: b0, flags: b1, count: u16::from_be_bytes([b2, b3]), data }
        } else {
            let data = u32::from_be_bytes([0, b1, b2, b3]);
            Ccw { code: b0, flags: b4, count: u16::from_be_bytes([b6, b7]), data }
        };
        let direct = !command.has(ccw::INDIRECT) || command.is_transfer(format_1);
        if command.data >= 1 << 31 || (command.has(ccw::MODIFIED_INDIRECT) && direct) {
            return Err(Check::Program);
        }
        Ok(command)
    }

    /// Refuses what is fetched for the channel program itself where its key may not.
    fn check_fetch(&self, address: u64) -> Result<(), Check> {
        let key = self.orb.key();
        let permitted = key == 0 || self.keys.permits(address, key).0;
        if permitted { Ok(()) } else { Err(Check::Protection) }
    }

    /// How many bytes of some pieces, from the first on, may be fetched, and how many stored.
    fn permitted(&self, pieces: &[(u64, u32)]) -> (u32, u32) {
        let key = self.orb.key();
        let (mut before, mut fetched, mut stored) = (0, u32::MAX, u32::MAX);
        for &(address, length) in pieces.iter().filter(|(_, length)| key != 0 && *length > 0) {
            for frame in address / FRAME..=(address + u64::from(length - 1)) / FRAME {
                let at = address.max(frame * FRAME);
                let (fetch, store) = self.keys.permits(at, key);
                let place = before + (at - address) as u32;
                fetched = if fetch { fetched } else { fetched.min(place) };
                stored = if store { stored } else { stored.min(place) };
            }
            before += length;
        }
        (fetched, stored)
    }

    /// The memory of a command and of those that it chains its data to; the last of them, and the address behind it.
    fn data(&self, command: Ccw, behind: u32) -> Result<(Data, Ccw, u32), Check> {
        if command.code & 0xf == 0 || command.has(ccw::MODIFIED_INDIRECT) {
            return Err(Check::Program);
        }
        let mut data = Data { pieces: Vec::new(), skip: command.has(ccw::SKIP), ..Data::default() };
        let (mut last, mut behind) = (command, behind);
        loop {
            let none_allowed = self.orb.has(orb::FORMAT_1) && !last.has(ccw::CHAIN_DATA);
            if last.count == 0 && !none_allowed {
                return Err(Check::Program);
            }
            self.pieces(&last, &mut data.pieces)?;
            if !last.has(ccw::CHAIN_DATA) {
                data.permitted = self.permitted(&data.pieces);
                return Ok((data, last, behind));
            }
            // A page of commands is more than any program chains.
            if data.pieces.len() > 4096 {
                return Err(Check::Program);
            }
            (last, behind) = self.next(behind, false)?;
        }
    }

    fn pieces(&self, command: &Ccw, to: &mut Vec<(u64, u32)>) -> Result<(), Check> {
        if !command.has(ccw::INDIRECT) {
            to.push((command.data.into(), command.count.into()));
            return Ok(());
        }
        let wide = self.orb.has(orb::INDIRECT_64);
        let block: u64 = if wide && !self.orb.has(orb::INDIRECT_2K) { 4096 } else { 2048 };
        let width = if wide { 8 } else { 4 };
        let (mut list, mut left) = (u64::from(command.data), u64::from(command.count));
        if !list.is_multiple_of(width) {
            return Err(Check::Program);
        }
        let mut first = true;
        while left > 0 {
            self.check_fetch(list)?;
            let address = if wide {
                u64::from_be_bytes(self.cx.mem.read(list).ok_or(Check::Program)?)
            } else {
                u32::from_be_bytes(self.cx.mem.read(list).ok_or(Check::Program)?).into()
            };
            if !wide && address >= 1 << 31 || !first && !address.is_multiple_of(block) {
                return Err(Check::Program);
            }
            let length = left.min(block - address % block);
            to.push((address, length as u32));
            left -= length;
            list += width;
            first = false;
        }
        Ok(())
    }

    /// Has the device execute a command; its status.
    fn command(&mut self, code: u8, data: &mut Data) -> Result<u8, Check> {
        let done = device_status::CHANNEL_END | device_status::DEVICE_END;
        match code {
            ccw::NO_OPERATION => return Ok(done),
            ccw::SENSE => {
                let sense = std::mem::replace(self.sense, [0; SENSE_LEN]);
                data.store(self.cx.mem, &sense)?;
                return Ok(done);
            }
            ccw::SENSE_ID => {
                data.store(self.cx.mem, &self.device.identity().bytes())?;
                return Ok(done);
            }
            _ => {}
        }
        match self.device.command(self.cx, code, data, self.signals) {
            Ok(()) => Ok(done),
            Err(Rejected::Check(check)) => Err(check),
            Err(Rejected::Sense(byte)) => {
                *self.sense = [0; SENSE_LEN];
                self.sense[0] = byte;
                Ok(done | device_status::UNIT_CHECK)
            }
        }
    }
}
