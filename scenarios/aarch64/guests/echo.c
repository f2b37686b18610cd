// Lines from the console, given back with their length and checksum.
//
// Input comes by interrupt at first; the line "poll" turns to polling, "irq"
// back again, "quit" ends.

#include "guest.h"

static char ring[4096];
static volatile u32 ring_in, ring_out;
static bool polling;

static void drain(void) {
    while (!(mmio_read(UART + UART_FR) & UART_FR_RXFE)) {
        ring[ring_in % sizeof ring] = (char)mmio_read(UART + UART_DR);
        ring_in++;
    }
}

void on_irq(struct frame *frame) {
    (void)frame;
    u32 intid = gic_acknowledge();
    if (intid == GIC_SPURIOUS)
        return;
    if (intid == UART_INTID) {
        // In this order: what arrives after the last read interrupts again.
        mmio_write(UART + UART_ICR, UART_INT_RX | UART_INT_RT);
        drain();
    }
    gic_end(intid);
}

static char get_char(void) {
    while (ring_in == ring_out) {
        if (polling) {
            drain();
            continue;
        }
        irq_disable();
        if (ring_in == ring_out)
            wait_for_interrupt();
        irq_enable();
        isb();
    }
    return ring[ring_out++ % sizeof ring];
}

static u32 get_line(char *line, u32 size) {
    u32 length = 0;
    for (;;) {
        char c = get_char();
        if (c == '\r')
            continue;
        if (c == '\n')
            break;
        if (length + 1 < size)
            line[length++] = c;
    }
    line[length] = 0;
    return length;
}

static bool same(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void set_polling(bool on) {
    irq_disable();
    polling = on;
    mmio_write(UART + UART_IMSC, on ? 0 : UART_INT_RX | UART_INT_RT);
    drain(); // what is already there may not interrupt any more
    irq_enable();
}

int main(void) {
    gic_init();
    gic_enable(UART_INTID);
    set_polling(false);
    print("echo: ready\n");

    static char line[1024];
    u32 lines = 0, bytes = 0;
    u64 total = 0;
    for (;;) {
        u32 length = get_line(line, sizeof line);
        u64 sum = 0;
        for (u32 i = 0; i < length; i++)
            sum = mix(sum, (u8)line[i]);
        lines++;
        bytes += length;
        total = mix(total, sum);
        print("echo: %u: %u bytes, sum %016lx: %s\n", lines, length, sum, line);
        if (same(line, "poll"))
            set_polling(true);
        else if (same(line, "irq"))
            set_polling(false);
        else if (same(line, "quit"))
            break;
    }
    print("echo: %u lines, %u bytes, sum %016lx\n", lines, bytes, total);
    return 0;
}
