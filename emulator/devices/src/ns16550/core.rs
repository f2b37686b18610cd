//! The UART as a state machine: registers, FIFO, interrupts. It knows no bus and no console.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::spec;

/// Everything about a UART that can change, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ns16550State {
    /// Characters that the guest can read, with their error bits of LSR above them.
    fifo: VecDeque<u16>,
    /// Typed characters for which there was no room, or which came during loopback.
    backlog: VecDeque<u8>,
    overrun: bool,
    /// The transmitter has become empty, and nobody was told.
    emptied: bool,
    ier: u8,
    fcr: u8,
    lcr: u8,
    mcr: u8,
    scr: u8,
    divisor: [u8; 2],
    /// The low half of MSR: modem inputs that have changed.
    changes: u8,
}

impl Default for Ns16550State {
    fn default() -> Self {
        Self {
            fifo: VecDeque::new(),
            backlog: VecDeque::new(),
            overrun: false,
            emptied: true,
            ier: 0,
            fcr: 0,
            lcr: 0,
            mcr: 0,
            scr: 0,
            divisor: [0; 2],
            changes: 0,
        }
    }
}

impl Ns16550State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    /// Refuses a saved state that no UART can be in.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.fifo.len() > spec::FIFO_DEPTH {
            return Err(format!("{} characters in the FIFO", self.fifo.len()));
        }
        Ok(())
    }

    pub(super) fn unread(&self) -> usize {
        self.fifo.len() + self.backlog.len()
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.backlog.extend(bytes);
        self.refill();
    }

    /// Reads a port below [`spec::PORTS`].
    pub(super) fn read(&mut self, port: u64) -> u8 {
        let latch = self.lcr & spec::LCR_DLAB != 0;
        match port {
            spec::DATA if latch => self.divisor[0],
            spec::IER if latch => self.divisor[1],
            spec::DATA => self.take(),
            spec::IER => self.ier,
            spec::IIR_FCR => self.identify(),
            spec::LCR => self.lcr,
            spec::MCR => self.mcr,
            spec::LSR => self.line_status(),
            spec::MSR => self.modem_inputs() | std::mem::take(&mut self.changes),
            _ => self.scr,
        }
    }

    /// Writes a port below [`spec::PORTS`]; gives the character that leaves on the line.
    pub(super) fn write(&mut self, port: u64, value: u8) -> Option<u8> {
        let latch = self.lcr & spec::LCR_DLAB != 0;
        match port {
            spec::DATA if latch => self.divisor[0] = value,
            spec::IER if latch => self.divisor[1] = value,
            spec::DATA => return self.transmit(value),
            spec::IER => {
                // Letting the interrupt through while the transmitter is empty raises it.
                self.emptied |= value & !self.ier & spec::IER_THRE != 0;
                self.ier = value & spec::IER_MASK;
            }
            spec::IIR_FCR => self.control_fifos(value),
            spec::LCR => self.control_line(value),
            spec::MCR => self.control_modem(value & spec::MCR_MASK),
            // LSR is for factory tests, MSR read-only.
            spec::LSR | spec::MSR => {}
            _ => self.scr = value,
        }
        None
    }

    /// The most urgent interrupt that is let through.
    pub(super) fn pending(&self) -> u8 {
        let head_error = self.fifo.front().is_some_and(|character| character >> 8 != 0);
        let lets = |bit: u8| self.ier & bit != 0;
        if lets(spec::IER_RLS) && (self.overrun || head_error) {
            spec::IIR_RLS
        } else if lets(spec::IER_RDA) && !self.fifo.is_empty() {
            if self.fifo.len() >= self.trigger() { spec::IIR_RDA } else { spec::IIR_TIMEOUT }
        } else if lets(spec::IER_THRE) && self.emptied {
            spec::IIR_THRE
        } else if lets(spec::IER_MSI) && self.changes != 0 {
            spec::IIR_MSI
        } else {
            spec::IIR_NONE
        }
    }

    pub(super) fn interrupt(&self) -> bool {
        self.mcr & spec::MCR_OUT2 != 0 && self.pending() != spec::IIR_NONE
    }

    fn fifos(&self) -> bool {
        self.fcr & spec::FCR_ENABLE != 0
    }

    fn depth(&self) -> usize {
        if self.fifos() { spec::FIFO_DEPTH } else { 1 }
    }

    fn trigger(&self) -> usize {
        if self.fifos() { spec::TRIGGERS[usize::from(self.fcr >> 6)] } else { 1 }
    }

    fn loops(&self) -> bool {
        self.mcr & spec::MCR_LOOP != 0
    }

    /// IIR. To read that the transmitter is empty is to be told.
    fn identify(&mut self) -> u8 {
        let pending = self.pending();
        if pending == spec::IIR_THRE {
            self.emptied = false;
        }
        pending | if self.fifos() { spec::IIR_FIFOS } else { 0 }
    }

    /// LSR. Reading it clears the errors that it shows.
    fn line_status(&mut self) -> u8 {
        let errors = self.fifo.iter().any(|character| character >> 8 != 0);
        let mut status = spec::LSR_EMPTY;
        if errors && self.fifos() {
            status |= spec::LSR_FIFO_ERROR;
        }
        if std::mem::take(&mut self.overrun) {
            status |= spec::LSR_OE;
        }
        if let Some(head) = self.fifo.front_mut() {
            status |= spec::LSR_DR | (*head >> 8) as u8;
            *head &= 0xff;
        }
        status
    }

    fn take(&mut self) -> u8 {
        let character = self.fifo.pop_front().unwrap_or_default() as u8;
        self.refill();
        character
    }

    /// Moves what was typed into the FIFO, as far as there is room and the line is connected.
    fn refill(&mut self) {
        while !self.loops() && self.fifo.len() < self.depth() {
            let Some(byte) = self.backlog.pop_front() else { break };
            self.fifo.push_back(byte.into());
        }
    }

    fn transmit(&mut self, byte: u8) -> Option<u8> {
        // The character leaves at once, and the transmitter is empty again.
        self.emptied = true;
        if !self.loops() {
            return Some(byte);
        }
        self.arrive(byte.into());
        None
    }

    /// A character comes back in loopback.
    fn arrive(&mut self, character: u16) {
        if self.fifo.len() < self.depth() {
            self.fifo.push_back(character);
            return;
        }
        self.overrun = true;
        if !self.fifos() {
            // Without FIFOs the newer character replaces the older one; with them it is lost.
            self.fifo[0] = character;
        }
    }

    fn control_fifos(&mut self, value: u8) {
        if (value ^ self.fcr) & spec::FCR_ENABLE != 0 || value & spec::FCR_CLEAR_RX != 0 {
            self.fifo.clear();
        }
        // The other bits can be written only together with the enable bit.
        self.fcr = if value & spec::FCR_ENABLE != 0 { value & spec::FCR_KEPT } else { 0 };
        self.refill();
    }

    fn control_line(&mut self, value: u8) {
        let begins = value & !self.lcr & spec::LCR_BREAK != 0;
        self.lcr = value;
        if begins && self.loops() {
            self.arrive(u16::from(spec::LSR_BI) << 8);
        }
    }

    fn control_modem(&mut self, value: u8) {
        let before = self.modem_inputs();
        self.mcr = value;
        let now = self.modem_inputs();
        let levels = spec::MSR_CTS | spec::MSR_DSR | spec::MSR_DCD;
        self.changes |= ((before ^ now) & levels | before & !now & spec::MSR_RI) >> 4;
        self.refill();
    }

    /// The high half of MSR: a console is connected; in loopback the modem outputs are.
    fn modem_inputs(&self) -> u8 {
        if !self.loops() {
            return spec::MSR_CONNECTED;
        }
        let pairs = [
            (spec::MCR_RTS, spec::MSR_CTS),
            (spec::MCR_DTR, spec::MSR_DSR),
            (spec::MCR_OUT1, spec::MSR_RI),
            (spec::MCR_OUT2, spec::MSR_DCD),
        ];
        pairs.iter().filter(|(out, _)| self.mcr & out != 0).fold(0, |all, (_, bit)| all | bit)
    }
}
