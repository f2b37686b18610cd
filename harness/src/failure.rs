//! What went wrong in a trial, told so that one can go on from it.

use std::fmt::Write;
use std::io;

use crate::process::Ended;
use crate::schema::Caught;

/// Why a trial failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A process ended, but not as expected.
    #[error("{what} ended with {}, not {}{evidence}", ending(*.ended), status(*.expected))]
    Ended {
        /// What it was for: `recording 2`.
        what: String,
        /// How it ended.
        ended: Ended,
        /// The exit status that was expected.
        expected: i32,
        /// What there is to see.
        evidence: Box<Evidence>,
    },
    /// A process did not end.
    #[error("{what} did not end within {timeout}; {awaited}{evidence}")]
    TimedOut {
        /// What it was for.
        what: String,
        /// How long it was waited for.
        timeout: String,
        /// What had still to come.
        awaited: String,
        /// What there is to see.
        evidence: Box<Evidence>,
    },
    /// The emulator did not say what it had to.
    #[error("{what} did not say `{message}` on standard error{evidence}")]
    Silent {
        /// What it was for.
        what: String,
        /// What it had to say.
        message: String,
        /// What there is to see.
        evidence: Box<Evidence>,
    },
    /// The guest printed something else.
    #[error("{what}: the console is not as expected: {difference}")]
    Console {
        /// Which recording or replay.
        what: String,
        /// What is missing or different.
        difference: String,
    },
    /// Two recordings are not the same file.
    #[error("recording {recording} differs from recording 1:\n{difference}")]
    LogsDiffer {
        /// The number of the second.
        recording: u32,
        /// Where they differ first.
        difference: String,
    },
    /// Moving over the recording did not go as expected.
    #[error("{what}: {message}")]
    Travel {
        /// Which step, on which recording.
        what: String,
        /// Which move, and what was wrong.
        message: String,
    },
    /// The log is not the reviewed one.
    #[error("the log is not the golden one: {difference}{note}")]
    Golden {
        /// Where they differ first.
        difference: String,
        /// What may explain it.
        note: String,
    },
    /// The dump of a log is not the log.
    #[error("{what}: {message}")]
    Dump {
        /// Of which recording.
        what: String,
        /// What is wrong with it.
        message: String,
    },
    /// A disk's file was written.
    #[error("the file of disk {disk} has changed: {path}")]
    DiskChanged {
        /// Which disk, counted from 0.
        disk: usize,
        /// Its file.
        path: String,
    },
    /// A guest of others is not here.
    #[error("not fetched; run `{0}`")]
    NotFetched(String),
    /// There is no emulator to run.
    #[error("no emulator: {0}")]
    NoEmulator(String),
    /// The host failed us.
    #[error("host: {0}")]
    Host(#[from] io::Error),
}

impl Failure {
    /// What a fault was given away by, if that is what this is.
    #[must_use]
    pub const fn gives_away(&self) -> Option<Caught> {
        match self {
            Self::LogsDiffer { .. } => Some(Caught::DifferentLogs),
            Self::Ended { ended: Ended::Exited(1), .. } => Some(Caught::Divergence),
            Self::Ended { ended: Ended::Exited(4), .. } => Some(Caught::Dead),
            Self::Travel { .. } => Some(Caught::Debug),
            Self::Dump { .. } => Some(Caught::Dump),
            Self::Console { .. } => Some(Caught::Console),
            Self::Golden { .. } => Some(Caught::Golden),
            _ => None,
        }
    }
}

/// What a process left behind.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What was run.
    pub command: String,
    /// What it said on standard error.
    pub stderr: String,
    /// The last of what the guest printed.
    pub console: String,
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n  command: {}", self.command)?;
        for (name, text) in [("stderr", &self.stderr), ("console, its end", &self.console)] {
            if text.trim().is_empty() {
                write!(f, "\n  {name}: empty")?;
            } else {
                write!(f, "\n  {name}:\n{}", indent(text).trim_end())?;
            }
        }
        Ok(())
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {}\n", line.trim_end_matches('\r'))).collect()
}

fn ending(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => status(code),
        Ended::Signalled(signal) => format!("signal {signal}"),
        Ended::TimedOut => "its deadline".to_owned(),
    }
}

/// The emulator's exit statuses.
fn status(code: i32) -> String {
    let meaning = match code {
        0 => "power-off",
        1 => "a divergence",
        2 => "bad input",
        3 => "an internal error",
        4 => "stopped otherwise",
        101 => "a panic",
        _ => "unknown",
    };
    format!("status {code} ({meaning})")
}

/// Lines shown on either side of a difference.
const CONTEXT: usize = 4;

/// The first line in which two texts differ, with its neighbours from both.
pub(crate) fn first_difference(
    expected_name: &str,
    expected: &str,
    actual_name: &str,
    actual: &str,
) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) =
        (expected.lines().collect(), actual.lines().collect());
    let at = expected.iter().zip(&actual).take_while(|(a, b)| a == b).count();
    let mut text = format!("first difference in line {}:\n", at + 1);
    for (name, lines) in [(expected_name, expected), (actual_name, actual)] {
        let _ = writeln!(text, "  {name}:");
        let (first, end) = (at.saturating_sub(CONTEXT), lines.len().min(at + CONTEXT + 1));
        for (index, line) in lines.iter().enumerate().take(end).skip(first) {
            let mark = if index == at { '>' } else { ' ' };
            let _ = writeln!(text, "    {mark} {}  {}", index + 1, visible(line));
        }
        if at >= lines.len() {
            let _ = writeln!(text, "    > the end, after line {}", lines.len());
        }
    }
    text
}

/// A line with its control characters spelled out: a terminal would obey them, and they may be all that differs.
fn visible(line: &str) -> String {
    let spell = |c: char| match c {
        '\t' => c.to_string(),
        _ if c.is_control() => c.escape_default().to_string(),
        _ => c.to_string(),
    };
    line.chars().map(spell).collect()
}

/// The end of what a process wrote: enough to see what it was doing.
pub(crate) fn tail(bytes: &[u8]) -> String {
    const MAX_BYTES: usize = 8 << 10;
    const MAX_LINES: usize = 60;
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(MAX_BYTES)..]);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown_from_both_sides() {
        let text = first_difference("golden", "a\n\"b\"\u{1b}\n", "this run", "a\n");
        assert_eq!(
            text,
            "first difference in line 2:\n  golden:\n      1  a\n    > 2  \"b\"\\u{1b}\n  this run:\n      1  a\n    \
             > the end, after line 1\n"
        );
    }

    #[test]
    fn only_the_end_of_much_output_is_shown() {
        let flood: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
        let tail = tail(flood.as_bytes());
        assert_eq!(tail.lines().count(), 60);
        assert!(tail.ends_with("line 99999"));
    }
}
