//! What a driver of the entropy device relies on.

use lockstep_core::{Rng, Use};

use super::{Entropy, spec};
use crate::testing::assert_round_trip;
use crate::virtio::testing::{BUFFERS, Rig};

fn rig() -> Rig {
    Rig::new(|_| Box::new(Entropy::new(7)))
}

fn stream(skip_words: u128, len: usize) -> Vec<u8> {
    let mut rng = Rng::new(7, Use::GuestEntropy);
    rng.seek(skip_words);
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    bytes
}

/// Catches bytes that are not the seed's, that come twice, or that come at once.
#[test]
fn bytes_are_those_of_the_seed() {
    let mut rig = rig();
    rig.submit(0, &[(BUFFERS, 16, true), (BUFFERS + 64, 6, true)]);
    rig.submit(0, &[(BUFFERS + 128, 8, true)]);
    assert!(rig.done(0).is_empty());
    rig.run_until(1_000_000);
    // The shorter request is done first.
    assert_eq!(rig.done(0), [(2, 8), (0, 22)]);
    assert_eq!(rig.read(BUFFERS + 128, 8), stream(0, 8));
    let long = [rig.read(BUFFERS, 16), rig.read(BUFFERS + 64, 6)].concat();
    assert_eq!(long, stream(2, 22));
}

/// Catches a request that is answered with more than a device may take time for, and one in the wrong direction.
#[test]
fn requests_are_bounded() {
    let mut rig = rig();
    rig.submit(0, &[(BUFFERS, 4 << 20, true)]);
    rig.run_until(1_000_000_000);
    assert_eq!(rig.done(0), [(0, spec::MOST as u32)]);
    rig.submit(0, &[(BUFFERS, 4, false)]);
    assert!(rig.fault().is_some());
}

/// Catches a reset that leaves a request under way, or the stream where it was.
#[test]
fn a_reset_forgets_requests() {
    let mut rig = rig();
    rig.submit(0, &[(BUFFERS, 16, true)]);
    rig.run_until(1_000_000);
    rig.submit(0, &[(BUFFERS, 16, true)]);
    rig.set_status(0);
    assert_eq!(rig.bench.bp.calendar.next(), None);
    rig.write(BUFFERS, &[0; 16]);
    rig.run_until(2_000_000);
    assert_eq!(rig.read(BUFFERS, 16), [0; 16]);
}

/// Catches a stream that begins again after a restore, or a request that it forgets.
#[test]
fn the_place_in_the_stream_is_saved() {
    let mut busy = Entropy::new(7);
    busy.draw(&mut [0; 20]);
    busy.state.pending.insert(3, Default::default());
    assert_round_trip(&busy, Entropy::new(7));
    let mut bytes = [0; 4];
    busy.draw(&mut bytes);
    assert_eq!(bytes[..], stream(5, 4));
}
