// Arm semihosting: console, clock, command line, memory, files that there are and are not, and the exit status.
//
// Nothing is printed by the UART, and no time; the lines typed come by SYS_READC and SYS_READ.

#include "guest.h"

enum {
    OPEN = 0x01,
    CLOSE = 0x02,
    WRITEC = 0x03,
    WRITE0 = 0x04,
    WRITE = 0x05,
    READ = 0x06,
    READC = 0x07,
    ISERROR = 0x08,
    ISTTY = 0x09,
    SEEK = 0x0a,
    FLEN = 0x0c,
    REMOVE = 0x0e,
    CLOCK = 0x10,
    TIME = 0x11,
    ERRNO = 0x13,
    GET_CMDLINE = 0x15,
    HEAPINFO = 0x16,
    EXIT_EXTENDED = 0x20,
    ELAPSED = 0x30,
    TICKFREQ = 0x31,
};

static i64 call(u64 number, const volatile void *parameter) {
    register u64 x0 __asm__("x0") = number;
    register const volatile void *x1 __asm__("x1") = parameter;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return (i64)x0;
}

static void say(const char *text) { call(WRITE0, text); }

static void say_number(const char *name, i64 value) {
    char text[24];
    u32 at = sizeof text - 1;
    u64 rest = value < 0 ? -(u64)value : (u64)value;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        text[--at] = '-';
    say(name);
    say(&text[at]);
    say("\n");
}

static u64 length(const char *text) {
    u64 n = 0;
    while (text[n])
        n++;
    return n;
}

static i64 open(const char *name, u64 mode) {
    volatile u64 block[3] = { (u64)name, mode, length(name) };
    return call(OPEN, block);
}

static i64 with_handle(u64 number, i64 handle) {
    volatile u64 block[2] = { (u64)handle, 1 };
    return call(number, block);
}

static i64 transfer(u64 number, i64 handle, const void *at, u64 size) {
    volatile u64 block[3] = { (u64)handle, (u64)at, size };
    return call(number, block);
}

static char buffer[64];

int main(void) {
    say("semihosting: ready\n");
    char letter = '!';
    call(WRITEC, &letter);
    letter = '\n';
    call(WRITEC, &letter);

    i64 in = open(":tt", 0), out = open(":tt", 4), error = open(":tt", 8);
    say_number("standard input, output and error are three: ", in != out && out != error && in > 0 && out > 0 && error > 0);
    say_number("written, left over: ", transfer(WRITE, out, "to standard output\n", 19));
    say_number("a terminal: ", with_handle(ISTTY, out));
    say_number("written to input, left over: ", transfer(WRITE, in, "x", 1));
    say_number("errno: ", call(ERRNO, 0));

    i64 features = open(":semihosting-features", 0);
    say_number("features, bytes: ", with_handle(FLEN, features));
    say_number("read, left over: ", transfer(READ, features, buffer, 5));
    buffer[4] = (char)('0' + buffer[4]);
    say(buffer);
    say("\n");
    say_number("read at the end, left over: ", transfer(READ, features, buffer, 5));
    say_number("seek: ", with_handle(SEEK, features));
    say_number("read again, left over: ", transfer(READ, features, buffer, 5));
    say_number("a terminal: ", with_handle(ISTTY, features));
    say_number("close: ", with_handle(CLOSE, features));
    say_number("close again: ", with_handle(CLOSE, features));

    say_number("a file of the host: ", open("/etc/passwd", 0));
    say_number("errno: ", call(ERRNO, 0));
    say_number("remove one: ", transfer(REMOVE, (i64) "x", (void *)1, 0));
    say_number("no such call: ", call(0x99, 0));
    volatile i64 status = -1;
    say_number("is -1 an error: ", call(ISERROR, &status));
    status = 1;
    say_number("is 1 an error: ", call(ISERROR, &status));

    volatile u64 line[2] = { (u64)buffer, sizeof buffer };
    say_number("command line: ", call(GET_CMDLINE, line));
    say(buffer);
    say("\n");
    volatile u64 memory[4];
    volatile u64 *pointer = memory;
    call(HEAPINFO, &pointer);
    say_number("heap and stack in RAM: ", memory[0] > (u64)buffer && memory[0] < memory[1] && memory[2] == memory[1] &&
                                              memory[2] == 0x40000000 + (128ul << 20));

    volatile u64 ticks, later;
    call(ELAPSED, &ticks);
    for (volatile u32 i = 0; i < 1000; i++)
        ;
    call(ELAPSED, &later);
    say_number("ticks in a second: ", call(TICKFREQ, 0));
    say_number("time goes on: ", later > ticks);
    say_number("centiseconds agree: ", call(CLOCK, 0) - (i64)(later / 10000000) <= 1);
    say_number("minutes since 1970: ", call(TIME, 0) / 60);

    say("type: ");
    u32 count = 0;
    while ((letter = (char)call(READC, 0)) != '\n')
        count += letter == 'a';
    say_number("\nletters a: ", count);
    say("type more: ");
    u64 got = 4 - (u64)transfer(READ, in, buffer, 4);
    buffer[got] = 0;
    say("got some: ");
    call(WRITEC, buffer);
    say_number("\nand exit with ", 42);
    volatile u64 end[2] = { 0x20026, 42 };
    call(EXIT_EXTENDED, end);
    say("STILL HERE\n");
    power_off();
}
