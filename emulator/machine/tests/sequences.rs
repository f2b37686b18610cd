//! Random sequences of valid instructions, each row of the table among them, on both engines.
//!
//! Guests use the instructions that compilers like. Here every row gets operands, flags and addresses that nobody would
//! choose, and branches that go round in circles, and the engines must leave the same processor and memory behind.
//!
//! `LOCKSTEP_SEQUENCES` says how many (default 300), `LOCKSTEP_SEED` from where.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test reads files, prints what it did, and shares what it saw"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::collections::BTreeSet;

use lockstep_aarch64::{Aarch64, Aarch64Platform, decode, reg, rows};
use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Input, Journal, NoObserver, RestoreError, Saved, VcpuId,
};
use lockstep_cpu::{BusError, Cx, Engine, Guest, Interpreter, Platform, PowerState, SINK};
use lockstep_jit::{Hotness, Jit};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};

const RAM: u64 = 0x4000_0000;
const RAM_LEN: u64 = 0x10_0000;
const CODE: u64 = RAM + 0x1_0000;
const DATA: u64 = RAM + 0x8_0000;
const VECTORS: u64 = RAM + 0x2_0000;
/// Instructions in a sequence.
const LENGTH: u64 = 24;
/// Puts the processor behind the instruction that faulted: MRS, ADD, MSR, ERET with X28.
const SKIP: [u32; 4] = [0xd538_403c, 0x9100_139c, 0xd518_403c, 0xd69f_03e0];

/// A board with a register that counts its reads, at the bottom of memory.
struct Board(u64);

impl Platform for Board {
    fn read(&mut self, _: &mut DeviceCx<'_>, address: u64, _: u8) -> Result<u64, BusError> {
        self.0 = self.0.wrapping_add(1);
        if address < 0x1000 { Ok(self.0) } else { Err(BusError::Abort) }
    }
    fn write(&mut self, _: &mut DeviceCx<'_>, at: u64, _: u8, value: u64) -> Result<(), BusError> {
        self.0 ^= value;
        if at < 0x1000 { Ok(()) } else { Err(BusError::Abort) }
    }
    fn due(&mut self, _: &mut DeviceCx<'_>, _: u16, _: u32) {}
    fn input(&mut self, _: &mut DeviceCx<'_>, _: &Input) {}
    fn lines(&self, _: VcpuId) -> u32 {
        self.0 as u32
    }
    fn reset(&mut self, _: &mut DeviceCx<'_>) {}
    fn save(&self, _: &mut Saved) {}
    fn restore(&mut self, _: &Saved) -> Result<(), RestoreError> {
        Ok(())
    }
}

impl Aarch64Platform for Board {
    fn has_gic_registers(&self) -> bool {
        false
    }
    fn gic_read(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u16) -> Option<u64> {
        None
    }
    fn gic_write(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u16, _: u64) -> Option<()> {
        None
    }
    fn set_ppi(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u32, _: bool) {}
}

/// A generator with a seed: failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Near zero, near a power of two, an address that works, one that hardly does, or anything.
    fn value(&mut self) -> u64 {
        let near = self.below(4);
        match self.below(8) {
            0 => near.wrapping_sub(2),
            1 => (1u64 << self.below(64)).wrapping_add(near).wrapping_sub(2),
            2 => self.next(),
            3 => CODE + self.below(LENGTH) * 4,
            4 => DATA + 0x1000 - self.below(16),
            5 => [RAM + RAM_LEN, 0x800, CODE + 0x800, RAM][near as usize] - self.below(8),
            _ => DATA + self.below(0x200) * 8,
        }
    }

    /// An instruction of a row; branches mostly stay in the sequence.
    fn word(&mut self, row: usize, at: u64) -> u32 {
        let row = &rows()[row];
        let word = row.value | self.next() as u32 & !row.mask;
        let by = (self.below(LENGTH) as u32).wrapping_sub(at as u32);
        match row.mnemonic() {
            "b" if row.name == "b" => word & !0x3ff_ffff | by & 0x3ff_ffff,
            "bl" => word & !0x3ff_ffff | by & 0x3ff_ffff,
            "cbz" | "cbnz" => word & !(0x7_ffff << 5) | (by & 0x7_ffff) << 5,
            "tbz" | "tbnz" => word & !(0x3fff << 5) | (by & 0x3fff) << 5,
            name if name.starts_with("b.") || row.name.starts_with("b_") => {
                word & !(0x7_ffff << 5) | (by & 0x7_ffff) << 5
            }
            _ => word,
        }
    }
}

/// What both engines start from.
struct Start {
    words: Vec<u32>,
    regs: Vec<u64>,
    data: Vec<u8>,
    user: bool,
    counts: Vec<u64>,
}

impl Start {
    fn new(random: &mut Random, first: usize) -> Self {
        let count = rows().len() as u64;
        let row = |place: u64, random: &mut Random| match place {
            0 => first % count as usize,
            _ => random.below(count) as usize,
        };
        let words = (0..LENGTH).map(|at| {
            let row = row(at, random);
            random.word(row, at)
        });
        let words = words.collect();
        let mut regs: Vec<u64> = (0..31).map(|_| random.value()).collect();
        regs.push(DATA + 0x800 + random.below(3) / 2 * 8);
        let data = (0..0x1100).map(|_| random.next() as u8).collect();
        let counts = (0..12).map(|_| 1 + random.below(60)).collect();
        Self { words, regs, data, user: random.below(4) == 0, counts }
    }

    fn machine(&self) -> Cx<Aarch64> {
        let mut mem = PhysMem::default();
        mem.add_region(RAM, RAM_LEN, RegionKind::Ram);
        let bytes =
            |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
        mem.write_bytes(CODE, &bytes(&self.words)).unwrap();
        mem.write_bytes(DATA, &self.data).unwrap();
        for vector in 0..16 {
            mem.write_bytes(VECTORS + vector * 0x80, &bytes(&SKIP)).unwrap();
        }
        let bp =
            Backplane::new(Clock::new(DEFAULT_NS_PER_INSN), Journal::new(Box::new(NoObserver)));
        let mut cpu = Aarch64::reset(VcpuId(0), CODE, 0);
        cpu.regs[..31].copy_from_slice(&self.regs[..31]);
        cpu.regs[usize::from(reg::SP)] = self.regs[31];
        let mut cx = Cx::new(cpu, mem, bp, Box::new(Board(0)));
        cx.powers = vec![PowerState::Running];
        self.set_up(&mut cx);
        cx
    }

    /// Has the processor set its vectors and its level itself: MSR VBAR_EL1 and, for EL0, MSR SPSR, ELR and ERET.
    fn set_up(&self, cx: &mut Cx<Aarch64>) {
        let vbar = 0xd518_c000_u32;
        let eret = [0xd518_4000_u32 | 1, 0xd518_4020 | 2, 0xd69f_03e0];
        let prologue = CODE - 0x1000;
        let words = if self.user { [vbar, eret[0], eret[1], eret[2]] } else { [vbar; 4] };
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        cx.mem.write_bytes(prologue, &bytes).unwrap();
        let (kept, sp) = (cx.cpu.regs, cx.cpu.regs[usize::from(reg::SP)]);
        cx.cpu.pc = prologue;
        (cx.cpu.regs[0], cx.cpu.regs[1], cx.cpu.regs[2]) = (VECTORS, 0, CODE);
        let mut interpreter = Interpreter::default();
        run(&mut interpreter, cx, 4);
        cx.cpu.regs = kept;
        cx.cpu.regs[usize::from(reg::SP)] = sp;
        cx.cpu.pc = CODE;
        cx.mem.forget_code();
    }
}

/// Runs so many instructions, whatever asks for attention.
fn run(engine: &mut dyn Engine<Aarch64>, cx: &mut Cx<Aarch64>, count: u64) {
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        cx.requests.clear();
        cx.cpu.power = PowerState::Running;
        let left = end - cx.bp.retired;
        if engine.run(cx, left).is_some() {
            break;
        }
    }
}

/// Runs a sequence on both engines, in strides, and compares all state after each.
fn compare(start: &Start, seed: u64, reached: &mut BTreeSet<u16>) {
    let mut expected = start.machine();
    let mut actual = start.machine();
    let mut interpreter = Interpreter::default();
    let mut jit = Jit::new(Hotness::Now).unwrap();
    reached.extend(start.words.iter().map(|word| decode(*word).row));
    for (stride, &count) in start.counts.iter().enumerate() {
        run(&mut interpreter, &mut expected, count);
        run(&mut jit, &mut actual, count);
        for cx in [&mut expected, &mut actual] {
            cx.cpu.regs[usize::from(SINK)] = 0;
        }
        let context = || format!("seed {seed}, stride {stride}, words {:08x?}", start.words);
        assert_eq!(expected.bp.retired, actual.bp.retired, "{}", context());
        assert_eq!(expected.cpu.pc, actual.cpu.pc, "{}", context());
        assert_eq!(expected.cpu.regs, actual.cpu.regs, "{}", context());
        assert!(expected.cpu.state() == actual.cpu.state(), "{}", context());
        assert_eq!(expected.mem.digest(), actual.mem.digest(), "{}", context());
        let lines = [&expected, &actual].map(|cx| cx.platform.lines(VcpuId(0)));
        assert_eq!(lines[0], lines[1], "{}", context());
        let events = [&expected, &actual].map(|cx| cx.bp.journal.state());
        assert_eq!(events[0], events[1], "{}", context());
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Catches a difference in any instruction's result, flags, fault, or effect on memory, TLB and devices.
#[test]
fn sequences_leave_the_same_state() {
    let count = setting("LOCKSTEP_SEQUENCES", 300.max(rows().len() as u64));
    let first = setting("LOCKSTEP_SEED", 1);
    let mut reached = BTreeSet::new();
    println!("{count} sequences, seeds {first} to {}", first + count - 1);
    for seed in first..first + count {
        let mut random = Random(seed);
        compare(&Start::new(&mut random, seed as usize), seed, &mut reached);
    }
    println!("{} of {} rows reached", reached.len().min(rows().len()), rows().len());
}
