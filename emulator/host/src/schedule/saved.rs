//! Schedules as files.
//!
//! A schedule is written as what is unusual in it. Usually the thread that has the baton keeps it until it has to wait,
//! and then the one with the lowest number goes ([`Step::usual`](super::control::Step::usual)). Each step in which
//! another goes is a line, and so any schedule can be written down, read, cut down and edited:
//!
//! ```text
//! lockstep schedule 1
//! policy random, seed 7
//! steps 181
//! digest 9c0c3c5a53a0b1f2
//! thread 0 machine
//! thread 1 log-writer
//! step 113: thread 0 (machine) at send -> thread 1 (log-writer) at file-write
//! step 120: thread 2 (console-reader) back from console-read
//! end
//! ```
//!
//! Empty lines and what follows a `#` at the start of a line are for people. `policy`, `steps` and `digest` say how
//! the schedule came about and are not held against a replay, so an edited file needs no new ones. `pass over` makes
//! a replay ignore lines that do not fit, instead of failing: for whoever takes lines out and looks what is left.

use std::fmt;
use std::str::FromStr;

use super::{Site, ThreadId};

/// The first line. The number grows when older readers would misunderstand.
const MAGIC: &str = "lockstep schedule 1";

/// A step in which another thread went than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Preemption {
    /// Its number, from 0.
    pub step: u64,
    /// Who was there.
    pub asks: ThreadId,
    /// What it was about to do.
    pub site: Site,
    /// Who went instead.
    pub chosen: ThreadId,
    /// What that one was about to do.
    pub next: Site,
}

/// A thread that came back from the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arrival {
    /// Before the step of this number.
    pub step: u64,
    /// Who.
    pub thread: ThreadId,
    /// From what.
    pub site: Site,
}

/// A schedule. [`fmt::Display`] and [`FromStr`] are the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What made it.
    pub policy: String,
    /// How many steps it had.
    pub steps: u64,
    /// The digest of them.
    pub digest: u64,
    /// The threads' names, by number.
    pub threads: Vec<String>,
    /// What is unusual in it, by step.
    pub preemptions: Vec<Preemption>,
    /// Where the world came in, by step.
    pub arrivals: Vec<Arrival>,
    /// Whether a replay ignores what does not fit.
    pub pass_over: bool,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScheduleError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Schedule {
    fn named(&self, thread: ThreadId) -> String {
        named(thread, self.threads.get(thread.index()).map_or("", String::as_str))
    }

    /// What a preemption did, in words.
    #[must_use]
    pub fn in_words(&self, preemption: &Preemption) -> String {
        let Preemption { step, asks, site, chosen, next } = *preemption;
        let name = |thread: ThreadId| match self.threads.get(thread.index()) {
            Some(name) => format!("thread {name}'s"),
            None => format!("thread {thread}'s"),
        };
        format!("{} `{next}` at step {step} went before {} `{site}`", name(chosen), name(asks))
    }

    fn header(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = |_| format!("`{value}` is no {key}");
        match key {
            "policy" => self.policy = value.to_owned(),
            "steps" => self.steps = value.parse().map_err(wrong)?,
            "digest" => self.digest = u64::from_str_radix(value, 16).map_err(wrong)?,
            "pass" if value == "over" => self.pass_over = true,
            "thread" => {
                let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                if number != self.threads.len().to_string() {
                    return Err(format!(
                        "thread `{number}` is out of order: {} comes next",
                        self.threads.len()
                    ));
                }
                self.threads.push(name.to_owned());
            }
            _ => return Err(format!("there is no `{key}` in a schedule")),
        }
        Ok(())
    }

    fn step(&mut self, text: &str) -> Result<(), String> {
        let (number, event) = text.split_once(": ").ok_or("`: ` is missing after the step")?;
        let step = number.parse().map_err(|_| format!("`{number}` is no number of a step"))?;
        if let Some((from, to)) = event.split_once(" -> ") {
            let ((asks, site), (chosen, next)) =
                (self.place(from, " at ")?, self.place(to, " at ")?);
            if self.preemptions.last().is_some_and(|last| last.step >= step) {
                return Err(format!("step {step} is out of order"));
            }
            self.preemptions.push(Preemption { step, asks, site, chosen, next });
        } else {
            let (thread, site) = self.place(event, " back from ")?;
            if self.arrivals.last().is_some_and(|last| last.step > step) {
                return Err(format!("step {step} is out of order"));
            }
            self.arrivals.push(Arrival { step, thread, site });
        }
        Ok(())
    }

    /// A thread, its name, and what it is at.
    fn place(&self, text: &str, between: &str) -> Result<(ThreadId, Site), String> {
        let wrong = || {
            let between = between.trim();
            format!("`{text}` should be like `thread 1 (log-writer) {between} file-write`")
        };
        let (thread, site) = text.split_once(between).ok_or_else(wrong)?;
        let (number, name) = thread
            .strip_prefix("thread ")
            .and_then(|thread| thread.strip_suffix(')'))
            .and_then(|thread| thread.split_once(" ("))
            .ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let site = site.parse().map_err(|()| format!("there is no place `{site}`"))?;
        match self.threads.get(number as usize) {
            Some(known) if known == name => Ok((ThreadId::new(number), site)),
            Some(known) => Err(format!("thread {number} is {known}, not {name}")),
            None => Err(format!("there is no thread {number}")),
        }
    }
}

/// A thread for people.
pub(super) fn named(thread: ThreadId, name: &str) -> String {
    format!("thread {thread} ({name})")
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}\npolicy {}", self.policy)?;
        writeln!(f, "steps {}\ndigest {:016x}", self.steps, self.digest)?;
        if self.pass_over {
            writeln!(f, "pass over")?;
        }
        for (number, name) in self.threads.iter().enumerate() {
            writeln!(f, "thread {number} {name}")?;
        }
        let mut arrivals = self.arrivals.iter().peekable();
        for Preemption { step, asks, site, chosen, next } in &self.preemptions {
            while let Some(arrival) = arrivals.next_if(|arrival| arrival.step <= *step) {
                self.write_arrival(f, arrival)?;
            }
            let (asks, chosen) = (self.named(*asks), self.named(*chosen));
            writeln!(f, "step {step}: {asks} at {site} -> {chosen} at {next}")?;
        }
        arrivals.try_for_each(|arrival| self.write_arrival(f, arrival))?;
        writeln!(f, "end")
    }
}

impl Schedule {
    fn write_arrival(&self, f: &mut fmt::Formatter<'_>, arrival: &Arrival) -> fmt::Result {
        let Arrival { step, thread, site } = arrival;
        writeln!(f, "step {step}: {} back from {site}", self.named(*thread))
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let at = |line, problem: &str| ScheduleError { line, problem: problem.to_owned() };
        let mut lines = (1..).zip(text.lines().map(str::trim_end));
        if lines.next().is_none_or(|(_, line)| line != MAGIC) {
            return Err(at(1, &format!("a schedule begins with `{MAGIC}`")));
        }
        let (mut schedule, mut ended, mut last) = (Self::default(), false, 1);
        for (number, line) in lines {
            last = number;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if ended {
                return Err(at(number, "something comes after `end`"));
            }
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            let read = match key {
                "end" => {
                    ended = true;
                    Ok(())
                }
                "step" => schedule.step(value),
                _ => schedule.header(key, value),
            };
            read.map_err(|problem| at(number, &problem))?;
        }
        if ended { Ok(schedule) } else { Err(at(last, "the file ends without `end`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
lockstep schedule 1
policy random, seed 7
steps 181
digest 9c0c3c5a53a0b1f2
thread 0 machine
thread 1 log-writer
step 113: thread 0 (machine) at send -> thread 1 (log-writer) at file-write
step 120: thread 1 (log-writer) back from console-read
step 121: thread 1 (log-writer) at receive -> thread 0 (machine) at begin
end
";

    /// Catches a file that says something else than what was saved, and comments that mean something.
    #[test]
    fn a_file_is_read_as_it_was_written() {
        let schedule: Schedule = TEXT.parse().expect("whole");
        assert_eq!(schedule.to_string(), TEXT);
        assert_eq!((schedule.preemptions.len(), schedule.arrivals.len()), (2, 1));
        let commented = TEXT.replace("steps 181\n", "\n# steps of all sorts\nsteps 181\n");
        assert_eq!(commented.parse(), Ok(schedule.clone()));
        assert_eq!(
            schedule.in_words(&schedule.preemptions[0]),
            "thread log-writer's `file-write` at step 113 went before thread machine's `send`"
        );
    }

    /// Catches a broken line that is passed over, and an error that does not say which line it is.
    #[test]
    fn broken_files_name_their_line() {
        let broken = [
            ("schedule 1", "schedule 2", "line 1: a schedule begins with `lockstep schedule 1`"),
            ("steps 181", "steps many", "line 3: `many` is no steps"),
            ("digest 9", "digest x9", "line 4: `x9c0c3c5a53a0b1f2` is no digest"),
            ("thread 1 l", "thread 2 l", "line 6: thread `2` is out of order: 1 comes next"),
            ("policy", "polic", "line 2: there is no `polic` in a schedule"),
            (
                "113: thread 0 (machine) at",
                "113: thread 0 machine at",
                "line 7: `thread 0 machine at send` should be like \
                 `thread 1 (log-writer) at file-write`",
            ),
            ("machine) at send", "machine) at sea", "line 7: there is no place `sea`"),
            ("thread 0 (machine) at send", "thread 7 (x) at send", "line 7: there is no thread 7"),
            ("0 (machine) at send", "0 (disks) at send", "line 7: thread 0 is machine, not disks"),
            ("step 113:", "step 113", "line 7: `: ` is missing after the step"),
            ("step 113", "step x", "line 7: `x` is no number of a step"),
            ("step 113", "step 122", "line 9: step 121 is out of order"),
            ("end\n", "", "line 9: the file ends without `end`"),
            ("end\n", "end\nsteps 1\n", "line 11: something comes after `end`"),
        ];
        for (from, to, expected) in broken {
            let error = TEXT.replacen(from, to, 1).parse::<Schedule>().expect_err(expected);
            assert_eq!(error.to_string(), expected);
        }
        assert!("".parse::<Schedule>().is_err());
    }
}
