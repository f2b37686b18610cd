//! Binary floating point where no other emulator can be asked: traps of LOAD ROUNDED, and DIVIDE TO INTEGER.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::reg;

mod common;

const CODE: u64 = 0x2_0000;
const OVERFLOW: u32 = 0x2000_0000;
const UNDERFLOW: u32 = 0x1000_0000;
const INEXACT: u32 = 0x0800_0000;
const INVALID: u32 = 0x8000_0000;

/// Runs an instruction and a no-operation on floating-point registers 0, 2, 4 and 6. Gives the machine, and the data-exception code
/// if that is what interrupted.
fn run(code: [u8; 4], registers: [u64; 4], fpc: u32) -> (Machine, Option<u8>) {
    let mut machine = Machine::new(CODE);
    machine.cx.mem.write_bytes(CODE, &code).unwrap();
    machine.cx.mem.write_bytes(CODE + 4, &[0x18, 0x22, 0xa7, 0xf4, 0, 0]).unwrap();
    machine.cx.mem.write_bytes(0x1d0, &0x0000_0001_8000_0000u64.to_be_bytes()).unwrap();
    machine.cx.mem.write_bytes(0x1d8, &(CODE + 6).to_be_bytes()).unwrap();
    let cpu = &mut machine.cx.cpu;
    for (number, value) in registers.into_iter().enumerate() {
        cpu.vregs[2 * number] = u128::from(value) << 64;
    }
    cpu.sys.cr[0] |= 1 << 18;
    cpu.sys.fpc = fpc;
    machine.run(2);
    let interruption = machine.bytes(0x8e, 2);
    let dxc = (interruption == [0, 7]).then(|| machine.bytes(0x93, 1)[0]);
    assert!(dxc.is_some() || interruption == [0, 0], "{interruption:?}");
    (machine, dxc)
}

fn float(machine: &Machine, number: usize) -> u64 {
    (machine.cx.cpu.vregs[number] >> 64) as u64
}

const fn code(second: u8, third: u8, fourth: u8) -> [u8; 4] {
    [0xb3, second, third, fourth]
}

const LEDBR: [u8; 4] = code(0x44, 0, 0x02);
const LDXBR: [u8; 4] = code(0x45, 0, 0x04);
const LEXBR: [u8; 4] = code(0x46, 0, 0x04);

/// Catches a trap of LOAD ROUNDED that leaves a result in the shorter format, of another scale, with too many places, or the wrong
/// code.
#[test]
fn load_rounded_traps_with_the_operand_scaled() {
    let power = |exp: i32| 2f64.powi(exp).to_bits();
    let (machine, dxc) = run(LEDBR, [0, power(700), 0, 0], OVERFLOW);
    assert_eq!((float(&machine, 0), dxc), (power(188), Some(0x20)));
    // More places than the shorter format has: incremented and truncated.
    let (machine, dxc) = run(LEDBR, [0, power(701) - 1, 0, 0], OVERFLOW);
    assert_eq!((float(&machine, 0), dxc), (power(189), Some(0x2c)));
    let (machine, dxc) = run(LEDBR, [0, power(700) + 1, 0, 0], OVERFLOW);
    assert_eq!((float(&machine, 0), dxc), (power(188), Some(0x28)));
    let (machine, dxc) = run(LEDBR, [0, power(-300), 0, 0], UNDERFLOW);
    assert_eq!((float(&machine, 0), dxc), (power(212), Some(0x10)));
    // Extended: exponents of 2^5000 and 2^-5000, whose places are all in the left register.
    let extended = |exp: u64| (exp + 16383) << 48;
    let low = extended(0) - (5000 << 48);
    let (machine, dxc) = run(LDXBR, [0, 0, extended(5000), 0], OVERFLOW);
    assert_eq!((float(&machine, 0), dxc), (extended(0) - (3192 << 48), Some(0x20)));
    let (machine, dxc) = run(LEXBR, [0, 0, low, 1 << 63], UNDERFLOW);
    assert_eq!((float(&machine, 0), dxc), (extended(3192), Some(0x18)));
    // Without a trap, and with one of inexactness alone, it is the shorter format.
    let (machine, dxc) = run(LEDBR, [0, power(700), 0, 0], 0);
    assert_eq!((float(&machine, 0), dxc), (0x7f80_0000 << 32, None));
    let (machine, dxc) = run(LEDBR, [0, power(3) + 1, 0, 0], INEXACT);
    assert_eq!((float(&machine, 0), dxc), (0x4100_0000 << 32, Some(0x08)));
}

/// Catches quotient and remainder in each other's registers, a wrong condition code, a rounding mode that is not asked for, and
/// traps that come or leave something else.
#[test]
fn divide_to_integer() {
    // DIDBR %f0,%f4,%f2,0: 0 is the dividend and the remainder, 2 the divisor, 4 the quotient.
    let didbr = |mode: u8| code(0x5b, 0x40 | mode, 0x02);
    let divide = |mode: u8, a: f64, b: f64, fpc: u32| {
        let (machine, dxc) = run(didbr(mode), [a.to_bits(), b.to_bits(), 0, 0], fpc);
        let [quotient, remainder] = [4, 0].map(|number| f64::from_bits(float(&machine, number)));
        (quotient, remainder, machine.cx.cpu.regs[usize::from(reg::CC)], dxc)
    };
    assert_eq!(divide(4, 7.0, 2.0, 0), (4.0, -1.0, 0, None));
    assert_eq!(divide(5, 7.0, 2.0, 0), (3.0, 1.0, 0, None));
    assert_eq!(divide(0, 7.0, 2.0, 1), (3.0, 1.0, 0, None));
    assert_eq!(divide(6, -7.0, 2.0, 0), (-3.0, -1.0, 0, None));
    assert_eq!(divide(7, -7.0, 2.0, 0), (-4.0, 1.0, 0, None));
    // As many places as there are, in steps of 64; a third of the whole is 384307168202282410.67.
    let (quotient, remainder, cc, _) = divide(4, 2f64.powi(60) + 256.0, 3.0, 0);
    let whole = (1i128 << 60) + 256;
    assert_eq!((cc, quotient as i128), (2, whole / 3 / 64 * 64));
    assert_eq!(remainder as i128, whole - quotient as i128 * 3);
    assert_eq!(divide(4, 2f64.powi(1000), 2f64.powi(-1000), 0), (2f64.powi(464), 0.0, 1, None));
    assert_eq!(divide(4, 2f64.powi(1000), 3.0 * 2f64.powi(-1000), 0).2, 3);
    assert!(divide(4, 1.0, 0.0, 0).1.is_nan());
    // Invalid suppresses; inexact and underflow complete.
    assert_eq!(divide(4, 1.0, 0.0, INVALID), (0.0, 1.0, 0, Some(0x80)));
    let small = f64::from_bits(3);
    assert_eq!(
        divide(4, small, 1.0, UNDERFLOW),
        (0.0, small * 2f64.powi(1000) * 2f64.powi(536), 0, Some(0x10))
    );
    assert_eq!(divide(4, small, 1.0, 0), (0.0, small, 0, None));
    assert_eq!(divide(6, small, 1.0, 0), (1.0, -1.0, 0, None));
    assert_eq!(divide(6, small, 1.0, INEXACT), (1.0, -1.0, 0, Some(0x0c)));
    // DIEBR, short.
    let short = |value: f32| u64::from(value.to_bits()) << 32;
    let (machine, _) = run(code(0x53, 0x44, 0x02), [short(9.0), short(-4.0), 0, 0], 0);
    assert_eq!((float(&machine, 4), float(&machine, 0)), (short(-2.0), short(1.0)));
}

/// Catches a division whose results would replace each other, and a rounding mode that there is not.
#[test]
fn divide_to_integer_refuses() {
    for (third, fourth) in [(0x44, 0x04), (0x04, 0x02), (0x24, 0x02), (0x42, 0x02), (0x48, 0x02)] {
        let mut machine = Machine::new(CODE);
        machine.cx.mem.write_bytes(CODE, &code(0x5b, third, fourth)).unwrap();
        machine.cx.cpu.sys.cr[0] |= 1 << 18;
        machine.run(1);
        assert_eq!(machine.bytes(0x8e, 2), [0, 6], "{third:#x} {fourth:#x}");
    }
}
