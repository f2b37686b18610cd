// Page tables that change all the time.
//
// Two address spaces share the tables' upper levels through a last level of their own each. Pages are moved, taken away,
// protected and given back, in one space or both, and invalidated in every way that PALcode has, but only when they must
// be: entries stay in the TLB as long as that is legal. Every access goes through a page and is checked against what the
// frame behind it holds; every fault is checked against what the entry says.

#include "guest.h"

enum { SPACES = 2, PAGES = 96, FRAMES = 40, ROUNDS = 4000, SHARED = PAGES / 2 };

static u8 frames[FRAMES][PAGE] __attribute__((aligned(PAGE)));
static u64 level2[SPACES][1024] __attribute__((aligned(PAGE)));
static u64 tables[SPACES][1024] __attribute__((aligned(PAGE)));
static u64 roots[SPACES][1024] __attribute__((aligned(PAGE)));
static struct pcb spaces[SPACES];

// What each page is, by space; pages from SHARED on are the same in both, with ASM.
static struct {
    u8 frame;
    bool valid, writable, fault_on_write, fault_on_read;
} state[SPACES][PAGES];

static u32 current, faults, wrong;
static volatile u64 fault_address, fault_code, fault_kind;
static volatile bool expecting, faulted;
static struct random rng = {7};
static u64 sum;

void on_memory(struct frame *frame) {
    if (!expecting) {
        print("tlb-churn: fault at %lx code %lx kind %lx\n", frame->a0, frame->a1, frame->a2);
        power_off();
    }
    fault_address = frame->a0;
    fault_code = frame->a1;
    fault_kind = frame->a2;
    faulted = true;
    frame->pc += 4;
}

static void enter(u32 space) {
    register u64 sp __asm__("$30");
    __asm__ volatile("" : "=r"(sp));
    current = space;
    spaces[space].ksp = sp;
    swap_context(physical(&spaces[space]));
}

static u64 address_of(u32 page) { return USER_BASE + (u64)page * PAGE; }

static void write_entry_of(u32 space, u32 page) {
    u64 bits = PTE_KRE;
    bits |= state[space][page].valid ? PTE_VALID : 0;
    bits |= state[space][page].writable ? PTE_KWE : 0;
    bits |= state[space][page].fault_on_write ? PTE_FOW : 0;
    bits |= state[space][page].fault_on_read ? PTE_FOR : 0;
    bits |= page >= SHARED ? PTE_ASM : 0;
    tables[space][page] = pte(frames[state[space][page].frame], bits);
}

// Makes the change of a page seen: by itself, with all of the space, or with everything.
static void invalidate_page(u32 page) {
    switch (random_next(&rng) & 7) {
    case 0:
        invalidate_all();
        break;
    case 1:
        if (page < SHARED) {
            invalidate_process();
            break;
        }
        // Entries for every space need more.
        // fall through
    case 2:
        invalidate_data(address_of(page));
        break;
    default:
        invalidate(address_of(page));
    }
}

static u64 try_load(volatile u64 *place) {
    u64 value;
    faulted = false;
    expecting = true;
    __asm__ volatile("ldq %0, 0(%1)\n\tmb" : "=&r"(value) : "r"(place) : "memory");
    expecting = false;
    return value;
}

static void try_store(volatile u64 *place, u64 value) {
    faulted = false;
    expecting = true;
    __asm__ volatile("stq %0, 0(%1)\n\tmb" ::"r"(value), "r"(place) : "memory");
    expecting = false;
}

static void check(bool store, u32 page, u32 offset) {
    volatile u64 *place = (volatile u64 *)(address_of(page) + offset);
    volatile u64 *behind = (volatile u64 *)(frames[state[current][page].frame] + offset);
    u64 code = 99;
    if (!state[current][page].valid)
        code = store && !state[current][page].writable ? 1 : 0;
    else if (store && !state[current][page].writable)
        code = 1;
    else if (store && state[current][page].fault_on_write)
        code = 4;
    else if (!store && state[current][page].fault_on_read)
        code = 2;
    u64 before = *behind, value = random_next(&rng), got = 0;
    if (store)
        try_store(place, value);
    else
        got = try_load(place);
    if (faulted != (code != 99)) {
        wrong++;
    } else if (faulted) {
        faults++;
        // Which of two reasons comes first, not valid or no access, is not for every implementation the same.
        bool same = fault_code == code || (!state[current][page].valid && fault_code <= 1);
        wrong += !same || fault_address != (u64)place || fault_kind != store;
        wrong += *behind != before;
    } else {
        wrong += store ? *behind != value : got != before;
    }
    sum = mix(sum, faulted ? code : *behind);
}

static void change(u32 page) {
    u64 choice = random_next(&rng);
    u32 from = page >= SHARED ? 0 : current, to = page >= SHARED ? SPACES : current + 1;
    for (u32 space = from; space < to; space++) {
        state[space][page].frame = (choice >> 8 & 0xff) * FRAMES >> 8;
        state[space][page].valid = (choice & 7) != 0;
        state[space][page].writable = (choice >> 3 & 3) != 0;
        state[space][page].fault_on_write = (choice >> 5 & 3) == 0;
        state[space][page].fault_on_read = (choice >> 16 & 7) == 0;
        write_entry_of(space, page);
    }
    mb();
    invalidate_page(page);
}

int main(void) {
    for (u32 space = 0; space < SPACES; space++) {
        roots[space][0] = pte(level2[space], PTE_KERNEL);
        level2[space][USER_BASE >> 23] = pte(tables[space], PTE_KERNEL);
        spaces[space] = (struct pcb){.ptbr = physical(roots[space]) >> 13, .asn = space + 1, .fen = 1};
        for (u32 page = 0; page < PAGES; page++) {
            state[space][page].frame = page < FRAMES ? page : page - FRAMES < FRAMES ? page - FRAMES : 0;
            state[space][page].valid = state[space][page].writable = true;
            write_entry_of(space, page);
        }
    }
    for (u32 frame = 0; frame < FRAMES; frame++)
        for (u32 offset = 0; offset < PAGE; offset += 8)
            *(u64 *)(frames[frame] + offset) = random_next(&rng);
    enter(0);
    invalidate_all();
    for (u32 round = 0; round < ROUNDS; round++) {
        u64 choice = random_next(&rng);
        u32 page = (choice & 0xffff) * PAGES >> 16;
        if ((choice >> 20 & 15) == 0)
            change(page);
        if ((choice >> 24 & 31) == 0)
            enter(1 - current);
        for (u32 i = 0; i < 8; i++) {
            u64 where = random_next(&rng);
            check((where >> 40 & 3) == 0, (where & 0xffff) * PAGES >> 16, where >> 16 & (PAGE - 8));
        }
        if ((round & 1023) == 1023)
            print("tlb-churn: round %u faults %u wrong %u sum %lx\n", round + 1, faults, wrong, sum);
    }
    u64 rest = 0;
    for (u32 frame = 0; frame < FRAMES; frame++)
        for (u32 offset = 0; offset < PAGE; offset += 8)
            rest = mix(rest, *(u64 *)(frames[frame] + offset));
    print("tlb-churn: memory %lx wrong %u\n", rest, wrong);
    return 0;
}
