//! The serial port: Arm's PL011.
//!
//! A console is where whole-machine replays usually break first: a host that reads slowly makes a device model with
//! host buffers behave differently. Here the model has no host at all. What the guest writes leaves at once, as an
//! event and an output of the machine; what a user types arrives as an input of the machine and waits in a backlog,
//! which is guest state like the FIFO, until there is room. Nothing typed is lost, and nothing depends on wall time.
//!
//! Choices where the manual leaves room, or where programs count on the usual `virt` machine:
//!
//! * Characters take no time on the line: the transmit FIFO is always empty and the UART never busy.
//! * The transmitter works whether it is enabled or not; early consoles print before anybody enables it. The receiver
//!   works while `UARTCR.RXE` is set, `UARTEN` or not.
//! * The line is silent as soon as the last character typed has arrived, so the receive timeout comes at once, and the
//!   receive interrupt with it, whatever the trigger level: programs written for `virt` rely on being told of
//!   the first character while they enable only the receive interrupt.
//! * Breaks, parity and framing errors do not exist. An overrun can happen in loopback only.
//! * DMA requests lead nowhere.

mod core;
#[cfg(feature = "faults")]
mod faults;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{RestoreError, SaveState, Saved};

pub use self::core::Pl011State;
use crate::registers::{Lane, primecell_id};
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "pl011";

/// A serial port on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pl011 {
    port: u8,
    state: Pl011State,
}

impl Pl011 {
    /// A port that writes to the board's console `port`.
    #[must_use]
    pub fn new(port: u8) -> Self {
        Self { port, state: Pl011State::default() }
    }

    /// Takes bytes that were typed. The board looks at the interrupt output afterwards.
    pub fn receive(&mut self, cx: &mut DeviceCx<'_>, bytes: &[u8]) {
        let before = self.interrupt();
        self.state.receive(bytes);
        cx.bp.attention |= before != self.interrupt();
    }

    /// Takes the next byte that was typed and that the guest has not read, past the registers: for a board whose console has
    /// another reader. The board looks at the interrupt output afterwards.
    pub fn take_unread(&mut self) -> Option<u8> {
        self.state.take_unread()
    }

    /// Bytes that were typed and that the guest has not read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.state.unread()
    }
}

impl Device for Pl011 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let lane = Lane::new(offset, size)?;
        let word = match self.state.read(lane.register) {
            Some(value) => value.into(),
            None => primecell_id(spec::PERIPHERAL_ID, lane.register)
                .ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))?,
        };
        Ok(lane.extract(word))
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let lane = Lane::new(offset, size)?;
        // Every register has at most 16 bits; the bus carries the rest for nothing.
        let bits = lane.value(value)? as u16;
        if lane.register == spec::DR {
            if let Some(byte) = self.state.transmit(bits as u8) {
                cx.bp.console_out(self.port, byte);
            }
            return Ok(());
        }
        if self.state.write(lane.register, bits) || primecell_id([0; 4], lane.register).is_some() {
            Ok(())
        } else {
            Err(AccessError::unimplemented_write(NAME, offset, size, value))
        }
    }

    fn interrupt(&self) -> bool {
        self.state.masked_interrupts() != 0
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        self.state = Pl011State::default();
    }
}

impl SaveState for Pl011 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Pl011State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: Pl011State = from.get(name, Pl011State::VERSION)?;
        state.check().map_err(|detail| RestoreError::Damaged { part: name.to_owned(), detail })?;
        self.state = state;
        Ok(())
    }
}
