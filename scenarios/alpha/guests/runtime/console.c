// The console: a 16550, written to by polling.

#include "guest.h"

void console_init(void) {
    out8(UART + UART_IER, 0);
    out8(UART + UART_LCR, 0x83);
    out8(UART + UART_DATA, 1); // 115200 baud
    out8(UART + UART_IER, 0);
    out8(UART + UART_LCR, 3);
    out8(UART + UART_IIR, 7); // FIFOs on and empty
    out8(UART + UART_MCR, 0xb);
}

void put_char(char c) {
    while (!(in8(UART + UART_LSR) & 0x20)) {
    }
    out8(UART + UART_DATA, (u8)c);
}

static void put_string(const char *s) {
    while (*s)
        put_char(*s++);
}

// There is no division instruction; a constant divisor needs none.
static u64 digit_of(u64 *value, bool hex) {
    u64 rest = hex ? *value / 16 : *value / 10;
    u64 digit = *value - rest * (hex ? 16 : 10);
    *value = rest;
    return digit;
}

static void put_number(u64 value, bool hex, u32 width, char fill, bool negative) {
    char digits[24];
    u32 n = 0;
    do {
        digits[n++] = "0123456789abcdef"[digit_of(&value, hex)];
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
            put_number(value < 0 ? -(u64)value : (u64)value, false, width, fill, value < 0);
            break;
        }
        case 'u':
        case 'x': {
            u64 value = wide ? va_arg(arguments, u64) : va_arg(arguments, u32);
            put_number(value, *p == 'x', width, fill, false);
            break;
        }
        default:
            put_char(*p);
        }
    }
    va_end(arguments);
}
