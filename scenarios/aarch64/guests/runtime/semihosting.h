// Arm semihosting: the calls, and what is printed with them.

#pragma once

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
    TMPNAM = 0x0d,
    REMOVE = 0x0e,
    RENAME = 0x0f,
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

// A name, which ends as it likes, and a number.
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

static i64 transfer(u64 number, i64 handle, const void *at, u64 size) {
    volatile u64 block[3] = { (u64)handle, (u64)at, size };
    return call(number, block);
}
