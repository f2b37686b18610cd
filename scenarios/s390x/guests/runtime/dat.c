// Translation: one segment table, of which every page is at its own address until a guest has it otherwise.

#include "guest.h"

// Above every image: 128 page tables, for 128 MiB.
#define PAGE_TABLES 0x1000000ul
enum { SEGMENTS = 128, PAGES = 256 };

// A table of 128 entries is a quarter of the smallest designation, which says 512 (length 0).
static u64 segment_table[2048] __attribute__((aligned(4096)));

u64 *page_entry(u64 address) { return (u64 *)(PAGE_TABLES + (address >> 20) * 2048) + (address >> 12 & 0xff); }
u64 *segment_entry(u64 address) { return &segment_table[address >> 20]; }
u64 address_space(void) { return (u64)segment_table; }

void map_identity(void) {
    for (u64 segment = 0; segment < 2048; segment++) segment_table[segment] = SEGMENT_INVALID;
    for (u64 segment = 0; segment < SEGMENTS; segment++) {
        u64 origin = segment << 20;
        for (u64 page = 0; page < PAGES; page++) *page_entry(origin + (page << 12)) = origin + (page << 12);
        segment_table[segment] = (u64)page_entry(origin);
    }
    write_cr(1, address_space() | 3);
    forget_translations();
}
