//! Machines with virtio devices: snapshots and resets with requests under way, and completions that are the host's.

#![allow(clippy::disallowed_methods, reason = "a test reads what its guests print")]

mod common;

use std::collections::BTreeSet;
use std::sync::mpsc;

use common::{Guest, Keep, Numbers, events, guest, to_the_end};
use lockstep_core::{
    Clock, Door, Event, EventKind, HostRead, Input, Level, Moment, Offer, Output, Rng, StopReason,
    Use, VirtualTime, What,
};
use lockstep_log::{ImageRole, IoMode};
use lockstep_machine::{Goal, Pause, ReplayEnd};

/// The small guest for a disk, with the pattern that it wants on one.
fn block(io: IoMode) -> Guest {
    let mut guest = guest("virtio-block", "virt", 1);
    guest.record.io = io;
    let word = |place: u64| place.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    guest.images.add(ImageRole::Disk, "pattern", (0..1 << 17).flat_map(word).collect());
    guest
}

fn console(events: &[Event]) -> String {
    let byte = |event: &Event| match event.what {
        What::ConsoleOut { byte, .. } => Some(byte as char),
        _ => None,
    };
    events.iter().filter_map(byte).collect()
}

fn expected(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/aarch64/guests");
    std::fs::read_to_string(format!("{root}/{name}.expected")).expect("beside the guest")
}

/// Catches a request under way that a snapshot forgets, holds twice, or completes at another moment after a restore.
#[test]
fn requests_under_way_survive_a_restore() {
    let guests = [
        block(IoMode::Modelled),
        guest("virtio-entropy", "virt,entropy=virtio", 1),
        guest("virtio-net", "virt,net=virtio,gic=2", 1),
    ];
    for guest in guests {
        let straight = events(guest.record(Level::Full, ""));
        let dues = straight.iter().filter(|event| event.what.kind() == EventKind::Due);
        // A little before a device does something, it has something to do.
        let moments: Vec<_> = dues.map(|event| event.at.retired - 2).collect();
        assert!(moments.len() > 4, "the guest keeps its devices busy");
        for at in moments.into_iter().step_by(3) {
            let mut first = guest.machine();
            assert_eq!(first.run(Goal::Retired(at)), Pause::Reached);
            let (moment, digest, snapshot) = (first.moment(), first.digest(), first.save());
            to_the_end(&mut *first);
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
                assert!(rest.iter().eq(straight.iter().filter(|event| event.at >= moment)));
            }
        }
    }
}

/// Catches a reset that leaves a request under way, which would then complete into the memory of a guest that has begun
/// again.
#[test]
fn a_reset_forgets_requests() {
    let guest = block(IoMode::Modelled);
    let straight = events(guest.record(Level::Events, ""));
    for event in straight.iter().filter(|event| event.what.kind() == EventKind::Completion) {
        let script = format!("at {} reset", event.at.retired - 2);
        let log = guest.record(Level::Events, &script);
        let text = console(&events(log.clone()));
        assert_eq!(text.matches("capacity: 2048 sectors").count(), 2);
        assert!(text.ends_with(&expected("virtio-block")), "{text}");
        assert_eq!(guest.replay_exactly(log), StopReason::PowerOff);
    }
}

/// A host that reads disks in its own time and order, and sometimes fails.
struct Host {
    asked: Vec<HostRead>,
    numbers: Numbers,
    fails: bool,
}

impl Host {
    fn answer(&mut self) -> Offer {
        if self.asked.is_empty() {
            return Offer::NotNow;
        }
        let place = self.numbers.below(self.asked.len() as u64) as usize;
        let HostRead { device, request, .. } = self.asked.remove(place);
        let good = !self.fails || self.numbers.below(4) > 0;
        Offer::Input(Input::HostRead { device, request, good })
    }
}

impl Door for Host {
    fn poll(&mut self, _now: Moment, _time: VirtualTime) -> Offer {
        if self.numbers.below(3) == 0 { self.answer() } else { Offer::NotNow }
    }

    fn next_poll(&self, retired: u64, _clock: &Clock) -> u64 {
        retired + 1 + lockstep_core::chain(self.numbers.0, b"poll") % 300
    }

    fn idle(&mut self, _now: Moment, next: Option<VirtualTime>) -> Offer {
        match (self.answer(), next) {
            (Offer::NotNow, None) => Offer::Never,
            (offer, _) => offer,
        }
    }

    fn output(&mut self, output: &Output) {
        if let Output::Read(read) = output {
            self.asked.push(*read);
        }
    }
}

/// Catches a live completion that is replayed at another moment, or not at all; and a guest that sees another disk for it.
#[test]
fn live_reads_replay_wherever_they_completed() {
    let guest = block(IoMode::Live);
    let mut different = BTreeSet::new();
    for seed in 0..20 {
        let fails = seed >= 15;
        let host = Host { asked: Vec::new(), numbers: Numbers(seed), fails };
        let (log, reason) = guest.record_with(Level::Events, Box::new(host), to_the_end);
        assert_eq!(reason, StopReason::PowerOff);
        let all = events(log.clone());
        let text = console(&all);
        assert_eq!(text == expected("virtio-block"), !fails, "seed {seed}: {text}");
        let answers =
            all.iter().filter(|event| matches!(event.what, What::Input(Input::HostRead { .. })));
        assert_eq!(answers.count(), 14, "reads that the host was asked for");
        assert_eq!(guest.replay_exactly(log.clone()), StopReason::PowerOff);
        different.insert(log);
    }
    assert!(different.len() > 10, "{} of 20 recordings differ", different.len());
}

/// Catches a replay that answers a disk by itself: an answer that is missing in the log has to be missed.
#[test]
fn a_lost_answer_is_a_divergence() {
    let guest = block(IoMode::Live);
    let host = Host { asked: Vec::new(), numbers: Numbers(1), fails: false };
    let (log, _) = guest.record_with(Level::Events, Box::new(host), to_the_end);
    let mut all = events(log);
    let answer = all.iter().position(|event| event.what.kind() == EventKind::Input);
    all.remove(answer.expect("there are answers"));
    let log = lockstep_log::encode(&guest.header(Level::Events), &[], &all).expect("encodes");
    assert!(matches!(guest.replay(log), ReplayEnd::Diverged(_)));
}

/// Catches random bytes that are not the seed's.
#[test]
fn random_bytes_are_the_seeds() {
    for seed in [0, 1, 77, u64::MAX] {
        let mut guest = guest("virtio-entropy", "virt,entropy=virtio", 1);
        guest.record.seed = seed;
        let text = console(&events(guest.record(Level::Events, "")));
        let mut rng = Rng::new(seed, Use::GuestEntropy);
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(text.starts_with(&format!("32 bytes: {hex}\n")), "seed {seed}: {text}");
    }
}
