//! The header as text.
//!
//! A log must explain itself in years to come, to tools that were not built with it: its header is lines of
//! `name value` that any pager shows. The same lines open a dump, and comparing two headers compares these
//! lines, so a field cannot be written and then forgotten by the reader, the dump or the comparison.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::header::{Header, ImageRecord, MachineRecord};
use crate::text::{ParseError, Words, quote, unquote_str};

/// A field of a header that differs between two logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderDifference {
    /// The field's name.
    pub field: &'static str,
    /// Its values in the first header: none, one, or several for `option` and `image`.
    pub expected: Vec<String>,
    /// Its values in the second header.
    pub actual: Vec<String>,
}

impl HeaderDifference {
    /// Whether the field can make a difference to the run, and not only to what was written down of it.
    #[must_use]
    pub fn is_of_the_run(&self) -> bool {
        !["creator", "level", "bundled"].contains(&self.field)
    }
}

impl std::fmt::Display for HeaderDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |values: &[String]| {
            if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
        };
        write!(f, "{}: {} / {}", self.field, show(&self.expected), show(&self.actual))
    }
}

/// The fields that every header has exactly once.
const SINGLE: [&str; 15] = [
    "creator",
    "level",
    "arch",
    "board",
    "cpu",
    "memory",
    "vcpus",
    "ns-per-insn",
    "seed",
    "start-date",
    "digest-interval",
    "io",
    "append",
    "script",
    "bundled",
];
/// The fields that a header has any number of times.
const REPEATED: [&str; 2] = ["option", "image"];

impl Header {
    /// All fields by name, in a fixed order.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let machine = &self.machine;
        let text = |text: &str| quote(text.as_bytes());
        let mut fields = vec![
            ("creator", text(&self.creator)),
            ("level", self.level.to_string()),
            ("arch", text(&machine.arch)),
            ("board", text(&machine.board)),
        ];
        for (name, value) in &machine.options {
            fields.push(("option", format!("{} {}", text(name), text(value))));
        }
        fields.extend([
            ("cpu", text(&machine.cpu)),
            ("memory", machine.memory.to_string()),
            ("vcpus", machine.vcpus.to_string()),
            ("ns-per-insn", machine.ns_per_insn.to_string()),
            ("seed", machine.seed.to_string()),
            ("start-date", machine.start_date.to_string()),
            ("digest-interval", machine.digest_interval.to_string()),
            ("io", machine.io.to_string()),
            ("append", text(&machine.append)),
            ("script", text(&machine.script)),
        ]);
        for ImageRecord { role, name, len, digest } in &self.images {
            fields.push(("image", format!("{role} {} {len} {digest}", text(name))));
        }
        fields.push(("bundled", self.bundled.to_string()));
        fields
    }

    /// The header as lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.fields().iter().map(|(name, value)| format!("{name} {value}\n")).collect()
    }

    /// Undoes [`Header::to_text`], and accepts nothing that it would not have written.
    pub fn from_text(text: &str) -> Result<Self, ParseError> {
        let header = Fields::of(text)?.header()?;
        let differing =
            header.to_text().lines().zip(text.lines()).position(|(ours, it)| ours != it);
        match differing {
            Some(line) => Err(ParseError::new(line + 1, "not as it would have been written")),
            None if header.to_text() != text => {
                Err(ParseError::new(0, "missing or extra line end"))
            }
            None => Ok(header),
        }
    }

    /// The fields in which `other` differs.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<HeaderDifference> {
        let (ours, theirs) = (self.fields(), other.fields());
        let values = |fields: &[(&str, String)], wanted: &str| -> Vec<String> {
            let wanted = fields.iter().filter(|(name, _)| *name == wanted);
            wanted.map(|(_, value)| value.clone()).collect()
        };
        SINGLE
            .into_iter()
            .chain(REPEATED)
            .map(|field| HeaderDifference {
                field,
                expected: values(&ours, field),
                actual: values(&theirs, field),
            })
            .filter(|difference| difference.expected != difference.actual)
            .collect()
    }
}

/// The lines of a header by name, each value with the number of its line.
struct Fields<'a> {
    values: BTreeMap<&'a str, Vec<(usize, &'a str)>>,
    lines: usize,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Result<Self, ParseError> {
        let mut fields = Self { values: BTreeMap::new(), lines: 0 };
        for (place, content) in text.lines().enumerate() {
            let line = place + 1;
            let (name, value) = content.split_once(' ').unwrap_or((content, ""));
            let values = fields.values.entry(name).or_default();
            if SINGLE.contains(&name) && !values.is_empty() {
                return Err(ParseError::new(line, format!("'{name}' was given before")));
            } else if !SINGLE.contains(&name) && !REPEATED.contains(&name) {
                let name = crate::text::excerpt(name);
                return Err(ParseError::new(line, format!("unknown field {name}")));
            }
            values.push((line, value));
            fields.lines = line;
        }
        Ok(fields)
    }

    fn header(&self) -> Result<Header, ParseError> {
        Ok(Header {
            creator: self.text("creator")?,
            level: self.parse("level")?,
            machine: MachineRecord {
                arch: self.text("arch")?,
                board: self.text("board")?,
                options: self.repeated("option", option)?.into_iter().collect(),
                cpu: self.text("cpu")?,
                memory: self.parse("memory")?,
                vcpus: self.parse("vcpus")?,
                ns_per_insn: self.parse("ns-per-insn")?,
                seed: self.parse("seed")?,
                start_date: self.parse("start-date")?,
                digest_interval: self.parse("digest-interval")?,
                io: self.parse("io")?,
                append: self.text("append")?,
                script: self.text("script")?,
            },
            images: self.repeated("image", image)?,
            bundled: self.parse("bundled")?,
        })
    }

    fn one(&self, name: &str) -> Result<(usize, &'a str), ParseError> {
        let value = self.values.get(name).and_then(|values| values.first());
        value.copied().ok_or_else(|| ParseError::new(self.lines + 1, format!("no '{name}'")))
    }

    fn text(&self, name: &str) -> Result<String, ParseError> {
        let (line, value) = self.one(name)?;
        unquote_str(value).map_err(|detail| ParseError::new(line, detail))
    }

    fn parse<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<T, ParseError> {
        let (line, value) = self.one(name)?;
        value.parse().map_err(|error: T::Err| {
            ParseError::new(line, format!("{name}: {}", error.to_string()))
        })
    }

    fn repeated<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, ParseError> {
        let values = self.values.get(name).map(Vec::as_slice).unwrap_or_default();
        let parse = |(line, value): &(usize, &str)| {
            parse(value).map_err(|detail| ParseError::new(*line, detail))
        };
        values.iter().map(parse).collect()
    }
}

fn option(value: &str) -> Result<(String, String), String> {
    let mut words = Words::new(value);
    let option = (unquote_str(words.word()?)?, unquote_str(words.word()?)?);
    words.end().map(|()| option)
}

fn image(value: &str) -> Result<ImageRecord, String> {
    let mut words = Words::new(value);
    let image = ImageRecord {
        role: words.word()?.parse()?,
        name: unquote_str(words.word()?)?,
        len: words.word()?.parse().map_err(|_| "bad length of an image".to_owned())?,
        digest: words.word()?.parse()?,
    };
    words.end().map(|()| image)
}

#[cfg(test)]
mod tests {
    use crate::samples;

    use super::*;

    /// Catches a field that is written and not read back, or the other way round.
    #[test]
    fn text_round_trips() {
        let header = samples::header();
        assert_eq!(Header::from_text(&header.to_text()), Ok(header));
    }

    /// Catches a reader that fills gaps, takes the last of two values, or skips what it does not know.
    #[test]
    fn missing_repeated_and_unknown_fields_are_errors() {
        let text = samples::header().to_text();
        for name in SINGLE {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            let without = text.replacen(&format!("{line}\n"), "", 1);
            assert!(Header::from_text(&without).unwrap_err().detail.contains(name));
            let twice = format!("{text}{line}\n");
            assert!(Header::from_text(&twice).unwrap_err().detail.contains("given before"));
        }
        let unknown = format!("{text}colour blue\n");
        assert!(Header::from_text(&unknown).unwrap_err().detail.contains("colour"));
        let respelled = text.replace("seed 7", "seed 07");
        assert!(Header::from_text(&respelled).is_err());
    }

    /// Catches a comparison that overlooks a field.
    #[test]
    fn differences_name_the_field() {
        let ours = samples::header();
        let mut theirs = ours.clone();
        theirs.machine.seed += 1;
        theirs.images.pop();
        theirs.machine.options.insert("its".to_owned(), "off".to_owned());
        let fields: Vec<_> = ours.differences(&theirs).iter().map(|it| it.field).collect();
        assert_eq!(fields, ["seed", "option", "image"]);
    }
}
