//! What a driver of the network card relies on.

use super::{Net, peer, spec};
use crate::testing::assert_round_trip;
use crate::virtio::testing::{BUFFERS, Rig};

const IN: u64 = BUFFERS + 0x10_000;

fn rig() -> Rig {
    Rig::new(|_| Box::new(Net::default()))
}

/// Sends a frame that comes back.
fn send(rig: &mut Rig, text: &[u8]) {
    let frame = [&peer::MAC[..], &super::MAC, &[0x88, 0xb5], text].concat();
    rig.write(BUFFERS, &[&[0; spec::HEADER][..], &frame].concat());
    let len = (spec::HEADER + frame.len()) as u32;
    // The header may be apart from the frame, or not.
    rig.submit(spec::TRANSMIT, &[(BUFFERS, 5, false), (BUFFERS + 5, len - 5, false)]);
}

/// Catches an answer that is lost, comes at once, has no header, or overtakes another.
#[test]
fn frames_come_back() {
    let mut rig = rig();
    send(&mut rig, b"first");
    send(&mut rig, b"second");
    assert_eq!(rig.done(spec::TRANSMIT).len(), 2);
    rig.submit(spec::RECEIVE, &[(IN, 2000, true)]);
    assert!(rig.done(spec::RECEIVE).is_empty());
    rig.run_until(10_000_000);
    let head = spec::HEADER + 14;
    assert_eq!(rig.done(spec::RECEIVE), [(4, head as u32 + 5)]);
    let header = rig.read(IN, spec::HEADER);
    assert_eq!(header, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(
        rig.read(IN + 12, 19),
        [&super::MAC[..], &peer::MAC, &[0x88, 0xb5], b"first"].concat()
    );
    // The second waits for a buffer.
    rig.submit(spec::RECEIVE, &[(IN, 2000, true)]);
    assert_eq!(rig.read(IN + head as u64, 6), b"second");
}

/// Catches a buffer that is too small and written past, and a frame that is none.
#[test]
fn wrong_sizes_stop_the_card() {
    let mut small = rig();
    small.submit(spec::RECEIVE, &[(IN, 30, true)]);
    send(&mut small, b"too long for 30");
    small.run_until(10_000_000);
    assert!(small.fault().is_some_and(|report| report.contains("30 to write")));
    for len in [0, 12, 25, 12 + 1515] {
        let mut rig = rig();
        rig.submit(spec::TRANSMIT, &[(BUFFERS, len, false)]);
        assert!(rig.fault().is_some(), "{len}");
    }
}

/// Catches a reset that leaves an answer under way, and a snapshot without it.
#[test]
fn answers_under_way_are_state() {
    let mut rig = rig();
    send(&mut rig, b"x");
    assert!(rig.bench.bp.calendar.next().is_some());
    rig.set_status(0);
    assert_eq!(rig.bench.bp.calendar.next(), None);
    let mut busy = Net::default();
    busy.state.next = 4;
    busy.state.under_way.insert(3, vec![1, 2]);
    busy.state.waiting.push_back(vec![3]);
    assert_round_trip(&busy, Net::default());
}
