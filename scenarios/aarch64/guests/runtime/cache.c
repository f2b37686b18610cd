// Making code that was written as data visible to instruction fetch.

#include "guest.h"

void code_written(const void *start, size_t size) {
    u64 ctr = read_sysreg(ctr_el0);
    u64 data_line = 4ull << (ctr >> 16 & 0xf);
    u64 instruction_line = 4ull << (ctr & 0xf);
    u64 begin = (u64)start, end = begin + size;
    for (u64 a = begin & ~(data_line - 1); a < end; a += data_line)
        __asm__ volatile("dc cvau, %0" ::"r"(a) : "memory");
    dsb();
    for (u64 a = begin & ~(instruction_line - 1); a < end; a += instruction_line)
        __asm__ volatile("ic ivau, %0" ::"r"(a) : "memory");
    dsb();
    isb();
}
