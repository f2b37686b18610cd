//! Entering and leaving the kernel.

use lockstep_core::{InterruptClass, What};
use lockstep_cpu::{Access, Cx, Exit, Mem, PowerState, Size};

use crate::insn::reg;
use crate::logout::{self, Cause};
use crate::sys::{Cpu, Entry, PS_IPL, PS_USER, derive, is_user};
use crate::{Alpha, Exception, InsnFault, Interrupt, line};

/// The offset in the system control block of a machine check that the processor found.
const PROCESSOR_CHECK: u64 = 0x670;
/// MCES: a machine check is in progress, until the kernel says otherwise.
const IN_PROGRESS: u64 = 1;

/// Bytes of a stack frame: PS, PC, GP, R16, R17, R18.
pub(crate) const FRAME: u64 = 48;

/// An interrupt line: its bit, what it is, and the priority level that its handler runs at.
struct Line {
    bit: u32,
    class: InterruptClass,
    interrupt: Interrupt,
    level: u64,
}

/// The lines, highest first. A line is taken below its level.
const LINES: [Line; 5] = [
    Line {
        bit: line::MACHINE_CHECK,
        class: InterruptClass::MachineCheck,
        interrupt: Interrupt::MachineCheck,
        level: 7,
    },
    Line {
        bit: line::PERFORMANCE,
        class: InterruptClass::Performance,
        interrupt: Interrupt::Performance,
        level: 6,
    },
    Line {
        bit: line::INTERPROCESSOR,
        class: InterruptClass::Interprocessor,
        interrupt: Interrupt::Interprocessor,
        level: 5,
    },
    Line { bit: line::CLOCK, class: InterruptClass::Clock, interrupt: Interrupt::Clock, level: 5 },
    Line {
        bit: line::DEVICE,
        class: InterruptClass::Device,
        interrupt: Interrupt::Device,
        level: 4,
    },
];

/// The interrupt that the priority level lets through.
pub(crate) fn pending(cpu: &Cpu) -> Option<InterruptClass> {
    if cpu.lines == 0 {
        return None;
    }
    let level = cpu.regs[usize::from(reg::PS)] & PS_IPL;
    let taken = |line: &&Line| cpu.lines & line.bit != 0 && level < line.level;
    LINES.iter().find(taken).map(|line| line.class)
}

/// The entry point of an exception, what it gets in a0 to a2, how many of those, and how far behind the instruction the
/// saved PC is.
fn arguments(exception: Exception) -> (Entry, [u64; 3], u64) {
    match exception {
        Exception::Arithmetic { summary, mask } => (Entry::Arithmetic, [summary, mask, 0], 4),
        Exception::Memory { address, code, cause } => {
            (Entry::Memory, [address, code as u64, cause as i64 as u64], 0)
        }
        Exception::Unaligned { address, opcode, register } => {
            (Entry::Unaligned, [address, opcode.into(), register.into()], 4)
        }
        Exception::Instruction(fault) => {
            let after = if fault == InsnFault::FloatDisabled { 0 } else { 4 };
            (Entry::Instruction, [fault as u64, 0, 0], after)
        }
        Exception::System => (Entry::System, [0; 3], 4),
        // The logout frame's address comes to a2 later.
        Exception::MachineCheck { .. } => {
            (Entry::Interrupt, [Interrupt::MachineCheck as u64, PROCESSOR_CHECK, 0], 0)
        }
    }
}

/// Enters the kernel for a synchronous exception, and appends the event.
pub(crate) fn take(cx: &mut Cx<Alpha>, exception: Exception) {
    let pc = cx.cpu.pc;
    let (entry, mut arguments, after) = arguments(exception);
    cx.bp.witness(What::Exception {
        class: entry as u32,
        syndrome: arguments[1] << 32 | arguments[0] & 0xffff_ffff,
        address: arguments[0],
        pc,
    });
    let level = match exception {
        Exception::MachineCheck { address } => {
            cx.cpu.sys.mces |= IN_PROGRESS;
            arguments[2] = logout::write(cx, Cause::Processor(address));
            PS_IPL
        }
        _ => cx.cpu.regs[usize::from(reg::PS)] & PS_IPL,
    };
    let arguments = (exception != Exception::System).then_some(arguments);
    enter(cx, entry, pc.wrapping_add(after), level, arguments);
}

/// Enters the kernel for an interrupt; the event has been appended.
pub(crate) fn take_interrupt(cx: &mut Cx<Alpha>, class: InterruptClass) {
    cx.between_instructions();
    cx.cpu.power = PowerState::Running;
    let Some(line) = LINES.iter().find(|line| line.class == class) else { return };
    let vcpu = cx.cpu.id;
    let (platform, mut devices) = cx.devices();
    let vector = platform.acknowledge(&mut devices, vcpu, line.interrupt);
    if let Some(vector) = vector {
        let pc = cx.cpu.pc;
        let frame = if line.interrupt == Interrupt::MachineCheck {
            cx.cpu.sys.mces |= IN_PROGRESS;
            logout::write(cx, Cause::System)
        } else {
            0
        };
        let arguments = [line.interrupt as u64, vector, frame];
        enter(cx, Entry::Interrupt, pc, line.level, Some(arguments));
    }
}

/// Makes a stack frame and goes to an entry point, in kernel mode at a priority level. System calls leave the arguments
/// alone, everything else has its own.
fn enter(
    cx: &mut Cx<Alpha>,
    entry: Entry,
    return_to: u64,
    level: u64,
    arguments: Option<[u64; 3]>,
) {
    let ps = cx.cpu.regs[usize::from(reg::PS)];
    to_kernel(&mut cx.cpu, level);
    let sp = cx.cpu.regs[usize::from(reg::SP)].wrapping_sub(FRAME);
    let get = |reg: u8| cx.cpu.regs[usize::from(reg)];
    let frame = [ps, return_to, get(reg::GP), get(reg::A0), get(reg::A1), get(reg::A2)];
    for (place, value) in (0..).step_by(8).zip(frame) {
        if write(cx, sp.wrapping_add(place), value).is_err() {
            return crate::pal::kernel_stack_not_valid(cx);
        }
    }
    let cpu = &mut cx.cpu;
    cpu.regs[usize::from(reg::SP)] = sp;
    cpu.regs[usize::from(reg::GP)] = cpu.sys.kgp;
    if let Some(arguments) = arguments {
        cpu.regs[usize::from(reg::A0)] = arguments[0];
        cpu.regs[usize::from(reg::A1)] = arguments[1];
        cpu.regs[usize::from(reg::A2)] = arguments[2];
    }
    cpu.regs[usize::from(reg::LOCK)] = 0;
    cpu.pc = cpu.sys.entries[entry as usize] & !3;
    cx.refetch();
}

/// Kernel mode at a priority level, on the kernel's stack.
pub(crate) fn to_kernel(cpu: &mut Cpu, level: u64) {
    let sp = usize::from(reg::SP);
    if is_user(cpu) {
        cpu.sys.usp = std::mem::replace(&mut cpu.regs[sp], cpu.sys.ksp);
    }
    cpu.regs[usize::from(reg::PS)] = level;
    derive(cpu);
}

/// User mode at priority level 0, on the user's stack. The kernel's will start at `ksp`.
pub(crate) fn to_user(cpu: &mut Cpu, ksp: u64) {
    cpu.sys.ksp = ksp;
    cpu.regs[usize::from(reg::SP)] = cpu.sys.usp;
    cpu.regs[usize::from(reg::PS)] = PS_USER;
    derive(cpu);
}

/// Writes as the kernel does.
fn write(cx: &mut Cx<Alpha>, address: u64, value: u64) -> Result<(), Exit<Alpha>> {
    use lockstep_cpu::Emit;
    cx.store(address, value, Mem::plain(Size::B8))
}

/// The exception of an unaligned access by the instruction at the PC, which says what and into which register.
pub(crate) fn unaligned(cx: &Cx<Alpha>, address: u64) -> Exception {
    let word = fetched(cx).and_then(|physical| cx.mem.read::<4>(physical));
    let word = word.map_or(0, u32::from_le_bytes);
    let register = (word >> 21 & 31) as u8;
    Exception::Unaligned { address, opcode: (word >> 26) as u8, register }
}

/// The physical address that the instruction at the PC was fetched from: as noted, or, where an engine went from page to
/// page by itself, as the TLB has it.
fn fetched(cx: &Cx<Alpha>) -> Option<u64> {
    let (cpu, pc) = (&cx.cpu, cx.cpu.pc);
    let noted = cpu.fetch.filter(|fetch| fetch.page == pc >> 12);
    noted
        .map(|fetch| fetch.frame << 12 | pc & 0xfff)
        .or_else(|| cpu.tlb.hit(pc, cpu.mmu.fetch_space, cpu.mmu.mode, Access::Execute))
}
