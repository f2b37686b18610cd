//! Engines must not be told apart by anything but a clock on the wall.
//!
//! Whole guests run on each, and must give the same events at the level that has all of them, the same digests at every
//! place where one can stop, and the same state after a snapshot was taken or taken back.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test reads files, prints what it did, and shares what it saw"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use lockstep_core::{Event, Level, NoDoor, Observer, StateDigest, Verdict};
use lockstep_log::ImageRole;
use lockstep_machine::{
    EngineChoice, Goal, Images, Machine, MachineRecord, Script, ScriptDoor, build, check,
};

/// Keeps all events.
struct Witness(Arc<Mutex<Vec<Event>>>);

impl Observer for Witness {
    fn level(&self) -> Level {
        Level::Full
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        self.0.lock().unwrap().push(event.clone());
        Verdict::Continue
    }
}

fn guest(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/aarch64/guests");
    std::fs::read(folder.join(name)).unwrap()
}

/// A machine about to run one of the guests, with its console input, on an engine.
fn machine(name: &str, vcpus: u16, engine: EngineChoice) -> Box<dyn Machine> {
    let mut record = MachineRecord {
        board: "virt".to_owned(),
        vcpus,
        memory: 64 << 20,
        digest_interval: 250_000,
        ..MachineRecord::default()
    };
    check(&mut record).unwrap();
    let mut images = Images::default();
    images.add(ImageRole::Kernel, name, guest(&format!("{name}.elf")));
    let mut machine = build(&record, &images).unwrap();
    machine.set_engine(engine).unwrap();
    let script = r#"after "echo: ready" type "a\nhello\npoll\nx y z\nirq\nagain\nquit\n""#;
    let script = if name == "echo" { Script::parse(script).unwrap() } else { Script::default() };
    machine.set_door(Box::new(ScriptDoor::new(script, Box::new(NoDoor), None)));
    machine
}

/// What a guest did in so many instructions.
fn course(name: &str, vcpus: u16, engine: EngineChoice, limit: u64) -> (Vec<Event>, StateDigest) {
    let mut machine = machine(name, vcpus, engine);
    let events = Arc::new(Mutex::new(Vec::new()));
    machine.set_observer(Box::new(Witness(Arc::clone(&events))));
    machine.run(Goal::Retired(limit));
    let digest = machine.digest();
    drop(machine.take_observer());
    let events = std::mem::take(&mut *events.lock().unwrap());
    (events, digest)
}

fn same_course(name: &str, vcpus: u16, limit: u64) {
    let (expected, state) = course(name, vcpus, EngineChoice::Interp, limit);
    for engine in [EngineChoice::JitNow, EngineChoice::Jit, EngineChoice::Auto] {
        let (actual, other) = course(name, vcpus, engine, limit);
        for (number, (a, b)) in expected.iter().zip(&actual).enumerate() {
            assert_eq!(a, b, "{name} on {engine:?}, event {number}");
        }
        assert_eq!(expected.len(), actual.len(), "{name} on {engine:?}");
        assert_eq!(state, other, "{name} on {engine:?}");
    }
}

/// Catches an engine that makes other events, or the same ones at other moments.
#[test]
fn guests_run_alike() {
    let guests = [
        "atomics",
        "compute",
        "echo",
        "exceptions",
        "flood",
        "hello",
        "integer",
        "loop",
        "self-modifying",
        "timer",
        "tlb-churn",
    ];
    for name in guests {
        same_course(name, 1, 3_000_000);
    }
}

/// Catches host addresses or monitors that one vCPU has of another.
#[test]
fn vcpus_run_alike() {
    same_course("smp", 2, 3_000_000);
}

/// Catches an engine that stops early, late, or with something not written back.
#[test]
fn every_stop_is_the_same() {
    for (name, first) in [("integer", 0), ("compute", 400_000), ("tlb-churn", 20_000)] {
        let mut expected = machine(name, 1, EngineChoice::Interp);
        let mut actual = machine(name, 1, EngineChoice::JitNow);
        // Past what has to be compiled, one at a time; then in strides, which enter loops.
        for machine in [&mut expected, &mut actual] {
            machine.run(Goal::Retired(first));
        }
        for count in 1..=1500 {
            let stop = Goal::Retired(first + count);
            expected.run(stop);
            actual.run(stop);
            assert_eq!(expected.digest(), actual.digest(), "{name} at {count} after {first}");
        }
    }
}

/// Catches an engine whose stop depends on where it started, or that has fetched what it did not run: runs from one
/// snapshot to every count after it.
#[test]
fn every_length_is_the_same() {
    for (name, first, most) in [("compute", 150_000, 5000), ("self-modifying", 30_000, 1500)] {
        let mut expected = machine(name, 1, EngineChoice::Interp);
        let mut actual = machine(name, 1, EngineChoice::JitNow);
        for machine in [&mut expected, &mut actual] {
            machine.run(Goal::Retired(first));
        }
        let snapshot = actual.save();
        assert_eq!(expected.digest(), actual.digest());
        for count in 1..=most {
            actual.restore(&snapshot).unwrap();
            expected.run(Goal::Retired(first + count));
            actual.run(Goal::Retired(first + count));
            assert_eq!(expected.digest(), actual.digest(), "{name}: {count} after {first}");
        }
    }
}

/// Catches code or host addresses that outlive the memory they were made from, and an engine that is seen to change.
#[test]
fn snapshots_and_changes_of_engine() {
    for name in ["self-modifying", "tlb-churn", "integer"] {
        let mut expected = machine(name, 1, EngineChoice::Interp);
        let mut actual = machine(name, 1, EngineChoice::JitNow);
        for round in 1..=12 {
            let snapshot = actual.save();
            actual.run(Goal::Retired(round * 20_011));
            actual.restore(&snapshot).unwrap();
            if round % 4 == 0 {
                let choices = [EngineChoice::Interp, EngineChoice::Auto, EngineChoice::JitNow];
                actual.set_engine(choices[round as usize / 4 % 3]).unwrap();
            }
            for machine in [&mut expected, &mut actual] {
                machine.run(Goal::Retired(round * 10_007));
            }
            assert_eq!(expected.digest(), actual.digest(), "{name}, round {round}");
        }
    }
}
