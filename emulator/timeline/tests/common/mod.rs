//! Small guests, recorded in memory, and timelines over them.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a test reads the guests that it runs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::mpsc;

use lockstep_core::{Event, Level, Moment, NoDoor, StateDigest};
use lockstep_log::{Header, ImageRole, Reader};
use lockstep_machine::{
    EngineChoice, Goal, Images, LogDoor, Machine, MachineRecord, Pause, Recording, Script,
    ScriptDoor, build, check,
};
use lockstep_timeline::{Conditions, EventCondition, Options, Timeline};

/// A recording, with what is needed to build its machine.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) images: Images,
    pub(crate) log: Vec<u8>,
}

/// Guests with interrupts, idle times, inputs, exceptions, page tables, several vCPUs, and code that changes.
pub(crate) const GUESTS: [&str; 6] =
    ["timer", "echo", "exceptions", "smp", "self-modifying", "hello"];

/// Records a guest, with something to read if it reads.
pub(crate) fn record(name: &'static str, level: Level) -> Recorded {
    let script = r#"after "echo: ready" type "a\nhello\npoll\nx y z\nirq\nagain\nquit\n""#;
    record_with(name, level, if name == "echo" { script } else { "" })
}

/// Records a guest with a script.
pub(crate) fn record_with(name: &'static str, level: Level, script: &str) -> Recorded {
    record_keeping(name, level, script, None)
}

/// Records a guest with a script, and keyframes each so many instructions.
pub(crate) fn record_keeping(
    name: &'static str,
    level: Level,
    script: &str,
    every: Option<NonZeroU64>,
) -> Recorded {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/aarch64/guests");
    let mut record = MachineRecord {
        board: "virt".to_owned(),
        vcpus: if name == "smp" { 2 } else { 1 },
        memory: 64 << 20,
        digest_interval: 250_000,
        ..MachineRecord::default()
    };
    check(&mut record).unwrap();
    let mut images = Images::default();
    images.add(ImageRole::Kernel, name, std::fs::read(format!("{folder}/{name}.elf")).unwrap());
    let mut machine = build(&record, &images).unwrap();
    machine.set_engine(EngineChoice::Auto).unwrap();
    let script = Script::parse(script).unwrap();
    machine.set_door(Box::new(ScriptDoor::new(script, Box::new(NoDoor), None)));
    let header = Header {
        creator: "test".to_owned(),
        level,
        machine: record,
        images: images.records(),
        bundled: false,
    };
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    let mut recording =
        Recording::begin(&mut *machine, &header, &images, Box::new(sender)).unwrap();
    if let Some(every) = every {
        recording = recording.with_keyframes(&mut *machine, Some(every));
    }
    assert!(matches!(recording.run(&mut *machine), Pause::Ended(_)));
    recording.finish(&mut *machine).unwrap();
    Recorded { name, images, log: receiver.try_iter().flatten().collect() }
}

impl Recorded {
    pub(crate) fn timeline(&self, options: Options) -> Timeline {
        let reader = Reader::from_bytes(self.log.clone()).unwrap();
        Timeline::open(reader, self.images.clone(), options).unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let reader = Reader::from_bytes(self.log.clone()).unwrap();
        reader.into_events().collect::<Result<_, _>>().unwrap()
    }

    /// A machine at the start, with the recorded inputs and nobody who watches.
    pub(crate) fn machine(&self) -> Box<dyn Machine> {
        let reader = Reader::from_bytes(self.log.clone()).unwrap();
        let mut machine = build(&reader.header().machine, &self.images).unwrap();
        machine.set_door(Box::new(LogDoor::new(self.events().iter())));
        machine
    }

    /// Digests before the instructions at these counts, in order, from one straight run.
    pub(crate) fn straight(&self, counts: &BTreeSet<u64>) -> Vec<(Moment, StateDigest)> {
        let mut machine = self.machine();
        let mut at = |count: &u64| {
            machine.run(Goal::before(*count));
            (machine.moment(), machine.digest())
        };
        counts.iter().map(&mut at).collect()
    }
}

pub(crate) fn with(engine: EngineChoice) -> Options {
    Options { engine, ..Options::default() }
}

pub(crate) fn stop_at(breakpoints: &[u64]) -> Conditions {
    Conditions { breakpoints: breakpoints.iter().copied().collect(), ..Conditions::default() }
}

pub(crate) fn stop_at_text(text: &str) -> Conditions {
    let text = EventCondition::ConsoleText(text.as_bytes().to_vec());
    Conditions { events: vec![text], ..Conditions::default() }
}

/// Small numbers that repeat for a seed.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = lockstep_core::chain(self.0, b"next");
        self.0 % bound.max(1)
    }
}
