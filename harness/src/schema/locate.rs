//! Where in a YAML text a value is.
//!
//! Our own checks run when the text has become types, and types have no lines. The reader knows lines, but tells
//! them only with an error. So we read the text again, along the way to the value, and refuse the value: the
//! error that results has its position.

use std::fmt;

use miette::SourceSpan;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One step of the way to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// Into a mapping.
    Key(&'a str),
    /// To the second time that a mapping has this key: the key itself, so this is the last step.
    Repeated(&'a str),
    /// Into a sequence.
    Index(usize),
}

/// The way as people write it: `script[2].delay`.
pub(super) fn path_text(path: &[Segment<'_>]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) | Segment::Repeated(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) | Segment::Repeated(key) => text.extend([".", key]),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Line and column of the value, from 1. Of what is not there, the mapping in which it would be.
pub(super) fn position(text: &str, path: &[Segment<'_>]) -> Option<(usize, usize)> {
    let error = Probe(path).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let at = error.location()?;
    Some((at.line(), at.column()))
}

/// Reads along a path and fails at its end.
struct Probe<'a>(&'a [Segment<'a>]);

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is not implemented here fails by default: the values at which the way ends.
impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value that is looked for")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.0.split_first() {
            Some((Segment::Key(wanted), rest)) => {
                while let Some(key) = map.next_key::<String>()? {
                    if key == *wanted {
                        return map.next_value_seed(Probe(rest));
                    }
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Some((Segment::Repeated(wanted), _)) => {
                let mut seen = false;
                while map.next_key_seed(KeyProbe { wanted, seen: &mut seen })?.is_some() {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            _ => {}
        }
        Err(A::Error::custom("here"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if let Some((Segment::Index(wanted), rest)) = self.0.split_first() {
            for _ in 0..*wanted {
                seq.next_element::<IgnoredAny>()?;
            }
            if seq.next_element_seed(Probe(rest))?.is_some() {
                return Ok(());
            }
        }
        Err(A::Error::custom("here"))
    }
}

/// Fails at the second of two equal keys.
struct KeyProbe<'a> {
    wanted: &'a str,
    seen: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for KeyProbe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyProbe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        let is_wanted = key == self.wanted;
        if is_wanted && *self.seen {
            return Err(E::custom("here"));
        }
        *self.seen |= is_wanted;
        Ok(())
    }
}

/// The word at a position.
pub(super) fn span(text: &str, (line, column): (usize, usize)) -> SourceSpan {
    let start_of_line: usize =
        text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start_of_line..).unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default();
    let skipped: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let rest = &rest[skipped..];
    let word = rest.split(['#', ',', '}', ']']).next().unwrap_or_default();
    let word = word.split(": ").next().unwrap_or_default().trim_end();
    let word = word.strip_suffix(':').unwrap_or(word);
    let at_end = start_of_line + skipped >= text.len();
    (start_of_line + skipped, if at_end { 0 } else { word.len().max(1) }).into()
}
