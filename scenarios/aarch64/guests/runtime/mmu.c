// Turning translation on: 4 KiB granules, and an identity map to begin with.

#include "guest.h"

static table identity_level1;

void mmu_identity(table level1) {
    level1[0] = PTE_VALID | PTE_DEVICE | PTE_ACCESSED | PTE_PXN | PTE_UXN;
    level1[1] = 0x40000000 | PTE_MEMORY | PTE_UXN;
}

void mmu_enable(u64 ttbr0, u64 ttbr1, u64 tcr) {
    write_sysreg(mair_el1, 0xff00); // attribute 0: device nGnRnE; 1: write-back memory
    write_sysreg(tcr_el1, tcr);
    write_sysreg(ttbr0_el1, ttbr0);
    write_sysreg(ttbr1_el1, ttbr1);
    isb();
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
    // SPAN keeps PAN as it is on exceptions, UCI, nTWE, UCT... stay 0: EL0 is trapped.
    u64 reserved_ones = 1 << 29 | 1 << 28 | 1 << 23 | 1 << 22 | 1 << 20 | 1 << 11;
    u64 stack_alignment = 1 << 4 | 1 << 3;
    write_sysreg(sctlr_el1, reserved_ones | stack_alignment | SCTLR_I | SCTLR_C | SCTLR_M);
    isb();
}

void mmu_enable_identity(void) {
    mmu_identity(identity_level1);
    mmu_enable((u64)identity_level1, 0, TCR_T0SZ(39) | TCR_WALK0 | TCR_EPD1);
}
