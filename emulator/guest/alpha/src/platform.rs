//! What a board offers to Alpha processors.

use lockstep_core::VcpuId;
use lockstep_cpu::{Platform, Vcpu};
use lockstep_memory::DeviceCx;

use crate::Alpha;

/// The bits of [`Platform::lines`]: what the board asks of a processor. PALcode gives each its interrupt priority level.
pub mod line {
    /// A device interrupt, taken at IPL 0 to 3 (b_irq<1>). It runs at IPL 4.
    pub const DEVICE: u32 = 1 << 0;
    /// The interval timer, taken at IPL 0 to 4 (b_irq<2>). It runs at IPL 5.
    pub const CLOCK: u32 = 1 << 1;
    /// Another processor, taken at IPL 0 to 4 (b_irq<3>). It runs at IPL 5.
    pub const INTERPROCESSOR: u32 = 1 << 2;
    /// A performance counter, taken at IPL 0 to 5. It runs at IPL 6.
    pub const PERFORMANCE: u32 = 1 << 3;
    /// An uncorrectable error, taken at IPL 0 to 6 (b_irq<0>). It runs at IPL 7.
    pub const MACHINE_CHECK: u32 = 1 << 4;
}

/// The kinds of interrupt, with the numbers that entInt gets in a0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Interrupt {
    /// Another processor asked for it.
    Interprocessor = 0,
    /// The interval timer.
    Clock = 1,
    /// A machine check.
    MachineCheck = 2,
    /// An I/O device.
    Device = 3,
    /// A performance counter.
    Performance = 4,
}

/// What a board does with a processor that has executed CALL_PAL HALT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The machine is switched off.
    PowerOff,
    /// The machine is reset.
    Reset,
    /// The processor stays off; the others go on.
    Stay,
}

/// A board for Alpha processors: a chipset, and the console firmware beside PALcode.
pub trait AlphaPlatform: Platform {
    /// PALcode is about to deliver an interrupt: does what it would do at the chipset (acknowledges a clock or
    /// interprocessor interrupt, so that its line goes down; finds out which device it is), and gives what entInt gets in a1:
    /// for a device the offset in the system control block, 0x800 and up; for a machine check likewise (0x660 system, 0x670
    /// processor); else 0. `None` dismisses the interrupt: nothing asked for it after all.
    fn acknowledge(
        &mut self,
        cx: &mut DeviceCx<'_>,
        vcpu: VcpuId,
        interrupt: Interrupt,
    ) -> Option<u64>;

    /// CALL_PAL WRIPIR: interrupts another processor, by its number.
    fn interrupt_processor(&mut self, cx: &mut DeviceCx<'_>, from: VcpuId, target: u64);

    /// CALL_PAL HALT, on `cpu`.
    fn halt(&mut self, cx: &mut DeviceCx<'_>, cpu: &Vcpu<Alpha>) -> Halt;

    /// CALL_PAL CALLBACK ([`crate::CALLBACK`]): a console routine. The board has put that instruction and a RET where
    /// the HWRPB's routine block points; here it reads arguments from R16 up and puts results into R0 (and R1).
    /// [`crate::translate`] finds what arguments point to. An error ends the run with that report.
    fn callback(&mut self, cx: &mut DeviceCx<'_>, cpu: &mut Vcpu<Alpha>) -> Result<(), String>;

    /// CALL_PAL CSERVE, in kernel mode: a console service that the operating system's own PALcode users know about. The
    /// default has none: it gives back zero.
    fn cserve(&mut self, cx: &mut DeviceCx<'_>, cpu: &mut Vcpu<Alpha>) -> Result<(), String> {
        let _ = cx;
        cpu.regs[usize::from(crate::reg::V0)] = 0;
        Ok(())
    }

    /// Where a processor's logout frame goes: the physical address of [`crate::LOGOUT_SIZE`] bytes of the console's memory. The
    /// default has none, and the kernel is told of no frame.
    fn logout_area(&self, vcpu: VcpuId) -> Option<u64> {
        let _ = vcpu;
        None
    }

    /// Cycles per second that RPCC counts: the HWRPB's cycle counter frequency. At most 1 GHz.
    fn cycle_frequency(&self) -> u64 {
        crate::DEFAULT_CYCLE_FREQUENCY
    }
}
