//! What is wrong with a scenario, shown where it is wrong.
//!
//! Two sources of complaints (the YAML reader and our own checks) end in one shape: a message, a place in the file and
//! perhaps advice.

use std::fmt;
use std::path::Path;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, SourceSpan};

use super::Scenario;
use super::locate::{self, Segment};

/// A scenario file that is not a scenario. Displays as a report with the line.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct ScenarioError {
    message: String,
    #[source_code]
    text: NamedSource<String>,
    #[label]
    span: SourceSpan,
    #[help]
    help: Option<String>,
}

impl ScenarioError {
    /// The report: file, line, column, the lines around, the message, advice.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = String::new();
        let theme = GraphicalTheme::unicode_nocolor();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            Err(fmt::Error) => self.message.clone(),
        }
    }
}

/// A complaint, before the file is known that it is about.
#[derive(Debug)]
pub(super) struct Problem {
    place: Place,
    message: String,
    help: Option<String>,
}

#[derive(Debug)]
enum Place {
    /// Line and column, from 1.
    Position(usize, usize),
    /// A value, by the way that leads to it.
    Value(Vec<Segment<'static>>),
}

impl Problem {
    /// A complaint about the value that `path` leads to.
    pub(super) fn at(path: impl Into<Vec<Segment<'static>>>, message: impl Into<String>) -> Self {
        Self { place: Place::Value(path.into()), message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn show(self, file: &Path, text: &str) -> Box<ScenarioError> {
        let position = match &self.place {
            Place::Position(line, column) => Some((*line, *column)),
            Place::Value(path) => locate::position(text, path),
        };
        let message = match &self.place {
            Place::Position(..) => self.message,
            Place::Value(path) => format!("{}: {}", locate::path_text(path), self.message),
        };
        Box::new(ScenarioError {
            message,
            text: NamedSource::new(file.to_string_lossy(), text.to_owned()),
            span: locate::span(text, position.unwrap_or((1, 1))),
            help: self.help,
        })
    }
}

/// No scenario is longer; what is longer is not a scenario.
const MAX_BYTES: usize = 64 << 10;

/// Reads the types. Aliases are bounded by the YAML reader: their expansion to 100 times the size of the file.
pub(super) fn deserialize(text: &str) -> Result<Scenario, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem {
            place: Place::Position(1, 1),
            message: format!("a scenario has at most {MAX_BYTES} bytes, this has {}", text.len()),
            help: None,
        });
    }
    let deserializer = serde_yaml::Deserializer::from_str(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().clone();
        let error = error.into_inner();
        let message = message(&path.to_string(), &error);
        let (line, column) = position(text, &path, &error, &message);
        Problem { place: Place::Position(line, column), message, help: None }
    })
}

/// The reader's own position is often that of the mapping around; the way to the value, that of the key's
/// value. The later of the two is nearer to the trouble. A key that is there twice, neither knows.
fn position(
    text: &str,
    path: &serde_path_to_error::Path,
    error: &serde_yaml::Error,
    message: &str,
) -> (usize, usize) {
    use serde_path_to_error::Segment as Found;
    let mut way: Vec<_> = path
        .iter()
        .filter_map(|segment| match segment {
            Found::Map { key } => Some(Segment::Key(key)),
            Found::Seq { index } => Some(Segment::Index(*index)),
            Found::Enum { .. } | Found::Unknown => None,
        })
        .collect();
    if let Some((_, rest)) = message.split_once("duplicate field `") {
        let key = rest.split('`').next().unwrap_or_default();
        if way.last() == Some(&Segment::Key(key)) {
            way.pop();
        }
        way.push(Segment::Repeated(key));
    }
    let own = error.location().map(|at| (at.line(), at.column()));
    if message.contains("unknown field `") {
        // Of the key itself.
        return own.unwrap_or((1, 1));
    }
    own.max(locate::position(text, &way)).unwrap_or((1, 1))
}

/// The error with the way to the value before it, and without the position, which is shown.
fn message(path: &str, error: &serde_yaml::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = error.location() {
        let suffix = format!(" at line {} column {}", at.line(), at.column());
        if let Some(stripped) = text.strip_suffix(&suffix) {
            text = stripped.to_owned();
        }
    }
    if path == "." {
        return text;
    }
    // The reader knows part of the way.
    let bare = match text.split_once(": ") {
        Some((prefix, rest)) if path.starts_with(prefix) => rest,
        _ => &text,
    };
    format!("{path}: {bare}")
}
