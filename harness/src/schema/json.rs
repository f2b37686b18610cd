//! The scenario's types as a JSON Schema: editors complete keys and mark mistakes before anything is run.
//!
//! It is generated from the types that read scenarios, so that it cannot say something else; what is written for hand-made
//! readers is here. `scenarios/schema.json` is the generated file, and a test keeps it current.

use std::borrow::Cow;

use lockstep_core::EventKind;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    At, Bytes, CompareSeeks, Disk, EventAt, Expectation, Image, Keep, Kind, Load, Move, Place,
    Repeat, Scenario, Schedule, Seeds, Size, Span, Step, Target, WatchAt, load, schedule,
};

/// The schema, as the text of `scenarios/schema.json`.
#[must_use]
pub fn json_schema_text() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Scenario>();
    let text = serde_json::to_string_pretty(&schema);
    text.unwrap_or_default() + "\n"
}

/// The schema of a type whose reader is written by hand.
macro_rules! by_hand {
    ($($type:ident, $generator:ident => $schema:tt;)+) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

/// The kinds of events, as logs name them.
fn kinds() -> Vec<&'static str> {
    EventKind::ALL.map(EventKind::name).into()
}

by_hand! {
    Span, _g => {
        "description": "A length of time.",
        "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ns|us|ms|s)$"
    };
    Size, _g => { "description": "A size.", "type": "string", "pattern": "^[0-9]+[KMG]$" };
    Seeds, _g => {
        "description": "A list of seeds, or a range without its end.",
        "anyOf": [
            { "type": "string", "pattern": r"^[0-9]+(\.\.[0-9]+)?$" },
            { "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 1 }
        ]
    };
    Load, _g => {
        "description": "What else keeps the host busy: none, or loads with + between them, like cpu:2+fsync+pulse:5.",
        "type": "string", "pattern": (load::PATTERN)
    };
    Schedule, _g => {
        "description": "Who decides which of the emulator's threads goes next.",
        "type": "string", "pattern": (schedule::PATTERN)
    };
    Image, _g => {
        "description": "A file beside the scenario, or one that `cargo xtask guests fetch` gets.",
        "anyOf": [
            { "type": "string" },
            {
                "type": "object", "additionalProperties": false, "required": ["fetched"],
                "properties": { "fetched": { "type": "string" } }
            }
        ]
    };
    Disk, g => {
        "description": "A file, or so many bytes of a pattern.",
        "anyOf": [
            (g.subschema_for::<Image>()),
            {
                "type": "object", "additionalProperties": false, "required": ["pattern"],
                "properties": { "pattern": (g.subschema_for::<Size>()) }
            }
        ]
    };
    Step, g => {
        "description": "Something that is done with the scenario.",
        "anyOf": [
            { "enum": (Step::NAMES) },
            {
                "type": "object", "additionalProperties": false, "required": ["record"],
                "properties": { "record": (g.subschema_for::<Keep>()) }
            },
            {
                "type": "object", "additionalProperties": false, "required": ["debug"],
                "properties": {
                    "debug": { "type": "array", "items": (g.subschema_for::<Move>()), "minItems": 1 }
                }
            }
        ]
    };
    Move, g => {
        "description": "A move over the recording, or what must be found there.",
        "anyOf": [
            { "enum": ["step", "reverse-step", "continue", "reverse-continue", "delete", "reattach"] },
            {
                "type": "object", "additionalProperties": false,
                "minProperties": 1, "maxProperties": 1,
                "properties": {
                    "step": { "type": "integer", "minimum": 1 },
                    "reverse-step": { "type": "integer", "minimum": 1 },
                    "break": (g.subschema_for::<Place>()),
                    "watch": (g.subschema_for::<WatchAt>()),
                    "break-event": (g.subschema_for::<EventAt>()),
                    "seek": (g.subschema_for::<Target>()),
                    "mark": { "type": "string" },
                    "repeat": (g.subschema_for::<Repeat>()),
                    "compare-seeks": (g.subschema_for::<CompareSeeks>()),
                    "expect": (g.subschema_for::<Expectation>())
                }
            }
        ]
    };
    Place, _g => {
        "description": "An address: a number, `here`, or a register such as $sp, perhaps with an offset.",
        "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^(0x[0-9a-fA-F]+|[0-9]+|here|\$[^+-]+)([+-](0x[0-9a-fA-F]+|[0-9]+))?$" }
        ]
    };
    Target, _g => {
        "description": "Where to go.",
        "anyOf": [
            { "enum": ["start", "end"] },
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$" },
            {
                "type": "object", "additionalProperties": false, "required": ["mark"],
                "properties": { "mark": { "type": "string" } }
            }
        ]
    };
    EventAt, _g => {
        "description": "A kind of event, a text that the guest prints, or accesses to a device.",
        "anyOf": [
            { "enum": (kinds()) },
            {
                "type": "object", "additionalProperties": false, "required": ["console"],
                "properties": { "console": { "type": "string" } }
            },
            {
                "type": "object", "additionalProperties": false, "required": ["device"],
                "properties": { "device": { "type": "string" } }
            }
        ]
    };
    Kind, _g => { "description": "A kind of event.", "enum": (kinds()) };
    At, _g => {
        "description": "A moment.",
        "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$" }
        ]
    };
    Bytes, _g => {
        "description": "Bytes, as hexadecimal digits.",
        "type": "string", "pattern": r"^\s*([0-9a-fA-F]\s*[0-9a-fA-F]\s*)+$"
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::catalog;
    use crate::suite::repository;

    /// Catches a type that changed and a schema that did not. `cargo xtask scenario schema` writes it again.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let file = repository().join("scenarios/schema.json");
        let schema = json_schema_text();
        if std::env::var_os("LOCKSTEP_WRITE_SCHEMA").is_some() {
            fs::write(&file, &schema).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == schema, "scenarios/schema.json is old: cargo xtask scenario schema");
    }

    /// Why a value is not of a schema. Only the keywords that we write are known, and others are an error.
    fn problem(value: &Value, schema: &Value, root: &Value) -> Option<String> {
        let schema = match schema {
            Value::Bool(true) => return None,
            Value::Object(schema) => schema,
            _ => return Some(format!("{value}: not allowed")),
        };
        schema.iter().find_map(|(keyword, rule)| {
            let rules = || rule.as_array().unwrap();
            let object = value.as_object();
            let wrong = |is_wrong: bool| is_wrong.then(|| format!("{value}: {keyword} {rule}"));
            match keyword.as_str() {
                "$schema" | "title" | "description" | "format" | "definitions" | "default" => None,
                "$ref" => {
                    let name = rule.as_str().unwrap().strip_prefix("#/definitions/").unwrap();
                    problem(value, &root["definitions"][name], root)
                }
                "allOf" => rules().iter().find_map(|schema| problem(value, schema, root)),
                "anyOf" | "oneOf" => {
                    wrong(rules().iter().all(|schema| problem(value, schema, root).is_some()))
                }
                "enum" => wrong(!rules().contains(value)),
                "const" => wrong(rule != value),
                "type" => wrong(!match rule {
                    Value::Array(types) => types.iter().any(|name| is(value, name)),
                    name => is(value, name),
                }),
                "minimum" => wrong(value.as_f64().is_some_and(|n| n < rule.as_f64().unwrap())),
                "maximum" => wrong(value.as_f64().is_some_and(|n| n > rule.as_f64().unwrap())),
                "minItems" => {
                    let least = rule.as_u64().unwrap() as usize;
                    wrong(value.as_array().is_some_and(|items| items.len() < least))
                }
                "minProperties" | "maxProperties" => {
                    let bound = rule.as_u64().unwrap() as usize;
                    wrong(object.is_some_and(|map| match keyword.as_str() {
                        "minProperties" => map.len() < bound,
                        _ => map.len() > bound,
                    }))
                }
                "pattern" => {
                    let pattern = regex_lite::Regex::new(rule.as_str().unwrap()).unwrap();
                    wrong(value.as_str().is_some_and(|text| !pattern.is_match(text)))
                }
                "required" => {
                    let missing =
                        |key: &&Value| !object.unwrap().contains_key(key.as_str().unwrap());
                    object?;
                    rules().iter().find(missing).map(|key| format!("{key} is missing"))
                }
                "items" => value.as_array()?.iter().find_map(|item| problem(item, rule, root)),
                "properties" => {
                    let known =
                        object?.iter().filter_map(|(key, value)| Some((value, rule.get(key)?)));
                    known.into_iter().find_map(|(value, rule)| problem(value, rule, root))
                }
                "additionalProperties" => {
                    let known = schema.get("properties");
                    let is_known = |key: &str| known.is_some_and(|known| known.get(key).is_some());
                    let mut others = object?.iter().filter(|(key, _)| !is_known(key));
                    others.find_map(|(_, value)| problem(value, rule, root))
                }
                other => {
                    panic!("the schema has the keyword {other}, which this test does not know")
                }
            }
        })
    }

    fn is(value: &Value, name: &Value) -> bool {
        match name.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        }
    }

    fn problem_of(text: &str) -> Option<String> {
        let schema: Value = serde_json::from_str(&json_schema_text()).unwrap();
        let value: Value = serde_yaml::from_str(text).unwrap();
        problem(&value, &schema, &schema)
    }

    /// Catches a schema that marks what is right.
    #[test]
    fn every_scenario_is_of_the_schema() {
        for entry in catalog::read(&repository()).unwrap() {
            let file = repository().join("scenarios").join(format!("{}.yaml", entry.name));
            let found = problem_of(&fs::read_to_string(&file).unwrap());
            assert_eq!(found, None, "{}", entry.name);
        }
    }

    /// Catches a schema that allows anything.
    #[test]
    fn mistakes_are_not_of_the_schema() {
        let good = "description: x\nmachine: { board: virt }\nguest: { kernel: x.elf }\n";
        assert_eq!(problem_of(good), None);
        for bad in [
            "expect: { repeatable: perhaps }",
            "axes: { loads: [heavy] }",
            "axes: { loads: [cpu+] }",
            "axes: { schedules: ['pct:3'] }",
            "axes: { engines: [] , seed: 1 }",
            "axes: { seeds: '1-3' }",
            "timeout: 3",
            "script: [{ after: x, typ: y }]",
            "steps: [recrod]",
            "steps: [record, { debug: [] }]",
            "steps: [record, { debug: [{ step: 1, break: here }] }]",
            "steps: [record, { debug: [{ break-event: nothing }] }]",
            "steps: [record, { debug: [{ expect: { stop: never } }] }]",
            "unknown: 1",
        ] {
            assert!(problem_of(&format!("{good}{bad}\n")).is_some(), "{bad}");
        }
        assert!(problem_of("description: x\nmachine: {}\n").is_some(), "no guest");
    }

    /// Catches a key that nobody explained.
    #[test]
    fn every_key_is_in_the_documentation() {
        let text = fs::read_to_string(repository().join("docs/scenarios.md")).unwrap();
        let schema: Value = serde_json::from_str(&json_schema_text()).unwrap();
        let mut keys = Vec::new();
        collect_keys(&schema, &mut keys);
        assert!(keys.len() > 40, "{keys:?}");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let words: Vec<&str> = text.split(|c: char| !is_word(c)).collect();
        let missing: Vec<_> = keys.iter().filter(|key| !words.contains(&key.as_str())).collect();
        assert!(missing.is_empty(), "not in docs/scenarios.md: {missing:?}");
    }

    fn collect_keys(schema: &Value, keys: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            keys.extend(properties.keys().cloned());
        }
        match schema {
            Value::Object(map) => map.values().for_each(|value| collect_keys(value, keys)),
            Value::Array(items) => items.iter().for_each(|value| collect_keys(value, keys)),
            _ => {}
        }
    }

    /// The skeleton of `cargo xtask scenario new` has to be a scenario.
    #[test]
    fn the_skeleton_is_a_scenario() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("scenarios/aarch64");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("x.elf"), "ELF").unwrap();
        let text = include_str!("../../../xtask/src/scenario/skeleton.yaml");
        let text = text.replace("@BOARD@", "virt").replace("@KERNEL@", "x.elf");
        let text = text.replace("@NAME@", "aarch64/x");
        let scenario = super::super::parse(&folder.join("x.yaml"), &text, root.path());
        assert!(scenario.is_ok(), "{}", scenario.unwrap_err().report());
        assert_eq!(problem_of(&text), None);
        // What is commented out has to be right as well.
        let open = |line: &str| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n";
        let all: String = text.lines().map(open).collect();
        let scenario = super::super::parse(Path::new("/x.yaml"), &all, Path::new("/"));
        let report = scenario.err().map(|error| error.report());
        assert!(report.as_ref().is_none_or(|text| text.contains("there is no file")), "{report:?}");
        assert_eq!(problem_of(&all), None);
    }
}
