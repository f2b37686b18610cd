//! A network card, whose wire leads to one peer inside the machine (see [`peer`]).
//!
//! A frame is on the wire as soon as the driver notifies. The answer comes a modelled time later, and waits for a buffer
//! when the driver has given none.

#[cfg(test)]
mod tests;

pub mod peer;
pub mod spec;

use std::collections::{BTreeMap, VecDeque};

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::device::{Access, VirtioDevice, buffer};
use super::fault::{Fault, Problem};

/// The address of the guest's end of the wire.
pub const MAC: [u8; 6] = [0x02, 0x6c, 0x6f, 0x63, 0x6b, 0x02];

/// Everything about the card that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetState {
    /// The number of the next answer.
    next: u32,
    /// Answers under way, by number, which is also that of the calendar entry.
    under_way: BTreeMap<u32, Vec<u8>>,
    /// Frames that have arrived and wait for a buffer.
    waiting: VecDeque<Vec<u8>>,
}

impl NetState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A network card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Net {
    state: NetState,
}

impl Net {
    fn send(&mut self, access: &mut Access<'_, '_>) -> Result<(), Fault> {
        while let Some(chain) = access.take(spec::TRANSMIT)? {
            let frame = read_frame(access, &chain)?;
            access.put(spec::TRANSMIT, &chain, 0)?;
            let room = self.state.under_way.len() < spec::MOST_WAITING;
            let Some(answer) = peer::answer(&frame).filter(|_| room) else { continue };
            let number = self.state.next;
            self.state.next = number.wrapping_add(1);
            access.arm(number, spec::ANSWER_NS + answer.len() as u64 * spec::BYTE_NS);
            self.state.under_way.insert(number, answer);
        }
        Ok(())
    }

    /// Puts frames that wait into the driver's buffers.
    fn deliver(&mut self, access: &mut Access<'_, '_>) -> Result<(), Fault> {
        while !self.state.waiting.is_empty() {
            let Some(chain) = access.take(spec::RECEIVE)? else { return Ok(()) };
            let Some(frame) = self.state.waiting.pop_front() else { return Ok(()) };
            let mut bytes = vec![0; spec::HEADER];
            bytes[spec::NUM_BUFFERS] = 1;
            bytes.extend(frame);
            let (head, readable, writable) = (chain.head, chain.readable(), chain.writable());
            if readable > 0 || writable < bytes.len() as u64 {
                let needed = "a card needs to write a header of 12 and a whole frame";
                let problem = Problem::Shape { head, readable, writable, needed };
                return Err(problem.in_queue(spec::RECEIVE));
            }
            chain.write(access.mem(), 0, &bytes).map_err(buffer(spec::RECEIVE))?;
            access.put(spec::RECEIVE, &chain, bytes.len() as u64)?;
        }
        Ok(())
    }
}

/// The frame in a chain that the driver sends.
fn read_frame(access: &mut Access<'_, '_>, chain: &Chain) -> Result<Vec<u8>, Fault> {
    let (head, readable, writable) = (chain.head, chain.readable(), chain.writable());
    let len = readable.saturating_sub(spec::HEADER as u64);
    if writable > 0 || !(spec::FRAME_MIN..=spec::FRAME_MAX).contains(&len) {
        let needed = "a card reads a header of 12 and a frame of 14 to 1514";
        return Err(Problem::Shape { head, readable, writable, needed }.in_queue(spec::TRANSMIT));
    }
    let mut frame = vec![0; len as usize];
    chain.read(access.mem(), spec::HEADER as u64, &mut frame).map_err(buffer(spec::TRANSMIT))?;
    Ok(frame)
}

impl VirtioDevice for Net {
    fn id(&self) -> u32 {
        spec::ID
    }

    fn features(&self) -> u64 {
        spec::feature::MAC | spec::feature::STATUS
    }

    fn queues(&self) -> &'static [u16] {
        &spec::QUEUE_SIZES
    }

    fn config(&self) -> Vec<u8> {
        let mut bytes = MAC.to_vec();
        bytes.extend(spec::LINK_UP.to_le_bytes());
        bytes
    }

    fn notified(&mut self, access: &mut Access<'_, '_>, queue: u16) -> Result<(), Fault> {
        match queue {
            spec::RECEIVE => self.deliver(access),
            _ => self.send(access),
        }
    }

    fn due(&mut self, access: &mut Access<'_, '_>, number: u32) -> Result<(), Fault> {
        let Some(frame) = self.state.under_way.remove(&number) else { return Ok(()) };
        if self.state.waiting.len() < spec::MOST_WAITING {
            self.state.waiting.push_back(frame);
        }
        self.deliver(access)
    }

    fn reset(&mut self, access: &mut Access<'_, '_>) {
        for number in std::mem::take(&mut self.state).under_way.into_keys() {
            access.cancel(number);
        }
    }
}

impl SaveState for Net {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, NetState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, NetState::VERSION)?;
        Ok(())
    }
}
