//! Logout frames: what PALcode leaves in memory for a kernel that is told of a machine check.
//!
//! The kernel gets the frame's address in a2, and reads it without asking whether there is one. The form is that of an EV6:
//! Alpha 21264/EV67 Microprocessor Hardware Reference Manual, DS-0028B-TE, chapter 8 for what is in the registers, and the OSF/1 PALcode's common header before them.

use lockstep_cpu::Cx;

use crate::sys::is_user;
use crate::{Alpha, translate};

/// Where the superpage shows physical memory.
const SUPERPAGE: u64 = 0xffff_fc00_0000_0000;
/// Bytes of a frame.
pub const LOGOUT_SIZE: u64 = 0x90;
/// Offset of the processor's registers, which follow the header of six longwords.
const PROCESSOR: u32 = 0x18;
/// What the processor found, in the kernel's words a "processor detected hard error".
const PROCESSOR_ERROR: u32 = 0x98;
/// What the chipset found, a "system detected hard error".
const SYSTEM_ERROR: u32 = 0x202;
/// The revision of the frame's form.
const REVISION: u32 = 1;

/// Offsets of the registers that this processor has something to say in; the others are zero.
mod place {
    pub(super) const C_ADDR: usize = 0x28;
    pub(super) const EXC_ADDR: usize = 0x58;
    pub(super) const IER_CM: usize = 0x60;
}

/// IER_CM bits 4:3: user mode.
const USER_MODE: u64 = 3 << 3;

/// Why there is a machine check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The processor accessed this address, where nobody answers.
    Processor(u64),
    /// The chipset asks for it.
    System,
}

/// Writes the frame of a machine check into the processor's area. Gives its address in the superpage, or 0 when the board has no
/// such area.
pub(crate) fn write(cx: &mut Cx<Alpha>, cause: Cause) -> u64 {
    let Some(area) = cx.platform.logout_area(cx.cpu.id) else { return 0 };
    let mut frame = [0; LOGOUT_SIZE as usize];
    let mut put = |place: usize, value: u64| {
        frame[place..place + 8].copy_from_slice(&value.to_le_bytes());
    };
    let pairs = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let (code, address) = match cause {
        Cause::Processor(address) => (PROCESSOR_ERROR, address),
        Cause::System => (SYSTEM_ERROR, 0),
    };
    let physical = translate(&cx.mem, &cx.cpu.sys, address).unwrap_or(address);
    put(0, LOGOUT_SIZE);
    put(8, pairs(PROCESSOR, LOGOUT_SIZE as u32));
    put(16, pairs(code, REVISION));
    put(place::C_ADDR, physical & !0x3f);
    put(place::EXC_ADDR, cx.cpu.pc);
    put(place::IER_CM, if is_user(&cx.cpu) { USER_MODE } else { 0 });
    match cx.mem.write_bytes(area, &frame) {
        Ok(()) => SUPERPAGE | area,
        Err(_) => 0,
    }
}
