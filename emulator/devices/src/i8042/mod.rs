//! The keyboard controller of ISA machines: an 8042, with nothing plugged in.
//!
//! Systems probe it before they believe that there is no keyboard. So the controller itself is whole: self-test, command
//! byte, loops, interrupts. What is sent to a device comes back as the controller's own answer for one that is not
//! there: "send again", with the timeout flag.
//!
//! Its pulse commands, which reset a PC, are not wired anywhere and are refused.

#[cfg(test)]
mod tests;

pub mod spec;

use std::collections::VecDeque;

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "i8042";

/// Everything about the controller that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8042State {
    /// Bytes for the guest with their status bits above them; the first is in the output buffer.
    output: VecDeque<u16>,
    /// The internal RAM; its first byte is the command byte.
    ram: Vec<u8>,
    output_port: u8,
    /// The command whose data byte is awaited.
    awaits: Option<u8>,
    last_was_command: bool,
}

impl I8042State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
    /// Bytes of RAM.
    const RAM: usize = 32;

    fn new() -> Self {
        let mut ram = vec![0; Self::RAM];
        ram[0] = spec::CTR_SYSTEM;
        Self {
            output: VecDeque::new(),
            ram,
            output_port: spec::OUTPUT_PORT,
            awaits: None,
            last_was_command: false,
        }
    }

    fn put(&mut self, byte: u8, status: u8) {
        self.output.push_back(u16::from(status) << 8 | u16::from(byte));
    }

    fn head_status(&self) -> u8 {
        self.output.front().map_or(0, |head| (head >> 8) as u8 | spec::STATUS_OBF)
    }

    fn status(&self) -> u8 {
        let command = if self.last_was_command { spec::STATUS_COMMAND } else { 0 };
        let system = self.ram[0] & spec::CTR_SYSTEM;
        self.head_status() | command | system | spec::STATUS_UNLOCKED
    }

    /// The levels of IRQ 1 and IRQ 12.
    fn interrupts(&self) -> [bool; 2] {
        let head = self.head_status();
        let full = head & spec::STATUS_OBF != 0;
        let aux = head & spec::STATUS_AUX != 0;
        [
            full && !aux && self.ram[0] & spec::CTR_KEYBOARD_INT != 0,
            full && aux && self.ram[0] & spec::CTR_AUX_INT != 0,
        ]
    }

    /// Does a command; `None` if there is no such one.
    fn command(&mut self, command: u8) -> Option<()> {
        self.awaits = None;
        match command {
            0x20..=0x3f => self.put(self.ram[usize::from(command - spec::READ_RAM)], 0),
            0x60..=0x7f
            | spec::WRITE_OUTPUT
            | spec::LOOP_KEYBOARD
            | spec::LOOP_AUX
            | spec::WRITE_AUX => self.awaits = Some(command),
            spec::TEST_PASSWORD => self.put(spec::NO_PASSWORD, 0),
            spec::AUX_DISABLE => self.ram[0] |= spec::CTR_AUX_OFF,
            spec::AUX_ENABLE => self.ram[0] &= !spec::CTR_AUX_OFF,
            spec::KEYBOARD_DISABLE => self.ram[0] |= spec::CTR_KEYBOARD_OFF,
            spec::KEYBOARD_ENABLE => self.ram[0] &= !spec::CTR_KEYBOARD_OFF,
            spec::AUX_TEST | spec::KEYBOARD_TEST => self.put(0, 0),
            spec::SELF_TEST => {
                self.output.clear();
                self.ram[0] = spec::CTR_AFTER_TEST;
                self.put(spec::TEST_PASSED, 0);
            }
            spec::READ_INPUT => self.put(spec::INPUT_PORT, 0),
            spec::READ_OUTPUT => self.put(self.output_port, 0),
            spec::READ_TEST => self.put(0, 0),
            // A pulse on no line.
            0xff => {}
            _ => return None,
        }
        Some(())
    }

    fn data(&mut self, byte: u8) {
        match self.awaits.take() {
            Some(command @ 0x60..=0x7f) => self.ram[usize::from(command - spec::WRITE_RAM)] = byte,
            Some(spec::WRITE_OUTPUT) => self.output_port = byte,
            Some(spec::LOOP_KEYBOARD) => self.put(byte, 0),
            Some(spec::LOOP_AUX) => self.put(byte, spec::STATUS_AUX),
            Some(spec::WRITE_AUX) => {
                self.put(spec::RESEND, spec::STATUS_AUX | spec::STATUS_TIMEOUT);
            }
            _ => {
                // Sending a byte turns the keyboard on.
                self.ram[0] &= !spec::CTR_KEYBOARD_OFF;
                self.put(spec::RESEND, spec::STATUS_TIMEOUT);
            }
        }
    }
}

/// The controller on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I8042 {
    state: I8042State,
}

impl Default for I8042 {
    fn default() -> Self {
        Self { state: I8042State::new() }
    }
}

impl I8042 {
    /// The levels of its two interrupts: IRQ 1 of the keyboard, IRQ 12 of the auxiliary device.
    #[must_use]
    pub fn interrupts(&self) -> [bool; 2] {
        self.state.interrupts()
    }
}

impl Device for I8042 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        match (offset, size) {
            (spec::DATA, 1) => Ok(u64::from(self.state.output.pop_front().unwrap_or(0) as u8)),
            (spec::COMMAND, 1) => Ok(self.state.status().into()),
            _ => Err(AccessError::unimplemented_read(NAME, offset, size)),
        }
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let error = || AccessError::unimplemented_write(NAME, offset, size, value);
        match (offset, size) {
            (spec::DATA, 1) => {
                self.state.last_was_command = false;
                self.state.data(value as u8);
                Ok(())
            }
            (spec::COMMAND, 1) => {
                self.state.last_was_command = true;
                self.state.command(value as u8).ok_or_else(error)
            }
            _ => Err(error()),
        }
    }

    fn interrupt(&self) -> bool {
        self.state.interrupts().contains(&true)
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        *self = Self::default();
    }
}

impl SaveState for I8042 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, I8042State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: I8042State = from.get(name, I8042State::VERSION)?;
        if state.ram.len() != I8042State::RAM {
            let detail = format!("{} bytes of RAM", state.ram.len());
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        Ok(())
    }
}
