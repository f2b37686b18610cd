//! A timeline must be where it says, whichever way it got there.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use std::collections::BTreeSet;

use common::{GUESTS, Numbers, record, stop_at, stop_at_text, with};
use lockstep_core::{EventKind, Level, Moment, What};
use lockstep_machine::{EngineChoice, Watch, WatchKind};
use lockstep_timeline::{Conditions, EventCondition, Options, Stop, Timeline};

const ENGINES: [EngineChoice; 2] = [EngineChoice::Interp, EngineChoice::Auto];

/// Catches a state that depends on the way to it: a checkpoint that lacks something, a restore that does something.
#[test]
fn seeks_agree_with_a_straight_run() {
    for (name, engine) in GUESTS.iter().zip(ENGINES.iter().cycle()) {
        let recorded = record(name, Level::Events);
        let mut timeline = recorded.timeline(with(*engine));
        let mut numbers = Numbers(7);
        let end = timeline.end().retired;
        let counts: BTreeSet<u64> = (0..60).map(|_| numbers.below(end)).collect();
        let straight = recorded.straight(&counts);
        for _ in 0..80 {
            let place = numbers.below(counts.len() as u64) as usize;
            let count = *counts.iter().nth(place).unwrap();
            let to = Moment { retired: count, ordinal: u32::MAX };
            assert_eq!(timeline.seek(to).unwrap(), Stop::Moment, "{name} {count}");
            assert_eq!((timeline.moment(), timeline.digest()), straight[place], "{name} {count}");
        }
    }
}

/// The counts of a few events of every kind, and the first ones.
fn interesting(timeline: &Timeline) -> BTreeSet<u64> {
    let mut counts = BTreeSet::from([0]);
    for kind in EventKind::ALL {
        let events = timeline.events().iter().filter(|event| event.what.kind() == kind);
        counts.extend(events.take(3).map(|event| event.at.retired));
    }
    counts
}

/// Catches a step back that is not one step: across interrupts, idle warps, due timers, inputs, switches and exceptions.
#[test]
fn stepping_back_is_the_inverse_of_stepping() {
    for (name, engine) in GUESTS.iter().zip(ENGINES.iter().rev().cycle()) {
        let recorded = record(name, Level::Full);
        let mut timeline = recorded.timeline(with(*engine));
        for count in interesting(&timeline) {
            let from = Moment { retired: count.saturating_sub(6), ordinal: u32::MAX };
            timeline.seek(from).unwrap();
            let mut path = vec![(timeline.moment(), timeline.digest())];
            while path.len() < 12 {
                match timeline.step().unwrap() {
                    Stop::Moment => path.push((timeline.moment(), timeline.digest())),
                    Stop::EndOfHistory => break,
                    stop => panic!("{name}: {stop:?}"),
                }
            }
            // At the end of history, back leads to the last position.
            if timeline.moment() > path.last().unwrap().0 {
                assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment);
            }
            while let Some(expected) = path.pop() {
                assert_eq!((timeline.moment(), timeline.digest()), expected, "{name}");
                if !path.is_empty() {
                    assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment, "{name}");
                }
            }
        }
    }
}

/// What forward execution stops at, from the start to the end.
fn forward(timeline: &mut Timeline) -> Vec<(Moment, Stop)> {
    timeline.seek(Moment::START).unwrap();
    let mut stops = Vec::new();
    loop {
        match timeline.resume().unwrap() {
            Stop::EndOfHistory => return stops,
            stop => stops.push((timeline.moment(), stop)),
        }
    }
}

/// What backward execution stops at, from the end to the start, in the order of time; at most the last `most`.
fn backward(timeline: &mut Timeline, most: usize) -> Vec<(Moment, Stop)> {
    timeline.seek(Moment::NEVER).unwrap();
    let mut stops = Vec::new();
    while stops.len() < most {
        match timeline.reverse_resume().unwrap() {
            Stop::StartOfHistory => break,
            stop => stops.push((timeline.moment(), stop)),
        }
    }
    stops.reverse();
    stops
}

/// Program counters at counts spread over a run.
fn visited(timeline: &mut Timeline, numbers: &mut Numbers, count: usize) -> Vec<u64> {
    let end = timeline.end().retired;
    let mut visit = |_| {
        timeline.seek(Moment { retired: numbers.below(end), ordinal: u32::MAX }).unwrap();
        timeline.machine().position().1
    };
    (0..count).map(&mut visit).collect()
}

/// Catches a breakpoint that one direction sees and the other does not, or at another place.
#[test]
fn breakpoints_are_the_same_both_ways() {
    for (name, engine) in
        ["timer", "exceptions", "smp", "echo", "debug"].iter().zip(ENGINES.iter().cycle())
    {
        let recorded = record(name, Level::Events);
        let mut timeline = recorded.timeline(with(*engine));
        let mut numbers = Numbers(3);
        for pc in visited(&mut timeline, &mut numbers, 4) {
            timeline.set_conditions(stop_at(&[pc]));
            let there = forward(&mut timeline);
            assert!(!there.is_empty(), "{name} {pc:#x}");
            let back = backward(&mut timeline, 25);
            assert_eq!(back, there[there.len().saturating_sub(25)..], "{name} {pc:#x}");
            timeline.set_conditions(Conditions::default());
        }
    }
}

/// Catches events that one direction stops at and the other does not. Going back stops before the transition.
#[test]
fn events_are_the_same_both_ways() {
    let kinds = [
        EventKind::Interrupt,
        EventKind::Warp,
        EventKind::Input,
        EventKind::Exception,
        EventKind::Switch,
    ];
    for (name, level) in [
        ("timer", Level::Events),
        ("exceptions", Level::Events),
        ("smp", Level::Full),
        ("echo", Level::Inputs),
    ] {
        let recorded = record(name, level);
        let mut timeline = recorded.timeline(with(EngineChoice::Auto));
        for kind in kinds {
            let events = vec![EventCondition::Kind(kind)];
            timeline.set_conditions(Conditions { events, ..Conditions::default() });
            let there = forward(&mut timeline);
            if there.len() > 60 {
                continue;
            }
            let back = backward(&mut timeline, usize::MAX);
            let counts = |stops: &[(Moment, Stop)]| -> Vec<u64> {
                stops.iter().map(|(at, _)| at.retired).collect()
            };
            let before: Vec<u64> = counts(&there).iter().map(|count| count - 1).collect();
            assert_eq!(counts(&back), before, "{name} {kind:?}");
        }
    }
}

/// Catches a text that is not found, found in part, or found where it is not complete.
#[test]
fn console_text_is_found_both_ways() {
    let recorded = record("echo", Level::Events);
    let mut timeline = recorded.timeline(with(EngineChoice::Auto));
    timeline.set_conditions(stop_at_text("hello"));
    let there = forward(&mut timeline);
    let Some((at, Stop::Event(event))) = there.first() else { panic!("{there:?}") };
    assert!(matches!(event.what, What::ConsoleOut { byte: b'o', .. }));
    assert!(event.at < *at);
    let back = backward(&mut timeline, usize::MAX);
    assert_eq!(there.len(), back.len());
    let first = stop_at_text("e");
    timeline.set_conditions(first);
    assert!(forward(&mut timeline).len() > there.len());
}

/// Catches a watchpoint that misses a writer, names another, or gives wrong values; and a debugger's question answered wrong:
/// who wrote this last?
#[test]
fn watchpoints_are_the_same_both_ways() {
    for engine in [EngineChoice::Interp, EngineChoice::Auto, EngineChoice::JitNow] {
        let recorded = record("timer", Level::Events);
        let mut timeline = recorded.timeline(with(engine));
        // The top of the stack in the middle of the run is written by somebody.
        timeline.seek(Moment::at(timeline.end().retired / 2)).unwrap();
        let vcpu = timeline.machine().position().0;
        let sp = timeline.machine().register(vcpu, 31).unwrap() as u64;
        let watch = Watch { address: sp, len: 8, kind: WatchKind::Write };
        timeline.set_conditions(Conditions { watchpoints: vec![watch], ..Conditions::default() });
        let there = forward(&mut timeline);
        assert!(!there.is_empty() && there.len() < 2000, "{} hits", there.len());
        let mut memory = [0; 8];
        let (at, Stop::Watchpoint(hit)) = there.last().unwrap() else { panic!() };
        timeline.seek(*at).unwrap();
        timeline.machine().read_virtual(vcpu, hit.address, &mut memory[..hit.len.into()]).unwrap();
        assert_eq!(u64::from_le_bytes(memory), hit.new);
        let hits = |stops: &[(Moment, Stop)]| -> Vec<(u64, u64)> {
            let one = |stop: &Stop| match stop {
                Stop::Watchpoint(hit) => (hit.pc, hit.address),
                stop => panic!("{stop:?}"),
            };
            stops.iter().map(|(_, stop)| one(stop)).collect()
        };
        timeline.seek(Moment::NEVER).unwrap();
        let mut back = Vec::new();
        while back.len() < 20 {
            match timeline.reverse_resume().unwrap() {
                Stop::StartOfHistory => break,
                stop => {
                    assert_eq!(
                        timeline.machine().position().1,
                        hits(&[(Moment::START, stop.clone())])[0].0
                    );
                    back.push((timeline.moment(), stop));
                }
            }
        }
        back.reverse();
        assert_eq!(hits(&back), hits(&there[there.len() - back.len()..]), "{engine:?}");
    }
}

/// Catches breakpoints and watchpoints that the guest could notice: in its state, its counts or its events.
#[test]
fn watching_changes_nothing() {
    for name in ["exceptions", "timer", "self-modifying", "debug"] {
        let recorded = record(name, Level::Full);
        let mut timeline = recorded.timeline(with(EngineChoice::Auto));
        let straight = recorded.straight(&BTreeSet::from([timeline.end().retired]));
        let mut numbers = Numbers(5);
        let pcs = visited(&mut timeline, &mut numbers, 4);
        let sp = timeline.machine().register(timeline.machine().position().0, 31).unwrap() as u64;
        let watch = Watch { address: sp & !0xfff, len: 4096, kind: WatchKind::Access };
        let conditions = Conditions { watchpoints: vec![watch], ..stop_at(&pcs) };
        timeline.set_conditions(conditions);
        timeline.seek(Moment::START).unwrap();
        let mut stops = 0;
        while timeline.resume().unwrap() != Stop::EndOfHistory {
            stops += 1;
            if stops > 3000 {
                timeline.set_conditions(Conditions::default());
            }
        }
        // The recording has every event and digest of every level, so getting to its end has compared them all.
        assert_eq!((timeline.moment(), timeline.digest()), straight[0], "{name}");
        assert!(stops > 4);
    }
}

/// Catches checkpoints that cost more than they may, and moves that need those that are gone.
#[test]
fn checkpoints_keep_to_their_budget() {
    for budget in [0, 64 << 10, 2 << 20] {
        let recorded = record("compute", Level::Events);
        let options = Options { checkpoint_memory: budget, ..with(EngineChoice::Auto) };
        let mut timeline = recorded.timeline(options);
        let mut numbers = Numbers(11);
        let end = timeline.end().retired;
        for _ in 0..6 {
            timeline.seek(Moment { retired: numbers.below(end), ordinal: u32::MAX }).unwrap();
            timeline.reverse_step().unwrap();
            let held = timeline.checkpoints();
            assert!(held.bytes <= budget || held.moments.len() == 1, "{held:?}");
        }
    }
}

/// Catches a branch that leaks into the recording, or that cannot be gone back in.
#[test]
fn branches_leave_the_recording_alone() {
    let recorded = record("timer", Level::Events);
    let mut timeline = recorded.timeline(with(EngineChoice::Auto));
    let middle = Moment { retired: timeline.end().retired / 2, ordinal: u32::MAX };
    timeline.seek(middle).unwrap();
    let (at, digest) = (timeline.moment(), timeline.digest());
    let (vcpu, pc) = timeline.machine().position();
    assert!(timeline.set_register(vcpu, 100_000, 1).is_err());
    assert!(timeline.write_virtual(vcpu, 1 << 60, &[1]).is_err());
    assert_eq!((timeline.branch(), timeline.digest()), (None, digest));
    // An endless loop, where the program was.
    timeline.write_virtual(vcpu, pc, &0x1400_0000u32.to_le_bytes()).unwrap();
    timeline.set_register(vcpu, 0, 42).unwrap();
    assert_eq!(timeline.branch(), Some(at));
    assert_ne!(timeline.digest(), digest);
    let branch = timeline.digest();
    for _ in 0..5 {
        timeline.step().unwrap();
    }
    for _ in 0..5 {
        assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment);
    }
    assert_eq!((timeline.moment(), timeline.digest()), (at, branch));
    assert_eq!(timeline.reverse_step().unwrap(), Stop::StartOfHistory);
    timeline.branch_drop().unwrap();
    assert_eq!((timeline.branch(), timeline.moment(), timeline.digest()), (None, at, digest));
    assert_eq!(timeline.seek(Moment::NEVER).unwrap(), Stop::EndOfHistory);
}

/// Catches a seek between two acts that stops elsewhere, and positions that lead on otherwise than the straight run.
#[test]
fn positions_between_acts() {
    let recorded = record("timer", Level::Events);
    let mut timeline = recorded.timeline(with(EngineChoice::Interp));
    let warps = timeline.events().iter().filter(|event| event.what.kind() == EventKind::Warp);
    let warps: Vec<Moment> = warps.map(|event| event.at).take(4).collect();
    assert!(!warps.is_empty());
    for warp in warps {
        timeline.seek(warp).unwrap();
        assert_eq!(timeline.moment(), warp);
        let before = timeline.machine().time();
        timeline.seek(Moment { ordinal: warp.ordinal + 1, ..warp }).unwrap();
        assert!(timeline.machine().time() > before && timeline.moment() > warp);
        assert_eq!(timeline.step().unwrap(), Stop::Moment);
        let settled = (timeline.moment(), timeline.digest());
        timeline.seek(Moment { ordinal: u32::MAX, ..warp }).unwrap();
        assert_eq!((timeline.moment(), timeline.digest()), settled);
        // The moment of a position leads there, although the vCPU wakes up without an event of its own.
        timeline.seek(Moment::NEVER).unwrap();
        timeline.seek(settled.0).unwrap();
        assert_eq!((timeline.moment(), timeline.digest()), settled);
        timeline.seek(warp).unwrap();
        assert_eq!(timeline.reverse_step().unwrap(), Stop::Moment);
        assert_eq!(timeline.moment().retired, warp.retired - 1);
    }
}

/// Catches accesses to a device that are missed or told for another device, and a way back that finds others than the way
/// forth did.
#[test]
fn accesses_to_a_device() {
    for engine in [EngineChoice::Interp, EngineChoice::Auto, EngineChoice::JitNow] {
        let recorded = record("hello", Level::Events);
        let mut timeline = recorded.timeline(with(engine));
        let regions = timeline.machine().device_regions();
        let uart = regions.into_iter().find(|region| region.name == "pl011").unwrap();
        let base = uart.ranges[0].0;
        let events = vec![EventCondition::Device(uart)];
        timeline.set_conditions(Conditions { events, ..Conditions::default() });
        let mut there = Vec::new();
        while let Stop::Device(hit) = timeline.resume().unwrap() {
            there.push((timeline.moment().retired - 1, hit));
        }
        // Every byte that the console shows was stored to the data register.
        let shown: Vec<u64> = timeline
            .events()
            .iter()
            .filter_map(|event| match event.what {
                What::ConsoleOut { byte, .. } => Some(u64::from(byte)),
                _ => None,
            })
            .collect();
        let stored: Vec<u64> = there
            .iter()
            .filter(|(_, hit)| hit.writes && hit.address == base)
            .filter_map(|(_, hit)| hit.value)
            .collect();
        assert_eq!(stored, shown);
        assert!(there.iter().all(|(_, hit)| hit.device == "pl011" && hit.address & !0xfff == base));
        let mut back = Vec::new();
        while let Stop::Device(hit) = timeline.reverse_resume().unwrap() {
            back.push((timeline.moment().retired, hit));
        }
        back.reverse();
        let difference = back.iter().zip(&there).find(|(back, there)| back != there);
        assert_eq!(difference, None, "{engine:?}");
        assert_eq!(back.len(), there.len(), "{engine:?}");
    }
}
