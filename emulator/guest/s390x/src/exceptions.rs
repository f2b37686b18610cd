//! Interruptions (Principles of Operation, chapter 6): swapping PSWs.
//!
//! The order among classes is that of the architecture: a program interruption or supervisor call belongs to the instruction
//! that caused it and so comes first; then a machine check, external, I/O, restart. PSWs that are not valid are found by the
//! next fetch, which interrupts again.

use lockstep_core::{InterruptClass, StopReason, What};
use lockstep_cpu::{Access, Cx, Exit, PowerState, Request, Vcpu};

use crate::control::{cr0, cr14};
use crate::lowcore::{self, Class};
use crate::platform::{Halt, line};
use crate::{Exception, Program, S390x, mmu, psw, reg, signal};

/// Program-interruption codes.
pub(crate) mod code {
    pub(crate) const OPERATION: u16 = 0x01;
    pub(crate) const PRIVILEGED: u16 = 0x02;
    pub(crate) const EXECUTE: u16 = 0x03;
    pub(crate) const PROTECTION: u16 = 0x04;
    pub(crate) const ADDRESSING: u16 = 0x05;
    pub(crate) const SPECIFICATION: u16 = 0x06;
    pub(crate) const DATA: u16 = 0x07;
    pub(crate) const FIXED_OVERFLOW: u16 = 0x08;
    pub(crate) const FIXED_DIVIDE: u16 = 0x09;
    pub(crate) const DECIMAL_OVERFLOW: u16 = 0x0a;
    pub(crate) const DECIMAL_DIVIDE: u16 = 0x0b;
    pub(crate) const SEGMENT: u16 = 0x10;
    pub(crate) const PAGE: u16 = 0x11;
    pub(crate) const TRANSLATION_SPECIFICATION: u16 = 0x12;
    pub(crate) const SPECIAL_OPERATION: u16 = 0x13;
    pub(crate) const OPERAND: u16 = 0x15;
    pub(crate) const TRACE_TABLE: u16 = 0x16;
    pub(crate) const VECTOR: u16 = 0x1b;
    pub(crate) const SPACE_SWITCH: u16 = 0x1c;
    pub(crate) const PC_SPECIFICATION: u16 = 0x1f;
    pub(crate) const AFX_TRANSLATION: u16 = 0x20;
    pub(crate) const ASX_TRANSLATION: u16 = 0x21;
    pub(crate) const LX_TRANSLATION: u16 = 0x22;
    pub(crate) const EX_TRANSLATION: u16 = 0x23;
    pub(crate) const PRIMARY_AUTHORITY: u16 = 0x24;
    pub(crate) const SECONDARY_AUTHORITY: u16 = 0x25;
    pub(crate) const LFX_TRANSLATION: u16 = 0x26;
    pub(crate) const LSX_TRANSLATION: u16 = 0x27;
    pub(crate) const ALET_SPECIFICATION: u16 = 0x28;
    pub(crate) const ALEN_TRANSLATION: u16 = 0x29;
    pub(crate) const ALE_SEQUENCE: u16 = 0x2a;
    pub(crate) const ASTE_VALIDITY: u16 = 0x2b;
    pub(crate) const ASTE_SEQUENCE: u16 = 0x2c;
    pub(crate) const EXTENDED_AUTHORITY: u16 = 0x2d;
    pub(crate) const LSTE_SEQUENCE: u16 = 0x2e;
    pub(crate) const ASTE_INSTANCE: u16 = 0x2f;
    pub(crate) const STACK_FULL: u16 = 0x30;
    pub(crate) const STACK_EMPTY: u16 = 0x31;
    pub(crate) const STACK_SPECIFICATION: u16 = 0x32;
    pub(crate) const STACK_TYPE: u16 = 0x33;
    pub(crate) const STACK_OPERATION: u16 = 0x34;
    pub(crate) const ASCE_TYPE: u16 = 0x38;
    pub(crate) const REGION_FIRST: u16 = 0x39;
    pub(crate) const REGION_SECOND: u16 = 0x3a;
    pub(crate) const REGION_THIRD: u16 = 0x3b;
    pub(crate) const MONITOR: u16 = 0x40;
    pub(crate) const PER: u16 = 0x80;
}

/// External-interruption codes.
mod external {
    pub(super) const KEY: u16 = 0x0040;
    pub(super) const COMPARATOR: u16 = 0x1004;
    pub(super) const TIMER: u16 = 0x1005;
    pub(super) const EMERGENCY: u16 = 0x1201;
    pub(super) const CALL: u16 = 0x1202;
    pub(super) const SERVICE: u16 = 0x2401;
}

/// Data-exception codes.
pub(crate) mod dxc {
    pub(crate) const DECIMAL: u8 = 0x00;
    pub(crate) const AFP: u8 = 0x01;
    pub(crate) const BFP: u8 = 0x02;
    pub(crate) const TRUNCATED: u8 = 0x08;
    pub(crate) const INCREMENTED: u8 = 0x0c;
    pub(crate) const VECTOR: u8 = 0xfe;
    pub(crate) const COMPARE_AND_TRAP: u8 = 0xff;
}

/// Machine-check-interruption code: channel report pending, and everything stored is valid.
const CHANNEL_REPORT: u64 = 0x0040_0f7d_4033_0000;

type Cpu = Vcpu<S390x>;

/// What ends an instruction with a program interruption that has nothing but a code.
pub(crate) fn program(code: u16) -> Exit<S390x> {
    Exit::Exception(Exception::Program(Program::new(code)))
}

/// The same, leaving the PSW at the instruction.
pub(crate) fn nullified(code: u16) -> Exit<S390x> {
    Exit::Exception(Exception::Program(Program { nullifies: true, ..Program::new(code) }))
}

/// A nullifying exception that tells an address-space number or a program-call number.
pub(crate) fn numbered(code: u16, number: u32) -> Exit<S390x> {
    let identification = Some(number.into());
    let plain = Program::new(code);
    Exit::Exception(Exception::Program(Program { nullifies: true, identification, ..plain }))
}

/// Whether the identification is a number of four bytes, which leaves those before it alone.
const fn is_numbered(code: u16) -> bool {
    matches!(
        code & 0x7f,
        code::SPACE_SWITCH | code::AFX_TRANSLATION..=code::LSX_TRANSLATION | code::LSTE_SEQUENCE
    )
}

/// A data exception.
pub(crate) fn data(dxc: u8) -> Exit<S390x> {
    let detail = dxc.into();
    Exit::Exception(Exception::Program(Program { detail, ..Program::new(code::DATA) }))
}

/// Something that this build lacks: the run ends.
pub(crate) fn unimplemented<T>(cx: &Cx<S390x>, what: &str) -> Result<T, Exit<S390x>> {
    let report = format!("{what} (pc {:#x})", cx.cpu.pc);
    Err(Exit::Stop(Box::new(StopReason::Unimplemented(report))))
}

/// Bytes of the instruction at the PSW address. Of one that cannot be fetched it is two: it must not be none (chapter 6, "ILC on
/// Instruction-Fetching Exceptions").
pub(crate) fn length_at_pc(cx: &Cx<S390x>) -> u8 {
    let first = cx
        .cpu
        .fetch
        .and_then(|fetch| cx.mem.read::<1>(fetch.frame << 12 | cx.cpu.pc & 0xfff))
        .map_or(0, |[first]| first);
    // Code 00 is that of two bytes, too.
    crate::decode::length(first) as u8
}

/// Whether instructions can be fetched at the pc: asked when the PSW or the page changes.
pub(crate) fn check_pc(cx: &mut Cx<S390x>) -> Result<(), Exception> {
    let cpu = &mut cx.cpu;
    let early = |length| {
        let spec = Program::new(code::SPECIFICATION);
        Err(Exception::Program(Program { length: Some(length), nullifies: true, ..spec }))
    };
    if !psw::is_valid(psw::mask(cpu), cpu.pc) {
        // Running past the end of a short address space wraps; only a PSW that was loaded can be wrong.
        let wrapped = cpu.pc & cpu.regs[usize::from(reg::ADDRESS)];
        let from_before = cpu.fetch.is_some() && psw::is_valid(psw::mask(cpu), wrapped);
        if !from_before {
            return early(0);
        }
        cpu.pc = wrapped;
    }
    if cpu.pc & 1 != 0 {
        return early(2);
    }
    if cpu.sys.mask & psw::WAIT != 0 {
        return Err(Exception::Program(Program::new(0)));
    }
    Ok(())
}

/// Takes a synchronous interruption. Appends the event.
pub(crate) fn take(cx: &mut Cx<S390x>, exception: Exception) {
    match exception {
        Exception::Supervisor(number) => take_supervisor(cx, number),
        // Nobody interrupts with code 0: a waiting processor was chosen to run.
        Exception::Program(Program { code: 0, .. }) => wait(cx),
        Exception::Program(program) => take_program(cx, program),
    }
}

fn after(cpu: &Cpu, length: u8) -> u64 {
    cpu.pc.wrapping_add(length.into()) & cpu.regs[usize::from(reg::ADDRESS)]
}

fn take_supervisor(cx: &mut Cx<S390x>, number: u8) {
    let (length, pc) = (length_at_pc(cx), cx.cpu.pc);
    let (class, syndrome) = (0x1_0000, number.into());
    cx.bp.witness(What::Exception { class, syndrome, address: 0, pc });
    mmu::write_real(cx, lowcore::SUPERVISOR_CALL, &[0, length, 0, number]);
    let return_to = after(&cx.cpu, length);
    swap(cx, Class::Supervisor, return_to);
}

fn take_program(cx: &mut Cx<S390x>, program: Program) {
    let pc = cx.cpu.pc;
    let length = program.length.unwrap_or_else(|| length_at_pc(cx));
    let identification = program.identification.unwrap_or(0);
    let (class, address) = (program.code.into(), identification & !0xfff);
    let syndrome = identification | u64::from(program.detail);
    cx.bp.witness(What::Exception { class, syndrome, address, pc });
    let [high, low] = program.code.to_be_bytes();
    mmu::write_real(cx, lowcore::PROGRAM, &[0, length, high, low]);
    let numbered = is_numbered(program.code);
    if let Some(identification) = program.identification {
        let at = lowcore::TRANSLATION_EXCEPTION;
        let bytes = identification.to_be_bytes();
        let skipped = if numbered { 4 } else { 0 };
        mmu::write_real(cx, at + skipped, &bytes[skipped as usize..]);
    }
    let is_of_register = matches!(
        program.code & 0x7f,
        code::ALET_SPECIFICATION..=code::EXTENDED_AUTHORITY | code::ASTE_INSTANCE
    );
    if program.identification.is_some() && !numbered || is_of_register {
        mmu::write_real(cx, lowcore::ACCESS_IDENTIFICATION, &[program.access_register]);
    }
    if let Some(event) = program.per {
        mmu::write_real(cx, lowcore::PER_CODE, &[event.code, event.mode]);
        mmu::write_real(cx, lowcore::PER_ADDRESS, &event.address.to_be_bytes());
        mmu::write_real(cx, lowcore::PER_ACCESS_IDENTIFICATION, &[event.access_register]);
    }
    match program.code & 0x7f {
        code::DATA | code::VECTOR => {
            mmu::write_real(cx, lowcore::DATA_EXCEPTION, &program.detail.to_be_bytes());
            if cx.cpu.sys.cr[0] & cr0::AFP != 0 {
                cx.cpu.sys.fpc = cx.cpu.sys.fpc & !0xff00 | (program.detail & 0xff) << 8;
            }
        }
        code::MONITOR => {
            let class = program.detail as u16;
            mmu::write_real(cx, lowcore::MONITOR_CLASS, &class.to_be_bytes());
            mmu::write_real(cx, lowcore::MONITOR_CODE, &program.monitor.to_be_bytes());
        }
        _ => {}
    }
    let return_to = if program.nullifies { pc } else { after(&cx.cpu, length) };
    let before = (psw::mask(&cx.cpu), return_to);
    swap(cx, Class::Program, return_to);
    if program.length == Some(0) && before == (psw::mask(&cx.cpu), cx.cpu.pc) {
        let report = format!(
            "{} interrupts itself: its program new PSW {:016x} {:016x} is not valid",
            cx.cpu.id, before.0, before.1
        );
        cx.ask(Request::Stop(StopReason::Dead(report)));
    }
}

/// Stores the old PSW of a class and loads its new one.
fn swap(cx: &mut Cx<S390x>, class: Class, return_to: u64) {
    let old = psw::bytes(psw::mask(&cx.cpu), return_to);
    mmu::write_real(cx, class.old_psw(), &old);
    let new = mmu::read_real::<16>(cx, class.new_psw());
    let new = u128::from_be_bytes(new);
    load_psw(cx, (new >> 64) as u64, new as u64);
}

/// Loads a PSW, and waits if it says so.
pub(crate) fn load_psw(cx: &mut Cx<S390x>, mask: u64, address: u64) {
    psw::set(&mut cx.cpu, mask, address);
    cx.next_pc = address;
    cx.refetch();
    if mask & psw::WAIT != 0 && psw::is_valid(mask, address) {
        wait(cx);
    }
    attend_if_interrupted(cx);
}

/// Stops fetching instructions until an interruption.
fn wait(cx: &mut Cx<S390x>) {
    cx.cpu.power = PowerState::Waiting;
    cx.attend();
    let enabled = psw::EXTERNAL | psw::IO | psw::MACHINE_CHECK;
    if cx.cpu.sys.mask & enabled == 0 {
        let (mask, address) = (psw::mask(&cx.cpu), cx.cpu.pc);
        halt(cx, Halt::DisabledWait { mask, address });
    }
}

/// The processor runs no more. When no other one does, the run ends.
pub(crate) fn halt(cx: &mut Cx<S390x>, halt: Halt) {
    let id = cx.cpu.id;
    if halt == Halt::Stopped {
        cx.cpu.power = PowerState::Off;
        cx.attend();
    }
    let others = |(index, power): (usize, &PowerState)| {
        index != id.index()
            && *power != PowerState::Off
            && cx.shown.get(index).is_none_or(|shown| !signal::waits_for_ever(*shown))
    };
    if !cx.powers.iter().enumerate().any(others) {
        let (platform, mut devices) = cx.devices();
        let reason = platform.halted(&mut devices, id, halt);
        cx.ask(Request::Stop(reason));
    }
}

/// Makes the run loop look when the processor has opened itself to something pending.
pub(crate) fn attend_if_interrupted(cx: &mut Cx<S390x>) {
    if pending(&cx.cpu).is_some() {
        cx.attend();
    }
}

/// The external interruption that would be taken, in the order of their priorities.
fn pending_external(cpu: &Cpu) -> Option<u16> {
    let cr0 = cpu.sys.cr[0];
    let all = [
        (cpu.lines & line::KEY != 0, cr0::KEY, external::KEY),
        (cpu.sys.emergency != 0, cr0::EMERGENCY, external::EMERGENCY),
        (cpu.sys.external_call.is_some(), cr0::CALL, external::CALL),
        (cpu.sys.comparator_pending, cr0::COMPARATOR, external::COMPARATOR),
        (cpu.sys.timer_pending, cr0::TIMER, external::TIMER),
        (cpu.lines & line::SERVICE != 0, cr0::SERVICE, external::SERVICE),
    ];
    all.into_iter().find(|(is, submask, _)| *is && cr0 & submask != 0).map(|(.., code)| code)
}

/// The subclasses of I/O interruptions that are enabled and pending.
fn pending_io(cpu: &Cpu) -> u8 {
    (cpu.lines & line::IO) as u8 & (cpu.sys.cr[6] >> 24) as u8
}

/// The interruption that would be taken.
pub(crate) fn pending(cpu: &Cpu) -> Option<InterruptClass> {
    // A program event belongs to the instruction before, and comes first.
    if cpu.sys.per.is_some() {
        return None;
    }
    let mask = cpu.sys.mask;
    let reports =
        cpu.lines & line::CHANNEL_REPORT != 0 && cpu.sys.cr[14] & cr14::CHANNEL_REPORT != 0;
    if mask & psw::MACHINE_CHECK != 0 && reports {
        Some(InterruptClass::MachineCheck)
    } else if mask & psw::EXTERNAL != 0 && pending_external(cpu).is_some() {
        Some(InterruptClass::External)
    } else if mask & psw::IO != 0 && pending_io(cpu) != 0 {
        Some(InterruptClass::Io)
    } else {
        cpu.sys.restart.then_some(InterruptClass::Restart)
    }
}

/// Takes an interruption; the event has been appended.
pub(crate) fn take_interrupt(cx: &mut Cx<S390x>, class: InterruptClass) {
    cx.cpu.power = PowerState::Running;
    let pc = cx.cpu.pc;
    match class {
        InterruptClass::MachineCheck => take_machine_check(cx, pc),
        InterruptClass::External => take_external(cx, pc),
        InterruptClass::Io => take_io(cx, pc),
        InterruptClass::Restart => {
            cx.cpu.sys.restart = false;
            swap(cx, Class::Restart, pc);
        }
        // Other architectures'.
        _ => {}
    }
}

fn take_external(cx: &mut Cx<S390x>, pc: u64) {
    let Some(code) = pending_external(&cx.cpu) else { return };
    let mut source = 0u16;
    match code {
        external::EMERGENCY => {
            source = cx.cpu.sys.emergency.trailing_zeros() as u16;
            cx.cpu.sys.emergency &= !(1 << source);
        }
        external::CALL => source = cx.cpu.sys.external_call.take().unwrap_or(0),
        external::SERVICE => {
            let (platform, mut devices) = cx.devices();
            let parameter = platform.take_service_signal(&mut devices).unwrap_or(0);
            mmu::write_real(cx, lowcore::EXTERNAL_PARAMETER, &parameter.to_be_bytes());
        }
        external::KEY => {
            let (platform, mut devices) = cx.devices();
            platform.key_delivered(&mut devices);
        }
        // The conditions of clock comparator and CPU timer last until they are set again.
        _ => {}
    }
    mmu::write_real(cx, lowcore::EXTERNAL_CPU, &source.to_be_bytes());
    mmu::write_real(cx, lowcore::EXTERNAL_CODE, &code.to_be_bytes());
    swap(cx, Class::External, pc);
}

fn take_io(cx: &mut Cx<S390x>, pc: u64) {
    let subclasses = pending_io(&cx.cpu);
    let (platform, mut devices) = cx.devices();
    let Some(io) = platform.take_io(&mut devices, subclasses) else { return };
    mmu::write_real(cx, lowcore::SUBCHANNEL, &io.subchannel.to_be_bytes());
    mmu::write_real(cx, lowcore::IO_PARAMETER, &io.parameter.to_be_bytes());
    mmu::write_real(cx, lowcore::IO_IDENTIFICATION, &io.identification.to_be_bytes());
    swap(cx, Class::Io, pc);
}

fn take_machine_check(cx: &mut Cx<S390x>, pc: u64) {
    let (platform, mut devices) = cx.devices();
    platform.channel_report_delivered(&mut devices);
    signal::store_registers(cx, mmu::write_real, 0);
    let area = u64::from_be_bytes(mmu::read_real(cx, 0x11b0)) & !0x3ff;
    if area != 0 {
        signal::store_vectors(cx, mmu::write_real, area);
    }
    mmu::write_real(cx, lowcore::MACHINE_CHECK, &CHANNEL_REPORT.to_be_bytes());
    swap(cx, Class::MachineCheck, pc);
}

/// The exception for an access to where there is no storage.
pub(crate) fn no_storage(access: Access) -> Exception {
    let addressing = Program::new(code::ADDRESSING);
    let length = (access == Access::Execute).then_some(2);
    Exception::Program(Program { length, nullifies: false, ..addressing })
}
