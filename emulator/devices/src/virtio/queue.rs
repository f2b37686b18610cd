//! Split virtqueues.
//!
//! A ring in the guest's memory, and the indices up to which the device has come. The indices are all there is to save:
//! whatever is looked at is read from memory when it is needed, and checked each time.

use lockstep_memory::PhysMem;
use serde::{Deserialize, Serialize};

use super::chain::{Chain, Walk};
use super::fault::Problem;
use super::spec::{DESCRIPTOR, available, feature, used};

/// A virtqueue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Entries, as the driver has chosen.
    pub size: u16,
    /// Where the table of descriptors is.
    pub descriptors: u64,
    /// Where the available ring is: the driver's area.
    pub driver: u64,
    /// Where the used ring is: the device's area.
    pub device: u64,
    ready: bool,
    next_available: u16,
    next_used: u16,
}

impl Queue {
    /// A queue before its driver has set it up; `size` is its largest.
    pub(super) const fn new(size: u16) -> Self {
        Self {
            size,
            descriptors: 0,
            driver: 0,
            device: 0,
            ready: false,
            next_available: 0,
            next_used: 0,
        }
    }

    /// Whether the device may use it.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Lets the device use the queue, if it is one that can be; `most` is its largest size.
    pub(super) fn enable(&mut self, mem: &PhysMem, most: u16) -> Result<(), Problem> {
        if !self.size.is_power_of_two() || self.size > most {
            return Err(Problem::Size { size: self.size, most });
        }
        let size = u64::from(self.size);
        let parts = [
            ("descriptor table", self.descriptors, 16, size * DESCRIPTOR),
            ("available ring", self.driver, 2, available::RING + size * available::ENTRY + 2),
            ("used ring", self.device, 4, used::RING + size * used::ENTRY + 2),
        ];
        for (part, address, align, len) in parts {
            if !address.is_multiple_of(align) {
                return Err(Problem::Alignment { part, address, align });
            }
            mem.check_ram(address, len).map_err(|error| Problem::Memory { part, error })?;
        }
        self.ready = true;
        Ok(())
    }

    /// Whether this can be a queue of that largest size.
    pub(super) const fn can_be(&self, most: u16) -> bool {
        !self.ready || self.size.is_power_of_two() && self.size <= most
    }

    /// Takes the queue away from the device.
    pub(super) fn disable(&mut self) {
        self.ready = false;
        self.next_available = 0;
        self.next_used = 0;
    }

    /// The next chain that the driver has made available. When there is none, asks to be notified of the next one.
    pub(super) fn take(
        &mut self,
        mem: &mut PhysMem,
        features: u64,
    ) -> Result<Option<Chain>, Problem> {
        if !self.ready {
            return Ok(None);
        }
        let to = read_u16(mem, self.driver + available::INDEX, "available ring")?;
        let waiting = to.wrapping_sub(self.next_available);
        if waiting == 0 {
            if features & feature::EVENT_IDX != 0 {
                let place = self.device + used::RING + u64::from(self.size) * used::ENTRY;
                write(mem, place, &self.next_available.to_le_bytes(), "used ring")?;
            }
            return Ok(None);
        }
        if waiting > self.size {
            return Err(Problem::Index { from: self.next_available, to, size: self.size });
        }
        let entry = u64::from(self.next_available % self.size);
        let place = self.driver + available::RING + entry * available::ENTRY;
        let head = read_u16(mem, place, "available ring")?;
        let indirect = features & feature::INDIRECT_DESC != 0;
        let chain = Walk::new(mem, self.descriptors, self.size, head, indirect).run()?;
        self.next_available = self.next_available.wrapping_add(1);
        Ok(Some(chain))
    }

    /// Gives a chain back. Says whether the driver wants to be notified.
    pub(super) fn put(
        &mut self,
        mem: &mut PhysMem,
        features: u64,
        head: u16,
        written: u32,
    ) -> Result<bool, Problem> {
        const PART: &str = "used ring";
        if !self.ready {
            return Ok(false);
        }
        let before = self.next_used;
        let entry = u64::from(before % self.size);
        let mut bytes = [0; used::ENTRY as usize];
        bytes[..4].copy_from_slice(&u32::from(head).to_le_bytes());
        bytes[4..].copy_from_slice(&written.to_le_bytes());
        write(mem, self.device + used::RING + entry * used::ENTRY, &bytes, PART)?;
        self.next_used = before.wrapping_add(1);
        write(mem, self.device + used::INDEX, &self.next_used.to_le_bytes(), PART)?;
        if features & feature::EVENT_IDX != 0 {
            let place = self.driver + available::RING + u64::from(self.size) * available::ENTRY;
            return Ok(read_u16(mem, place, "available ring")? == before);
        }
        let flags = read_u16(mem, self.driver, "available ring")?;
        Ok(flags & available::NO_INTERRUPT == 0)
    }
}

fn read_u16(mem: &PhysMem, address: u64, part: &'static str) -> Result<u16, Problem> {
    let mut bytes = [0; 2];
    mem.read_bytes(address, &mut bytes).map_err(|error| Problem::Memory { part, error })?;
    Ok(u16::from_le_bytes(bytes))
}

fn write(mem: &mut PhysMem, address: u64, bytes: &[u8], part: &'static str) -> Result<(), Problem> {
    mem.write_bytes(address, bytes).map_err(|error| Problem::Memory { part, error })
}
