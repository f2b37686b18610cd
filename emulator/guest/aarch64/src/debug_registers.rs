//! Registers as a debugger names them.
//!
//! A debugger looks at a stopped processor and must not change it by looking, so this works on the processor alone:
//! registers that live elsewhere (counters, the interrupt controller) have no value here. Writing goes past the
//! access rules of the guest but not past the rules that keep the state possible.

use lockstep_cpu::{RegisterGroup, RegisterInfo, Vcpu};

use crate::registers::rows::{After, REGISTERS, Read, Register, Write};
use crate::registers::{derive, pstate, spsr};
use crate::{Aarch64, exceptions, reg};

/// The names of the general registers, in the order of the GDB target description `org.gnu.gdb.aarch64.core`.
pub const CORE_NAMES: [&str; 34] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
    "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
    "x28", "x29", "x30", "sp", "pc", "cpsr",
];

/// The names of the vector registers, which `org.gnu.gdb.aarch64.fpu` numbers after the general ones.
const VECTOR_NAMES: [&str; 32] = [
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
    "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
    "v28", "v29", "v30", "v31",
];
/// What follows them.
const FLOAT_CONTROL: [&str; 2] = ["fpsr", "fpcr"];
const FIRST_VECTOR: usize = CORE_NAMES.len();
const FIRST_CONTROL: usize = FIRST_VECTOR + VECTOR_NAMES.len();
const FIRST_SYSTEM: usize = FIRST_CONTROL + FLOAT_CONTROL.len();

/// All registers with their numbers: those of GDB's `core` and `fpu` descriptions, then the system registers.
pub(crate) fn list() -> Vec<RegisterInfo> {
    let info = |name, bits, group| RegisterInfo { name, bits, group };
    let core = CORE_NAMES
        .into_iter()
        .map(|name| info(name, if name == "cpsr" { 32 } else { 64 }, RegisterGroup::General));
    let vector = VECTOR_NAMES.into_iter().map(|name| info(name, 128, RegisterGroup::Float));
    let control = FLOAT_CONTROL.into_iter().map(|name| info(name, 32, RegisterGroup::Float));
    let system = system_names().map(|name| info(name, 64, RegisterGroup::System));
    core.chain(vector).chain(control).chain(system).collect()
}

/// The name of a register that is not a vector register.
fn name_of(number: usize) -> Option<&'static str> {
    match number {
        0..FIRST_VECTOR => Some(CORE_NAMES[number]),
        FIRST_CONTROL..FIRST_SYSTEM => Some(FLOAT_CONTROL[number - FIRST_CONTROL]),
        FIRST_SYSTEM.. => system_names().nth(number - FIRST_SYSTEM),
        _ => None,
    }
}

/// The value of a register by its number in [`list`].
pub(crate) fn by_number(cpu: &Vcpu<Aarch64>, number: usize) -> Option<u128> {
    if (FIRST_VECTOR..FIRST_CONTROL).contains(&number) {
        return cpu.vregs.get(number - FIRST_VECTOR).copied();
    }
    get(cpu, name_of(number)?).map(u128::from)
}

/// Sets a register by its number in [`list`]; see [`set`].
pub(crate) fn set_by_number(cpu: &mut Vcpu<Aarch64>, number: usize, value: u128) -> bool {
    if (FIRST_VECTOR..FIRST_CONTROL).contains(&number) {
        cpu.vregs[number - FIRST_VECTOR] = value;
        return true;
    }
    let (Some(name), Ok(value)) = (name_of(number), u64::try_from(value)) else { return false };
    set(cpu, name, value)
}

/// Where a name leads.
enum Place {
    General(usize),
    Pc,
    Cpsr,
    System(&'static Register),
}

/// The names of all registers that have a value: the general ones, then the system registers.
pub fn names() -> impl Iterator<Item = &'static str> {
    let system = REGISTERS.iter().filter(|row| has_value(row)).map(|row| row.name);
    CORE_NAMES.into_iter().chain(system)
}

/// The system registers that have a number of their own.
fn system_names() -> impl Iterator<Item = &'static str> {
    let own = |name: &&str| !FLOAT_CONTROL.iter().any(|control| control.eq_ignore_ascii_case(name));
    REGISTERS.iter().filter(|row| has_value(row)).map(|row| row.name).filter(own)
}

const fn has_value(row: &Register) -> bool {
    matches!(row.read, Read::Constant(_) | Read::Cpu(_))
}

fn find(name: &str) -> Option<Place> {
    if let Some(number) = CORE_NAMES.iter().position(|core| core.eq_ignore_ascii_case(name)) {
        return Some(match number {
            0..=30 => Place::General(number),
            31 => Place::General(usize::from(reg::SP)),
            32 => Place::Pc,
            _ => Place::Cpsr,
        });
    }
    REGISTERS.iter().find(|row| row.name.eq_ignore_ascii_case(name)).map(Place::System)
}

/// The value of a register, by its name in any case; `None` when there is none of that name in the processor.
#[must_use]
pub fn get(cpu: &Vcpu<Aarch64>, name: &str) -> Option<u64> {
    match find(name)? {
        Place::General(number) => cpu.regs.get(number).copied(),
        Place::Pc => Some(cpu.pc),
        Place::Cpsr => Some(pstate(cpu)),
        Place::System(row) => match row.read {
            Read::Constant(value) => Some(value),
            Read::Cpu(read) => Some(read(cpu)),
            Read::No | Read::Machine(_) | Read::Gic => None,
        },
    }
}

/// Sets a register; false when there is none of that name, when it cannot be written, or when the value cannot be.
///
/// A timer's registers cannot be written: that would have to reach the calendar, too.
pub fn set(cpu: &mut Vcpu<Aarch64>, name: &str, value: u64) -> bool {
    match find(name) {
        Some(Place::General(number)) => match cpu.regs.get_mut(number) {
            Some(place) => *place = value,
            None => return false,
        },
        Some(Place::Pc) => cpu.pc = value,
        Some(Place::Cpsr) => {
            if !matches!(value & spsr::MODE, spsr::EL0T | spsr::EL1T | spsr::EL1H) {
                return false;
            }
            exceptions::restore_pstate(cpu, value);
        }
        Some(Place::System(row)) => return set_system(cpu, row, value),
        None => return false,
    }
    cpu.fetch = None;
    true
}

fn set_system(cpu: &mut Vcpu<Aarch64>, row: &Register, value: u64) -> bool {
    let Write::Cpu(write) = row.write else { return false };
    let before = cpu.clone();
    match write(cpu, value) {
        After::Nothing => {}
        After::Regime | After::Masks | After::Debug => derive(cpu),
        After::Flush => {
            cpu.tlb.clear();
            derive(cpu);
        }
        After::Timer(_) => {
            *cpu = before;
            return false;
        }
    }
    cpu.fetch = None;
    true
}

#[cfg(test)]
mod tests;
