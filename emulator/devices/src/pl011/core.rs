//! The UART as a state machine: registers, FIFO, interrupts. It knows no bus and no console.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::spec;

/// Everything about a UART that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pl011State {
    /// Characters that the guest can read, with the error bits of UARTDR.
    fifo: VecDeque<u16>,
    /// Typed characters for which the FIFO had no room, or which came while the receiver was off.
    backlog: VecDeque<u8>,
    /// An overrun belongs to the next character that enters the FIFO.
    overrun: bool,
    rsr: u8,
    ilpr: u16,
    ibrd: u16,
    fbrd: u16,
    lcr_h: u16,
    cr: u16,
    ifls: u16,
    imsc: u16,
    ris: u16,
    dmacr: u16,
}

impl Default for Pl011State {
    fn default() -> Self {
        Self {
            fifo: VecDeque::new(),
            backlog: VecDeque::new(),
            overrun: false,
            rsr: 0,
            ilpr: 0,
            ibrd: 0,
            fbrd: 0,
            lcr_h: 0,
            cr: spec::CR_RESET,
            ifls: spec::IFLS_RESET,
            imsc: 0,
            ris: 0,
            dmacr: 0,
        }
    }
}

impl Pl011State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    /// Refuses a saved state that no UART can be in.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.fifo.len() > spec::FIFO_DEPTH {
            return Err(format!("{} characters in the FIFO", self.fifo.len()));
        }
        Ok(())
    }

    pub(super) fn masked_interrupts(&self) -> u16 {
        self.ris & self.imsc
    }

    pub(super) fn unread(&self) -> usize {
        self.fifo.len() + self.backlog.len()
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.backlog.extend(bytes);
        self.refill();
    }

    /// The next character that was typed, for whoever reads past the registers.
    pub(super) fn take_unread(&mut self) -> Option<u8> {
        if self.fifo.is_empty() { self.backlog.pop_front() } else { Some(self.take() as u8) }
    }

    /// Takes a character from the guest; returns it when it leaves on the line.
    pub(super) fn transmit(&mut self, byte: u8) -> Option<u8> {
        // The FIFO drains at once, which is what the interrupt tells.
        self.ris |= spec::INT_TX;
        if self.cr & spec::CR_LBE == 0 {
            return Some(byte);
        }
        if self.cr & spec::CR_RXE == 0 {
            return None;
        }
        if self.fifo.len() < self.depth() {
            self.arrive(byte);
        } else {
            self.overrun = true;
            self.rsr |= spec::RSR_OVERRUN;
            self.ris |= spec::INT_OE;
        }
        None
    }

    /// Reads a register other than the identification; `None` where there is none.
    pub(super) fn read(&mut self, register: u64) -> Option<u16> {
        Some(match register {
            spec::DR => self.take(),
            spec::RSR_ECR => self.rsr.into(),
            spec::FR => self.flags(),
            spec::ILPR => self.ilpr,
            spec::IBRD => self.ibrd,
            spec::FBRD => self.fbrd,
            spec::LCR_H => self.lcr_h,
            spec::CR => self.cr,
            spec::IFLS => self.ifls,
            spec::IMSC => self.imsc,
            spec::RIS => self.ris,
            spec::MIS => self.masked_interrupts(),
            // Write-only; reads as zero.
            spec::ICR => 0,
            spec::DMACR => self.dmacr,
            _ => return None,
        })
    }

    /// Writes a register other than the data register; says whether there is one.
    pub(super) fn write(&mut self, register: u64, value: u16) -> bool {
        match register {
            spec::RSR_ECR => self.rsr = 0,
            spec::FR | spec::RIS | spec::MIS => {}
            spec::ILPR => self.ilpr = value & 0xff,
            spec::IBRD => self.ibrd = value,
            spec::FBRD => self.fbrd = value & 0x3f,
            spec::LCR_H => self.set_line_control(value & spec::LCR_H_MASK),
            spec::CR => self.set_control(value & spec::CR_MASK),
            spec::IFLS => self.ifls = value & spec::IFLS_MASK,
            spec::IMSC => self.imsc = value & spec::INT_MASK,
            spec::ICR => self.ris &= !value,
            spec::DMACR => self.dmacr = value & spec::DMACR_MASK,
            _ => return false,
        }
        true
    }

    fn depth(&self) -> usize {
        if self.lcr_h & spec::LCR_H_FEN == 0 { 1 } else { spec::FIFO_DEPTH }
    }

    fn set_line_control(&mut self, value: u16) {
        let fifos_change = (value ^ self.lcr_h) & spec::LCR_H_FEN != 0;
        self.lcr_h = value;
        if fifos_change {
            self.flush();
            self.refill();
        }
    }

    /// Turning the FIFOs on or off empties them. What was typed goes back to where it waited.
    fn flush(&mut self) {
        while let Some(character) = self.fifo.pop_back() {
            self.backlog.push_front(character as u8);
        }
        self.overrun = false;
        self.ris &= !(spec::INT_RX | spec::INT_RT);
    }

    fn set_control(&mut self, value: u16) {
        let before = self.modem_inputs();
        self.cr = value;
        let changed = before ^ self.modem_inputs();
        let tells = [
            (spec::FR_RI, spec::INT_RI),
            (spec::FR_CTS, spec::INT_CTS),
            (spec::FR_DCD, spec::INT_DCD),
            (spec::FR_DSR, spec::INT_DSR),
        ];
        for (flag, interrupt) in tells {
            if changed & flag != 0 {
                self.ris |= interrupt;
            }
        }
        self.refill();
    }

    /// Modem inputs: nothing drives them but the UART's own outputs in loopback. CTS is held, as by a terminal that is
    /// always ready.
    fn modem_inputs(&self) -> u16 {
        if self.cr & spec::CR_LBE == 0 {
            return spec::FR_CTS | spec::FR_DSR | spec::FR_DCD;
        }
        let wires = [
            (spec::CR_RTS, spec::FR_CTS),
            (spec::CR_DTR, spec::FR_DSR),
            (spec::CR_OUT1, spec::FR_DCD),
            (spec::CR_OUT2, spec::FR_RI),
        ];
        wires.iter().filter(|(out, _)| self.cr & out != 0).map(|(_, flag)| flag).sum()
    }

    fn flags(&self) -> u16 {
        let mut flags = spec::FR_TXFE | self.modem_inputs();
        if self.fifo.is_empty() {
            flags |= spec::FR_RXFE;
        }
        if self.fifo.len() >= self.depth() {
            flags |= spec::FR_RXFF;
        }
        flags
    }

    fn take(&mut self) -> u16 {
        let character = self.fifo.pop_front().unwrap_or(0);
        self.rsr = (character >> 8) as u8;
        if self.fifo.is_empty() {
            self.ris &= !(spec::INT_RX | spec::INT_RT);
        }
        self.refill();
        character
    }

    /// Moves what was typed into the FIFO, as far as there is room and the line is connected.
    fn refill(&mut self) {
        let connected = self.cr & spec::CR_RXE != 0 && self.cr & spec::CR_LBE == 0;
        while connected && self.fifo.len() < self.depth() {
            let Some(byte) = self.backlog.pop_front() else { break };
            self.arrive(byte);
        }
    }

    fn arrive(&mut self, byte: u8) {
        let error = if std::mem::take(&mut self.overrun) { spec::DR_OVERRUN } else { 0 };
        self.fifo.push_back(u16::from(byte) | error);
        self.ris |= spec::INT_RX | spec::INT_RT;
    }
}
