//! What other emulators do not have, or do wrongly: decimal arithmetic, fixed-point overflow, stores of high halves.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_cpu::{Guest, Request};
use lockstep_s390x::{S390x, reg};

mod common;

const CODE: u64 = 0x2_0000;
const A: u64 = 0x3000;
const B: u64 = 0x3100;

/// Runs one instruction whose operands are `a` at 0x3000 and `b` at 0x3100, based on registers 1 and 2; gives the condition code, the
/// program-interruption code (0 for none), and the bytes at `a`.
fn run(code: &[u8], a: &[u8], b: &[u8], program_mask: u64) -> (u64, u16, Vec<u8>) {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(CODE, code).unwrap();
    mem.write_bytes(CODE + code.len() as u64, &[0xb2, 0xb2, 0x02, 0x28]).unwrap();
    mem.write_bytes(A, a).unwrap();
    mem.write_bytes(B, b).unwrap();
    // A disabled wait, by LPSWE and by program interruption.
    mem.write_bytes(0x228, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
    mem.write_bytes(0x1d0, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
    let cpu = &mut machine.cx.cpu;
    (cpu.regs[1], cpu.regs[2]) = (A, B);
    cpu.sys.mask |= program_mask << 40;
    lockstep_s390x::psw::derive(cpu);
    machine.run(1);
    let code = u16::from_be_bytes(machine.bytes(0x8e, 2).try_into().unwrap());
    let old = machine.bytes(0x152, 1)[0];
    let cc =
        if code != 0 { u64::from(old >> 4 & 3) } else { machine.cx.cpu.regs[usize::from(reg::CC)] };
    (cc, code, machine.bytes(A, a.len()))
}

/// Catches digits, signs and condition codes of decimal sums and products.
#[test]
fn decimal_arithmetic() {
    // AP, SP, ZAP, CP, MP, DP of operands of (4, 2), ... bytes at 0(%r1) and 0(%r2).
    let on = |op: u8, a: &[u8], b: &[u8], mask| {
        let lengths = ((a.len() - 1) << 4 | (b.len() - 1)) as u8;
        run(&[op, lengths, 0x10, 0, 0x20, 0], a, b, mask)
    };
    assert_eq!(on(0xfa, &[0x12, 0x3c], &[0x9c], 0), (2, 0, vec![0x13, 0x2c]));
    assert_eq!(on(0xfa, &[0x99, 0x9c], &[0x1c], 0), (3, 0, vec![0x00, 0x0c]));
    assert_eq!(on(0xfa, &[0x99, 0x9c], &[0x1c], 4), (3, 0x0a, vec![0x00, 0x0c]));
    assert_eq!(on(0xfb, &[0x00, 0x5c], &[0x5f], 0), (0, 0, vec![0x00, 0x0c]));
    assert_eq!(on(0xfb, &[0x00, 0x5c], &[0x6c], 0), (1, 0, vec![0x00, 0x1d]));
    assert_eq!(on(0xf8, &[0xff, 0xff], &[0x0d], 0), (0, 0, vec![0x00, 0x0c]));
    assert_eq!(on(0xf9, &[0x01, 0x0d], &[0x9d], 0).0, 1);
    assert_eq!(on(0xfa, &[0x1a, 0x0c], &[0x1c], 0).1, 7);
    assert_eq!(on(0xfc, &[0x00, 0x01, 0x2c], &[0x3d], 0).2, [0x00, 0x03, 0x6d]);
    assert_eq!(on(0xfc, &[0x12, 0x01, 0x2c], &[0x3d], 0).1, 7);
    assert_eq!(on(0xfd, &[0x00, 0x12, 0x5c], &[0x7c], 0).2, [0x01, 0x7c, 0x6c]);
    assert_eq!(on(0xfd, &[0x00, 0x12, 0x5c], &[0x0c], 0).1, 0x0b);
}

/// Catches PACK, UNPACK and MOVE WITH OFFSET that lose the first byte of a short operand.
#[test]
fn decimal_moves() {
    let unpacked = run(&[0xf3, 0x31, 0x10, 0, 0x20, 0], &[0; 4], &[0x12, 0x3c], 0).2;
    assert_eq!(unpacked, [0xf0, 0xf1, 0xf2, 0xc3]);
    let packed = run(&[0xf2, 0x13, 0x10, 0, 0x20, 0], &[0; 2], &[0xf1, 0xf2, 0xf3, 0xc4], 0).2;
    assert_eq!(packed, [0x23, 0x4c]);
    let moved = run(&[0xf1, 0x21, 0x10, 0, 0x20, 0], &[0xff, 0xff, 0xfd], &[0x12, 0x34], 0).2;
    assert_eq!(moved, [0x01, 0x23, 0x4d]);
}

/// Catches an editing pattern that starts significance too late, or forgets the sign.
#[test]
fn editing() {
    // EDIT with fill blank, two digit selectors, significance starter, one selector, and a minus.
    let pattern = [0x40, 0x20, 0x21, 0x20, 0x60];
    let edited = |source: &[u8]| {
        let (cc, _, text) = run(&[0xde, 0x04, 0x10, 0, 0x20, 0], &pattern, source, 0);
        (cc, text)
    };
    assert_eq!(edited(&[0x01, 0x2d]), (1, vec![0x40, 0x40, 0xf1, 0xf2, 0x60]));
    assert_eq!(edited(&[0x12, 0x3c]), (2, vec![0x40, 0xf1, 0xf2, 0xf3, 0x40]));
    assert_eq!(edited(&[0x00, 0x0c]), (0, vec![0x40, 0x40, 0x40, 0xf0, 0x40]));
}

/// Catches a fixed-point overflow that does not interrupt, or forgets the result.
#[test]
fn fixed_point_overflow() {
    // ASI 0(%r1),1.
    let add = [0xeb, 0x01, 0x10, 0x00, 0x00, 0x6a];
    let most = 0x7fff_ffffu32.to_be_bytes();
    assert_eq!(run(&add, &most, &[], 0), (3, 0, vec![0x80, 0, 0, 0]));
    assert_eq!(run(&add, &most, &[], 8), (3, 8, vec![0x80, 0, 0, 0]));
}

/// Runs MDBR %f0,%f2 with masks of the floating-point-control register; gives the data-exception code, if there is one, the
/// product, and the flags.
fn multiply(a: f64, b: f64, masks: u32) -> (Option<u8>, u64, u32) {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(CODE, &[0xb3, 0x1c, 0, 2]).unwrap();
    mem.write_bytes(0x1d0, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
    let cpu = &mut machine.cx.cpu;
    cpu.vregs[0] = u128::from(a.to_bits()) << 64;
    cpu.vregs[2] = u128::from(b.to_bits()) << 64;
    cpu.sys.cr[0] |= 1 << 18;
    cpu.sys.fpc = masks << 24;
    machine.run(1);
    let trapped = machine.bytes(0x8e, 2) == [0, 7];
    let cpu = &machine.cx.cpu;
    let product = (cpu.vregs[0] >> 64) as u64;
    (trapped.then(|| machine.bytes(0x93, 1)[0]), product, cpu.sys.fpc >> 16 & 0xff)
}

/// Catches a trap of overflow or underflow without its scaled result, and an exact tiny result that does not trap.
#[test]
fn scaled_results() {
    let (overflow, underflow) = (0x20, 0x10);
    // 1.m times 2 to a power.
    let number = |power: i64, fraction: u64| ((power + 1023) as u64) << 52 | fraction;
    let all = (1 << 52) - 1;
    assert_eq!(multiply(f64::MAX, 2.0, overflow), (Some(0x20), number(1024 - 1536, all), 0));
    // Below two by a little, and above one by as much: half a place above two, but for a little.
    let above = 1.0 + f64::EPSILON;
    assert_eq!(multiply(f64::MAX, above, overflow), (Some(0x28), number(1024 - 1536, 0), 0));
    let (tiny, factor) = (f64::MIN_POSITIVE, 1.5 * f64::EPSILON);
    assert_eq!(
        multiply(1.5 * tiny, factor, underflow),
        (Some(0x10), number(-1022 - 52 + 1 + 1536, 1 << 49), 0)
    );
    // Exact: it traps, and without a trap it is none.
    assert_eq!(multiply(tiny, 0.5, underflow), (Some(0x10), number(-1023 + 1536, 0), 0));
    assert_eq!(multiply(tiny, 0.5, 0), (None, 1 << 51, 0));
    assert_eq!(multiply(f64::MAX, 2.0, underflow).2, 0x28);
}

/// Catches COMPARE AND REPLACE DAT TABLE ENTRY that takes one kind of table for another: Linux splits large pages with it.
#[test]
fn replacing_table_entries() {
    const TABLE: u64 = 0x8000;
    // Designation types, and where the index is in the address.
    for (kind, shift, bits) in [(0, 12, 8), (4, 20, 11), (5, 31, 11), (6, 42, 11), (7, 53, 11)] {
        let mut machine = Machine::new(CODE);
        let index = 0x9d;
        let place = TABLE + index * 8;
        let mem = &mut machine.cx.mem;
        // CRDTE %r2,%r8,%r4.
        mem.write_bytes(CODE, &[0xb9, 0x8f, 0x80, 0x24]).unwrap();
        mem.write_bytes(place, &0x1234u64.to_be_bytes()).unwrap();
        let regs = &mut machine.cx.cpu.regs;
        (regs[2], regs[3]) = (0x1234, 0x5678);
        (regs[4], regs[5]) = (TABLE | kind << 2, (index << shift) | ((1 << shift) - 1));
        // Beyond the index are the indexes of other tables.
        if shift + bits < 64 {
            regs[5] |= 1 << (shift + bits);
        }
        machine.run(1);
        assert_eq!(machine.cx.cpu.regs[usize::from(reg::CC)], 0, "type {kind}");
        assert_eq!(machine.bytes(place, 8), 0x5678u64.to_be_bytes(), "type {kind}");
    }
}

/// Catches a watchdog that cannot be started, is not stopped, or promises what it does not do.
#[test]
fn watchdog() {
    // DIAG %r2,%r4,0x288.
    let ask = |machine: &mut Machine, function: u64, seconds: u64, action: u64| {
        let cx = &mut machine.cx;
        cx.mem.write_bytes(CODE, &[0x83, 0x24, 0x02, 0x88]).unwrap();
        cx.mem.write_bytes(0x8e, &[0, 0]).unwrap();
        (cx.cpu.regs[2], cx.cpu.regs[3], cx.cpu.regs[4]) = (function, seconds, action);
        lockstep_s390x::psw::set(&mut cx.cpu, 0x1_8000_0000, CODE);
        machine.run(1);
        machine.bytes(0x8e, 2) == [0, 0]
    };
    let armed = |machine: &Machine| machine.cx.bp.calendar.next().map(|(time, _)| time.as_ns());
    let mut machine = Machine::new(CODE);
    for refused in [(1, 30, 0), (2, 0, 0), (0, 14, 0), (0, 30, 1), (3, 30, 0), (0, u64::MAX, 0)] {
        assert!(!ask(&mut machine, refused.0, refused.1, refused.2), "{refused:?}");
    }
    assert_eq!(armed(&machine), None);
    assert!(ask(&mut machine, 0, 30, 0));
    assert!(armed(&machine).is_some_and(|ns| (30_000_000_000..30_000_001_000).contains(&ns)));
    assert!(ask(&mut machine, 1, 15, 0));
    assert!(armed(&machine).is_some_and(|ns| (15_000_000_000..15_000_001_000).contains(&ns)));
    assert!(ask(&mut machine, 2, 0, 0));
    assert_eq!(armed(&machine), None);
    machine.cx.requests.clear();
    S390x::due(&mut machine.cx, 2);
    assert!(matches!(machine.cx.requests[..], [Request::Reset]));
}

/// Catches LOAD MULTIPLE DISJOINT that takes high and low halves from each other's operand, or stops at register 15.
#[test]
fn loading_disjoint_halves() {
    // LMD %r15,%r0,0(%r1),0(%r2).
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(CODE, &[0xef, 0xf0, 0x10, 0, 0x20, 0]).unwrap();
    mem.write_bytes(A, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    mem.write_bytes(B, &[9, 10, 11, 12, 13, 14, 15, 16]).unwrap();
    (machine.cx.cpu.regs[1], machine.cx.cpu.regs[2]) = (A, B);
    machine.run(1);
    let regs = &machine.cx.cpu.regs;
    assert_eq!([regs[15], regs[0]], [0x0102_0304_090a_0b0c, 0x0506_0708_0d0e_0f10]);
}

/// Catches loads of short numbers that leave the second half of the register as it was: compilers use the hexadecimal LOAD
/// LENGTHENED to clear it.
#[test]
fn lengthened_loads() {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    // LDE %f2,0(%r1); LDER %f4,%f6.
    mem.write_bytes(CODE, &[0xed, 0x20, 0x10, 0, 0, 0x24, 0xb3, 0x24, 0, 0x46]).unwrap();
    mem.write_bytes(A, &0x3f80_0001u32.to_be_bytes()).unwrap();
    let cpu = &mut machine.cx.cpu;
    cpu.regs[1] = A;
    (cpu.vregs[2], cpu.vregs[4], cpu.vregs[6]) =
        (u128::MAX, u128::MAX, 0x4049_0fdb_dddd_dddd << 64);
    machine.run(2);
    let long = |number: usize| (machine.cx.cpu.vregs[number] >> 64) as u64;
    assert_eq!((long(2), long(4)), (0x3f80_0001_0000_0000, 0x4049_0fdb_0000_0000));
}
