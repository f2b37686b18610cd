//! What is done with a scenario, in order.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Move;

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Run the guest and write the log.
    Record,
    /// Run it again from the log, and compare.
    Replay,
    /// Dump the log, read the dump, and compare what that encodes to with the log.
    Dump,
    /// Move over the recording.
    Debug(Vec<Move>),
}

impl Step {
    /// The steps that are only a name.
    pub(super) const NAMES: [&str; 2] = ["record", "replay"];

    /// What is done if the scenario does not say: record, then replay.
    pub(super) fn usual() -> Vec<Self> {
        vec![Self::Record, Self::Replay]
    }

    fn of_name<E: de::Error>(name: &str) -> Result<Self, E> {
        match name {
            "record" => Ok(Self::Record),
            "replay" => Ok(Self::Replay),
            "dump" => Ok(Self::Dump),
            "debug" => Err(E::custom("`debug` needs moves: `debug: [step, reverse-step]`")),
            _ => Err(E::unknown_variant(name, &["record", "replay", "dump", "debug"])),
        }
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrMap;

        impl<'de> Visitor<'de> for NameOrMap {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`record`, `replay`, `dump` or `debug: [...]`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Step, E> {
                Step::of_name(name)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
                let name: String = map.next_key()?.unwrap_or_default();
                if name != "debug" {
                    let step: Step = Step::of_name(&name)?;
                    return Err(de::Error::custom(format_args!(
                        "`{step:?}` takes nothing: write only its name"
                    )));
                }
                let step = Step::Debug(map.next_value()?);
                match map.next_key::<String>()? {
                    None => Ok(step),
                    Some(other) => Err(de::Error::custom(format_args!(
                        "`{other}` is a step of its own: begin another item of the list"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(NameOrMap)
    }
}
