// Every processor that there is: what SIGNAL PROCESSOR answers in each state, and then all of them against each other, with a
// lock, counters, a baton, and calls that go round.

#include "guest.h"

enum { CPUS = 8, STACK = 8192, ROUNDS = 1000, CALLS = 50 };

void secondary_start(void);
void secondary_main(void);
void secondary_external(void);
void on_secondary_external(void);
void counting_start(void);
extern const char counting_end[];
volatile u64 counter;

static u8 low_cores[CPUS][8192] __attribute__((aligned(8192)));
static u8 stacks[CPUS][STACK] __attribute__((aligned(16)));
static u8 status_area[512] __attribute__((aligned(512)));
static u64 vector_area[128] __attribute__((aligned(1024)));
static u32 cpus = 1;

// ---- What the processors fight over ----

static volatile u32 ready, finished, phase;
static u32 lock_word;
static volatile u64 guarded;
static u64 shared_counter;
static volatile u32 baton;
static volatile u64 baton_sum;
static volatile u32 call_count, emergency_count, senders;
static volatile bool call_came[CPUS];

static bool compare_and_swap(u32 *at, u32 old, u32 new) {
    return __atomic_compare_exchange_n(at, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void lock(void) {
    while (!compare_and_swap(&lock_word, 0, 1)) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
}

static void unlock(void) { __atomic_store_n(&lock_word, 0, __ATOMIC_SEQ_CST); }

static void add(volatile u32 *to) { __atomic_fetch_add(to, 1, __ATOMIC_SEQ_CST); }

static void give(u32 cpu, u32 order) {
    u32 status;
    while (signal_processor(cpu, order, 0, &status) != 0) {
    }
}

static void taken(u16 code, u16 from) {
    if (code == CODE_EXTERNAL_CALL) {
        call_came[cpu_address()] = true;
        add(&call_count);
    } else if (code == CODE_EMERGENCY) {
        add(&emergency_count);
    } else {
        print("smp: strange interruption %04x\n", code);
    }
    __atomic_fetch_add(&senders, from + 1, __ATOMIC_SEQ_CST);
    wake(&EXTERNAL_OLD);
}

void on_secondary_external(void) { taken(EXTERNAL_CODE, LOW_CORE(u16, 0x84)); }

void on_external(void) {
    if (EXTERNAL_CODE == CODE_SERVICE) {
        console_signal(EXTERNAL_PARAMETER);
        wake(&EXTERNAL_OLD);
    } else {
        taken(EXTERNAL_CODE, LOW_CORE(u16, 0x84));
    }
}

static void work_guarded(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        lock();
        guarded++;
        unlock();
    }
}

static void work_counters(void) {
    for (u32 i = 0; i < ROUNDS; i++) __atomic_fetch_add(&shared_counter, 1, __ATOMIC_SEQ_CST);
}

static void work_baton(void) {
    u32 me = cpu_address();
    for (u32 i = 0; i < 100; i++) {
        while (baton != me) {
        }
        baton_sum = mix(baton_sum, me * 1000 + i);
        __sync_synchronize();
        baton = (me + 1) % cpus;
    }
}

// External calls go round, and each processor waits for its own in an enabled wait. The last processor gives none back.
static void work_calls(void) {
    u32 me = cpu_address();
    u64 before = read_cr(0);
    write_cr(0, CR0_EXTERNAL_CALL | CR0_EMERGENCY);
    for (u32 i = 0; i < CALLS; i++) {
        if (me == 0) give(1 % cpus, ORDER_EXTERNAL_CALL);
        while (!call_came[me]) wait_psw(PSW_EXTERNAL);
        call_came[me] = false;
        if (me != 0) give((me + 1) % cpus, ORDER_EXTERNAL_CALL);
    }
    give((me + 1) % cpus, ORDER_EMERGENCY);
    while (emergency_count < cpus) open_psw(PSW_EXTERNAL);
    write_cr(0, before);
}

static void work(u32 number) {
    switch (number) {
        case 1:
            work_guarded();
            break;
        case 2:
            work_counters();
            break;
        case 3:
            work_baton();
            break;
        case 4:
            work_calls();
            break;
    }
    add(&finished);
}

void secondary_main(void) {
    add(&ready);
    for (u32 number = 1; number <= 4; number++) {
        while (phase < number) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
        work(number);
    }
}

static void together(u32 number) {
    finished = 0;
    __sync_synchronize();
    phase = number;
    work(number);
    while (finished < cpus) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
}

// ---- What orders answer ----

// Gives an order, and again while the processor is busy; prints what it answered.
static void order(const char *name, u32 cpu, u32 order, u64 parameter) {
    u32 status;
    int code;
    do code = signal_processor(cpu, order, parameter, &status);
    while (code == 2);
    if (code == 1) {
        print("%s: status %08x\n", name, status);
    } else {
        print("%s: condition code %d\n", name, code);
    }
}

static bool is_stopped(u32 cpu) {
    u32 status;
    int code;
    do code = signal_processor(cpu, ORDER_SENSE, 0, &status);
    while (code == 2);
    return code == 1 && (status & 0x40) != 0;
}

static void until_stopped(u32 cpu) {
    while (!is_stopped(cpu)) {
    }
}

static volatile struct psw *restart_new(u32 cpu) { return (volatile struct psw *)(low_cores[cpu] + 0x1a0); }

static void goes_on(void) {
    u64 before = counter;
    while (counter == before) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
    print("  it counts\n");
}

static void stands_still(void) {
    u64 before = counter;
    for (u32 i = 0; i < 20000 && counter == before; i++) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
    print("  it %s\n", counter == before ? "stands still" : "COUNTS");
}

static u64 word(const u8 *area, u32 offset) { return *(const volatile u64 *)(area + offset); }

// A status as it was stored: what the counting processor has in its registers.
static void show_status(const u8 *area) {
    u64 address = word(area, 0x108);
    bool in_loop = address >= (u64)counting_start && address < (u64)counting_end;
    print("  registers %lx %lx, counter %s, float %lx, access %lx\n", word(area, 0x80 + 5 * 8), word(area, 0x80 + 6 * 8),
          word(area, 0x80 + 9 * 8) == counter || word(area, 0x80 + 9 * 8) == counter + 1 ? "as stored" : "ANOTHER",
          word(area, 4 * 8), word(area, 0x158) & 0xffffffff);
    print("  psw %lx, address %s, prefix %s, control %lx\n", word(area, 0x100) & ~PSW_CC, in_loop ? "there" : "ELSEWHERE",
          *(const u32 *)(area + 0x118) == (u32)(u64)low_cores[1] ? "its own" : "ANOTHER", word(area, 0x180));
}

static void orders_to_stopped(void) {
    order("sense a stopped one", 1, ORDER_SENSE, 0);
    order("sense running", 1, ORDER_SENSE_RUNNING, 0);
    order("initial reset", 1, ORDER_INITIAL_RESET, 0);
    order("set prefix to where nothing is", 1, ORDER_SET_PREFIX, 0x7fffe000);
    order("set prefix", 1, ORDER_SET_PREFIX, (u64)low_cores[1]);
    order("store status where nothing is", 1, ORDER_STORE_STATUS, 0x7ffffe00);
    order("store status", 1, ORDER_STORE_STATUS, (u64)status_area);
    print("  prefix %s, control %lx and %lx\n", *(u32 *)(status_area + 0x118) == (u32)(u64)low_cores[1] ? "its own" : "ANOTHER",
          word(status_area, 0x180), word(status_area, 0x180 + 14 * 8));
    order("store additional status, not aligned", 1, ORDER_STORE_ADDITIONAL_STATUS, (u64)vector_area + 8);
    order("store additional status", 1, ORDER_STORE_ADDITIONAL_STATUS, (u64)vector_area);
    order("set architecture", 0, ORDER_SET_ARCHITECTURE, 1);
    order("no such order", 1, 0x77, 0);
    order("no such processor", CPUS + 40, ORDER_SENSE, 0);
}

static void orders_to_running(void) {
    restart_new(1)->mask = PSW_64;
    restart_new(1)->address = (u64)counting_start;
    order("restart", 1, ORDER_RESTART, 0);
    while (counter == 0) {
    }
    order("sense a running one", 1, ORDER_SENSE, 0);
    order("sense running", 1, ORDER_SENSE_RUNNING, 0);
    order("set prefix", 1, ORDER_SET_PREFIX, (u64)low_cores[1]);
    order("store status", 1, ORDER_STORE_STATUS, (u64)status_area);
    order("store additional status", 1, ORDER_STORE_ADDITIONAL_STATUS, (u64)vector_area);
    order("set architecture", 0, ORDER_SET_ARCHITECTURE, 1);
    order("external call", 1, ORDER_EXTERNAL_CALL, 0);
    order("external call while one is pending", 1, ORDER_EXTERNAL_CALL, 0);
    order("sense then", 1, ORDER_SENSE, 0);
    order("emergency signal", 1, ORDER_EMERGENCY, 0);
    order("emergency signal again", 1, ORDER_EMERGENCY, 0);
    order("conditional emergency signal", 1, ORDER_CONDITIONAL_EMERGENCY, 0);
    order("start what runs", 1, ORDER_START, 0);
    goes_on();
    order("stop", 1, ORDER_STOP, 0);
    until_stopped(1);
    order("sense then", 1, ORDER_SENSE, 0);
    stands_still();
    order("stop what is stopped", 1, ORDER_STOP, 0);
    order("start", 1, ORDER_START, 0);
    goes_on();
}

static void resets(void) {
    volatile u8 *area = (volatile u8 *)0x1200;
    for (u32 i = 0; i < 512; i++) area[i] = 0;
    order("stop and store status", 1, ORDER_STOP_AND_STORE, 0);
    until_stopped(1);
    while (*(volatile u64 *)(area + 0x100) == 0) {
    }
    show_status((const u8 *)area);
    order("start", 1, ORDER_START, 0);
    goes_on();
    order("reset", 1, ORDER_RESET, 0);
    until_stopped(1);
    order("sense then", 1, ORDER_SENSE, 0);
    order("store status", 1, ORDER_STORE_STATUS, (u64)status_area);
    show_status(status_area);
    order("start", 1, ORDER_START, 0);
    goes_on();
    order("initial reset", 1, ORDER_INITIAL_RESET, 0);
    until_stopped(1);
    order("store status", 1, ORDER_STORE_STATUS, (u64)status_area);
    print("  registers %lx %lx, psw %lx %lx, prefix %x, control %lx and %lx\n", word(status_area, 0x80 + 5 * 8),
          word(status_area, 0x80 + 6 * 8), word(status_area, 0x100), word(status_area, 0x108),
          *(u32 *)(status_area + 0x118), word(status_area, 0x180), word(status_area, 0x180 + 14 * 8));
}

static void start(u32 cpu) {
    u8 *core = low_cores[cpu];
    u32 status;
    restart_new(cpu)->mask = PSW_64;
    restart_new(cpu)->address = (u64)secondary_start;
    *(volatile struct psw *)(core + 0x1b0) = (struct psw){PSW_64, (u64)secondary_external};
    *(u64 *)(core + 0x380) = (u64)stacks[cpu] + STACK - 160;
    *(u64 *)(core + 0x388) = (u64)stacks[cpu] + STACK / 2 - 160;
    give(cpu, ORDER_INITIAL_RESET);
    until_stopped(cpu);
    while (signal_processor(cpu, ORDER_SET_PREFIX, (u64)core, &status) == 2) {
    }
    give(cpu, ORDER_RESTART);
}

int main(void) {
    u32 status;
    while (cpus < CPUS && signal_processor(cpus, ORDER_SENSE, 0, &status) != 3) cpus++;
    print("smp: %u processors\n", cpus);
    orders_to_stopped();
    orders_to_running();
    resets();
    for (u32 cpu = 1; cpu < cpus; cpu++) start(cpu);
    while (ready + 1 < cpus) __asm__ volatile("diag 0, 0, 0x44" ::: "memory");
    together(1);
    print("smp: under the lock: %lu\n", guarded);
    together(2);
    print("smp: counter: %lu\n", shared_counter);
    together(3);
    print("smp: baton %016lx\n", baton_sum);
    together(4);
    print("smp: calls %u, emergency signals %u, senders %u\n", call_count, emergency_count, senders);
    for (u32 cpu = 1; cpu < cpus; cpu++) {
        give(cpu, ORDER_STOP);
        until_stopped(cpu);
    }
    return 0;
}
