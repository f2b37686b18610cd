//! What a transport asks of a device, and what a device is given to do it.

use lockstep_core::{EntryId, Input, Owner, SaveState, VirtualTime, What};
use lockstep_memory::{OutOfRange, PhysMem};

use super::chain::Chain;
use super::fault::{Fault, Problem};
use super::function::State;
use crate::DeviceCx;

/// A kind of device, behind any transport.
///
/// Its calls fail with a [`Fault`] when the driver did something that makes no sense; the device is then not called again
/// before its reset.
pub trait VirtioDevice: SaveState + Send {
    /// The number of this kind of device (section 5 of the specification).
    fn id(&self) -> u32;

    /// The features that it offers, beside those that every device has.
    fn features(&self) -> u64;

    /// The largest size of each queue.
    fn queues(&self) -> &'static [u16];

    /// The configuration space as it is now; reads past its end give zeros.
    fn config(&self) -> Vec<u8>;

    /// The driver writes into the configuration space. Most of it is read-only.
    fn write_config(&mut self, _access: &mut Access<'_, '_>, _offset: u64, _bytes: &[u8]) {}

    /// The driver has put something into a queue.
    fn notified(&mut self, access: &mut Access<'_, '_>, queue: u16) -> Result<(), Fault>;

    /// A calendar entry of the device is due.
    fn due(&mut self, access: &mut Access<'_, '_>, number: u32) -> Result<(), Fault>;

    /// Something came from outside. May come before the driver is ready, and after a fault.
    fn input(&mut self, _access: &mut Access<'_, '_>, _input: &Input) -> Result<(), Fault> {
        Ok(())
    }

    /// Back to the state after power-on. Disarms what the device has armed.
    fn reset(&mut self, access: &mut Access<'_, '_>);
}

/// What a device can reach while it acts: its queues, guest memory, and time.
pub struct Access<'a, 'm> {
    cx: &'a mut DeviceCx<'m>,
    place: u16,
    state: &'a mut State,
}

impl<'a, 'm> Access<'a, 'm> {
    pub(super) fn new(cx: &'a mut DeviceCx<'m>, place: u16, state: &'a mut State) -> Self {
        Self { cx, place, state }
    }

    /// Guest memory.
    pub fn mem(&mut self) -> &mut PhysMem {
        self.cx.mem
    }

    /// Everything that devices share.
    pub fn cx(&mut self) -> &mut DeviceCx<'m> {
        self.cx
    }

    /// The device's place on the board.
    #[must_use]
    pub const fn place(&self) -> u16 {
        self.place
    }

    /// The features on which driver and device agreed.
    #[must_use]
    pub const fn features(&self) -> u64 {
        self.state.features
    }

    /// Whether the driver is ready, and the device has seen no fault.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.state.is_live()
    }

    /// The next chain of a queue.
    pub fn take(&mut self, queue: u16) -> Result<Option<Chain>, Fault> {
        let features = self.state.features;
        let Some(ring) = self.state.queues.get_mut(usize::from(queue)) else { return Ok(None) };
        ring.take(self.cx.mem, features).map_err(|problem| problem.in_queue(queue))
    }

    /// Gives a chain back, into which `written` bytes were written.
    pub fn put(&mut self, queue: u16, chain: &Chain, written: u64) -> Result<(), Fault> {
        let features = self.state.features;
        let Some(ring) = self.state.queues.get_mut(usize::from(queue)) else { return Ok(()) };
        // A chain has at most MAX_BYTES, so it fits.
        let notify = ring
            .put(self.cx.mem, features, chain.head, written as u32)
            .map_err(|problem| problem.in_queue(queue))?;
        if notify {
            self.state.used |= 1 << queue;
        }
        Ok(())
    }

    /// The same, for a request that took its time: notes the completion.
    pub fn complete(
        &mut self,
        queue: u16,
        chain: &Chain,
        written: u64,
        request: u64,
        status: u64,
    ) -> Result<(), Fault> {
        self.cx.bp.witness(What::Completion { device: self.place, request, status });
        self.put(queue, chain, written)
    }

    /// Has [`VirtioDevice::due`] called with `number`, `delay` nanoseconds from now.
    pub fn arm(&mut self, number: u32, delay: u64) -> VirtualTime {
        let time = self.cx.bp.now() + delay;
        self.cx.bp.arm(self.entry(number), time);
        time
    }

    /// Disarms an entry.
    pub fn cancel(&mut self, number: u32) {
        self.cx.bp.cancel(self.entry(number));
    }

    pub(super) const fn entry(&self, number: u32) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number }
    }
}

/// A buffer that was in RAM when its chain was taken cannot leave it; a damaged snapshot can say otherwise.
pub(super) const fn buffer(queue: u16) -> impl Fn(OutOfRange) -> Fault {
    move |error| Problem::Memory { part: "buffer", error }.in_queue(queue)
}
