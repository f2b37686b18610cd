//! The contract of a machine, tried on real programs: a run is a function of its configuration and its inputs; where
//! the run loop looks up, when a snapshot is taken and where it goes on cannot be seen.

mod common;

use std::sync::mpsc;

use common::{Guest, Keep, Numbers, Typist, events, guest, to_the_end};
use lockstep_core::{Event, EventKind, Input, Level, Moment, StopReason, What};
use lockstep_log::{Difference, encode};
use lockstep_machine::{Goal, Machine, Pause, ReplayEnd};

/// Guests with timers, faults, page tables, several vCPUs; each with both interrupt controllers, and on each board.
fn guests() -> Vec<Guest> {
    let mut guests = Vec::new();
    for gic in ["virt,gic=2", "virt,gic=3"] {
        for (name, vcpus) in [("hello", 1), ("timer", 1), ("exceptions", 1), ("smp", 2)] {
            guests.push(guest(name, gic, vcpus));
        }
    }
    guests.push(guest("self-modifying", "virt", 1));
    for name in ["hello", "timer", "traps"] {
        guests.push(guest(name, "clipper", 1));
    }
    guests
}

/// Runs with pauses at `pauses`; gives every event.
fn run_in_pieces(
    machine: &mut dyn Machine,
    mut next: impl FnMut(&mut dyn Machine) -> u64,
) -> Vec<Event> {
    let (sender, receiver) = mpsc::channel();
    machine.set_observer(Box::new(Keep(sender)));
    loop {
        let step = next(machine);
        let goal = machine.moment().retired + step;
        match machine.run(Goal::Retired(goal)) {
            Pause::Reached => assert!(machine.moment().retired >= goal),
            Pause::Ended(_) => return receiver.try_iter().collect(),
            pause => panic!("nobody asked for this: {pause:?}"),
        }
    }
}

/// Catches anything that depends on where the run loop looks up: slices, budgets, exits from a block.
#[test]
fn pauses_cannot_be_seen() {
    for guest in guests() {
        let straight = run_in_pieces(&mut *guest.machine(), |_| u64::MAX / 2);
        for seed in 0..3 {
            let mut numbers = Numbers(seed);
            let pieces = run_in_pieces(&mut *guest.machine(), |_| 1 + numbers.below(2000));
            assert!(pieces == straight, "{}", guest.images.records()[0].name);
        }
    }
}

/// Catches a machine that does not stop at exactly the count it was asked for, or that skips one.
#[test]
fn every_count_can_be_stopped_at() {
    let guest = guest("hello", "virt", 1);
    let mut machine = guest.machine();
    let mut count = 0;
    while machine.run(Goal::Retired(count)) == Pause::Reached {
        assert_eq!(machine.moment().retired, count);
        count += 1;
    }
    assert_eq!(count, 1045, "instructions in hello");
}

/// Catches state that a snapshot forgets, a restore that acts, and a machine that remembers what it had done since.
#[test]
fn restored_machines_go_on_alike() {
    for guest in guests() {
        let straight = run_in_pieces(&mut *guest.machine(), |_| u64::MAX / 2);
        let end = straight.last().expect("a run has events").at.retired;
        let mut numbers = Numbers(5);
        for _ in 0..6 {
            let mut first = guest.machine();
            let at = numbers.below(end);
            assert_eq!(first.run(Goal::Retired(at)), Pause::Reached);
            let (moment, digest) = (first.moment(), first.digest());
            let snapshot = first.save();
            assert_eq!(first.digest(), digest, "saving changes nothing");

            // Into the same machine, after it has gone on; and into a new one.
            let far = Goal::Retired(at + numbers.below(end - at + 1));
            let _ = first.run(far);
            let mut second = guest.machine();
            for machine in [&mut first, &mut second] {
                let (sender, receiver) = mpsc::channel();
                machine.set_observer(Box::new(Keep(sender)));
                machine.restore(&snapshot).expect("fits");
                assert!(receiver.try_recv().is_err(), "restoring does nothing");
                assert_eq!((machine.moment(), machine.digest()), (moment, digest));
                assert!(machine.save() == snapshot);
                to_the_end(&mut **machine);
                let rest: Vec<_> = receiver.try_iter().collect();
                let expected = straight.iter().filter(|event| event.at >= moment);
                assert!(rest.iter().eq(expected), "{} from {moment}", guest.record.vcpus);
            }
        }
    }
}

/// Catches a level that changes the run, a recording that does not repeat, and a replay that differs.
#[test]
fn recordings_repeat_and_replay_at_every_level() {
    for guest in guests() {
        let digests = |log: &[u8]| {
            let mut all = events(log.to_vec());
            all.retain(|event| event.what.kind() == EventKind::Digest);
            all
        };
        let full = guest.record(Level::Full, "");
        for level in Level::ALL {
            let log = guest.record(level, "");
            assert!(log == guest.record(level, ""));
            assert_eq!(digests(&log), digests(&full));
            guest.replay_exactly(log);
        }
    }
}

/// Catches inputs that enter at another moment than the one they were recorded at, whatever moment that was.
#[test]
fn live_inputs_replay_wherever_they_came() {
    let guest = guest("echo", "virt", 1);
    let text = b"hello\rirq\rsome words\rpoll\rmore\rquit\r";
    let mut logs = Vec::new();
    for seed in 0..20 {
        let typist = Typist { keys: text.to_vec(), numbers: Numbers(seed) };
        let (log, _) = guest.record_with(Level::Full, Box::new(typist), |machine| {
            // A guest that has lost its input never ends; stop it, which is a way to end as well.
            match machine.run(Goal::Retired(40_000_000)) {
                Pause::Ended(reason) => reason,
                _ => StopReason::Requested,
            }
        });
        logs.push(log);
    }
    for log in &logs {
        match guest.replay(log.clone()) {
            ReplayEnd::Complete(_) => {}
            ReplayEnd::Truncated(ending) => panic!("{ending}"),
            ReplayEnd::Diverged(divergence) => panic!("{divergence}"),
        }
    }
    logs.sort();
    logs.dedup();
    assert!(logs.len() > 1, "the typists were meant to differ");
}

/// Catches a reset that leaves something behind: the guest starts anew and says the same.
#[test]
fn a_reset_machine_starts_anew() {
    let guest = guest("timer", "virt", 1);
    let console = |events: &[Event]| -> Vec<u8> {
        let byte = |event: &Event| match event.what {
            What::ConsoleOut { byte, .. } => Some(byte),
            _ => None,
        };
        events.iter().filter_map(byte).collect()
    };
    let whole = console(&events(guest.record(Level::Events, "")));
    for at in [1, 500, 30_000, 100_000, 200_000] {
        let log = guest.record(Level::Events, &format!("at {at} reset"));
        let all = events(log.clone());
        let reset = all.iter().position(|event| event.what == What::MachineReset);
        let after = console(&all[reset.expect("was reset")..]);
        assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(&whole));
        guest.replay_exactly(log);
    }
}

/// Catches a replay that hangs, or that names the wrong place, when a recording and a run part.
#[test]
fn divergences_are_found_where_they_are() {
    let guest = guest("timer", "virt", 1);
    let log = guest.record(Level::Full, "at 1000 type \"x\"");
    let good = events(log);
    let header = guest.header(Level::Full);
    let replayed = |events: &[Event]| {
        let log = encode(&header, &[], events).expect("encodes");
        match guest.replay(log) {
            ReplayEnd::Diverged(divergence) => *divergence,
            end => panic!("expected a divergence, got {end:?}"),
        }
    };
    let mut numbers = Numbers(9);
    for _ in 0..40 {
        // Something else than what happened.
        let place = numbers.below(good.len() as u64) as usize;
        let mut wrong = good.clone();
        wrong[place].what = What::Warp { to: lockstep_core::VirtualTime::from_ns(7) };
        let found = replayed(&wrong);
        if !matches!(good[place].what, What::Input(_)) {
            assert_eq!(found.at, good[place].at);
        }
        // One event less.
        if !matches!(good[place].what, What::Input(_) | What::Stop(_)) {
            let mut wrong = good.clone();
            let lost = wrong.remove(place);
            assert_eq!(replayed(&wrong).at, lost.at);
        }
    }
    // One more, where nothing happens.
    let mut wrong = good.clone();
    let gap = good.windows(2).position(|pair| pair[1].at.retired > pair[0].at.retired + 2);
    let gap = gap.expect("a timer guest waits");
    let quiet = Moment::at(good[gap].at.retired + 1);
    wrong.insert(gap + 1, Event { at: quiet, ..good[gap].clone() });
    let found = replayed(&wrong);
    assert_eq!(found.at, quiet);
    assert!(matches!(found.difference, Difference::Missing { .. }));
}

/// Catches an awaited input that can never come: the machine is idle for ever before it.
#[test]
fn a_replay_that_waits_for_ever_says_for_what() {
    let guest = guest("echo", "virt", 1);
    let script = "after \"echo: ready\" type \"irq\\rabc\\rquit\\r\"";
    let log = guest.record(Level::Events, script);
    guest.replay_exactly(log.clone());
    let header = guest.header(Level::Events);
    let mut wrong = events(log);
    let input = wrong.iter().position(|event| event.what.kind() == EventKind::Input);
    let input = input.expect("something was typed");
    // Without the line's end the guest waits.
    let What::Input(Input::Console { bytes, .. }) = &mut wrong[input].what else { panic!() };
    bytes.pop();
    let log = encode(&header, &[], &wrong).expect("encodes");
    assert!(matches!(guest.replay(log), ReplayEnd::Diverged(_)));
}
