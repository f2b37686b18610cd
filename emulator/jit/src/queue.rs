//! Compiling, here or elsewhere.
//!
//! A region is compiled from what was found in its page at one moment, and all that comes of it is code: so it can be
//! done by another thread while the machine goes on. What it was made from may have changed by then, which is for
//! whoever takes it to see. Without anybody to lend a hand it is done at once.

#![expect(unsafe_code, reason = "a table of addresses is named on another thread")]

use std::sync::Arc;

use cranelift_codegen::isa::TargetIsa;
use lockstep_core::{Done, Worker};
use lockstep_cpu::Guest;

use crate::compile::{Compiled, Compiler};
use crate::frame::Code;
use crate::region::Region;

/// Looks at the engine's loop after which it is worth asking for results.
const INTERVAL: u32 = 32;

/// Orders at a time: enough that the worker always has one.
const LIMIT: u32 = 16;

/// Where a page's slots are.
pub(crate) struct Slots(pub(crate) *const Code);

// SAFETY: the address is put into code, and nobody follows it before the engine does, which owns the slots.
unsafe impl Send for Slots {}

/// What is to be compiled.
pub(crate) struct Order<G: Guest> {
    pub(crate) region: Region<G>,
    /// Its place in the page.
    pub(crate) entry: usize,
    pub(crate) slots: Slots,
    /// The physical page number.
    pub(crate) number: u64,
    /// Of the page when it was read.
    pub(crate) version: u32,
    pub(crate) generation: u64,
    pub(crate) ticks: Option<fn() -> u64>,
}

/// What came of an [`Order`].
pub(crate) struct Finished<G: Guest> {
    pub(crate) number: u64,
    pub(crate) entry: usize,
    pub(crate) version: u32,
    pub(crate) generation: u64,
    /// `None` when the compiler refused.
    pub(crate) compiled: Option<Compiled<G>>,
    /// Guest instructions in it.
    pub(crate) instructions: u64,
    /// Nanoseconds that it took, if measured.
    pub(crate) time: u64,
}

/// Where orders go.
pub(crate) struct Queue<G: Guest> {
    isa: Arc<dyn TargetIsa>,
    /// Compilers that have nothing to do.
    idle: Vec<Compiler>,
    worker: Option<Box<dyn Worker>>,
    /// Orders whose results have not been taken.
    open: u32,
    looks: u32,
    guest: std::marker::PhantomData<fn() -> G>,
}

impl<G: Guest> Order<G> {
    fn carry_out(self, compiler: &mut Compiler) -> Finished<G> {
        let start = self.ticks.map_or(0, |ticks| ticks());
        let compiled = compiler.compile(&self.region, self.entry, self.slots.0);
        let instructions = self.region.blocks.values().map(|block| block.ops.len() as u64).sum();
        Finished {
            number: self.number,
            entry: self.entry,
            version: self.version,
            generation: self.generation,
            compiled,
            instructions,
            time: self.ticks.map_or(0, |ticks| ticks().saturating_sub(start)),
        }
    }
}

impl<G: Guest> Queue<G> {
    pub(crate) fn new(isa: Arc<dyn TargetIsa>) -> Self {
        let idle = vec![Compiler::new(Arc::clone(&isa))];
        let guest = std::marker::PhantomData;
        Self { isa, idle, worker: None, open: 0, looks: 0, guest }
    }

    pub(crate) fn set_worker(&mut self, worker: Box<dyn Worker>) {
        (self.worker, self.open) = (Some(worker), 0);
    }

    /// A compiler for what cannot wait.
    pub(crate) fn compiler(&mut self) -> &mut Compiler {
        if self.idle.is_empty() {
            self.idle.push(Compiler::new(Arc::clone(&self.isa)));
        }
        let last = self.idle.len() - 1;
        &mut self.idle[last]
    }

    /// Whether another order would come back.
    pub(crate) fn is_full(&self) -> bool {
        self.open >= LIMIT
    }

    /// Whether there may be results by now. Asking costs something.
    #[inline(always)]
    pub(crate) fn wants_a_look(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        self.open > 0 && self.looks.is_multiple_of(INTERVAL)
    }

    /// Hands an order out, or carries it out when there is nobody to do it.
    pub(crate) fn submit(&mut self, order: Order<G>) -> Option<Finished<G>> {
        let Some(worker) = self.worker.as_mut() else {
            return Some(order.carry_out(self.compiler()));
        };
        let idle = self.idle.pop();
        let mut compiler = idle.unwrap_or_else(|| Compiler::new(Arc::clone(&self.isa)));
        let job = Box::new(move || -> Done {
            let finished = order.carry_out(&mut compiler);
            Box::new((finished, compiler))
        });
        match worker.submit(job) {
            Ok(()) => {
                self.open += 1;
                None
            }
            Err(job) => {
                let (finished, compiler) = Self::parts(job())?;
                self.idle.push(compiler);
                Some(finished)
            }
        }
    }

    /// What is finished.
    pub(crate) fn take(&mut self) -> Option<Finished<G>> {
        let done = self.worker.as_mut()?.take()?;
        self.open -= 1;
        let (finished, compiler) = Self::parts(done)?;
        self.idle.push(compiler);
        Some(finished)
    }

    fn parts(done: Done) -> Option<(Finished<G>, Compiler)> {
        done.downcast().ok().map(|parts| *parts)
    }
}
