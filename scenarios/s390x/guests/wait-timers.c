// An idle guest with two timers at once, which tick in different rhythms: the clock comparator, and the CPU timer, which goes on while
// the processor waits.
//
// There is nothing to do but to wait for them. What is printed is how many ticks there were of each, in which order they come when both are due,
// and how often the guest woke up for nothing.

#include "guest.h"

enum { TICKS = 60 };

static volatile u32 comparator_ticks, timer_ticks, strange, order;
static volatile u64 next_tick;
static volatile i64 timer_period = 1100 * (i64)MICROSECOND;
static u32 waits;

void on_external(void) {
    switch (EXTERNAL_CODE) {
        case CODE_CLOCK_COMPARATOR:
            comparator_ticks++;
            order = order * 10 + 1;
            next_tick += 300 * MICROSECOND;
            set_clock_comparator(next_tick);
            break;
        case CODE_CPU_TIMER:
            timer_ticks++;
            order = order * 10 + 2;
            set_cpu_timer(cpu_timer() + timer_period);
            break;
        case CODE_SERVICE:
            console_signal(EXTERNAL_PARAMETER);
            break;
        default:
            strange++;
    }
    wake(&EXTERNAL_OLD);
}

static void in_rhythm(void) {
    next_tick = tod() + 300 * MICROSECOND;
    set_clock_comparator(next_tick);
    set_cpu_timer(1100 * (i64)MICROSECOND);
    u32 told = 0;
    while (comparator_ticks < TICKS) {
        write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR | CR0_CPU_TIMER);
        wait_psw(PSW_EXTERNAL);
        waits++;
        write_cr(0, CR0_SERVICE);
        if (comparator_ticks / 10 != told) {
            told = comparator_ticks / 10;
            print("wait-timers: %u of the clock comparator\n", told * 10);
        }
    }
    u64 expected = (u64)TICKS * 300 / 1100;
    print("wait-timers: clock comparator %u, processor timer %s, %s\n", comparator_ticks,
          timer_ticks == expected || timer_ticks == expected + 1 ? "as often as it should" : "ANOTHER NUMBER",
          waits > comparator_ticks + timer_ticks ? "woken for nothing" : "never woken for nothing");
}

// Both have been due for long when the mask opens: one after the other, and then nothing.
static void both(void) {
    timer_period = (i64)MICROSECOND << 34;
    set_clock_comparator(~0ul);
    set_cpu_timer(1000 * (i64)MICROSECOND);
    next_tick = tod() + 500 * MICROSECOND;
    set_clock_comparator(next_tick);
    while (tod() < next_tick + 2000 * MICROSECOND) {
    }
    order = 0;
    // So that they are not due again at once.
    next_tick += 10000000 * MICROSECOND;
    write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR | CR0_CPU_TIMER);
    set_clock_comparator(tod() - 1);
    wait_psw(PSW_EXTERNAL);
    wait_psw(PSW_EXTERNAL);
    print("both are due: %u\n", order);
    write_cr(0, CR0_SERVICE);
}

// One ends the wait, the other, which is later, stays.
static void one_then_the_other(void) {
    set_clock_comparator(tod() + 700 * MICROSECOND);
    next_tick = tod() + 10000000 * MICROSECOND;
    set_cpu_timer(200 * (i64)MICROSECOND);
    order = 0;
    write_cr(0, CR0_CLOCK_COMPARATOR | CR0_CPU_TIMER);
    wait_psw(PSW_EXTERNAL);
    u32 first = order;
    wait_psw(PSW_EXTERNAL);
    write_cr(0, CR0_SERVICE);
    print("the sooner one: %u, then %u\n", first, order);
}

// What is masked does not end a wait.
static void masked(void) {
    set_cpu_timer(100 * (i64)MICROSECOND);
    u64 start = tod();
    set_clock_comparator(start + 5000 * MICROSECOND);
    order = 0;
    write_cr(0, CR0_CLOCK_COMPARATOR);
    wait_psw(PSW_EXTERNAL);
    write_cr(0, CR0_SERVICE);
    print("the one that is enabled: %u, %s\n", order, tod() - start >= 5000 * MICROSECOND ? "not early" : "EARLY");
}

int main(void) {
    in_rhythm();
    both();
    one_then_the_other();
    masked();
    print("wait-timers: strange %u\n", strange);
    return 0;
}
