//! The machine's door for live inputs.
//!
//! Front-end threads put inputs into a channel whenever they come; the machine takes them out at instruction
//! counts of its own choosing. That is where a live input gets its moment, and the only place where host timing meets
//! the guest.

use std::time::Duration;

use lockstep_core::{Clock, Door, Input, Moment, Offer, Output, VirtualTime};

use crate::channel::{ReceiveError, Receiver};

/// Instructions between two looks at the channel: below a millisecond at usual speed, so that nobody feels it, and
/// far enough apart to cost nothing.
pub const DEFAULT_POLL_INTERVAL: u64 = 100_000;

/// A door to a channel of inputs. Inputs come in the order of the channel.
pub struct ChannelDoor {
    inputs: Receiver<Input>,
    interval: u64,
    /// Reads that the host has been asked for and has not done.
    reads: u64,
}

impl ChannelDoor {
    /// A door that is looked at every `interval` instructions (at least one).
    #[must_use]
    pub fn new(inputs: Receiver<Input>, interval: u64) -> Self {
        Self { inputs, interval: interval.max(1), reads: 0 }
    }

    fn offer(&mut self, input: Input) -> Offer {
        if matches!(input, Input::HostRead { .. }) {
            self.reads = self.reads.saturating_sub(1);
        }
        Offer::Input(input)
    }

    /// Waits until there is an input, at most for `limit`. Says whether there is one.
    #[must_use]
    pub fn wait_ready(&self, limit: Duration) -> bool {
        self.inputs.wait_ready(limit)
    }
}

impl Door for ChannelDoor {
    fn poll(&mut self, _now: Moment, _time: VirtualTime) -> Offer {
        match self.inputs.try_recv() {
            Ok(input) => self.offer(input),
            Err(ReceiveError::Empty) => Offer::NotNow,
            // Nobody types any more, but a running guest can still be stopped by a signal.
            Err(ReceiveError::Disconnected) if self.inputs.has_urgent() => Offer::NotNow,
            Err(ReceiveError::Disconnected) => Offer::Never,
        }
    }

    fn next_poll(&self, retired: u64, _clock: &Clock) -> u64 {
        retired.saturating_add(self.interval)
    }

    fn idle(&mut self, now: Moment, next: Option<VirtualTime>) -> Offer {
        // A guest that waits for its disk would see its timers run out while the host reads.
        if self.reads > 0 {
            return match self.inputs.recv_urgent() {
                Ok(input) => self.offer(input),
                Err(_) => Offer::Never,
            };
        }
        // An idle machine with a timer does not wait for anybody.
        if next.is_some() {
            return match self.poll(now, VirtualTime::ZERO) {
                Offer::Never => Offer::NotNow,
                offer => offer,
            };
        }
        // An idle machine does not wait for a signal: if nobody can type any more, it is dead.
        match self.inputs.recv() {
            Ok(input) => self.offer(input),
            Err(_) => Offer::Never,
        }
    }

    fn output(&mut self, output: &Output) {
        if matches!(output, Output::Read(_)) {
            self.reads += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::DEFAULT_NS_PER_INSN;

    use super::*;
    use crate::Baton;

    const NOW: Moment = Moment::START;

    fn key(byte: u8) -> Input {
        Input::Console { port: 0, bytes: vec![byte] }
    }

    /// Catches a door that reorders, merges or drops inputs, or says `Never` too early or too late.
    #[test]
    fn inputs_come_in_channel_order_until_all_senders_are_gone() {
        let (sender, receiver) = Baton::os().channel(10);
        let mut door = ChannelDoor::new(receiver, 100);
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::NotNow);
        let other = sender.clone();
        sender.send(key(b'a')).expect("open");
        other.send(Input::PowerKey).expect("open");
        sender.send(key(b'b')).expect("open");
        drop(sender);
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Input(key(b'a')));
        assert_eq!(door.idle(NOW, None), Offer::Input(Input::PowerKey));
        drop(other);
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Input(key(b'b')));
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Never);
        assert_eq!(door.idle(NOW, None), Offer::Never);
    }

    /// Catches an idle machine that goes on without waiting for its user.
    #[test]
    fn wait_blocks_until_there_is_an_input() {
        let baton = Baton::os();
        let (sender, receiver) = baton.channel(10);
        let mut door = ChannelDoor::new(receiver, 100);
        let typist = baton.spawn("typist", {
            let baton = baton.clone();
            move || {
                baton.sleep(Duration::from_millis(50));
                sender.send(key(b'x'))
            }
        });
        assert_eq!(door.idle(NOW, None), Offer::Input(key(b'x')));
        assert_eq!(door.idle(NOW, None), Offer::Never);
        typist.expect("started").join().expect("no panic").expect("sent");
    }

    /// Catches both ways of getting a stop request wrong when standard input is at its end: a busy guest that
    /// cannot be stopped, and an idle one that waits for a signal for ever.
    #[test]
    fn a_stop_gets_through_when_nobody_types_any_more() {
        let (sender, receiver) = Baton::os().channel(1);
        let mut door = ChannelDoor::new(receiver, 100);
        let stop = sender.urgent();
        sender.send(key(b'a')).expect("open");
        drop(sender);
        stop.send(Input::Stop).expect("open");
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Input(key(b'a')));
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Input(Input::Stop));
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::NotNow);
        assert_eq!(door.idle(NOW, None), Offer::Never);
        drop(stop);
        assert_eq!(door.poll(NOW, VirtualTime::ZERO), Offer::Never);
    }

    /// Catches a next poll that is not in the future, for which a machine would loop on the spot.
    #[test]
    fn the_next_poll_is_later() {
        let (_sender, receiver) = Baton::os().channel(1);
        let door = ChannelDoor::new(receiver, 0);
        assert_eq!(door.next_poll(41, &Clock::new(DEFAULT_NS_PER_INSN)), 42);
        assert_eq!(door.next_poll(u64::MAX, &Clock::new(DEFAULT_NS_PER_INSN)), u64::MAX);
    }
}
