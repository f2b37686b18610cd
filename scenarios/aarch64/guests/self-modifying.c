// Code written as data and then run, in every way that could leave an
// emulator with old code: in place, in the page that is running, through
// another address of the page, across two pages, by remapping, beside data.

#include "guest.h"

enum { PAGE = 4096 };
#define ALIAS 0x80000000ull // a second map of 1 GiB of RAM, not executable
#define WINDOW 0xc0000000ull // pages that move

typedef u64 function(u64);

static table level1, level2, level3;
static u32 code[4 * PAGE / 4] __attribute__((aligned(4096)));

// ---- Encodings ----

static u32 movz(u32 rd, u32 immediate) { return 0xd2800000 | immediate << 5 | rd; }
static u32 add(u32 rd, u32 rn, u32 immediate) { return 0x91000000 | immediate << 10 | rn << 5 | rd; }
static u32 branch(i32 instructions) { return 0x14000000 | ((u32)instructions & 0x3ffffff); }
enum { RET = 0xd65f03c0 };

static u64 run(const void *entry, u64 argument) { return ((function *)(u64)entry)(argument); }

static void report(const char *phase, u64 count, u64 hash, u64 wrong) {
    print("self-modifying: %s: %lu, sum %016lx, %lu wrong\n", phase, count, hash, wrong);
}

static void map(void) {
    mmu_identity(level1);
    level1[2] = 0x40000000 | PTE_MEMORY | PTE_UXN | PTE_PXN;
    level1[3] = (u64)level2 | PTE_VALID | PTE_TABLE;
    level2[0] = (u64)level3 | PTE_VALID | PTE_TABLE;
    mmu_enable((u64)level1, 0, TCR_T0SZ(39) | TCR_WALK0 | TCR_EPD1);
}

// One function, written anew each time.
static void in_place(void) {
    u64 hash = 0, wrong = 0;
    for (u32 i = 0; i < 2000; i++) {
        code[0] = movz(0, i);
        code[1] = RET;
        code_written(code, 8);
        u64 result = run(code, 0);
        wrong += result != i;
        hash = mix(hash, result);
    }
    report("in place", 2000, hash, wrong);
}

// The same through the other address of the page: the cache is maintained by
// that address for data, by the one that runs for instructions.
static void through_an_alias(void) {
    u64 hash = 0, wrong = 0;
    volatile u32 *alias = (u32 *)((u64)code - 0x40000000 + ALIAS);
    for (u32 i = 0; i < 2000; i++) {
        alias[0] = add(0, 0, i);
        alias[1] = RET;
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %1\n\tdsb ish\n\tisb" ::"r"(alias), "r"(code) : "memory");
        u64 result = run(code, i);
        wrong += result != 2 * i;
        hash = mix(hash, result);
    }
    report("through an alias", 2000, hash, wrong);
}

// Everything invalidated at once instead of by line.
static void whole_cache(void) {
    u64 hash = 0, wrong = 0;
    for (u32 i = 0; i < 500; i++) {
        u32 at = i * 37 % 1000;
        code[at] = movz(0, i * 3);
        code[at + 1] = RET;
        __asm__ volatile("dc cvau, %0\n\tdsb ish" ::"r"(&code[at]) : "memory");
        __asm__ volatile("dc cvau, %0\n\tdsb ish" ::"r"(&code[at + 1]) : "memory");
        if (i % 2)
            __asm__ volatile("ic iallu\n\tdsb ish\n\tisb" ::: "memory");
        else
            __asm__ volatile("ic ialluis\n\tdsb ish\n\tisb" ::: "memory");
        u64 result = run(&code[at], 0);
        wrong += result != i * 3;
        hash = mix(hash, result);
    }
    report("whole cache", 500, hash, wrong);
}

// A loop that, in each round, rewrites an instruction further down in itself:
// add x2, x2, #round. Page, block and hot loop are the ones that run.
u64 patch_itself(u64 rounds);
__asm__(".pushsection .text.patch_itself, \"ax\"\n"
        "    .balign 64\n"
        "patch_itself:\n"
        "    mov     x2, #0\n"
        "    mov     x3, #1\n"
        "    movz    w4, #0x9100, lsl #16\n"
        "    movk    w4, #0x0042\n"           // add x2, x2, #0
        "    adr     x5, 2f\n"
        "1:  and     w6, w3, #0xfff\n"
        "    orr     w6, w4, w6, lsl #10\n"
        "    str     w6, [x5]\n"
        "    dc      cvau, x5\n"
        "    dsb     ish\n"
        "    ic      ivau, x5\n"
        "    dsb     ish\n"
        "    isb\n"
        "2:  udf     #0\n"
        "    add     x3, x3, #1\n"
        "    subs    x0, x0, #1\n"
        "    b.ne    1b\n"
        "    mov     x0, x2\n"
        "    ret\n"
        ".popsection\n");

static void running_page(void) {
    u64 expected = 0, rounds = 5000;
    for (u64 i = 1; i <= rounds; i++)
        expected += i & 0xfff;
    u64 result = patch_itself(rounds);
    report("running page", rounds, result, result != expected);
}

// A function over a page boundary, patched on either side in turn.
static void across_pages(void) {
    u64 hash = 0, wrong = 0, expected = 0;
    u32 *entry = &code[PAGE / 4 - 2], values[4] = {0};
    for (u32 i = 0; i < 4; i++)
        entry[i] = add(0, 0, 0);
    entry[4] = RET;
    code_written(entry, 20);
    for (u32 i = 0; i < 1000; i++) {
        u32 n = i * 7 % 4;
        expected += i - values[n];
        values[n] = i;
        entry[n] = add(0, 0, i);
        code_written(&entry[n], 4);
        u64 result = run(entry, 0);
        wrong += result != expected;
        hash = mix(hash, result);
    }
    report("across pages", 1000, hash, wrong);
}

// A chain of branches whose links are turned, as in a linked-up code cache.
static void branches(void) {
    enum { STOPS = 64, STRIDE = 16 };
    u64 hash = 0, wrong = 0;
    struct random r = {7};
    u32 next[STOPS];
    for (u32 i = 0; i < STOPS; i++) {
        next[i] = i + 1;
        code[i * STRIDE] = add(0, 0, 1);
        code[i * STRIDE + 1] = branch(STRIDE - 1);
    }
    code[STOPS * STRIDE] = RET;
    code_written(code, sizeof code);
    for (u32 i = 0; i < 1000; i++) {
        u32 from = (u32)(random_next(&r) % STOPS);
        next[from] = from + 1 + (u32)(random_next(&r) % (STOPS - from));
        u32 *link = &code[from * STRIDE + 1];
        *link = branch((i32)((next[from] - from) * STRIDE) - 1);
        code_written(link, 4);
        u64 expected = 0;
        for (u32 at = 0; at < STOPS; at = next[at])
            expected++;
        u64 result = run(code, 0);
        wrong += result != expected;
        hash = mix(hash, result);
    }
    report("branches", 1000, hash, wrong);
}

// Nothing is written: another page of code appears at the same address.
static void remapped(void) {
    u64 hash = 0, wrong = 0;
    for (u32 page = 0; page < 4; page++) {
        code[page * PAGE / 4] = movz(0, 1000 + page);
        code[page * PAGE / 4 + 1] = RET;
    }
    code_written(code, sizeof code);
    for (u32 i = 0; i < 1000; i++) {
        u32 page = i * 5 % 7 % 4;
        *(volatile u64 *)&level3[0] = 0;
        __asm__ volatile("dsb ishst\n\ttlbi vaae1, %0\n\tdsb ish\n\tisb" ::"r"(WINDOW >> 12) : "memory");
        *(volatile u64 *)&level3[0] = ((u64)code + page * PAGE) | PTE_MEMORY | PTE_TABLE | PTE_UXN;
        __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
        u64 result = run((void *)WINDOW, 0);
        wrong += result != 1000 + page;
        hash = mix(hash, result);
    }
    report("remapped", 1000, hash, wrong);
}

// One page of code at two addresses, written by a third.
static void two_addresses(void) {
    u64 hash = 0, wrong = 0;
    *(volatile u64 *)&level3[1] = (u64)code | PTE_MEMORY | PTE_TABLE | PTE_UXN;
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
    void *second = (void *)(WINDOW + PAGE);
    volatile u32 *alias = (u32 *)((u64)code - 0x40000000 + ALIAS);
    for (u32 i = 0; i < 1000; i++) {
        alias[0] = add(0, 0, i);
        alias[1] = RET;
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %1\n\tic ivau, %2\n\tdsb ish\n\tisb" ::"r"(alias), "r"(code),
                         "r"(second)
                         : "memory");
        u64 result = run(code, 1) + run(second, 2);
        wrong += result != 2 * i + 3;
        hash = mix(hash, result);
    }
    report("two addresses", 1000, hash, wrong);
}

// Code that stores to its own page, and changes nothing that runs: eight words
// of data lie right behind it.
u64 count_beside_code(u64 rounds);
__asm__(".pushsection .text.count_beside_code, \"ax\"\n"
        "    .balign 64\n"
        "count_beside_code:\n"
        "    adr     x1, 2f\n"
        "1:  and     x2, x0, #7\n"
        "    ldr     x3, [x1, x2, lsl #3]\n"
        "    add     x3, x3, x0\n"
        "    str     x3, [x1, x2, lsl #3]\n"
        "    subs    x0, x0, #1\n"
        "    b.ne    1b\n"
        "    mov     x0, #0\n"
        "    mov     x2, #8\n"
        "3:  ldr     x3, [x1], #8\n"
        "    ror     x0, x0, #7\n"
        "    add     x0, x0, x3\n"
        "    subs    x2, x2, #1\n"
        "    b.ne    3b\n"
        "    ret\n"
        "    .balign 8\n"
        "2:  .skip   64, 0\n"
        ".popsection\n");

static void data_beside_code(void) {
    u64 rounds = 20000, sums[8] = {0}, expected = 0;
    for (u64 i = rounds; i > 0; i--)
        sums[i % 8] += i;
    for (u32 i = 0; i < 8; i++)
        expected = sums[i] + (expected >> 7 | expected << 57);
    u64 result = count_beside_code(rounds);
    report("data beside code", rounds, result, result != expected);
}

int main(void) {
    map();
    in_place();
    through_an_alias();
    whole_cache();
    running_page();
    across_pages();
    branches();
    remapped();
    two_addresses();
    data_beside_code();
    return 0;
}
