//! Quantities with units, checked when they are read and passed on as they were written.

use std::fmt;
use std::time::Duration;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A length of time: `250ns`, `10us`, `1.5ms`, `2s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    text: String,
    ns: u64,
}

impl Span {
    /// A number of seconds.
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        Self { text: format!("{seconds}s"), ns: u64::from(seconds) * 1_000_000_000 }
    }

    /// As a duration of the host.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.ns)
    }

    /// Reads a number and its unit, exactly: no floating point, and nothing below a nanosecond.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time: write 250ns, 10us, 1.5ms or 2s");
        let digits = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(digits);
        let places = match unit {
            "ns" => 0,
            "us" => 3,
            "ms" => 6,
            "s" => 9,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(wrong());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > places {
            return Err(format!("`{text}` has parts of a nanosecond"));
        }
        let ns = format!("{whole}{fraction:0<places$}").parse();
        let ns = ns.map_err(|_| format!("`{text}` is longer than 584 years"))?;
        Ok(Self { text: text.to_owned(), ns })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A size: `64K`, `512M`, `2G`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size(String);

impl Size {
    /// Checks that a text is a size.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix(['K', 'M', 'G']).unwrap_or_default();
        match number.parse::<u64>() {
            Ok(1..) if number.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(text.to_owned())),
            _ => Err(format!("`{text}` is not a size: write 64K, 512M or 2G")),
        }
    }

    /// As a number of bytes; what does not fit is the largest.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let (number, unit) = self.0.split_at(self.0.len() - 1);
        let shift = match unit {
            "K" => 10,
            "M" => 20,
            _ => 30,
        };
        number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1 << shift)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Seeds: a list, or a range without its end, `0..1000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub Vec<u64>);

/// A range is written in a few bytes; this keeps it from taking all memory.
const MAX_SEEDS: u64 = 1_000_000;

impl Seeds {
    /// Reads `A..B`, or one seed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no range of seeds: write 0..1000");
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let Some((first, end)) = text.split_once("..") else {
            return Ok(Self(vec![number(text)?]));
        };
        let (first, end) = (number(first)?, number(end)?);
        match end.checked_sub(first) {
            None | Some(0) => Err(format!("`{text}` is empty: the end is not part of a range")),
            Some(n) if n > MAX_SEEDS => Err(format!("`{text}` is more than {MAX_SEEDS} seeds")),
            Some(_) => Ok(Self((first..end).collect())),
        }
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrRange;

        impl<'de> Visitor<'de> for ListOrRange {
            type Value = Seeds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of seeds or a range like 0..1000")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seeds, E> {
                Seeds::parse(text).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Seeds, A::Error> {
                let mut seeds = Vec::new();
                while let Some(seed) = seq.next_element()? {
                    seeds.push(seed);
                }
                Ok(Seeds(seeds))
            }
        }

        deserializer.deserialize_any(ListOrRange)
    }
}
