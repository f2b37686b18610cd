//! The channel subsystem: subchannels, channel programs, I/O interruptions.
//!
//! A channel program runs beside the processors, and when it ends is the host's business in other emulators. Here a
//! channel program is one act: START SUBCHANNEL puts it into the calendar, and when it is due it runs from its first
//! command to its last. What processors see in between is a subchannel that is start-pending.
//!
//! Which interruption comes first is fixed: the lowest subclass, in it adapters, then the lowest subchannel.

mod chsc;
mod device;
mod program;
mod subchannel;
#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{EntryId, Input, Owner, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

pub use self::device::{CcwDevice, Identity, Rejected, Signals};
pub use self::program::{Check, Data, Protection, Unprotected};
use self::program::{Orb, Run};
use self::spec::{irb, orb, schib};
use self::subchannel::Subchannel;
use crate::DeviceCx;

/// Virtual time from START SUBCHANNEL to the first command, in nanoseconds: about what an idle channel takes.
pub const START_NS: u64 = 10_000;
/// Subchannels, at most.
pub const MOST: usize = 1 << 8;
const VERSION: u16 = 1;

/// An I/O instruction that is a program interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoFault {
    /// Operand exception.
    Operand,
}

/// An I/O interruption, as a program finds it in its low core. PoP "I/O-Interruption Code".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Subsystem-identification word; 0 for an adapter.
    pub id: u32,
    /// Interruption parameter; 0 for an adapter.
    pub parameter: u32,
    /// Interruption-identification word: adapter bit and subclass.
    pub word: u32,
}

/// Everything that can change but for the devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    subchannels: Vec<Subchannel>,
    /// Pending adapter interruptions, the highest bit for subclass 0.
    adapters: u8,
}

/// The channel subsystem.
pub struct Css {
    place: u16,
    numbers: Vec<u16>,
    devices: Vec<Box<dyn CcwDevice>>,
    state: State,
}

impl Css {
    /// The subsystem at a place on the board, with a subchannel for each device: its number and itself.
    #[must_use]
    pub fn new(place: u16, devices: Vec<(u16, Box<dyn CcwDevice>)>) -> Self {
        let (numbers, devices): (Vec<_>, Vec<_>) = devices.into_iter().take(MOST).unzip();
        let state = State::new(&numbers);
        Self { place, numbers, devices, state }
    }

    /// The subchannel that a subsystem-identification word names. `Ok(None)`: there is none.
    fn find(&mut self, id: u32) -> Result<Option<(usize, &mut Subchannel)>, IoFault> {
        if id >> 16 != spec::SID_ONE {
            return Err(IoFault::Operand);
        }
        let number = id as usize & 0xffff;
        Ok(self.state.subchannels.get_mut(number).map(|subchannel| (number, subchannel)))
    }

    /// The same, but only a subchannel that is enabled.
    fn find_enabled(&mut self, id: u32) -> Result<Option<(usize, &mut Subchannel)>, IoFault> {
        Ok(self.find(id)?.filter(|(_, subchannel)| subchannel.enabled()))
    }

    fn program_entry(&self, number: usize) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number: number as u32 }
    }

    fn schedule(&self, cx: &mut DeviceCx<'_>, number: usize) {
        let when = cx.bp.now() + START_NS;
        cx.bp.arm(self.program_entry(number), when);
    }

    /// STORE SUBCHANNEL: the block, or condition code 3.
    pub fn store(&mut self, id: u32) -> Result<Option<[u8; schib::LEN]>, IoFault> {
        Ok(self.find(id)?.map(|(_, subchannel)| subchannel.store()))
    }

    /// MODIFY SUBCHANNEL: the condition code.
    pub fn modify(&mut self, id: u32, block: &[u8; schib::LEN]) -> Result<u8, IoFault> {
        if !Subchannel::modifiable(block) {
            return Err(IoFault::Operand);
        }
        let Some((number, subchannel)) = self.find(id)? else { return Ok(3) };
        let before = subchannel.enabled();
        let code = subchannel.modify(block);
        if before && !subchannel.enabled() {
            self.devices[number].disabled();
        }
        Ok(code)
    }

    /// START SUBCHANNEL: the condition code.
    pub fn start(
        &mut self,
        cx: &mut DeviceCx<'_>,
        id: u32,
        block: &[u8; orb::LEN],
    ) -> Result<u8, IoFault> {
        let request = Orb::parse(block);
        let other = request.control & orb::TRANSPORT != 0 || request.more & orb::ABSENT != 0;
        if other || request.program >= 1 << 31 {
            return Err(IoFault::Operand);
        }
        let Some((number, subchannel)) = self.find_enabled(id)? else { return Ok(3) };
        let code = subchannel.start(request);
        if code == 0 {
            self.schedule(cx, number);
        }
        Ok(code)
    }

    /// RESUME SUBCHANNEL: the condition code.
    pub fn resume(&mut self, cx: &mut DeviceCx<'_>, id: u32) -> Result<u8, IoFault> {
        let Some((number, subchannel)) = self.find_enabled(id)? else { return Ok(3) };
        let code = subchannel.resume();
        if code == 0 && subchannel.due().is_some() {
            self.schedule(cx, number);
        }
        Ok(code)
    }

    /// HALT SUBCHANNEL: the condition code.
    pub fn halt(&mut self, cx: &mut DeviceCx<'_>, id: u32) -> Result<u8, IoFault> {
        self.stop(cx, id, Subchannel::halt)
    }

    /// CLEAR SUBCHANNEL: the condition code.
    pub fn clear(&mut self, cx: &mut DeviceCx<'_>, id: u32) -> Result<u8, IoFault> {
        self.stop(cx, id, |subchannel| {
            subchannel.clear();
            0
        })
    }

    /// CANCEL SUBCHANNEL: the condition code.
    pub fn cancel(&mut self, cx: &mut DeviceCx<'_>, id: u32) -> Result<u8, IoFault> {
        self.stop(cx, id, Subchannel::cancel)
    }

    fn stop(
        &mut self,
        cx: &mut DeviceCx<'_>,
        id: u32,
        act: impl FnOnce(&mut Subchannel) -> u8,
    ) -> Result<u8, IoFault> {
        let Some((number, subchannel)) = self.find_enabled(id)? else { return Ok(3) };
        let code = act(subchannel);
        if code == 0 {
            cx.bp.cancel(self.program_entry(number));
            cx.bp.attention = true;
        }
        Ok(code)
    }

    /// TEST SUBCHANNEL: the condition code, and the block to store unless the code is 3.
    pub fn test(
        &mut self,
        cx: &mut DeviceCx<'_>,
        id: u32,
    ) -> Result<(u8, Option<[u8; irb::LEN]>), IoFault> {
        let Some((_, subchannel)) = self.find_enabled(id)? else { return Ok((3, None)) };
        cx.bp.attention = true;
        let (code, block) = subchannel.test();
        Ok((code, Some(block)))
    }

    /// CHANNEL SUBSYSTEM CALL: the answer replaces the rest of the block.
    pub fn call(&self, block: &mut [u8; spec::chsc::BLOCK]) -> Result<(), IoFault> {
        chsc::call(block).ok_or(IoFault::Operand)
    }

    /// DIAGNOSE 500, function 3: a program notifies a queue of a device. `None`: no such device or queue.
    pub fn notify(&mut self, cx: &mut DeviceCx<'_>, id: u32, queue: u64) -> Option<u64> {
        let number = self.find_enabled(id).ok()??.0;
        let mut signals = Signals::default();
        let result = self.devices.get_mut(number)?.notify(cx, queue, &mut signals);
        self.raise(cx, number, signals);
        result
    }

    /// A calendar entry of the subsystem is due: that of the channel program of a subchannel. Its accesses are those that storage
    /// keys permit.
    pub fn due(&mut self, cx: &mut DeviceCx<'_>, number: u32, keys: &dyn Protection) {
        let number = number as usize;
        let (Some(device), Some(subchannel)) =
            (self.devices.get_mut(number), self.state.subchannels.get_mut(number))
        else {
            return;
        };
        let Some((at, resumed)) = subchannel.due() else { return };
        let mut signals = Signals::default();
        let Subchannel { orb, sense, .. } = subchannel;
        let run = Run { cx, device: &mut **device, orb, sense, signals: &mut signals, keys };
        let end = run.program(at, resumed);
        subchannel.ended(end);
        cx.bp.attention = true;
        self.raise(cx, number, signals);
    }

    /// Has a device do something that no program asked for: it is due, or something came from outside.
    pub fn device(
        &mut self,
        cx: &mut DeviceCx<'_>,
        number: usize,
        act: impl FnOnce(&mut dyn CcwDevice, &mut DeviceCx<'_>, &mut Signals),
    ) {
        let Some(device) = self.devices.get_mut(number) else { return };
        let mut signals = Signals::default();
        act(&mut **device, cx, &mut signals);
        self.raise(cx, number, signals);
    }

    /// Something came from outside: each device takes what is its own.
    pub fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        for number in 0..self.devices.len() {
            self.device(cx, number, |device, cx, signals| device.input(cx, input, signals));
        }
    }

    /// Makes interruptions pending.
    fn raise(&mut self, cx: &mut DeviceCx<'_>, number: usize, signals: Signals) {
        self.state.adapters |= signals.adapters;
        if signals.attention
            && let Some(subchannel) = self.state.subchannels.get_mut(number)
        {
            subchannel.attention();
        }
        cx.bp.attention |= signals != Signals::default();
    }

    /// The subclasses with pending interruptions, the highest bit for subclass 0.
    #[must_use]
    pub fn pending(&self) -> u8 {
        let pending = self.state.subchannels.iter().filter_map(Subchannel::pending);
        pending.fold(self.state.adapters, |mask, isc| mask | 0x80 >> isc)
    }

    /// Takes the first interruption of the subclasses in `mask` (the highest bit for subclass 0). PoP "Priority of
    /// Interruptions", and TEST PENDING INTERRUPTION.
    pub fn take(&mut self, mask: u8) -> Option<Interruption> {
        let isc = (self.pending() & mask).leading_zeros() as u8;
        if isc >= 8 {
            return None;
        }
        let word = u32::from(isc) << spec::INTERRUPTION_ISC_SHIFT;
        let bit = 0x80 >> isc;
        if self.state.adapters & bit != 0 {
            self.state.adapters &= !bit;
            return Some(Interruption { id: 0, parameter: 0, word: word | spec::ADAPTER });
        }
        let mut all = self.state.subchannels.iter_mut().enumerate();
        let (number, subchannel) = all.find(|(_, s)| s.pending() == Some(isc))?;
        let id = spec::SID_ONE << 16 | number as u32;
        Some(Interruption { id, parameter: subchannel.take_interruption(), word })
    }

    /// Back to the state after power-on.
    pub fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        for number in 0..self.state.subchannels.len() {
            cx.bp.cancel(self.program_entry(number));
        }
        for device in &mut self.devices {
            device.reset(cx);
        }
        self.state = State::new(&self.numbers);
    }

    fn part(name: &str, number: usize) -> String {
        format!("{name}.{number:04x}")
    }
}

impl State {
    fn new(numbers: &[u16]) -> Self {
        let subchannels = numbers.iter().map(|number| Subchannel::new(*number)).collect();
        Self { subchannels, adapters: 0 }
    }
}

impl SaveState for Css {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, VERSION, &self.state);
        for (number, device) in self.devices.iter().enumerate() {
            device.save(&Self::part(name, number), to);
        }
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let state: State = from.get(name, VERSION)?;
        if state.subchannels.len() != self.devices.len() {
            let detail = format!("{} subchannels", state.subchannels.len());
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.state = state;
        let mut devices = self.devices.iter_mut().enumerate();
        devices.try_for_each(|(number, device)| device.restore(&Self::part(name, number), from))
    }
}
