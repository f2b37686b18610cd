//! PERFORM LOCKED OPERATION: each of its operations in each of its forms.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::reg;

mod common;

const CODE: u64 = 0x2_0000;
/// The second operand, the fourth, sixth and eighth, and the parameter list.
const SECOND: u64 = 0x3000;
const FOURTH: u64 = 0x3100;
const LIST: u64 = 0x3400;

/// What an operand of a form is: a value that differs in all its bytes.
fn value(number: u8, width: usize) -> Vec<u8> {
    (0..width as u8).map(|byte| number << 4 | byte).collect()
}

struct Case {
    function: u64,
    width: usize,
    in_registers: bool,
    machine: Machine,
}

impl Case {
    /// Operands in their places: 1 compared, 2 replacement, 3 and 4 of the second pair, 5 and 6 stored besides.
    fn new(function: u64) -> Self {
        let width = [4, 8, 8, 16][function as usize & 3];
        let in_registers = function & 1 == 0;
        let mut machine = Machine::new(CODE);
        let (mem, regs) = (&mut machine.cx.mem, &mut machine.cx.cpu.regs);
        // PLO %r2,0(%r8),%r4,0(%r9); a program interruption waits.
        mem.write_bytes(CODE, &[0xee, 0x24, 0x80, 0, 0x90, 0]).unwrap();
        mem.write_bytes(0x1d0, &0x0002_0001_8000_0000u64.to_be_bytes()).unwrap();
        for (number, slot) in [(1, 0), (2, 16), (3, 32), (4, 48), (5, 80), (6, 112)] {
            mem.write_bytes(LIST + slot + 16 - width as u64, &value(number, width)).unwrap();
        }
        for number in 0..3 {
            let address = (FOURTH + 0x100 * number).to_be_bytes();
            mem.write_bytes(LIST + 72 + 32 * number, &address).unwrap();
        }
        mem.write_bytes(SECOND, &value(1, width)).unwrap();
        mem.write_bytes(FOURTH, &value(3, width)).unwrap();
        for (number, r) in [(1, 2), (2, 3), (3, 4), (4, 5)] {
            let bytes = value(number, width.min(8));
            regs[r] = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
            regs[r] |= if width == 4 { 0xabcd_0000_0000_0000 } else { 0 };
        }
        let listed = !in_registers || function >= 16;
        (regs[0], regs[8], regs[9]) = (function, SECOND, if listed { LIST } else { FOURTH });
        Self { function, width, in_registers, machine }
    }

    /// Runs; gives the condition code.
    fn run(&mut self) -> u64 {
        self.machine.run(1);
        assert_eq!(self.machine.bytes(0x8e, 2), [0, 0], "function {}", self.function);
        self.machine.cx.cpu.regs[usize::from(reg::CC)]
    }

    fn at(&self, address: u64) -> Vec<u8> {
        self.machine.bytes(address, self.width)
    }

    /// The value in a register, or in a slot of the list.
    fn operand(&self, r: usize, slot: u64) -> Vec<u8> {
        if self.in_registers {
            let register = self.machine.cx.cpu.regs[r];
            assert!(self.width == 8 || register >> 32 == 0xabcd_0000, "the high half stays");
            return register.to_be_bytes()[8 - self.width..].to_vec();
        }
        self.at(LIST + slot + 16 - self.width as u64)
    }
}

/// Catches an operand that is taken from or put to another place.
#[test]
fn equal_operands() {
    for form in 0..4 {
        let width = [4, 8, 8, 16][form as usize];
        let mut load = Case::new(form);
        load.machine.cx.mem.write_bytes(FOURTH, &value(7, width)).unwrap();
        assert_eq!(load.run(), 0);
        assert_eq!(load.operand(4, 32), value(7, width));
        assert_eq!(load.at(SECOND), value(1, width));
        for (operation, places) in
            [(1, [3, 0, 0]), (2, [4, 0, 0]), (3, [4, 0, 0]), (4, [4, 5, 0]), (5, [4, 5, 6])]
        {
            let mut case = Case::new(4 * operation + form);
            if operation == 3 && case.in_registers {
                case.machine.cx.cpu.regs[4] = case.machine.cx.cpu.regs[5];
            }
            assert_eq!(case.run(), 0);
            assert_eq!(case.at(SECOND), value(2, width), "function {}", case.function);
            for (number, expected) in (0..).zip(places) {
                let expected = if expected == 0 { vec![0; width] } else { value(expected, width) };
                assert_eq!(case.at(FOURTH + 0x100 * number), expected, "{}", case.function);
            }
        }
    }
}

/// Catches a store in spite of a difference, and a difference that is not told.
#[test]
fn differing_operands() {
    for function in 0..24 {
        let mut case = Case::new(function);
        let other = value(9, case.width);
        case.machine.cx.mem.write_bytes(SECOND, &other).unwrap();
        assert_eq!(case.run(), 1);
        assert_eq!(case.operand(2, 0), other, "function {function}");
        assert_eq!(case.at(SECOND), other);
        assert_eq!(case.at(FOURTH), value(3, case.width));
    }
    for function in 8..12 {
        let mut case = Case::new(function);
        let other = value(9, case.width);
        case.machine.cx.mem.write_bytes(FOURTH, &other).unwrap();
        assert_eq!(case.run(), 2);
        assert_eq!(case.operand(4, 32), other);
        assert_eq!((case.at(SECOND), case.at(FOURTH)), (value(1, case.width), other));
    }
}

/// Catches functions that are promised and not there, and operands that should be refused.
#[test]
fn asking_and_refusing() {
    let mut asked = Case::new(23);
    asked.machine.cx.cpu.regs[0] |= 0x100;
    assert_eq!(asked.run(), 0);
    let mut beyond = Case::new(0);
    beyond.machine.cx.cpu.regs[0] = 0x100 | 24;
    assert_eq!(beyond.run(), 3);
    for (register, value) in [(0, 24), (0, 0x200), (8, SECOND + 2)] {
        let mut case = Case::new(4);
        case.machine.cx.cpu.regs[register] = value;
        case.machine.run(1);
        assert_eq!(case.machine.bytes(0x8e, 2), [0, 6]);
    }
}
