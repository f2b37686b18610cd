//! A function's configuration space as bytes and masks.

use lockstep_core::{RestoreError, SaveState, Saved};

use super::spec;

/// Which addresses a base address register is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Ports.
    Io,
    /// Memory, 32 bits, not prefetchable.
    Memory,
}

/// A range of addresses that a function wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Of which kind.
    pub space: Space,
    /// Bytes, a power of two; at least 4 ports or 16 bytes of memory.
    pub size: u32,
}

/// What a function is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Vendor.
    pub vendor: u16,
    /// Device.
    pub device: u16,
    /// Class, subclass and programming interface.
    pub class: u32,
    /// Revision.
    pub revision: u8,
    /// Subsystem, and below it the subsystem's vendor.
    pub subsystem: u32,
    /// The interrupt pin: 1 is INTA, 0 none.
    pub pin: u8,
    /// The ranges that it wants.
    pub bars: [Option<Bar>; 6],
}

/// A type 0 header, and what a function has beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSpace {
    identity: Identity,
    /// The state.
    bytes: Vec<u8>,
    /// What it is after a reset.
    initial: Vec<u8>,
    /// Bits that are written as they come.
    writable: Vec<u8>,
    /// Bits that a one clears.
    clearing: Vec<u8>,
    /// The end of the last capability.
    end: usize,
    last_link: usize,
}

impl ConfigSpace {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    /// The configuration space of a function without registers of its own.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        let mut space = Self {
            identity,
            bytes: vec![0; spec::SIZE],
            initial: Vec::new(),
            writable: vec![0; spec::SIZE],
            clearing: vec![0; spec::SIZE],
            end: spec::OWN as usize,
            last_link: spec::CAPABILITIES as usize,
        };
        space.put(spec::VENDOR_ID, &identity.vendor.to_le_bytes());
        space.put(spec::DEVICE_ID, &identity.device.to_le_bytes());
        space.put(
            spec::REVISION,
            &(identity.class << 8 | u32::from(identity.revision)).to_le_bytes(),
        );
        space.put(spec::SUBSYSTEM, &identity.subsystem.to_le_bytes());
        space.put(spec::INTERRUPT_PIN, &[identity.pin]);
        for (number, bar) in identity.bars.iter().enumerate() {
            let Some(bar) = bar else { continue };
            let at = spec::BARS as usize + number * 4;
            let flags = if bar.space == Space::Io { spec::BAR_IO } else { 0 };
            space.put(at as u64, &flags.to_le_bytes());
            space.writable[at..at + 4].copy_from_slice(&(!(bar.size - 1)).to_le_bytes());
        }
        let status = spec::STATUS as usize;
        space.writable[4..6].copy_from_slice(&spec::COMMAND_MASK.to_le_bytes());
        space.clearing[status..status + 2].copy_from_slice(&spec::STATUS_ERRORS.to_le_bytes());
        for register in [spec::CACHE_LINE, spec::LATENCY, spec::INTERRUPT_LINE] {
            space.writable[register as usize] = 0xff;
        }
        space.initial.clone_from(&space.bytes);
        space
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) {
        self.bytes[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
    }

    /// Adds registers of its own: `bytes` at `offset`, of which the bits of `writable` can be written.
    #[must_use]
    pub fn with_registers(mut self, offset: u64, bytes: &[u8], writable: &[u8]) -> Self {
        let at = offset as usize;
        self.put(offset, bytes);
        self.writable[at..at + writable.len()].copy_from_slice(writable);
        self.initial.clone_from(&self.bytes);
        self
    }

    /// Adds a capability: what follows its number and link. Gives where it is.
    pub fn add_capability(&mut self, number: u8, body: &[u8]) -> u64 {
        let at = self.end;
        self.end = (at + 2 + body.len()).next_multiple_of(4);
        self.bytes[self.last_link] = at as u8;
        self.last_link = at + 1;
        self.put(at as u64, &[number, 0]);
        self.put(at as u64 + 2, body);
        self.bytes[spec::STATUS as usize] |= spec::STATUS_CAPABILITIES as u8;
        self.initial.clone_from(&self.bytes);
        at as u64
    }

    /// Lets bits be written, as in [`ConfigSpace::with_registers`].
    pub fn allow_writes(&mut self, offset: u64, writable: &[u8]) {
        let at = offset as usize;
        self.writable[at..at + writable.len()].copy_from_slice(writable);
    }

    /// Reads `size` bytes at an aligned offset.
    #[must_use]
    pub fn read(&self, offset: u64, size: u8) -> u64 {
        let at = offset as usize % spec::SIZE;
        let bytes = self.bytes[at..].iter().take(size.into());
        bytes.rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// Writes `size` bytes at an aligned offset.
    pub fn write(&mut self, offset: u64, size: u8, value: u64) {
        let at = offset as usize % spec::SIZE;
        let end = (at + usize::from(size)).min(spec::SIZE);
        for (index, byte) in (at..end).zip(value.to_le_bytes()) {
            let (writable, clearing) = (self.writable[index], self.clearing[index]);
            let kept = self.bytes[index] & !writable & !(byte & clearing);
            self.bytes[index] = kept | byte & writable;
        }
    }

    fn command(&self) -> u16 {
        self.read(spec::COMMAND, 2) as u16
    }

    /// Whether the function may be master of the bus.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.command() & spec::COMMAND_MASTER != 0
    }

    /// Notes the state of the interrupt, and gives the level of the pin.
    pub fn drive_pin(&mut self, pending: bool) -> bool {
        let status = &mut self.bytes[spec::STATUS as usize];
        *status &= !(spec::STATUS_INTERRUPT as u8);
        *status |= if pending { spec::STATUS_INTERRUPT as u8 } else { 0 };
        pending && self.command() & spec::COMMAND_NO_INTX == 0
    }

    /// The base address register that an address is for, and the offset in its range.
    #[must_use]
    pub fn decode(&self, space: Space, address: u64) -> Option<(usize, u64)> {
        let enable = match space {
            Space::Io => spec::COMMAND_IO,
            Space::Memory => spec::COMMAND_MEMORY,
        };
        if self.command() & enable == 0 {
            return None;
        }
        self.identity.bars.iter().enumerate().find_map(|(number, bar)| {
            let bar = bar.filter(|bar| bar.space == space)?;
            let size = u64::from(bar.size);
            let base = self.read(spec::BARS + number as u64 * 4, 4) & !(size - 1);
            let offset = address.wrapping_sub(base);
            (offset < size).then_some((number, offset))
        })
    }

    /// Back to the state after a reset.
    pub fn reset(&mut self) {
        self.bytes.clone_from(&self.initial);
    }
}

impl SaveState for ConfigSpace {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Self::VERSION, &self.bytes);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        let bytes: Vec<u8> = from.get(name, Self::VERSION)?;
        if bytes.len() != spec::SIZE {
            let detail = format!("{} bytes of configuration space", bytes.len());
            return Err(RestoreError::Damaged { part: name.to_owned(), detail });
        }
        self.bytes = bytes;
        Ok(())
    }
}
