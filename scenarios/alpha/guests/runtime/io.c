// The chipset, the ISA bus, and how a guest begins and ends.

#include "guest.h"

void entry_interrupt(void);
void entry_arithmetic(void);
void entry_memory(void);
void entry_instruction(void);
void entry_unaligned(void);
void entry_system(void);

void runtime_init(void) {
    console_init();
    write_entry(entry_interrupt, ENTRY_INTERRUPT);
    write_entry(entry_arithmetic, ENTRY_ARITHMETIC);
    write_entry(entry_memory, ENTRY_MEMORY);
    write_entry(entry_instruction, ENTRY_INSTRUCTION);
    write_entry(entry_unaligned, ENTRY_UNALIGNED);
    write_entry(entry_system, ENTRY_SYSTEM);
}

_Noreturn void power_off(void) {
    __asm__ volatile("call_pal 0" ::: "memory");
    for (;;) {
    }
}

static void unexpected(const char *what, struct frame *frame) {
    print("unexpected %s: a0 %lx a1 %lx a2 %lx pc %lx ps %lx\n", what, frame->a0, frame->a1, frame->a2, frame->pc,
          frame->ps);
    power_off();
}

__attribute__((weak)) void on_interrupt(struct frame *frame) { unexpected("interrupt", frame); }
__attribute__((weak)) void on_arithmetic(struct frame *frame) { unexpected("arithmetic trap", frame); }
__attribute__((weak)) void on_memory(struct frame *frame) { unexpected("memory fault", frame); }
__attribute__((weak)) void on_instruction(struct frame *frame) { unexpected("instruction fault", frame); }
__attribute__((weak)) void on_unaligned(struct frame *frame) { unexpected("unaligned access", frame); }
__attribute__((weak)) void on_system(struct frame *frame) { unexpected("system call", frame); }

u8 rtc_read(u8 number) {
    out8(RTC_INDEX, number);
    return in8(RTC_DATA);
}

void rtc_write(u8 number, u8 value) {
    out8(RTC_INDEX, number);
    out8(RTC_DATA, value);
}

void isa_enable(u32 irq) {
    u32 chip = irq < 8 ? PIC_MASTER : PIC_SLAVE;
    out8(chip + 1, in8(chip + 1) & ~(1u << (irq & 7)));
    if (irq >= 8)
        out8(PIC_MASTER + 1, in8(PIC_MASTER + 1) & ~(1u << 2));
    cchip_write(CCHIP_DIM0, cchip_read(CCHIP_DIM0) | 1ul << 55);
    cchip_read(CCHIP_DIM0);
}

void isa_end(u32 irq) {
    if (irq >= 8)
        out8(PIC_SLAVE, 0x60 | (irq & 7));
    out8(PIC_MASTER, 0x60 | (irq >= 8 ? 2 : irq));
}
