//! A machine with memory and nothing else, on which tests run instructions in kernel mode.

#![allow(dead_code, reason = "every test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_alpha::{Alpha, AlphaPlatform, Halt, Interrupt};
use lockstep_core::{
    Backplane, Clock, DEFAULT_NS_PER_INSN, Input, Journal, NoObserver, RestoreError, Saved, VcpuId,
};
use lockstep_cpu::{BusError, Cx, Engine, Guest, Interpreter, Platform, Vcpu};
use lockstep_memory::{DeviceCx, PhysMem, RegionKind};

/// The start of the superpage: physical address 0.
pub(crate) const KSEG: u64 = 0xffff_fc00_0000_0000;
/// How much memory there is, from physical address 0 on.
pub(crate) const RAM_LEN: u64 = 0x0200_0000;
/// The physical address of the process control block.
pub(crate) const PCB: u64 = 0x2000;
/// Where machine checks leave their frames.
pub(crate) const LOGOUT: u64 = 0x3000;
/// Where single instructions are put.
pub(crate) const CODE: u64 = KSEG + 0x8_0000;
/// A place for data.
pub(crate) const DATA: u64 = KSEG + 0x10_0000;
/// The end of a kernel stack.
pub(crate) const STACK: u64 = KSEG + 0x20_0000;

/// A board with nothing on it.
#[derive(Default)]
pub(crate) struct Bare {
    /// What [`Platform::lines`] says.
    pub(crate) lines: u32,
}

impl Platform for Bare {
    fn read(&mut self, _: &mut DeviceCx<'_>, _: u64, _: u8) -> Result<u64, BusError> {
        Err(BusError::Abort)
    }
    fn write(&mut self, _: &mut DeviceCx<'_>, _: u64, _: u8, _: u64) -> Result<(), BusError> {
        Err(BusError::Abort)
    }
    fn due(&mut self, _: &mut DeviceCx<'_>, _: u16, _: u32) {}
    fn input(&mut self, _: &mut DeviceCx<'_>, _: &Input) {}
    fn lines(&self, _: VcpuId) -> u32 {
        self.lines
    }
    fn reset(&mut self, _: &mut DeviceCx<'_>) {}
    fn save(&self, _: &mut Saved) {}
    fn restore(&mut self, _: &Saved) -> Result<(), RestoreError> {
        Ok(())
    }
}

impl AlphaPlatform for Bare {
    fn acknowledge(
        &mut self,
        _: &mut DeviceCx<'_>,
        _: VcpuId,
        interrupt: Interrupt,
    ) -> Option<u64> {
        Some(if interrupt == Interrupt::Device { 0x900 } else { 0 })
    }
    fn interrupt_processor(&mut self, _: &mut DeviceCx<'_>, _: VcpuId, _: u64) {}
    fn halt(&mut self, _: &mut DeviceCx<'_>, _: &Vcpu<Alpha>) -> Halt {
        Halt::PowerOff
    }
    fn logout_area(&self, _: VcpuId) -> Option<u64> {
        Some(LOGOUT)
    }
    fn callback(&mut self, _: &mut DeviceCx<'_>, cpu: &mut Vcpu<Alpha>) -> Result<(), String> {
        cpu.regs[0] = cpu.regs[16].wrapping_add(1);
        Ok(())
    }
}

/// The machine.
pub(crate) struct Machine {
    /// The processor and its memory.
    pub(crate) cx: Cx<Alpha>,
    interpreter: Interpreter<Alpha>,
}

impl Machine {
    /// A machine whose processor starts at `entry`, in kernel mode with everything masked.
    pub(crate) fn new(entry: u64) -> Self {
        let mut mem = PhysMem::default();
        mem.add_region(0, RAM_LEN, RegionKind::Ram);
        let clock = Clock::new(DEFAULT_NS_PER_INSN);
        let bp = Backplane::new(clock, Journal::new(Box::new(NoObserver)));
        let mut cpu = Alpha::reset(VcpuId(0), entry, 0);
        cpu.sys.pcbb = PCB;
        cpu.regs[30] = STACK;
        let platform = Box::new(Bare::default());
        Self { cx: Cx::new(cpu, mem, bp, platform), interpreter: Interpreter::default() }
    }

    /// Runs as many instructions.
    pub(crate) fn run(&mut self, count: u64) {
        let end = self.cx.bp.retired + count;
        while self.cx.bp.retired < end {
            self.cx.bp.attention = false;
            let left = end - self.cx.bp.retired;
            assert!(self.interpreter.run(&mut self.cx, left).is_none());
        }
    }

    /// Runs one instruction at [`CODE`]; tells whether it went on to the next one.
    pub(crate) fn step(&mut self, word: u32) -> bool {
        self.write(CODE, &word.to_le_bytes());
        self.cx.cpu.pc = CODE;
        self.run(1);
        self.cx.cpu.pc == CODE + 4
    }

    /// Puts bytes at an address in the superpage.
    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) {
        self.cx.mem.write_bytes(address - KSEG, bytes).unwrap();
    }

    /// Bytes at an address in the superpage.
    pub(crate) fn bytes(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.cx.mem.read_bytes(address - KSEG, &mut bytes).unwrap();
        bytes
    }

    /// A quadword there.
    pub(crate) fn quadword(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }
}

/// Encodings, by format.
pub(crate) mod asm {
    /// Memory format.
    pub(crate) fn memory(opcode: u32, ra: u32, disp: i32, rb: u32) -> u32 {
        opcode << 26 | ra << 21 | rb << 16 | disp as u32 & 0xffff
    }

    /// Operate format with registers; floating-point operates too.
    pub(crate) fn operate(opcode: u32, function: u32, ra: u32, rb: u32, rc: u32) -> u32 {
        opcode << 26 | ra << 21 | rb << 16 | function << 5 | rc
    }

    /// Operate format with a literal.
    pub(crate) fn literal(opcode: u32, function: u32, ra: u32, literal: u32, rc: u32) -> u32 {
        opcode << 26 | ra << 21 | literal << 13 | 1 << 12 | function << 5 | rc
    }

    /// Branch format: over `count` instructions.
    pub(crate) fn branch(opcode: u32, ra: u32, count: i32) -> u32 {
        opcode << 26 | ra << 21 | count as u32 & 0x1f_ffff
    }

    /// CALL_PAL.
    pub(crate) fn pal(function: u32) -> u32 {
        function
    }

    /// LDA.
    pub(crate) fn lda(ra: u32, disp: i32, rb: u32) -> u32 {
        memory(0x08, ra, disp, rb)
    }

    /// LDQ.
    pub(crate) fn ldq(ra: u32, disp: i32, rb: u32) -> u32 {
        memory(0x29, ra, disp, rb)
    }

    /// STQ.
    pub(crate) fn stq(ra: u32, disp: i32, rb: u32) -> u32 {
        memory(0x2d, ra, disp, rb)
    }

    /// LDT.
    pub(crate) fn ldt(fa: u32, disp: i32, rb: u32) -> u32 {
        memory(0x23, fa, disp, rb)
    }

    /// STT.
    pub(crate) fn stt(fa: u32, disp: i32, rb: u32) -> u32 {
        memory(0x27, fa, disp, rb)
    }

    /// A move.
    pub(crate) fn mov(rb: u32, rc: u32) -> u32 {
        operate(0x11, 0x20, 31, rb, rc)
    }

    /// Any address in the superpage, into a register.
    pub(crate) fn set_address(program: &mut Vec<u32>, register: u32, address: u64) {
        let offset = address.wrapping_sub(super::KSEG);
        // -4 << 40 is the superpage's start.
        program.push(lda(register, -4, 31));
        program.push(literal(0x12, 0x39, register, 40, register));
        if offset >> 40 & 1 != 0 {
            // I/O space is the bit above.
            program.push(lda(register, -3, 31));
            program.push(literal(0x12, 0x39, register, 40, register));
        }
        let offset = (offset & ((1 << 40) - 1)) as i64;
        let (low, rest) = (offset as i16, (offset - i64::from(offset as i16)) >> 16);
        if rest >= 0x8000 {
            // More than LDAH reaches: bits 32 and up, too.
            let high = rest >> 14;
            program.push(lda(27, high as i32, 31));
            program.push(literal(0x12, 0x39, 27, 30, 27));
            program.push(operate(0x10, 0x20, register, 27, register));
            program.push(memory(0x09, register, (rest & 0x3fff) as i32, register));
        } else {
            program.push(memory(0x09, register, rest as i32, register));
        }
        program.push(lda(register, low.into(), register));
    }
}
