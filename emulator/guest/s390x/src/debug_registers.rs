//! Registers as a debugger names them.
//!
//! The numbers are those of GDB's descriptions for s390x, in the order of its `s390-core64`, `s390-acr`, `s390-fpr`,
//! `s390-cr`, `s390-vx` features. Looking changes nothing; writing goes past the rules of the guest, but not past those that keep
//! the state possible.

use lockstep_cpu::{RegisterGroup, RegisterInfo, Vcpu};

use crate::{S390x, float_control, psw, reg};

const NAMES: [&str; 99] = [
    "pswm", "pswa", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11",
    "r12", "r13", "r14", "r15", "acr0", "acr1", "acr2", "acr3", "acr4", "acr5", "acr6", "acr7",
    "acr8", "acr9", "acr10", "acr11", "acr12", "acr13", "acr14", "acr15", "fpc", "f0", "f1", "f2",
    "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "cr0",
    "cr1", "cr2", "cr3", "cr4", "cr5", "cr6", "cr7", "cr8", "cr9", "cr10", "cr11", "cr12", "cr13",
    "cr14", "cr15", "v0l", "v1l", "v2l", "v3l", "v4l", "v5l", "v6l", "v7l", "v8l", "v9l", "v10l",
    "v11l", "v12l", "v13l", "v14l", "v15l", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
    "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31",
];
const MASK: usize = 0;
const ADDRESS: usize = 1;
const GENERAL: usize = 2;
const ACCESS: usize = 18;
const CONTROL_WORD: usize = 34;
const FLOAT: usize = 35;
const CONTROL: usize = 51;
const LOW: usize = 67;
const WHOLE: usize = 83;
const END: usize = NAMES.len();

/// All registers by their numbers.
pub(crate) fn list() -> Vec<RegisterInfo> {
    let info = |(number, name)| {
        let bits = match number {
            ACCESS..=CONTROL_WORD => 32,
            WHOLE.. => 128,
            _ => 64,
        };
        let group = match number {
            0..CONTROL_WORD => RegisterGroup::General,
            CONTROL..LOW => RegisterGroup::System,
            _ => RegisterGroup::Float,
        };
        RegisterInfo { name, bits, group }
    };
    NAMES.into_iter().enumerate().map(info).collect()
}

/// The value of a register.
pub(crate) fn get(cpu: &Vcpu<S390x>, number: usize) -> Option<u128> {
    let half = |number: usize, shift: u32| (cpu.vregs[number] >> shift) as u64;
    if let WHOLE..END = number {
        return Some(cpu.vregs[number - WHOLE + 16]);
    }
    Some(u128::from(match number {
        MASK => psw::mask(cpu),
        ADDRESS => cpu.pc,
        GENERAL..ACCESS => cpu.regs[number - GENERAL],
        ACCESS..CONTROL_WORD => cpu.regs[usize::from(reg::ACCESS) + number - ACCESS] & 0xffff_ffff,
        CONTROL_WORD => cpu.sys.fpc.into(),
        FLOAT..CONTROL => half(number - FLOAT, 64),
        CONTROL..LOW => cpu.sys.cr[number - CONTROL],
        LOW..WHOLE => half(number - LOW, 0),
        _ => return None,
    }))
}

/// Sets a register; false when it cannot be, or not to that value.
pub(crate) fn set(cpu: &mut Vcpu<S390x>, number: usize, value: u128) -> bool {
    if let WHOLE..END = number {
        cpu.vregs[number - WHOLE + 16] = value;
        return true;
    }
    let Ok(value) = u64::try_from(value) else { return false };
    match number {
        MASK => psw::set(cpu, value, cpu.pc),
        ADDRESS => cpu.pc = value,
        GENERAL..ACCESS => cpu.regs[number - GENERAL] = value,
        ACCESS..CONTROL_WORD => {
            cpu.regs[usize::from(reg::ACCESS) + number - ACCESS] = value & 0xffff_ffff;
        }
        CONTROL_WORD => {
            let word = value as u32;
            if value >> 32 != 0 || !float_control::is_fpc(word) {
                return false;
            }
            cpu.sys.fpc = word;
        }
        FLOAT..CONTROL => {
            let whole = &mut cpu.vregs[number - FLOAT];
            *whole = u128::from(value) << 64 | *whole & u128::from(u64::MAX);
        }
        CONTROL..LOW => {
            cpu.sys.cr[number - CONTROL] = value;
            psw::derive(cpu);
        }
        LOW..WHOLE => {
            let whole = &mut cpu.vregs[number - LOW];
            *whole = *whole >> 64 << 64 | u128::from(value);
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use lockstep_core::VcpuId;
    use lockstep_cpu::Guest;

    use super::*;

    /// Catches a register that reads as another, or that cannot be set back.
    #[test]
    fn every_register_keeps_what_it_is_given() {
        let mut cpu = S390x::reset(VcpuId(0), 0x1000, 0);
        for (number, info) in list().iter().enumerate() {
            let value = match number {
                MASK => u128::from(psw::EA | psw::BA),
                CONTROL_WORD => 0xf800_0003,
                _ => 0x1234_5678 + number as u128,
            };
            assert!(set(&mut cpu, number, value), "{}", info.name);
            assert_eq!(get(&cpu, number), Some(value), "{}", info.name);
        }
        assert_eq!(get(&cpu, END), None);
        assert!(!set(&mut cpu, CONTROL_WORD, 4));
        assert!(!set(&mut cpu, GENERAL, 1 << 64));
    }
}
