//! Access-register mode: whose operand is in which space, on both engines, and what interrupts when a token leads nowhere.
//!
//! Five address spaces have their first megabyte in places of their own, and the primary one has those places as its next megabytes as
//! well. So an instruction whose operands are at one address in spaces that access registers name must do what it does in
//! primary-space mode with operands in those megabytes.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_cpu::{Cx, Engine, Interpreter};
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{S390x, disassemble, psw, reg, rows};
use lockstep_testing::Random;

mod common;

const CODE: u64 = 0x2_0000;
const HANDLER: u64 = 0x1_0000;
/// Where data is in every space.
const DATA: u64 = 0x9_0000;
const MEGABYTE: u64 = 1 << 20;
/// Tables of the spaces, 0 the primary one: a segment table and a page table each.
const TABLES: u64 = 0x10_0000;
/// The dispatchable-unit control table, the primary space's second-table entry, the other spaces' entries, access lists.
const DUCT: u64 = 0x3_0000;
const PRIMARY: u64 = 0x3_0100;
const ENTRIES: u64 = 0x3_0200;
const UNIT_LIST: u64 = 0x3_1000;
const PRIMARY_LIST: u64 = 0x3_2000;
const AUTHORITY: u64 = 0x3_3000;
/// The extended authorization index in use, and the sequence number of all access-list entries.
const INDEX: u64 = 9;
const SEQUENCE: u32 = 0x5a;

/// The access registers in use and the spaces that they name.
const NAMES: [(usize, u64); 4] = [(4, 1), (6, 2), (1, 3), (8, 4)];

const fn segment_table(space: u64) -> u64 {
    TABLES + space * 0x4000
}

const fn page_table(space: u64) -> u64 {
    segment_table(space) + 0x2000
}

/// The frames of a space's first megabyte.
const fn frames(space: u64) -> u64 {
    if space == 0 { 0 } else { 0x40_0000 + space * MEGABYTE }
}

fn put<const N: usize>(cx: &mut Cx<S390x>, at: u64, words: [u32; N]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    cx.mem.write_bytes(at, &bytes).unwrap();
}

fn put_long(cx: &mut Cx<S390x>, at: u64, value: u64) {
    cx.mem.write_bytes(at, &value.to_be_bytes()).unwrap();
}

/// The tokens in access registers: of the dispatchable unit's list, of the secondary space, of the primary space's list.
const TOKENS: [u32; 4] =
    [SEQUENCE << 16 | 2, 1, 0x0100_0000 | SEQUENCE << 16 | 9, SEQUENCE << 16 | 3];

fn put_tables(cx: &mut Cx<S390x>) {
    for space in 0..5 {
        for page in 0..256 {
            put_long(cx, page_table(space) + 8 * page, frames(space) + page * 0x1000);
        }
        for segment in 0..512 {
            put_long(cx, segment_table(space) + 8 * segment, 0x20);
        }
        put_long(cx, segment_table(space), page_table(space));
        put_long(cx, segment_table(0) + 8 * space, page_table(space));
    }
    // Sixteen entries each: a length of one.
    put(cx, DUCT + 16, [UNIT_LIST as u32 | 1]);
    put(cx, PRIMARY + 16, [PRIMARY_LIST as u32 | 1]);
    for (number, space) in [(2, 1), (3, 4)] {
        put_entry(cx, UNIT_LIST + 16 * number, space, 0);
    }
    put_entry(cx, PRIMARY_LIST + 16 * 9, 3, 0);
    // The fourth space's is private, and not the index's own: the authority table says that it may.
    put_entry(cx, UNIT_LIST + 16 * 3, 4, 0x0100_0007);
    cx.mem.write_bytes(AUTHORITY + INDEX / 4, &[0x40 >> (2 * (INDEX & 3))]).unwrap();
}

/// An access-list entry for a space, and the space's own.
fn put_entry(cx: &mut Cx<S390x>, at: u64, space: u64, more: u32) {
    let entry = ENTRIES + 64 * space;
    put(cx, at, [SEQUENCE << 16 | more, 0, entry as u32, 77 + space as u32]);
    let designation = segment_table(space) as u32;
    put(cx, entry, [AUTHORITY as u32, 0, 0, designation, 0, 77 + space as u32]);
}

/// A machine about to run an instruction: in access-register mode, or in primary-space mode with operands elsewhere.
fn machine(code: &[u8], seed: u64, by_register: bool) -> Cx<S390x> {
    let mut random = Random::new(seed);
    let mut cx = Machine::new(CODE).cx;
    put_tables(&mut cx);
    // Digits, characters, anything, and a zero that ends strings.
    let kind = seed % 3;
    for space in 1..5 {
        let mut bytes: Vec<u8> = (0..0x400)
            .map(|place| match kind {
                0 if place % 16 == 15 => 0x9c,
                0 => (random.below(10) << 4 | random.below(10)) as u8,
                1 => b' ' + random.below(64) as u8,
                _ => random.next() as u8,
            })
            .collect();
        bytes[0x80] = 0;
        cx.mem.write_bytes(frames(space) + DATA, &bytes).unwrap();
    }
    cx.mem.write_bytes(CODE, code).unwrap();
    // MVC 0(5,%r4),0(%r6), for EXECUTE.
    cx.mem.write_bytes(CODE + 0x100, &[0xd2, 4, 0x40, 0, 0x60, 0]).unwrap();
    // A program interruption ends it.
    cx.mem.write_bytes(0x1d0, &(psw::EA | psw::BA).to_be_bytes()).unwrap();
    cx.mem.write_bytes(0x1d8, &HANDLER.to_be_bytes()).unwrap();
    cx.mem.write_bytes(HANDLER, &[0xa7, 0xf4, 0, 0]).unwrap();
    let cpu = &mut cx.cpu;
    cpu.regs[..16].iter_mut().for_each(|register| *register = random.value());
    cpu.regs[0] = 0;
    (cpu.regs[5], cpu.regs[7], cpu.regs[9]) = (0x40, 0x40, 0x40);
    cpu.regs[12] = CODE + 0x100;
    for ((register, space), token) in NAMES.into_iter().zip(TOKENS) {
        cpu.regs[register] = DATA + if by_register { 0 } else { space * MEGABYTE };
        cpu.regs[usize::from(reg::ACCESS) + register] = token.into();
    }
    cpu.vregs.iter_mut().for_each(|register| *register = u128::from(random.next()) << 64);
    let sys = &mut cpu.sys;
    sys.cr[0] |= 0x0406_0000;
    (sys.cr[1], sys.cr[7]) = (segment_table(0), segment_table(2));
    (sys.cr[2], sys.cr[5], sys.cr[8]) = (DUCT, PRIMARY, INDEX << 16);
    let mode = if by_register { 1 << psw::SPACE_SHIFT } else { 0 };
    psw::set(cpu, psw::DAT | psw::EA | psw::BA | mode, CODE);
    cx
}

fn run(engine: &mut dyn Engine<S390x>, cx: &mut Cx<S390x>, count: u64) {
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        let left = end - cx.bp.retired;
        let stop = engine.run(cx, left);
        assert!(stop.is_none(), "{stop:?}");
    }
}

/// The result: registers, of addresses the place in their megabyte, and what storage holds where operands are.
fn result(cx: &Cx<S390x>) -> (Vec<u64>, Vec<u8>) {
    let mut regs = cx.cpu.regs[..17].to_vec();
    for (register, _) in NAMES {
        regs[register] %= MEGABYTE;
    }
    let mut bytes = vec![0; 5 * 0x2000 + 4];
    for space in 1..5 {
        let at = (space - 1) as usize * 0x2000;
        cx.mem.read_bytes(frames(space) + DATA - 0x1000, &mut bytes[at..at + 0x2000]).unwrap();
    }
    cx.mem.read_bytes(0x8c, &mut bytes[5 * 0x2000..]).unwrap();
    (regs, bytes)
}

/// Instructions whose first operand is by register 4, the second by 6, tables and parameters by 1, a third by 8. A second number is
/// what general register 0 has.
#[rustfmt::skip]
const INSTRUCTIONS: &[(u64, u64)] = &[
    // Of one operand.
    (0x5820_4000, 0), (0x5020_4000, 0), (0x5a20_6000, 0), (0x4320_6000, 0), (0xba23_4000, 0),
    (0xbb2a_4000, 0), (0x98ab_4000, 0), (0x90ab_4000, 0), (0xbf27_6000, 0), (0xbe25_4000, 0),
    (0x4e20_4000, 0), (0x9255_4000, 0), (0x9455_4000, 0), (0x9155_4000, 0),
    (0x9300_4000, 0), (0x9b26_4000, 0), (0x6820_4000, 0), (0x6020_4000, 0), (0xb2b0_4000, 2),
    (0xb205_4000, 0), (0xe720_4000_0006, 0), (0xe720_4000_000e, 0), (0xe729_4000_0037, 0),
    (0xe320_4000_008f, 0), (0xe320_4000_0004, 0), (0xeb23_4000_00f8, 0), (0xeb70_4000_00c0, 0),
    (0xed20_6000_001a, 0), (0xe54c_4000_1234, 0), (0xc42d_0000_0080, 0), (0xe501_4000_0000, 0),
    // EX and EXRL of the MVC.
    (0x4400_c000, 0), (0xc600_0000_0080, 0),
    // Of two.
    (0xd200_4000_6000, 0), (0xd203_4000_6000, 0), (0xd207_4000_6000, 0), (0xd20f_4000_6000, 0),
    (0xd2ff_4000_6000, 0), (0xd503_4000_6000, 0), (0xd510_4000_6000, 0), (0xd40f_4000_6000, 0),
    (0xd60f_4000_6000, 0), (0xd70f_4000_6000, 0), (0xd707_4000_4000, 0), (0xd715_4000_4000, 0),
    (0xd10f_4000_6000, 0), (0xd30f_4000_6000, 0), (0xe80f_4000_6020, 0), (0xdc0f_4000_6000, 0),
    (0xdd0f_4000_6000, 0), (0xd00f_4020_6000, 0), (0xde0f_4000_6000, 0), (0xf277_4000_6000, 0),
    (0xf377_4000_6000, 0), (0xf177_4000_6000, 0), (0xf8ff_4000_6000, 0), (0xf9ff_4000_6000, 0),
    (0xfaff_4000_6000, 0), (0xfbff_4000_6000, 0), (0xf0f5_4000_0003, 0), (0xe91f_4000_6000, 0),
    (0xe11f_4000_6000, 0), (0xea1f_4000_6000, 0), (0xe21f_4000_6000, 0), (0xefab_4000_6000, 0),
    (0xc824_4000_6000, 0), (0xc881_4000_6000, 0), (0xc822_4000_6000, 0), (0xe50e_4000_6000, 17),
    (0xe50f_4000_6000, 17), (0xd957_4000_6000, 0), (0xc850_4000_6000, 0), (0xee2a_4000_6000, 0),
    (0xee2a_4000_6000, 4), (0xee2a_4000_6000, 5), (0xe502_4000_6000, 0), (0xb120_6000, 0),
    // Of addresses in registers.
    (0x0e46, 0), (0x0f46, 0), (0xa846_0040, 0), (0xa946_0040, 0), (0xeb46_0040_008e, 0),
    (0xeb46_0040_008f, 0), (0xb241_0026, 0), (0xb25d_0046, 0), (0xb255_0046, 0), (0xb257_0046, 1),
    (0xb2a5_0046, 0), (0xb993_0046, 0), (0xb992_0046, 0), (0xb991_0046, 0), (0xb990_0046, 0),
    (0xb9bf_0042, 0), (0xb9bd_c042, 0), (0xb2a7_0046, 0), (0xb2a6_0046, 0), (0xb9b0_0046, 0),
    (0xb9b1_0046, 0), (0xb9b2_0046, 0), (0xb9b3_0046, 0), (0xb92e_0046, 18), (0xb92f_0046, 18),
    (0xb92d_8046, 18), (0xb92e_0046, 0), (0xb93e_0006, 2), (0xb93f_0006, 2), (0xb254_0046, 0),
    (0xb250_0026, 0), (0xb98a_0026, 0), (0xb223_0026, 0), (0xb9aa_0426, 0), (0x0104, 0),
];

fn bytes_of(code: u64) -> Vec<u8> {
    let bytes = code.to_be_bytes();
    let len = if code > u64::from(u32::MAX) {
        6
    } else if code > 0xffff {
        4
    } else {
        2
    };
    bytes[8 - len..].to_vec()
}

/// Catches an operand that is fetched from, or stored into, the space of another, or of no, access register, and an engine
/// that does not know.
#[test]
fn operands_are_in_the_spaces_of_their_registers() {
    for (number, &(code, control)) in INSTRUCTIONS.iter().enumerate() {
        let code = [bytes_of(code), vec![0x18, 0xaa]].concat();
        let mut ran = false;
        for seed in 1..6 {
            let seed = seed * 1000 + number as u64;
            let fresh = |by_register| {
                let mut cx = machine(&code, seed, by_register);
                cx.cpu.regs[0] = control;
                cx
            };
            let (mut elsewhere, mut named) = (fresh(false), fresh(true));
            run(&mut Interpreter::default(), &mut elsewhere, 2);
            run(&mut Interpreter::default(), &mut named, 2);
            let text = disassemble(&code, CODE);
            ran |= interrupted(&named).0 == 0;
            let (expected, found) = (result(&elsewhere), result(&named));
            assert_eq!(expected.0, found.0, "{text}, seed {seed}");
            assert!(expected.1 == found.1, "{text}, seed {seed}: storage differs");
            assert_eq!(named.cpu.regs[usize::from(reg::OPERAND)], 0, "{text}");
            let Some(mut jit) = Jit::new(Hotness::Now) else { continue };
            let mut compiled = fresh(true);
            run(&mut jit, &mut compiled, 2);
            assert!(named.cpu.state() == compiled.cpu.state(), "{text}, seed {seed}");
            assert_eq!(named.mem.digest(), compiled.mem.digest(), "{text}, seed {seed}");
        }
        assert!(ran, "{} is always refused", disassemble(&code, CODE));
    }
}

/// Interruption code, exception access identification, translation-exception identification and old PSW's address.
fn interrupted(cx: &Cx<S390x>) -> (u16, u8, u64, u64) {
    let number = |at: u64, len: usize| {
        let mut bytes = [0; 8];
        cx.mem.read_bytes(at, &mut bytes[8 - len..]).unwrap();
        u64::from_be_bytes(bytes)
    };
    (number(0x8e, 2) as u16, number(0xa0, 1) as u8, number(0xa8, 8), number(0x158, 8))
}

/// Runs `ST %r2,0(%r4)` after something has been changed.
fn store(change: impl FnOnce(&mut Cx<S390x>)) -> (u16, u8, u64, u64) {
    let mut cx = machine(&[0x50, 0x20, 0x40, 0, 0x18, 0x22], 1, true);
    change(&mut cx);
    run(&mut Interpreter::default(), &mut cx, 2);
    interrupted(&cx)
}

/// Catches a token that is accepted although something on its way says no; a wrong code, register, or instruction address.
#[test]
fn what_a_token_can_lack() {
    let token = |cx: &mut Cx<S390x>, token: u32| {
        cx.cpu.regs[usize::from(reg::ACCESS) + 4] = token.into();
    };
    let entry = UNIT_LIST + 32;
    let space = ENTRIES + 64;
    let nullified = |code| (code, 4, 0, CODE);
    assert_eq!(store(|_| {}), (0, 0, 0, 0));
    assert_eq!(store(|cx| token(cx, 0x0200_0002)), (0x28, 4, 0, CODE + 4));
    // Beyond the list; in it, but not valid.
    assert_eq!(store(|cx| token(cx, SEQUENCE << 16 | 16)), nullified(0x29));
    assert_eq!(store(|cx| put(cx, entry, [0x8000_0000 | SEQUENCE << 16])), nullified(0x29));
    assert_eq!(store(|cx| token(cx, 2)), nullified(0x2a));
    assert_eq!(store(|cx| put(cx, space, [0x8000_0000])), nullified(0x2b));
    assert_eq!(store(|cx| put(cx, space + 20, [1])), nullified(0x2c));
    // Private: of another index, without secondary authority, with, beyond the table; and the index's own.
    let private = |owner: u32| {
        move |cx: &mut Cx<S390x>| put(cx, entry, [SEQUENCE << 16 | 0x0100_0000 | owner])
    };
    let none = |cx: &mut Cx<S390x>| cx.mem.write_bytes(AUTHORITY + INDEX / 4, &[0]).unwrap();
    let refused = |cx: &mut Cx<S390x>| (private(7)(cx), none(cx));
    assert_eq!(
        store(|cx| {
            refused(cx);
        }),
        nullified(0x2d)
    );
    assert_eq!(store(private(7)), (0, 0, 0, 0));
    assert_eq!(
        store(|cx| {
            private(7)(cx);
            cx.cpu.sys.cr[8] = 16 << 16;
        }),
        nullified(0x2d)
    );
    assert_eq!(
        store(|cx| {
            private(INDEX as u32)(cx);
            none(cx);
        }),
        (0, 0, 0, 0)
    );
    // Tables that are not in storage.
    assert_eq!(store(|cx| cx.cpu.sys.cr[2] = 0x7000_0000), (5, 0, 0, CODE + 4));
}

/// Catches a fault of DAT that does not tell the access register, and a store through an access list that permits none.
#[test]
fn what_the_space_can_lack() {
    let page = page_table(1) + 8 * (DATA >> 12);
    assert_eq!(store(|cx| put_long(cx, page, 0x400)), (0x11, 4, DATA | 0x401, CODE));
    let fetch_only = |cx: &mut Cx<S390x>| put(cx, UNIT_LIST + 32, [SEQUENCE << 16 | 0x0200_0000]);
    assert_eq!(store(fetch_only), (4, 4, DATA | 0x40d, CODE + 4));
    // Fetched from before, and through another token that permits it.
    let mut cx = machine(&[0x58, 0x20, 0x40, 0, 0x50, 0x20, 0x40, 0], 1, true);
    fetch_only(&mut cx);
    run(&mut Interpreter::default(), &mut cx, 3);
    assert_eq!(interrupted(&cx), (4, 4, DATA | 0x40d, CODE + 8));
    // Register 0 is the primary space, whatever is in it; so are instructions.
    let mut cx = machine(&[0x50, 0x20, 0, 0x40, 0x18, 0x22], 1, true);
    cx.cpu.regs[usize::from(reg::ACCESS)] = 0xffff_ffff;
    run(&mut Interpreter::default(), &mut cx, 2);
    assert_eq!((interrupted(&cx).0, cx.cpu.pc), (0, CODE + 6));
}

/// Catches a wrong answer of the instructions that only ask.
#[test]
fn asking_about_tokens() {
    // TAR %a4,%r2.
    let tar = |token: u32, index: u64| {
        let mut cx = machine(&[0xb2, 0x4c, 0, 0x42], 1, true);
        cx.cpu.regs[usize::from(reg::ACCESS) + 4] = token.into();
        cx.cpu.regs[2] = index << 16;
        run(&mut Interpreter::default(), &mut cx, 1);
        assert_eq!(cx.cpu.sys.cr[8], INDEX << 16);
        cx.cpu.regs[usize::from(reg::CC)]
    };
    assert_eq!([0, TOKENS[0], TOKENS[2], 1, 2].map(|token| tar(token, INDEX)), [0, 1, 2, 3, 3]);
    assert_eq!([INDEX, 7, 1].map(|index| tar(TOKENS[3], index)), [1, 1, 3]);
    // LRAG %r2,0(%r4) and TPROT 0(%r4),0.
    for code in [&[0xe3, 0x20, 0x40, 0, 0, 3][..], &[0xe5, 1, 0x40, 0, 0, 0]] {
        let mut cx = machine(code, 1, true);
        cx.cpu.regs[usize::from(reg::ACCESS) + 4] = 2;
        cx.cpu.regs[2] = 0;
        run(&mut Interpreter::default(), &mut cx, 1);
        assert_eq!((cx.cpu.pc, cx.cpu.regs[usize::from(reg::CC)]), (CODE + 6, 3));
        assert!(code[0] == 0xe5 || cx.cpu.regs[2] == 0x8000_002a);
    }
}

/// Catches MOVE WITH OPTIONAL SPECIFICATIONS that does not take an operand's space from its access register in other modes, and
/// a fault of it that does not say so.
#[test]
fn moves_name_spaces_in_other_modes() {
    // MVCOS 0(%r4),0(%r6),%r5 in primary-space mode; the first operand is by access register.
    let mut cx = machine(&[0xc8, 0x50, 0x40, 0, 0x60, 0], 1, false);
    cx.cpu.regs[0] = 0x41 << 16;
    cx.cpu.regs[4] = DATA;
    let bytes: [u8; 0x40] = cx.mem.read(frames(2) + DATA).unwrap();
    run(&mut Interpreter::default(), &mut cx, 1);
    assert_eq!(cx.mem.read(frames(1) + DATA), Some(bytes));
    let mut cx = machine(&[0xc8, 0x50, 0x40, 0, 0x60, 0], 1, false);
    cx.cpu.regs[0] = 0x41 << 16;
    cx.cpu.regs[4] = 2 * MEGABYTE;
    run(&mut Interpreter::default(), &mut cx, 2);
    assert_eq!(interrupted(&cx), (0x10, 4, 2 * MEGABYTE + 0x401, CODE));
    assert_eq!(cx.cpu.regs[usize::from(reg::OPERAND)], 0);
}

/// Catches stores into spaces that PER is not to look at, and none into those that it is: bit 56 of the designation says which.
#[test]
fn per_looks_at_marked_spaces() {
    let code_with = |bits: u64| {
        let mut cx = machine(&[0x50, 0x20, 0x40, 0, 0x18, 0x22], 1, false);
        (cx.cpu.sys.cr[9], cx.cpu.sys.cr[11]) = (1 << 29 | 1 << 21, u64::MAX);
        cx.cpu.sys.cr[1] |= bits;
        cx.cpu.regs[4] = DATA;
        psw::set(&mut cx.cpu, psw::PER | psw::DAT | psw::EA | psw::BA, CODE);
        run(&mut Interpreter::default(), &mut cx, 2);
        interrupted(&cx).0
    };
    assert_eq!([0, 0x80, 0x100].map(code_with), [0, 0x80, 0]);
}

/// Catches codewords of operands in the primary space, and a tree that is there.
#[test]
fn sorting_in_other_spaces() {
    let run_one = |code: &[u8], by_register: bool, regs: &[(usize, u64, u64)]| {
        let mut cx = machine(code, 2, by_register);
        for &(number, space, value) in regs {
            cx.cpu.regs[number] = value + if by_register { 0 } else { space * MEGABYTE };
        }
        run(&mut Interpreter::default(), &mut cx, 1);
        assert_eq!(cx.cpu.pc, CODE + code.len() as u64);
        cx
    };
    // CFC 0x7e: access register 1 names the third space.
    let operands = &[(1, 3, DATA), (2, 0, 0), (3, 3, DATA + 0x40)];
    let cfc = &[0xb2, 0x1a, 0, 0x7e];
    let (elsewhere, named) = (run_one(cfc, false, operands), run_one(cfc, true, operands));
    assert_eq!(elsewhere.cpu.regs[2], named.cpu.regs[2]);
    // UPT: access register 4 names the first one.
    let tree = &[(4, 1, DATA), (5, 0, 0x40), (0, 0, 1), (1, 0, 50)];
    let (mut elsewhere, mut named) = (run_one(&[1, 2], false, tree), run_one(&[1, 2], true, tree));
    assert_eq!(elsewhere.cpu.regs[..4], named.cpu.regs[..4]);
    assert_eq!(elsewhere.mem.digest(), named.mem.digest());
}

/// Catches a stored-into space that PER does not tell, and operands at relative addresses that are not with the instructions in
/// secondary-space mode.
#[test]
fn beside_other_modes() {
    let mut cx = machine(&[0x50, 0x20, 0x40, 0, 0x18, 0x22], 1, true);
    (cx.cpu.sys.cr[9], cx.cpu.sys.cr[11]) = (1 << 29, u64::MAX);
    psw::set(&mut cx.cpu, psw::PER | psw::DAT | psw::EA | psw::BA | 1 << psw::SPACE_SHIFT, CODE);
    run(&mut Interpreter::default(), &mut cx, 2);
    assert_eq!(cx.mem.read(0x8e), Some([0, 0x80]));
    assert_eq!(cx.mem.read(0xa1), Some([4]));
    // LRL %r2 of what is at CODE + 0x100; L %r3,0(%r6), which is the secondary space's.
    let mut cx = machine(&[0xc4, 0x2d, 0, 0, 0, 0x80, 0x58, 0x30, 0x60, 0], 1, true);
    psw::set(&mut cx.cpu, psw::DAT | psw::EA | psw::BA | 2 << psw::SPACE_SHIFT, CODE);
    let expected = cx.mem.read(frames(2) + DATA).map(u32::from_be_bytes).unwrap();
    run(&mut Interpreter::default(), &mut cx, 2);
    assert_eq!((cx.cpu.regs[2] as u32, cx.cpu.regs[3] as u32), (0xd204_4000, expected));
}

/// Catches an instruction that accesses an operand without having said whose it is.
#[test]
fn every_instruction_says_whose_operands_it_accesses() {
    let mut random = Random::new(5);
    for row in rows() {
        for _ in 0..2 {
            let mut code: Vec<u8> = (0..6).map(|_| random.next() as u8).collect();
            code[0] = row.first;
            match row.first {
                0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => code[1] = row.second,
                0xa5 | 0xa7 | 0xc0..=0xcc => code[1] = code[1] & 0xf0 | row.second,
                0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => code[5] = row.second,
                _ => {}
            }
            let mut cx = machine(&code, 1, true);
            cx.cpu.regs[..16].iter_mut().for_each(|register| *register = DATA + 0x800);
            let first = random.below(20);
            cx.cpu.regs[0] = first;
            let stop = Interpreter::default().run(&mut cx, 1).map(|stop| stop.to_string());
            let is_report = stop.as_ref().is_some_and(|text| text.contains("access-register mode"));
            assert!(!is_report, "{}: {stop:?}", disassemble(&code, CODE));
        }
    }
}
