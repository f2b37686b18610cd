//! Registers of the controller, version 2.
//!
//! Arm Generic Interrupt Controller Architecture Specification, GIC architecture version 2.0, IHI 0048B: chapter 4,
//! "Programmers' Model". Registers that show one bit, byte or two bits per interrupt are in `gic::common`.

/// Offset of the distributor in the device's registers.
pub const DISTRIBUTOR: u64 = 0;
/// Offset of the CPU interface: every vCPU sees its own there.
pub const CPU_INTERFACE: u64 = 0x1_0000;
/// Length of each of the two windows that a device tree names.
pub const WINDOW: u64 = 0x1_0000;

/// Most vCPUs: their set is a byte in many registers.
pub const MAX_VCPUS: usize = 8;

/// GICD_CTLR: enables of the two groups.
pub const GICD_CTLR: u64 = 0x000;
/// GICD_TYPER: how many interrupts and CPU interfaces there are.
pub const GICD_TYPER: u64 = 0x004;
/// GICD_IIDR: who made the distributor.
pub const GICD_IIDR: u64 = 0x008;
/// GICD_ITARGETSR: a byte per interrupt with the CPU interfaces it goes to.
pub const GICD_ITARGETSR: u64 = 0x800;
/// End of GICD_ITARGETSR.
pub const GICD_ITARGETSR_END: u64 = 0xc00;
/// GICD_NSACR: exists with Security Extensions only.
pub const GICD_NSACR: u64 = 0xe00;
/// GICD_SGIR: generates an interrupt.
pub const GICD_SGIR: u64 = 0xf00;
/// GICD_CPENDSGIR: a byte per software-generated interrupt with its sources; writing takes them back.
pub const GICD_CPENDSGIR: u64 = 0xf10;
/// GICD_SPENDSGIR: the same; writing adds sources.
pub const GICD_SPENDSGIR: u64 = 0xf20;
/// End of GICD_SPENDSGIR.
pub const GICD_SPENDSGIR_END: u64 = 0xf30;
/// Identification registers.
pub const GICD_ID: u64 = 0xfd0;

/// GICD_CTLR: bits that exist.
pub const GICD_CTLR_MASK: u32 = 0x3;
/// GICD_IIDR: implementer Arm.
pub const GICD_IIDR_VALUE: u32 = 0x43b;
/// Identification: peripheral 4 to 7, peripheral 0 to 3 (architecture version 2), component 0 to 3.
pub const GICD_ID_VALUES: [u8; 12] = [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1];

/// GICC_CTLR: control.
pub const GICC_CTLR: u64 = 0x000;
/// GICC_PMR: priority mask.
pub const GICC_PMR: u64 = 0x004;
/// GICC_BPR: binary point.
pub const GICC_BPR: u64 = 0x008;
/// GICC_IAR: acknowledges an interrupt.
pub const GICC_IAR: u64 = 0x00c;
/// GICC_EOIR: ends its handling.
pub const GICC_EOIR: u64 = 0x010;
/// GICC_RPR: running priority.
pub const GICC_RPR: u64 = 0x014;
/// GICC_HPPIR: the most urgent pending interrupt.
pub const GICC_HPPIR: u64 = 0x018;
/// GICC_ABPR: binary point of group 1.
pub const GICC_ABPR: u64 = 0x01c;
/// GICC_AIAR: acknowledges an interrupt of group 1.
pub const GICC_AIAR: u64 = 0x020;
/// GICC_AEOIR: ends its handling.
pub const GICC_AEOIR: u64 = 0x024;
/// GICC_AHPPIR: the most urgent pending interrupt, if it is of group 1.
pub const GICC_AHPPIR: u64 = 0x028;
/// GICC_APR0 to 3: priorities of group 0 that are being handled.
pub const GICC_APR: u64 = 0x0d0;
/// GICC_NSAPR0 to 3: priorities of group 1 that are being handled.
pub const GICC_NSAPR: u64 = 0x0e0;
/// End of GICC_NSAPR.
pub const GICC_NSAPR_END: u64 = 0x0f0;
/// GICC_IIDR: who made the CPU interface.
pub const GICC_IIDR: u64 = 0x0fc;
/// GICC_DIR: deactivates an interrupt.
pub const GICC_DIR: u64 = 0x1000;

/// GICC_CTLR: a read of GICC_IAR acknowledges interrupts of group 1 as well.
pub const GICC_CTLR_ACK_CTL: u32 = 1 << 2;
/// GICC_CTLR: group 0 is signalled as FIQ.
pub const GICC_CTLR_FIQ_EN: u32 = 1 << 3;
/// GICC_CTLR: GICC_BPR counts for both groups.
pub const GICC_CTLR_CBPR: u32 = 1 << 4;
/// GICC_CTLR: GICC_EOIR only drops the priority; GICC_DIR deactivates.
pub const GICC_CTLR_EOI_MODE: u32 = 1 << 9;
/// GICC_CTLR: bits that exist. There are no bypass signals to disable.
pub const GICC_CTLR_MASK: u32 = 0x21f;
/// GICC_IIDR: architecture version 2, implementer Arm.
pub const GICC_IIDR_VALUE: u32 = 0x2043b;

/// The pending interrupt is of group 1, and this register does not acknowledge those.
pub const OTHER_GROUP: u32 = 1022;
/// Bits of an INTID in GICC_IAR, GICC_EOIR and GICC_DIR.
pub const INTID_MASK: u32 = 0x3ff;
/// Place of the source in GICC_IAR.
pub const SOURCE_SHIFT: u32 = 10;
