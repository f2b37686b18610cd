//! Moves over a recording, and what must be found on the way.
//!
//! The moves name no address that only one guest has, unless the author wants to: positions are remembered by name, addresses
//! can be relative to registers, so that the same moves serve every guest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lockstep_core::{EventKind, Moment};
use schemars::JsonSchema;
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// One move, or one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Execute so many instructions.
    Step(u64),
    /// Go back so many instructions.
    ReverseStep(u64),
    /// Run forward until there is a reason to stop.
    Continue,
    /// Run backward until there is one.
    ReverseContinue,
    /// Stop before the instruction at an address from now on.
    Break(Place),
    /// Stop at accesses to some bytes from now on.
    Watch(WatchAt),
    /// Stop at events from now on.
    BreakEvent(EventAt),
    /// Stop at nothing any more.
    Delete,
    /// Have the debugger leave and come back. The library has nothing to do then.
    Reattach,
    /// Go somewhere.
    Seek(Target),
    /// Remember the position and the state.
    Mark(String),
    /// Do moves again and again.
    Repeat(Repeat),
    /// Go to moments in random order, and compare the states there with those of a straight run.
    CompareSeeks(CompareSeeks),
    /// Check where one is, why, and what is there.
    Expect(Box<Expectation>),
}

impl<'de> Deserialize<'de> for Move {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrOneKey)
    }
}

const NAMES: &[&str] = &[
    "step",
    "reverse-step",
    "continue",
    "reverse-continue",
    "break",
    "watch",
    "break-event",
    "delete",
    "reattach",
    "seek",
    "mark",
    "repeat",
    "compare-seeks",
    "expect",
];

struct NameOrOneKey;

impl<'de> Visitor<'de> for NameOrOneKey {
    type Value = Move;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a move such as `step`, or `step: 10`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Move, E> {
        match name {
            "step" => Ok(Move::Step(1)),
            "reverse-step" => Ok(Move::ReverseStep(1)),
            "continue" => Ok(Move::Continue),
            "reverse-continue" => Ok(Move::ReverseContinue),
            "delete" => Ok(Move::Delete),
            "reattach" => Ok(Move::Reattach),
            _ if NAMES.contains(&name) => {
                Err(E::custom(format_args!("`{name}` needs a value: `{name}: ...`")))
            }
            _ => Err(E::unknown_variant(name, NAMES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Move, A::Error> {
        let name: String = map.next_key()?.unwrap_or_default();
        let step = match name.as_str() {
            "step" => Move::Step(count(&mut map)?),
            "reverse-step" => Move::ReverseStep(count(&mut map)?),
            "break" => Move::Break(map.next_value()?),
            "watch" => Move::Watch(map.next_value()?),
            "break-event" => Move::BreakEvent(map.next_value()?),
            "seek" => Move::Seek(map.next_value()?),
            "mark" => Move::Mark(map.next_value()?),
            "repeat" => Move::Repeat(map.next_value()?),
            "compare-seeks" => Move::CompareSeeks(map.next_value()?),
            "expect" => Move::Expect(map.next_value()?),
            "continue" | "reverse-continue" | "delete" | "reattach" => {
                let text = format_args!("`{name}` takes nothing: write only its name");
                return Err(de::Error::custom(text));
            }
            _ => return Err(de::Error::unknown_variant(&name, NAMES)),
        };
        match map.next_key::<String>()? {
            None => Ok(step),
            Some(other) => Err(de::Error::custom(format_args!(
                "`{other}` is a move of its own: begin another item of the list"
            ))),
        }
    }
}

fn count<'de, A: MapAccess<'de>>(map: &mut A) -> Result<u64, A::Error> {
    match map.next_value()? {
        0 => Err(de::Error::custom("must not be zero")),
        count => Ok(count),
    }
}

/// Reads a text that says everything, or a number that means itself.
macro_rules! from_text {
    ($type:ident, $expecting:literal, $number:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl<'de> Visitor<'de> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$type, E> {
                        Ok($number(number))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Text)
            }
        }
    };
}

/// An address: a number, `here` for the program counter, or a register such as `$sp`; perhaps with an offset: `$sp-16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is relative to.
    pub base: Base,
    /// What to add.
    pub offset: i64,
}

/// What an address is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// Zero.
    Zero(u64),
    /// The program counter.
    Here,
    /// A register, by the debugger's name for it.
    Register(String),
}

impl Place {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an address: write 0x4000, here, $sp or $sp-16");
        let split = text.get(1..).and_then(|rest| rest.find(['+', '-'])).map(|at| at + 1);
        let (base, offset) = text.split_at(split.unwrap_or(text.len()));
        let base = match base.strip_prefix('$') {
            _ if base == "here" => Base::Here,
            Some(name) if !name.is_empty() => Base::Register(name.to_owned()),
            _ => Base::Zero(number(base).ok_or_else(wrong)?),
        };
        let offset = match offset.split_at_checked(1) {
            None => 0,
            Some((sign, amount)) => {
                let amount =
                    i64::try_from(number(amount).ok_or_else(wrong)?).map_err(|_| wrong())?;
                if sign == "-" { -amount } else { amount }
            }
        };
        Ok(Self { base, offset })
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

from_text!(Place, "an address: 0x4000, here, $sp or $sp-16", |number| Place {
    base: Base::Zero(number),
    offset: 0
});

/// Bytes to watch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WatchAt {
    /// The first one.
    pub address: Place,
    /// How many.
    pub size: u64,
    /// Which accesses count.
    #[serde(default)]
    pub kind: WatchFor,
}

/// Which accesses a watchpoint stops at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WatchFor {
    /// Loads.
    Read,
    /// Stores.
    #[default]
    Write,
    /// Both.
    Access,
}

/// Events to stop at: a kind, as logs name it, or a text on the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAt {
    /// A kind of event.
    Kind(EventKind),
    /// What the guest prints.
    Console(String),
    /// Accesses to a device of the board.
    Device(String),
}

fn event_kind(name: &str) -> Result<EventKind, String> {
    let names = || EventKind::ALL.map(EventKind::name).join(", ");
    let found = EventKind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| format!("`{name}` is not a kind of event: one of {}", names()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleOrDevice {
    console: Option<String>,
    device: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    mark: String,
}

/// Reads a text, or a mapping of one key.
struct TextOr<T, M>(fn(&str) -> Result<T, String>, fn(M) -> Result<T, String>, &'static str);

impl<'de, T, M: DeserializeOwned> Visitor<'de> for TextOr<T, M> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.2)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let mapping = M::deserialize(de::value::MapAccessDeserializer::new(map))?;
        (self.1)(mapping).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for EventAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kind = |name: &str| event_kind(name).map(Self::Kind);
        let console = |what: ConsoleOrDevice| match (what.console, what.device) {
            (Some(text), None) => Ok(Self::Console(text)),
            (None, Some(name)) => Ok(Self::Device(name)),
            _ => Err("write `console: TEXT` or `device: NAME`, one of them".to_owned()),
        };
        let expecting = "a kind of event such as `interrupt`, `console: TEXT` or `device: NAME`";
        deserializer.deserialize_any(TextOr(kind, console, expecting))
    }
}

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The first position.
    Start,
    /// The last one.
    End,
    /// A moment.
    Moment(Moment),
    /// A remembered position.
    Mark(String),
}

impl Target {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            _ => moment(text).map(Self::Moment),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mark = |named: Mark| Ok(Self::Mark(named.mark));
        let expecting = "`start`, `end`, a moment such as \"1200.0\" (in quotes), or `mark: NAME`";
        deserializer.deserialize_any(TextOr(Self::parse, mark, expecting))
    }
}

/// A moment; without an ordinal, the position before the instruction at that count.
fn moment(text: &str) -> Result<Moment, String> {
    let moment: Moment = text.parse().map_err(|error| format!("{error}"))?;
    let ordinal = if text.contains('.') { moment.ordinal } else { u32::MAX };
    Ok(Moment { ordinal, ..moment })
}

/// Moves that are done several times.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Repeat {
    /// How often.
    pub times: u32,
    /// Which.
    pub moves: Vec<Move>,
}

/// Moments to go to in random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CompareSeeks {
    /// How many.
    pub moments: u32,
    /// What decides which.
    pub seed: u64,
}

/// Why the last move ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopKind {
    /// It came where it was to go.
    Moment,
    /// At a breakpoint.
    Breakpoint,
    /// At a watchpoint.
    Watchpoint,
    /// At an event.
    Event,
    /// At an access to a device.
    Device,
    /// At the first position.
    Start,
    /// At the last one.
    End,
}

/// What must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expectation {
    /// Why the last move ended.
    pub stop: Option<StopKind>,
    /// The program counter.
    pub pc: Option<Place>,
    /// Registers, by the debugger's names.
    pub registers: BTreeMap<String, u128>,
    /// What memory holds.
    pub memory: Option<MemoryAt>,
    /// The moment.
    pub moment: Option<At>,
    /// The kind of the event at which the last move ended.
    pub event: Option<Kind>,
    /// The position and the whole state are those that were remembered.
    pub at: Option<String>,
    /// The position is before a remembered one.
    pub before: Option<String>,
    /// The position is after a remembered one.
    pub after: Option<String>,
}

impl Expectation {
    /// Whether it expects nothing.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A moment in an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Moment);

impl At {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{error}"))
    }
}

from_text!(At, "a moment such as \"1200.0\", in quotes", |number| At(Moment::at(number)));

/// A kind of event in an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub EventKind);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        event_kind(&String::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}

/// Bytes that memory must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MemoryAt {
    /// The first one.
    pub address: Place,
    /// All of them, in hexadecimal digits.
    pub bytes: Bytes,
}

/// Bytes, as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .filter(|digits: &Vec<u32>| !digits.is_empty() && digits.len().is_multiple_of(2))
            .ok_or_else(|| {
                de::Error::custom(format_args!("`{text}` is not pairs of hexadecimal digits"))
            })?;
        Ok(Self(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()))
    }
}

/// What is wrong with moves, and where among them. `marks` are the positions that were remembered before.
pub(super) fn problem(
    moves: &[Move],
    marks: &mut BTreeSet<String>,
) -> Option<(Vec<usize>, String)> {
    if moves.is_empty() {
        return Some((Vec::new(), "there is nothing to do".to_owned()));
    }
    for (index, step) in moves.iter().enumerate() {
        if let Move::Repeat(repeat) = step
            && let Some((mut way, message)) = problem(&repeat.moves, marks)
        {
            way.insert(0, index);
            return Some((way, message));
        }
        if let Some(message) = problem_of_one(step, marks) {
            return Some((vec![index], message));
        }
    }
    None
}

fn problem_of_one(step: &Move, marks: &mut BTreeSet<String>) -> Option<String> {
    let message = match step {
        Move::Expect(expected) if expected.is_empty() => "expects nothing",
        Move::Watch(watch) if watch.size == 0 => "watches nothing",
        Move::Repeat(repeat) if repeat.times == 0 => "`times` must not be zero",
        Move::CompareSeeks(seeks) if seeks.moments == 0 => "compares nothing",
        Move::BreakEvent(EventAt::Console(text)) if text.is_empty() => {
            "there is no text to wait for"
        }
        Move::Mark(name) => {
            marks.insert(name.clone());
            return None;
        }
        Move::Seek(Target::Mark(name)) => return unknown(name, marks),
        Move::Expect(expected) => {
            let asked = [&expected.at, &expected.before, &expected.after];
            return asked.into_iter().flatten().find_map(|name| unknown(name, marks));
        }
        _ => return None,
    };
    Some(message.to_owned())
}

fn unknown(name: &str, marks: &BTreeSet<String>) -> Option<String> {
    (!marks.contains(name)).then(|| format!("no `mark: {name}` comes before this"))
}
