// Files by Arm semihosting: what is in the folder, what is made, what is changed, and what lies outside.

#include "semihosting.h"

// The modes of fopen: "r", "r+", "w", "w+", "a".
enum { R = 0, RP = 2, W = 4, WP = 6, A = 8 };

static i64 call2(u64 number, u64 a, u64 b) {
    volatile u64 block[2] = { a, b };
    return call(number, block);
}

static char buffer[64];

// A file from where it stands to its end.
static void show(const char *name, i64 handle) {
    say(name);
    say(": \"");
    for (;;) {
        u64 got = 8 - (u64)transfer(READ, handle, buffer, 8);
        if (got == 0)
            break;
        buffer[got] = 0;
        say(buffer);
    }
    say("\"\n");
}

static void refused(const char *name, i64 result) {
    say(name);
    say_number(result == -1 ? ": refused, errno: " : ": NOT REFUSED: ", call(ERRNO, 0));
}

int main(void) {
    i64 input = open("input.txt", R);
    say_number("length: ", call2(FLEN, (u64)input, 0));
    say_number("a terminal: ", call2(ISTTY, (u64)input, 0));
    show("input", input);
    say_number("seek: ", call2(SEEK, (u64)input, 4));
    show("from 4", input);
    refused("seek behind the end", call2(SEEK, (u64)input, 1000));
    say_number("write to it, left over: ", transfer(WRITE, input, "x", 1));
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
    say_number("write, left over: ", transfer(WRITE, made, "0123456789", 10));
    say_number("read what is only written, left over: ", transfer(READ, made, buffer, 4));
    call2(CLOSE, (u64)made, 0);
    made = open("results/made.txt", A);
    transfer(WRITE, made, "abc", 3);
    call2(CLOSE, (u64)made, 0);
    made = open("results/made.txt", RP);
    transfer(WRITE, made, "XY", 2);
    show("after XY", made);
    call2(SEEK, (u64)made, 0);
    show("made", made);
    call2(CLOSE, (u64)made, 0);

    input = open("input.txt", RP);
    transfer(WRITE, input, "THE", 3);
    call2(SEEK, (u64)input, 0);
    show("changed", input);
    call2(CLOSE, (u64)input, 0);
    input = open("input.txt", WP);
    say_number("emptied: ", call2(FLEN, (u64)input, 0));
    call2(CLOSE, (u64)input, 0);

    volatile u64 names[4] = { (u64) "results/made.txt", 16, (u64) "renamed", 7 };
    say_number("rename: ", call(RENAME, names));
    refused("its old name", open("results/made.txt", R));
    i64 renamed = open("renamed", R);
    say_number("its length: ", call2(FLEN, (u64)renamed, 0));
    call2(CLOSE, (u64)renamed, 0);
    say_number("remove: ", call2(REMOVE, (u64) "below/other.txt", 15));
    refused("remove again", call2(REMOVE, (u64) "below/other.txt", 15));
    volatile u64 temporary[3] = { (u64)buffer, 7, sizeof buffer };
    say_number("a name for a while: ", call(TMPNAM, temporary));
    say(buffer);
    say("\n");

    // Left open: what is in it comes out all the same.
    i64 left = open("left-open", W);
    transfer(WRITE, left, "kept", 4);
    volatile u64 end[2] = { 0x20026, 0 };
    call(EXIT_EXTENDED, end);
    power_off();
}
