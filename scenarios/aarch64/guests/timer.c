// An idle guest that only timers wake.
//
// Every wait is a WFI with nothing else to do. What is printed is how many
// interrupts came, in which phase, and that none came early; never when.

#include "guest.h"

static volatile u32 virtual_ticks, physical_ticks, early, strange;
static u64 virtual_deadline, physical_deadline;

// 1/1000 s, in whatever unit the counter has.
static u64 milliseconds(u64 n) { return read_sysreg(cntfrq_el0) / 1000 * n; }

static u64 counter(void) {
    isb();
    return read_sysreg(cntvct_el0);
}

void on_irq(struct frame *frame) {
    (void)frame;
    u32 intid = gic_acknowledge();
    if (intid == TIMER_VIRTUAL_INTID) {
        isb();
        early += read_sysreg(cntvct_el0) < virtual_deadline;
        write_sysreg(cntv_ctl_el0, 0);
        virtual_ticks++;
    } else if (intid == TIMER_PHYSICAL_INTID) {
        isb();
        early += read_sysreg(cntpct_el0) < physical_deadline;
        write_sysreg(cntp_ctl_el0, 0);
        physical_ticks++;
    } else if (intid != GIC_SPURIOUS) {
        strange++;
    } else {
        return;
    }
    isb();
    gic_end(intid);
}

static void arm_virtual(u64 deadline) {
    virtual_deadline = deadline;
    write_sysreg(cntv_cval_el0, deadline);
    write_sysreg(cntv_ctl_el0, 1);
    isb();
}

static void arm_physical(u64 deadline) {
    physical_deadline = deadline;
    write_sysreg(cntp_cval_el0, deadline);
    write_sysreg(cntp_ctl_el0, 1);
    isb();
}

// Sleeps until both counts are reached. Interrupts are masked between the
// test and the WFI, which wakes for a pending one all the same.
static void idle_until(u32 virtual_goal, u32 physical_goal) {
    for (;;) {
        irq_disable();
        if (virtual_ticks >= virtual_goal && physical_ticks >= physical_goal)
            break;
        wait_for_interrupt();
        irq_enable();
        isb();
    }
    irq_enable();
}

static void report(const char *phase) {
    print("timer: %s: virtual %u physical %u early %u strange %u\n", phase, virtual_ticks, physical_ticks, early,
          strange);
}

int main(void) {
    gic_init();
    gic_enable(TIMER_VIRTUAL_INTID);
    gic_enable(TIMER_PHYSICAL_INTID);
    irq_enable();

    static const u8 periods[] = {1, 2, 5, 1, 10, 3, 7, 1};
    for (u32 i = 0; i < sizeof periods; i++) {
        arm_virtual(counter() + milliseconds(periods[i]));
        idle_until(i + 1, 0);
    }
    report("different periods");

    arm_virtual(counter() - milliseconds(1));
    idle_until(9, 0);
    report("armed in the past");

    virtual_deadline = 0;
    write_sysreg(cntv_tval_el0, -1);
    write_sysreg(cntv_ctl_el0, 1);
    idle_until(10, 0);
    report("negative timer value");

    arm_physical(read_sysreg(cntpct_el0) + milliseconds(4));
    idle_until(10, 1);
    report("physical");

    arm_virtual(counter() + milliseconds(3));
    arm_physical(read_sysreg(cntpct_el0) + milliseconds(6));
    idle_until(11, 2);
    report("both");

    u64 same = counter() + milliseconds(2);
    arm_virtual(same);
    arm_physical(same);
    idle_until(12, 3);
    report("both at once");

    // Masked in the timer: the condition is met, yet nothing may interrupt.
    write_sysreg(cntv_cval_el0, counter() + milliseconds(1));
    write_sysreg(cntv_ctl_el0, 3);
    arm_physical(read_sysreg(cntpct_el0) + milliseconds(4));
    idle_until(12, 4);
    print("timer: masked: control %lu\n", read_sysreg(cntv_ctl_el0));
    report("masked");

    // Taking the mask away lets the old condition through at once.
    virtual_deadline = 0;
    write_sysreg(cntv_ctl_el0, 1);
    isb();
    idle_until(13, 4);
    report("unmasked");

    // Moved while armed: only the last deadline counts.
    arm_virtual(counter() + milliseconds(100000));
    arm_virtual(counter() + milliseconds(2));
    idle_until(14, 4);
    report("moved nearer");

    // Interrupts masked in the CPU over several deadlines: one pends.
    irq_disable();
    arm_virtual(counter() + milliseconds(1));
    while (!(read_sysreg(cntv_ctl_el0) & 4))
        isb();
    report("pending");
    idle_until(15, 4);
    report("taken");
    return 0;
}
