//! The linkage stack, program calls, and numbers of address spaces, on both engines, against results by hand.
//!
//! Three spaces have their first megabyte in places of their own: the primary one where its addresses say, another one that calls go
//! to, and home, which has the stack.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_cpu::{Cx, Engine, Interpreter, PowerState};
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{S390x, psw, reg};

mod common;

const CODE: u64 = 0x2_0000;
/// Where calls and branches go.
const TARGET: u64 = 0x2_1000;
const HANDLER: u64 = 0x1_0000;
const MEGABYTE: u64 = 1 << 20;
const TABLES: u64 = 0x10_0000;
/// The dispatchable-unit control table, an access list, authority tables, the ASN first table and second tables.
const DUCT: u64 = 0x3_0000;
const LIST: u64 = 0x3_1000;
const AUTHORITY: u64 = 0x3_3000;
const FIRST: u64 = 0x3_4000;
const PRIMARY: u64 = 0x3_6000 + 64 * 5;
const SECONDARY: u64 = 0x3_6000 + 64 * 9;
const OTHER: u64 = 0x3_5000 + 64 * 7;
const LINKAGE: u64 = 0x3_7000;
const ENTRIES: u64 = 0x3_8000;
const TRACE: u64 = 0x3_d000;
/// The number of the other space, and its sequence number.
const NUMBER: u32 = 0x47;
const SEQUENCE: u32 = 0x1234_9abc;
/// In home space: descriptors of two sections' headers, the end of the first section.
const STACK: u64 = 0x5_0008;
const TRAILER: u64 = 0x5_0140;
const SECTION: u64 = 0x5_2f08;

const fn segment_table(space: u64) -> u64 {
    TABLES + space * 0x4000
}

const fn frames(space: u64) -> u64 {
    if space == 0 { 0 } else { 0x40_0000 + space * MEGABYTE }
}

const fn home(address: u64) -> u64 {
    frames(2) + address
}

fn put(cx: &mut Cx<S390x>, at: u64, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    cx.mem.write_bytes(at, &bytes).unwrap();
}

fn put_long(cx: &mut Cx<S390x>, at: u64, value: u64) {
    cx.mem.write_bytes(at, &value.to_be_bytes()).unwrap();
}

fn word(cx: &Cx<S390x>, at: u64) -> u32 {
    cx.mem.read(at).map(u32::from_be_bytes).unwrap()
}

fn long(cx: &Cx<S390x>, at: u64) -> u64 {
    cx.mem.read(at).map(u64::from_be_bytes).unwrap()
}

fn put_tables(cx: &mut Cx<S390x>) {
    for space in 0..3 {
        let pages = segment_table(space) + 0x2000;
        for page in 0..256 {
            put_long(cx, pages + 8 * page, frames(space) + page * 0x1000);
        }
        for segment in 0..512 {
            put_long(cx, segment_table(space) + 8 * segment, 0x20);
        }
        put_long(cx, segment_table(space), pages);
    }
    let space = |authority: u64, index: u32, table: u64| {
        [authority as u32, index << 16, 0, table as u32, 0, SEQUENCE]
    };
    put(cx, PRIMARY, &space(AUTHORITY, 2, segment_table(0)));
    put(cx, PRIMARY + 24, &[0x8000_0000 | LINKAGE as u32]);
    put(cx, SECONDARY, &space(AUTHORITY, 0, segment_table(1)));
    put(cx, OTHER, &space(AUTHORITY + 16, 3, segment_table(1)));
    put(cx, OTHER + 24, &[0x8000_0000 | LINKAGE as u32]);
    // Index 2 has secondary authority over the secondary space, and both over the other one.
    cx.mem.write_bytes(AUTHORITY, &[0x04]).unwrap();
    cx.mem.write_bytes(AUTHORITY + 16, &[0x0c]).unwrap();
    put(cx, FIRST, &[0x3_6000, 0x3_5000]);
    put(cx, FIRST + 4 * 0x40, &[0x8000_0000]);
    put(cx, LINKAGE + 8, &[ENTRIES as u32, 0x8000_0000]);
    put(cx, DUCT, &[PRIMARY as u32, 0, 0, 0, LIST as u32]);
    put(cx, LIST + 32, &[0x0055_0000, 0, OTHER as u32, SEQUENCE]);
    put_long(cx, home(STACK), 0x0901_0130 << 32);
    put_long(cx, home(TRAILER), SECTION | 1);
    put_long(cx, home(SECTION), 0x0902_0128 << 32);
}

/// A machine about to run instructions in the primary space; `there` is at the target in both spaces.
fn machine(code: &[u8], there: &[u8]) -> Cx<S390x> {
    let mut cx = Machine::new(CODE).cx;
    put_tables(&mut cx);
    cx.mem.write_bytes(CODE, code).unwrap();
    for space in 0..2 {
        cx.mem.write_bytes(frames(space) + TARGET, there).unwrap();
    }
    put_long(&mut cx, 0x1d0, psw::EA | psw::BA);
    put_long(&mut cx, 0x1d8, HANDLER);
    cx.mem.write_bytes(HANDLER, &[0xa7, 0xf4, 0, 0]).unwrap();
    for number in 0..16 {
        cx.cpu.regs[number] = 0x0101_0101_0101_0101 * number as u64;
        cx.cpu.regs[usize::from(reg::ACCESS) + number] = 0;
    }
    let cr = &mut cx.cpu.sys.cr;
    cr[0] |= 1 << 26;
    (cr[1], cr[7], cr[13]) = (segment_table(0), segment_table(1), segment_table(2));
    (cr[2], cr[5], cr[15]) = (DUCT, PRIMARY, STACK);
    (cr[3], cr[4], cr[8]) = (0x00c0_0009, 0x0002_0005, 9 << 16);
    cr[14] |= 1 << 19 | FIRST >> 12;
    psw::set(&mut cx.cpu, psw::DAT | psw::EA | psw::BA, CODE);
    cx
}

fn go(engine: &mut dyn Engine<S390x>, cx: &mut Cx<S390x>, count: u64) {
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        let left = end - cx.bp.retired;
        let stop = engine.run(cx, left);
        assert!(stop.is_none(), "{stop:?}");
    }
}

/// Runs instructions on both engines.
fn run(code: &[u8], there: &[u8], count: u64, change: impl Fn(&mut Cx<S390x>)) -> Cx<S390x> {
    let fresh = || {
        let mut cx = machine(code, there);
        change(&mut cx);
        psw::derive(&mut cx.cpu);
        cx
    };
    let mut cx = fresh();
    go(&mut Interpreter::default(), &mut cx, count);
    if let Some(mut jit) = Jit::new(Hotness::Now) {
        let mut compiled = fresh();
        go(&mut jit, &mut compiled, count);
        assert!(cx.cpu.state() == compiled.cpu.state(), "engines differ: {code:x?}");
        assert_eq!(cx.mem.digest(), compiled.mem.digest(), "engines differ: {code:x?}");
    }
    cx
}

/// Interruption code, the number that goes with it, and the old PSW's address.
fn interrupted(cx: &Cx<S390x>) -> (u32, u32, u64) {
    assert_eq!(word(cx, 0xa8), 0, "more than the number is stored");
    (word(cx, 0x8c) & 0xffff, word(cx, 0xac), long(cx, 0x158))
}

/// Runs one instruction that is refused.
fn refused(code: &[u8], change: impl Fn(&mut Cx<S390x>)) -> (u32, u32, u64) {
    let cx = run(code, &[], 2, change);
    assert_eq!(cx.cpu.sys.cr[15], STACK);
    interrupted(&cx)
}

const NEXT: u64 = CODE + 4;

/// Sets the registers of `BAKR %r1,%r2` and of `BAKR %r3,%r4` at the target.
fn set_branches(cx: &mut Cx<S390x>) {
    cx.cpu.regs[1] = (CODE + 0x200) | 1;
    cx.cpu.regs[2] = TARGET;
    cx.cpu.regs[3] = 0x8000_0000 | (CODE + 0x300);
    cx.cpu.regs[4] = TARGET + 0x100;
    cx.cpu.regs[usize::from(reg::ACCESS) + 6] = 0x66;
}

const BAKR: &[u8] = &[0xb2, 0x40, 0, 0x12];

/// Catches an entry with something in the wrong place, descriptors that do not follow, and a branch elsewhere.
#[test]
fn branches_are_stacked() {
    let cx = run(BAKR, &[], 1, set_branches);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.cr[15]), (TARGET, 0x5_0130));
    let entry = home(STACK + 8);
    assert_eq!(long(&cx, entry + 8 * 3), 0x8000_0000 | (CODE + 0x300));
    assert_eq!(word(&cx, entry + 224 + 4 * 6), 0x66);
    assert_eq!(long(&cx, entry + 128), 0x00c0_0009_0009_0005);
    assert_eq!(long(&cx, entry + 136), psw::DAT | psw::EA | psw::BA);
    assert_eq!(long(&cx, entry + 144), TARGET | 1);
    assert_eq!(long(&cx, entry + 168), CODE + 0x200);
    assert_eq!(long(&cx, entry + 288), 0x0c01_0008 << 32);
    assert_eq!(long(&cx, home(STACK)), 0x0901_0130_0128_0000);
    // Without registers: back to the next instruction, which is where it goes on.
    let cx = run(&[0xb2, 0x40, 0, 0], &[], 1, |_| {});
    assert_eq!((cx.cpu.pc, long(&cx, entry + 168)), (NEXT, NEXT));
}

/// Catches a new section that is not entered or left, registers that come back and should not or the other way round, and an
/// addressing mode that is not restored.
#[test]
fn returns_go_through_sections() {
    let with_more = |cx: &mut Cx<S390x>| {
        set_branches(cx);
        // LGHI %r5,7; LGHI %r15,9; PR.
        let last = [0xa7, 0x59, 0, 7, 0xa7, 0xf9, 0, 9, 0x01, 0x01];
        cx.mem.write_bytes(TARGET + 0x100, &last).unwrap();
        cx.mem.write_bytes(CODE + 0x300, &[0x01, 0x01]).unwrap();
    };
    let there = [0xb2, 0x40, 0, 0x34];
    let cx = run(BAKR, &there, 4, with_more);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.cr[15]), (TARGET + 0x108, SECTION + 0x128));
    assert_eq!(long(&cx, home(SECTION - 8)), 0x5_0130 | 1);
    assert_eq!(long(&cx, home(SECTION)), 0x0902_0128_0128_0000);
    let cx = run(BAKR, &there, 5, with_more);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.cr[15]), (CODE + 0x300, SECTION));
    assert_eq!(cx.cpu.sys.mask, psw::DAT | psw::BA);
    assert_eq!((cx.cpu.regs[5], cx.cpu.regs[15]), (0x0505_0505_0505_0505, 9));
    assert_eq!(long(&cx, home(SECTION)), 0x0902_0128 << 32);
    let cx = run(BAKR, &there, 6, with_more);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.cr[15]), (CODE + 0x200, STACK));
    assert_eq!(cx.cpu.sys.mask, psw::DAT | psw::EA | psw::BA);
}

/// Catches a wrong part of the entry, or of registers, and a modification elsewhere.
#[test]
fn entries_can_be_looked_at() {
    // At the target: EREG %r5,%r6; EREGG %r7,%r8; MSTA %r10; ESTA %r2,%r4, by register 4.
    let there =
        [0xb2, 0x49, 0, 0x56, 0xb9, 0x0e, 0, 0x78, 0xb2, 0x47, 0, 0xa0, 0xb2, 0x4a, 0, 0x24];
    let look = |what: u64| {
        let spoil = move |cx: &mut Cx<S390x>| {
            set_branches(cx);
            // XGR of registers 5, 7: LGHI %r5,0; LGHI %r7,0; LGHI %r4,what; then the target's.
            let what = what as u8;
            let first = [0xa7, 0x59, 0, 0, 0xa7, 0x79, 0, 0, 0xa7, 0x49, 0, what];
            for space in 0..2 {
                cx.mem.write_bytes(frames(space) + TARGET, &first).unwrap();
                cx.mem.write_bytes(frames(space) + TARGET + 12, &there).unwrap();
            }
        };
        run(BAKR, &[], 8, spoil)
    };
    let pair = |cx: &Cx<S390x>| (cx.cpu.regs[2], cx.cpu.regs[3]);
    let cx = look(0);
    assert_eq!((cx.cpu.regs[5], cx.cpu.regs[7]), (0x0505_0505, 0x0707_0707_0707_0707));
    assert_eq!(cx.cpu.regs[usize::from(reg::ACCESS) + 6], 0x66);
    assert_eq!(pair(&cx), (0x00c0_0009, 0x0009_0005));
    assert_eq!(cx.cpu.regs[usize::from(reg::CC)], 0);
    assert_eq!(pair(&look(1)), (0x0408_0001, 0x8002_0200));
    assert_eq!(pair(&look(2)), (0, TARGET | 1));
    assert_eq!(pair(&look(3)), (0x0a0a_0a0a, 0x0b0b_0b0b));
    assert_eq!(pair(&look(4)), (psw::DAT | psw::EA | psw::BA, CODE + 0x200));
}

/// Catches a stack that is used although something about it says no, a wrong code, and a wrong address to go back to.
#[test]
fn what_the_stack_can_lack() {
    let header = |value: u64| {
        move |cx: &mut Cx<S390x>| {
            set_branches(cx);
            put_long(cx, home(STACK), value);
        }
    };
    assert_eq!(refused(BAKR, header(0x0901_0010 << 32)), (0x30, 0, CODE));
    assert_eq!(refused(BAKR, header(0x0901_0012 << 32)), (0x32, 0, CODE));
    let small = |cx: &mut Cx<S390x>| {
        put_long(cx, home(STACK), 0x0901_0010 << 32);
        put_long(cx, home(STACK + 0x18), SECTION | 1);
        put_long(cx, home(SECTION), 0x0902_0120 << 32);
    };
    assert_eq!(refused(BAKR, small), (0x32, 0, CODE));
    let in_mode = |mask: u64| move |cx: &mut Cx<S390x>| psw::set(&mut cx.cpu, mask, CODE);
    let secondary = psw::DAT | psw::EA | psw::BA | 2 << psw::SPACE_SHIFT;
    assert_eq!(refused(BAKR, in_mode(psw::EA | psw::BA)), (0x13, 0, NEXT));
    assert_eq!(refused(BAKR, in_mode(secondary)), (0x13, 0, NEXT));
    let page = segment_table(2) + 0x2000 + 8 * (STACK >> 12);
    let absent = move |cx: &mut Cx<S390x>| put_long(cx, page, 0x400);
    assert_eq!(refused(BAKR, absent), (0x11, 0x5_0803, CODE));
    // A protected page is found before anything is stored.
    let protected = move |cx: &mut Cx<S390x>| put_long(cx, page, home(STACK) & !0xfff | 0x200);
    assert_eq!(refused(BAKR, protected), (0x04, 0x5_0407, NEXT));
    let pr = &[0x01, 0x01];
    assert_eq!(refused(pr, |_| {}), (0x31, 0, CODE));
    assert_eq!(refused(pr, header(0x8901_0130 << 32)), (0x34, 0, CODE));
    assert_eq!(refused(pr, header(0x0101_0130 << 32)), (0x33, 0, CODE));
    assert_eq!(refused(pr, |cx| put_long(cx, home(STACK - 8), SECTION | 1)), (0x32, 0, CODE));
    let home_mode = psw::DAT | psw::EA | psw::BA | 3 << psw::SPACE_SHIFT;
    let at_home = move |cx: &mut Cx<S390x>| {
        cx.mem.write_bytes(home(CODE), pr).unwrap();
        psw::set(&mut cx.cpu, home_mode, CODE);
    };
    assert_eq!(refused(pr, at_home), (0x13, 0, CODE + 2));
}

/// `PC 0(%r1)` with the number in register 1, and the entry of number 0x201.
const PC: &[u8] = &[0xb2, 0x18, 0x10, 0];

fn set_entry(cx: &mut Cx<S390x>, flags: u32, asn: u32, address: u32) {
    cx.cpu.regs[1] = 0x201;
    let words =
        [0, address, 0x8000_0000 | asn, 0x0003_0000, flags, OTHER as u32, 0x1122_3344, 0x5566_7788];
    put(cx, ENTRIES + 32, &words);
}

const BASIC: u32 = 0x4000_0000;
/// Stacking, 64 bits, key 7, mask and index replaced, access registers, secondary as primary.
const STACKING: u32 = 0xdf70_1234;

/// Catches a call that goes, links or authorizes otherwise than its entry says.
#[test]
fn basic_calls() {
    let cx = run(PC, &[], 1, |cx| set_entry(cx, BASIC, 0, TARGET as u32 | 1));
    assert_eq!(cx.cpu.pc, TARGET);
    assert_eq!(cx.cpu.sys.mask, psw::DAT | psw::EA | psw::BA | psw::PROBLEM);
    let (cr, regs) = (cx.cpu.sys.cr, cx.cpu.regs);
    assert_eq!((regs[14], regs[4]), (NEXT, 0x1122_3344_5566_7788));
    assert_eq!(regs[3], 0x0303_0303_00c0_0005);
    assert_eq!((cr[3], cr[7], cr[15]), (0x00c3_0005, cr[1], STACK));
    // From 31-bit to 24-bit mode.
    let cx = run(PC, &[], 1, |cx| {
        set_entry(cx, 0, 0, TARGET as u32);
        psw::set(&mut cx.cpu, psw::DAT | psw::BA, CODE);
    });
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (TARGET, psw::DAT));
    assert_eq!(cx.cpu.regs[14], 0x0e0e_0e0e_8000_0000 | NEXT);
    assert_eq!(cx.cpu.regs[4], 0x0404_0404_5566_7788);
}

/// Catches a space that is not switched to and back, and what a stacked call leaves or takes.
#[test]
fn calls_to_another_space_and_back() {
    let call = |cx: &mut Cx<S390x>| set_entry(cx, STACKING, NUMBER, TARGET as u32);
    let cx = run(PC, &[0x01, 0x01], 1, call);
    let cr = cx.cpu.sys.cr;
    let mask = psw::DAT | psw::EA | psw::BA | 1 << psw::SPACE_SHIFT | 7 << psw::KEY_SHIFT;
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (TARGET, mask));
    assert_eq!((cr[1], cr[7]), (segment_table(1), segment_table(1)));
    assert_eq!((cr[3], cr[4], cr[5]), (0x0003_0047, 0x0003_0047, OTHER));
    assert_eq!((cr[8], cr[15]), (0x1234 << 16, 0x5_0130));
    let entry = home(STACK + 8);
    assert_eq!(long(&cx, entry + 128), 0x00c0_0009_0009_0005);
    assert_eq!(long(&cx, entry + 144), 0x0047_9abc_8000_0201);
    assert_eq!(long(&cx, entry + 168), NEXT);
    assert_eq!(long(&cx, entry + 288), 0x0d01_0008 << 32);
    let cx = run(PC, &[0x01, 0x01], 2, call);
    let cr = cx.cpu.sys.cr;
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (NEXT, psw::DAT | psw::EA | psw::BA));
    assert_eq!((cr[1], cr[7]), (segment_table(0), segment_table(1)));
    assert_eq!((cr[3], cr[4], cr[5]), (0x00c0_0009, 0x0002_0005, PRIMARY));
    assert_eq!((cr[8], cr[15]), (9 << 16, STACK));
    assert_eq!(cx.cpu.regs[4], 0x0404_0404_0404_0404);
    // Without authority over the secondary space nothing comes back.
    let cx = run(PC, &[0x01, 0x01], 3, |cx| {
        call(cx);
        cx.mem.write_bytes(AUTHORITY, &[0]).unwrap();
    });
    assert_eq!(interrupted(&cx), (0x25, 9, TARGET));
    assert_eq!(cx.cpu.sys.cr[15], 0x5_0130);
}

/// Catches a call by an entry that cannot be used, a wrong code or number, and a wrong address to go back to.
#[test]
fn what_a_call_can_lack() {
    let number = |number: u64| {
        move |cx: &mut Cx<S390x>| {
            set_entry(cx, BASIC, 0, TARGET as u32);
            cx.cpu.regs[1] = number;
        }
    };
    assert_eq!(refused(PC, number(0x2001)), (0x22, 0x2001, CODE));
    assert_eq!(refused(PC, number(0x301)), (0x22, 0x301, CODE));
    assert_eq!(refused(PC, number(0x204)), (0x23, 0x204, CODE));
    let entry = |flags: u32, asn: u32, address: u32, then: fn(&mut Cx<S390x>)| {
        refused(PC, move |cx| {
            set_entry(cx, flags, asn, address);
            then(cx);
        })
    };
    let target = TARGET as u32;
    assert_eq!(entry(0, 0, target, |_| {}), (0x13, 0, NEXT));
    assert_eq!(entry(STACKING & !BASIC, 0, 0x0100_0000, |_| {}), (0x1f, 0, NEXT));
    let problem = |cx: &mut Cx<S390x>| cx.cpu.sys.mask |= psw::PROBLEM;
    assert_eq!(entry(BASIC, 0, target, problem), (2, 0, NEXT));
    assert_eq!(entry(BASIC, 0, target, |cx| put(cx, PRIMARY + 24, &[0])), (0x13, 0, NEXT));
    let untranslated = |cx: &mut Cx<S390x>| cx.cpu.sys.cr[14] &= !(1 << 19);
    assert_eq!(entry(STACKING, NUMBER, target, untranslated), (0x13, 0, NEXT));
    let invalid = |cx: &mut Cx<S390x>| put(cx, OTHER, &[0x8000_0000]);
    assert_eq!(entry(STACKING, NUMBER, target, invalid), (0x21, NUMBER, CODE));
    let registers = |cx: &mut Cx<S390x>| cx.cpu.sys.mask |= 1 << psw::SPACE_SHIFT;
    assert_eq!(entry(BASIC, 0, target, registers), (0x13, 0, NEXT));
    let unset = |cx: &mut Cx<S390x>| cx.cpu.sys.mask &= !psw::DAT;
    assert_eq!(entry(BASIC, 0, target, unset), (0x13, 0, NEXT));
}

/// Catches an event that interrupts before the instruction is done, or not at all.
#[test]
fn switching_spaces_is_an_event() {
    let cx = run(PC, &[], 2, |cx| {
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
        put(cx, OTHER + 12, &[segment_table(1) as u32 | 0x40]);
    });
    assert_eq!(interrupted(&cx), (0x1c, 5, TARGET));
    assert_eq!((word(&cx, 0x8c) >> 16, cx.cpu.sys.cr[15]), (4, 0x5_0130));
    let cx = run(PC, &[], 2, |cx| {
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
        cx.cpu.sys.cr[1] |= 0x40;
    });
    assert_eq!(interrupted(&cx), (0x1c, 0x8000_0005, TARGET));
    // A PER event of the instruction makes any change one, and is told with it.
    let cx = run(PC, &[], 2, |cx| {
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
        (cx.cpu.sys.cr[9], cx.cpu.sys.cr[10], cx.cpu.sys.cr[11]) = (1 << 31, 0, u64::MAX);
        cx.cpu.sys.mask |= psw::PER;
    });
    assert_eq!(interrupted(&cx), (0x9c, 5, TARGET));
    assert_eq!((word(&cx, 0x94) >> 8 & 0xff, long(&cx, 0x98)), (0x80, CODE));
    let cx = run(PC, &[], 1, |cx| {
        set_entry(cx, BASIC, 0, TARGET as u32);
        (cx.cpu.sys.cr[9], cx.cpu.sys.cr[1]) = (1 << 31, segment_table(0) | 0x40);
    });
    assert_eq!(cx.cpu.pc, TARGET);
    // SAC 0x300: to home.
    let cx = run(&[0xb2, 0x19, 0x03, 0], &[], 2, |cx| cx.cpu.sys.cr[13] |= 0x40);
    assert_eq!(interrupted(&cx), (0x1c, 5, NEXT));
    assert_eq!(long(&cx, 0x150), psw::DAT | psw::EA | psw::BA | 3 << psw::SPACE_SHIFT);
}

/// Catches a transfer to a space without authority, and what it changes.
#[test]
fn transfers() {
    let pt = &[0xb2, 0x28, 0, 0x12];
    let to = |asn: u64, address: u64| {
        move |cx: &mut Cx<S390x>| {
            cx.cpu.regs[1] = 0x0040_0000 | asn;
            cx.cpu.regs[2] = address;
        }
    };
    let cx = run(pt, &[], 1, to(0x47, TARGET | 1));
    let cr = cx.cpu.sys.cr;
    assert_eq!(cx.cpu.pc, TARGET);
    assert_eq!(cx.cpu.sys.mask, psw::DAT | psw::EA | psw::BA | psw::PROBLEM);
    assert_eq!((cr[1], cr[7]), (segment_table(1), segment_table(1)));
    assert_eq!((cr[3], cr[4], cr[5]), (0x0040_0047, 0x0003_0047, OTHER));
    let cx = run(pt, &[], 1, to(5, TARGET));
    let cr = cx.cpu.sys.cr;
    assert_eq!((cr[3], cr[4], cr[7]), (0x0040_0005, 0x0002_0005, segment_table(0)));
    assert_eq!(refused(pt, to(0x1000, TARGET)), (0x20, 0x1000, CODE));
    assert_eq!(
        refused(pt, |cx| {
            to(0x47, TARGET)(cx);
            cx.mem.write_bytes(AUTHORITY + 16, &[0x04]).unwrap();
        }),
        (0x24, 0x47, CODE)
    );
    assert_eq!(
        refused(pt, |cx| {
            to(5, TARGET)(cx);
            cx.cpu.sys.mask |= psw::PROBLEM;
        }),
        (2, 0, NEXT)
    );
}

/// Catches a secondary space without authority, or that is not the one of the number.
#[test]
fn secondary_spaces() {
    let ssar = &[0xb2, 0x25, 0, 0x10];
    let cx = run(ssar, &[], 1, |cx| cx.cpu.regs[1] = 0x47);
    assert_eq!((cx.cpu.sys.cr[3], cx.cpu.sys.cr[7]), (0x00c0_0047, segment_table(1)));
    let cx = run(ssar, &[], 1, |cx| cx.cpu.regs[1] = 5);
    assert_eq!((cx.cpu.sys.cr[3], cx.cpu.sys.cr[7]), (0x00c0_0005, segment_table(0)));
    let unauthorized = |cx: &mut Cx<S390x>| {
        cx.cpu.regs[1] = 0x47;
        cx.mem.write_bytes(AUTHORITY + 16, &[0x08]).unwrap();
    };
    assert_eq!(refused(ssar, unauthorized), (0x25, 0x47, CODE));
    // LASP 0(%r4),0: the condition codes.
    let lasp = |asns: [u32; 2], change: fn(&mut Cx<S390x>)| {
        let cx = run(&[0xe5, 0, 0x40, 0, 0, 0], &[], 1, |cx| {
            cx.cpu.regs[4] = 0x4_0000;
            put(cx, 0x4_0000, &[0x0011_0000 | asns[0], asns[1]]);
            change(cx);
        });
        let cr = cx.cpu.sys.cr;
        (cx.cpu.regs[usize::from(reg::CC)], cr[3], cr[4], cr[1], cr[7])
    };
    let unchanged = |cc| (cc, 0x00c0_0009, 0x0002_0005, segment_table(0), segment_table(1));
    let zero = segment_table(0);
    let one = segment_table(1);
    assert_eq!(lasp([0x47, 5], |_| {}), (0, 0x0011_0047, 0x0002_0005, zero, one));
    assert_eq!(lasp([0x47, 0x47], |_| {}), (0, 0x0011_0047, 0x0003_0047, one, one));
    assert_eq!(lasp([0x47, 0x1000], |_| {}), unchanged(1));
    let no_authority = |cx: &mut Cx<S390x>| cx.mem.write_bytes(AUTHORITY + 16, &[0]).unwrap();
    assert_eq!(lasp([0x47, 5], no_authority), unchanged(2));
    assert_eq!(
        lasp([9, 0x47], |cx| put(cx, OTHER + 12, &[segment_table(1) as u32 | 0x40])),
        unchanged(3)
    );
}

/// Catches tables of two levels that are looked up wrongly, and a space that is taken for an earlier one of its number.
#[test]
fn reusable_numbers() {
    const TABLE: u64 = 0x3_9000;
    const SECOND: u64 = 0x3_a000;
    const WIDE: u64 = 0x8_2201;
    let reuse = |cx: &mut Cx<S390x>| {
        cx.cpu.sys.cr[0] |= 1 << 19;
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
        put(cx, PRIMARY + 24, &[0x8000_0000 | TABLE as u32]);
        put(cx, PRIMARY + 44, &[0x55]);
        put(cx, OTHER + 44, &[0x77]);
        put(cx, TABLE + 4, &[SECOND as u32, 0x8000_0000]);
        put(cx, SECOND + 16, &[ENTRIES as u32, 0, 0x8000_0000]);
        (cx.cpu.sys.cr[3], cx.cpu.sys.cr[4]) = (0x00c0_0005 | 0x55 << 32, 0x0002_0005 | 0x55 << 32);
        cx.cpu.regs[1] = WIDE;
    };
    let cx = run(PC, &[0x01, 0x01], 1, reuse);
    let cr = cx.cpu.sys.cr;
    assert_eq!((cx.cpu.pc, cr[3], cr[4]), (TARGET, 0x77_0003_0047, 0x77_0003_0047));
    let entry = home(STACK + 8);
    assert_eq!(long(&cx, entry + 144), 0x0047_0077_8000_2201);
    assert_eq!(long(&cx, entry + 176), 0x0000_0055_0000_0055);
    let cx = run(PC, &[0x01, 0x01], 2, reuse);
    assert_eq!(
        (cx.cpu.pc, cx.cpu.sys.cr[3], cx.cpu.sys.cr[4]),
        (NEXT, 0x55_00c0_0005, 0x55_0002_0005)
    );
    let number = |number: u64| {
        refused(PC, |cx| {
            reuse(cx);
            cx.cpu.regs[1] = number;
        })
    };
    assert_eq!(number(0x18_2201), (0x26, 0x18_2201, CODE));
    assert_eq!(number(0x8_4201), (0x26, 0x8_4201, CODE));
    assert_eq!(number(0x8_2301), (0x27, 0x8_2301, CODE));
    let sequence = |cx: &mut Cx<S390x>| {
        reuse(cx);
        put(cx, SECOND + 20, &[0x1234]);
    };
    assert_eq!(refused(PC, sequence), (0x2e, WIDE as u32, CODE));
    // PTI %r1,%r2 and SSAIR %r1, with the right and a wrong instance.
    let with = |operand: u64| {
        move |cx: &mut Cx<S390x>| {
            reuse(cx);
            (cx.cpu.regs[1], cx.cpu.regs[2]) = (operand, TARGET);
            put(cx, OTHER + 24, &[0x8000_0000]);
        }
    };
    let (pti, ssair) = (&[0xb9, 0x9e, 0, 0x12], &[0xb9, 0x9f, 0, 0x10]);
    let cx = run(pti, &[], 1, with(0x77_0040_0047));
    assert_eq!((cx.cpu.sys.cr[3], cx.cpu.sys.cr[4]), (0x77_0040_0047, 0x77_0003_0047));
    let cx = run(pti, &[], 2, with(0x78_0040_0047));
    assert_eq!((interrupted(&cx), cx.mem.read(0xa0)), ((0x2f, 0, CODE), Some([0x20])));
    let cx = run(ssair, &[], 1, with(0x77_0000_0047));
    assert_eq!(cx.cpu.sys.cr[3], 0x77_00c0_0047);
    let cx = run(ssair, &[], 2, with(0x78_0000_0047));
    assert_eq!((interrupted(&cx), cx.mem.read(0xa0)), ((0x2f, 0, CODE), Some([0x10])));
    // A reusable number is not for SSAR.
    let reusable = |cx: &mut Cx<S390x>| {
        with(0x47)(cx);
        put(cx, OTHER + 4, &[0x0003_0001]);
    };
    assert_eq!(refused(&[0xb2, 0x25, 0, 0x10], reusable), (0x13, 0, NEXT));
    // LASP 0(%r4),0 has instances, too.
    let cx = run(&[0xe5, 0, 0x40, 0, 0, 0], &[], 1, |cx| {
        reuse(cx);
        cx.cpu.regs[4] = 0x4_0000;
        put(cx, 0x4_0000, &[0x77, 0x0011_0047, 0x55, 5]);
    });
    assert_eq!((cx.cpu.regs[usize::from(reg::CC)], cx.cpu.sys.cr[3]), (0, 0x77_0011_0047));
}

/// Catches authority that is not reduced, or not given back.
#[test]
fn authority_is_reduced_and_given_back() {
    let change = |cx: &mut Cx<S390x>| {
        cx.cpu.regs[1] = 0x0040_0030;
        cx.cpu.regs[2] = TARGET;
    };
    // BSA %r1,%r2; at the target BSA %r10,%r0.
    let (there, back) = (&[0xb2, 0x5a, 0, 0x12], &[0xb2, 0x5a, 0, 0xa0]);
    let cx = run(there, back, 1, change);
    let mask = psw::DAT | psw::EA | psw::BA | psw::PROBLEM | 3 << psw::KEY_SHIFT;
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (TARGET, mask));
    assert_eq!(cx.cpu.sys.cr[3], 0x0040_0009);
    assert_eq!((word(&cx, DUCT + 20), long(&cx, DUCT + 32)), (0x00c0_0008, NEXT));
    let cx = run(there, back, 2, change);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (NEXT, psw::DAT | psw::EA | psw::BA));
    assert_eq!((cx.cpu.sys.cr[3], cx.cpu.regs[10]), (0x00c0_0009, TARGET + 4));
    assert_eq!(word(&cx, DUCT + 20), 0x00c0_0000);
    assert_eq!(refused(back, |_| {}), (0x13, 0, NEXT));
}

/// Catches a subspace that is not entered, kept or left.
#[test]
fn subspaces() {
    let change = |cx: &mut Cx<S390x>| {
        put(cx, OTHER + 12, &[segment_table(1) as u32 | 0x200]);
        cx.cpu.sys.cr[1] |= 0x80;
        cx.cpu.regs[2] = TARGET;
        cx.cpu.regs[usize::from(reg::ACCESS) + 2] = 2;
        cx.cpu.regs[6] = CODE + 0x80;
    };
    // BSG %r1,%r2; at the target BSG %r0,%r6.
    let (there, back) = (&[0xb2, 0x58, 0, 0x12], &[0xb2, 0x58, 0, 0x06]);
    let cx = run(there, back, 1, change);
    let designation = segment_table(1) | 0x280;
    assert_eq!((cx.cpu.pc, cx.cpu.regs[1]), (TARGET, NEXT));
    assert_eq!((cx.cpu.sys.cr[1], cx.cpu.sys.cr[7]), (designation, designation));
    assert_eq!(word(&cx, DUCT + 4), 0x8000_0000 | OTHER as u32);
    assert_eq!((word(&cx, DUCT + 12), cx.cpu.sys.cr[3]), (SEQUENCE, 0x00c0_0005));
    let cx = run(there, back, 2, change);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.cr[1]), (CODE + 0x80, segment_table(0)));
    assert_eq!(word(&cx, DUCT + 4), OTHER as u32);
    let not_of_group = |cx: &mut Cx<S390x>| {
        change(cx);
        put(cx, OTHER + 12, &[segment_table(1) as u32]);
    };
    assert_eq!(refused(there, not_of_group), (0x13, 0, NEXT));
}

/// Catches entries of the wrong form or place, and a table that is written over its end.
#[test]
fn tracing() {
    let with = |cr12: u64| {
        move |cx: &mut Cx<S390x>| {
            cx.cpu.sys.cr[12] = cr12;
            cx.cpu.regs[6] = 0x4_0000;
            put(cx, 0x4_0000, &[0x7654_3210]);
        }
    };
    // TRACE %r2,%r4,0(%r6) and TRACG.
    let (trace, tracg) = (&[0x99, 0x24, 0x60, 0], &[0xeb, 0x24, 0x60, 0, 0, 0x0f]);
    let cx = run(trace, &[], 1, with(TRACE | 1));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 24) | 1);
    assert_eq!(cx.mem.read(TRACE), Some([0x72, 0]));
    let words: Vec<u32> = (8..24).step_by(4).map(|at| word(&cx, TRACE + at)).collect();
    assert_eq!(words, [0x7654_3210, 0x0202_0202, 0x0303_0303, 0x0404_0404]);
    let cx = run(tracg, &[], 1, with(TRACE | 1));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 40) | 1);
    assert_eq!(cx.mem.read(TRACE), Some([0x72, 0x80]));
    assert_eq!((word(&cx, TRACE + 12), cx.cpu.regs[3]), (0x7654_3210, long(&cx, TRACE + 24)));
    // Not when the operand says so; not over the end.
    let cx = run(trace, &[], 1, |cx| {
        with(TRACE | 1)(cx);
        put(cx, 0x4_0000, &[0x8000_0000]);
    });
    assert_eq!(cx.cpu.sys.cr[12], TRACE | 1);
    assert_eq!(refused(trace, with((TRACE + 0xfb4) | 1)), (0x16, 0, CODE));
    let cx = run(trace, &[], 1, with((TRACE + 0xfb0) | 1));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 0xfc8) | 1);
    // Branches, numbers and calls.
    let cx = run(BAKR, &[], 1, |cx| {
        with(TRACE | 1 << 63)(cx);
        set_branches(cx);
    });
    assert_eq!((word(&cx, TRACE), cx.cpu.sys.cr[12]), (0x8002_1000, (TRACE + 4) | 1 << 63));
    let cx = run(&[0xb2, 0x25, 0, 0x10], &[], 1, |cx| {
        with(TRACE | 2)(cx);
        cx.cpu.regs[1] = 0x47;
    });
    assert_eq!((word(&cx, TRACE), cx.cpu.sys.cr[12]), (0x1000_0047, (TRACE + 4) | 2));
    let cx = run(PC, &[0x01, 0x01], 2, |cx| {
        with(TRACE | 2)(cx);
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
    });
    assert_eq!((word(&cx, TRACE), long(&cx, TRACE + 4)), (0x2200_0201, NEXT));
    // Back: from 64-bit mode, by key 7, to 64-bit mode.
    assert_eq!((word(&cx, TRACE + 12), word(&cx, TRACE + 16)), (0x327a_0005, NEXT as u32));
    assert_eq!((word(&cx, TRACE + 20), cx.cpu.sys.cr[12]), (TARGET as u32 + 2, (TRACE + 24) | 2));
}

/// Catches branches and changes of mode that leave no entry, or one when they should not.
#[test]
fn tracing_of_ordinary_instructions() {
    let with = |cr12: u64, target: u64| {
        move |cx: &mut Cx<S390x>| {
            cx.cpu.sys.cr[12] = cr12;
            (cx.cpu.regs[2], cx.cpu.regs[7]) = (target, TARGET);
        }
    };
    let (branches, modes) = (1 << 63, 1 << 62);
    let basr = &[0x0d, 0x12];
    let cx = run(basr, &[], 1, with(TRACE | branches, TARGET));
    assert_eq!((word(&cx, TRACE), cx.cpu.pc), (0x8002_1000, TARGET));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 4) | branches);
    // By EX %r0,0(%r7); without a branch; where it is not asked for; where there is no room.
    let cx = run(&[0x44, 0, 0x70, 0], basr, 1, with(TRACE | branches, CODE + 0x80));
    assert_eq!((word(&cx, TRACE), cx.cpu.pc), (0x8002_0080, CODE + 0x80));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 4) | branches);
    let cx = run(&[0x0d, 0x10], &[], 1, with(TRACE | branches, TARGET));
    assert_eq!(cx.cpu.sys.cr[12], TRACE | branches);
    let cx = run(basr, &[], 1, with(TRACE | modes, TARGET));
    assert_eq!(cx.cpu.sys.cr[12], TRACE | modes);
    let (code, _, old) = refused(basr, with((TRACE + 0xffc) | branches, TARGET));
    assert_eq!((code, old), (0x16, CODE));
    // SAM31; BASSM %r1,%r2 to 31-bit mode.
    let cx = run(&[0x01, 0x0d], &[], 1, with(TRACE | modes, TARGET));
    assert_eq!((long(&cx, TRACE), cx.cpu.pc), (0x5120_0000_0002_0002, CODE + 2));
    let both = branches | modes;
    let cx = run(&[0x0c, 0x12], &[], 1, with(TRACE | both, 0x8000_0000 | TARGET));
    assert_eq!((long(&cx, TRACE), cx.cpu.pc), (0x51a0_0000_8002_1000, TARGET));
    // A stacking call from 31-bit to 64-bit mode and back leaves two entries, and one.
    let cx = run(PC, &[0x01, 0x01], 2, |cx| {
        set_entry(cx, STACKING, NUMBER, TARGET as u32);
        cx.cpu.sys.cr[12] = TRACE | modes | 2;
        psw::set(&mut cx.cpu, psw::DAT | psw::BA, CODE);
    });
    assert_eq!(long(&cx, TRACE), 0x2100_0201_8002_0004);
    assert_eq!(long(&cx, TRACE + 8), 0x5130_0000_8002_0004);
    assert_eq!((word(&cx, TRACE + 16), word(&cx, TRACE + 20)), (0x3272_0005, 0x8002_0004));
    assert_eq!(cx.cpu.sys.cr[12], (TRACE + 28) | modes | 2);
}

/// Catches a trap that saves or goes wrongly, and a program that is not resumed.
#[test]
fn traps_and_back() {
    let change = |cx: &mut Cx<S390x>| {
        put(cx, DUCT + 44, &[0x5_4001]);
        put(cx, home(0x5_4000), &[0x0006_0000, 0, 0, 0x5_5000, 0, TARGET as u32]);
        cx.cpu.regs[usize::from(reg::ACCESS) + 15] = 0xf;
    };
    let cx = run(&[0x01, 0xff], &[], 1, change);
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (TARGET, psw::DAT | psw::BA));
    assert_eq!(cx.cpu.regs[15], 0x5_4000);
    let area = home(0x5_5000);
    assert_eq!((long(&cx, area), long(&cx, area + 8)), (0x0002_0000 << 32, 0xf));
    let mask = psw::DAT | psw::EA | psw::BA;
    assert_eq!((long(&cx, area + 16), long(&cx, area + 24)), (mask, CODE + 2));
    assert_eq!(long(&cx, area + 32 + 8 * 15), 0x0f0f_0f0f_0f0f_0f0f);
    // TRAP4 0x123(%r4), executed by EX %r0,0(%r7).
    let cx = run(&[0x44, 0, 0x70, 0], &[0xb2, 0xff, 0x41, 0x23], 1, |cx| {
        change(cx);
        (cx.cpu.regs[4], cx.cpu.regs[7]) = (0x1_0000, TARGET);
    });
    assert_eq!((long(&cx, area), word(&cx, area + 8)), (0xc004_0000 << 32, 0x1_0123));
    let whole = |cx: &mut Cx<S390x>| {
        change(cx);
        put(cx, home(0x5_4000), &[0]);
    };
    assert_eq!(refused(&[0x01, 0xff], whole), (0x13, 0, CODE + 2));
    // RP 0(%r5) with PSW at 0, access register at 16, register at 24.
    let cx = run(&[0xb2, 0x77, 0x50, 0, 0, 6, 0, 0, 0, 16, 0, 24], &[], 1, |cx| {
        cx.cpu.regs[5] = 0x4_0000;
        put_long(cx, 0x4_0000, !(psw::EA | 3 << psw::SPACE_SHIFT) | 1 << psw::SPACE_SHIFT);
        put_long(cx, 0x4_0008, TARGET);
        put(cx, 0x4_0010, &[0x77, 0, 0x1234, 0x5678]);
    });
    let mask = psw::DAT | psw::BA | psw::PROGRAM_MASK | 1 << psw::SPACE_SHIFT;
    assert_eq!((cx.cpu.pc, cx.cpu.sys.mask), (TARGET, mask));
    assert_eq!((cx.cpu.regs[usize::from(reg::CC)], cx.cpu.regs[5]), (3, 0x1234_0000_5678));
    assert_eq!(cx.cpu.regs[usize::from(reg::ACCESS) + 5], 0x77);
}

/// Catches a processor that goes on after it has reset itself, or that forgets what CPU reset leaves alone.
#[test]
fn processors_reset_themselves() {
    // SIGP %r0,%r3,order to itself.
    let sigp = |order: u8| {
        let mut cx = machine(&[0xae, 0x03, 0, order], &[]);
        cx.cpu.regs[3] = 0;
        go(&mut Interpreter::default(), &mut cx, 1);
        assert_eq!(cx.cpu.power, PowerState::Off);
        (cx.cpu.pc, cx.cpu.sys.cr[2], cx.cpu.regs[usize::from(reg::CC)], cx.cpu.regs[4])
    };
    assert_eq!(sigp(12), (NEXT, DUCT, 0, 0x0404_0404_0404_0404));
    assert_eq!(sigp(11), (0, 0, 0, 0x0404_0404_0404_0404));
}
