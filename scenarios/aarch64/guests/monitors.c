// The performance monitors: what counts, when it overflows, and whether the interrupt comes.
//
// Nothing printed depends on how long an instruction takes: cycles are only told to go on or to stand still.

#include "guest.h"

enum { PMU_INTID = 23 };
enum { SW_INCR = 0x00, INST_RETIRED = 0x08, CPU_CYCLES = 0x11, CHAIN = 0x1e };
#define CYCLES (1ul << 31)
#define NOT_EL1 (1ul << 31)

static volatile u32 interrupts;
static volatile u64 at_interrupt;

static void stop(void) {
    write_sysreg(pmcr_el0, 0x46); // P and C: counters to zero
    write_sysreg(pmcntenclr_el0, ~0u);
    write_sysreg(pmintenclr_el1, ~0u);
    write_sysreg(pmovsclr_el0, ~0u);
    write_sysreg(pmccfiltr_el0, 0);
    interrupts = 0;
    isb();
}

static void start(u64 counters) {
    write_sysreg(pmcntenset_el0, counters);
    write_sysreg(pmcr_el0, 0x41);
    isb();
}

void on_irq(struct frame *frame) {
    (void)frame;
    u32 intid = gic_acknowledge();
    if (intid == GIC_SPURIOUS)
        return;
    at_interrupt = read_sysreg(pmovsset_el0);
    write_sysreg(pmovsclr_el0, at_interrupt);
    isb();
    gic_end(intid);
    if (intid == PMU_INTID)
        interrupts++;
}

// Waits for an interrupt, but not for ever.
static bool wait_for(u32 count) {
    for (u32 i = 0; i < 10000000 && interrupts < count; i++)
        __asm__ volatile("");
    return interrupts == count;
}

static void increments(void) {
    stop();
    write_sysreg(pmevtyper0_el0, SW_INCR);
    write_sysreg(pmevtyper1_el0, SW_INCR);
    write_sysreg(pmevtyper2_el0, CPU_CYCLES);
    write_sysreg(pmswinc_el0, 7); // nothing is on
    start(3);
    for (u32 i = 0; i < 5; i++)
        write_sysreg(pmswinc_el0, 1);
    write_sysreg(pmswinc_el0, 6);
    isb();
    u64 first = read_sysreg(pmevcntr0_el0), second = read_sysreg(pmevcntr1_el0), third = read_sysreg(pmevcntr2_el0);
    print("increments: %lu, %lu, %lu\n", first, second, third);
    write_sysreg(pmselr_el0, 1);
    isb();
    write_sysreg(pmxevcntr_el0, 0xffffffff);
    write_sysreg(pmswinc_el0, 3);
    isb();
    first = read_sysreg(pmevcntr0_el0), second = read_sysreg(pmevcntr1_el0);
    print("after an overflow: %lu, %lu, overflowed %lx\n", first, second, read_sysreg(pmovsclr_el0));
    write_sysreg(pmintenset_el1, 2);
    isb();
    print("its interrupt, enabled afterwards: %s, overflowed %lx\n", wait_for(1) ? "yes" : "NO", at_interrupt);
}

static u64 loop(u64 rounds) {
    u64 before, after;
    __asm__ volatile("isb\n\tmrs %0, pmevcntr0_el0\n1:\tsubs %2, %2, #1\n\tb.ne 1b\n\tmrs %1, pmevcntr0_el0"
                     : "=&r"(before), "=&r"(after), "+r"(rounds)::"cc", "memory");
    return after - before;
}

static void instructions(void) {
    stop();
    write_sysreg(pmevtyper0_el0, INST_RETIRED);
    write_sysreg(pmevtyper1_el0, INST_RETIRED | NOT_EL1);
    start(3);
    u64 few = loop(1), many = loop(1000);
    print("instructions: %lu for one round, %lu for a thousand, %lu not at EL1\n", few, many, read_sysreg(pmevcntr1_el0));
    write_sysreg(pmevcntr0_el0, 0xffffffff - 100000);
    write_sysreg(pmintenset_el1, 1);
    isb();
    print("overflow of instructions: %s, overflowed %lx\n", wait_for(1) ? "yes" : "NO", at_interrupt);
}

static void cycles(void) {
    stop();
    start(CYCLES);
    u64 first = read_sysreg(pmccntr_el0);
    loop(100);
    u64 second = read_sysreg(pmccntr_el0);
    write_sysreg(pmccfiltr_el0, NOT_EL1);
    isb();
    u64 third = read_sysreg(pmccntr_el0);
    loop(100);
    u64 fourth = read_sysreg(pmccntr_el0);
    print("cycles: %s, filtered: %s\n", second > first ? "go on" : "STAND STILL", fourth == third ? "stand still" : "GO ON");
    write_sysreg(pmccfiltr_el0, 0);
    write_sysreg(pmccntr_el0, -100000ul);
    write_sysreg(pmintenset_el1, CYCLES);
    isb();
    print("overflow of cycles: %s, overflowed %lx\n", wait_for(1) ? "yes" : "NO", at_interrupt);
    u64 cycle_counter = read_sysreg(pmccntr_el0);
    print("and it is %s\n", cycle_counter < 1ul << 40 ? "small again" : "STILL LARGE");
    // Nobody else wakes the processor.
    write_sysreg(pmccntr_el0, -5000000ul);
    isb();
    irq_disable();
    while (interrupts < 2) {
        wait_for_interrupt();
        irq_enable();
        isb();
        irq_disable();
    }
    irq_enable();
    print("waiting for an overflow: %u interrupts\n", interrupts);
}

int main(void) {
    gic_init();
    gic_enable(PMU_INTID);
    irq_enable();
    u64 version = read_sysreg(id_aa64dfr0_el1) >> 8 & 0xf;
    print("monitors: %s, counters %lu\n", version != 0 && version != 0xf ? "present" : "ABSENT",
          read_sysreg(pmcr_el0) >> 11 & 31);
    increments();
    instructions();
    cycles();
    stop();
    print("monitors: done\n");
    power_off();
}
