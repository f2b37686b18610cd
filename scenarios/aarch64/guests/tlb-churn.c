// Page tables that change all the time, with TLB entries left stale for as
// long as the architecture lets them be.
//
// Where a stale entry may or may not be used, both outcomes are handled and
// neither is counted. What is counted and hashed is what must be so: the
// state after the TLBI, or after a fault that made the guest look again. So
// the output is the same for every TLB, while the accesses, fills and spurious
// faults on the way are not.

#include "guest.h"

enum { CONTEXTS = 8, PAGES = 512, POOL = 2048, PAGE = 4096, BLOCK = 0x200000 };

#define POOL_BASE 0x41000000ull
#define WINDOW 0x80000000ull           // per address space, not global
#define SHARED 0xffffff8000000000ull   // in the upper half, global

// An address space: `pages` maps the first 2 MiB of its window.
static struct {
    table level1, level2, pages;
} contexts[CONTEXTS];
static table shared_level1, shared_level2, shared_pages;
static table other_pages;

static u64 counted, hash, wrong;

static void see(u64 value) {
    counted++;
    hash = mix(hash, value);
}

static void report(const char *phase) {
    print("tlb-churn: %s: %lu counted, sum %016lx, %lu wrong\n", phase, counted, hash, wrong);
    counted = hash = wrong = 0;
}

// ---- Accesses that may fault ----

struct probe {
    u64 value;
    u64 fault; // 0, or the fault status with bit 8 set
};
struct probe probe_read(u64 address);
struct probe probe_write(u64 address, u64 value);
extern char probe_read_here[], probe_write_here[];
__asm__(".pushsection .text.probe, \"ax\"\n"
        "probe_read: mov x1, #0\n"
        "probe_read_here: ldr x0, [x0]\n"
        "    ret\n"
        "probe_write: mov x2, x1\n"
        "    mov x1, #0\n"
        "probe_write_here: str x2, [x0]\n"
        "    ret\n"
        ".popsection\n");

enum { FAULT = 0x100, TRANSLATION = FAULT | 0x04, ACCESS = FAULT | 0x08, PERMISSION = FAULT | 0x0c };
static u64 kind(struct probe p) { return p.fault & ~3ull; }

void on_sync(struct frame *frame) {
    u64 esr = read_sysreg(esr_el1);
    if (esr >> 26 != 0x25 || (frame->elr != (u64)probe_read_here && frame->elr != (u64)probe_write_here))
        on_unexpected(frame);
    frame->x[1] = FAULT | (esr & 0x3f);
    frame->elr += 4;
}

// ---- Tables and their invalidation ----

static u32 current;

static void set_pte(u64 *entry, u64 value) {
    *(volatile u64 *)entry = value;
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

#define tlbi(operation, operand) \
    __asm__ volatile("dsb ishst\n\ttlbi " #operation ", %0\n\tdsb ish\n\tisb" ::"r"(operand) : "memory")
#define tlbi_all() __asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" ::: "memory")

static u64 asid(u32 context) { return (u64)(context + 1) << 48; }
static u64 by_address(u32 context, u64 address) { return asid(context) | (address >> 12 & 0xfffffffffff); }

static void switch_to(u32 context) {
    current = context;
    write_sysreg(ttbr0_el1, (u64)contexts[context].level1 | asid(context));
    isb();
}

static u64 window(u32 page) { return WINDOW + (u64)page * PAGE; }
static u64 frame_of(u32 page) { return POOL_BASE + (u64)page * PAGE; }
static u64 signature(u32 page) { return 0x5151515100000000 | page; }

static u64 private_pte(u32 page) { return frame_of(page) | PTE_MEMORY | PTE_TABLE | PTE_NOT_GLOBAL | PTE_UXN | PTE_PXN; }
static u64 shared_pte(u32 page) { return frame_of(page) | PTE_MEMORY | PTE_TABLE | PTE_UXN | PTE_PXN; }

static struct random generator;
static u32 choose(u32 below) { return (u32)(random_next(&generator) % below); }

// An access that must succeed and find this page.
static void expect_page(u64 address, u32 page) {
    struct probe p = probe_read(address);
    wrong += p.fault || p.value != signature(page);
    see(p.value);
}

static void expect_fault(u64 address, u64 fault) {
    struct probe p = probe_read(address);
    wrong += kind(p) != fault;
    see(kind(p));
}

// An access that may use a stale entry for this page or see the new entry.
static void may_be_stale(u64 address, u32 page, u64 fault) {
    struct probe p = probe_read(address);
    wrong += p.fault ? kind(p) != fault : p.value != signature(page);
}

static u32 mapped_page(const u64 *pages, u32 slot) { return (u32)(((pages[slot] & 0xfffffff000) - POOL_BASE) / PAGE); }

static void set_up(void) {
    for (u32 page = 0; page < POOL; page++)
        *(volatile u64 *)frame_of(page) = signature(page);
    for (u32 c = 0; c < CONTEXTS; c++) {
        mmu_identity(contexts[c].level1);
        contexts[c].level1[2] = (u64)contexts[c].level2 | PTE_VALID | PTE_TABLE;
        contexts[c].level2[0] = (u64)contexts[c].pages | PTE_VALID | PTE_TABLE;
        for (u32 slot = 0; slot < PAGES; slot++)
            contexts[c].pages[slot] = private_pte((slot * 3 + c * 101) % POOL);
    }
    shared_level1[0] = (u64)shared_level2 | PTE_VALID | PTE_TABLE;
    shared_level2[0] = (u64)shared_pages | PTE_VALID | PTE_TABLE;
    for (u32 slot = 0; slot < PAGES; slot++)
        shared_pages[slot] = shared_pte((slot * 7 + 13) % POOL);
    mmu_enable((u64)contexts[0].level1 | asid(0), (u64)shared_level1,
               TCR_T0SZ(39) | TCR_T1SZ(39) | TCR_WALK0 | TCR_WALK1);
}

// ---- Phases ----

// More pages than a TLB holds, in order and at random.
static void capacity(void) {
    for (u32 round = 0; round < 4; round++)
        for (u32 slot = 0; slot < PAGES; slot++)
            expect_page(window(slot), mapped_page(contexts[current].pages, slot));
    for (u32 i = 0; i < 4000; i++) {
        u32 slot = choose(PAGES);
        if (choose(2))
            expect_page(window(slot), mapped_page(contexts[current].pages, slot));
        else
            expect_page(SHARED + (u64)slot * PAGE, mapped_page(shared_pages, slot));
    }
    report("capacity");
}

// Break before make, a page at a time, by each operation that fits.
static void remap(void) {
    u64 *pages = contexts[current].pages;
    for (u32 i = 0; i < 2000; i++) {
        u32 slot = choose(PAGES), page = choose(POOL);
        expect_page(window(slot), mapped_page(pages, slot));
        set_pte(&pages[slot], 0);
        switch (choose(4)) {
        case 0:
            tlbi(vae1, by_address(current, window(slot)));
            break;
        case 1:
            tlbi(vale1, by_address(current, window(slot)));
            break;
        case 2:
            tlbi(vaae1is, by_address(0, window(slot)));
            break;
        default:
            tlbi(vaale1, by_address(0, window(slot)));
        }
        expect_fault(window(slot), TRANSLATION);
        set_pte(&pages[slot], private_pte(page));
        expect_page(window(slot), page);
    }
    report("remap");
}

// Many pages unmapped with nothing said to the TLB, which hears of it later.
static void unmap_lazily(void) {
    u64 *pages = contexts[current].pages;
    for (u32 round = 0; round < 40; round++) {
        enum { BATCH = 48 };
        u32 first = choose(PAGES - BATCH), old[BATCH];
        for (u32 i = 0; i < BATCH; i++) {
            old[i] = mapped_page(pages, first + i);
            expect_page(window(first + i), old[i]);
        }
        for (u32 i = 0; i < BATCH; i++)
            set_pte(&pages[first + i], 0);
        for (u32 i = 0; i < 3 * BATCH; i++) {
            u32 n = choose(BATCH);
            may_be_stale(window(first + n), old[n], TRANSLATION);
            u32 elsewhere = choose(PAGES);
            if (elsewhere < first || elsewhere >= first + BATCH)
                expect_page(window(elsewhere), mapped_page(pages, elsewhere));
        }
        if (round % 3 == 0)
            tlbi_all();
        else if (round % 3 == 1)
            tlbi(aside1, asid(current));
        else
            for (u32 i = 0; i < BATCH; i++)
                tlbi(vale1is, by_address(current, window(first + i)));
        for (u32 i = 0; i < BATCH; i++)
            expect_fault(window(first + i), TRANSLATION);
        for (u32 i = 0; i < BATCH; i++)
            set_pte(&pages[first + i], private_pte(choose(POOL)));
        for (u32 i = 0; i < BATCH; i++)
            expect_page(window(first + i), mapped_page(pages, first + i));
    }
    report("unmap lazily");
}

// More rights without a TLBI: the fault, if any, is the guest's to forgive.
// Fewer rights with one: the fault must come.
static void protect(void) {
    u64 *pages = contexts[current].pages;
    for (u32 i = 0; i < 1500; i++) {
        u32 slot = choose(PAGES), page = mapped_page(pages, slot);
        u64 address = window(slot);
        set_pte(&pages[slot], private_pte(page) | PTE_READ_ONLY);
        tlbi(vae1, by_address(current, address));
        expect_page(address, page);
        struct probe p = probe_write(address + 8, i);
        wrong += kind(p) != PERMISSION;
        see(kind(p));

        set_pte(&pages[slot], private_pte(page));
        p = probe_write(address + 8, i);
        if (p.fault) {
            wrong += kind(p) != PERMISSION;
            tlbi(vae1, by_address(current, address));
            p = probe_write(address + 8, i);
        }
        wrong += p.fault != 0;
        see(probe_read(address + 8).value);
    }
    report("protect");
}

// The access flag cleared without a TLBI, then with one.
static void age(void) {
    u64 *pages = contexts[current].pages;
    for (u32 i = 0; i < 1500; i++) {
        u32 slot = choose(PAGES), page = mapped_page(pages, slot);
        expect_page(window(slot), page);
        set_pte(&pages[slot], private_pte(page) & ~(u64)PTE_ACCESSED);
        may_be_stale(window(slot), page, ACCESS);
        may_be_stale(window(slot), page, ACCESS);
        tlbi(vae1, by_address(current, window(slot)));
        expect_fault(window(slot), ACCESS);
        // An entry that faults on access is never cached: no TLBI needed.
        set_pte(&pages[slot], private_pte(page));
        expect_page(window(slot), page);
    }
    report("age");
}

// The same addresses in eight address spaces, and no TLBI between them.
static void switch_contexts(void) {
    for (u32 i = 0; i < 3000; i++) {
        switch_to(choose(CONTEXTS));
        u32 slot = choose(64);
        expect_page(window(slot), mapped_page(contexts[current].pages, slot));
        expect_page(SHARED + (u64)slot * PAGE, mapped_page(shared_pages, slot));
    }
    report("switch contexts");
}

// An ASID given to another set of pages, the other ASIDs left alone.
static void recycle_asid(void) {
    for (u32 round = 0; round < 24; round++) {
        u32 victim = choose(CONTEXTS);
        u64 *pages = contexts[victim].pages;
        switch_to(victim);
        for (u32 slot = 0; slot < PAGES; slot += 3)
            expect_page(window(slot), mapped_page(pages, slot));
        switch_to((victim + 1) % CONTEXTS);
        for (u32 slot = 0; slot < PAGES; slot++)
            pages[slot] = 0;
        if (round % 2)
            tlbi(aside1, asid(victim));
        else
            tlbi(aside1is, asid(victim));
        for (u32 slot = 0; slot < PAGES; slot++)
            pages[slot] = private_pte(choose(POOL));
        dsb();
        for (u32 slot = 0; slot < PAGES; slot += 5)
            expect_page(window(slot), mapped_page(contexts[current].pages, slot));
        switch_to(victim);
        for (u32 slot = 0; slot < PAGES; slot += 3)
            expect_page(window(slot), mapped_page(pages, slot));
    }
    report("recycle asid");
}

// Global pages: one invalidation by address serves every address space, and
// one by ASID none.
static void remap_shared(void) {
    for (u32 i = 0; i < 1500; i++) {
        switch_to(choose(CONTEXTS));
        u32 slot = choose(PAGES), page = choose(POOL), old = mapped_page(shared_pages, slot);
        u64 address = SHARED + (u64)slot * PAGE;
        expect_page(address, old);
        set_pte(&shared_pages[slot], 0);
        tlbi(aside1, asid(current));
        may_be_stale(address, old, TRANSLATION);
        switch_to(choose(CONTEXTS));
        may_be_stale(address, old, TRANSLATION);
        if (choose(2))
            tlbi(vaae1, by_address(0, address));
        else
            tlbi(vae1, by_address(choose(CONTEXTS), address));
        expect_fault(address, TRANSLATION);
        set_pte(&shared_pages[slot], shared_pte(page));
        expect_page(address, page);
        switch_to(choose(CONTEXTS));
        expect_page(address, page);
    }
    report("remap shared");
}

// The second 2 MiB of the window: a block, then pages, then another block.
static void split_and_join(void) {
    u64 *entry = &contexts[current].level2[1];
    u64 base = WINDOW + BLOCK;
    for (u32 round = 0; round < 60; round++) {
        u32 block = choose(4) * PAGES;
        set_pte(entry, (private_pte(block) & ~(u64)PTE_TABLE));
        for (u32 i = 0; i < 24; i++) {
            u32 slot = choose(PAGES);
            expect_page(base + (u64)slot * PAGE, block + slot);
        }
        set_pte(entry, 0);
        tlbi(vae1, by_address(current, base + (u64)choose(PAGES) * PAGE));
        expect_fault(base + (u64)choose(PAGES) * PAGE, TRANSLATION);

        for (u32 slot = 0; slot < PAGES; slot++)
            other_pages[slot] = private_pte((block + slot * 5 + round) % POOL);
        set_pte(entry, (u64)other_pages | PTE_VALID | PTE_TABLE);
        for (u32 i = 0; i < 24; i++) {
            u32 slot = choose(PAGES);
            expect_page(base + (u64)slot * PAGE, mapped_page(other_pages, slot));
        }
        set_pte(entry, 0);
        if (round % 2)
            tlbi_all();
        else
            tlbi(aside1, asid(current));
        expect_fault(base + (u64)choose(PAGES) * PAGE, TRANSLATION);
    }
    report("split and join");
}

// A whole table exchanged under addresses that were in use.
static void exchange_tables(void) {
    for (u32 slot = 0; slot < PAGES; slot++)
        other_pages[slot] = private_pte(choose(POOL));
    for (u32 round = 0; round < 60; round++) {
        u64 *pages = round % 2 ? contexts[current].pages : other_pages;
        set_pte(&contexts[current].level2[0], 0);
        if (round % 4 < 2)
            tlbi_all();
        else
            for (u32 slot = 0; slot < PAGES; slot++)
                tlbi(vae1, by_address(current, window(slot)));
        expect_fault(window(choose(PAGES)), TRANSLATION);
        set_pte(&contexts[current].level2[0], (u64)pages | PTE_VALID | PTE_TABLE);
        for (u32 i = 0; i < 32; i++) {
            u32 slot = choose(PAGES);
            expect_page(window(slot), mapped_page(pages, slot));
        }
    }
    report("exchange tables");
}

int main(void) {
    set_up();
    generator.state = 1;
    capacity();
    remap();
    unmap_lazily();
    protect();
    age();
    switch_contexts();
    recycle_asid();
    remap_shared();
    split_and_join();
    exchange_tables();
    capacity();
    return 0;
}
