//! What interruptions tell of instructions that could not run, and the corners of instructions that only supervisors have.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::{psw, reg};

mod common;

const CODE: u64 = 0x2_0000;
const DATA: u64 = 0x3000;
const MODE: u64 = psw::EA | psw::BA;
const SPECIFICATION: u16 = 6;

/// A machine at `code`, with register 1 at [`DATA`] and the handler of program interruptions at 0x5000.
fn machine(code: &[u8]) -> Machine {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(CODE, code).unwrap();
    mem.write_bytes(0x1d0, &MODE.to_be_bytes()).unwrap();
    mem.write_bytes(0x1d8, &0x5000u64.to_be_bytes()).unwrap();
    machine.cx.cpu.regs[1] = DATA;
    machine
}

fn number(machine: &Machine, at: u64, len: usize) -> u64 {
    machine.bytes(at, len).iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The program interruption: its code, the instruction's length, and the old PSW.
fn interruption(machine: &Machine) -> (u16, u64, u64, u64) {
    let code = number(machine, 0x8e, 2) as u16;
    (code, number(machine, 0x8d, 1), number(machine, 0x150, 8), number(machine, 0x158, 8))
}

/// Catches a handler that goes back by the length that it is told and does not find the address that was branched to.
#[test]
fn an_odd_address() {
    // BR %r2.
    let mut odd = machine(&[0x07, 0xf2]);
    odd.cx.cpu.regs[2] = CODE + 0x101;
    odd.run(2);
    assert_eq!(interruption(&odd), (SPECIFICATION, 2, MODE, CODE + 0x103));
}

/// Catches a system mask that no PSW has, and that seems to have come from nowhere, as one does that was loaded.
#[test]
fn a_bad_system_mask() {
    let bad = MODE | 0x10 << 56;
    // SSM 0(%r1); STOSM 0(%r1),0x10; EX %r0,0(%r1) of an SSM.
    let mut ssm = machine(&[0x80, 0, 0x10, 0]);
    ssm.cx.mem.write_bytes(DATA, &[0x10]).unwrap();
    ssm.run(1);
    assert_eq!(interruption(&ssm), (SPECIFICATION, 4, bad, CODE + 4));
    let mut stosm = machine(&[0xad, 0x10, 0x10, 0]);
    stosm.run(1);
    assert_eq!(interruption(&stosm), (SPECIFICATION, 4, bad, CODE + 4));
    let mut loaded = machine(&[0xb2, 0xb2, 0x10, 0]);
    loaded.cx.mem.write_bytes(DATA, &bad.to_be_bytes()).unwrap();
    loaded.run(2);
    assert_eq!(interruption(&loaded), (SPECIFICATION, 0, bad, 0));
}
