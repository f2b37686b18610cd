// Console input, by interrupt and by polling, while the clock ticks.
//
// Each line comes back with its length and a sum. "poll" and "irq" say how the next ones are received; "quit" ends.

#include "guest.h"

enum { SIZE = 256 };

static volatile u8 queue[SIZE];
static volatile u32 head, tail, strange;

void on_interrupt(struct frame *frame) {
    if (frame->a0 == INTERRUPT_CLOCK) {
        rtc_read(RTC_C);
    } else if (frame->a0 == INTERRUPT_DEVICE && frame->a1 == 0x800 + 0x10 * UART_IRQ) {
        u8 why = in8(UART + UART_IIR) & 15;
        strange = strange + (why != 4 && why != 12);
        while (in8(UART + UART_LSR) & 1) {
            queue[head % SIZE] = in8(UART + UART_DATA);
            head = head + 1;
        }
        isa_end(UART_IRQ);
    } else {
        strange = strange + 1;
    }
}

static u8 next(bool by_interrupt) {
    if (by_interrupt || tail != head) {
        while (tail == head) {
        }
        u8 byte = queue[tail % SIZE];
        tail = tail + 1;
        return byte;
    }
    while (!(in8(UART + UART_LSR) & 1)) {
    }
    return in8(UART + UART_DATA);
}

static bool same(const char *line, u32 length, const char *word) {
    u32 i = 0;
    while (i < length && word[i] && line[i] == word[i])
        i++;
    return i == length && !word[i];
}

int main(void) {
    static char line[SIZE];
    bool by_interrupt = true;
    isa_enable(UART_IRQ);
    rtc_write(RTC_B, rtc_read(RTC_B) | RTC_PIE);
    out8(UART + UART_IER, 1);
    swap_ipl(0);
    print("echo: ready\n");
    for (u32 number = 1;; number++) {
        u32 length = 0;
        u64 sum = 0;
        for (;;) {
            u8 byte = next(by_interrupt);
            if (byte == '\n')
                break;
            sum = mix(sum, byte);
            if (length < SIZE)
                line[length++] = (char)byte;
        }
        print("echo: %u: %u %lx\n", number, length, sum);
        if (same(line, length, "quit"))
            break;
        if (same(line, length, "poll")) {
            by_interrupt = false;
            out8(UART + UART_IER, 0);
        }
        if (same(line, length, "irq")) {
            by_interrupt = true;
            out8(UART + UART_IER, 1);
        }
    }
    swap_ipl(7);
    print("echo: strange %u\n", strange);
    return 0;
}
