use super::*;
use crate::exceptions::class;
use crate::registers::{derive, tcr};
use crate::testing::*;

const TABLE: u64 = RAM + 0x10_0000;
/// AF, AttrIndx 1 (normal), inner shareable.
const BLOCK: u64 = 1 | 1 << 10 | 3 << 8 | 1 << 2;
const NG: u64 = 1 << 11;
const EL0: u64 = 1 << 6;
const READ_ONLY: u64 = 1 << 7;

/// The MMU on with a 64 KiB granule and 42-bit addresses: one table, whose descriptors are 512 MiB blocks.
fn mapped(blocks: &[(u64, u64)]) -> Cx<Aarch64> {
    let mut cx = machine_of(2).0;
    for (index, block) in blocks {
        cx.mem.write_bytes(TABLE + index * 8, &block.to_le_bytes()).unwrap();
    }
    cx.cpu.sys.tcr = 22 | 22 << 16 | 1 << 14 | 3 << 30 | 5 << 32 | tcr::AS;
    cx.cpu.sys.ttbr0 = TABLE | 5 << 48;
    cx.cpu.sys.ttbr1 = TABLE;
    cx.cpu.sys.mair = 0xff00;
    cx.cpu.sys.sctlr |= sctlr::M;
    derive(&mut cx.cpu);
    cx
}

const fn block(index: u64) -> u64 {
    index << 29
}

/// An address in the upper half.
const UPPER: u64 = !0 << 29;

const CVAC: [u16; 4] = [3, 7, 10, 1];
const IVAC: [u16; 4] = [0, 7, 6, 1];
const IVAU: [u16; 4] = [3, 7, 5, 1];
const ZVA: [u16; 4] = [3, 7, 4, 1];

/// Catches instructions that do not exist, that EL0 may use and should not, or that trap with another syndrome.
#[test]
fn who_may() {
    let mut cx = mapped(&[(2, RAM | BLOCK | EL0)]);
    let all: Vec<[u16; 4]> = (0..1 << 14)
        .map(|bits: u16| [bits >> 11 & 7, bits >> 7 & 15, bits >> 3 & 15, bits & 7])
        .filter(|op| run_sys(&mut cx, *op, RAM).is_ok())
        .collect();
    let caches = [[0, 7, 1, 0], [0, 7, 5, 0], IVAC, [0, 7, 6, 2]];
    let translations = (0..6).map(|n| [0, 7, 8 + n / 4, n % 4]);
    let others = [[0, 7, 10, 2], [0, 7, 14, 2]];
    let tlb = [3, 7].into_iter().flat_map(|crm| [0, 1, 2, 3, 5, 7].map(|op2| [0, 8, crm, op2]));
    let by_user = [ZVA, IVAU, CVAC, [3, 7, 11, 1], [3, 7, 12, 1], [3, 7, 14, 1]];
    let expected: Vec<_> =
        caches.into_iter().chain(translations).chain(others).chain(tlb).chain(by_user).collect();
    assert_eq!(all, expected);
    go_to(&mut cx, 0);
    let user = [CVAC, [3, 7, 11, 1], [3, 7, 12, 1], [3, 7, 14, 1], IVAU, ZVA];
    for op in all {
        let exception = fault(run_sys(&mut cx, op, RAM));
        let expected = if user.contains(&op) { class::SYSTEM } else { class::UNKNOWN };
        assert_eq!(class_of(exception), expected, "{op:?}");
    }
    // DC ZVA, X9.
    let trapped = fault(run_sys(&mut cx, ZVA, RAM));
    assert_eq!(iss_of(trapped), 1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 9 << 5 | 4 << 1);
    cx.cpu.sys.sctlr |= sctlr::UCI;
    assert!(run_sys(&mut cx, ZVA, RAM).is_err());
    cx.cpu.sys.sctlr |= sctlr::DZE;
    assert!(user.iter().all(|op| run_sys(&mut cx, *op, RAM).is_ok()));
}

/// Catches cache maintenance that does not fault where it must, or does not say what it was.
#[test]
fn cache_maintenance_faults() {
    let mut cx = mapped(&[(2, RAM | BLOCK | READ_ONLY), (3, RAM | BLOCK | READ_ONLY | EL0)]);
    for op in [CVAC, IVAU, IVAC] {
        let exception = fault(run_sys(&mut cx, op, block(9)));
        assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_SAME, 0x146));
        assert_eq!(exception.far, Some(block(9)));
    }
    assert!(run_sys(&mut cx, CVAC, RAM).is_ok());
    assert_eq!(iss_of(fault(run_sys(&mut cx, IVAC, RAM))), 0x14e);
    // PAN is for loads and stores.
    cx.cpu.sys.pan = true;
    derive(&mut cx.cpu);
    assert!(load(&mut cx, block(3)).is_err());
    assert!(run_sys(&mut cx, CVAC, block(3)).is_ok());
    assert_eq!(cx.cpu.mmu.mode, 2);
    cx.cpu.sys.sctlr |= sctlr::UCI;
    go_to(&mut cx, 0);
    assert!(run_sys(&mut cx, CVAC, block(3)).is_ok());
    let exception = fault(run_sys(&mut cx, CVAC, RAM));
    assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_LOWER, 0x14e));
}

/// Catches a block of another size or place, and Device memory or protection that is ignored.
#[test]
fn zeroing() {
    let mut cx = mapped(&[(2, RAM | BLOCK), (3, RAM | BLOCK & !4), (4, RAM | BLOCK | READ_ONLY)]);
    for offset in (0..192).step_by(8) {
        store(&mut cx, RAM + offset, !0).unwrap();
    }
    run_sys(&mut cx, ZVA, RAM + 64 + 13).unwrap();
    for offset in (0..192).step_by(8) {
        let expected = if (64..128).contains(&offset) { 0 } else { !0 };
        assert_eq!(load(&mut cx, RAM + offset).unwrap(), expected, "{offset}");
    }
    let device = fault(run_sys(&mut cx, ZVA, block(3) + 5));
    assert_eq!((iss_of(device), device.far), (0x61, Some(block(3) + 5)));
    assert_eq!(iss_of(fault(run_sys(&mut cx, ZVA, block(4)))), 0x4e);
}

/// Catches a PAR_EL1 with a wrong address, attribute or fault, and AT that takes exceptions, fills the TLB or heeds PAN.
#[test]
fn address_translation() {
    let mut cx =
        mapped(&[(2, RAM | BLOCK | READ_ONLY), (3, RAM | BLOCK & !4), (4, RAM | BLOCK | EL0)]);
    cx.cpu.sys.pan = true;
    derive(&mut cx.cpu);
    let before = cx.cpu.tlb.clone();
    let mut at = |op2: u16, address: u64| {
        run_sys(&mut cx, [0, 7, 8, op2], address).unwrap();
        cx.cpu.sys.par
    };
    assert_eq!(at(0, block(2) + 0x12_3456), 0xff00_0000_4012_3b80);
    assert_eq!(at(1, block(2)), 0x81d);
    assert_eq!(at(2, block(2)), 0x81d);
    assert_eq!(at(0, block(3)), 0x4000_0b00);
    assert_eq!(at(3, block(4)) & 1, 0);
    assert_eq!(at(1, block(4)) & 1, 0);
    let mut at_pan = |op2: u16, address: u64| {
        run_sys(&mut cx, [0, 7, 9, op2], address).unwrap();
        cx.cpu.sys.par
    };
    assert_eq!([0, 1].map(|op2| at_pan(op2, block(4))), [0x81d; 2]);
    assert_eq!(at_pan(0, block(2)) & 1, 0);
    let mut at = |op2: u16, address: u64| {
        run_sys(&mut cx, [0, 7, 8, op2], address).unwrap();
        cx.cpu.sys.par
    };
    assert_eq!(at(0, block(9)), 0x80d);
    assert_eq!(at(0, 1 << 45), 0x809);
    assert_eq!(at(0, block(2) | 0x55 << 56), 0x809);
    assert_eq!(cx.cpu.tlb, before);
    cx.cpu.sys.tcr |= tcr::TBI0;
    run_sys(&mut cx, [0, 7, 8, 0], block(2) | 0x55 << 56).unwrap();
    assert_eq!(cx.cpu.sys.par, 0xff00_0000_4000_0b80);
    cx.cpu.sys.ttbr0 = 0x1_0000;
    let exception = fault(run_sys(&mut cx, [0, 7, 8, 0], 0));
    assert_eq!((class_of(exception), iss_of(exception)), (class::DATA_SAME, 0x156));
}

/// Two pages of one block and one of another in space 5, one of the block in space 6, a global one, an upper one.
fn filled() -> Cx<Aarch64> {
    let mut cx = mapped(&[
        (2, RAM | BLOCK | NG),
        (3, RAM | BLOCK | NG),
        (4, RAM | BLOCK),
        (8191, RAM | BLOCK | NG),
    ]);
    for address in [block(2), block(2) + 0x1_1000, block(3), block(4), UPPER] {
        load(&mut cx, address).unwrap();
    }
    cx.cpu.sys.ttbr0 = TABLE | 6 << 48;
    derive(&mut cx.cpu);
    load(&mut cx, block(2) + 0x2000).unwrap();
    cx.cpu.fetch = Some(lockstep_cpu::Fetch { page: 1, frame: 1 });
    cx
}

/// Which of the six entries of [`filled`] are there.
fn held(cx: &mut Cx<Aarch64>) -> String {
    let places = [
        (block(2), 5),
        (block(2) + 0x1_1000, 5),
        (block(3), 5),
        (block(4), 9),
        (UPPER, 5),
        (block(2) + 0x2000, 6),
    ];
    places
        .iter()
        .zip("abcgux".chars())
        .filter(|((address, space), _)| {
            cx.cpu.tlb.find(*address, *space, 1, Access::Read).is_some()
        })
        .map(|(_, name)| name)
        .collect()
}

/// Catches an invalidation that removes too little (a kernel then sees stale pages) or too much (replay then fills
/// differently from what this table says), that is not broadcast, or that leaves the fetch page.
#[test]
fn tlb_maintenance() {
    let page = |address: u64, asid: u64| asid << 48 | address >> 12 & 0xfff_ffff_ffff;
    let cases = [
        (0, 0, ""),
        (2, 5 << 48, "gx"),
        (2, 6 << 48, "abcgu"),
        (1, page(block(2) + 0x55_5000, 5), "cgux"),
        (5, page(block(2), 6), "abcgu"),
        (1, page(block(4), 77), "abcux"),
        (1, page(UPPER, 5), "abcgx"),
        (3, page(block(2), 0), "cgu"),
        (7, page(block(4), 3), "abcux"),
        (1, page(block(9), 5), "abcgux"),
    ];
    for crm in [3, 7] {
        for (op2, value, left) in cases {
            let mut cx = filled();
            assert_eq!(held(&mut cx), "abcgux");
            run_sys(&mut cx, [0, 8, crm, op2], value).unwrap();
            assert_eq!(held(&mut cx), left, "op2 {op2}, {value:#x}");
            assert_eq!(cx.cpu.fetch, None);
            assert_eq!(cx.requests.len(), usize::from(crm == 3));
            if let [Request::Broadcast(request)] = &cx.requests[..] {
                let mut other = filled();
                lockstep_cpu::Guest::request(&mut other, request);
                assert_eq!(held(&mut other), left);
            }
        }
    }
}

/// Catches 8-bit ASIDs of which 16 bits are compared.
#[test]
fn short_asids() {
    let mut cx = filled();
    cx.cpu.sys.tcr &= !tcr::AS;
    run_sys(&mut cx, [0, 8, 7, 2], 0x4405 << 48).unwrap();
    assert_eq!(held(&mut cx), "gx");
}
