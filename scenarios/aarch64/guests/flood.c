// 64 KiB of text as fast as the console takes it, ended by a checksum.

#include "guest.h"

enum { LINES = 1024, WIDTH = 64 };

int main(void) {
    u32 bytes = 0;
    u64 sum = 0;
    for (u32 i = 0; i < LINES; i++) {
        print("%04x:", i);
        for (u32 column = 5; column < WIDTH - 1; column++) {
            char c = (char)('!' + (i * 7 + column) % 94);
            put_char(c);
            sum = mix(sum, (u8)c);
        }
        put_char('\n');
        bytes += WIDTH;
    }
    print("flood: %u bytes, sum %016lx\n", bytes, sum);
    return 0;
}
