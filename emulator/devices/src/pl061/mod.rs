//! Eight pins, one of them the power key: Arm's PL061 general-purpose port.
//!
//! A user who asks a machine to shut down presses a key, and the guest decides what follows. The press is an input of the
//! machine; how long the key stays down is the port's matter and a calendar entry, so a recording has one input and
//! the guest sees both edges, which is what drivers of keys wait for.

#[cfg(test)]
mod tests;

pub mod spec;

use lockstep_core::{EntryId, Owner, RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use crate::registers::{Lane, primecell_id};
use crate::{AccessError, Device, DeviceCx};

const NAME: &str = "pl061";

/// Everything about the port that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pl061State {
    /// Levels that the outside drives.
    inputs: u8,
    /// Levels that the guest drives on output pins.
    outputs: u8,
    dir: u8,
    is: u8,
    ibe: u8,
    iev: u8,
    ie: u8,
    afsel: u8,
    /// Edges that were seen.
    edges: u8,
}

impl Pl061State {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    fn levels(&self) -> u8 {
        self.inputs & !self.dir | self.outputs & self.dir
    }

    /// Interrupts before the mask: edges that were seen, and levels that are there.
    fn raw(&self) -> u8 {
        let at_level = !(self.levels() ^ self.iev) & self.is;
        self.edges & !self.is | at_level
    }

    /// Changes something that decides about levels, and notes the edges this makes.
    fn change(&mut self, act: impl FnOnce(&mut Self)) {
        let before = self.levels();
        act(self);
        let now = self.levels();
        let wanted = self.ibe | !(now ^ self.iev);
        self.edges |= (before ^ now) & wanted & !self.is;
    }
}

/// The port on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pl061 {
    place: u16,
    state: Pl061State,
}

impl Pl061 {
    /// A port at the board's `place`, with nothing pressed.
    #[must_use]
    pub fn new(place: u16) -> Self {
        Self { place, state: Pl061State::default() }
    }

    /// Presses the power key. It comes up by itself; pressing again before that keeps it down for longer.
    pub fn press_power_key(&mut self, cx: &mut DeviceCx<'_>) {
        self.state.change(|state| state.inputs |= 1 << spec::POWER_KEY_PIN);
        cx.bp.arm(self.entry(), cx.bp.now() + spec::PRESS_NS);
    }

    const fn entry(&self) -> EntryId {
        EntryId { owner: Owner::Device(self.place), number: spec::RELEASE_ENTRY }
    }
}

impl Device for Pl061 {
    fn read(&mut self, _cx: &mut DeviceCx<'_>, offset: u64, size: u8) -> Result<u64, AccessError> {
        let lane = Lane::new(offset, size)?;
        let state = &self.state;
        let word = match lane.register {
            register @ 0..spec::DATA_END => u32::from(state.levels() & (register >> 2) as u8),
            spec::DIR => state.dir.into(),
            spec::IS => state.is.into(),
            spec::IBE => state.ibe.into(),
            spec::IEV => state.iev.into(),
            spec::IE => state.ie.into(),
            spec::RIS => state.raw().into(),
            spec::MIS => (state.raw() & state.ie).into(),
            // Write-only.
            spec::IC => 0,
            spec::AFSEL => state.afsel.into(),
            register => primecell_id(spec::PERIPHERAL_ID, register)
                .ok_or_else(|| AccessError::unimplemented_read(NAME, offset, size))?,
        };
        Ok(lane.extract(word))
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        let lane = Lane::new(offset, size)?;
        let bits = lane.value(value)? as u8;
        let state = &mut self.state;
        match lane.register {
            register @ 0..spec::DATA_END => {
                let pins = (register >> 2) as u8;
                state.change(|state| state.outputs = state.outputs & !pins | bits & pins);
            }
            spec::DIR => state.change(|state| state.dir = bits),
            spec::IS => state.is = bits,
            spec::IBE => state.ibe = bits,
            spec::IEV => state.iev = bits,
            spec::IE => state.ie = bits,
            spec::IC => state.edges &= !bits,
            spec::AFSEL => state.afsel = bits,
            spec::RIS | spec::MIS => {}
            register => {
                primecell_id(spec::PERIPHERAL_ID, register)
                    .ok_or_else(|| AccessError::unimplemented_write(NAME, offset, size, value))?;
            }
        }
        Ok(())
    }

    fn due(&mut self, _cx: &mut DeviceCx<'_>, _number: u32) {
        self.state.change(|state| state.inputs &= !(1 << spec::POWER_KEY_PIN));
    }

    fn interrupt(&self) -> bool {
        self.state.raw() & self.state.ie != 0
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        cx.bp.cancel(self.entry());
        self.state = Pl061State::default();
    }
}

impl SaveState for Pl061 {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Pl061State::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, Pl061State::VERSION)?;
        Ok(())
    }
}
