//! What holds under every policy.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use super::control::Step;
use super::pct::Pct;
use super::replay::Replay;
use super::*;
use crate::thread::message_of;
use crate::{ReceiveError, Receiver, Sender};

/// Catches a wake-up that is lost when it comes between finding that one has to wait and waiting.
#[test]
fn a_wake_up_before_the_wait_is_not_lost() {
    let baton = Baton::os();
    let point = baton.wait_point("a test");
    let ticket = point.ticket();
    baton.wake(&point);
    let limit = Some(Duration::from_secs(5));
    assert_eq!(baton.wait(Site::Receive, &point, ticket, limit), Woken::Called);
}

/// Catches a limit that is ignored, or that ends a wait at once.
#[test]
fn a_wait_ends_at_its_limit() {
    let baton = Baton::os();
    let point = baton.wait_point("a test");
    let start = Instant::now();
    let limit = Duration::from_millis(30);
    let woken = baton.wait(Site::Receive, &point, point.ticket(), Some(limit));
    assert_eq!(woken, Woken::TimedOut);
    assert!(start.elapsed() >= limit);
}

/// What happened, in order.
type Journal = Arc<Mutex<Vec<String>>>;

fn note(journal: &Journal, what: impl fmt::Display) {
    lock(journal).push(what.to_string());
}

/// A program with everything in it that threads do to each other.
fn everything(baton: &Baton) -> Vec<String> {
    let journal = Journal::default();
    let (sender, receiver) = baton.channel::<String>(2);
    let urgent = sender.urgent();
    let talkers = ["one", "two"].map(|name| {
        let (inner, sender, journal) = (baton.clone(), sender.clone(), Arc::clone(&journal));
        let talk = move || {
            for n in 0..5_u64 {
                inner.sleep(Duration::from_millis(n));
                note(&journal, format_args!("{name} sends {n}"));
                sender.send(format!("{name} {n}")).expect("somebody receives");
            }
        };
        baton.spawn(name, talk).expect("started")
    });
    drop(sender);
    let (inner, shared) = (baton.clone(), Arc::clone(&journal));
    let caller = baton.spawn("caller", move || {
        inner.yield_point(Site::ConsoleWrite);
        inner.outside(Site::ConsoleWrite, || note(&shared, "writes"));
        urgent.send("now".to_owned()).expect("somebody receives");
    });
    note(&journal, format_args!("first {:?}", receiver.try_recv()));
    note(&journal, format_args!("soon {:?}", receiver.recv_timeout(Duration::from_millis(1))));
    note(&journal, format_args!("there {}", receiver.wait_ready(Duration::from_secs(1))));
    for talker in talkers {
        // More than fits into the channel, so that the talkers depend on what is taken out.
        for _ in 0..4 {
            note(&journal, format_args!("got {:?}", receiver.recv()));
        }
        note(&journal, format_args!("{}", talker.is_finished()));
        drop(talker);
    }
    while let Ok(text) = receiver.recv_urgent() {
        note(&journal, format_args!("at last {text}"));
    }
    caller.expect("started").join().expect("no panic");
    std::mem::take(&mut *lock(&journal))
}

/// A policy for each seed of each kind.
fn controlled(seed: u64) -> Vec<Baton> {
    let pct = |depth, steps| Baton::controlled(Pct::new(depth, steps, seed));
    vec![Baton::random(seed), pct(1, None), pct(3, Some(60)), pct(10, None)]
}

fn taken(baton: &Baton) -> Schedule {
    baton.taken().expect("controlled").schedule
}

/// Keeps the host busy while it lives.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..3 {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {});
        }
        Self(over)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Catches values that are lost or doubled by some order of steps.
#[test]
fn every_policy_runs_to_the_end() {
    let complete = |journal: &[String]| {
        let got = |line: &&String| {
            let text = ["got Ok", "at last", "first Ok", "soon Ok"];
            text.iter().any(|text| line.starts_with(text))
        };
        let got: Vec<_> = journal.iter().filter(got).collect();
        assert_eq!(got.len(), 11, "{journal:#?}");
    };
    complete(&everything(&Baton::os()));
    for seed in 0..50 {
        for baton in controlled(seed) {
            complete(&everything(&baton));
        }
    }
}

/// Catches a choice that depends on the host: on when it starts a thread, which it wakes first, how long something takes,
/// or what its clock says.
#[test]
fn a_seed_is_a_schedule_under_load_too() {
    for kind in 0..controlled(0).len() {
        let run = || {
            let baton = controlled(11).remove(kind);
            let journal = everything(&baton);
            (journal, baton.taken().expect("controlled"))
        };
        let first = run();
        let load = Load::start();
        for _ in 0..50 {
            assert!(run() == first, "{}", first.1);
        }
        drop(load);
        for _ in 0..50 {
            assert!(run() == first, "{}", first.1);
        }
    }
}

/// Catches a policy that ignores its seed.
#[test]
fn seeds_give_different_schedules() {
    for kind in 0..controlled(0).len() {
        let digests: std::collections::BTreeSet<_> = (0..20)
            .map(|seed| {
                let baton = controlled(seed).remove(kind);
                everything(&baton);
                taken(&baton).digest
            })
            .collect();
        assert!(digests.len() > 5, "kind {kind}: {} schedules of 20 seeds", digests.len());
    }
}

/// Catches a saved schedule that says too little to take it again, and a file that says something else.
#[test]
fn a_saved_schedule_is_taken_again() {
    for seed in 0..20 {
        for baton in controlled(seed) {
            let journal = everything(&baton);
            let text = taken(&baton).to_string();
            let again = Baton::controlled(Replay::new(text.parse().expect("well formed")));
            assert_eq!(everything(&again), journal, "{text}");
            assert_eq!(taken(&again).to_string(), text);
            assert_eq!(again.finish(), Ok(()));
        }
    }
}

/// What comes of a run that cannot go on.
fn trouble_of(schedule: Schedule, act: impl FnOnce(&Baton)) -> String {
    let told = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&told);
    let on_trouble: OnTrouble = Box::new(move |trouble, _| lock(&shared).push(trouble.to_string()));
    let baton = Baton::controlled_or(Replay::new(schedule), on_trouble);
    let panic = catch_unwind(AssertUnwindSafe(|| act(&baton))).expect_err("trouble");
    let told = lock(&told);
    assert_eq!(*told, [message_of(&*panic)], "told once, and to the caller");
    told[0].clone()
}

/// Catches a hang where nobody can go on, and a report that does not say why.
#[test]
fn a_deadlock_says_who_waits_for_what() {
    let text = trouble_of(Schedule::default(), |baton| {
        let (full, _never_taken) = baton.channel::<Vec<u8>>(1);
        let (_unused, empty) = baton.channel::<Option<u8>>(1);
        let push = move || (0..2).try_for_each(|_| full.send(vec![7]));
        let pusher = baton.spawn("pusher", push).expect("started");
        let _taker = baton.spawn("taker", move || empty.recv()).expect("started");
        let _ = pusher.join();
    });
    assert_eq!(
        text,
        "deadlock: no thread can go on\n  \
         thread 0 (machine) waits at join for the end of pusher\n  \
         thread 1 (pusher) waits at send for room for a Vec<u8> in a channel\n  \
         thread 2 (taker) waits at receive for a Option<u8> in a channel"
    );
}

/// Catches a schedule of another run that is taken as far as it goes, in silence.
#[test]
fn a_schedule_that_does_not_fit_is_an_error() {
    let baton = Baton::random(3);
    everything(&baton);
    let schedule = taken(&baton);
    let misfit = |edit: &dyn Fn(&mut Schedule)| {
        let mut schedule = schedule.clone();
        edit(&mut schedule);
        trouble_of(schedule, |baton| drop(everything(baton)))
    };
    let at = schedule.preemptions.len() / 2;
    let Preemption { step, .. } = schedule.preemptions[at];
    let text = misfit(&|schedule| schedule.threads[2] = "three".to_owned());
    let fit = "the schedule does not fit the run";
    assert_eq!(text, format!("{fit}: its thread 2 is three, the run's is two"));
    let text = misfit(&|schedule| schedule.preemptions[at].site = Site::SocketRead);
    assert!(text.starts_with(&format!("{fit}: in step {step} it has thread ")), "{text}");
    assert!(text.contains(" at socket-read, the run has thread "), "{text}");
    let text = misfit(&|schedule| schedule.preemptions[at].chosen = ThreadId::new(9));
    assert_eq!(text, format!("{fit}: in step {step}, thread 9 () cannot go"));
    let arrival = Arrival { step: 7, thread: ThreadId::new(1), site: Site::ConsoleRead };
    let text = misfit(&|schedule| schedule.arrivals.push(arrival));
    assert_eq!(text, format!("{fit}: before step 7, thread 1 (one) is not out"));

    let mut late = schedule.clone();
    late.preemptions.push(Preemption { step: 1_000_000, ..schedule.preemptions[at] });
    let again = Baton::controlled(Replay::new(late));
    everything(&again);
    let steps = schedule.steps;
    assert_eq!(again.finish(), Err(Misfit::NotReached { step: 1_000_000, steps }));
}

/// Catches lines that end a run although they were to be passed over.
#[test]
fn lines_that_do_not_fit_are_passed_over_if_wanted() {
    let baton = Baton::random(3);
    everything(&baton);
    let mut schedule = taken(&baton);
    schedule.pass_over = true;
    schedule.preemptions = schedule.preemptions.into_iter().step_by(3).collect();
    let baton = Baton::controlled(Replay::new(schedule.clone()));
    everything(&baton);
    assert_eq!(baton.finish(), Ok(()));
    assert!(taken(&baton).preemptions.len() <= schedule.preemptions.len());
}

/// Catches time that is the host's: a long wait that takes long, or sleepers that wake in the order of creation.
#[test]
fn time_is_the_schedules_own() {
    let start = Instant::now();
    let baton = Baton::controlled(Replay::new(Schedule::default()));
    let journal = Journal::default();
    let sleepers = [3000_u64, 1000, 2000].map(|seconds| {
        let (inner, journal) = (baton.clone(), Arc::clone(&journal));
        let sleep = move || {
            inner.sleep(Duration::from_secs(seconds));
            note(&journal, seconds);
        };
        baton.spawn("sleeper", sleep).expect("started")
    });
    let (_sender, receiver) = baton.channel::<u8>(1);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(1500)), Err(ReceiveError::Empty));
    note(&journal, "limit");
    for sleeper in sleepers {
        sleeper.join().expect("no panic");
    }
    assert_eq!(*lock(&journal), ["1000", "limit", "2000", "3000"]);
    assert!((3000..3001).contains(&baton.now().as_secs()));
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// Catches a thread that looks for something again and again and so keeps away the one that would bring it.
#[test]
fn looking_again_and_again_does_not_keep_others_away() {
    let still = || Baton::controlled(Replay::new(Schedule::default()));
    let pct = |seed| Baton::controlled(Pct::new(1, None, seed));
    for baton in [still(), pct(0), pct(1), pct(2), pct(3)] {
        let (sender, receiver) = baton.channel(1);
        let (inner, late) = (baton.clone(), sender.clone());
        let sleeper = baton.spawn("sleeper", move || {
            inner.sleep(Duration::from_millis(50));
            late.send(2).expect("somebody receives");
        });
        let bringer = baton.spawn("bringer", move || sender.send(1)).expect("started");
        let mut found = Vec::new();
        while found.len() < 2 {
            found.extend(receiver.try_recv());
        }
        found.sort_unstable();
        assert_eq!(found, [1, 2]);
        bringer.join().expect("no panic").expect("received");
        sleeper.expect("started").join().expect("no panic");
    }
}

/// A reader of the world, whose words come when they come, beside a thread that counts, or waits for it.
fn with_the_world(baton: &Baton, delay: Duration, counts: bool) -> Vec<String> {
    let (mut from, mut to) = std::io::pipe().expect("a pipe");
    let journal = Journal::default();
    let (inner, shared) = (baton.clone(), Arc::clone(&journal));
    let reader = baton.spawn("reader", move || {
        let mut byte = [0];
        while let Ok(1) = inner.outside(Site::SocketRead, || from.read(&mut byte)) {
            note(&shared, format_args!("read {}", byte[0]));
            inner.yield_point(Site::Send);
        }
    });
    let world = std::thread::spawn(move || {
        for n in 0..5 {
            std::thread::sleep(delay);
            to.write_all(&[n]).expect("somebody reads");
        }
    });
    let reader = reader.expect("started");
    // For as long as the world goes on; how long that is it says itself.
    while counts && !reader.is_finished() {
        note(&journal, "counts");
        baton.yield_point(Site::TryReceive);
    }
    world.join().expect("no panic");
    reader.join().expect("no panic");
    std::mem::take(&mut *lock(&journal))
}

/// Catches a saved schedule in which the world comes in when it likes: what was typed would be taken elsewhere.
#[test]
fn the_world_comes_back_where_it_came_in() {
    for (seed, counts) in [(0, true), (1, true), (2, false)] {
        let baton = Baton::random(seed);
        let journal = with_the_world(&baton, Duration::from_micros(300), counts);
        let schedule = taken(&baton);
        assert!(schedule.arrivals.len() == 6, "{schedule}");
        for micros in [0, 3000] {
            let again = Baton::controlled(Replay::new(schedule.clone()));
            assert!(with_the_world(&again, Duration::from_micros(micros), counts) == journal);
            assert_eq!(again.taken(), baton.taken());
        }
    }
}

/// Tries everything: in each run the last choice that can be made otherwise is.
struct Exhaustive {
    /// What was chosen, and of how many.
    path: Arc<Mutex<Vec<(usize, usize)>>>,
    at: usize,
}

impl Choice for Exhaustive {
    fn name(&self) -> String {
        "exhaustive".to_owned()
    }

    fn choose(&mut self, step: &Step<'_>) -> Result<ThreadId, Misfit> {
        let could: Vec<_> = step.ready.iter().chain(step.timed).collect();
        let mut path = lock(&self.path);
        if path.len() == self.at {
            path.push((0, could.len()));
        }
        let (chosen, of) = path[self.at];
        assert_eq!(of, could.len(), "the same choices lead to the same place");
        self.at += 1;
        Ok(*could[chosen])
    }
}

/// Runs a program under every schedule. Gives their number.
fn exhaust(mut act: impl FnMut(&Baton)) -> usize {
    let path = Arc::new(Mutex::new(Vec::new()));
    for runs in 1.. {
        act(&Baton::controlled(Exhaustive { path: Arc::clone(&path), at: 0 }));
        let mut path = lock(&path);
        while path.last().is_some_and(|(chosen, of)| chosen + 1 == *of) {
            path.pop();
        }
        match path.last_mut() {
            Some((chosen, _)) => *chosen += 1,
            None => return runs,
        }
    }
    unreachable!()
}

/// Catches a wake-up that some order of steps loses: the run would be a deadlock. And a value that is lost.
#[test]
fn a_small_channel_under_every_schedule() {
    let receive_all = |receiver: &Receiver<u8>| {
        let mut got = Vec::new();
        while let Ok(value) = receiver.recv() {
            got.push(value);
        }
        got
    };
    let mut orders = std::collections::BTreeSet::new();
    let schedules = exhaust(|baton| {
        let (sender, receiver) = baton.channel(1);
        let send = |sender: Sender<u8>, values: Vec<u8>| {
            move || values.into_iter().for_each(|value| sender.send(value).expect("received"))
        };
        let first = baton.spawn("first", send(sender.clone(), vec![1])).expect("started");
        baton.spawn("second", send(sender, vec![7])).expect("started");
        let got = receive_all(&receiver);
        first.join().expect("no panic");
        orders.insert(got);
    });
    assert_eq!(orders.len(), 2, "{orders:?}");
    assert!(schedules > 100, "{schedules} schedules");
    println!("{schedules} schedules");
}
