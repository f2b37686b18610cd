// Arm semihosting: console, clock, command line, memory, files that there are and are not, and the exit status.
//
// Nothing is printed by the UART, and no time; the lines typed come by SYS_READC and SYS_READ.

#include "semihosting.h"

static i64 with_handle(u64 number, i64 handle) {
    volatile u64 block[2] = { (u64)handle, 1 };
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
