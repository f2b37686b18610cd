//! Words and quoted strings, for headers and dumps.
//!
//! What is dumped must come back byte for byte, whatever a guest wrote to its console, and a line must stay a
//! line. So anything but printable ASCII is escaped, in one way.

use std::fmt::Write;

/// A line of a header or a dump cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: String,
}

impl ParseError {
    pub(crate) fn new(line: usize, detail: impl Into<String>) -> Self {
        Self { line, detail: detail.into() }
    }
}

/// Bytes between quotes, on one line.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{other:02x}");
            }
        }
    }
    text.push('"');
    text
}

/// Undoes [`quote`], and accepts nothing that it would not have written.
///
/// # Errors
/// Says what is wrong with the text.
pub fn unquote(text: &str) -> Result<Vec<u8>, String> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or_else(|| format!("expected a quoted string, found {}", excerpt(text)))?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'\\' { unescape(&mut rest)? } else { byte });
    }
    if quote(&bytes) == text { Ok(bytes) } else { Err(format!("bad quoting: {}", excerpt(text))) }
}

fn unescape(rest: &mut impl Iterator<Item = u8>) -> Result<u8, String> {
    let digit =
        |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0) as u8;
    Ok(match rest.next() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'x') => digit(rest.next()) << 4 | digit(rest.next()),
        Some(byte @ (b'"' | b'\\')) => byte,
        _ => return Err("unknown escape in a quoted string".to_owned()),
    })
}

/// Undoes [`quote`] for text.
pub(crate) fn unquote_str(text: &str) -> Result<String, String> {
    String::from_utf8(unquote(text)?).map_err(|_| format!("not UTF-8: {}", excerpt(text)))
}

/// Enough of a text to recognise it in a message.
pub(crate) fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(60).collect();
    let dots = if chars.next().is_some() { "..." } else { "" };
    format!("'{start}{dots}'")
}

/// The words of a line; a quoted string is one word.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { rest: line.trim_start() }
    }

    /// The next word.
    pub(crate) fn word(&mut self) -> Result<&'a str, String> {
        let end = self.word_end();
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if word.is_empty() { Err("the line ends too early".to_owned()) } else { Ok(word) }
    }

    /// The value of the next word, which has the form `key=value`.
    pub(crate) fn value(&mut self, key: &str) -> Result<&'a str, String> {
        let word = self.word()?;
        word.strip_prefix(key)
            .and_then(|word| word.strip_prefix('='))
            .ok_or_else(|| format!("expected {key}=..., found {}", excerpt(word)))
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(format!("unexpected {}", excerpt(self.rest)))
        }
    }

    fn word_end(&self) -> usize {
        let mut quoted = false;
        let mut escaped = false;
        for (place, byte) in self.rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b' ' if !quoted => return place,
                _ => {}
            }
        }
        self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a byte that does not come back, or that breaks the line or the word it is in.
    #[test]
    fn every_byte_survives_quoting() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = quote(&bytes);
        assert_eq!(text.lines().count(), 1);
        assert!(text.is_ascii());
        assert_eq!(unquote(&text), Ok(bytes));
        let line = format!("a {text} b=c");
        let mut words = Words::new(&line);
        assert_eq!(words.word(), Ok("a"));
        assert_eq!(words.word(), Ok(text.as_str()));
        assert_eq!(words.value("b"), Ok("c"));
        assert_eq!(words.end(), Ok(()));
    }

    /// Catches a second spelling of the same bytes, which a dump could not reproduce.
    #[test]
    fn only_one_spelling_is_accepted() {
        for text in ["", "\"", "\"\\x41\"", "\"\\q\"", "\"\\x4\"", "\"a\"b\"", "a", "\"\u{e9}\""] {
            assert!(unquote(text).is_err(), "{text}");
        }
    }
}
