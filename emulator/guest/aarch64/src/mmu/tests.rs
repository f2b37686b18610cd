use lockstep_cpu::{Access, Mem, Size};

use super::*;
use crate::Exception;
use crate::exceptions::class;
use crate::registers::derive;
use crate::testing::*;

/// Where the tests' tables lie: one page of 64 KiB each.
const TABLES: u64 = RAM + 0x10_0000;
const TABLE_STEP: u64 = 0x1_0000;
/// A valid, accessed block or page; a table or page.
const LEAF: u64 = 1 | 1 << 10;
const NEXT: u64 = 3;
/// AttrIndx 1 is normal memory, 0 is Device.
const NORMAL: u64 = 1 << 2;

fn write_table(cx: &mut Cx<Aarch64>, table: u64, index: u64, descriptor: u64) {
    cx.mem.write_bytes(table + index * 8, &descriptor.to_le_bytes()).unwrap();
}

/// The tables of a granule: names in TCR_EL1, page bits.
const GRANULES: [(u64, u64, u32); 3] = [(0, 2, 12), (2, 1, 14), (1, 3, 16)];

/// Turns the MMU on with a granule and `va_bits` in both halves; 48-bit physical addresses, 16-bit ASIDs.
fn enable(cx: &mut Cx<Aarch64>, (tg0, tg1, _): (u64, u64, u32), va_bits: u64) {
    let size = 64 - va_bits;
    cx.cpu.sys.tcr = size | size << 16 | tg0 << 14 | tg1 << 30 | 5 << 32 | tcr::AS;
    cx.cpu.sys.ttbr0 = TABLES;
    cx.cpu.sys.ttbr1 = TABLES;
    cx.cpu.sys.mair = 0xff00;
    cx.cpu.sys.sctlr |= sctlr::M;
    derive(&mut cx.cpu);
}

/// Maps `address` by tables from `start` down to `level`, the last holding `leaf`; gives the place of the leaf.
fn map(cx: &mut Cx<Aarch64>, page_bits: u32, start: u8, address: u64, level: u8, leaf: u64) -> u64 {
    let stride = page_bits - 3;
    let place = |level: u8| {
        let shift = page_bits + stride * (3 - u32::from(level));
        address >> shift & ((1 << stride) - 1)
    };
    for upper in start..level {
        let table = TABLES + u64::from(upper - start) * TABLE_STEP;
        write_table(cx, table, place(upper), (table + TABLE_STEP) | NEXT);
    }
    let table = TABLES + u64::from(level - start) * TABLE_STEP;
    write_table(cx, table, place(level), leaf);
    table + place(level) * 8
}

/// A machine with one 4 KiB page at `ADDRESS`, 39-bit addresses (three levels), and the place of its descriptor.
const ADDRESS: u64 = 0x12_3456_7000;

fn one_page(leaf: u64) -> (Cx<Aarch64>, u64) {
    let mut cx = machine();
    enable(&mut cx, GRANULES[0], 39);
    let place = map(&mut cx, 12, 1, ADDRESS, 3, leaf | NEXT | LEAF | NORMAL | (RAM + 0x5000));
    (cx, place)
}

fn set_leaf(cx: &mut Cx<Aarch64>, place: u64, leaf: u64) {
    write_table(cx, place, 0, leaf);
    cx.cpu.tlb.clear();
}

fn try_access(cx: &mut Cx<Aarch64>, address: u64, access: Access) -> Result<u64, Exit<Aarch64>> {
    let user = cx.cpu.mmu.mode == 0;
    cx.translate(address, access, user).map(|translation| translation.address)
}

fn status_of(cx: &mut Cx<Aarch64>, address: u64, access: Access) -> u32 {
    let exception = fault(try_access(cx, address, access));
    assert_eq!(exception.far, Some(address));
    iss_of(exception) & 0x3f
}

/// Catches a wrong start level, index or offset of a granule, in both halves and for every size of address space.
#[test]
fn pages_of_every_granule_and_size() {
    for granule in GRANULES {
        let (page_bits, stride) = (granule.2, granule.2 - 3);
        for va_bits in 25..=48u64 {
            let start = 4 - (va_bits as u32 - page_bits).div_ceil(stride) as u8;
            for upper in [0, u64::MAX << va_bits] {
                let mut cx = machine();
                enable(&mut cx, granule, va_bits);
                let address = upper | (0x5a5a_9696_a5a5_6978 & ((1 << va_bits) - 1));
                let frame = RAM + 0x80_0000;
                // In a first table that is smaller than a page, only the low bits of the index exist.
                let in_half = address & ((1 << va_bits) - 1);
                map(&mut cx, page_bits, start, in_half, 3, frame | LEAF | NEXT | NORMAL);
                let offset = address & ((1 << page_bits) - 1);
                assert_eq!(
                    try_access(&mut cx, address, Access::Read).unwrap(),
                    frame + offset,
                    "page bits {page_bits}, address bits {va_bits}"
                );
                // Neither in the other half, nor beyond the last bit.
                assert_eq!(status_of(&mut cx, address ^ 1 << va_bits, Access::Read), 0x04);
                assert_eq!(status_of(&mut cx, address ^ 1 << 63, Access::Read), 0x04);
            }
        }
    }
}

/// Catches blocks of a wrong size, and blocks at levels that have none.
#[test]
fn blocks() {
    for (granule, level, bits) in [(0, 1, 30), (0, 2, 21), (1, 2, 25), (2, 2, 29)] {
        let granule = GRANULES[granule];
        let mut cx = machine();
        enable(&mut cx, granule, 48);
        let start = if granule.2 == 16 { 1 } else { 0 };
        let address = 0x4321_0000_0000 | 0x1_2345_6678 & ((1u64 << bits) - 1);
        let frame = 0x8000_0000;
        map(&mut cx, granule.2, start, address, level, frame | LEAF | NORMAL);
        let offset = address & ((1 << bits) - 1);
        let entry = walk(&mut cx, address, Access::Read, false).unwrap();
        assert_eq!(entry.physical(address), frame + offset);
        assert_eq!(u32::from(entry.page_bits), bits);
    }
    for (granule, level) in [(0, 0), (0, 3), (1, 0), (1, 1), (1, 3), (2, 1), (2, 3)] {
        let granule = GRANULES[granule];
        let mut cx = machine();
        enable(&mut cx, granule, 48);
        let start = if granule.2 == 16 { 1 } else { 0 };
        map(&mut cx, granule.2, start, 0x1234_5000_0000, level, RAM | LEAF | NORMAL);
        let status = status_of(&mut cx, 0x1234_5000_0000, Access::Read);
        assert_eq!(status, 0x04 + u32::from(level), "page bits {}", granule.2);
    }
}

/// Catches a fault that is reported with another code or level than the descriptor's that caused it.
#[test]
fn fault_codes_and_levels() {
    for level in 0..=3u8 {
        let code = |base: u32| base + u32::from(level);
        let mut cx = machine();
        enable(&mut cx, GRANULES[0], 48);
        let address = 0x1234_5678_9000;
        // Invalid.
        map(&mut cx, 12, 0, address, level, 0);
        assert_eq!(status_of(&mut cx, address, Access::Read), code(0x04));
        // An output address of more bits than TCR_EL1.IPS allows: by a table, or at the end.
        let place = map(&mut cx, 12, 0, address, level, 1 << 40 | LEAF | NEXT);
        cx.cpu.sys.tcr = cx.cpu.sys.tcr & !(7 << 32) | 2 << 32;
        assert_eq!(status_of(&mut cx, address, Access::Write), code(0x00));
        if level < 3 {
            // A table where there is no memory.
            write_table(&mut cx, place, 0, 0x10_0000 | NEXT);
            let walk_fault = u32::from(level) + 1 + 0x14;
            assert_eq!(status_of(&mut cx, address, Access::Execute), walk_fault);
        }
        if level > 0 {
            let kind = if level == 3 { NEXT } else { 1 };
            write_table(&mut cx, place, 0, kind | NORMAL);
            assert_eq!(status_of(&mut cx, address, Access::Read), code(0x08));
            write_table(&mut cx, place, 0, kind | LEAF | NORMAL | descriptor::AP_READ_ONLY);
            assert_eq!(status_of(&mut cx, address, Access::Write), code(0x0c));
        }
    }
}

/// Catches checks of TTBR and TCR that are left out: base beyond IPS, base without memory, EPD.
#[test]
fn faults_before_the_first_table() {
    let (mut cx, _) = one_page(0);
    cx.cpu.sys.ttbr0 = 1 << 44;
    cx.cpu.sys.tcr &= !(7 << 32);
    assert_eq!(status_of(&mut cx, ADDRESS, Access::Read), 0x00);
    cx.cpu.sys.ttbr0 = 0x1000;
    assert_eq!(status_of(&mut cx, ADDRESS, Access::Read), 0x15);
    cx.cpu.sys.tcr |= tcr::EPD0;
    assert_eq!(status_of(&mut cx, ADDRESS, Access::Read), 0x04);
    cx.cpu.sys.tcr |= tcr::EPD1;
    assert_eq!(status_of(&mut cx, ADDRESS | !0 << 39, Access::Read), 0x04);
}

/// What the three modes may do with a page: read, write, execute, four bits each.
fn allowed(leaf: u64, table: u64, wxn: bool) -> u16 {
    let (mut cx, _) = one_page(leaf);
    let first = TABLES + (ADDRESS >> 30) * 8;
    write_table(&mut cx, first, 0, (TABLES + TABLE_STEP) | NEXT | table);
    if wxn {
        cx.cpu.sys.sctlr |= sctlr::WXN;
    }
    let mut all = 0;
    for (mode, el, pan) in [(0, 0, false), (1, 1, false), (2, 1, true)] {
        cx.cpu.sys.pan = pan;
        go_to(&mut cx, el);
        for access in [Access::Read, Access::Write, Access::Execute] {
            cx.cpu.tlb.clear();
            if try_access(&mut cx, ADDRESS, access).is_ok() {
                all |= access.needs() << (4 * mode);
            }
        }
    }
    all
}

/// Catches permissions that are too wide or too narrow: AP, UXN, PXN, WXN, PAN, and what tables take away.
#[test]
fn permissions_of_all_modes() {
    use descriptor::*;
    let (rw0, ro0, ro) = (AP_EL0, AP_EL0 | AP_READ_ONLY, AP_READ_ONLY);
    // Leaf, table, WXN; permissions of EL1 with PAN, EL1, EL0.
    let cases = [
        (0, 0, false, 0x774),
        (rw0, 0, false, 0x037),
        (ro0, 0, false, 0x455),
        (ro, 0, false, 0x554),
        (UXN, 0, false, 0x770),
        (rw0 | UXN, 0, false, 0x033),
        (PXN, 0, false, 0x334),
        (ro0 | PXN, 0, false, 0x015),
        (0, 0, true, 0x334),
        (rw0, 0, true, 0x033),
        (ro0, 0, true, 0x455),
        (rw0, AP_TABLE_NO_EL0, false, 0x774),
        (rw0, AP_TABLE_READ_ONLY, false, 0x455),
        (0, PXN_TABLE, false, 0x334),
        (0, UXN_TABLE, false, 0x770),
    ];
    for (leaf, table, wxn, expected) in cases {
        let found = allowed(leaf, table, wxn);
        assert_eq!(found, expected, "{found:#05x}: leaf {leaf:#x}, table {table:#x}, WXN {wxn}");
    }
}

/// Catches an unprivileged access by EL1 that gets EL1's permissions, or PAN applied to it, or reports EL0.
#[test]
fn unprivileged_accesses() {
    let (mut cx, place) = one_page(descriptor::AP_EL0);
    cx.cpu.sys.pan = true;
    derive(&mut cx.cpu);
    let as_user = Mem::plain(Size::B8).as_user();
    assert!(lockstep_cpu::Emit::load(&mut cx, ADDRESS, as_user).is_ok());
    assert!(load(&mut cx, ADDRESS).is_err());
    set_leaf(&mut cx, place, NEXT | LEAF | NORMAL | (RAM + 0x5000));
    let exception = fault(lockstep_cpu::Emit::load(&mut cx, ADDRESS, as_user));
    assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_SAME, 0x0f));
    assert!(load(&mut cx, ADDRESS).is_ok());
}

/// Catches a half of the address space that EL0 gets into all the same: by an entry that EL1 filled, or with a fault that
/// says what is mapped there.
#[test]
fn halves_that_el0_does_not_have() {
    let (mut cx, place) = one_page(descriptor::AP_EL0);
    cx.cpu.sys.tcr |= tcr::E0PD0;
    let as_user = Mem::plain(Size::B8).as_user();
    for leaf in [descriptor::AP_EL0 | NEXT | LEAF | NORMAL | (RAM + 0x5000), 0] {
        assert_eq!(load(&mut cx, ADDRESS).is_ok(), leaf != 0);
        let exception = fault(lockstep_cpu::Emit::load(&mut cx, ADDRESS, as_user));
        assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_SAME, 0x04));
        set_leaf(&mut cx, place, 0);
        cx.cpu.tlb.clear();
    }
    assert_eq!(look_as(&cx, ADDRESS, 0), Err(status::TRANSLATION));
    assert_eq!(look_as(&cx, ADDRESS, 1), Err(status::TRANSLATION + 3));
    cx.cpu.sys.tcr ^= tcr::E0PD0 | tcr::E0PD1;
    set_leaf(&mut cx, place, descriptor::AP_EL0 | NEXT | LEAF | NORMAL | (RAM + 0x5000));
    assert!(lockstep_cpu::Emit::load(&mut cx, ADDRESS, as_user).is_ok());
}

/// Catches tables that restrict although TCR_EL1.HPD says that they do not.
#[test]
fn permissions_of_tables_can_be_disabled() {
    let (mut cx, _) = one_page(descriptor::AP_EL0);
    // The table at level 1, where the walk starts, makes everything below read-only.
    let index = ADDRESS >> 30 & 0x1ff;
    let next = TABLES + TABLE_STEP;
    write_table(&mut cx, TABLES, index, next | NEXT | descriptor::AP_TABLE_READ_ONLY);
    assert!(store(&mut cx, ADDRESS, 0).is_err());
    cx.cpu.sys.tcr |= tcr::HPD0;
    cx.cpu.tlb.clear();
    assert!(store(&mut cx, ADDRESS, 0).is_ok());
}

fn report(cx: &mut Cx<Aarch64>, access: Access) -> (u32, u32) {
    let exception: Exception = fault(try_access(cx, ADDRESS, access));
    (class_of(exception), iss_of(exception))
}

/// Catches a wrong class or WnR, for both levels and all accesses; an atomic update reports its read when that faults.
#[test]
fn classes_and_directions() {
    let (mut cx, place) = one_page(descriptor::AP_READ_ONLY | descriptor::PXN | descriptor::UXN);
    assert_eq!(report(&mut cx, Access::Write), (0x25, 0x4f));
    assert_eq!(report(&mut cx, Access::Update), (0x25, 0x4f));
    assert_eq!(report(&mut cx, Access::Execute), (0x21, 0x0f));
    go_to(&mut cx, 0);
    assert_eq!(report(&mut cx, Access::Read), (0x24, 0x0f));
    assert_eq!(report(&mut cx, Access::Write), (0x24, 0x4f));
    assert_eq!(report(&mut cx, Access::Update), (0x24, 0x0f));
    assert_eq!(report(&mut cx, Access::Execute), (0x20, 0x0f));
    set_leaf(&mut cx, place, 0);
    assert_eq!(report(&mut cx, Access::Write), (0x24, 0x47));
    assert_eq!(report(&mut cx, Access::Update), (0x24, 0x07));
}

/// Catches tags that reach the tables or the TLB's keys, that are lost from FAR_EL1, or that count when they should not.
#[test]
fn tagged_addresses() {
    let (mut cx, place) = one_page(0);
    let tagged = ADDRESS | 0xab << 56;
    assert_eq!(status_of(&mut cx, tagged, Access::Read), 0x04);
    cx.cpu.sys.tcr |= tcr::TBI0;
    store(&mut cx, tagged, 77).unwrap();
    assert_eq!(load(&mut cx, ADDRESS).unwrap(), 77);
    assert_eq!(cx.cpu.tlb.state(), {
        let mut other = one_page(0).0;
        load(&mut other, ADDRESS).unwrap();
        other.cpu.tlb.state()
    });
    assert_eq!(status_of(&mut cx, tagged ^ 0x1000, Access::Read), 0x07);
    // One entry serves all tags: it is still there when the page is not.
    write_table(&mut cx, place, 0, 0);
    assert_eq!(load(&mut cx, tagged).unwrap(), 77);
    write_table(&mut cx, place, 0, NEXT | LEAF | NORMAL | (RAM + 0x5000));
    // The upper half has a bit of its own.
    let upper = ADDRESS | !0 << 39;
    assert!(load(&mut cx, upper).is_ok());
    assert_eq!(status_of(&mut cx, upper ^ 0xab << 56, Access::Read), 0x04);
    cx.cpu.sys.tcr |= tcr::TBI1;
    assert!(load(&mut cx, upper ^ 0xab << 56).is_ok());
}

/// Catches an MMU that is off and translates, restricts, forgets Device memory, or reaches beyond physical addresses.
#[test]
fn off() {
    let mut cx = machine();
    store(&mut cx, RAM + 8, 5).unwrap();
    let translation = cx.translate(RAM + 8, Access::Execute, true).unwrap();
    assert_eq!((translation.address, translation.device), (RAM + 8, true));
    assert_eq!(status_of(&mut cx, 1 << 48, Access::Read), 0x00);
    let exception = fault(load(&mut cx, RAM + 1));
    assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_SAME, 0x21));
    assert_eq!(exception.far, Some(RAM + 1));
    // No memory, no device: a synchronous external abort.
    assert_eq!(iss_of(fault(store(&mut cx, 0x1000, 1))), 0x50);
}

/// Catches Device memory that takes misaligned accesses, normal memory that refuses them, and SCTLR_EL1.A ignored.
#[test]
fn alignment() {
    let (mut cx, place) = one_page(0);
    assert!(load(&mut cx, ADDRESS + 1).is_ok());
    cx.cpu.sys.sctlr |= sctlr::A;
    derive(&mut cx.cpu);
    assert_eq!(iss_of(fault(store(&mut cx, ADDRESS + 1, 0))), 0x61);
    cx.cpu.sys.sctlr &= !sctlr::A;
    derive(&mut cx.cpu);
    set_leaf(&mut cx, place, NEXT | LEAF | (RAM + 0x5000));
    assert_eq!(iss_of(fault(load(&mut cx, ADDRESS + 1))), 0x21);
    // The second page of an access is the one that faults.
    set_leaf(&mut cx, place, NEXT | LEAF | NORMAL | (RAM + 0x5000));
    assert_eq!(fault(load(&mut cx, ADDRESS + 0xffc)).far, Some(ADDRESS + 0x1000));
}

/// Catches an atomic instruction that blames the write for what the read would have found already.
#[test]
fn misaligned_atomics_are_reads() {
    let (mut cx, _) = one_page(0);
    let insn = crate::Insn { rn: 3, rm: 4, ra: 5, rd: 6, ..Default::default() };
    cx.cpu.regs[3] = ADDRESS + 4;
    assert_eq!(iss_of(fault(crate::atomics::cas::<_, crate::ops::U64>(&mut cx, &insn))), 0x21);
    cx.cpu.regs[3] = ADDRESS + 8;
    assert_eq!(iss_of(fault(crate::atomics::casp_x(&mut cx, &insn))), 0x21);
}

/// Catches entries that are shared between address spaces, or that are not when they are global.
#[test]
fn address_spaces() {
    for (leaf, stale) in [(descriptor::NG, false), (0, true)] {
        let (mut cx, place) = one_page(leaf);
        cx.cpu.sys.ttbr0 |= 0x1_0007 << 48;
        derive(&mut cx.cpu);
        load(&mut cx, ADDRESS).unwrap();
        write_table(&mut cx, place, 0, 0);
        assert!(load(&mut cx, ADDRESS).is_ok(), "a stale entry is used until it is invalidated");
        cx.cpu.sys.ttbr0 = TABLES | 0x0107 << 48;
        derive(&mut cx.cpu);
        assert_eq!(load(&mut cx, ADDRESS).is_ok(), stale);
        // With 8-bit ASIDs the two are one.
        cx.cpu.sys.tcr &= !tcr::AS;
        derive(&mut cx.cpu);
        assert!(load(&mut cx, ADDRESS).is_ok());
    }
}
