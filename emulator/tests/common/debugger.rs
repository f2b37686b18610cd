//! A program under `lockstep debug`, and a debugger that speaks its protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use super::{guest, words};

/// Longer than any answer takes on a busy machine.
const ANSWER: Duration = Duration::from_secs(120);

/// A recording of a small guest in a folder of its own, which goes with it.
pub(crate) struct Recorded {
    folder: tempfile::TempDir,
    kernel: PathBuf,
}

impl Recorded {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorded = Self { folder, kernel: guest(name) };
        let mut command = words(["record", "--no-input", "--engine", "auto", "-m", "128M", "-o"]);
        command.arg(recorded.log()).arg("-k").arg(&recorded.kernel);
        if name == "smp" {
            command.args(["--cpus", "2"]);
        }
        super::run(&mut command).with_status(0);
        recorded
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn kernel(&self) -> &Path {
        &self.kernel
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Serves it to debuggers.
    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let socket = self.folder.path().join("socket");
        let mut command = words(["debug"]);
        command.arg(self.log()).arg("-k").arg(&self.kernel).args(options);
        command.arg("--listen").arg(format!("unix:{}", socket.display()));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        // The second line says how to attach, and is printed when one can.
        for _ in 0..2 {
            lines.read_line(&mut said).unwrap();
        }
        assert!(said.contains("gdb-multiarch -q"), "{said}");
        // What it says later is read, so that it never has to wait for that.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Server { child, socket, said }
    }
}

/// A process that serves a recording. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) socket: PathBuf,
    /// What it said when it was ready.
    pub(crate) said: String,
}

impl Server {
    pub(crate) fn attach(&self) -> Client {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(ANSWER)).unwrap();
        Client { stream, console: String::new(), read: Vec::new() }
    }

    /// How the process ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A debugger.
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    /// What the other side wrote to the user.
    pub(crate) console: String,
    read: Vec<u8>,
}

/// A packet with its frame.
pub(crate) fn packet(body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    [b"$", body, format!("#{sum:02x}").as_bytes()].concat()
}

impl Client {
    /// Sends a command without waiting for its answer.
    pub(crate) fn send(&mut self, command: &str) {
        self.stream.write_all(&packet(command.as_bytes())).unwrap();
    }

    /// Sends a command and waits for its answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.send(command);
        self.answer()
    }

    /// Does a `monitor` command; gives what it wrote.
    #[track_caller]
    pub(crate) fn monitor(&mut self, line: &str) -> String {
        self.console.clear();
        let digits: String = line.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(self.ask(&format!("qRcmd,{digits}")), "OK");
        std::mem::take(&mut self.console)
    }

    /// The next packet that is not output for the user.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> String {
        loop {
            let body = self.packet();
            match body.strip_prefix('O') {
                Some(digits) if body != "OK" => self.console.push_str(&text(digits)),
                _ => return body,
            }
        }
    }

    #[track_caller]
    fn packet(&mut self) -> String {
        let start = self.read_up_to(b'$');
        assert!(start.iter().all(|byte| *byte == b'+'), "{:?}", String::from_utf8_lossy(&start));
        let body = self.read_up_to(b'#');
        let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let digits = [self.byte(), self.byte()];
        assert_eq!(std::str::from_utf8(&digits).unwrap(), format!("{sum:02x}"));
        // After a good-bye nobody listens any more.
        let _ = self.stream.write_all(b"+");
        expanded(&body)
    }

    fn byte(&mut self) -> u8 {
        if self.read.is_empty() {
            let mut buffer = [0; 4096];
            let length = self.stream.read(&mut buffer).expect("an answer in time");
            assert!(length > 0, "the connection was closed");
            self.read = buffer[..length].iter().rev().copied().collect();
        }
        self.read.pop().unwrap()
    }

    fn read_up_to(&mut self, end: u8) -> Vec<u8> {
        std::iter::from_fn(|| Some(self.byte()).filter(|byte| *byte != end)).collect()
    }

    /// A register of 64 bits, by its number.
    #[track_caller]
    pub(crate) fn register(&mut self, number: usize) -> u64 {
        let digits = self.ask(&format!("p{number:x}"));
        let value = u64::from_str_radix(&digits, 16);
        value.unwrap_or_else(|_| panic!("register {number}: {digits:?}")).swap_bytes()
    }

    /// Where the timeline is.
    #[track_caller]
    pub(crate) fn moment(&mut self) -> String {
        let text = self.monitor("moment");
        text.split_whitespace().nth(1).unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

/// Text from hexadecimal digits.
fn text(digits: &str) -> String {
    let bytes = (0..digits.len() / 2)
        .map(|place| u8::from_str_radix(&digits[place * 2..place * 2 + 2], 16).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

/// A packet's body with repetitions and escapes undone.
fn expanded(body: &[u8]) -> String {
    let mut out: Vec<u8> = Vec::new();
    let mut rest = body.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'*' => {
                let (last, count) = (*out.last().unwrap(), rest.next().unwrap() - 29);
                out.extend(std::iter::repeat_n(last, count.into()));
            }
            b'}' => out.push(rest.next().unwrap() ^ 0x20),
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
