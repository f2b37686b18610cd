//! Supervisor calls, identification, and what other instructions of the supervisor share.

use lockstep_cpu::{Access, Cx, Emit, Exit, Request};

use crate::exceptions::{code, program};
use crate::io::on_board;
use crate::long::set_cc;
use crate::ops::*;
use crate::platform::{Diagnose, Diagnosed};
use crate::storage::{self, Span};
use crate::timing_ops::aligned;
use crate::{
    Exception, Insn, Program, S390x, Text, access_registers, facilities, lowcore, mmu, psw, reg,
};

type Helped = Result<u64, Exit<S390x>>;

/// An operation code that there is not.
pub(crate) fn operation<E: Emit<S390x>>(e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    e.raise(Exception::Program(Program::new(code::OPERATION)))
}

/// SUPERVISOR CALL.
pub(crate) fn svc<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    e.raise(Exception::Supervisor(i.imm as u8))
}

/// Refuses the problem state.
pub(crate) fn privileged(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    if cx.cpu.sys.mask & psw::PROBLEM != 0 { Err(program(code::PRIVILEGED)) } else { Ok(()) }
}

/// Refuses an access key that the PSW-key mask keeps the problem state from.
pub(crate) fn check_key(cx: &Cx<S390x>, key: u8) -> Result<(), Exit<S390x>> {
    let allowed = cx.cpu.sys.cr[3] >> (31 - u32::from(key & 15)) & 1 != 0;
    if cx.cpu.sys.mask & psw::PROBLEM != 0 && !allowed {
        return Err(program(code::PRIVILEGED));
    }
    Ok(())
}

/// Translates an operand whose address is in a register, accessed by another key.
pub(crate) fn span_with_key(
    cx: &mut Cx<S390x>,
    (register, address): (u8, u64),
    len: u32,
    access: Access,
    key: u8,
) -> Result<Span, Exit<S390x>> {
    access_registers::operand(cx, register);
    let space = crate::sys::Space { key, ..mmu::data_space(cx)? };
    storage::within(cx, space, |cx| storage::span(cx, address, len, access))
}

/// LOAD ADDRESS EXTENDED: the access register tells which space the address is of.
pub(crate) fn load_address_extended<E: Emit<S390x>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let place = address(e, i);
    let arguments = [e.imm(i.raw), e.imm(0), e.imm(0)];
    let access = e.call(space_number, arguments)?;
    put_address(e, i.r1, place);
    e.put(reg::ACCESS + i.r1, access);
    Ok(())
}

fn space_number(cx: &mut Cx<S390x>, [text, ..]: [u64; 3]) -> Helped {
    let base = Text(text).nibble(4);
    Ok(match cx.cpu.sys.mask >> psw::SPACE_SHIFT & 3 {
        1 if base == 0 => 0,
        1 => cx.cpu.regs[usize::from(reg::ACCESS + base)],
        2 => 1,
        3 => 2,
        _ => 0,
    })
}

/// MONITOR CALL: interrupts if the class is one that CR8 asks for.
pub(crate) fn monitor_call(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let class = Text(text).byte(1);
    if class > 15 {
        return Err(program(code::SPECIFICATION));
    }
    if cx.cpu.sys.cr[8] >> (15 - class) & 1 != 0 {
        let event = Program { detail: class.into(), monitor: place, ..Program::new(code::MONITOR) };
        return Err(Exit::Exception(Exception::Program(event)));
    }
    Ok(0)
}

/// INSERT PROGRAM MASK.
pub(crate) fn insert_program_mask(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let bits = psw::mask(&cx.cpu) >> psw::PROGRAM_MASK_SHIFT & 0x3f;
    let register = &mut cx.cpu.regs[usize::from(Text(text).nibble(6))];
    *register = *register & !0xff00_0000 | bits << 24;
    Ok(0)
}

/// SET PROGRAM MASK.
pub(crate) fn set_program_mask(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    let value = cx.cpu.regs[usize::from(Text(text).nibble(2))];
    let mask = (value >> 24 & 0xf) << psw::PROGRAM_MASK_SHIFT;
    cx.cpu.sys.mask = cx.cpu.sys.mask & !psw::PROGRAM_MASK | mask;
    set_cc(cx, value >> 28 & 3);
    psw::derive(&mut cx.cpu);
    Ok(0)
}

/// STORE FACILITY LIST EXTENDED: general register 0 says how many doublewords there are for it.
pub(crate) fn stfle(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    aligned(place, 8)?;
    let list = facilities::list();
    let needed = list.iter().rposition(|word| *word != 0).map_or(1, |last| last + 1);
    let room = (cx.cpu.regs[0] & 0xff) as usize + 1;
    let bytes: Vec<u8> =
        list.iter().take(needed.min(room)).flat_map(|word| word.to_be_bytes()).collect();
    storage::store(cx, place, &bytes)?;
    set_cc(cx, if room >= needed { 0 } else { 3 });
    cx.cpu.regs[0] = cx.cpu.regs[0] & !0xff | (needed as u64 - 1);
    Ok(0)
}

/// STORE FACILITY LIST.
pub(crate) fn stfl(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    let word = (facilities::list()[0] >> 32) as u32;
    mmu::write_real(cx, lowcore::FACILITY_LIST, &word.to_be_bytes());
    Ok(0)
}

/// EXTRACT CPU ATTRIBUTE: caches of one level, 256-byte lines.
pub(crate) fn ecag(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    let (attribute, level) = (place >> 4 & 0xf, place >> 1 & 7);
    let r1 = usize::from(Text(text).nibble(2));
    cx.cpu.regs[r1] = match (attribute, level) {
        // Level 0 has caches of its own for data and instructions; there are no others.
        (0, _) => 0x04 << 56,
        (1, 0) => 256,
        (2, 0) => 128 << 10,
        (3, 0) => 8,
        _ => u64::MAX,
    };
    Ok(0)
}

/// The machine type that programs see: a z14.
const MACHINE_TYPE: u16 = 0x3906;

/// STORE CPU ID: no version, the processor's address, type.
pub(crate) fn stidp(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let value = u64::from(cx.cpu.id.0) << 32 | u64::from(MACHINE_TYPE) << 16;
    storage::store(cx, place, &value.to_be_bytes())?;
    Ok(0)
}

/// STORE CPU ADDRESS.
pub(crate) fn stap(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 2)?;
    let address = cx.cpu.id.0.to_be_bytes();
    storage::store(cx, place, &address)?;
    Ok(0)
}

/// EBCDIC for the characters of names and numbers.
fn ebcdic(text: &str, len: usize) -> Vec<u8> {
    let of = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0' + 0xf0,
        b'A'..=b'I' => byte - b'A' + 0xc1,
        b'J'..=b'R' => byte - b'J' + 0xd1,
        b'S'..=b'Z' => byte - b'S' + 0xe2,
        _ => 0x40,
    };
    text.bytes().map(of).chain(std::iter::repeat(0x40)).take(len).collect()
}

/// STORE SYSTEM INFORMATION: a machine (level 1) that is a partition (level 2).
pub(crate) fn stsi(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let (function, first, second) =
        (cx.cpu.regs[0] >> 28 & 0xf, cx.cpu.regs[0] & 0xff, cx.cpu.regs[1] & 0xffff);
    if function > 0 && (cx.cpu.regs[0] & 0x0fff_ff00 != 0 || cx.cpu.regs[1] & 0xffff_0000 != 0) {
        return Err(program(code::SPECIFICATION));
    }
    if function == 0 {
        let level = 2 << 28;
        cx.cpu.regs[0] = cx.cpu.regs[0] & !0xffff_ffff | level;
        set_cc(cx, 0);
        return Ok(0);
    }
    aligned(place, 4096)?;
    let processors = cx.platform.processors();
    let Some(block) = system_information(function, first, second, cx.cpu.id.0, processors) else {
        set_cc(cx, 3);
        return Ok(0);
    };
    storage::store(cx, place, &block)?;
    set_cc(cx, 0);
    Ok(0)
}

fn system_information(
    function: u64,
    first: u64,
    second: u64,
    address: u16,
    processors: u16,
) -> Option<[u8; 4096]> {
    let mut block = [0; 4096];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    let count = processors.to_be_bytes();
    match (function, first, second) {
        (1, 1, 1) => {
            put(32, &ebcdic("LOCKSTEP", 16));
            put(48, &ebcdic("3906", 4));
            put(64, &ebcdic("400", 16));
            put(80, &ebcdic("0", 16));
            put(96, &ebcdic("", 4));
        }
        (1, 2, 1) => {
            put(80, &ebcdic("0", 16));
            put(98, &address.to_be_bytes());
        }
        (1, 2, 2) => {
            put(32, &[0, 0, 0, 1]);
            put(36, &count);
            put(38, &count);
        }
        (2, 2, 1) => {
            put(80, &ebcdic("0", 16));
            put(98, &address.to_be_bytes());
        }
        (2, 2, 2) => {
            // One partition, of dedicated processors.
            put(32, &[0, 1, 0, 0x80]);
            put(36, &count);
            put(38, &count);
            put(44, &ebcdic("LOCKSTEP", 8));
            put(52, &1000u32.to_be_bytes());
        }
        _ => return None,
    }
    Some(block)
}

/// PERFORM TOPOLOGY FUNCTION: the facility is absent.
pub(crate) fn ptf(_cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    Err(program(code::OPERATION))
}

/// DIAGNOSE: functions 0x44 and 0x9c yield to other processors, which happens by itself; 0x288 is the watchdog; the rest is
/// the board's.
pub(crate) fn diagnose(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let text = Text(text);
    let (function, r1, r3) = (place as u16, text.nibble(2), text.nibble(3));
    match function {
        0x44 | 0x9c => return Ok(0),
        0x288 => return crate::watchdog::diagnose(cx, r1, r3),
        _ => {}
    }
    let mut regs = [0; 16];
    regs.copy_from_slice(&cx.cpu.regs[..16]);
    let call = Diagnose { function, r1, r3, regs: &mut regs };
    let done = on_board(cx, |board, devices| board.diagnose(devices, call))?;
    cx.cpu.regs[..16].copy_from_slice(&regs);
    match done {
        Diagnosed::Done => {}
        Diagnosed::ConditionCode(code) => set_cc(cx, code.into()),
        Diagnosed::Stop(reason) => cx.ask(Request::Stop(reason)),
        Diagnosed::Reset => cx.ask(Request::Reset),
        Diagnosed::LoadNormal { clear } => crate::reset::load_normal(cx, clear),
    }
    Ok(0)
}
