// The console: service calls that write events of the ASCII console.

#include "guest.h"

enum { WRITE_EVENT_MASK = 0x00780005, WRITE_EVENT_DATA = 0x00760005 };
enum { EVENT_ASCII = 0x1a, HEADERS = 14, LINE = 512 };

struct mask_block {
    u16 length;
    u8 function, control[3];
    u16 response, reserved, mask_length;
    u32 receive, send, machine_receives, machine_sends;
} __attribute__((packed));

struct data_block {
    u16 length;
    u8 function, control[3];
    u16 response;
    u16 event_length;
    u8 type, flags;
    u16 reserved;
    char text[LINE];
} __attribute__((packed));

static struct data_block data __attribute__((aligned(4096)));
static struct mask_block masks __attribute__((aligned(4096)));
static u32 used;
static bool ready;
static volatile u32 answered;

void console_signal(u32 parameter) { answered |= parameter & ~7u; }

// Calls, and waits for the answer with nothing but the service signal enabled.
int service_call(u32 command, void *sccb) {
    u32 address = (u32)(u64)sccb, code;
    u64 cr0 = read_cr(0);
    write_cr(0, CR0_SERVICE);
    answered = 0;
    __asm__ volatile(
        "    .insn rre, 0xb2200000, %1, %2\n"  // SERVICE CALL
        "    ipm   %0\n"
        "    srl   %0, 28\n"
        : "=d"(code)
        : "d"(command), "d"(address)
        : "cc", "memory");
    while (code == 0 && answered == 0) wait_psw(PSW_EXTERNAL);
    write_cr(0, cr0);
    return (int)code;
}

static void prepare(void) {
    masks.length = sizeof masks;
    masks.mask_length = 4;
    masks.receive = 0;
    masks.send = 1u << (32 - EVENT_ASCII);
    service_call(WRITE_EVENT_MASK, &masks);
    ready = true;
}

void flush(void) {
    if (used == 0) return;
    if (!ready) prepare();
    data.length = (u16)(HEADERS + used);
    data.function = 0;
    data.response = 0;
    data.event_length = (u16)(6 + used);
    data.type = EVENT_ASCII;
    data.flags = 0;
    used = 0;
    service_call(WRITE_EVENT_DATA, &data);
}

void put_char(char c) {
    data.text[used++] = c;
    if (c == '\n' || used == LINE) flush();
}

static void put_padded(const char *digits, int count, int width, char fill) {
    for (; width > count; width--) put_char(fill);
    while (count-- > 0) put_char(*digits++);
}

static void put_number(u64 value, u32 base, int width, char fill, bool negative) {
    char digits[24];
    int at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) digits[--at] = '-';
    put_padded(digits + at, (int)sizeof digits - at, width, fill);
}

void print(const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (; *format != 0; format++) {
        if (*format != '%') {
            put_char(*format);
            continue;
        }
        char fill = ' ';
        int width = 0;
        if (*++format == '0') fill = '0';
        while (*format >= '0' && *format <= '9') width = width * 10 + (*format++ - '0');
        bool wide = *format == 'l';
        if (wide) format++;
        switch (*format) {
            case 'c':
                put_char((char)va_arg(args, int));
                break;
            case 's': {
                const char *text = va_arg(args, const char *);
                int length = 0;
                while (text[length] != 0) length++;
                put_padded(text, length, width, ' ');
                break;
            }
            case 'd': {
                i64 value = wide ? va_arg(args, i64) : va_arg(args, int);
                put_number(value < 0 ? -(u64)value : (u64)value, 10, width, fill, value < 0);
                break;
            }
            case 'u':
                put_number(wide ? va_arg(args, u64) : va_arg(args, u32), 10, width, fill, false);
                break;
            case 'x':
                put_number(wide ? va_arg(args, u64) : va_arg(args, u32), 16, width, fill, false);
                break;
            default:
                put_char(*format);
        }
    }
    va_end(args);
}
