//! Scripts that type for the user.
//!
//! A scripted input comes at a moment that is a function of the run: at a count of instructions, at a virtual time, or
//! when the guest has written a text. Recordings of it are the same every time, on any host. A script is a
//! door in front of another: its inputs are logged like any, and a replay needs no script.
//!
//! ```text
//! # one step a line, done in order
//! after "Hit any key" type "\n"
//! after "=> " delay 10ms type "version\n"
//! at-time 2.5s power-key
//! at 1_100_000 keyframe
//! at 1_200_000 stop
//! ```

use std::collections::VecDeque;

use lockstep_core::{Clock, Door, Input, Moment, Offer, Output, VirtualTime};

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trigger {
    /// Console output since the step before, and then a time in nanoseconds.
    After { pattern: Vec<u8>, delay: u64 },
    /// A count of retired instructions.
    At(u64),
    /// A virtual time.
    AtTime(VirtualTime),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    trigger: Trigger,
    input: Input,
}

/// A script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: VecDeque<Step>,
}

/// A line of a script that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script line {line}: {detail}")]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: String,
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut steps = VecDeque::new();
        for (number, line) in text.lines().enumerate() {
            let error = |detail| ScriptError { line: number + 1, detail };
            let words = words(line).map_err(error)?;
            if !words.is_empty() {
                steps.push_back(parse_step(&words).map_err(error)?);
            }
        }
        Ok(Self { steps })
    }

    /// Whether it has the recording keep the machine's state somewhere.
    #[must_use]
    pub fn keeps_states(&self) -> bool {
        self.steps.iter().any(|step| step.input == Input::Keyframe)
    }
}

/// A word of a line; a quoted one has been unescaped.
#[derive(Debug)]
enum Word {
    Bare(String),
    Quoted(Vec<u8>),
}

fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (bytes, after) = unquote(quoted)?;
            words.push(Word::Quoted(bytes));
            rest = after.trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            words.push(Word::Bare(rest[..end].to_owned()));
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

/// The bytes up to the closing quote, and what follows it.
fn unquote(text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::new();
    let mut chars = text.char_indices();
    while let Some((place, char)) = chars.next() {
        match char {
            '"' => return Ok((bytes, &text[place + 1..])),
            '\\' => {
                let (_, escape) = chars.next().ok_or("the text ends in a backslash")?;
                let byte = match escape {
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    '\\' | '"' => escape as u8,
                    'x' => {
                        let digits = text.get(place + 2..place + 4).unwrap_or_default();
                        chars.next();
                        chars.next();
                        u8::from_str_radix(digits, 16)
                            .map_err(|_| "\\x wants two hexadecimal digits")?
                    }
                    other => return Err(format!("unknown escape \\{other}")),
                };
                bytes.push(byte);
            }
            other => bytes.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    Err("the text has no closing quote".to_owned())
}

fn parse_step(words: &[Word]) -> Result<Step, String> {
    const FORMS: &str = "begin with after \"TEXT\" [delay TIME], at COUNT, or at-time TIME";
    let (trigger, action) = match words {
        [Word::Bare(after), Word::Quoted(pattern), rest @ ..] if after == "after" => {
            if pattern.is_empty() {
                return Err("after wants a text that is not empty".to_owned());
            }
            let (delay, rest) = match rest {
                [Word::Bare(delay), Word::Bare(time), rest @ ..] if delay == "delay" => {
                    (parse_time(time)?, rest)
                }
                rest => (0, rest),
            };
            (Trigger::After { pattern: pattern.clone(), delay }, rest)
        }
        [Word::Bare(at), Word::Bare(count), rest @ ..] if at == "at" => {
            let count = count.replace('_', "").parse();
            let count = count.map_err(|_| "at wants a count of instructions")?;
            (Trigger::At(count), rest)
        }
        [Word::Bare(at), Word::Bare(time), rest @ ..] if at == "at-time" => {
            (Trigger::AtTime(VirtualTime::from_ns(parse_time(time)?)), rest)
        }
        _ => return Err(FORMS.to_owned()),
    };
    Ok(Step { trigger, input: parse_action(action)? })
}

fn parse_action(words: &[Word]) -> Result<Input, String> {
    let bare = |word: &Word, text| matches!(word, Word::Bare(bare) if bare == text);
    match words {
        [word, Word::Quoted(bytes)] if bare(word, "type") => {
            Ok(Input::Console { port: 0, bytes: bytes.clone() })
        }
        [word] if bare(word, "power-key") => Ok(Input::PowerKey),
        [word] if bare(word, "reset") => Ok(Input::Reset),
        [word] if bare(word, "stop") => Ok(Input::Stop),
        [word] if bare(word, "keyframe") => Ok(Input::Keyframe),
        _ => Err("end with type \"TEXT\", power-key, reset, keyframe or stop".to_owned()),
    }
}

/// Nanoseconds in a time as users write it: `10ms`, `2.5s`, `300us`, `7ns`.
///
/// # Errors
/// It is none, or more than 64 bits hold; the message quotes it.
pub fn parse_time(text: &str) -> Result<u64, String> {
    let error =
        || format!("'{text}' is not a time: write a number with s, ms, us or ns, as in 2.5s");
    let split =
        text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').ok_or_else(error)?;
    let (number, unit) = text.split_at(split);
    let scale: u64 = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return Err(error()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.replace('_', "").parse().map_err(|_| error())?;
    let mut ns = whole.checked_mul(scale).ok_or_else(error)?;
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        let part = u64::from(digit.to_digit(10).ok_or_else(error)?) * place;
        ns = ns.checked_add(part).ok_or_else(error)?;
    }
    Ok(ns)
}

/// A script in front of another door.
pub struct ScriptDoor {
    script: Script,
    inner: Box<dyn Door>,
    /// What the guest wrote since the last step, as far as a pattern can still begin in it.
    seen: Vec<u8>,
    /// When the pattern of the first step was found, the time at which its input is due.
    found: Option<u64>,
    matched: bool,
    limit: Option<u64>,
}

impl ScriptDoor {
    /// `script` in front of `inner`; stops the run at a count of instructions, when there is a `limit`.
    #[must_use]
    pub fn new(script: Script, inner: Box<dyn Door>, limit: Option<u64>) -> Self {
        Self { script, inner, seen: Vec::new(), found: None, matched: false, limit }
    }

    fn waits_for_pattern(&self) -> bool {
        let first = self.script.steps.front().map(|step| &step.trigger);
        !self.matched && matches!(first, Some(Trigger::After { .. }))
    }

    /// The time at which the first step is due, when it waits for nothing else.
    fn due_time(&self) -> Option<VirtualTime> {
        match self.script.steps.front()?.trigger {
            Trigger::AtTime(time) => Some(time),
            Trigger::After { .. } => self.found.map(VirtualTime::from_ns),
            Trigger::At(_) => None,
        }
    }

    /// Fixes the time at which a found pattern's input is due, and says whether the first step is due.
    fn is_due(&mut self, now: Moment, time: VirtualTime) -> bool {
        let Some(step) = self.script.steps.front() else { return false };
        match &step.trigger {
            Trigger::At(count) => now.retired >= *count,
            Trigger::AtTime(due) => time >= *due,
            Trigger::After { delay, .. } => {
                self.matched && time.as_ns() >= *self.found.get_or_insert((time + *delay).as_ns())
            }
        }
    }

    fn take_step(&mut self) -> Option<Input> {
        let step = self.script.steps.pop_front()?;
        self.matched = false;
        self.found = None;
        self.search();
        Some(step.input)
    }

    /// Looks for the pattern of the first step in what was written, and forgets what it is not in.
    fn search(&mut self) {
        let Some(Step { trigger: Trigger::After { pattern, .. }, .. }) = self.script.steps.front()
        else {
            self.seen.clear();
            return;
        };
        match self.seen.windows(pattern.len()).position(|window| window == pattern) {
            Some(place) => {
                self.seen.drain(..place + pattern.len());
                self.matched = true;
            }
            None => {
                let keep = pattern.len() - 1;
                self.seen.drain(..self.seen.len().saturating_sub(keep));
            }
        }
    }
}

impl Door for ScriptDoor {
    fn poll(&mut self, now: Moment, time: VirtualTime) -> Offer {
        if self.limit.is_some_and(|limit| now.retired >= limit) {
            self.limit = None;
            return Offer::Input(Input::Stop);
        }
        if self.is_due(now, time)
            && let Some(input) = self.take_step()
        {
            return Offer::Input(input);
        }
        match self.inner.poll(now, time) {
            Offer::Never if !self.script.steps.is_empty() => Offer::NotNow,
            offer => offer,
        }
    }

    fn next_poll(&self, retired: u64, clock: &Clock) -> u64 {
        let mut next = self.inner.next_poll(retired, clock).min(self.limit.unwrap_or(u64::MAX));
        if let Some(Step { trigger: Trigger::At(count), .. }) = self.script.steps.front() {
            next = next.min(*count);
        }
        if let Some(time) = self.due_time() {
            next = next.min(retired.saturating_add(clock.insns_until(retired, time)));
        }
        next.max(retired.saturating_add(1))
    }

    fn idle(&mut self, now: Moment, next: Option<VirtualTime>) -> Offer {
        match self.due_time() {
            Some(to) if next.is_none_or(|next| to < next) => Offer::Input(Input::TimePasses { to }),
            _ => self.inner.idle(now, next),
        }
    }

    fn watches_outputs(&self) -> bool {
        self.waits_for_pattern() || self.inner.watches_outputs()
    }

    fn output(&mut self, output: &Output) {
        if let Output::Console { byte, .. } = output {
            if self.waits_for_pattern() {
                self.seen.push(*byte);
                self.search();
            } else if self.matched {
                // Written between a match and its input: may belong to the next pattern.
                self.seen.push(*byte);
            }
        }
        self.inner.output(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::{DEFAULT_NS_PER_INSN, NoDoor};

    fn door(text: &str) -> ScriptDoor {
        ScriptDoor::new(Script::parse(text).unwrap(), Box::new(NoDoor), None)
    }

    fn show(door: &mut ScriptDoor, text: &str) {
        for byte in text.bytes() {
            door.output(&Output::Console { port: 0, byte });
        }
    }

    fn poll(door: &mut ScriptDoor, retired: u64) -> Offer {
        let time = Clock::new(DEFAULT_NS_PER_INSN).time_at(retired);
        door.poll(Moment::at(retired), time)
    }

    /// Catches a pattern that is missed when it comes in pieces, and one that is found twice.
    #[test]
    fn patterns_are_found_once() {
        let mut door = door("after \"ab\" type \"1\"\nafter \"ab\" type \"2\"");
        show(&mut door, "xa");
        assert_eq!(poll(&mut door, 1), Offer::NotNow);
        show(&mut door, "b");
        assert_eq!(
            poll(&mut door, 2),
            Offer::Input(Input::Console { port: 0, bytes: b"1".into() })
        );
        assert_eq!(poll(&mut door, 3), Offer::NotNow);
        show(&mut door, "ab");
        assert_eq!(
            poll(&mut door, 4),
            Offer::Input(Input::Console { port: 0, bytes: b"2".into() })
        );
        assert_eq!(poll(&mut door, 5), Offer::Never);
    }

    /// Catches a delay that starts again at every look, and a next look that is too late for it.
    #[test]
    fn delays_start_when_the_pattern_is_there() {
        let mut door = door("after \"ab\" delay 1us type \"1\"");
        show(&mut door, "ab");
        assert_eq!(poll(&mut door, 100), Offer::NotNow);
        assert_eq!(door.next_poll(100, &Clock::new(DEFAULT_NS_PER_INSN)), 350);
        assert_eq!(poll(&mut door, 349), Offer::NotNow);
        assert!(matches!(poll(&mut door, 350), Offer::Input(_)));
    }

    /// Catches a script that sleeps through its time while the machine is idle.
    #[test]
    fn an_idle_machine_lets_time_pass_until_the_step() {
        let mut door = door("at-time 2.5s power-key");
        let to = VirtualTime::from_ns(2_500_000_000);
        let passes = Offer::Input(Input::TimePasses { to });
        assert_eq!(door.idle(Moment::START, None), passes);
        assert_eq!(door.idle(Moment::START, Some(to + 1)), passes);
        assert_eq!(door.idle(Moment::START, Some(to)), Offer::NotNow);
    }

    /// Catches errors without a line, and lines that mean something else than they say.
    #[test]
    fn errors_name_the_line() {
        let wrong = [
            "after type \"x\"",
            "after \"\" type \"x\"",
            "after \"x\" type",
            "at x stop",
            "at-time 5 stop",
            "at-time 1.s.s stop",
            "at 5 explode",
            "type \"x\"",
            "after \"x type",
            "at 5 type \"\\q\"",
            "at 5 type \"\\xg\"",
            "at 5 type \"é\\x",
        ];
        for line in wrong {
            let text = format!("# a comment\n\n{line}");
            assert_eq!(Script::parse(&text).unwrap_err().line, 3, "{line}");
        }
        assert!(Script::parse("at 1_000 type \"a\\x41\\\"#\" # comment").is_ok());
    }
}
