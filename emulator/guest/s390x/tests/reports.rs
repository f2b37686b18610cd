//! What this build lacks ends the run with a report, and never goes on with a wrong answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_core::StopReason;
use lockstep_cpu::Request;
use lockstep_s390x::psw;

mod common;

const CODE: u64 = 0x2_0000;

/// Catches data that is taken from the primary space where an access register names another.
#[test]
fn access_register_mode() {
    let mut machine = Machine::new(CODE);
    let access = 1 << psw::SPACE_SHIFT;
    let stops = |machine: &Machine| {
        let is_report = |request: &Request<_>| matches!(request, Request::Stop(StopReason::Unimplemented(what)) if what.contains("access-register"));
        machine.cx.requests.iter().any(is_report)
    };
    // Without translation the mode means nothing.
    psw::set(&mut machine.cx.cpu, access | psw::EA | psw::BA, CODE);
    machine.run(1);
    assert!(!stops(&machine));
    // A segment table without length, whose only segment has one page table: of the code's page.
    let mem = &mut machine.cx.mem;
    mem.write_bytes(0x8000, &0x9000u64.to_be_bytes()).unwrap();
    mem.write_bytes(0x9000 + (CODE >> 12) * 8, &CODE.to_be_bytes()).unwrap();
    machine.cx.cpu.sys.cr[1] = 0x8000;
    psw::set(&mut machine.cx.cpu, access | psw::DAT | psw::EA | psw::BA, CODE);
    machine.run(1);
    assert!(stops(&machine));
}

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
