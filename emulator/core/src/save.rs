//! Saving and restoring state.
//!
//! Restoring does nothing but restore: it runs no callback, arms no timer and touches no other part. A part's saved
//! state is therefore a plain value of a type of its own, with a version, and a machine's is a list of them.
//! [`SaveState::restore`] gets no access to anything it could act on.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StateDigest;

/// The saved state of one part of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The part's name on its board.
    pub name: String,
    /// The version of the part's saved form.
    pub version: u16,
    /// The encoded state.
    pub bytes: Vec<u8>,
}

/// The saved state of a machine's parts, in the board's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    parts: Vec<Part>,
}

/// Saved state that does not fit the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The snapshot has no such part.
    #[error("the snapshot has no state for '{0}'")]
    Missing(String),
    /// The part was saved in another version of its form.
    #[error("the state of '{part}' has version {found}; this build reads version {expected}")]
    Version {
        /// Which part.
        part: String,
        /// The version in the snapshot.
        found: u16,
        /// The version that this build writes.
        expected: u16,
    },
    /// The bytes do not decode, or decode to something impossible.
    #[error("the state of '{part}' is damaged: {detail}")]
    Damaged {
        /// Which part.
        part: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl Saved {
    /// Adds a part.
    pub fn put<T: Serialize>(&mut self, name: &str, version: u16, state: &T) {
        // Encoding into memory cannot fail: saved states are plain values.
        let bytes = postcard::to_allocvec(state).unwrap_or_default();
        self.parts.push(Part { name: name.to_owned(), version, bytes });
    }

    /// Decodes a part.
    pub fn get<T: DeserializeOwned>(&self, name: &str, version: u16) -> Result<T, RestoreError> {
        let part = self
            .parts
            .iter()
            .find(|part| part.name == name)
            .ok_or_else(|| RestoreError::Missing(name.to_owned()))?;
        if part.version != version {
            return Err(RestoreError::Version {
                part: name.to_owned(),
                found: part.version,
                expected: version,
            });
        }
        postcard::from_bytes(&part.bytes).map_err(|error| RestoreError::Damaged {
            part: name.to_owned(),
            detail: error.to_string(),
        })
    }

    /// The parts, in the board's order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// A digest of all parts.
    #[must_use]
    pub fn digest(&self) -> StateDigest {
        self.parts.iter().fold(StateDigest::default(), |digest, part| {
            digest.and(StateDigest::of(part.name.as_bytes())).and(StateDigest::of(&part.bytes))
        })
    }

    /// The names of the parts that differ between two snapshots of the same machine.
    #[must_use]
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let other_has = |part: &Part| other.parts.iter().any(|theirs| theirs == part);
        self.parts.iter().filter(|part| !other_has(part)).map(|part| part.name.as_str()).collect()
    }
}

/// A part of the machine that has state.
pub trait SaveState {
    /// Adds this part's state under `name`.
    fn save(&self, name: &str, to: &mut Saved);

    /// Takes this part's state back. On error the part may hold a mixture and the machine must not run.
    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a restore that accepts another version's bytes, another part's, or garbage.
    #[test]
    fn errors_are_typed() {
        let mut saved = Saved::default();
        saved.put("uart", 2, &300u32);
        assert_eq!(saved.get::<u32>("uart", 2), Ok(300));
        assert!(matches!(saved.get::<u32>("uart", 1), Err(RestoreError::Version { .. })));
        assert!(matches!(saved.get::<u32>("gic", 2), Err(RestoreError::Missing(_))));
        assert!(matches!(saved.get::<String>("uart", 2), Err(RestoreError::Damaged { .. })));
    }
}
