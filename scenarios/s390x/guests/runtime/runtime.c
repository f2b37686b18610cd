// Interruptions, waiting, and the end.

#include "guest.h"

void external_entry(void);
void service_entry(void);
void program_entry(void);
void io_entry(void);

static void set_new(volatile struct psw *new, void (*entry)(void)) {
    new->mask = PSW_64;
    new->address = (u64)entry;
}

void runtime_init(void) {
    set_new(&EXTERNAL_NEW, external_entry);
    set_new(&SVC_NEW, service_entry);
    set_new(&PROGRAM_NEW, program_entry);
    set_new(&IO_NEW, io_entry);
    write_cr(0, CR0_SERVICE);
    write_cr(6, 0);
}

__attribute__((weak)) void on_external(void) {
    if (EXTERNAL_CODE == CODE_SERVICE) {
        console_signal(EXTERNAL_PARAMETER);
        wake(&EXTERNAL_OLD);
    } else {
        print("unexpected external interruption %04x\n", EXTERNAL_CODE);
        power_off();
    }
}

__attribute__((weak)) void on_supervisor_call(void) {
    print("unexpected supervisor call %u\n", SVC_CODE);
    power_off();
}

__attribute__((weak)) void on_program(void) {
    print("unexpected program interruption %04x at %lx\n", PROGRAM_CODE, PROGRAM_OLD.address);
    power_off();
}

__attribute__((weak)) void on_io(void) {
    print("unexpected I/O interruption of %08x\n", IO_ID);
    power_off();
}

static void load_psw(u64 mask) {
    struct psw psw;
    __asm__ volatile(
        "    larl  %%r1, 0f\n"
        "    stg   %%r1, 8+%0\n"
        "    stg   %1, %0\n"
        "    lpswe %0\n"
        "0:\n"
        : "=Q"(psw)
        : "d"(mask)
        : "r1", "cc", "memory");
}

void open_psw(u64 mask) {
    load_psw(PSW_64 | mask);
    load_psw(PSW_64);
}

void wait_psw(u64 mask) {
    load_psw(PSW_64 | PSW_WAIT | mask);
    load_psw(PSW_64);
}

void wake(volatile struct psw *old) { old->mask &= ~(PSW_WAIT | PSW_IO | PSW_EXTERNAL); }

// Waiting with everything disabled is the end; this address says that it is the good one.
_Noreturn void power_off(void) {
    flush();
    static const struct psw end __attribute__((aligned(8))) = {PSW_64 | PSW_WAIT, 0xfff};
    for (;;) __asm__ volatile("lpswe %0" ::"Q"(end));
}
