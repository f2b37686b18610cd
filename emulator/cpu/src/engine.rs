//! What runs instructions, as the run loop sees it.
//!
//! Engines differ in speed and in nothing else: after any number of instructions they leave the same state. What an
//! engine keeps (decoded blocks, compiled code, host pointers) follows from the state and is never saved.

use lockstep_core::{StopReason, Worker};

use crate::{Cx, Exit, Guest};

/// What an engine did, for people who wonder about speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Blocks decoded.
    pub blocks: u64,
    /// Pages of decoded or compiled code dropped because they were written.
    pub invalidations: u64,
    /// Regions compiled.
    pub regions: u64,
    /// Guest instructions in them.
    pub compiled: u64,
    /// Bytes of host code made of them.
    pub code_bytes: u64,
    /// Times that compiled code was entered.
    pub entries: u64,
    /// Instructions that compiled code had run outside, one at a time.
    pub steps: u64,
    /// Loads that the host-side table did not have.
    pub load_misses: u64,
    /// Stores that it did not have.
    pub store_misses: u64,
    /// Those of them that the TLB's main array had.
    pub table_fills: u64,
    /// Times that all compiled code was dropped because there was no room for more.
    pub generations: u64,
    /// Regions that were compiled in vain: their page was written meanwhile.
    pub wasted: u64,
    /// Instructions that compiled code ran, with those that it had run outside.
    pub fast: u64,
    /// Nanoseconds in compiled code and what it called; 0 unless measured.
    pub fast_time: u64,
    /// Nanoseconds of compiling, on whatever thread; 0 unless measured.
    pub compile_time: u64,
}

/// An engine.
pub trait Engine<G: Guest>: Send {
    /// Runs the vCPU for at most `budget` instructions; returns early when something asks for the run loop's
    /// attention. `cx.bp.retired` is exact before and after.
    fn run(&mut self, cx: &mut Cx<G>, budget: u64) -> Option<StopReason>;
    /// What it did so far.
    fn stats(&self) -> Stats;
    /// Lends it somebody who works beside it. Changes nothing but speed.
    fn set_worker(&mut self, worker: Box<dyn Worker>) {
        let _ = worker;
    }
    /// Has it measure times, with a clock that counts nanoseconds. They go into its [`Stats`] and nowhere else.
    fn set_ticks(&mut self, ticks: fn() -> u64) {
        let _ = ticks;
    }
}

/// What an engine does between two looks around.
pub trait Stretch<G: Guest> {
    /// Runs while `cx.left` is not zero, and at most until an instruction ends in an exit.
    fn stretch(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>>;
    /// Runs the instruction at the pc, without anything compiled. `cx.left` is not zero.
    fn step(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>>;
    /// Forgets what it made of the pages at these physical addresses.
    fn forget(&mut self, written: &[u64]);
}

/// The loop that all engines share: looks around when asked to, and takes exceptions.
pub fn run<G: Guest>(
    engine: &mut impl Stretch<G>,
    cx: &mut Cx<G>,
    budget: u64,
) -> Option<StopReason> {
    cx.end = cx.bp.retired + budget;
    cx.left = budget;
    cx.held = 0;
    let mut stop = None;
    loop {
        if cx.mem.has_code_writes() {
            engine.forget(&cx.mem.take_code_writes());
        }
        if cx.left == 0 {
            if cx.held == 0 || cx.bp.attention {
                break;
            }
            cx.left = std::mem::take(&mut cx.held);
        }
        let result = if !cx.cpu.careful {
            engine.stretch(cx)
        } else if cx.stop_at_breakpoint() {
            Ok(())
        } else {
            G::run_carefully(cx, &mut |cx| engine.step(cx))
        };
        if let Err(exit) = result {
            match exit {
                Exit::Exception(exception) => {
                    cx.sync_after_fault();
                    G::take_exception(cx, exception);
                    if cx.bp.attention {
                        cx.look_up();
                    }
                }
                Exit::Stop(reason) => {
                    stop = Some(*reason);
                    break;
                }
            }
        }
    }
    cx.bp.retired = cx.end - cx.left - cx.held;
    stop
}
