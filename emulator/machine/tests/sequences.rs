//! Random sequences of valid instructions, each row of the table among them, on both engines.
//!
//! Guests use the instructions that compilers like. Here every row gets operands, flags and addresses that nobody would
//! choose, and branches that go round in circles, and the engines must leave the same processor and memory behind.
//!
//! Half of the sequences run under page tables, in which the page after the data is missing, read-only, or another
//! address of the code.
//!
//! `LOCKSTEP_SEQUENCES` says how many (default: one for each row of the table), or `LOCKSTEP_SECONDS` how long;
//! `LOCKSTEP_SEED` from where.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_aarch64::{Aarch64, Aarch64Platform, decode, reg, rows};
use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Input, Journal, NoObserver, RestoreError, Saved, VcpuId,
};
use lockstep_cpu::{BusError, Cx, Guest, Interpreter, Platform, PowerState};
use lockstep_jit::{Hotness, Jit};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};
use lockstep_testing::{Random, compare, run, sequences};

const RAM: u64 = 0x4000_0000;
const RAM_LEN: u64 = 0x10_0000;
const CODE: u64 = RAM + 0x1_0000;
const DATA: u64 = RAM + 0x8_0000;
const VECTORS: u64 = RAM + 0x2_0000;
/// Page tables of levels 1 to 3.
const TABLES: [u64; 3] = [RAM + 0x3_0000, RAM + 0x3_1000, RAM + 0x3_2000];
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

/// Near zero, near a power of two, an address that works, one that hardly does, or anything.
fn value(random: &mut Random) -> u64 {
    let near = random.below(4);
    match random.below(8) {
        0 => near.wrapping_sub(2),
        1 => (1u64 << random.below(64)).wrapping_add(near).wrapping_sub(2),
        2 => random.next(),
        3 => CODE + random.below(LENGTH) * 4,
        4 => DATA + 0x1000 - random.below(16),
        5 => [RAM + RAM_LEN, 0x800, CODE + 0x800, RAM][near as usize] - random.below(8),
        _ => DATA + random.below(0x200) * 8,
    }
}

/// An instruction of a row, if operands that are allocated come up; branches mostly stay in the sequence.
fn word(random: &mut Random, number: usize, at: u64) -> u32 {
    let mut word = any_word(random, number, at);
    for _ in 0..100 {
        if usize::from(decode(word).row) == number {
            break;
        }
        word = any_word(random, number, at);
    }
    word
}

fn any_word(random: &mut Random, row: usize, at: u64) -> u32 {
    let row = &rows()[row];
    let word = row.value | random.next() as u32 & !row.mask;
    let by = (random.below(LENGTH) as u32).wrapping_sub(at as u32);
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

/// What both engines start from.
struct Start {
    words: Vec<u32>,
    regs: Vec<u64>,
    vregs: Vec<u128>,
    data: Vec<u8>,
    user: bool,
    /// Floating point is enabled.
    float: bool,
    /// SCTLR_EL1: with page tables or without, and what is checked.
    sctlr: u64,
    /// The descriptor of the page after the data.
    next_page: u64,
    counts: Vec<u64>,
}

/// A page of normal memory, for EL0 as well or not, at level 3.
fn page(address: u64, user: bool) -> u64 {
    address | 0x703 | u64::from(user) << 6
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
            word(random, row, at)
        });
        let words = words.collect();
        let mut regs: Vec<u64> = (0..31).map(|_| value(random)).collect();
        regs.push(DATA + 0x800 + random.below(3) / 2 * 8);
        let data = (0..0x1100).map(|_| random.next() as u8).collect();
        let counts = (0..12).map(|_| 1 + random.below(60)).collect();
        let vregs = (0..32).map(|_| u128::from(value(random)) << 64 | u128::from(value(random)));
        let vregs = vregs.collect();
        let user = random.below(4) == 0;
        let checks = [0, 0, 0, 1 << 1, 1 << 3 | 1 << 4][random.below(5) as usize];
        let next_page = match random.below(4) {
            0 => 0,
            1 => page(DATA + 0x1000, user) | 1 << 7,
            2 => page(CODE, user),
            _ => page(DATA + 0x1000, user),
        };
        let sctlr = 0x30d0_0800 | checks | random.below(2);
        let float = random.below(8) != 0;
        Self { words, regs, vregs, data, user, float, sctlr, next_page, counts }
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
        cpu.vregs.copy_from_slice(&self.vregs);
        let mut cx = Cx::new(cpu, mem, bp, Box::new(Board(0)));
        cx.powers = vec![PowerState::Running];
        self.set_up(&mut cx);
        cx
    }

    /// Maps memory to itself: devices below it, and its first 2 MiB in pages.
    fn map(&self, mem: &mut PhysMem) {
        let mut write = |at: u64, entry: u64| mem.write_bytes(at, &entry.to_le_bytes()).unwrap();
        write(TABLES[0], 0x701 | 1 << 2 | 1 << 6);
        write(TABLES[0] + 8, TABLES[1] | 3);
        write(TABLES[1], TABLES[2] | 3);
        for number in 0..512 {
            let address = RAM + number * 0x1000;
            let entry = match address {
                a if a == DATA + 0x1000 => self.next_page,
                // What EL0 may write, EL1 does not execute.
                CODE => page(address, self.user),
                a if a >= DATA => page(address, true),
                _ => page(address, false),
            };
            write(TABLES[2] + number * 8, entry);
        }
    }

    /// Has the processor set its registers and its level itself, from X0 to X7: MSR to VBAR_EL1, CPACR_EL1, MAIR_EL1,
    /// TCR_EL1, TTBR0_EL1 and SCTLR_EL1, ISB, and for EL0 to SPSR_EL1 and ELR_EL1, and ERET.
    fn set_up(&self, cx: &mut Cx<Aarch64>) {
        self.map(&mut cx.mem);
        let system = [
            0xd518_c000,
            0xd518_1043,
            0xd518_a204,
            0xd518_2045,
            0xd518_2006,
            0xd518_1007,
            0xd503_3fdf,
        ];
        let eret = [0xd518_4001, 0xd518_4022, 0xd69f_03e0];
        let words = if self.user { [&system[..], &eret].concat() } else { system.to_vec() };
        let bytes: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
        let prologue = CODE - 0x1000;
        cx.mem.write_bytes(prologue, &bytes).unwrap();
        let kept = cx.cpu.regs;
        cx.cpu.pc = prologue;
        let cpacr = if self.float { 3 << 20 } else { 0 };
        // Attribute 0 is normal memory, 1 a device; addresses have 39 bits, and there are none in the upper half.
        let values = [VECTORS, 0, CODE, cpacr, 0x00ff, 25 | 1 << 23, TABLES[0], self.sctlr];
        cx.cpu.regs[..8].copy_from_slice(&values);
        run(&mut Interpreter::default(), cx, words.len() as u64);
        cx.cpu.regs = kept;
        Aarch64::restored(&mut cx.cpu);
        cx.cpu.pc = CODE;
        cx.mem.forget_code();
    }
}

/// Catches a difference in any instruction's result, flags, fault, or effect on memory, TLB and devices.
#[test]
fn sequences_leave_the_same_state() {
    let all = rows().iter().map(|row| row.name).collect();
    sequences(rows().len() as u64, &all, |seed| {
        let start = Start::new(&mut Random::new(seed), seed as usize);
        let mut jit = Jit::new(Hotness::Now).unwrap();
        compare(
            || start.machine(),
            &mut jit,
            &start.counts,
            || format!("seed {seed}, words {:08x?}", start.words),
        );
        let row = |word: &u32| rows().get(usize::from(decode(*word).row));
        start.words.iter().filter_map(row).map(|row| row.name).collect()
    });
}
