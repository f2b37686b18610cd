//! Encode, decode, encode again: the same bytes.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

mod samples;

use lockstep_core::{
    EntryId, Event, Input, InterruptClass, Level, Moment, Owner, StateDigest, StopReason, VcpuId,
    VirtualTime, What,
};
use lockstep_log::{EncodeError, Ending, FrameEncoder, Reader, encode};
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> Vec<Event> {
    let mut reader = Reader::from_bytes(bytes.to_vec()).unwrap();
    let mut events = reader.events();
    let list: Result<Vec<_>, _> = events.by_ref().collect();
    assert_eq!(events.ending(), Some(Ending::Complete));
    list.unwrap()
}

fn what() -> impl Strategy<Value = What> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let owner = prop_oneof![
        any::<u16>().prop_map(|vcpu| Owner::Vcpu(VcpuId(vcpu))),
        any::<u16>().prop_map(Owner::Device),
    ];
    let id = (owner, any::<u32>()).prop_map(|(owner, number)| EntryId { owner, number });
    let class = proptest::sample::select(&InterruptClass::ALL);
    prop_oneof![
        (any::<u8>(), bytes).prop_map(|(port, bytes)| What::Input(Input::Console { port, bytes })),
        Just(What::Input(Input::PowerKey)),
        any::<u64>()
            .prop_map(|ns| { What::Input(Input::TimePasses { to: VirtualTime::from_ns(ns) }) }),
        (any::<u8>(), any::<u8>()).prop_map(|(port, byte)| What::ConsoleOut { port, byte }),
        (id, any::<u64>())
            .prop_map(|(id, ns)| What::Due { id, armed_for: VirtualTime::from_ns(ns) }),
        any::<u64>().prop_map(|ns| What::Warp { to: VirtualTime::from_ns(ns) }),
        (class, any::<u64>()).prop_map(|(class, pc)| What::Interrupt { class, pc }),
        any::<u16>().prop_map(|from| What::Switch { from: VcpuId(from) }),
        Just(What::VcpuOff),
        (any::<u16>(), any::<u64>(), any::<u64>())
            .prop_map(|(device, request, status)| What::Completion { device, request, status }),
        (any::<u32>(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(
            |(class, syndrome, address, pc)| { What::Exception { class, syndrome, address, pc } }
        ),
        (any::<u64>(), any::<u64>(), any::<u64>())
            .prop_map(|(page, frame, attributes)| What::TlbFill { page, frame, attributes }),
        (any::<u64>(), any::<u128>())
            .prop_map(|(events, state)| What::Digest { events, state: StateDigest(state) }),
        ".{0,20}".prop_map(|report| What::Stop(StopReason::Dead(report))),
        (any::<u16>(), any::<u64>(), any::<bool>()).prop_map(|(device, request, good)| {
            What::Input(Input::HostRead { device, request, good })
        }),
        (any::<u16>(), ".{0,20}").prop_map(|(device, report)| What::DeviceFault { device, report }),
    ]
}

/// Any events at later and later moments, near each other and far apart.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![Just(0), 1..5u64, 1..u64::MAX >> 12];
    let item = (step, 0..3u32, any::<u16>(), what());
    proptest::collection::vec(item, 0..400).prop_map(|items| {
        let mut next = Moment::START;
        let mut events = Vec::new();
        for (step, gap, vcpu, what) in items {
            let ordinal = if step == 0 { next.ordinal + gap } else { gap };
            let at = Moment { retired: next.retired + step, ordinal };
            next = Moment { retired: at.retired, ordinal: at.ordinal + 1 };
            events.push(Event { at, vcpu: VcpuId(vcpu), what });
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Catches an event that does not come back as it was, and a choice in the encoding that is not a function of
    /// the events.
    #[test]
    fn any_events(events in events()) {
        let header = samples::header();
        let bytes = encode(&header, &[], &events).unwrap();
        let decoded = decode(&bytes);
        prop_assert_eq!(&decoded, &events);
        prop_assert!(encode(&header, &[], &decoded).unwrap() == bytes);
    }
}

/// Catches a kind that the codec forgot, and a header that is read as another.
#[test]
fn every_kind() {
    let (header, events) = (samples::header(), samples::events());
    let bytes = encode(&header, &[], &events).unwrap();
    assert_eq!(Reader::from_bytes(bytes.clone()).unwrap().header(), &header);
    assert_eq!(decode(&bytes), events);
    assert_eq!(encode(&header, &[], &decode(&bytes)).unwrap(), bytes);
}

/// Catches an empty log that cannot be read, or that is taken for one that was cut off.
#[test]
fn no_events() {
    let bytes = encode(&samples::header(), &[], []).unwrap();
    assert_eq!(decode(&bytes), []);
}

/// Catches a change of the format that keeps its version: these bytes were written by the version that they name.
/// Also notices another version of the compressor, which may compress otherwise: old logs stay readable then, but
/// recordings made before and after are different files.
#[test]
fn bytes_are_part_of_the_version() {
    let pin = |events: &[Event]| {
        let bytes = encode(&samples::header(), &[], events).unwrap();
        (bytes.len(), lockstep_log::ImageDigest::of(&bytes).short())
    };
    assert_eq!(pin(&samples::events()), (883, "7e90ca2ebb53".to_owned()));
    // Kinds that were added later change no log without them.
    let later = |event: &Event| {
        let input = |input: &Input| matches!(input, Input::HostRead { .. } | Input::Keyframe);
        match &event.what {
            What::Input(later) => input(later),
            what => matches!(what, What::DeviceFault { .. }),
        }
    };
    let first: Vec<_> = samples::events().into_iter().filter(|event| !later(event)).collect();
    assert_eq!(pin(&first), (868, "c0ecaf2bf42e".to_owned()));
}

/// Catches a frame that ends elsewhere when nobody asks for its bytes in between, and a quiet run that is lost whole
/// in a crash because its frame never fills.
#[test]
fn frames_end_at_digests() {
    let events = samples::long_run(200);
    let (mut encoder, _) = FrameEncoder::new(&samples::header()).unwrap();
    let mut frames = 0;
    for event in &events {
        if let Some(frame) = encoder.push(event).unwrap() {
            assert!(matches!(event.what, What::Digest { .. }));
            assert!(!frame.is_empty());
            frames += 1;
        }
    }
    assert_eq!(frames, 200 / 16);
}

/// Catches an encoder that writes what no reader accepts.
#[test]
fn refuses_what_cannot_be_read() {
    let (mut encoder, _) = FrameEncoder::new(&samples::header()).unwrap();
    let event = |retired, bytes: usize| Event {
        at: Moment::at(retired),
        vcpu: VcpuId(0),
        what: What::Input(Input::Console { port: 0, bytes: vec![b'x'; bytes] }),
    };
    encoder.push(&event(5, 1)).unwrap();
    let error = encoder.push(&event(5, 1)).unwrap_err();
    assert!(matches!(error, EncodeError::OutOfOrder { .. }), "{error}");
    let error = encoder.push(&event(6, 2 << 20)).unwrap_err();
    assert!(matches!(error, EncodeError::TooLarge { .. }), "{error}");
    // And goes on as if nothing had happened.
    assert!(encoder.push(&event(7, 1 << 19)).unwrap().is_some());

    let mut header = samples::header();
    header.bundled = true;
    let (mut encoder, _) = FrameEncoder::new(&header).unwrap();
    let error = encoder.push(&event(5, 1)).unwrap_err();
    assert!(matches!(error, EncodeError::MissingImages(2)), "{error}");
    let error = encoder.image(b"another").unwrap_err();
    assert!(matches!(error, EncodeError::Image(_)), "{error}");
}

/// Catches a thin log whose moments differ from those of a full one.
#[test]
fn levels_leave_events_out() {
    let mut header = samples::header();
    header.level = Level::Events;
    let events = samples::events();
    let bytes = encode(&header, &[], &events).unwrap();
    let thin: Vec<_> =
        events.into_iter().filter(|it| it.what.kind().level() <= Level::Events).collect();
    assert_eq!(decode(&bytes), thin);
}

/// Catches an encoder or a reader that cannot move to the machine's thread.
#[test]
fn can_be_sent() {
    fn sent<T: Send>() {}
    sent::<FrameEncoder>();
    sent::<lockstep_log::Events<std::io::Cursor<Vec<u8>>>>();
}
