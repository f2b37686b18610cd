//! Packets on a byte stream.
//!
//! A byte stream from outside can hold anything: half a packet, a packet with a wrong sum, one without end, an
//! interrupt in the middle of it all. None of that is the protocol's business, so it ends here: what comes out are whole
//! packets, interrupts, and packets that have to be refused. Acknowledgements and retransmission are done here, too.

use std::collections::VecDeque;

/// The most bytes that a packet may have between `$` and `#`. A debugger is told four more, which are the frame.
pub(crate) const PACKET_LIMIT: usize = 0x4000 - 4;

/// The byte by which a debugger asks a running target to stop.
const INTERRUPT: u8 = 0x03;

/// What a debugger sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A whole packet, without its frame.
    Packet(Vec<u8>),
    /// A request to stop.
    Interrupt,
    /// A packet that cannot be used, and that will not be sent again.
    Refused,
}

/// A packet with its frame.
#[must_use]
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.push(b'$');
    frame.extend_from_slice(body);
    frame.extend_from_slice(format!("#{:02x}", sum(body)).as_bytes());
    frame
}

fn sum(body: &[u8]) -> u8 {
    body.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[derive(Clone, Copy, Debug)]
enum State {
    Between,
    Body,
    Sum(Option<u8>),
}

/// The frames of one connection.
#[derive(Debug)]
pub(crate) struct Wire {
    state: State,
    body: Vec<u8>,
    too_long: bool,
    /// Packets are acknowledged: so every connection begins.
    acknowledge: bool,
    last: Vec<u8>,
    incoming: VecDeque<Incoming>,
    outgoing: Vec<u8>,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            state: State::Between,
            body: Vec::new(),
            too_long: false,
            acknowledge: true,
            last: Vec::new(),
            incoming: VecDeque::new(),
            outgoing: Vec::new(),
        }
    }
}

impl Wire {
    /// Takes bytes as they come.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.take(*byte);
        }
    }

    /// The next thing that the debugger sent.
    pub(crate) fn next(&mut self) -> Option<Incoming> {
        self.incoming.pop_front()
    }

    /// Whether the debugger has asked for a stop that nobody has seen yet.
    #[must_use]
    pub(crate) fn has_interrupt(&self) -> bool {
        self.incoming.contains(&Incoming::Interrupt)
    }

    /// Forgets requests to stop: what they would have stopped has stopped.
    pub(crate) fn forget_interrupts(&mut self) {
        self.incoming.retain(|incoming| *incoming != Incoming::Interrupt);
    }

    /// Packets that came and were not asked for. A debugger that talks to a running target piles them up.
    #[must_use]
    pub(crate) fn waiting(&self) -> usize {
        self.incoming.len()
    }

    /// Packets are no longer acknowledged.
    pub(crate) fn stop_acknowledging(&mut self) {
        self.acknowledge = false;
    }

    /// Sends a packet.
    pub(crate) fn send(&mut self, body: &[u8]) {
        self.send_framed(&frame(body));
    }

    /// Sends a packet that has its frame.
    pub(crate) fn send_framed(&mut self, frame: &[u8]) {
        self.outgoing.extend_from_slice(frame);
        self.last.clear();
        self.last.extend_from_slice(frame);
    }

    /// What has to be written to the stream.
    pub(crate) fn outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    fn take(&mut self, byte: u8) {
        match (self.state, byte) {
            // In a packet this byte is always escaped: the last one was cut off.
            (_, b'$') => self.begin(),
            (State::Between, INTERRUPT) => self.incoming.push_back(Incoming::Interrupt),
            (State::Between, b'-') if self.acknowledge => {
                self.outgoing.extend_from_slice(&self.last);
            }
            // Acknowledgements, and noise.
            (State::Between, _) => {}
            (State::Body, b'#') => self.state = State::Sum(None),
            (State::Body, _) if self.body.len() == PACKET_LIMIT => self.too_long = true,
            (State::Body, _) => self.body.push(byte),
            (State::Sum(None), _) => self.state = State::Sum(Some(byte)),
            (State::Sum(Some(high)), _) => self.end(high, byte),
        }
    }

    fn begin(&mut self) {
        self.state = State::Body;
        self.body.clear();
        self.too_long = false;
    }

    fn end(&mut self, high: u8, low: u8) {
        self.state = State::Between;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let sent = digit(high).zip(digit(low)).map(|(high, low)| (high * 16 + low) as u8);
        // Of a packet that is too long not everything is here; it is well-formed as far as anybody knows.
        let whole = self.too_long || sent == Some(sum(&self.body));
        match (whole, self.acknowledge) {
            (true, true) => self.outgoing.push(b'+'),
            (false, true) => {
                // It will be sent again.
                self.outgoing.push(b'-');
                return;
            }
            (_, false) => {}
        }
        let body = std::mem::take(&mut self.body);
        let usable = whole && !self.too_long;
        self.incoming.push_back(if usable { Incoming::Packet(body) } else { Incoming::Refused });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(text: &str) -> Incoming {
        Incoming::Packet(text.as_bytes().to_vec())
    }

    fn all(wire: &mut Wire) -> Vec<Incoming> {
        std::iter::from_fn(|| wire.next()).collect()
    }

    /// Catches packets that are lost or glued together when the stream hands them over in other portions.
    #[test]
    fn packets_come_out_whole_however_they_come_in() {
        let stream = b"+$g#67\x03$m0,4#fd--";
        let mut whole = Wire::default();
        whole.feed(stream);
        let mut bytewise = Wire::default();
        stream.iter().for_each(|byte| bytewise.feed(&[*byte]));
        let expected = [packet("g"), Incoming::Interrupt, packet("m0,4")];
        assert_eq!(all(&mut whole), expected);
        assert_eq!(all(&mut bytewise), expected);
        assert_eq!(whole.outgoing(), b"++");
    }

    /// Catches a damaged packet that is used, or that ends the conversation.
    #[test]
    fn a_wrong_sum_asks_for_another_try() {
        let mut wire = Wire::default();
        wire.feed(b"$g#68$g#zz$g#67");
        assert_eq!(all(&mut wire), [packet("g")]);
        assert_eq!(wire.outgoing(), b"--+");
    }

    /// Catches a debugger that waits for ever because a damaged packet, which it will not send again, has no answer.
    #[test]
    fn without_acknowledgements_a_wrong_sum_is_refused() {
        let mut wire = Wire::default();
        wire.stop_acknowledging();
        wire.feed(b"$g#68$g#67");
        assert_eq!(all(&mut wire), [Incoming::Refused, packet("g")]);
        assert_eq!(wire.outgoing(), b"");
    }

    /// Catches a packet without end that fills memory, or that takes the next one with it.
    #[test]
    fn a_packet_may_be_too_long() {
        let mut wire = Wire::default();
        wire.feed(b"$");
        wire.feed(&vec![b'a'; PACKET_LIMIT + 1]);
        wire.feed(b"#00$g#67");
        assert_eq!(all(&mut wire), [Incoming::Refused, packet("g")]);
        wire.feed(b"$");
        wire.feed(&vec![b'a'; PACKET_LIMIT]);
        let sum = (PACKET_LIMIT as u8).wrapping_mul(b'a');
        wire.feed(format!("#{sum:02x}").as_bytes());
        assert!(matches!(wire.next(), Some(Incoming::Packet(body)) if body.len() == PACKET_LIMIT));
    }

    /// Catches a packet that was cut off and swallows its successor.
    #[test]
    fn a_new_packet_ends_one_that_was_cut_off() {
        let mut wire = Wire::default();
        wire.feed(b"$m0,$g#67$m#$g#67$m#6$g#67");
        assert_eq!(all(&mut wire), [packet("g"), packet("g"), packet("g")]);
    }

    /// Catches an answer that is lost when the debugger asks for it again.
    #[test]
    fn the_last_packet_is_sent_again() {
        let mut wire = Wire::default();
        wire.send(b"OK");
        assert_eq!(wire.outgoing(), b"$OK#9a");
        wire.feed(b"-");
        assert_eq!(wire.outgoing(), b"$OK#9a");
        wire.stop_acknowledging();
        wire.feed(b"-");
        assert_eq!(wire.outgoing(), b"");
    }

    /// Catches an interrupt inside of a packet, where it is data.
    #[test]
    fn an_interrupt_inside_a_packet_is_none() {
        let mut wire = Wire::default();
        wire.feed(b"$X0,1:\x03#");
        assert!(!wire.has_interrupt());
        wire.feed(b"00\x03");
        assert!(wire.has_interrupt());
        wire.forget_interrupts();
        assert_eq!(all(&mut wire), []);
    }
}
