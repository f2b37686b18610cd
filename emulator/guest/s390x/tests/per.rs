//! Program-event recording: which events interrupt, with what, and which do not.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::psw;

mod common;

const CODE: u64 = 0x2_0000;
const DATA: u64 = 0x3000;
const BRANCH: u64 = 1 << 31;
const FETCH: u64 = 1 << 30;
const STORE: u64 = 1 << 29;
const STORE_REAL: u64 = 1 << 27;
const NULLIFICATION: u64 = 1 << 24;
const BRANCH_ADDRESS: u64 = 1 << 23;
const EVERYWHERE: (u64, u64) = (0, u64::MAX);

/// The interruption code, and of the PER event the code, the address, the instruction's length and the address in the old PSW.
#[derive(Debug, PartialEq)]
struct Event {
    interruption: u16,
    code: u8,
    address: u64,
    length: u8,
    old: u64,
}

/// A machine that runs `code` with PER; register 1 is [`DATA`], registers 2 and 3 are zero and 5.
fn machine(code: &[u8], controls: u64, (start, end): (u64, u64)) -> Machine {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    // BCR 0 behind the instruction, and the handler goes in a circle.
    mem.write_bytes(CODE, &[7, 0, 7, 0, 7, 0, 7, 0, 7, 0, 7, 0, 7, 0, 7, 0]).unwrap();
    mem.write_bytes(CODE, code).unwrap();
    mem.write_bytes(0x5000, &[0xa7, 0xf4, 0, 0]).unwrap();
    for class in [0x1c0, 0x1d0] {
        mem.write_bytes(class, &(psw::EA | psw::BA).to_be_bytes()).unwrap();
        mem.write_bytes(class + 8, &0x5000u64.to_be_bytes()).unwrap();
    }
    let cpu = &mut machine.cx.cpu;
    cpu.regs[..4].copy_from_slice(&[0, DATA, 0, 5]);
    (cpu.sys.cr[9], cpu.sys.cr[10], cpu.sys.cr[11]) = (controls, start, end);
    psw::set(cpu, psw::PER | psw::EA | psw::BA, CODE);
    machine
}

fn found(machine: &Machine) -> Option<Event> {
    let number = |at: u64, len: usize| {
        machine.bytes(at, len).iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte))
    };
    let interruption = number(0x8e, 2) as u16;
    // Mode: 64 bits, without translation.
    assert!(interruption == 0 || number(0x97, 1) == 0xe0);
    (interruption != 0).then(|| Event {
        interruption,
        code: number(0x96, 1) as u8,
        address: number(0x98, 8),
        length: number(0x8d, 1) as u8,
        old: number(0x158, 8),
    })
}

/// What happens when an instruction runs.
fn event(code: &[u8], controls: u64, area: (u64, u64)) -> Option<Event> {
    let mut machine = machine(code, controls, area);
    machine.run(2);
    found(&machine)
}

fn alone(code: u8, length: u8, old: u64) -> Option<Event> {
    Some(Event { interruption: 0x80, code, address: CODE, length, old })
}

const LR: &[u8] = &[0x18, 0x23, 0x18, 0x23];
/// J to itself and eight bytes.
const JUMP: &[u8] = &[0xa7, 0xf4, 0, 4];
/// ST %r3,0(%r1).
const ST: &[u8] = &[0x50, 0x30, 0x10, 0, 0x18, 0x23];

/// Catches a step that a debugger in the guest does not see, or sees somewhere else.
#[test]
fn fetching() {
    assert_eq!(event(LR, FETCH, EVERYWHERE), alone(0x40, 2, CODE + 2));
    assert_eq!(event(LR, FETCH, (CODE, CODE)), alone(0x40, 2, CODE + 2));
    assert_eq!(event(LR, FETCH, (CODE + 4, CODE + 8)), None);
    // Around the end.
    assert_eq!(event(LR, FETCH, (CODE + 4, CODE - 4)), None);
    assert_eq!(event(LR, FETCH, (CODE - 4, 0)), alone(0x40, 2, CODE + 2));
    assert_eq!(event(LR, 0, EVERYWHERE), None);
    assert_eq!(event(LR, FETCH | NULLIFICATION, EVERYWHERE), alone(0x41, 2, CODE));
    // EX of an instruction in the area: EX %r0,0(%r1), with LR there.
    let mut executes = machine(&[0x44, 0, 0x10, 0], FETCH, (DATA, DATA));
    executes.cx.mem.write_bytes(DATA, LR).unwrap();
    executes.run(2);
    assert_eq!(found(&executes), alone(0x40, 4, CODE + 4));
}

/// Catches branches that are not told, or told where they were not asked for.
#[test]
fn branching() {
    assert_eq!(event(JUMP, BRANCH, EVERYWHERE), alone(0x80, 4, CODE + 8));
    assert_eq!(event(JUMP, BRANCH | FETCH, EVERYWHERE), alone(0xc0, 4, CODE + 8));
    assert_eq!(
        event(JUMP, BRANCH | BRANCH_ADDRESS, (CODE + 8, CODE + 8)),
        alone(0x80, 4, CODE + 8)
    );
    assert_eq!(event(JUMP, BRANCH | BRANCH_ADDRESS, (CODE, CODE)), None);
    assert_eq!(event(LR, BRANCH, EVERYWHERE), None);
}

/// Catches stores that are not told: of one instruction, of a long operand, and by real address.
#[test]
fn storing() {
    assert_eq!(event(ST, STORE, (DATA + 3, DATA + 3)), alone(0x20, 4, CODE + 4));
    assert_eq!(event(ST, STORE, (DATA + 4, DATA + 8)), None);
    assert_eq!(event(ST, FETCH | STORE, (DATA, CODE)), alone(0x60, 4, CODE + 4));
    // MVC 0(4,%r1),16(%r1); L %r2,0(%r1).
    assert_eq!(event(&[0xd2, 3, 0x10, 0, 0x10, 16], STORE, (DATA, DATA)), alone(0x20, 6, CODE + 6));
    assert_eq!(event(&[0x58, 0x20, 0x10, 0], STORE, (DATA, DATA)), None);
    // STURA %r3,%r1.
    let real = &[0xb2, 0x46, 0, 0x31];
    assert_eq!(event(real, STORE | STORE_REAL, (DATA, DATA)), alone(0x08, 4, CODE + 4));
}

/// Catches an event that takes the place of a program interruption, or gets lost beside one.
#[test]
fn beside_a_program_interruption() {
    // DR %r2,%r2: division by zero.
    let both = Event { interruption: 0x89, code: 0x40, address: CODE, length: 2, old: CODE + 2 };
    assert_eq!(event(&[0x1d, 0x22], FETCH, EVERYWHERE), Some(both));
}

/// Catches a stepped supervisor call whose event comes before the call, or not at all, as kernels expect it right after.
#[test]
fn behind_a_supervisor_call() {
    let mut machine = machine(&[0x0a, 7], FETCH, (CODE, CODE));
    machine.run(1);
    assert_eq!((machine.cx.cpu.pc, found(&machine)), (0x5000, None));
    assert_eq!(machine.bytes(0x148, 8), (CODE + 2).to_be_bytes());
    machine.run(1);
    assert_eq!(found(&machine), alone(0x40, 2, 0x5000));
}

/// Catches a kernel that is interrupted by its own return to a stepped program.
#[test]
fn not_of_the_instruction_that_turns_it_on() {
    // LPSWE 0(%r1), and LR at 0x2_1000.
    let mut machine = machine(&[0xb2, 0xb2, 0x10, 0], FETCH, EVERYWHERE);
    psw::set(&mut machine.cx.cpu, psw::EA | psw::BA, CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(DATA, &(psw::PER | psw::EA | psw::BA).to_be_bytes()).unwrap();
    mem.write_bytes(DATA + 8, &0x2_1000u64.to_be_bytes()).unwrap();
    mem.write_bytes(0x2_1000, LR).unwrap();
    machine.run(1);
    assert_eq!((machine.cx.cpu.pc, found(&machine)), (0x2_1000, None));
    machine.run(2);
    let stepped =
        Event { interruption: 0x80, code: 0x40, address: 0x2_1000, length: 2, old: 0x2_1002 };
    assert_eq!(found(&machine), Some(stepped));
}
