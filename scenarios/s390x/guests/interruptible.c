// Instructions that can be interrupted before they are done, interrupted at every point: by the clock comparator after each
// possible time, by it again and again, and by every page of their operands being missing at first.
//
// What they come to must be what they come to undisturbed. The digest is of all registers and of the storage that they change.

#include "guest.h"

// Nothing is changed behind CHANGED bytes of the first operand's window.
enum { WINDOW = 0x10000, LENGTH = 3000, CHANGED = 16384 };
// Where operands start that are made of the second's bytes: they cross a page.
enum { AT = 3000 };
#define TO 0x2000000ul
#define FROM 0x2010000ul
#define TABLES 0x2020000ul

struct state {
    u64 r[14];
    u64 code;
    u8 mask, unused[7];
    u64 delay;
    u32 condition;
};

void run_state(struct state *state);

struct test {
    const char *name;
    void (*code)(void);
    void (*prepare)(struct state *state);
    // Registers, a bit each, that say how far it came each time it stopped on its own account: that is the processor's choice.
    u32 free;
};

static volatile u32 interruptions, inside, faults, strange;
static volatile bool absent;
static u64 period, expected_code;

void on_external(void) {
    if (EXTERNAL_CODE == CODE_SERVICE) {
        console_signal(EXTERNAL_PARAMETER);
        wake(&EXTERNAL_OLD);
        return;
    }
    if (EXTERNAL_CODE != CODE_CLOCK_COMPARATOR) strange++;
    interruptions++;
    inside += EXTERNAL_OLD.address == expected_code;
    set_clock_comparator(period == 0 ? ~0ul : tod() + period);
    // Not for ever.
    if (interruptions > 4000) EXTERNAL_OLD.mask &= ~PSW_EXTERNAL;
}

void on_program(void) {
    // Not every machine has every instruction, nor each of their functions. They are over then.
    if (PROGRAM_CODE == 1 || PROGRAM_CODE == 6) {
        absent = true;
        PROGRAM_OLD.mask &= ~PSW_CC;
        return;
    }
    u64 page = TRANSLATION_ADDRESS & ~0xffful;
    if (PROGRAM_CODE != 0x11 || page < TO || page >= TABLES + WINDOW || PROGRAM_OLD.address != expected_code) {
        print("unexpected program interruption %04x at %lx, %lx\n", PROGRAM_CODE, PROGRAM_OLD.address,
              TRANSLATION_ADDRESS);
        power_off();
    }
    faults++;
    *page_entry(page) &= ~PAGE_INVALID;
}

// ---- Cases ----

// The case has been prepared before, so that all but what it changes is there.
static bool again;

static void fill(u8 first, u8 last) {
    u64 *to = (u64 *)TO, *from = (u64 *)FROM;
    for (u32 i = 0; i < CHANGED / 8; i += 4) to[i] = to[i + 1] = to[i + 2] = to[i + 3] = 0x1111111111111111;
    if (again) return;
    struct random r = {7};
    u32 range = last - first;
    for (u32 i = 0; i < 2 * LENGTH / 8 + 64; i++) {
        u64 bits = random_next(&r), word = 0;
        for (u32 k = 0; k < 8; k++, bits >>= 8) word = word << 8 | (first + (bits & 0xff) % range);
        from[i] = word;
    }
}

static void copy_to(u32 count) {
    for (u32 i = 0; i < count; i += 8) *(u64 *)(TO + AT + i) = *(u64 *)(FROM + i);
}

// Two operands at odd places, the second shorter, with a padding byte.
static void moves(struct state *s) {
    fill(0, 255);
    s->r[2] = TO + 4000, s->r[3] = LENGTH, s->r[4] = FROM + 3001, s->r[5] = LENGTH - 999;
}

static void moves_24(struct state *s) {
    moves(s);
    s->r[5] |= 0x2a000000;
}

static void moves_even(struct state *s) {
    moves(s);
    s->r[4]--, s->r[5]--;
}

static void compares(struct state *s) {
    fill(0, 255);
    copy_to(LENGTH);
    *(u8 *)(TO + AT + LENGTH - 5) ^= 1;
    s->r[2] = TO + AT, s->r[3] = LENGTH, s->r[4] = FROM, s->r[5] = LENGTH;
}

static void sums(struct state *s) {
    fill(0, 255);
    s->r[2] = TO + AT + 3;
    copy_to(LENGTH);
    s->r[3] = LENGTH - 2, s->r[6] = 0xfffffffe;
}

static u16 *table(void) {
    u16 *words = (u16 *)TABLES;
    for (u32 i = 0; i < WINDOW / 2 && !again; i++) words[i] = (u16)(i * 0x6ac1 + 0x1234);
    return words;
}

static void translates(struct state *s) {
    fill(1, 255);
    copy_to(LENGTH);
    table();
    s->r[0] = 0, s->r[2] = TO + AT, s->r[3] = LENGTH, s->r[4] = TABLES;
}

static void translates_to(struct state *s) {
    fill(1, 255);
    table();
    s->r[0] = 0x10000, s->r[1] = TABLES, s->r[2] = TO + 4000, s->r[3] = LENGTH / 2, s->r[4] = FROM + 2002;
}

static void tests(struct state *s) {
    fill(1, 200);
    copy_to(LENGTH);
    u8 *bytes = (u8 *)TABLES;
    for (u32 i = 0; i < 512; i++) bytes[i] = 0;
    bytes[222] = 0x77;
    *(u8 *)(TO + AT + LENGTH - 3) = 222;
    s->r[1] = TABLES, s->r[2] = TO + AT, s->r[3] = LENGTH;
}

static void searches(struct state *s) {
    fill(1, 200);
    copy_to(LENGTH);
    *(u8 *)(TO + AT + LENGTH - 3) = 201;
    s->r[0] = 201, s->r[6] = TO + AT + LENGTH + 10, s->r[2] = TO + AT + 1;
}

static void searches_even(struct state *s) {
    searches(s);
    *(u16 *)(TO + AT + LENGTH - 4) = 0xc9c9;
    s->r[0] = 0xc9c9, s->r[2]--;
}

static void strings(struct state *s) {
    fill(1, 255);
    copy_to(LENGTH);
    *(u8 *)(FROM + LENGTH - 5) = *(u8 *)(TO + AT + LENGTH - 5) = 0;
    s->r[0] = 0, s->r[2] = TO + AT, s->r[4] = FROM;
}

static void string_move(struct state *s) {
    strings(s);
    s->r[2] = TO + 4001;
}

// Equal substrings of 40 bytes are nowhere but near the end.
static void substrings(struct state *s) {
    fill(1, 100);
    copy_to(LENGTH);
    for (u32 i = 0; i < LENGTH - 100; i += 29) *(u8 *)(TO + AT + i) ^= 0x80;
    s->r[0] = 40, s->r[1] = 0x2a, s->r[2] = TO + AT, s->r[3] = LENGTH, s->r[4] = FROM, s->r[5] = LENGTH;
}

// Characters of one, two and three bytes in UTF-8.
static u32 character(u32 i) {
    u32 bits = i * 2654435761u >> 8;
    return i % 3 == 0 ? 0x20 + bits % 0x50 : i % 3 == 1 ? 0x80 + bits % 0x700 : 0x1000 + bits % 0x9000;
}

static void from_utf8(struct state *s) {
    fill(1, 2);
    u8 *at = (u8 *)FROM + 11;
    for (u32 i = 0; at < (u8 *)FROM + LENGTH; i++) {
        u32 c = character(i);
        if (c < 0x80) {
            *at++ = (u8)c;
        } else if (c < 0x800) {
            *at++ = (u8)(0xc0 | c >> 6), *at++ = (u8)(0x80 | (c & 0x3f));
        } else {
            *at++ = (u8)(0xe0 | c >> 12), *at++ = (u8)(0x80 | (c >> 6 & 0x3f)), *at++ = (u8)(0x80 | (c & 0x3f));
        }
    }
    s->r[2] = TO + 4000, s->r[3] = 4 * LENGTH, s->r[4] = FROM + 11, s->r[5] = (u64)at - FROM - 11;
}

static void from_utf16(struct state *s) {
    fill(1, 2);
    u16 *at = (u16 *)(FROM + 10);
    for (u32 i = 0; i < LENGTH / 2; i++) at[i] = (u16)character(i);
    s->r[2] = TO + 4000, s->r[3] = 4 * LENGTH, s->r[4] = FROM + 10, s->r[5] = LENGTH;
}

static void from_utf32(struct state *s) {
    fill(1, 2);
    u32 *at = (u32 *)(FROM + 8);
    for (u32 i = 0; i < LENGTH / 4; i++) at[i] = character(i) + (i % 7 == 0 ? 0x10000 : 0);
    s->r[2] = TO + 4000, s->r[3] = 4 * LENGTH, s->r[4] = FROM + 8, s->r[5] = LENGTH;
}

static void digests(struct state *s) {
    fill(0, 255);
    u64 *chaining = (u64 *)TO;
    for (u32 i = 0; i < 8; i++) chaining[i] = 0x6a09e667f3bcc908ul * (i + 1);
    s->r[0] = 3, s->r[1] = TO, s->r[4] = FROM + 5, s->r[5] = LENGTH / 128 * 128;
}

// AES-128 under the key of FIPS 197's example.
static void enciphers(struct state *s) {
    fill(0, 255);
    u8 *key = (u8 *)TABLES;
    for (u8 i = 0; i < 16; i++) key[i] = i, ((u8 *)FROM)[5 + i] = (u8)(i * 0x11);
    s->r[0] = 18, s->r[1] = TABLES, s->r[2] = TO + 4000, s->r[4] = FROM + 5, s->r[5] = LENGTH / 16 * 16;
}

#define CASE(name, prepare, ...)        \
    extern void case_##name(void);      \
    static const struct test test_##name = {#name, case_##name, prepare, 0 __VA_OPT__(| __VA_ARGS__)};
CASE(mvcl, moves_24)
CASE(mvcle, moves)
CASE(mvclu, moves_even)
CASE(clcl, compares)
CASE(clcle, compares)
CASE(clclu, compares)
CASE(cksm, sums)
CASE(tre, translates)
CASE(troo, translates_to)
CASE(trot, translates_to)
CASE(trto, translates_to)
CASE(trtt, translates_to)
CASE(trte, tests)
CASE(srst, searches, 1 << 2)
CASE(srstu, searches_even, 1 << 2)
CASE(clst, strings, 1 << 2 | 1 << 4)
CASE(mvst, string_move, 1 << 4)
CASE(cuse, substrings)
CASE(cu12, from_utf8)
CASE(cu21, from_utf16)
CASE(cu14, from_utf8)
CASE(cu41, from_utf32)
CASE(cu24, from_utf16)
CASE(cu42, from_utf32)
CASE(kimd, digests)
CASE(km, enciphers)

static const struct test *const all[] = {
    &test_mvcl, &test_mvcle, &test_mvclu, &test_clcl, &test_clcle, &test_clclu, &test_cksm, &test_tre,  &test_troo,
    &test_trot, &test_trto,  &test_trtt,  &test_trte, &test_srst,  &test_srstu, &test_clst, &test_mvst, &test_cuse,
    &test_cu12, &test_cu21,  &test_cu14,  &test_cu41, &test_cu24,  &test_cu42,  &test_kimd, &test_km,
};

// ---- Running them ----

static u64 run(const struct test *test, u8 mask, u64 delay, struct state *state) {
    for (u32 i = 0; i < 14; i++) state->r[i] = 0xdead000000000000 + i;
    test->prepare(state);
    again = true;
    state->code = expected_code = (u64)test->code;
    state->mask = mask;
    state->delay = delay;
    if (mask & 4) {
        for (u64 page = TO; page < TABLES + WINDOW; page += 4096) {
            *page_entry(page) |= PAGE_INVALID;
        }
        forget_translations();
    }
    run_state(state);
    set_clock_comparator(~0ul);
    if (mask & 4) {
        for (u64 page = TO; page < TABLES + WINDOW; page += 4096) *page_entry(page) &= ~PAGE_INVALID;
    }
    u64 hash = state->condition;
    for (u32 i = 0; i < 14; i++) hash = mix(hash, test->free >> i & 1 ? 0 : state->r[i]);
    const u64 *to = (const u64 *)TO;
    for (u32 i = 0; i < CHANGED / 8; i++) hash = hash * 31 + to[i];
    return hash;
}

// 4 ns, rounded down.
enum { POINT = 16 };

static void try(const struct test *test) {
    struct state state;
    period = 0, again = false;
    u64 undisturbed = run(test, 0, 0, &state);
    if (absent) {
        absent = false;
        print("%s: not there\n", test->name);
        return;
    }
    print("%s: condition code %u, %016lx\n", test->name, state.condition, undisturbed);
    u32 differing = 0, before = inside, points = 0;
    bool came;
    do {
        u32 earlier = interruptions;
        differing += run(test, 1, points * POINT, &state) != undisturbed;
        points++;
        came = interruptions != earlier;
    } while (came && points < 400);
    bool within = inside != before;
    // Again and again, also with pages missing.
    for (period = 40 * POINT; period < 400 * POINT; period += 90 * POINT) {
        interruptions = 0;
        differing += run(test, 1, period, &state) != undisturbed;
    }
    interruptions = 0, faults = 0, period = 0;
    differing += run(test, 4, 0, &state) != undisturbed;
    u32 missing = faults;
    for (period = 40 * POINT; period < 400 * POINT; period += 90 * POINT) {
        interruptions = 0;
        differing += run(test, 5, period, &state) != undisturbed;
    }
    interruptions = 0;
    print("  %s, %u pages missing, %u differ\n", within ? "interrupted on the way" : "NEVER INTERRUPTED ON THE WAY",
          missing, differing);
}

int main(void) {
    map_identity();
    write_cr(0, CR0_SERVICE | CR0_CLOCK_COMPARATOR);
    set_clock_comparator(~0ul);
    for (u32 i = 0; i < sizeof all / sizeof *all; i++) try(all[i]);
    struct state state;
    again = false;
    run(&test_km, 0, 0, &state);
    print("the example of FIPS 197: %016lx%016lx\n", *(u64 *)(TO + 4000), *(u64 *)(TO + 4008));
    print("interruptible: strange %u\n", strange);
    return 0;
}
