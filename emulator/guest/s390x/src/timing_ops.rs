//! Instructions of the clocks.

use lockstep_cpu::{Cx, Exit};

use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::system::privileged;
use crate::{Broadcast, S390x, Text, storage, timing};

type Helped = Result<u64, Exit<S390x>>;

/// STORE CLOCK and STORE CLOCK FAST. The clock is always set.
pub(crate) fn stck(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    let value = timing::tod(cx);
    storage::store(cx, place, &value.to_be_bytes())?;
    set_cc(cx, 0);
    Ok(0)
}

/// STORE CLOCK EXTENDED: epoch, clock, what the clock has below bit 63, programmable field.
pub(crate) fn stcke(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    let mut bytes = [0; 16];
    bytes[1..9].copy_from_slice(&timing::tod(cx).to_be_bytes());
    // Never zero, so that the value of an earlier STORE CLOCK is lower.
    bytes[13] = 1;
    let programmable = (cx.cpu.sys.tod_programmable as u16).to_be_bytes();
    bytes[14..].copy_from_slice(&programmable);
    storage::store(cx, place, &bytes)?;
    set_cc(cx, 0);
    Ok(0)
}

/// SET CLOCK.
pub(crate) fn sck(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let value = doubleword(cx, place)?;
    let since = timing::tod(cx).wrapping_sub(cx.platform.tod_origin());
    cx.platform.set_tod_origin(value.wrapping_sub(since));
    timing::clock_set(cx);
    cx.ask(lockstep_cpu::Request::Broadcast(Broadcast::ClockSet));
    set_cc(cx, 0);
    Ok(0)
}

/// An aligned doubleword operand.
fn doubleword(cx: &mut Cx<S390x>, place: u64) -> Result<u64, Exit<S390x>> {
    aligned(place, 8)?;
    let mut bytes = [0; 8];
    storage::fetch(cx, place, &mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

pub(crate) fn aligned(place: u64, size: u64) -> Result<(), Exit<S390x>> {
    if place & (size - 1) == 0 { Ok(()) } else { Err(program(code::SPECIFICATION)) }
}

/// SET CLOCK PROGRAMMABLE FIELD.
pub(crate) fn sckpf(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    privileged(cx)?;
    if cx.cpu.regs[0] & 0xffff_0000 != 0 {
        return Err(program(code::SPECIFICATION));
    }
    cx.cpu.sys.tod_programmable = cx.cpu.regs[0] as u32;
    Ok(0)
}

/// SET CLOCK COMPARATOR.
pub(crate) fn sckc(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let value = doubleword(cx, place)?;
    timing::set_comparator(cx, value);
    Ok(0)
}

/// STORE CLOCK COMPARATOR.
pub(crate) fn stckc(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let value = cx.cpu.sys.comparator.to_be_bytes();
    storage::store(cx, place, &value)?;
    Ok(0)
}

/// SET CPU TIMER.
pub(crate) fn spt(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let value = doubleword(cx, place)?;
    timing::set_timer(cx, value);
    Ok(0)
}

/// STORE CPU TIMER.
pub(crate) fn stpt(cx: &mut Cx<S390x>, [_, place, _]: [u64; 3]) -> Helped {
    privileged(cx)?;
    aligned(place, 8)?;
    let value = timing::timer(cx).to_be_bytes();
    storage::store(cx, place, &value)?;
    Ok(0)
}

/// EXTRACT CPU TIME: how far the timer has come since a value, plus another; and what the third operand points at.
pub(crate) fn ectg(cx: &mut Cx<S390x>, [first, second, text]: [u64; 3]) -> Helped {
    let mut values = [[0; 8]; 2];
    storage::first(cx, text);
    storage::fetch(cx, first, &mut values[0])?;
    storage::second(cx, text);
    storage::fetch(cx, second, &mut values[1])?;
    let r3 = Text(text).nibble(2);
    let mut third = [0; 8];
    let place = storage::address_in(cx, r3);
    storage::fetch_of(cx, (r3, place), &mut third)?;
    let [first, second] = values.map(u64::from_be_bytes);
    cx.cpu.regs[0] = first.wrapping_sub(timing::timer(cx));
    cx.cpu.regs[1] = second;
    cx.cpu.regs[usize::from(r3)] = u64::from_be_bytes(third);
    Ok(0)
}

/// Functions that PERFORM TIMING FACILITY FUNCTION has: query, query TOD offset.
const PTFF: [u64; 2] = [0, 1];

/// PERFORM TIMING FACILITY FUNCTION: nobody steers this clock.
pub(crate) fn ptff(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    let (function, place) = (cx.cpu.regs[0] & 0x7f, storage::address_in(cx, 1));
    if cx.cpu.regs[0] & 0x80 != 0 {
        privileged(cx)?;
    }
    match cx.cpu.regs[0] & 0xff {
        0 => {
            let mut bits = [0; 16];
            for number in PTFF {
                bits[number as usize / 8] |= 0x80 >> (number % 8);
            }
            storage::store_of(cx, (1, place), &bits)?;
        }
        1 => {
            // Physical clock, offset, logical and TOD epoch difference.
            let mut block = [0; 32];
            block[..8].copy_from_slice(&timing::tod(cx).to_be_bytes());
            storage::store_of(cx, (1, place), &block)?;
        }
        _ => {
            let _ = function;
            set_cc(cx, 3);
            return Ok(0);
        }
    }
    set_cc(cx, 0);
    Ok(0)
}
