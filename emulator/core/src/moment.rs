//! When something happened.
//!
//! Wall time cannot name a point of a run, and a program counter names many. The count of retired instructions
//! names an instruction boundary; several things may happen at one boundary (a timer, then an interrupt), so
//! events at the same count are numbered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point of a run: instructions retired by the whole machine, and the ordinal of the event at that count.
///
/// Written `RETIRED.ORDINAL`. An instruction that ends in a synchronous exception counts as retired, and so does
/// one step of an interruptible instruction, so the count always advances.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Moment {
    /// Instructions retired by all vCPUs since the machine started.
    pub retired: u64,
    /// Number of events that happened at this count before this one.
    pub ordinal: u32,
}

impl Moment {
    /// The first moment of every run.
    pub const START: Self = Self { retired: 0, ordinal: 0 };
    /// A moment that no run reaches.
    pub const NEVER: Self = Self { retired: u64::MAX, ordinal: u32::MAX };

    /// The moment before any event at `retired`.
    #[must_use]
    pub const fn at(retired: u64) -> Self {
        Self { retired, ordinal: 0 }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{}", self.retired, self.ordinal);
        f.pad(&text)
    }
}

/// A moment was not written as `RETIRED` or `RETIRED.ORDINAL`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a moment: write RETIRED or RETIRED.ORDINAL, as in 120034.1")]
pub struct ParseMomentError(String);

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseMomentError(text.to_owned());
        let (retired, ordinal) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self {
            retired: retired.replace('_', "").parse().map_err(|_| error())?,
            ordinal: ordinal.parse().map_err(|_| error())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches an ordering that compares ordinals before counts.
    #[test]
    fn orders_by_count_then_ordinal() {
        let early = Moment { retired: 5, ordinal: 9 };
        let late = Moment { retired: 6, ordinal: 0 };
        assert!(early < late);
    }

    /// Catches a display form that the parser does not take back.
    #[test]
    fn display_and_parse_are_inverse() {
        let moment = Moment { retired: 120_034, ordinal: 7 };
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!("42".parse(), Ok(Moment::at(42)));
        assert!("4x".parse::<Moment>().is_err());
        assert!("".parse::<Moment>().is_err());
    }
}
