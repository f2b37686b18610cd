//! What a driver of the console relies on.

use lockstep_core::Input;

use super::{Console, spec};
use crate::testing::assert_round_trip;
use crate::virtio::testing::{BUFFERS, Rig};

fn rig() -> Rig {
    Rig::new(|_| Box::new(Console::new(1)))
}

fn typed(rig: &mut Rig, port: u8, text: &str) {
    let input = Input::Console { port, bytes: text.into() };
    rig.virtio.input(&mut rig.bench.cx(), &input);
}

/// Catches typed text that is lost for want of a buffer, torn in the wrong order, or another port's.
#[test]
fn typed_text_waits_for_buffers() {
    let mut rig = rig();
    typed(&mut rig, 1, "hello ");
    typed(&mut rig, 0, "not mine");
    assert_eq!(rig.virtio.used(), 0);
    rig.submit(spec::RECEIVE, &[(BUFFERS, 2, true), (BUFFERS + 8, 2, true)]);
    rig.submit(spec::RECEIVE, &[(BUFFERS + 16, 64, true)]);
    typed(&mut rig, 1, "world");
    rig.submit(spec::RECEIVE, &[(BUFFERS + 32, 64, true)]);
    let lens: Vec<_> = rig.done(spec::RECEIVE).iter().map(|(_, len)| *len).collect();
    assert_eq!(lens, [4, 2, 5]);
    let text = [rig.read(BUFFERS, 2), rig.read(BUFFERS + 8, 2), rig.read(BUFFERS + 16, 2)].concat();
    assert_eq!((text.as_slice(), rig.read(BUFFERS + 32, 5)), (&b"hello "[..], b"world".to_vec()));
}

/// Catches text typed before the driver is there that it never gets.
#[test]
fn a_driver_gets_what_was_typed_before_it_came() {
    let mut rig = Rig::cold(|_| Box::new(Console::new(1)));
    typed(&mut rig, 1, "early");
    rig.start(0);
    rig.submit(spec::RECEIVE, &[(BUFFERS, 64, true)]);
    assert_eq!(rig.read(BUFFERS, 5), b"early");
}

/// Catches text that is shown in another order, or on another port, and a buffer in the wrong direction.
#[test]
fn text_is_shown() {
    let mut rig = rig();
    rig.write(BUFFERS, b"abcd");
    rig.submit(spec::TRANSMIT, &[(BUFFERS + 2, 2, false), (BUFFERS, 2, false)]);
    rig.virtio.write_config(&mut rig.bench.cx(), spec::EMERG_WR, &[b'!', 0, 0, 0]);
    assert_eq!(rig.bench.console(), b"cdab!");
    assert_eq!(rig.done(spec::TRANSMIT), [(0, 0)]);
    assert_eq!(rig.bench.bp.outputs[0], lockstep_core::Output::Console { port: 1, byte: b'c' });
    typed(&mut rig, 1, "x");
    rig.submit(spec::RECEIVE, &[(BUFFERS, 4, false)]);
    assert!(rig.fault().is_some());
}

/// Catches typed text that a snapshot forgets.
#[test]
fn what_waits_is_saved() {
    let mut console = Console::new(1);
    console.state.waiting.extend(b"abc");
    assert_round_trip(&console, Console::new(1));
}
