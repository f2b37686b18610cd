// One interface to the two interrupt controllers a `virt` board may have.
// Interrupts go to the first core, all at one priority, in group 1 on GICv3.

#include "guest.h"

enum { DISTRIBUTOR = 0x08000000, CPU_INTERFACE = 0x08010000, REDISTRIBUTOR = 0x080a0000 };
enum { GICD_CTLR = 0x000, GICR_WAKER = 0x014, GICR_SGI_FRAME = 0x10000 };
// The same offsets in the distributor and in a redistributor's SGI frame.
enum { IGROUPR = 0x080, ISENABLER = 0x100, IPRIORITYR = 0x400, ITARGETSR = 0x800 };
enum { IROUTER = 0x6000 };
enum { GICC_CTLR = 0x00, GICC_PMR = 0x04, GICC_IAR = 0x0c, GICC_EOIR = 0x10 };

static bool is_v3(void) { return read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf; }

void gic_init(void) {
    if (!is_v3()) {
        mmio_write(DISTRIBUTOR + GICD_CTLR, 1);
        mmio_write(CPU_INTERFACE + GICC_PMR, 0xf0);
        mmio_write(CPU_INTERFACE + GICC_CTLR, 1);
        return;
    }
    mmio_write(DISTRIBUTOR + GICD_CTLR, 1 << 4 | 1 << 1 | 1 << 0); // affinity routing, groups
    u32 waker = mmio_read(REDISTRIBUTOR + GICR_WAKER);
    mmio_write(REDISTRIBUTOR + GICR_WAKER, waker & ~(1u << 1)); // not asleep
    while (mmio_read(REDISTRIBUTOR + GICR_WAKER) & 1 << 2) {
    }
    write_sysreg(S3_0_C12_C12_5, read_sysreg(S3_0_C12_C12_5) | 1); // ICC_SRE_EL1
    isb();
    write_sysreg(S3_0_C4_C6_0, 0xf0);  // ICC_PMR_EL1
    write_sysreg(S3_0_C12_C12_7, 1);   // ICC_IGRPEN1_EL1
    isb();
}

static void set_priority(u64 base, u32 intid) {
    u64 address = base + IPRIORITYR + (intid & ~3u);
    u32 shift = intid % 4 * 8;
    mmio_write(address, (mmio_read(address) & ~(0xffu << shift)) | 0x80u << shift);
}

void gic_enable(u32 intid) {
    bool v3 = is_v3();
    u64 base = v3 && intid < 32 ? REDISTRIBUTOR + GICR_SGI_FRAME : DISTRIBUTOR;
    u64 word = intid / 32 * 4;
    u32 bit = 1u << intid % 32;
    set_priority(base, intid);
    if (v3) {
        mmio_write(base + IGROUPR + word, mmio_read(base + IGROUPR + word) | bit);
        if (intid >= 32)
            *(volatile u64 *)(DISTRIBUTOR + IROUTER + (u64)intid * 8) = 0;
    } else if (intid >= 32) {
        u64 address = base + ITARGETSR + (intid & ~3u);
        mmio_write(address, mmio_read(address) | 1u << intid % 4 * 8);
    }
    mmio_write(base + ISENABLER + word, bit);
}

u32 gic_acknowledge(void) {
    if (!is_v3())
        return mmio_read(CPU_INTERFACE + GICC_IAR) & 0x3ff;
    u64 intid = read_sysreg(S3_0_C12_C12_0); // ICC_IAR1_EL1
    dsb();
    return (u32)intid & 0xffffff;
}

void gic_end(u32 intid) {
    if (!is_v3()) {
        mmio_write(CPU_INTERFACE + GICC_EOIR, intid);
        return;
    }
    write_sysreg(S3_0_C12_C12_1, intid); // ICC_EOIR1_EL1
    isb();
}
