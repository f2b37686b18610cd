// Page tables of the guest's own: three levels with 1024 entries of eight bytes.

#include "guest.h"

static u64 level1[1024] __attribute__((aligned(PAGE)));
static u64 level2[1024] __attribute__((aligned(PAGE)));
u64 pages[1024] __attribute__((aligned(PAGE)));
static struct pcb space;

void switch_space(u32 asn) {
    level1[0] = pte(level2, PTE_KERNEL);
    level2[USER_BASE >> 23] = pte(pages, PTE_KERNEL);
    space.ptbr = physical(level1) >> 13;
    space.asn = asn;
    space.fen = 1;
    // The kernel goes on where it is, on the same stack.
    register u64 sp __asm__("$30");
    __asm__ volatile("" : "=r"(sp));
    space.ksp = sp;
    swap_context(physical(&space));
}
