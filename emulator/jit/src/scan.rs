//! What an instruction will need, before any of it is compiled.
//!
//! To shape a region one must know where its instructions go and which registers they touch. The meanings say so: here
//! they run on values that are nothing.

use std::marker::PhantomData;

use lockstep_cpu::{Binary, Compare, Emit, Guest, Helper, Mem, Reg, SINK, Unary, Width};

/// The instruction ends here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended;

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// To the next one.
    Next,
    /// To an address relative to its own.
    Jump(i64),
    /// There, or to the next one.
    Branch(i64),
    /// To wherever.
    Indirect,
    /// The interpreter has to run it.
    Step,
}

/// What is known of an instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) flow: Flow,
    /// The registers that it may read, a bit each; before the instruction, that is.
    pub(crate) read: u64,
    /// The registers that it may write.
    pub(crate) written: u64,
    /// The registers that it writes, unless it ends early.
    pub(crate) killed: u64,
    /// It can leave the region before its end.
    pub(crate) leaves: bool,
    /// It can have to be run by the interpreter as a whole.
    pub(crate) calls: bool,
    /// It always ends in an exception.
    pub(crate) raises: bool,
}

/// Notes instead of computing.
struct Scan<G> {
    facts: Facts,
    depth: u32,
    /// How many conditions deep it is that are not expected to hold.
    unlikely: u32,
    loads: u32,
    stores: u32,
    /// Vector registers have been written.
    vectors: bool,
    guest: PhantomData<G>,
}

/// The facts about an instruction.
pub(crate) fn scan<G: Guest>(row: u16, insn: &G::Insn) -> Facts {
    let facts = Facts {
        flow: Flow::Next,
        read: 0,
        written: 0,
        killed: 0,
        leaves: false,
        calls: false,
        raises: false,
    };
    let guest = PhantomData;
    let mut scan =
        Scan::<G> { facts, depth: 0, unlikely: 0, loads: 0, stores: 0, vectors: false, guest };
    let ended = G::meaning::<Scan<G>>(row)(&mut scan, insn).is_err();
    // What was run as a whole has also gone where it wanted to.
    if ended || (scan.facts.calls && scan.facts.flow != Flow::Next) {
        scan.facts.flow = Flow::Step;
    }
    if scan.facts.flow == Flow::Step {
        (scan.facts.calls, scan.facts.leaves) = (true, true);
    } else {
        scan.facts.raises = false;
    }
    scan.facts
}

impl<G: Guest> Scan<G> {
    /// Something that only the interpreter does, and does from the start of the instruction: nothing may have been done
    /// by then that the second start would see.
    fn restarts(&mut self) {
        if self.facts.written != 0 || self.vectors || (self.loads > 0 && self.stores > 0) {
            self.facts.flow = Flow::Step;
        }
        self.facts.leaves = true;
        // They are written back when it leaves.
        self.facts.read |= self.facts.written;
    }

    fn goes(&mut self, flow: Flow) {
        let twice = self.facts.flow != Flow::Next;
        self.facts.flow = if twice || self.depth > 0 { Flow::Step } else { flow };
    }

    fn inside(&mut self, part: impl FnOnce(&mut Self) -> Result<(), Ended>) -> Result<(), Ended> {
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }
}

impl<G: Guest> Emit<G> for Scan<G> {
    type V = ();
    type Exit = Ended;

    fn imm(&mut self, _value: u64) {}

    fn pc(&mut self) {}

    fn get(&mut self, reg: Reg) {
        self.facts.read |= 1 << (reg & 63);
    }

    fn put(&mut self, reg: Reg, _value: ()) {
        if reg != SINK {
            self.facts.written |= 1 << (reg & 63);
            if self.depth == 0 {
                self.facts.killed |= 1 << (reg & 63);
            }
        }
    }

    fn vget(&mut self, _reg: u8, _half: u8) {}

    fn vput(&mut self, _reg: u8, _half: u8, _value: ()) {
        self.vectors = true;
    }

    fn unary(&mut self, _op: Unary, _w: Width, _a: ()) {}

    fn binary(&mut self, _op: Binary, _w: Width, _a: (), _b: ()) {}

    fn compare(&mut self, _op: Compare, _w: Width, _a: (), _b: ()) {}

    fn select(&mut self, _c: (), _a: (), _b: ()) {}

    fn when(
        &mut self,
        _c: (),
        then: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        self.unlikely += 1;
        let _ = self.inside(then);
        self.unlikely -= 1;
        Ok(())
    }

    fn if_else(
        &mut self,
        _c: (),
        then: impl FnOnce(&mut Self) -> Result<(), Ended>,
        otherwise: impl FnOnce(&mut Self) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let first = self.inside(then);
        let second = self.inside(otherwise);
        first.or(second)
    }

    fn load(&mut self, _address: (), _mem: Mem) -> Result<(), Ended> {
        self.restarts();
        // A load behind a store might see it, the second time.
        if self.stores > 0 {
            self.facts.flow = Flow::Step;
        }
        self.loads += 1;
        Ok(())
    }

    fn store(&mut self, _address: (), _value: (), _mem: Mem) -> Result<(), Ended> {
        self.restarts();
        self.stores += 1;
        Ok(())
    }

    fn load_row(&mut self, address: (), mem: Mem, values: &mut [()]) -> Result<(), Ended> {
        self.facts.calls |= values.len() > 1;
        self.load(address, mem)
    }

    fn store_row(&mut self, address: (), mem: Mem, values: &[()]) -> Result<(), Ended> {
        self.facts.calls |= values.len() > 1;
        self.store(address, (), mem)
    }

    fn jump_rel(&mut self, offset: i64) {
        self.goes(Flow::Jump(offset));
    }

    fn jump(&mut self, _target: ()) {
        self.goes(Flow::Indirect);
    }

    fn branch_rel(&mut self, _c: (), offset: i64) {
        self.goes(Flow::Branch(offset));
    }

    fn call(&mut self, _helper: Helper<G>, _args: [(); 3]) -> Result<(), Ended> {
        self.restarts();
        // What rarely calls leaves the region to do so.
        self.facts.calls |= self.unlikely == 0;
        Err(Ended)
    }

    fn raise(&mut self, _exception: G::Exception) -> Result<(), Ended> {
        self.restarts();
        self.facts.raises |= self.depth == 0;
        Err(Ended)
    }
}
