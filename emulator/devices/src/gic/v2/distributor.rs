//! The distributor: which interrupts are enabled, how urgent they are and where they go.
//!
//! The functions answer `Ok(None)` for a register that does not exist, and an abort for an access that hardware refuses.

use super::super::common::{Bank, BankRegister};
use super::{GicV2State, SGIS, spec};
use crate::AccessError;

/// What software generates cannot be disabled, as on Arm's own controllers.
pub(super) fn enable_software_generated(bank: &mut Bank) {
    bank.write(BankRegister::SetEnabled, 0, 4, SOFTWARE_GENERATED);
}

/// In a word about INTIDs 0 to 31, those that software generates.
const SOFTWARE_GENERATED: u32 = 0xffff;

/// Accesses of this size to `offset` are aligned and no wider than a word.
fn byte_access(offset: u64, size: u8) -> Result<(), AccessError> {
    let allowed = matches!(size, 1 | 2 | 4) && offset.is_multiple_of(size.into());
    if allowed { Ok(()) } else { Err(AccessError::Abort) }
}

fn word_access(offset: u64, size: u8) -> Result<(), AccessError> {
    if size == 4 && offset.is_multiple_of(4) { Ok(()) } else { Err(AccessError::Abort) }
}

pub(super) fn read(
    state: &GicV2State,
    vcpu: usize,
    offset: u64,
    size: u8,
) -> Result<Option<u32>, AccessError> {
    if let Some((register, intid)) = BankRegister::decode(offset) {
        if !register.allows(offset, size) {
            return Err(AccessError::Abort);
        }
        let (bank, place) = state.interrupts.bank(vcpu, intid);
        return Ok(Some(bank.read(register, place, size)));
    }
    if let Some(bytes) = byte_registers(offset) {
        byte_access(offset, size)?;
        let byte = |n: u64| match bytes {
            ByteRegisters::Targets => {
                target(state, vcpu, (offset - spec::GICD_ITARGETSR + n) as usize)
            }
            ByteRegisters::Sources { first, .. } => {
                state.cpus[vcpu].sgi_sources.get(first + n as usize).copied().unwrap_or(0)
            }
        };
        return Ok(Some((0..size.into()).fold(0, |word, n| word | u32::from(byte(n)) << (8 * n))));
    }
    word_access(offset, size)?;
    Ok(match offset {
        spec::GICD_CTLR => Some(state.ctlr),
        spec::GICD_TYPER => {
            let lines = state.interrupts.count() as u32 / 32 - 1;
            Some(lines | (state.cpus.len() as u32 - 1) << 5)
        }
        spec::GICD_IIDR => Some(spec::GICD_IIDR_VALUE),
        // Write-only, or there with Security Extensions only.
        spec::GICD_SGIR | spec::GICD_NSACR..spec::GICD_SGIR => Some(0),
        spec::GICD_ID.. => {
            spec::GICD_ID_VALUES.get((offset - spec::GICD_ID) as usize / 4).map(|id| (*id).into())
        }
        _ => None,
    })
}

pub(super) fn write(
    state: &mut GicV2State,
    vcpu: usize,
    offset: u64,
    size: u8,
    value: u32,
) -> Result<Option<()>, AccessError> {
    if let Some((register, intid)) = BankRegister::decode(offset) {
        if !register.allows(offset, size) {
            return Err(AccessError::Abort);
        }
        let value = if intid < SGIS { writable(register, value) } else { value };
        let (bank, place) = state.interrupts.bank_mut(vcpu, intid);
        if !(register == BankRegister::Config && intid < SGIS) {
            bank.write(register, place, size, value);
        }
        return Ok(Some(()));
    }
    if let Some(bytes) = byte_registers(offset) {
        byte_access(offset, size)?;
        for (n, byte) in value.to_le_bytes().into_iter().take(size.into()).enumerate() {
            match bytes {
                ByteRegisters::Targets => {
                    set_target(state, (offset - spec::GICD_ITARGETSR) as usize + n, byte);
                }
                ByteRegisters::Sources { first, set } => {
                    set_sources(state, vcpu, first + n, byte, set);
                }
            }
        }
        return Ok(Some(()));
    }
    word_access(offset, size)?;
    match offset {
        spec::GICD_CTLR => state.ctlr = value & spec::GICD_CTLR_MASK,
        spec::GICD_TYPER | spec::GICD_IIDR | spec::GICD_NSACR..spec::GICD_SGIR => {}
        spec::GICD_SGIR => generate(state, vcpu, value),
        spec::GICD_ID..0x1000 => {}
        _ => return Ok(None),
    }
    Ok(Some(()))
}

/// What a write to the first word of a register can change: software-generated interrupts stay enabled, and are made
/// pending by their senders only.
fn writable(register: BankRegister, value: u32) -> u32 {
    match register {
        BankRegister::ClearEnabled | BankRegister::SetPending | BankRegister::ClearPending => {
            value & !SOFTWARE_GENERATED
        }
        _ => value,
    }
}

/// Registers with a byte per interrupt whose bits are vCPUs.
#[derive(Clone, Copy)]
enum ByteRegisters {
    Targets,
    Sources { first: usize, set: bool },
}

fn byte_registers(offset: u64) -> Option<ByteRegisters> {
    Some(match offset {
        spec::GICD_ITARGETSR..spec::GICD_ITARGETSR_END => ByteRegisters::Targets,
        spec::GICD_CPENDSGIR..spec::GICD_SPENDSGIR => {
            ByteRegisters::Sources { first: (offset - spec::GICD_CPENDSGIR) as usize, set: false }
        }
        spec::GICD_SPENDSGIR..spec::GICD_SPENDSGIR_END => {
            ByteRegisters::Sources { first: (offset - spec::GICD_SPENDSGIR) as usize, set: true }
        }
        _ => return None,
    })
}

/// The vCPUs that an INTID goes to; a private one goes to the vCPU that asks.
fn target(state: &GicV2State, vcpu: usize, intid: usize) -> u8 {
    if state.cpus.len() == 1 {
        return 0;
    }
    match intid.checked_sub(32) {
        None => 1 << vcpu,
        Some(place) => state.targets.get(place).copied().unwrap_or(0),
    }
}

fn set_target(state: &mut GicV2State, intid: usize, vcpus: u8) {
    let all = u8::MAX >> (8 - state.cpus.len());
    let uniprocessor = state.cpus.len() == 1;
    let slot = intid.checked_sub(32).and_then(|place| state.targets.get_mut(place));
    if let Some(slot) = slot.filter(|_| !uniprocessor) {
        *slot = vcpus & all;
    }
}

/// Adds or takes back senders of a software-generated interrupt to `vcpu`.
fn set_sources(state: &mut GicV2State, vcpu: usize, sgi: usize, senders: u8, set: bool) {
    let senders = senders & u8::MAX >> (8 - state.cpus.len());
    if let Some(sources) = state.cpus[vcpu].sgi_sources.get_mut(sgi) {
        *sources = if set { *sources | senders } else { *sources & !senders };
        state.interrupts.private[vcpu].latch(sgi, *sources != 0);
    }
}

/// GICD_SGIR: sends a software-generated interrupt to a list of vCPUs, to all others, or to the sender.
fn generate(state: &mut GicV2State, vcpu: usize, value: u32) {
    let sender = 1 << vcpu;
    let list = match value >> 24 & 3 {
        0 => (value >> 16) as u8,
        1 => !sender,
        2 => sender,
        _ => 0,
    };
    for target in (0..state.cpus.len()).filter(|target| list >> target & 1 != 0) {
        set_sources(state, target, (value & 0xf) as usize, sender, true);
    }
}
