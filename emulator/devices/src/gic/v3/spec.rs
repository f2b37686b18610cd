//! Registers of the controller, version 3.
//!
//! Arm Generic Interrupt Controller Architecture Specification, GIC architecture version 3 and version 4, IHI 0069:
//! chapter 12, "Programmers' Model". Registers that show one bit, byte or two bits per interrupt are in `gic::common`.

/// Offset of the distributor in the device's registers.
pub const DISTRIBUTOR: u64 = 0;
/// Length of the distributor's window.
pub const DISTRIBUTOR_WINDOW: u64 = 0x1_0000;
/// Offset of the redistributors, one behind the other.
pub const REDISTRIBUTORS: u64 = 0xa_0000;
/// Length of a redistributor: the frame of the redistributor itself, and that of its private interrupts.
pub const REDISTRIBUTOR: u64 = 0x2_0000;
/// Offset of the second frame in a redistributor.
pub const SGI_FRAME: u64 = 0x1_0000;

/// Most vCPUs: as many redistributors have room in the window that boards of the `virt` kind give them.
pub const MAX_VCPUS: usize = 123;

/// GICD_CTLR: enables of the two groups.
pub const GICD_CTLR: u64 = 0x0000;
/// GICD_TYPER: what the distributor has.
pub const GICD_TYPER: u64 = 0x0004;
/// GICD_IIDR: who made it.
pub const GICD_IIDR: u64 = 0x0008;
/// GICD_TYPER2: more of what it has, all of it absent.
pub const GICD_TYPER2: u64 = 0x000c;
/// GICD_STATUSR: optional error reports, absent.
pub const GICD_STATUSR: u64 = 0x0010;
/// GICD_ITARGETSR, which affinity routing replaces.
pub const GICD_ITARGETSR: u64 = 0x0800;
/// End of GICD_ITARGETSR.
pub const GICD_ITARGETSR_END: u64 = 0x0c00;
/// GICD_IGRPMODR, and behind it GICD_NSACR, GICD_SGIR, GICD_CPENDSGIR and GICD_SPENDSGIR: reserved with one security
/// state and affinity routing.
pub const GICD_IGRPMODR: u64 = 0x0d00;
/// End of GICD_SPENDSGIR.
pub const GICD_SPENDSGIR_END: u64 = 0x0f30;
/// GICD_IROUTER: eight bytes per interrupt with the vCPU it goes to.
pub const GICD_IROUTER: u64 = 0x6000;
/// End of GICD_IROUTER.
pub const GICD_IROUTER_END: u64 = 0x8000;
/// Identification registers of the distributor and of the redistributor's first frame.
pub const ID: u64 = 0xffd0;
/// End of a frame.
pub const FRAME_END: u64 = 0x1_0000;

/// GICD_CTLR: the group enables.
pub const GICD_CTLR_ENABLES: u32 = 0x3;
/// GICD_CTLR: affinity routing and one security state, both always on. No write is ever pending.
pub const GICD_CTLR_FIXED: u32 = 1 << 4 | 1 << 6;
/// GICD_TYPER: INTIDs have ten bits; affinity level 3 may be used; no LPIs, no messages, no security states.
pub const GICD_TYPER_FIXED: u32 = 9 << 19 | 1 << 24;
/// GICD_IIDR and GICR_IIDR: implementer Arm.
pub const IIDR_VALUE: u32 = 0x43b;
/// GICD_IROUTER: any vCPU may take the interrupt.
pub const IROUTER_ANY: u64 = 1 << 31;
/// GICD_IROUTER: bits that exist.
pub const IROUTER_MASK: u64 = 0xff_80ff_ffff;

/// Identification: peripheral 4 to 7, peripheral 0 to 3 (architecture version 3), component 0 to 3.
pub const ID_VALUES: [u8; 12] = [0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];
/// What is added to the first peripheral register of a redistributor.
pub const ID_REDISTRIBUTOR: u8 = 1;

/// GICR_CTLR: nothing in it without LPIs.
pub const GICR_CTLR: u64 = 0x0000;
/// GICR_IIDR: who made it.
pub const GICR_IIDR: u64 = 0x0004;
/// GICR_TYPER: whose redistributor this is.
pub const GICR_TYPER: u64 = 0x0008;
/// GICR_STATUSR: optional error reports, absent.
pub const GICR_STATUSR: u64 = 0x0010;
/// GICR_WAKER: whether the vCPU's interface is asleep.
pub const GICR_WAKER: u64 = 0x0014;
/// GICR_PROPBASER: where LPIs are configured; there are none.
pub const GICR_PROPBASER: u64 = 0x0070;
/// GICR_PENDBASER: where LPIs are pending; there are none.
pub const GICR_PENDBASER: u64 = 0x0078;
/// End of GICR_PENDBASER.
pub const GICR_PENDBASER_END: u64 = 0x0080;

/// In the second frame, GICR_IGRPMODR0 and GICR_NSACR: reserved with one security state.
pub const GICR_IGRPMODR: u64 = 0x0d00;
/// End of GICR_NSACR.
pub const GICR_NSACR_END: u64 = 0x0e04;

/// GICR_TYPER: the last redistributor.
pub const GICR_TYPER_LAST: u64 = 1 << 4;
/// GICR_TYPER: place of the vCPU's number.
pub const GICR_TYPER_NUMBER_SHIFT: u32 = 8;
/// GICR_TYPER: place of the vCPU's affinity.
pub const GICR_TYPER_AFFINITY_SHIFT: u32 = 32;
/// GICR_WAKER: software wants the interface asleep.
pub const GICR_WAKER_PROCESSOR_SLEEP: u32 = 1 << 1;
/// GICR_WAKER: it is asleep.
pub const GICR_WAKER_CHILDREN_ASLEEP: u32 = 1 << 2;

/// ICC_CTLR_EL1: ICC_BPR0_EL1 counts for both groups.
pub const ICC_CTLR_CBPR: u64 = 1 << 0;
/// ICC_CTLR_EL1: ending and deactivating are separate.
pub const ICC_CTLR_EOI_MODE: u64 = 1 << 1;
/// ICC_CTLR_EL1: place of the number of priority bits, less one.
pub const ICC_CTLR_PRI_BITS_SHIFT: u32 = 8;
/// ICC_CTLR_EL1: affinity level 3 may be used.
pub const ICC_CTLR_A3V: u64 = 1 << 15;
/// ICC_SRE_EL1: system registers, no bypass; none of it can be switched off.
pub const ICC_SRE_VALUE: u64 = 0x7;
/// Bits of an INTID in the acknowledge and end registers.
pub const INTID_MASK: u64 = 0xff_ffff;
/// ICC_SGI0R_EL1 and its kin: to every vCPU but the sender.
pub const SGIR_ALL_OTHERS: u64 = 1 << 40;
