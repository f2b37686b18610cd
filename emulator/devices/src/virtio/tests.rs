//! Rings that drivers get wrong, and settings in an order in which they make no sense.

use lockstep_core::{RestoreError, Rng, SaveState, Saved, Use};

use super::console::Console;
use super::spec::{descriptor, feature, status};
use super::testing::{BUFFERS, RAM, RAM_LEN, Rig, SIZE, available, table, used};

const OUT: u16 = super::console::spec::TRANSMIT;

fn console() -> Rig {
    Rig::new(|_| Box::new(Console::new(0)))
}

fn console_with(features: u64) -> Rig {
    let mut rig = Rig::cold(|_| Box::new(Console::new(0)));
    rig.start(features);
    rig
}

/// What a driver does wrong, given the free queue; and a word of the report.
fn fault_of(act: impl FnOnce(&mut Rig)) -> String {
    let mut rig = console();
    act(&mut rig);
    let report = rig.fault().expect("a fault");
    assert!(rig.virtio.config_changed(), "the driver is told");
    // From here on the device does nothing, and another fault is none.
    rig.submit(OUT, &[(BUFFERS, 4, false)]);
    rig.virtio.notify(&mut rig.bench.cx(), 77);
    assert_eq!(rig.bench.console(), b"");
    assert_eq!(rig.bench.bp.outputs.len(), 1);
    // A reset helps.
    rig.set_status(0);
    assert_eq!(rig.virtio.status(), 0);
    report
}

/// Catches a chain that goes on for ever, or past its table, its ring, or RAM; and a report that does not say what it was.
#[test]
fn broken_chains_stop_the_device() {
    let one = |rig: &mut Rig, address, len, flags, next| {
        rig.descriptor(table(OUT), (address, len), flags, next);
        rig.offer(OUT, 0);
        rig.notify(OUT);
    };
    let next = descriptor::NEXT;
    let cases: [(&str, String); 8] = [
        ("loops", fault_of(|rig| one(rig, BUFFERS, 1, next, 0))),
        ("descriptor 16", fault_of(|rig| one(rig, BUFFERS, 1, next, SIZE))),
        ("buffer", fault_of(|rig| one(rig, RAM + RAM_LEN - 1, 2, 0, 0))),
        ("buffer", fault_of(|rig| one(rig, u64::MAX, 2, 0, 0))),
        ("buffer", fault_of(|rig| one(rig, 0, 2, 0, 0))),
        (
            "more than 1048576",
            fault_of(|rig| one(rig, RAM, 2 << 20, 0, 0)).replace("; ", " more than "),
        ),
        ("last of", fault_of(|rig| one(rig, BUFFERS, 16, next | descriptor::INDIRECT, 0))),
        ("whole number", fault_of(|rig| one(rig, BUFFERS, 17, descriptor::INDIRECT, 0))),
    ];
    for (word, report) in cases {
        assert!(report.contains(word), "{word}: {report}");
    }
}

/// Catches a driver's index, head or queue number that is believed.
#[test]
fn broken_rings_stop_the_device() {
    let report = fault_of(|rig| {
        rig.write(available(OUT) + 2, &(SIZE + 1).to_le_bytes());
        rig.notify(OUT);
    });
    assert!(report.contains("from 0 to 17 in a ring of 16"), "{report}");
    let report = fault_of(|rig| {
        rig.offer(OUT, 900);
        rig.notify(OUT);
    });
    assert!(report.contains("descriptor 900"), "{report}");
    let report = fault_of(|rig| rig.notify(2));
    assert!(report.contains("queue 2, which there is not"), "{report}");
    let report = fault_of(|rig| {
        rig.submit(OUT, &[(BUFFERS, 1, true), (BUFFERS, 1, false)]);
    });
    assert!(report.contains("to read after"), "{report}");
}

/// Catches an indirect table that is not followed, one inside another, and one that was not agreed upon.
#[test]
fn indirect_tables() {
    let mut rig = console();
    rig.write(BUFFERS, b"hello");
    let inner = BUFFERS + 0x1000;
    rig.descriptor(inner, (BUFFERS + 3, 2), descriptor::NEXT, 2);
    rig.descriptor(inner + 32, (BUFFERS, 3), 0, 0);
    // The specification has a device ignore the direction of the table itself.
    let flags = descriptor::INDIRECT | descriptor::WRITE;
    rig.descriptor(table(OUT), (inner, 48), flags, 0);
    rig.offer(OUT, 0);
    rig.notify(OUT);
    assert_eq!((rig.bench.console(), rig.fault()), (b"lohel".to_vec(), None));

    let report = fault_of(|rig| {
        rig.descriptor(inner, (inner, 16), descriptor::INDIRECT, 0);
        rig.descriptor(table(OUT), (inner, 16), descriptor::INDIRECT, 0);
        rig.offer(OUT, 0);
        rig.notify(OUT);
    });
    assert!(report.contains("inside another"), "{report}");
    let mut rig = console_with(0);
    rig.descriptor(table(OUT), (inner, 16), descriptor::INDIRECT, 0);
    rig.offer(OUT, 0);
    rig.notify(OUT);
    assert!(rig.fault().is_some_and(|report| report.contains("without the feature")));
}

/// Catches a queue that is used where it cannot be.
#[test]
fn queues_are_checked_when_they_are_made_ready() {
    let set_up = |size, descriptors, driver, device| {
        let mut rig = Rig::cold(|_| Box::new(Console::new(0)));
        let queue = rig.virtio.queue_setup(0).unwrap();
        (queue.size, queue.descriptors) = (size, descriptors);
        (queue.driver, queue.device) = (driver, device);
        rig.virtio.set_queue_ready(&mut rig.bench.cx(), 0, true);
        rig.fault()
    };
    assert_eq!(set_up(64, RAM, RAM + 0x1000, RAM + 0x2000), None);
    let end = RAM + RAM_LEN;
    for (size, descriptors, driver, device) in [
        (0, RAM, RAM, RAM),
        (12, RAM, RAM, RAM),
        (128, RAM, RAM, RAM),
        (16, RAM + 8, RAM, RAM),
        (16, RAM, RAM + 1, RAM),
        (16, RAM, RAM, RAM + 2),
        (16, end - 16, RAM, RAM),
        (16, RAM, end - 4, RAM),
        (16, RAM, RAM, end - 4),
        (16, !15, RAM, RAM),
    ] {
        assert!(set_up(size, descriptors, driver, device).is_some(), "{size} {descriptors:#x}");
    }
}

/// Catches a device that settles for features it does not have, or works before it may.
#[test]
fn features_come_first() {
    let negotiate = |features| {
        let mut rig = Rig::cold(|_| Box::new(Console::new(0)));
        rig.set_status(status::ACKNOWLEDGE | status::DRIVER);
        rig.virtio.accept(features);
        rig.set_status(15);
        rig.virtio.status() & (status::FEATURES_OK | status::DRIVER_OK)
    };
    assert_eq!(negotiate(feature::VERSION_1), status::FEATURES_OK | status::DRIVER_OK);
    assert_eq!(negotiate(0), 0, "a legacy driver");
    assert_eq!(negotiate(feature::VERSION_1 | 1), 0, "a size that nobody knows");
    let mut rig = console();
    rig.virtio.accept(0);
    assert_ne!(rig.virtio.accepted(), 0, "they are settled");
}

/// Catches a lost notification, and one that nobody wants, with the flag and with the index.
#[test]
fn notifications() {
    let mut rig = console();
    rig.submit(OUT, &[(BUFFERS, 1, false)]);
    assert_eq!(rig.virtio.used(), 1 << OUT);
    rig.virtio.acknowledge_used();
    rig.write(available(OUT), &1u16.to_le_bytes());
    rig.submit(OUT, &[(BUFFERS, 1, false)]);
    assert_eq!((rig.virtio.used(), rig.done(OUT).len()), (0, 2));

    let mut rig = console_with(feature::EVENT_IDX);
    let used_event = available(OUT) + 4 + u64::from(SIZE) * 2;
    let available_event = used(OUT) + 4 + u64::from(SIZE) * 8;
    rig.write(used_event, &1u16.to_le_bytes());
    rig.submit(OUT, &[(BUFFERS, 1, false)]);
    assert_eq!((rig.virtio.used(), rig.read_u16(available_event)), (0, 1));
    rig.submit(OUT, &[(BUFFERS, 1, false)]);
    assert_eq!((rig.virtio.used(), rig.read_u16(available_event)), (1 << OUT, 2));
}

/// Catches an index that stops at the end of its ring or of its 16 bits.
#[test]
fn indices_wrap() {
    let mut rig = console();
    for turn in 0..70_000u32 {
        let head = rig.chain(OUT, &[(BUFFERS, 1, false)]);
        rig.offer(OUT, head);
        rig.notify(OUT);
        assert!(rig.fault().is_none(), "at {turn}");
        rig.bench.bp.outputs.clear();
    }
    assert_eq!(rig.read_u16(used(OUT) + 2), (70_000 % 65_536) as u16);
}

/// Catches a panic on whatever a ring holds: every device, and rings full of noise.
#[test]
fn noise_never_panics() {
    let mut rng = Rng::new(11, Use::Test);
    let mut faults = 0;
    for turn in 0..3000 {
        let mut rig = Rig::new(|bench| super::block::tests_device(bench, turn % 4));
        let mut noise = vec![0; 0x400];
        for queue in 0..2 {
            rng.fill(&mut noise);
            rig.write(table(queue), &noise);
            // Addresses that are mostly in RAM, lengths that are mostly small, flags that exist.
            for at in (0..0x100u64).step_by(16) {
                let address = RAM + rng.below(RAM_LEN + 0x1000);
                let (len, flags) = (rng.below(0x300) as u32, rng.below(8) as u16);
                let next = rng.below(u64::from(SIZE) + 1) as u16;
                rig.descriptor(
                    table(queue) + at,
                    (address, len),
                    if turn % 2 == 0 { flags & !descriptor::INDIRECT } else { flags },
                    next,
                );
            }
            for entry in 0..SIZE {
                let head = rng.below(SIZE.into()) as u16;
                rig.write(available(queue) + 4 + u64::from(entry) * 2, &head.to_le_bytes());
            }
            let index = rng.below(20) as u16;
            rig.write(available(queue) + 2, &index.to_le_bytes());
            rig.notify(queue);
        }
        rig.run_until(1 << 40);
        faults += u32::from(rig.fault().is_some());
    }
    assert!(faults > 1000, "only {faults} of the rings were noticed");
}

/// Catches a snapshot whose queue would divide by zero, or that is of another device.
#[test]
fn damaged_snapshots_are_refused() {
    let good = console();
    let mut saved = Saved::default();
    good.virtio.save("slot", &mut saved);
    assert!(console().virtio.restore("slot", &saved).is_ok());
    let mut other = Rig::new(|bench| super::block::tests_device(bench, 0));
    let error = other.virtio.restore("slot", &saved);
    assert!(matches!(error, Err(RestoreError::Damaged { .. })), "{error:?}");
}
