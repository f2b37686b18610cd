//! Machines that run the small guests, recorded in memory.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a test reads the guests that it runs")]

use std::io::Cursor;
use std::sync::mpsc;

use lockstep_core::{
    Clock, Door, Event, Input, Level, Moment, Observer, Offer, StopReason, Verdict, VirtualTime,
};
use lockstep_log::{Header, ImageRole, Reader};
use lockstep_machine::{
    Goal, Images, Machine, MachineRecord, Pause, Recording, Replay, ReplayEnd, Script, ScriptDoor,
    build, check, parse_machine,
};

pub(crate) type Log = Reader<Cursor<Vec<u8>>>;

/// A machine's configuration and images.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) record: MachineRecord,
    pub(crate) images: Images,
}

/// The guest `name`, on the board with `options`.
pub(crate) fn guest(name: &str, options: &str, vcpus: u16) -> Guest {
    let arch = if options.starts_with("clipper") { "alpha" } else { "aarch64" };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let image = std::fs::read(format!("{root}/{arch}/guests/{name}.elf"))
        .expect("the guest is in the repository");
    let (board, options) = parse_machine(options).expect("a good board");
    let mut record = MachineRecord {
        board,
        options,
        vcpus,
        memory: 64 << 20,
        digest_interval: 100_000,
        ..MachineRecord::default()
    };
    check(&mut record).expect("a good machine");
    let mut images = Images::default();
    images.add(ImageRole::Kernel, name, image);
    Guest { record, images }
}

impl Guest {
    pub(crate) fn machine(&self) -> Box<dyn Machine> {
        build(&self.record, &self.images).expect("builds")
    }

    pub(crate) fn header(&self, level: Level) -> Header {
        Header {
            creator: "test".to_owned(),
            level,
            machine: self.record.clone(),
            images: self.images.records(),
            bundled: false,
        }
    }

    /// Records a run with inputs from `door`; `drive` runs the machine to its end.
    pub(crate) fn record_with(
        &self,
        level: Level,
        door: Box<dyn Door>,
        drive: impl FnOnce(&mut dyn Machine) -> StopReason,
    ) -> (Vec<u8>, StopReason) {
        let mut machine = self.machine();
        machine.set_door(door);
        let (sender, receiver) = mpsc::channel::<Vec<u8>>();
        let header = self.header(level);
        let recording = Recording::begin(&mut *machine, &header, &self.images, Box::new(sender))
            .expect("begins");
        let reason = drive(&mut *machine);
        recording.finish(&mut *machine).expect("finishes");
        (receiver.try_iter().flatten().collect(), reason)
    }

    /// Records a run with a script's inputs.
    pub(crate) fn record(&self, level: Level, script: &str) -> Vec<u8> {
        let script = Script::parse(script).expect("a good script");
        let door = ScriptDoor::new(script, Box::new(lockstep_core::NoDoor), None);
        self.record_with(level, Box::new(door), to_the_end).0
    }

    pub(crate) fn replay(&self, log: Vec<u8>) -> ReplayEnd {
        let log = Reader::from_bytes(log).expect("a good log");
        let mut replay = Replay::new(log, &self.images).expect("builds");
        replay.run().expect("the log can be read")
    }

    /// Replays a log and insists that nothing differs.
    pub(crate) fn replay_exactly(&self, log: Vec<u8>) -> StopReason {
        match self.replay(log) {
            ReplayEnd::Complete(reason) => reason,
            ReplayEnd::Truncated(ending) => panic!("cut off: {ending}"),
            ReplayEnd::Diverged(divergence) => panic!("{divergence}"),
        }
    }
}

/// Runs a machine until its run ends.
pub(crate) fn to_the_end(machine: &mut dyn Machine) -> StopReason {
    match machine.run(Goal::End) {
        Pause::Ended(reason) => reason,
        pause => panic!("{pause:?}"),
    }
}

pub(crate) fn events(log: Vec<u8>) -> Vec<Event> {
    let log: Log = Reader::from_bytes(log).expect("a good log");
    log.into_events().collect::<Result<_, _>>().expect("good events")
}

/// Small numbers that repeat for a seed: enough to choose moments by.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = lockstep_core::chain(self.0, b"next");
        self.0 % bound.max(1)
    }
}

/// Keeps events, at every level.
pub(crate) struct Keep(pub(crate) mpsc::Sender<Event>);

impl Observer for Keep {
    fn level(&self) -> Level {
        Level::Full
    }

    fn observe(&mut self, event: &Event) -> Verdict {
        self.0.send(event.clone()).expect("somebody listens");
        Verdict::Continue
    }
}

/// A user whose keys come when it suits the host: at polls and idle times that the numbers choose.
pub(crate) struct Typist {
    pub(crate) keys: Vec<u8>,
    pub(crate) numbers: Numbers,
}

impl Typist {
    fn next(&mut self) -> Offer {
        match self.keys.first().copied() {
            None => Offer::Never,
            Some(key) => {
                self.keys.remove(0);
                Offer::Input(Input::Console { port: 0, bytes: vec![key] })
            }
        }
    }
}

impl Door for Typist {
    fn poll(&mut self, _now: Moment, _time: VirtualTime) -> Offer {
        if self.numbers.below(3) == 0 { self.next() } else { Offer::NotNow }
    }

    fn next_poll(&self, retired: u64, _clock: &Clock) -> u64 {
        retired + 1 + lockstep_core::chain(self.numbers.0, b"poll") % 3000
    }

    fn idle(&mut self, _now: Moment, next: Option<VirtualTime>) -> Offer {
        if next.is_some() && self.numbers.below(2) == 0 { Offer::NotNow } else { self.next() }
    }
}
