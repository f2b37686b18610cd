//! I/O instructions: the processor's half. Privilege, operands, and blocks in storage; the rest is the board's.

use lockstep_core::StopReason;
use lockstep_cpu::{Access, Cx, Exit};
use lockstep_memory::DeviceCx;

use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::mmu;
use crate::platform::{Outcome, Refusal};
use crate::storage::{self, span};
use crate::system::privileged;
use crate::timing_ops::aligned;
use crate::{S390x, S390xPlatform, Text, access_registers, lowcore};

type Helped = Result<u64, Exit<S390x>>;

/// What ends the instruction when the board refuses.
pub(crate) fn refused(cx: &Cx<S390x>, refusal: Refusal) -> Exit<S390x> {
    match refusal {
        Refusal::Program(code) => program(code),
        Refusal::Unimplemented(report) => {
            let report = format!("{report} (pc {:#x})", cx.cpu.pc);
            Exit::Stop(Box::new(StopReason::Unimplemented(report)))
        }
    }
}

/// Does something on the board. Interruption lines may have changed, so the run loop looks.
pub(crate) fn on_board<T>(
    cx: &mut Cx<S390x>,
    act: impl FnOnce(&mut dyn S390xPlatform, &mut DeviceCx<'_>) -> Result<T, Refusal>,
) -> Result<T, Exit<S390x>> {
    let (platform, mut devices) = cx.devices();
    let result = act(platform, &mut devices);
    cx.attend();
    storage::notice_code(cx);
    result.map_err(|refusal| refused(cx, refusal))
}

/// The condition code of what the board did.
fn coded(
    cx: &mut Cx<S390x>,
    act: impl FnOnce(&mut dyn S390xPlatform, &mut DeviceCx<'_>) -> Outcome,
) -> Result<u8, Exit<S390x>> {
    let code = on_board(cx, act)?;
    set_cc(cx, code.into());
    Ok(code)
}

/// The subsystem-identification word in general register 1, whose bit 47 is one and those before it zero.
fn subchannel(cx: &Cx<S390x>) -> Result<u32, Exit<S390x>> {
    privileged(cx)?;
    let word = cx.cpu.regs[1] as u32;
    if word & 0x0001_0000 == 0 || word & 0xfff8_0000 != 0 {
        return Err(program(code::OPERAND));
    }
    Ok(word)
}

/// A word-aligned block in storage.
fn block<const N: usize>(cx: &mut Cx<S390x>, place: u64) -> Result<[u8; N], Exit<S390x>> {
    aligned(place, 4)?;
    let mut bytes = [0; N];
    storage::fetch(cx, place, &mut bytes)?;
    Ok(bytes)
}

macro_rules! by_subchannel {
    ($($(#[$doc:meta])* $name:ident = $act:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
                let word = subchannel(cx)?;
                coded(cx, |board, devices| board.$act(devices, word))?;
                Ok(0)
            }
        )*
    };
}

by_subchannel! {
    /// CLEAR SUBCHANNEL.
    csch = clear_subchannel;
    /// HALT SUBCHANNEL.
    hsch = halt_subchannel;
    /// RESUME SUBCHANNEL.
    rsch = resume_subchannel;
    /// CANCEL SUBCHANNEL.
    xsch = cancel_subchannel;
}

/// START SUBCHANNEL.
pub(crate) fn ssch(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let orb = block::<32>(cx, place)?;
    let word = subchannel(cx)?;
    coded(cx, |board, devices| board.start_subchannel(devices, word, &orb))?;
    Ok(0)
}

/// MODIFY SUBCHANNEL.
pub(crate) fn msch(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let schib = block::<52>(cx, place)?;
    let word = subchannel(cx)?;
    coded(cx, |board, devices| board.modify_subchannel(devices, word, &schib))?;
    Ok(0)
}

/// STORE SUBCHANNEL.
pub(crate) fn stsch(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let target = span(cx, place, 52, Access::Write)?;
    let word = subchannel(cx)?;
    let mut schib = [0; 52];
    if coded(cx, |board, devices| board.store_subchannel(devices, word, &mut schib))? == 0 {
        target.write(cx, &schib);
    }
    Ok(0)
}

/// TEST SUBCHANNEL. The extended-measurement word is not stored.
pub(crate) fn tsch(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let target = span(cx, place, 64, Access::Write)?;
    let word = subchannel(cx)?;
    let mut irb = [0; 96];
    if coded(cx, |board, devices| board.test_subchannel(devices, word, &mut irb))? != 3 {
        target.write(cx, &irb[..64]);
    }
    Ok(0)
}

/// TEST PENDING INTERRUPTION: with the address zero, the interruption code goes where interruptions store it.
pub(crate) fn tpi(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let to_operand = place != 0;
    if to_operand {
        span(cx, place, 8, Access::Write)?;
    }
    let subclasses = (cx.cpu.sys.cr[6] >> 24) as u8;
    let taken = on_board(cx, |board, devices| Ok(board.take_io(devices, subclasses)))?;
    let Some(io) = taken else {
        set_cc(cx, 0);
        return Ok(0);
    };
    let words = [io.subchannel.to_be_bytes(), io.parameter.to_be_bytes()].concat();
    if to_operand {
        storage::store(cx, place, &words)?;
    } else {
        mmu::write_real(cx, lowcore::SUBCHANNEL, &words);
        mmu::write_real(cx, lowcore::IO_IDENTIFICATION, &io.identification.to_be_bytes());
    }
    set_cc(cx, 1);
    Ok(0)
}

/// SET ADDRESS LIMIT.
pub(crate) fn sal(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    let limit = cx.cpu.regs[1];
    if limit & 0xffff != 0 || limit & 0x8000_0000 != 0 {
        return Err(program(code::OPERAND));
    }
    on_board(cx, |board, devices| board.set_address_limit(devices, limit))?;
    Ok(0)
}

/// STORE CHANNEL REPORT WORD.
pub(crate) fn stcrw(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 4)?;
    let target = span(cx, place, 4, Access::Write)?;
    let (code, word) = on_board(cx, |board, devices| Ok(board.store_channel_report(devices)))?;
    target.write(cx, &word.to_be_bytes());
    set_cc(cx, code.into());
    Ok(0)
}

/// STORE CHANNEL PATH STATUS: no path is in use at the moment of asking.
pub(crate) fn stcps(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 32)?;
    storage::store(cx, place, &[0; 32])?;
    Ok(0)
}

/// RESET CHANNEL PATH.
pub(crate) fn rchp(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    let path = cx.cpu.regs[1] as u32;
    if path & 0xff00_ff00 != 0 {
        return Err(program(code::OPERAND));
    }
    coded(cx, |board, devices| board.reset_channel_path(devices, path as u8))?;
    Ok(0)
}

/// SET CHANNEL MONITOR.
pub(crate) fn schm(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (mode, origin) = (cx.cpu.regs[1], cx.cpu.regs[2]);
    if mode & 0x0fff_fffc != 0 || (mode & 2 != 0 && origin & 0x1f != 0) {
        return Err(program(code::OPERAND));
    }
    on_board(cx, |board, devices| board.set_channel_monitor(devices, mode, origin))?;
    Ok(0)
}

/// CHANNEL SUBSYSTEM CALL: a page, whose first halfword is the length of the command.
pub(crate) fn chsc(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let r1 = Text(text).nibble(6);
    let place = storage::address_in(cx, r1);
    access_registers::operand(cx, r1);
    aligned(place, 4096)?;
    let mut page = [0; 4096];
    storage::fetch(cx, place, &mut page)?;
    let target = span(cx, place, 4096, Access::Write)?;
    let len = u16::from_be_bytes([page[0], page[1]]);
    if !(16..=4088).contains(&len) || len & 7 != 0 {
        return Err(program(code::OPERAND));
    }
    let code = coded(cx, |board, devices| board.channel_subsystem_call(devices, &mut page))?;
    if code != 3 {
        // The response follows the command.
        let response = usize::from(len);
        let answered = u16::from_be_bytes([page[response], page[response + 1]]);
        let end = (response + usize::from(answered)).min(4096);
        target.write_at(cx, response as u32, &page[response..end]);
    }
    Ok(0)
}

/// SERVICE CALL: the first register has the command word, the second the absolute address of its block.
pub(crate) fn servc(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (r1, r2) = (Text(text).nibble(6), Text(text).nibble(7));
    let command = cx.cpu.regs[usize::from(r1)] as u32;
    let block = cx.cpu.regs[usize::from(r2)];
    let real = block & 0x7fff_ffff;
    if real & 7 != 0 || block >> 31 & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let prefix = cx.cpu.sys.prefix;
    if real & !0x1fff == 0 || real & !0x1fff == prefix {
        return Err(program(code::SPECIFICATION));
    }
    if !cx.mem.is_memory(real) {
        return Err(program(code::ADDRESSING));
    }
    coded(cx, |board, devices| board.service_call(devices, command, real))?;
    Ok(0)
}
