//! Bounded channels, the only way in which the emulator's threads speak to one another.
//!
//! They are our own because every send and every receive is a point at which a schedule may choose
//! (see [`crate::schedule`]), and because of one need that ready-made channels do not meet: a request to stop has to get
//! through a full channel, and must not keep a channel open that nobody else will ever write to ([`Urgent`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::schedule::{Baton, Site, WaitPoint, Woken, lock};

/// The receiver is gone; the value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody receives any more")]
pub struct SendError<T>(pub T);

/// All senders are gone and the channel is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody sends any more")]
pub struct Disconnected;

/// Why there was nothing to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// Nothing now, or not within the time limit.
    #[error("nothing to receive")]
    Empty,
    /// All senders are gone and the channel is empty.
    #[error("nobody sends any more")]
    Disconnected,
}

struct State<T> {
    queue: VecDeque<T>,
    senders: usize,
    urgents: usize,
    receiving: bool,
}

struct Shared<T> {
    baton: Baton,
    bound: usize,
    state: Mutex<State<T>>,
    /// Woken when something was put in, or when nothing will be any more.
    filled: WaitPoint,
    /// Woken when something was taken out, or when nothing will be any more.
    emptied: WaitPoint,
}

/// Puts values in. Clones share one channel; it closes when the last is dropped.
pub struct Sender<T>(Arc<Shared<T>>);

/// Puts values in regardless of the bound, never waits, and does not keep the channel open.
///
/// For the few things that must get through however much is queued. Values keep their place: what was sent earlier
/// is received earlier.
pub struct Urgent<T>(Arc<Shared<T>>);

/// Takes values out, in the order in which they were put in.
pub struct Receiver<T>(Arc<Shared<T>>);

impl Baton {
    /// A channel that holds at most `bound` values (at least one).
    #[must_use]
    pub fn channel<T>(&self, bound: usize) -> (Sender<T>, Receiver<T>) {
        let state = State { queue: VecDeque::new(), senders: 1, urgents: 0, receiving: true };
        let kind = short_name(std::any::type_name::<T>());
        let shared = Arc::new(Shared {
            baton: self.clone(),
            bound: bound.max(1),
            state: Mutex::new(state),
            filled: self.wait_point(format!("a {kind} in a channel")),
            emptied: self.wait_point(format!("room for a {kind} in a channel")),
        });
        (Sender(Arc::clone(&shared)), Receiver(shared))
    }
}

/// A type's name without the modules that it is in.
fn short_name(name: &str) -> String {
    let part = |part: &str| part.rsplit("::").next().unwrap_or_default().to_owned();
    let parts: Vec<_> = name.split_inclusive(['<', '>', ',', ' ', '(', ')']).map(part).collect();
    parts.concat()
}

impl<T> Sender<T> {
    /// Puts `value` in, waiting for room.
    ///
    /// # Errors
    /// The receiver is gone.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let shared = &*self.0;
        shared.baton.yield_point(Site::Send);
        loop {
            let ticket = {
                let mut state = lock(&shared.state);
                if !state.receiving {
                    return Err(SendError(value));
                }
                if state.queue.len() < shared.bound {
                    state.queue.push_back(value);
                    break;
                }
                shared.emptied.ticket()
            };
            shared.baton.wait(Site::Send, &shared.emptied, ticket, None);
        }
        shared.baton.wake(&shared.filled);
        Ok(())
    }

    /// A way past the bound into the same channel.
    #[must_use]
    pub fn urgent(&self) -> Urgent<T> {
        lock(&self.0.state).urgents += 1;
        Urgent(Arc::clone(&self.0))
    }
}

impl<T> Urgent<T> {
    /// Puts `value` in at once, behind what is there.
    ///
    /// # Errors
    /// The receiver is gone.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.0.baton.yield_point(Site::Send);
        {
            let mut state = lock(&self.0.state);
            if !state.receiving {
                return Err(SendError(value));
            }
            state.queue.push_back(value);
        }
        self.0.baton.wake(&self.0.filled);
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Takes the next value, waiting for one.
    ///
    /// # Errors
    /// The channel is empty and all senders are gone.
    pub fn recv(&self) -> Result<T, Disconnected> {
        self.receive_until(None).map_err(|_| Disconnected)
    }

    /// Takes the next value, waiting at most for `limit`.
    ///
    /// # Errors
    /// There was none in that time, or the channel is empty and all senders are gone.
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, ReceiveError> {
        self.receive_until(self.0.baton.now().checked_add(limit))
    }

    /// Takes the next value if there is one.
    ///
    /// # Errors
    /// There is none, or the channel is empty and all senders are gone.
    pub fn try_recv(&self) -> Result<T, ReceiveError> {
        self.0.baton.yield_point(Site::TryReceive);
        let value = self.take(&mut lock(&self.0.state));
        if value.is_ok() {
            self.0.baton.wake(&self.0.emptied);
        }
        value
    }

    /// Waits until there is something to receive, at most for `limit`. Says whether there is.
    #[must_use]
    pub fn wait_ready(&self, limit: Duration) -> bool {
        let deadline = self.0.baton.now().checked_add(limit);
        self.0.baton.yield_point(Site::TryReceive);
        loop {
            let ticket = {
                let state = lock(&self.0.state);
                if !state.queue.is_empty() {
                    return true;
                }
                self.0.filled.ticket()
            };
            // Time passes also when nobody can send any more.
            let left = deadline.map(|at| at.saturating_sub(self.0.baton.now()));
            let woken = self.0.baton.wait(Site::Receive, &self.0.filled, ticket, left);
            if woken == Woken::TimedOut {
                return !lock(&self.0.state).queue.is_empty();
            }
        }
    }

    /// Takes the next value, waiting for one also when only something urgent can still come.
    ///
    /// # Errors
    /// The channel is empty, and nothing at all can come.
    pub fn recv_urgent(&self) -> Result<T, Disconnected> {
        const LOOK: Duration = Duration::from_secs(1);
        loop {
            match self.try_recv() {
                Ok(value) => return Ok(value),
                Err(_) if self.has_senders() || self.has_urgent() => {}
                Err(_) => return Err(Disconnected),
            }
            // Somebody who can still send may also go without a word, and that wakes nobody.
            let _ = self.wait_ready(LOOK);
        }
    }

    fn has_senders(&self) -> bool {
        lock(&self.0.state).senders > 0
    }

    /// Whether something urgent can still come, even if all senders are gone.
    #[must_use]
    pub fn has_urgent(&self) -> bool {
        lock(&self.0.state).urgents > 0
    }

    fn receive_until(&self, deadline: Option<Duration>) -> Result<T, ReceiveError> {
        let shared = &*self.0;
        shared.baton.yield_point(Site::Receive);
        let mut over = false;
        loop {
            let ticket = {
                let mut state = lock(&shared.state);
                let value = self.take(&mut state);
                if over || !matches!(value, Err(ReceiveError::Empty)) {
                    drop(state);
                    if value.is_ok() {
                        shared.baton.wake(&shared.emptied);
                    }
                    return value;
                }
                shared.filled.ticket()
            };
            let left = deadline.map(|at| at.saturating_sub(shared.baton.now()));
            let woken = shared.baton.wait(Site::Receive, &shared.filled, ticket, left);
            over = woken == Woken::TimedOut;
        }
    }

    fn take(&self, state: &mut State<T>) -> Result<T, ReceiveError> {
        state.queue.pop_front().ok_or(match state.senders {
            0 => ReceiveError::Disconnected,
            _ => ReceiveError::Empty,
        })
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for Urgent<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).urgents += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.baton.yield_point(Site::Close);
        let last = {
            let mut state = lock(&self.0.state);
            state.senders -= 1;
            state.senders == 0
        };
        if last {
            self.0.baton.wake(&self.0.filled);
        }
    }
}

impl<T> Drop for Urgent<T> {
    fn drop(&mut self) {
        lock(&self.0.state).urgents -= 1;
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.baton.yield_point(Site::Close);
        // Taken out of the lock: a value's own drop may do anything.
        let _unread = {
            let mut state = lock(&self.0.state);
            state.receiving = false;
            std::mem::take(&mut state.queue)
        };
        self.0.baton.wake(&self.0.emptied);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both without control and with one thread at a time: the channel must not care.
    fn batons() -> [Baton; 2] {
        [Baton::os(), Baton::random(5)]
    }

    /// Catches values of one sender that overtake each other, get lost or are doubled, around a full channel.
    #[test]
    fn order_is_kept_for_each_sender() {
        for baton in batons() {
            let (sender, receiver) = baton.channel(3);
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let sender = sender.clone();
                    baton.spawn("sender", move || {
                        (0..1000).try_for_each(|value| sender.send((thread, value)))
                    })
                })
                .collect();
            drop(sender);
            let mut next = [0; 4];
            while let Ok((thread, value)) = receiver.recv() {
                assert_eq!(value, next[thread]);
                next[thread] += 1;
            }
            assert_eq!(next, [1000; 4]);
            for thread in threads {
                thread.expect("started").join().expect("no panic").expect("received");
            }
        }
    }

    /// Catches a bound that does not hold: a fast guest would fill the host's memory with its output.
    #[test]
    fn a_full_channel_makes_its_sender_wait() {
        let baton = Baton::os();
        let (sender, receiver) = baton.channel(2);
        let filler = baton.spawn("filler", move || (0..9).try_for_each(|n| sender.send(n)));
        let filler = filler.expect("started");
        baton.sleep(Duration::from_millis(50));
        assert_eq!(lock(&receiver.0.state).queue.len(), 2);
        assert!(!filler.is_finished());
        for n in 0..9 {
            assert_eq!(receiver.recv(), Ok(n));
        }
        assert_eq!(receiver.recv(), Err(Disconnected));
        assert_eq!(filler.join(), Ok(Ok(())));
    }

    /// Catches a sender that waits for ever for a receiver that is gone, and a value that is lost with it.
    #[test]
    fn a_gone_receiver_frees_its_senders() {
        for baton in batons() {
            let (sender, receiver) = baton.channel(1);
            sender.send(1).expect("room");
            let blocked = baton.spawn("blocked", move || sender.send(2)).expect("started");
            baton.sleep(Duration::from_millis(20));
            drop(receiver);
            assert_eq!(blocked.join(), Ok(Err(SendError(2))));
        }
    }

    /// Catches confusing an empty channel with a closed one, and values that are lost when it closes.
    #[test]
    fn empty_and_disconnected_differ() {
        for baton in batons() {
            let (sender, receiver) = baton.channel(2);
            assert_eq!(receiver.try_recv(), Err(ReceiveError::Empty));
            sender.send(1).expect("room");
            let other = sender.clone();
            drop(sender);
            assert_eq!(receiver.try_recv(), Ok(1));
            assert_eq!(receiver.try_recv(), Err(ReceiveError::Empty));
            other.send(2).expect("room");
            drop(other);
            assert_eq!(receiver.try_recv(), Ok(2));
            assert_eq!(receiver.try_recv(), Err(ReceiveError::Disconnected));
            assert_eq!(receiver.recv(), Err(Disconnected));
        }
    }

    /// Catches a time limit that is ignored, that cuts a wait short, or that outlasts the last sender.
    #[test]
    fn time_limits() {
        for baton in batons() {
            let (sender, receiver) = baton.channel(1);
            let limit = Duration::from_millis(30);
            let start = baton.now();
            assert_eq!(receiver.recv_timeout(limit), Err(ReceiveError::Empty));
            assert!(!receiver.wait_ready(limit));
            assert!(baton.now() - start >= limit * 2);
            sender.send(1).expect("room");
            assert!(receiver.wait_ready(Duration::from_secs(100)));
            assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
            drop(sender);
            let long = Duration::from_secs(100);
            assert_eq!(receiver.recv_timeout(long), Err(ReceiveError::Disconnected));
        }
    }

    /// Catches an urgent value that waits for room, that overtakes others, or a handle that keeps the channel open.
    #[test]
    fn urgent_values_pass_the_bound_but_nobody() {
        for baton in batons() {
            let (sender, receiver) = baton.channel(1);
            let urgent = sender.urgent();
            sender.send(1).expect("room");
            urgent.send(2).expect("open");
            drop(sender);
            assert_eq!(receiver.recv(), Ok(1));
            assert_eq!(receiver.recv(), Ok(2));
            assert_eq!(receiver.recv(), Err(Disconnected));
            assert!(receiver.has_urgent());
            drop(receiver);
            assert_eq!(urgent.send(3), Err(SendError(3)));
        }
    }
}
