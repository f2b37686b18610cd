use super::*;
use crate::registers::rows::at;
use crate::testing::{go_to, machine, read_sys, write_sys};

/// A processor at EL0 with breakpoints on, of which some compare the context.
fn with_context(context: u64) -> Cx<Aarch64> {
    let mut cx = machine();
    cx.cpu.sys.os_lock = false;
    cx.cpu.sys.mdscr = mdscr::MDE;
    cx.cpu.sys.contextidr = 7;
    cx.cpu.sys.dbgbvr[5] = context;
    go_to(&mut cx, 0);
    cx
}

const ON_EL0: u64 = 0b101;

/// Catches a linked breakpoint that hits in every process, a link to a breakpoint that cannot compare contexts, and a linked
/// context that hits by itself. QEMU has no context breakpoints of its own, so this is by the manual alone.
#[test]
fn contexts() {
    for (context, hits) in [(7, true), (8, false)] {
        let mut cx = with_context(context);
        let sys = &mut cx.cpu.sys;
        sys.dbgbvr[0] = 0x1000;
        sys.dbgbcr[5] = ON_EL0 | (BT_CONTEXT | BT_LINKED) << BT_SHIFT;
        sys.dbgbcr[0] = ON_EL0 | 5 << LBN_SHIFT | BT_LINKED << BT_SHIFT;
        assert_eq!(breakpoint_matches(sys, 0, 0x1000), hits);
        assert!(!breakpoint_matches(sys, 0, 0x1004));
        assert!(!breakpoint_matches(sys, 5, 0x1000));
        sys.dbgwvr[0] = 0x2000;
        sys.dbgwcr[0] = ON_EL0 | 1 << LSC_SHIFT | 1 << BAS_SHIFT | WT | 5 << LBN_SHIFT;
        let hit = watchpoint(&cx.cpu, 0x2000, 4, (true, Access::Read));
        assert_eq!(hit.is_some(), hits);
        let sys = &mut cx.cpu.sys;
        sys.dbgbcr[5] = ON_EL0 | BT_CONTEXT << BT_SHIFT;
        assert_eq!(breakpoint_matches(sys, 5, 0x5554), hits);
        sys.dbgbcr[1] = sys.dbgbcr[5];
        sys.dbgbvr[1] = context;
        assert!(!breakpoint_matches(sys, 1, 0x5554));
        sys.dbgbcr[0] = ON_EL0 | 1 << LBN_SHIFT | BT_LINKED << BT_SHIFT;
        assert!(!breakpoint_matches(sys, 0, 0x1000));
    }
}

/// Catches a lock that does not keep debug exceptions away, and a processor that stays careful for nothing.
#[test]
fn locks() {
    let mut cx = with_context(0);
    let (oslar, osdlr, prcr) = (at(2, 0, 1, 0, 4), at(2, 0, 1, 3, 4), at(2, 0, 1, 4, 4));
    go_to(&mut cx, 1);
    cx.cpu.sys.mdscr |= mdscr::KDE;
    cx.cpu.sys.daif = 0;
    write_sys(&mut cx, at(2, 0, 0, 0, 5), 0b011).unwrap();
    assert!(cx.cpu.careful && !cx.cpu.watched);
    assert_eq!(read_sys(&mut cx, at(2, 0, 0, 0, 5)).unwrap(), 0x1e3);
    for (register, locked, prcr_value) in [(oslar, true, 0), (osdlr, true, 0), (osdlr, false, 1)] {
        write_sys(&mut cx, prcr, prcr_value).unwrap();
        write_sys(&mut cx, register, 1).unwrap();
        assert_eq!(cx.cpu.careful, !locked);
        write_sys(&mut cx, register, 0).unwrap();
        assert!(cx.cpu.careful);
    }
    write_sys(&mut cx, at(2, 0, 0, 0, 7), 0b011).unwrap();
    assert!(cx.cpu.watched);
    cx.cpu.sys.daif = 8;
    masks_changed(&mut cx);
    assert!(!cx.cpu.careful && !cx.cpu.watched);
}

/// Catches a CASP that passes for a load-exclusive: the debugger would set breakpoints behind it instead of stepping.
#[test]
fn load_exclusives() {
    for (word, expected) in [
        (0xc85f_7c03, true),
        (0x085f_fc03, true),
        (0xc87f_1003, true),
        (0xc8df_fc03, false),
        (0x4865_7c85, false),
        (0xc804_7c03, false),
        (0xc8a3_7c04, false),
    ] {
        assert_eq!(loads_exclusive(word), expected, "{word:#x}");
    }
}
