//! A real gdb at a terminal of its own.
//!
//! A debug server that is only tried by its authors' idea of a debugger meets the real one at a user's desk. So gdb
//! is driven as a person drives it: a line is typed, and what it prints up to its next prompt is the answer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rexpect::process::{PtyProcess, Signal};

/// The program: one gdb for all guests.
const PROGRAM: &str = "gdb-multiarch";
const PROMPT: &str = "(gdb) ";
/// Longer than gdb takes for any answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long a gdb that is asked to end may take.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// A conversation with gdb that went wrong.
#[derive(Debug, thiserror::Error)]
#[error("gdb, at `{line}`: {detail}")]
pub struct GdbError {
    /// What was typed last.
    pub line: String,
    /// What happened.
    pub detail: String,
}

/// A gdb. Killed when dropped.
pub struct Gdb {
    process: PtyProcess,
    keyboard: File,
    /// What is on the screen, as it comes.
    screen: Receiver<Vec<u8>>,
    /// What came and was not yet looked at.
    unread: Vec<u8>,
    /// Everything typed and printed so far.
    transcript: String,
}

impl Gdb {
    /// Whether there is a gdb for all guests here.
    #[must_use]
    pub fn is_installed() -> bool {
        let mut command = Command::new(PROGRAM);
        let command = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Starts gdb with the symbols of a file, or none.
    ///
    /// # Errors
    /// It cannot be run, or does not come to its prompt.
    pub fn start(symbols: Option<&Path>) -> Result<Self, GdbError> {
        let mut command = Command::new(PROGRAM);
        // As plain as gdb gets: no files of the user's, no colours, no questions, no pages, no line editing.
        command.args(["-q", "-nx", "-iex", "set style enabled off", "-iex", "set editing off"]);
        command.args(["-iex", "set confirm off", "-iex", "set pagination off"]);
        command.args(["-iex", "set width 0", "-iex", "set debuginfod enabled off"]);
        command.args(symbols).env("TERM", "dumb").env("LC_ALL", "C");
        let failed = |detail: String| GdbError { line: PROGRAM.to_owned(), detail };
        let mut process = PtyProcess::new(command).map_err(|error| failed(error.to_string()))?;
        process.set_kill_timeout(Some(KILL_PATIENCE.as_millis() as u64));
        let terminal = || process.get_file_handle().map_err(|error| failed(error.to_string()));
        let (keyboard, screen) = (terminal()?, read_on(terminal()?));
        let transcript = String::new();
        let mut gdb = Self { process, keyboard, screen, unread: Vec::new(), transcript };
        gdb.wait(PROGRAM)?;
        Ok(gdb)
    }

    /// Attaches to a server.
    ///
    /// # Errors
    /// See [`Gdb::command`].
    pub fn attach(&mut self, address: &str) -> Result<String, GdbError> {
        self.command(&format!("target remote {address}"))
    }

    /// Types a line; gives what gdb prints up to its next prompt.
    ///
    /// # Errors
    /// No prompt comes, or gdb ends.
    pub fn command(&mut self, line: &str) -> Result<String, GdbError> {
        self.type_line(line)?;
        self.wait(line)
    }

    /// Types a line and does not wait for its end.
    ///
    /// # Errors
    /// gdb takes no more.
    pub fn type_line(&mut self, line: &str) -> Result<(), GdbError> {
        self.press(line, format!("{line}\n").as_bytes())
    }

    /// Presses Ctrl-C, and waits for the prompt.
    ///
    /// # Errors
    /// See [`Gdb::command`].
    pub fn interrupt(&mut self) -> Result<String, GdbError> {
        self.press("^C", b"\x03")?;
        self.wait("^C")
    }

    fn press(&mut self, line: &str, keys: &[u8]) -> Result<(), GdbError> {
        let failed =
            |error: io::Error| GdbError { line: line.to_owned(), detail: error.to_string() };
        self.keyboard.write_all(keys).map_err(failed)
    }

    fn wait(&mut self, line: &str) -> Result<String, GdbError> {
        let start = Instant::now();
        while !self.unread.ends_with(PROMPT.as_bytes()) {
            let left = PATIENCE.saturating_sub(start.elapsed());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.unread.extend_from_slice(&bytes),
                Err(error) => {
                    let printed = String::from_utf8_lossy(&self.unread);
                    let detail = format!("no prompt ({error}) after {printed:?}");
                    return Err(GdbError { line: line.to_owned(), detail });
                }
            }
        }
        let printed = std::mem::take(&mut self.unread);
        let printed = String::from_utf8_lossy(&printed).replace('\r', "");
        let printed = printed.strip_suffix(PROMPT).unwrap_or(&printed).to_owned();
        self.transcript.push_str(&format!("{PROMPT}{line}\n{printed}"));
        Ok(printed)
    }

    /// The value of an expression without side effects, as an unsigned number.
    ///
    /// # Errors
    /// It has none; see also [`Gdb::command`].
    pub fn value(&mut self, expression: &str) -> Result<u64, GdbError> {
        let line = format!("printf \"%lu\\n\", (unsigned long)({expression})");
        let printed = self.command(&line)?;
        let value = printed.trim().parse();
        value.map_err(|_| GdbError { line, detail: printed.trim().to_owned() })
    }

    /// Where the timeline is, as the server says it.
    ///
    /// # Errors
    /// See [`Gdb::command`].
    pub fn moment(&mut self) -> Result<String, GdbError> {
        let printed = self.command("monitor moment")?;
        let moment = printed.split_whitespace().nth(1).unwrap_or_default().to_owned();
        Ok(moment)
    }

    /// Everything typed and printed so far, as on the user's screen.
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Ends gdb as a crash would: the server is told nothing.
    pub fn kill(mut self) {
        let _ = self.process.kill(Signal::SIGKILL);
    }
}

/// Reads a terminal until nobody writes to it any more.
fn read_on(mut terminal: File) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = terminal.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
