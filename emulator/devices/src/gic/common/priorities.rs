//! The priorities of a CPU interface: what is masked, what preempts what, and what is being handled.
//!
//! IHI 0048B sections 3.3 and 4.4; IHI 0069 sections 4.8 and 12.2.

use serde::{Deserialize, Serialize};

use super::select::{Group, Pending};

/// How many bits of a priority are implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gic) struct Shape {
    bits: u8,
}

impl Shape {
    /// `bits` from 4 to 8.
    pub(in crate::gic) const fn new(bits: u8) -> Self {
        Self { bits }
    }

    pub(in crate::gic) const fn bits(self) -> u8 {
        self.bits
    }

    /// The bits of a priority that exist.
    pub(in crate::gic) const fn mask(self) -> u8 {
        u8::MAX << (8 - self.bits)
    }

    /// The low end of the bits by which interrupts preempt each other when as many as possible do. At most seven do.
    const fn shift(self) -> u8 {
        if self.bits == 8 { 1 } else { 8 - self.bits }
    }

    /// The smallest binary point of group 0.
    pub(in crate::gic) const fn min_binary_point(self) -> u8 {
        self.shift() - 1
    }
}

/// No interrupt is being handled.
const IDLE: u8 = 0xff;

/// Priorities of one CPU interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gic) struct Priorities {
    /// Interrupts of this priority or a less urgent one are masked.
    pub(in crate::gic) mask: u8,
    /// Per group, which bits of a priority decide about preemption.
    pub(in crate::gic) binary_point: [u8; 2],
    /// Per group, a bit for every priority that is being handled.
    pub(in crate::gic) active: [[u32; 4]; 2],
    /// Group 0's binary point counts for group 1 as well.
    pub(in crate::gic) common_binary_point: bool,
}

impl Priorities {
    pub(in crate::gic) fn new(shape: Shape) -> Self {
        let least = shape.min_binary_point();
        Self {
            mask: 0,
            binary_point: [least, least + 1],
            active: [[0; 4]; 2],
            common_binary_point: false,
        }
    }

    /// Whether a saved state can be one of an interface of this shape.
    pub(in crate::gic) fn fits(&self, shape: Shape) -> bool {
        let least = shape.min_binary_point();
        let [zero, one] = self.binary_point;
        (least..8).contains(&zero) && (least + 1..8).contains(&one)
    }

    /// Sets a group's binary point, no smaller than there are bits for.
    pub(in crate::gic) fn set_binary_point(&mut self, shape: Shape, group: Group, value: u8) {
        let least = shape.min_binary_point() + group.index() as u8;
        self.binary_point[group.index()] = (value & 7).max(least);
    }

    /// The bits of a priority that decide about preemption. A binary point of group 1 counts from one higher.
    fn preemption_mask(&self, group: Group) -> u8 {
        let [zero, one] = self.binary_point;
        let point = match group {
            Group::One if !self.common_binary_point => one - 1,
            _ => zero,
        };
        (0xff_u32 << (point + 1)) as u8
    }

    /// The priority of what is being handled; 0xff when nothing is.
    pub(in crate::gic) fn running(&self, shape: Shape) -> u8 {
        let [zero, one] = &self.active;
        for (word, (a, b)) in zero.iter().zip(one).enumerate() {
            if a | b != 0 {
                let bit = word as u32 * 32 + (a | b).trailing_zeros();
                return (bit << shape.shift()) as u8;
            }
        }
        IDLE
    }

    /// Whether an interrupt is urgent enough to be taken now.
    pub(in crate::gic) fn preempts(&self, shape: Shape, pending: &Pending) -> bool {
        let urgency = pending.priority & self.preemption_mask(pending.group);
        pending.priority < self.mask && urgency < self.running(shape)
    }

    /// Handling of an interrupt begins.
    pub(in crate::gic) fn enter(&mut self, shape: Shape, pending: &Pending) {
        let urgency = pending.priority & self.preemption_mask(pending.group);
        let bit = urgency >> shape.shift();
        self.active[pending.group.index()][usize::from(bit / 32)] |= 1 << (bit % 32);
    }

    /// Handling of the most urgent interrupt of a group ends.
    pub(in crate::gic) fn leave(&mut self, group: Group) {
        if let Some(word) = self.active[group.index()].iter_mut().find(|word| **word != 0) {
            *word &= *word - 1;
        }
    }

    /// The group of the most urgent interrupt that is being handled.
    pub(in crate::gic) fn running_group(&self) -> Option<Group> {
        let [zero, one] = &self.active;
        let (a, b) = zero.iter().zip(one).find(|(a, b)| *a | *b != 0)?;
        let first_of = |word: &u32| word.trailing_zeros();
        Some(if first_of(a) <= first_of(b) { Group::Zero } else { Group::One })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Shape = Shape::new(5);

    fn pending(priority: u8, group: Group) -> Pending {
        Pending { intid: 40, priority, group }
    }

    /// Catches a binary point that is off by one for either group, which makes handlers preempt each other wrongly.
    #[test]
    fn binary_point_splits_group_and_subpriority() {
        let mut priorities = Priorities::new(FIVE);
        priorities.mask = 0xf8;
        priorities.set_binary_point(FIVE, Group::Zero, 4);
        priorities.set_binary_point(FIVE, Group::One, 4);
        priorities.enter(FIVE, &pending(0x58, Group::Zero));
        assert_eq!(priorities.running(FIVE), 0x40);
        assert!(priorities.preempts(FIVE, &pending(0x38, Group::Zero)));
        assert!(!priorities.preempts(FIVE, &pending(0x48, Group::Zero)));
        assert!(priorities.preempts(FIVE, &pending(0x3f, Group::One)));
        priorities.leave(Group::Zero);
        priorities.enter(FIVE, &pending(0x58, Group::One));
        assert_eq!(priorities.running(FIVE), 0x50, "group 1 has one more bit");
        priorities.leave(Group::One);
        priorities.common_binary_point = true;
        priorities.enter(FIVE, &pending(0x58, Group::One));
        assert_eq!(priorities.running(FIVE), 0x40);
        priorities.set_binary_point(FIVE, Group::Zero, 0);
        assert_eq!(priorities.binary_point[0], 2);
    }

    /// Catches nested handling that ends in the wrong order, and a mask that lets its own priority through.
    #[test]
    fn nesting() {
        let shape = Shape::new(8);
        let mut priorities = Priorities::new(shape);
        assert!(!priorities.preempts(shape, &pending(0, Group::Zero)));
        priorities.mask = 0xa0;
        assert!(!priorities.preempts(shape, &pending(0xa0, Group::Zero)));
        assert!(priorities.preempts(shape, &pending(0x9f, Group::Zero)));
        priorities.enter(shape, &pending(0x90, Group::Zero));
        priorities.enter(shape, &pending(0x20, Group::One));
        assert_eq!(priorities.running_group(), Some(Group::One));
        assert_eq!(priorities.running(shape), 0x20);
        priorities.leave(Group::One);
        assert_eq!(priorities.running(shape), 0x90);
        priorities.leave(Group::Zero);
        assert_eq!((priorities.running(shape), priorities.running_group()), (0xff, None));
    }
}
