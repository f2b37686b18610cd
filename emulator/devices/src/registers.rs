//! What devices with a file of 32-bit registers have in common.
//!
//! Arm's peripherals put one register into each 32-bit word. Drivers reach the low part of a word with narrower
//! accesses as well (the PL011 is often driven with 16-bit ones), so the width of an access has to be separated from
//! the register it means, the same way in every device.

use crate::AccessError;

/// Bytes of a register's word.
const WORD: u64 = 4;

/// The register that an access means, and which of its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// Offset of the register's word.
    pub(crate) register: u64,
    shift: u32,
    mask: u32,
}

impl Lane {
    /// Splits an access into register and bits. An access that is not aligned, or wider than a word, aborts.
    pub(crate) fn new(offset: u64, size: u8) -> Result<Self, AccessError> {
        let mask = match size {
            1 => 0xff,
            2 => 0xffff,
            4 => u32::MAX,
            _ => return Err(AccessError::Abort),
        };
        if !offset.is_multiple_of(u64::from(size)) {
            return Err(AccessError::Abort);
        }
        let shift = (offset % WORD) as u32 * 8;
        Ok(Self { register: offset - offset % WORD, shift, mask })
    }

    /// The bits of `word` that a read returns.
    pub(crate) fn extract(self, word: u32) -> u64 {
        u64::from(word >> self.shift & self.mask)
    }

    /// The word that a write of `value` carries. These registers have no byte enables: a write has to start at the
    /// word's first byte, and a narrow one leaves the rest zero.
    pub(crate) fn value(self, value: u64) -> Result<u32, AccessError> {
        if self.shift == 0 { Ok(value as u32 & self.mask) } else { Err(AccessError::Abort) }
    }
}

/// Offset of the first of the eight identification registers of an Arm PrimeCell.
const PRIMECELL_ID: u64 = 0xfe0;

/// The PrimeCell identification register at `offset`: four of the peripheral, four of the cell.
pub(crate) fn primecell_id(peripheral: [u8; 4], offset: u64) -> Option<u32> {
    const CELL: [u8; 4] = [0x0d, 0xf0, 0x05, 0xb1];
    let index = (offset.checked_sub(PRIMECELL_ID)? / WORD) as usize;
    peripheral.iter().chain(&CELL).nth(index).map(|byte| u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches narrow accesses that reach the wrong bits, and unaligned or wide ones that are let through.
    #[test]
    fn narrow_accesses_select_their_bits() {
        let lane = Lane::new(0x1a, 2).unwrap();
        assert_eq!((lane.register, lane.extract(0x1234_5678)), (0x18, 0x1234));
        assert_eq!(Lane::new(0x18, 1).unwrap().extract(0x1234_5678), 0x78);
        assert_eq!(Lane::new(0x18, 1).unwrap().value(0x1ff), Ok(0xff));
        assert_eq!(lane.value(1), Err(AccessError::Abort));
        assert_eq!(Lane::new(0x19, 2), Err(AccessError::Abort));
        assert_eq!(Lane::new(0x18, 8), Err(AccessError::Abort));
    }

    /// Catches identification registers shifted by one, which keeps Linux from binding a driver.
    #[test]
    fn primecell_ids_lie_in_order() {
        let id = [0x11, 0x10, 0x14, 0x00];
        assert_eq!(primecell_id(id, 0xfdc), None);
        assert_eq!(primecell_id(id, 0xfe0), Some(0x11));
        assert_eq!(primecell_id(id, 0xffc), Some(0xb1));
        assert_eq!(primecell_id(id, 0x1000), None);
    }
}
