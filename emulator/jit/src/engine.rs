//! When to compile, and what runs next.

#![expect(unsafe_code, reason = "calling compiled code")]

use lockstep_core::{StopReason, Worker};
use lockstep_cpu::{Cx, Engine, Exit, Fetch, Guest, Interpreter, Op, Stats, Stretch, engine};

use crate::compile::host_isa;
use crate::frame::{Code, Enter, Frame, Leave};
use crate::memory::CodeMemory;
use crate::outside;
use crate::pages::{ASKED, NEVER, Pages};
use crate::queue::{Finished, Order, Queue, Slots};
use crate::region::{PAGE, Region};
use crate::table::HostTables;

/// How often code runs before it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hotness {
    /// Often enough that compiling pays.
    Usual,
    /// Never: everything is compiled on first sight. For tests.
    Now,
}

impl Hotness {
    /// Times that a place is come to before it is compiled. Compiling a region takes about as long as interpreting fifty
    /// thousand instructions, and is mostly done by another thread.
    const fn visits(self) -> u32 {
        match self {
            Self::Usual => 500,
            Self::Now => 1,
        }
    }
}

/// The engine.
pub struct Jit<G: Guest> {
    interpreter: Interpreter<G>,
    queue: Queue<G>,
    memory: CodeMemory,
    /// The way into compiled code.
    enter: Enter,
    /// Visits after which a place is compiled.
    visits: u32,
    pages: Pages,
    /// What compiled code refers to.
    ops: Vec<Box<[Op<G>]>>,
    pub(crate) tables: HostTables,
    frame: Box<Frame>,
    /// How an instruction ended that compiled code had run outside.
    pub(crate) exit: Option<Exit<G>>,
    ticks: Option<fn() -> u64>,
    pub(crate) stats: Stats,
}

// SAFETY: the addresses in the frame are written before compiled code is entered, and only followed until it comes back; the
// code belongs to the engine.
unsafe impl<G: Guest> Send for Jit<G> {}

/// The code that every generation begins with: the way in, and the stub.
fn begin<G: Guest>(queue: &mut Queue<G>, memory: &mut CodeMemory) -> Option<(Enter, Code)> {
    let compiler = queue.compiler();
    let enter = memory.add(&compiler.compile_entry()?)?;
    let stub = memory.add(&compiler.compile_stub()?)?;
    // SAFETY: the compiler made this code with the signature of `Enter`, and the memory keeps it until the next
    // generation, which begins with code of its own.
    Some((unsafe { std::mem::transmute::<*const u8, Enter>(enter) }, stub))
}

impl<G: Guest> Jit<G> {
    /// An engine; `None` on hosts for which there is none.
    #[must_use]
    pub fn new(hotness: Hotness) -> Option<Self> {
        let isa = host_isa()?;
        let mut queue = Queue::new(isa.clone());
        let mut memory = CodeMemory::new(isa)?;
        let (enter, stub) = begin(&mut queue, &mut memory)?;
        let frame = Frame {
            left: 0,
            pc: 0,
            page: 0,
            from: 0,
            tables: [std::ptr::null(); 2],
            sources: std::ptr::null(),
            load: outside::load::<G>,
            store: outside::store::<G>,
            step: outside::step::<G>,
            row: outside::row::<G>,
            cx: std::ptr::null_mut(),
            engine: std::ptr::null_mut(),
        };
        Some(Self {
            interpreter: Interpreter::default(),
            queue,
            memory,
            enter,
            visits: hotness.visits(),
            pages: Pages::new(stub),
            ops: Vec::new(),
            tables: HostTables::default(),
            frame: Box::new(frame),
            exit: None,
            ticks: None,
            stats: Stats::default(),
        })
    }

    /// The compiled code at the pc, in a physical page. Counts the visit, and compiles when it is the one too many.
    #[inline]
    fn code_at(&mut self, cx: &mut Cx<G>, number: u64) -> Option<Code> {
        let stub = self.pages.stub();
        let entry = (cx.cpu.pc % PAGE as u64) as usize;
        let slot = entry / G::INSN_ALIGN as usize;
        let page = self.pages.at::<G>(number);
        let code = page.code(slot);
        if code != stub {
            return Some(code);
        }
        match page.note(slot) {
            &mut (NEVER | ASKED) => None,
            visits if *visits + 1 < self.visits => {
                *visits += 1;
                None
            }
            _ => self.ask_for(cx, number, entry),
        }
    }

    /// Has the region at a place in a physical page compiled. Gives its code if that did not take another thread.
    #[cold]
    fn ask_for(&mut self, cx: &mut Cx<G>, number: u64, entry: usize) -> Option<Code> {
        if self.queue.is_full() {
            return None;
        }
        if self.pages.is_full() {
            self.start_generation()?;
        }
        let (start, slot) = (number * PAGE as u64, entry / G::INSN_ALIGN as usize);
        let page = self.pages.at::<G>(number);
        let (version, slots) = (page.version, Slots(page.slots()));
        *page.note(slot) = NEVER;
        let mut bytes = [0; PAGE];
        if !cx.mem.is_memory(start) || cx.mem.read_bytes(start, &mut bytes).is_err() {
            return None;
        }
        let region = Region::<G>::find(&bytes, entry)?;
        *page.note(slot) = ASKED;
        // From here on, a write to any of these bytes is heard of.
        for op in region.blocks.values().flat_map(|block| &block.ops) {
            cx.mem.mark_code(start + op.at as u64, op.next - op.at);
        }
        let order = Order {
            region,
            entry,
            slots,
            number,
            version,
            generation: self.stats.generations,
            ticks: self.ticks,
        };
        let finished = self.queue.submit(order)?;
        self.adopt(finished)
    }

    /// Takes over what has been compiled meanwhile.
    #[cold]
    fn adopt_finished(&mut self) {
        while let Some(finished) = self.queue.take() {
            self.adopt(finished);
        }
    }

    /// Takes over what has been compiled, unless what it was made from has changed since.
    fn adopt(&mut self, finished: Finished<G>) -> Option<Code> {
        let Finished { number, entry, version, generation, compiled, time, instructions } =
            finished;
        self.stats.compile_time += time;
        let slot = entry / G::INSN_ALIGN as usize;
        let current =
            generation == self.stats.generations && self.pages.at::<G>(number).version == version;
        let Some(compiled) = compiled.filter(|_| current) else {
            self.stats.wasted += 1;
            return None;
        };
        let Some(code) = self.memory.add(&compiled.code) else {
            // What was made refers to what goes now.
            self.start_generation()?;
            return None;
        };
        self.stats.regions += 1;
        self.stats.compiled += instructions;
        self.stats.code_bytes += compiled.code.len() as u64;
        self.ops.push(compiled.ops);
        self.pages.at::<G>(number).set_code(slot, code);
        Some(code)
    }

    /// Drops all code.
    fn start_generation(&mut self) -> Option<()> {
        self.memory.clear();
        self.ops.clear();
        self.tables.clear_sources();
        self.stats.generations += 1;
        let (enter, stub) = begin(&mut self.queue, &mut self.memory)?;
        self.enter = enter;
        self.pages = Pages::new(stub);
        Some(())
    }

    /// Shows compiled code the tables of the current mode.
    ///
    /// # Safety
    /// The frame is the engine's own.
    pub(crate) unsafe fn show_tables(&mut self, cx: &Cx<G>, frame: *mut Frame) {
        let (tables, sources) = self.tables.current(&cx.cpu);
        // SAFETY: as the caller says.
        unsafe {
            (*frame).tables = tables;
            (*frame).sources = sources;
        }
    }

    /// Runs compiled code, and the instruction that it leaves to the interpreter, if any.
    #[inline]
    fn enter(&mut self, cx: &mut Cx<G>, number: u64, code: Code) -> Result<(), Exit<G>> {
        self.stats.entries += 1;
        // Last, because compiling has marked code.
        self.tables.refresh(cx);
        let slots = self.pages.at::<G>(number).slots();
        self.tables.fill_source(cx, number, slots);
        let before = (cx.rest(), self.ticks.map(|ticks| ticks()));
        let frame = &raw mut *self.frame;
        let (engine, cx) = (&raw mut *self, &raw mut *cx);
        // SAFETY: the code is alive (see `begin` and `adopt`); it reads and writes the frame, the registers, and guest pages
        // at addresses from the tables, which `stretch` has cleared of everything that is no longer so. What it calls makes
        // references of `engine` and `cx`, while this one uses neither.
        let why = unsafe {
            (*engine).show_tables(&*cx, frame);
            (*frame).page = number;
            (*frame).cx = cx.cast();
            (*frame).engine = engine.cast();
            let registers = (&raw mut (*cx).cpu.regs).cast::<u64>();
            ((*engine).enter)(frame, registers, (*cx).cpu.pc, (*cx).left, code)
        };
        // SAFETY: compiled code has come back.
        let (this, cx) = unsafe { (&mut *engine, &mut *cx) };
        if let (Some(ticks), Some(start)) = (this.ticks, before.1) {
            this.stats.fast_time += ticks().saturating_sub(start);
        }
        let why = Leave::from_code(why);
        if !matches!(why, Leave::Turned | Leave::Exit) {
            cx.left = this.frame.left;
        }
        this.stats.fast += before.0.saturating_sub(cx.rest());
        this.come_back(cx, why)
    }

    /// Makes the processor's state exact after compiled code.
    #[inline]
    fn come_back(&mut self, cx: &mut Cx<G>, why: Leave) -> Result<(), Exit<G>> {
        if why == Leave::Turned {
            return Ok(());
        }
        if why == Leave::Exit {
            return self.exit.take().map_or(Ok(()), Err);
        }
        let frame = &*self.frame;
        let from = if why == Leave::Elsewhere { frame.from } else { frame.pc };
        cx.cpu.pc = frame.pc;
        cx.cpu.fetch = Some(Fetch { page: from / PAGE as u64, frame: frame.page });
        match why {
            Leave::Step if cx.left > 0 => {
                self.stats.steps += 1;
                self.interpreter.step(cx)
            }
            Leave::Budget if cx.left > 0 => self.interpreter.run_block(cx),
            _ => Ok(()),
        }
    }
}

impl<G: Guest> Engine<G> for Jit<G> {
    fn run(&mut self, cx: &mut Cx<G>, budget: u64) -> Option<StopReason> {
        engine::run(self, cx, budget)
    }

    fn stats(&self) -> Stats {
        let interpreter = self.interpreter.stats();
        Stats {
            blocks: interpreter.blocks,
            invalidations: self.stats.invalidations + interpreter.invalidations,
            ..self.stats
        }
    }

    fn set_worker(&mut self, worker: Box<dyn Worker>) {
        // Whoever wants code at first sight wants it then.
        if self.visits > Hotness::Now.visits() {
            self.queue.set_worker(worker);
        }
    }

    fn set_ticks(&mut self, ticks: fn() -> u64) {
        self.ticks = Some(ticks);
    }
}

impl<G: Guest> Stretch<G> for Jit<G> {
    fn stretch(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.interpreter.trim();
        while cx.left > 0 {
            if cx.traps().in_page(cx.cpu.pc) {
                self.interpreter.step_to_breakpoint(cx)?;
                continue;
            }
            if self.queue.wants_a_look() {
                self.adopt_finished();
            }
            let number = cx.fetch_frame()?;
            match self.code_at(cx, number) {
                Some(code) => self.enter(cx, number, code)?,
                None => self.interpreter.run_block(cx)?,
            }
        }
        Ok(())
    }

    fn step(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.interpreter.step(cx)
    }

    fn forget(&mut self, written: &[u64]) {
        self.interpreter.forget(written);
        for address in written {
            if self.pages.forget(address / PAGE as u64) {
                self.stats.invalidations += 1;
            }
        }
    }
}
