//! What a board offers to AArch64 processors.

use lockstep_core::VcpuId;
use lockstep_cpu::Platform;
use lockstep_memory::DeviceCx;

use crate::Semihosting;

/// A board with an Arm generic interrupt controller. [`Platform::lines`] has IRQ in bit 0 and FIQ in bit 1.
pub trait Aarch64Platform: Platform {
    /// Whether the interrupt controller has a system register interface (GICv3), for ID_AA64PFR0_EL1.GIC.
    fn has_gic_registers(&self) -> bool;

    /// Reads a register of the GIC CPU interface. `encoding` is op0:op1:CRn:CRm:op2 as in MRS bits 20:5; `None` when
    /// there is no such register.
    fn gic_read(&mut self, cx: &mut DeviceCx<'_>, vcpu: VcpuId, encoding: u16) -> Option<u64>;

    /// Writes a register of the GIC CPU interface; `None` when there is no such register.
    fn gic_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        vcpu: VcpuId,
        encoding: u16,
        value: u64,
    ) -> Option<()>;

    /// The debugger that answers semihosting calls, if the board offers one.
    fn semihosting(&mut self) -> Option<&mut Semihosting> {
        None
    }

    /// Takes the next byte that was typed at the console, before any device gets it; for semihosting.
    fn console_in(&mut self, cx: &mut DeviceCx<'_>) -> Option<u8> {
        let _ = cx;
        None
    }

    /// Drives a private peripheral interrupt (`ppi` is its INTID, 16 to 31) of a vCPU.
    fn set_ppi(&mut self, cx: &mut DeviceCx<'_>, vcpu: VcpuId, ppi: u32, level: bool);
}
