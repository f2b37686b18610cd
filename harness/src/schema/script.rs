//! What is typed and pressed while the guest runs, and how the emulator is told.
//!
//! Scripted inputs are evaluated inside the machine, so they come at the same instruction in every recording. The
//! emulator reads them from a file of its own format, a line for each; this writes it.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Span;

/// One line of a script: when, and what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScriptStep {
    /// When the guest has printed this, counted from the step before.
    pub after: Option<String>,
    /// At this number of instructions.
    pub at: Option<u64>,
    /// At this virtual time.
    pub at_time: Option<Span>,
    /// So much virtual time later than the text of `after`.
    pub delay: Option<Span>,
    /// Type this on the console.
    #[serde(rename = "type")]
    pub text: Option<String>,
    /// Do this to the machine.
    #[serde(rename = "do")]
    pub action: Option<Action>,
}

/// What can be done to a machine, besides typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Press the power key.
    PowerKey,
    /// Press the reset button.
    Reset,
    /// Keep the machine's state in the log.
    Keyframe,
    /// End the recording.
    Stop,
}

impl ScriptStep {
    /// Why this cannot be a step: the key that is wrong, if it is one, and what is wrong.
    pub(super) fn problem(&self) -> Option<(Option<&'static str>, &'static str)> {
        let triggers = [self.after.is_some(), self.at.is_some(), self.at_time.is_some()];
        match triggers.into_iter().filter(|given| *given).count() {
            0 => return Some((None, "says not when: `after`, `at` or `at-time` is missing")),
            1 => {}
            _ => return Some((None, "has several of `after`, `at`, `at-time`; one is possible")),
        }
        if self.after.as_deref() == Some("") {
            return Some((Some("after"), "there is no text to wait for"));
        }
        if self.delay.is_some() && self.after.is_none() {
            return Some((Some("delay"), "only goes with `after`: other times are exact already"));
        }
        match (&self.text, self.action) {
            (None, None) => Some((None, "says not what: `type` or `do` is missing")),
            (Some(_), Some(_)) => Some((None, "has both `type` and `do`; make it two steps")),
            (Some(text), None) if text.is_empty() => {
                Some((Some("type"), "there is nothing to type"))
            }
            _ => None,
        }
    }

    /// The step as a line for the emulator.
    fn line(&self) -> String {
        let mut line = match (&self.after, self.at, &self.at_time) {
            (Some(pattern), _, _) => format!("after {}", quote(pattern)),
            (None, Some(at), _) => format!("at {at}"),
            (None, None, Some(time)) => format!("at-time {time}"),
            (None, None, None) => String::from("at 0"),
        };
        if let Some(delay) = &self.delay {
            let _ = write!(line, " delay {delay}");
        }
        match (&self.text, self.action) {
            (Some(text), _) => line + " type " + &quote(text),
            (None, Some(Action::PowerKey)) => line + " power-key",
            (None, Some(Action::Reset)) => line + " reset",
            (None, Some(Action::Keyframe)) => line + " keyframe",
            (None, Some(Action::Stop) | None) => line + " stop",
        }
    }
}

/// Where trials begin, if that is not where the machine is switched on. What comes before is recorded once.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Beginning {
    /// What is typed and pressed on the way there.
    pub script: Vec<ScriptStep>,
    /// When the guest has printed this, counted from the last step.
    pub after: Option<String>,
    /// At this number of instructions.
    pub at: Option<u64>,
    /// At this virtual time.
    pub at_time: Option<Span>,
    /// So much virtual time later than the text of `after`.
    pub delay: Option<Span>,
}

impl Beginning {
    /// The step that keeps the machine's state.
    pub(super) fn step(&self) -> ScriptStep {
        let Self { after, at, at_time, delay, .. } = self.clone();
        ScriptStep { after, at, at_time, delay, text: None, action: Some(Action::Keyframe) }
    }

    /// All steps of the recording that ends there.
    #[must_use]
    pub fn steps(&self) -> Vec<ScriptStep> {
        let at_once =
            ScriptStep { at: Some(0), action: Some(Action::Stop), ..ScriptStep::default() };
        let way = self.script.iter().cloned();
        way.chain([self.step(), at_once]).collect()
    }
}

/// The file that `lockstep --script` reads.
#[must_use]
pub fn script_text(steps: &[ScriptStep]) -> String {
    steps.iter().map(|step| step.line() + "\n").collect()
}

/// In the emulator's quotes: bytes that are not printable ASCII are escaped.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => {
                let _ = write!(quoted, "\\x{byte:02x}");
            }
        }
    }
    quoted.push('"');
    quoted
}
