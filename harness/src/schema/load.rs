//! What else keeps the host busy, in words: `cpu:2+fsync+pulse:5`.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A mix of loads; empty is an idle host, as far as we are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Load(Vec<Part>);

/// One of the loads of a mix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Processes that want something of the host.
    Hog {
        /// What they want.
        hog: Hog,
        /// How many; one for each core if it is not said.
        processes: Option<u32>,
    },
    /// The emulator is stopped and goes on, in turn, for random times of at most so many milliseconds.
    Pulse(u32),
    /// The emulator has one core, and shares it with the rest of the mix.
    OneCpu,
    /// The program of that name, with these arguments, if it is installed.
    StressNg(String),
}

/// What a process of a load wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hog {
    /// The core.
    Cpu,
    /// Context switches.
    Switch,
    /// Timers and signals.
    Timer,
    /// Memory bandwidth.
    Memory,
    /// A disk that finishes writes.
    Fsync,
    /// New processes.
    Fork,
}

impl Hog {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Cpu, Self::Switch, Self::Timer, Self::Memory, Self::Fsync, Self::Fork];

    /// The name, which is also the word that `lockstep-load` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Switch => "switch",
            Self::Timer => "timer",
            Self::Memory => "memory",
            Self::Fsync => "fsync",
            Self::Fork => "fork",
        }
    }
}

/// What `pulse` means.
const DEFAULT_PULSE: u32 = 5;
/// More would only measure how the host ends.
const MAX_PROCESSES: u32 = 64;
/// Longer than that nothing seems to run.
const MAX_PULSE: u32 = 1000;

/// A regular expression that all loads match.
pub(super) const PATTERN: &str = r"^(none|((cpu|switch|timer|memory|fsync|fork|pulse)(:[1-9][0-9]*)?|one-cpu|stress-ng:[^+]+)(\+((cpu|switch|timer|memory|fsync|fork|pulse)(:[1-9][0-9]*)?|one-cpu|stress-ng:[^+]+))*)$";

impl Load {
    /// Reads a load: `none`, or loads with `+` between them.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::default());
        }
        let parts = text.split('+').map(|part| Part::parse(part, text));
        let parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
        for (index, part) in parts.iter().enumerate() {
            if parts[..index].iter().any(|earlier| earlier.name() == part.name()) {
                return Err(format!("`{text}` has `{}` twice", part.name()));
            }
        }
        Ok(Self(parts))
    }

    /// Processes of one kind, one for each core.
    #[must_use]
    pub fn of(hog: Hog) -> Self {
        Self(vec![Part::Hog { hog, processes: None }])
    }

    /// The loads of the mix.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Part {
    fn parse(part: &str, text: &str) -> Result<Self, String> {
        let (name, amount) = match part.split_once(':') {
            Some((name, amount)) => (name, Some(amount)),
            None => (part, None),
        };
        let within = |most: u32| {
            let number = |amount: &str| match amount.parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(format!("`{part}`: `{amount}` is not a number from 1 to {most}")),
            };
            amount.map(number).transpose()
        };
        if let Some(hog) = Hog::ALL.into_iter().find(|hog| hog.name() == name) {
            return Ok(Self::Hog { hog, processes: within(MAX_PROCESSES)? });
        }
        match (name, amount) {
            ("pulse", _) => Ok(Self::Pulse(within(MAX_PULSE)?.unwrap_or(DEFAULT_PULSE))),
            ("one-cpu", None) => Ok(Self::OneCpu),
            ("one-cpu", Some(_)) => Err("`one-cpu` takes no number".to_owned()),
            ("stress-ng", Some(arguments)) if !arguments.trim().is_empty() => {
                Ok(Self::StressNg(arguments.trim().to_owned()))
            }
            ("stress-ng", _) => Err("`stress-ng` needs arguments: `stress-ng:--vm 2`".to_owned()),
            ("none", _) => Err(format!("`{text}` cannot have `none` in a mix")),
            _ => Err(unknown(name)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Hog { hog, .. } => hog.name(),
            Self::Pulse(_) => "pulse",
            Self::OneCpu => "one-cpu",
            Self::StressNg(_) => "stress-ng",
        }
    }
}

fn unknown(name: &str) -> String {
    let known = Hog::ALL.map(Hog::name).join(", ");
    format!(
        "there is no load `{name}`; known are: none, {known}, pulse, one-cpu, stress-ng:ARGS, and mixes of them \
         with `+`, like cpu:2+pulse"
    )
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(Part::to_string).collect();
        f.pad(if parts.is_empty() { "none".to_owned() } else { parts.join("+") }.as_str())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Hog { processes: None, .. } | Self::OneCpu => Ok(()),
            Self::Hog { processes: Some(number), .. } => write!(f, ":{number}"),
            Self::Pulse(DEFAULT_PULSE) => Ok(()),
            Self::Pulse(longest) => write!(f, ":{longest}"),
            Self::StressNg(arguments) => write!(f, ":{arguments}"),
        }
    }
}

impl<'de> Deserialize<'de> for Load {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A load is a part of a trial's name and of the command that runs it again: what is written must be what is read.
    #[test]
    fn loads_are_written_as_they_are_read() {
        let pattern = regex_lite::Regex::new(PATTERN).unwrap();
        for text in [
            "none",
            "cpu",
            "cpu:2+fsync+pulse:7",
            "switch:1+timer:2+memory:3+fork:64+one-cpu",
            "pulse",
            "stress-ng:--vm 2 --vm-bytes 10%+one-cpu",
        ] {
            assert_eq!(Load::parse(text).unwrap().to_string(), text);
            assert!(pattern.is_match(text), "{text}");
        }
        assert!(Load::parse("none").unwrap().is_none());
        assert_eq!(Load::parse("pulse:5"), Load::parse("pulse"));
    }

    /// Catches a typing error that leaves a load out.
    #[test]
    fn what_is_no_load_is_told() {
        for (text, message) in [
            ("heavy", "there is no load `heavy`; known are: none, cpu, switch"),
            ("", "there is no load ``"),
            ("cpu+", "there is no load ``"),
            ("cpu:0", "`cpu:0`: `0` is not a number from 1 to 64"),
            ("cpu:65", "not a number from 1 to 64"),
            ("pulse:1001", "from 1 to 1000"),
            ("fsync:two", "`two` is not a number"),
            ("one-cpu:2", "`one-cpu` takes no number"),
            ("cpu+timer+cpu:2", "has `cpu` twice"),
            ("cpu+none", "cannot have `none` in a mix"),
            ("stress-ng", "`stress-ng` needs arguments"),
        ] {
            let error = Load::parse(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
