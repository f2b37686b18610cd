//! COMPARE AND FORM CODEWORD and UPDATE TREE, against results by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::{psw, reg};

mod common;

const CODE: u64 = 0x2_0000;
const A: u64 = 0x3000;
const B: u64 = 0x3100;
const HIGH: u64 = 0x1111_1111_0000_0000;

/// Runs one instruction with these general registers from 0 on; in 31-bit mode, or in 64-bit mode. Gives the condition code, the
/// registers, and the program-interruption code.
fn run(code: &[u8], long: bool, regs: [u64; 6], prepare: &[(u64, &[u8])]) -> (u64, [u64; 6], u16) {
    let mut machine = Machine::new(CODE);
    let cx = &mut machine.cx;
    cx.mem.write_bytes(CODE, code).unwrap();
    for (at, bytes) in prepare {
        cx.mem.write_bytes(*at, bytes).unwrap();
    }
    cx.mem.write_bytes(0x1d0, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
    cx.cpu.regs[..6].copy_from_slice(&regs);
    let mode = if long { psw::EA | psw::BA } else { psw::BA };
    psw::set(&mut cx.cpu, mode, CODE);
    machine.run(1);
    let regs = machine.cx.cpu.regs[..6].try_into().unwrap();
    let code = u16::from_be_bytes(machine.bytes(0x8e, 2).try_into().unwrap());
    (machine.cx.cpu.regs[usize::from(reg::CC)], regs, code)
}

fn codeword(limit: u8, long: bool, index: u64, first: &[u8], third: &[u8]) -> (u64, [u64; 6], u16) {
    let high = if long { 0 } else { HIGH };
    let regs = [0, high | A, high | index, high | B, 0, 0];
    run(&[0xb2, 0x1a, 0, limit], long, regs, &[(A, first), (B, third)])
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |v, byte| v << 8 | u64::from(*byte))
}

/// Catches a codeword of the wrong operand or index, registers that are not exchanged, and left halves that change in 31-bit mode.
#[test]
fn codewords() {
    let low = b"abcdefghijkX";
    let high = b"abcdefghijkY";
    let inverted = !number(b"ghijkY") & 0xffff_ffff_ffff;
    let (cc, regs, _) = codeword(6, true, 0, low, high);
    assert_eq!((cc, regs[1], regs[2], regs[3]), (1, A, 12 << 48 | inverted, B));
    let (cc, regs, _) = codeword(6, true, 0, high, low);
    assert_eq!((cc, regs[1], regs[2], regs[3]), (2, B, 12 << 48 | inverted, A));
    let plain = 12 << 48 | number(b"ghijkX");
    let (cc, regs, _) = codeword(7, true, 0, low, high);
    assert_eq!((cc, regs[1], regs[2], regs[3]), (2, B, plain, A));
    let (cc, regs, _) = codeword(7, true, 0, high, low);
    assert_eq!((cc, regs[1], regs[2], regs[3]), (1, A, plain, B));
    let (cc, regs, _) = codeword(6, true, 0, low, low);
    assert_eq!((cc, regs[1], regs[2], regs[3]), (0, A, 1 << 63 | B, B));
    // The index is over the limit from the start.
    let (cc, regs, _) = codeword(6, true, 8, low, high);
    assert_eq!((cc, regs[2]), (0, 1 << 63 | B));
    let word = HIGH | 4 << 16 | !number(b"cY") & 0xffff;
    let (cc, regs, _) = codeword(8, false, 0, b"abcX", b"abcY");
    assert_eq!((cc, regs[1], regs[2], regs[3]), (1, HIGH | A, word, HIGH | B));
    let (cc, regs, _) = codeword(2, false, 0, b"abcd", b"abcd");
    assert_eq!((cc, regs[2]), (0, HIGH | 1 << 31 | B));
    assert_eq!(codeword(8, true, 1, low, high).2, 6);
}

/// Catches operands of many units that are not compared to the end, whatever that takes.
#[test]
fn long_operands() {
    let mut machine = Machine::new(CODE);
    let cx = &mut machine.cx;
    // CFC 0x7fe(%r4), a jump to itself.
    cx.mem.write_bytes(CODE, &[0xb2, 0x1a, 0x47, 0xfe, 0xa7, 0xf4, 0, 0]).unwrap();
    cx.cpu.regs[..5].copy_from_slice(&[0, 0x1_0000, 0, 0x1_8000, 0x7000]);
    psw::set(&mut cx.cpu, psw::BA, CODE);
    cx.mem.write_bytes(0x1_0000 + 0x7700, &[1]).unwrap();
    machine.run(200);
    let cpu = &machine.cx.cpu;
    assert_eq!((cpu.regs[2], cpu.regs[usize::from(reg::CC)]), (0x7702_feff, 2));
    assert_eq!((cpu.regs[1], cpu.regs[3]), (0x1_8000, 0x1_0000));
}

/// Catches a tree that is left in another order, a wrong end of the way, and left halves that change in 31-bit mode.
#[test]
fn trees() {
    let upt = |long, regs, nodes: &[(u64, &[u8])]| run(&[0x01, 0x02], long, regs, nodes);
    let node = |code: u64, data: u64| [code.to_be_bytes(), data.to_be_bytes()].concat();
    let (nine, three) = (node(9, 90), node(3, 30));
    let tree: &[(u64, &[u8])] = &[(A + 0x20, &nine), (A + 0x10, &three)];
    let (cc, regs, _) = upt(true, [5, 50, 0, 0, A, 0x40], tree);
    assert_eq!((cc, regs), (1, [9, 90, 0, 0, A, 0]));
    // Node 0x20 has an equal codeword.
    let (cc, regs, _) = upt(true, [9, 50, 0, 0, A, 0x50], tree);
    assert_eq!((cc, regs), (0, [9, 50, 9, 90, A, 0x20]));
    let (cc, regs, _) = upt(true, [1 << 63, 50, 0, 0, A, 0x50], tree);
    assert_eq!((cc, regs), (3, [1 << 63, 50, 0, 0, A, 0x20]));
    assert_eq!(upt(true, [5, 50, 0, 0, A, 0x48], tree).2, 6);
    assert_eq!(upt(false, [5, 50, 0, 0, A + 4, 0x48], tree).2, 6);
    let words: &[(u64, &[u8])] = &[(A + 8, &[0, 0, 0, 9, 0, 0, 0, 90])];
    let (cc, regs, _) = upt(false, [HIGH | 5, HIGH | 50, 0, 0, HIGH | A, HIGH | 0x18], words);
    assert_eq!((cc, regs), (1, [HIGH | 9, HIGH | 90, 0, 0, HIGH | A, HIGH]));
}

/// Catches a node that does not get the lower pair.
#[test]
fn nodes_are_exchanged() {
    let mut machine = Machine::new(CODE);
    let cx = &mut machine.cx;
    cx.mem.write_bytes(CODE, &[0x01, 0x02]).unwrap();
    cx.mem.write_bytes(A + 8, &[0, 0, 0, 9, 0, 0, 0, 90]).unwrap();
    cx.cpu.regs[..6].copy_from_slice(&[5, 50, 0, 0, A, 0x18]);
    psw::set(&mut cx.cpu, psw::BA, CODE);
    machine.run(1);
    assert_eq!(machine.bytes(A + 8, 8), [0, 0, 0, 5, 0, 0, 0, 50]);
}
