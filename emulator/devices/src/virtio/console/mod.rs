//! A console.
//!
//! Like a UART it takes no time: what is written is shown when the driver notifies, what is typed goes into the buffers
//! that the driver has given, and waits when there are none.

#[cfg(test)]
mod tests;

pub mod spec;

use std::collections::VecDeque;

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use super::device::{Access, VirtioDevice, buffer};
use super::fault::{Fault, Problem};

/// Everything about the console that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleState {
    /// Typed, and not yet in a buffer.
    waiting: VecDeque<u8>,
}

impl ConsoleState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A console with one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    port: u8,
    state: ConsoleState,
}

impl Console {
    /// A console that is the board's console `port`.
    #[must_use]
    pub fn new(port: u8) -> Self {
        Self { port, state: ConsoleState::default() }
    }

    /// Puts what waits into the driver's buffers.
    fn deliver(&mut self, access: &mut Access<'_, '_>) -> Result<(), Fault> {
        while !self.state.waiting.is_empty() {
            let Some(chain) = access.take(spec::RECEIVE)? else { return Ok(()) };
            let (head, readable, writable) = (chain.head, chain.readable(), chain.writable());
            if readable > 0 || writable == 0 {
                let needed = "what is typed is only written";
                let problem = Problem::Shape { head, readable, writable, needed };
                return Err(problem.in_queue(spec::RECEIVE));
            }
            let count = self.state.waiting.len().min(writable as usize);
            let bytes: Vec<u8> = self.state.waiting.drain(..count).collect();
            chain.write(access.mem(), 0, &bytes).map_err(buffer(spec::RECEIVE))?;
            access.put(spec::RECEIVE, &chain, count as u64)?;
        }
        Ok(())
    }

    fn show(&self, access: &mut Access<'_, '_>) -> Result<(), Fault> {
        while let Some(chain) = access.take(spec::TRANSMIT)? {
            let (head, len, most) = (chain.head, chain.readable(), spec::MOST_OUT);
            if len > most {
                return Err(Problem::TooLong { head, len, most }.in_queue(spec::TRANSMIT));
            }
            let mut bytes = vec![0; len as usize];
            chain.read(access.mem(), 0, &mut bytes).map_err(buffer(spec::TRANSMIT))?;
            for byte in bytes {
                access.cx().bp.console_out(self.port, byte);
            }
            access.put(spec::TRANSMIT, &chain, 0)?;
        }
        Ok(())
    }
}

impl VirtioDevice for Console {
    fn id(&self) -> u32 {
        spec::ID
    }

    fn features(&self) -> u64 {
        spec::feature::EMERG_WRITE
    }

    fn queues(&self) -> &'static [u16] {
        &spec::QUEUE_SIZES
    }

    fn config(&self) -> Vec<u8> {
        vec![0; spec::CONFIG_LEN]
    }

    fn write_config(&mut self, access: &mut Access<'_, '_>, offset: u64, bytes: &[u8]) {
        if let (spec::EMERG_WR, [byte, ..]) = (offset, bytes) {
            access.cx().bp.console_out(self.port, *byte);
        }
    }

    fn notified(&mut self, access: &mut Access<'_, '_>, queue: u16) -> Result<(), Fault> {
        match queue {
            spec::RECEIVE => self.deliver(access),
            _ => self.show(access),
        }
    }

    fn due(&mut self, _access: &mut Access<'_, '_>, _number: u32) -> Result<(), Fault> {
        Ok(())
    }

    fn input(&mut self, access: &mut Access<'_, '_>, input: &Input) -> Result<(), Fault> {
        let Input::Console { port, bytes } = input else { return Ok(()) };
        if *port != self.port {
            return Ok(());
        }
        let room = spec::MOST_WAITING - self.state.waiting.len().min(spec::MOST_WAITING);
        self.state.waiting.extend(bytes.iter().take(room));
        if access.is_live() { self.deliver(access) } else { Ok(()) }
    }

    fn reset(&mut self, _access: &mut Access<'_, '_>) {
        self.state = ConsoleState::default();
    }
}

impl SaveState for Console {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, ConsoleState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, ConsoleState::VERSION)?;
        Ok(())
    }
}
