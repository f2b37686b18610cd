// Entering PALcode and returning from it, through every class of trap.
//
// Each case runs in kernel mode, in user mode, or both. A line says through which entry point it came, what the entry
// point was given, where the saved PC is, counted from the case, and the saved PS.

#include "guest.h"

typedef void code(u64, u64);
code do_bpt, do_bugchk, do_gentrap, do_callsys, do_reserved_pal, do_privileged_pal, do_reserved_opcode, do_float,
    do_load, do_load_long, do_store, do_store_word, do_jump, do_add_overflow, do_multiply_overflow;
extern const u8 user_code[], user_code_end[];

static u8 data[PAGE] __attribute__((aligned(PAGE)));
static u8 stack[PAGE] __attribute__((aligned(PAGE)));
static code *current;
static u64 base; // what addresses are counted from
static const char *name;
static u32 count;

static void show(const char *entry, struct frame *frame, bool address) {
    u64 offset = frame->pc - (u64)current;
    count++;
    print("%s: %s ", name, entry);
    if (address)
        print("address %lx ", frame->a0 - base);
    else
        print("a0 %lx ", frame->a0);
    print("a1 %lx a2 %lx ", frame->a1, frame->a2);
    if (offset < 64)
        print("pc +%lu ps %lx\n", offset, frame->ps);
    else
        print("pc elsewhere ps %lx\n", frame->ps);
}

// Back to whoever called the case.
static void leave(struct frame *frame) { frame->pc = frame->r19_28[7]; }

void on_instruction(struct frame *frame) {
    count++;
    print("%s: entIF code %lx pc +%lu ps %lx\n", name, frame->a0, frame->pc - (u64)current, frame->ps);
    leave(frame);
}

void on_arithmetic(struct frame *frame) {
    // The processor may be some instructions further.
    count++;
    print("%s: entArith summary %lx mask %lx ps %lx\n", name, frame->a0, frame->a1, frame->ps);
}

void on_memory(struct frame *frame) {
    show("entMM", frame, true);
    leave(frame);
}

void on_unaligned(struct frame *frame) { show("entUna", frame, true); }

void on_system(struct frame *frame) {
    if (frame->r0_15[0] == 99)
        back_to_kernel();
    count++;
    print("%s: entSys number %lu pc +%lu ps %lx\n", name, frame->r0_15[0], frame->pc - (u64)current, frame->ps);
}

static void in_kernel(const char *text, code *what, u64 a, u64 b) {
    name = text;
    current = what;
    base = 0;
    register u64 sp __asm__("$30");
    u64 before, after;
    __asm__ volatile("" : "=r"(sp));
    before = sp;
    what(a, b);
    __asm__ volatile("" : "=r"(sp));
    after = sp;
    if (before != after || (read_ps() & 15) != 7)
        print("%s: LOST THE STACK OR THE STATUS\n", text);
}

// The page with the cases is also at USER_BASE, a stack and data behind it.
#define USER_STACK (USER_BASE + 2 * PAGE)
#define USER_DATA (USER_BASE + 4 * PAGE)

static u64 user_address(const void *place) {
    u64 first = (u64)do_bpt & ~(u64)(PAGE - 1);
    return USER_BASE + ((u64)place - first);
}

static void in_user(const char *text, code *what, u64 a, u64 b) {
    name = text;
    current = (code *)user_address(what);
    base = USER_BASE;
    call_user(user_address(user_code), USER_STACK + PAGE, (u64)current, a, b);
    // User mode has priority level 0, and a system call stays at it.
    if (swap_ipl(7) != 0)
        print("%s: LOST THE STATUS\n", text);
}

static void set_page(u32 number, const void *page, u64 bits) {
    pages[number] = pte(page, bits);
    invalidate(USER_BASE + (u64)number * PAGE);
}

static void instruction_faults(void) {
    in_kernel("breakpoint", do_bpt, 0, 0);
    in_kernel("bugcheck", do_bugchk, 0, 0);
    in_kernel("gentrap", do_gentrap, 0, 0);
    in_kernel("reserved opcode", do_reserved_opcode, 0, 0);
    write_fen(0);
    in_kernel("floating point off", do_float, 0, 0);
    write_fen(1);
    in_user("user breakpoint", do_bpt, 0, 0);
    in_user("user bugcheck", do_bugchk, 0, 0);
    in_user("user gentrap", do_gentrap, 0, 0);
    in_user("user reserved opcode", do_reserved_opcode, 0, 0);
    in_user("user privileged call", do_privileged_pal, 0, 0);
    in_user("user system call", do_callsys, 0, 0);
}

static void memory_faults(void) {
    const u64 at = USER_DATA + 0x18;
    static const struct {
        const char *name;
        u64 bits;
    } kinds[] = {
        {"not valid", PTE_KRE | PTE_KWE | PTE_URE | PTE_UWE},
        {"no access", PTE_VALID},
        {"read only", PTE_VALID | PTE_KRE | PTE_URE},
        {"fault on read", PTE_USER | PTE_FOR},
        {"fault on write", PTE_USER | PTE_FOW},
        {"kernel only", PTE_KERNEL},
        {"whole", PTE_USER},
    };
    for (u32 i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        print("page: %s\n", kinds[i].name);
        set_page(4, data, kinds[i].bits);
        in_kernel("load", do_load, at, 0);
        in_kernel("store", do_store, at, 7);
        in_user("user load", do_load, at, 0);
        in_user("user store", do_store, at, 7);
    }
    print("page: fault on execute\n");
    set_page(4, data, PTE_USER | PTE_FOE);
    in_user("user jump", do_jump, at & ~3ul, 0);
    in_user("user load", do_load, at, 0);
    in_user("user superpage", do_load, SUPERPAGE, 0);
    in_kernel("no table", do_load, USER_BASE + (1ul << 30), 0);
    set_page(4, data, PTE_USER);
}

static void unaligned(void) {
    in_kernel("load of 8 at 1", do_load, (u64)data + 1, 0);
    in_kernel("load of 4 at 2", do_load_long, (u64)data + 2, 0);
    in_kernel("store of 8 at 4", do_store, (u64)data + 4, 0);
    in_kernel("store of 2 at 1", do_store_word, (u64)data + 1, 0);
    in_user("user load of 8 at 7", do_load, USER_DATA + 7, 0);
}

static void arithmetic(void) {
    in_kernel("add", do_add_overflow, 0x7fffffffffffffff, 1);
    in_kernel("multiply", do_multiply_overflow, 0x10000, 0x10000);
    in_kernel("no overflow", do_add_overflow, 0x7fffffffffffffff, -1ul);
    in_user("user add", do_add_overflow, 1ul << 63, -1ul);
}

int main(void) {
    switch_space(1);
    for (u32 i = 0; i < 2; i++)
        set_page(i, (u8 *)((u64)do_bpt & ~(u64)(PAGE - 1)) + i * PAGE, PTE_USER);
    set_page(2, stack, PTE_USER);
    instruction_faults();
    memory_faults();
    unaligned();
    arithmetic();
    print("traps: %u\n", count);
    return 0;
}
