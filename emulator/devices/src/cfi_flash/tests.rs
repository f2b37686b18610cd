use super::*;
use crate::testing::{Bench, assert_round_trip};
use lockstep_memory::RegionKind;

const BASE: u64 = 0x400_0000;
const LEN: u64 = 0x400_0000;

fn ready() -> (Bench, CfiFlash) {
    let mut bench = Bench::new();
    bench.mem.add_region(BASE, LEN, RegionKind::Rom);
    (bench, CfiFlash::new(BASE, LEN).unwrap())
}

/// Sends a command to both chips.
fn command(bench: &mut Bench, flash: &mut CfiFlash, offset: u64, command: u8) {
    bench.write(flash, offset, u64::from(command) * 0x1_0001);
}

fn status(bench: &mut Bench, flash: &mut CfiFlash) -> u64 {
    command(bench, flash, 0, spec::READ_STATUS);
    let status = bench.read(flash, 0);
    command(bench, flash, 0, spec::READ_ARRAY);
    status
}

fn erase(bench: &mut Bench, flash: &mut CfiFlash, offset: u64) {
    command(bench, flash, offset, spec::ERASE);
    command(bench, flash, offset, spec::CONFIRM);
    command(bench, flash, offset, spec::READ_ARRAY);
}

/// Catches a table by which U-Boot or Linux would see another bank: its bytes are those that `virt` shows.
#[test]
fn query_describes_the_bank() {
    let (mut bench, mut flash) = ready();
    command(&mut bench, &mut flash, 0x55 * 4, spec::READ_QUERY);
    let mut table = Vec::new();
    for index in 0x10..0x40 {
        let word = bench.read(&mut flash, index * 4);
        assert_eq!(word >> 16, word & 0xffff, "both chips say the same");
        table.push(word as u8);
    }
    let expected =
        b"QRY\x01\0\x31\0\0\0\0\0\x45\x55\0\0\x07\x07\x0a\0\x04\x04\x04\0\x19\x02\0\x0b\0\x01\
        \xff\0\0\x02PRI10\0\0\0\0\0\0\0\0\0\x01";
    assert_eq!(table, expected);
    assert_eq!(flash.read(&mut bench.cx(), 0x41, 1), Ok(0), "the high byte of a chip's word");
    assert_eq!(flash.read(&mut bench.cx(), 0x40, 8), Ok(0x0052_0052_0051_0051));
    command(&mut bench, &mut flash, 0, spec::READ_IDENTIFIER);
    assert_eq!(bench.read(&mut flash, 0), 0x89_0089);
    assert_eq!(bench.read(&mut flash, 4), 0x18_0018);
    assert_eq!(bench.read(&mut flash, spec::SECTOR + 8), 0);
}

/// Catches reads that go to memory while a command shows something else, or to the device when nothing does.
#[test]
fn reads_are_direct_only_in_array_mode() {
    let (mut bench, mut flash) = ready();
    bench.mem.write_bytes(BASE + 8, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    assert_eq!(flash.read(&mut bench.cx(), 10, 2), Ok(0x0403));
    let shows = [spec::READ_QUERY, spec::READ_IDENTIFIER, spec::READ_STATUS, spec::ERASE];
    for show in shows {
        command(&mut bench, &mut flash, 0, show);
        assert!(!bench.mem.is_memory(BASE), "after {show:#x}");
        command(&mut bench, &mut flash, 0, spec::READ_ARRAY);
        assert!(bench.mem.is_memory(BASE), "after {show:#x}");
    }
    for probe in [0xaa, 0x55, 0xf0] {
        command(&mut bench, &mut flash, 0x555 * 4, probe);
        assert!(bench.mem.is_memory(BASE));
    }
    assert_eq!(flash.read(&mut bench.cx(), 8, 8), Ok(0x0807_0605_0403_0201));
}

/// Catches an erase of the neighbours, programming that sets bits, and narrow programming that touches more.
#[test]
fn programming_clears_bits_and_erasing_sets_them() {
    let (mut bench, mut flash) = ready();
    erase(&mut bench, &mut flash, spec::SECTOR + 0x1234);
    assert_eq!(bench.read(&mut flash, spec::SECTOR - 4), 0);
    assert_eq!(bench.read(&mut flash, spec::SECTOR), 0xffff_ffff);
    assert_eq!(bench.read(&mut flash, 2 * spec::SECTOR - 4), 0xffff_ffff);
    assert_eq!(bench.read(&mut flash, 2 * spec::SECTOR), 0);
    for value in [0x1234_5678, 0xffff_0000] {
        command(&mut bench, &mut flash, 0, spec::PROGRAM);
        bench.write(&mut flash, spec::SECTOR, value);
        assert_eq!(bench.read(&mut flash, 0), 0x80_0080);
        command(&mut bench, &mut flash, 0, spec::READ_ARRAY);
    }
    assert_eq!(bench.read(&mut flash, spec::SECTOR), 0x1234_0000);
    command(&mut bench, &mut flash, 0, spec::PROGRAM_ALTERNATE);
    flash.write(&mut bench.cx(), spec::SECTOR + 5, 1, 0xab).unwrap();
    command(&mut bench, &mut flash, 0, spec::READ_ARRAY);
    assert_eq!(bench.read(&mut flash, spec::SECTOR + 4), 0xffff_abff);
}

/// Catches a buffer that is off by a word, that takes data for commands, or that is written without confirmation.
#[test]
fn buffered_programming_waits_for_its_confirmation() {
    let (mut bench, mut flash) = ready();
    erase(&mut bench, &mut flash, 0);
    for (confirm, written) in [(spec::LOCK, 0xffff_ffff), (spec::CONFIRM, 0x00ff_00ff)] {
        command(&mut bench, &mut flash, 0, spec::PROGRAM_BUFFER);
        assert_eq!(bench.read(&mut flash, 0) & 0x80_0080, 0x80_0080);
        bench.write(&mut flash, 0, 0x1_0001);
        bench.write(&mut flash, 0x10, 0x00ff_00ff);
        bench.write(&mut flash, 0x14, 0x1111_1111);
        command(&mut bench, &mut flash, 0, confirm);
        command(&mut bench, &mut flash, 0, spec::READ_ARRAY);
        assert_eq!(bench.read(&mut flash, 0x10), written);
    }
    assert_eq!(bench.read(&mut flash, 0x14), 0x1111_1111);
    assert_eq!(status(&mut bench, &mut flash), 0xb0_00b0, "the first confirmation was none");
    command(&mut bench, &mut flash, 0, spec::CLEAR_STATUS);
    assert_eq!(status(&mut bench, &mut flash), 0x80_0080);
}

/// Catches a sequence that goes on although a cycle of it makes no sense.
#[test]
fn senseless_cycles_are_errors() {
    let (mut bench, mut flash) = ready();
    let mut fails = |cycles: &[(u64, u64)]| {
        for (offset, value) in cycles {
            bench.write(&mut flash, *offset, *value);
        }
        let failed = status(&mut bench, &mut flash) != 0x80_0080;
        command(&mut bench, &mut flash, 0, spec::CLEAR_STATUS);
        failed
    };
    assert!(fails(&[(0, 0x20), (0, 0x98)]));
    assert!(fails(&[(0, 0x60), (0, 0x98)]));
    assert!(fails(&[(0, 0xe8), (0, 0x400)]), "more than the buffer holds");
    assert!(
        fails(&[(0, 0xe8), (0, 1), (0, 0), (spec::SECTOR, 0), (0, 0xd0)]),
        "into another sector"
    );
    assert!(!fails(&[(0, 0xe8), (0, 0), (0, 0xff), (0, 0xd0)]), "data looks like a command");
    for lock in [spec::LOCK, spec::CONFIRM, spec::LOCK_DOWN] {
        assert!(!fails(&[(0, 0x60), (0, lock.into())]));
    }
}

/// Catches state that a snapshot forgets, a reset leaves or a restore takes although it cannot be; and a reset that
/// takes the contents along.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut flash) = ready();
    erase(&mut bench, &mut flash, 0);
    command(&mut bench, &mut flash, 0, spec::PROGRAM_BUFFER);
    bench.write(&mut flash, 0, 5);
    bench.write(&mut flash, 0x20, 7);
    let fresh = || CfiFlash::new(BASE, LEN).unwrap();
    assert_round_trip(&flash, fresh());
    bench.write(&mut flash, spec::SECTOR - 4, 8);
    flash.reset(&mut bench.cx());
    assert_eq!(flash, fresh());
    assert!(bench.mem.is_memory(BASE));
    assert_eq!(bench.read(&mut flash, 0x20), 0xffff_ffff);
    command(&mut bench, &mut flash, LEN - spec::SECTOR, spec::PROGRAM_BUFFER);
    bench.write(&mut flash, 0, 5);
    bench.write(&mut flash, LEN - 4, 7);
    let mut saved = Saved::default();
    flash.save("flash", &mut saved);
    let mut smaller = CfiFlash::new(BASE, LEN / 2).unwrap();
    assert!(matches!(smaller.restore("flash", &saved), Err(RestoreError::Damaged { .. })));
}

/// Catches banks that the query table cannot describe, and accesses outside or across.
#[test]
fn impossible_banks_and_accesses_are_refused() {
    for len in [0, spec::SECTOR, 3 * spec::SECTOR, 1 << 35] {
        assert_eq!(CfiFlash::new(BASE, len), Err(SizeError(len)));
    }
    let (mut bench, mut flash) = ready();
    assert_eq!(flash.read(&mut bench.cx(), LEN, 4), Err(AccessError::Abort));
    assert_eq!(flash.write(&mut bench.cx(), 2, 4, 0), Err(AccessError::Abort));
}
