//! PALcode as a kernel sees it: the way in and out, frames, arguments, address translation, processes.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod common;

use common::asm::{branch, lda, ldq, memory, operate, pal, stq};
use common::{CODE, DATA, KSEG, LOGOUT, Machine, PCB, STACK};
use lockstep_alpha::{CALLBACK, Entry, PS_USER, fen, function, line, reg, set_fen, translate};
use lockstep_core::InterruptClass;
use lockstep_cpu::{Guest, PowerState};

type Alpha = lockstep_alpha::Alpha;

const KGP: u64 = 0x1234_5678;
const USP: u64 = 0x1f_0000;
/// The handler of each entry point is as many bytes on.
const HANDLERS: u64 = KSEG + 0x9000;
/// Page tables: three pages from here on.
const TABLES: u64 = 0x40_0000;
/// User code and data, mapped to the same physical pages.
const USER_CODE: u64 = CODE - KSEG;
const USER_DATA: u64 = DATA - KSEG;

/// Bits of page table entries.
const VALID: u64 = 1;
const FOR: u64 = 2;
const FOW: u64 = 4;
const FOE: u64 = 8;
const ASM: u64 = 16;
const KRE: u64 = 1 << 8;
const URE: u64 = 1 << 9;
const KWE: u64 = 1 << 12;
const UWE: u64 = 1 << 13;
const ALL: u64 = VALID | KRE | URE | KWE | UWE;

fn handler(entry: Entry) -> u64 {
    HANDLERS + entry as u64 * 0x100
}

/// A machine in kernel mode with entry points, and page tables that map the lowest 8 MiB as they are, for everybody.
fn machine() -> Machine {
    let mut m = Machine::new(CODE);
    let cpu = &mut m.cx.cpu;
    cpu.sys.entries = std::array::from_fn(|entry| HANDLERS + entry as u64 * 0x100);
    cpu.sys.kgp = KGP;
    cpu.sys.usp = USP;
    cpu.sys.ptbr = TABLES >> 13;
    cpu.regs[usize::from(reg::GP)] = 29;
    for (table, next) in [(TABLES, TABLES + 0x2000), (TABLES + 0x2000, TABLES + 0x4000)] {
        m.write(KSEG + table, &((next >> 13) << 32 | VALID | KRE | KWE).to_le_bytes());
    }
    (0..1024).for_each(|page| m.map(page << 13, page << 13, ALL));
    m
}

impl Machine {
    /// Maps a page.
    fn map(&mut self, address: u64, physical: u64, bits: u64) {
        let entry = KSEG + TABLES + 0x4000 + (address >> 13) * 8;
        self.write(entry, &((physical >> 13) << 32 | bits).to_le_bytes());
    }

    fn get(&self, register: u8) -> u64 {
        self.cx.cpu.regs[usize::from(register)]
    }

    fn set(&mut self, register: u8, value: u64) {
        self.cx.cpu.regs[usize::from(register)] = value;
    }

    fn ps(&self) -> u64 {
        self.get(reg::PS)
    }

    /// Runs a PALcode function with a0 and a1 and gives v0.
    fn pal(&mut self, number: u32, a0: u64, a1: u64) -> u64 {
        self.set(reg::A0, a0);
        self.set(reg::A1, a1);
        self.step(pal(number));
        self.get(reg::V0)
    }

    /// Goes to user mode.
    fn become_user(&mut self) {
        let sp = self.get(reg::SP) - 48;
        self.set(reg::SP, sp);
        self.write(sp + 8, &USER_CODE.to_le_bytes());
        self.write(sp + 16, &29u64.to_le_bytes());
        self.pal(function::RETSYS, 16, 17);
        self.set(reg::A2, 18);
        assert_eq!((self.ps(), self.get(reg::SP), self.cx.cpu.pc), (PS_USER, USP, USER_CODE));
    }

    /// Runs one instruction in user mode.
    fn step_as_user(&mut self, word: u32) -> bool {
        self.write(CODE, &word.to_le_bytes());
        self.cx.cpu.pc = USER_CODE;
        self.run(1);
        self.cx.cpu.pc == USER_CODE + 4
    }

    /// Expects to be in a handler, entered from user code that goes on at `pc`, and gives a0 to a2.
    fn expect_frame(&self, entry: Entry, pc: u64) -> [u64; 3] {
        assert_eq!(self.cx.cpu.pc, handler(entry));
        let sp = self.get(reg::SP);
        assert_eq!((sp, self.get(reg::GP)), (STACK - 48, KGP));
        let frame: Vec<u64> = (0..6).map(|place| self.quadword(sp + place * 8)).collect();
        assert_eq!(frame, [PS_USER, pc, 29, 16, 17, 18], "PS, PC, GP, R16, R17, R18");
        assert_eq!(self.ps() & PS_USER, 0);
        assert_eq!(self.cx.cpu.sys.usp, USP);
        [reg::A0, reg::A1, reg::A2].map(|register| self.get(register))
    }

    /// Returns from a handler, and expects user code to be as it was.
    fn expect_return(&mut self, pc: u64) {
        self.step(pal(function::RTI));
        assert_eq!((self.ps(), self.cx.cpu.pc, self.get(reg::SP)), (PS_USER, pc, USP));
        let registers = [reg::A0, reg::A1, reg::A2, reg::GP].map(|register| self.get(register));
        assert_eq!(registers, [16, 17, 18, 29]);
        assert_eq!(self.cx.cpu.sys.ksp, STACK);
    }
}

/// Catches a frame with fields out of place, arguments that a handler does not expect, and a PC that is that of the
/// wrong instruction, for every class of exception.
#[test]
fn every_way_into_the_kernel() {
    let next = USER_CODE + 4;
    let unmapped = 0x800_0000;
    let cases: [(u32, Entry, u64, &[u64]); 12] = [
        (pal(function::BPT), Entry::Instruction, next, &[0]),
        (pal(function::BUGCHK), Entry::Instruction, next, &[1]),
        (pal(function::GENTRAP), Entry::Instruction, next, &[2]),
        (pal(function::SWPIPL), Entry::Instruction, next, &[4]),
        (pal(0x3f0), Entry::Instruction, next, &[4]),
        (0x19 << 26, Entry::Instruction, next, &[4]),
        (0x04 << 26, Entry::Instruction, next, &[4]),
        (operate(0x10, 0x60, 5, 5, 7), Entry::Arithmetic, next, &[0x40, 1 << 7]),
        (memory(0x2d, 9, 1, 6), Entry::Unaligned, next, &[USER_DATA + 1, 0x2d, 9]),
        (memory(0x28, 9, 0, 8), Entry::Memory, USER_CODE, &[unmapped, 0, 0]),
        (memory(0x2c, 9, 0, 8), Entry::Memory, USER_CODE, &[unmapped, 0, 1]),
        (memory(0x2c, 9, 0, 10), Entry::Memory, USER_CODE, &[KSEG, 1, 1]),
    ];
    for (word, entry, pc, arguments) in cases {
        let mut m = machine();
        m.become_user();
        m.set(5, i64::MIN as u64);
        m.set(6, USER_DATA);
        m.set(8, unmapped);
        m.set(10, KSEG);
        m.step_as_user(word);
        let given = m.expect_frame(entry, pc);
        assert_eq!(given[..arguments.len()], *arguments, "{word:#x}");
        m.expect_return(pc);
    }
}

/// Catches a system call that loses its arguments, or a return that keeps the kernel's.
#[test]
fn system_calls() {
    let mut m = machine();
    m.become_user();
    m.step_as_user(pal(function::CALLSYS));
    assert_eq!(m.expect_frame(Entry::System, USER_CODE + 4), [16, 17, 18]);
    m.set(reg::V0, 42);
    m.step(pal(function::RETSYS));
    assert_eq!((m.ps(), m.cx.cpu.pc, m.get(reg::SP)), (PS_USER, USER_CODE + 4, USP));
    assert_eq!((m.get(reg::V0), m.get(reg::GP)), (42, 29));
}

/// Catches floating-point instructions that run while disabled, or whose fault comes after them.
#[test]
fn floating_point_disabled() {
    for word in [
        memory(0x23, 1, 0, 6),
        memory(0x27, 1, 0, 6),
        memory(0x22, 31, 0, 6),
        operate(0x16, 0x0a0, 1, 2, 3),
        operate(0x17, 0x020, 1, 2, 3),
        operate(0x17, 0x024, 1, 1, 1),
        operate(0x1c, 0x70, 1, 31, 3),
        branch(0x31, 1, 1),
    ] {
        let mut m = machine();
        set_fen(&mut m.cx.cpu, false);
        m.become_user();
        m.set(6, USER_DATA);
        m.step_as_user(word);
        assert_eq!(m.expect_frame(Entry::Instruction, USER_CODE)[0], 3, "{word:#x}");
        m.pal(function::WRFEN, 1, 0);
        assert!(fen(&m.cx.cpu) && m.quadword(KSEG + PCB + 40) & 1 == 1);
    }
    let mut m = machine();
    m.become_user();
    m.step_as_user(pal(function::CLRFEN));
    assert!(!fen(&m.cx.cpu));
}

/// Catches a permission that is taken from the wrong bit, and a fault with the wrong code or cause.
#[test]
fn permissions() {
    let page = 0x60_0000;
    let (load, store) = (ldq(9, 0, 6), stq(9, 0, 6));
    for (bits, word, user, expected) in [
        (ALL, load, true, None),
        (ALL, store, true, None),
        (0, load, true, Some([page, 0, 0])),
        (0, store, false, Some([page, 0, 1])),
        (VALID | KRE | KWE, load, true, Some([page, 1, 0])),
        (VALID | KRE | KWE, load, false, None),
        (VALID | URE | UWE, load, false, Some([page, 1, 0])),
        (VALID | URE | KRE, store, true, Some([page, 1, 1])),
        (ALL | FOR, load, true, Some([page, 2, 0])),
        (ALL | FOW, store, true, Some([page, 4, 1])),
        (ALL | FOW, load, true, None),
        (ALL | FOR, store, true, None),
    ] {
        let mut m = machine();
        m.map(page, page, bits);
        if user {
            m.become_user();
        }
        m.set(6, page);
        let went_on = if user { m.step_as_user(word) } else { m.step(word) };
        assert_eq!(went_on, expected.is_none(), "{bits:#x} {word:#x} {user}");
        if let Some(expected) = expected {
            assert_eq!(m.cx.cpu.pc, handler(Entry::Memory));
            assert_eq!(
                [16, 17, 18].map(|register| m.get(register)),
                expected,
                "{bits:#x} {word:#x}"
            );
        }
    }
}

/// Catches a fetch that is not checked: not mapped, not readable, fault on execute.
#[test]
fn fetches() {
    for (bits, code) in [(0, 0), (VALID | KRE | KWE, 1), (ALL | FOE, 3)] {
        let mut m = machine();
        m.become_user();
        let target = 0x60_0000;
        m.map(target, target, bits);
        m.set(6, target + 8);
        m.set(reg::A2, 18);
        assert!(!m.step_as_user(memory(0x1a, 26, 0, 6)));
        m.run(1);
        assert_eq!(m.expect_frame(Entry::Memory, target + 8), [target + 8, code, u64::MAX]);
        assert_eq!(m.get(26), USER_CODE + 4);
    }
}

/// Catches an address space that sees another's translations, a global page that does not survive, and an invalidation
/// that takes too much or too little.
#[test]
fn address_spaces_and_invalidation() {
    let (page, first, second) = (0x60_0000, 0x10_0000u64, 0x10_2000u64);
    let load = ldq(9, 0, 6);
    let mut m = machine();
    m.write(KSEG + first, &1u64.to_le_bytes());
    m.write(KSEG + second, &2u64.to_le_bytes());
    m.set(6, page);
    let sees = |m: &mut Machine| {
        m.set(6, page);
        assert!(m.step(load));
        m.get(9)
    };
    for (what, address, global, sees_new) in [
        (None, 0, 0, false),
        (Some(-2i64), 0, 0, true),
        (Some(-1), 0, 0, true),
        (Some(-1), 0, ASM, false),
        (Some(1), page, 0, true),
        (Some(2), page + 0x1fff, 0, true),
        (Some(3), page, ASM, true),
        (Some(3), page + 0x2000, 0, false),
    ] {
        m.pal(function::TBI, -2i64 as u64, 0);
        m.map(page, first, ALL | global);
        assert_eq!(sees(&mut m), 1);
        m.map(page, second, ALL | global);
        if let Some(what) = what {
            m.pal(function::TBI, what as u64, address);
        }
        assert_eq!(sees(&mut m), if sees_new { 2 } else { 1 }, "{what:?} {address:#x} {global}");
    }
    // Another process, with other page tables and the same ones.
    let block = PCB + 0x100;
    let fields = [STACK, USP, TABLES >> 13, 5 << 32, 77, 1];
    for (place, value) in (0..).step_by(8).zip(fields) {
        m.write(KSEG + block + place, &u64::to_le_bytes(value));
    }
    m.pal(function::TBI, -2i64 as u64, 0);
    m.map(page, first, ALL);
    assert_eq!(sees(&mut m), 1);
    m.map(page, second, ALL);
    assert_eq!(m.pal(function::SWPCTX, block, 0), PCB);
    assert_eq!(sees(&mut m), 2, "another address space");
    // What is global goes with its address, whatever space it was filled in.
    m.map(page, first, ALL | ASM);
    m.pal(function::TBI, -2i64 as u64, 0);
    assert_eq!(sees(&mut m), 1);
    m.write(KSEG + PCB + 16, &(TABLES >> 13).to_le_bytes());
    m.pal(function::SWPCTX, PCB, 0);
    m.map(page, second, ALL | ASM);
    assert_eq!(sees(&mut m), 1);
    m.pal(function::TBI, 3, page);
    assert_eq!(sees(&mut m), 2);
}

/// Catches a process whose stack pointers, cycles or unique value are lost when another runs.
#[test]
fn processes() {
    let mut m = machine();
    let block = PCB + 0x100;
    let fields = [STACK - 0x1000, 0x777, TABLES >> 13, 5 << 32 | 1000, 77, 0];
    for (place, value) in (0..).step_by(8).zip(fields) {
        m.write(KSEG + block + place, &u64::to_le_bytes(value));
    }
    m.pal(function::WRUNIQUE, 66, 0);
    m.pal(function::WRUSP, 0x1111, 0);
    let old_sp = m.get(reg::SP);
    assert_eq!(m.pal(function::SWPCTX, block, 0), PCB);
    assert_eq!(m.get(reg::SP), STACK - 0x1000);
    assert_eq!(m.pal(function::RDUSP, 0, 0), 0x777);
    assert_eq!(m.pal(function::RDUNIQUE, 0, 0), 77);
    assert!(!fen(&m.cx.cpu));
    assert_eq!(m.cx.cpu.sys.asn, 5);
    let saved: Vec<u64> = [0, 8, 32].iter().map(|place| m.quadword(KSEG + PCB + place)).collect();
    assert_eq!(saved, [old_sp, 0x1111, 66]);
    let cycles = m.quadword(KSEG + PCB + 24) as u32;
    assert!((1..100).contains(&cycles), "{cycles}");
    m.step(0x18 << 26 | 4 << 21 | 31 << 16 | 0xc000);
    let own = (m.get(4) as u32).wrapping_add((m.get(4) >> 32) as u32);
    assert!((1000..1100).contains(&own), "a process's cycles go on from {own}");
}

/// Catches registers of PALcode that are mixed up, or that user code can reach.
#[test]
fn plain_registers() {
    let mut m = machine();
    m.pal(function::WRVAL, 0x55, 0);
    assert_eq!(m.pal(function::RDVAL, 0, 0), 0x55);
    m.pal(function::WRVPTPTR, 0xfe, 0);
    assert_eq!(m.cx.cpu.sys.vptb, 0xfe);
    m.pal(function::WRKGP, 0x99, 0);
    assert_eq!(m.cx.cpu.sys.kgp, 0x99);
    for entry in 0..6 {
        m.pal(function::WRENT, 0x1000 + entry, entry);
    }
    assert_eq!(m.cx.cpu.sys.entries, [0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005]);
    m.cx.cpu.sys.mces = 7;
    m.pal(function::WRMCES, 1 << 3 | 2, 0);
    assert_eq!(m.pal(function::RDMCES, 0, 0), 5 | 1 << 3);
    assert_eq!(m.pal(function::WHAMI, 0, 0), 0);
    assert_eq!(m.pal(CALLBACK, 41, 0), 42);
    assert_eq!(m.pal(function::SWPIPL, 3, 0), 7);
    assert_eq!(m.pal(function::RDPS, 0, 0), 3);
    assert_eq!(m.pal(function::SWPPAL, 5, 0), 1, "no such PALcode");
}

/// Catches a line that comes through at its own level, a handler at the wrong one, and arguments mixed up.
#[test]
fn interrupts() {
    for (bit, class, level, kind, vector) in [
        (line::DEVICE, InterruptClass::Device, 4, 3, 0x900),
        (line::CLOCK, InterruptClass::Clock, 5, 1, 0),
        (line::INTERPROCESSOR, InterruptClass::Interprocessor, 5, 0, 0),
        (line::PERFORMANCE, InterruptClass::Performance, 6, 4, 0),
        (line::MACHINE_CHECK, InterruptClass::MachineCheck, 7, 2, 0),
    ] {
        let mut m = machine();
        m.cx.cpu.lines = bit;
        for ipl in 0..8 {
            m.set(reg::PS, ipl);
            assert_eq!(Alpha::interrupt(&m.cx.cpu), (ipl < level).then_some(class));
        }
        m.become_user();
        let retired = m.cx.bp.retired;
        Alpha::take_interrupt(&mut m.cx, class);
        assert_eq!(m.cx.bp.retired, retired, "an interrupt is no instruction");
        let frame = if kind == 2 { KSEG + LOGOUT } else { 0 };
        assert_eq!(m.expect_frame(Entry::Interrupt, USER_CODE), [kind, vector, frame]);
        assert_eq!(m.ps(), level);
        m.cx.cpu.lines = 0;
        m.expect_return(USER_CODE);
    }
}

/// Catches a machine check whose frame is missing, or says nothing of where and why: kernels read it without asking.
#[test]
fn logout_frames() {
    const NOWHERE: u64 = 0xffff_fd01_0000_1238;
    let mut m = machine();
    m.pal(function::WRMCES, 7, 0);
    m.set(6, NOWHERE);
    assert!(!m.step(memory(0x29, 9, 0, 6)));
    let long = |m: &Machine, place: u64| {
        m.cx.mem.read::<4>(LOGOUT + place).map(u32::from_le_bytes).unwrap()
    };
    let quad = |m: &Machine, place: u64| {
        m.cx.mem.read::<8>(LOGOUT + place).map(u64::from_le_bytes).unwrap()
    };
    assert_eq!(m.cx.cpu.pc, handler(Entry::Interrupt));
    let arguments = [reg::A0, reg::A1, reg::A2].map(|register| m.get(register));
    assert_eq!(arguments, [2, 0x670, KSEG + LOGOUT]);
    assert_eq!([0, 4, 8, 12, 16].map(|place| long(&m, place)), [0x90, 0, 0x18, 0x90, 0x98]);
    assert_eq!(quad(&m, 0x28), translate(&m.cx.mem, &m.cx.cpu.sys, NOWHERE).unwrap() & !0x3f);
    assert_eq!((quad(&m, 0x58), quad(&m, 0x60)), (CODE, 0));
    assert_eq!(m.ps(), 7);
    assert_eq!(m.pal(function::RDMCES, 0, 0) & 1, 1);
    let mut m = machine();
    m.become_user();
    m.cx.cpu.lines = line::MACHINE_CHECK;
    Alpha::take_interrupt(&mut m.cx, InterruptClass::MachineCheck);
    assert_eq!((long(&m, 16), quad(&m, 0x28)), (0x202, 0));
    assert_eq!((quad(&m, 0x58), quad(&m, 0x60)), (USER_CODE, 3 << 3));
    assert_eq!(m.pal(function::RDMCES, 0, 0) & 1, 1);
}

/// Catches a processor that sleeps through what wakes it, or wakes for what it has masked.
#[test]
fn waiting() {
    let mut m = machine();
    m.pal(function::SWPIPL, 0, 0);
    m.pal(function::WTINT, 0, 0);
    assert_eq!((m.cx.cpu.power, m.get(reg::V0)), (PowerState::Waiting, 0));
    assert!(!Alpha::wakes(&m.cx.cpu));
    m.cx.cpu.lines = line::CLOCK;
    assert!(Alpha::wakes(&m.cx.cpu));
    m.set(reg::PS, 5);
    assert!(!Alpha::wakes(&m.cx.cpu));
}

/// Catches prefetches that fault, and unaligned quadwords that do not load.
#[test]
fn loads_of_nothing() {
    let mut m = machine();
    for opcode in [0x0a, 0x0b, 0x0c, 0x20, 0x21, 0x22, 0x23, 0x28, 0x29] {
        m.set(6, 0x1234_5678_9abc_def1);
        assert!(m.step(memory(opcode, 31, 3, 6)), "{opcode:#x}");
    }
    m.write(DATA, &0x1122_3344_5566_7788u64.to_le_bytes());
    m.set(6, DATA);
    assert!(m.step(memory(0x0b, 9, 7, 6)));
    assert_eq!(m.get(9), 0x1122_3344_5566_7788);
}

/// Catches a superpage whose I/O half leads into memory, and one that user mode can see.
#[test]
fn superpage() {
    let m = machine();
    let physical = |address| translate(&m.cx.mem, &m.cx.cpu.sys, address);
    assert_eq!(physical(0xffff_fc00_0031_0000), Some(0x31_0000));
    assert_eq!(physical(0xffff_fd01_fc00_03f8), Some(0x801_fc00_03f8));
    assert_eq!(physical(USER_DATA + 5), Some(USER_DATA + 5));
    assert_eq!(physical(0x800_0000), None);
    assert_eq!(physical(1 << 50), None);
    let mut m = machine();
    m.become_user();
    m.set(6, KSEG + 8);
    m.step_as_user(lda(7, 0, 6));
    m.step_as_user(ldq(9, 0, 6));
    assert_eq!(m.expect_frame(Entry::Memory, USER_CODE), [KSEG + 8, 1, 0]);
}
