// Pointers through far more pages than a TLB holds, for measuring speed.

#include "guest.h"

enum { PAGE = 4096, PAGES = 8192, STEPS = 3000000 };
// Above everything that is linked, up to 0x42400000 + 32 MiB.
#ifndef MEMORY
#define MEMORY 0x42400000ull
#endif

struct node {
    struct node *next;
    u64 visits;
};

static u16 order[PAGES];

// One node in each page, at a place of its own.
static struct node *node(u32 page) {
    return (struct node *)(MEMORY + (u64)page * PAGE + page * 40 % (PAGE - 64) / 16 * 16);
}

int main(void) {
    mmu_enable_identity();
    struct random r = {1};
    for (u32 i = 0; i < PAGES; i++)
        order[i] = (u16)i;
    // One long cycle (Sattolo's shuffle).
    for (u32 i = PAGES - 1; i > 0; i--) {
        u32 j = (u32)(random_next(&r) % i);
        u16 t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (u32 i = 0; i < PAGES; i++) {
        node(i)->next = node(order[i]);
        node(i)->visits = 0;
    }
    struct node *at = node(0);
    u64 hash = 0;
    for (u32 step = 0; step < STEPS; step++) {
        at->visits++;
        hash = mix(hash, at->visits + (u64)at);
        at = at->next;
    }
    print("chase: %016lx\n", hash);
    return 0;
}
