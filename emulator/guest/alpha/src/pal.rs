//! OSF/1 PALcode (handbook, part II-A), without a single PALmode instruction.
//!
//! CALL_PAL enters it with a function number: below 0x40 for the kernel alone, from 0x80 to 0xbf for everybody; every
//! other number is reserved. What changes the mode, the priority level or the address space lives here; the way into the
//! kernel is in `exceptions`. Real PALcode may leave anything in R1, R16 and R22 to R25; this one leaves them alone.

use lockstep_core::StopReason;
use lockstep_cpu::{Cx, Emit, Exit, Guest, Mem, PowerState, Request, Size, Width};

use crate::insn::reg;
use crate::sys::{ENTRIES, PS_IPL, PS_USER, derive, pcb, set_fen};
use crate::{Alpha, CALLBACK, Exception, Halt, Insn, InsnFault, exceptions, system};

/// Numbers of functions.
pub mod function {
    /// Stops the processor.
    pub const HALT: u32 = 0x00;
    /// Flushes a page from the caches.
    pub const CFLUSH: u32 = 0x01;
    /// Waits for aborts.
    pub const DRAINA: u32 = 0x02;
    /// Console service.
    pub const CSERVE: u32 = 0x09;
    /// Changes PALcode.
    pub const SWPPAL: u32 = 0x0a;
    /// Interrupts another processor.
    pub const WRIPIR: u32 = 0x0d;
    /// Reads the machine check summary.
    pub const RDMCES: u32 = 0x10;
    /// Writes it.
    pub const WRMCES: u32 = 0x11;
    /// Enables or disables floating point.
    pub const WRFEN: u32 = 0x2b;
    /// Sets the virtual page table pointer.
    pub const WRVPTPTR: u32 = 0x2d;
    /// Switches processes.
    pub const SWPCTX: u32 = 0x30;
    /// Sets the per-processor value.
    pub const WRVAL: u32 = 0x31;
    /// Reads it.
    pub const RDVAL: u32 = 0x32;
    /// Invalidates translations.
    pub const TBI: u32 = 0x33;
    /// Sets an entry point.
    pub const WRENT: u32 = 0x34;
    /// Sets the priority level.
    pub const SWPIPL: u32 = 0x35;
    /// Reads the processor status.
    pub const RDPS: u32 = 0x36;
    /// Sets the kernel's global pointer.
    pub const WRKGP: u32 = 0x37;
    /// Sets the user's stack pointer.
    pub const WRUSP: u32 = 0x38;
    /// Performance counters.
    pub const WRPERFMON: u32 = 0x39;
    /// Reads the user's stack pointer.
    pub const RDUSP: u32 = 0x3a;
    /// Reads the processor's number.
    pub const WHAMI: u32 = 0x3c;
    /// Returns from a system call.
    pub const RETSYS: u32 = 0x3d;
    /// Waits for an interrupt.
    pub const WTINT: u32 = 0x3e;
    /// Returns from anything else.
    pub const RTI: u32 = 0x3f;
    /// Breakpoint.
    pub const BPT: u32 = 0x80;
    /// Bugcheck.
    pub const BUGCHK: u32 = 0x81;
    /// System call.
    pub const CALLSYS: u32 = 0x83;
    /// Makes written instructions visible.
    pub const IMB: u32 = 0x86;
    /// Reads the process unique value.
    pub const RDUNIQUE: u32 = 0x9e;
    /// Writes it.
    pub const WRUNIQUE: u32 = 0x9f;
    /// A trap that software generates.
    pub const GENTRAP: u32 = 0xaa;
    /// Disables floating point.
    pub const CLRFEN: u32 = 0xae;
}
use function::*;

type Outcome = Result<u64, Exit<Alpha>>;
type Helper = lockstep_cpu::Helper<Alpha>;

/// Bits of the machine check summary: in progress, and what is cleared by writing ones.
const MCES_CLEARED: u64 = 7;
/// Disables of the reports of corrected errors.
const MCES_KEPT: u64 = 3 << 3;

/// Whether the instruction after a call is not the next one to run, or may not be.
pub(crate) fn leads_away(number: u32) -> bool {
    let goes_on = number < 0x40 || matches!(number, IMB | RDUNIQUE | WRUNIQUE | CLRFEN);
    !goes_on || matches!(number, HALT | SWPPAL | RETSYS | RTI)
}

/// CALL_PAL.
pub(crate) fn call<E: Emit<Alpha>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let number = i.imm as u32;
    if number < 0x40 {
        let (ps, user) = (e.get(reg::PS), e.imm(PS_USER));
        let user = e.and(Width::W64, ps, user);
        e.when(user, |e| e.raise(Exception::Instruction(InsnFault::Opcode)))?;
    }
    match number {
        // What needs nobody.
        CFLUSH | DRAINA | WRPERFMON => Ok(()),
        SWPIPL => swap_priority_level(e),
        RDPS => copy(e, reg::PS, reg::V0),
        RDUNIQUE => copy(e, reg::UNIQUE, reg::V0),
        WRUNIQUE => copy(e, reg::A0, reg::UNIQUE),
        BPT => e.raise(Exception::Instruction(InsnFault::Breakpoint)),
        BUGCHK => e.raise(Exception::Instruction(InsnFault::Bugcheck)),
        GENTRAP => e.raise(Exception::Instruction(InsnFault::Gentrap)),
        CALLSYS => e.raise(Exception::System),
        RETSYS => go(e, return_from_system_call),
        RTI => go(e, return_from_trap),
        SWPPAL => go(e, swap_palcode),
        _ => match helper(number) {
            Some((run, gives)) => {
                let args = [reg::A0, reg::A1, reg::A2].map(|argument| e.get(argument));
                let value = e.call(run, args)?;
                if gives {
                    e.put(reg::V0, value);
                }
                Ok(())
            }
            None => e.raise(Exception::Instruction(InsnFault::Opcode)),
        },
    }
}

/// The helper of a function, and whether it gives a value in R0.
fn helper(number: u32) -> Option<(Helper, bool)> {
    Some(match number {
        HALT => (halt as Helper, false),
        CSERVE => (console_service, false),
        CALLBACK => (console_callback, false),
        WRIPIR => (interrupt_processor, false),
        RDMCES => (|cx, _| Ok(cx.cpu.sys.mces), true),
        WRMCES => (write_machine_check_summary, false),
        WRFEN => (write_float_enable, false),
        WRVPTPTR => (|cx, [value, ..]| Ok(std::mem::replace(&mut cx.cpu.sys.vptb, value)), false),
        SWPCTX => (swap_context, true),
        WRVAL => (|cx, [value, ..]| Ok(std::mem::replace(&mut cx.cpu.sys.sysval, value)), false),
        RDVAL => (|cx, _| Ok(cx.cpu.sys.sysval), true),
        TBI => (invalidate_translations, false),
        WRENT => (write_entry, false),
        WRKGP => (|cx, [value, ..]| Ok(std::mem::replace(&mut cx.cpu.sys.kgp, value)), false),
        WRUSP => (|cx, [value, ..]| Ok(std::mem::replace(&mut cx.cpu.sys.usp, value)), false),
        RDUSP => (|cx, _| Ok(cx.cpu.sys.usp), true),
        WHAMI => (|cx, _| Ok(cx.cpu.id.0.into()), true),
        WTINT => (wait_for_interrupt, true),
        IMB => (instruction_barrier, false),
        CLRFEN => (clear_float_enable, false),
        _ => return None,
    })
}

fn copy<E: Emit<Alpha>>(e: &mut E, from: u8, to: u8) -> Result<(), E::Exit> {
    let value = e.get(from);
    e.put(to, value);
    Ok(())
}

/// Calls a helper that says where to go on.
fn go<E: Emit<Alpha>>(e: &mut E, run: Helper) -> Result<(), E::Exit> {
    let args = [reg::A0, reg::A1, reg::A2].map(|argument| e.get(argument));
    let target = e.call(run, args)?;
    e.jump(target);
    Ok(())
}

/// The kernel has no stack to save state on: nothing can go on.
pub(crate) fn kernel_stack_not_valid(cx: &mut Cx<Alpha>) {
    let sp = cx.cpu.regs[usize::from(reg::SP)];
    let report = format!("kernel stack not valid: SP {sp:#x}, PC {:#x}", cx.cpu.pc);
    cx.ask(Request::Stop(StopReason::Unimplemented(report)));
}

fn halt(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    save_process(cx)?;
    let (platform, mem, bp) = (&mut cx.platform, &mut cx.mem, &mut cx.bp);
    let mut devices = lockstep_memory::DeviceCx { mem, bp };
    match platform.halt(&mut devices, &cx.cpu) {
        Halt::PowerOff => return Err(Exit::Stop(Box::new(StopReason::PowerOff))),
        Halt::Reset => cx.ask(Request::Reset),
        Halt::Stay => {
            cx.cpu.power = PowerState::Off;
            cx.attend();
        }
    }
    Ok(0)
}

/// What the board does for a processor. What it says it lacks ends the run.
fn ask_board(
    cx: &mut Cx<Alpha>,
    what: &str,
    ask: impl FnOnce(
        &mut dyn crate::AlphaPlatform,
        &mut lockstep_memory::DeviceCx<'_>,
        &mut crate::sys::Cpu,
    ) -> Result<(), String>,
) -> Outcome {
    let (platform, mem, bp) = (&mut cx.platform, &mut cx.mem, &mut cx.bp);
    let mut devices = lockstep_memory::DeviceCx { mem, bp };
    let result = ask(&mut **platform, &mut devices, &mut cx.cpu);
    derive(&mut cx.cpu);
    cx.attend();
    result.map(|()| 0).map_err(|report| {
        let report = format!("{what}: {report} (pc {:#x})", cx.cpu.pc);
        Exit::Stop(Box::new(StopReason::Unimplemented(report)))
    })
}

fn console_service(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    ask_board(cx, "CSERVE", |platform, devices, cpu| platform.cserve(devices, cpu))
}

fn console_callback(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    ask_board(cx, "console callback", |platform, devices, cpu| platform.callback(devices, cpu))
}

fn interrupt_processor(cx: &mut Cx<Alpha>, [target, ..]: [u64; 3]) -> Outcome {
    let from = cx.cpu.id;
    let (platform, mut devices) = cx.devices();
    platform.interrupt_processor(&mut devices, from, target);
    cx.attend();
    Ok(0)
}

fn write_machine_check_summary(cx: &mut Cx<Alpha>, [value, ..]: [u64; 3]) -> Outcome {
    let kept = cx.cpu.sys.mces & MCES_CLEARED & !value;
    cx.cpu.sys.mces = kept | value & MCES_KEPT;
    Ok(0)
}

/// Reads the process control block, or whatever else PALcode reads by a physical address.
fn read_physical(cx: &Cx<Alpha>, address: u64) -> Outcome {
    cx.read_table(address).ok_or(Exit::Exception(Exception::MachineCheck { address }))
}

/// Writes by a physical address; what is there is memory, or nothing.
fn write_physical(cx: &mut Cx<Alpha>, address: u64, value: &[u8]) -> Outcome {
    let written = cx.mem.write_bytes(address, value);
    written.map(|()| 0).map_err(|_| Exit::Exception(Exception::MachineCheck { address }))
}

fn write_float_enable(cx: &mut Cx<Alpha>, [value, ..]: [u64; 3]) -> Outcome {
    set_fen(&mut cx.cpu, value & 1 != 0);
    let address = cx.cpu.sys.pcbb.wrapping_add(pcb::FEN);
    let flags = read_physical(cx, address)?;
    write_physical(cx, address, &(flags & !1 | value & 1).to_le_bytes())
}

fn clear_float_enable(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    write_float_enable(cx, [0; 3])
}

/// What the process control block has of the process that runs: its stack pointers, its cycles, its unique value.
fn save_process(cx: &mut Cx<Alpha>) -> Outcome {
    let (sys, block) = (&cx.cpu.sys, cx.cpu.sys.pcbb);
    let get = |number: u8| cx.cpu.regs[usize::from(number)];
    let cycles = system::cycles(cx).wrapping_add(sys.cycle_offset);
    let values = [(pcb::KSP, get(reg::SP)), (pcb::USP, sys.usp), (pcb::UNIQUE, get(reg::UNIQUE))];
    write_physical(cx, block.wrapping_add(pcb::PCC), &cycles.to_le_bytes())?;
    for (place, value) in values {
        write_physical(cx, block.wrapping_add(place), &value.to_le_bytes())?;
    }
    Ok(block)
}

/// Takes over the process of a control block.
fn load_process(cx: &mut Cx<Alpha>, block: u64) -> Outcome {
    let ksp = read_physical(cx, block.wrapping_add(pcb::KSP))?;
    let usp = read_physical(cx, block.wrapping_add(pcb::USP))?;
    let ptbr = read_physical(cx, block.wrapping_add(pcb::PTBR))?;
    let pcc_and_asn = read_physical(cx, block.wrapping_add(pcb::PCC))?;
    let unique = read_physical(cx, block.wrapping_add(pcb::UNIQUE))?;
    let flags = read_physical(cx, block.wrapping_add(pcb::FEN))?;
    let cycles = system::cycles(cx);
    let cpu = &mut cx.cpu;
    cpu.regs[usize::from(reg::SP)] = ksp;
    cpu.regs[usize::from(reg::UNIQUE)] = unique;
    cpu.sys.usp = usp;
    cpu.sys.ptbr = ptbr;
    cpu.sys.asn = (pcc_and_asn >> 32) as u16 & 0xff;
    cpu.sys.cycle_offset = (pcc_and_asn as u32).wrapping_sub(cycles);
    cpu.sys.pcbb = block;
    set_fen(cpu, flags & 1 != 0);
    derive(cpu);
    cx.refetch();
    Ok(0)
}

/// SWPCTX: a0 is the physical address of the new control block; gives that of the old one.
fn swap_context(cx: &mut Cx<Alpha>, [block, ..]: [u64; 3]) -> Outcome {
    let old = save_process(cx)?;
    load_process(cx, block)?;
    Ok(old)
}

/// SWPPAL: a0 is the variant (2 is OSF/1, the one there is), a1 the address to go on at, a2 the process control block,
/// a3 the virtual page table pointer.
fn swap_palcode(cx: &mut Cx<Alpha>, [variant, pc, block]: [u64; 3]) -> Outcome {
    const OSF: u64 = 2;
    const UNKNOWN: u64 = 1;
    if variant != OSF {
        cx.cpu.regs[usize::from(reg::V0)] = UNKNOWN;
        return Ok(cx.next_pc);
    }
    load_process(cx, block)?;
    cx.cpu.sys.vptb = cx.cpu.regs[usize::from(reg::A2) + 1];
    cx.cpu.tlb.clear();
    cx.cpu.regs[usize::from(reg::V0)] = 0;
    cx.refetch();
    Ok(pc & !3)
}

/// TBI: a0 says what, a1 is an address. There is one TLB for instructions and data.
fn invalidate_translations(cx: &mut Cx<Alpha>, [what, address, _]: [u64; 3]) -> Outcome {
    let space = cx.cpu.sys.asn;
    let tlb = &mut cx.cpu.tlb;
    match what as i64 {
        // All.
        -2 => tlb.clear(),
        // All of processes.
        -1 => tlb.invalidate(|entry| !entry.global),
        // One, of instructions, data, or both.
        1..=3 => {
            tlb.invalidate(|entry| entry.covers(address) && (entry.global || entry.space == space));
        }
        _ => return Ok(0),
    }
    cx.refetch();
    Ok(0)
}

/// WRENT: a0 is the address, a1 which.
fn write_entry(cx: &mut Cx<Alpha>, [address, entry, _]: [u64; 3]) -> Outcome {
    if let Some(place) = cx.cpu.sys.entries.get_mut(entry.min(ENTRIES as u64) as usize) {
        *place = address;
    }
    Ok(0)
}

/// SWPIPL: gives the old level. Only a lower one can let an interrupt through.
fn swap_priority_level<E: Emit<Alpha>>(e: &mut E) -> Result<(), E::Exit> {
    let (old, level, mask) = (e.get(reg::PS), e.get(reg::A0), e.imm(PS_IPL));
    let level = e.and(Width::W64, level, mask);
    let lowers = e.ult(Width::W64, level, old);
    e.if_else(
        lowers,
        |e| {
            let old = e.call(lower_priority_level, [level; 3])?;
            e.put(reg::V0, old);
            Ok(())
        },
        |e| {
            e.put(reg::PS, level);
            e.put(reg::V0, old);
            Ok(())
        },
    )
}

fn lower_priority_level(cx: &mut Cx<Alpha>, [level, ..]: [u64; 3]) -> Outcome {
    let old = std::mem::replace(&mut cx.cpu.regs[usize::from(reg::PS)], level);
    attend_if_interrupted(cx);
    Ok(old)
}

/// Returns to the run loop when an interrupt can be taken now.
fn attend_if_interrupted(cx: &mut Cx<Alpha>) {
    if exceptions::pending(&cx.cpu).is_some() {
        cx.attend();
    }
}

/// WTINT: gives the number of clock ticks that were skipped, which is none.
fn wait_for_interrupt(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    if !Alpha::wakes(&cx.cpu) {
        cx.cpu.power = PowerState::Waiting;
        cx.attend();
    }
    Ok(0)
}

fn instruction_barrier(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    cx.refetch();
    Ok(0)
}

/// A quadword of a stack frame.
fn pop(cx: &mut Cx<Alpha>, sp: u64, place: u64) -> Outcome {
    cx.load(sp.wrapping_add(place), Mem::plain(Size::B8))
}

/// RETSYS: to user mode, with the return address and the global pointer from the frame.
fn return_from_system_call(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    let sp = cx.cpu.regs[usize::from(reg::SP)];
    let (pc, gp) = (pop(cx, sp, 8)?, pop(cx, sp, 16)?);
    cx.cpu.regs[usize::from(reg::GP)] = gp;
    cx.cpu.regs[usize::from(reg::LOCK)] = 0;
    exceptions::to_user(&mut cx.cpu, sp.wrapping_add(exceptions::FRAME));
    cx.refetch();
    attend_if_interrupted(cx);
    Ok(pc & !3)
}

/// RTI: everything from the frame, to user mode or not.
fn return_from_trap(cx: &mut Cx<Alpha>, _args: [u64; 3]) -> Outcome {
    let sp = cx.cpu.regs[usize::from(reg::SP)];
    let mut frame = [0; 6];
    for (place, value) in (0..).step_by(8).zip(&mut frame) {
        *value = pop(cx, sp, place)?;
    }
    let [ps, pc, gp, a0, a1, a2] = frame;
    let cpu = &mut cx.cpu;
    let registers = [(reg::GP, gp), (reg::A0, a0), (reg::A1, a1), (reg::A2, a2), (reg::LOCK, 0)];
    for (register, value) in registers {
        cpu.regs[usize::from(register)] = value;
    }
    cpu.regs[usize::from(reg::INTR)] = 0;
    let above = sp.wrapping_add(exceptions::FRAME);
    if ps & PS_USER != 0 {
        exceptions::to_user(cpu, above);
    } else {
        cpu.regs[usize::from(reg::SP)] = above;
        cpu.regs[usize::from(reg::PS)] = ps & PS_IPL;
    }
    cx.refetch();
    attend_if_interrupted(cx);
    Ok(pc & !3)
}
