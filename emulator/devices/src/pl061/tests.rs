use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};

const KEY: u64 = 1 << spec::POWER_KEY_PIN;

fn ready() -> (Bench, Pl061) {
    (Bench::new(), Pl061::new(7))
}

/// Catches a press that makes one edge only, that never ends, or whose end depends on anything but virtual time.
#[test]
fn a_press_is_two_edges() {
    let (mut bench, mut gpio) = ready();
    bench.write(&mut gpio, spec::IBE, KEY);
    bench.write(&mut gpio, spec::IE, KEY);
    gpio.press_power_key(&mut bench.cx());
    assert!(gpio.interrupt());
    assert_eq!(bench.read(&mut gpio, KEY << 2), KEY);
    assert_eq!(bench.read(&mut gpio, 0xff << 2 & !(KEY << 2)), 0);
    bench.write(&mut gpio, spec::IC, KEY);
    assert!(!gpio.interrupt());
    bench.run_until(&mut gpio, spec::PRESS_NS - 4);
    assert!(!gpio.interrupt());
    bench.run_until(&mut gpio, spec::PRESS_NS);
    assert!(gpio.interrupt());
    assert_eq!(bench.read(&mut gpio, KEY << 2), 0);
    assert_eq!(bench.bp.calendar.next(), None);
}

/// Catches edges of the wrong direction, and levels that are latched or that do not look at the event register.
#[test]
fn sense_is_as_configured() {
    let (mut bench, mut gpio) = ready();
    gpio.press_power_key(&mut bench.cx());
    assert_eq!(bench.read(&mut gpio, spec::RIS), 0, "falling edges only");
    bench.write(&mut gpio, spec::IEV, KEY);
    bench.write(&mut gpio, spec::IS, KEY);
    assert_eq!(bench.read(&mut gpio, spec::RIS), KEY);
    bench.write(&mut gpio, spec::IC, KEY);
    assert_eq!(bench.read(&mut gpio, spec::RIS), KEY, "the level is still there");
    bench.run_until(&mut gpio, spec::PRESS_NS);
    assert_eq!(bench.read(&mut gpio, spec::RIS), 0);
    bench.write(&mut gpio, spec::IS, 0);
    gpio.press_power_key(&mut bench.cx());
    assert_eq!(bench.read(&mut gpio, spec::RIS), KEY);
    assert_eq!(bench.read(&mut gpio, spec::MIS), 0);
    bench.write(&mut gpio, spec::IE, KEY);
    assert_eq!(bench.read(&mut gpio, spec::MIS), KEY);
    bench.write(&mut gpio, spec::IS, KEY);
    bench.write(&mut gpio, spec::IEV, 0);
    assert_eq!(bench.read(&mut gpio, spec::RIS), 0, "the edge is not a low level");
}

/// Catches outputs written through the wrong address bits, or that drive pins which are inputs.
#[test]
fn outputs_go_by_address_and_direction() {
    let (mut bench, mut gpio) = ready();
    bench.write(&mut gpio, spec::DIR, 0x0f);
    bench.write(&mut gpio, 0x33 << 2, 0xff);
    assert_eq!(bench.read(&mut gpio, 0xff << 2), 0x03);
    bench.write(&mut gpio, 0x01 << 2, 0);
    assert_eq!(bench.read(&mut gpio, 0xff << 2), 0x02);
    bench.write(&mut gpio, spec::DIR, 0xff);
    assert_eq!(bench.read(&mut gpio, 0xff << 2), 0x32);
}

/// Catches identification by which Linux would not bind, and registers of other makers' variants.
#[test]
fn registers_are_as_documented() {
    let (mut bench, mut gpio) = ready();
    for register in [spec::DIR, spec::IS, spec::IBE, spec::IEV, spec::IE, spec::AFSEL] {
        assert_eq!(bench.read(&mut gpio, register), 0);
        bench.write(&mut gpio, register, 0x1ff);
        assert_eq!(bench.read(&mut gpio, register), 0xff);
    }
    assert_eq!(bench.read(&mut gpio, 0xfe0), 0x61);
    assert_eq!(bench.read(&mut gpio, 0xfe8), 0x04);
    assert_loud(&mut gpio, &mut bench, 0x500);
}

/// Catches state that a snapshot forgets or a reset leaves, the calendar included.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut gpio) = ready();
    bench.write(&mut gpio, spec::IBE, 0xff);
    bench.write(&mut gpio, spec::DIR, 0xf0);
    bench.write(&mut gpio, 0xff << 2, 0xa0);
    gpio.press_power_key(&mut bench.cx());
    assert_round_trip(&gpio, Pl061::new(7));
    gpio.reset(&mut bench.cx());
    assert_eq!(gpio, Pl061::new(7));
    assert_eq!(bench.bp.calendar.next(), None);
}
