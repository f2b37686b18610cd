//! Who goes next.
//!
//! The kernel decides which host thread runs, and bugs hide in the orders that it rarely picks. Every point at
//! which our threads can affect one another therefore goes through a [`Baton`]: it tells a [`Policy`] what is
//! about to happen, and the policy may let another thread go first. With [`os`] it never does, and a thread runs
//! whenever the kernel lets it. A controlling policy lets only the thread that holds the baton run, so the order of
//! all steps is the policy's choice and can be drawn from a seed or read from a file. [`control`] says what exactly
//! that promises, and [`saved`] how a schedule is written down.
//!
//! A policy is one file in this folder. Nothing outside this folder knows which one is in use.

pub mod control;
pub mod os;
pub mod pct;
pub mod random;
pub mod replay;
pub mod saved;
mod site;
mod trace;
mod trouble;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use control::OnTrouble;
use control::{Choice, Controlled};
pub use saved::{Arrival, Preemption, Schedule, ScheduleError};
pub use site::Site;
pub use trace::{Chosen, Taken};
pub use trouble::{Misfit, Stuck, Trouble};

/// A thread's number in its schedule, in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(u32);

impl ThreadId {
    /// The thread that made the baton.
    pub const MAIN: Self = Self(0);
    /// A thread that no schedule controls: one that hands on what comes from outside, such as a signal.
    pub const OUTSIDE: Self = Self(u32::MAX);

    /// The number `n`.
    #[must_use]
    pub const fn new(n: u32) -> Self {
        Self(n)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The place in a table of threads.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Something changed, or may have: look again.
    Called,
    /// The time is over.
    TimedOut,
}

/// Chooses which thread goes next. Called on the thread that it is about, except where noted.
pub trait Policy: Send + Sync {
    /// A thread called `name` is about to be started. Called on its creator, so that numbers follow the schedule.
    fn create(&self, name: &str) -> ThreadId;

    /// The thread is there; returns when it may run.
    fn begin(&self, me: ThreadId);

    /// The thread does nothing more. Also called by the creator if the thread could not be started.
    fn end(&self, me: ThreadId);

    /// The thread is about to do something that others can see. Returns when it may.
    fn yield_point(&self, me: ThreadId, site: Site);

    /// The thread cannot go on until `point` is woken after `ticket` was drawn from it, or `limit` is over.
    fn wait(
        &self,
        me: ThreadId,
        site: Site,
        point: &WaitPoint,
        ticket: Ticket,
        limit: Option<Duration>,
    ) -> Woken;

    /// Threads that wait for `point` can look again. May be called on a thread that is [`ThreadId::OUTSIDE`].
    fn wake(&self, point: &WaitPoint);

    /// The time that has passed, of whatever clock the policy goes by.
    fn now(&self) -> Duration;

    /// The thread lets so much of that time pass.
    fn sleep(&self, me: ThreadId, time: Duration);

    /// The thread is about to wait for the world (a read, a write), which no schedule controls.
    fn leave(&self, me: ThreadId, site: Site);

    /// The thread came back from the world; returns when it may run.
    fn rejoin(&self, me: ThreadId, site: Site);

    /// The schedule so far, if there is control.
    fn taken(&self) -> Option<Taken> {
        None
    }

    /// The run is over.
    ///
    /// # Errors
    /// Something should have come that has not.
    fn finish(&self) -> Result<(), Misfit> {
        Ok(())
    }
}

/// The state of a [`WaitPoint`] at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// Something that threads wait for.
///
/// A waiter draws a ticket *while it holds the lock under which it found that it has to wait*, lets go of the
/// lock, and waits with the ticket. A wake-up in between makes the ticket stale, so it is not lost.
pub struct WaitPoint {
    number: u64,
    what: Arc<str>,
    generation: Mutex<u64>,
    changed: Condvar,
}

impl WaitPoint {
    /// The number by which a policy knows it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What it is, for people.
    #[must_use]
    pub fn what(&self) -> Arc<str> {
        Arc::clone(&self.what)
    }

    /// The state now.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        Ticket(*lock(&self.generation))
    }

    /// Makes all tickets stale and wakes whoever sleeps in [`WaitPoint::sleep`].
    pub fn bump(&self) {
        *lock(&self.generation) += 1;
        self.changed.notify_all();
    }

    /// Sleeps in the host until `ticket` is stale or `limit` is over.
    #[must_use]
    pub fn sleep(&self, ticket: Ticket, limit: Option<Duration>) -> Woken {
        // A limit too large to add is no limit.
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut generation = lock(&self.generation);
        while *generation == ticket.0 {
            generation = match deadline {
                None => self.changed.wait(generation).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Woken::TimedOut;
                    }
                    let waited = self.changed.wait_timeout(generation, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Woken::Called
    }
}

thread_local! {
    static CURRENT: Cell<ThreadId> = const { Cell::new(ThreadId::MAIN) };
}

/// Makes the calling thread answer to `id` from here on.
pub(crate) fn set_current(id: ThreadId) {
    CURRENT.set(id);
}

/// A handle to the schedule that all threads of one emulator share. Make one, and clone it.
#[derive(Clone)]
pub struct Baton {
    policy: Arc<dyn Policy>,
    points: Arc<AtomicU64>,
}

impl Baton {
    /// A schedule by `policy`, whose main thread is the calling one.
    #[must_use]
    pub fn new(policy: impl Policy + 'static) -> Self {
        set_current(ThreadId::MAIN);
        Self { policy: Arc::new(policy), points: Arc::default() }
    }

    /// No control: the host's kernel decides.
    #[must_use]
    pub fn os() -> Self {
        Self::new(os::Os::default())
    }

    /// One thread at a time, the next by `choice`. The calling thread is the first, called `machine`. Trouble unwinds
    /// all threads.
    #[must_use]
    pub fn controlled(choice: impl Choice + 'static) -> Self {
        Self::controlled_or(choice, Box::new(|_, _| {}))
    }

    /// The same, with a say in what is done about trouble.
    #[must_use]
    pub fn controlled_or(choice: impl Choice + 'static, on_trouble: OnTrouble) -> Self {
        Self::new(Controlled::new("machine", choice, on_trouble))
    }

    /// Every choice drawn from `seed`, each thread that can go being equally likely.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        Self::controlled(random::Random::new(seed))
    }

    /// The schedule so far; `None` without control.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        self.policy.taken()
    }

    /// Says that the run is over.
    ///
    /// # Errors
    /// A saved schedule goes on.
    pub fn finish(&self) -> Result<(), Misfit> {
        self.policy.finish()
    }

    /// A new thing to wait for: `what`, in messages to people.
    #[must_use]
    pub fn wait_point(&self, what: impl Into<Arc<str>>) -> WaitPoint {
        let number = self.points.fetch_add(1, Ordering::Relaxed);
        let what = what.into();
        WaitPoint { number, what, generation: Mutex::default(), changed: Condvar::new() }
    }

    /// Another thread may go first here.
    pub fn yield_point(&self, site: Site) {
        if let Some(me) = scheduled() {
            self.policy.yield_point(me, site);
        }
    }

    /// Waits until `point` is woken after `ticket` was drawn, or `limit` is over.
    pub fn wait(
        &self,
        site: Site,
        point: &WaitPoint,
        ticket: Ticket,
        limit: Option<Duration>,
    ) -> Woken {
        match scheduled() {
            Some(me) => self.policy.wait(me, site, point, ticket, limit),
            None => point.sleep(ticket, limit),
        }
    }

    /// Lets threads that wait for `point` look again.
    pub fn wake(&self, point: &WaitPoint) {
        self.policy.wake(point);
    }

    /// The time that has passed on the schedule's clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.policy.now()
    }

    /// Does something that waits for the world, without keeping other threads from running meanwhile.
    pub fn outside<T>(&self, site: Site, act: impl FnOnce() -> T) -> T {
        let Some(me) = scheduled() else { return act() };
        self.policy.leave(me, site);
        let value = act();
        self.policy.rejoin(me, site);
        value
    }

    /// The same for something that may be over before anybody has to wait: then nobody else runs, and the world has had
    /// no say. If `wait` gives nothing, the thread has nothing to do any more, and leaves the schedule.
    pub fn outside_unless<T>(
        &self,
        site: Site,
        now: impl FnOnce() -> Option<T>,
        wait: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        self.yield_point(site);
        if let Some(value) = now() {
            return Some(value);
        }
        let Some(me) = scheduled() else { return wait() };
        self.policy.leave(me, site);
        let value = wait();
        if value.is_some() {
            self.policy.rejoin(me, site);
        } else {
            self.policy.end(me);
            set_current(ThreadId::OUTSIDE);
        }
        value
    }

    /// Lets time pass.
    pub fn sleep(&self, time: Duration) {
        match scheduled() {
            Some(me) => self.policy.sleep(me, time),
            None => std::thread::sleep(time),
        }
    }

    pub(crate) fn policy(&self) -> &dyn Policy {
        &*self.policy
    }
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").finish_non_exhaustive()
    }
}

fn scheduled() -> Option<ThreadId> {
    let me = CURRENT.get();
    (me != ThreadId::OUTSIDE).then_some(me)
}

/// Locks, also after a panic elsewhere: every critical section of this crate leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
