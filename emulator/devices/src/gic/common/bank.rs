//! The state of interrupts, and the registers that show it.
//!
//! One bit of each kind per interrupt, kept in words as the registers show them. The registers lie at the same
//! offsets in the distributor of both generations and in a redistributor: IHI 0048B section 4.3, IHI 0069 section 12.9.

use serde::{Deserialize, Serialize};

use super::select::{Group, Groups};

/// A run of interrupts with their state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gic) struct Bank {
    enabled: Vec<u32>,
    /// Pending because of an edge, of software, or of a software-generated interrupt.
    latched: Vec<u32>,
    /// The level of the input.
    line: Vec<u32>,
    active: Vec<u32>,
    /// Edge-triggered; level-sensitive otherwise.
    edge: Vec<u32>,
    group: Vec<u32>,
    priority: Vec<u8>,
}

/// A register that shows one kind of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gic) enum BankRegister {
    Group,
    SetEnabled,
    ClearEnabled,
    SetPending,
    ClearPending,
    SetActive,
    ClearActive,
    Priority,
    Config,
}

impl BankRegister {
    /// The register at an offset, and the INTID that its first bits are about.
    pub(in crate::gic) fn decode(offset: u64) -> Option<(Self, usize)> {
        let one_bit = |register, base: u64| (register, (offset - base) as usize * 8);
        Some(match offset {
            0x080..0x100 => one_bit(Self::Group, 0x080),
            0x100..0x180 => one_bit(Self::SetEnabled, 0x100),
            0x180..0x200 => one_bit(Self::ClearEnabled, 0x180),
            0x200..0x280 => one_bit(Self::SetPending, 0x200),
            0x280..0x300 => one_bit(Self::ClearPending, 0x280),
            0x300..0x380 => one_bit(Self::SetActive, 0x300),
            0x380..0x400 => one_bit(Self::ClearActive, 0x380),
            0x400..0x800 => (Self::Priority, (offset - 0x400) as usize),
            0xc00..0xd00 => (Self::Config, (offset - 0xc00) as usize * 4),
            _ => return None,
        })
    }

    /// Whether an access of `size` bytes at `offset` is one that the architecture has.
    pub(in crate::gic) fn allows(self, offset: u64, size: u8) -> bool {
        let sizes: &[u8] = if self == Self::Priority { &[1, 2, 4] } else { &[4] };
        sizes.contains(&size) && offset.is_multiple_of(size.into())
    }
}

impl Bank {
    /// `count` interrupts, a multiple of 32.
    pub(in crate::gic) fn new(count: usize) -> Self {
        let words = vec![0; count / 32];
        Self {
            enabled: words.clone(),
            latched: words.clone(),
            line: words.clone(),
            active: words.clone(),
            edge: words.clone(),
            group: words,
            priority: vec![0; count],
        }
    }

    /// The 32 interrupts of a vCPU. Those that software generates behave as edges.
    pub(in crate::gic) fn private() -> Self {
        let mut bank = Self::new(32);
        bank.edge[0] = 0xffff;
        bank
    }

    fn words(&self) -> [&Vec<u32>; 6] {
        [&self.enabled, &self.latched, &self.line, &self.active, &self.edge, &self.group]
    }

    /// Whether a saved bank can stand in for this one.
    pub(in crate::gic) fn same_shape(&self, other: &Self) -> bool {
        self.priority.len() == other.priority.len()
            && self.words().iter().zip(other.words()).all(|(a, b)| a.len() == b.len())
    }

    /// Drives an input. Returns whether anything has changed.
    pub(in crate::gic) fn set_line(&mut self, interrupt: usize, level: bool) -> bool {
        let (word, bit) = (interrupt / 32, 1 << (interrupt % 32));
        let Some(line) = self.line.get_mut(word) else { return false };
        if (*line & bit != 0) == level {
            return false;
        }
        *line ^= bit;
        if level {
            self.latched[word] |= bit & self.edge[word];
        }
        true
    }

    /// Makes an interrupt pending, or takes back that software did.
    pub(in crate::gic) fn latch(&mut self, interrupt: usize, pending: bool) {
        set_bit(&mut self.latched, interrupt, pending);
    }

    /// The interrupt begins to be handled.
    pub(in crate::gic) fn activate(&mut self, interrupt: usize) {
        set_bit(&mut self.active, interrupt, true);
        set_bit(&mut self.latched, interrupt, false);
    }

    /// The interrupt has been handled.
    pub(in crate::gic) fn deactivate(&mut self, interrupt: usize) {
        set_bit(&mut self.active, interrupt, false);
    }

    pub(in crate::gic) fn group(&self, interrupt: usize) -> Group {
        let word = self.group.get(interrupt / 32).copied().unwrap_or(0);
        Group::from_bit(word >> (interrupt % 32) & 1 != 0)
    }

    pub(in crate::gic) fn priority(&self, interrupt: usize) -> u8 {
        self.priority[interrupt]
    }

    fn pending(&self, word: usize) -> u32 {
        self.latched[word] | self.line[word] & !self.edge[word]
    }

    /// Calls `f` with every interrupt of `groups` that is pending, enabled and not being handled.
    pub(in crate::gic) fn candidates(&self, groups: Groups, mut f: impl FnMut(usize)) {
        for word in 0..self.enabled.len() {
            let mut bits = self.pending(word) & self.enabled[word] & !self.active[word];
            bits &= groups.select(self.group[word]);
            while bits != 0 {
                f(word * 32 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// Reads a register; `first` is the interrupt that its first bits are about. Interrupts that do not exist read
    /// as zero.
    pub(in crate::gic) fn read(&self, register: BankRegister, first: usize, size: u8) -> u32 {
        let word = first / 32;
        if word >= self.enabled.len() {
            return 0;
        }
        match register {
            BankRegister::Group => self.group[word],
            BankRegister::SetEnabled | BankRegister::ClearEnabled => self.enabled[word],
            BankRegister::SetPending | BankRegister::ClearPending => self.pending(word),
            BankRegister::SetActive | BankRegister::ClearActive => self.active[word],
            BankRegister::Priority => get_bytes(&self.priority[first..], size),
            BankRegister::Config => spread(self.edge[word] >> (first % 32)),
        }
    }

    /// Writes a register, as [`Bank::read`] reads it.
    pub(in crate::gic) fn write(
        &mut self,
        register: BankRegister,
        first: usize,
        size: u8,
        value: u32,
    ) {
        let word = first / 32;
        if word >= self.enabled.len() {
            return;
        }
        match register {
            BankRegister::Group => self.group[word] = value,
            BankRegister::SetEnabled => self.enabled[word] |= value,
            BankRegister::ClearEnabled => self.enabled[word] &= !value,
            BankRegister::SetPending => self.latched[word] |= value,
            BankRegister::ClearPending => self.latched[word] &= !value,
            BankRegister::SetActive => self.active[word] |= value,
            BankRegister::ClearActive => self.active[word] &= !value,
            BankRegister::Priority => put_bytes(&mut self.priority[first..], size, value),
            BankRegister::Config => {
                let half = first % 32;
                let kept = self.edge[word] & !(0xffff << half);
                self.edge[word] = kept | gather(value) << half;
            }
        }
    }
}

/// Every interrupt of a controller: those of each vCPU, and those of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gic) struct Interrupts {
    pub(in crate::gic) private: Vec<Bank>,
    pub(in crate::gic) shared: Bank,
}

impl Interrupts {
    pub(in crate::gic) fn new(vcpus: usize, shared: u16) -> Self {
        Self { private: vec![Bank::private(); vcpus], shared: Bank::new(shared.into()) }
    }

    pub(in crate::gic) fn same_shape(&self, other: &Self) -> bool {
        self.private.len() == other.private.len()
            && self.shared.same_shape(&other.shared)
            && self.private.iter().zip(&other.private).all(|(a, b)| a.same_shape(b))
    }

    /// The bank in which a vCPU finds an INTID, and the interrupt's place there.
    pub(in crate::gic) fn bank(&self, vcpu: usize, intid: usize) -> (&Bank, usize) {
        match intid.checked_sub(32) {
            None => (&self.private[vcpu], intid),
            Some(shared) => (&self.shared, shared),
        }
    }

    /// The same, to change it.
    pub(in crate::gic) fn bank_mut(&mut self, vcpu: usize, intid: usize) -> (&mut Bank, usize) {
        match intid.checked_sub(32) {
            None => (&mut self.private[vcpu], intid),
            Some(shared) => (&mut self.shared, shared),
        }
    }

    /// The INTIDs that exist.
    pub(in crate::gic) fn count(&self) -> usize {
        32 + self.shared.priority.len()
    }
}

fn set_bit(words: &mut [u32], bit: usize, set: bool) {
    if let Some(word) = words.get_mut(bit / 32) {
        let mask = 1 << (bit % 32);
        *word = if set { *word | mask } else { *word & !mask };
    }
}

/// The first `size` bytes, little-endian.
pub(super) fn get_bytes(bytes: &[u8], size: u8) -> u32 {
    bytes.iter().take(size.into()).rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn put_bytes(bytes: &mut [u8], size: u8, value: u32) {
    for (byte, new) in bytes.iter_mut().zip(value.to_le_bytes()).take(size.into()) {
        *byte = new;
    }
}

/// One bit an interrupt to the configuration register's two: the upper one says edge, the lower one is zero.
fn spread(edges: u32) -> u32 {
    (0..16).fold(0, |value, n| value | (edges >> n & 1) << (2 * n + 1))
}

/// The inverse of [`spread`].
fn gather(config: u32) -> u32 {
    (0..16).fold(0, |value, n| value | (config >> (2 * n + 1) & 1) << n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches registers at the wrong offset or about the wrong interrupts.
    #[test]
    fn registers_decode() {
        assert_eq!(BankRegister::decode(0x104), Some((BankRegister::SetEnabled, 32)));
        assert_eq!(BankRegister::decode(0x3fc), Some((BankRegister::ClearActive, 992)));
        assert_eq!(BankRegister::decode(0x421), Some((BankRegister::Priority, 33)));
        assert_eq!(BankRegister::decode(0xc0c), Some((BankRegister::Config, 48)));
        assert_eq!(BankRegister::decode(0x800), None);
        assert_eq!(BankRegister::decode(0x07c), None);
    }

    /// Catches an edge that is taken for a level, the reverse, and a level that stays pending when its line falls.
    #[test]
    fn edges_latch_and_levels_follow() {
        let mut bank = Bank::new(64);
        bank.write(BankRegister::Config, 48, 4, 0x2);
        assert_eq!(bank.read(BankRegister::Config, 48, 4), 0x2);
        let pending = |bank: &Bank| bank.read(BankRegister::SetPending, 32, 4);
        for (line, stays) in [(48, 1 << 16), (49, 0)] {
            assert!(bank.set_line(line, true) && !bank.set_line(line, true));
            assert_eq!(pending(&bank), 1 << (line - 32));
            bank.set_line(line, false);
            assert_eq!(pending(&bank), stays);
            bank.write(BankRegister::ClearPending, 32, 4, u32::MAX);
            assert_eq!(pending(&bank), 0);
        }
        bank.set_line(49, true);
        bank.write(BankRegister::ClearPending, 32, 4, u32::MAX);
        assert_eq!(pending(&bank), 1 << 17, "a level is pending as long as the line is up");
    }

    /// Catches narrow accesses to priorities that touch the neighbours.
    #[test]
    fn priorities_are_bytes() {
        let mut bank = Bank::new(32);
        bank.write(BankRegister::Priority, 4, 4, 0x4433_2211);
        bank.write(BankRegister::Priority, 5, 1, 0xffff_ffaa);
        assert_eq!(bank.read(BankRegister::Priority, 4, 4), 0x4433_aa11);
        assert_eq!(bank.read(BankRegister::Priority, 6, 2), 0x4433);
        assert_eq!(bank.read(BankRegister::Priority, 32, 4), 0);
    }
}
