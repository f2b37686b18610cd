// Files by Arm semihosting: what is in the folder, what is made, what is changed, and what lies outside.

#include "guest.h"

enum {
    OPEN = 0x01,
    CLOSE = 0x02,
    WRITE0 = 0x04,
    WRITE = 0x05,
    READ = 0x06,
    ISTTY = 0x09,
    SEEK = 0x0a,
    FLEN = 0x0c,
    TMPNAM = 0x0d,
    REMOVE = 0x0e,
    RENAME = 0x0f,
    ERRNO = 0x13,
    EXIT_EXTENDED = 0x20,
};

// The modes of fopen: "r", "r+", "w", "w+", "a".
enum { R = 0, RP = 2, W = 4, WP = 6, A = 8 };

static i64 call(u64 number, const volatile void *parameter) {
    register u64 x0 __asm__("x0") = number;
    register const volatile void *x1 __asm__("x1") = parameter;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return (i64)x0;
}

static void say(const char *text) { call(WRITE0, text); }

static u64 length(const char *text) {
    u64 n = 0;
    while (text[n])
        n++;
    return n;
}

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
    say(": ");
    say(&text[at]);
    say("\n");
}

static i64 open(const char *name, u64 mode) {
    volatile u64 block[3] = { (u64)name, mode, length(name) };
    return call(OPEN, block);
}

static i64 call2(u64 number, u64 a, u64 b) {
    volatile u64 block[2] = { a, b };
    return call(number, block);
}

static i64 call3(u64 number, u64 a, const void *at, u64 size) {
    volatile u64 block[3] = { a, (u64)at, size };
    return call(number, block);
}

static char buffer[64];

// A file from where it stands to its end.
static void show(const char *name, i64 handle) {
    say(name);
    say(": \"");
    for (;;) {
        u64 got = 8 - (u64)call3(READ, (u64)handle, buffer, 8);
        if (got == 0)
            break;
        buffer[got] = 0;
        say(buffer);
    }
    say("\"\n");
}

static void refused(const char *name, i64 result) {
    say(name);
    say_number(result == -1 ? ": refused, errno" : ": NOT REFUSED", call(ERRNO, 0));
}

int main(void) {
    i64 input = open("input.txt", R);
    say_number("length", call2(FLEN, (u64)input, 0));
    say_number("a terminal", call2(ISTTY, (u64)input, 0));
    show("input", input);
    say_number("seek", call2(SEEK, (u64)input, 4));
    show("from 4", input);
    refused("seek behind the end", call2(SEEK, (u64)input, 1000));
    say_number("write to it, left over", call3(WRITE, (u64)input, "x", 1));
    refused("remove what is open", call2(REMOVE, (u64) "input.txt", 9));
    call2(CLOSE, (u64)input, 0);
    i64 other = open("./below//other.txt", R);
    show("below", other);
    call2(CLOSE, (u64)other, 0);

    refused("missing", open("missing.txt", R));
    refused("a folder", open("below", R));
    refused("outside", open("../hello.c", R));
    refused("elsewhere", open("/etc/passwd", R));
    refused("a new one of the debugger's", open(":new", W));

    i64 made = open("results/made.txt", W);
    say_number("write, left over", call3(WRITE, (u64)made, "0123456789", 10));
    say_number("read what is only written, left over", call3(READ, (u64)made, buffer, 4));
    call2(CLOSE, (u64)made, 0);
    made = open("results/made.txt", A);
    call3(WRITE, (u64)made, "abc", 3);
    call2(CLOSE, (u64)made, 0);
    made = open("results/made.txt", RP);
    call3(WRITE, (u64)made, "XY", 2);
    show("after XY", made);
    call2(SEEK, (u64)made, 0);
    show("made", made);
    call2(CLOSE, (u64)made, 0);

    input = open("input.txt", RP);
    call3(WRITE, (u64)input, "THE", 3);
    call2(SEEK, (u64)input, 0);
    show("changed", input);
    call2(CLOSE, (u64)input, 0);
    input = open("input.txt", WP);
    say_number("emptied", call2(FLEN, (u64)input, 0));
    call2(CLOSE, (u64)input, 0);

    volatile u64 names[4] = { (u64) "results/made.txt", 16, (u64) "renamed", 7 };
    say_number("rename", call(RENAME, names));
    refused("its old name", open("results/made.txt", R));
    i64 renamed = open("renamed", R);
    say_number("its length", call2(FLEN, (u64)renamed, 0));
    call2(CLOSE, (u64)renamed, 0);
    say_number("remove", call2(REMOVE, (u64) "below/other.txt", 15));
    refused("remove again", call2(REMOVE, (u64) "below/other.txt", 15));
    volatile u64 temporary[3] = { (u64)buffer, 7, sizeof buffer };
    say_number("a name for a while", call(TMPNAM, temporary));
    say(buffer);
    say("\n");

    // Left open: what is in it comes out all the same.
    i64 left = open("left-open", W);
    call3(WRITE, (u64)left, "kept", 4);
    volatile u64 end[2] = { 0x20026, 0 };
    call(EXIT_EXTENDED, end);
    power_off();
}
