// Checksums over memory, for measuring speed: byte by byte with a table, and
// eight bytes at a time with the instruction that was made for it.

#include "guest.h"

enum { SIZE = 1 << 20, ROUNDS = 12 };
static u8 bytes[SIZE];
static u32 table_[256];

static u32 by_table(u32 crc) {
    for (u32 i = 0; i < SIZE; i++)
        crc = table_[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
    return crc;
}

static u32 by_instruction(u32 crc) {
    for (u32 i = 0; i < SIZE; i += 8)
        __asm__("crc32x %w0, %w0, %1" : "+r"(crc) : "r"(*(const u64 *)(bytes + i)));
    return crc;
}

int main(void) {
    mmu_enable_identity();
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        table_[i] = crc;
    }
    struct random r = {1};
    for (u32 i = 0; i < SIZE; i += 8)
        *(u64 *)(bytes + i) = random_next(&r);
    u32 first = ~0u, second = ~0u;
    for (u32 round = 0; round < ROUNDS; round++) {
        first = by_table(first);
        second = by_instruction(second);
    }
    print("crc: %08x, %s\n", ~first, first == second ? "both ways" : "NOT BOTH WAYS");
    return 0;
}
