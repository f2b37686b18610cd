//! The user's side of the guest's console.
//!
//! Two threads stand between the machine and the user's terminal or pipes, because reads wait for keys and writes
//! for slow readers: one turns what is typed into inputs at the door, the other writes out what the guest says. A full
//! pipe stalls them, and in the end the machine, in wall time only.

mod escape;
mod reader;
mod writer;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use lockstep_core::Input;

use crate::channel::{Sender, Urgent};
use crate::schedule::Baton;
use crate::terminal::RawMode;
use crate::thread::{JoinHandle, Panicked, SpawnError};
use escape::Escape;

/// Pieces of output under way to the writer before the machine has to wait.
const BOUND: usize = 64;

/// The console could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The host refused.
    #[error("cannot use the terminal: {0}")]
    Host(#[from] io::Error),
    /// There was no thread for it.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

/// How a console is connected.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleOptions {
    /// The board's number for the console port that is typed to.
    pub port: u8,
    /// The key that introduces commands to the emulator on a terminal; `None` passes every key on.
    pub escape: Option<u8>,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { port: 0, escape: Some(escape::CTRL_A) }
    }
}

/// What became of the console's output.
#[derive(Debug, Default)]
pub struct ConsoleOutcome {
    /// Bytes written.
    pub written: u64,
    /// Bytes that nobody wanted any more.
    pub discarded: u64,
    /// Why nothing more could be written; a reader that went away is of kind [`io::ErrorKind::BrokenPipe`].
    pub error: Option<io::Error>,
}

/// The machine's end of the console's output.
pub struct ConsoleOutput {
    pieces: Sender<Vec<u8>>,
    #[cfg(feature = "faults")]
    page: crate::faults::OnePage,
}

impl ConsoleOutput {
    /// Hands over what the guest wrote. Waits, in wall time only, while the reader is far behind.
    pub fn write(&self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            // Fails only if the writer panicked, and then `Console::finish` says so.
            let _ = self.pieces.send(bytes);
        }
    }

    /// Hands over as much as a pipe of one page holds, without waiting; says how much that was.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn write_some(&self, bytes: &[u8]) -> usize {
        let taken = self.page.take(bytes.len());
        self.write(bytes[..taken].to_vec());
        taken
    }
}

/// A console that is connected to the user.
pub struct Console {
    raw: Option<RawMode>,
    /// Closed to tell the reader to end, if there is one.
    quit: Option<OwnedFd>,
    writer: JoinHandle<ConsoleOutcome>,
}

impl Console {
    /// Connects standard input and output. A terminal goes into raw mode and gets the escape key.
    ///
    /// # Errors
    /// The host refused.
    pub fn stdio(
        baton: &Baton,
        inputs: Sender<Input>,
        options: ConsoleOptions,
    ) -> Result<(Self, ConsoleOutput), ConsoleError> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        Self::connect(baton, inputs, options, stdin, stdout)
    }

    /// Connects standard output only: nobody types.
    ///
    /// # Errors
    /// The host refused.
    pub fn output_only(baton: &Baton) -> Result<(Self, ConsoleOutput), ConsoleError> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        let (writer, output) = start_writer(baton, stdout)?;
        Ok((Self { raw: None, quit: None, writer }, output))
    }

    /// Connects `from` (what the user types) and `to` (what the guest says).
    ///
    /// # Errors
    /// The host refused.
    pub fn connect(
        baton: &Baton,
        inputs: Sender<Input>,
        options: ConsoleOptions,
        from: OwnedFd,
        to: OwnedFd,
    ) -> Result<(Self, ConsoleOutput), ConsoleError> {
        let raw = RawMode::enter(from.as_fd())?;
        let (quitting, quit) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(io::Error::from)?;
        let escape = options.escape.filter(|_| raw.is_some()).map(Escape::new);
        let stop: Urgent<Input> = inputs.urgent();
        let reader = reader::Reader {
            baton: baton.clone(),
            port: options.port,
            escape,
            from,
            quitting,
            inputs,
            stop,
        };
        let (writer, output) = start_writer(baton, to)?;
        // Not joined: it may be waiting for the machine to take an input, which it never will.
        baton.spawn("console-reader", move || reader.run())?;
        Ok((Self { raw, quit: Some(quit), writer }, output))
    }

    /// Disconnects, once everything that was handed to `output` is written, and restores the terminal.
    ///
    /// # Errors
    /// The writer panicked.
    pub fn finish(self, output: ConsoleOutput) -> Result<ConsoleOutcome, Panicked> {
        drop(output);
        let outcome = self.writer.join();
        drop(self.quit);
        drop(self.raw);
        outcome
    }
}

fn start_writer(
    baton: &Baton,
    to: OwnedFd,
) -> Result<(JoinHandle<ConsoleOutcome>, ConsoleOutput), SpawnError> {
    let (output, outputs) = baton.channel(BOUND);
    let writer = writer::Writer::new(baton.clone(), to);
    let output = ConsoleOutput {
        pieces: output,
        #[cfg(feature = "faults")]
        page: writer.page(),
    };
    let writer = baton.spawn("console-writer", move || writer.run(&outputs))?;
    Ok((writer, output))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::time::Duration;

    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    use super::*;
    use crate::channel::Receiver;

    struct Pipes {
        baton: Baton,
        console: Console,
        output: ConsoleOutput,
        inputs: Receiver<Input>,
        keys: File,
        screen: File,
    }

    fn pipe() -> (OwnedFd, OwnedFd) {
        pipe_with(PipeFlags::CLOEXEC).expect("a pipe")
    }

    fn connect() -> Pipes {
        let baton = Baton::os();
        let (from, keys) = pipe();
        let (screen, to) = pipe();
        // As small and as awkward as the host allows: one page, and partial writes.
        fcntl_setpipe_size(&to, 4096).expect("one page");
        fcntl_setfl(&to, OFlags::NONBLOCK).expect("non-blocking");
        let (sender, inputs) = baton.channel(4);
        let options = ConsoleOptions::default();
        let (console, output) =
            Console::connect(&baton, sender, options, from, to).expect("connected");
        Pipes { baton, console, output, inputs, keys: keys.into(), screen: screen.into() }
    }

    fn flood() -> Vec<u8> {
        (0..300_000_u32).map(|n| (n * 7 / 8) as u8).collect()
    }

    /// Catches partial writes whose rest is lost or repeated, and a full pipe taken for an error.
    #[test]
    fn a_slow_reader_gets_every_byte() {
        let mut pipes = connect();
        let mut screen = pipes.screen;
        let baton = pipes.baton.clone();
        let reader = pipes.baton.spawn("slow-reader", move || {
            let (mut seen, mut piece) = (Vec::new(), [0; 3000]);
            while let Ok(count @ 1..) = screen.read(&mut piece) {
                seen.extend_from_slice(&piece[..count]);
                if seen.len() % 7 == 0 {
                    baton.sleep(Duration::from_millis(1));
                }
            }
            seen
        });
        for piece in flood().chunks(10_007) {
            pipes.output.write(piece.to_vec());
        }
        let outcome = pipes.console.finish(pipes.output).expect("no panic");
        let seen = reader.expect("started").join().expect("no panic");
        assert!(seen == flood(), "{} bytes differ from what was written", seen.len());
        assert_eq!((outcome.written, outcome.discarded), (300_000, 0));
        assert!(outcome.error.is_none());
        pipes.keys.flush().expect("still open");
    }

    /// Catches a reader that goes away (`| head`) and takes the run with it, or makes it wait for ever.
    #[test]
    fn a_gone_reader_does_not_stop_the_guest() {
        let mut pipes = connect();
        let mut first = [0; 10];
        pipes.output.write(flood()[..100].to_vec());
        pipes.screen.read_exact(&mut first).expect("read");
        drop(pipes.screen);
        for piece in flood().chunks(1000) {
            pipes.output.write(piece.to_vec());
        }
        let outcome = pipes.console.finish(pipes.output).expect("no panic");
        let kind = outcome.error.map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::BrokenPipe));
        assert_eq!(outcome.written + outcome.discarded, 300_100);
    }

    /// Catches keys that a pipe loses, commands found in a pipe, and an end of input that is more than that.
    #[test]
    fn a_pipe_is_passed_on_as_it_is() {
        let mut pipes = connect();
        let keys = b"print\r\x01x\x03\x04\xff\0".repeat(1000);
        let expected = keys.clone();
        let typist = pipes.baton.spawn("typist", move || pipes.keys.write_all(&keys));
        let mut typed = Vec::new();
        while let Ok(input) = pipes.inputs.recv() {
            match input {
                Input::Console { port: 0, bytes } => typed.extend(bytes),
                other => panic!("{other:?} from a pipe"),
            }
        }
        assert!(typed == expected, "{} bytes differ from what was typed", typed.len());
        typist.expect("started").join().expect("no panic").expect("written");
        pipes.console.finish(pipes.output).expect("no panic");
    }

    /// Catches a console that cannot be finished while its user still could type.
    #[test]
    fn finishing_ends_the_reader() {
        let pipes = connect();
        pipes.console.finish(pipes.output).expect("no panic");
        // The reader gave up its sender, though the pipe is open.
        assert!(pipes.inputs.recv().is_err());
        drop(pipes.keys);
    }
}
