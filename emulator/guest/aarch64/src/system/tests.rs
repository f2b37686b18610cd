use lockstep_core::{InterruptClass, What};

use lockstep_cpu::Engine;

use super::*;

use crate::registers::rows::REGISTERS;
use crate::registers::{pstate, spsr};
use crate::testing::*;

const DAIF: u16 = at(3, 3, 4, 2, 1);

fn imm(imm: i64) -> Insn {
    Insn { imm, ..Insn::default() }
}

fn msr_pstate(cx: &mut Cx<Aarch64>, op1: u8, op2: u8, crm: i64) -> Result<(), Exit<Aarch64>> {
    msr_imm(cx, &Insn { aux: op1 << 3 | op2, imm: crm, ..Insn::default() })
}

/// Catches a register that is missing, misnamed, or that keeps bits which do not exist.
#[test]
fn values_after_writing_ones() {
    let expected = [
        (at(3, 0, 1, 0, 0), 0x34dd_d39f | 0x3050_0980),
        (at(3, 0, 2, 0, 0), !0),
        (at(3, 0, 2, 0, 2), 0x0180_0677_ffff_ffbf),
        (at(3, 0, 4, 0, 0), 0xf070_03df),
        (at(3, 0, 5, 2, 0), 0xffff_ffff),
        (at(3, 0, 6, 0, 0), !0),
        (at(3, 0, 12, 0, 0), !0x7ff),
        (at(3, 0, 14, 1, 0), 0x3ff),
        (at(3, 0, 1, 0, 2), 3 << 20),
        (at(3, 3, 4, 4, 0), 0x07c8_0000),
        (at(3, 3, 4, 4, 1), 0x0800_009f),
        (at(3, 3, 13, 0, 2), !0),
        (at(2, 0, 0, 1, 5), 0x00ff_e1e7),
    ];
    let mut cx = machine();
    cx.cpu.sys.cpacr = 3 << 20;
    for (encoding, value) in expected {
        write_sys(&mut cx, encoding, !0).unwrap();
        assert_eq!(read_sys(&mut cx, encoding).unwrap(), value, "{encoding:#06x}");
    }
}

/// Catches ID registers that promise what is not there, or hide what is.
#[test]
fn identification() {
    let mut cx = machine();
    let expected = [
        ((0, 0), 0x000f_4c50),
        ((0, 5), 0xc000_0000),
        ((4, 0), 0x1100_0000_1111_0011),
        ((5, 0), 0x1030_5106),
        ((6, 0), 0x1000_1021_1120),
        ((6, 1), 0x0010_0001),
        ((7, 0), 0x0010_0025),
        ((7, 1), 0x0021_1000),
        ((7, 2), 0x1000_0000_0000_0001),
    ];
    for ((crm, op2), value) in expected {
        assert_eq!(
            read_sys(&mut cx, at(3, 0, 0, crm, op2)).unwrap(),
            value,
            "CRm {crm}, op2 {op2}"
        );
    }
    let (mut cx, _) = machine_of(2);
    cx.cpu.id = lockstep_core::VcpuId(0x1234);
    assert_eq!(read_sys(&mut cx, at(3, 0, 0, 0, 5)).unwrap(), 0x8001_2304);
}

/// Catches registers whose value depends on another, or on how they were written, and does not.
#[test]
fn dependent_values() {
    let mut cx = machine();
    let (claim_set, claim_clear) = (at(2, 0, 7, 8, 6), at(2, 0, 7, 9, 6));
    write_sys(&mut cx, claim_set, 0x1f6).unwrap();
    write_sys(&mut cx, claim_clear, 0x06).unwrap();
    assert_eq!(read_sys(&mut cx, claim_clear).unwrap(), 0xf0);
    assert_eq!(read_sys(&mut cx, claim_set).unwrap(), 0xff);
    assert_eq!(read_sys(&mut cx, at(2, 0, 1, 1, 4)).unwrap(), 0xa, "the OS lock is set by reset");
    write_sys(&mut cx, at(2, 0, 1, 0, 4), 0).unwrap();
    assert_eq!(read_sys(&mut cx, at(2, 0, 1, 1, 4)).unwrap(), 0x8);
    let geometry = |cx: &mut Cx<Aarch64>, select: u64| {
        write_sys(cx, at(3, 2, 0, 0, 0), select).unwrap();
        read_sys(cx, at(3, 1, 0, 0, 0)).unwrap()
    };
    assert_eq!(geometry(&mut cx, 0), geometry(&mut cx, 1));
    assert_eq!((geometry(&mut cx, 0), geometry(&mut cx, 2)), (0xf_e01a, 0));
    assert_eq!(read_sys(&mut cx, at(3, 3, 0, 0, 7)).unwrap(), 0x04);
    go_to(&mut cx, 0);
    assert_eq!(read_sys(&mut cx, at(3, 3, 0, 0, 7)).unwrap(), 0x14);
    cx.cpu.sys.sctlr |= sctlr::DZE;
    assert_eq!(read_sys(&mut cx, at(3, 3, 0, 0, 7)).unwrap(), 0x04);
}

/// Catches unallocated encodings that do something, and ID space that is UNDEFINED.
#[test]
fn what_is_not_there() {
    let mut cx = machine();
    let absent = [
        at(3, 0, 0, 0, 1),
        at(3, 3, 9, 15, 0),
        at(3, 3, 14, 8, 6),
        at(3, 3, 4, 4, 2),
        at(3, 4, 4, 1, 0),
        at(3, 4, 1, 0, 0),
        at(3, 0, 12, 0, 2),
        at(2, 0, 0, 6, 4),
        at(3, 0, 15, 0, 0),
        at(3, 7, 15, 7, 7),
    ];
    for encoding in absent {
        assert_eq!(fault(read_sys(&mut cx, encoding)), no_such(), "{encoding:#06x}");
        assert_eq!(fault(write_sys(&mut cx, encoding, 0)), no_such(), "{encoding:#06x}");
    }
    assert_eq!(read_sys(&mut cx, at(3, 0, 0, 1, 0)).unwrap(), 0);
    assert_eq!(read_sys(&mut cx, at(3, 0, 0, 7, 7)).unwrap(), 0);
    go_to(&mut cx, 0);
    assert_eq!(fault(read_sys(&mut cx, at(3, 0, 0, 7, 7))), no_such());
}

/// Catches a row that EL0 can use and should not: the whole table, with every control bit clear and then set.
#[test]
fn user_access() {
    let mut cx = machine();
    go_to(&mut cx, 0);
    cx.cpu.sys.cpacr = 3 << 20;
    let always = ["NZCV", "TPIDR_EL0", "FPCR", "FPSR", "TPIDRRO_EL0", "DCZID_EL0", "PMUSERENR_EL0"];
    let channel = ["MDCCSR_EL0", "DBGDTR_EL0", "DBGDTRRX_EL0"];
    for row in REGISTERS {
        if channel.contains(&row.name) {
            continue;
        }
        let readable = read_sys(&mut cx, row.encoding).is_ok();
        assert_eq!(readable, always.contains(&row.name), "{}", row.name);
        let writable = write_sys(&mut cx, row.encoding, 0).is_ok();
        assert_eq!(writable, always[..4].contains(&row.name), "{}", row.name);
    }
    cx.cpu.sys.sctlr |= sctlr::UMA | sctlr::UCT;
    cx.cpu.sys.cntkctl = 0x303;
    cx.cpu.sys.pmu.userenr = 1;
    let sometimes = |name: &str| {
        let monitors = name.starts_with("PM") && !name.starts_with("PMINTEN");
        name == "DAIF" || name == "CTR_EL0" || name.starts_with("CNT") || monitors
    };
    let odd = ["CNTKCTL_EL1", "PMSWINC_EL0"];
    for row in REGISTERS.iter().filter(|row| !odd.contains(&row.name)) {
        let expected =
            always.contains(&row.name) || channel.contains(&row.name) || sometimes(row.name);
        assert_eq!(read_sys(&mut cx, row.encoding).is_ok(), expected, "{}", row.name);
    }
    cx.cpu.sys.mdscr = crate::registers::mdscr::TDCC;
    assert_eq!(class_of(fault(read_sys(&mut cx, at(2, 3, 0, 1, 0)))), class::SYSTEM);
}

/// Catches PMUSERENR_EL0 bits that open more than their registers, or that trap with another class.
#[test]
fn user_access_to_monitors() {
    let (pmcr, swinc, selr) = (at(3, 3, 9, 12, 0), at(3, 3, 9, 12, 4), at(3, 3, 9, 12, 5));
    let (cycles, count, kind) = (at(3, 3, 9, 13, 0), at(3, 3, 14, 8, 0), at(3, 3, 14, 12, 0));
    // The bit, and what may then be read and written.
    let expected = [
        (0, vec![], vec![]),
        (1, vec![pmcr, selr, cycles, count, kind], vec![pmcr, swinc, selr, cycles, count, kind]),
        (2, vec![], vec![swinc]),
        (4, vec![cycles], vec![]),
        (8, vec![selr, count], vec![selr]),
    ];
    for (bit, readable, writable) in expected {
        let mut cx = machine();
        cx.cpu.sys.pmu.userenr = bit;
        go_to(&mut cx, 0);
        for register in [pmcr, swinc, selr, cycles, count, kind] {
            let read = read_sys(&mut cx, register);
            assert_eq!(read.is_ok(), readable.contains(&register), "{bit} {register:#x}");
            if read.is_err() && register != swinc {
                assert_eq!(class_of(fault(read)), class::SYSTEM);
            }
            let written = write_sys(&mut cx, register, 0);
            assert_eq!(written.is_ok(), writable.contains(&register), "{bit} {register:#x}");
            if written.is_err() {
                assert_eq!(class_of(fault(written)), class::SYSTEM);
            }
        }
    }
}

/// Catches floating point that a kernel cannot keep for itself, an exception that it cannot tell from others, and an
/// instruction or a register that forgets to ask.
#[test]
fn access_to_floating_point() {
    use crate::registers::rows::{FPCR, FPSR};
    let cpacr = at(3, 0, 1, 0, 2);
    let fmov = crate::decode(0x1e60_4020).row; // fmov d0, d1
    let run = crate::table::meaning::<Cx<Aarch64>>(fmov);
    // FPEN, and whether EL1 and EL0 are allowed.
    for (fpen, allowed) in [(0, [false; 2]), (1, [true, false]), (2, [false; 2]), (3, [true; 2])] {
        for (el, allowed) in [1, 0].into_iter().zip(allowed) {
            let mut cx = machine();
            write_sys(&mut cx, cpacr, fpen << 20).unwrap();
            go_to(&mut cx, el);
            let results = [
                run(&mut cx, &crate::decode(0x1e60_4020).insn),
                read_sys(&mut cx, FPCR).map(drop),
                write_sys(&mut cx, FPSR, !0),
            ];
            for result in results {
                assert_eq!(result.is_ok(), allowed, "FPEN {fpen}, EL{el}");
                if result.is_err() {
                    assert_eq!(fault(result).syndrome, 0x1fe0_0000);
                }
            }
        }
    }
}

/// Catches a trap whose syndrome names another register, direction or general register.
#[test]
fn trap_syndrome() {
    let mut cx = machine();
    go_to(&mut cx, 0);
    // MRS X9, CTR_EL0.
    let exception = fault(read_sys(&mut cx, at(3, 3, 0, 0, 1)));
    assert_eq!(exception.syndrome, 0x6232_c121);
    // MSR DAIF, XZR: the zero register is 31.
    let zr = Insn { imm: DAIF.into(), rd: reg::ZR, ..Insn::default() };
    assert_eq!(
        iss_of(fault(msr(&mut cx, &zr))),
        0x30_0000 | 1 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 2 << 1
    );
    let sink = Insn { imm: DAIF.into(), rd: reg::SINK, ..Insn::default() };
    assert_eq!(fault(mrs(&mut cx, &sink)).syndrome, 0x6232_d3e5);
    // MSR DAIFSet, #5.
    assert_eq!(
        iss_of(fault(msr_pstate(&mut cx, 3, 6, 5))),
        6 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 5 << 1
    );
    assert_eq!(fault(msr_pstate(&mut cx, 0, 5, 1)), no_such());
    assert_eq!(fault(msr_pstate(&mut cx, 0, 4, 1)), no_such());
}

/// Catches stack pointers that are lost or mixed up when PSTATE.SP or the exception level changes.
#[test]
fn stack_pointers() {
    let mut cx = machine();
    cx.put(reg::SP, 0x11);
    write_sys(&mut cx, SP_EL0, 0x22).unwrap();
    msr_pstate(&mut cx, 0, 5, 0).unwrap();
    assert_eq!(cx.get(reg::SP), 0x22);
    assert_eq!(fault(read_sys(&mut cx, SP_EL0)), no_such());
    assert_eq!(fault(write_sys(&mut cx, SP_EL0, 1)), no_such());
    write_sys(&mut cx, at(3, 0, 4, 2, 0), 1).unwrap();
    assert_eq!((cx.get(reg::SP), read_sys(&mut cx, SP_EL0).unwrap()), (0x11, 0x22));
}

/// Catches flags that MRS, MSR and SPSR_EL1 pack differently.
#[test]
fn flags() {
    let mut cx = machine();
    for flags in 0..16u64 {
        write_sys(&mut cx, at(3, 3, 4, 2, 0), flags << 28).unwrap();
        assert_eq!(read_sys(&mut cx, at(3, 3, 4, 2, 0)).unwrap(), flags << 28);
        assert_eq!(cx.get(reg::N) >> 63, flags >> 3);
        assert_eq!(cx.get(reg::NOT_Z) == 0, flags & 4 != 0);
        assert_eq!(cx.get(reg::C), flags >> 1 & 1);
        assert_eq!(cx.get(reg::V) >> 63, flags & 1);
        assert_eq!(pstate(&cx.cpu) >> 28, flags);
    }
}

/// Catches masks that hide the wrong interrupt, or unmasking that the run loop does not hear of.
#[test]
fn masks() {
    let mut cx = machine();
    cx.cpu.lines = 3;
    assert_eq!(Aarch64::interrupt(&cx.cpu), None);
    msr_pstate(&mut cx, 3, 7, 8 | 4).unwrap();
    assert!(!cx.bp.attention);
    msr_pstate(&mut cx, 3, 7, 2).unwrap();
    assert!(cx.bp.attention);
    assert_eq!(Aarch64::interrupt(&cx.cpu), Some(InterruptClass::Irq));
    cx.bp.attention = false;
    cx.cpu.lines = 1;
    assert_eq!(read_sys(&mut cx, at(3, 0, 12, 1, 0)).unwrap(), 0x80);
    cx.cpu.lines = 3;
    write_sys(&mut cx, DAIF, 0x80).unwrap();
    assert!(cx.bp.attention);
    assert_eq!(Aarch64::interrupt(&cx.cpu), Some(InterruptClass::Fiq));
    assert_eq!(read_sys(&mut cx, DAIF).unwrap(), 0x80);
    assert_eq!(read_sys(&mut cx, at(3, 0, 12, 1, 0)).unwrap(), 0xc0);
    msr_pstate(&mut cx, 3, 6, 0xf).unwrap();
    assert_eq!(read_sys(&mut cx, DAIF).unwrap(), 0x3c0);
}

/// Catches a change of PAN, SCTLR_EL1, TCR_EL1 or TTBR0_EL1 that data accesses do not notice, and a PAN that code which saves and
/// restores it loses.
#[test]
fn derived_state_follows() {
    let mut cx = machine();
    assert_eq!((cx.cpu.mmu.mode, cx.cpu.mmu.space, cx.cpu.mmu.align), (1, 0, false));
    msr_pstate(&mut cx, 0, 4, 1).unwrap();
    assert_eq!(cx.cpu.mmu.mode, 2);
    let pan = at(3, 0, 4, 2, 3);
    assert_eq!(read_sys(&mut cx, pan).unwrap(), 1 << 22, "PAN is read where it is written");
    write_sys(&mut cx, pan, 0).unwrap();
    assert_eq!((cx.cpu.mmu.mode, read_sys(&mut cx, pan).unwrap()), (1, 0));
    write_sys(&mut cx, at(3, 0, 2, 0, 0), 0x0123 << 48).unwrap();
    assert_eq!(cx.cpu.mmu.space, 0x23);
    write_sys(&mut cx, at(3, 0, 2, 0, 2), 1 << 36).unwrap();
    assert_eq!(cx.cpu.mmu.space, 0x123);
    write_sys(&mut cx, at(3, 0, 2, 0, 2), 1 << 36 | 1 << 22).unwrap();
    assert_eq!(cx.cpu.mmu.space, 0);
    write_sys(&mut cx, at(3, 0, 1, 0, 0), sctlr::A).unwrap();
    assert!(cx.cpu.mmu.align);
    // The flat entries of a disabled MMU go when it is enabled.
    load(&mut cx, RAM).unwrap();
    cx.cpu.fetch = Some(lockstep_cpu::Fetch { page: 1, frame: 1 });
    write_sys(&mut cx, at(3, 0, 1, 0, 0), sctlr::M).unwrap();
    assert_eq!((cx.cpu.fetch, &cx.cpu.tlb), (None, &lockstep_cpu::Tlb::default()));
}

/// Catches exceptions with a wrong class, immediate or return address.
#[test]
fn exceptions_on_purpose() {
    let mut cx = machine();
    let call = fault(svc(&mut cx, &imm(0xbeef)));
    assert_eq!((call.syndrome, call.returns_after), (0x5600_beef, true));
    let stop = fault(brk(&mut cx, &imm(0xbeef)));
    assert_eq!((stop.syndrome, stop.returns_after), (0xf200_beef, false));
    assert_eq!(fault(hlt(&mut cx, &imm(0))).syndrome, 0x0200_0000);
    assert_eq!(fault(sysl(&mut cx, &imm(0))), no_such());
}

/// Catches the GIC interface cut off from the board, or registers that the board does not have.
#[test]
fn interrupt_controller() {
    let (mut cx, notes) = machine_of(1);
    write_sys(&mut cx, GIC_REGISTER, 0xf0).unwrap();
    assert_eq!(notes.lock().unwrap().gic, 0xf0);
    assert_eq!(read_sys(&mut cx, GIC_REGISTER).unwrap(), 0xf0);
    assert_eq!(fault(read_sys(&mut cx, at(3, 0, 12, 12, 5))), no_such());
    go_to(&mut cx, 0);
    assert_eq!(fault(read_sys(&mut cx, GIC_REGISTER)), no_such());
}

/// Catches a WFI that sleeps with an interrupt pending, does not sleep, or that EL0 may use when it should not.
#[test]
fn waiting_for_interrupts() {
    let mut cx = machine();
    hint(&mut cx, &imm(3)).unwrap();
    assert_eq!((cx.cpu.power, cx.bp.attention), (PowerState::Waiting, true));
    assert!(!Aarch64::wakes(&cx.cpu));
    cx.cpu.lines = 1;
    assert!(Aarch64::wakes(&cx.cpu), "masked or not");
    cx.cpu.power = PowerState::Running;
    hint(&mut cx, &imm(3)).unwrap();
    assert_eq!(cx.cpu.power, PowerState::Running);
    cx.cpu.lines = 0;
    go_to(&mut cx, 0);
    assert_eq!(fault(hint(&mut cx, &imm(3))).syndrome, 0x07e0_0000);
    assert_eq!(fault(hint(&mut cx, &imm(2))).syndrome, 0x07e0_0001);
    cx.cpu.sys.sctlr |= sctlr::NTWI;
    assert!(hint(&mut cx, &imm(2)).is_err());
    cx.cpu.sys.sctlr ^= sctlr::NTWI | sctlr::NTWE;
    assert!(hint(&mut cx, &imm(3)).is_err() && hint(&mut cx, &imm(2)).is_ok());
    cx.cpu.power = PowerState::Running;
    cx.cpu.sys.sctlr |= sctlr::NTWI;
    hint(&mut cx, &imm(3)).unwrap();
    assert_eq!(cx.cpu.power, PowerState::Waiting);
}

/// Catches events that are lost: by SEV, SEVL, ERET, a lost monitor, or another processor's SEV.
#[test]
fn events() {
    let (mut cx, _) = machine_of(2);
    let sleeps = |cx: &mut Cx<Aarch64>| {
        hint(cx, &imm(2)).unwrap();
        std::mem::take(&mut cx.cpu.power) == PowerState::WaitingForEvent
    };
    assert!(sleeps(&mut cx));
    hint(&mut cx, &imm(5)).unwrap();
    assert!(!sleeps(&mut cx) && sleeps(&mut cx) && cx.requests.is_empty());
    hint(&mut cx, &imm(4)).unwrap();
    assert!(!sleeps(&mut cx) && sleeps(&mut cx));
    assert!(matches!(cx.requests[..], [Request::Broadcast(Broadcast::Event)]));
    Aarch64::request(&mut cx, &Broadcast::Event);
    assert!(!sleeps(&mut cx));
    cx.put(reg::MONITOR, 1);
    Aarch64::switched_away(&mut cx.cpu);
    assert!(cx.get(reg::MONITOR) == 0 && !sleeps(&mut cx) && sleeps(&mut cx));
    Aarch64::switched_away(&mut cx.cpu);
    assert!(sleeps(&mut cx));
    cx.cpu.sys.spsr = spsr::EL1H;
    eret(&mut cx, &imm(0)).unwrap();
    assert!(!sleeps(&mut cx));
}

/// Catches checks of the stack pointer's alignment at the wrong level.
#[test]
fn stack_alignment() {
    let mut cx = machine();
    assert!(check_sp_alignment(&mut cx, [8, 0, 0]).is_ok());
    cx.cpu.sys.sctlr |= sctlr::SA;
    let misaligned = fault(check_sp_alignment(&mut cx, [8, 0, 0]));
    assert_eq!((misaligned.syndrome, misaligned.far), (0x9a00_0000, None));
    go_to(&mut cx, 0);
    assert!(check_sp_alignment(&mut cx, [8, 0, 0]).is_ok());
    cx.cpu.sys.sctlr = sctlr::SA0;
    assert!(check_sp_alignment(&mut cx, [8, 0, 0]).is_err());
}

/// Catches a decoder and meanings that disagree about where an operand is: instructions as an assembler writes them.
#[test]
fn whole_instructions() {
    let words: [u32; 18] = [
        0xd538_4240, // mrs x0, CurrentEL
        0xd518_4101, // msr SP_EL0, x1
        0xd503_43ff, // msr DAIFClr, #3
        0xd500_40bf, // msr SPSel, #0
        0xd538_1002, // mrs x2, SCTLR_EL1
        0xd50b_7423, // dc zva, x3: Device memory, so an alignment fault
        0xd508_8324, // tlbi vae1is, x4
        0xd508_7805, // at s1e1r, x5
        0xd538_7406, // mrs x6, PAR_EL1
        0xd400_0002, // hvc #0
        0xd400_0003, // smc #0
        0xd503_20bf, // sevl
        0xd503_205f, // wfe
        0xd503_3f5f, // clrex
        0xd503_3fdf, // isb
        0xd51b_d05f, // msr TPIDR_EL0, xzr
        0xd538_0387, // mrs x7, S3_0_C0_C3_4
        0xd400_00a1, // svc #5
    ];
    let (mut cx, notes) = machine_of(2);
    for (word, place) in words.iter().zip((RAM..).step_by(4)) {
        cx.mem.write_bytes(place, &word.to_le_bytes()).unwrap();
    }
    cx.cpu.sys.vbar = RAM + 0x800;
    (cx.cpu.regs[1], cx.cpu.regs[3], cx.cpu.regs[5]) = (0x11, RAM + 0x1000, RAM + 0x2345);
    (cx.cpu.regs[7], cx.cpu.sys.tpidr_el0) = (7, 9);
    (cx.cpu.regs[usize::from(reg::SP)], cx.cpu.regs[usize::from(reg::MONITOR)]) = (0x22, 1);
    let mut interpreter = lockstep_cpu::Interpreter::default();
    let mut run = |cx: &mut Cx<Aarch64>, count: u64| {
        let end = cx.bp.retired + count;
        while cx.bp.retired < end {
            cx.bp.attention = false;
            assert_eq!(interpreter.run(cx, end - cx.bp.retired), None);
        }
    };
    run(&mut cx, 6);
    assert_eq!((cx.cpu.regs[0], cx.cpu.sys.spsr & 0x3c0), (4, 0x300));
    assert_eq!((cx.cpu.regs[2], cx.cpu.sys.far), (sctlr::RESET, RAM + 0x1000));
    assert_eq!((cx.cpu.pc, cx.cpu.sys.elr), (RAM + 0x800, RAM + 0x14));
    assert_eq!((cx.cpu.sys.other_sp, cx.cpu.regs[usize::from(reg::SP)]), (0x11, 0x22));
    (cx.cpu.pc, cx.cpu.fetch) = (RAM + 0x18, None);
    // PSCI_VERSION; what it gives is no function, so the second call is refused.
    cx.cpu.regs[0] = 0x8400_0000;
    run(&mut cx, 4);
    assert_eq!((cx.requests.len(), cx.cpu.regs[6]), (1, 0x4000_2b00));
    assert_eq!(cx.cpu.regs[0], 0x1_0000);
    run(&mut cx, 7);
    assert_eq!((cx.cpu.regs[0], cx.cpu.power), (u64::MAX, PowerState::Running));
    assert_eq!((cx.cpu.regs[7], cx.cpu.sys.tpidr_el0), (0, 0));
    assert_eq!(cx.cpu.regs[usize::from(reg::MONITOR)], 0);
    run(&mut cx, 1);
    assert_eq!((cx.cpu.sys.esr, cx.cpu.sys.elr), (0x5600_0005, RAM + 0x48));
    let exceptions = |what: &&What| matches!(what, What::Exception { .. });
    assert_eq!(notes.lock().unwrap().events.iter().filter(exceptions).count(), 2);
}
