// The console: a PL011, written to by polling.

#include "guest.h"

enum { UART_IBRD = 0x24, UART_FBRD = 0x28, UART_LCRH = 0x2c, UART_CR = 0x30, UART_IFLS = 0x34 };

void console_init(void) {
    mmio_write(UART + UART_CR, 0);
    mmio_write(UART + UART_IMSC, 0);
    mmio_write(UART + UART_ICR, 0x7ff);
    mmio_write(UART + UART_IBRD, 13); // 115200 baud at 24 MHz
    mmio_write(UART + UART_FBRD, 1);
    mmio_write(UART + UART_LCRH, 3 << 5 | 1 << 4); // 8 bits, FIFOs on
    mmio_write(UART + UART_IFLS, 0);
    mmio_write(UART + UART_CR, 1 << 9 | 1 << 8 | 1 << 0);
}

void put_char(char c) {
    while (mmio_read(UART + UART_FR) & UART_FR_TXFF) {
    }
    mmio_write(UART + UART_DR, (u8)c);
}

static void put_string(const char *s) {
    while (*s)
        put_char(*s++);
}

static void put_number(u64 value, u32 base, u32 width, char fill, bool negative) {
    char digits[24];
    u32 n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        digits[n++] = '-';
    while (width > n) {
        put_char(fill);
        width--;
    }
    while (n)
        put_char(digits[--n]);
}

void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            put_char(*p);
            continue;
        }
        p++;
        char fill = ' ';
        if (*p == '0')
            fill = *p++;
        u32 width = 0;
        while (*p >= '0' && *p <= '9')
            width = width * 10 + (u32)(*p++ - '0');
        bool wide = *p == 'l';
        if (wide)
            p++;
        switch (*p) {
        case 'c':
            put_char((char)va_arg(arguments, int));
            break;
        case 's':
            put_string(va_arg(arguments, const char *));
            break;
        case 'd': {
            i64 value = wide ? va_arg(arguments, i64) : va_arg(arguments, i32);
            put_number(value < 0 ? -(u64)value : (u64)value, 10, width, fill, value < 0);
            break;
        }
        case 'u':
        case 'x': {
            u64 value = wide ? va_arg(arguments, u64) : va_arg(arguments, u32);
            put_number(value, *p == 'x' ? 16 : 10, width, fill, false);
            break;
        }
        default:
            put_char(*p);
        }
    }
    va_end(arguments);
}
