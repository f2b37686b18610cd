//! Which trials to run, and how often.
//!
//! cargo test, nextest and xtask start the same test program, and only the environment passes through all three. So
//! that is where a selection is: `LOCKSTEP_ARCH`, `LOCKSTEP_SCENARIO`, `LOCKSTEP_BOARD`, `LOCKSTEP_ENGINE`,
//! `LOCKSTEP_LOAD`, `LOCKSTEP_SCHEDULE`, `LOCKSTEP_SEEDS`, `LOCKSTEP_REPEAT`, `LOCKSTEP_PARTITION`, `LOCKSTEP_FAULT` and
//! `LOCKSTEP_UNTIL`. What names an engine, a load, a schedule or seeds replaces that axis of every scenario: that is how one looks
//! for trouble outside what the files say.

use std::num::NonZeroU32;

use crate::partition::Partition;
use crate::schema::{Engine, Load, Schedule, Seeds};

/// A choice of trials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only this architecture.
    pub arch: Option<String>,
    /// Only scenarios that this pattern matches.
    pub scenario: Option<String>,
    /// Only this board of scenarios with several.
    pub board: Option<String>,
    /// This engine instead of the scenario's.
    pub engine: Option<Engine>,
    /// This load instead of the scenario's.
    pub load: Option<Load>,
    /// This schedule instead of the scenario's.
    pub schedule: Option<Schedule>,
    /// These seeds instead of the scenario's.
    pub seeds: Option<Seeds>,
    /// So many recordings in each trial instead of the scenario's.
    pub repeat: Option<NonZeroU32>,
    /// Only this share of the trials.
    pub partition: Option<Partition>,
    /// With this fault in the emulator.
    pub fault: Option<String>,
    /// Begin no trial any more when one has failed.
    pub until_failure: bool,
}

impl Selection {
    /// The selection that the environment makes.
    pub fn from_environment() -> Result<Self, String> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let seeds = variable("LOCKSTEP_SEEDS").map(|text| Seeds::parse(&text)).transpose()?;
        let repeat = |text: String| {
            text.parse().map_err(|_| format!("`{text}` is not a number of recordings"))
        };
        Ok(Self {
            arch: variable("LOCKSTEP_ARCH"),
            scenario: variable("LOCKSTEP_SCENARIO"),
            board: variable("LOCKSTEP_BOARD"),
            engine: named("engine", Engine::ALL, Engine::name, variable("LOCKSTEP_ENGINE"))?,
            load: variable("LOCKSTEP_LOAD").map(|text| Load::parse(&text)).transpose()?,
            schedule: variable("LOCKSTEP_SCHEDULE")
                .map(|text| Schedule::parse(&text))
                .transpose()?,
            seeds,
            repeat: variable("LOCKSTEP_REPEAT").map(repeat).transpose()?,
            partition: variable("LOCKSTEP_PARTITION")
                .map(|text| Partition::parse(&text))
                .transpose()?,
            fault: variable("LOCKSTEP_FAULT"),
            until_failure: match variable("LOCKSTEP_UNTIL").as_deref() {
                None => false,
                Some("failure") => true,
                Some(other) => return Err(format!("LOCKSTEP_UNTIL: `{other}` is not `failure`")),
            },
        })
    }

    /// Whether a scenario of this name is wanted.
    #[must_use]
    pub fn wants(&self, arch: &str, scenario: &str) -> bool {
        self.arch.as_deref().is_none_or(|wanted| wanted == arch)
            && self.scenario.as_deref().is_none_or(|pattern| matches(pattern, scenario))
    }
}

/// The value of a name, or an error that lists the names.
fn named<T: Copy>(
    kind: &str,
    all: &[T],
    name: fn(T) -> &'static str,
    wanted: Option<String>,
) -> Result<Option<T>, String> {
    let Some(wanted) = wanted else { return Ok(None) };
    let found = all.iter().copied().find(|value| name(*value) == wanted);
    let known = || all.iter().map(|value| name(*value)).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| format!("there is no {kind} `{wanted}`; known are: {}", known()))
}

/// Whether a pattern with `*` and `?` matches the name of a scenario, `aarch64/hello`, or the part of it after the
/// architecture.
fn matches(pattern: &str, name: &str) -> bool {
    let short = name.split_once('/').map_or(name, |(_, rest)| rest);
    [name, short].iter().any(|name| glob(pattern.as_bytes(), name.as_bytes()))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| glob(rest, &text[skipped..])),
        Some((b'?', rest)) => text.split_first().is_some_and(|(_, text)| glob(rest, text)),
        Some((byte, rest)) => text.strip_prefix(&[*byte]).is_some_and(|text| glob(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(variables: &[(&str, &str)]) -> Result<Selection, String> {
        Selection::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_selected_is_everything_twice() {
        let all = select(&[]).unwrap();
        assert!(all.wants("aarch64", "aarch64/hello"));
    }

    #[test]
    fn unknown_names_are_told_the_known_ones() {
        let error = select(&[("LOCKSTEP_ENGINE", "warp")]).unwrap_err();
        assert_eq!(error, "there is no engine `warp`; known are: interp, jit, jit-now, auto");
        let error = select(&[("LOCKSTEP_LOAD", "heavy")]).unwrap_err();
        assert!(error.starts_with("there is no load `heavy`; known are: none, cpu"), "{error}");
        let error = select(&[("LOCKSTEP_REPEAT", "0")]).unwrap_err();
        assert_eq!(error, "`0` is not a number of recordings");
        let error = select(&[("LOCKSTEP_SEEDS", "9..9")]).unwrap_err();
        assert_eq!(error, "`9..9` is empty: the end is not part of a range");
    }

    #[test]
    fn patterns_match_with_or_without_the_architecture() {
        for pattern in ["hello", "aarch64/hello", "aarch64/*", "*", "h?llo", "aarch64/h*o"] {
            assert!(matches(pattern, "aarch64/hello"), "{pattern}");
        }
        for pattern in ["hell", "s390x/*", "aarch64/hello/*", "", "h?lo"] {
            assert!(!matches(pattern, "aarch64/hello"), "{pattern}");
        }
        assert!(matches("faults/*", "s390x/faults/tod"));
    }
}
