//! DIAGNOSE: calls from a program to the machine that it knows it runs on.
//!
//! The functions are those of KVM (Documentation/virt/kvm/s390/s390-diag.rst), as far as Linux uses them here. Unknown ones
//! are specification exceptions, by which programs find out. Loading is from images, never from devices, so there are no parameters
//! of it: none are stored, and those that a program sets name what nothing can be loaded from.

use lockstep_devices::DeviceCx;
use lockstep_devices::css::Css;
use lockstep_s390x::{Diagnose, Diagnosed, Refusal};

/// Program-interruption codes.
const ADDRESSING: u16 = 5;
const SPECIFICATION: u16 = 6;

mod function {
    /// Initial program load.
    pub(super) const IPL: u16 = 0x308;
    /// A control program says who it is.
    pub(super) const PROGRAM_NAME: u16 = 0x318;
    /// Virtio.
    pub(super) const VIRTIO: u16 = 0x500;
}

/// Functions of [`function::IPL`], in the second register.
mod ipl {
    /// Resets that keep storage, and start at the PSW at address 0.
    pub(super) const MODIFIED_CLEAR: u64 = 0;
    pub(super) const LOAD_NORMAL: u64 = 1;
    /// Loads again.
    pub(super) const LOAD_CLEAR: u64 = 3;
    /// Loads again, and keeps storage.
    pub(super) const LOAD_NORMAL_DUMP: u64 = 4;
    /// Sets the parameters for the next load.
    pub(super) const SET: u64 = 5;
    /// Stores them.
    pub(super) const STORE: u64 = 6;
    /// The answer, in the register after the first: there are no parameters.
    pub(super) const NO_PARAMETERS: u64 = 0x0102;
    /// The answer: these parameters cannot be.
    pub(super) const INVALID: u64 = 0x0402;
    /// What the address of parameters is a multiple of.
    pub(super) const ALIGNMENT: u64 = 4096;
}

/// The function of [`function::VIRTIO`] that notifies a queue, in register 1.
const NOTIFY: u64 = 3;
/// Its answer when there is no such device: -EINVAL.
const NO_DEVICE: u64 = -22i64 as u64;

/// Executes a call.
pub(super) fn call(
    css: &mut Css,
    cx: &mut DeviceCx<'_>,
    call: Diagnose<'_>,
) -> Result<Diagnosed, Refusal> {
    let Diagnose { function, r1, r3, regs } = call;
    match function {
        function::IPL => {
            let is_storage = cx.mem.is_memory(regs[usize::from(r1)]);
            let answer = load(r1, regs[usize::from(r1)], is_storage, regs[usize::from(r3)])?;
            Ok(match answer {
                Answer::Again => Diagnosed::Reset,
                Answer::Normal { clear } => Diagnosed::LoadNormal { clear },
                Answer::Code(code) => {
                    regs[usize::from(r1 | 1)] = code;
                    Diagnosed::Done
                }
            })
        }
        // Nobody here asks who it is.
        function::PROGRAM_NAME => Ok(Diagnosed::Done),
        function::VIRTIO if regs[1] == NOTIFY => {
            let (id, queue) = (regs[2] as u32, regs[3]);
            regs[2] = css.notify(cx, id, queue).unwrap_or(NO_DEVICE);
            Ok(Diagnosed::Done)
        }
        _ => Err(Refusal::Program(SPECIFICATION)),
    }
}

enum Answer {
    Again,
    Normal { clear: bool },
    Code(u64),
}

/// The functions for loading. `address` is that of parameters.
fn load(r1: u8, address: u64, is_storage: bool, subcode: u64) -> Result<Answer, Refusal> {
    if r1 & 1 != 0 {
        return Err(Refusal::Program(SPECIFICATION));
    }
    let parameters = |answer| {
        if !address.is_multiple_of(ipl::ALIGNMENT) {
            return Err(Refusal::Program(SPECIFICATION));
        }
        if is_storage { Ok(Answer::Code(answer)) } else { Err(Refusal::Program(ADDRESSING)) }
    };
    match subcode {
        ipl::MODIFIED_CLEAR => Ok(Answer::Normal { clear: true }),
        ipl::LOAD_NORMAL => Ok(Answer::Normal { clear: false }),
        ipl::LOAD_CLEAR => Ok(Answer::Again),
        ipl::LOAD_NORMAL_DUMP => Err(Refusal::Unimplemented(
            "DIAGNOSE 308 with subcode 4: a load that keeps storage".to_owned(),
        )),
        ipl::SET => parameters(ipl::INVALID),
        ipl::STORE => parameters(ipl::NO_PARAMETERS),
        _ => Err(Refusal::Program(SPECIFICATION)),
    }
}
