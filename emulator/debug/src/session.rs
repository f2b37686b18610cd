//! A timeline that debuggers attach to, one after the other.
//!
//! The session outlives its debuggers: where the timeline is, and a branch that was opened, stay when one leaves or
//! dies, and the next one finds them so. What a debugger had set (breakpoints, watchpoints) goes with it.

use lockstep_timeline::Timeline;

use crate::debuggee::{Debuggee, Progress};
use crate::monitor;
use crate::stub::{After, Stub};
use crate::symbols::Symbols;
use crate::wire::{Incoming, PACKET_LIMIT, Wire};

/// Packets that a debugger may send to a running target, which answers none of them, before it counts as out of its mind.
const MOST_WAITING: usize = 10_000;
/// The answer to a packet that cannot be used.
const ERROR: &[u8] = b"E01";
/// The longest stretch of memory that is read at once: two digits a byte.
const MOST_READ: u64 = (PACKET_LIMIT / 2 - 32) as u64;

/// The debugger is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the debugger is gone")]
pub struct Gone;

/// A byte stream to a debugger.
pub trait Stream {
    /// Waits for bytes.
    ///
    /// # Errors
    /// No more will come.
    fn receive(&mut self) -> Result<Vec<u8>, Gone>;
    /// Bytes, if there are any now.
    ///
    /// # Errors
    /// No more will come.
    fn try_receive(&mut self) -> Result<Option<Vec<u8>>, Gone>;
    /// Sends bytes.
    ///
    /// # Errors
    /// Nobody takes them.
    fn send(&mut self, bytes: &[u8]) -> Result<(), Gone>;
    /// Something that tells, while the timeline moves, whether [`Stream::try_receive`] has something to say that cannot
    /// wait for the move's end: an interrupt, say.
    fn watcher(&self) -> Box<dyn FnMut() -> bool + Send>;
}

/// How a debugger left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It said so.
    Detached,
    /// The stream ended.
    Gone,
}

/// A timeline to attach to.
pub struct Session {
    target: Debuggee,
}

impl Session {
    /// A session at the timeline's present moment.
    #[must_use]
    pub fn new(timeline: Timeline, symbols: Symbols) -> Self {
        Self { target: Debuggee::new(timeline, symbols) }
    }

    /// The timeline.
    pub fn timeline(&mut self) -> &mut Timeline {
        &mut self.target.timeline
    }

    /// Where it is, on one line.
    #[must_use]
    pub fn position(&self) -> String {
        monitor::position(self.target.machine(), &self.target.symbols)
    }

    /// The description of the target that GDB gets.
    #[must_use]
    pub fn description(&self) -> &str {
        self.target.registers.description()
    }

    /// Does a `monitor` command.
    pub fn monitor(&mut self, line: &str) -> String {
        monitor::run(&mut self.target, line)
    }

    /// Talks to a debugger until it leaves.
    pub fn serve(&mut self, stream: &mut dyn Stream) -> End {
        self.target.points.detach();
        self.target.plan = None;
        self.target.stuck = false;
        self.target.stopped = self.target.current();
        self.target.timeline.set_interrupt(stream.watcher());
        let mut talk = Conversation { wire: Wire::default(), stub: Stub::default(), stream };
        let end = talk.hold(&mut self.target).unwrap_or(End::Gone);
        self.target.points.detach();
        self.target.plan = None;
        self.target.timeline.set_interrupt(Box::new(|| false));
        end
    }
}

/// One debugger, from its first byte to its last.
struct Conversation<'a> {
    wire: Wire,
    stub: Stub,
    stream: &'a mut dyn Stream,
}

impl Conversation<'_> {
    fn hold(&mut self, target: &mut Debuggee) -> Result<End, Gone> {
        loop {
            while let Some(incoming) = self.wire.next() {
                let after = self.answer(target, &incoming);
                self.flush()?;
                match after {
                    After::Idle => {}
                    After::Running => self.run(target)?,
                    After::Over => return Ok(End::Detached),
                }
            }
            let bytes = self.stream.receive()?;
            self.wire.feed(&bytes);
            self.flush()?;
        }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let bytes = self.wire.outgoing();
        if bytes.is_empty() { Ok(()) } else { self.stream.send(&bytes) }
    }

    fn answer(&mut self, target: &mut Debuggee, incoming: &Incoming) -> After {
        let body = match incoming {
            Incoming::Packet(body) => body,
            // Whatever it was to stop has stopped.
            Incoming::Interrupt => return After::Idle,
            Incoming::Refused => {
                self.wire.send(ERROR);
                return After::Idle;
            }
        };
        if body == b"QStartNoAckMode" {
            self.wire.send(b"OK");
            self.wire.stop_acknowledging();
            return After::Idle;
        }
        // A debugger that kills its program means to be done with it; the recording stays for the next one.
        if body == b"k" || body.starts_with(b"vKill") {
            self.wire.send(b"OK");
            return After::Over;
        }
        let (answer, after) = self.stub.command(target, &adapted(body));
        match answer {
            Some(packets) if packets.is_empty() => {}
            Some(packets) => self.wire.send_framed(&packets),
            None => self.wire.send(ERROR),
        }
        after
    }

    /// Carries out what the debugger asked for, listening for an interrupt.
    fn run(&mut self, target: &mut Debuggee) -> Result<(), Gone> {
        let reason = loop {
            self.tell(target)?;
            match target.run() {
                Progress::Stopped(reason) => break reason,
                Progress::Interrupted => {
                    while let Some(bytes) = self.stream.try_receive()? {
                        self.wire.feed(&bytes);
                    }
                    self.flush()?;
                    if self.wire.has_interrupt() {
                        self.wire.forget_interrupts();
                        break target.interrupt();
                    }
                    if self.wire.waiting() > MOST_WAITING {
                        return Err(Gone);
                    }
                }
            }
        };
        self.tell(target)?;
        match self.stub.report(target, reason) {
            Some(packets) => self.wire.send_framed(&packets),
            None => self.wire.send(b"S05"),
        }
        self.flush()
    }

    /// Shows the debugger what it has to know. It listens while something runs.
    fn tell(&mut self, target: &mut Debuggee) -> Result<(), Gone> {
        for notice in target.notices.drain(..) {
            for portion in notice.as_bytes().chunks(PACKET_LIMIT / 2 - 1) {
                let mut body = b"O".to_vec();
                for byte in portion {
                    body.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
                self.wire.send(&body);
            }
        }
        self.flush()
    }
}

/// A command as the library can take it.
fn adapted(body: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    // All threads go on in any case, and a step back is one thread's: the one that stopped.
    if text == "Hc-1" || text.starts_with("Hcp") && text.ends_with(".-1") {
        return b"Hc0".to_vec();
    }
    // A debugger without features of its own names none.
    if text == "qSupported" {
        return b"qSupported:swbreak+".to_vec();
    }
    // A debugger takes fewer bytes than it asked for; the library would go on for as many as it is told.
    if let Some((address, length)) = text.strip_prefix('m').and_then(|rest| rest.split_once(','))
        && let Ok(length) = u64::from_str_radix(length, 16)
    {
        return format!("m{address},{:x}", length.min(MOST_READ)).into_bytes();
    }
    body.to_vec()
}
