//! The escape key: how a user on a raw terminal speaks to the emulator and not to the guest.

use std::mem;

/// The usual escape key.
pub(super) const CTRL_A: u8 = 1;

/// What a key meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// These bytes are for the guest.
    Type(Vec<u8>),
    /// End the run.
    Stop,
    /// Press the power key.
    PowerKey,
    /// Press the reset key.
    Reset,
    /// Show what the keys are.
    Help,
}

/// Tells commands from what is typed. A command is the escape key and one more, however they arrive.
pub(super) struct Escape {
    key: u8,
    /// The last byte was the escape key.
    pending: bool,
}

impl Escape {
    pub(super) fn new(key: u8) -> Self {
        Self { key, pending: false }
    }

    /// What `bytes` mean, in order.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut typed = Vec::new();
        for &byte in bytes {
            if !mem::take(&mut self.pending) {
                self.pending = byte == self.key;
                if !self.pending {
                    typed.push(byte);
                }
                continue;
            }
            let action = match byte {
                b'x' | b'X' => Action::Stop,
                b'p' | b'P' => Action::PowerKey,
                b'r' | b'R' => Action::Reset,
                b'h' | b'H' | b'?' => Action::Help,
                _ if byte == self.key => {
                    typed.push(byte);
                    continue;
                }
                // A slip; typing it to the guest could do anything.
                _ => continue,
            };
            if !typed.is_empty() {
                actions.push(Action::Type(mem::take(&mut typed)));
            }
            actions.push(action);
        }
        if !typed.is_empty() {
            actions.push(Action::Type(typed));
        }
        actions
    }

    /// The help text, for a terminal in raw mode.
    pub(super) fn help(&self) -> String {
        let name = match self.key {
            key @ 1..=26 => format!("Ctrl-{}", char::from(key - 1 + b'A')),
            key => format!("{:?}", char::from(key)),
        };
        [
            format!("\r\n{name} x  stop the run"),
            format!("{name} p  press the power key"),
            format!("{name} r  press the reset key"),
            format!("{name} {name}  type {name} to the guest"),
            format!("{name} h  this help\r\n"),
        ]
        .join("\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Action {
        Action::Type(text.as_bytes().to_vec())
    }

    /// Catches commands that overtake what was typed before them, and lost bytes.
    #[test]
    fn order_is_kept() {
        let actions = Escape::new(CTRL_A).feed(b"ab\x01pc\x01r\x01hd\x01x");
        let expected = [
            typed("ab"),
            Action::PowerKey,
            typed("c"),
            Action::Reset,
            Action::Help,
            typed("d"),
            Action::Stop,
        ];
        assert_eq!(actions, expected);
    }

    /// Catches a command that is missed when its two keys come in two reads.
    #[test]
    fn a_command_may_come_in_two_parts() {
        let mut escape = Escape::new(CTRL_A);
        assert_eq!(escape.feed(b"a\x01"), [typed("a")]);
        assert_eq!(escape.feed(b"xb"), [Action::Stop, typed("b")]);
    }

    /// Catches a guest that can never be sent the escape key, and a doubled one that starts a command.
    #[test]
    fn the_escape_key_twice_is_the_key() {
        assert_eq!(Escape::new(CTRL_A).feed(b"\x01\x01x"), [typed("\x01x")]);
    }

    /// Catches mistyped commands that reach the guest.
    #[test]
    fn an_unknown_command_is_nothing() {
        assert_eq!(Escape::new(CTRL_A).feed(b"a\x01zb"), [typed("ab")]);
    }

    /// Catches help that names the wrong key.
    #[test]
    fn help_names_the_key() {
        assert!(Escape::new(20).help().contains("Ctrl-T x  stop the run"));
    }
}
