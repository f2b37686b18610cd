// What keeps a program from storage, and what it is told then: keys, the protection of low addresses, and every exception of
// translation; with the length of the instruction, and whether it is to be done again. PER, once of each kind.

#include "guest.h"

#define PAGE 0x2000000ul
#define OTHER 0x2001000ul
#define CR0_EDAT 0x800000ul
#define CR0_EXECUTE_PROTECTION 0x100000ul

static volatile u32 interruptions;
static volatile u16 code, length;
static volatile u64 identification, old_address, old_mask, recovery;
volatile u64 tried;

static volatile u8 per_code;
static volatile u64 per_address;

void on_program(void) {
    interruptions++;
    code = PROGRAM_CODE;
    length = PROGRAM_LENGTH;
    identification = TRANSLATION_ADDRESS;
    old_address = PROGRAM_OLD.address;
    old_mask = PROGRAM_OLD.mask;
    per_code = LOW_CORE(u8, 0x96);
    per_address = LOW_CORE(u64, 0x98);
    if (code & 0x80) {
        PROGRAM_OLD.mask &= ~0x4000000000000000ul;
    } else if (recovery != 0) {
        PROGRAM_OLD.address = recovery;
    } else if (old_address == tried) {
        PROGRAM_OLD.address += length;
    }
    recovery = 0;
}

static void tell(const char *name, bool with_identification) {
    if (interruptions == 0) {
        print("%s: nothing\n", name);
        return;
    }
    const char *where = old_address == tried ? "again" : old_address == tried + length ? "after" : "elsewhere";
    if (with_identification) {
        print("%s: %04x length %u %s, %016lx\n", name, code, length, where, identification);
    } else {
        print("%s: %04x length %u %s\n", name, code, length, where);
    }
}

// Tries one instruction between others that surely work.
#define TRY(before, instruction, after)                                       \
    do {                                                                      \
        interruptions = 0;                                                    \
        __asm__ volatile("    larl  %%r1, 5f\n"                               \
                         "    larl  %%r2, tried\n"                            \
                         "    stg   %%r1, 0(%%r2)\n"                          \
                         "    lgr   %%r1, %0\n"                               \
                         "    lgr   %%r2, %1\n"                               \
                         "    lghi  %%r4, 0x55\n"                             \
                         "    " before "\n"                                   \
                         "5:  " instruction "\n"                              \
                         "    " after "\n" ::"d"(place),                      \
                         "d"(value)                                           \
                         : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory"); \
    } while (0)

#define STORE "st %%r4, 0(%%r1)"
#define FETCH "l %%r4, 0(%%r1)"
#define WITH_DAT "stosm 0x488, 4"
#define WITHOUT_DAT "stnsm 0x488, 0xfb"

static void set_key(u64 page, u64 key) { __asm__ volatile("sske %0, %1" ::"d"(key), "d"(page) : "memory"); }

static u32 get_key(u64 page) {
    u64 key = 0;
    __asm__ volatile("iske %0, %1" : "+d"(key) : "d"(page));
    return (u32)key & 0xff;
}

static u32 reset_reference(u64 page) {
    u32 condition;
    __asm__ volatile("rrbe 0, %1\n ipm %0\n srl %0, 28" : "=d"(condition) : "d"(page) : "cc", "memory");
    return condition;
}

static u32 test_protection(u64 page, u64 key) {
    u32 condition;
    __asm__ volatile("tprot 0(%1), 0(%2)\n ipm %0\n srl %0, 28" : "=d"(condition) : "a"(page), "a"(key) : "cc");
    return condition;
}

static void keys(void) {
    u64 place = PAGE, value = 0;
    static const u8 all[] = {0x00, 0x10, 0x20, 0x28, 0x90, 0x18};
    for (u32 i = 0; i < sizeof all; i++) {
        set_key(PAGE, all[i]);
        print("storage key %02x\n", all[i]);
        TRY("spka 0x20", STORE, "spka 0");
        tell("  store with key 2", false);
        TRY("spka 0x20", FETCH, "spka 0");
        tell("  fetch with key 2", false);
        TRY("", STORE, "");
        tell("  store with key 0", false);
        TRY("spka 0x20", "xc 0(8,%%r1), 0(%%r1)", "spka 0");
        tell("  both with key 2", false);
        print("  test protection: key 0 %u, key 1 %u, key 2 %u\n", test_protection(PAGE, 0), test_protection(PAGE, 0x10),
              test_protection(PAGE, 0x20));
    }
    set_key(PAGE, 0x10);
    TRY("lghi %%r3, 3\n lghi %%r0, 0\n lghi %%r1, 0x20\n lgr %%r5, %0\n larl %%r2, tried", "mvcdk 0(%%r5), 0(%%r2)", "");
    tell("move with destination key", false);
    // References and changes.
    set_key(PAGE, 0x30);
    u32 fresh = get_key(PAGE);
    TRY("", FETCH, "");
    u32 fetched = get_key(PAGE);
    TRY("", STORE, "");
    u32 stored = get_key(PAGE);
    u32 condition = reset_reference(PAGE), again = reset_reference(PAGE);
    print("references and changes: %02x, fetched %02x, stored %02x, reset %u and %u, then %02x\n", fresh, fetched, stored,
          condition, again, get_key(PAGE));
    set_key(PAGE, 0);
}

static void low_addresses(void) {
    static const u32 places[] = {0x1f8, 0x3f8, 0xff8, 0x1000, 0x11f8, 0x1200};
    for (u32 i = 0; i < sizeof places / sizeof *places; i++) {
        u64 place = places[i], value = 0;
        u64 before = read_cr(0);
        TRY("stctg %%c0, %%c0, 0x490\n oi 0x494, 0x10\n lctlg %%c0, %%c0, 0x490\n l %%r4, 0(%%r1)", STORE,
            "ni 0x494, 0xef\n lctlg %%c0, %%c0, 0x490");
        write_cr(0, before);
        print("low address %x: ", places[i]);
        tell("store", false);
    }
}

static void lengths(void) {
    u64 place = PAGE, value = 0;
    TRY("", ".short 0x0000", "");
    tell("operation, two bytes", false);
    TRY("", ".long 0xb2fe0000", "");
    tell("operation, four bytes", false);
    TRY("", ".long 0xe3000000\n .short 0x00ff", "");
    tell("operation, six bytes", false);
    place = 0x4000000000000000;
    TRY("", "lgf %%r4, 0(%%r1)", "");
    tell("addressing, six bytes", false);
    TRY("", FETCH, "");
    tell("addressing, four bytes", false);
    TRY("lghi %%r5, 1\n lgr %%r4, %%r1\n lgr %%r2, %%r1\n lghi %%r3, 1", "mvcl %%r2, %%r4", "");
    tell("addressing, two bytes", false);
    TRY("larl %%r3, 6f\n j 7f\n6: st %%r4, 0(%%r1)\n7:", "ex 0, 0(%%r3)", "");
    tell("addressing, executed", false);
}

static void translated(const char *name, u64 address, u64 designation) {
    u64 place = address, value = 0, before = read_cr(1);
    write_cr(1, designation);
    forget_translations();
    // Instructions have to be found as well, so the other space is the secondary one.
    write_cr(7, designation);
    write_cr(1, before);
    print("%s\n", name);
    TRY("stosm 0x488, 4\n sacf 256", FETCH, "sacf 0\n stnsm 0x488, 0xfb");
    tell("  fetch", interruptions != 0 && code != 5 && code != 0x12);
    TRY("stosm 0x488, 4\n sacf 256", STORE, "sacf 0\n stnsm 0x488, 0xfb");
    tell("  store", interruptions != 0 && code != 5 && code != 0x12);
}

static u64 region_third[2048] __attribute__((aligned(4096)));
static u64 region_second[2048] __attribute__((aligned(4096)));
static u64 region_first[2048] __attribute__((aligned(4096)));

static void translations(void) {
    map_identity();
    u64 segments = address_space();
    for (u32 i = 0; i < 2048; i++) {
        region_third[i] = 0x20 | 0x04;
        region_second[i] = 0x20 | 0x08;
        region_first[i] = 0x20 | 0x0c;
    }
    region_third[0] = segments | 0x04 | 3;
    region_second[0] = (u64)region_third | 0x08 | 3;
    region_first[0] = (u64)region_second | 0x0c | 3;
    u64 third = (u64)region_third | 0x04 | 3, second = (u64)region_second | 0x08 | 3, first = (u64)region_first | 0x0c | 3;
    u64 table = segments | 3;
    translated("a page that is there", PAGE + 0x18, table);
    *page_entry(PAGE) |= PAGE_INVALID;
    translated("page invalid", PAGE + 0x18, table);
    *page_entry(PAGE) = PAGE | PAGE_PROTECTED;
    translated("page protected", PAGE + 0x18, table);
    *page_entry(PAGE) = PAGE | 0x800;
    translated("page entry with a bit that must be zero", PAGE + 0x18, table);
    *page_entry(PAGE) = 0x7fff000000000000;
    translated("page where no storage is", PAGE + 0x18, table);
    *page_entry(PAGE) = PAGE;
    u64 segment = *segment_entry(PAGE);
    *segment_entry(PAGE) |= SEGMENT_INVALID;
    translated("segment invalid", PAGE + 0x18, table);
    *segment_entry(PAGE) = segment | 0x200;
    translated("segment protected", PAGE + 0x18, table);
    *segment_entry(PAGE) = segment | 0x4;
    translated("segment entry of another type", PAGE + 0x18, table);
    *segment_entry(PAGE) = segment;
    translated("segment that is not there", 0x8000000, table);
    translated("above a segment table", 0x80000018, table);
    translated("beyond the table's length", 0x30000018, segments);
    translated("region third invalid", 0x80000018, third);
    translated("above a region third", 0x40000000018, third);
    translated("through a region third", PAGE + 0x18, third);
    translated("region second invalid", 0x40000000018, second);
    translated("through a region second", PAGE + 0x18, second);
    translated("above a region second", 0x20000000000018, second);
    translated("region first invalid", 0x20000000000018, first);
    translated("through a region first", PAGE + 0x18, first);
    translated("a table where no storage is", PAGE + 0x18, 0x7fff000000000003);
    translated("real space", PAGE + 0x18, 0x20);
}

static void large_pages(void) {
    u64 before = read_cr(0), segment = *segment_entry(PAGE), table = address_space() | 3;
    // One that leads elsewhere: the megabyte after it.
    *segment_entry(PAGE) = (PAGE + 0x100000) | 0x400;
    *(volatile u32 *)(PAGE + 0x101018) = 77;
    write_cr(0, before | CR0_EDAT);
    translated("a large page", PAGE + 0x1018, table);
    print("  stored %u\n", *(volatile u32 *)(PAGE + 0x101018));
    *segment_entry(PAGE) = (PAGE + 0x100000) | 0x400 | 0x200;
    translated("a large page that is protected", PAGE + 0x1018, table);
    *segment_entry(PAGE) = segment;
    // A region of 2 GiB.
    region_third[1] = 0x400 | 0x04;
    *(volatile u32 *)(PAGE + 0x18) = 78;
    translated("a larger page", 0x80000000 + PAGE + 0x18, (u64)region_third | 0x04 | 3);
    print("  stored %u\n", *(volatile u32 *)(PAGE + 0x18));
    write_cr(0, before);
}

// The program is led to an instruction that it may not execute.
static void execution(void) {
    u64 place = PAGE, value = 0, before = read_cr(0);
    *(volatile u16 *)PAGE = 0x07fe;
    u64 entry = *page_entry(PAGE);
    *page_entry(PAGE) = entry | PAGE_NO_EXECUTE;
    for (u32 on = 0; on < 2; on++) {
        write_cr(0, before | CR0_EDAT | (on ? CR0_EXECUTE_PROTECTION : 0));
        forget_translations();
        interruptions = 0;
        tried = PAGE;
        __asm__ volatile(
            "    larl  %%r14, 0f\n"
            "    stg   %%r14, 0(%1)\n"
            "    stosm 0x488, 4\n"
            "    br    %0\n"
            "0:  stnsm 0x488, 0xfb\n" ::"a"(PAGE),
            "a"(&recovery)
            : "r14", "cc", "memory");
        // The length of what could not be fetched is anything.
        if (interruptions == 0) {
            print("execution %s: nothing\n", on ? "protected" : "not protected");
        } else {
            print("execution %s: %04x, %016lx\n", on ? "protected" : "not protected", code, identification);
        }
    }
    *page_entry(PAGE) |= PAGE_INVALID;
    forget_translations();
    interruptions = 0;
    __asm__ volatile(
        "    larl  %%r14, 0f\n"
        "    stg   %%r14, 0(%1)\n"
        "    stosm 0x488, 4\n"
        "    br    %0\n"
        "0:  stnsm 0x488, 0xfb\n" ::"a"(PAGE),
        "a"(&recovery)
        : "r14", "cc", "memory");
    print("instructions on a page that is invalid: %04x %s, %016lx\n", code, old_address == PAGE ? "again" : "elsewhere",
          identification);
    *page_entry(PAGE) = entry;
    write_cr(0, before);
    (void)place, (void)value;
}

// One event of each kind: its code without the addressing mode, and where it was.
static void events(void) {
    u64 place = PAGE, value = 0;
    static const struct {
        const char *name;
        u64 control;
        bool storage;
    } kinds[] = {
        {"fetching", 0x40000000, false},
        {"storing", 0x20000000, true},
        {"branching", 0x80000000, false},
    };
    for (u32 i = 0; i < 3; i++) {
        write_cr(10, kinds[i].storage ? PAGE : 0);
        write_cr(11, kinds[i].storage ? PAGE + 3 : ~0ul);
        write_cr(9, kinds[i].control);
        TRY("stosm 0x488, 0x40", STORE, "j 6f\n lghi %%r4, 0\n6: stnsm 0x488, 0xbf");
        write_cr(9, 0);
        print("%s: %u, %04x, event %02x %s\n", kinds[i].name, interruptions, code, per_code,
              per_address == tried ? "there" : per_address == tried + 4 ? "after it" : "elsewhere");
    }
}

#define CR0_SECONDARY_SPACE 0x4000000ul

int main(void) {
    write_cr(0, read_cr(0) | CR0_SECONDARY_SPACE);
    keys();
    low_addresses();
    lengths();
    translations();
    large_pages();
    execution();
    events();
    print("protection: done\n");
    return 0;
}
