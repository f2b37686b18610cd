//! What compiled code calls.
//!
//! Each of these makes the processor's state exact, does what the interpreter would do, and says whether compiled code can
//! go on.

#![expect(
    unsafe_code,
    reason = "called by compiled code, with the addresses that it was entered with"
)]

use std::ffi::c_void;

use lockstep_cpu::{Access, Cx, Fetch, Guest, Op};

use crate::engine::Jit;
use crate::frame::{Frame, Leave, Loaded, What};
use crate::region::PAGE;

/// The machine and the engine behind a frame.
///
/// # Safety
/// The frame is that of a [`Jit`] that has entered compiled code with a `Cx` of the same guest, and waits for it.
unsafe fn behind<'a, G: Guest>(frame: *mut Frame) -> (&'a mut Cx<G>, &'a mut Jit<G>) {
    // SAFETY: the engine put both addresses there, and uses neither until compiled code has come back.
    unsafe { (&mut *(*frame).cx.cast(), &mut *(*frame).engine.cast()) }
}

/// Puts the processor before an instruction.
///
/// # Safety
/// As for [`behind`].
unsafe fn place<G: Guest>(frame: *mut Frame, cx: &mut Cx<G>, what: What, left: u64, base: u64) {
    cx.left = left + what.owed;
    cx.cpu.pc = base.wrapping_add(what.at as u64);
    // SAFETY: the frame is there, and nobody else looks at it now.
    let number = unsafe { (*frame).page };
    cx.cpu.fetch = Some(Fetch { page: base / PAGE as u64, frame: number });
}

/// Leaves where the processor is.
///
/// # Safety
/// As for [`behind`].
unsafe fn leave<G: Guest>(frame: *mut Frame, cx: &Cx<G>, why: Leave) -> u64 {
    // SAFETY: the frame is there, and nobody else looks at it now.
    unsafe {
        (*frame).left = cx.left;
        (*frame).pc = cx.cpu.pc;
    }
    why as u64
}

fn is_hit<G: Guest>(cx: &Cx<G>, address: u64, what: What, access: Access) -> bool {
    let mode = if what.mem.user { 0 } else { cx.cpu.mmu.mode };
    cx.cpu.tlb.hit(address, cx.cpu.mmu.space, mode, access).is_some()
}

/// See [`crate::frame::Load`].
pub(crate) unsafe extern "C" fn load<G: Guest>(
    frame: *mut Frame,
    address: u64,
    what: u64,
    left: u64,
    base: u64,
) -> Loaded {
    // SAFETY: compiled code passes the frame with which it was entered.
    let (cx, jit) = unsafe { behind::<G>(frame) };
    let what = What::unpack(what);
    // SAFETY: as above.
    unsafe { place(frame, cx, what, left, base) };
    cx.left -= 1;
    jit.stats.load_misses += 1;
    jit.stats.table_fills += u64::from(is_hit(cx, address, what, Access::Read));
    let why = match cx.load_memory(address, what.mem) {
        Ok(Some(value)) => {
            jit.tables.fill(cx, address, what.mem.user);
            return Loaded { value, leave: 0 };
        }
        Ok(None) => {
            cx.left += 1;
            Leave::Step
        }
        Err(exit) => {
            jit.exit = Some(exit);
            Leave::Exit
        }
    };
    // SAFETY: as above.
    Loaded { value: 0, leave: unsafe { leave(frame, cx, why) } }
}

/// See [`crate::frame::Store`].
pub(crate) unsafe extern "C" fn store<G: Guest>(
    frame: *mut Frame,
    address: u64,
    what: u64,
    left: u64,
    base: u64,
    value: u64,
) -> u64 {
    // SAFETY: compiled code passes the frame with which it was entered.
    let (cx, jit) = unsafe { behind::<G>(frame) };
    let what = What::unpack(what);
    // SAFETY: as above.
    unsafe { place(frame, cx, what, left, base) };
    cx.left -= 1;
    jit.stats.store_misses += 1;
    jit.stats.table_fills += u64::from(is_hit(cx, address, what, Access::Write));
    let why = match cx.store_memory(address, value, what.mem) {
        Ok(true) => {
            jit.tables.fill(cx, address, what.mem.user);
            return 0;
        }
        Ok(false) => {
            cx.left += 1;
            Leave::Step
        }
        Err(exit) => {
            jit.exit = Some(exit);
            Leave::Exit
        }
    };
    // SAFETY: as above.
    unsafe { leave(frame, cx, why) }
}

/// See [`crate::frame::Step`].
pub(crate) unsafe extern "C" fn step<G: Guest>(
    frame: *mut Frame,
    op: *const c_void,
    what: u64,
    left: u64,
    base: u64,
) -> u64 {
    // SAFETY: compiled code passes the frame with which it was entered, and an instruction that lives as long as it does.
    let ((cx, jit), op) = unsafe { (behind::<G>(frame), &*op.cast::<Op<G>>()) };
    // SAFETY: as above.
    unsafe { place(frame, cx, What::unpack(what), left, base) };
    jit.stats.steps += 1;
    let (rest, next) = (cx.left - 1, cx.cpu.pc.wrapping_add(op.len()));
    if let Err(exit) = op.run(cx) {
        jit.exit = Some(exit);
        return Leave::Exit as u64;
    }
    let turned = cx.left != rest || cx.cpu.pc != next;
    if turned || cx.cpu.fetch.is_none() || cx.cpu.careful {
        return Leave::Turned as u64;
    }
    jit.tables.refresh(cx);
    // SAFETY: as above.
    unsafe { jit.show_tables(cx, frame) };
    0
}

/// See [`crate::frame::Row`].
pub(crate) unsafe extern "C" fn row<G: Guest>(
    frame: *mut Frame,
    op: *const c_void,
    what: u64,
    left: u64,
    base: u64,
    address: u64,
) -> u64 {
    // SAFETY: compiled code passes what it passes to `step`.
    let why = unsafe { step::<G>(frame, op, what, left, base) };
    if why == 0 {
        // SAFETY: as above; `step` has let go of both.
        let (cx, jit) = unsafe { behind::<G>(frame) };
        jit.tables.fill(cx, address, What::unpack(what).mem.user);
    }
    why
}
