//! Who decides which of the emulator's threads goes next, in words: `pct:depth=3`.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

/// A policy of the emulator's threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// The operating system: nobody takes note.
    #[default]
    Os,
    /// Any thread that can go, by a seed.
    Random,
    /// The thread of the highest priority; priorities are random, and change at so many random points.
    Pct {
        /// How many points.
        depth: u32,
    },
    /// As it was the last time: a file for the recordings, or a folder with a file for each process.
    Replay(PathBuf),
}

/// What `pct` means.
const DEFAULT_DEPTH: u32 = 3;
/// More than that is `random`.
const MAX_DEPTH: u32 = 1000;

/// A regular expression that all schedules match.
pub(super) const PATTERN: &str = r"^(os|random|pct(:depth=[1-9][0-9]*)?|replay:.+)$";

impl Schedule {
    /// Reads a schedule.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        match (name, rest) {
            ("os", None) => Ok(Self::Os),
            ("random", None) => Ok(Self::Random),
            ("pct", None) => Ok(Self::Pct { depth: DEFAULT_DEPTH }),
            ("pct", Some(options)) => {
                let depth = options.strip_prefix("depth=").and_then(|depth| depth.parse().ok());
                let depth = depth.filter(|depth| (1..=MAX_DEPTH).contains(depth));
                let wrong = || format!("`{text}`: write pct:depth=D, D from 1 to {MAX_DEPTH}");
                depth.map(|depth| Self::Pct { depth }).ok_or_else(wrong)
            }
            ("replay", Some(file)) if !file.is_empty() => Ok(Self::Replay(file.into())),
            ("replay", _) => Err("`replay` needs a schedule: `replay:FILE`".to_owned()),
            ("os" | "random", Some(_)) => Err(format!("`{name}` takes nothing")),
            _ => Err(format!(
                "there is no schedule `{text}`; known are: os, random, pct:depth=D, replay:FILE"
            )),
        }
    }

    /// Whether choices are drawn from a seed.
    #[must_use]
    pub fn is_seeded(&self) -> bool {
        matches!(self, Self::Random | Self::Pct { .. })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os => f.pad("os"),
            Self::Random => f.pad("random"),
            Self::Pct { depth } => f.pad(&format!("pct:depth={depth}")),
            Self::Replay(file) => f.pad(&format!("replay:{}", file.display())),
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schedule is handed to the emulator as it is written here.
    #[test]
    fn schedules_are_written_as_they_are_read() {
        let pattern = regex_lite::Regex::new(PATTERN).unwrap();
        for text in ["os", "random", "pct:depth=3", "pct:depth=1000", "replay:a/b.schedule"] {
            assert_eq!(Schedule::parse(text).unwrap().to_string(), text);
            assert!(pattern.is_match(text), "{text}");
        }
        assert_eq!(Schedule::parse("pct"), Ok(Schedule::Pct { depth: 3 }));
    }

    /// Catches an option that is read as something weaker.
    #[test]
    fn what_is_no_schedule_is_told() {
        for (text, message) in [
            ("fair", "there is no schedule `fair`; known are: os, random"),
            ("os:1", "`os` takes nothing"),
            ("pct:depth=0", "write pct:depth=D"),
            ("pct:3", "write pct:depth=D"),
            ("replay", "`replay` needs a schedule"),
            ("replay:", "`replay` needs a schedule"),
        ] {
            let error = Schedule::parse(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
