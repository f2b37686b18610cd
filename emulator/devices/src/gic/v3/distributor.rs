//! The distributor: the board's interrupts and the vCPUs they go to.
//!
//! The functions answer `Ok(None)` for a register that does not exist, and an abort for an access that hardware refuses.

use super::super::common::BankRegister;
use super::{GicV3State, SHAPE, spec};
use crate::AccessError;

/// A priority register with only the bits that exist.
pub(super) fn implemented(register: BankRegister, value: u32) -> u32 {
    if register == BankRegister::Priority {
        value & u32::from_ne_bytes([SHAPE.mask(); 4])
    } else {
        value
    }
}

/// Accesses of one word.
pub(super) fn word_access(offset: u64, size: u8) -> Result<(), AccessError> {
    if size == 4 && offset.is_multiple_of(4) { Ok(()) } else { Err(AccessError::Abort) }
}

/// Accesses of a register of two words, whole or by word.
pub(super) fn double_access(offset: u64, size: u8) -> Result<(), AccessError> {
    let allowed = matches!(size, 4 | 8) && offset.is_multiple_of(size.into());
    if allowed { Ok(()) } else { Err(AccessError::Abort) }
}

/// What an access to a register of two words sees of it.
pub(super) fn part(value: u64, offset: u64, size: u8) -> u64 {
    match (size, offset % 8) {
        (8, _) => value,
        (_, 0) => value & 0xffff_ffff,
        _ => value >> 32,
    }
}

pub(super) fn read(state: &GicV3State, offset: u64, size: u8) -> Result<Option<u64>, AccessError> {
    if let Some((register, intid)) = BankRegister::decode(offset) {
        if !register.allows(offset, size) {
            return Err(AccessError::Abort);
        }
        // The first 32 are a redistributor's; here they read as zero.
        let place = intid.checked_sub(32);
        return Ok(Some(
            place.map_or(0, |place| state.interrupts.shared.read(register, place, size).into()),
        ));
    }
    if let spec::GICD_IROUTER..spec::GICD_IROUTER_END = offset {
        double_access(offset, size)?;
        let route = route_index(offset).and_then(|place| state.routes.get(place));
        return Ok(Some(part(route.copied().unwrap_or(0), offset, size)));
    }
    if reserved(offset) {
        return Ok(Some(0));
    }
    word_access(offset, size)?;
    Ok(match offset {
        spec::GICD_CTLR => Some(u64::from(state.ctlr | spec::GICD_CTLR_FIXED)),
        spec::GICD_TYPER => {
            let lines = state.interrupts.count() as u32 / 32 - 1;
            Some(u64::from(lines | spec::GICD_TYPER_FIXED))
        }
        spec::GICD_IIDR => Some(spec::IIDR_VALUE.into()),
        spec::GICD_TYPER2 | spec::GICD_STATUSR => Some(0),
        spec::ID..spec::FRAME_END => Some(spec::ID_VALUES[(offset - spec::ID) as usize / 4].into()),
        _ => None,
    })
}

pub(super) fn write(
    state: &mut GicV3State,
    offset: u64,
    size: u8,
    value: u64,
) -> Result<Option<()>, AccessError> {
    if let Some((register, intid)) = BankRegister::decode(offset) {
        if !register.allows(offset, size) {
            return Err(AccessError::Abort);
        }
        if let Some(place) = intid.checked_sub(32) {
            let value = implemented(register, value as u32);
            state.interrupts.shared.write(register, place, size, value);
        }
        return Ok(Some(()));
    }
    if let spec::GICD_IROUTER..spec::GICD_IROUTER_END = offset {
        double_access(offset, size)?;
        if let Some(route) = route_index(offset).and_then(|place| state.routes.get_mut(place)) {
            let new = match (size, offset % 8) {
                (8, _) => value,
                (_, 0) => *route & !0xffff_ffff | value & 0xffff_ffff,
                _ => *route & 0xffff_ffff | value << 32,
            };
            *route = new & spec::IROUTER_MASK;
        }
        return Ok(Some(()));
    }
    if reserved(offset) {
        return Ok(Some(()));
    }
    word_access(offset, size)?;
    match offset {
        spec::GICD_CTLR => state.ctlr = value as u32 & spec::GICD_CTLR_ENABLES,
        spec::GICD_TYPER | spec::GICD_IIDR | spec::GICD_TYPER2 | spec::GICD_STATUSR => {}
        spec::ID..spec::FRAME_END => {}
        _ => return Ok(None),
    }
    Ok(Some(()))
}

/// Registers of other configurations, which are reserved in this one.
fn reserved(offset: u64) -> bool {
    matches!(
        offset,
        spec::GICD_ITARGETSR..spec::GICD_ITARGETSR_END
            | spec::GICD_IGRPMODR..spec::GICD_SPENDSGIR_END
    )
}

/// The place among the shared interrupts of the one that a GICD_IROUTER is about.
fn route_index(offset: u64) -> Option<usize> {
    ((offset - spec::GICD_IROUTER) as usize / 8).checked_sub(32)
}
