//! Program-event recording (Principles of Operation, chapter 4): how kernels step through programs and watch their storage.
//!
//! An event is found while its instruction runs and interrupts when that has completed, before anything else; until then it
//! is in [`crate::Sys::per`], because the machine may stop in between. Looking at every instruction is slow, so it is done only while
//! [`Vcpu::careful`] says that the PSW and control register 9 ask for it. A successful branch to the next sequential instruction is
//! told as the fetching of an instruction alone.

use lockstep_cpu::{Access, Cx, Exit, Step, Vcpu};
use serde::{Deserialize, Serialize};

use crate::exceptions::code;
use crate::sys::{Space, SpaceKind};
use crate::{Exception, Program, S390x, Text, access_registers, decode, mmu, psw, reg, trace};

/// Bits of control register 9. The events are those of the PER code, 24 bits higher.
mod control {
    pub(super) const BRANCH: u64 = 1 << 31;
    pub(super) const FETCH: u64 = 1 << 30;
    pub(super) const STORE: u64 = 1 << 29;
    pub(super) const STORE_REAL: u64 = 1 << 27;
    /// An instruction whose fetching is an event is not executed.
    pub(super) const NULLIFICATION: u64 = 1 << 24;
    /// Branches count only into the area.
    pub(super) const BRANCH_ADDRESS: u64 = 1 << 23;
    /// Stores count only in address spaces that are marked.
    pub(super) const SPACE: u64 = 1 << 21;
    pub(super) const EVENTS: u64 = BRANCH | FETCH | STORE | STORE_REAL;
    pub(super) const TO_CODE: u32 = 24;
}

/// The storage-alteration-event bit of an address-space-control element.
const SPACE_MARKED: u64 = 1 << 7;

/// An event that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerEvent {
    /// What happened, as real location 150 has it.
    pub code: u8,
    /// The addressing-and-translation mode of the instruction, as real location 151 has it.
    pub mode: u8,
    /// The instruction's length in bytes.
    pub length: u8,
    /// Its address.
    pub address: u64,
    /// The access register by which it stored, as real location 161 has it.
    pub access_register: u8,
}

type Cpu = Vcpu<S390x>;

/// Recomputes what the engines look at; part of [`psw::derive`].
pub(crate) fn derive(cpu: &mut Cpu) {
    let asked = if cpu.sys.mask & psw::PER != 0 { cpu.sys.cr[9] & control::EVENTS } else { 0 };
    let traced = trace::watches_instructions(cpu.sys.cr[12]);
    cpu.careful =
        asked != 0 || traced || cpu.sys.per.is_some() || psw::chooses_spaces(cpu.sys.mask);
    cpu.watched = asked & control::STORE != 0;
}

/// Whether an address is in the area of control registers 10 and 11, which may go around the end.
fn in_area(cpu: &Cpu, address: u64) -> bool {
    let (start, end) = (cpu.sys.cr[10], cpu.sys.cr[11]);
    if start <= end { (start..=end).contains(&address) } else { address >= start || address <= end }
}

/// The mode in which an instruction runs.
fn mode(mask: u64) -> u8 {
    let bit = |is: u64, place: u32| u8::from(mask & is != 0) << (7 - place);
    let spaces = (mask >> psw::SPACE_SHIFT) as u8 & 3;
    // Bit 1 says that the others mean something.
    bit(psw::EA, 0) | 1 << 6 | bit(psw::BA, 2) | bit(psw::DAT, 3) | spaces << 2
}

/// Adds to the events of the executing instruction.
fn note(cx: &mut Cx<S390x>, event: u64) {
    let code = (event >> control::TO_CODE) as u8;
    let length = crate::exceptions::length_at_pc(cx);
    let (mode, address) = (mode(cx.cpu.sys.mask), cx.cpu.pc);
    let new = PerEvent { code: 0, mode, length, address, access_register: 0 };
    let old = cx.cpu.sys.per.unwrap_or(new);
    // Of the last store that is an event.
    let access_register = match event {
        control::STORE => access_register(cx),
        _ => old.access_register,
    };
    cx.cpu.sys.per = Some(PerEvent { code: old.code | code, access_register, ..old });
}

/// A store that is about to be made: to `len` bytes of the space that data accesses go to.
#[cold]
pub(crate) fn note_store(cx: &mut Cx<S390x>, address: u64, len: u64, access: Access) {
    let cpu = &cx.cpu;
    let touched = (0..len).any(|byte| in_area(cpu, address.wrapping_add(byte)));
    if !access.writes() || !touched {
        return;
    }
    let Space { designation, kind, .. } = mmu::space_of(cx, Access::Write);
    let only_marked = cx.cpu.sys.cr[9] & control::SPACE != 0 && kind != SpaceKind::Real;
    if !only_marked || designation & SPACE_MARKED != 0 {
        note(cx, control::STORE);
    }
}

/// STORE USING REAL ADDRESS has stored, wherever.
pub(crate) fn note_real_store(cx: &mut Cx<S390x>) {
    if cx.cpu.sys.mask & psw::PER != 0 && cx.cpu.sys.cr[9] & control::STORE_REAL != 0 {
        note(cx, control::STORE_REAL);
    }
}

/// The access register that names the space of the operand, if one does.
fn access_register(cx: &Cx<S390x>) -> u8 {
    let is_named = mmu::space_of(cx, Access::Write).kind.is_named();
    if is_named { cx.cpu.regs[usize::from(reg::OPERAND)].saturating_sub(1) as u8 } else { 0 }
}

/// Whether the executing instruction, which may branch, will be an event when it has completed.
pub(crate) fn foretells(cx: &Cx<S390x>, target: Option<u64>) -> bool {
    let cpu = &cx.cpu;
    let controls = if cpu.sys.mask & psw::PER != 0 { cpu.sys.cr[9] } else { 0 };
    let fetched = controls & control::FETCH != 0 && in_area(cpu, cpu.pc);
    let counts = |target: u64| controls & control::BRANCH_ADDRESS == 0 || in_area(cpu, target);
    let branched = controls & control::BRANCH != 0 && target.is_some_and(counts);
    cpu.sys.per.is_some() || fetched || branched
}

/// The target of an EXECUTE is fetched as well.
pub(crate) fn note_target(cx: &mut Cx<S390x>, target: u64) {
    let wanted = cx.cpu.sys.mask & psw::PER != 0 && cx.cpu.sys.cr[9] & control::FETCH != 0;
    if wanted && in_area(&cx.cpu, target) {
        note(cx, control::FETCH);
    }
}

/// Whether an instruction, by its first two bytes, is a branch, or may execute one.
const fn branches(first: u8, second: u8) -> bool {
    match first {
        0x01 => matches!(second, 0x01 | 0xff),
        0x05..=0x07 | 0x0b..=0x0d | 0x44..=0x47 | 0x4d | 0x84..=0x87 => true,
        0xa7 => matches!(second & 0xf, 4..=7),
        0xc0 => matches!(second & 0xf, 4 | 5),
        0xc6 => second & 0xf == 0,
        0xcc => second & 0xf == 6,
        0xb2 => matches!(second, 0x18 | 0x28 | 0x40 | 0x58 | 0x5a | 0x77 | 0xff),
        0xb9 => matches!(second, 0x46 | 0x9e),
        0xe3 | 0xeb | 0xec => true,
        _ => false,
    }
}

/// The interruption for an event alone.
fn interruption(event: PerEvent) -> Exit<S390x> {
    Exit::Exception(Exception::Program(Program {
        per: Some(event),
        length: Some(event.length),
        nullifies: true,
        ..Program::new(code::PER)
    }))
}

/// Puts an event together with a program interruption of the same instruction. One that nullifies has not executed it; a space switch
/// has, though its old PSW is complete.
fn with_event(program: Program, event: Option<PerEvent>) -> Program {
    match event {
        Some(_)
            if program.code == code::SPACE_SWITCH || !program.nullifies && program.code != 0 =>
        {
            Program { per: event, code: program.code | code::PER, ..program }
        }
        _ => program,
    }
}

/// What an instruction at `pc` was, and from where it ran.
#[derive(Clone, Copy)]
struct Ran {
    pc: u64,
    bytes: [u8; 2],
    event: PerEvent,
    /// Whether its fetching is an event.
    fetched: bool,
    controls: u64,
}

impl Ran {
    /// All events of an instruction that has completed, with those of its stores.
    fn events(&self, cpu: &Cpu) -> Option<PerEvent> {
        let (pc, next) = (self.pc, cpu.pc);
        let is_branch = branches(self.bytes[0], self.bytes[1]);
        let follows = next == pc.wrapping_add(self.event.length.into());
        let branched = is_branch && !follows;
        let wanted = self.controls & control::BRANCH_ADDRESS == 0 || in_area(cpu, next);
        // An interruptible instruction that goes on has not been fetched anew.
        let fetched = self.fetched && (next != pc || is_branch);
        let mut events = cpu.sys.per.map_or(0, |event| u64::from(event.code)) << control::TO_CODE;
        events |= if fetched { control::FETCH } else { 0 };
        events |= if branched && wanted { control::BRANCH } else { 0 };
        let code = ((events & self.controls) >> control::TO_CODE) as u8;
        let access_register = cpu.sys.per.map_or(0, |event| event.access_register);
        (code != 0).then_some(PerEvent { code, access_register, ..self.event })
    }
}

/// Runs an instruction, unless the event of the one before interrupts first.
pub(crate) fn run_carefully(
    cx: &mut Cx<S390x>,
    run: &mut Step<'_, S390x>,
) -> Result<(), Exit<S390x>> {
    if let Some(event) = cx.cpu.sys.per.take() {
        cx.left -= 1;
        return Err(interruption(event));
    }
    let frame = cx.fetch_frame()?;
    let (pc, mask) = (cx.cpu.pc, cx.cpu.sys.mask);
    let controls = if mask & psw::PER != 0 { cx.cpu.sys.cr[9] } else { 0 };
    let bytes = cx.mem.read::<2>(frame << 12 | pc & 0xfff).unwrap_or_default();
    let length = decode::length(bytes[0]) as u8;
    let event = PerEvent { code: 0, mode: mode(mask), length, address: pc, access_register: 0 };
    let fetched = controls & control::FETCH != 0 && in_area(&cx.cpu, pc);
    if fetched && controls & control::NULLIFICATION != 0 {
        cx.left -= 1;
        let code = ((control::FETCH | control::NULLIFICATION) >> control::TO_CODE) as u8;
        return Err(interruption(PerEvent { code, ..event }));
    }
    let ran = Ran { pc, bytes, event, fetched, controls };
    let text = Text(u64::from_be_bytes([bytes[0], bytes[1], 0, 0, 0, 0, 0, 0]));
    let traced = match trace::prepare_ordinary(cx, text, length.into()) {
        Ok(traced) => traced,
        Err(exit) => {
            cx.left -= 1;
            return Err(exit);
        }
    };
    let chooses = psw::chooses_spaces(mask);
    if chooses {
        let text = access_registers::text_at_pc(cx, frame);
        access_registers::begin(cx, text);
    }
    let result = run(cx);
    if result.is_ok() {
        trace::store(cx, traced);
    }
    if chooses {
        access_registers::end(cx);
    }
    let events = match &result {
        Ok(()) => ran.events(&cx.cpu),
        Err(Exit::Exception(Exception::Program(Program { code: code::SPACE_SWITCH, .. }))) => {
            ran.events(&cx.cpu)
        }
        // What has not completed has not branched; its fetching and its stores count.
        Err(_) => {
            let (stored, access_register) =
                cx.cpu.sys.per.map_or((0, 0), |event| (event.code, event.access_register));
            let fetched = if fetched { (control::FETCH >> control::TO_CODE) as u8 } else { 0 };
            let code = stored | fetched;
            (code != 0).then_some(PerEvent { code, access_register, ..event })
        }
    };
    cx.cpu.sys.per = None;
    derive(&mut cx.cpu);
    match result {
        Err(Exit::Exception(Exception::Program(program))) => {
            Err(Exit::Exception(Exception::Program(with_event(program, events))))
        }
        // A supervisor call is taken first; its event interrupts what it calls.
        result => {
            if events.is_some() {
                cx.cpu.sys.per = events;
                cx.cpu.careful = true;
                // A wait begins when the event has been handled.
                cx.cpu.power = lockstep_cpu::PowerState::Running;
                cx.look_up();
            }
            result
        }
    }
}
