//! The host's side of a machine's back door: what faults need of it.
//!
//! Bugs of emulators come in by other threads: one that queues work, one that frees memory, one that writes the log as well. Here
//! there is one such thread. It does what it is sent for in order, and when it gets to that is up to the schedule, since
//! being sent, knocking and being answered are steps of [channels](crate::Sender) like any other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_core::faults::{BackDoor, Errand, Knock};

use crate::channel::{Receiver, Sender};
use crate::schedule::{Baton, Site, WaitPoint, lock};
use crate::thread::SpawnError;

/// What the thread can be sent for before its sender has to wait.
const BOUND: usize = 16;
/// Knocks before the thread has to wait for an answer.
const KNOCKS: usize = 1024;

enum Sent {
    Knock(Knock),
    Tick,
    Errand(Errand),
}

/// A back door with its thread.
pub struct Bystander {
    baton: Baton,
    sent: Sender<Sent>,
    knocks: Receiver<Knock>,
    knocker: Sender<Knock>,
    /// Knocks for which the thread was sent and which have not been answered.
    awaited: AtomicU64,
    /// How often the thread has come round, and how often it was sent.
    ticks: Arc<AtomicU64>,
    sent_round: AtomicU64,
    /// Errands that are not done.
    errands: Arc<AtomicU64>,
    turns: Turns,
}

/// A lock that one may wait for under any schedule.
struct Turns {
    state: Mutex<Turn>,
    left: WaitPoint,
}

#[derive(Default)]
struct Turn {
    held: bool,
    /// Those who take turns, and how many there have been.
    tickets: VecDeque<u64>,
    drawn: u64,
}

impl Turn {
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.tickets.push_back(self.drawn);
        self.drawn
    }

    /// Takes the lock, if it is free and nobody came earlier with a ticket of a fair one.
    fn take(&mut self, ticket: Option<u64>) -> bool {
        let mine = !self.held && ticket.is_none_or(|mine| self.tickets.front() == Some(&mine));
        self.held |= mine;
        if mine && ticket.is_some() {
            self.tickets.pop_front();
        }
        mine
    }
}

impl Bystander {
    /// Starts the thread.
    ///
    /// # Errors
    /// The host has none to give.
    pub fn start(baton: &Baton) -> Result<Arc<dyn BackDoor>, SpawnError> {
        let (sent, errands) = baton.channel(BOUND);
        let (knocker, knocks) = baton.channel(KNOCKS);
        let ticks = Arc::new(AtomicU64::new(0));
        let under_way = Arc::new(AtomicU64::new(0));
        let (counter, undone, door) = (Arc::clone(&ticks), Arc::clone(&under_way), knocker.clone());
        // Not joined: it ends when the door is gone.
        baton.spawn("bystander", move || {
            while let Ok(sent) = errands.recv() {
                match sent {
                    Sent::Knock(knock) => drop(door.send(knock)),
                    Sent::Tick => drop(counter.fetch_add(1, Ordering::Relaxed)),
                    Sent::Errand(errand) => {
                        errand();
                        undone.fetch_sub(1, Ordering::Relaxed);
                    }
                }
            }
        })?;
        let turns = Turns { state: Mutex::default(), left: baton.wait_point("the log's lock") };
        let (awaited, sent_round) = (AtomicU64::new(0), AtomicU64::new(0));
        let (baton, errands) = (baton.clone(), under_way);
        Ok(Arc::new(Self {
            baton,
            sent,
            knocks,
            knocker,
            awaited,
            ticks,
            sent_round,
            errands,
            turns,
        }))
    }

    fn answered(&self, knock: Option<Knock>) -> Option<Knock> {
        // What the console says was not sent for.
        if knock.is_some_and(|knock| !matches!(knock, Knock::ShortWrite { .. })) {
            self.awaited.fetch_sub(1, Ordering::Relaxed);
        }
        knock
    }
}

impl BackDoor for Bystander {
    fn send(&self, knock: Knock) {
        self.awaited.fetch_add(1, Ordering::Relaxed);
        let _ = self.sent.send(Sent::Knock(knock));
    }

    fn knock(&self, knock: Knock) {
        let _ = self.knocker.send(knock);
    }

    fn answer(&self) -> Option<Knock> {
        self.answered(self.knocks.try_recv().ok())
    }

    fn wait(&self) -> Option<Knock> {
        let knock = if self.awaits() { self.knocks.recv().ok() } else { None };
        self.answered(knock)
    }

    fn awaits(&self) -> bool {
        self.awaited.load(Ordering::Relaxed) > 0
    }

    fn clock(&self) -> u64 {
        self.sent_round.fetch_add(1, Ordering::Relaxed);
        let _ = self.sent.send(Sent::Tick);
        self.ticks.load(Ordering::Relaxed)
    }

    fn is_late(&self, chances: u64) -> bool {
        let round = self.sent_round.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = self.sent.send(Sent::Tick);
        let is_out = || self.ticks.load(Ordering::Relaxed) < round;
        for _ in 0..chances {
            if !is_out() {
                return false;
            }
            self.baton.yield_point(Site::Send);
        }
        is_out()
    }

    fn linger(&self, chances: u64) {
        for _ in 0..chances {
            if self.errands.load(Ordering::Relaxed) == 0 {
                return;
            }
            self.baton.yield_point(Site::Send);
        }
    }

    fn errand(&self, errand: Errand) {
        self.errands.fetch_add(1, Ordering::Relaxed);
        let _ = self.sent.send(Sent::Errand(errand));
    }

    fn settle(&self) {
        let (done, wait) = self.baton.channel(1);
        self.errand(Box::new(move || {
            let _ = done.send(());
        }));
        let _ = wait.recv();
    }

    fn with_lock(&self, fair: bool, act: &mut dyn FnMut()) {
        self.baton.yield_point(Site::Send);
        let ticket = fair.then(|| lock(&self.turns.state).draw());
        self.baton.yield_point(Site::Send);
        loop {
            let wait = {
                let mut turn = lock(&self.turns.state);
                if turn.take(ticket) {
                    break;
                }
                self.turns.left.ticket()
            };
            self.baton.wait(Site::Receive, &self.turns.left, wait, None);
        }
        act();
        lock(&self.turns.state).held = false;
        self.baton.wake(&self.turns.left);
    }
}

/// A pipe that holds one page: what the machine may give to the console before it is told that this was too much.
#[derive(Clone, Debug, Default)]
pub struct OnePage(Arc<AtomicUsize>);

/// Bytes in a page.
const PAGE: usize = 4096;

impl OnePage {
    /// Takes as much of `len` bytes as fits.
    #[must_use]
    pub fn take(&self, len: usize) -> usize {
        let taken = len.min(PAGE.saturating_sub(self.0.load(Ordering::Relaxed)));
        self.0.fetch_add(taken, Ordering::Relaxed);
        taken
    }

    /// The reader has got so many bytes.
    pub(crate) fn read(&self, len: usize) {
        let empty = |held: usize| Some(held.saturating_sub(len));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, empty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a thread whose knocks come in an order that the seed does not fix, or that never come.
    #[test]
    fn a_seed_fixes_when_it_knocks() {
        let order = |seed| {
            let baton = Baton::random(seed);
            let door = Bystander::start(&baton).expect("started");
            let mut answers = Vec::new();
            for _ in 0..20 {
                door.send(Knock::Kick);
                answers.push(std::iter::from_fn(|| door.answer()).count());
            }
            while door.wait().is_some() {
                answers.push(100);
            }
            assert!(!door.awaits());
            answers
        };
        assert_eq!(order(3), order(3));
        assert_ne!(order(3), order(4));
    }

    /// Catches a lock that lets somebody in beside its owner, or never.
    #[test]
    fn the_lock_excludes() {
        for fair in [false, true] {
            let baton = Baton::random(5);
            let door = Bystander::start(&baton).expect("started");
            let inside = Arc::new(AtomicUsize::new(0));
            let enter = move |door: &Arc<dyn BackDoor>, inside: &AtomicUsize, baton: &Baton| {
                door.with_lock(fair, &mut || {
                    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                    baton.yield_point(Site::Send);
                    inside.fetch_sub(1, Ordering::Relaxed);
                });
            };
            for _ in 0..50 {
                let (other, shared, turn) = (Arc::clone(&door), Arc::clone(&inside), baton.clone());
                door.errand(Box::new(move || enter(&other, &shared, &turn)));
                enter(&door, &inside, &baton);
            }
            door.settle();
        }
    }
}
