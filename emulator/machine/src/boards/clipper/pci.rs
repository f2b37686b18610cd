//! A PCI bus of the board: a Pchip and the functions behind it.

use lockstep_core::{Input, RestoreError, SaveState, Saved};
use lockstep_devices::pci::{PciFunction, Space};
use lockstep_devices::typhoon::{Cchip, Pchip, spec};
use lockstep_devices::{AccessError, Device, DeviceCx};

use super::map;

/// A function in its place: every function here is its device's only one.
pub(super) struct Slot {
    /// The device number.
    number: u64,
    /// Its place on the board.
    place: usize,
    function: Box<dyn PciFunction>,
}

/// A Pchip and its bus.
pub(super) struct PciBus {
    index: usize,
    pchip: Pchip,
    slots: Vec<Slot>,
}

impl PciBus {
    pub(super) fn new(index: usize) -> Self {
        Self { index, pchip: Pchip::new(index as u8), slots: Vec::new() }
    }

    /// Plugs a function in.
    pub(super) fn plug(&mut self, number: u64, place: usize, function: Box<dyn PciFunction>) {
        self.slots.push(Slot { number, place, function });
    }

    /// Reads a register of the Pchip.
    pub(super) fn read(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        self.pchip.read(cx, offset, size)
    }

    /// Writes a register of the Pchip, which may reset the bus.
    pub(super) fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        offset: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        self.pchip.write(cx, offset, size, value)?;
        if self.pchip.take_bus_reset() {
            self.slots.iter_mut().for_each(|slot| slot.function.reset(cx));
        }
        Ok(())
    }

    /// The function that a configuration address means: bus 23:16, device 15:11, function 10:8.
    fn configured(&mut self, address: u64) -> Option<&mut dyn PciFunction> {
        let number = address >> 11;
        let slot = self.slots.iter_mut().find(|slot| slot.number == number)?;
        (address & 0x700 == 0).then_some(&mut *slot.function)
    }

    /// A configuration read; ones where there is no function.
    pub(super) fn config_read(
        &mut self,
        cx: &mut DeviceCx<'_>,
        address: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        match self.configured(address) {
            Some(function) => function.config_read(cx, address & 0xff, size),
            None => Ok(ones(size)),
        }
    }

    /// A configuration write.
    pub(super) fn config_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        address: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        match self.configured(address) {
            Some(function) => function.config_write(cx, address & 0xff, size, value),
            None => Ok(()),
        }
    }

    /// The function that claims an address, with its base address register and the offset.
    fn claimed(
        &mut self,
        space: Space,
        address: u64,
    ) -> Option<(&mut dyn PciFunction, usize, u64)> {
        self.slots.iter_mut().find_map(|slot| {
            let (bar, offset) = slot.function.config().decode(space, address)?;
            Some((&mut *slot.function as &mut dyn PciFunction, bar, offset))
        })
    }

    /// Reads an address that some function claims; `None` if none does.
    pub(super) fn read_claimed(
        &mut self,
        cx: &mut DeviceCx<'_>,
        space: Space,
        address: u64,
        size: u8,
    ) -> Option<Result<u64, AccessError>> {
        let (function, bar, offset) = self.claimed(space, address)?;
        if size < 8 {
            return Some(function.bar_read(cx, bar, offset, size));
        }
        // The bus is 32 bits wide.
        let low = function.bar_read(cx, bar, offset, 4);
        let high = function.bar_read(cx, bar, offset + 4, 4);
        Some(low.and_then(|low| high.map(|high| low | high << 32)))
    }

    /// Writes an address that some function claims; `None` if none does.
    pub(super) fn write_claimed(
        &mut self,
        cx: &mut DeviceCx<'_>,
        space: Space,
        address: u64,
        size: u8,
        value: u64,
    ) -> Option<Result<(), AccessError>> {
        let (function, bar, offset) = self.claimed(space, address)?;
        if size < 8 {
            return Some(function.bar_write(cx, bar, offset, size, value));
        }
        let low = function.bar_write(cx, bar, offset, 4, value & 0xffff_ffff);
        Some(low.and_then(|()| function.bar_write(cx, bar, offset + 4, 4, value >> 32)))
    }

    /// Nobody answered: the Pchip remembers it, and a read gives ones.
    pub(super) fn unanswered(&mut self, address: u64, size: u8) -> u64 {
        self.pchip.no_device(address);
        ones(size)
    }

    /// Drives the Cchip's inputs with the functions' pins and the Pchip's error.
    pub(super) fn drive(&mut self, cchip: &mut Cchip) {
        for slot in &mut self.slots {
            let level = slot.function.interrupt();
            if let Some(number) = slot.number.checked_sub(map::FIRST_SLOT)
                && (number as usize) < map::SLOTS
            {
                cchip.set_line(map::slot_interrupt(self.index, number as usize), level);
            }
        }
        cchip.set_line(spec::PCHIP_ERROR - self.index as u32, self.pchip.error());
    }

    pub(super) fn due(&mut self, cx: &mut DeviceCx<'_>, place: usize, number: u32) {
        for slot in self.slots.iter_mut().filter(|slot| slot.place == place) {
            slot.function.due(cx, number);
        }
    }

    pub(super) fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.slots.iter_mut().for_each(|slot| slot.function.input(cx, input));
    }

    pub(super) fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.pchip.reset(cx);
        self.slots.iter_mut().for_each(|slot| slot.function.reset(cx));
    }

    pub(super) fn save(&self, to: &mut Saved) {
        self.pchip.save(&format!("pchip{}", self.index), to);
        for slot in &self.slots {
            slot.function.save(&format!("pci{}.{}", self.index, slot.number), to);
        }
    }

    pub(super) fn restore(&mut self, from: &Saved) -> Result<(), RestoreError> {
        self.pchip.restore(&format!("pchip{}", self.index), from)?;
        let index = self.index;
        self.slots.iter_mut().try_for_each(|slot| {
            slot.function.restore(&format!("pci{index}.{}", slot.number), from)
        })
    }
}

/// What a read gives that nobody answers.
const fn ones(size: u8) -> u64 {
    u64::MAX >> (64 - 8 * size as u32)
}
