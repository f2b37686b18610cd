//! The images that a guest consists of: committed beside the scenario, or fetched because they belong to others.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    fetched: PathBuf,
}

impl<'de> Deserialize<'de> for Image {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathOrFetched;

        impl<'de> Visitor<'de> for PathOrFetched {
            type Value = Image;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or `{ fetched: GUEST/FILE }`")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Image, E> {
                Ok(Image::Beside(path.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Image, A::Error> {
                let image = Fetched::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Image::Fetched(image.fetched))
            }
        }

        deserializer.deserialize_any(PathOrFetched)
    }
}
