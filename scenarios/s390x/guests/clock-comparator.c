// The clock comparator: how many interruptions come for each arming.
//
// The condition is a level: the clock is past the comparator. An interruption does not end it; setting
// the comparator does. So a machine that remembers an interruption somewhere else than in the
// two values delivers one too many, or one too few, after a restore. What is printed is counts; never when.

#include "guest.h"

static volatile u32 ticks, early, timer_ticks, strange;
static u64 deadline;

#define NEVER ~0ul
// Hours.
#define LONG_TIME ((i64)MICROSECOND << 34)

void on_external(void) {
    switch (EXTERNAL_CODE) {
        case CODE_CLOCK_COMPARATOR:
            ticks++;
            early += tod() < deadline;
            set_clock_comparator(NEVER);
            wake(&EXTERNAL_OLD);
            break;
        case CODE_CPU_TIMER:
            timer_ticks++;
            set_cpu_timer(LONG_TIME);
            wake(&EXTERNAL_OLD);
            break;
        case CODE_SERVICE:
            console_signal(EXTERNAL_PARAMETER);
            wake(&EXTERNAL_OLD);
            break;
        default:
            strange++;
    }
}

static void arm(u64 when) {
    deadline = when;
    set_clock_comparator(when);
}

static void spin_until(u64 when) {
    while (tod() < when) {
    }
}

// Opens the mask several times, and says how many interruptions came.
static u32 opened(void) {
    u32 before = ticks;
    for (int i = 0; i < 3; i++) open_psw(PSW_EXTERNAL);
    return ticks - before;
}

static void report(const char *what, u32 count) { print("%s: %u\n", what, count); }

static void armings(void) {
    u64 now = tod();
    arm(now);
    spin_until(now + 500 * MICROSECOND);
    report("armed in the past", opened());

    now = tod();
    arm(now + 50 * MICROSECOND);
    spin_until(now + 500 * MICROSECOND);
    report("expired while disabled", opened());

    arm(tod() + 50 * MICROSECOND);
    u32 before = ticks;
    while (ticks == before) wait_psw(PSW_EXTERNAL);
    report("waited for", ticks - before);

    now = tod();
    arm(now + 20 * MICROSECOND);
    spin_until(now + 500 * MICROSECOND);
    arm(NEVER);
    report("taken back after it expired", opened());

    now = tod();
    arm(now + 20 * MICROSECOND);
    spin_until(now + 500 * MICROSECOND);
    now = tod();
    arm(now + 5000 * MICROSECOND);
    report("moved into the future after it expired", opened());
    spin_until(now + 6000 * MICROSECOND);
    report("and there", opened());

    arm(tod() + 1000000 * MICROSECOND);
    arm(tod());
    spin_until(tod() + 500 * MICROSECOND);
    report("moved into the past", opened());

    now = tod();
    arm(now + 10 * MICROSECOND);
    arm(now + 20 * MICROSECOND);
    arm(now + 30 * MICROSECOND);
    spin_until(now + 500 * MICROSECOND);
    report("armed three times before it expired", opened());

    arm(tod());
    write_cr(0, CR0_SERVICE);
    spin_until(tod() + 500 * MICROSECOND);
    report("its subclass disabled", opened());
    write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR);
    report("and enabled", opened());
}

static void many(void) {
    u32 before = ticks;
    for (u32 i = 0; i < 200; i++) {
        u32 goal = ticks + 1;
        arm(tod() + (i * 37 % 100) * MICROSECOND);
        while (ticks != goal) wait_psw(PSW_EXTERNAL);
    }
    report("one after the other", ticks - before);
}

static void cpu_timer_phases(void) {
    write_cr(0, CR0_SERVICE | CR0_CPU_TIMER);
    set_cpu_timer(50 * (i64)MICROSECOND);
    u32 before = timer_ticks;
    while (timer_ticks == before) open_psw(PSW_EXTERNAL);
    report("processor timer", timer_ticks - before);

    set_cpu_timer(10 * (i64)MICROSECOND);
    spin_until(tod() + 500 * MICROSECOND);
    set_cpu_timer(LONG_TIME);
    before = timer_ticks;
    for (int i = 0; i < 3; i++) open_psw(PSW_EXTERNAL);
    report("set again after it expired", timer_ticks - before);

    set_cpu_timer(-(i64)MICROSECOND);
    before = timer_ticks;
    for (int i = 0; i < 3; i++) open_psw(PSW_EXTERNAL);
    report("set below zero", timer_ticks - before);

    // Both are due: the comparator comes first, and neither takes the other's place.
    set_cpu_timer(-(i64)MICROSECOND);
    arm(tod());
    spin_until(tod() + 500 * MICROSECOND);
    u32 comparator_before = ticks;
    before = timer_ticks;
    write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR | CR0_CPU_TIMER);
    for (int i = 0; i < 3; i++) open_psw(PSW_EXTERNAL);
    print("both: %u and %u\n", ticks - comparator_before, timer_ticks - before);
}

int main(void) {
    set_clock_comparator(NEVER);
    set_cpu_timer(LONG_TIME);
    write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR);
    armings();
    many();
    cpu_timer_phases();
    print("clock-comparator: %u, processor timer %u, early %u, strange %u\n", ticks, timer_ticks,
          early, strange);
    return 0;
}
