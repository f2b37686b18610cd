//! Choosing the most urgent interrupt for each vCPU.

use super::bank::Interrupts;

/// Interrupt group. Without Security Extensions the groups differ in their enables, in the line they can be
/// signalled on, and in the registers that acknowledge them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gic) enum Group {
    Zero,
    One,
}

impl Group {
    pub(in crate::gic) const fn from_bit(bit: bool) -> Self {
        if bit { Self::One } else { Self::Zero }
    }

    pub(in crate::gic) const fn index(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }
}

/// A set of groups: bit 0 for group 0, bit 1 for group 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gic) struct Groups(u32);

impl Groups {
    pub(in crate::gic) const BOTH: Self = Self(3);

    /// From the two low bits, as control registers have them.
    pub(in crate::gic) const fn from_bits(bits: u32) -> Self {
        Self(bits & 3)
    }

    pub(in crate::gic) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(in crate::gic) const fn contains(self, group: Group) -> bool {
        self.0 >> group.index() & 1 != 0
    }

    /// The interrupts that belong to one of the groups, given a word of group bits.
    pub(super) const fn select(self, group_bits: u32) -> u32 {
        let zero = if self.contains(Group::Zero) { !group_bits } else { 0 };
        let one = if self.contains(Group::One) { group_bits } else { 0 };
        zero | one
    }
}

/// An interrupt that wants to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gic) struct Pending {
    pub(in crate::gic) intid: u16,
    pub(in crate::gic) priority: u8,
    pub(in crate::gic) group: Group,
}

impl Pending {
    /// The lower value is the more urgent; of two that are equally urgent, the one with the lower INTID.
    const fn before(&self, other: &Self) -> bool {
        self.priority < other.priority
            || self.priority == other.priority && self.intid < other.intid
    }
}

/// The levels on a vCPU's two interrupt inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gic) struct Signals {
    pub(in crate::gic) irq: bool,
    pub(in crate::gic) fiq: bool,
}

/// What is computed from a controller's state whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gic) struct Outputs {
    /// Per vCPU, the most urgent interrupt.
    pub(in crate::gic) best: Vec<Option<Pending>>,
    /// Per vCPU, its inputs.
    pub(in crate::gic) signals: Vec<Signals>,
}

impl Outputs {
    pub(in crate::gic) fn new(vcpus: usize) -> Self {
        Self { best: vec![None; vcpus], signals: vec![Signals::default(); vcpus] }
    }

    /// Takes the new level of a vCPU's inputs; returns whether they are other than before.
    pub(in crate::gic) fn signal(&mut self, vcpu: usize, signals: Signals) -> bool {
        std::mem::replace(&mut self.signals[vcpu], signals) != signals
    }
}

/// Finds the most urgent interrupt for every vCPU, from the groups that the vCPU lets through. `route` offers a shared
/// interrupt, given by its place among the shared ones, to the vCPUs it may go to.
pub(in crate::gic) fn select(
    interrupts: &Interrupts,
    groups: impl Fn(usize) -> Groups,
    best: &mut [Option<Pending>],
    route: impl Fn(usize, Group, &mut dyn FnMut(usize)),
) {
    for (vcpu, best) in best.iter_mut().enumerate() {
        *best = None;
        let bank = &interrupts.private[vcpu];
        bank.candidates(groups(vcpu), |intid| {
            let (priority, group) = (bank.priority(intid), bank.group(intid));
            offer(best, Pending { intid: intid as u16, priority, group });
        });
    }
    let bank = &interrupts.shared;
    bank.candidates(Groups::BOTH, |place| {
        let (priority, group) = (bank.priority(place), bank.group(place));
        let pending = Pending { intid: place as u16 + super::super::FIRST_SHARED, priority, group };
        route(place, group, &mut |vcpu| {
            if groups(vcpu).contains(group) {
                offer(&mut best[vcpu], pending);
            }
        });
    });
}

fn offer(best: &mut Option<Pending>, pending: Pending) {
    if best.is_none_or(|best| pending.before(&best)) {
        *best = Some(pending);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bank::BankRegister;
    use super::*;

    /// Catches a choice by number before priority, of a group that is off, or for a vCPU it is not routed to.
    #[test]
    fn most_urgent_first() {
        let mut interrupts = Interrupts::new(2, 64);
        interrupts.private[1].set_line(20, true);
        interrupts.private[1].write(BankRegister::SetEnabled, 0, 4, u32::MAX);
        interrupts.private[1].write(BankRegister::Priority, 20, 1, 0x40);
        for place in [3, 40, 41] {
            interrupts.shared.set_line(place, true);
            interrupts.shared.write(BankRegister::Priority, place, 1, 0x30);
        }
        for word in [0, 32] {
            interrupts.shared.write(BankRegister::SetEnabled, word, 4, u32::MAX);
        }
        interrupts.shared.write(BankRegister::Group, 0, 4, 1 << 3);
        let choose = |groups: Groups, to: usize| {
            let mut best = [None; 2];
            select(&interrupts, |_| groups, &mut best, |_, _, offer| offer(to));
            best.map(|best| best.map(|pending| pending.intid))
        };
        assert_eq!(choose(Groups::BOTH, 0), [Some(35), Some(20)]);
        assert_eq!(choose(Groups::BOTH, 1), [None, Some(35)]);
        assert_eq!(choose(Groups::from_bits(1), 1), [None, Some(72)]);
        assert_eq!(choose(Groups::from_bits(2), 0), [Some(35), None]);
    }
}
