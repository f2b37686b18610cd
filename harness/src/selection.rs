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
        let all = Variables(variable);
        Ok(Self {
            arch: all.text("ARCH"),
            scenario: all.text("SCENARIO"),
            board: all.text("BOARD"),
            engine: all.read("ENGINE", |text| named("engine", Engine::ALL, Engine::name, text))?,
            load: all.read("LOAD", Load::parse)?,
            schedule: all.read("SCHEDULE", Schedule::parse)?,
            seeds: all.read("SEEDS", Seeds::parse)?,
            repeat: all.read("REPEAT", |text| {
                text.parse().map_err(|_| format!("`{text}` is not a number of recordings"))
            })?,
            partition: all.read("PARTITION", Partition::parse)?,
            fault: all.read("FAULT", known_fault)?,
            until_failure: all.read("UNTIL", is_failure)?.unwrap_or(false),
        })
    }

    /// Whether a scenario of this name is wanted.
    #[must_use]
    pub fn wants(&self, arch: &str, scenario: &str) -> bool {
        self.arch.as_deref().is_none_or(|wanted| wanted == arch)
            && self.scenario.as_deref().is_none_or(|pattern| matches(pattern, scenario))
    }
}

/// Variables whose names begin with `LOCKSTEP_`.
struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(&format!("LOCKSTEP_{name}"))
    }

    /// What a variable means; an error says which one it was.
    fn read<T>(
        &self,
        name: &str,
        meaning: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let wrong = |error| format!("LOCKSTEP_{name}: {error}");
        self.text(name).map(|text| meaning(&text).map_err(wrong)).transpose()
    }
}

/// The value of a name, or an error that lists the names.
fn named<T: Copy>(
    kind: &str,
    all: &[T],
    name: fn(T) -> &'static str,
    wanted: &str,
) -> Result<T, String> {
    let found = all.iter().copied().find(|value| name(*value) == wanted);
    let known = || all.iter().map(|value| name(*value)).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("there is no {kind} `{wanted}`; known are: {}", known()))
}

/// A fault by its name. An emulator that refuses an unknown one fails alike each time, and would be taken for one that was caught.
#[cfg(feature = "faults")]
fn known_fault(name: &str) -> Result<String, String> {
    let fault = name.parse::<lockstep_core::faults::Fault>();
    fault.map(|fault| fault.to_string()).map_err(|error| error.to_string())
}

#[cfg(not(feature = "faults"))]
fn known_fault(_name: &str) -> Result<String, String> {
    Err("these tests are built without the feature `faults`".to_owned())
}

fn is_failure(text: &str) -> Result<bool, String> {
    if text == "failure" { Ok(true) } else { Err(format!("`{text}` is not `failure`")) }
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
        assert_eq!(
            error,
            "LOCKSTEP_ENGINE: there is no engine `warp`; known are: interp, jit, jit-now, auto"
        );
        let error = select(&[("LOCKSTEP_LOAD", "heavy")]).unwrap_err();
        assert!(
            error.starts_with("LOCKSTEP_LOAD: there is no load `heavy`; known are: none, cpu"),
            "{error}"
        );
        let error = select(&[("LOCKSTEP_REPEAT", "0")]).unwrap_err();
        assert_eq!(error, "LOCKSTEP_REPEAT: `0` is not a number of recordings");
        let error = select(&[("LOCKSTEP_SEEDS", "9..9")]).unwrap_err();
        assert_eq!(error, "LOCKSTEP_SEEDS: `9..9` is empty: the end is not part of a range");
    }

    /// Catches a fault that is mistyped: the emulator refuses it each time, which looks like a failure that is always the same.
    #[test]
    fn a_fault_that_is_not_known_is_refused() {
        let error = select(&[("LOCKSTEP_FAULT", "two-writer")]).unwrap_err();
        assert!(error.starts_with("LOCKSTEP_FAULT: "), "{error}");
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
