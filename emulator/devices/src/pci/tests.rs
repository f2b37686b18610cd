use super::*;
use crate::testing::assert_round_trip;

fn function() -> ConfigSpace {
    let mut bars = [None; 6];
    bars[0] = Some(Bar { space: Space::Io, size: 32 });
    bars[4] = Some(Bar { space: Space::Memory, size: 0x4000 });
    let class = 0x01_8000;
    ConfigSpace::new(Identity {
        vendor: 0x1af4,
        device: 0x1042,
        class,
        pin: 1,
        bars,
        ..Identity::default()
    })
}

/// Catches sizing that gives another size, and flags that can be written.
#[test]
fn bars_are_sized_and_placed() {
    let mut config = function();
    for (bar, mask) in [(0x10, 0xffff_ffe1), (0x20, 0xffff_c000), (0x14, 0)] {
        config.write(bar, 4, 0xffff_ffff);
        assert_eq!(config.read(bar, 4), mask);
    }
    config.write(0x10, 4, 0x8025);
    config.write(0x20, 4, 0x1234_5678);
    assert_eq!(config.read(0x10, 4), 0x8021);
    assert_eq!(config.read(0x20, 4), 0x1234_4000);
    assert_eq!(config.decode(Space::Io, 0x8021), None, "not enabled");
    config.write(spec::COMMAND, 2, 0xffff);
    assert_eq!(config.read(spec::COMMAND, 2), 0x0757);
    assert_eq!(config.decode(Space::Io, 0x803f), Some((0, 31)));
    assert_eq!(config.decode(Space::Io, 0x8040), None);
    assert_eq!(config.decode(Space::Memory, 0x1234_7fff), Some((4, 0x3fff)));
    assert_eq!(config.decode(Space::Memory, 0x8021), None);
}

/// Catches an identity that can be written or lies elsewhere, and a list of capabilities that loops or is not announced.
#[test]
fn header_and_capabilities() {
    let mut config = function().with_registers(0xf0, &[0x11, 0x22], &[0x0f]);
    for offset in [0, 2, 8, 0x0e, 0x2c, 0x34, 0x3d] {
        let before = config.read(offset, 2);
        config.write(offset, 2, !before);
        assert_eq!(config.read(offset, 2), before, "at {offset:#x}");
    }
    assert_eq!(config.read(0, 4), 0x1042_1af4);
    assert_eq!(config.read(8, 4), 0x0180_0000);
    assert_eq!(config.read(spec::STATUS, 2), 0);
    let first = config.add_capability(9, &[0x10, 1, 2, 3, 4]);
    let second = config.add_capability(5, &[]);
    assert_eq!((first, second), (0x40, 0x48));
    assert_eq!([config.read(0x34, 1), config.read(0x41, 1), config.read(0x49, 1)], [0x40, 0x48, 0]);
    assert_eq!(config.read(spec::STATUS, 2), 0x10);
    config.write(0xf0, 2, 0xffff);
    assert_eq!(config.read(0xf0, 2), 0x221f);
}

/// Catches an interrupt that the disable bit does not silence, or that its status hides.
#[test]
fn interrupt_pin() {
    let mut config = function();
    assert!(config.drive_pin(true));
    config.write(spec::COMMAND, 2, spec::COMMAND_NO_INTX.into());
    assert!(!config.drive_pin(true));
    assert_eq!(config.read(spec::STATUS, 2), 8);
    config.drive_pin(false);
    assert_eq!(config.read(spec::STATUS, 2), 0);
    config.write(0x3c, 1, 41);
    assert_round_trip(&config, function());
    config.reset();
    assert_eq!(config, function());
}
