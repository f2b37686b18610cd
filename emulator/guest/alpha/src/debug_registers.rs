//! Registers as a debugger names and numbers them.
//!
//! The numbers are gdb's for this architecture: R0 to R30, zero, F0 to F30, FPCR, PC, a number that stands for nothing, and
//! the unique value. A debugger looks at a stopped processor and must not change it by looking, so this works on the
//! processor alone. Writing goes past the access rules of the guest but not past the rules that keep the state
//! possible.

use lockstep_cpu::{RegisterGroup, RegisterInfo, Vcpu};

use crate::float::trap::{read_fpcr, write_fpcr};
use crate::insn::reg;
use crate::sys::{ENTRIES, PS_IPL, PS_USER, derive};
use crate::{Alpha, fen, set_fen};

/// How many registers gdb numbers.
pub const CORE: usize = 67;

/// Their names, by number.
pub const CORE_NAMES: [&str; CORE] = [
    "v0", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "s0", "s1", "s2", "s3", "s4", "s5", "fp",
    "a0", "a1", "a2", "a3", "a4", "a5", "t8", "t9", "t10", "t11", "ra", "t12", "at", "gp", "sp",
    "zero", "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13",
    "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26",
    "f27", "f28", "f29", "f30", "fpcr", "pc", "nothing", "unique",
];

const FPCR: usize = 63;
const PC: usize = 64;
const NOTHING: usize = 65;
const UNIQUE: usize = 66;

/// The names of the entry points, by [`crate::Entry`].
const ENTRY_NAMES: [&str; ENTRIES] =
    ["ent_int", "ent_arith", "ent_mm", "ent_if", "ent_una", "ent_sys"];

/// Other names of the general registers.
fn general_number(name: &str) -> Option<usize> {
    let number: usize = name.strip_prefix(['r', 'R', '$'])?.parse().ok()?;
    (number < 32).then_some(number)
}

/// The internal processor registers that have a name.
macro_rules! internal {
    ($($name:literal: $field:ident;)*) => {
        const INTERNAL_NAMES: &[&str] = &[$($name),*];

        fn internal(cpu: &Vcpu<Alpha>, name: &str) -> Option<u64> {
            match name {
                $($name => Some(u64::from(cpu.sys.$field)),)*
                _ => None,
            }
        }

        fn set_internal(cpu: &mut Vcpu<Alpha>, name: &str, value: u64) -> bool {
            match name {
                $($name => match value.try_into() {
                    Ok(value) => cpu.sys.$field = value,
                    Err(_) => return false,
                },)*
                _ => return false,
            }
            true
        }
    };
}

internal! {
    "ptbr": ptbr;
    "vptb": vptb;
    "pcbb": pcbb;
    "asn": asn;
    "kgp": kgp;
    "ksp": ksp;
    "usp": usp;
    "sysval": sysval;
    "mces": mces;
    "pcc_offset": cycle_offset;
}

/// The names of all registers, by number: gdb's, then the processor status, floating-point enable, internal registers
/// and entry points.
pub fn names() -> impl Iterator<Item = &'static str> {
    let internal = ["ps", "fen"].into_iter().chain(INTERNAL_NAMES.iter().copied());
    CORE_NAMES.into_iter().chain(internal).chain(ENTRY_NAMES)
}

/// All registers, by number.
pub(crate) fn list() -> Vec<RegisterInfo> {
    let group = |number| match number {
        0..=31 | PC | NOTHING | UNIQUE => RegisterGroup::General,
        32..=FPCR => RegisterGroup::Float,
        _ => RegisterGroup::System,
    };
    let info = |(number, name)| RegisterInfo { name, bits: 64, group: group(number) };
    names().enumerate().map(info).collect()
}

/// The value of a register by its number in [`list`].
pub(crate) fn by_number(cpu: &Vcpu<Alpha>, number: usize) -> Option<u128> {
    get(cpu, names().nth(number)?).map(u128::from)
}

/// Sets a register by its number in [`list`]; see [`set`].
pub(crate) fn set_by_number(cpu: &mut Vcpu<Alpha>, number: usize, value: u128) -> bool {
    match (names().nth(number), u64::try_from(value)) {
        (Some(name), Ok(value)) => set(cpu, name, value),
        _ => false,
    }
}

/// The value of a register by gdb's number; `None` when there is none.
fn get_core(cpu: &Vcpu<Alpha>, number: usize) -> Option<u64> {
    match number {
        0..=30 => cpu.regs.get(number).copied(),
        31 => Some(0),
        32..=62 => cpu.vregs.get(number - 32).map(|register| *register as u64),
        FPCR => Some(read_fpcr(cpu)),
        PC => Some(cpu.pc),
        NOTHING => Some(0),
        UNIQUE => Some(cpu.regs[usize::from(reg::UNIQUE)]),
        _ => None,
    }
}

/// Sets a register by gdb's number; false when there is none. What is always zero stays so.
fn set_core(cpu: &mut Vcpu<Alpha>, number: usize, value: u64) -> bool {
    match number {
        0..=30 => cpu.regs[number] = value,
        31 | NOTHING => {}
        32..=62 => cpu.vregs[number - 32] = value.into(),
        FPCR => write_fpcr(cpu, value),
        PC => {
            cpu.pc = value & !3;
            cpu.fetch = None;
        }
        UNIQUE => cpu.regs[usize::from(reg::UNIQUE)] = value,
        _ => return false,
    }
    true
}

fn number(name: &str) -> Option<usize> {
    let core = CORE_NAMES.iter().position(|core| core.eq_ignore_ascii_case(name));
    core.or_else(|| general_number(name))
}

/// The value of a register, by its name in any case; `None` when there is none of that name in the processor.
#[must_use]
pub fn get(cpu: &Vcpu<Alpha>, name: &str) -> Option<u64> {
    if let Some(number) = number(name) {
        return get_core(cpu, number);
    }
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "ps" => Some(cpu.regs[usize::from(reg::PS)]),
        "fen" => Some(fen(cpu).into()),
        _ => match ENTRY_NAMES.iter().position(|entry| *entry == name) {
            Some(entry) => cpu.sys.entries.get(entry).copied(),
            None => internal(cpu, &name),
        },
    }
}

/// Sets a register; false when there is none of that name, or when the value cannot be.
pub fn set(cpu: &mut Vcpu<Alpha>, name: &str, value: u64) -> bool {
    if let Some(number) = number(name) {
        return set_core(cpu, number, value);
    }
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "ps" if value & !(PS_USER | PS_IPL) != 0 => return false,
        "ps" => cpu.regs[usize::from(reg::PS)] = value,
        "fen" => set_fen(cpu, value & 1 != 0),
        "asn" if value > 0xff => return false,
        _ => match ENTRY_NAMES.iter().position(|entry| *entry == name) {
            Some(entry) => cpu.sys.entries[entry] = value,
            None => {
                if !set_internal(cpu, &name, value) {
                    return false;
                }
            }
        },
    }
    derive(cpu);
    cpu.fetch = None;
    true
}

#[cfg(test)]
mod tests {
    use lockstep_core::VcpuId;
    use lockstep_cpu::Guest;

    use super::*;

    /// Catches a name that cannot be read back, a register that is written elsewhere, and gdb's numbers out of place.
    #[test]
    fn names_lead_to_registers() {
        let mut cpu = Alpha::reset(VcpuId(0), 0x1000, 0);
        for (place, name) in names().enumerate() {
            let value = match name {
                "zero" | "nothing" => 0,
                "ps" | "fen" => 1,
                "fpcr" => 1 << 58,
                "pc" => 0x2000,
                _ => place as u64,
            };
            assert!(set(&mut cpu, name, value), "{name}");
            assert_eq!(get(&cpu, name), Some(value), "{name}");
        }
        for (place, name) in
            names().enumerate().filter(|(number, _)| ![31, NOTHING].contains(number))
        {
            let expected = match name {
                "ps" | "fen" => 1,
                "fpcr" => 1 << 58,
                "pc" => 0x2000,
                _ => place as u64,
            };
            assert_eq!(get(&cpu, name), Some(expected), "{name} was overwritten");
        }
        assert_eq!(by_number(&cpu, PC), Some(cpu.pc.into()));
        assert_eq!(list().len(), names().count());
        assert_eq!(get(&cpu, "R30"), get(&cpu, "sp"));
        assert_eq!(get(&cpu, "f31"), None);
        assert!(!set(&mut cpu, "ps", 0x10) && !set(&mut cpu, "asn", 0x100));
    }
}
