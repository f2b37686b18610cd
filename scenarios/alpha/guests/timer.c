// The interval timer and console traffic in flight together.
//
// The clock ticks 8192 times a second. Every few ticks its handler puts a line into a queue that the UART's transmitter
// interrupt empties, a few characters at a time; what is typed comes back in between. What is printed is how many
// ticks and interrupts there were where that does not depend on speed; never when.

#include "guest.h"

enum { LINES = 24, SIZE = 4096 };

static volatile u32 ticks, lines, spurious, strange;
static volatile char queue[SIZE];
static volatile u32 head, tail;
static volatile u64 order;

static void enqueue(char c) {
    queue[head % SIZE] = c;
    head = head + 1;
}

static void enqueue_line(u32 number) {
    const char *text = "timer: line ";
    while (*text)
        enqueue(*text++);
    enqueue('0' + number / 10);
    enqueue('0' + number % 10);
    enqueue('\n');
}

static void transmit(void) {
    for (u32 i = 0; i < 5 && tail != head; i++) {
        out8(UART + UART_DATA, (u8)queue[tail % SIZE]);
        tail = tail + 1;
    }
    // An empty queue wants no interrupt.
    out8(UART + UART_IER, tail == head ? 0 : 2);
}

void on_interrupt(struct frame *frame) {
    if (frame->a0 == INTERRUPT_CLOCK) {
        ticks = ticks + 1;
        rtc_read(RTC_C);
        if ((ticks & 3) == 0 && lines < LINES) {
            lines = lines + 1;
            order = mix(order, lines);
            enqueue_line(lines);
            transmit();
        }
    } else if (frame->a0 == INTERRUPT_DEVICE && frame->a1 == 0x800 + 0x10 * UART_IRQ) {
        u8 why = in8(UART + UART_IIR) & 15;
        if (why == 2)
            transmit();
        else
            spurious = spurious + 1;
        isa_end(UART_IRQ);
    } else {
        strange = strange + 1;
    }
}

int main(void) {
    print("timer: begins\n");
    isa_enable(UART_IRQ);
    rtc_write(RTC_A, 0x23);
    rtc_write(RTC_B, rtc_read(RTC_B) | RTC_PIE);
    rtc_read(RTC_C);
    swap_ipl(0);
    while (lines < LINES || tail != head) {
    }
    u32 before = ticks;
    while (ticks == before) {
    }
    swap_ipl(7);
    rtc_write(RTC_B, rtc_read(RTC_B) & ~RTC_PIE);
    print("timer: lines %u order %lx enough ticks %u strange %u\n", lines, order, ticks >= 4 * LINES, strange);

    // With everything masked ticks pile up to one.
    rtc_write(RTC_A, 0x24);
    rtc_write(RTC_B, rtc_read(RTC_B) | RTC_PIE);
    rtc_read(RTC_C);
    for (u32 i = 0; i < 3; i++)
        while (!(rtc_read(RTC_C) & 0x40)) {
        }
    rtc_write(RTC_B, rtc_read(RTC_B) & ~RTC_PIE);
    before = ticks;
    print("timer: pending %lx\n", cchip_read(CCHIP_MISC) & 0x10);
    swap_ipl(0);
    swap_ipl(7);
    print("timer: masked ticks taken %u\n", ticks - before);
    print("timer: pending %lx\n", cchip_read(CCHIP_MISC) & 0x10);
    return 0;
}
