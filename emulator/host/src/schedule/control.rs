//! One thread at a time.
//!
//! What all controlling policies share: a table of the threads and their states, and a baton that only one of them
//! has. Whenever the thread that has it reaches a point at which another could go, the policy, a [`Choice`], names the
//! one that does. A policy sees nothing else, and so the same choices give the same schedule.
//!
//! What is promised, and what is not:
//!
//! * Threads run from one point to the next without any other running. So as long as only threads of the schedule
//!   act, the whole order of what they do to each other is the policy's, byte for byte in [`Trace`].
//! * Time is the schedule's own. It passes a microsecond a step, and jumps to the end of a wait when nobody else can
//!   go, or when the policy says so. A limit or a sleep never asks the host's clock, and no wall time passes in it.
//! * Writes keep the baton until they are done, however slow the reader is: they come back by themselves.
//! * Reads of a terminal, a pipe or a socket that have to wait are the world's. Their thread is out of the table until
//!   they are done, and comes back as an *arrival*, which the trace notes with the step before which it came. So is
//!   what a signal sends; it is seen when it is seen.
//! * Nobody waits for ever. When no thread can go and none is out in the world, that is a deadlock, and is reported with
//!   who waits for what. A thread that keeps the baton for [`PATIENCE`] steps while others could go has to let go of
//!   it: one that looks again and again for what another has to do would otherwise never see it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::trace::{Taken, Trace};
use super::trouble::{Misfit, Stuck, Trouble};
use super::{Policy, Site, ThreadId, Ticket, WaitPoint, Woken, lock};

/// Steps for which a thread may keep the baton while others could have it.
pub const PATIENCE: u32 = 1000;

/// What passes with each step.
const STEP: Duration = Duration::from_micros(1);

/// A point at which somebody has to be chosen.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its number, from 0.
    pub number: u64,
    /// The thread that is there.
    pub asks: ThreadId,
    /// What it is about to do.
    pub site: Site,
    /// The threads that can go, by number.
    pub ready: &'a [ThreadId],
    /// The threads that can go because their time limit may be over, the earliest first.
    pub timed: &'a [ThreadId],
    /// Who has to go because the asking thread has gone for too long.
    pub turn_of: Option<ThreadId>,
}

impl Step<'_> {
    /// Who goes if nobody has an opinion: the thread that asks as long as it can, then the ready one with the lowest
    /// number, then the one whose time is over first.
    #[must_use]
    pub fn usual(&self) -> ThreadId {
        let asks = self.ready.iter().find(|thread| **thread == self.asks);
        let first = || self.ready.first().or_else(|| self.timed.first());
        self.turn_of.or_else(|| asks.or_else(first).copied()).unwrap_or(self.asks)
    }

    /// Whether a thread can be chosen.
    #[must_use]
    pub fn can_go(&self, thread: ThreadId) -> bool {
        self.ready.contains(&thread) || self.timed.contains(&thread)
    }
}

/// When threads that come back from the world are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// When they come.
    AsTheyCome,
    /// These now, and no others.
    These(Vec<ThreadId>),
    /// When nobody else can go, or one has gone for too long.
    WhenNobodyGoes,
}

/// A policy: which of the threads that can go does.
pub trait Choice: Send {
    /// The name and what else it was made from, as users write it.
    fn name(&self) -> String;

    /// There is a new thread.
    ///
    /// # Errors
    /// It is not the one that was expected.
    fn created(&mut self, thread: ThreadId, name: &str) -> Result<(), Misfit> {
        let _ = (thread, name);
        Ok(())
    }

    /// Whom to let in before the step of this number.
    fn arrivals(&self, step: u64) -> Arrivals {
        let _ = step;
        Arrivals::AsTheyCome
    }

    /// One of the threads that can go; there is at least one.
    ///
    /// # Errors
    /// It should be one that cannot.
    fn choose(&mut self, step: &Step<'_>) -> Result<ThreadId, Misfit>;

    /// The run is over.
    ///
    /// # Errors
    /// Something should have come that has not.
    fn finish(&self, steps: u64) -> Result<(), Misfit> {
        let _ = steps;
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Runs, or would if it had the baton.
    Ready,
    /// Cannot go on.
    Waiting(Waiting),
    /// Out in the world.
    Outside,
    /// Back from there, and not let in yet.
    Back,
    /// Gone.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    /// For the point of this number, and what that is.
    point: Option<(u64, Arc<str>)>,
    /// Until then.
    deadline: Option<Duration>,
}

struct Thread {
    name: String,
    state: State,
    /// What it does when it goes on.
    at: Site,
    timed_out: bool,
    /// The last step in which it was chosen.
    chosen: u64,
    turn: Arc<Condvar>,
}

impl Thread {
    fn new(name: &str) -> Self {
        let turn = Arc::new(Condvar::new());
        let (state, at) = (State::Ready, Site::Begin);
        Self { name: name.to_owned(), state, at, timed_out: false, chosen: 0, turn }
    }

    fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Waiting(waiting) => waiting.deadline,
            _ => None,
        }
    }

    fn time_out(&mut self) {
        (self.state, self.timed_out) = (State::Ready, true);
    }
}

struct Table {
    threads: Vec<Thread>,
    holder: Option<ThreadId>,
    choice: Box<dyn Choice>,
    trace: Trace,
    now: Duration,
    /// Steps for which the holder has had the baton while others could go.
    kept: u32,
    /// A choice that has to wait for somebody out in the world.
    open: Option<(ThreadId, Site)>,
    trouble: Option<Trouble>,
    told: bool,
}

/// What is done about trouble. It may end the process; otherwise all threads of the schedule are unwound.
pub type OnTrouble = Box<dyn Fn(&Trouble, &Taken) + Send + Sync>;

/// The policy's table, and the baton.
pub struct Controlled {
    table: Mutex<Table>,
    on_trouble: OnTrouble,
}

impl Controlled {
    /// A schedule by `choice`. The calling thread, called `main`, has the baton.
    pub fn new(main: &str, choice: impl Choice + 'static, on_trouble: OnTrouble) -> Self {
        let mut table = Table {
            threads: Vec::new(),
            holder: Some(ThreadId::MAIN),
            choice: Box::new(choice),
            trace: Trace::default(),
            now: Duration::ZERO,
            kept: 0,
            open: None,
            trouble: None,
            told: false,
        };
        table.add(main);
        Self { table: Mutex::new(table), on_trouble }
    }

    /// Waits until the calling thread has the baton.
    fn await_turn<'a>(
        &'a self,
        mut table: MutexGuard<'a, Table>,
        me: ThreadId,
    ) -> MutexGuard<'a, Table> {
        while table.holder != Some(me) || table.trouble.is_some() {
            if table.trouble.is_some() {
                return self.give_up(table);
            }
            let turn = Arc::clone(&table.threads[me.index()].turn);
            table = turn.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        table
    }

    /// Tells what is wrong, once, and unwinds the calling thread. What is dropped meanwhile goes on without control.
    fn give_up<'a>(&'a self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        let Some(trouble) = table.trouble.clone().filter(|_| !std::thread::panicking()) else {
            drop(table);
            std::thread::yield_now();
            return lock(&self.table);
        };
        if !std::mem::replace(&mut table.told, true) {
            // With the table locked, so that no other thread ends the process before everything is told.
            (self.on_trouble)(&trouble, &table.taken());
        }
        drop(table);
        std::panic::resume_unwind(Box::new(trouble.to_string()));
    }

    /// The calling thread waits.
    fn suspend(&self, mut table: MutexGuard<'_, Table>, me: ThreadId, waiting: Waiting) -> Woken {
        let thread = &mut table.threads[me.index()];
        (thread.state, thread.timed_out) = (State::Waiting(waiting), false);
        let site = thread.at;
        table.pass(me, site);
        let table = self.await_turn(table, me);
        if table.threads[me.index()].timed_out { Woken::TimedOut } else { Woken::Called }
    }
}

impl Table {
    fn add(&mut self, name: &str) -> ThreadId {
        let id = ThreadId::new(u32::try_from(self.threads.len()).unwrap_or(u32::MAX - 1));
        self.threads.push(Thread::new(name));
        self.trace.created(name);
        if let Err(misfit) = self.choice.created(id, name) {
            self.fail(Trouble::Misfit(misfit));
        }
        id
    }

    /// Chooses who has the baton next, at a point that `asks` has reached.
    fn pass(&mut self, asks: ThreadId, site: Site) {
        if self.trouble.is_some() {
            return;
        }
        (self.holder, self.open) = (None, None);
        self.expire();
        let tired = self.kept >= PATIENCE;
        let nobody = self.ready().is_empty() && self.timed().is_empty();
        let arrived = match self.let_in(tired || nobody) {
            Ok(arrived) => arrived,
            Err(thread) => return self.miss(thread, (asks, site)),
        };
        // When nobody could go, whoever comes back is there by itself.
        let caller = arrived.first().filter(|_| nobody);
        let (asks, site) =
            caller.map_or((asks, site), |back| (*back, self.threads[back.index()].at));
        let (ready, timed) = (self.ready(), self.timed());
        if ready.is_empty() && timed.is_empty() {
            return self.check_for_deadlock();
        }
        let others = ready.iter().copied().filter(|thread| *thread != asks);
        let longest_unserved = |thread: &ThreadId| self.threads[thread.index()].chosen;
        let other = || others.clone().min_by_key(longest_unserved);
        let turn_of = tired.then(|| other().or_else(|| timed.first().copied())).flatten();
        let alone = others.clone().count() == 0 && timed.is_empty();
        let number = self.trace.steps();
        let step = Step { number, asks, site, ready: &ready, timed: &timed, turn_of };
        match self.choice.choose(&step) {
            Ok(chosen) if step.can_go(chosen) => {
                self.trace.step(&step, chosen, self.threads[chosen.index()].at);
                self.kept = if alone || chosen != asks { 0 } else { self.kept + 1 };
                self.now = self.now.saturating_add(STEP);
                self.give_to(chosen, number);
            }
            Ok(thread) => {
                let name = self.name_of(thread);
                self.fail(Misfit::NotReady { step: number, thread, name }.into());
            }
            Err(misfit) => self.fail(misfit.into()),
        }
    }

    fn give_to(&mut self, chosen: ThreadId, step: u64) {
        let thread = &mut self.threads[chosen.index()];
        if let Some(deadline) = thread.deadline().filter(|_| thread.state != State::Ready) {
            self.now = self.now.max(deadline);
            thread.time_out();
        }
        thread.chosen = step;
        thread.turn.notify_one();
        self.holder = Some(chosen);
    }

    /// Lets those in that come back now; whoever else is back, too, if `all` can. Gives one that should be back and is not.
    fn let_in(&mut self, all: bool) -> Result<Vec<ThreadId>, ThreadId> {
        let numbered = (0..).map(ThreadId::new).zip(&self.threads);
        let back = numbered.filter(|(_, thread)| thread.state == State::Back);
        let back: Vec<_> = back.map(|(number, _)| number).collect();
        let now = match self.choice.arrivals(self.trace.steps()) {
            Arrivals::AsTheyCome => back,
            Arrivals::These(threads) => match threads.iter().find(|it| !back.contains(it)) {
                Some(missing) => return Err(*missing),
                None => threads,
            },
            Arrivals::WhenNobodyGoes if all => back,
            Arrivals::WhenNobodyGoes => Vec::new(),
        };
        now.iter().for_each(|thread| self.let_one_in(*thread));
        Ok(now)
    }

    /// A thread that should come back before the step to which `asks` leads is not there.
    fn miss(&mut self, thread: ThreadId, asks: (ThreadId, Site)) {
        match self.threads.get(thread.index()).map(|thread| &thread.state) {
            Some(State::Outside) => self.open = Some(asks),
            _ => {
                let name = self.name_of(thread);
                self.fail(Misfit::NotOut { step: self.trace.steps(), thread, name }.into());
            }
        }
    }

    fn let_one_in(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id.index()];
        thread.state = State::Ready;
        self.trace.arrived(id, thread.at);
    }

    /// Waits whose time is over.
    fn expire(&mut self) {
        let now = self.now;
        for thread in &mut self.threads {
            if thread.deadline().is_some_and(|deadline| deadline <= now) {
                thread.time_out();
            }
        }
    }

    fn ready(&self) -> Vec<ThreadId> {
        let numbered = (0..).map(ThreadId::new).zip(&self.threads);
        numbered.filter(|(_, it)| it.state == State::Ready).map(|(number, _)| number).collect()
    }

    fn timed(&self) -> Vec<ThreadId> {
        let numbered = (0..).map(ThreadId::new).zip(&self.threads);
        let mut timed: Vec<_> =
            numbered.filter_map(|(number, it)| Some((it.deadline()?, number))).collect();
        timed.sort_unstable();
        timed.into_iter().map(|(_, number)| number).collect()
    }

    fn name_of(&self, thread: ThreadId) -> String {
        self.threads.get(thread.index()).map_or_else(String::new, |thread| thread.name.clone())
    }

    /// Nobody can go: then somebody has to be out in the world.
    fn check_for_deadlock(&mut self) {
        if self.threads.iter().any(|thread| thread.state == State::Outside) {
            return;
        }
        let numbered = (0..).map(ThreadId::new).zip(&self.threads);
        let stuck = numbered.filter_map(|(number, thread)| match &thread.state {
            State::Waiting(waiting) => Some(Stuck {
                thread: number,
                name: thread.name.clone(),
                site: thread.at,
                awaited: waiting.point.as_ref().map(|(_, what)| Arc::clone(what)),
            }),
            _ => None,
        });
        let stuck: Vec<_> = stuck.collect();
        // When all have ended there is nobody to choose and nobody who waits.
        if !stuck.is_empty() {
            self.fail(Trouble::Deadlock(stuck));
        }
    }

    fn fail(&mut self, trouble: Trouble) {
        self.trouble.get_or_insert(trouble);
        self.threads.iter().for_each(|thread| thread.turn.notify_one());
    }

    fn taken(&self) -> Taken {
        let names = self.threads.iter().map(|thread| thread.name.clone());
        self.trace.taken(self.choice.name(), names.collect())
    }
}

impl Policy for Controlled {
    fn create(&self, name: &str) -> ThreadId {
        // Ready from its creation, not from when the host gets round to starting it: the set to choose from must not
        // depend on the host.
        lock(&self.table).add(name)
    }

    fn begin(&self, me: ThreadId) {
        drop(self.await_turn(lock(&self.table), me));
    }

    fn end(&self, me: ThreadId) {
        let mut table = lock(&self.table);
        let before = std::mem::replace(&mut table.threads[me.index()].state, State::Ended);
        if before != State::Ended && table.holder.is_none_or(|holder| holder == me) {
            table.pass(me, Site::End);
        }
    }

    fn yield_point(&self, me: ThreadId, site: Site) {
        let mut table = lock(&self.table);
        table.threads[me.index()].at = site;
        table.pass(me, site);
        drop(self.await_turn(table, me));
    }

    fn wait(
        &self,
        me: ThreadId,
        site: Site,
        point: &WaitPoint,
        ticket: Ticket,
        limit: Option<Duration>,
    ) -> Woken {
        let mut table = lock(&self.table);
        // Under the table's lock: a wake-up from outside either made the ticket stale before this, or finds us here.
        if point.ticket() != ticket {
            return Woken::Called;
        }
        let deadline = limit.and_then(|limit| table.now.checked_add(limit));
        table.threads[me.index()].at = site;
        let point = Some((point.number(), point.what()));
        self.suspend(table, me, Waiting { point, deadline })
    }

    fn wake(&self, point: &WaitPoint) {
        point.bump();
        let mut table = lock(&self.table);
        let mut woken = None;
        for (number, thread) in (0..).map(ThreadId::new).zip(&mut table.threads) {
            let State::Waiting(Waiting { point: Some((awaited, _)), .. }) = &thread.state else {
                continue;
            };
            if *awaited == point.number() {
                thread.state = State::Ready;
                woken.get_or_insert((number, thread.at));
            }
        }
        if let Some((asks, site)) = woken.filter(|_| table.holder.is_none()) {
            let (asks, site) = table.open.unwrap_or((asks, site));
            table.pass(asks, site);
        }
    }

    fn now(&self) -> Duration {
        lock(&self.table).now
    }

    fn sleep(&self, me: ThreadId, time: Duration) {
        let mut table = lock(&self.table);
        table.threads[me.index()].at = Site::Sleep;
        let deadline = Some(table.now.saturating_add(time));
        self.suspend(table, me, Waiting { point: None, deadline });
    }

    fn leave(&self, me: ThreadId, site: Site) {
        if !site.comes_back() {
            let mut table = lock(&self.table);
            let thread = &mut table.threads[me.index()];
            (thread.state, thread.at) = (State::Outside, site);
            table.pass(me, site);
        }
    }

    fn rejoin(&self, me: ThreadId, site: Site) {
        if site.comes_back() {
            return;
        }
        let mut table = lock(&self.table);
        table.threads[me.index()].state = State::Back;
        if table.holder.is_none() {
            let (asks, site) = table.open.unwrap_or((me, site));
            table.pass(asks, site);
        }
        drop(self.await_turn(table, me));
    }

    fn taken(&self) -> Option<Taken> {
        Some(lock(&self.table).taken())
    }

    fn finish(&self) -> Result<(), Misfit> {
        let table = lock(&self.table);
        table.choice.finish(table.trace.steps())
    }
}
