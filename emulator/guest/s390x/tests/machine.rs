//! What interruptions tell of instructions that could not run, and the corners of instructions that only supervisors have.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::{Machine, STORAGE};
use lockstep_s390x::{psw, reg};

mod common;

const CODE: u64 = 0x2_0000;
const DATA: u64 = 0x3000;
const MODE: u64 = psw::EA | psw::BA;
const PROTECTION: u16 = 4;
const ADDRESSING: u16 = 5;
const SPECIFICATION: u16 = 6;
const SPECIAL_OPERATION: u16 = 0x13;
const OPERAND: u16 = 0x15;
/// Low-address protection, in control register 0.
const LOW_ADDRESS: u64 = 0x1000_0000;

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

/// Runs an instruction with registers 1 to 3; the code of its program interruption, and its condition code otherwise.
fn run(code: &[u8], regs: [u64; 3], cr0: u64) -> (Machine, u16, u64) {
    let mut machine = machine(code);
    let cpu = &mut machine.cx.cpu;
    cpu.regs[1..4].copy_from_slice(&regs);
    cpu.sys.cr[0] = cr0;
    psw::derive(cpu);
    machine.run(1);
    let (code, ..) = interruption(&machine);
    let cc = machine.cx.cpu.regs[usize::from(reg::CC)];
    (machine, code, cc)
}

fn code(code: &[u8], regs: [u64; 3]) -> u16 {
    run(code, regs, 0).1
}

/// Catches a block of storage that is cleared although low-address protection covers a part of it.
#[test]
fn clearing_low_storage() {
    // TB %r0,%r2; PFMF %r1,%r2.
    let (tb, pfmf) = ([0xb2, 0x2c, 0, 0x02], [0xb9, 0xaf, 0, 0x12]);
    for (place, identification) in [(0x1000, 0x1480), (0, 0x480)] {
        for clears in [&tb, &pfmf] {
            let (machine, code, _) = run(clears, [0x1_0000, place, 0], LOW_ADDRESS);
            assert_eq!((code, number(&machine, 0xa8, 8)), (PROTECTION, identification));
        }
    }
    // Keys are not storage.
    assert_eq!(run(&pfmf, [0x2_0000, 0x1000, 0], LOW_ADDRESS).1, 0);
    assert_eq!(run(&pfmf, [0x1_0000, 0x2000, 0], LOW_ADDRESS).1, 0);
}

/// Catches operands of I/O instructions that are looked at in another order than the architecture's, which operating systems that try
/// what there is see.
#[test]
fn operands_come_before_subchannels() {
    // STSCH and TSCH 0(%r2): no subchannel; no word; no storage.
    for second in [0x34, 0x35] {
        let instruction = [0xb2, second, 0x20, 0];
        assert_eq!(code(&instruction, [0, DATA, 0]), OPERAND);
        assert_eq!(code(&instruction, [0, DATA + 2, 0]), SPECIFICATION);
        assert_eq!(code(&instruction, [0, STORAGE, 0]), ADDRESSING);
    }
}

/// Catches information of levels that there are not, and fields that must be zero and are not looked at.
#[test]
fn system_information() {
    let ask = |r0: u64, r1: u64| {
        // STSI 0(%r2), with register 0 first: LGR %r0,%r3.
        let mut machine = machine(&[0xb9, 0x04, 0, 0x03, 0xb2, 0x7d, 0x20, 0]);
        machine.cx.cpu.regs[1..4].copy_from_slice(&[r1, DATA, r0]);
        machine.run(2);
        (interruption(&machine).0, machine.cx.cpu.regs[usize::from(reg::CC)])
    };
    assert_eq!(ask(0, 0), (0, 0));
    assert_eq!(ask(0x100, 0).0, SPECIFICATION);
    assert_eq!(ask(0x1000_0001, 0x1_0001).0, SPECIFICATION);
    assert_eq!(ask(0x1000_0001, 1), (0, 0));
    assert_eq!(ask(0x1000_0001, 9), (0, 3));
    assert_eq!(ask(0x7000_0100, 0), (0, 3));
}

/// Catches real addresses that are told wrongly: of entries that are not in their table, or beyond a short register.
#[test]
fn real_addresses() {
    const TABLE: u64 = 0x1_0000;
    let ask = |instruction: &[u8], mask: u64, address: u64, entry: u64| {
        let mut machine = machine(instruction);
        machine.cx.mem.write_bytes(TABLE, &entry.to_be_bytes()).unwrap();
        machine.cx.mem.write_bytes(0x1_8000, &0x1_2345_6000u64.to_be_bytes()).unwrap();
        machine.cx.mem.write_bytes(0x1_8008, &0x400u64.to_be_bytes()).unwrap();
        let cpu = &mut machine.cx.cpu;
        cpu.sys.cr[1] = TABLE;
        (cpu.regs[1], cpu.regs[2]) = (u64::MAX, address);
        psw::set(cpu, mask, CODE);
        machine.run(1);
        let cpu = &machine.cx.cpu;
        (interruption(&machine).0, cpu.regs[usize::from(reg::CC)], cpu.regs[1])
    };
    // LRA and LRAG %r1,0(%r2).
    let (lra, lrag) = (&[0xb1, 0x10, 0x20, 0], &[0xe3, 0x10, 0x20, 0, 0, 0x03]);
    let high = !0xffff_ffff;
    assert_eq!(ask(lra, MODE, 0x123, 0x1_8000), (0, 0, 0x1_2345_6123));
    assert_eq!(ask(lra, psw::BA, 0x123, 0x1_8000).0, SPECIAL_OPERATION);
    assert_eq!(ask(lrag, psw::BA, 0x123, 0x1_8000), (0, 0, 0x1_2345_6123));
    assert_eq!(ask(lra, MODE, 0x1000, 0x1_8000), (0, 2, 0x1_8008));
    assert_eq!(ask(lra, psw::BA, 0x1000, 0x1_8000), (0, 2, high | 0x1_8008));
    assert_eq!(ask(lra, MODE, 0, 0x20), (0, 1, TABLE));
    assert_eq!(ask(lrag, MODE, 0, 0x20), (0, 1, TABLE));
    for instruction in [&lra[..], lrag] {
        // The table has 512 entries.
        assert_eq!(ask(instruction, MODE, 512 << 20, 0x20), (0, 3, high | 0x8000_0010));
    }
}

/// Catches an invalidation that is done although its operand has bits that it cannot have.
#[test]
fn an_invalidation_has_reserved_bits() {
    // IDTE %r1,%r0,%r2.
    let idte = [0xb9, 0x8e, 0, 0x12];
    for bit in 12..20 {
        assert_eq!(code(&idte, [0x1_0000, 1 << bit, 0]), SPECIFICATION, "{bit}");
    }
    assert_eq!(code(&idte, [0x1_0000, 0x10_0800, 0]), 0);
}

/// Catches a table of 256 bytes at the end of storage that must be there to its last byte, though only its first are used.
#[test]
fn tables_are_needed_as_far_as_they_are_used() {
    // TR and TRT 0(2,%r1),0(%r2).
    for first in [0xdc, 0xdd] {
        assert_eq!(code(&[first, 1, 0x10, 0, 0x20, 0], [DATA, STORAGE - 16, 0]), 0);
        let data = 0x0102_03ff_0000_0000u64;
        let mut beyond = machine(&[first, 3, 0x10, 0, 0x20, 0]);
        beyond.cx.mem.write_bytes(DATA, &data.to_be_bytes()).unwrap();
        beyond.cx.cpu.regs[2] = STORAGE - 16;
        beyond.run(1);
        assert_eq!(interruption(&beyond).0, ADDRESSING);
    }
}

/// Catches a handler that goes back by the length that it is told, and finds something else than what could not be fetched.
#[test]
fn an_instruction_that_may_not_be_fetched() {
    // BR %r2 into a frame with another key, fetch-protected.
    let mut protected = machine(&[0x07, 0xf2]);
    protected.cx.platform.keys().set(0x6000, 0x38);
    protected.cx.cpu.regs[2] = 0x6000;
    psw::set(&mut protected.cx.cpu, MODE | 2 << psw::KEY_SHIFT, CODE);
    protected.run(2);
    let mask = MODE | 2 << psw::KEY_SHIFT;
    assert_eq!(interruption(&protected), (PROTECTION, 2, mask, 0x6002));
}
