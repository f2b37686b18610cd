//! What has changed, for whoever keeps something derived beside it.

/// Numbers noted at most, before everything counts as changed.
const LIMIT: usize = 64;

/// The numbers of things that have changed since somebody last asked.
///
/// An engine keeps host pointers that follow from the TLB and from pages. It asks here, before it uses them, which
/// are no longer right. Not part of any state: a fresh or copied owner has changed altogether, and all compare equal.
#[derive(Debug)]
pub struct Changes {
    all: bool,
    numbers: Vec<u64>,
}

/// What [`Changes::take`] gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    /// Everything.
    All,
    /// These, some perhaps more than once.
    These(Vec<u64>),
}

impl Default for Changes {
    fn default() -> Self {
        Self { all: true, numbers: Vec::new() }
    }
}

impl Clone for Changes {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Changes {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Changes {}

impl Changes {
    /// Notes a change. Costs nothing to speak of when nobody ever asks.
    #[inline]
    pub fn note(&mut self, number: u64) {
        if !self.all {
            if self.numbers.len() < LIMIT {
                self.numbers.push(number);
            } else {
                self.note_all();
            }
        }
    }

    /// Notes that everything has changed.
    pub fn note_all(&mut self) {
        self.all = true;
        self.numbers.clear();
    }

    /// Whether there is anything to take.
    #[inline(always)]
    #[must_use]
    pub const fn any(&self) -> bool {
        self.all || !self.numbers.is_empty()
    }

    /// What has changed since the last time.
    pub fn take(&mut self) -> Changed {
        let numbers = std::mem::take(&mut self.numbers);
        if std::mem::take(&mut self.all) { Changed::All } else { Changed::These(numbers) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a change that is lost: at the start, in a copy, or among many.
    #[test]
    fn nothing_is_lost() {
        let mut changes = Changes::default();
        assert_eq!(changes.take(), Changed::All);
        assert!(!changes.any());
        changes.note(3);
        assert_eq!(changes.clone().take(), Changed::All);
        assert_eq!(changes.take(), Changed::These(vec![3]));
        (0..=LIMIT as u64).for_each(|number| changes.note(number));
        assert_eq!(changes.take(), Changed::All);
    }
}
