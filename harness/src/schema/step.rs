//! What is done with a scenario, in order.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Move, Span};

/// What a recording keeps beside its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Keep {
    /// The machine's state, each time the guest has computed for so long.
    pub keyframes: Option<Span>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Run the guest and write the log.
    Record(Keep),
    /// Run it again from the log, and compare.
    Replay,
    /// Dump the log, read the dump, and compare what that encodes to with the log.
    Dump,
    /// Move over the recording.
    Debug(Vec<Move>),
}

impl Step {
    /// The steps that are only a name.
    pub(super) const NAMES: [&str; 3] = ["record", "replay", "dump"];

    /// What is done if the scenario does not say: record, then replay.
    pub(super) fn usual() -> Vec<Self> {
        vec![Self::Record(Keep::default()), Self::Replay]
    }

    fn of_name<E: de::Error>(name: &str) -> Result<Self, E> {
        match name {
            "record" => Ok(Self::Record(Keep::default())),
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
                f.write_str(
                    "`record`, `record: { keyframes: 1s }`, `replay`, `dump` or `debug: [...]`",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Step, E> {
                Step::of_name(name)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
                let name: String = map.next_key()?.unwrap_or_default();
                let step = match name.as_str() {
                    "debug" => Step::Debug(map.next_value()?),
                    "record" => Step::Record(map.next_value()?),
                    name => {
                        Step::of_name::<A::Error>(name)?;
                        let text = format_args!("`{name}` takes nothing: write only its name");
                        return Err(de::Error::custom(text));
                    }
                };
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
