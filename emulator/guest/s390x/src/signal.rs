//! SIGNAL PROCESSOR (Principles of Operation, chapter 4, "CPU Signaling and Response").
//!
//! An order is answered at once, from what every processor shows of itself, and obeyed before the next instruction of the
//! processor that gave it. So none is ever busy with an order.

use lockstep_core::What;
use lockstep_cpu::{Cx, Exit, PowerState, Request, Vcpu};

use crate::exceptions;
use crate::long::set_cc;
use crate::lowcore::{self, save};
use crate::platform::Halt;
use crate::system::privileged;
use crate::{Broadcast, Reset, S390x, Text, mmu, psw, reg, reset, timing};

type Helped = Result<u64, Exit<S390x>>;

/// What a processor does for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// An external call is pending.
    Call,
    /// An emergency signal is pending.
    Emergency,
    /// Leaves the stopped state.
    Start,
    /// Enters it.
    Stop,
    /// Leaves it through the restart interruption.
    Restart,
    /// Enters it, and stores its status.
    StopAndStore,
    /// Is reset.
    Reset(Reset),
    /// Has its prefix set.
    SetPrefix(u64),
    /// Stores its status at an absolute address.
    StoreStatus(u64),
    /// Stores its vector registers at an absolute address.
    StoreVectors(u64),
}

mod order {
    pub(super) const SENSE: u64 = 1;
    pub(super) const EXTERNAL_CALL: u64 = 2;
    pub(super) const EMERGENCY: u64 = 3;
    pub(super) const START: u64 = 4;
    pub(super) const STOP: u64 = 5;
    pub(super) const RESTART: u64 = 6;
    pub(super) const STOP_AND_STORE: u64 = 9;
    pub(super) const INITIAL_RESET: u64 = 11;
    pub(super) const RESET: u64 = 12;
    pub(super) const SET_PREFIX: u64 = 13;
    pub(super) const STORE_STATUS: u64 = 14;
    pub(super) const SET_ARCHITECTURE: u64 = 18;
    pub(super) const CONDITIONAL_EMERGENCY: u64 = 19;
    pub(super) const SENSE_RUNNING: u64 = 21;
    pub(super) const STORE_ADDITIONAL_STATUS: u64 = 23;
}

mod status {
    pub(super) const NOT_RUNNING: u64 = 0x400;
    pub(super) const INCORRECT_STATE: u64 = 0x200;
    pub(super) const INVALID_PARAMETER: u64 = 0x100;
    pub(super) const CALL_PENDING: u64 = 0x80;
    pub(super) const STOPPED: u64 = 0x40;
    pub(super) const INVALID_ORDER: u64 = 0x02;
}

/// Bits of what a processor shows: an external call is pending.
const SHOWN_CALL: u32 = 1;
/// Its PSW is a wait that nothing can interrupt.
const SHOWN_DISABLED_WAIT: u32 = 2;

/// What other processors see of this one.
pub(crate) fn shows(cpu: &Vcpu<S390x>) -> u32 {
    let enabled = psw::EXTERNAL | psw::IO | psw::MACHINE_CHECK;
    let waits = cpu.sys.mask & (psw::WAIT | enabled) == psw::WAIT;
    let call = if cpu.sys.external_call.is_some() { SHOWN_CALL } else { 0 };
    let wait = if waits && !cpu.sys.restart { SHOWN_DISABLED_WAIT } else { 0 };
    call | wait
}

/// Whether a processor that shows this is in a disabled wait.
pub(crate) const fn waits_for_ever(shown: u32) -> bool {
    shown & SHOWN_DISABLED_WAIT != 0
}

/// What an order comes to: to be obeyed, or its status; all zeros are condition code 0.
enum Answer {
    Obey(Signal),
    Status(u64),
}

/// SIGNAL PROCESSOR: the order in the second-operand address, the processor's address in the third register, a parameter in the
/// odd one of the first pair.
pub(crate) fn sigp(cx: &mut Cx<S390x>, [_, place, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let text = Text(text);
    let (r1, r3) = (usize::from(text.nibble(2)), usize::from(text.nibble(3)));
    let (to, parameter) = (cx.cpu.regs[r3] as u16, cx.cpu.regs[r1 | 1]);
    let Some(answer) = answer(cx, place & 0xff, to, parameter) else {
        set_cc(cx, 3);
        return Ok(0);
    };
    match answer {
        Answer::Status(0) => set_cc(cx, 0),
        Answer::Status(bits) => {
            cx.cpu.regs[r1] = cx.cpu.regs[r1] & !0xffff_ffff | bits;
            set_cc(cx, 1);
        }
        Answer::Obey(signal) => {
            set_cc(cx, 0);
            let from = cx.cpu.id.0;
            if to == from {
                obey_itself(cx, signal);
            } else {
                cx.ask(Request::Broadcast(Broadcast::Signal { to, from, signal }));
            }
        }
    }
    Ok(0)
}

/// The answer to an order; none if the processor is not there.
fn answer(cx: &Cx<S390x>, order: u64, to: u16, parameter: u64) -> Option<Answer> {
    use Answer::{Obey, Status};
    if order == order::SET_ARCHITECTURE {
        // z/Architecture is all there is, and it is active: there is nothing to change to.
        return Some(Status(status::INVALID_PARAMETER));
    }
    let stopped = *cx.powers.get(usize::from(to))? == PowerState::Off;
    let calls = if to == cx.cpu.id.0 { shows(&cx.cpu) } else { cx.shown[usize::from(to)] };
    let calls = if calls & SHOWN_CALL != 0 { status::CALL_PENDING } else { 0 };
    let when_stopped = |usable: bool, signal| match (stopped, usable) {
        (_, false) => Status(status::INVALID_PARAMETER),
        (false, _) => Status(status::INCORRECT_STATE),
        (true, true) => Obey(signal),
    };
    let there = |address| cx.mem.is_memory(address);
    Some(match order {
        order::SENSE => Status(calls | if stopped { status::STOPPED } else { 0 }),
        order::SENSE_RUNNING => Status(if stopped { status::NOT_RUNNING } else { 0 }),
        order::EXTERNAL_CALL if calls != 0 => Status(calls),
        order::EXTERNAL_CALL => Obey(Signal::Call),
        order::EMERGENCY | order::CONDITIONAL_EMERGENCY => Obey(Signal::Emergency),
        order::START => Obey(Signal::Start),
        order::STOP => Obey(Signal::Stop),
        order::RESTART => Obey(Signal::Restart),
        order::STOP_AND_STORE => Obey(Signal::StopAndStore),
        order::INITIAL_RESET => Obey(Signal::Reset(Reset::Initial)),
        order::RESET => Obey(Signal::Reset(Reset::Processor)),
        order::SET_PREFIX => {
            let prefix = parameter & 0x7fff_e000;
            when_stopped(there(prefix) && there(prefix + 0x1000), Signal::SetPrefix(prefix))
        }
        order::STORE_STATUS => {
            let area = parameter & 0x7fff_fe00;
            when_stopped(there(area), Signal::StoreStatus(area))
        }
        order::STORE_ADDITIONAL_STATUS => {
            let fits = parameter & 0x3ff == 0 && there(parameter);
            when_stopped(fits, Signal::StoreVectors(parameter))
        }
        _ => Status(status::INVALID_ORDER),
    })
}

/// What this processor told itself to do.
fn obey_itself(cx: &mut Cx<S390x>, signal: Signal) {
    match signal {
        Signal::Start => {}
        Signal::Call | Signal::Emergency | Signal::Restart => {
            obey(cx, cx.cpu.id.0, signal);
            exceptions::attend_if_interrupted(cx);
        }
        Signal::Stop => exceptions::halt(cx, Halt::Stopped),
        Signal::StopAndStore => {
            store_status(cx, save::FLOAT, cx.next_pc);
            exceptions::halt(cx, Halt::Stopped);
        }
        // It would have to be stopped, and is not.
        Signal::SetPrefix(_) | Signal::StoreStatus(_) | Signal::StoreVectors(_) => {}
        // The condition code is the PSW's, which CPU reset leaves alone.
        Signal::Reset(reset) => {
            reset::processor(cx, reset);
            if reset != Reset::Processor {
                cx.next_pc = cx.cpu.pc;
            }
            exceptions::halt(cx, Halt::Stopped);
        }
    }
}

/// What the processor that gave the order, or a part of it, left to this one.
pub(crate) fn obey(cx: &mut Cx<S390x>, from: u16, signal: Signal) {
    match signal {
        Signal::Call => cx.cpu.sys.external_call = Some(from),
        Signal::Emergency => cx.cpu.sys.emergency |= 1 << (from & 63),
        Signal::Start if cx.cpu.power == PowerState::Off => {
            cx.bp.witness(What::VcpuOn { entry: cx.cpu.pc });
            // A PSW that waits is found when it is fetched from.
            cx.cpu.power = PowerState::Running;
            cx.cpu.fetch = None;
        }
        Signal::Start => {}
        Signal::Stop => cx.cpu.power = PowerState::Off,
        Signal::Restart => {
            cx.cpu.sys.restart = true;
            if cx.cpu.power == PowerState::Off {
                cx.cpu.power = PowerState::Waiting;
            }
            cx.attend();
        }
        Signal::StopAndStore => {
            cx.cpu.power = PowerState::Off;
            store_status(cx, save::FLOAT, cx.cpu.pc);
        }
        Signal::Reset(reset) => reset::from_another(cx, reset),
        Signal::SetPrefix(prefix) => {
            cx.cpu.sys.prefix = prefix;
            mmu::purge(cx);
        }
        Signal::StoreStatus(area) => store_status(cx, area, cx.cpu.pc),
        Signal::StoreVectors(area) => store_vectors(cx, mmu::write_absolute, area),
    }
}

/// How storage is written: real or absolute.
type Write = fn(&mut Cx<S390x>, u64, &[u8]);

/// Stores the status of this processor, whose PSW address this is, in the 512 bytes at an absolute address (chapter 4,
/// "Store Status").
fn store_status(cx: &mut Cx<S390x>, area: u64, address: u64) {
    store_registers(cx, mmu::write_absolute, area.wrapping_sub(save::FLOAT));
    let origin = area.wrapping_sub(save::FLOAT);
    let psw = psw::bytes(psw::mask(&cx.cpu), address);
    let prefix = cx.cpu.sys.prefix as u32;
    mmu::write_absolute(cx, origin.wrapping_add(save::PSW), &psw);
    mmu::write_absolute(cx, origin.wrapping_add(save::PREFIX), &prefix.to_be_bytes());
    // Which architecture the area is of.
    mmu::write_absolute(cx, lowcore::ARCHITECTURE, &[1]);
}

/// Stores what STORE STATUS stores, but for PSW and prefix, at the addresses of the save areas plus `origin`.
pub(crate) fn store_registers(cx: &mut Cx<S390x>, write: Write, origin: u64) {
    let at = |place: u64| origin.wrapping_add(place);
    for number in 0..16usize {
        let place = 8 * number as u64;
        let float = (cx.cpu.vregs[number] >> 64) as u64;
        write(cx, at(save::FLOAT + place), &float.to_be_bytes());
        let general = cx.cpu.regs[number];
        write(cx, at(save::GENERAL + place), &general.to_be_bytes());
        let control = cx.cpu.sys.cr[number];
        write(cx, at(save::CONTROL + place), &control.to_be_bytes());
        let access = cx.cpu.regs[usize::from(reg::ACCESS) + number] as u32;
        write(cx, at(save::ACCESS + place / 2), &access.to_be_bytes());
    }
    let fpc = cx.cpu.sys.fpc.to_be_bytes();
    write(cx, at(save::FPC), &fpc);
    let programmable = cx.cpu.sys.tod_programmable.to_be_bytes();
    write(cx, at(save::TOD_PROGRAMMABLE), &programmable);
    let timer = timing::timer(cx).to_be_bytes();
    write(cx, at(save::TIMER), &timer);
    let comparator = (cx.cpu.sys.comparator >> 8).to_be_bytes();
    write(cx, at(save::COMPARATOR), &comparator);
}

/// Stores the vector registers.
pub(crate) fn store_vectors(cx: &mut Cx<S390x>, write: Write, area: u64) {
    for number in 0..32 {
        let value = cx.cpu.vregs[number].to_be_bytes();
        write(cx, area + 16 * number as u64, &value);
    }
}
