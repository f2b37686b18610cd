//! What this build lacks ends the run with a report, and never goes on with a wrong answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;

mod common;

const CODE: u64 = 0x2_0000;

/// Catches a trap of LOAD ROUNDED that goes on with a result of the wrong format.
#[test]
fn trap_of_a_rounded_load() {
    let mut machine = Machine::new(CODE);
    // LEDBR %f0,%f2.
    machine.cx.mem.write_bytes(CODE, &[0xb3, 0x44, 0, 2]).unwrap();
    let cpu = &mut machine.cx.cpu;
    cpu.vregs[2] = u128::from(f64::MAX.to_bits()) << 64;
    cpu.sys.cr[0] |= 1 << 18;
    cpu.sys.fpc = 0x2000_0000;
    assert!(machine.run_to_wait(10).unwrap_err().contains("LOAD ROUNDED"));
}
