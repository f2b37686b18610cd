// Exclusives, and the atomic instructions of ARMv8.1 where the CPU has them,
// each against the same thing written in C.
//
// One core only: what an instruction does to memory and registers, its sizes
// and its orderings. Cores against each other are another guest's business.

#include "guest.h"

__asm__(".arch_extension lse");

enum { ROUNDS = 512 };

static struct random generator;
static u64 hash, wrong;
static u64 cell[2] __attribute__((aligned(16)));

static void report(const char *group) {
    print("atomics: %s: sum %016lx, %lu wrong\n", group, hash, wrong);
    hash = wrong = 0;
}

static void check(u64 actual, u64 expected) {
    wrong += actual != expected;
    hash = mix(hash, actual);
}

static u64 mask(u32 bytes) { return bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1; }

static void fill_cell(void) {
    cell[0] = random_next(&generator);
    cell[1] = random_next(&generator);
}

// The cell after `bytes` of it at the start became `value`.
static void check_cell(u64 before, u64 value, u32 bytes, u64 second) {
    check(cell[0], (before & ~mask(bytes)) | (value & mask(bytes)));
    check(cell[1], second);
}

// ---- Exclusives ----

#define EXCLUSIVE(load, store, bytes, r)                                                               \
    do {                                                                                               \
        fill_cell();                                                                                   \
        u64 before = cell[0], second = cell[1], value = random_next(&generator), seen;                 \
        u32 failed;                                                                                    \
        do                                                                                             \
            __asm__ volatile(load " %" r "0, [%3]\n\t" store " %w1, %" r "2, [%3]"                     \
                             : "=&r"(seen), "=&r"(failed)                                              \
                             : "r"(value), "r"(cell)                                                   \
                             : "memory");                                                              \
        while (failed);                                                                                \
        check(seen, before & mask(bytes));                                                             \
        check_cell(before, value, bytes, second);                                                      \
        __asm__ volatile(load " %" r "0, [%3]\n\tclrex\n\t" store " %w1, %" r "2, [%3]"                \
                         : "=&r"(seen), "=&r"(failed)                                                  \
                         : "r"(~value), "r"(cell)                                                      \
                         : "memory");                                                                  \
        check(failed, 1);                                                                              \
        check_cell(before, value, bytes, second);                                                      \
    } while (0)

#define EXCLUSIVE_PAIR(load, store, r, first_bytes)                                                    \
    do {                                                                                               \
        fill_cell();                                                                                   \
        u64 before = cell[0], second = cell[1];                                                        \
        u64 x = random_next(&generator), y = random_next(&generator), seen_x, seen_y;                  \
        u32 failed;                                                                                    \
        do                                                                                             \
            __asm__ volatile(load " %" r "0, %" r "1, [%5]\n\t" store " %w2, %" r "3, %" r "4, [%5]"   \
                             : "=&r"(seen_x), "=&r"(seen_y), "=&r"(failed)                             \
                             : "r"(x), "r"(y), "r"(cell)                                               \
                             : "memory");                                                              \
        while (failed);                                                                                \
        if (first_bytes == 8) {                                                                        \
            check(seen_x, before), check(seen_y, second);                                              \
            check(cell[0], x), check(cell[1], y);                                                      \
        } else {                                                                                       \
            check(seen_x, before & 0xffffffff), check(seen_y, before >> 32);                           \
            check(cell[0], (x & 0xffffffff) | y << 32), check(cell[1], second);                        \
        }                                                                                              \
    } while (0)

static void exclusives(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        EXCLUSIVE("ldxrb", "stxrb", 1, "w");
        EXCLUSIVE("ldxrh", "stxrh", 2, "w");
        EXCLUSIVE("ldxr", "stxr", 4, "w");
        EXCLUSIVE("ldxr", "stxr", 8, "x");
    }
    report("exclusive");
    for (u32 i = 0; i < ROUNDS; i++) {
        EXCLUSIVE("ldaxrb", "stlxrb", 1, "w");
        EXCLUSIVE("ldaxrh", "stlxrh", 2, "w");
        EXCLUSIVE("ldaxr", "stlxr", 4, "w");
        EXCLUSIVE("ldaxr", "stlxr", 8, "x");
    }
    report("exclusive, ordered");
    for (u32 i = 0; i < ROUNDS; i++) {
        EXCLUSIVE_PAIR("ldxp", "stxp", "w", 4);
        EXCLUSIVE_PAIR("ldxp", "stxp", "x", 8);
        EXCLUSIVE_PAIR("ldaxp", "stlxp", "w", 4);
        EXCLUSIVE_PAIR("ldaxp", "stlxp", "x", 8);
    }
    report("exclusive pairs");
}

// A store-exclusive without a load-exclusive fails, whatever went before.
static void lost_exclusives(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        fill_cell();
        u64 before = cell[0], second = cell[1], seen;
        u32 first, next;
        __asm__ volatile("1: ldxr %0, [%3]\n\tstxr %w1, %0, [%3]\n\tcbnz %w1, 1b\n\tstxr %w2, xzr, [%3]"
                         : "=&r"(seen), "=&r"(first), "=&r"(next)
                         : "r"(cell)
                         : "memory");
        check(next, 1);
        // The return from an exception clears the monitor.
        __asm__ volatile("ldxr %0, [%2]\n\tsvc #0\n\tstxr %w1, xzr, [%2]"
                         : "=&r"(seen), "=&r"(first)
                         : "r"(cell)
                         : "memory");
        check(first, 1);
        check_cell(before, before, 8, second);
    }
    report("exclusive, lost");
}

void on_sync(struct frame *frame) {
    if (read_sysreg(esr_el1) >> 26 != 0x15)
        on_unexpected(frame);
}

#define ORDERED(load, store, bytes, r)                                                              \
    do {                                                                                            \
        fill_cell();                                                                                \
        u64 before = cell[0], second = cell[1], value = random_next(&generator), seen;              \
        __asm__ volatile(load " %" r "0, [%2]\n\t" store " %" r "1, [%2]"                           \
                         : "=&r"(seen)                                                              \
                         : "r"(value), "r"(cell)                                                    \
                         : "memory");                                                               \
        check(seen, before & mask(bytes));                                                          \
        check_cell(before, value, bytes, second);                                                   \
    } while (0)

static void ordered(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        ORDERED("ldarb", "stlrb", 1, "w");
        ORDERED("ldarh", "stlrh", 2, "w");
        ORDERED("ldar", "stlr", 4, "w");
        ORDERED("ldar", "stlr", 8, "x");
    }
    report("load-acquire, store-release");
}

// ---- ARMv8.1 ----

enum operation { SWAP, PLUS, CLEAR, EXCLUSIVE_OR, SET, SIGNED_MAX, SIGNED_MIN, MAX, MIN };

static i64 sign_extend(u64 value, u32 bytes) { return (i64)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes); }

static u64 model(enum operation operation, u64 old, u64 operand, u32 bytes) {
    i64 signed_old = sign_extend(old, bytes), signed_operand = sign_extend(operand, bytes);
    old &= mask(bytes), operand &= mask(bytes);
    switch (operation) {
    case SWAP:
        return operand;
    case PLUS:
        return old + operand;
    case CLEAR:
        return old & ~operand;
    case EXCLUSIVE_OR:
        return old ^ operand;
    case SET:
        return old | operand;
    case SIGNED_MAX:
        return signed_old > signed_operand ? old : operand;
    case SIGNED_MIN:
        return signed_old < signed_operand ? old : operand;
    case MAX:
        return old > operand ? old : operand;
    case MIN:
        return old < operand ? old : operand;
    }
    return 0;
}

#define ATOMIC(instruction, operation, bytes, r)                                        \
    do {                                                                                \
        fill_cell();                                                                    \
        u64 before = cell[0], second = cell[1], value = random_next(&generator), seen;  \
        __asm__ volatile(instruction " %" r "1, %" r "0, [%2]"                          \
                         : "=&r"(seen)                                                  \
                         : "r"(value), "r"(cell)                                        \
                         : "memory");                                                   \
        check(seen, before & mask(bytes));                                              \
        check_cell(before, model(operation, before, value, bytes), bytes, second);      \
    } while (0)
#define ATOMIC_ORDERS(instruction, operation, suffix, bytes, r)    \
    ATOMIC(instruction suffix, operation, bytes, r);               \
    ATOMIC(instruction "a" suffix, operation, bytes, r);           \
    ATOMIC(instruction "l" suffix, operation, bytes, r);           \
    ATOMIC(instruction "al" suffix, operation, bytes, r)
#define ATOMIC_GROUP(instruction, operation)                       \
    for (u32 i = 0; i < ROUNDS / 4; i++) {                         \
        ATOMIC_ORDERS(instruction, operation, "b", 1, "w");        \
        ATOMIC_ORDERS(instruction, operation, "h", 2, "w");        \
        ATOMIC_ORDERS(instruction, operation, "", 4, "w");         \
        ATOMIC_ORDERS(instruction, operation, "", 8, "x");         \
    }                                                              \
    report(instruction)

// Every other comparison finds what it expects.
#define COMPARE(instruction, bytes, r)                                                             \
    do {                                                                                           \
        fill_cell();                                                                               \
        u64 before = cell[0], second = cell[1], value = random_next(&generator);                   \
        u64 expected = i % 2 ? before : before ^ 1ull << (i / 2 % (8 * bytes)), seen = expected;   \
        __asm__ volatile(instruction " %" r "0, %" r "1, [%2]"                                     \
                         : "+&r"(seen)                                                             \
                         : "r"(value), "r"(cell)                                                   \
                         : "memory");                                                              \
        check(seen, before & mask(bytes));                                                         \
        check_cell(before, i % 2 ? value : before, bytes, second);                                 \
    } while (0)
#define COMPARE_ORDERS(suffix, bytes, r)   \
    COMPARE("cas" suffix, bytes, r);       \
    COMPARE("casa" suffix, bytes, r);      \
    COMPARE("casl" suffix, bytes, r);      \
    COMPARE("casal" suffix, bytes, r)

#define COMPARE_PAIR(instruction, r, word)                                                          \
    do {                                                                                            \
        fill_cell();                                                                                \
        u64 before = cell[0], second = cell[1];                                                     \
        u64 low = word ? before & 0xffffffff : before, high = word ? before >> 32 : second;         \
        register u64 x0 __asm__("x0") = i % 3 == 1 ? ~low : low;                                    \
        register u64 x1 __asm__("x1") = i % 3 == 2 ? ~high : high;                                  \
        register u64 x2 __asm__("x2") = random_next(&generator);                                    \
        register u64 x3 __asm__("x3") = ~x2;                                                        \
        __asm__ volatile(instruction " " r "0, " r "1, " r "2, " r "3, [%4]"                        \
                         : "+r"(x0), "+r"(x1)                                                       \
                         : "r"(x2), "r"(x3), "r"(cell)                                              \
                         : "memory");                                                               \
        u64 seen_low = x0, seen_high = x1, new_low = x2, new_high = x3;                             \
        check(seen_low, low), check(seen_high, high);                                               \
        if (i % 3)                                                                                  \
            check_cell(before, before, 8, second);                                                  \
        else if (word)                                                                              \
            check_cell(before, (new_low & 0xffffffff) | new_high << 32, 8, second);                 \
        else                                                                                        \
            check_cell(before, new_low, 8, new_high);                                               \
    } while (0)

static void compare_and_swap(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        COMPARE_ORDERS("b", 1, "w");
        COMPARE_ORDERS("h", 2, "w");
        COMPARE_ORDERS("", 4, "w");
        COMPARE_ORDERS("", 8, "x");
    }
    report("cas");
    for (u32 i = 0; i < ROUNDS; i++) {
        COMPARE_PAIR("casp", "w", true);
        COMPARE_PAIR("caspa", "w", true);
        COMPARE_PAIR("caspl", "x", false);
        COMPARE_PAIR("caspal", "x", false);
    }
    report("casp");
}

// The forms that only store.
static void store_only(void) {
    for (u32 i = 0; i < ROUNDS; i++) {
        fill_cell();
        u64 before = cell[0], second = cell[1], value = random_next(&generator);
        __asm__ volatile("stadd %0, [%1]\n\tstset %w0, [%1]\n\tsteorh %w0, [%1]\n\tstclrb %w0, [%1]" ::"r"(value),
                         "r"(cell)
                         : "memory");
        u64 expected = before + value;
        expected |= value & 0xffffffff;
        expected ^= value & 0xffff;
        expected &= ~(value & 0xff);
        check_cell(before, expected, 8, second);
    }
    report("store only");
}

int main(void) {
    mmu_enable_identity();
    exclusives();
    lost_exclusives();
    ordered();
    if (!(read_sysreg(id_aa64isar0_el1) >> 20 & 0xf)) {
        print("atomics: no ARMv8.1 atomics\n");
        return 0;
    }
    ATOMIC_GROUP("swp", SWAP);
    ATOMIC_GROUP("ldadd", PLUS);
    ATOMIC_GROUP("ldclr", CLEAR);
    ATOMIC_GROUP("ldeor", EXCLUSIVE_OR);
    ATOMIC_GROUP("ldset", SET);
    ATOMIC_GROUP("ldsmax", SIGNED_MAX);
    ATOMIC_GROUP("ldsmin", SIGNED_MIN);
    ATOMIC_GROUP("ldumax", MAX);
    ATOMIC_GROUP("ldumin", MIN);
    compare_and_swap();
    store_only();
    return 0;
}
