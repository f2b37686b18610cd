//! Registers of the chipset.
//!
//! Tsunami/Typhoon 21272 Chipset Hardware Reference Manual, DS-0025A-TE, chapter 10: "Programmer's reference". All
//! registers are 64 bits wide and 64 bytes apart.

/// Bytes from register to register.
pub const STRIDE: u64 = 0x40;

/// Cchip: system configuration.
pub const CSC: u64 = 0x000;
/// Cchip: memory timing.
pub const MTR: u64 = 0x040;
/// Cchip: interrupts between processors and of the interval timer, and the arbitration of processors.
pub const MISC: u64 = 0x080;
/// Cchip: memory presence detect, a serial bus.
pub const MPD: u64 = 0x0c0;
/// Cchip: address and size of four arrays of memory.
pub const AAR: u64 = 0x100;
/// Cchip: device interrupt masks of processors 0 and 1.
pub const DIM0: u64 = 0x200;
/// Cchip: device interrupt requests of processors 0 and 1: raw and mask.
pub const DIR0: u64 = 0x280;
/// Cchip: raw device interrupt requests.
pub const DRIR: u64 = 0x300;
/// Cchip: probe enable.
pub const PRBEN: u64 = 0x340;
/// Cchip: interval ignore counts of processors 0 and 1.
pub const IIC0: u64 = 0x380;
/// Cchip: memory programming registers, four, written only.
pub const MPR: u64 = 0x400;
/// Cchip: TIGbus timing.
pub const TTR: u64 = 0x580;
/// Cchip: TIGbus device timing.
pub const TDR: u64 = 0x5c0;
/// Cchip: device interrupt masks of processors 2 and 3.
pub const DIM2: u64 = 0x600;
/// Cchip: device interrupt requests of processors 2 and 3.
pub const DIR2: u64 = 0x680;
/// Cchip: interval ignore counts of processors 2 and 3.
pub const IIC2: u64 = 0x700;
/// Cchip: power management.
pub const PWR: u64 = 0x780;

/// CSC: there is a second Pchip.
pub const CSC_P1P: u64 = 1 << 14;
/// MISC: the processor that reads.
pub const MISC_CPUID: u64 = 3;
/// MISC: where the interval timer's four bits begin. A one clears.
pub const MISC_ITINTR: u32 = 4;
/// MISC: where the processors' interrupts begin. A one clears.
pub const MISC_IPINTR: u32 = 8;
/// MISC: where the requests for them begin. A one sets the interrupt.
pub const MISC_IPREQ: u32 = 12;
/// MISC: arbitration won. A one sets, if none is set.
pub const MISC_ABW: u64 = 0xf << 16;
/// MISC: arbitration try. A one sets, if nobody has won.
pub const MISC_ABT: u64 = 0xf << 20;
/// MISC: clears both.
pub const MISC_ACL: u64 = 1 << 24;
/// MISC: memory was accessed that is not there. A one clears.
pub const MISC_NXM: u64 = 1 << 28;
/// MISC: who did; held while NXM is set.
pub const MISC_NXS: u32 = 29;
/// MISC: revision of the chip, 8 for a Typhoon.
pub const MISC_REV: u64 = 8 << 32;
/// Who accesses memory, in MISC.NXS: processors are their numbers, then the Pchips.
pub const NXS_PCHIP0: u64 = 4;

/// DIM and DIR: error interrupts, which ask at b_irq<0>.
pub const ERRORS: u64 = 0x3f << 58;
/// DIM and DIR: device interrupts, which ask at b_irq<1>.
pub const DEVICES: u64 = (1 << 56) - 1;
/// The error interrupt of Pchip 0; Pchip 1 has the one below.
pub const PCHIP_ERROR: u32 = 63;
/// The ISA bridge's non-maskable interrupt.
pub const ISA_NMI: u32 = 61;
/// The ISA bridge's interrupt controllers.
pub const ISA: u32 = 55;

/// IIC: the count.
pub const IIC_COUNT: u64 = 0x00ff_ffff;
/// IIC: it has gone below zero. A write clears it.
pub const IIC_OVERFLOW: u64 = 1 << 24;

/// AAR: size of an array; 0 for none, 1 for 16 megabytes and each next one for twice as much.
pub const AAR_SIZE: u32 = 12;

/// Dchip: system configuration.
pub const DSC: u64 = 0x800;
/// Dchip: system timing.
pub const STR: u64 = 0x840;
/// Dchip: revision.
pub const DREV: u64 = 0x880;
/// Dchip: system configuration, second half.
pub const DSC2: u64 = 0x8c0;
/// DREV of eight Dchips: each has its revision, 1, in a byte.
pub const DREV_VALUE: u64 = 0x0101_0101_0101_0101;

/// Pchip: window base addresses, four.
pub const WSBA: u64 = 0x000;
/// Pchip: window masks, four.
pub const WSM: u64 = 0x100;
/// Pchip: translated base addresses, four.
pub const TBA: u64 = 0x200;
/// Pchip: control.
pub const PCTL: u64 = 0x300;
/// Pchip: master latency.
pub const PLAT: u64 = 0x340;
/// Pchip: errors. A one clears.
pub const PERROR: u64 = 0x3c0;
/// Pchip: errors that interrupt.
pub const PERRMASK: u64 = 0x400;
/// Pchip: sets errors.
pub const PERRSET: u64 = 0x440;
/// Pchip: invalidates translations of an address.
pub const TLBIV: u64 = 0x480;
/// Pchip: invalidates all translations.
pub const TLBIA: u64 = 0x4c0;
/// Pchip: resets the PCI bus.
pub const SPRST: u64 = 0x800;

/// WSBA: the window is on.
pub const WSBA_ENABLE: u64 = 1 << 0;
/// WSBA: the window is translated page by page; always in the last one.
pub const WSBA_SG: u64 = 1 << 1;
/// WSBA3: it is for 64-bit addresses.
pub const WSBA_DAC: u64 = 1 << 39;
/// WSBA: bits that can be written; the last one has more.
pub const WSBA_MASK: u64 = 0xfff0_0003;
/// WSM: bits that can be written.
pub const WSM_MASK: u64 = 0xfff0_0000;
/// TBA: bits that can be written.
pub const TBA_MASK: u64 = 0x7_ffff_fc00;
/// PCTL: 512 KiB to 1 MiB are not ours.
pub const PCTL_HOLE: u64 = 1 << 5;
/// PCTL: 64-bit addresses with bit 40 are memory's.
pub const PCTL_MWIN: u64 = 1 << 6;
/// PCTL: bits that cannot be written: the Pchip's number, its clock, its revision.
pub const PCTL_FIXED: u64 = 3 << 46 | 3 << 40 | 0xff << 24;
/// PCTL after reset: the arbiter is on, the depths of queues are one.
pub const PCTL_RESET: u64 = 1 << 36 | 1 << 32 | 1 << 20 | 1 << 7;
/// PCTL: where the Pchip's number is.
pub const PCTL_PID: u32 = 46;
/// PCTL: revision.
pub const PCTL_REV: u64 = 1 << 24;
/// PLAT: bits that can be written.
pub const PLAT_MASK: u64 = 0xff00;
/// PERROR: an error came while another was held.
pub const PERROR_LOST: u64 = 1 << 0;
/// PERROR: an address in a window has no valid page.
pub const PERROR_SGE: u64 = 1 << 4;
/// PERROR: nobody answered.
pub const PERROR_NDS: u64 = 1 << 8;
/// PERROR and its mask: all errors.
pub const PERROR_MASK: u64 = 0xfff;
/// PERROR: where the address is, in quarters.
pub const PERROR_ADDRESS: u32 = 16;
/// PERROR: bits of the address.
pub const PERROR_ADDRESS_BITS: u64 = 0xffff_fffc;

/// A page of translated windows: 8 KiB.
pub const PAGE_SHIFT: u32 = 13;
/// A page's entry: it is valid.
pub const PTE_VALID: u64 = 1;
/// A page's entry: the frame number, at bit 1.
pub const PTE_FRAME: u64 = 0x3f_ffff;
