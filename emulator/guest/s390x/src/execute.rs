//! EXECUTE: running one instruction from elsewhere.
//!
//! The last byte of the first register, unless that is register 0, is added by OR to the second byte of the target. The
//! instruction address stays that of the EXECUTE, whose length counts; relative operands count from the target.

use lockstep_cpu::{Access, Cx, Emit, Exit, Meaning};

use crate::decode::{self, Format};
use crate::exceptions::{code, program};
use crate::ops::*;
use crate::{Insn, S390x, Text, access_registers, psw, table, trace};

type Done<E> = Result<(), <E as Emit<S390x>>::Exit>;

/// EXECUTE.
pub(crate) fn execute(cx: &mut Cx<S390x>, [_, target, text]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    run(cx, target, text)
}

/// EXECUTE RELATIVE LONG.
pub(crate) fn execute_relative<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Done<E> {
    let target = relative(e, i.imm * 2);
    let (target, text) = (cut_address(e, target), e.imm(i.raw | u64::from(i.len)));
    e.call(relative_target, [target, text, text])?;
    Ok(())
}

fn relative_target(cx: &mut Cx<S390x>, [target, text, _]: [u64; 3]) -> Result<u64, Exit<S390x>> {
    run(cx, target, text)
}

/// Halfwords of the target.
fn fetch(
    cx: &mut Cx<S390x>,
    address: u64,
    len: usize,
    into: &mut [u8; 8],
) -> Result<(), Exit<S390x>> {
    for place in (0..len).step_by(2) {
        let at = crate::storage::wrap(cx, address.wrapping_add(place as u64));
        let physical = cx.translate(at, Access::Execute, false)?.address;
        let Some(half) = cx.mem.read::<2>(physical) else {
            return Err(program(code::ADDRESSING));
        };
        into[place..place + 2].copy_from_slice(&half);
    }
    Ok(())
}

fn run(cx: &mut Cx<S390x>, target: u64, text: u64) -> Result<u64, Exit<S390x>> {
    let (len, text) = (text as u8, Text(text));
    if target & 1 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    let mut bytes = [0; 8];
    let fetched = fetch_target(cx, target, &mut bytes);
    fetched.map_err(|exit| as_execute(exit, len))?;
    if text.nibble(2) != 0 {
        bytes[1] |= cx.cpu.regs[usize::from(text.nibble(2))] as u8;
    }
    if matches!(bytes[0], 0x44) || (bytes[0] == 0xc6 && bytes[1] & 0xf == 0) {
        return Err(program(code::EXECUTE));
    }
    crate::per::note_target(cx, target);
    if psw::chooses_spaces(cx.cpu.sys.mask) {
        access_registers::begin(cx, Text(u64::from_be_bytes(bytes)));
    }
    let count = decode::length(bytes[0]);
    let decoded = decode::decode(&bytes[..count]);
    let mut insn = Insn { len, ..decoded.insn };
    move_origin(&mut insn, decoded.row, target.wrapping_sub(cx.cpu.pc) as i64);
    let meaning: Meaning<Cx<S390x>, Insn, Exit<S390x>> = table::meaning(decoded.row);
    let traced = trace::prepare_ordinary(cx, Text(u64::from_be_bytes(bytes)), len.into())?;
    meaning(cx, &insn)?;
    trace::store(cx, traced);
    // Whatever it was, the next instruction may be fetched under other rules.
    cx.look_up();
    Ok(0)
}

fn fetch_target(cx: &mut Cx<S390x>, target: u64, bytes: &mut [u8; 8]) -> Result<(), Exit<S390x>> {
    fetch(cx, target, 2, bytes)?;
    fetch(cx, target, decode::length(bytes[0]), bytes)
}

/// A fetch that fails belongs to the EXECUTE, whose length is known.
fn as_execute(exit: Exit<S390x>, len: u8) -> Exit<S390x> {
    match exit {
        Exit::Exception(crate::Exception::Program(program)) => {
            Exit::Exception(crate::Exception::Program(crate::Program {
                length: Some(len),
                ..program
            }))
        }
        other => other,
    }
}

/// Makes relative operands, which count from the target, count from the EXECUTE.
fn move_origin(insn: &mut Insn, row: u16, distance: i64) {
    let Some(row) = table::rows().get(usize::from(row)) else { return };
    if !row.operands.contains('j') {
        return;
    }
    match row.format {
        Format::RIE_B | Format::RIE_C => insn.d2 = insn.d2.wrapping_add(distance as i32),
        Format::RIE_E | Format::RSI => insn.imm = insn.imm.wrapping_add(distance),
        _ => insn.imm = insn.imm.wrapping_add(distance / 2),
    }
}

/// Where the executing instruction itself is: the target, when it is that of an EXECUTE at the pc. To be asked before registers change.
pub(crate) fn place_of_instruction(cx: &mut Cx<S390x>) -> u64 {
    let pc = cx.cpu.pc;
    let Some(fetch) = cx.cpu.fetch else { return pc };
    let text = access_registers::text_at_pc(cx, fetch.frame);
    let register = |number: u8| match number {
        0 => 0,
        number => cx.cpu.regs[usize::from(number)],
    };
    let target = match text.byte(0) {
        0x44 => {
            let displacement = text.0 >> 32 & 0xfff;
            let sum = register(text.nibble(3)).wrapping_add(register(text.nibble(4)));
            sum.wrapping_add(displacement)
        }
        0xc6 if text.nibble(3) == 0 => {
            let halfwords = (text.0 >> 16) as i32;
            pc.wrapping_add_signed(i64::from(halfwords) * 2)
        }
        _ => pc,
    };
    crate::storage::wrap(cx, target)
}
