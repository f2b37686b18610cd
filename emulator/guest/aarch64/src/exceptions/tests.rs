use lockstep_cpu::{Emit, Engine, Guest, Interpreter};

use super::*;
use crate::registers::tcr;
use crate::testing::*;
use crate::{Insn, system};

const VECTORS: u64 = RAM + 0x8000;
const SVC: u32 = 0xd400_0001;
const ERET: u32 = 0xd69f_03e0;
const NOP: u32 = 0xd503_201f;
const ISB: u32 = 0xd503_3fdf;

/// A machine that is about to run `words` at the start of RAM, with handlers at `VECTORS`.
fn program(words: &[u32]) -> (Cx<Aarch64>, Shared) {
    let (mut cx, notes) = machine_of(1);
    for (word, place) in words.iter().zip((RAM..).step_by(4)) {
        cx.mem.write_bytes(place, &word.to_le_bytes()).unwrap();
    }
    cx.cpu.sys.vbar = VECTORS;
    (cx, notes)
}

/// Runs some instructions.
fn run(cx: &mut Cx<Aarch64>, count: u64) {
    let mut interpreter = Interpreter::default();
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        assert_eq!(interpreter.run(cx, end - cx.bp.retired), None);
    }
}

fn class_and_return(cx: &Cx<Aarch64>) -> (u64, u64) {
    (cx.cpu.sys.esr >> 26, cx.cpu.sys.elr)
}

/// Catches a wrong vector: by kind, level or stack pointer.
#[test]
fn vectors() {
    for (el, spsel, base) in [(1, false, 0), (1, true, 0x200), (0, false, 0x400)] {
        let kinds = [
            (InterruptClass::Irq, 0x80),
            (InterruptClass::Fiq, 0x100),
            (InterruptClass::SError, 0x180),
        ];
        for (kind, offset) in kinds {
            let (mut cx, _) = program(&[]);
            go_to(&mut cx, el);
            select_sp(&mut cx.cpu, spsel);
            cx.cpu.power = lockstep_cpu::PowerState::Waiting;
            Aarch64::take_interrupt(&mut cx, kind);
            assert_eq!((cx.cpu.pc, cx.cpu.sys.elr), (VECTORS + base + offset, RAM));
            assert_eq!(cx.cpu.power, lockstep_cpu::PowerState::Running);
        }
        let (mut cx, notes) = program(&[]);
        go_to(&mut cx, el);
        select_sp(&mut cx.cpu, spsel);
        let abort = data_abort(&cx.cpu, 7, 0x1234, true);
        Aarch64::take_exception(&mut cx, abort);
        assert_eq!((cx.cpu.pc, cx.cpu.sys.far), (VECTORS + base, 0x1234));
        let class = if el == 0 { class::DATA_LOWER } else { class::DATA_SAME };
        let syndrome = u64::from(class) << 26 | 0x0200_0047;
        assert_eq!(
            notes.lock().unwrap().events,
            [What::Exception { class, syndrome, address: 0x1234, pc: RAM }]
        );
    }
}

/// Catches state that an exception and the return from it do not bring back, or that the handler starts without.
#[test]
fn there_and_back() {
    for span in [true, false] {
        for saved in [0xf040_0000, 0x6000_0040, 0x3c4, 0x8000_0205, 0x1040_0105] {
            let (mut cx, _) = program(&[]);
            restore_pstate(&mut cx.cpu, saved);
            cx.cpu.sys.sctlr = if span { sctlr::RESET } else { sctlr::RES1 };
            cx.put(reg::SP, 0x77);
            cx.cpu.sys.far = 0x99;
            let before = cx.cpu.clone();
            let call = Exception { returns_after: true, ..exception(class::SVC, 0) };
            Aarch64::take_exception(&mut cx, call);
            let pan = saved & spsr::PAN != 0 || !span;
            assert_eq!(pstate(&cx.cpu) & !0xf000_0000, 0x3c5 | if pan { spsr::PAN } else { 0 });
            assert_eq!(cx.cpu.mmu.mode, if pan { 2 } else { 1 });
            assert_eq!((cx.cpu.sys.spsr, cx.cpu.sys.elr), (saved, RAM + 4));
            assert_eq!(cx.cpu.sys.far, 0x99, "SVC has no address");
            cx.put(reg::MONITOR, 1);
            system::eret(&mut cx, &Insn::default()).unwrap();
            assert_eq!((pstate(&cx.cpu), cx.next_pc), (saved, RAM + 4));
            assert_eq!((cx.cpu.mmu, cx.get(reg::SP), cx.get(reg::MONITOR)), (before.mmu, 0x77, 0));
        }
    }
}

/// Catches an unmasking return with an interrupt pending that the run loop does not hear of, and ERET at EL0.
#[test]
fn returning() {
    let (mut cx, _) = program(&[]);
    cx.cpu.lines = 1;
    cx.cpu.sys.spsr = 0x3c0;
    system::eret(&mut cx, &Insn::default()).unwrap();
    assert!(!cx.bp.attention);
    assert_eq!(fault(system::eret(&mut cx, &Insn::default())), undefined());
    go_to(&mut cx, 1);
    cx.cpu.sys.spsr = spsr::EL0T;
    system::eret(&mut cx, &Insn::default()).unwrap();
    assert!(cx.bp.attention);
}

/// Catches a return to a state that does not exist which changes level, or whose first instruction runs.
#[test]
fn illegal_returns() {
    for mode in [1, 2, 3, 6, 7, 8, 9, 12, 13, 0x10, 0x13, 0x1f] {
        let (mut cx, _) = program(&[ERET]);
        cx.cpu.sys.spsr = 0x6000_0000 | mode;
        cx.cpu.sys.elr = RAM + 0x100;
        run(&mut cx, 1);
        assert_eq!((cx.cpu.pc, pstate(&cx.cpu)), (RAM + 0x100, 0x6010_0005), "{mode:#x}");
        run(&mut cx, 1);
        assert_eq!(class_and_return(&cx), (0x0e, RAM + 0x100));
        assert_eq!((cx.cpu.pc, cx.cpu.sys.il), (VECTORS + 0x200, false));
        assert_eq!(cx.cpu.sys.spsr, 0x6010_0005);
    }
    // A legal one can bring the illegal state back, and a fault of the fetch comes before it.
    let (mut cx, _) = program(&[ERET]);
    cx.cpu.sys.spsr = spsr::IL;
    cx.cpu.sys.elr = 1 << 50;
    run(&mut cx, 2);
    assert_eq!(class_and_return(&cx), (class::FETCH_LOWER.into(), 1 << 50));
    assert_eq!(cx.cpu.sys.spsr, spsr::IL);
}

/// Catches misaligned program counters that run, on another page or on the same.
#[test]
fn misaligned_pc() {
    for target in [RAM + 0x1002, RAM + 0xa, RAM + 1] {
        let (mut cx, _) = program(&[NOP, NOP, ERET]);
        run(&mut cx, 1);
        cx.cpu.pc = target;
        run(&mut cx, 1);
        assert_eq!(class_and_return(&cx), (class::PC_ALIGNMENT.into(), target));
        assert_eq!((cx.cpu.sys.far, cx.cpu.pc), (target, VECTORS + 0x200));
        assert_eq!(cx.bp.retired, 2);
    }
}

/// Catches tags that stay in the program counter, in ELR_EL1, or in what a return jumps to.
#[test]
fn tagged_pc() {
    let (mut cx, _) = program(&[NOP, SVC]);
    cx.cpu.sys.tcr = tcr::TBI0;
    cx.cpu.pc = RAM | 0x55 << 56;
    run(&mut cx, 1);
    assert_eq!(cx.cpu.pc, RAM + 4);
    cx.cpu.pc |= 0x55 << 56;
    let mut other = cx.cpu.clone();
    run(&mut cx, 1);
    assert_eq!(class_and_return(&cx), (class::SVC.into(), RAM + 8));
    std::mem::swap(&mut cx.cpu, &mut other);
    Aarch64::take_interrupt(&mut cx, InterruptClass::Irq);
    assert_eq!(cx.cpu.sys.elr, RAM + 4);
    cx.cpu.sys.elr = RAM | 0xaa << 56;
    system::eret(&mut cx, &Insn::default()).unwrap();
    assert_eq!(cx.next_pc, RAM);
    // Without TBI it is another address, and one that does not exist.
    cx.cpu.sys.tcr = 0;
    cx.cpu.pc = RAM | 0x55 << 56;
    cx.cpu.fetch = None;
    run(&mut cx, 1);
    assert_eq!(cx.cpu.sys.far, RAM | 0x55 << 56);
}

/// Catches a fetch that goes on from the old page after an exception, a return or ISB.
#[test]
fn fetching_anew() {
    let (mut cx, _) = program(&[SVC]);
    run(&mut cx, 1);
    assert_eq!((cx.cpu.pc, cx.cpu.fetch), (VECTORS + 0x200, None));
    let (mut cx, _) = program(&[NOP, ISB]);
    run(&mut cx, 1);
    let (page, frame) = (RAM >> 12, RAM >> 12);
    assert_eq!(cx.cpu.fetch, Some(lockstep_cpu::Fetch { page, frame }));
    run(&mut cx, 1);
    assert_eq!((cx.cpu.pc, cx.cpu.fetch), (RAM + 8, None));
}
