//! A disk.
//!
//! A request is taken when the driver notifies, and takes effect when it completes: after a modelled latency, or, when
//! completions are the host's, a read does so when the host has read the same bytes of the file. Writes go to memory in
//! either case (see [`Disk`]), so they and everything else always have the modelled latency.
//!
//! Requests do not wait for each other, as on a drive with many heads: a short one overtakes a long one.

mod disk;
#[cfg(feature = "faults")]
mod faults;
mod request;
#[cfg(test)]
mod tests;

pub mod spec;

use std::collections::BTreeMap;

use lockstep_core::{HostRead, Input, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

pub use self::disk::{Disk, ImageError};
use self::request::Request;
#[cfg(test)]
pub(super) use self::tests::device as tests_device;
use super::chain::Chain;
use super::device::{Access, VirtioDevice, buffer};
use super::fault::{Fault, Problem};

/// The only queue.
const QUEUE: u16 = 0;

/// A request that has not completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    chain: Chain,
    request: Request,
    /// The count of instructions at which it was taken: with the chain's head, its identity.
    taken: u64,
    /// Whether the host completes it.
    live: bool,
}

impl Pending {
    /// A number that no other request of the device ever has: at one count, a chain is taken once.
    const fn id(&self) -> u64 {
        self.taken << 16 | self.chain.head as u64
    }
}

/// Everything about a disk drive that can change, but for what is on the disk; and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockState {
    /// By the chain's head, which is also the number of the calendar entry.
    pending: BTreeMap<u16, Pending>,
}

impl BlockState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;
}

/// A disk drive.
#[derive(Clone, Debug)]
pub struct Block {
    disk: Disk,
    /// Which of the machine's disks this is.
    number: u16,
    /// Whether reads complete when the host has done them.
    live: bool,
    state: BlockState,
    #[cfg(feature = "faults")]
    order: faults::Order,
}

impl Block {
    /// A drive with a disk, the board's `number`-th.
    #[must_use]
    pub fn new(disk: Disk, number: u16, live: bool) -> Self {
        Self {
            disk,
            number,
            live,
            state: BlockState::default(),
            #[cfg(feature = "faults")]
            order: faults::Order::default(),
        }
    }

    /// The name that a driver is told.
    fn name(&self) -> [u8; spec::ID_LEN] {
        let mut name = [0; spec::ID_LEN];
        let text = format!("lockstep-disk{}", self.number);
        name.iter_mut().zip(text.bytes()).for_each(|(byte, char)| *byte = char);
        name
    }

    fn begin(&mut self, access: &mut Access<'_, '_>, chain: Chain) -> Result<(), Fault> {
        let head = chain.head;
        let request = Request::parse(access.mem(), &chain)?;
        let taken = access.cx().bp.retired;
        let read = request.host_read(self.disk.len()).filter(|_| self.live);
        let pending = Pending { chain, request, taken, live: read.is_some() };
        match read {
            Some((offset, len)) => {
                let (device, request) = (access.place(), pending.id());
                let disk = self.number;
                access.cx().bp.host_read(HostRead { device, request, disk, offset, len });
            }
            None => {
                access.arm(head.into(), request.latency());
            }
        }
        if self.state.pending.insert(head, pending).is_some() {
            return Err(Problem::InUse { head }.in_queue(QUEUE));
        }
        #[cfg(feature = "faults")]
        self.begun(access, head);
        Ok(())
    }

    /// Does what was asked, and gives the buffers back.
    fn finish(
        &self,
        access: &mut Access<'_, '_>,
        pending: &Pending,
        good: bool,
    ) -> Result<(), Fault> {
        let chain = &pending.chain;
        let status = if good {
            pending.request.run(access.mem(), &self.disk, chain, &self.name())?
        } else {
            spec::status::IOERR
        };
        let written = chain.writable();
        let last = written.saturating_sub(1);
        chain.write(access.mem(), last, &[status]).map_err(buffer(QUEUE))?;
        access.complete(QUEUE, chain, written, pending.id(), status.into())
    }
}

impl VirtioDevice for Block {
    fn id(&self) -> u32 {
        spec::ID
    }

    fn features(&self) -> u64 {
        use spec::feature::{BLK_SIZE, DISCARD, FLUSH, SEG_MAX, WRITE_ZEROES};
        SEG_MAX | BLK_SIZE | FLUSH | DISCARD | WRITE_ZEROES
    }

    fn queues(&self) -> &'static [u16] {
        &[spec::QUEUE_SIZE]
    }

    fn config(&self) -> Vec<u8> {
        use spec::config;
        let mut bytes = vec![0; config::LEN];
        let capacity = self.disk.len() / spec::SECTOR;
        bytes[config::CAPACITY..][..8].copy_from_slice(&capacity.to_le_bytes());
        let words = [
            (config::SEG_MAX, spec::SEG_MAX),
            (config::BLK_SIZE, spec::BLOCK),
            (config::MAX_DISCARD_SECTORS, spec::MAX_RANGE_SECTORS),
            (config::MAX_DISCARD_SEG, spec::MAX_RANGES),
            (config::DISCARD_ALIGNMENT, 1),
            (config::MAX_ZEROES_SECTORS, spec::MAX_RANGE_SECTORS),
            (config::MAX_ZEROES_SEG, spec::MAX_RANGES),
        ];
        for (at, value) in words {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes[config::ZEROES_MAY_UNMAP] = 1;
        bytes
    }

    fn notified(&mut self, access: &mut Access<'_, '_>, queue: u16) -> Result<(), Fault> {
        while let Some(chain) = access.take(queue)? {
            self.begin(access, chain)?;
        }
        Ok(())
    }

    fn due(&mut self, access: &mut Access<'_, '_>, number: u32) -> Result<(), Fault> {
        #[cfg(feature = "faults")]
        if self.waits(access, number) {
            return Ok(());
        }
        let pending = u16::try_from(number).ok().and_then(|head| self.state.pending.remove(&head));
        pending.map_or(Ok(()), |pending| self.finish(access, &pending, true))
    }

    fn input(&mut self, access: &mut Access<'_, '_>, input: &Input) -> Result<(), Fault> {
        let Input::HostRead { device, request, good } = input else { return Ok(()) };
        // An answer to what was asked before a reset is nobody's.
        let (head, mine) = (*request as u16, *device == access.place());
        let awaited = |pending: &&Pending| mine && pending.live && pending.id() == *request;
        if self.state.pending.get(&head).filter(awaited).is_none() || !access.is_live() {
            return Ok(());
        }
        let pending = self.state.pending.remove(&head);
        pending.map_or(Ok(()), |pending| self.finish(access, &pending, *good))
    }

    fn reset(&mut self, access: &mut Access<'_, '_>) {
        for head in std::mem::take(&mut self.state).pending.into_keys() {
            access.cancel(head.into());
        }
    }
}

impl SaveState for Block {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, BlockState::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: BlockState = from.get(name, BlockState::VERSION)?;
        let good =
            |(head, it): (&u16, &Pending)| *head == it.chain.head && it.request.fits(&it.chain);
        if !state.pending.iter().all(good) {
            let detail = "a request that does not fit its buffers".to_owned();
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        Ok(())
    }
}
