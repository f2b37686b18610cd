// The ends of exceptions that a guest does not handle itself.

#include "guest.h"

void on_unexpected(struct frame *frame) {
    print("UNEXPECTED vector %lu esr %08lx elr %016lx far %016lx spsr %08lx\n", frame->vector,
          read_sysreg(esr_el1), frame->elr, read_sysreg(far_el1), frame->spsr);
    power_off();
}

__attribute__((weak)) void on_sync(struct frame *frame) { on_unexpected(frame); }
__attribute__((weak)) void on_irq(struct frame *frame) { on_unexpected(frame); }
