//! The images that a guest consists of: committed beside the scenario, fetched because they belong to others, or, for disks
//! whose contents only have to be known, made for the trial.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use super::Size;

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// Relative to the scenario file.
    Beside(PathBuf),
    /// Relative to the folder `guests/` of the repository, which `cargo xtask guests fetch` fills.
    Fetched(PathBuf),
}

impl Image {
    /// The file, for a scenario in `folder` of the repository at `root`.
    #[must_use]
    pub fn path(&self, folder: &Path, root: &Path) -> PathBuf {
        match self {
            Self::Beside(path) => folder.join(path),
            Self::Fetched(path) => root.join("guests").join(path),
        }
    }

    /// The guest that has to be fetched for it.
    #[must_use]
    pub fn fetched_guest(&self) -> Option<String> {
        match self {
            Self::Beside(_) => None,
            Self::Fetched(path) => Some(path.iter().next()?.to_string_lossy().into_owned()),
        }
    }
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disk {
    /// A file.
    Image(Image),
    /// So many bytes of a pattern that differs from place to place: see [`pattern`].
    Pattern(Size),
}

/// The pattern on a disk: 64-bit words, each the number of its place times 2^64 divided by the golden ratio, little-endian.
#[must_use]
pub fn pattern(len: u64) -> Vec<u8> {
    let word = |place: u64| place.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..len.div_ceil(8)).flat_map(word).take(len as usize).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    fetched: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchedOrPattern {
    fetched: Option<PathBuf>,
    pattern: Option<Size>,
}

impl<'de> Deserialize<'de> for Image {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathOr {
            forms: "a path, or `{ fetched: GUEST/FILE }`",
            of_path: Self::Beside,
            of_map: |Fetched { fetched }| Some(Self::Fetched(fetched)),
        })
    }
}

impl<'de> Deserialize<'de> for Disk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathOr {
            forms: "a path, `{ fetched: GUEST/FILE }`, or `{ pattern: SIZE }`",
            of_path: |path| Self::Image(Image::Beside(path)),
            of_map: |map: FetchedOrPattern| match (map.fetched, map.pattern) {
                (Some(fetched), None) => Some(Self::Image(Image::Fetched(fetched))),
                (None, Some(size)) => Some(Self::Pattern(size)),
                _ => None,
            },
        })
    }
}

/// Takes a path as it is, and a map by its keys.
struct PathOr<F, T> {
    forms: &'static str,
    of_path: fn(PathBuf) -> T,
    of_map: fn(F) -> Option<T>,
}

impl<'de, F: Deserialize<'de>, T> Visitor<'de> for PathOr<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.forms)
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<T, E> {
        Ok((self.of_path)(path.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let map = F::deserialize(MapAccessDeserializer::new(map))?;
        let wrong = || de::Error::custom(format_args!("expected {}", self.forms));
        (self.of_map)(map).ok_or_else(wrong)
    }
}
