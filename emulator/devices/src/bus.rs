//! Which device answers at an address.
//!
//! The map knows addresses and numbers, not devices: the board owns those, in whatever form suits it. So a lookup
//! borrows nothing of the board, and the map is a constant of the machine that needs no saving.

use std::fmt;

/// A run of physical addresses at which a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first address.
    pub base: u64,
    /// Length in bytes.
    pub len: u64,
    /// The board's number for the device.
    pub device: usize,
    /// Where in the device's own registers the window begins. A device with several frames has several windows.
    pub offset: u64,
}

impl Window {
    /// A window that shows a device's registers from their beginning.
    #[must_use]
    pub const fn new(base: u64, len: u64, device: usize) -> Self {
        Self { base, len, device, offset: 0 }
    }

    const fn last(&self) -> Option<u64> {
        match self.len.checked_sub(1) {
            Some(span) => self.base.checked_add(span),
            None => None,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device {} at {:#x}+{:#x}", self.device, self.base, self.len)
    }
}

/// An address map that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// A window is empty, or goes past the last address or offset.
    #[error("{0} is not a range of addresses")]
    Range(Window),
    /// Two windows claim the same address.
    #[error("{0} and {1} overlap")]
    Overlap(Window, Window),
}

/// The address map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bus {
    windows: Vec<Window>,
}

impl Bus {
    /// A map of `windows`, given in any order.
    pub fn new(mut windows: Vec<Window>) -> Result<Self, MapError> {
        windows.sort_by_key(|window| window.base);
        let mut before: Option<(Window, u64)> = None;
        for window in &windows {
            let last = window.last().ok_or(MapError::Range(*window))?;
            window.offset.checked_add(window.len).ok_or(MapError::Range(*window))?;
            if let Some((other, end)) = before
                && window.base <= end
            {
                return Err(MapError::Overlap(other, *window));
            }
            before = Some((*window, last));
        }
        Ok(Self { windows })
    }

    /// The device that answers at `address`, and the offset in its registers.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<(usize, u64)> {
        let after = self.windows.partition_point(|window| window.base <= address);
        let window = self.windows.get(after.checked_sub(1)?)?;
        let inside = address - window.base;
        (inside < window.len).then(|| (window.device, window.offset + inside))
    }

    /// All windows, by address.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Bus {
        let cpu_interface = Window { offset: 0x1_0000, ..Window::new(0x3000, 0x100, 0) };
        Bus::new(vec![cpu_interface, Window::new(0x2000, 0x1000, 1), Window::new(0, 0x1000, 0)])
            .unwrap()
    }

    /// Catches an off-by-one at either end of a window, and a lookup that needs the windows in order.
    #[test]
    fn finds_by_range() {
        let bus = map();
        assert_eq!(bus.find(0), Some((0, 0)));
        assert_eq!(bus.find(0xfff), Some((0, 0xfff)));
        assert_eq!(bus.find(0x1000), None);
        assert_eq!(bus.find(0x2fff), Some((1, 0xfff)));
        assert_eq!(bus.find(0x3004), Some((0, 0x1_0004)));
        assert_eq!(bus.find(0x3100), None);
        assert_eq!(bus.find(u64::MAX), None);
        assert_eq!(Bus::default().find(0), None);
    }

    /// Catches a board with two devices at one address, or with a window that wraps round.
    #[test]
    fn impossible_maps_are_refused() {
        let (a, b) = (Window::new(0x1000, 0x1000, 0), Window::new(0x1fff, 0x10, 1));
        assert_eq!(Bus::new(vec![b, a]), Err(MapError::Overlap(a, b)));
        let wraps = Window::new(u64::MAX, 2, 0);
        assert_eq!(Bus::new(vec![wraps]), Err(MapError::Range(wraps)));
        let empty = Window::new(0, 0, 0);
        assert_eq!(Bus::new(vec![empty]), Err(MapError::Range(empty)));
        assert!(Bus::new(vec![Window::new(u64::MAX, 1, 0)]).is_ok());
        let next_to = Window::new(0x2000, 1, 1);
        assert!(Bus::new(vec![a, next_to]).is_ok());
    }
}
