// Every core the board has, started through PSCI and set against the others:
// a spinlock of exclusives that sleeps by WFE, one of ARMv8.1 atomics, plain
// atomic counters, and a baton that goes round.

#include "guest.h"

__asm__(".arch_extension lse");

enum { CORES = 8, ROUNDS = 2000, STACK = 4096 };

void secondary_start(void);
void secondary_main(void);

static u8 stacks[CORES][STACK] __attribute__((aligned(16)));
static volatile u32 cores = 1, ready, finished;
static volatile u32 phase;

static bool has_lse(void) { return read_sysreg(id_aa64isar0_el1) >> 20 & 0xf; }
static u32 core(void) { return (u32)read_sysreg(mpidr_el1) & 0xff; }

// ---- What the cores fight over ----

static u32 lock_word;
static volatile u64 guarded[2]; // plain variables, safe only under the lock
static u64 exclusive_counter, atomic_counter;
static volatile u32 baton;
static volatile u64 baton_sum;

static void lock_exclusive(void) {
    u32 seen;
    __asm__ volatile("    sevl\n"
                     "1:  wfe\n"
                     "2:  ldaxr   %w0, [%1]\n"
                     "    cbnz    %w0, 1b\n"
                     "    stxr    %w0, %w2, [%1]\n"
                     "    cbnz    %w0, 2b\n"
                     : "=&r"(seen)
                     : "r"(&lock_word), "r"(1)
                     : "memory");
}

static void lock_atomic(void) {
    u32 seen;
    do
        __asm__ volatile("swpa %w2, %w0, [%1]" : "=&r"(seen) : "r"(&lock_word), "r"(1) : "memory");
    while (seen);
}

// The store wakes those who wait with WFE: it clears their monitors.
static void unlock(void) { __asm__ volatile("stlr wzr, [%0]" ::"r"(&lock_word) : "memory"); }

static void add_exclusive(u64 *counter) {
    u64 value;
    u32 failed;
    __asm__ volatile("1:  ldxr    %0, [%2]\n"
                     "    add     %0, %0, #1\n"
                     "    stxr    %w1, %0, [%2]\n"
                     "    cbnz    %w1, 1b\n"
                     : "=&r"(value), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

static void add_atomic(u64 *counter) {
    if (has_lse())
        __asm__ volatile("stadd %1, [%0]" ::"r"(counter), "r"(1ull) : "memory");
    else
        add_exclusive(counter);
}

static void work_guarded(u32 which) {
    for (u32 i = 0; i < ROUNDS; i++) {
        if (which == 1 && has_lse())
            lock_atomic();
        else
            lock_exclusive();
        guarded[which]++;
        unlock();
    }
}

static void work_counters(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        add_exclusive(&exclusive_counter);
        add_atomic(&atomic_counter);
    }
}

static void work_baton(void) {
    u32 me = core();
    for (u32 i = 0; i < 100; i++) {
        while (baton != me)
            __asm__ volatile("wfe" ::: "memory");
        __asm__ volatile("dmb ish" ::: "memory");
        baton_sum = mix(baton_sum, me * 1000 + i);
        __asm__ volatile("dmb ish" ::: "memory");
        baton = (me + 1) % cores;
        __asm__ volatile("dsb ish\n\tsev" ::: "memory");
    }
}

static void work(u32 number) {
    switch (number) {
    case 1:
        work_guarded(0);
        break;
    case 2:
        work_guarded(1);
        break;
    case 3:
        work_counters();
        break;
    case 4:
        work_baton();
        break;
    }
    __asm__ volatile("dmb ish" ::: "memory");
    lock_exclusive();
    finished++;
    unlock();
}

void secondary_main(void) {
    mmu_enable_identity();
    lock_exclusive();
    ready++;
    unlock();
    for (u32 number = 1; number <= 4; number++) {
        while (phase < number)
            __asm__ volatile("wfe" ::: "memory");
        work(number);
    }
}

// Starts a phase on all cores, and returns when all have finished it.
static void together(u32 number) {
    finished = 0;
    __asm__ volatile("dmb ish" ::: "memory");
    phase = number;
    __asm__ volatile("dsb ish\n\tsev" ::: "memory");
    work(number);
    while (finished < cores)
        __asm__ volatile("yield" ::: "memory");
    __asm__ volatile("dmb ish" ::: "memory");
}

int main(void) {
    mmu_enable_identity();
    while (cores < CORES) {
        u64 stack = (u64)stacks[cores] + STACK;
        if (cpu_on(cores, (u64)secondary_start, stack) != 0)
            break;
        cores++;
    }
    while (ready + 1 < cores)
        __asm__ volatile("yield" ::: "memory");
    print("smp: %u cores\n", cores);
    together(1);
    print("smp: lock of exclusives: %lu\n", guarded[0]);
    together(2);
    print("smp: lock of atomics: %lu\n", guarded[1]);
    together(3);
    print("smp: exclusive counter %lu, atomic counter %lu\n", exclusive_counter, atomic_counter);
    together(4);
    print("smp: baton %016lx\n", baton_sum);
    print("smp: second cpu_on of a running core: %ld\n", cores > 1 ? cpu_on(1, (u64)secondary_start, 0) : -4);
    return 0;
}
