//! Random bytes.
//!
//! They are the run's seed's: a stream of their own under it, so that a replay and every other recording with that seed
//! give the guest the same ones. A machine that is reset begins its stream again.

#[cfg(test)]
mod tests;

pub mod spec;

use std::collections::BTreeMap;

use lockstep_core::{RestoreError, Rng, SaveState, Saved, Use};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::device::{Access, VirtioDevice, buffer};
use super::fault::{Fault, Problem};

const QUEUE: u16 = 0;

/// Everything about the device that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntropyState {
    /// Words drawn from the stream.
    position: u128,
    /// Requests by the chain's head, which is also the number of the calendar entry.
    pending: BTreeMap<u16, Chain>,
}

impl EntropyState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A source of random bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entropy {
    seed: u64,
    state: EntropyState,
}

impl Entropy {
    /// A source of the bytes of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, state: EntropyState::default() }
    }

    fn draw(&mut self, bytes: &mut [u8]) {
        let mut rng = Rng::new(self.seed, Use::GuestEntropy);
        rng.seek(self.state.position);
        rng.fill(bytes);
        self.state.position = rng.position();
    }

    /// Bytes that a request gets: a device may give fewer than there is room for.
    fn len(chain: &Chain) -> u64 {
        chain.writable().min(spec::MOST)
    }
}

impl VirtioDevice for Entropy {
    fn id(&self) -> u32 {
        spec::ID
    }

    fn features(&self) -> u64 {
        0
    }

    fn queues(&self) -> &'static [u16] {
        &[spec::QUEUE_SIZE]
    }

    fn config(&self) -> Vec<u8> {
        Vec::new()
    }

    fn notified(&mut self, access: &mut Access<'_, '_>, queue: u16) -> Result<(), Fault> {
        while let Some(chain) = access.take(queue)? {
            let (head, readable, writable) = (chain.head, chain.readable(), chain.writable());
            if readable > 0 || writable == 0 {
                let needed = "random bytes are only written";
                return Err(Problem::Shape { head, readable, writable, needed }.in_queue(queue));
            }
            access.arm(head.into(), spec::REQUEST_NS + Self::len(&chain) * spec::BYTE_NS);
            if self.state.pending.insert(head, chain).is_some() {
                return Err(Problem::InUse { head }.in_queue(queue));
            }
        }
        Ok(())
    }

    fn due(&mut self, access: &mut Access<'_, '_>, number: u32) -> Result<(), Fault> {
        let chain = u16::try_from(number).ok().and_then(|head| self.state.pending.remove(&head));
        let Some(chain) = chain else { return Ok(()) };
        let mut bytes = vec![0; Self::len(&chain) as usize];
        let request = self.state.position as u64;
        self.draw(&mut bytes);
        chain.write(access.mem(), 0, &bytes).map_err(buffer(QUEUE))?;
        access.complete(QUEUE, &chain, bytes.len() as u64, request, 0)
    }

    fn reset(&mut self, access: &mut Access<'_, '_>) {
        for head in std::mem::take(&mut self.state).pending.into_keys() {
            access.cancel(head.into());
        }
    }
}

impl SaveState for Entropy {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, EntropyState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, EntropyState::VERSION)?;
        Ok(())
    }
}
