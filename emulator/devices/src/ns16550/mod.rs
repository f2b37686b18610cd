//! The serial port of PCs and of everything with an ISA bus: National's 16550.
//!
//! Like every console here it has no host: what the guest writes leaves at once, as an event and an output of the
//! machine; what a user types arrives as an input of the machine and waits in a backlog, which is guest state
//! like the FIFO, until there is room.
//!
//! Choices where the data sheet leaves room:
//!
//! * Characters take no time on the line: the transmitter is always empty. Each write empties it anew and so
//!   raises its interrupt again.
//! * The line is silent as soon as the last character typed has arrived, so the character timeout comes at once while
//!   fewer characters than the trigger level wait.
//! * As in PCs, the modem output Out 2 lets the interrupt out to the bus, in loopback as well.
//! * Parity and framing errors do not exist; breaks and overruns do in loopback only.

mod core;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{RestoreError, SaveState, Saved};

pub use self::core::Ns16550State;
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "ns16550";

/// A serial port on the bus. All its registers are bytes; whoever splits wider accesses is not the UART.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ns16550 {
    port: u8,
    state: Ns16550State,
}

impl Ns16550 {
    /// A port that writes to the board's console `port`.
    #[must_use]
    pub fn new(port: u8) -> Self {
        Self { port, state: Ns16550State::default() }
    }

    /// The board's console port that it is.
    #[must_use]
    pub const fn port(&self) -> u8 {
        self.port
    }

    /// Takes bytes that were typed. The board looks at the interrupt output afterwards.
    pub fn receive(&mut self, cx: &mut DeviceCx<'_>, bytes: &[u8]) {
        let before = self.interrupt();
        self.state.receive(bytes);
        cx.bp.attention |= before != self.interrupt();
    }

    /// Bytes that were typed and that the guest has not read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.state.unread()
    }
}

impl Device for Ns16550 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        if size != 1 || offset >= spec::PORTS {
            return Err(AccessError::unimplemented_read(NAME, offset, size));
        }
        Ok(self.state.read(offset).into())
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        if size != 1 || offset >= spec::PORTS {
            return Err(AccessError::unimplemented_write(NAME, offset, size, value));
        }
        if let Some(byte) = self.state.write(offset, value as u8) {
            cx.bp.console_out(self.port, byte);
        }
        Ok(())
    }

    fn interrupt(&self) -> bool {
        self.state.interrupt()
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        self.state = Ns16550State::default();
    }
}

impl SaveState for Ns16550 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Ns16550State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: Ns16550State = from.get(name, Ns16550State::VERSION)?;
        state.check().map_err(|detail| RestoreError::Damaged { part: name.to_owned(), detail })?;
        self.state = state;
        Ok(())
    }
}
