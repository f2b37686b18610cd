//! When to compile, and what runs next.

#![expect(unsafe_code, reason = "calling compiled code")]

use std::collections::BTreeMap;

use lockstep_core::StopReason;
use lockstep_cpu::{Cx, Engine, Exit, Guest, Interpreter, Stats, Stretch, engine};

use crate::arena::Arena;
use crate::compile::Compiler;
use crate::frame::{Code, Frame, Leave};
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
    /// Times that a place is come to before it is compiled. Compiling a region takes about as long as interpreting a
    /// hundred thousand instructions.
    const fn visits(self) -> u32 {
        match self {
            Self::Usual => 4000,
            Self::Now => 1,
        }
    }
}

/// Entries of the table from addresses to code.
const JUMPS: usize = 4096;
/// A slot of code that is not worth compiling: its first instruction is the interpreter's.
const NEVER: u32 = u32::MAX;
/// From here on, a slot is a region's number; below, a count of visits.
const REGION: u32 = 1 << 31;

/// What is known of the places in a page of code: a slot each.
type Slots = Box<[u32]>;

/// The engine.
pub struct Jit<G: Guest> {
    interpreter: Interpreter<G>,
    compiler: Compiler,
    arena: Arena,
    /// Visits after which a place is compiled.
    visits: u32,
    /// By physical page number.
    pages: BTreeMap<u64, Slots>,
    regions: Vec<Code>,
    /// Physical addresses and the code there, by the address's low bits.
    jumps: Box<[(u64, Option<Code>); JUMPS]>,
    tables: HostTables,
    stats: Stats,
}

impl<G: Guest> Jit<G> {
    /// An engine; `None` on hosts for which there is none.
    #[must_use]
    pub fn new(hotness: Hotness) -> Option<Self> {
        Some(Self {
            interpreter: Interpreter::default(),
            compiler: Compiler::new()?,
            arena: Arena::new()?,
            visits: hotness.visits(),
            pages: BTreeMap::new(),
            regions: Vec::new(),
            jumps: Box::new([(u64::MAX, None); JUMPS]),
            tables: HostTables::default(),
            stats: Stats::default(),
        })
    }

    /// The compiled code at a physical address. Counts the visit, and compiles when it is the one too many.
    #[inline]
    fn code_at(&mut self, cx: &mut Cx<G>, address: u64) -> Option<Code> {
        let (known, code) = self.jumps[jump_place::<G>(address)];
        if known == address { code } else { self.look_for_code(cx, address) }
    }

    fn look_for_code(&mut self, cx: &mut Cx<G>, address: u64) -> Option<Code> {
        let frame = address / PAGE as u64;
        let slot = (address as usize % PAGE) / G::INSN_ALIGN as usize;
        let empty = || vec![0; PAGE / G::INSN_ALIGN as usize].into_boxed_slice();
        let known = &mut self.pages.entry(frame).or_insert_with(empty)[slot];
        let code = match *known {
            NEVER => None,
            number if number >= REGION => Some(self.regions[(number - REGION) as usize]),
            visits if visits + 1 < self.visits => {
                *known += 1;
                return None;
            }
            _ => {
                let code = self.compile(cx, address);
                let number = code.map_or(NEVER, |code| {
                    self.regions.push(code);
                    REGION + self.regions.len() as u32 - 1
                });
                self.pages.entry(frame).or_insert_with(empty)[slot] = number;
                code
            }
        };
        self.jumps[jump_place::<G>(address)] = (address, code);
        code
    }

    /// Compiles the region at a physical address.
    fn compile(&mut self, cx: &mut Cx<G>, address: u64) -> Option<Code> {
        let entry = address as usize % PAGE;
        let start = address - entry as u64;
        let mut page = [0; PAGE];
        if !cx.mem.is_memory(start) || cx.mem.read_bytes(start, &mut page).is_err() {
            return None;
        }
        let region = Region::<G>::find(&page, entry)?;
        let code = self.compiler.compile(&region, entry)?;
        let host = match self.arena.add(&code) {
            Some(host) => host,
            None => {
                self.start_generation();
                self.arena.add(&code)?
            }
        };
        for op in region.blocks.values().flat_map(|block| &block.ops) {
            cx.mem.mark_code(start + op.at as u64, op.next - op.at);
            self.stats.compiled += 1;
        }
        self.stats.regions += 1;
        self.stats.code_bytes += code.len() as u64;
        // SAFETY: the compiler made this code with the signature of `Code`, and the arena keeps it until the next
        // generation, which begins with nobody knowing its address.
        Some(unsafe { std::mem::transmute::<*const u8, Code>(host) })
    }

    /// Drops all code.
    fn start_generation(&mut self) {
        self.pages.clear();
        self.regions.clear();
        self.jumps.fill((u64::MAX, None));
        self.arena.clear();
        self.stats.generations += 1;
    }

    /// Runs compiled code, and the instruction that it leaves to the interpreter, if any.
    #[inline]
    fn enter(&mut self, cx: &mut Cx<G>, code: Code) -> Result<(), Exit<G>> {
        self.tables.refresh(cx);
        let tables = self.tables.current(&cx.cpu);
        let mut frame = Frame { left: cx.left, pc: cx.cpu.pc, missed: 0, tables };
        self.stats.entries += 1;
        // SAFETY: the code is alive (see `compile`); it reads and writes the frame, the registers, and guest pages
        // at addresses from the tables, which `refresh` has just cleared of everything that is no longer so.
        let why = unsafe { code(&raw mut frame, cx.cpu.regs.as_mut_ptr()) };
        cx.left = frame.left;
        cx.cpu.pc = frame.pc;
        match Leave::from_code(why) {
            Leave::Jump => Ok(()),
            Leave::Budget if cx.left > 0 => self.interpreter.run_block(cx),
            Leave::Budget => Ok(()),
            Leave::Step => self.leave_to_interpreter(cx),
            Leave::Miss => self.step_and_fill(cx, frame.missed, false),
            Leave::MissAsUser => self.step_and_fill(cx, frame.missed, true),
        }
    }

    fn leave_to_interpreter(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.stats.steps += 1;
        if cx.left > 0 { self.interpreter.step(cx) } else { Ok(()) }
    }

    fn step_and_fill(&mut self, cx: &mut Cx<G>, missed: u64, user: bool) -> Result<(), Exit<G>> {
        self.stats.misses += 1;
        self.leave_to_interpreter(cx)?;
        self.tables.fill(cx, missed, user);
        Ok(())
    }
}

const fn jump_place<G: Guest>(address: u64) -> usize {
    (address / G::INSN_ALIGN) as usize % JUMPS
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
}

impl<G: Guest> Stretch<G> for Jit<G> {
    fn stretch(&mut self, cx: &mut Cx<G>) -> Result<(), Exit<G>> {
        self.interpreter.trim();
        while cx.left > 0 {
            if cx.traps().in_page(cx.cpu.pc) {
                self.interpreter.step_to_breakpoint(cx)?;
                continue;
            }
            let frame = cx.fetch_frame()?;
            let address = frame * PAGE as u64 + cx.cpu.pc % PAGE as u64;
            match self.code_at(cx, address) {
                Some(code) => self.enter(cx, code)?,
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
            if self.pages.remove(&(address / PAGE as u64)).is_some() {
                self.jumps.fill((u64::MAX, None));
                self.stats.invalidations += 1;
            }
        }
    }
}
