//! Vector instructions where another emulator is no witness: enablement, quiet rounding, negative products, reports of exceptions.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::reg;

mod common;

const CODE: u64 = 0x2_0000;
const BOTH: u64 = 0x6_0000;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const THIRD: u64 = 0x3fd5_5555_5555_5555;

fn pair(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// After one instruction, on registers 1 to 3: the machine, and the program-interruption code.
fn run(insn: u64, cr0: u64, fpc: u32, values: [u128; 3]) -> (Machine, u16) {
    let mut machine = Machine::new(CODE);
    machine.cx.mem.write_bytes(CODE, &insn.to_be_bytes()[2..]).unwrap();
    machine.cx.mem.write_bytes(0x1d0, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
    let cpu = &mut machine.cx.cpu;
    cpu.vregs[1..4].copy_from_slice(&values);
    cpu.sys.cr[0] |= cr0;
    cpu.sys.fpc = fpc;
    lockstep_s390x::psw::derive(cpu);
    machine.run(1);
    let code = u16::from_be_bytes(machine.bytes(0x8e, 2).try_into().unwrap());
    (machine, code)
}

/// Catches vector instructions that ignore either of the two controls, and LCBB asking for them.
#[test]
fn control_register_0_keeps_vectors_away() {
    const VLR: u64 = 0xe712_0000_0056;
    const LCBB: u64 = 0xe710_0ff8_0027;
    for (cr0, code) in [(BOTH, 0), (0x2_0000, 7), (0x4_0000, 7), (0, 7)] {
        let (machine, found) = run(VLR, cr0, 0, [1, 2, 3]);
        assert_eq!(found, code, "{cr0:#x}");
        assert_eq!(machine.bytes(0x93, 1)[0], if code == 0 { 0 } else { 0xfe });
        assert_eq!(machine.cx.cpu.vregs[1], if code == 0 { 2 } else { 1 });
        let (machine, found) = run(LCBB, cr0, 0, [1, 2, 3]);
        assert_eq!((found, machine.cx.cpu.regs[1]), (0, 8));
        assert_eq!(machine.cx.cpu.regs[usize::from(reg::CC)], 3);
    }
}

/// Catches an exception of the wrong element or reason, and an instruction that changes something all the same.
#[test]
fn an_element_that_traps_is_told() {
    // VFDDB, with division by zero enabled: the second element divides by zero, the first is inexact.
    let values = [5, pair(ONE, ONE), pair(0x4008_0000_0000_0000, 0)];
    let (machine, code) = run(0xe712_3000_30e5, BOTH, 0x4000_0000, values);
    assert_eq!(code, 0x1b);
    assert_eq!(machine.bytes(0x90, 4), [0, 0, 0, 0x12]);
    assert_eq!(machine.cx.cpu.vregs[1], 5);
    assert_eq!(machine.cx.cpu.sys.fpc, 0x4000_1200, "no flags, but the code");
}

/// Catches the control that keeps inexactness quiet, and what does not fit into an integer.
#[test]
fn roundings_can_be_quiet() {
    let half = 0x3fe0_0000_0000_0000;
    for (quiet, flags) in [(0, 0x08_0000), (4, 0)] {
        // VFIDB toward plus infinity.
        let insn = 0xe712_0060_30c7 | quiet << 16;
        let (machine, _) = run(insn, BOTH, 0, [0, pair(half, ONE), 0]);
        assert_eq!(machine.cx.cpu.vregs[1], pair(ONE, ONE));
        assert_eq!(machine.cx.cpu.sys.fpc, flags);
    }
    // VCGDB of an infinity.
    let (machine, _) = run(0xe712_0000_30c2, BOTH, 0, [0, pair(0x7ff0 << 48, ONE), 0]);
    assert_eq!(machine.cx.cpu.vregs[1], pair(i64::MAX as u64, 1));
    assert_eq!(machine.cx.cpu.sys.fpc, 0x88_0000);
}

/// Catches a sum that is negated before it is rounded.
#[test]
fn negative_sums_are_rounded_first() {
    // WFNMADB of a third times a third and zero (register 4), rounding up: the negated result is the one of larger magnitude.
    let values = [0, pair(THIRD, 0), pair(THIRD, 0)];
    let (up, _) = run(0xe712_3308_409f, BOTH, 2, values);
    let (product, _) = run(0xe712_3008_30e7, BOTH, 2, values);
    let [up, product] = [up, product].map(|machine| machine.cx.cpu.vregs[1]);
    assert_eq!(up, product | 1 << 127);
}
