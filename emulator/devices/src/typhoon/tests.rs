use lockstep_core::VcpuId;
use lockstep_memory::RegionKind;

use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};
use crate::{AccessError, Device};

fn get(bench: &mut Bench, chip: &mut impl Device, register: u64) -> u64 {
    chip.read(&mut bench.cx(), register, 8).unwrap()
}

fn put(bench: &mut Bench, chip: &mut impl Device, register: u64, value: u64) {
    chip.write(&mut bench.cx(), register, 8, value).unwrap();
}

/// Catches a device interrupt that goes to the wrong processor or input, or that ignores its mask.
#[test]
fn device_interrupts_go_by_mask() {
    let (mut bench, mut cchip) = (Bench::new(), Cchip::new(128 << 20));
    cchip.set_line(55, true);
    cchip.set_line(63, true);
    assert_eq!(cchip.requests(VcpuId(0)), Requests::default());
    put(&mut bench, &mut cchip, spec::DIM0 + spec::STRIDE, 1 << 55);
    put(&mut bench, &mut cchip, spec::DIM2 + spec::STRIDE, 1 << 63);
    assert_eq!(cchip.requests(VcpuId(1)), Requests { device: true, ..Requests::default() });
    assert_eq!(cchip.requests(VcpuId(3)), Requests { error: true, ..Requests::default() });
    assert_eq!(get(&mut bench, &mut cchip, 0x2c0), 1 << 55);
    assert_eq!(get(&mut bench, &mut cchip, 0x6c0), 1 << 63);
    assert_eq!(get(&mut bench, &mut cchip, spec::DRIR), 1 << 63 | 1 << 55);
    cchip.set_line(55, false);
    assert_eq!(cchip.requests(VcpuId(1)), Requests::default());
}

/// Catches timer and processor interrupts that are not acknowledged by themselves, and a MISC that forgets who reads.
#[test]
fn misc_interrupts() {
    let (mut bench, mut cchip) = (Bench::new(), Cchip::new(128 << 20));
    cchip.tick();
    put(&mut bench, &mut cchip, spec::MISC, 1 << 14);
    assert_eq!(get(bench.on(2), &mut cchip, spec::MISC), 0x8_0000_04f2);
    assert!(cchip.requests(VcpuId(2)).interprocessor && !cchip.requests(VcpuId(1)).interprocessor);
    put(&mut bench, &mut cchip, spec::MISC, 1 << 10 | 1 << 4);
    assert_eq!(get(bench.on(0), &mut cchip, spec::MISC), 0x8_0000_00e0);
    assert!(!cchip.requests(VcpuId(0)).timer && cchip.requests(VcpuId(3)).timer);
}

/// Catches ignored ticks that interrupt, and ticks lost after them.
#[test]
fn interval_ignore_count() {
    let (mut bench, mut cchip) = (Bench::new(), Cchip::new(128 << 20));
    put(&mut bench, &mut cchip, spec::IIC0, 2);
    for (tick, timer) in [false, false, true, true].into_iter().enumerate() {
        cchip.tick();
        assert_eq!(cchip.requests(VcpuId(0)).timer, timer, "tick {tick}");
    }
    assert_eq!(get(&mut bench, &mut cchip, spec::IIC0), 0x1ff_fffe);
}

/// Catches two processors that both believe to have won, and an error whose source is overwritten.
#[test]
fn arbitration_and_errors() {
    let (mut bench, mut cchip) = (Bench::new(), Cchip::new(128 << 20));
    put(&mut bench, &mut cchip, spec::MISC, 1 << 17);
    put(&mut bench, &mut cchip, spec::MISC, 1 << 16);
    assert_eq!(get(&mut bench, &mut cchip, spec::MISC) & spec::MISC_ABW, 1 << 17);
    put(&mut bench, &mut cchip, spec::MISC, spec::MISC_ACL);
    assert_eq!(get(&mut bench, &mut cchip, spec::MISC), spec::MISC_REV);
    cchip.nonexistent_memory(spec::NXS_PCHIP0);
    cchip.nonexistent_memory(0);
    assert_eq!(get(&mut bench, &mut cchip, spec::MISC) >> 28 & 15, 9);
    put(&mut bench, &mut cchip, spec::MISC, spec::MISC_NXM);
    assert_eq!(get(&mut bench, &mut cchip, spec::MISC), spec::MISC_REV);
}

/// Catches memory arrays that do not add up to what is there.
#[test]
fn memory_arrays() {
    let (mut bench, mut cchip) = (Bench::new(), Cchip::new(192 << 20));
    let arrays: Vec<u64> = (4..8).map(|n| get(&mut bench, &mut cchip, n * spec::STRIDE)).collect();
    assert_eq!(arrays, [4 << 12, 128 << 20 >> 24 << 24 | 3 << 12, 0, 0].map(|aar: u64| aar));
    assert_eq!(get(&mut bench, &mut cchip, spec::CSC), spec::CSC_P1P);
    put(&mut bench, &mut cchip, spec::TTR, 5);
    assert_eq!(get(&mut bench, &mut cchip, spec::TTR), 5);
    let mut dchip = Dchip::default();
    assert_eq!(get(&mut bench, &mut dchip, spec::DREV), spec::DREV_VALUE);
    put(&mut bench, &mut dchip, spec::STR, 7);
    assert_eq!(get(&mut bench, &mut dchip, spec::STR), 7);
}

/// Catches windows that overlap, let through what is outside, or translate to the wrong place: DMA into the wrong page.
#[test]
fn windows_translate() {
    let (mut bench, mut pchip) = (Bench::new(), Pchip::new(0));
    bench.mem.add_region(0, 1 << 20, RegionKind::Ram);
    for (register, value) in [
        (spec::WSBA, 0x80_0003),
        (spec::WSM, 0x70_0000),
        (spec::TBA, 0x4000),
        (spec::WSBA + 0x80, 0x8000_0001),
        (spec::WSM + 0x80, 0x7ff0_0000),
        (spec::TBA + 0x80, 0),
    ] {
        put(&mut bench, &mut pchip, register, value);
    }
    bench.mem.write_bytes(0x4000 + 3 * 8, &(0x55 << 1 | 1_u64).to_le_bytes()).unwrap();
    let mut translate = |address, wide| pchip.translate(&bench.mem, address, wide);
    assert_eq!(translate(0x8123_4567, false), Some(0x0123_4567));
    assert_eq!(translate(0x7fff_ffff, false), None);
    assert_eq!(translate(0x80_6123, false), Some(0x55 << 13 | 0x123));
    assert_eq!(translate(1 << 40 | 0x1234, true), None);
    assert_eq!(translate(0x80_8000, false), None, "an invalid page");
    assert_eq!(get(&mut bench, &mut pchip, spec::PERROR), 0x80_8000 << 16 | spec::PERROR_SGE);
    pchip.no_device(4);
    put(&mut bench, &mut pchip, spec::PERRMASK, spec::PERROR_LOST);
    assert!(pchip.error());
    put(&mut bench, &mut pchip, spec::PERROR, spec::PERROR_MASK);
    assert!(!pchip.error() && get(&mut bench, &mut pchip, spec::PERROR) == 0);
    put(&mut bench, &mut pchip, spec::PCTL, spec::PCTL_MWIN);
    assert_eq!(pchip.translate(&bench.mem, 1 << 40 | 0x1234, true), Some(0x1234));
    assert_eq!(get(&mut bench, &mut Pchip::new(1), spec::PCTL) >> 46, 1);
}

/// Catches a register that this build does not have and that answers, and state that a snapshot forgets.
#[test]
fn loud_saved_and_reset() {
    let mut bench = Bench::new();
    let (mut cchip, mut pchip, mut dchip) = (Cchip::new(64 << 20), Pchip::new(1), Dchip::default());
    assert_loud(&mut cchip, &mut bench, spec::MPD);
    assert_loud(&mut cchip, &mut bench, 0x540);
    assert_loud(&mut cchip, &mut bench, 0xc00);
    assert_loud(&mut pchip, &mut bench, 0x500);
    assert_loud(&mut pchip, &mut bench, 0x804);
    assert_loud(&mut dchip, &mut bench, 0);
    assert!(matches!(
        cchip.read(&mut bench.cx(), 0x208, 8),
        Err(AccessError::Unimplemented { .. })
    ));
    put(&mut bench, &mut cchip, spec::DIM2, 3);
    cchip.set_line(0, true);
    cchip.tick();
    put(&mut bench, &mut pchip, spec::WSBA + 0xc0, spec::WSBA_DAC | 1);
    assert_eq!(get(&mut bench, &mut pchip, spec::WSBA + 0xc0), spec::WSBA_DAC | 3);
    put(&mut bench, &mut pchip, spec::SPRST, 1);
    put(&mut bench, &mut dchip, spec::DSC, 1);
    assert_round_trip(&cchip, Cchip::new(64 << 20));
    assert_round_trip(&pchip, Pchip::new(1));
    assert_round_trip(&dchip, Dchip::default());
    assert!(pchip.take_bus_reset() && !pchip.take_bus_reset());
    cchip.reset(&mut bench.cx());
    pchip.reset(&mut bench.cx());
    dchip.reset(&mut bench.cx());
    assert_eq!((cchip, pchip, dchip), (Cchip::new(64 << 20), Pchip::new(1), Dchip::default()));
}
