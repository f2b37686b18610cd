// An idle guest with two timers at once, which tick in different rhythms.
//
// There is nothing to do but to wait for them. What is printed is how many ticks there were of each, and how often the guest woke up for
// nothing, which a processor may but need not do.

#include "guest.h"

enum { TICKS = 60 };

static volatile u32 fast, slow, strange;
static u32 waits;

static u64 microseconds(u64 n) { return read_sysreg(cntfrq_el0) / 1000 * n / 1000; }

void on_irq(struct frame *frame) {
    (void)frame;
    u32 intid = gic_acknowledge();
    if (intid == TIMER_VIRTUAL_INTID) {
        fast++;
        write_sysreg(cntv_tval_el0, microseconds(300));
    } else if (intid == TIMER_PHYSICAL_INTID) {
        slow++;
        write_sysreg(cntp_tval_el0, microseconds(1100));
    } else if (intid != GIC_SPURIOUS) {
        strange++;
    } else {
        return;
    }
    isb();
    gic_end(intid);
}

int main(void) {
    gic_init();
    gic_enable(TIMER_VIRTUAL_INTID);
    gic_enable(TIMER_PHYSICAL_INTID);
    write_sysreg(cntv_tval_el0, microseconds(300));
    write_sysreg(cntp_tval_el0, microseconds(1100));
    write_sysreg(cntv_ctl_el0, 1);
    write_sysreg(cntp_ctl_el0, 1);
    irq_enable();
    u32 told = 0;
    while (fast < TICKS) {
        irq_disable();
        wait_for_interrupt();
        waits++;
        irq_enable();
        isb();
        if (fast / 10 != told) {
            told = fast / 10;
            print("idle-timers: %u of the fast one\n", told * 10);
        }
    }
    write_sysreg(cntv_ctl_el0, 0);
    write_sysreg(cntp_ctl_el0, 0);
    print("idle-timers: fast %u slow %u strange %u, %s\n", fast, slow, strange,
          waits > fast + slow ? "woken for nothing" : "never woken for nothing");
    return 0;
}
